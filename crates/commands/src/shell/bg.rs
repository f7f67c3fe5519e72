//! `bg`: a job in the background.

use shell::JobId;

use crate::prelude::*;

/// Let a suspended job go on in the background
///
/// Without a number, the newest of this session.
#[derive(Args)]
#[command(group = Shell, permission = View, example = "bg", example = "bg 3")]
pub(crate) struct Bg {
    /// The job's number
    #[arg(name = "job-id")]
    job: Option<JobId>,
}

impl Command for Bg {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.put_in_background(self.job.map(|job| job.0))
    }
}
