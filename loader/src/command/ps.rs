//! `oxprobe ps`: which JVMs are there.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{Outcome, print};
use crate::process::Jvm;

/// List the JVMs that can be seen
#[derive(Debug, Args)]
pub struct Ps {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    pid: i32,
    container_pid: i32,
    main: &'a str,
    version: Option<&'a str>,
    uid: u32,
    /// `null`: we may not look.
    agent: Option<bool>,
    tool: bool,
}

impl Ps {
    /// Prints the list.
    pub fn run(self) -> Outcome {
        let jvms = Jvm::all();
        if self.json {
            let mut text = String::new();
            for jvm in &jvms {
                text.push_str(&serde_json::to_string(&Line::of(jvm))?);
                text.push('\n');
            }
            print(&text)?;
        } else if jvms.is_empty() {
            eprintln!(
                "oxprobe: no JVM is to be seen here. In a container, share the pid namespace with the target."
            );
        } else {
            print(&table(&jvms))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl<'a> Line<'a> {
    fn of(jvm: &'a Jvm) -> Self {
        Self {
            pid: jvm.process.pid,
            container_pid: jvm.process.nspid,
            main: &jvm.main,
            version: jvm.version.as_deref(),
            uid: jvm.process.uid,
            agent: jvm.agent,
            tool: jvm.is_tool,
        }
    }
}

fn table(jvms: &[Jvm]) -> String {
    let mut rows = vec![["PID", "IN CONTAINER", "UID", "JAVA", "AGENT", "MAIN"].map(str::to_owned)];
    rows.extend(jvms.iter().map(|jvm| {
        [
            jvm.process.pid.to_string(),
            if jvm.process.nspid == jvm.process.pid { "-".to_owned() } else { jvm.process.nspid.to_string() },
            jvm.process.uid.to_string(),
            jvm.version.clone().unwrap_or_else(|| "?".to_owned()),
            match jvm.agent {
                Some(true) => "yes",
                Some(false) => "-",
                None => "?",
            }
            .to_owned(),
            format!("{}{}", jvm.short_main(), if jvm.is_tool { " (JDK tool)" } else { "" }),
        ]
    }));
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
