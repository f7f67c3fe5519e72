//! `options`: the agent's switches.

use host::options::OptionRow;
use serde_json::Value;
use shell::SwitchName;

use super::configuration::Configuration;
use crate::prelude::*;

/// Show the agent's switches, or set one
///
/// They hold for all sessions until the agent stops. Without a name, the agent's configuration follows: each key
/// with the place its value came from.
#[derive(Args)]
#[command(group = System, permission = Admin)]
#[command(example = "options", example = "options unsafe", example = "options unsafe true")]
pub(crate) struct Options {
    /// The switch
    #[arg(name = "options-name")]
    option: Option<SwitchName>,
    /// Its new value
    #[arg(name = "options-value")]
    value: Option<String>,
}

impl Command for Options {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let options = host.options();
        match (self.option, self.value) {
            (None, _) => {
                cx.emit(List { options: options.all() })?;
                let configuration = Configuration::of(cx);
                cx.emit(configuration)
            }
            (Some(name), None) => match options.get(&name) {
                Some(row) => cx.emit(List { options: vec![row] }),
                None => {
                    let configuration = Configuration::of(cx).only(&name).ok_or_else(|| {
                        format!("options[{name}] not found. Type `options` to see all of them.")
                    })?;
                    cx.emit(configuration)
                }
            },
            (Some(name), Some(value)) => {
                if Configuration::of(cx).only(&name).is_some() {
                    return Err(Failure::new(format!(
                        "{name} is a key of the agent's configuration: `oxprobe attach PID -o {name}=...` sets it, in a living agent, too."
                    )));
                }
                let changed = options.set(&name, &value).or_fail()?;
                let change_result = Change {
                    name: changed.name,
                    before_value: typed(&changed.before),
                    after_value: typed(&changed.after),
                };
                cx.emit(Changed { change_result })
            }
        }
    }
}

/// A value as JSON has it.
fn typed(text: &str) -> Value {
    match (text.parse::<bool>(), text.parse::<u64>()) {
        (Ok(flag), _) => Value::from(flag),
        (_, Ok(number)) => Value::from(number),
        _ => Value::from(text),
    }
}

struct List {
    options: Vec<OptionRow>,
}

/// One object a row, as Arthas has it.
impl Serialize for List {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let rows = self.options.iter().map(|row| {
            serde_json::json!({
                "level": row.level, "type": row.kind, "name": row.name, "value": row.value,
                "summary": row.summary, "description": row.description,
            })
        });
        serde_json::json!({ "options": rows.collect::<Vec<Value>>() }).serialize(out)
    }
}

impl Show for List {
    const KIND: &'static str = "options";

    fn layout(&self) -> Layout {
        let row = |row: &OptionRow| {
            vec![
                Text::from(row.level.to_string()),
                Text::from(row.kind),
                Text::styled(Style::Name, row.name),
                Text::from(row.value.clone()),
                Text::from(row.summary),
                Text::styled(Style::Dim, row.description),
            ]
        };
        let titles = ["LEVEL", "TYPE", "NAME", "VALUE", "SUMMARY", "DESCRIPTION"];
        Layout::Table(Table {
            columns: titles.into_iter().map(Column::new).collect(),
            rows: self.options.iter().map(row).collect(),
            ..Table::default()
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    change_result: Change,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    name: &'static str,
    before_value: Value,
    after_value: Value,
}

impl Show for Changed {
    const KIND: &'static str = "options";

    fn layout(&self) -> Layout {
        let Change { name, before_value, after_value } = &self.change_result;
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        super::change(name, plain(before_value), plain(after_value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_value_keeps_its_type() {
        assert_eq!(typed("true"), Value::from(true));
        assert_eq!(typed("1024"), Value::from(1024));
        assert_eq!(typed("1d"), Value::from("1d"));
    }
}
