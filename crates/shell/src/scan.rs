//! Which word is an option, which its value and which an argument, by the rules of Arthas's option
//! library.
//!
//! `-n 5`, `-n5`, `-n=5`, `--name 5`, `--name=5`, `-name 5`, clusters of flags `-Ed` that may end in
//! an option with its value `-dn5`, unique prefixes of long names. A word that looks like an option
//! but is none is an argument, as is everything after `--`; arguments beyond the declared ones are
//! ignored. Only the completion looks at a scan that stopped before a value.

use std::ops::Range;

use crate::args::Raw;
use crate::{Opt, Signature, UsageError, Word};

/// The words by what they are.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Scan {
    /// Flags given, by index into the signature's options.
    pub(crate) flags: Vec<usize>,
    /// Values given.
    pub(crate) values: Vec<(usize, Raw)>,
    /// Arguments in order.
    pub(crate) arguments: Vec<Raw>,
    /// An option at the end of the line that still lacks its value.
    pub(crate) open: Option<Open>,
    /// `-h` or `--help` was given.
    pub(crate) help: bool,
    /// `--` was given: all words after it are arguments.
    pub(crate) only_arguments: bool,
}

/// An option without its value.
#[derive(Debug, PartialEq)]
pub(crate) struct Open {
    pub(crate) option: usize,
    pub(crate) at: Range<usize>,
}

impl Open {
    pub(crate) fn message(&self, signature: &Signature) -> String {
        let option = signature.options.get(self.option);
        let (long, label) =
            option.map_or(("", ""), |option| (option.long, option.value_label().unwrap_or_default()));
        format!("--{long} needs a value: `--{long} <{label}>`.")
    }
}

/// What a word that begins with `-` says.
enum Read {
    /// `-h`
    Help,
    /// Flags.
    Flags(Vec<usize>),
    /// Flags and an option whose value is the next word.
    Wants(Vec<usize>, usize),
    /// Flags, an option and its value, whose bytes end the word.
    Has(Vec<usize>, usize, String),
    /// Nothing we know.
    Unknown,
}

/// Sorts the words after a command's name.
pub(crate) fn scan(signature: &Signature, words: &[Word]) -> Result<Scan, UsageError> {
    let mut scan = Scan::default();
    for word in words {
        if let Some(open) = scan.open.take() {
            if scan.only_arguments || !looks_known(signature, &word.text) {
                let raw = Raw { text: unpaired(&word.text).to_owned(), range: word.range.clone() };
                scan.values.push((open.option, raw));
                continue;
            }
            return Err(UsageError::at(open.at.clone(), open.message(signature)));
        }
        if scan.only_arguments {
            scan.arguments.push(whole(word));
            continue;
        }
        if word.text == "--" {
            scan.only_arguments = true;
            continue;
        }
        match read(signature, word)? {
            Read::Help => scan.help = true,
            Read::Flags(flags) => scan.flags.extend(flags),
            Read::Wants(flags, option) => {
                scan.flags.extend(flags);
                scan.open = Some(Open { option, at: word.range.clone() });
            }
            Read::Has(flags, option, value) => {
                scan.flags.extend(flags);
                let range = word.tail(value.len());
                scan.values.push((option, Raw { text: unpaired(&value).to_owned(), range }));
            }
            Read::Unknown => scan.arguments.push(whole(word)),
        }
    }
    Ok(scan)
}

/// Words that look like options, are none, and would be ignored without a word.
pub(crate) fn ignored_options<'w>(signature: &Signature, words: &'w [Word]) -> Vec<&'w str> {
    let Ok(scan) = scan(signature, words) else { return Vec::new() };
    if scan.only_arguments || signature.arguments.last().is_some_and(|last| last.many) {
        return Vec::new();
    }
    let beyond = scan.arguments.iter().skip(signature.arguments.len());
    let beyond: Vec<&Raw> = beyond.filter(|raw| raw.text.starts_with('-') && raw.text.len() > 1).collect();
    let is_beyond = |word: &&Word| beyond.iter().any(|raw| raw.range == word.range);
    words.iter().filter(is_beyond).map(|word| word.text.as_str()).collect()
}

fn whole(word: &Word) -> Raw {
    Raw { text: word.text.clone(), range: word.range.clone() }
}

/// A value in `"` with none inside loses the pair.
fn unpaired(value: &str) -> &str {
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(inner) if !inner.contains('"') => inner,
        _ => value,
    }
}

