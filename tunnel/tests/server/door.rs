//! Logging in: passwords, cookies, lock-out, and what other sites' pages can do.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::harness::{JSON, PASSWORD, Server, pair};

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let server = Server::start(&[]);
    let answer = server.try_login("admin", PASSWORD).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"));
    assert!(!cookie.contains("Secure"), "a cookie for https alone would be lost on http");
    let me = server.get("/api/me", cookie.split(';').next().unwrap()).await;
    assert_eq!(me["user"], "admin");
}

#[tokio::test]
async fn behind_a_trusted_proxy_with_https_the_cookie_is_for_https_alone() {
    let server = Server::start(&["--trust-proxy"]);
    let body = format!(r#"{{"user":"admin","password":"{PASSWORD}"}}"#);
    let answer = server.http("POST", "/api/login", &[JSON, ("x-forwarded-proto", "https")], &body).await;
    assert!(answer.header("set-cookie").unwrap().contains("; Secure"));
}

#[tokio::test]
async fn whatever_shows_or_does_anything_needs_a_login() {
    let server = Server::start(&[]);
    for path in [
        "/api/me",
        "/api/agents",
        "/api/tunnelApps",
        "/api/tunnelAgentInfo?app=a",
        "/api/tunnelAgents?agentId=a",
        "/actuator/arthas",
    ] {
        let answer = server.http("GET", path, &[], "").await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.json()["error"].as_str().unwrap().contains("log in"));
    }
    let answer = server.http("POST", "/api/agents/a_1/exec", &[JSON], r#"{"line":"version"}"#).await;
    assert_eq!(answer.status, 401);
    assert_eq!(server.http("GET", "/healthz", &[], "").await.status, 200);
}

#[tokio::test]
async fn guessing_is_locked_out_after_five_failures_even_with_the_right_password() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    for _ in 0..5 {
        assert_eq!(server.try_login("admin", "wrong").await.status, 401);
    }
    let locked = server.try_login("admin", PASSWORD).await;
    assert_eq!(locked.status, 429);
    let wait: u32 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait));
    assert!(locked.json()["error"].as_str().unwrap().contains("seconds"));
    let basic = data_encoding::BASE64.encode(format!("admin:{PASSWORD}").as_bytes());
    let answer = server.http("GET", "/api/me", &[("authorization", &format!("Basic {basic}"))], "").await;
    assert_eq!(answer.status, 429, "the other way in is locked too");
    server.get("/api/me", &cookie).await;
}

#[tokio::test]
async fn guesses_made_side_by_side_count_one_by_one() {
    let server = Server::start(&[]);
    let tries = (0..12).map(|n| {
        let server = &server;
        async move { server.try_login("admin", &format!("guess {n}")).await.status }
    });
    let mut statuses = futures_util::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[401; 5].as_slice(), &[429; 7]].concat());
}

#[tokio::test]
async fn an_unknown_user_costs_the_same_and_looks_the_same() {
    let server = Server::start(&[]);
    let (mut answers, mut times) = (Vec::new(), [Duration::MAX; 2]);
    // The quicker of two: other work on the machine slows single ones, and a fifth guess locks the door.
    for _ in 0..2 {
        for (user, least) in ["admin", "nobody"].into_iter().zip(&mut times) {
            let start = Instant::now();
            answers.push(server.try_login(user, "wrong").await.body);
            *least = start.elapsed().min(*least);
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // Without a hash it would be a hundred times faster.
    assert!(times[1] > times[0] / 4, "{times:?}");
}

#[tokio::test]
async fn pages_of_other_sites_can_neither_log_in_nor_out_nor_run_anything() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let (evil, cookie) = (("origin", "http://evil.example.com"), ("cookie", cookie.as_str()));
    let form = ("content-type", "text/plain");
    let login = format!(r#"{{"user":"admin","password":"{PASSWORD}"}}"#);
    assert_eq!(server.http("POST", "/api/login", &[JSON, evil], &login).await.status, 403);
    assert_eq!(server.http("POST", "/api/login", &[form], &login).await.status, 415);
    assert_eq!(server.http("POST", "/api/logout", &[evil, cookie], "").await.status, 403);
    let run = r#"{"line":"version"}"#;
    assert_eq!(server.http("POST", "/api/agents/a_1/exec", &[JSON, evil, cookie], run).await.status, 403);
    assert_eq!(server.http("POST", "/api/agents/a_1/exec", &[form, cookie], run).await.status, 415);
    server.get("/api/me", cookie.1).await;
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_not_believed() {
    let server = Server::start(&[]);
    let body = r#"{"user":"admin","password":"wrong"}"#;
    for n in 0..5 {
        let from = format!("10.0.0.{n}");
        assert_eq!(
            server.http("POST", "/api/login", &[JSON, ("x-forwarded-for", &from)], body).await.status,
            401
        );
    }
    assert_eq!(server.try_login("admin", PASSWORD).await.status, 429);
}

/// The word that a server printed after this label.
fn shown(server: &Server, label: &str) -> String {
    let rest = server.printed.split(label).nth(1).unwrap();
    rest.split_ascii_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn passwords_and_tokens_are_made_once_shown_once_and_kept_to_their_owner() {
    let server = Server::start_fresh(tempfile::tempdir().unwrap(), &[]);
    let (password, token) = (shown(&server, "password: "), shown(&server, "agent token: "));
    assert_eq!(server.try_login("admin", &password).await.status, 200);
    assert!(server.ws(&format!("/ws?method=agentRegister&token={token}"), &[]).await.is_ok());
    for file in ["users", "agent-token", "sessions"] {
        let mode = std::fs::metadata(server.data(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let users = std::fs::read_to_string(server.data("users")).unwrap();
    assert!(users.starts_with("admin:$argon2id$") && !users.contains(&password));
}

#[tokio::test]
async fn a_new_password_counts_at_once_and_ends_what_the_old_one_began() {
    let server = Server::start_fresh(tempfile::tempdir().unwrap(), &[]);
    let (old, token) = (shown(&server, "password: "), shown(&server, "agent token: "));
    let answer = server.try_login("admin", &old).await;
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let mut agent = server.agent_with(&token, "a_1").await;
    let (mut terminal, _console) = pair(&server, &cookie, &mut agent).await;
    let printed = server.passwd();
    let new = printed.lines().next().unwrap().rsplit(' ').next().unwrap();
    assert_eq!(server.try_login("admin", &old).await.status, 401);
    assert_eq!(server.try_login("admin", new).await.status, 200);
    assert_eq!(server.http("GET", "/api/me", &[("cookie", &cookie)], "").await.status, 401);
    assert_eq!(terminal.closed().await.unwrap().0, 4010);
}
