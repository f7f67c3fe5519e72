//! All performance counters of this JVM, for `perfcounter`: from the file it shares with `jstat`, else
//! from its own memory, where `-XX:+PerfDisableSharedMem` or a full `/tmp` leaves no file.

use jvm::{Env, Local, Value};

use crate::Host;
use crate::error::{Error, Result};
use crate::perf_data::{self, Counter};

/// HotSpot takes 32 KiB unless `-XX:PerfDataMemorySize` says more.
const MOST: usize = 16 << 20;

impl Host {
    /// All counters by their names.
    ///
    /// # Errors
    /// This JVM keeps none, and why.
    pub fn perf_counters(&self) -> Result<Vec<Counter>> {
        let shared = perf_data::shared_memory().and_then(|bytes| perf_data::counters(&bytes));
        let found = match shared {
            Some(counters) => Some(counters),
            None => self.vm.with_env(own_memory)?.and_then(|bytes| perf_data::counters(&bytes)),
        };
        let mut counters = found.ok_or_else(|| {
            Error::sentence(
                "This JVM keeps no performance counters: it was started with -XX:-UsePerfData, or is no HotSpot. \
                 `jvm` and `mbean` tell most of what they would.",
            )
        })?;
        counters.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(counters)
    }
}

/// The memory itself, through the JDK's own door to it. JNI does not ask whether its package is open.
fn own_memory(env: &Env<'_>) -> Result<Option<Vec<u8>>> {
    let found = env.find_class("jdk/internal/perf/Perf").map(|class| (class, "Ljdk/internal/perf/Perf;"));
    let found = found.or_else(|_| env.find_class("sun/misc/Perf").map(|class| (class, "Lsun/misc/Perf;")));
    let Ok((class, descriptor)) = found else { return Ok(None) };
    let perf: Local<'_> = env.call_static(&class, "getPerf", &format!("(){descriptor}"), &[])?;
    // 0 is the JVM that asks. What has no counters throws.
    let mode = env.new_string("r")?;
    let buffer: jvm::Result<Local<'_>> = env.call(
        &perf,
        "attach",
        "(ILjava/lang/String;)Ljava/nio/ByteBuffer;",
        &[Value::from(0), Value::of(&mode)],
    );
    // Later JDKs leave out the mode.
    let buffer = buffer.or_else(|_| env.call(&perf, "attach", "(I)Ljava/nio/ByteBuffer;", &[Value::from(0)]));
    match buffer {
        Ok(buffer) => Ok(env.direct_bytes(&buffer, 0, MOST)?),
        Err(jvm::Error::Thrown(_) | jvm::Error::Null { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
