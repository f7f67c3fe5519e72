//! This thread's way to Java objects. An [`Env`] belongs to one frame of local references: what it hands out
//! ends with the frame. An `Env` exists only where no exception is pending, and every call clears what it
//! caused, so that nothing of ours is ever left behind in the application's thread.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use crate::error::{Error, Result};
use crate::refs::Local;
use crate::sys::{self, JNIEnv, JNINativeInterface__1_6, jobject};
use crate::vm::Vm;

thread_local! {
    /// How many of our frames are open on this thread. No destructor: our code may never be unmapped
    /// (JDK-8252657), but a thread-local that needs one would keep a pointer into it in any case.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// JNI for the current thread, inside one frame of local references.
pub struct Env<'f> {
    raw: NonNull<JNIEnv>,
    depth: u32,
    frame: PhantomData<Cell<&'f ()>>,
}

/// Calls a JNI function of this env; to be used in an `unsafe` block that says why the arguments hold.
macro_rules! jni {
    ($env:expr, $function:ident $(, $argument:expr)* $(,)?) => {
        ($env.table().$function)($env.raw() $(, $argument)*)
    };
}
pub(crate) use jni;

impl<'f> Env<'f> {
    /// Opens a frame on this thread, runs `work` in it, closes it, whatever `work` does.
    pub(crate) fn enter<R, E, F>(raw: NonNull<JNIEnv>, capacity: i32, work: F) -> Result<R, E>
    where
        E: From<Error>,
        F: for<'g> FnOnce(&Env<'g>) -> Result<R, E>,
    {
        let open = OpenFrame::new(raw, capacity)?;
        work(&open.env())
    }

    /// Runs `work` in the frame that the JVM made for the native that it has called.
    pub(crate) fn enter_native<R, E, F>(raw: NonNull<JNIEnv>, work: F) -> Result<R, E>
    where
        E: From<Error>,
        F: for<'g> FnOnce(&Env<'g>) -> Result<R, E>,
    {
        let open = OpenFrame::of_native(raw)?;
        work(&open.env())
    }

    /// Runs `work` with room for `capacity` local references, which all end with it. Wrap every loop that
    /// makes references in one. Give `work`'s own `Env` another name at your peril: using the outer one
    /// inside is [`Error::WrongFrame`].
    ///
    /// A local reference cannot leave its frame:
    /// ```compile_fail
    /// fn leak<'f>(env: &jvm::Env<'f>) -> jvm::Result<jvm::Local<'f, jvm::Class>> {
    ///     env.frame(8, |env| env.find_class("java/lang/String"))
    /// }
    /// ```
    /// but what was read from it can:
    /// ```
    /// fn name(env: &jvm::Env<'_>) -> jvm::Result<String> {
    ///     env.frame(8, |env| env.class_name(&env.find_class("java/lang/String")?))
    /// }
    /// ```
    /// nor can an `Env` go to another thread:
    /// ```compile_fail
    /// fn send(env: &jvm::Env<'_>) {
    ///     std::thread::scope(|scope| { scope.spawn(|| env.find_class("java/lang/String").is_ok()); });
    /// }
    /// ```
    pub fn frame<R, E, F>(&self, capacity: usize, work: F) -> Result<R, E>
    where
        E: From<Error>,
        F: for<'g> FnOnce(&Env<'g>) -> Result<R, E>,
    {
        self.ready()?;
        Env::enter(self.raw, clamp(capacity), work)
    }

    /// Like [`frame`](Env::frame), but the object that `work` returns goes on living in this frame.
    pub fn frame_keeping<K, E, F>(&self, capacity: usize, work: F) -> Result<Option<Local<'f, K>>, E>
    where
        E: From<Error>,
        F: for<'g> FnOnce(&Env<'g>) -> Result<Option<Local<'g, K>>, E>,
    {
        self.ready()?;
        let mut open = OpenFrame::new(self.raw, clamp(capacity))?;
        let kept = work(&open.env())?.map_or(ptr::null_mut(), Local::into_raw);
        let moved = open.close(kept);
        // SAFETY: `PopLocalFrame` gave us a reference in this frame, to the object `work` returned.
        Ok(unsafe { Local::from_raw(self, moved) })
    }

    /// Makes room for this many more local references in this frame, as far as the JVM grants it. More than there is room
    /// for work too, but a JVM that is checked (`-Xcheck:jni`) warns of them in the application's output.
    pub fn reserve(&self, count: usize) {
        // SAFETY: a plain number; at worst the JVM refuses.
        let code = unsafe { jni!(self, EnsureLocalCapacity, clamp(count)) };
        if code != sys::JNI_OK {
            self.clear();
        }
    }

    /// Every call starts here: the JVM lives, and this is the innermost frame.
    pub(crate) fn ready(&self) -> Result<()> {
        Vm::alive()?;
        if self.depth == DEPTH.get() { Ok(()) } else { Err(Error::WrongFrame) }
    }

    pub(crate) fn raw(&self) -> *mut JNIEnv {
        self.raw.as_ptr()
    }

    /// The function table, read anew each time: tools may swap it (`SetJNIFunctionTable`).
    pub(crate) fn table(&self) -> &JNINativeInterface__1_6 {
        table(self.raw)
    }
}

