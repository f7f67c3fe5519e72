//! What the JVM calls. The only `unsafe` outside the `jvm` crate: C symbols, and the pointers that
//! come through them.
#![expect(unsafe_code, reason = "symbols the JVM looks up by name, with C's calling convention")]

use std::ffi::{CStr, c_char, c_void};
use std::sync::Once;

use jvm::guard::{guard, log_panics};
use jvm::{Callbacks, Capabilities, Capability, ClassFile, Env, Environment, EventKind, Vm};
use parking_lot::Mutex;

use crate::start::{self, Attach, How};
use crate::tools;

/// `JNI_OK`.
const OK: i32 = 0;

/// `JNI_VERSION_1_6`: what `JNI_OnLoad` asks for; JDK 8 has it.
const JNI_VERSION: i32 = 0x0001_0006;

/// Loaded by `-agentpath`, before the JVM is there: the start proper waits for its `VMInit`.
///
/// # Safety
/// Called by the JVM (JVMTI specification, "Agent Start-Up").
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn Agent_OnLoad(
    vm: *mut jvm::sys::JavaVM,
    options: *const c_char,
    _: *mut c_void,
) -> i32 {
    // SAFETY: what the JVM hands in.
    unsafe { load(vm, options, on_load) }
}

/// Loaded into a running JVM, perhaps not for the first time.
///
/// # Safety
/// Called by the JVM (JVMTI specification, "Agent Start-Up (live phase)").
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn Agent_OnAttach(
    vm: *mut jvm::sys::JavaVM,
    options: *const c_char,
    _: *mut c_void,
) -> i32 {
    // SAFETY: what the JVM hands in.
    unsafe { load(vm, options, |vm, argument| begin(vm, Attach { argument, how: How::Attached })) }
}

/// Loaded by `System.load`. Says which JNI it wants, and starts as an attach without options does.
///
/// # Safety
/// Called by the JVM (JNI specification, "Library and Version Management").
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn JNI_OnLoad(vm: *mut jvm::sys::JavaVM, _: *mut c_void) -> i32 {
    enter();
    guard(|| {
        // SAFETY: the JVM hands in itself.
        if let Some(vm) = unsafe { Vm::from_raw(vm) } {
            begin(vm, Attach { argument: String::new(), how: How::Loaded });
        }
        OK
    });
    JNI_VERSION
}

/// The JVM ends. It may be that its threads still run; nothing is waited for and nothing is touched.
///
/// # Safety
/// Called by the JVM (JVMTI specification, "Agent Shutdown").
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn Agent_OnUnload(_: *mut jvm::sys::JavaVM) {
    guard(start::death);
}

/// What both kinds of loading begin with. Always succeeds: an agent that cannot start must not keep the
/// application from starting.
///
/// # Safety
/// `vm` is the JVM or null, `options` a C string or null, good for the call.
unsafe fn load(vm: *mut jvm::sys::JavaVM, options: *const c_char, start: fn(Vm, String)) -> i32 {
    enter();
    guard(|| {
        // SAFETY: by the caller's word.
        let Some(vm) = (unsafe { Vm::from_raw(vm) }) else { return };
        // SAFETY: by the caller's word.
        start(vm, unsafe { text(options) });
    });
    OK
}

/// The log stands before anything can be said, and a panic goes there and not to standard error. Both
/// stay after a stop: they belong to this library alone, and a late panic must not reach the
/// application's terminal either.
fn enter() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        start::JOURNAL.install();
        log_panics();
    });
}

/// # Safety
/// `pointer` is null or a C string.
unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: a C string, by the caller's word.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_string_lossy().into_owned()
}

fn on_load(vm: Vm, argument: String) {
    if let Err(why) = wait_for_start(vm, argument) {
        log::error!("the agent cannot start with this JVM: {why}");
    }
}

fn wait_for_start(vm: Vm, argument: String) -> jvm::Result<()> {
    let environment = Environment::get_or_create(vm)?;
    if tools::is_jdk_tool(&|name| environment.jvmti.system_property(name).ok().flatten()) {
        return environment.jvmti.disable(EventKind::VmDeath);
    }
    // Free at start; later the first class to be changed would cost the application its compiled code.
    if let Err(why) = environment.ensure(Capabilities::default().with(Capability::RetransformClasses)) {
        log::warn!("classes cannot be retransformed: {why}");
    }
    *WAITING.lock() = Some(argument);
    environment.jvmti.listen(&LISTENER);
    environment.jvmti.enable(EventKind::VmInit)
}

fn begin(vm: Vm, attach: Attach) {
    match Environment::get_or_create(vm) {
        Ok(environment) => {
            environment.jvmti.listen(&LISTENER);
            if !tools::is_jdk_tool(&|name| environment.jvmti.system_property(name).ok().flatten()) {
                start::begin(environment, attach);
            }
        }
        Err(why) => log::error!("the agent cannot start: {why}"),
    }
}

/// The argument of `-agentpath` until the JVM is there.
static WAITING: Mutex<Option<String>> = Mutex::new(None);

static LISTENER: Listener = Listener;

struct Listener;

impl Callbacks for Listener {
    fn vm_init(&self, _: &Env<'_>) {
        let (Some(environment), Some(argument)) = (Environment::get(), WAITING.lock().take()) else { return };
        if let Err(why) = environment.jvmti.disable(EventKind::VmInit) {
            log::warn!("an event cannot be switched off: {why}");
        }
        start::begin(environment, Attach { argument, how: How::AtStart });
    }

    fn class_file(&self, env: &Env<'_>, seen: &ClassFile<'_, '_>) -> Option<Vec<u8>> {
        host::weaver::class_file(env, seen)
    }

    fn vm_death(&self) {
        start::death();
    }
}
