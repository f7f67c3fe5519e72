//! A process seen as a JVM: what it runs, which version, whether it is one of the JDK's own tools.

use std::fs;
use std::path::Path;

use super::{Maps, PerfData, Process};
use crate::agent::Endpoint;

/// Programs in a JDK's `bin` other than `java`: they are JVMs, but nobody means them.
const TOOLS: &[&str] = &[
    "appletviewer",
    "idlj",
    "jar",
    "jarsigner",
    "javac",
    "javadoc",
    "javah",
    "javap",
    "jcmd",
    "jconsole",
    "jdb",
    "jdeprscan",
    "jdeps",
    "jfr",
    "jhsdb",
    "jimage",
    "jinfo",
    "jlink",
    "jmap",
    "jmod",
    "jnativescan",
    "jpackage",
    "jps",
    "jrunscript",
    "jshell",
    "jstack",
    "jstat",
    "jstatd",
    "jwebserver",
    "keytool",
    "native2ascii",
    "orbd",
    "pack200",
    "policytool",
    "rmic",
    "rmid",
    "rmiregistry",
    "schemagen",
    "serialver",
    "servertool",
    "tnameserv",
    "unpack200",
    "wsgen",
    "wsimport",
    "xjc",
];

/// `java` options whose value is the next word.
const WITH_VALUE: &[&str] = &[
    "-cp",
    "-classpath",
    "--class-path",
    "-p",
    "--module-path",
    "--upgrade-module-path",
    "--add-modules",
    "--add-exports",
    "--add-opens",
    "--add-reads",
    "--patch-module",
    "--limit-modules",
    "--enable-native-access",
    "--source",
    "-d",
    "--describe-module",
];

/// What `ps` shows of a JVM.
#[derive(Clone, Debug)]
pub struct Jvm {
    /// The process.
    pub process: Process,
    /// Main class, module or jar; `?` where nothing tells.
    pub main: String,
    /// The Java version, such as `17.0.15`.
    pub version: Option<String>,
    /// Whether it is a tool of the JDK.
    pub is_tool: bool,
    /// Whether our agent answers in it; `None` where we may not look.
    pub agent: Option<bool>,
}

impl Jvm {
    /// All JVMs that can be seen, by pid: those with a JVM library mapped, and, where that may not be
    /// looked at, those whose program is called `java` or that publish counters as HotSpot does.
    pub fn all() -> Vec<Self> {
        let mut pids: Vec<i32> = fs::read_dir("/proc")
            .map(|entries| {
                entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
            })
            .unwrap_or_default();
        pids.sort_unstable();
        pids.into_iter().filter_map(Self::find).collect()
    }

    /// The process with this pid, if it is a JVM.
    fn find(pid: i32) -> Option<Self> {
        let process = Process::read(pid).ok()?;
        match Maps::read(&process) {
            Ok(maps) if maps.libjvm.is_some() => Some(Self::describe(process, Some(&maps))),
            Ok(_) => None,
            Err(_) => {
                // The counters alone may be those of a JVM with this number in another pid namespace.
                let looks_so = program(&process).is_some_and(|name| name == "java")
                    || (PerfData::exists(&process) && process.has_signal_thread());
                looks_so.then(|| Self::describe(process, None))
            }
        }
    }

    /// What can be learned of a process that is a JVM.
    pub fn describe(process: Process, maps: Option<&Maps>) -> Self {
        let perf = PerfData::read(&process);
        let main = perf
            .as_ref()
            .and_then(|perf| perf.java_command()?.split(' ').next().map(str::to_owned))
            .or_else(|| main_of(&arguments(&process)))
            .unwrap_or_else(|| "?".to_owned());
        let version = perf
            .as_ref()
            .and_then(|perf| perf.java_version().map(str::to_owned))
            .or_else(|| release(&process, maps?.home()?))
            .or_else(|| perf.as_ref()?.vm_version().map(str::to_owned));
        let is_tool = program(&process).is_some_and(|name| TOOLS.contains(&name.as_str()));
        let agent = maps.map(|_| Endpoint::of(&process).is_served());
        Self { process, main, version, is_tool, agent }
    }

    /// Main class or the jar's file name: short enough for a list.
    pub fn short_main(&self) -> &str {
        if self.main.ends_with(".jar") {
            self.main.rsplit('/').next().unwrap_or(&self.main)
        } else {
            &self.main
        }
    }
}

fn arguments(process: &Process) -> Vec<String> {
    let bytes = fs::read(process.proc("cmdline")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The file name of its program.
fn program(process: &Process) -> Option<String> {
    let path = fs::read_link(process.proc("exe"))
        .ok()
        .or_else(|| arguments(process).into_iter().next().map(Into::into))?;
    Some(path.file_name()?.to_str()?.trim_end_matches(" (deleted)").to_owned())
}

/// Main class, module or jar of a `java` command line.
fn main_of(arguments: &[String]) -> Option<String> {
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-jar" | "-m" | "--module" => return words.next().cloned(),
            option if WITH_VALUE.contains(&option) => drop(words.next()),
            option if option.starts_with("--module=") => {
                return option.strip_prefix("--module=").map(str::to_owned);
            }
            option if option.starts_with('-') || option.starts_with('@') || option.is_empty() => {}
            main => return Some(main.to_owned()),
        }
    }
    None
}

/// `JAVA_VERSION` in the `release` file of a JDK, for JVMs that publish no counters.
fn release(process: &Process, home: &Path) -> Option<String> {
    let text = fs::read_to_string(process.path(home.join("release").to_str()?)).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    Some(value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main(line: &str) -> Option<String> {
        main_of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn main_class_jar_and_module_are_found_behind_the_options() {
        assert_eq!(main("java -Xmx1g -cp a:b -Da=b demo.MathGame -jar x"), Some("demo.MathGame".into()));
        assert_eq!(
            main("java -XX:+UseG1GC -jar /srv/orders.jar --server.port=1"),
            Some("/srv/orders.jar".into())
        );
        assert_eq!(main("java --module-path mods -m app/app.Main"), Some("app/app.Main".into()));
        assert_eq!(main("java --module=app/app.Main"), Some("app/app.Main".into()));
        assert_eq!(main("java @args --add-opens java.base/java.lang=ALL-UNNAMED A"), Some("A".into()));
        assert_eq!(main("java -version"), None);
    }
}
