//! What a command may ask of the JVM it lives in: threads, memory, collections, properties, dumps.
//!
//! [`Host`] is the one handle. It keeps almost nothing between two questions (the last histograms,
//! a few field ids), loads the JDK's management classes only when a question needs them, and answers
//! from the performance counters or JVMTI where an image lacks them. It knows no shell.
#![forbid(unsafe_code)]

mod access_flags;
mod calls_in_flight;
pub mod class_bytes;
pub mod class_facts;
pub mod class_files;
pub mod class_query;
mod class_source;
pub mod classes;
pub mod clock;
pub mod compile;
pub mod compiled;
pub mod condition;
pub mod conditioned;
mod cpu;
pub mod decompile;
mod deny;
pub mod dump;
pub mod entries;
mod error;
pub mod evaluation;
pub mod files;
pub mod gc;
mod gc_pairing;
mod gc_watch;
pub mod heap;
pub mod heap_walk;
pub mod histogram;
mod interrupt;
mod java;
pub mod keepers;
mod known;
mod lanes;
mod lazy;
pub mod line_tables;
pub mod loader_list;
pub mod loader_urls;
pub mod loaders;
pub mod loggers;
pub mod main_class;
pub mod malloc;
mod management;
mod matcher;
pub mod mbeans;
pub mod memory;
pub mod metaspace;
pub mod method_facts;
mod names;
pub mod observe;
pub mod options;
mod output;
pub mod parts;
pub mod perf_counters;
pub mod perf_data;
pub mod plan;
mod preview;
pub mod process;
pub mod properties;
mod registry;
pub mod replace;
pub mod reset;
mod retransform;
pub mod runtime;
pub mod search;
pub mod source;
mod subtypes;
mod thread_bean;
mod thread_fields;
pub mod thread_info;
pub mod thread_state;
pub mod threads;
pub mod tunnel;
pub mod virtual_threads;
pub mod vm_options;
pub mod watching;
pub mod weaver;
pub mod workshop;

use std::sync::Arc;

use jvm::{Environment, Vm};
use parking_lot::Mutex;

pub use ::advice;
pub use ::ognl::Error as SyntaxError;
pub use ::values;
pub use advice::budget;
pub use calls_in_flight::CallInFlight;
pub use error::{Error, MissingModule, Result};
pub use matcher::{Matched, MatchedClass, MatchedMethod, OverLimit, Refused, Wanted};
pub use names::NamePattern;
pub use observe::{Effect, Observation, Observed};
pub use reset::ResetEffect;
pub use weave::Parts;

/// The JVM as commands see it. Shared by all jobs; every method may be called from any thread that is
/// attached to the JVM.
pub struct Host {
    vm: Vm,
    environment: &'static Environment,
    fields: Mutex<Option<Arc<thread_fields::ThreadFields>>>,
    histograms: Mutex<heap::Histograms>,
    /// How many watch collections now.
    gc_watchers: Mutex<usize>,
    options: options::Options,
    output: output::Output,
    parts: parts::Parts,
    tunnel: Mutex<tunnel::Tunnel>,
}

impl Host {
    /// The JVM of this process. Asks nothing of it yet.
    pub fn new(vm: Vm, environment: &'static Environment) -> Self {
        Self {
            vm,
            environment,
            fields: Mutex::default(),
            histograms: Mutex::default(),
            gc_watchers: Mutex::default(),
            options: options::Options::default(),
            output: output::Output::default(),
            parts: parts::Parts::default(),
            tunnel: Mutex::default(),
        }
    }

    /// What may be observed, and how much is shown.
    pub fn options(&self) -> &options::Options {
        &self.options
    }

    /// A woven method by the id that its code passes.
    pub fn woven_method(&self, id: u32) -> Option<Arc<method_facts::MethodFacts>> {
        weaver::the().method(id)
    }

    /// Lets go of everything that is kept in the JVM: references, events, capabilities. The host may
    /// be used again afterwards. An error says what could not be given back.
    pub fn shutdown(&self) -> Result<()> {
        *self.fields.lock() = None;
        *self.histograms.lock() = heap::Histograms::default();
        self.forget_all();
        let left = self.leave_classes();
        gc_watch::give_back(self.environment)?;
        jvm::Capturing::rest()?;
        if left.is_empty() { Ok(()) } else { Err(Error::sentence(left.join("; "))) }
    }
}
