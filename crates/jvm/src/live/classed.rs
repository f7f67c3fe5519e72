//! An object together with what was found of its class, so that one that is asked several times is classed once.

use std::cell::Cell;

use super::Live;
use crate::refs::Local;

/// An object. Its class never changes, so neither does the layout that it was once seen to have.
#[derive(Debug)]
pub struct Classed<'f> {
    object: Local<'f>,
    /// The number of its layout; 0 while that is not known.
    layout: Cell<u64>,
}

impl<'f> Classed<'f> {
    /// An object of which nothing is known.
    #[inline]
    pub fn new(object: Local<'f>) -> Classed<'f> {
        Classed { object, layout: Cell::new(0) }
    }

    /// The object.
    #[inline]
    pub fn object(&self) -> &Local<'f> {
        &self.object
    }

    /// The object.
    pub fn into_object(self) -> Local<'f> {
        self.object
    }

    /// A second reference to the same object; `None` where the JVM has no room for it.
    pub fn again(&self, live: Live<'_, 'f>) -> Option<Classed<'f>> {
        Some(Classed { object: live.again(&self.object)?, layout: self.layout.clone() })
    }

    #[inline]
    pub(super) fn is_of(&self, layout: u64) -> bool {
        self.layout.get() == layout
    }

    #[inline]
    pub(super) fn remember(&self, layout: u64) {
        self.layout.set(layout);
    }
}
