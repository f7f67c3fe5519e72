//! Bytes a thread has allocated, read as the JDK's own management reads them. The class belongs to the module
//! `java.management`, which an image may lack.

use std::ptr::NonNull;

use crate::calls::StaticMethod;
use crate::env::{self, Env};
use crate::error::Result;
use crate::sys::{JNIEnv, jvalue};

/// `sun.management.ThreadImpl.getThreadAllocatedMemory0`, found once.
pub struct Allocated {
    method: StaticMethod,
}

impl Allocated {
    /// Looks it up, which loads classes of `java.management`.
    pub fn find(env: &Env<'_>) -> Result<Allocated> {
        // Its initialiser loads the library of the native method.
        env.find_class("sun/management/ManagementFactoryHelper")?;
        let class = env.find_class("sun/management/ThreadImpl")?;
        let method = env.static_method(&class, "getThreadAllocatedMemory0", "(J)J")?;
        Ok(Allocated { method })
    }

    /// Bytes the current OS thread has allocated in its life, or `None` where the JVM does not count. On a virtual thread
    /// it is the carrier's number.
    pub fn of_this_thread(&self, env: &Env<'_>) -> Result<Option<u64>> {
        // 0 stands for the current thread.
        let bytes: i64 = self.method.call(env, &[0i64.into()])?;
        Ok(u64::try_from(bytes).ok())
    }

    /// The same without looking at anything but the number. Nothing may be pending on this thread.
    pub(crate) fn raw(&self, env: NonNull<JNIEnv>) -> Option<u64> {
        let (class, id) = self.method.raw();
        let this_thread = [jvalue { j: 0 }];
        let call = env::table(env).CallStaticLongMethodA;
        // SAFETY: `id` is a static method of `class`, which the method keeps, with one parameter of type long.
        let bytes = unsafe { call(env.as_ptr(), class, id, this_thread.as_ptr()) };
        let check = env::table(env).ExceptionCheck;
        // SAFETY: always legal.
        if unsafe { check(env.as_ptr()) } {
            let clear = env::table(env).ExceptionClear;
            // SAFETY: always legal; what is pending is the call's own.
            unsafe { clear(env.as_ptr()) };
            return None;
        }
        u64::try_from(bytes).ok()
    }
}
