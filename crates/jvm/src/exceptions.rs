//! Java exceptions that our own calls cause: taken off the thread, told as [`Thrown`], let go. Their words are
//! read from `Throwable`'s fields, never by `getMessage()`, which the application may have overridden.

use std::ffi::CStr;
use std::ptr::NonNull;

use crate::env::{Env, jni};
use crate::error::{Error, Result, Thrown};
use crate::refs::{Local, Ref};
use crate::sys::{jfieldID, jvalue};

/// How many causes are told.
const CAUSES: u32 = 3;
/// How much of a message, in UTF-16 units. Some hold a whole document, and it may be the application's thread that copies.
const MESSAGE: usize = 1 << 14;

impl<'f> Env<'f> {
    /// After a call: an exception becomes an error, and none stays.
    pub(crate) fn check(&self, call: &str) -> Result<()> {
        // SAFETY: always legal.
        if unsafe { jni!(self, ExceptionCheck) } { Err(self.take(call)) } else { Ok(()) }
    }

    /// Takes the exception that is pending off the thread.
    pub(crate) fn occurred(&self) -> Option<Local<'f>> {
        // SAFETY: always legal.
        let raw = unsafe { jni!(self, ExceptionOccurred) };
        if !raw.is_null() {
            self.clear();
        }
        // SAFETY: a new local reference in this frame, or null.
        unsafe { Local::from_raw(self, raw) }
    }

    /// Clears whatever is pending, unseen.
    pub(crate) fn clear(&self) {
        // SAFETY: always legal.
        unsafe { jni!(self, ExceptionClear) };
    }

    fn take(&self, call: &str) -> Error {
        match self.occurred() {
            Some(thrown) => Error::Thrown(Box::new(self.describe(call, &thrown, CAUSES))),
            None => Error::Null { call: call.into() },
        }
    }

    /// An exception in words, with this many causes.
    pub(crate) fn describe(&self, call: &str, thrown: &Local<'_>, causes: u32) -> Thrown {
        let class = self.class_of(thrown).and_then(|class| self.class_name(&class));
        let class = class.unwrap_or_else(|_| "an unknown exception".to_owned());
        let message = self
            .throwable_field(thrown, c"detailMessage", c"Ljava/lang/String;")
            // Not `string`, whose check may throw and be described in its turn, without end.
            // SAFETY: the field is declared as a String.
            .and_then(|text| unsafe { self.units(&text, MESSAGE) }.ok())
            .map(|(text, all)| if all > MESSAGE { text + "…" } else { text });
        let cause = (causes > 0)
            .then(|| self.cause(&class, thrown))
            .flatten()
            .filter(|cause| !self.is_same(cause, thrown))
            .map(|cause| Box::new(self.describe("", &cause, causes.saturating_sub(1))));
        Thrown { call: call.into(), class, message, cause }
    }

    fn cause(&self, class: &str, thrown: &Local<'_>) -> Option<Local<'f>> {
        // Reflection keeps what the called method threw in a field of its own.
        if class == "java.lang.reflect.InvocationTargetException"
            && let Ok(target) = self.get(thrown, "target", "Ljava/lang/Throwable;")
        {
            return target;
        }
        // As the bean server does with what a getter threw.
        let wrapped = match class {
            "javax.management.MBeanException" => Some(("exception", "Ljava/lang/Exception;")),
            "javax.management.RuntimeMBeanException" => {
                Some(("runtimeException", "Ljava/lang/RuntimeException;"))
            }
            "javax.management.RuntimeErrorException" => Some(("error", "Ljava/lang/Error;")),
            _ => None,
        };
        if let Some((field, descriptor)) = wrapped
            && let Ok(cause) = self.get(thrown, field, descriptor)
        {
            return cause;
        }
        self.throwable_field(thrown, c"cause", c"Ljava/lang/Throwable;")
    }

    /// An object in a field of `java.lang.Throwable` itself; `None` also when it cannot be read. Its own class is not asked:
    /// that would wait for its initialiser, and it may have a field of the same name.
    pub(crate) fn throwable_field(&self, of: &Local<'_>, name: &CStr, signature: &CStr) -> Option<Local<'f>> {
        // The last class before `Object`. Looking it up by name could throw.
        let mut class = self.class_of(of).ok()?;
        let mut above = self.superclass(&class).ok()?;
        while let Some(next) = above {
            above = self.superclass(&next).ok()?;
            if above.is_some() {
                class = next;
            }
        }
        // SAFETY: `class` is a class; both names are C strings.
        let id = unsafe { jni!(self, GetFieldID, class.raw(), name.as_ptr(), signature.as_ptr()) };
        self.clear();
        let id: jfieldID = NonNull::new(id)?.as_ptr();
        // SAFETY: `of` is a Throwable and `id` one of its reference fields.
        let raw = unsafe { jni!(self, GetObjectField, of.raw(), id) };
        // SAFETY: a new local reference in this frame, or null.
        unsafe { Local::from_raw(self, raw) }
    }

    /// `Class.getName()`: the name with dots; arrays as `[J` and `[Ljava.lang.String;`.
    pub fn class_name(&self, class: &impl Ref<Kind = crate::refs::Class>) -> Result<String> {
        self.ready()?;
        // SAFETY: `class` is a `java.lang.Class` object.
        let of = unsafe { jni!(self, GetObjectClass, class.raw()) };
        // SAFETY: a new local reference in this frame, or null.
        let of: Option<Local<'_>> = unsafe { Local::from_raw(self, of) };
        let Some(of) = of else { return Err(Error::Null { call: "GetObjectClass".into() }) };
        let (name, signature) = (c"getName".as_ptr(), c"()Ljava/lang/String;".as_ptr());
        // SAFETY: `of` is a class; both names are C strings.
        let id = unsafe { jni!(self, GetMethodID, of.raw(), name, signature) };
        if id.is_null() {
            self.clear();
            return Err(Error::Null { call: "GetMethodID Class.getName".into() });
        }
        let no_arguments: *const jvalue = std::ptr::null();
        // SAFETY: `id` is a method of `java.lang.Class` without parameters that returns an object.
        let raw = unsafe { jni!(self, CallObjectMethodA, class.raw(), id, no_arguments) };
        // SAFETY: always legal.
        if unsafe { jni!(self, ExceptionCheck) } {
            self.clear();
            return Err(Error::Null { call: "Class.getName".into() });
        }
        // SAFETY: a new local reference in this frame, or null.
        let name: Option<Local<'_>> = unsafe { Local::from_raw(self, raw) };
        let name = name.ok_or_else(|| Error::Null { call: "Class.getName".into() })?;
        // SAFETY: the method is declared to return a String.
        unsafe { self.units(&name, usize::MAX) }.map(|(text, _)| text)
    }
}
