//! The agent and the tunnel server, each real: names, terminals, loss and return, wss with a
//! private authority, and servers that are none.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::client::result;
use harness::{Answer, Java, JavaBuilder, Tunnel, eventually, exec, exec_json, jdk, jdks};

fn agent_options(tunnel: &Tunnel, more: &str) -> String {
    format!("tunnel-url={},token={}{more}", tunnel.agent_url(), tunnel.token)
}

#[test]
fn commands_run_through_the_tunnel_on_every_jdk() {
    let data = tempfile::tempdir().unwrap();
    let tunnel = Tunnel::start(data.path());
    for jdk in jdks() {
        let app = format!("orders{}", jdk.major);
        let options = agent_options(&tunnel, &format!(",app-name={app}"));
        let mut java = JavaBuilder::new(&jdk, "demo.MathGame").with_agent(&options).start();
        let agent = tunnel.agent(&app);
        assert_eq!(agent["kind"], "oxprobe");
        assert_eq!(agent["pid"], java.pid());
        let id = agent["id"].as_str().unwrap().to_owned();
        assert_eq!(tunnel.exec(&id, "version").trim(), env!("CARGO_PKG_VERSION"));
        assert!(tunnel.exec(&id, "thread -n 1 -i 50").contains("busy-1"));
        assert!(tunnel.exec(&id, "dashboard -n 1").contains("busy-1"));
        assert!(tunnel.exec(&id, "session").contains(&id));
        java.assert_undisturbed();
    }
}

#[test]
fn the_name_comes_from_the_option_then_the_environment_then_the_program() {
    let data = tempfile::tempdir().unwrap();
    let tunnel = Tunnel::start(data.path());
    let demo = || JavaBuilder::new(&jdk("17"), "demo.MathGame");
    let named = demo().vm("-Dspring.application.name=spring").env("OXPROBE_APP_NAME", "from-env");
    let option = named.clone().with_agent(&agent_options(&tunnel, ",app-name=from-option")).start();
    let environment = named.with_agent(&agent_options(&tunnel, "")).start();
    tunnel.agent("from-option");
    tunnel.agent("from-env");
    drop((option, environment));
    let spring =
        demo().vm("-Dspring.application.name=spring").with_agent(&agent_options(&tunnel, "")).start();
    let arthas_key = demo().vm("-Darthas.appName=old-key").with_agent(&agent_options(&tunnel, "")).start();
    tunnel.agent("spring");
    tunnel.agent("old-key");
    drop((spring, arthas_key));
    // A variable that Kubernetes makes of a Service is no tunnel.
    let linked = demo().env("OXPROBE_TUNNEL_URL", "tcp://10.0.0.1:7777").with_agent("").start();
    let session = exec(linked.pid(), "session").ok();
    assert!(!session.contains("TUNNEL_SERVER  tcp"), "{session}");
    assert!(Answer::of(&["log", &linked.pid().to_string()]).ok().contains("tcp://10.0.0.1:7777"));
}

