//! What Tab does: which word is being typed, what it can become, and what is shown.
//!
//! What the declarations know is answered at once. What the JVM knows becomes a [`Question`] that a
//! thread of its own answers.

use model::{Layout, Text};
use unicode_width::UnicodeWidthStr;

use crate::line::{Unfinished, quoted, unfinished};
use crate::scan::scan;
use crate::shell::Shell;
use crate::{Arg, Asked, Opt, Shape, Signature};

/// How many names are shown at most.
const LISTED: usize = 400;

/// What Tab leads to.
#[derive(Debug, PartialEq)]
pub(crate) enum Completion {
    /// Nothing is known.
    Nothing,
    /// The line from byte `from` to the cursor becomes `text`.
    Insert { from: usize, text: String },
    /// Several are possible.
    List(Vec<String>),
    /// Nothing was typed yet: what the command takes.
    Usage(&'static Signature),
}

/// What Tab leads to, or whom to ask.
#[derive(Debug, PartialEq)]
pub(crate) enum Plan {
    Now(Completion),
    Ask(Question),
}

/// What the JVM must be asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    pub(crate) shape: Shape,
    /// What the values begin with.
    pub(crate) prefix: String,
    /// The class that stands before a method, the bean before an attribute.
    class: Option<String>,
    from: usize,
    signature: &'static Signature,
}

/// What can be done about the line up to the cursor.
pub(crate) fn plan(shell: &Shell, line: &str) -> Plan {
    let Unfinished { before, last } = unfinished(line);
    let from = last.range.start;
    let Some((name, words)) = before.split_first() else {
        return Plan::Now(choose(from, &last.text, command_names(shell, &last.text), End::Blank));
    };
    let Some(signature) = shell.find(&name.text).map(|command| command.signature) else {
        return Plan::Now(Completion::Nothing);
    };
    let Ok(scan) = scan(signature, words) else { return Plan::Now(Completion::Nothing) };
    if let Some(open) = scan.open {
        return match signature.options.get(open.option).and_then(|option| option.shape) {
            Some(shape) => value(shell, signature, shape, from, &last.text),
            None => Plan::Now(Completion::Nothing),
        };
    }
    if !scan.only_arguments && last.text.starts_with('-') {
        return option(shell, signature, from, &last.text);
    }
    match argument(signature, scan.arguments.len()) {
        Some(Arg { shape: shape @ (Shape::Method | Shape::BeanAttribute), .. }) => {
            let owner = if *shape == Shape::Method { Shape::Class } else { Shape::Bean };
            let arguments = signature.arguments.iter().zip(&scan.arguments);
            let mut owners = arguments.filter(|(argument, _)| argument.shape == owner);
            let class = owners.next_back().map(|(_, owner)| owner.text.clone());
            let prefix = last.text.clone();
            Plan::Ask(Question { shape: *shape, prefix, class, from, signature })
        }
        Some(argument) => value(shell, signature, argument.shape, from, &last.text),
        None if last.text.is_empty() => Plan::Now(Completion::Usage(signature)),
        None => Plan::Now(Completion::Nothing),
    }
}

impl Question {
    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked { shape: self.shape, prefix: &self.prefix, class: self.class.as_deref() }
    }

    /// What to do about the values that were found.
    pub(crate) fn answer(&self, mut values: Vec<String>) -> Completion {
        let mut end = End::Blank;
        match self.shape {
            Shape::Class => {
                values = segments(&self.prefix, values);
                end = End::BlankUnless('.');
            }
            Shape::File => end = End::BlankUnless('/'),
            _ => {}
        }
        match values.is_empty() && self.prefix.is_empty() {
            true => Completion::Usage(self.signature),
            false => choose(self.from, &self.prefix, values, end),
        }
    }
}

/// What follows a word that is complete.
#[derive(Clone, Copy)]
enum End {
    Blank,
    /// A blank, unless the word ends so: then more of it follows.
    BlankUnless(char),
}

fn command_names(shell: &Shell, prefix: &str) -> Vec<String> {
    let visible = || shell.signatures().filter(|signature| !signature.hidden);
    let begins = |name: &&str| name.starts_with(prefix);
    let names: Vec<String> =
        visible().map(|signature| signature.name).filter(begins).map(str::to_owned).collect();
    if !names.is_empty() || prefix.is_empty() {
        return names;
    }
    visible().flat_map(|signature| signature.aliases).copied().filter(begins).map(str::to_owned).collect()
}

