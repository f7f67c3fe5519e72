//! Spy: the class in the boot loader that woven code calls, and its switches. One for each content: its name carries a
//! hash of its byte code, so an agent that comes later finds the one it knows or brings its own. It never unloads; its
//! natives, once bound, stay bound.

use std::ffi::c_void;
use std::ops::Range;
use std::sync::{Mutex, OnceLock};

use crate::calls::StaticMethod;
use crate::define::Native;
use crate::env::Env;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::jvmti::Jvmti;
use crate::known;
use crate::probe::{self, natives, shaped};
use crate::refs::{Class, Global, Local, Ref};
use crate::values::Value;

const SPY_FILE: &[u8] = include_bytes!("../../../java-shim/classes/Spy_00000000.class");
const ADVICE_FILE: &[u8] = include_bytes!("../../../java-shim/classes/Advice_00000000.class");
/// What the sources write where the hash comes.
const PLACEHOLDER: &[u8; 9] = b"_00000000";

/// How many methods can be given an id in the life of a JVM.
pub const IDS: u32 = 1 << 20;

/// The shapes in which values are passed, (references, longs): the first that has room for a method's is its shape.
pub const SHAPES: [(u8, u8); 10] =
    [(1, 0), (1, 1), (2, 0), (2, 1), (1, 2), (3, 0), (3, 2), (4, 4), (8, 8), (16, 16)];

/// The names that the class files of this agent get, internal (with slashes).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    /// `java/oxprobe/Spy_<hash>`.
    pub spy: String,
    /// `java/oxprobe/Advice_<hash>`.
    pub advice: String,
    suffix: [u8; 9],
}

/// The names; needs no JVM.
pub fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        // FNV-1a, folded: it need only tell versions of ourselves apart.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in SPY_FILE.iter().chain(ADVICE_FILE) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut suffix = *PLACEHOLDER;
        for (index, letter) in suffix.iter_mut().skip(1).enumerate() {
            let nibble = (hash ^ hash >> 32) >> (4 * index) & 0xF;
            *letter = b"0123456789abcdef".get(usize::try_from(nibble).unwrap_or(0)).copied().unwrap_or(b'0');
        }
        let text = String::from_utf8_lossy(&suffix).into_owned();
        Names { spy: format!("java/oxprobe/Spy{text}"), advice: format!("java/oxprobe/Advice{text}"), suffix }
    })
}

/// The class file with the hash in place.
fn named(file: &[u8]) -> Vec<u8> {
    let mut named = file.to_vec();
    let mut rest = named.as_mut_slice();
    while let Some(at) = rest.windows(PLACEHOLDER.len()).position(|part| part == PLACEHOLDER) {
        let (_, from) = rest.split_at_mut(at);
        let (part, after) = from.split_at_mut(PLACEHOLDER.len());
        part.copy_from_slice(&names().suffix);
        rest = after;
    }
    named
}

/// Spy as it lives in this JVM.
pub struct Spy {
    class: Global<Class>,
    advice: Global<Class>,
    reserve: StaticMethod,
    read: StaticMethod,
    write: StaticMethod,
    condition: StaticMethod,
    switch: StaticMethod,
    /// The Java side counts without a lock.
    reserving: Mutex<()>,
}

