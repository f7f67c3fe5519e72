//! `sysprop`: the system properties, to read and to change.

use std::collections::BTreeMap;

use crate::prelude::*;

/// Show or change system properties
///
/// Without a name, all are listed. With a name and a value the property is changed; code that has
/// read the old value before keeps it.
#[derive(Args)]
#[command(
    group = System,
    permission = Mutate,
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
            return cx.emit(Properties { props: host.properties().or_fail()? });
        };
        if let Some(value) = self.value {
            host.set_property(&name, &value).or_fail()?;
            cx.message("Successfully changed the system property.")?;
        }
        let Some(value) = host.property(&name).or_fail()? else {
            let message =
                format!("There is no property with the key {name}. `sysprop` lists those there are.");
            return Err(Failure::with_status(1, message));
        };
        cx.emit(Properties { props: BTreeMap::from([(name, value)]) })
    }
}

#[derive(Serialize)]
struct Properties {
    props: BTreeMap<String, String>,
}

impl Show for Properties {
    const KIND: &'static str = "sysprop";

    fn layout(&self) -> Layout {
        crate::system::pairs(self.props.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}
