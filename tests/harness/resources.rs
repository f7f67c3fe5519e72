//! What a process holds, as the kernel sees it.

use std::fs;

/// A process's holdings at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Holdings {
    /// Resident memory in KiB.
    pub rss_kib: u64,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors.
    pub descriptors: u64,
}

impl Holdings {
    /// Reads them from `/proc`.
    pub fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
        let field = |name: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|value| value.parse().ok()).unwrap_or(0)
        };
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).expect("the process lives").count() as u64;
        Self { rss_kib: field("VmRSS:"), threads: field("Threads:"), descriptors }
    }
}

/// Names of a process's threads.
pub fn thread_names(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process lives");
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    tasks.flatten().filter_map(name).map(|name| name.trim().to_owned()).collect()
}

/// CPU seconds a process has used, its own and the kernel's for it.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    cpu_of(&stat)
}

/// CPU seconds one thread of a process has used.
pub fn thread_cpu_seconds(pid: u32, name: &str) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process lives");
    let of_name = |task: fs::DirEntry| {
        let comm = fs::read_to_string(task.path().join("comm")).ok()?;
        (comm.trim() == name).then(|| fs::read_to_string(task.path().join("stat")).ok()).flatten()
    };
    tasks.flatten().filter_map(of_name).map(|stat| cpu_of(&stat)).sum()
}

fn cpu_of(stat: &str) -> f64 {
    // After the command's name, which may hold blanks and parentheses: state is field 3.
    let after = stat.rsplit_once(')').map(|(_, after)| after).unwrap_or_default();
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks: f64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<f64>().ok()).sum();
    // Linux shows times in hundredths of a second to user space on every architecture we run on.
    ticks / 100.0
}

/// Growth per round that goes on: the smaller one of the slopes of both halves. A leak grows in both, a block that is taken
/// once in one.
pub fn steady_slope(points: &[f64]) -> f64 {
    let (first, second) = points.split_at(points.len() / 2);
    let (first, second) = (slope(first), slope(second));
    if first.abs() < second.abs() { first } else { second }
}

/// Slope of a line through the points `(0, y0), (1, y1), …` by least squares: growth per round.
pub fn slope(points: &[f64]) -> f64 {
    let n = points.len() as f64;
    let mean_x = (n - 1.0) / 2.0;
    let mean_y = points.iter().sum::<f64>() / n;
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points.iter().enumerate() {
        above += (x as f64 - mean_x) * (y - mean_y);
        below += (x as f64 - mean_x).powi(2);
    }
    above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_steady_and_a_block_is_not() {
        let noise = |round: usize| (round * 7_919 % 97) as f64;
        let leak: Vec<f64> = (0..150).map(|round| 4.0 * round as f64 + noise(round)).collect();
        assert!((3.5..4.5).contains(&steady_slope(&leak)), "{}", steady_slope(&leak));
        let block: Vec<f64> =
            (0..150).map(|round| if round < 75 { 0.0 } else { 400.0 } + noise(round)).collect();
        assert!(steady_slope(&block).abs() < 0.5, "{}", steady_slope(&block));
        assert!(slope(&block) > 2.0, "which a line through all points takes for one: {}", slope(&block));
    }
}
