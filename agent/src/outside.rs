//! What the shell asks of the process it lives in: threads that may talk to the JVM, a clock, files, and
//! values for completion.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use host::Host;
use jvm::{Vm, inside, thread};
use shell::{Asked, OutputFile, Outside, Target};

use crate::files;

/// The JVM as the shell's outside.
pub(crate) struct Inside {
    vm: Vm,
    host: Arc<Host>,
    since: Instant,
}

impl Inside {
    pub(crate) fn new(vm: Vm, host: Arc<Host>) -> Self {
        Self { vm, host, since: Instant::now() }
    }
}

impl Outside for Inside {
    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        let vm = self.vm;
        let started = thread::spawn_attached(vm, name, move |attached| {
            if let Err(why) = attached {
                // The job runs all the same: each call to the JVM tells it that it cannot be had, and
                // its session gets an answer.
                log::warn!("a job's thread could not be attached to the JVM: {why}");
            }
            // What Java code a job runs is not the application's: probes in it tell nothing.
            let muted = vm.with_env(|env| Ok::<_, jvm::Error>(inside::mute(env))).ok();
            job();
            drop(muted);
        });
        started.map(drop).map_err(io::Error::other)
    }

    fn now(&self) -> Duration {
        self.since.elapsed()
    }

    fn candidates(&self, asked: &Asked<'_>, limit: usize) -> Vec<String> {
        commands::candidates(&self.host, asked, limit)
    }

    fn open_file(&self, target: Target<'_>) -> io::Result<OutputFile> {
        files::open_target(target, &self.host.output_dir())
    }

    fn job_timeout(&self) -> Duration {
        self.host.options().job_timeout()
    }

    fn saves_results(&self) -> bool {
        self.host.options().save_result()
    }
}
