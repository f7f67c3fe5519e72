//! What of a class's constant pool may be what is looked for.

use values::Redaction;
use weave::classfile::{Pool, tag};

use super::needle::words;
use super::{Kinds, Search};

/// The constants of a pool that hold the text.
#[derive(Default)]
pub(super) struct Fitting {
    /// String constants, if these are wanted.
    pub(super) strings: Vec<String>,
    /// Others, which may be names or parts of annotations.
    pub(super) others: Vec<String>,
}

/// What holds the text; none where nothing does that can be what is wanted.
pub(super) fn fitting(pool: &Pool<'_>, search: &Search) -> Option<Fitting> {
    let indexes = || (1_u16..).take(pool.count().saturating_sub(1));
    let mut is_string = vec![false; pool.count()];
    let mut is_class = vec![false; pool.count()];
    for index in indexes() {
        let marks = match pool.tag(index) {
            Ok(tag::STRING) => &mut is_string,
            Ok(tag::CLASS) => &mut is_class,
            _ => continue,
        };
        if let Some(mark) = pool.referred(index).ok().and_then(|to| marks.get_mut(usize::from(to))) {
            *mark = true;
        }
    }
    let mut found: Option<Fitting> = None;
    let Kinds { strings, methods, fields, annotations } = search.kinds;
    let names = methods || fields || annotations;
    for index in indexes() {
        let Ok(text) = pool.utf8(index) else { continue };
        let marked = |marks: &[bool]| marks.get(usize::from(index)).copied().unwrap_or(false);
        let is_string = marked(&is_string);
        // Descriptors, signatures of methods and arrays, names of classes.
        let is_name = names && !marked(&is_class) && !matches!(text.first(), Some(b'(' | b'[' | b'<'));
        if !(is_string && strings || is_name) || !search.needle.is_in_constant(text) {
            continue;
        }
        let found = found.get_or_insert_default();
        match (is_string, strings) {
            (true, true) => found.strings.push(words(text).into_owned()),
            // It may be a name, too.
            (true, false) => {}
            (false, _) => found.others.push(words(text).into_owned()),
        }
    }
    found
}

/// Whether a constant that is no string of the program's sounds like the name of a secret.
pub(super) fn has_secret_names(pool: &Pool<'_>, redaction: &Redaction) -> bool {
    let indexes = || (1_u16..).take(pool.count().saturating_sub(1));
    let mut elsewhere = vec![false; pool.count()];
    for index in indexes().filter(|index| matches!(pool.tag(*index), Ok(tag::STRING | tag::CLASS))) {
        if let Some(mark) = pool.referred(index).ok().and_then(|to| elsewhere.get_mut(usize::from(to))) {
            *mark = true;
        }
    }
    let names = indexes().zip(elsewhere.iter().skip(1)).filter(|(_, elsewhere)| !**elsewhere);
    let mut names = names.filter_map(|(index, _)| pool.utf8(index).ok());
    names.any(|name| !name.contains(&b'/') && redaction.hides(&words(name)))
}
