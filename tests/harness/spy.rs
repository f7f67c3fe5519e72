//! What the agent's helper class in the boot loader holds: its name is found in a heap dump, its
//! fields are read by the application itself (`hostile.SpyState`).

use std::fs;
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::java::Java;

/// The switch off, every gate closed, no condition held.
const SILENCE: &str = "on=0 open=0 advices=0";

const PREFIX: &[u8] = b"java/oxprobe/Spy_";

/// What the helper class holds: `on=.. open=.. advices=..`; `None` where nothing was woven yet.
fn state(java: &mut Java) -> Option<String> {
    if java.spy.is_none() {
        java.spy = name(java);
    }
    let name = java.spy.clone()?;
    Some(java.ask(&format!("spy {name}")))
}

/// The name of the helper class, as `Class.forName` takes it.
fn name(java: &Java) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder for the dump");
    let file = folder.path().join("spy.hprof");
    java.jdk_tool("jcmd", &["GC.heap_dump", "-all", &file.display().to_string()]);
    let dump = fs::read(file).expect("jcmd has written it");
    let at = dump.windows(PREFIX.len()).position(|window| window == PREFIX)?;
    let hash = dump.get(at + PREFIX.len()..at + PREFIX.len() + 8)?;
    Some(format!("java.oxprobe.Spy_{}", String::from_utf8_lossy(hash)))
}

/// Waits until the helper class holds nothing that listens.
pub fn assert_nobody_listens(java: &mut Java) {
    let deadline = Instant::now() + PATIENCE;
    while let Some(state) = state(java).filter(|state| state != SILENCE) {
        assert!(Instant::now() < deadline, "somebody listens: {state}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Fails unless something listens, so that a test of silence can fail.
pub fn assert_somebody_listens(java: &mut Java) {
    let state = state(java).expect("something was woven");
    assert!(!state.starts_with("on=0 ") && !state.contains("open=0"), "{state}");
}
