//! Agents: registering, being replaced, being lost, coming back.

use tokio_tungstenite::tungstenite::Message;
use wire::Frame;
use wire::arthas::Order;

use crate::harness::{Server, TOKEN};

async fn registered_as(server: &Server, path: &str) -> String {
    server.ws(path, &[]).await.unwrap().text().await
}

#[tokio::test]
async fn an_id_is_kept_or_made_by_the_rule_and_comes_back_encoded() {
    let server = Server::start(&["--allow-anonymous-agents"]);
    let answer =
        registered_as(&server, "/ws?method=agentRegister&arthasVersion=4.1.5&appName=live&id=live_A1").await;
    assert_eq!(answer, "response:/?method=agentRegister&id=live_A1");
    let answer = registered_as(&server, "/ws?method=agentRegister&id=a%20b%26c").await;
    assert_eq!(answer, "response:/?method=agentRegister&id=a%20b%26c");
    for (query, prefix) in [("&appName=demo%20app", "demo app_"), ("", "")] {
        let answer = registered_as(&server, &format!("/ws?method=agentRegister{query}")).await;
        let Order::Registered { id, .. } = Order::parse(&answer).unwrap() else { panic!("{answer}") };
        let made = id.strip_prefix(prefix).unwrap();
        assert!(
            made.len() == 20 && made.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
            "{id}"
        );
    }
}

#[tokio::test]
async fn jars_are_lent_to_our_own_agents_only_and_nothing_else_is() {
    let server = Server::start_with_jars(&["--allow-anonymous-agents", "--java", "none"]);
    let ours = "/ws?method=agentRegister&id=ours&oxprobe=1";
    let mut control = server.ws(ours, &[]).await.unwrap();
    assert_eq!(control.text().await, "response:/?method=agentRegister&id=ours&lends=parts");
    let jar = server.jar();
    for (file, from, most, wanted) in [
        ("cfr-0.152.jar", 0, 4, jar[..4].to_vec()),
        ("cfr-0.152.jar", 7, 5, jar[7..12].to_vec()),
        ("cfr-0.152.jar", u64::MAX, 5, Vec::new()),
        ("../log", 0, 4, Vec::new()),
        ("/etc/passwd", 0, 4, Vec::new()),
    ] {
        let wanted_piece = wire::PartWanted { file: file.to_owned(), from, most };
        let mut asked = Vec::new();
        let ask = Frame { session: 9, message: wire::Message::PartWanted(wanted_piece) };
        ask.encode(&mut asked).unwrap();
        control.send(Message::binary(asked)).await;
        let answer = Frame { session: 9, message: wire::Message::Part(wanted) };
        assert_eq!(Frame::decode(&control.binary().await), Some(answer), "{file}");
    }
    let mut theirs = server.ws("/ws?method=agentRegister&id=theirs", &[]).await.unwrap();
    assert_eq!(theirs.text().await, "response:/?method=agentRegister&id=theirs");
}

#[tokio::test]
async fn work_that_cannot_be_done_is_told_to_our_own_agents_and_why() {
    let server = Server::start_with_jars(&["--allow-anonymous-agents", "--java", "/bin/sh"]);
    let work = |number, message| {
        let mut bytes = Vec::new();
        Frame { session: number, message }.encode(&mut bytes).unwrap();
        Message::binary(bytes)
    };
    let mut control = server.ws("/ws?method=agentRegister&id=ours&oxprobe=1", &[]).await.unwrap();
    assert_eq!(control.text().await, "response:/?method=agentRegister&id=ours&lends=parts,decompile");
    for number in [1, 2] {
        control.send(work(number, wire::Message::WorkPart(vec![0; 1000]))).await;
        control.send(work(number, wire::Message::Work(vec![1]))).await;
        let why = b"its jar cannot be read, or is another one".to_vec();
        let over = Frame { session: number, message: wire::Message::WorkOver(why) };
        assert_eq!(Frame::decode(&control.binary().await), Some(over));
        control.send(work(number, wire::Message::WorkOver(Vec::new()))).await;
    }
    // No frame at all, and none that says anything here.
    control.send(Message::binary(vec![1, 2, 3])).await;
    control.send(work(3, wire::Message::Interrupt)).await;
    control.send(work(4, wire::Message::Work(Vec::new()))).await;
    assert_eq!(Frame::decode(&control.binary().await).map(|frame| frame.session), Some(4));
    let mut theirs = server.ws("/ws?method=agentRegister&id=theirs", &[]).await.unwrap();
    assert_eq!(theirs.text().await, "response:/?method=agentRegister&id=theirs");
}

#[tokio::test]
async fn ws_and_everything_below_it_is_the_same_address_and_wsx_is_not() {
    let server = Server::start(&["--allow-anonymous-agents"]);
    for path in ["/ws", "/ws/", "/ws/any/thing"] {
        assert!(server.ws(&format!("{path}?method=agentRegister"), &[]).await.is_ok(), "{path}");
    }
    assert_eq!(server.ws("/wsx?method=agentRegister", &[]).await.err(), Some(404));
}

