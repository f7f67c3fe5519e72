//! `sysprop`: the system properties, to read and to change.

use std::collections::BTreeMap;

use crate::permission;
use crate::prelude::*;

/// Show or change system properties
///
/// Without a name, all are listed. With a name and a value the property is changed; code that has
/// read the old value before keeps it; the permission `mutate` is needed for that. Values of names such as `password` are left out (option redact).
#[derive(Args)]
#[command(
    group = System,
    permission = View,
    example = "sysprop",
    example = "sysprop java.version",
    example = "sysprop demo.level debug"
)]
pub(crate) struct Sysprop {
    /// The property's name
    name: Option<SystemProperty>,
    /// Its new value
    value: Option<String>,
}

impl Command for Sysprop {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let Some(name) = self.name.map(SystemProperty::into_string) else {
            return cx.emit(Properties::of(host, host.properties().or_fail()?));
        };
        if let Some(value) = self.value {
            permission::need(cx, Permission::Mutate, "Changing a system property")?;
            host.set_property(&name, &value).or_fail()?;
            cx.message("Successfully changed the system property.")?;
        }
        let Some(value) = host.property(&name).or_fail()? else {
            let message =
                format!("There is no property with the key {name}. `sysprop` lists those there are.");
            return Err(Failure::with_status(1, message));
        };
        cx.emit(Properties::of(host, BTreeMap::from([(name, value)])))
    }
}

#[derive(Serialize)]
struct Properties {
    props: BTreeMap<String, String>,
}

impl Properties {
    /// Without the values that are kept secret.
    fn of(host: &Host, mut props: BTreeMap<String, String>) -> Self {
        let redaction = host.options().redaction();
        for (name, value) in &mut props {
            *value = redaction.shown(name, value).into_owned();
        }
        Self { props }
    }
}

impl Show for Properties {
    const KIND: &'static str = "sysprop";

    fn layout(&self) -> Layout {
        crate::system::pairs(self.props.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}
