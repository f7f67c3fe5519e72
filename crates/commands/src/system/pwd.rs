//! `pwd`: where relative paths of the application start.

use crate::prelude::*;

/// Show the JVM's working directory
#[derive(Args)]
#[command(group = System, permission = View, example = "pwd")]
pub(crate) struct Pwd;

impl Command for Pwd {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let folder = std::env::current_dir().map_err(|error| {
            Failure::new(format!(
                "The JVM's working directory cannot be read: {error}. It may have been deleted."
            ))
        })?;
        cx.emit(WorkingDir { working_dir: folder.display().to_string() })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkingDir {
    working_dir: String,
}

impl Show for WorkingDir {
    const KIND: &'static str = "pwd";

    fn layout(&self) -> Layout {
        Layout::line(self.working_dir.clone())
    }
}
