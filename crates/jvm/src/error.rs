//! What can go wrong between us and the JVM. Every error names the function or the Java call it came from,
//! so that a user can tell a missing class from a refused capability.

use std::fmt;

use crate::sys::ErrorCode;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the JVM did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// After the VM death event: no call is made any more.
    #[error("the JVM is shutting down and answers no more calls")]
    VmGone,
    /// The application's own exception is pending on this thread, so nothing was called.
    #[error("a Java exception of the application is pending on this thread; nothing was called")]
    Pending,
    /// The thread was never attached, or no longer is.
    #[error("this thread is not attached to the JVM; attach it first")]
    NotAttached,
    /// Java code threw. The exception is cleared.
    #[error(transparent)]
    Thrown(#[from] Box<Thrown>),
    /// A JVMTI function refused.
    #[error(transparent)]
    Jvmti(#[from] JvmtiError),
    /// A JNI function that reports by number refused.
    #[error("{function} failed: {}", jni_name(*.code))]
    Jni {
        /// The JNI function.
        function: &'static str,
        /// `JNI_ERR` and its like.
        code: i32,
    },
    /// The function came with a later JDK than the one that runs.
    #[error("{function} needs JDK {since} or later; this JVM is JDK {running}")]
    TooNew {
        /// The JVMTI function.
        function: &'static str,
        /// The first JDK that has it.
        since: u16,
        /// The JDK that runs.
        running: u16,
    },
    /// Java answered null where the caller needs an object.
    #[error("{call} gave null")]
    Null {
        /// What was called.
        call: Box<str>,
    },
    /// An object is of another class than the call needs.
    #[error("the object is not a {expected}")]
    NotA {
        /// The class it should be of.
        expected: &'static str,
    },
    /// The arguments or the result do not fit the descriptor. Nothing was called.
    #[error("{call}: {why}")]
    Mismatch {
        /// What should have been called.
        call: Box<str>,
        /// What does not fit.
        why: Box<str>,
    },
    /// An outer frame's `Env` was used while an inner frame is open; its objects would vanish too early.
    #[error("the Env of an outer frame was used inside an inner frame; use the inner one")]
    WrongFrame,
    /// Memory for something whose size the data decides was not to be had.
    #[error("no memory for {wanted} bytes")]
    NoMemory {
        /// Bytes asked for.
        wanted: usize,
    },
    /// A call to the operating system failed.
    #[error("{call} failed: {source}")]
    Os {
        /// The call.
        call: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether Java threw exactly this class, given with dots.
    pub fn is_thrown(&self, class: &str) -> bool {
        matches!(self, Error::Thrown(thrown) if thrown.class == class)
    }

    /// Whether a JVMTI function refused with this code.
    pub fn is_jvmti(&self, code: ErrorCode) -> bool {
        matches!(self, Error::Jvmti(error) if error.code == code)
    }
}

/// A Java exception that one of our calls met, told in words. The exception itself is cleared and let go.
#[derive(Debug)]
pub struct Thrown {
    /// What was called.
    pub call: Box<str>,
    /// The exception's class, with dots.
    pub class: String,
    /// Its `detailMessage`; computed messages are not asked for, since that would run foreign code.
    pub message: Option<String>,
    /// What it was caused by, three deep at most.
    pub cause: Option<Box<Thrown>>,
}

impl fmt::Display for Thrown {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} threw {}", self.call, self.class)?;
        let mut at = Some(self);
        while let Some(thrown) = at {
            if let Some(message) = &thrown.message {
                write!(to, ": {message}")?;
            }
            at = thrown.cause.as_deref();
            if let Some(cause) = at {
                write!(to, ", caused by {}", cause.class)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Thrown {}

/// A JVMTI function and the code it returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JvmtiError {
    /// The function's name in the specification.
    pub function: &'static str,
    /// What it returned.
    pub code: ErrorCode,
}

impl fmt::Display for JvmtiError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code.name() {
            Some(name) => write!(to, "{} failed: {name} ({})", self.function, self.code.0),
            None => write!(to, "{} failed: JVMTI error {}", self.function, self.code.0),
        }
    }
}

impl std::error::Error for JvmtiError {}

fn jni_name(code: i32) -> &'static str {
    match code {
        -1 => "JNI_ERR",
        -2 => "JNI_EDETACHED",
        -3 => "JNI_EVERSION",
        -4 => "JNI_ENOMEM",
        -5 => "JNI_EEXIST",
        -6 => "JNI_EINVAL",
        _ => "an unknown JNI error",
    }
}

/// Room for `count` values whose number the data decides, or an error instead of an abort.
pub(crate) fn room<T>(count: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    match vec.try_reserve_exact(count) {
        Ok(()) => Ok(vec),
        Err(_) => Err(Error::NoMemory { wanted: count.saturating_mul(size_of::<T>()) }),
    }
}
