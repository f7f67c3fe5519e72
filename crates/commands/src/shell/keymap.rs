//! `keymap`: what the keys of the line editor do.

use shell::Binding;

use crate::prelude::*;

/// Show what the keys do
///
/// Lines such as `"\C-u": backward-kill-line` in `~/.arthas/conf/inputrc` or `~/.oxprobe/inputrc` of the JVM's
/// user change them; these files are read when the agent starts.
#[derive(Args)]
#[command(group = Shell, permission = View, example = "keymap")]
pub(crate) struct Keymap;

impl Command for Keymap {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if !cx.is_asked_at_terminal() {
            return Err(Failure::new("`keymap` tells of a terminal's keys, and this session has none."));
        }
        let bindings = cx.key_bindings();
        cx.emit(Keys { keys: bindings.into_iter().map(Row::from).collect() })
    }
}

#[derive(Serialize)]
struct Keys {
    keys: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    shortcut: String,
    description: &'static str,
    name: &'static str,
}

impl From<Binding> for Row {
    fn from(binding: Binding) -> Self {
        let Binding { keys, name, description } = binding;
        Self { shortcut: format!("\"{keys}\""), description, name }
    }
}

impl Show for Keys {
    const KIND: &'static str = "keymap";

    fn layout(&self) -> Layout {
        let row = |row: &Row| {
            vec![
                Text::styled(Style::Name, row.shortcut.clone()),
                Text::from(row.description),
                Text::from(row.name),
            ]
        };
        Layout::Table(Table {
            columns: ["Shortcut", "Description", "Name"].into_iter().map(Column::new).collect(),
            rows: self.keys.iter().map(row).collect(),
            ..Table::default()
        })
    }
}
