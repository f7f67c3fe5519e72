//! `sysenv`: the environment variables as Java sees them.

use std::collections::BTreeMap;

use crate::prelude::*;

/// Show environment variables
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
        let env = match self.name {
            None => all.into_iter().map(|(name, value)| (name, Some(value))).collect(),
            Some(name) => {
                let name = name.into_string();
                let value = all.remove(&name);
                BTreeMap::from([(name, value)])
            }
        };
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
