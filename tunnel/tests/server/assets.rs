//! The console's files, and the headers they come with.

use crate::harness::Server;

#[tokio::test]
async fn the_console_is_served_with_headers_that_protect_it() {
    let server = Server::start(&[]);
    let page = server.http("GET", "/", &[], "").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe-eval"));

    let tag = page.header("etag").unwrap();
    let again = server.http("GET", "/", &[("if-none-match", tag)], "").await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let head = server.http("HEAD", "/", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), page.header("content-length"));

    // Whatever the page names is there, with the type its name says.
    let names: Vec<_> =
        page.body.split('"').filter(|text| text.ends_with(".js") || text.ends_with(".css")).collect();
    assert!(!names.is_empty());
    for name in names {
        let path = format!("/{}", name.trim_start_matches(['.', '/']));
        let file = server.http("GET", &path, &[], "").await;
        assert_eq!(file.status, 200, "{path}");
        let kind =
            if path.ends_with(".js") { "text/javascript; charset=utf-8" } else { "text/css; charset=utf-8" };
        assert_eq!(file.header("content-type"), Some(kind));
        if path.starts_with("/assets/") {
            assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"));
        }
    }
}

#[tokio::test]
async fn nothing_but_the_console_can_be_read() {
    let server = Server::start(&[]);
    for path in ["/nope", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd", "/assets/", "/index.html/"]
    {
        let answer = server.http("GET", path, &[], "").await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["error"].is_string());
    }
}
