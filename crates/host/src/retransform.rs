//! Having the JVM take woven classes, many at once where a stop costs the same for one and for a thousand,
//! few at once where it grows with each; and finding the ones that it refuses among those that it takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jvm::{Class, Environment, Global, Vm, Weak};

use crate::error::{Error, Result};
use crate::perf_data::PerfData;
use crate::registry::{Before, WovenClass};

/// A class to be changed, and how it stood.
pub(crate) struct Change {
    pub(crate) class: Arc<WovenClass>,
    pub(crate) before: Before,
}

/// A class that the JVM shall take anew; none where it was never seen.
pub(crate) type Target = Option<Arc<Weak<Class>>>;

impl Change {
    pub(crate) fn target(&self) -> Target {
        self.class.class.read().clone()
    }
}

/// A class that the JVM refused.
pub(crate) struct NotChanged {
    /// Its place among those that were to be changed.
    pub(crate) place: usize,
    pub(crate) why: String,
}

/// One stop for so many: on JDK 17 and later it hardly grows.
const MANY: usize = 1_000;
/// How long the application may stand still for one batch.
const PAUSE: Duration = Duration::from_millis(60);
/// The first batch where a stop grows by 0.7 to 3 ms a class and that is not known yet.
const FIRST: usize = 4;
const MOST: usize = 64;

/// How many classes go together.
struct Batches {
    size: usize,
    adapts: bool,
    /// The shortest stop so far: about what one takes whatever is in it.
    least: Duration,
}

impl Batches {
    fn new(jdk: u16, together: bool) -> Self {
        match (together, jdk) {
            (false, _) => Self { size: 1, adapts: false, least: Duration::MAX },
            (true, 17..) => Self { size: MANY, adapts: false, least: Duration::MAX },
            (true, _) => Self { size: FIRST, adapts: true, least: Duration::MAX },
        }
    }

    /// The last batch had so many and took so long.
    fn learn(&mut self, count: usize, took: Duration) {
        if !self.adapts || count == 0 {
            return;
        }
        self.least = self.least.min(took);
        // Where even one class stops the application for long, many small batches only make it worse.
        let pause = PAUSE.max(self.least * 2);
        let fits = pause.as_secs_f64() / took.as_secs_f64().max(1e-4) * count as f64;
        self.size = (fits as usize).clamp(1, MOST.min(count * 2));
    }
}

/// How many stops so many classes take, roughly.
pub(crate) fn stops(jdk: u16, together: bool, classes: usize) -> usize {
    let size = match (together, jdk) {
        (false, _) => 1,
        (true, 17..) => MANY,
        (true, 11..) => 10,
        (true, _) => 40,
    };
    classes.div_ceil(size)
}

/// Has the JVM take these classes anew. What comes back are those that stayed as they were; an error
/// means that none of the rest could be asked either.
pub(crate) fn retransform(
    vm: Vm,
    environment: &Environment,
    targets: &[Target],
    together: bool,
) -> Result<Vec<NotChanged>> {
    let mut batches = Batches::new(environment.jvmti.jdk(), together);
    let mut refused = Vec::new();
    let mut done = 0;
    while let Some(rest) = targets.get(done..).filter(|rest| !rest.is_empty()) {
        let (now, _) = rest.split_at(batches.size.min(rest.len()));
        let stop = Stop::begin();
        attempt(vm, environment, now, done, &mut refused)?;
        if batches.adapts {
            batches.learn(now.len(), stop.length());
        }
        done += now.len();
    }
    Ok(refused)
}

/// Measures how long the application stands still: by the JVM's own counter, else by the length of the
/// call, in which the stop is.
struct Stop {
    counted: Option<Duration>,
    started: Instant,
}

impl Stop {
    fn begin() -> Self {
        Self { counted: stopped(), started: Instant::now() }
    }

    fn length(self) -> Duration {
        let call = self.started.elapsed();
        let counted = stopped().zip(self.counted).map(|(now, then)| now.saturating_sub(then));
        counted.filter(|stop| !stop.is_zero()).map_or(call, |stop| stop.min(call))
    }
}

fn stopped() -> Option<Duration> {
    PerfData::of_this_process()?.safepoint_time()
}

/// All of them, else one half after the other.
fn attempt(
    vm: Vm,
    environment: &Environment,
    targets: &[Target],
    first: usize,
    refused: &mut Vec<NotChanged>,
) -> Result<()> {
    match (once(vm, environment, targets), targets) {
        (Ok(()), _) => Ok(()),
        (Err(why @ (jvm::Error::VmGone | jvm::Error::NotAttached)), _) => Err(Error::from(why)),
        (Err(why), [_]) => {
            refused.push(NotChanged { place: first, why: explained(&why) });
            Ok(())
        }
        (Err(_), _) => {
            let (one, other) = targets.split_at(targets.len() / 2);
            attempt(vm, environment, one, first, refused)?;
            attempt(vm, environment, other, first + one.len(), refused)
        }
    }
}

/// All of them, or none.
pub(crate) fn once(vm: Vm, environment: &Environment, targets: &[Target]) -> jvm::Result<()> {
    vm.with_env(|env| {
        // No local references: JDK 8 counts those of all frames of the thread, also in the hook that runs
        // inside the call, and `-Xcheck:jni` complains of more than 32 there.
        let mut classes: Vec<Global<Class>> = Vec::with_capacity(targets.len());
        for weak in targets {
            // Unloaded meanwhile: nothing to change.
            if let Some(class) = weak.as_ref().map(|weak| weak.get(env)).transpose()?.flatten() {
                classes.push(env.global(&class)?);
            }
        }
        environment.jvmti.retransform(env, &classes)
    })
}

pub(crate) fn explained(why: &jvm::Error) -> String {
    use jvm::sys::ErrorCode;
    match why {
        jvm::Error::Jvmti(error) if error.code == ErrorCode::FAILS_VERIFICATION => {
            format!("the JVM's verifier does not take its new code ({why})")
        }
        jvm::Error::Jvmti(error) if error.code == ErrorCode::UNMODIFIABLE_CLASS => {
            "the JVM does not let anybody change it".to_owned()
        }
        _ => format!("the JVM refused the change, perhaps because another agent changes it, too ({why})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_shrink_and_grow_to_the_pause_they_may_take() {
        let mut batches = Batches::new(11, true);
        assert_eq!(batches.size, FIRST);
        batches.learn(4, Duration::from_millis(10));
        assert_eq!(batches.size, 8, "twice as many at most");
        batches.learn(8, Duration::from_millis(240));
        assert_eq!(batches.size, 2);
        batches.learn(2, Duration::from_millis(250));
        assert_eq!(batches.size, 1);
    }

    #[test]
    fn batches_are_not_cut_where_that_saves_no_pause() {
        let mut batches = Batches::new(8, true);
        for _ in 0..9 {
            let took = Duration::from_millis(80 + batches.size as u64);
            batches.learn(batches.size, took);
        }
        assert_eq!(batches.size, MOST, "80 ms for any batch, and one for each class");
    }

    #[test]
    fn later_jdks_take_many_at_once() {
        let mut batches = Batches::new(17, true);
        batches.learn(MANY, Duration::from_secs(9));
        assert_eq!(batches.size, MANY);
        assert_eq!(Batches::new(25, false).size, 1);
        assert_eq!((stops(17, true, 1_001), stops(11, true, 25), stops(8, false, 3)), (2, 3, 3));
    }
}
