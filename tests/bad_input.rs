//! Bad input, one row each: what is done, how it ends, what is said. A program that checks its own
//! results runs meanwhile; it must not notice.

use harness::socket::LocalSocket;
use harness::{Answer, Java, JavaBuilder, Running, exec, exec_json, jdk};

/// A command line that must fail: its exit code and what the sentence must hold.
struct Row {
    line: String,
    code: i32,
    says: &'static [&'static str],
}

fn row(line: impl Into<String>, code: i32, says: &'static [&'static str]) -> Row {
    Row { line: line.into(), code, says }
}

fn rows() -> Vec<Row> {
    vec![
        row("nosuch", 2, &["nosuch", "command not found"]),
        row("versoin", 2, &["command not found", "version"]),
        row("thread --state LAZY", 2, &["LAZY", "RUNNABLE"]),
        row("thread -n three", 2, &["three", "^"]),
        row("dashboard -i soon", 2, &["soon", "^"]),
        row("dashboard -n", 2, &["-n"]),
        row("thread --s 1", 2, &["--s", "--state"]),
        row("thread 999999999", 1, &["999999999"]),
        row("sysprop 'java.version", 2, &["never closed", "^"]),
        row("sysprop no.such.key", 1, &["no.such.key"]),
        row("heapdump /proc/nowhere/dump.hprof", 1, &["/proc/nowhere"]),
        row("cls", 1, &["terminal"]),
        row("cat", 2, &["files"]),
        row("cat /no/such/file", 1, &["/no/such/file", "No such file"]),
        row("cat -M lots /etc/hostname", 2, &["lots", "^"]),
        row("base64", 1, &["base64 FILE"]),
        row("vmoption NoSuchOption", 1, &["NoSuchOption"]),
        row("mbean nonsense", 1, &["nonsense", "java.lang:type=Memory"]),
        row("mbean -E java.lang:* [", 1, &["["]),
        row("options nothing", 1, &["nothing", "not found"]),
        row("", 2, &["there is no command", "help"]),
        row("   \t ", 2, &["there is no command", "help"]),
        row(format!("sysprop {}", "x".repeat(1 << 19)), 2, &["the longest that is run"]),
        row("\u{0}\u{1}\u{7f}\u{ffff}🎉", 2, &["command not found"]),
        row("version | nosuch", 2, &["^"]),
    ]
}

/// A program that checks itself, with the agent in it.
fn self_checking(major: &str) -> Java {
    let java = JavaBuilder::new(&jdk(major), "SelfCheck").start();
    Answer::of(&["attach", &java.pid().to_string()]).ok();
    java
}

/// What the program says of itself: right results, no exception it did not expect.
fn is_right(java: &mut Java) {
    reports_right(&mut java.process);
}

fn reports_right(process: &mut Running) {
    process.say("report");
    let report = process.line("the report", |line| line.starts_with("checksum="));
    assert!(report.contains("wrong=0 exceptions=0"), "{report}");
    let rounds: u64 = report
        .split_whitespace()
        .find_map(|field| field.strip_prefix("rounds="))
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(0);
    assert!(rounds > 0, "{report}");
}

#[test]
fn a_bad_line_ends_with_its_code_and_its_sentence() {
    let mut java = self_checking("17");
    for row in rows() {
        // The command line of a process ends at 128 KiB an argument and has no NUL: what is longer
        // or holds one goes over the socket, which is the same code in the agent.
        if row.line.len() > 100_000 || row.line.contains('\0') {
            let run = LocalSocket::connect(java.pid()).exec(&row.line);
            assert_ne!(run.done.status, 0, "{:.40}", row.line);
            let said = format!("{:?} {:?}", run.done.message, run.results);
            row.says.iter().for_each(|part| {
                assert!(said.contains(part), "{:.40}: no {part:?} in {said:.400}", row.line)
            });
            continue;
        }
        let answer = exec(java.pid(), &row.line);
        let said = answer.out.clone() + &answer.err;
        assert_eq!(answer.code, row.code, "{:?}: {answer:#?}", row.line);
        for part in row.says {
            assert!(said.contains(part), "{:?}: no {part:?} in {said}", row.line);
        }
    }
    is_right(&mut java);
}

