//! How much memory there is for a process more: of the machine's, and of the control group's, which may be that of the
//! application that is looked at.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes that may be used before the kernel ends somebody; `None` where it does not tell.
pub(crate) fn left() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let grouped = groups.lines().filter_map(|line| in_group(line, Path::new("/sys/fs/cgroup")));
    machine(&fs::read_to_string("/proc/meminfo").ok()?).into_iter().chain(grouped).min()
}

/// `MemAvailable` of `/proc/meminfo`.
fn machine(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What is left in a group and those above it. The line is one of `/proc/self/cgroup`: `0::/path` of version 2,
/// `9:memory:/path` of version 1.
fn in_group(line: &str, root: &Path) -> Option<u64> {
    let mut words = line.splitn(3, ':');
    let (_, controllers, path) = (words.next()?, words.next()?, words.next()?);
    // A group outside of the namespace is shown by `..`.
    let path = if path.contains("..") { "" } else { path.trim_start_matches('/') };
    let (root, limit, used) = match controllers {
        "" => (root.to_owned(), "memory.max", "memory.current"),
        of if of.split(',').any(|one| one == "memory") => {
            (root.join("memory"), "memory.limit_in_bytes", "memory.usage_in_bytes")
        }
        _ => return None,
    };
    // In a container the path may be one outside of it, which is not to be seen; then the root is the group.
    let mut folder: PathBuf = root.join(path);
    let mut least = None;
    loop {
        let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
        if let (Some(limit), Some(used)) = (number(limit), number(used)) {
            // The kernel gives up pages of files first.
            let statistics = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
            let files = statistics.lines().find_map(|line| line.strip_prefix("inactive_file "));
            let files = files.and_then(|files| files.trim().parse().ok()).unwrap_or(0);
            let left = limit.saturating_sub(used.saturating_sub(files));
            least = Some(least.map_or(left, |least: u64| least.min(left)));
        }
        if folder == root || !folder.pop() || !folder.starts_with(&root) {
            return least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_tells_what_is_left() {
        assert_eq!(machine("MemTotal: 9 kB\nMemAvailable:   123 kB\n"), Some(123 * 1024));
        assert_eq!(machine("MemTotal: 9 kB\n"), None);
        assert!(left().unwrap() > 0);
    }

    #[test]
    fn of_a_group_and_those_above_it_the_fullest_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let pod = root.join("pod/app");
        fs::create_dir_all(&pod).unwrap();
        let write = |at: &Path, name: &str, text: &str| fs::write(at.join(name), text).unwrap();
        write(&pod, "memory.max", "max\n");
        write(&pod, "memory.current", "10\n");
        assert_eq!(in_group("0::/pod/app", root), None);
        write(&pod, "memory.max", "1000\n");
        write(&pod, "memory.current", "600\n");
        write(&pod, "memory.stat", "anon 1\ninactive_file 50\n");
        assert_eq!(in_group("0::/pod/app", root), Some(450));
        write(&root.join("pod"), "memory.max", "700\n");
        write(&root.join("pod"), "memory.current", "900\n");
        assert_eq!(in_group("0::/pod/app", root), Some(0));
        assert_eq!(in_group("0::/pod/../..", root), None);
        assert_eq!(in_group("3:cpu,cpuacct:/pod", root), None);
        fs::create_dir(root.join("memory")).unwrap();
        write(&root.join("memory"), "memory.limit_in_bytes", "100");
        write(&root.join("memory"), "memory.usage_in_bytes", "90");
        assert_eq!(in_group("9:memory:/not/seen/here", root), Some(10));
    }
}
