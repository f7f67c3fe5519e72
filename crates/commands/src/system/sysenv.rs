//! `sysenv`: the environment variables as Java sees them.

use std::collections::BTreeMap;

use crate::prelude::*;

/// Show environment variables
///
/// Values of names such as `password` are left out (option redact).
#[derive(Args)]
#[command(group = System, permission = View, example = "sysenv", example = "sysenv PATH")]
pub(crate) struct Sysenv {
    /// The variable's name
    name: Option<Environment>,
}

impl Command for Sysenv {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let mut all = host.environment().or_fail()?;
        let mut env = BTreeMap::new();
        match self.name.map(Environment::into_string) {
            None => {
                for (name, value) in all {
                    env.insert(name, Some(value));
                }
            }
            Some(name) => {
                let value = all.remove(&name);
                env.insert(name, value);
            }
        }
        let redaction = host.options().redaction();
        for (name, value) in &mut env {
            if let Some(value) = value {
                *value = redaction.shown(name, value).into_owned();
            }
        }
        cx.emit(Variables { env })
    }
}

/// A name that is not set has no value; asking for it is no failure.
#[derive(Serialize)]
struct Variables {
    env: BTreeMap<String, Option<String>>,
}

impl Show for Variables {
    const KIND: &'static str = "sysenv";

    fn layout(&self) -> Layout {
        crate::system::pairs(
            self.env.iter().map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or("(not set)"))),
        )
    }
}
