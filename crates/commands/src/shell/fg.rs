//! `fg`: a job in the foreground.

use shell::JobId;

use crate::prelude::*;

/// Bring a job to the foreground
///
/// A job that was begun in this session, or one that a session of the same user has left. Without a number, the
/// newest.
#[derive(Args)]
#[command(group = Shell, permission = View, example = "fg", example = "fg 3")]
pub(crate) struct Fg {
    /// The job's number
    #[arg(name = "job-id")]
    job: Option<JobId>,
}

impl Command for Fg {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.put_in_foreground(self.job.map(|job| job.0))
    }
}
