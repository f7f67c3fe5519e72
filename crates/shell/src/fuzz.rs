//! Bodies for fuzzing: each takes any bytes and must neither panic nor break what it checks.

use std::sync::Arc;

use crate::edit::{Editor, Keys, Step};
use crate::history::History;
use crate::line::{Word, quoted, tokens, unfinished, words};
use crate::pipeline::pipeline;
use crate::{Arg, Bag, Group, Opt, Permission, Shape, Signature, Size};

/// Lines: every word of command and filters lies where it says, and what is quoted reads back as it was.
pub fn line(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    let _ = tokens(&line);
    let _ = unfinished(&line);
    let lies_there = |word: &Word| line.get(word.range.clone()).is_some();
    match pipeline(&line) {
        Ok(None) => {}
        Ok(Some(read)) => {
            assert!(!read.command.is_empty() && read.filters.iter().all(|words| !words.is_empty()));
            assert!(read.command.iter().chain(read.filters.iter().flatten()).all(lies_there));
        }
        Err(error) => assert!(error.at.is_none_or(|at| line.get(at).is_some())),
    }
    match words(&line) {
        Ok(words) => assert!(words.iter().all(|word| line.get(word.range.clone()).is_some())),
        Err(error) => assert!(error.at.is_none_or(|at| line.get(at).is_some())),
    }
    let again = words(&quoted(&line, true)).map(|words| words.into_iter().map(|word| word.text).collect());
    assert_eq!(again, Ok(vec![line.into_owned()]));
}

/// Options: the words of a line, sorted for a command with every kind of option.
pub fn options(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    let Ok(words) = words(&line) else { return };
    match Bag::read(&EVERY_KIND, &words) {
        Ok(bag) => {
            let _ = (bag.flag(0), bag.option::<u32>(1), bag.options::<String>(2), bag.arguments::<i64>(0));
        }
        Err(error) => assert!(error.at.is_none_or(|at| line.get(at).is_some())),
    }
}

/// Keys: any bytes at a prompt of any size. The first two bytes are the size.
pub fn keys(data: &[u8]) {
    let [cols, rows, rest @ ..] = data else { return };
    let size = Size { cols: u16::from(*cols), rows: u16::from(*rows) };
    let (mut editor, mut keys) = (Editor::new("[oxprobe@1]$ ", size, Arc::default()), Keys::default());
    let (history, mut out) = (History::default(), String::new());
    editor.begin(&mut out);
    keys.read(rest, |key| match editor.key(key, &history) {
        Step::Accept(line) => {
            history.add(&line);
            editor.leave("", &mut out);
            editor.begin(&mut out);
        }
        Step::ClearScreen => editor.clear_screen(&mut out),
        Step::Edited | Step::Complete => editor.refresh(&mut out),
        Step::TooLong | Step::Interrupt | Step::EndOfInput => editor.begin(&mut out),
    });
}

const EVERY_KIND: Signature = Signature {
    name: "every",
    aliases: &[],
    group: Group::Shell,
    summary: "",
    description: "",
    examples: &[],
    options: &[
        Opt { short: Some('f'), long: "flag", shape: None, ..Opt::NONE },
        Opt {
            short: Some('n'),
            long: "number",
            shape: Some(Shape::Integer),
            default: Some("1"),
            ..Opt::NONE
        },
        Opt { short: None, long: "names", shape: Some(Shape::Text), many: true, ..Opt::NONE },
    ],
    arguments: &[Arg {
        name: "ids",
        shape: Shape::Thread,
        required: false,
        many: true,
        default: None,
        help: "",
    }],
    permission: Permission::View,
    hidden: false,
    ends_on_q: false,
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_line_breaks_the_lexer(text in any::<String>(), typed in "[a'\"\\\\ |>&-]{0,12}") {
            super::line(text.as_bytes());
            super::line(typed.as_bytes());
        }

        #[test]
        fn no_words_break_the_options(text in "(-{0,2}(f|n|number|na|names|help|h)?=?[0-9 '-]{0,3} ?){0,6}") {
            super::options(text.as_bytes());
        }

        #[test]
        fn no_bytes_break_the_editor(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            super::keys(&bytes);
        }
    }
}
