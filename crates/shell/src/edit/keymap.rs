//! Which key does what: the usual, and what an `inputrc` changes.
//!
//! A line `"\C-a": beginning-of-line` binds a key or a sequence of two. Which bytes are one key is known
//! to [`super::keys`] alone: a binding is read by typing it.

use super::keys::{Key, Keys};

/// What a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Start,
    End,
    CharLeft,
    CharRight,
    WordLeft,
    WordRight,
    Older,
    Newer,
    Oldest,
    Newest,
    SearchOlder,
    Accept,
    Complete,
    DeleteLeft,
    DeleteRight,
    KillWordLeft,
    KillToBlankLeft,
    KillWordRight,
    KillToStart,
    KillToEnd,
    Undo,
    InsertNext,
    ClearScreen,
}

/// The names of actions, the one that is shown first, and what they do.
const ACTIONS: &[(Action, &[&str], &str)] = &[
    (Action::Start, &["beginning-of-line"], "Go to the start of the line"),
    (Action::End, &["end-of-line"], "Go to the end of the line"),
    (Action::CharLeft, &["backward-char"], "Go a character back"),
    (Action::CharRight, &["forward-char"], "Go a character on"),
    (Action::WordLeft, &["backward-word"], "Go a word back"),
    (Action::WordRight, &["forward-word"], "Go a word on"),
    (Action::Older, &["history-search-backward", "previous-history"], "An older line that begins so"),
    (Action::Newer, &["history-search-forward", "next-history"], "A newer line that begins so"),
    (Action::Oldest, &["beginning-of-history"], "The oldest line"),
    (Action::Newest, &["end-of-history"], "Back to what was typed"),
    (Action::SearchOlder, &["reverse-search-history"], "Search older lines while typing"),
    (Action::Accept, &["accept-line"], "Run the line"),
    (Action::Complete, &["complete"], "Complete the word"),
    (Action::DeleteLeft, &["backward-delete-char"], "Delete the character before the cursor"),
    (Action::DeleteRight, &["delete-char"], "Delete the character under the cursor"),
    (Action::KillWordLeft, &["backward-kill-word"], "Delete letters and digits back to the word's start"),
    (Action::KillToBlankLeft, &["backward-delete-word", "unix-word-rubout"], "Delete back to the last blank"),
    (Action::KillWordRight, &["kill-word"], "Delete to the word's end"),
    (Action::KillToStart, &["backward-kill-line", "unix-line-discard"], "Delete to the start of the line"),
    (Action::KillToEnd, &["kill-line"], "Delete to the end of the line"),
    (Action::Undo, &["undo"], "Take the last change back"),
    (Action::InsertNext, &["quoted-insert"], "Insert the next key as it is"),
    (Action::ClearScreen, &["clear-screen"], "Empty the screen"),
];

/// The usual keys, Arthas's first.
const USUAL: &[(&str, Action)] = &[
    (r"\C-a", Action::Start),
    (r"\C-e", Action::End),
    (r"\C-f", Action::WordRight),
    (r"\C-b", Action::WordLeft),
    (r"\e[D", Action::CharLeft),
    (r"\e[C", Action::CharRight),
    (r"\e[A", Action::Older),
    (r"\e[B", Action::Newer),
    (r"\C-h", Action::DeleteLeft),
    (r"\C-?", Action::DeleteLeft),
    (r"\C-u", Action::Undo),
    (r"\C-d", Action::DeleteRight),
    (r"\C-k", Action::KillToEnd),
    (r"\C-i", Action::Complete),
    (r"\C-j", Action::Accept),
    (r"\C-m", Action::Accept),
    (r"\C-w", Action::KillToBlankLeft),
    (r"\C-x\e[3~", Action::KillToStart),
    (r"\e\C-?", Action::KillWordLeft),
    (r"\e[1~", Action::Start),
    (r"\e[4~", Action::End),
    (r"\e[7~", Action::Start),
    (r"\e[8~", Action::End),
    (r"\eOH", Action::Start),
    (r"\eOF", Action::End),
    (r"\e[H", Action::Start),
    (r"\e[F", Action::End),
    (r"\e[5~", Action::Oldest),
    (r"\e[6~", Action::Newest),
    (r"\e[3~", Action::DeleteRight),
    (r"\e[2~", Action::InsertNext),
    (r"\C-r", Action::SearchOlder),
    (r"\C-l", Action::ClearScreen),
    (r"\ef", Action::WordRight),
    (r"\eb", Action::WordLeft),
    (r"\ed", Action::KillWordRight),
    (r"\e[1;5C", Action::WordRight),
    (r"\e[1;5D", Action::WordLeft),
];

