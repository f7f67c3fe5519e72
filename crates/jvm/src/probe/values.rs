//! The values of a call as woven code passes them: receiver and arguments, sorted into references and longs.

use std::marker::PhantomData;

use crate::probe::Handle;
use crate::sys::{jlong, jobject};

/// Receiver and arguments in the order of the parameters, references first; `boolean` to `int` widened, `float` and
/// `double` as their raw bits. At an exit also what is returned.
#[derive(Debug)]
pub struct Values<'a> {
    objects: &'a [jobject],
    longs: &'a [jlong],
    result: (jlong, jobject),
    life: PhantomData<&'a ()>,
}

impl<'a> Values<'a> {
    /// For a native that runs: all references are its own.
    #[inline]
    pub(crate) fn new(objects: &'a [jobject], longs: &'a [jlong], result: (jlong, jobject)) -> Values<'a> {
        Values { objects, longs, result, life: PhantomData }
    }

    /// Values outside of any JVM, for tests of a [`Probe`](crate::probe::Probe): every reference is null.
    pub fn outside(longs: &'a [i64]) -> Values<'a> {
        Values::new(&[], longs, (0, std::ptr::null_mut()))
    }

    /// A reference; `None` for null, and where there is none.
    #[inline]
    pub fn object(&self, place: usize) -> Option<Handle<'a>> {
        Handle::new(*self.objects.get(place)?)
    }

    /// A long; 0 where there is none.
    #[inline]
    pub fn long(&self, place: usize) -> i64 {
        self.longs.get(place).copied().unwrap_or(0)
    }

    /// The reference that is returned.
    #[inline]
    pub fn returned_object(&self) -> Option<Handle<'a>> {
        Handle::new(self.result.1)
    }

    /// What is returned as a long.
    #[inline]
    pub fn returned_long(&self) -> i64 {
        self.result.0
    }
}
