//! `kill`: the end of a job.

use shell::JobId;

use crate::prelude::*;

/// End a job
///
/// As Ctrl-C does in its session. Another user's job takes the permission `admin`.
#[derive(Args)]
#[command(group = Shell, permission = View, example = "kill 3", example = "kill %3")]
pub(crate) struct Kill {
    /// The job's number
    #[arg(name = "job-id")]
    job: JobId,
}

impl Command for Kill {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.kill(self.job.0)?;
        cx.message(format!("kill job {} success", self.job.0))
    }
}