fn argument(signature: &'static Signature, index: usize) -> Option<&'static Arg> {
    let many = || signature.arguments.last().filter(|argument| argument.many);
    signature.arguments.get(index).or_else(many)
}

fn option(shell: &Shell, signature: &'static Signature, from: usize, typed: &str) -> Plan {
    if let Some((name, prefix)) = typed.split_once('=') {
        let found: Vec<&Opt> = signature.options.iter().filter(|option| named(option, name)).collect();
        return match found.as_slice() {
            [Opt { shape: Some(shape), .. }] => {
                value(shell, signature, *shape, from + name.len() + 1, prefix)
            }
            _ => Plan::Now(Completion::Nothing),
        };
    }
    let long = signature.options.iter().map(|option| format!("--{}", option.long));
    let short = signature.options.iter().filter_map(|option| option.short).map(|short| format!("-{short}"));
    let help = ["-h".to_owned(), "--help".to_owned()];
    let all = short.chain(long).chain(help);
    let begins: Vec<String> = all.filter(|name| name.starts_with(typed)).collect();
    Plan::Now(choose(from, typed, begins, End::Blank))
}

fn named(option: &Opt, typed: &str) -> bool {
    match typed.strip_prefix("--") {
        Some(long) => option.long == long,
        None => typed.strip_prefix('-').is_some_and(|letter| {
            option.short.is_some_and(|short| letter.chars().eq(std::iter::once(short)))
        }),
    }
}

fn value(shell: &Shell, signature: &'static Signature, shape: Shape, from: usize, typed: &str) -> Plan {
    let begins =
        |value: &&&str| value.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed));
    let of = |values: &[&str]| values.iter().filter(begins).map(|value| (*value).to_owned()).collect();
    let values: Vec<String> = match shape {
        Shape::Choice(values) => of(values),
        Shape::Boolean => of(&["true", "false"]),
        Shape::Command => command_names(shell, typed),
        Shape::Text | Shape::Integer | Shape::Number | Shape::Expression => {
            return Plan::Now(match typed.is_empty() {
                true => Completion::Usage(signature),
                false => Completion::Nothing,
            });
        }
        Shape::Class
        | Shape::Method
        | Shape::File
        | Shape::SystemProperty
        | Shape::Environment
        | Shape::Thread
        | Shape::Switch
        | Shape::VmOption
        | Shape::Bean
        | Shape::BeanAttribute => {
            return Plan::Ask(Question { shape, prefix: typed.to_owned(), class: None, from, signature });
        }
    };
    Plan::Now(choose(from, typed, values, End::Blank))
}

/// Class names up to the next dot behind the prefix.
fn segments(prefix: &str, names: Vec<String>) -> Vec<String> {
    let cut = |name: String| {
        let dot = name.get(prefix.len()..).and_then(|rest| rest.find('.'));
        match dot.and_then(|dot| name.get(..=prefix.len() + dot)) {
            Some(package) => package.to_owned(),
            None => name,
        }
    };
    let mut segments: Vec<String> = names.into_iter().map(cut).collect();
    segments.sort_unstable();
    segments.dedup();
    segments
}

fn choose(from: usize, typed: &str, mut values: Vec<String>, end: End) -> Completion {
    values.sort_unstable();
    let Some(first) = values.first() else { return Completion::Nothing };
    if values.len() == 1 {
        let goes_on = matches!(end, End::BlankUnless(last) if first.ends_with(last));
        let text = match goes_on {
            true => quoted(first, false),
            false => quoted(first, true) + " ",
        };
        return Completion::Insert { from, text };
    }
    let common = values.iter().skip(1).fold(first.as_str(), |common, value| shared(common, value));
    match common.len() > typed.len() {
        true => Completion::Insert { from, text: quoted(common, false) },
        false => Completion::List(values),
    }
}

/// The start two texts share.
fn shared<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b);
    let length = same.map(|(c, _)| c.len_utf8()).sum();
    one.get(..length).unwrap_or_default()
}

/// The names in columns, top to bottom, then left to right.
pub(crate) fn columns(names: &[String], cols: u16) -> Vec<Layout> {
    let shown: Vec<&String> = names.iter().take(LISTED).collect();
    let widest = shown.iter().map(|name| name.width()).max().unwrap_or(0) + 2;
    let per_row = (usize::from(cols) / widest.max(1)).max(1);
    let rows = shown.len().div_ceil(per_row);
    let mut lines: Vec<Layout> = (0..rows)
        .map(|row| {
            let cells = shown.iter().skip(row).step_by(rows.max(1));
            let line: String =
                cells.map(|name| format!("{name}{}", " ".repeat(widest - name.width()))).collect();
            Layout::Line(Text::from(line.trim_end().to_owned()))
        })
        .collect();
    if names.len() > shown.len() {
        lines.push(Layout::line(format!("and {} more: type a little more", names.len() - shown.len())));
    }
    lines
}
