//! The local socket, with real clients: sessions, flow control, and peers that misbehave.

mod support;

use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use support::peer::{Peer, hello};
use support::{Agent, settled, until};
use transports::{Gathered, Options, Sources};
use wire::{Configure, MAX_PAYLOAD, Message, Mode, Resize, TakeOver, Version, Window};

fn options(argument: &str) -> Options {
    let nothing = Sources {
        environment: &|_| None,
        property: &|_| None,
        file: &|_| Err(std::io::ErrorKind::NotFound.into()),
    };
    let Gathered { options, problems } = Options::gather(argument, &nothing);
    assert_eq!(problems, Vec::<String>::new());
    options
}

const SECONDS: Duration = Duration::from_secs(10);

#[test]
fn a_command_line_gives_text_or_json_and_its_status() {
    let agent = Agent::start("exec", options("nonce=abc"));
    let (mut peer, theirs) = Peer::hello(&agent.path);
    assert_eq!(theirs.nonce.as_deref(), Some("abc"));
    assert_eq!(theirs.pid, Some(42));
    peer.exec(1, "greet", false, 1 << 20);
    let (text, done) = peer.finish(1);
    assert_eq!((text.as_str(), done.status), ("hello from local\n", 0));
    peer.exec(2, "greet", true, 1 << 20);
    let (text, done) = peer.finish(2);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains(r#""type":"line""#) && lines[0].contains("hello from local"), "{text}");
    assert!(lines[1].contains(r#""type":"status""#) && lines[1].contains(r#""statusCode":0"#), "{text}");
    assert_eq!(done.status, 0);
    peer.exec(3, "nonsense", false, 1 << 20);
    let (text, done) = peer.finish(3);
    assert_ne!(done.status, 0);
    assert!(format!("{text}{done:?}").contains("nonsense"));
}

#[test]
fn a_terminal_has_a_prompt_takes_keys_and_is_closed_by_its_command() {
    let agent = Agent::start("terminal", options(""));
    let (mut peer, _) = Peer::hello(&agent.path);
    peer.open(7, Mode::Terminal, 1 << 20);
    let mut screen = String::new();
    let mut typed = 0;
    loop {
        let frame = peer.receive().unwrap();
        match frame.message {
            Message::Output(bytes) => screen.push_str(&String::from_utf8(bytes).unwrap()),
            Message::Close => break,
            other => panic!("{other:?}"),
        }
        let prompts = screen.matches("[oxprobe@42]$ ").count();
        if typed == 0 && prompts > 0 {
            peer.send(7, Message::Resize(Resize { cols: 0, rows: 0 }));
            peer.send(7, Message::Input(b"greet\r".to_vec()));
            typed = 1;
        } else if typed == 1 && screen.contains("hello from local\r\n") {
            peer.send(7, Message::Input(b"bye\r".to_vec()));
            typed = 2;
        }
    }
    assert_eq!(typed, 2);
}

#[test]
fn output_stays_within_the_window_and_goes_on_with_credit() {
    let agent = Agent::start("window", options(""));
    let (mut peer, _) = Peer::hello(&agent.path);
    peer.exec(1, "flood 100", false, 1000);
    let mut got = 0;
    let mut take = |peer: &mut Peer, wanted: usize| {
        while got < wanted {
            match peer.receive().unwrap().message {
                Message::Output(bytes) => got += bytes.len(),
                other => panic!("{other:?}"),
            }
        }
        got
    };
    assert_eq!(take(&mut peer, 1000), 1000);
    // Another session's whole life passes without a byte of the first.
    peer.exec(2, "greet", false, 1000);
    assert_eq!(peer.finish(2).1.status, 0);
    peer.send(1, Message::Window(Window { bytes: 500 }));
    assert_eq!(take(&mut peer, 1500), 1500);
    peer.exec(3, "greet", false, 1000);
    assert_eq!(peer.finish(3).1.status, 0);
    peer.send(1, Message::Window(Window { bytes: u64::MAX }));
    let (rest, done) = peer.finish(1);
    assert_eq!((rest.len(), done.status), (8500, 0));
}

#[test]
fn a_peer_that_does_not_read_holds_little_and_hinders_nobody() {
    let agent = Agent::start("slow", options(""));
    let (mut slow, _) = Peer::hello(&agent.path);
    slow.exec(1, "flood 1000000", false, u64::MAX);
    let emitted = settled("the flood", || agent.toy.emitted.load(Ordering::SeqCst));
    assert!(emitted < 2 * 1024 * 1024, "{emitted} bytes were taken from a command nobody reads");
    let (mut other, _) = Peer::hello(&agent.path);
    other.exec(1, "greet", false, 1000);
    assert_eq!(other.finish(1).1.status, 0);
    drop(slow);
    until("the flood is cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 1);
}

#[test]
fn a_reader_gets_a_flood_whole() {
    let agent = Agent::start("flood", options(""));
    let (mut peer, _) = Peer::hello(&agent.path);
    peer.exec(1, "flood 100000", false, u64::MAX);
    let (text, done) = peer.finish(1);
    assert_eq!((text.len(), done.status), (10_000_000, 0));
}

#[test]
fn an_interrupt_and_a_lost_connection_cancel_the_command() {
    let agent = Agent::start("cancel", options(""));
    let (mut peer, _) = Peer::hello(&agent.path);
    peer.exec(1, "wait", false, 1000);
    assert!(matches!(peer.receive().unwrap().message, Message::Output(_)));
    peer.send(1, Message::Interrupt);
    assert_ne!(peer.finish(1).1.status, 0);
    assert_eq!(agent.toy.cancelled.load(Ordering::SeqCst), 1);
    peer.exec(2, "wait", false, 1000);
    assert!(matches!(peer.receive().unwrap().message, Message::Output(_)));
    drop(peer);
    until("the second is cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 2);
}

#[test]
fn what_is_no_oxprobe_client_gets_a_sentence_and_the_end() {
    let agent = Agent::start("garbage", options(""));
    let mut too_long = (MAX_PAYLOAD as u32 + 6).to_be_bytes().to_vec();
    too_long.extend([5, 0, 0, 0, 1]);
    let malformed = [0, 0, 0, 6, 1, 0, 0, 0, 0, b'{'];
    let no_hello = [0, 0, 0, 5, 7, 0, 0, 0, 1];
    for (bytes, fragment) in [
        (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], "longer than"),
        (&too_long, "longer than"),
        (&[0, 0, 0, 1, 9], "too short"),
        (&malformed, "Hello frame is malformed"),
        (&no_hello, "first frame must be Hello"),
    ] {
        let mut peer = Peer::connect(&agent.path);
        peer.stream.write_all(bytes).unwrap();
        let sentence = peer.refusal();
        assert!(sentence.contains(fragment), "{sentence}");
    }
    let mut peer = Peer::connect(&agent.path);
    peer.send(0, Message::Hello(hello(Version { major: 9, minor: 3 })));
    let sentence = peer.refusal();
    assert!(sentence.contains("9.3") && sentence.contains("1.0"), "{sentence}");

    let (mut fine, _) = Peer::hello(&agent.path);
    fine.exec(1, "greet", false, 1000);
    assert_eq!(fine.finish(1).1.status, 0);
}

#[test]
fn garbage_after_hello_ends_that_connection_only() {
    let agent = Agent::start("later", options(""));
    let (mut fine, _) = Peer::hello(&agent.path);
    let (mut bad, _) = Peer::hello(&agent.path);
    bad.exec(1, "wait", false, 1000);
    assert!(matches!(bad.receive().unwrap().message, Message::Output(_)));
    bad.stream.write_all(&[255; 64]).unwrap();
    assert!(bad.refusal().contains("longer than"));
    until("its command is cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 1);
    fine.exec(1, "greet", false, 1000);
    assert_eq!(fine.finish(1).1.status, 0);
}

#[test]
fn who_says_nothing_is_asked_to_go() {
    let agent = Agent::start("mute", options(""));
    let mut mute = Peer::connect(&agent.path);
    assert!(mute.refusal().contains("no hello"));
}

#[test]
fn clients_and_sessions_are_limited() {
    let agent = Agent::start("limits", options(""));
    let (mut busy, _) = Peer::hello(&agent.path);
    for id in 1..=256 {
        busy.open(id, Mode::Terminal, 0);
    }
    busy.open(257, Mode::Terminal, 0);
    busy.open(1, Mode::Terminal, 0);
    busy.open(0, Mode::Terminal, 0);
    let mut refusals = Vec::new();
    while refusals.len() < 3 {
        let frame = busy.receive().unwrap();
        if let Message::Refused(refused) = frame.message {
            refusals.push((frame.session, refused.message));
        }
    }
    assert!(refusals[0].0 == 257 && refusals[0].1.contains("limit"), "{refusals:?}");
    assert!(refusals[1].0 == 1 && refusals[2].0 == 0, "{refusals:?}");
    busy.send(5, Message::Close);
    busy.exec(258, "greet", false, 1000);
    assert_eq!(busy.finish(258).1.status, 0);

    let _crowd: Vec<Peer> = (0..63).map(|_| Peer::hello(&agent.path).0).collect();
    assert!(Peer::connect(&agent.path).refusal().contains("limit"));
}

#[test]
fn the_log_and_the_options_can_be_asked_and_changed() {
    let agent = Agent::start("configure", options("nonce=old"));
    agent.journal.say("INFO", "a line to find");
    let (mut peer, _) = Peer::hello(&agent.path);
    peer.send(0, Message::Log);
    let Message::LogLines(log) = peer.receive().unwrap().message else { panic!() };
    assert!(!log.more && log.lines.iter().any(|line| line.contains("a line to find")), "{log:?}");

    let options = [("nonce", "new"), ("disabled-commands", "greet"), ("tunel-url", "x")];
    let options = options.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    peer.send(0, Message::Configure(Configure { options }));
    let Message::Configured(configured) = peer.receive().unwrap().message else { panic!() };
    assert_eq!(configured.problems.len(), 1);
    assert!(configured.problems[0].contains("tunel-url"), "{configured:?}");
    peer.exec(1, "greet", false, 1000);
    assert_ne!(peer.finish(1).1.status, 0);
    assert_eq!(Peer::hello(&agent.path).1.nonce.as_deref(), Some("new"));
}

#[test]
fn a_command_that_stops_the_agent_gets_its_words_out_and_nothing_stays() {
    let mut agent = Agent::start("halt", options(""));
    let (mut waiting, _) = Peer::hello(&agent.path);
    waiting.exec(1, "wait", false, 1000);
    assert!(matches!(waiting.receive().unwrap().message, Message::Output(_)));
    let (mut peer, _) = Peer::hello(&agent.path);
    peer.exec(1, "halt", false, 1000);
    let (text, done) = peer.finish(1);
    assert_eq!((text.as_str(), done.status), ("stopping now\n", 0));
    while peer.receive().is_some() {}
    agent.join();
    assert!(agent.tore_down());
    assert_eq!(agent.toy.cancelled.load(Ordering::SeqCst), 1);
    assert!(!agent.path.parent().unwrap().exists());

    let again = agent.start_beside(options(""), "1.2.3");
    let (mut peer, _) = Peer::hello(&again.path);
    peer.exec(1, "greet", false, 1000);
    assert_eq!(peer.finish(1).1.status, 0);
}

#[test]
fn a_newer_copy_takes_over_and_an_equal_one_leaves_its_options() {
    let mut old = Agent::start("copies", options("nonce=first"));
    drop(Peer::hello(&old.path));
    let mut equal = old.start_beside(options("nonce=second"), "1.2.3");
    equal.join();
    until("the options are taken", SECONDS, || Peer::hello(&old.path).1.nonce.as_deref() == Some("second"));

    let newer = old.start_beside(options(""), "2.0.0");
    old.join();
    assert!(old.tore_down());
    assert_eq!(Peer::hello(&newer.path).1.product, "2.0.0");
}

#[test]
fn take_over_is_answered_when_everything_is_given_back() {
    let mut agent = Agent::start("takeover", options(""));
    let (mut peer, _) = Peer::hello(&agent.path);
    peer.send(0, Message::TakeOver(TakeOver { product: "2.0.0".into() }));
    let Message::Done(done) = peer.receive().unwrap().message else { panic!() };
    assert_eq!((done.status, done.message), (0, None));
    assert!(agent.tore_down());
    assert!(!agent.path.exists());
    agent.join();
}

#[test]
fn the_jvms_death_removes_the_socket_at_once() {
    let mut agent = Agent::start("death", options(""));
    let (mut peer, _) = Peer::hello(&agent.path);
    agent.handle.vm_death();
    assert!(!agent.path.exists());
    agent.join();
    assert_eq!(peer.receive(), None);
    assert!(!agent.tore_down(), "nothing of a dying JVM is touched");
}
