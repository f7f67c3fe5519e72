//! What the classes of a Java part ask of us while they run on the thread of a job: whether to go on, and what their class
//! files shall be. On any other thread, and once the job is over, they go on and stay as they are.

use std::cell::Cell;
use std::ffi::c_void;
use std::mem;
use std::ptr::{self, NonNull};

use crate::define::Native;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::guard::guard;
use crate::refs::{Class, Local, Ref};
use crate::sys::{JNIEnv, jclass, jobject};

/// Answers them. The methods run in the middle of a Java call of the same thread, and call no Java.
pub trait Keeper {
    /// Whether the part is to go on.
    fn goes_on(&self) -> bool;

    /// What a class file shall be instead.
    fn class_file(&self, bytes: &[u8]) -> Option<Vec<u8>>;
}

thread_local! {
    /// Who answers on this thread, for as long as the scope lasts that has set it.
    static KEEPER: Cell<Option<&'static dyn Keeper>> = const { Cell::new(None) };
}

/// Runs `work` with this keeper.
pub fn kept<R>(keeper: &dyn Keeper, work: impl FnOnce() -> R) -> R {
    struct Before(Option<&'static dyn Keeper>);
    impl Drop for Before {
        fn drop(&mut self) {
            KEEPER.set(self.0);
        }
    }
    // SAFETY: only the lifetime differs. The reference is in the cell of this thread alone, from which `Before` takes it
    // before this function ends, and who reads it there uses it within a call that ends before that.
    let lasting = unsafe { mem::transmute::<&dyn Keeper, &'static dyn Keeper>(keeper) };
    let before = Before(KEEPER.replace(Some(lasting)));
    let done = work();
    drop(before);
    done
}

impl Env<'_> {
    /// Binds `boolean goesOn()` of a class.
    pub fn bind_goes_on(&self, class: &impl Ref<Kind = Class>) -> Result<()> {
        let function: extern "system" fn(*mut JNIEnv, jclass) -> bool = goes_on;
        // SAFETY: the function takes what the descriptor says, a `bool` is a `jboolean`, and it never unwinds.
        let native = unsafe { Native::new("goesOn", "()Z", function as *mut c_void) };
        self.register_natives(class, &[native])
    }

    /// Binds `byte[] changed(byte[])` of a class.
    pub fn bind_changed(&self, class: &impl Ref<Kind = Class>) -> Result<()> {
        let function: extern "system" fn(*mut JNIEnv, jclass, jobject) -> jobject = changed;
        // SAFETY: the function takes and gives what the descriptor says, and never unwinds.
        let native = unsafe { Native::new("changed", "([B)[B", function as *mut c_void) };
        self.register_natives(class, &[native])
    }
}

extern "system" fn goes_on(_: *mut JNIEnv, _: jclass) -> bool {
    // What breaks here must not end the part.
    !guard(|| KEEPER.get().is_some_and(|keeper| !keeper.goes_on()))
}

extern "system" fn changed(env: *mut JNIEnv, _: jclass, file: jobject) -> jobject {
    guard(|| {
        let (Some(raw), Some(file), Some(keeper)) = (NonNull::new(env), NonNull::new(file), KEEPER.get())
        else {
            return ptr::null_mut();
        };
        let changed = Env::enter_native(raw, |env| {
            // SAFETY: an argument of the native, which lives for as long as the native runs.
            let file: Local<'_> = unsafe { Local::lent(file) };
            let Some(changed) = keeper.class_file(&env.bytes(&file)?) else { return Ok(ptr::null_mut()) };
            let signed: Vec<i8> = changed.iter().map(|byte| byte.cast_signed()).collect();
            Ok::<_, Error>(env.new_array(&signed)?.into_raw())
        });
        changed.unwrap_or(ptr::null_mut())
    })
}
