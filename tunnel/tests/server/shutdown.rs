//! The end of the server.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Server, pair, within};

#[tokio::test]
async fn everyone_is_told_and_the_server_ends_within_five_seconds() {
    let mut server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    let mut opening = server.browser(&cookie, "a_1").await.unwrap();
    agent.ordered().await;
    // One that never reads its goodbye, one that keeps an idle connection, one in the middle of a request.
    let _deaf = server.agent("a_deaf").await;
    let mut idle = server.tcp().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    within(idle.read_u8()).await.unwrap();
    let mut halfway = server.tcp().await;
    halfway.write_all(b"POST /api/login HTTP/1.1\r\nhost: x\r\n").await.unwrap();

    let start = Instant::now();
    server.signal();
    assert_eq!(terminal.closed().await.unwrap().0, 1001);
    assert_eq!(console.closed().await.unwrap().0, 1001);
    assert_eq!(opening.closed().await.unwrap().0, 1001);
    assert_eq!(agent.control.closed().await.unwrap().0, 1001);
    let status = server.ended();
    assert!(status.success());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