/// A row of the `keymap` command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The keys, as an `inputrc` has them.
    pub keys: String,
    /// The name of what they do.
    pub name: &'static str,
    /// The same in a few words.
    pub description: &'static str,
}

/// All bindings; of two for the same keys the later counts.
#[derive(Clone, Debug)]
pub(crate) struct Keymap {
    bound: Vec<(String, Vec<Key>, Action)>,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut keymap = Self { bound: Vec::new() };
        for (keys, action) in USUAL {
            keymap.bound.extend(typed(keys).map(|read| ((*keys).to_owned(), read, *action)));
        }
        keymap
    }
}

impl Keymap {
    /// The usual, changed by the lines of `inputrc` files, later ones last. What cannot be read comes
    /// back, a sentence each.
    pub(crate) fn read<'t>(files: impl IntoIterator<Item = &'t str>) -> (Self, Vec<String>) {
        let (mut keymap, mut problems) = (Self::default(), Vec::new());
        for (number, line) in files.into_iter().flat_map(|text| (1..).zip(text.lines())) {
            let line = line.trim();
            // Comments, conditions and variables are other programs'.
            if line.is_empty() || line.starts_with(['#', '$']) || line.starts_with("set ") {
                continue;
            }
            match binding(line) {
                Ok((keys, read, action)) => {
                    keymap.bound.retain(|(_, bound, _)| *bound != read);
                    keymap.bound.push((keys, read, action));
                }
                Err(why) => problems.push(format!("line {number} of inputrc is left out: {why}")),
            }
        }
        (keymap, problems)
    }

    /// What a key does, perhaps behind another.
    pub(crate) fn action(&self, before: Option<Key>, key: Key) -> Option<Action> {
        let keys = before.into_iter().chain([key]);
        self.bound.iter().find(|(_, bound, _)| keys.clone().eq(bound.iter().copied())).map(|bound| bound.2)
    }

    /// Whether a key is the first of two.
    pub(crate) fn begins(&self, key: Key) -> bool {
        self.bound.iter().any(|(_, bound, _)| bound.len() == 2 && bound.first() == Some(&key))
    }

    pub(crate) fn bindings(&self) -> Vec<Binding> {
        let row = |(keys, _, action): &(String, Vec<Key>, Action)| {
            let (_, names, description) = ACTIONS.iter().find(|(one, ..)| one == action)?;
            Some(Binding { keys: keys.clone(), name: names.first()?, description })
        };
        self.bound.iter().filter_map(row).collect()
    }
}

