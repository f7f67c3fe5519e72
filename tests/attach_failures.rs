//! Each way attaching can fail, made to happen to a real JVM: the exit code, and the sentence with
//! its advice. A way the loader knows and that has no row here fails.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use harness::attach::{Manner, PublicJava, STRANGER, in_own_mounts, library, open_folder};
use harness::{Answer, Java, JavaBuilder, Jdk, Running, agent_library, eventually, jdk, oxprobe};
use tempfile::TempDir;

/// No more JVMs at once than the rows start.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One way to fail.
struct Row {
    /// The loader's name of it.
    case: &'static str,
    /// Makes it happen; yields what `oxprobe` said.
    make: fn(&Bench) -> Answer,
    /// The exit code.
    code: i32,
    /// Parts of the sentence: what happened, and the advice.
    says: [&'static str; 2],
}

const ROWS: &[Row] = &[
    Row { case: "NoSuchProcess", make: no_such_process, code: 3, says: ["no process", "oxprobe ps"] },
    Row { case: "NoSuchProcess", make: zombie, code: 3, says: ["no process", "oxprobe ps"] },
    Row { case: "NameMatchesNone", make: no_such_name, code: 3, says: ["no running JVM", "oxprobe ps"] },
    Row { case: "NameMatchesSeveral", make: two_of_a_name, code: 2, says: ["several JVMs", "give the pid"] },
    Row { case: "NotAJvm", make: not_a_jvm, code: 3, says: ["not a HotSpot JVM", "oxprobe ps"] },
    Row { case: "Starting", make: starting, code: 3, says: ["still starting", "--wait"] },
    Row { case: "Stopped", make: stopped, code: 3, says: ["is stopped", "kill -CONT"] },
    Row { case: "OtherUser", make: other_user, code: 4, says: ["belongs to uid 0", "runAsUser"] },
    Row { case: "OtherFileSystem", make: other_mounts, code: 3, says: ["its own file system", "-agentpath"] },
    Row { case: "AttachDisabled", make: disabled, code: 4, says: ["DisableAttachMechanism", "-agentpath"] },
    Row {
        case: "AttachDisabled",
        make: disabled_secretly,
        code: 4,
        says: ["DisableAttachMechanism", "-agentpath"],
    },
    Row { case: "NoTmp", make: read_only_tmp, code: 3, says: ["cannot create /tmp", "emptyDir"] },
    Row { case: "StaleSocket", make: stale_socket_of_another, code: 3, says: ["leftover", "Remove it"] },
    Row { case: "NoAnswer", make: no_answer, code: 3, says: ["did not answer", "--wait"] },
    Row { case: "DynamicLoadingDisabled", make: no_loading_17, code: 4, says: ["EnableDynamic", "Restart"] },
    Row { case: "DynamicLoadingDisabled", make: no_loading_25, code: 4, says: ["EnableDynamic", "Restart"] },
    Row { case: "LoadRefused", make: load_fails, code: 4, says: ["Agent_OnAttach returned 7", "doctor"] },
    Row {
        case: "LoadRefused",
        make: load_fails_on_8,
        code: 4,
        says: ["Agent_OnAttach returned 7", "doctor"],
    },
    Row { case: "LoadRefused", make: no_library_inside, code: 4, says: ["could not load", "doctor"] },
    Row { case: "LibraryMissing", make: library_missing, code: 1, says: ["cannot find", "--agent"] },
    Row {
        case: "LibraryUnreadable",
        make: library_unreadable,
        code: 1,
        says: ["cannot read", "readable for"],
    },
    Row { case: "LibraryNoexec", make: library_noexec, code: 1, says: ["noexec", "Copy it"] },
    Row {
        case: "WrongArchitecture",
        make: wrong_architecture,
        code: 1,
        says: ["aarch64", "that architecture"],
    },
    Row { case: "WrongLibc", make: wrong_libc, code: 1, says: ["musl", "based on glibc"] },
    Row { case: "AgentSilent", make: silent, code: 1, says: ["does not answer", "doctor"] },
    Row { case: "ForeignSocket", make: foreign_socket, code: 4, says: ["served by process", "End that"] },
    Row { case: "OtherProtocol", make: other_protocol, code: 4, says: ["protocol 99.0", "Use the oxprobe"] },
    Row { case: "AgentRefused", make: refuses, code: 4, says: ["refused:", "no visitors"] },
];

#[test]
fn each_way_of_failing_has_its_exit_code_and_its_advice() {
    let _turn = turn();
    let bench = Bench::new();
    let mut wrong = Vec::new();
    for row in ROWS {
        let started = Instant::now();
        let answer = (row.make)(&bench);
        let took = started.elapsed();
        println!("{:<24}{:>6} ms  {}", row.case, took.as_millis(), answer.err.trim());
        let is_said = row.says.iter().all(|part| answer.err.contains(part));
        if answer.code != row.code || !is_said || !answer.out.is_empty() {
            wrong.push(format!("{}: want code {} and {:?}, got {answer:#?}", row.case, row.code, row.says));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_way_of_failing_is_without_a_row() {
    let known = Answer::of(&["attach-failures"]).ok();
    let rows: Vec<&str> = ROWS.iter().map(|row| row.case).collect();
    let without: Vec<&str> = known.lines().filter(|case| !rows.contains(case)).collect();
    assert!(known.lines().count() > 10, "{known}");
    assert!(without.is_empty(), "these have no row: {without:?}");
    let unknown: Vec<&&str> = rows.iter().filter(|case| !known.lines().any(|name| name == **case)).collect();
    assert!(unknown.is_empty(), "these rows name no case: {unknown:?}");
}

/// What several rows use.
struct Bench {
    folder: TempDir,
    jdk: Jdk,
    public: PublicJava,
}

impl Bench {
    fn new() -> Self {
        let is_root =
            fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        assert!(is_root, "these tests start JVMs as other users and mount file systems: run them as root");
        Self { folder: open_folder(), jdk: jdk("17"), public: PublicJava::new() }
    }

    fn library(&self, manner: Manner) -> PathBuf {
        library(self.folder.path(), &format!("lib{manner:?}.so"), manner)
    }

    fn demo(&self) -> Java {
        Java::demo(&self.jdk)
    }

    fn demo_with(&self, argument: &str) -> Java {
        JavaBuilder::new(&self.jdk, "demo.MathGame").vm(argument).start()
    }
}

fn attach(pid: u32) -> Answer {
    Answer::of(&["attach", &pid.to_string(), "--wait", "5"])
}

fn attach_file(pid: u32, file: &Path) -> Answer {
    Answer::of(&["attach", &pid.to_string(), "--wait", "1", "--agent", file.to_str().unwrap()])
}

fn no_such_process(_: &Bench) -> Answer {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    attach(child.id())
}

fn zombie(_: &Bench) -> Answer {
    let mut child = Command::new("true").spawn().unwrap();
    let stat = format!("/proc/{}/stat", child.id());
    eventually("the child to end", || fs::read_to_string(&stat).ok()?.contains(") Z ").then_some(()));
    let answer = attach(child.id());
    child.wait().unwrap();
    answer
}

fn no_such_name(_: &Bench) -> Answer {
    Answer::of(&["attach", "no.such.Program"])
}

fn two_of_a_name(bench: &Bench) -> Answer {
    let (_one, _two) = (bench.demo(), bench.demo());
    Answer::of(&["attach", "mathgame"])
}

fn not_a_jvm(_: &Bench) -> Answer {
    attach(Running::start(Command::new("sleep").arg("60")).pid())
}

fn starting(bench: &Bench) -> Answer {
    let agent = bench.library(Manner::SleepsAtStart);
    let java = JavaBuilder::new(&bench.jdk, "demo.MathGame")
        .vm(format!("-agentpath:{}", agent.display()))
        .start_unready();
    let maps = format!("/proc/{}/maps", java.pid());
    eventually("the JVM to load its first agent", || {
        fs::read_to_string(&maps).ok()?.contains("libSleepsAtStart").then_some(())
    });
    Answer::of(&["attach", &java.pid().to_string(), "--wait", "1"])
}

fn stopped(bench: &Bench) -> Answer {
    let java = bench.demo();
    java.process.signal("STOP");
    let status = format!("/proc/{}/status", java.pid());
    eventually("the process to be stopped", || {
        fs::read_to_string(&status).ok()?.contains("State:\tT").then_some(())
    });
    let started = Instant::now();
    let answer = attach(java.pid());
    assert!(started.elapsed() < Duration::from_secs(2), "it must not wait for a stopped process");
    java.process.signal("CONT");
    answer
}

fn other_user(bench: &Bench) -> Answer {
    let java = bench.demo();
    // A copy, since a checkout may lie in a folder closed to others.
    let program = bench.folder.path().join("oxprobe");
    fs::copy(oxprobe().get_program(), &program).unwrap();
    Command::new(program)
        .args(["attach", &java.pid().to_string()])
        .current_dir("/")
        .uid(STRANGER)
        .gid(STRANGER)
        .output()
        .unwrap()
        .into()
}

fn other_mounts(bench: &Bench) -> Answer {
    let command = JavaBuilder::new(&bench.jdk, "demo.MathGame").command();
    let java = ready(Running::start(&mut in_own_mounts("true", &command)));
    attach(java.pid())
}

fn disabled(bench: &Bench) -> Answer {
    undisturbed(bench.demo_with("-XX:+DisableAttachMechanism"))
}

/// Without the counters only the command line tells.
fn disabled_secretly(bench: &Bench) -> Answer {
    let java = JavaBuilder::new(&bench.jdk, "demo.MathGame")
        .vm("-XX:-UsePerfData")
        .vm("-XX:+DisableAttachMechanism")
        .start();
    undisturbed(java)
}

/// A signal to such a JVM would print all its threads into the application's output.
fn undisturbed(mut java: Java) -> Answer {
    let answer = attach(java.pid());
    java.tell("gc");
    java.assert_undisturbed();
    answer
}

fn read_only_tmp(bench: &Bench) -> Answer {
    let command = JavaBuilder::new(&bench.jdk, "demo.MathGame").command();
    let prepare = "mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp";
    let java = ready(Running::start(&mut in_own_mounts(prepare, &command)));
    inside(java.pid(), &["attach", &java.pid().to_string()])
}

fn stale_socket_of_another(bench: &Bench) -> Answer {
    let java = ready(Running::start(&mut bench.public.demo_as(STRANGER)));
    let agent = readable_agent(bench);
    let socket = leftover(java.pid());
    let answer = attach_file(java.pid(), &agent);
    fs::remove_file(socket).unwrap();
    answer
}

fn no_answer(bench: &Bench) -> Answer {
    let java = bench.demo();
    attach_file(java.pid(), &bench.library(Manner::Hangs))
}

fn no_loading_17(bench: &Bench) -> Answer {
    attach(bench.demo_with("-XX:-EnableDynamicAgentLoading").pid())
}

/// Here the JVM's answer has the code for success, and a text.
fn no_loading_25(_: &Bench) -> Answer {
    let java = JavaBuilder::new(&jdk("25"), "demo.MathGame").vm("-XX:-EnableDynamicAgentLoading").start();
    attach(java.pid())
}

fn load_fails(bench: &Bench) -> Answer {
    attach_file(bench.demo().pid(), &bench.library(Manner::Fails))
}

fn load_fails_on_8(bench: &Bench) -> Answer {
    attach_file(Java::demo(&jdk("8")).pid(), &bench.library(Manner::Fails))
}

/// A head that looks right, and nothing behind it.
fn no_library_inside(bench: &Bench) -> Answer {
    let mut bytes = fs::read(bench.library(Manner::DoesNothing)).unwrap();
    bytes.truncate(64);
    let file = bench.folder.path().join("libcut.so");
    fs::write(&file, bytes).unwrap();
    let java = JavaBuilder::new(&jdk("25"), "demo.MathGame").start();
    attach_file(java.pid(), &file)
}

fn library_missing(bench: &Bench) -> Answer {
    attach_file(bench.demo().pid(), Path::new("/no/such/liboxprobe.so"))
}

fn library_unreadable(bench: &Bench) -> Answer {
    let java = ready(Running::start(&mut bench.public.demo_as(STRANGER)));
    let agent = bench.folder.path().join("libclosed.so");
    fs::copy(agent_library(), &agent).unwrap();
    fs::set_permissions(&agent, Permissions::from_mode(0o600)).unwrap();
    attach_file(java.pid(), &agent)
}

fn library_noexec(bench: &Bench) -> Answer {
    let folder = bench.folder.path().join("noexec");
    fs::create_dir(&folder).unwrap();
    let agent = folder.join("liboxprobe.so");
    let prepare = format!(
        "mount -t tmpfs -o noexec none {} && cp {} {}",
        folder.display(),
        agent_library().display(),
        agent.display()
    );
    let command = JavaBuilder::new(&bench.jdk, "demo.MathGame").command();
    let java = ready(Running::start(&mut in_own_mounts(&prepare, &command)));
    let pid = java.pid();
    inside(pid, &["attach", &pid.to_string(), "--agent", agent.to_str().unwrap()])
}

/// The agent's own file with another machine in its head (`e_machine` at offset 18, EM_AARCH64).
fn wrong_architecture(bench: &Bench) -> Answer {
    let mut bytes = fs::read(agent_library()).unwrap();
    bytes[18..20].copy_from_slice(&183u16.to_le_bytes());
    let agent = bench.folder.path().join("libarm.so");
    fs::write(&agent, bytes).unwrap();
    attach_file(bench.demo().pid(), &agent)
}

/// musl is known by its loader's name among the mapped files; this JVM has one of that name mapped.
fn wrong_libc(bench: &Bench) -> Answer {
    let named = library(bench.folder.path(), "ld-musl-x86_64.so.1", Manner::DoesNothing);
    let java = bench.demo_with(&format!("-agentpath:{}", named.display()));
    // A library that asks for glibc's loader, as a build for glibc does.
    let mut bytes = fs::read(agent_library()).unwrap();
    bytes.extend(b"\0ld-linux-x86-64.so.2\0");
    let agent = bench.folder.path().join("libglibc.so");
    fs::write(&agent, bytes).unwrap();
    attach_file(java.pid(), &agent)
}

fn silent(bench: &Bench) -> Answer {
    attach_file(bench.demo().pid(), &bench.library(Manner::DoesNothing))
}

fn foreign_socket(bench: &Bench) -> Answer {
    let java = bench.demo();
    let folder = PathBuf::from(format!("/tmp/.oxprobe-{}", java.pid()));
    // A JVM of the same number that was killed may have left one.
    drop(fs::remove_dir_all(&folder));
    fs::create_dir(&folder).unwrap();
    let listener = UnixListener::bind(folder.join("agent.sock")).unwrap();
    let answer = attach(java.pid());
    drop(listener);
    fs::remove_dir_all(folder).unwrap();
    answer
}

fn other_protocol(bench: &Bench) -> Answer {
    served(bench, Manner::SpeaksAnother)
}

fn refuses(bench: &Bench) -> Answer {
    served(bench, Manner::Refuses)
}

fn served(bench: &Bench, manner: Manner) -> Answer {
    let java = bench.demo();
    let answer = attach_file(java.pid(), &bench.library(manner));
    fs::remove_dir_all(format!("/tmp/.oxprobe-{}", java.pid())).unwrap();
    answer
}

#[test]
fn a_leftover_socket_does_not_keep_the_agent_out() {
    let _turn = turn();
    let java = Java::demo(&jdk("17"));
    leftover(java.pid());
    let answer = attach(java.pid());
    assert_eq!(answer.code, 0, "{answer:#?}");
}

#[test]
fn root_attaches_to_the_jvm_of_another_user() {
    let _turn = turn();
    let bench = Bench::new();
    let java = ready(Running::start(&mut bench.public.demo_as(STRANGER)));
    let answer = attach_file(java.pid(), &readable_agent(&bench));
    assert_eq!(answer.code, 0, "{answer:#?}");
    let again = Answer::of(&["attach", &java.pid().to_string()]);
    assert!(again.err.contains("already"), "{again:#?}");
}

#[test]
fn a_jvm_without_signal_handlers_is_attached_to_without_a_signal() {
    let _turn = turn();
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").vm("-Xrs").start();
    let answer = attach(java.pid());
    assert_eq!(answer.code, 0, "{answer:#?}");
}

/// A socket file at the JVM's place that nobody listens on.
fn leftover(pid: u32) -> PathBuf {
    let path = PathBuf::from(format!("/tmp/.java_pid{pid}"));
    drop(fs::remove_file(&path));
    drop(UnixListener::bind(&path).unwrap());
    path
}

fn readable_agent(bench: &Bench) -> PathBuf {
    let agent = bench.folder.path().join("liboxprobe.so");
    fs::copy(agent_library(), &agent).unwrap();
    fs::set_permissions(&agent, Permissions::from_mode(0o755)).unwrap();
    agent
}

fn ready(mut process: Running) -> Running {
    process.line("the program to be ready", |line| line == "ready");
    process
}

/// Runs `oxprobe` in the mount namespace of a process.
fn inside(pid: u32, args: &[&str]) -> Answer {
    let program = oxprobe();
    let mut command = Command::new("nsenter");
    command.args(["--mount", "--target", &pid.to_string()]).arg(program.get_program()).args(args);
    command.env("OXPROBE_AGENT", agent_library()).output().unwrap().into()
}
