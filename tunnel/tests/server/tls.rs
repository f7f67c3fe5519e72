//! https and wss.

use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Server, TOKEN, within};

fn connector(cert: &CertificateDer<'static>) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[tokio::test]
async fn agents_and_browsers_come_over_tls_and_plain_http_is_no_way_in() {
    let files = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = Server::start(&["--cert", cert.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    assert!(server.printed.contains("https://127.0.0.1:") && server.printed.contains("wss://127.0.0.1:"));

    let tls = connector(made.cert.der());
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = within(tls.connect(name.clone(), server.tcp().await)).await.unwrap();
    let body = format!(r#"{{"user":"admin","password":"{}"}}"#, crate::harness::PASSWORD);
    let request = format!(
        "POST /api/login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("; Secure"), "{answer}");

    let stream = within(tls.connect(name, server.tcp().await)).await.unwrap();
    let url = format!("wss://localhost/ws?token={TOKEN}&method=agentRegister&id=a_1");
    let (mut socket, _) = within(tokio_tungstenite::client_async(url, stream)).await.unwrap();
    let answer = within(futures_util::StreamExt::next(&mut socket)).await.unwrap().unwrap();
    assert_eq!(answer, Message::text("response:/?method=agentRegister&id=a_1"));

    assert_eq!(server.http("GET", "/healthz", &[], "").await.status, 0);
}

#[test]
fn a_certificate_or_key_that_is_none_stops_the_start_with_a_sentence() {
    let files = tempfile::tempdir().unwrap();
    let junk = files.path().join("junk.pem");
    std::fs::write(&junk, "junk").unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let cert = files.path().join("cert.pem");
    std::fs::write(&cert, made.cert.pem()).unwrap();
    for (cert, word) in [(&junk, "certificate"), (&cert, "key"), (&files.path().join("none"), "certificate")]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oxprobe-tunnel"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(files.path().join("data"));
        let output = command.arg("--cert").arg(cert).arg("--key").arg(&junk).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(&format!("cannot read the {word}")), "{error}");
    }
}