/// `"\C-a": beginning-of-line` or `Control-a: beginning-of-line`.
fn binding(line: &str) -> Result<(String, Vec<Key>, Action), String> {
    let (keys, name) = match line.strip_prefix('"') {
        Some(rest) => {
            let end = closing_quote(rest).ok_or("the quote is never closed")?;
            (rest.get(..end).unwrap_or_default().to_owned(), rest.get(end + 1..).unwrap_or_default())
        }
        None => {
            let (keys, rest) = line.split_once(':').ok_or("it has no colon")?;
            let keys = keys.trim().replace("Control-", r"\C-").replace("Meta-", r"\M-");
            (keys, line.get(line.len() - rest.len() - 1..).unwrap_or_default())
        }
    };
    let name = name.trim_start().strip_prefix(':').ok_or("a colon must follow the keys")?.trim();
    let action = ACTIONS.iter().find(|(_, names, _)| names.contains(&name));
    let (action, ..) = action.ok_or_else(|| format!("there is no action `{name}`; `keymap` lists them"))?;
    let read = typed(&keys).ok_or_else(|| format!("`{keys}` is not one key, or a key behind another"))?;
    match read.first() {
        Some(Key::Char(_)) => Err(format!("`{keys}` begins with a character that is typed")),
        _ => Ok((keys, read, *action)),
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// The one or two keys that these keystrokes are.
fn typed(keys: &str) -> Option<Vec<Key>> {
    let (mut parser, mut read) = (Keys::default(), Vec::new());
    parser.read(unescaped(keys)?.as_bytes(), |key| read.push(key));
    (1..=2).contains(&read.len()).then_some(read)
}

/// The bytes a sequence stands for: `\C-x`, `\M-x`, `\e` and the usual escapes.
fn unescaped(keys: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..)?;
        if c != '\\' {
            out.push(c);
            continue;
        }
        if let Some(of) = rest.strip_prefix("C-") {
            let letter = of.chars().next()?;
            out.push(match letter {
                '?' => '\x7f',
                '@'..='\x7f' => char::from(u8::try_from(letter).ok()? & 0x1f),
                _ => return None,
            });
            rest = of.get(1..)?;
        } else if let Some(of) = rest.strip_prefix("M-") {
            out.push('\x1b');
            rest = of;
        } else {
            let escaped = rest.chars().next()?;
            out.push(match escaped {
                'e' => '\x1b',
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                'b' => '\x08',
                'd' => '\x7f',
                '\\' | '"' | '\'' => escaped,
                _ => return None,
            });
            rest = rest.get(escaped.len_utf8()..)?;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_key_is_bound_and_every_action_has_a_name() {
        let keymap = Keymap::default();
        assert_eq!(keymap.bindings().len(), USUAL.len());
        for (_, action) in USUAL {
            assert!(ACTIONS.iter().any(|(one, ..)| one == action), "{action:?}");
        }
    }

    #[test]
    fn a_file_changes_what_it_names() {
        let file = "# mine\n$if arthas\nset bell none\n\n\"\\C-u\": backward-kill-line\nControl-t: undo\n\
                    \"\\M-u\" : unix-line-discard\n\"\\C-x\\C-u\":undo\n";
        let (keymap, problems) = Keymap::read([file, "\"\\C-t\": complete"]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(keymap.action(None, Key::Ctrl('u')), Some(Action::KillToStart));
        assert_eq!(keymap.action(None, Key::Ctrl('t')), Some(Action::Complete), "the later file counts");
        assert_eq!(keymap.action(None, Key::Alt('u')), Some(Action::KillToStart));
        assert_eq!(keymap.action(Some(Key::Ctrl('x')), Key::Ctrl('u')), Some(Action::Undo));
        assert!(keymap.begins(Key::Ctrl('x')) && !keymap.begins(Key::Ctrl('u')));
        assert_eq!(keymap.action(None, Key::Ctrl('a')), Some(Action::Start), "the rest stays");
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_line() {
        let file = "\"\\C-a: undo\n\"\\C-a\" undo\nnothing\n\"\\C-a\": dance\n\"x\": undo\n\"\\q\": undo\n\"\\C-a\\C-b\\C-c\": undo";
        let (keymap, problems) = Keymap::read([file]);
        assert_eq!(problems.len(), 7, "{problems:#?}");
        assert!(problems[3].contains("line 4") && problems[3].contains("`dance`"), "{problems:#?}");
        assert_eq!(keymap.bindings(), Keymap::default().bindings());
    }
}
