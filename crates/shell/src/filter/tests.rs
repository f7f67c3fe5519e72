//! What comes out of a row of filters, also beside the `grep` and `wc` of this machine.

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::{Chain, find};
use crate::pipeline::pipeline;

const TEXT: &str = "one\ntwo\n\x1b[1mthree\x1b[0m  \nfour\nTHREE and three\nsix\nseven\n";

fn chain(filters: &str) -> Result<Chain, String> {
    let read = pipeline(&format!("x {filters}")).unwrap().unwrap();
    let made = read.filters.iter().map(|words| find(&words[0].text).unwrap().make(&words[1..]));
    made.collect::<Result<_, _>>().map(Chain::new).map_err(|error| error.message)
}

/// The text that comes out, however it goes in.
fn through(filters: &str, text: &str) -> String {
    let run = |pieces: &[&str]| {
        let mut chain = chain(filters).unwrap();
        let mut out: String = pieces.iter().map(|piece| chain.pass((*piece).to_owned()).unwrap()).collect();
        out.push_str(&chain.end().unwrap());
        out
    };
    let whole = run(&[text]);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let halves = [
        &text[..text.floor_char_boundary(text.len() / 2)],
        &text[text.floor_char_boundary(text.len() / 2)..],
    ];
    assert_eq!(run(&lines), whole, "{filters}: a cut between results makes no difference");
    assert_eq!(run(&halves), whole, "{filters}: a cut within a line makes no difference");
    whole
}

#[test]
fn lines_are_found_over_the_whole_output() {
    for (filters, out) in [
        ("| grep t", "two\n\x1b[1mthree\x1b[0m\nTHREE and three\n"),
        ("| grep -v e", "two\nfour\nsix\n"),
        ("| grep -n three", "3:\x1b[1mthree\x1b[0m\n5:THREE and three\n"),
        ("| grep -ni THREE", "3:\x1b[1mthree\x1b[0m\n5:THREE and three\n"),
        ("| grep -e ^three$ --trim-end false", ""),
        ("| grep -e '^three *$' --trim-end false", "\x1b[1mthree\x1b[0m  \n"),
        ("| grep -c three", "2\n"),
        ("| grep -c -m 1 three", "1\n"),
        ("| grep -m 1 three", "\x1b[1mthree\x1b[0m\n"),
        ("| grep -m 1 -A 2 two", "two\n\x1b[1mthree\x1b[0m\nfour\n"),
        ("| grep -n -B 1 -A 1 four", "3:\x1b[1mthree\x1b[0m\n4:four\n5:THREE and three\n"),
        ("| grep -C 1 seven", "six\nseven\n"),
        ("| grep -C 1 -B 2 seven", "THREE and three\nsix\nseven\n"),
        ("| grep nothing", ""),
        ("| plaintext | grep -e 'three$'", "three\nTHREE and three\n"),
        ("| wc -l", "7\n"),
        ("| grep e | wc --lines", "4\n"),
        ("| tee | grep six", "six\n"),
    ] {
        assert_eq!(through(filters, TEXT), out, "{filters}");
    }
}

#[test]
fn what_a_filter_cannot_do_is_said() {
    for (filters, said) in [
        ("| wc", "`wc` counts lines only"),
        ("| grep", "`grep` needs `pattern`"),
        ("| grep -e '('", "This is no regular expression"),
        ("| grep -A x y", "--after-context: `x` is not a whole number"),
    ] {
        let error = chain(filters).err().unwrap_or_default();
        assert!(error.starts_with(said), "{filters}: {error}");
    }
}

#[test]
fn a_filter_that_has_enough_says_so() {
    let mut chain = chain("| grep -m 2 -A 1 t").unwrap();
    for (line, sated) in [("one", false), ("two", false), ("three", false), ("four", true)] {
        chain.pass(format!("{line}\n")).unwrap();
        assert_eq!(chain.is_sated(), sated, "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    /// Numbering and context are the right thing, which is what the system's `grep` does.
    #[test]
    fn the_systems_grep_finds_the_same(
        lines in prop::collection::vec("[ab]{0,2}", 0..12),
        flags in prop::sample::subsequence(vec!["-v", "-n", "-i", "-m 1", "-m 2", "-c"], 0..4),
        (before, after) in (0usize..3, 0usize..3),
    ) {
        prop_assume!(!(flags.contains(&"-m 1") && flags.contains(&"-m 2")));
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let flags = format!("{} -B {before} -A {after}", flags.join(" "));
        // Theirs marks context with a `-` and groups with a line of their own, and ends in the context
        // where the next line would be found.
        let theirs = grep(&format!("{flags} --no-group-separator"), &text);
        let theirs: String = theirs.lines().map(|line| {
            let digits = line.bytes().take_while(u8::is_ascii_digit).count();
            match line.get(digits..).and_then(|rest| rest.strip_prefix('-')) {
                Some(rest) if digits > 0 => format!("{}:{rest}\n", &line[..digits]),
                _ => format!("{line}\n"),
            }
        }).collect();
        prop_assert_eq!(through(&format!("| grep {flags} a"), &text), theirs);
    }
}

fn grep(flags: &str, text: &str) -> String {
    let mut child = Command::new("grep")
        .args(flags.split_whitespace())
        .arg("a")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}
