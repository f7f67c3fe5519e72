//! The real Arthas, from its Maven package, as `scripts/arthas` unpacks it.

use std::path::PathBuf;
use std::process::Command;

use crate::java::Java;
use crate::jdk::cache;
use crate::tunnel::free_port;

/// Where the package is.
pub fn home() -> PathBuf {
    let home = cache().join("arthas-4.1.5");
    assert!(home.join("arthas-boot.jar").exists(), "no {}: run scripts/arthas", home.display());
    home
}

/// Puts the Arthas agent into a program and lets it register with a tunnel. Needs a JDK, as it does.
pub fn attach(java: &Java, tunnel_url: &str, app: &str) {
    let (telnet, http) = (free_port().to_string(), free_port().to_string());
    let mut command = Command::new(java.jdk.tool("java"));
    command
        .env_remove("JAVA_TOOL_OPTIONS")
        .arg("-jar")
        .arg(home().join("arthas-boot.jar"))
        .arg("--arthas-home")
        .arg(home())
        .args(["--attach-only", "--telnet-port", &telnet, "--http-port", &http])
        .args(["--tunnel-server", tunnel_url, "--app-name", app])
        .arg(java.pid().to_string());
    let out = command.output().expect("java starts");
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "arthas-boot: {said}");
}