/// Whether a word after an option that wants a value is an option itself. Numbers never are.
fn looks_known(signature: &Signature, text: &str) -> bool {
    let Some(name) = text.strip_prefix('-') else { return false };
    if name.is_empty() || name.parse::<f64>().is_ok() {
        return false;
    }
    let long = name.strip_prefix('-').unwrap_or(name);
    let long = long.split_once('=').map_or(long, |(name, _)| name);
    let short = name.chars().next();
    name == "-"
        || long_options(signature, long).next().is_some()
        || is_help(long)
        || (!name.starts_with('-') && short.is_some_and(|short| short_option(signature, short).is_some()))
}

fn read(signature: &Signature, word: &Word) -> Result<Read, UsageError> {
    let text = word.text.as_str();
    if let Some(long) = text.strip_prefix("--") {
        return read_long(signature, word, long);
    }
    let Some(name) = text.strip_prefix('-').filter(|name| !name.is_empty()) else { return Ok(Read::Unknown) };
    let mut chars = name.chars();
    let (first, rest) = (chars.next(), chars.as_str());
    // `-n`, `-n=5` and `-n5` first, but for words that are a long name with one dash: `-name`.
    if rest.is_empty() || rest.starts_with('=') {
        return read_cluster(signature, word, name);
    }
    let long = name.split_once('=').map_or(name, |(name, _)| name);
    if long_options(signature, long).next().is_some() || (first == Some('h') && is_help(long)) {
        return read_long(signature, word, name);
    }
    read_cluster(signature, word, name)
}

fn read_long(signature: &Signature, word: &Word, text: &str) -> Result<Read, UsageError> {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    if name.is_empty() {
        return Ok(Read::Unknown);
    }
    let found: Vec<(usize, &Opt)> = long_options(signature, name).collect();
    match (found.as_slice(), value) {
        ([], None) if is_help(name) => Ok(Read::Help),
        ([], _) => Ok(Read::Unknown),
        ([(index, option)], None) if option.shape.is_none() => Ok(Read::Flags(vec![*index])),
        ([(index, _)], None) => Ok(Read::Wants(Vec::new(), *index)),
        ([(_, option)], Some(_)) if option.shape.is_none() => Err(no_value(word, option)),
        ([(index, _)], Some(value)) => Ok(Read::Has(Vec::new(), *index, value.to_owned())),
        (several, _) => {
            let names: Vec<String> = several.iter().map(|(_, option)| format!("--{}", option.long)).collect();
            let message = format!("`{}` could be {}: type more of it.", word.text, names.join(" or "));
            Err(UsageError::at(word.range.clone(), message))
        }
    }
}

/// `-Ed`, `-dn5`, `-n=5`.
fn read_cluster(signature: &Signature, word: &Word, cluster: &str) -> Result<Read, UsageError> {
    let mut flags = Vec::new();
    let mut chars = cluster.chars();
    while let Some(letter) = chars.next() {
        let Some((index, option)) = short_option(signature, letter) else {
            let alone = cluster.chars().count() == 1;
            return Ok(if letter == 'h' && alone { Read::Help } else { Read::Unknown });
        };
        let rest = chars.as_str();
        if option.shape.is_some() {
            return Ok(match rest.strip_prefix('=').unwrap_or(rest) {
                _ if rest.is_empty() => Read::Wants(flags, index),
                value => Read::Has(flags, index, value.to_owned()),
            });
        }
        if rest.starts_with('=') {
            return Err(no_value(word, option));
        }
        flags.push(index);
    }
    Ok(Read::Flags(flags))
}

fn no_value(word: &Word, option: &Opt) -> UsageError {
    UsageError::at(word.range.clone(), format!("--{} is a flag: it takes no value.", option.long))
}

/// The option of this name, else those that begin so.
fn long_options<'s>(signature: &'s Signature, name: &str) -> impl Iterator<Item = (usize, &'s Opt)> {
    let all = || signature.options.iter().enumerate();
    let exact = all().find(|(_, option)| option.long == name);
    let by_prefix = exact.is_none() && !name.is_empty();
    let name = name.to_owned();
    exact.into_iter().chain(all().filter(move |(_, option)| by_prefix && option.long.starts_with(&name)))
}

fn short_option(signature: &Signature, letter: char) -> Option<(usize, &Opt)> {
    signature.options.iter().enumerate().find(|(_, option)| option.short == Some(letter))
}

