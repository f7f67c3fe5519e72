//! The class files of loaded classes as they run, without changing anything.
//!
//! Only a retransformation makes the JVM tell them, and that stops the application, drops compiled code, keeps metaspace,
//! and takes back what was redefined. So it is begun and not ended: the list of classes ends with one that is shown a class
//! file that cannot be taken (it has a method more), upon which the JVM refuses the whole list while it still prepares,
//! before anything stops or is changed. The class files were all shown by then.
//!
//! At the first retransformation of a class of a module the JVM itself loads classes on this thread (`Module$ReflectionData`
//! and what it needs), and says of them, too, that they are the class being retransformed (`JvmtiClassFileLoadHookPoster`
//! adds read edges before it clears that). So names are compared, not only classes.
//!
//! It is a second environment that sees them: it comes after those of agents that were there before it, ours among them.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::{Mutex, OnceLock};

use crate::capabilities::Capabilities;
use crate::env::{self, Env};
use crate::error::{Error, Result};
use crate::guard::guard;
use crate::jvmti::{Jvmti, jvmti};
use crate::mutf8;
use crate::refs::{Class, Global, Ref};
use crate::sys::{
    Capability, ClassDefinition, EventCallbacks, EventKind, JNIEnv, JvmtiEnv, jclass, jint, jobject,
};
use crate::vm::Vm;

/// A loaded class and its class file.
pub struct Captured {
    /// The class.
    pub class: Global<Class>,
    /// Its class file, once it was seen.
    pub bytes: Option<Vec<u8>>,
}

/// What this thread captures.
struct Task {
    wanted: Vec<Captured>,
    /// Their names with slashes, in the same order.
    names: Vec<CString>,
    refused: Global<Class>,
    /// Whether the last class is shown what cannot be taken.
    refuses: bool,
}

thread_local! {
    /// No destructor: see `env::DEPTH`.
    static TASK: Cell<*mut Task> = const { Cell::new(ptr::null_mut()) };
}

/// The second environment, made at first use and never disposed, as the first.
static SECOND: OnceLock<Jvmti> = OnceLock::new();
/// How many capture now; held while the second environment is switched.
static SWITCHING: Mutex<usize> = Mutex::new(0);
/// Whether this JVM takes a class file with other methods (builds with DCEVM do). Nothing is refused there, so that what is
/// captured is retransformed, to what it was.
static TAKES_ALL: OnceLock<bool> = OnceLock::new();

/// The class at the end of the list: an empty interface of the boot loader, which every JVM has loaded.
const REFUSED: &str = "java/util/RandomAccess";

/// What a capture gave: the classes, and what the JVM said where it did not refuse what it should.
pub type Capture = (Vec<Captured>, Option<Error>);

/// The second environment while its hook is on: class files can be captured.
pub struct Capturing {
    second: &'static Jvmti,
    refused: Global<Class>,
    takes_all: bool,
}

impl Capturing {
    /// Gets ready.
    pub fn begin(vm: Vm, env: &Env<'_>) -> Result<Capturing> {
        let refused = env.global(&env.find_class(REFUSED)?)?;
        let mut begun = Capturing { second: switch_on(vm)?, refused, takes_all: false };
        begun.takes_all = match TAKES_ALL.get() {
            Some(known) => *known,
            None => {
                let taken = begun.ask(env, Vec::new(), true)?.1.is_none();
                if taken {
                    // It has a method more now: back to what it was.
                    begun.ask(env, Vec::new(), false)?;
                }
                *TAKES_ALL.get_or_init(|| taken)
            }
        };
        Ok(begun)
    }

    /// Whether capturing changes no class, as it should be. Where it is not so (builds that take any class file), the classes
    /// are retransformed, and whoever changes them in the hook must do so as ever.
    pub fn changes_nothing(&self) -> bool {
        !self.takes_all
    }

    /// Captures the class files of these classes, of each the one that the last agent of those before us left. Each class
    /// must be modifiable (`is_modifiable`), else none is captured. Links those that are not yet linked. The first class
    /// without bytes was refused, and the error says why; those behind it were not asked for.
    ///
    /// Transformers of other agents run on this thread.
    pub fn class_files(&self, env: &Env<'_>, classes: Vec<Global<Class>>) -> Result<Capture> {
        let wanted = classes.into_iter().map(|class| Captured { class, bytes: None }).collect();
        self.ask(env, wanted, !self.takes_all)
    }

    /// Shows a class file to all agents as the new one of a class, and has the JVM refuse it: behind it comes the class that
    /// is shown what cannot be taken. `jvmti` needs `Capability::RedefineClasses`, and capturing must change nothing.
    ///
    /// # Errors
    /// Always one: what the JVM refused first.
    pub fn show(
        &self,
        env: &Env<'_>,
        jvmti: &Jvmti,
        class: &impl Ref<Kind = Class>,
        file: &[u8],
    ) -> Result<()> {
        env.ready()?;
        let refused = with_one_method(REFUSED);
        let definition = |class: jclass, bytes: &[u8]| ClassDefinition {
            klass: class,
            class_byte_count: i32::try_from(bytes.len()).unwrap_or(0),
            class_bytes: bytes.as_ptr(),
        };
        let both = [definition(class.raw(), file), definition(self.refused.raw(), &refused)];
        // SAFETY: two definitions, of live classes, with class files that stay during the call.
        unsafe { jvmti!(jvmti, RedefineClasses, 2, both.as_ptr()) }
    }

