//! What the listings say of agents of both kinds.

use serde_json::json;

use crate::harness::{Server, TOKEN, pair};

const OURS: &str = "&arthasVersion=4.1.5&appName=orders&id=orders_pod-1&oxprobe=1&version=0.1.0&host=pod-1&pid=7\
                    &jvm=17.0.15%2B6&started=1700000000123";

#[tokio::test]
async fn agents_are_listed_by_application_with_what_they_said() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let _arthas = server.agent("live_B").await;
    let _bare = server.agent("nameless").await;
    let mut ours = server.ws(&format!("/ws?token={TOKEN}&method=agentRegister{OURS}"), &[]).await.unwrap();
    ours.text().await;
    let listing = server.get("/api/agents", &cookie).await;
    let names: Vec<_> = listing["applications"].as_array().unwrap().iter().map(|app| &app["name"]).collect();
    assert_eq!(names, ["live", "nameless", "orders"]);

    let orders = &listing["applications"][2]["agents"][0];
    for (key, value) in [
        ("id", json!("orders_pod-1")),
        ("app", json!("orders")),
        ("state", json!("connected")),
        ("version", json!("0.1.0")),
        ("kind", json!("oxprobe")),
        ("host", json!("pod-1")),
        ("pid", json!(7)),
        ("jvm", json!("17.0.15+6")),
        ("started", json!(1_700_000_000_123_u64)),
        ("sessions", json!(0)),
    ] {
        assert_eq!(orders[key], value, "{key}");
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    assert!(now - orders["since"].as_u64().unwrap() < 60_000);

    let live = &listing["applications"][0]["agents"][0];
    assert_eq!(live["kind"], "arthas");
    assert_eq!(live["version"], "4.1.5");
    assert_eq!(live["host"], "127.0.0.1");
    assert!(live.get("pid").is_none());

    drop(ours);
    let lost = server.agent_is(&cookie, "orders_pod-1", "lost").await;
    assert_eq!(lost["host"], "pod-1");
}

#[tokio::test]
async fn a_trusted_proxy_says_where_agents_are() {
    let server = Server::start(&["--trust-proxy"]);
    let cookie = server.login().await;
    let path = format!("/ws?token={TOKEN}&method=agentRegister&id=a_1");
    let forwarded = [("x-forwarded-for", "10.1.2.3, 10.9.9.9"), ("x-real-port", "4711")];
    let _agent = server.ws(&path, &forwarded).await.unwrap();
    assert_eq!(server.agent_is(&cookie, "a_1", "connected").await["address"], "10.1.2.3:4711");
}

#[tokio::test]
async fn tools_for_arthas_find_the_shapes_they_know() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("live_A").await;
    let _other = server.agent("other_A").await;
    assert_eq!(server.get("/api/tunnelApps", &cookie).await, json!(["live", "other"]));
    assert_eq!(server.get("/api/tunnelAgents?agentId=live_A", &cookie).await, json!({ "success": true }));
    assert_eq!(server.get("/api/tunnelAgents?agentId=x", &cookie).await, json!({ "success": false }));

    let info = server.get("/api/tunnelAgentInfo?app=live", &cookie).await;
    assert_eq!(info.as_object().unwrap().len(), 1);
    let live = &info["live_A"];
    assert_eq!(live["host"], "127.0.0.1");
    assert_eq!(live["arthasVersion"], "4.1.5");
    assert_eq!(live["clientConnectHost"], "127.0.0.1");
    assert_eq!(live["clientConnectTunnelPort"], server.port);
    assert!(live["port"].as_u64().unwrap() > 0);

    let terminal = server.browser(&cookie, "live_A").await.unwrap();
    let connection = agent.ordered().await;
    let all = server.get("/actuator/arthas", &cookie).await;
    assert_eq!(all["agents"].as_object().unwrap().len(), 2);
    assert_eq!(all["properties"]["server"]["port"], server.port);
    assert_eq!(all["properties"]["server"]["path"], "/ws");
    assert_eq!(all["clientConnections"][&connection]["host"], "127.0.0.1");
    drop(terminal);
    let _console = pair(&server, &cookie, &mut agent).await;
}
