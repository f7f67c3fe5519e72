//! From words to a command's typed fields. `#[derive(Args)]` writes the calls; the rules of options
//! are in [`crate::scan`].

use std::ops::Range;

use crate::scan::{Scan, scan};
use crate::{Opt, Signature, UsageError, Value, Word};

/// A command's fields. Derived.
pub trait Args: Sized {
    /// What the fields declare.
    const SIGNATURE: Signature;

    /// Reads the words after the command's name.
    ///
    /// # Errors
    /// Something required is missing, or a value is not what it must be.
    fn parse(words: &[Word]) -> Result<Self, UsageError>;
}

/// Options that several commands have. Derived.
pub trait OptionGroup: Sized {
    /// What the fields declare.
    const OPTIONS: &'static [Opt];

    /// Reads the options, of which the first is number `first` of the command's.
    ///
    /// # Errors
    /// Something required is missing, or a value is not what it must be.
    fn read(bag: &Bag, first: usize) -> Result<Self, UsageError>;
}

/// The options of a command and those of its group, one after the other.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it, and a wrong length ends there")]
pub const fn join<const N: usize>(own: &[Opt], group: &[Opt]) -> [Opt; N] {
    let mut all = [Opt::NONE; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < own.len() { own[at] } else { group[at - own.len()] };
        at += 1;
    }
    all
}

/// The words of a command line by option and argument, before they are typed.
#[derive(Debug)]
pub struct Bag {
    signature: &'static Signature,
    scan: Scan,
}

/// A value and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) text: String,
    pub(crate) range: Range<usize>,
}

impl Bag {
    /// Sorts the words after the command's name.
    ///
    /// # Errors
    /// An option lacks its value, has one it does not take, or is ambiguous.
    pub fn read(signature: &'static Signature, words: &[Word]) -> Result<Self, UsageError> {
        let scan = scan(signature, words)?;
        match scan.open {
            None => Ok(Self { signature, scan }),
            Some(open) => Err(UsageError::at(open.at.clone(), open.message(signature))),
        }
    }

    /// Whether the flag was given.
    pub fn flag(&self, option: usize) -> bool {
        self.scan.flags.contains(&option)
    }

    /// The value of an option, if it was given or has a default. The last one given counts.
    ///
    /// # Errors
    /// The value is not a `T`.
    pub fn option<T: Value>(&self, option: usize) -> Result<Option<T>, UsageError> {
        let given = self.scan.values.iter().rev().find(|(of, _)| *of == option);
        match (given, self.declared(option)) {
            (Some((_, raw)), declared) => self.typed(raw, &option_name(declared)).map(Some),
            (None, Some(Opt { default: Some(default), .. })) => read_default(default).map(Some),
            (None, _) => Ok(None),
        }
    }

    /// The value of an option that must have one.
    ///
    /// # Errors
    /// It has none, or it is not a `T`.
    pub fn needed_option<T: Value>(&self, option: usize) -> Result<T, UsageError> {
        self.option(option)?.ok_or_else(|| self.missing_option(option))
    }

    /// All values of an option.
    ///
    /// # Errors
    /// One is not a `T`, or there is none although there must be.
    pub fn options<T: Value>(&self, option: usize) -> Result<Vec<T>, UsageError> {
        let declared = self.declared(option);
        let given = self.scan.values.iter().filter(|(of, _)| *of == option);
        let values: Vec<T> =
            given.map(|(_, raw)| self.typed(raw, &option_name(declared))).collect::<Result<_, _>>()?;
        match (values.is_empty(), declared) {
            (true, Some(Opt { default: Some(default), .. })) => Ok(vec![read_default(default)?]),
            (true, Some(Opt { required: true, .. })) => Err(self.missing_option(option)),
            _ => Ok(values),
        }
    }

    /// An argument, if it was given or has a default.
    ///
    /// # Errors
    /// It is not a `T`.
    pub fn argument<T: Value>(&self, argument: usize) -> Result<Option<T>, UsageError> {
        let declared = self.signature.arguments.get(argument);
        match (self.scan.arguments.get(argument), declared.and_then(|declared| declared.default)) {
            (Some(raw), _) => self.typed(raw, declared.map_or("", |declared| declared.name)).map(Some),
            (None, Some(default)) => read_default(default).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// An argument that must be there.
    ///
    /// # Errors
    /// It is not, or it is not a `T`.
    pub fn needed_argument<T: Value>(&self, argument: usize) -> Result<T, UsageError> {
        self.argument(argument)?.ok_or_else(|| self.missing_argument(argument))
    }

    /// This argument and all after it.
    ///
    /// # Errors
    /// One is not a `T`, or there is none although there must be.
    pub fn arguments<T: Value>(&self, argument: usize) -> Result<Vec<T>, UsageError> {
        let declared = self.signature.arguments.get(argument);
        let name = declared.map_or("", |declared| declared.name);
        let given = self.scan.arguments.iter().skip(argument);
        let values: Vec<T> = given.map(|raw| self.typed(raw, name)).collect::<Result<_, _>>()?;
        match values.is_empty() && declared.is_some_and(|declared| declared.required) {
            true => Err(self.missing_argument(argument)),
            false => Ok(values),
        }
    }

    fn declared(&self, option: usize) -> Option<&'static Opt> {
        self.signature.options.get(option)
    }

    fn typed<T: Value>(&self, raw: &Raw, what: &str) -> Result<T, UsageError> {
        T::parse(&raw.text).map(|value| value.placed(raw.range.clone())).map_err(|why| {
            let name = self.signature.name;
            // A misspelt option has become an argument: that is what the user must hear.
            let message = match raw.text.starts_with('-') && raw.text.len() > 1 && !what.starts_with('-') {
                true => format!("`{name}` has no option `{}`. `{name} -h` lists its options.", raw.text),
                false => format!("{what}: {why}."),
            };
            UsageError::at(raw.range.clone(), message)
        })
    }

    fn missing_option(&self, option: usize) -> UsageError {
        let name = self.signature.name;
        let what = option_name(self.declared(option));
        let help = self.declared(option).map_or("", |declared| declared.help);
        UsageError::new(format!("`{name}` needs {what} ({help}). `{name} -h` shows how."))
    }

    fn missing_argument(&self, argument: usize) -> UsageError {
        let name = self.signature.name;
        let declared = self.signature.arguments.get(argument);
        let (what, help) = declared.map_or(("", ""), |declared| (declared.name, declared.help));
        UsageError::new(format!("`{name}` needs `{what}` ({help}). `{name} -h` shows how."))
    }
}

fn option_name(declared: Option<&Opt>) -> String {
    declared.map_or_else(String::new, |declared| format!("--{}", declared.long))
}

/// A default is written by us: a wrong one shows the first time the command runs without the option.
fn read_default<T: Value>(text: &str) -> Result<T, UsageError> {
    T::parse(text).map_err(UsageError::new)
}
