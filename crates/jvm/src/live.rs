//! Live objects, read field by field, also on the application's threads. HOT.
//!
//! What is done here runs no Java code, loads and initialises no class, throws nothing and keeps no object alive.
//! A [`Layout`] says where the fields of one class are; an [`Instance`] is an object of which that was checked,
//! so that reading a field needs no further question.

mod classed;
mod instance;
mod layout;
mod method;
mod slots;

use std::ptr::NonNull;

use crate::env::{Env, jni};
use crate::error::Result;
use crate::refs::{Local, Ref};
use crate::sys::JNIEnv;

pub use classed::Classed;
pub use instance::{Got, Instance, LiveString};
pub use layout::{Layout, Level, LiveField, Nature};
pub use method::LiveMethod;
pub use slots::Slots;

/// This frame, for calls that cannot throw: the JVM lives, nothing is pending, and nothing of what is offered here
/// changes that.
#[derive(Clone, Copy)]
pub struct Live<'e, 'f> {
    env: &'e Env<'f>,
}

impl<'f> Env<'f> {
    /// For reading live objects in this frame.
    pub fn live(&self) -> Result<Live<'_, 'f>> {
        self.ready()?;
        Ok(Live { env: self })
    }
}

impl<'e, 'f> Live<'e, 'f> {
    /// The frame.
    pub fn env(self) -> &'e Env<'f> {
        self.env
    }

    fn pointer(self) -> Option<NonNull<JNIEnv>> {
        NonNull::new(self.env.raw())
    }

    /// Whether both are the same object.
    #[inline]
    pub fn is_same(self, one: &impl Ref, other: &impl Ref) -> bool {
        // SAFETY: live references; never throws.
        unsafe { jni!(self.env, IsSameObject, one.raw(), other.raw()) }
    }

    /// A second reference to the same object.
    #[inline]
    pub fn again(self, object: &Local<'f>) -> Option<Local<'f>> {
        // SAFETY: a live reference. Null comes back where there is no memory, with nothing thrown.
        let raw = unsafe { jni!(self.env, NewLocalRef, object.raw()) };
        // SAFETY: a new local reference in this frame, or null.
        unsafe { Local::from_raw(self.env, raw) }
    }
}