    /// Gives back what capturing holds of the JVM between two captures.
    pub fn rest() -> Result<()> {
        let Some(second) = SECOND.get() else { return Ok(()) };
        second.relinquish_capabilities(second.capabilities()?)
    }

    /// Has the JVM show the class files.
    fn ask(&self, env: &Env<'_>, wanted: Vec<Captured>, refuses: bool) -> Result<Capture> {
        let mut names = Vec::with_capacity(wanted.len());
        for one in &wanted {
            names.push(mutf8::encode(&self.second.class_name(&one.class)?.replace('.', "/")));
        }
        let mut task = Task { wanted, names, refused: env.global(&self.refused)?, refuses };
        let mut raw: Vec<jclass> = task.wanted.iter().map(|one| one.class.raw()).collect();
        if refuses || raw.is_empty() {
            raw.push(self.refused.raw());
        }
        let count = i32::try_from(raw.len()).unwrap_or(i32::MAX);
        let before = TASK.replace(&raw mut task);
        // SAFETY: `count` live references to classes.
        let said = unsafe { jvmti!(self.second, RetransformClasses, count, raw.as_ptr()) };
        TASK.set(before);
        Ok((task.wanted, said.err()))
    }
}

fn switch_on(vm: Vm) -> Result<&'static Jvmti> {
    let mut users = SWITCHING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let second = match SECOND.get() {
        Some(second) => second,
        None => {
            let new = Jvmti::create(vm)?;
            let callbacks =
                EventCallbacks { ClassFileLoadHook: Some(class_file), ..EventCallbacks::default() };
            let size = i32::try_from(size_of::<EventCallbacks>()).unwrap_or(0);
            // SAFETY: the JVM copies `size` bytes of the table during the call.
            unsafe { jvmti!(new, SetEventCallbacks, &callbacks, size) }?;
            SECOND.get_or_init(|| new)
        }
    };
    // Before the hook: the other way round it is refused for ever.
    second.add_capabilities(Capabilities::NONE.with(Capability::RetransformClasses))?;
    second.enable(EventKind::ClassFileLoadHook)?;
    *users += 1;
    Ok(second)
}

impl Drop for Capturing {
    fn drop(&mut self) {
        let mut users = SWITCHING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *users = users.saturating_sub(1);
        if *users == 0
            && let Err(why) = self.second.disable(EventKind::ClassFileLoadHook)
        {
            log::warn!("the hook for class files is still on: {why}");
        }
    }
}

unsafe extern "C" fn class_file(
    _: *mut JvmtiEnv,
    env: *mut JNIEnv,
    redefined: jclass,
    _: jobject,
    name: *const c_char,
    _: jobject,
    length: jint,
    data: *const u8,
    new_length: *mut jint,
    new_data: *mut *mut u8,
) {
    guard(|| {
        let task = TASK.get();
        if task.is_null() || redefined.is_null() || name.is_null() || data.is_null() || Vm::is_gone() {
            return;
        }
        let (Some(env), Some(second)) = (ptr::NonNull::new(env), SECOND.get()) else { return };
        let Ok(length) = usize::try_from(length) else { return };
        // SAFETY: set by `ask`, which waits on this thread for the call that we are in and looks at it afterwards.
        let task = unsafe { &mut *task };
        let is_same = |class: &Global<Class>| {
            let is_same = env::table(env).IsSameObject;
            // SAFETY: two live references, compared with this thread's environment; legal with an exception pending.
            unsafe { is_same(env.as_ptr(), class.raw(), redefined) }
        };
        // SAFETY: a C string that stays during the call.
        let name = unsafe { CStr::from_ptr(name) };
        // The class at the end may be wanted, too: it is shown twice then.
        let mut wanted = task.wanted.iter_mut().zip(&task.names);
        let unseen =
            wanted.find(|(one, its)| one.bytes.is_none() && its.as_c_str() == name && is_same(&one.class));
        if let Some((one, _)) = unseen {
            // SAFETY: the JVM says that this many bytes are there; they stay during the call.
            one.bytes = Some(unsafe { std::slice::from_raw_parts(data, length) }.to_vec());
        } else if task.refuses && name.to_bytes() == REFUSED.as_bytes() && is_same(&task.refused) {
            let refused = with_one_method(REFUSED);
            let (Ok(memory), Ok(length)) = (second.copy(&refused), i32::try_from(refused.len())) else {
                return;
            };
            // SAFETY: the JVM hands in where the answer goes.
            unsafe { new_length.write(length) };
            // SAFETY: as above; memory that its `Allocate` gave.
            unsafe { new_data.write(memory.as_ptr()) };
        }
    });
}

/// The class file of an interface with one abstract method, which no empty one may be replaced by (JVMTI specification,
/// `RetransformClasses`: "must not add methods"). For JDK 8 and later.
fn with_one_method(name: &str) -> Vec<u8> {
    let mut file = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 52, 0, 7];
    let mut utf8 = |text: &str| {
        let length = u16::try_from(text.len()).unwrap_or(0);
        file.push(1);
        file.extend(length.to_be_bytes());
        file.extend(text.as_bytes());
    };
    // Entries 1 to 4 are texts, 5 and 6 are the classes of the first two.
    utf8(name);
    utf8("java/lang/Object");
    utf8("oxprobe");
    utf8("()V");
    file.extend([7, 0, 1, 7, 0, 2]);
    // public abstract interface, this, super; no interfaces, no fields, one public abstract method, no attributes.
    file.extend([0x06, 0x01, 0, 5, 0, 6, 0, 0, 0, 0, 0, 1, 0x04, 0x01, 0, 3, 0, 4, 0, 0, 0, 0]);
    file
}
