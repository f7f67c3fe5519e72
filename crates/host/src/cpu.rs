//! Processor time per thread, from the cheapest true source.
//!
//! Measured with 10,000 threads, milliseconds for all of them (JDK 8 / 17 / 25):
//!
//! | source | 8 | 17 | 25 |
//! |---|---|---|---|
//! | JVMTI `GetThreadCpuTime`, one by one | 6 | 28 | 38 |
//! | `ThreadMXBean.getThreadCpuTime(long[])` | 870 | 10 | 12 |
//! | `/proc/self/task/*/schedstat` | 130 | 190 | 150 |
//!
//! All read the same clock. Before JDK 14 the bean looks each id up in a list of all threads; later
//! JDKs have a table for it, and there JVMTI pays for a check of the handle in each call. The bean
//! has to be loaded first (30 to 100 ms once), which pays from about a thousand threads on.

use std::time::Duration;

use jvm::{Capabilities, Capability, Env, Local, Value};

use crate::error::Result;
use crate::{Host, management};

/// With fewer threads JVMTI takes 3 ms at most.
const MANY: usize = 1_000;
/// The first long-term JDK whose bean finds a thread by its id at once.
const FAST_BEAN: u16 = 17;

impl Host {
    /// The processor time of each thread since it started; zero for one that has ended. `ids` are
    /// the threads' own, in the same order.
    pub(crate) fn cpu_times(
        &self,
        env: &Env<'_>,
        threads: &[Local<'_>],
        ids: &[i64],
    ) -> Result<Vec<Duration>> {
        if threads.len() >= MANY
            && self.environment.jvmti.jdk() >= FAST_BEAN
            && let Ok(times) = by_bean(env, ids)
            && times.len() == ids.len()
        {
            return Ok(times);
        }
        // Held until the agent stops: adding and giving back a capability costs more than having it,
        // which costs nothing (HotSpot reads the system's clock in any case).
        self.environment.ensure(Capabilities::NONE.with(Capability::GetThreadCpuTime))?;
        let nanos = |thread: &Local<'_>| self.environment.jvmti.thread_cpu_ns(thread).unwrap_or(0);
        Ok(threads.iter().map(|thread| Duration::from_nanos(nanos(thread))).collect())
    }
}

/// `com.sun.management.ThreadMXBean`; an error on an image without `jdk.management`.
fn by_bean(env: &Env<'_>, ids: &[i64]) -> Result<Vec<Duration>> {
    env.frame(16, |env| {
        let bean = management::bean(env, "Thread", "Reading processor times")?;
        let ids = env.new_array(ids)?;
        let times: Local<'_> = env.call(&bean, "getThreadCpuTime", "([J)[J", &[Value::of(&ids)])?;
        let times: Vec<i64> = env.elements(&times)?;
        // -1 stands for a thread that has ended.
        Ok(times.into_iter().map(|nanos| Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))).collect())
    })
}
