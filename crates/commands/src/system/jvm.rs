//! `jvm`: everything the JVM says about itself, in groups.

use host::memory::MemoryUsage;
use host::process;
use serde_json::{Map, Value, json};

use crate::prelude::*;
use crate::units;

/// Show what the JVM says about itself: product, arguments, classes, memory, threads, descriptors
#[derive(Args)]
#[command(group = System, permission = View, example = "jvm")]
pub(crate) struct Jvm;

impl Command for Jvm {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.emit(JvmInfo { groups: groups(host).or_fail()? })
    }
}

/// Groups of facts in the order of the screen.
struct JvmInfo {
    groups: Vec<(&'static str, Vec<Fact>)>,
}

struct Fact {
    name: String,
    value: Value,
    /// The value's unit, where its name does not say.
    desc: Option<&'static str>,
}

fn fact(name: &str, value: impl Into<Value>) -> Fact {
    Fact { name: name.to_owned(), value: value.into(), desc: None }
}

fn groups(host: &Host) -> Result<Vec<(&'static str, Vec<Fact>)>, host::Error> {
    let properties = host.properties()?;
    let property = |name: &str| properties.get(name).cloned().unwrap_or_default();
    Ok(vec![
        ("RUNTIME", runtime(host, &property)?),
        ("CLASS-LOADING", class_loading(host)?),
        ("COMPILATION", compilation(host)?),
        ("GARBAGE-COLLECTORS", collectors(host)?),
        ("MEMORY-MANAGERS", managers(host)?),
        ("MEMORY", memory(host)?),
        ("OPERATING-SYSTEM", operating_system(host, &property)?),
        ("THREAD", threads(host)?),
        ("FILE-DESCRIPTOR", descriptors()),
    ])
}

fn runtime(host: &Host, property: &dyn Fn(&str) -> String) -> Result<Vec<Fact>, host::Error> {
    let runtime = host.runtime()?;
    let redaction = host.options().redaction();
    let arguments: Vec<_> =
        runtime.arguments.iter().map(|argument| redaction.scrub(argument).into_owned()).collect();
    let start = host.local_time(runtime.start_millis).to_the_second();
    let boot = property("sun.boot.class.path");
    let boot = if boot.is_empty() { "(modules: this JVM has no boot class path)".to_owned() } else { boot };
    Ok(vec![
        fact("MACHINE-NAME", runtime.machine_name),
        fact("JVM-START-TIME", start),
        fact("MANAGEMENT-SPEC-VERSION", runtime.management_spec_version.unwrap_or_else(|| "-".to_owned())),
        fact("SPEC-NAME", property("java.vm.specification.name")),
        fact("SPEC-VENDOR", property("java.vm.specification.vendor")),
        fact("SPEC-VERSION", property("java.vm.specification.version")),
        fact("VM-NAME", property("java.vm.name")),
        fact("VM-VENDOR", property("java.vm.vendor")),
        fact("VM-VERSION", property("java.vm.version")),
        fact("INPUT-ARGUMENTS", arguments),
        fact("CLASS-PATH", property("java.class.path")),
        fact("BOOT-CLASS-PATH", boot),
        fact("LIBRARY-PATH", property("java.library.path")),
    ])
}

fn class_loading(host: &Host) -> Result<Vec<Fact>, host::Error> {
    let classes = host.class_loading()?;
    Ok(vec![
        fact("LOADED-CLASS-COUNT", classes.loaded),
        fact("TOTAL-LOADED-CLASS-COUNT", classes.total),
        fact("UNLOADED-CLASS-COUNT", classes.unloaded),
        fact("IS-VERBOSE", classes.verbose),
    ])
}

fn compilation(host: &Host) -> Result<Vec<Fact>, host::Error> {
    let Some(compilation) = host.compilation()? else { return Ok(Vec::new()) };
    let time = Fact { desc: Some("time (ms)"), ..fact("TOTAL-COMPILE-TIME", compilation.millis) };
    Ok(vec![fact("NAME", compilation.name), time])
}

fn collectors(host: &Host) -> Result<Vec<Fact>, host::Error> {
    let collectors = host.collectors()?.into_iter().map(|collector| {
        let value = json!({
            "name": collector.name,
            "collectionCount": collector.collection_count,
            "collectionTime": collector.collection_time,
        });
        Fact { desc: Some("count/time (ms)"), ..fact(&collector.name, value) }
    });
    Ok(collectors.collect())
}

fn managers(host: &Host) -> Result<Vec<Fact>, host::Error> {
    Ok(host.memory_sums()?.managers.into_iter().map(|(name, pools)| fact(&name, pools)).collect())
}

fn memory(host: &Host) -> Result<Vec<Fact>, host::Error> {
    let sums = host.memory_sums()?;
    let usage = |name: &str, usage: Option<MemoryUsage>| {
        let mut value = Map::new();
        value.insert("name".to_owned(), Value::from(name));
        if let Some(Ok(Value::Object(fields))) = usage.map(serde_json::to_value) {
            value.extend(fields);
        }
        Fact { desc: Some("memory in bytes"), ..fact(name, value) }
    };
    Ok(vec![
        usage("HEAP-MEMORY-USAGE", Some(sums.heap)),
        usage("NO-HEAP-MEMORY-USAGE", sums.nonheap),
        fact("PENDING-FINALIZE-COUNT", sums.pending_finalization),
    ])
}

fn operating_system(host: &Host, property: &dyn Fn(&str) -> String) -> Result<Vec<Fact>, host::Error> {
    Ok(vec![
        fact("OS", property("os.name")),
        fact("ARCH", property("os.arch")),
        fact("PROCESSORS-COUNT", host.processors()?),
        fact("LOAD-AVERAGE", process::load_average().unwrap_or(-1.0)),
        fact("VERSION", property("os.version")),
    ])
}

fn threads(host: &Host) -> Result<Vec<Fact>, host::Error> {
    let counts = host.thread_counts()?;
    // Only the JVM's own bean finds deadlocks; without its module the count is unknown.
    let deadlocked = match host.deadlocked_threads() {
        Ok(ids) => Some(ids.len()),
        Err(host::Error::MissingModule(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(vec![
        fact("COUNT", counts.live),
        fact("DAEMON-COUNT", counts.daemon),
        fact("PEAK-COUNT", counts.peak),
        fact("STARTED-COUNT", counts.started),
        fact("DEADLOCK-COUNT", deadlocked),
    ])
}

fn descriptors() -> Vec<Fact> {
    let descriptors = process::descriptors();
    let count = |count: Option<u64>| count.map_or_else(|| Value::from(-1), Value::from);
    vec![
        fact("MAX-FILE-DESCRIPTOR-COUNT", count(descriptors.max)),
        fact("OPEN-FILE-DESCRIPTOR-COUNT", count(descriptors.open)),
    ]
}

impl Serialize for JvmInfo {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut groups = Map::new();
        for (group, facts) in &self.groups {
            groups.insert((*group).to_owned(), facts.iter().map(row).collect());
        }
        json!({ "jvmInfo": groups }).serialize(serializer)
    }
}

fn row(fact: &Fact) -> Value {
    match fact.desc {
        Some(desc) => json!({ "name": fact.name, "value": fact.value, "desc": desc }),
        None => json!({ "name": fact.name, "value": fact.value }),
    }
}

impl Show for JvmInfo {
    const KIND: &'static str = "jvm";

    fn layout(&self) -> Layout {
        let mut parts = Vec::new();
        for (group, facts) in self.groups.iter().filter(|(_, facts)| !facts.is_empty()) {
            if !parts.is_empty() {
                parts.push(Layout::line(""));
            }
            parts.push(Layout::Line(Text::styled(Style::Heading, *group)));
            parts.push(Layout::Table(Table {
                columns: vec![Column::new("").weight(2), Column::new("").weight(5)],
                rows: facts.iter().map(cells).collect(),
                headless: true,
                ..Table::default()
            }));
        }
        Layout::stack(parts)
    }
}

fn cells(fact: &Fact) -> Vec<Text> {
    let mut name = Text::styled(Style::Name, fact.name.clone());
    if let Some(desc) = fact.desc {
        name.push(Style::Dim, format!(" [{desc}]"));
    }
    vec![name, Text::from(value_text(&fact.value))]
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(value_text).collect::<Vec<_>>().join("\n"),
        Value::Object(fields) => object_text(fields),
        other => other.to_string(),
    }
}

/// Memory as `used : 12(12 B)` lines, a collector as `count/time`.
fn object_text(fields: &Map<String, Value>) -> String {
    let number = |name: &str| fields.get(name).and_then(Value::as_i64);
    if let Some((count, time)) = number("collectionCount").zip(number("collectionTime")) {
        return format!("{count}/{time}");
    }
    let line = |name: &str| Some(format!("{name} : {}", units::bytes(number(name)?)));
    let lines: Vec<String> = ["init", "used", "committed", "max"].into_iter().filter_map(line).collect();
    if lines.is_empty() { "-".to_owned() } else { lines.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_value_has_its_text() {
        assert_eq!(value_text(&json!(["-Xmx1g", "-Da=b"])), "-Xmx1g\n-Da=b");
        assert_eq!(value_text(&json!({ "collectionCount": 3, "collectionTime": 12, "name": "G1" })), "3/12");
        let memory =
            json!({ "name": "HEAP", "init": -1, "used": 1_048_576, "committed": 2_097_152, "max": 0 });
        assert_eq!(
            value_text(&memory),
            "init : -1\nused : 1048576(1.0 MiB)\ncommitted : 2097152(2.0 MiB)\nmax : 0"
        );
        assert_eq!(value_text(&Value::Null), "-");
    }

    #[test]
    fn programs_get_groups_of_names_and_values() {
        let info = JvmInfo { groups: vec![("THREAD", vec![fact("COUNT", 3)])] };
        let json = serde_json::to_value(&info).unwrap_or_default();
        assert_eq!(json, json!({ "jvmInfo": { "THREAD": [{ "name": "COUNT", "value": 3 }] } }));
    }
}