/// `help` or a prefix of it that is no other option's.
fn is_help(name: &str) -> bool {
    !name.is_empty() && "help".starts_with(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arg, Group, Permission, Shape, line};

    const fn option(short: Option<char>, long: &'static str, shape: Option<Shape>) -> Opt {
        Opt { short, long, shape, label: None, required: false, many: false, default: None, help: "" }
    }

    const SIGNATURE: Signature = Signature {
        name: "toy",
        aliases: &[],
        group: Group::Shell,
        summary: "",
        description: "",
        examples: &[],
        options: &[
            option(Some('d'), "details", None),
            option(Some('E'), "regex", None),
            option(Some('n'), "top-n-threads", Some(Shape::Integer)),
            option(Some('i'), "sample-interval", Some(Shape::Integer)),
            option(None, "state", Some(Shape::Text)),
            option(None, "lockedMonitors", None),
        ],
        arguments: &[Arg {
            name: "id",
            shape: Shape::Thread,
            required: false,
            many: false,
            default: None,
            help: "",
        }],
        permission: Permission::View,
        hidden: false,
        ends_on_q: false,
    };

    /// What a line says, as `flags | option=value .. | arguments`.
    fn read(line: &str) -> Result<String, String> {
        let words = line::words(line).unwrap();
        let scan = scan(&SIGNATURE, &words).map_err(|error| error.message)?;
        if let Some(open) = scan.open {
            return Err(open.message(&SIGNATURE));
        }
        let long = |index: &usize| SIGNATURE.options[*index].long;
        let flags: Vec<&str> = scan.flags.iter().map(long).chain(scan.help.then_some("help")).collect();
        let values: Vec<String> =
            scan.values.iter().map(|(index, raw)| format!("{}={}", long(index), raw.text)).collect();
        let arguments: Vec<&str> = scan.arguments.iter().map(|raw| raw.text.as_str()).collect();
        Ok(format!("{} | {} | {}", flags.join(" "), values.join(" "), arguments.join(" ")).trim().to_owned())
    }

    #[test]
    fn every_accepted_form_is_read() {
        for (line, said) in [
            ("-n 5", "| top-n-threads=5 |"),
            ("-n5", "| top-n-threads=5 |"),
            ("-n=5", "| top-n-threads=5 |"),
            ("--top-n-threads 5", "| top-n-threads=5 |"),
            ("--top-n-threads=5", "| top-n-threads=5 |"),
            ("-top-n-threads 5", "| top-n-threads=5 |"),
            ("-top-n-threads=5", "| top-n-threads=5 |"),
            ("--top 5", "| top-n-threads=5 |"),
            ("--lock", "lockedMonitors |  |"),
            ("-Ed", "regex details |  |"),
            ("-dn5", "details | top-n-threads=5 |"),
            ("-dn 5 7", "details | top-n-threads=5 | 7"),
            ("-d 7 -E", "details regex |  | 7"),
            ("-n -1", "| top-n-threads=-1 |"),
            ("--state -x", "| state=-x |"),
            ("-1", "|  | -1"),
            ("--nosuch", "|  | --nosuch"),
            ("-dx", "|  | -dx"),
            ("-", "|  | -"),
            ("-- -d --state", "|  | -d --state"),
            ("--state \"'a b'\"", "| state='a b' |"),
            ("--state '\"a b\"'", "| state=a b |"),
            ("--state='\"a\"b\"'", "| state=\"a\"b\" |"),
            ("--state=a=b", "| state=a=b |"),
            ("--state=", "| state= |"),
            ("-D", "|  | -D"),
            ("-h", "help |  |"),
            ("--help", "help |  |"),
            ("--he", "help |  |"),
            ("a b c", "|  | a b c"),
        ] {
            assert_eq!(read(line).as_deref(), Ok(said), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_an_error() {
        for (line, said) in [
            ("-n", "--top-n-threads needs a value"),
            ("-n -d", "--top-n-threads needs a value"),
            ("--state --details", "--state needs a value"),
            ("--state -h", "--state needs a value"),
            ("--s x", "`--s` could be --sample-interval or --state"),
            ("--details=true", "--details is a flag"),
            ("-d=true", "--details is a flag"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.starts_with(said), "{line}: {error}");
        }
    }

    #[test]
    fn a_misspelt_option_that_would_be_lost_is_found() {
        let words = line::words("7 --nosuch -d").unwrap();
        assert_eq!(ignored_options(&SIGNATURE, &words), ["--nosuch"]);
        assert!(ignored_options(&SIGNATURE, &line::words("--nosuch").unwrap()).is_empty());
    }
}