#[test]
fn agents_come_back_by_themselves_and_lost_ones_stay_listed_with_the_reason() {
    let data = tempfile::tempdir().unwrap();
    let mut tunnel = Tunnel::start(data.path());
    let options = agent_options(&tunnel, ",app-name=orders");
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").with_agent(&options).start();
    let id = tunnel.agent("orders")["id"].clone();
    tunnel.restart();
    let back = tunnel.agent("orders");
    assert_eq!(back["id"], id, "the same agent has the same id");
    assert!(tunnel.exec(id.as_str().unwrap(), "thread -n 1 -i 50").contains("busy-1"));
    drop(java);
    let lost = eventually("the agent to be listed as lost", || {
        tunnel.agents().into_iter().find(|agent| agent["app"] == "orders" && agent["state"] == "lost")
    });
    assert!(lost["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{lost}");
}

#[test]
fn an_attached_agent_is_configured_over_the_socket_and_shows_no_token() {
    let data = tempfile::tempdir().unwrap();
    let tunnel = Tunnel::start(data.path());
    let java = Java::demo(&jdk("17"));
    let pid = java.pid().to_string();
    let options = agent_options(&tunnel, ",app-name=billing");
    Answer::of(&["attach", &pid, "-o", &options]).ok();
    let id = tunnel.agent("billing")["id"].clone();
    let results = exec_json(java.pid(), "session");
    let session = result(&results, "session");
    assert_eq!(session["agentId"], id);
    assert_eq!(session["tunnelConnected"], true);
    let log = Answer::of(&["log", &pid]).ok();
    assert!(!log.contains(&tunnel.token), "the token is in the log");
    Answer::of(&["detach", &pid]).ok();
    eventually("the agent to leave the tunnel", || {
        tunnel.agents().iter().all(|agent| agent["state"] != "connected").then_some(())
    });
}

/// A certificate authority, a server certificate for 127.0.0.1 and its key, made by `openssl`.
fn authority(folder: &Path) {
    let run = |args: &[&str]| {
        let out = Command::new("openssl").args(args).current_dir(folder).output().expect("openssl runs");
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    };
    std::fs::write(folder.join("san"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let key = ["-newkey", "rsa:2048", "-nodes"];
    run(&[
        &["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority"],
        &key[..],
    ]
    .concat());
    run(&[&["req", "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=tunnel"], &key[..]].concat());
    run(&[
        "x509",
        "-req",
        "-in",
        "request.pem",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "cert.pem",
        "-days",
        "2",
        "-extfile",
        "san",
    ]);
}

#[test]
fn wss_works_with_a_private_authority_and_a_wrong_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    authority(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let tunnel = Tunnel::start_with(folder.path(), &["--cert", &file("cert.pem"), "--key", &file("key.pem")]);
    let url = tunnel.agent_url().replace("ws://", "wss://");
    let options =
        |app: &str, more: &str| format!("tunnel-url={url},token={},app-name={app}{more}", tunnel.token);
    let demo = |options: &str| JavaBuilder::new(&jdk("17"), "demo.MathGame").with_agent(options).start();

    let mut trusted = demo(&options("trusted", &format!(",ca-file={}", file("ca.pem"))));
    eventually("the agent to be connected", || {
        let results = exec_json(trusted.pid(), "session");
        (result(&results, "session")["tunnelConnected"] == true).then_some(())
    });
    let mut doubtful = JavaBuilder::new(&jdk("17"), "SelfCheck").with_agent(&options("doubtful", "")).start();
    eventually("the wrong authority to be named", || {
        let log = Answer::of(&["log", &doubtful.pid().to_string()]).ok();
        (log.contains("certificate") || log.contains("authority")).then_some(())
    });
    let results = exec_json(doubtful.pid(), "session");
    assert_eq!(result(&results, "session")["tunnelConnected"], false);
    trusted.assert_undisturbed();
    doubtful.assert_undisturbed();
    doubtful.process.say("report");
    let report = doubtful.process.line("the report", |line| line.starts_with("checksum="));
    assert!(report.contains("wrong=0 exceptions=0"), "{report}");
}

#[test]
fn a_server_that_is_no_tunnel_is_named_and_the_application_goes_on() {
    let answers: [(&str, &'static [u8]); 4] = [
        ("closes at once", b""),
        ("speaks plain HTTP", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        ("sends garbage", b"\x00\xff\xfe nonsense \r\n\r\n\x80\x80"),
        ("redirects", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n"),
    ];
    for (name, answer) in answers {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(20) {
                let Ok(mut stream) = stream else { return };
                drop(stream.set_read_timeout(Some(Duration::from_millis(200))));
                drop(stream.read(&mut [0; 4096]));
                drop(stream.write_all(answer));
            }
        });
        let options = format!("tunnel-url=ws://127.0.0.1:{port}/ws,app-name=x");
        let mut java = JavaBuilder::new(&jdk("17"), "SelfCheck").with_agent(&options).start();
        let problem = eventually(&format!("the server that {name} to be named"), || {
            let text = exec(java.pid(), "session").ok();
            text.contains(&format!("127.0.0.1:{port}")).then_some(text)
        });
        assert!(!problem.is_empty());
        java.process.say("report");
        let report = java.process.line("the report", |line| line.starts_with("checksum="));
        assert!(report.contains("wrong=0 exceptions=0"), "{name}: {report}");
        java.process.close_input();
        assert_eq!(java.process.wait().code(), Some(0), "{name}");
    }
}
