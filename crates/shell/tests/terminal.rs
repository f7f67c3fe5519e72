//! A terminal over a toy host: bytes typed, and the screen a person sees.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

mod console;
mod toy;

use std::time::Duration;

use console::Console;
use model::{Field, Text};
use proptest::prelude::*;
use shell::{Event, Session, Size};
use toy::Toy;

#[test]
fn a_line_runs_and_the_prompt_comes_back() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    assert_eq!(console.lines(), ["$"]);
    console.keys("greet World\r");
    assert_eq!(console.until_last("$"), ["$ greet World", "Hello World", "$"]);
}

#[test]
fn the_welcome_stands_above_the_first_prompt() {
    let toy = Toy::new();
    let field =
        |name: &'static str, value: &'static str| Field { name: Text::from(name), value: Text::from(value) };
    let setup = shell::Setup { welcome: vec![field("pid", "42"), field("version", "1.0")], ..toy.setup() };
    let mut session = Session::terminal(toy.shell.clone(), setup);
    let Some(Event::Output(bytes)) = session.poll(1000) else { panic!("no welcome") };
    assert_eq!(String::from_utf8(bytes).unwrap(), "pid  42\r\nversion  1.0\r\n$ ");
}

#[test]
fn a_failure_is_a_line_and_carets_stand_under_what_is_wrong() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("fail\r");
    assert_eq!(console.until_last("$"), ["$ fail", "It went wrong: try another.", "$"]);
    console.keys("greet 世界 -n xy\r");
    assert_eq!(
        console.until(|lines| lines.len() == 6)[2..5],
        ["$ greet 世界 -n xy", "                ^^", "--count: `xy` is not a whole number."]
    );
}

#[test]
fn an_option_that_is_none_is_named_and_ignored() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("screen --loud\r");
    assert_eq!(console.until_last("$")[1..3], ["`screen` has no option `--loud`: it is ignored.", "80x24"]);
}

#[test]
fn keys_typed_while_a_command_runs_come_after_it() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("deaf\r").until_last("started");
    console.keys("greet qu").keys("een\rgreet k");
    toy.hear();
    console.until_last("$ greet k");
    console.keys("ing\r");
    assert_eq!(
        console.until_last("$"),
        ["$ deaf", "started", "$ greet queen", "Hello queen", "$ greet king", "Hello king", "$"]
    );
}

#[test]
fn lines_pasted_together_run_one_by_one() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("\x1b[200~greet a\ngreet b\r\ngreet c\x1b[201~");
    assert_eq!(
        console.until_last("$ greet c"),
        ["$ greet a", "Hello a", "$ greet b", "Hello b", "$ greet c"]
    );
}

#[test]
fn control_c_ends_the_command_or_the_line() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("forever\r").until_last("started");
    console.keys("\x03");
    assert_eq!(console.until_last("$"), ["$ forever", "started", "^C", "ended", "$"]);
    console.keys("half a li\x1b[D\x03");
    assert_eq!(console.lines()[4..], ["$ half a li^C", "$"]);
}

#[test]
fn q_ends_what_ends_on_q_and_nothing_else() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("forever\r").until_last("started");
    console.keys("q");
    assert_eq!(console.until_last("$"), ["$ forever", "started", "ended", "$"]);
    // Typed ahead, and a word that begins with it.
    console.keys("forever\rq");
    console.until(|lines| lines.last().is_some_and(|line| line == "$") && lines.len() >= 5);
    console.keys("deaf\r").until_last("started");
    console.keys("quit\r");
    toy.hear();
    console.until_last("Bye");
    assert!(matches!(console.until_over(), Event::Close { .. }));
}

#[test]
fn control_d_on_an_empty_line_leaves() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("ab\x01\x04");
    assert_eq!(console.lines(), ["$ b"]);
    console.keys("\x04");
    assert!(console.over.is_none());
    console.keys("\x04");
    assert!(matches!(console.over, Some(Event::Close { .. })));
}

#[test]
fn a_command_can_stop_the_agent_once_its_words_are_out() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("halt\r").until_last("Stopping");
    assert_eq!(console.until_over(), Event::StopAgent);
}

#[test]
fn a_stopping_agent_says_so_and_closes() {
    let toy = Toy::new();
    toy.shell.refuse_new_sessions();
    let console = Console::open(&toy);
    assert!(console.lines()[0].contains("stopping"));
    assert!(matches!(console.over, Some(Event::Close { .. })));
}