/// The JNI functions up to 1.6, which every JVM from JDK 6 on has.
pub(crate) fn table<'a>(raw: NonNull<JNIEnv>) -> &'a JNINativeInterface__1_6 {
    // SAFETY: a JNI environment always points to a function table.
    let union = unsafe { *raw.as_ptr() };
    // SAFETY: the tables of all versions start alike, and this part is in each.
    unsafe { &*union.cast() }
}

/// How many of our frames this thread has open.
pub(crate) fn open_frames() -> u32 {
    DEPTH.get()
}

/// JNI counts in `jint`; HotSpot grants at most 65,536 (`MaxJNILocalCapacity`) and more is only a hint.
fn clamp(capacity: usize) -> i32 {
    i32::try_from(capacity.min(65_536)).unwrap_or(16)
}

/// A frame; popped when it goes, also when `work` panics, if it was pushed.
struct OpenFrame {
    raw: NonNull<JNIEnv>,
    depth: u32,
    pushed: bool,
    closed: bool,
}

impl OpenFrame {
    fn new(raw: NonNull<JNIEnv>, capacity: i32) -> Result<OpenFrame> {
        let mut open = OpenFrame::of_native(raw)?;
        let push = table(raw).PushLocalFrame;
        // SAFETY: as above, and nothing is pending.
        let code = unsafe { push(raw.as_ptr(), capacity) };
        if code != sys::JNI_OK {
            let clear = table(raw).ExceptionClear;
            // SAFETY: clearing is always legal; what is pending now is the push's own OutOfMemoryError.
            unsafe { clear(raw.as_ptr()) };
            return Err(Error::Jni { function: "PushLocalFrame", code });
        }
        open.pushed = true;
        Ok(open)
    }

    /// The frame that the JVM made, and will end.
    #[inline]
    fn of_native(raw: NonNull<JNIEnv>) -> Result<OpenFrame> {
        Vm::alive()?;
        let exception_check = table(raw).ExceptionCheck;
        // SAFETY: `raw` is this thread's environment; the check is always legal.
        if unsafe { exception_check(raw.as_ptr()) } {
            return Err(Error::Pending);
        }
        let depth = DEPTH.get().wrapping_add(1);
        DEPTH.set(depth);
        Ok(OpenFrame { raw, depth, pushed: false, closed: false })
    }

    fn env<'g>(&self) -> Env<'g> {
        Env { raw: self.raw, depth: self.depth, frame: PhantomData }
    }

    /// Pops the frame; `kept` becomes a reference in the one below.
    fn close(&mut self, kept: jobject) -> jobject {
        if self.closed {
            return ptr::null_mut();
        }
        self.closed = true;
        DEPTH.set(self.depth.wrapping_sub(1));
        if !self.pushed || Vm::is_gone() {
            return ptr::null_mut();
        }
        let pop = table(self.raw).PopLocalFrame;
        // SAFETY: this frame was pushed on this thread and is the innermost (closures nest).
        unsafe { pop(self.raw.as_ptr(), kept) }
    }
}

impl Drop for OpenFrame {
    fn drop(&mut self) {
        self.close(ptr::null_mut());
    }
}
