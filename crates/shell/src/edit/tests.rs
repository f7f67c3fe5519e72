//! The editor against a terminal emulator: after any keys, the screen is the one that a terminal
//! shows which was given the prompt and the line at once.

use std::sync::Arc;

use proptest::prelude::*;
use unicode_width::UnicodeWidthChar;

use super::{Editor, Keys, Step};
use crate::Size;
use crate::history::History;

const PROMPT: &str = "[oxprobe@1]$ ";

/// An editor and the terminal it writes to.
struct Desk {
    editor: Editor,
    keys: Keys,
    history: History,
    terminal: vt100::Parser,
}

impl Desk {
    fn new(cols: u16, rows: u16) -> Self {
        let mut desk = Self {
            editor: Editor::new(PROMPT, Size { cols, rows }, Arc::default()),
            keys: Keys::default(),
            history: History::default(),
            terminal: vt100::Parser::new(rows, cols, 0),
        };
        for line in ["thread -n 3", "sysprop java.version", "thread -b", "dashboard"] {
            desk.history.add(line);
        }
        let mut out = String::new();
        desk.editor.begin(&mut out);
        desk.terminal.process(out.as_bytes());
        desk
    }

    /// Types, in one batch. Enter, Ctrl-C and the like are left out.
    fn press(&mut self, bytes: &[u8]) -> Option<Step> {
        let (mut out, mut step) = (String::new(), None);
        let mut keys = Vec::new();
        self.keys.read(bytes, |key| keys.push(key));
        for key in keys {
            step = Some(self.editor.key(key, &self.history));
        }
        self.editor.refresh(&mut out);
        self.terminal.process(out.as_bytes());
        step
    }

    fn resize(&mut self, cols: u16, rows: u16) {
        let mut out = String::new();
        self.terminal.screen_mut().set_size(rows, cols);
        self.editor.resize(Size { cols, rows }, true, &mut out);
        self.terminal.process(out.as_bytes());
    }

    fn line(&self) -> String {
        self.editor.buffer.text()
    }

    /// What stands before the line.
    fn prompt(&self) -> String {
        self.editor.search.as_ref().map_or_else(|| PROMPT.to_owned(), |search| search.prompt())
    }

    /// The rows and the cursor a terminal of this width and many rows shows for prompt and line.
    fn expected(&self, cols: u16) -> (Vec<String>, (u16, u16)) {
        let (before, line) = (self.editor.before_cursor(), self.line());
        let mut whole = vt100::Parser::new(120, cols, 0);
        whole.process(drawn(&self.prompt()).as_bytes());
        whole.process(drawn(&line).as_bytes());
        let rows: Vec<String> = whole.screen().rows(0, cols).map(|row| row.trim_end().to_owned()).collect();

        let mut part = vt100::Parser::new(120, cols, 0);
        part.process(drawn(&self.prompt()).as_bytes());
        part.process(drawn(&before).as_bytes());
        let next = line.chars().nth(before.chars().count()).unwrap_or(' ');
        let (mut row, mut col) = part.screen().cursor_position();
        if usize::from(col) + drawn(&next.to_string()).chars().next().map_or(1, |c| c.width().unwrap_or(0))
            > usize::from(cols)
        {
            (row, col) = (row + 1, 0);
        }
        (rows, (row, col))
    }

    /// The row a next character would be in.
    fn end_row(&self, cols: u16) -> u16 {
        let mut whole = vt100::Parser::new(120, cols, 0);
        whole.process(drawn(&self.prompt()).as_bytes());
        whole.process(drawn(&self.line()).as_bytes());
        whole.process(b"x");
        whole.screen().cursor_position().0
    }

