//! Walks over the heap that JVMTI makes for us: totals by class, the biggest objects, a collection on demand. The
//! application stands still meanwhile, so each is estimated before, bounded in time, and tells how long it took.

use std::time::{Duration, Instant};

use jvm::{Class, Jvmti, Local};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::histogram::java_name;
use crate::{Host, memory};

/// What is walked: the objects, or the references between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Each object once.
    Objects,
    /// Each reference, twice.
    References,
}

impl Walk {
    /// Nanoseconds that it takes for each object, measured on a heap of 5 million (`vmtool`'s page).
    fn nanos(self) -> u64 {
        match self {
            Self::Objects => 150,
            Self::References => 900,
        }
    }
}

/// What a walk will take, guessed from how full the heap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes in use, garbage included.
    pub used: u64,
    /// Objects these are likely to be.
    pub objects: u64,
    /// How long the application may stand still.
    pub pause: Duration,
}

/// Bytes an object takes in most heaps: 40 to 60.
const USUAL_SIZE: u64 = 48;

/// The heap by class, and its biggest objects.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeapAnalysis {
    /// Classes that have objects.
    pub class_number: usize,
    /// Objects, garbage that was not yet collected included.
    pub object_number: u64,
    /// Bytes they take.
    pub bytes: u64,
    /// The biggest, biggest first.
    pub objects: Vec<BigObject>,
    /// The classes whose objects take most, first.
    pub classes: Vec<ClassTotal>,
    /// Whether the whole heap was walked in time.
    pub complete: bool,
    /// How long it took, in milliseconds; nearly all of it the application stood still.
    pub pause_ms: f64,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BigObject {
    /// Its class.
    pub class_name: String,
    /// Bytes it takes, without what it refers to.
    pub bytes: u64,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassTotal {
    /// Its name.
    pub class_name: String,
    /// How many objects it has.
    pub instances: u64,
    /// Bytes they take.
    pub bytes: u64,
}

/// A collection that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collected {
    /// Bytes in use before.
    pub before_bytes: i64,
    /// Bytes in use after.
    pub after_bytes: i64,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
}

impl Host {
    /// What a walk will take.
    pub fn estimate(&self, walk: Walk) -> Result<Estimate> {
        let used = u64::try_from(self.vm.with_env(memory::heap_by_runtime)?.used).unwrap_or(0);
        let objects = used / USUAL_SIZE;
        Ok(Estimate { used, objects, pause: Duration::from_nanos(objects.saturating_mul(walk.nanos())) })
    }

    /// Counts all objects by class and finds the biggest, in one walk that may take so long.
    pub fn analyze_heap(&self, objects: usize, classes: usize, limit: Duration) -> Result<HeapAnalysis> {
        self.vm.with_env(|env| {
            let jvmti = &self.environment.jvmti;
            let started = Instant::now();
            let totals = jvmti.heap_totals(env, objects, limit)?;
            let pause_ms = millis(started.elapsed());
            let name = |class: usize| class_name(jvmti, &totals.classes, class);
            let mut of_classes: Vec<(usize, (u64, u64))> =
                totals.counts.iter().copied().enumerate().collect();
            of_classes.retain(|(_, (instances, _))| *instances > 0);
            of_classes.sort_unstable_by(|(_, one), (_, other)| other.1.cmp(&one.1).then(other.0.cmp(&one.0)));
            let sum = |part: fn(&(u64, u64)) -> u64| totals.counts.iter().map(part).sum();
            Ok(HeapAnalysis {
                class_number: of_classes.len(),
                object_number: sum(|(instances, _)| *instances),
                bytes: sum(|(_, bytes)| *bytes),
                objects: totals
                    .biggest
                    .iter()
                    .map(|(bytes, class)| BigObject { class_name: name(*class), bytes: *bytes })
                    .collect(),
                classes: of_classes
                    .iter()
                    .take(classes)
                    .map(|(class, (instances, bytes))| ClassTotal {
                        class_name: name(*class),
                        instances: *instances,
                        bytes: *bytes,
                    })
                    .collect(),
                complete: totals.is_whole,
                pause_ms,
            })
        })
    }

    /// Collects all garbage, also with `-XX:+DisableExplicitGC`.
    pub fn collect(&self) -> Result<Collected> {
        let used = || Ok::<_, Error>(self.vm.with_env(memory::heap_by_runtime)?.used);
        let before_bytes = used()?;
        let started = Instant::now();
        self.environment.jvmti.force_garbage_collection()?;
        Ok(Collected { before_bytes, after_bytes: used()?, took_ms: millis(started.elapsed()) })
    }
}

/// The name of a class by its place in the list, counted from 1.
pub(crate) fn class_name(jvmti: &Jvmti, classes: &[Local<'_, Class>], place: usize) -> String {
    let class = place.checked_sub(1).and_then(|at| classes.get(at));
    let name = class.and_then(|class| jvmti.class_name(class).ok());
    name.map_or_else(|| "a class that was loaded meanwhile".to_owned(), |name| java_name(&name))
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
