//! Where our own binaries are: in `OXPROBE_BIN_DIR`, else in the newest build beside the tests.

use std::path::PathBuf;
use std::process::Command;

fn find(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("OXPROBE_BIN_DIR") {
        let path = PathBuf::from(folder).join(name);
        assert!(path.exists(), "OXPROBE_BIN_DIR has no {name}");
        return path;
    }
    // A test is <target>/<profile>/deps/<name>, a bench <target>/<profile>/<name>.
    let me = std::env::current_exe().unwrap();
    let folder = me.parent().unwrap();
    let profile = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    let target = profile.parent().unwrap();
    let built = ["release", "debug"].map(|profile| target.join(profile).join(name));
    let newest = built
        .into_iter()
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max_by_key(|(modified, _)| *modified);
    newest.unwrap_or_else(|| panic!("no {name} under {}: run cargo build --release", target.display())).1
}

/// The agent, `liboxprobe.so`.
pub fn agent_library() -> PathBuf {
    find("liboxprobe.so")
}

/// The `oxprobe` command, with a clean environment of ours. What it could do beside the JVM (decompile) is done in it: that is
/// what must not hurt there.
pub fn oxprobe() -> Command {
    let mut command = Command::new(find("oxprobe"));
    command.env("OXPROBE_AGENT", agent_library()).env("OXPROBE_JAVA", "none");
    command
}

/// The `oxprobe-tunnel` command.
pub fn oxprobe_tunnel() -> Command {
    Command::new(find("oxprobe-tunnel"))
}
