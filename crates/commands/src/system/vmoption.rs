//! `vmoption`: HotSpot's options, to read and to change.

use host::vm_options::VmOption;
use shell::VmOptionName;

use crate::permission;
use crate::prelude::*;

/// Show or change options of the JVM
///
/// Without a name, those that may be changed while the JVM runs are listed; with a name, any of its options.
/// Changing one needs the permission `mutate`.
#[derive(Args)]
#[command(
    group = System,
    permission = View,
    example = "vmoption",
    example = "vmoption MaxHeapSize",
    example = "vmoption HeapDumpOnOutOfMemoryError true"
)]
pub(crate) struct Vmoption {
    /// The option's name, without `-XX:`
    name: Option<VmOptionName>,
    /// Its new value
    value: Option<String>,
}

impl Command for Vmoption {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let Some(name) = self.name else {
            return cx.emit(List::of(host, host.vm_options().or_fail()?));
        };
        let Some(value) = self.value else {
            return cx.emit(List::of(host, vec![host.vm_option(&name).or_fail()?]));
        };
        permission::need(cx, Permission::Mutate, "Changing an option of the JVM")?;
        let (before, after) = host.set_vm_option(&name, &value).or_fail()?;
        cx.message("Successfully updated the vm option.")?;
        let change_result =
            Change { name: name.into_string(), before_value: before.value, after_value: after.value };
        cx.emit(Changed { change_result })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    vm_options: Vec<VmOption>,
}

impl List {
    /// Without what is kept secret: options such as `OnError` hold command lines.
    fn of(host: &Host, mut vm_options: Vec<VmOption>) -> Self {
        let redaction = host.options().redaction();
        for option in &mut vm_options {
            option.value = redaction.shown(&option.name, &option.value).into_owned();
        }
        Self { vm_options }
    }
}

impl Show for List {
    const KIND: &'static str = "vmoption";

    fn layout(&self) -> Layout {
        let row = |option: &VmOption| {
            vec![
                Text::styled(Style::Name, option.name.clone()),
                Text::from(option.value.clone()),
                Text::from(option.origin.clone()),
                Text::from(option.writeable.to_string()),
            ]
        };
        Layout::Table(Table {
            columns: ["KEY", "VALUE", "ORIGIN", "WRITEABLE"]
                .into_iter()
                .map(|title| Column::new(title).weight(1))
                .collect(),
            rows: self.vm_options.iter().map(row).collect(),
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
    name: String,
    before_value: String,
    after_value: String,
}

impl Show for Changed {
    const KIND: &'static str = "vmoption";

    fn layout(&self) -> Layout {
        let Change { name, before_value, after_value } = &self.change_result;
        super::change(name, before_value.clone(), after_value.clone())
    }
}