    /// Compares the screen, or what of the line fits on it.
    fn check(&self) {
        let screen = self.terminal.screen();
        let (rows, cols) = screen.size();
        let (expected, (row, col)) = self.expected(cols);
        let shown: Vec<String> = screen.rows(0, cols).map(|row| row.trim_end().to_owned()).collect();
        let (at_row, at_col) = screen.cursor_position();
        let last = usize::from(self.end_row(cols)).max(usize::from(row));
        assert_eq!(at_col, col, "column of {:?} in {shown:#?}", self.line());
        let offset = usize::from(row) - usize::from(at_row).min(usize::from(row));
        if last < usize::from(rows) {
            assert_eq!(at_row, row, "row of {:?} in {shown:#?}", self.line());
        }
        for (index, row) in shown.iter().enumerate() {
            let wanted = expected.get(index + offset).map_or("", String::as_str);
            assert_eq!(row, wanted, "row {index} (from {offset}) for {:?}", self.line());
        }
    }
}

/// Control characters as the editor shows them.
fn drawn(text: &str) -> String {
    let show = |c: char| match c {
        '\0'..='\x1f' => format!("^{}", char::from(c as u8 | 0x40)),
        '\x7f' => "^?".to_owned(),
        c if c.width().is_none() => "\u{fffd}".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(show).collect()
}

/// Keys that edit, as a terminal sends them.
fn edits() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        4 => "[a-z .-]{1,12}",
        2 => "[世界键值]{1,4}",
        1 => "(e\u{301}|🦀|é|ß){1,3}",
    ];
    let sequence = prop::sample::select(vec![
        "\x1b[D",
        "\x1b[C",
        "\x1b[A",
        "\x1b[B",
        "\x1b[H",
        "\x1b[F",
        "\x1b[3~",
        "\x1b[5~",
        "\x1b[6~",
        "\x1b[2~",
        "\x1bb",
        "\x1bf",
        "\x1bd",
        "\x1b\x7f",
        "\x01",
        "\x02",
        "\x04x",
        "\x05",
        "\x06",
        "\x08",
        "\x7f",
        "\x0b",
        "\x15",
        "\x17",
        "\x18\x1b[3~",
        "\x1b[2~\x01",
        "\x1b[D\x1b[D\x1b[D",
        "\x7f\x7f\x7f",
        "\x12",
        "\x12re",
        "\x12\x12",
        "\x07",
    ]);
    prop_oneof![3 => text.prop_map(String::into_bytes), 4 => sequence.prop_map(|keys| keys.as_bytes().to_vec())]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_screen_shows_the_line(
        cols in 15u16..50, rows in 2u16..12, batches in prop::collection::vec(edits(), 1..40)
    ) {
        let mut desk = Desk::new(cols, rows);
        for batch in batches {
            desk.press(&batch);
            desk.check();
        }
    }

    #[test]
    fn any_bytes_in_any_pieces_leave_the_editor_usable(
        bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 1usize..20
    ) {
        let mut desk = Desk::new(20, 5);
        bytes.chunks(cut).for_each(|chunk| drop(desk.press(chunk)));
        // Whatever a cut-off sequence or a quoted insertion still waits for.
        desk.press(b"\x03\x1b[201~\x01\x0b");
        desk.press(b"\x01\x0bok");
        prop_assert_eq!(desk.line(), "ok");
    }
}

#[test]
fn the_usual_keys_do_the_usual_things() {
    for (keys, line, cursor) in [
        ("abc\x02X", "Xabc", 1),
        ("one two\x01\x06", "one two", 3),
        ("one two\x02\x02", "one two", 0),
        ("one two\x17", "one ", 4),
        ("one two-three\x1b\x7f", "one two-", 8),
        ("one two\x1b[D\x1b[D\x0b", "one t", 5),
        ("one two\x1b[D\x1b[D\x18\x1b[3~", "wo", 0),
        ("one two\x01\x1bd", " two", 0),
        ("abc\x1b[D\x04", "ab", 2),
        ("abc\x1b[D\x1b[3~", "ab", 2),
        ("abc\x08\x7f", "a", 1),
        ("abc def\x17\x15", "abc def", 7),
        ("abc\x15", "", 0),
        ("ab\x1b[D\x1b[C\x1b[CX", "abX", 3),
        ("\x1b[2~\x03", "\x03", 1),
        ("世界\x1b[D\x7f", "界", 0),
        ("ae\u{301}\x7f", "a", 1),
        ("ae\u{301}\x1b[D", "ae\u{301}", 1),
        ("\x1bx", "x", 1),
        ("a b\x1b[1;5Dx\x1b[1;5Cy", "a xby", 5),
    ] {
        let mut desk = Desk::new(40, 5);
        desk.press(keys.as_bytes());
        assert_eq!((desk.line().as_str(), desk.editor.buffer.cursor()), (line, cursor), "{keys:?}");
        desk.check();
    }
}