#[tokio::test]
async fn an_agent_needs_a_token_in_its_address_or_in_a_header() {
    let server = Server::start(&[]);
    let register = "/ws?method=agentRegister&id=a_1";
    assert_eq!(server.ws(register, &[]).await.err(), Some(401));
    assert_eq!(server.ws(&format!("{register}&token=wrong"), &[]).await.err(), Some(401));
    assert_eq!(server.ws(register, &[("authorization", "Bearer wrong")]).await.err(), Some(401));
    assert!(server.ws(&format!("{register}&token={TOKEN}"), &[]).await.is_ok());
    assert!(server.ws(register, &[("authorization", &format!("Bearer {TOKEN}"))]).await.is_ok());
}

#[tokio::test]
async fn the_newest_registration_wins_and_the_end_of_the_old_one_removes_nothing() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut old = server.agent("a_1").await;
    let mut new = server.agent("a_1").await;
    assert_eq!(old.control.closed().await.unwrap().0, 4001);
    drop(old);
    let terminal = server.browser(&cookie, "a_1").await.unwrap();
    new.console(&server).await;
    drop(terminal);
    let listed = server.listed(&cookie).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["state"], "connected");
}

#[tokio::test]
async fn an_anonymous_agent_cannot_take_the_id_of_one_with_a_token() {
    let server = Server::start(&["--allow-anonymous-agents"]);
    let anonymous = "/ws?method=agentRegister&id=a_1";
    assert!(server.ws(anonymous, &[]).await.is_ok());
    let _owner = server.agent("a_1").await;
    assert_eq!(server.ws(anonymous, &[]).await.err(), Some(409));
}

#[tokio::test]
async fn an_agent_that_gets_orders_all_the_time_is_not_taken_for_silent() {
    let server = Server::start(&["--ping-after", "200", "--silent-after", "600"]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_busy").await;
    let begin = std::time::Instant::now();
    // The orders come closer together than the pings, and nothing is said to them but what answers a ping.
    while begin.elapsed().as_millis() < 2_000 {
        let browser = server.browser(&cookie, "a_busy").await.unwrap();
        agent.ordered().await;
        drop(browser);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    server.agent_is(&cookie, "a_busy", "connected").await;
}

#[tokio::test]
async fn a_lost_agent_stays_listed_with_the_reason() {
    let server = Server::start(&["--ping-after", "100", "--silent-after", "500"]);
    let cookie = server.login().await;

    let mut polite = server.agent("a_polite").await;
    polite.control.0.close(None).await.unwrap();
    let lost = server.agent_is(&cookie, "a_polite", "lost").await;
    assert_eq!(lost["reason"], "it closed the connection");

    drop(server.agent("a_abrupt").await);
    server.agent_is(&cookie, "a_abrupt", "lost").await;

    // Nobody reads this one, so nobody answers its pings.
    let _silent = server.agent("a_silent").await;
    let lost = server.agent_is(&cookie, "a_silent", "lost").await;
    assert_eq!(lost["reason"], "no sign of life for 0.5 s");
    assert!(lost["lastSeen"].as_u64().unwrap() >= lost["since"].as_u64().unwrap());

    let mut loud = server.agent("a_loud").await;
    let _ = futures_util::SinkExt::send(&mut loud.control.0, Message::text("x".repeat(100_000))).await;
    let lost = server.agent_is(&cookie, "a_loud", "lost").await;
    assert_eq!(lost["reason"], "it sent a frame longer than allowed");

    assert_eq!(server.ws("/ws?method=agentRegister&id=a_silent&token=old", &[]).await.err(), Some(401));
    let lost = server.agent_is(&cookie, "a_silent", "lost").await;
    assert_eq!(lost["reason"], "it came back, but its token was refused");

    let _back = server.agent("a_polite").await;
    let back = server.agent_is(&cookie, "a_polite", "connected").await;
    assert!(back.get("reason").is_none());
}

#[tokio::test]
async fn an_idle_agent_gets_empty_pings_and_lives_by_answering_them() {
    let server = Server::start(&["--ping-after", "100", "--silent-after", "400"]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    // Ten pings are twice the silence that would end it. Reading answers them.
    for _ in 0..10 {
        assert_eq!(agent.control.next().await, Some(Message::Ping(Vec::new().into())));
    }
    server.agent_is(&cookie, "a_1", "connected").await;
}

#[tokio::test]
async fn what_an_agent_says_without_being_asked_is_ignored() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    for message in
        [Message::text("hello"), Message::text("response:/?method=x"), Message::binary(vec![0, 255])]
    {
        agent.control.send(message).await;
    }
    let _terminal = server.browser(&cookie, "a_1").await.unwrap();
    agent.ordered().await;
}

#[tokio::test]
async fn agents_and_logins_survive_a_restart_of_the_server() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let server = server.restart(&[]);
    assert_eq!(agent.control.closed().await.unwrap().0, 1001);
    let _back = server.agent("a_1").await;
    server.agent_is(&cookie, "a_1", "connected").await;
}
