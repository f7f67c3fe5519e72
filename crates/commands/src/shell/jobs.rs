//! `jobs`: what runs, in which session, and until when.

use std::time::{SystemTime, UNIX_EPOCH};

use shell::{JobFacts, JobState};

use crate::prelude::*;

/// List the jobs of all sessions
///
/// A line that ends in `&` runs in the background: the prompt comes back at once, and what the job writes comes
/// between the lines. Ctrl-Z suspends what runs in the foreground; `fg` and `bg` let it go on.
/// A job ends with its time (option job-timeout), one in the foreground or suspended with its session, one in
/// the background ten minutes after anybody read what it writes. With `> FILE` it needs no reader.
#[derive(Args)]
#[command(group = Shell, permission = View, example = "jobs")]
pub(crate) struct Jobs;

impl Command for Jobs {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let jobs = cx.jobs().iter().map(|job| Job::of(host, job)).collect();
        cx.emit(List { jobs })
    }
}

#[derive(Serialize)]
struct List {
    jobs: Vec<Job>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    id: u64,
    state: &'static str,
    line: String,
    execution_count: u64,
    start_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_location: Option<String>,
    session: String,
    /// It is a job of the session that asks.
    current: bool,
    /// Its session is gone.
    left: bool,
}

impl Job {
    fn of(host: &Host, job: &JobFacts) -> Self {
        let time = |time: SystemTime| {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            host.local_time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).to_the_second()
        };
        Self {
            id: job.id,
            state: match job.state {
                JobState::Ready => "READY",
                JobState::Running => "RUNNING",
                JobState::Stopped => "STOPPED",
                JobState::Terminated => "TERMINATED",
            },
            line: job.line.clone(),
            execution_count: job.results,
            start_time: time(job.began),
            timeout_date: job.ends.map(time),
            cache_location: job.file.as_ref().map(|file| file.to_string_lossy().into_owned()),
            session: job.session.clone(),
            current: job.is_own,
            left: job.is_orphan,
        }
    }

    fn lines(&self) -> Vec<Layout> {
        let state = match self.state {
            "READY" => "Ready",
            "RUNNING" => "Running",
            "STOPPED" => "Stopped",
            _ => "Terminated",
        };
        let whose = match (self.current, self.left) {
            (true, _) => " (current)",
            (_, true) => " (gone)",
            _ => "",
        };
        let star = if self.current { "*" } else { "" };
        let mut lines = vec![
            Layout::Line(Text::styled(Style::Name, format!("[{}]{star}", self.id))),
            Layout::line(format!("       {state:<17} {}", self.line)),
            Layout::line(format!("       execution count : {}", self.execution_count)),
            Layout::line(format!("       start time      : {}", self.start_time)),
        ];
        let file = self.cache_location.iter().map(|file| format!("       cache location  : {file}"));
        let timeout = self.timeout_date.iter().map(|date| format!("       timeout date    : {date}"));
        lines.extend(file.chain(timeout).map(Layout::line));
        lines.push(Layout::line(format!("       session         : {}{whose}", self.session)));
        lines
    }
}

impl Show for List {
    const KIND: &'static str = "jobs";

    fn layout(&self) -> Layout {
        match self.jobs.is_empty() {
            true => Layout::line("There are no jobs. A line that ends in & starts one."),
            false => Layout::stack(self.jobs.iter().flat_map(Job::lines).collect()),
        }
    }
}
