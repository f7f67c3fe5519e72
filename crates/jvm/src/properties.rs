//! The JVM's own system properties (`GetSystemProperties`): those it was started with, known from the first
//! moment on. What Java code has set since is seen only through `System.getProperties`.

use std::ptr;

use crate::buf::{self, Buf};
use crate::error::Result;
use crate::jvmti::{Jvmti, jvmti};
use crate::mutf8;
use crate::sys::ErrorCode;

impl Jvmti {
    /// The names of all of them.
    pub fn system_property_names(&self) -> Result<Vec<String>> {
        let (mut count, mut names) = (0, ptr::null_mut());
        // SAFETY: both are ours for the call.
        unsafe { jvmti!(self, GetSystemProperties, &mut count, &mut names) }?;
        // SAFETY: allocated by the call, `count` of them.
        let names = unsafe { Buf::new(self, names, count) };
        // SAFETY: each is a C string of its own, allocated by the call and given back once.
        Ok(names.slice().iter().filter_map(|name| unsafe { buf::text(self, *name) }).collect())
    }

    /// One of them; `None` if it is not set.
    pub fn system_property(&self, name: &str) -> Result<Option<String>> {
        let name = mutf8::encode(name);
        let mut value = ptr::null_mut();
        // SAFETY: a C string, and `value` is ours for the call.
        match unsafe { jvmti!(self, GetSystemProperty, name.as_ptr(), &mut value) } {
            // SAFETY: a C string allocated by the call and given back once.
            Ok(()) => Ok(unsafe { buf::text(self, value) }),
            Err(error) if error.is_jvmti(ErrorCode::NOT_AVAILABLE) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
