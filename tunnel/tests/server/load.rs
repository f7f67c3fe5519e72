//! What many idle agents and quick keys cost. The figures are printed; the bounds are generous,
//! for a slow machine and a program that is not optimised.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::harness::{Agent, Server, pair};

/// Registers so many agents; returns what one costs, in KiB.
async fn register(server: &Server, cookie: &str, count: usize) -> (Vec<Agent>, f64) {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let before = server.rss();
    let start = Instant::now();
    let mut agents = Vec::new();
    for batch in 0..count / 100 {
        let ids: Vec<_> = (0..100).map(|n| format!("a_{}", batch * 100 + n)).collect();
        agents.extend(join_all(ids.iter().map(|id| server.agent(id))).await);
    }
    let took = start.elapsed();
    let each = (server.rss() - before) as f64 / count as f64;
    println!("{count} agents registered in {took:?}; {before} KiB without, {each:.1} KiB an agent");
    let listed = server.listed(cookie).await;
    assert_eq!(listed.iter().filter(|agent| agent["state"] == "connected").count(), count);
    (agents, each)
}

#[tokio::test]
async fn two_thousand_idle_agents_cost_little_memory() {
    let server = Server::start(&["--log", "warn"]);
    let cookie = server.login().await;
    let (agents, each) = register(&server, &cookie, 2_000).await;
    assert!(each < 30.0, "{each:.1} KiB an agent");
    drop(agents);
    let start = Instant::now();
    while server.listed(&cookie).await.iter().any(|agent| agent["state"] == "connected") {
        assert!(start.elapsed() < Duration::from_secs(20), "their ends go unnoticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.listed(&cookie).await.len(), 1_000, "so many lost ones are remembered");
}

#[tokio::test]
async fn a_key_is_echoed_through_the_relay_within_milliseconds() {
    let server = Server::start(&["--log", "warn"]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    let echo = tokio::spawn(async move {
        loop {
            let text = console.text().await;
            if text == "end" {
                return;
            }
            console.send(text).await;
        }
    });
    let mut times = Vec::new();
    for _ in 0..2_000 {
        let start = Instant::now();
        terminal.send(r#"{"action":"read","data":"x"}"#).await;
        terminal.text().await;
        times.push(start.elapsed());
    }
    terminal.send("end").await;
    echo.await.unwrap();
    times.sort_unstable();
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("echo through the relay: median {median:?}, 99 % within {p99:?}");
    assert!(median < Duration::from_millis(5), "{median:?}");
}

/// For `cargo test --release -- --ignored --nocapture`: the figures of a full house.
#[tokio::test]
#[ignore = "takes a minute and nine thousand descriptors"]
async fn nine_thousand_idle_agents_take_a_few_percent_of_a_core() {
    let server = Server::start(&["--log", "warn"]);
    println!("{} KiB before the first login", server.rss());
    let cookie = server.login().await;
    let (agents, each) = register(&server, &cookie, 9_000).await;
    let reading = agents.into_iter().map(|mut agent| {
        tokio::spawn(
            async move { while futures_util::StreamExt::next(&mut agent.control.0).await.is_some() {} },
        )
    });
    let reading: Vec<_> = reading.collect();
    // Two rounds of pings; the first spreads what registered together.
    tokio::time::sleep(Duration::from_secs(15)).await;
    let (cpu, start) = (server.cpu(), Instant::now());
    tokio::time::sleep(Duration::from_secs(30)).await;
    let share = (server.cpu() - cpu).as_secs_f64() / start.elapsed().as_secs_f64() * 100.0;
    println!("9000 idle agents: {share:.2} % of a core, {} KiB in all", server.rss());
    assert!(each < 15.0, "{each:.1} KiB an agent");
    assert!(share < 3.0, "{share:.2} % of a core");
    let listed = server.listed(&cookie).await;
    assert_eq!(listed.iter().filter(|agent| agent["state"] == "connected").count(), 9_000);
    drop(reading);
}