#[test]
fn sessions_run_beside_each_other() {
    let toy = Toy::new();
    let (mut one, mut other) = (Console::open(&toy), Console::open(&toy));
    one.keys("deaf\r").until_last("started");
    other.keys("greet you\r");
    assert_eq!(other.until_last("$")[1], "Hello you");
    toy.hear();
    one.until_last("$");
}

#[test]
fn a_session_that_goes_takes_its_command_with_it() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("forever\r").until_last("started");
    drop(console);
    assert!(toy.shell.cancel_all(Duration::from_secs(10)).is_empty());
}

#[test]
fn a_resize_reaches_the_next_command_and_the_line() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("screen");
    console.screen.screen_mut().set_size(10, 40);
    console.session.resize(Size { cols: 40, rows: 10 });
    console.keys("\r");
    assert_eq!(console.until_last("$"), ["$ screen", "40x10", "$"]);
}

#[test]
fn control_l_keeps_the_line() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("greet a\r").until_last("$");
    console.keys("scr\x0c");
    assert_eq!(console.lines(), ["$ scr"]);
    console.keys("een\r");
    assert_eq!(console.until_last("$"), ["$ screen", "80x24", "$"]);
}

#[test]
fn a_line_of_a_megabyte_is_refused_and_the_session_lives() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    let line = vec![b'x'; 1 << 20];
    console.keys(&line).keys("\r");
    assert!(console.lines().iter().any(|line| line.contains("longer than 64 KiB")));
    console.keys("greet on\r");
    console.until(|lines| lines.ends_with(&["Hello on".to_owned(), "$".to_owned()]));
}

#[test]
fn keys_of_one_who_does_not_read_take_no_memory_without_end() {
    let toy = Toy::new();
    let mut session = Session::terminal(toy.shell.clone(), toy.setup());
    for _ in 0..100 {
        session.input("nosuch\r".repeat(1_000).as_bytes());
    }
    let mut unread = 0;
    while let Some(Event::Output(bytes)) = session.poll(1 << 20) {
        unread += bytes.len();
    }
    assert!((1 << 20..2 << 20).contains(&unread), "{unread} bytes");
}

#[test]
fn too_much_typed_ahead_is_said_and_no_torn_line_runs() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("deaf\r").until_last("started");
    console.keys("greet a\r");
    console.keys(vec![b'y'; 1 << 20]);
    console.keys("\r");
    toy.hear();
    let lines = console.until(|lines| lines.ends_with(&["Hello a".to_owned(), "$".to_owned()]));
    assert!(lines.iter().any(|line| line.contains("the rest is left out")), "{lines:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_typed_the_next_line_runs(pieces in prop::collection::vec(piece(), 0..30)) {
        let toy = Toy::new();
        let mut console = Console::open(&toy);
        for piece in pieces {
            console.keys(piece);
        }
        // Ends a paste, a quoted insertion and a sequence cut short, the running command, the line.
        for keys in ["\x1b[201~", "\x03", "\x03", "\x03"] {
            console.keys(keys);
        }
        console.keys("\x01\x01\x0bgreet last\r");
        let done = |lines: &[String]| lines.iter().any(|line| line == "Hello last");
        // Below the line that runs, among what jobs in the background say.
        let waits = |lines: &[String]| {
            let line = lines.iter().rposition(|line| line.starts_with('$')).unwrap_or(0);
            lines.iter().skip(line).any(|line| line == "started")
        };
        // Lines typed ahead run one after the other: some run until they are interrupted.
        while !done(&console.until(|lines| done(lines) || waits(lines))) {
            console.keys("\x03");
        }
    }
}

/// What people and programs send, the end of input left out.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "greet a\r",
        "gr\t",
        "find de\t",
        "fi \t\t",
        "forever\r",
        "q",
        "\r",
        "\r\n",
        "\x03",
        "\x0c",
        "\x1b[A",
        "\x1b[B",
        "\x1b[200~",
        "\x1b[201~",
        "\x1b",
        "\x15",
        "世界",
        "'",
        "\"",
        "|",
        "screen &\r",
        "panics\r",
        "nosuch\r",
        "\x1b[2~",
    ]);
    let bytes = prop::collection::vec(any::<u8>().prop_filter("end of input", |byte| *byte != 4), 0..6);
    prop_oneof![4 => words.prop_map(|word| word.as_bytes().to_vec()), 1 => bytes]
}

mod completion {
    use super::*;

