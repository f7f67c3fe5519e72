//! Libraries that go wrong on purpose, and JVMs in awkward places, for the tests of attaching.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::java::classes;
use crate::jdk::{Jdk, jdk};

/// A user that owns nothing here.
pub const STRANGER: u32 = 54_321;

/// What a library does when a JVM loads it.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// Loaded at the start: sleeps, so that the JVM stays in its start.
    SleepsAtStart,
    /// Loaded late: never returns.
    Hangs,
    /// Loaded late: returns 7.
    Fails,
    /// Says it is loaded, and does nothing.
    DoesNothing,
    /// Answers at its socket in protocol 99.
    SpeaksAnother,
    /// Answers at its socket that it does not want to.
    Refuses,
}

/// The frame is length, kind, session, JSON: what `wire` says.
const SOURCE: &str = r#"
#include <string.h>
#include <stdio.h>
#include <unistd.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct sockaddr_un place = { .sun_family = AF_UNIX };

static void *serve(void *unused) {
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    unlink(place.sun_path); /* a killed JVM that had this pid before may have left one */
    bind(server, (struct sockaddr *)&place, sizeof place);
    listen(server, 4);
    for (;;) {
        int peer = accept(server, 0, 0);
        const char *text = TEXT;
        unsigned length = strlen(text) + 5;
        unsigned char head[9] = { 0, 0, length >> 8, length, KIND, 0, 0, 0, 0 };
        if (write(peer, head, 9) < 0 || write(peer, text, strlen(text)) < 0) return 0;
    }
    return unused;
}

int Agent_OnLoad(void *vm, char *options, void *reserved) {
    sleep(AT_START);
    return 0;
}

int Agent_OnAttach(void *vm, char *options, void *reserved) {
    sleep(AT_ATTACH);
    if (KIND) {
        char folder[108];
        sscanf(options, "socket=%107[^,]", place.sun_path);
        strcpy(folder, place.sun_path);
        *strrchr(folder, '/') = 0;
        mkdir(folder, 0700);
        pthread_t thread;
        pthread_create(&thread, 0, serve, 0);
    }
    return RETURNS;
}
"#;

/// A folder everybody can look into, gone with it.
pub fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Builds a library of that manner under a name.
pub fn library(folder: &Path, name: &str, manner: Manner) -> PathBuf {
    let hello = r#""{\"proto\":{\"major\":99,\"minor\":0},\"product\":\"9.9\"}""#;
    let refused = r#""{\"message\":\"this agent takes no visitors\"}""#;
    let (at_start, at_attach, returns, kind, text) = match manner {
        Manner::SleepsAtStart => (60, 0, 0, 0, "\"\""),
        Manner::Hangs => (0, 60, 0, 0, "\"\""),
        Manner::Fails => (0, 0, 7, 0, "\"\""),
        Manner::DoesNothing => (0, 0, 0, 0, "\"\""),
        Manner::SpeaksAnother => (0, 0, 0, 1, hello),
        Manner::Refuses => (0, 0, 0, 13, refused),
    };
    let path = folder.join(name);
    let source = folder.join(format!("{name}.c"));
    fs::write(&source, SOURCE).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-pthread", "-w"])
        .args([format!("-DAT_START={at_start}"), format!("-DAT_ATTACH={at_attach}")])
        .args([format!("-DRETURNS={returns}"), format!("-DKIND={kind}"), format!("-DTEXT={text}")])
        .arg("-o")
        .args([&path, &source])
        .output()
        .expect("the C compiler that links Rust programs is there");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    path
}

/// A JVM that any user can start: the small image and the fixtures, copied to where no folder above
/// is closed to others.
pub struct PublicJava {
    folder: TempDir,
}

impl PublicJava {
    /// Copies them.
    pub fn new() -> Self {
        let folder = open_folder();
        let Jdk { home, .. } = jdk("base17");
        for (from, to) in [(home, "jdk"), (classes(), "classes")] {
            let to = folder.path().join(to);
            let status = Command::new("cp").args(["-rL", "--reflink=auto"]).args([&from, &to]).status();
            assert!(status.unwrap().success(), "cp {} {}", from.display(), to.display());
        }
        Self { folder }
    }

    /// The demo application as another user.
    pub fn demo_as(&self, uid: u32) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(self.folder.path().join("jdk/bin/java"));
        command.args(["-Xmx64m", "-XX:+UseSerialGC", "-cp"]).arg(self.folder.path().join("classes"));
        command.arg("demo.MathGame").env_remove("JAVA_TOOL_OPTIONS").current_dir("/").uid(uid).gid(uid);
        command
    }
}

impl Default for PublicJava {
    fn default() -> Self {
        Self::new()
    }
}

/// The command, run after a preparation in a mount namespace of its own. Its pid is the shell's.
pub fn in_own_mounts(prepare: &str, command: &Command) -> Command {
    let mut wrapped = Command::new("unshare");
    wrapped.args(["--mount", "sh", "-c", &format!("{prepare}; exec \"$0\" \"$@\"")]);
    wrapped.arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(key, value),
            None => wrapped.env_remove(key),
        };
    }
    wrapped
}
