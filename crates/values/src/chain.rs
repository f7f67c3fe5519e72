//! A list that many threads read and add to without a lock: what was found once is found again.

use std::sync::OnceLock;

/// So many entries at most: an expression that makes up names as it goes must not fill the memory.
const MOST: usize = 64;

/// The list.
pub(crate) struct Chain<T>(OnceLock<Box<Link<T>>>);

struct Link<T> {
    value: T,
    next: Chain<T>,
}

impl<T> Default for Chain<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Chain<T> {
    /// The first entry that is meant.
    #[inline]
    pub(crate) fn find(&self, is_meant: impl Fn(&T) -> bool) -> Option<&T> {
        let mut chain = self;
        while let Some(link) = chain.0.get() {
            if is_meant(&link.value) {
                return Some(&link.value);
            }
            chain = &link.next;
        }
        None
    }

    /// Adds an entry, unless there are too many.
    #[cold]
    pub(crate) fn keep(&self, value: T) {
        let mut link = Box::new(Link { value, next: Self::default() });
        let mut chain = self;
        for _ in 0..MOST {
            match chain.0.set(link) {
                Ok(()) => return,
                Err(back) => link = back,
            }
            match chain.0.get() {
                Some(there) => chain = &there.next,
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_found_and_there_is_an_end() {
        let chain = Chain::default();
        for number in 0..100 {
            chain.keep(number);
        }
        assert_eq!(chain.find(|number| *number == 63), Some(&63));
        assert_eq!(chain.find(|number| *number == 64), None);
    }
}