    fn typed(keys: &str) -> String {
        let toy = Toy::new();
        *toy.outside.classes.lock().unwrap() =
            ["demo.MathGame", "demo.MathTable", "demo.sub.One", "demons.Two", "org.Solo"]
                .map(str::to_owned)
                .to_vec();
        let mut console = Console::open(&toy);
        console.keys(keys).keys("|");
        console.until(|lines| lines.last().is_some_and(|line| line.ends_with('|')));
        console.lines().last().unwrap().trim_end_matches('|').trim_start_matches("$ ").to_owned()
    }

    #[test]
    fn what_is_clear_is_inserted() {
        for (keys, line) in [
            ("gree\t", "greet "),
            ("gr\t", "gre"),
            ("greet x | gr\t", "greet x | grep "),
            ("greet x | p\t", "greet x | plaintext "),
            ("greet x | grep --ig\t", "greet x | grep --ignore-case "),
            ("greet x | tee /d\t", "greet x | tee /data/"),
            ("greet x > /data/o\t", "greet x > /data/one "),
            ("greet x >> /data/one t\t", "greet x >> /data/one t"),
            ("look org.Solo ret\t", "look org.Solo returnObj "),
            ("look org.Solo par\t", "look org.Solo params"),
            ("look org.Solo {\t", "look org.Solo {params,returnObj} "),
            ("help pla\t", "help plaintext "),
            ("f\t", "f"),
            ("fi\t", "find "),
            ("hel\t", "help "),
            ("ex\t", "exit "),
            ("help gree\t", "help greet "),
            ("greet --c\t", "greet --count "),
            ("greet --lo\t", "greet --loud "),
            ("find --order=si\t", "find --order=SIZE "),
            ("find -o n\t", "find -o name "),
            ("find --order N\t", "find --order name "),
            ("find org\t", "find org."),
            ("find org.\t", "find org.Solo "),
            ("find org.Solo \t", "find org.Solo play "),
            ("find org.Other \t", "find org.Other "),
            ("find dem\t", "find demo"),
            ("find demo.\t", "find demo."),
            ("find demo.Math\t", "find demo.Math"),
            ("find demo.MathG\t", "find demo.MathGame "),
            ("find 'org.S\t", "find org.Solo "),
            ("nosuch x\t", "nosuch x"),
            ("greet 'a b\t", "greet 'a b"),
            ("find -o name org.S\t", "find -o name org.Solo "),
        ] {
            assert_eq!(typed(keys), line, "{keys:?}");
        }
    }

    #[test]
    fn several_are_listed_above_the_line() {
        let toy = Toy::new();
        let mut console = Console::open(&toy);
        console.keys("f\t");
        assert_eq!(console.until_last("$ f"), ["$ f", "fail     fg       find     flood    forever", "$ f"]);
        console.keys("x\x1b[D\t");
        assert_eq!(console.until_last("$ fx").len(), 5);
        console.keys("oo");
        assert_eq!(console.lines()[4], "$ foox", "the cursor is where it was");
    }

    #[test]
    fn the_numbers_of_jobs_are_offered() {
        let toy = Toy::new();
        let mut console = Console::open(&toy);
        console.keys("count &\r").until(|lines| lines.iter().any(|line| line == "started"));
        console.keys("kill \t");
        console.until_last("$ kill 1");
    }

    #[test]
    fn a_blank_shows_what_the_command_takes() {
        let toy = Toy::new();
        let mut console = Console::open(&toy);
        console.keys("greet \t");
        let lines = console.until_last("$ greet");
        assert!(lines.iter().any(|line| line.contains("greet [-n <n>] [--loud] who")), "{lines:#?}");
    }

    #[test]
    fn a_jvm_that_does_not_answer_leaves_the_prompt_usable() {
        let toy = Toy::new();
        *toy.outside.stuck.0.lock().unwrap() = true;
        let mut console = Console::open(&toy);
        console.keys("find or\tg x\r");
        console.until(|lines| lines.iter().any(|line| line.contains("Name Some(\"org\")")));
        assert_eq!(toy.shell.cancel_all(Duration::from_millis(1)), ["(completion)"]);
        *toy.outside.stuck.0.lock().unwrap() = false;
        toy.outside.stuck.1.notify_all();
        assert!(toy.shell.cancel_all(Duration::from_secs(10)).is_empty());
        console.keys("greet later\r");
        console.until(|lines| lines.iter().any(|line| line == "Hello later"));
    }
}
