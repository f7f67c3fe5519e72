//! Classes and native methods of our own: defined by JNI, so that no jar lies on any class path.

use std::ffi::{CString, c_void};

use crate::env::{Env, jni};
use crate::error::{Error, Result};
use crate::known;
use crate::mutf8;
use crate::refs::{Class, Local, Ref};
use crate::sys::{JNI_OK, JNINativeMethod};

/// The Rust side of one `native` method.
pub struct Native {
    name: CString,
    descriptor: CString,
    function: *mut c_void,
}

impl Native {
    /// # Safety
    /// `function` must be an `extern "system"` function with the parameters that the descriptor says, after
    /// `JNIEnv *` and the class or object, and must never unwind.
    pub unsafe fn new(name: &str, descriptor: &str, function: *mut c_void) -> Native {
        Native { name: mutf8::encode(name), descriptor: mutf8::encode(descriptor), function }
    }
}

impl<'f> Env<'f> {
    /// Defines a class in a loader, or in the boot loader for `None`. The name has slashes.
    pub fn define_class(
        &self,
        name: &str,
        loader: Option<&Local<'_>>,
        class_file: &[u8],
    ) -> Result<Local<'f, Class>> {
        self.ready()?;
        let text = mutf8::encode(name);
        if let Some(loader) = loader {
            known::LOADER.expect(self, loader)?;
        }
        let loader = loader.map_or(std::ptr::null_mut(), Ref::raw);
        let length = i32::try_from(class_file.len())
            .map_err(|_| crate::descriptor::mismatch(name, "the class file is too large".to_owned()))?;
        // SAFETY: a C string, a class loader or null, and `length` bytes that the JVM parses and verifies.
        let raw =
            unsafe { jni!(self, DefineClass, text.as_ptr(), loader, class_file.as_ptr().cast(), length) };
        self.check(name)?;
        // SAFETY: a new local reference to a class, in this frame.
        unsafe { Local::from_raw(self, raw) }.ok_or_else(|| Error::Null { call: name.into() })
    }

    /// Binds `native` methods of a class.
    pub fn register_natives(&self, class: &impl Ref<Kind = Class>, natives: &[Native]) -> Result<()> {
        self.ready()?;
        let methods: Vec<JNINativeMethod> = natives
            .iter()
            .map(|native| JNINativeMethod {
                name: native.name.as_ptr().cast_mut(),
                signature: native.descriptor.as_ptr().cast_mut(),
                fnPtr: native.function,
            })
            .collect();
        let count = i32::try_from(methods.len()).unwrap_or(0);
        // SAFETY: `count` entries of live C strings; that the functions fit was promised to `Native::new`.
        let code = unsafe { jni!(self, RegisterNatives, class.raw(), methods.as_ptr(), count) };
        self.check("RegisterNatives")?;
        if code == JNI_OK { Ok(()) } else { Err(Error::Jni { function: "RegisterNatives", code }) }
    }
}