#[test]
fn garbage_on_the_local_socket_ends_that_connection_and_nothing_else() {
    let mut java = self_checking("17");
    let oversized = [&(u32::MAX).to_be_bytes()[..], &[8; 100]].concat();
    let short = vec![0, 0, 0, 1, 9, 9, 9, 9, 9];
    let malformed = [&(5 + 3_u32).to_be_bytes()[..], &[4, 0, 0, 0, 1], b"{{{"].concat();
    let random: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (name, bytes) in [
        ("oversized", oversized),
        ("too short", short),
        ("malformed", malformed),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("random", random),
    ] {
        let mut witness = LocalSocket::connect(java.pid());
        let mut socket = LocalSocket::connect(java.pid());
        // The agent may close while we still write.
        drop(socket.send_raw(&bytes));
        let mut refused = false;
        while let Some(frame) = socket.receive() {
            refused |= matches!(frame.message, wire::Message::Refused(_));
        }
        assert!(refused, "{name}: closed without a sentence");
        assert_eq!(witness.exec("version").done.status, 0, "{name}: another session noticed");
    }
    is_right(&mut java);
}

#[test]
fn a_line_of_a_megabyte_is_refused_and_the_terminal_goes_on() {
    let java = self_checking("17");
    let mut socket = LocalSocket::connect(java.pid());
    let session = socket.open(wire::Mode::Terminal, 1 << 30);
    let mut shown = String::new();
    let mut until = |socket: &mut LocalSocket, text: &str| {
        while !shown.contains(text) {
            let frame = socket.receive().expect("the terminal stays");
            if let wire::Message::Output(bytes) = frame.message {
                shown.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        shown.clear();
    };
    until(&mut socket, "$ ");
    for _ in 0..16 {
        socket.send(session, wire::Message::Input(vec![b'x'; 64 * 1024]));
    }
    socket.send(session, wire::Message::Input(b"\r".to_vec()));
    until(&mut socket, "longer");
    socket.send(session, wire::Message::Input(b"\x03pwd\r".to_vec()));
    let cwd = std::fs::read_link(format!("/proc/{}/cwd", java.pid())).unwrap();
    until(&mut socket, &cwd.to_string_lossy());
}

#[test]
fn bytes_that_come_one_by_one_are_a_frame_all_the_same() {
    let java = self_checking("17");
    let mut socket = LocalSocket::connect(java.pid());
    let mode = wire::Mode::Exec { line: "version".to_owned(), json: false };
    let open = wire::Open { mode, cols: 80, rows: 24, color: false, window: 1 << 20, user: String::new() };
    let mut bytes = Vec::new();
    wire::Frame { session: 9, message: wire::Message::Open(open) }.encode(&mut bytes).unwrap();
    bytes.iter().for_each(|byte| socket.send_raw(&[*byte]).unwrap());
    while let Some(frame) = socket.receive() {
        if let wire::Message::Done(done) = frame.message {
            assert_eq!(done.status, 0);
            return;
        }
    }
    panic!("the connection ended");
}

#[test]
fn a_full_disk_fails_the_heap_dump_and_leaves_no_half_file() {
    let mut java = self_checking("17");
    let folder = tempfile::tempdir().unwrap();
    let mount =
        |args: &[&str]| std::process::Command::new(args[0]).args(&args[1..]).status().unwrap().success();
    let place = folder.path().to_str().unwrap();
    assert!(
        mount(&["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place]),
        "this test mounts: it needs root"
    );
    let answer = exec(java.pid(), &format!("heapdump {place}/dump.hprof"));
    let left: Vec<_> = std::fs::read_dir(place).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(mount(&["umount", place]));
    assert_eq!(answer.code, 1, "{answer:#?}");
    assert!(answer.err.contains("space") || answer.out.contains("space"), "{answer:#?}");
    assert!(left.is_empty(), "{left:?}");
    is_right(&mut java);
}

#[test]
fn an_existing_file_is_never_overwritten_by_a_heap_dump() {
    let java = self_checking("17");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.hprof");
    std::fs::write(&file, "precious").unwrap();
    let answer = exec(java.pid(), &format!("heapdump {}", file.display()));
    assert_eq!(answer.code, 1, "{answer:#?}");
    assert!((answer.out + &answer.err).contains("exists"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

#[test]
fn a_jvm_without_home_and_with_a_read_only_root_serves() {
    let inner = JavaBuilder::new(&jdk("17"), "SelfCheck").vm("-XX:-UsePerfData").with_agent("").command();
    let mut command = std::process::Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", "mount --bind / / && mount --bind /tmp /tmp && mount -o remount,ro,bind /tmp && mount -o remount,ro,bind / && exec \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_remove("HOME");
    let mut process = Running::start(&mut command);
    process.line("the program to be ready", |line| line == "ready");
    let results = exec_json(process.pid(), "version");
    assert_eq!(harness::client::result(&results, "version")["version"], env!("CARGO_PKG_VERSION"));
    let dump = exec(process.pid(), "heapdump");
    assert_eq!(dump.code, 1, "{dump:#?}");
    reports_right(&mut process);
}
