//! What an agent costs whose tunnel server is not there. Alone in its binary, because it reads the
//! CPU time of the whole process.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod support;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use support::Agent;
use transports::Options;

/// User and system time of this process, in clock ticks of 10 ms (proc(5), fields 14 and 15).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

#[test]
fn a_refused_tunnel_costs_less_than_a_hundredth_of_a_core() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("wss://{closed}/ws");
    let agent = Agent::start("idle", Options { tunnel_url: Some(url), ..Options::default() });
    agent.problem("cannot connect", Duration::from_secs(5));
    let (before, since) = (cpu(), Instant::now());
    std::thread::sleep(Duration::from_secs(30));
    let (spent, wall) = (cpu() - before, since.elapsed());
    let share = spent.as_secs_f64() / wall.as_secs_f64();
    println!("{spent:?} of CPU in {wall:?}: {:.2} % of a core", share * 100.0);
    assert!(share < 0.01, "{:.2} % of a core", share * 100.0);
}