#[test]
fn history_is_searched_by_what_was_typed() {
    let mut desk = Desk::new(40, 5);
    desk.press(b"th\x1b[A");
    assert_eq!(desk.line(), "thread -b");
    desk.press(b"\x1b[A");
    assert_eq!(desk.line(), "thread -n 3");
    desk.press(b"\x1b[A");
    assert_eq!(desk.line(), "thread -n 3", "there is no older one");
    desk.press(b"\x1b[B\x1b[B");
    assert_eq!(desk.line(), "th", "back to what was typed");
    desk.press(b"\x01\x0b\x1b[5~");
    assert_eq!(desk.line(), "thread -n 3", "the oldest");
    desk.press(b"\x1b[6~");
    assert_eq!(desk.line(), "");
    desk.press(b"\x1b[A\x1b[A\x1b[A");
    assert_eq!(desk.line(), "sysprop java.version");
}

#[test]
fn history_is_searched_while_typing() {
    let mut desk = Desk::new(60, 5);
    for (keys, line, prompt) in [
        ("kept\x12", "kept", "(reverse-i-search)`': "),
        ("rea", "thread -b", "(reverse-i-search)`rea': "),
        ("\x12", "thread -n 3", "(reverse-i-search)`rea': "),
        ("\x12", "thread -n 3", "(failed reverse-i-search)`rea': "),
        ("\x7f\x7f\x7fjava", "sysprop java.version", "(reverse-i-search)`java': "),
        ("\x07", "kept", PROMPT),
        ("\x12dash", "dashboard", "(reverse-i-search)`dash': "),
        ("\x1b[D\x7f", "dashboad", PROMPT),
    ] {
        desk.press(keys.as_bytes());
        assert_eq!((desk.line().as_str(), desk.prompt().as_str()), (line, prompt), "{keys:?}");
        desk.check();
    }
    assert_eq!(desk.press(b"\x12zz\x12\r"), Some(Step::Accept("dashboad".to_owned())), "nothing was found");
}

#[test]
fn the_line_follows_a_change_of_size() {
    let mut desk = Desk::new(40, 8);
    desk.press("thread 世界 and a tail that is long enough to wrap".as_bytes());
    desk.check();
    for (cols, rows) in [(25, 8), (60, 8), (17, 8), (40, 4), (40, 12)] {
        desk.press(b"\x01");
        desk.resize(cols, rows);
        desk.press(b"\x05!");
        let screen = desk.terminal.screen();
        let (_, (_, col)) = desk.expected(cols);
        assert_eq!(screen.cursor_position().1, col, "{cols} columns");
        assert!(screen.contents().contains("enough"), "{}", screen.contents());
    }
}

#[test]
fn a_line_that_is_too_long_is_not_run() {
    let mut desk = Desk::new(80, 24);
    let huge = "x".repeat(1 << 20);
    assert_eq!(desk.press((huge + "\r").as_bytes()), Some(Step::TooLong));
}

#[test]
fn a_line_of_the_greatest_length_is_edited_quickly() {
    let mut desk = Desk::new(80, 24);
    let long = "x".repeat(64 * 1024);
    desk.press(long.as_bytes());
    desk.check_cursor_row();
    assert_eq!(desk.press(b"\r"), Some(Step::Accept(long)));
}

impl Desk {
    fn check_cursor_row(&self) {
        assert_eq!(self.terminal.screen().cursor_position().0, 23);
    }
}
