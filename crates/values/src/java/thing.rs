//! A reference to an object, and what is known of it.

use std::cell::Cell;

use jvm::Local;
use jvm::live::{Classed, Live, LiveString};

use crate::snapshot::ClassPlace;

/// An object that is no box.
pub struct Thing<'f> {
    what: What<'f>,
    /// The place of its class plus one; 0 while nobody has asked.
    class: Cell<u32>,
}

enum What<'f> {
    Text(LiveString<'f>),
    Other(Classed<'f>),
}

impl<'f> Thing<'f> {
    pub(super) fn text(text: LiveString<'f>) -> Self {
        Self { what: What::Text(text), class: Cell::new(0) }
    }

    pub(super) fn other(object: Local<'f>) -> Self {
        Self { what: What::Other(Classed::new(object)), class: Cell::new(0) }
    }

    /// Of a class that is known.
    pub(super) fn of_class(object: Local<'f>, class: ClassPlace) -> Self {
        Self::classed(Classed::new(object), class)
    }

    /// Of a class that it was asked for.
    pub(super) fn classed(object: Classed<'f>, class: ClassPlace) -> Self {
        Self { what: What::Other(object), class: Cell::new(class + 1) }
    }

    /// The reference.
    #[inline]
    pub fn local(&self) -> &Local<'f> {
        match &self.what {
            What::Text(text) => text.object(),
            What::Other(object) => object.object(),
        }
    }

    /// It with what is known of its class, if it is not known to be a string.
    #[inline]
    pub(super) fn as_classed(&self) -> Option<&Classed<'f>> {
        match &self.what {
            What::Text(_) => None,
            What::Other(object) => Some(object),
        }
    }

    /// It as a string, if it is known to be one.
    #[inline]
    pub(crate) fn as_text(&self) -> Option<&LiveString<'f>> {
        match &self.what {
            What::Text(text) => Some(text),
            What::Other(_) => None,
        }
    }

    /// Another reference; `None` where the JVM has no room for it.
    pub(super) fn again(&self, live: Live<'_, 'f>) -> Option<Self> {
        let what = match &self.what {
            What::Text(text) => What::Text(text.again(live)?),
            What::Other(object) => What::Other(object.again(live)?),
        };
        Some(Self { what, class: self.class.clone() })
    }

    #[inline]
    pub(super) fn class(&self) -> Option<ClassPlace> {
        self.class.get().checked_sub(1)
    }

    #[inline]
    pub(super) fn remember(&self, class: ClassPlace) {
        self.class.set(class + 1);
    }
}
