//! The real Arthas Java agent on our tunnel: it registers with its token and is driven from our
//! side of the relay, as its own console would.

use harness::{Java, Tunnel, arthas, jdk};

#[test]
fn the_arthas_agent_registers_with_the_token_and_answers_in_our_terminal() {
    let data = tempfile::tempdir().unwrap();
    let tunnel = Tunnel::start(data.path());
    let java = Java::demo(&jdk("17"));
    arthas::attach(&java, &format!("{}?token={}", tunnel.agent_url(), tunnel.token), "peer");

    let agent = tunnel.agent("peer");
    assert_eq!(agent["kind"], "arthas");
    assert_eq!(agent["version"], "4.1.5");
    let id = agent["id"].as_str().unwrap();
    assert!(id.starts_with("peer_"), "{id}");

    assert_eq!(tunnel.exec(id, "version").trim(), "4.1.5");
    let session = tunnel.exec(id, "session");
    assert!(session.contains(&java.pid().to_string()), "{session}");
    // A long answer in many small frames arrives whole and in order.
    let properties = tunnel.exec(id, "sysprop");
    assert!(properties.contains("java.specification.version"), "{properties}");
}

#[test]
fn the_arthas_agent_is_refused_without_the_token() {
    let data = tempfile::tempdir().unwrap();
    let mut tunnel = Tunnel::start(data.path());
    let java = Java::demo(&jdk("17"));
    arthas::attach(&java, &tunnel.agent_url(), "stranger");
    // Arthas carries on without a tunnel, so it is the server that must say it refused one.
    harness::eventually("the server's log to name the refusal", || {
        let errors = tunnel.process().errors().join("\n");
        errors.contains("token").then_some(())
    });
    assert_eq!(tunnel.agents().iter().filter(|agent| agent["app"] == "stranger").count(), 0);
}