impl Spy {
    /// Finds the classes that an earlier agent left, or defines them; binds the natives to this library. Once done, it
    /// is at hand for ever.
    pub fn get_or_define(env: &Env<'_>) -> Result<&'static Spy> {
        static ONLY: OnceLock<Spy> = OnceLock::new();
        static MAKING: Mutex<()> = Mutex::new(());
        if let Some(found) = ONLY.get() {
            return Ok(found);
        }
        let making = MAKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(found) = ONLY.get() {
            return Ok(found);
        }
        let made = env.frame(32, Spy::make)?;
        let spy = ONLY.get_or_init(|| made);
        drop(making);
        Ok(spy)
    }

    fn make(env: &Env<'_>) -> Result<Spy> {
        let jvmti = &Environment::get().ok_or(Error::NotAttached)?.jvmti;
        let advice = find_or_define(env, jvmti, &names().advice, ADVICE_FILE)?;
        let class = find_or_define(env, jvmti, &names().spy, SPY_FILE)?;
        probe::prepare(env, jvmti, &class)?;
        env.register_natives(&class, &bindings())?;
        let of_advice = format!("(IL{};)V", names().advice);
        Ok(Spy {
            reserve: env.static_method(&class, "reserve", "(I)I")?,
            read: env.static_method(&class, "gate", "(I)I")?,
            write: env.static_method(&class, "gate", "(II)V")?,
            condition: env.static_method(&class, "advice", &of_advice)?,
            switch: env.static_method(&class, "on", "(I)V")?,
            class: env.global(&class)?,
            advice: env.global(&advice)?,
            reserving: Mutex::new(()),
        })
    }

    /// The class itself.
    pub fn class(&self) -> &Global<Class> {
        &self.class
    }

    /// The class that compiled conditions extend.
    pub fn advice(&self) -> &Global<Class> {
        &self.advice
    }

    /// Gives out `count` ids that no method ever had, with closed gates.
    pub fn reserve_ids(&self, env: &Env<'_>, count: u32) -> Result<Range<u32>> {
        let many = i32::try_from(count).unwrap_or(i32::MAX);
        let reserving = self.reserving.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let first: i32 = self.reserve.call(env, &[many.into()])?;
        drop(reserving);
        match u32::try_from(first) {
            Ok(first) => Ok(first..first.saturating_add(count)),
            Err(_) => {
                let why = "all 1,048,576 numbers for woven methods are used up in this JVM; restart it to weave more";
                Err(Error::Mismatch { call: "reserve".into(), why: why.into() })
            }
        }
    }

    /// What the gate of an id is now: bits as in [`gate`](crate::probe::gate).
    pub fn gate(&self, env: &Env<'_>, id: u32) -> Result<i32> {
        self.read.call(env, &[id.cast_signed().into()])
    }

    /// Sets the gate of an id that was given out. Running code sees it within a fraction of a millisecond.
    pub fn set_gate(&self, env: &Env<'_>, id: u32, gate: i32) -> Result<()> {
        self.write.call(env, &[id.cast_signed().into(), gate.into()])
    }

    /// The switch for all gates; off at first. A woven call costs least while it is off.
    pub fn set_on(&self, env: &Env<'_>, on: bool) -> Result<()> {
        self.switch.call(env, &[i32::from(on).into()])
    }

    /// Hangs a condition, and those after it, on an id; set it before the gate says that there is one, and take it away
    /// after the gate no longer says so.
    pub fn set_advice(&self, env: &Env<'_>, id: u32, first: Option<&Local<'_>>) -> Result<()> {
        if let Some(first) = first {
            env.expect_instance(first, &self.advice, "condition")?;
        }
        self.condition.call(env, &[id.cast_signed().into(), first.map_or(Value::Null, Value::from)])
    }

    /// Makes a condition of a class that extends [`advice`](Spy::advice), for the lanes of the mask, before another.
    pub fn new_advice<'f>(
        &self,
        env: &Env<'f>,
        class: &impl Ref<Kind = Class>,
        lane_mask: u8,
        next: Option<&Local<'_>>,
    ) -> Result<Local<'f>> {
        if !env.is_assignable(class, &self.advice)? {
            return Err(Error::NotA { expected: "class of conditions" });
        }
        let descriptor = format!("(IL{};)V", names().advice);
        let next = next.map_or(Value::Null, Value::from);
        env.new_object(class, &descriptor, &[i32::from(lane_mask).into(), next])
    }

    /// Lets a loader resolve Spy, before anything woven in it runs: what the loader's own code does then happens now, and
    /// a loader that does not see Spy is found out. `None` is the boot loader, which always does.
    pub fn resolve_in(&self, env: &Env<'_>, loader: Option<&Local<'_>>) -> Result<()> {
        let Some(loader) = loader else { return Ok(()) };
        known::LOADER.expect(env, loader)?;
        env.frame(8, |env| {
            let name = env.new_string(&names().spy.replace('/', "."))?;
            let descriptor = "(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;";
            let arguments = [Value::from(&name), false.into(), loader.into()];
            let found: Local<'_> =
                env.call_static(known::CLASS.class(env)?, "forName", descriptor, &arguments)?;
            if env.is_same(&found, &self.class) {
                return Ok(());
            }
            let why = "the class loader gives another class than the boot loader's";
            Err(Error::Mismatch { call: names().spy.as_str().into(), why: why.into() })
        })
    }
}

/// A class that is not there is not asked for by name: a debugger would stop the JVM at the exception, since no Java
/// code of ours catches it.
fn find_or_define<'f>(env: &Env<'f>, jvmti: &Jvmti, name: &str, file: &[u8]) -> Result<Local<'f, Class>> {
    if !jvmti.is_boot_class(env, name)? {
        env.define_class(name, None, &named(file))?;
    }
    // By name, since this initialises it too.
    env.find_class(name)
}

fn bindings() -> Vec<Native> {
    let native = |name, descriptor, function: *const c_void| {
        // SAFETY: each function below has the parameters of the descriptor beside it, in the order of Spy's source, and
        // catches what its probe panics with.
        unsafe { Native::new(name, descriptor, function.cast_mut()) }
    };
    let mut all = shaped::bindings();
    all.extend([
        native("stamp", "(I)J", natives::stamp as *const c_void),
        native("began", "(Ljava/lang/Thread;II)J", natives::began as *const c_void),
        native("ended", "(IJ)V", natives::ended as *const c_void),
        native("endedIn", "(Ljava/lang/Thread;IJ)V", natives::ended_in as *const c_void),
        native("failed", "(Ljava/lang/Throwable;IJ)V", natives::failed as *const c_void),
        native(
            "failedIn",
            "(Ljava/lang/Thread;Ljava/lang/Throwable;IJ)V",
            natives::failed_in as *const c_void,
        ),
        native("beforeIn", "(Ljava/lang/Thread;II)V", natives::before as *const c_void),
        native("firstIn", "(Ljava/lang/Thread;JII)V", natives::first as *const c_void),
        native("nextIn", "(Ljava/lang/Thread;III)V", natives::next as *const c_void),
        native("afterIn", "(Ljava/lang/Thread;II)V", natives::after as *const c_void),
        native("caughtIn", "(Ljava/lang/Thread;I)V", natives::caught as *const c_void),
        native("ticks", "()J", natives::ticks as *const c_void),
    ]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_files_name_each_other_by_their_hash() {
        let names = names();
        assert_ne!(&names.suffix, PLACEHOLDER);
        for file in [SPY_FILE, ADVICE_FILE] {
            let named = named(file);
            let holds = |text: &[u8]| named.windows(text.len()).any(|part| part == text);
            assert_eq!(named.len(), file.len());
            assert!(holds(names.advice.as_bytes()));
            assert!(!holds(PLACEHOLDER));
        }
    }

    #[test]
    fn both_classes_have_every_shape() {
        for (a, j) in SHAPES {
            for (file, prefix) in
                [(SPY_FILE, "enter"), (SPY_FILE, "exit"), (SPY_FILE, "thrown"), (ADVICE_FILE, "exit")]
            {
                let name = format!("{prefix}A{a}J{j}");
                let found = file.windows(name.len()).any(|part| part == name.as_bytes());
                assert!(found, "{name}");
            }
        }
    }
}
