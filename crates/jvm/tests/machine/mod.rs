//! A real JVM inside the test's own process, made through `libjvm.so` with `-Xcheck:jni`. One per process, as
//! JNI has it; tests share it and attach their threads.
#![allow(dead_code, reason = "each test binary uses its part")]
#![expect(unsafe_code, reason = "making a JVM takes its C interface")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test fails by panicking"
)]

pub(crate) mod assembly;

use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr;
use std::sync::{OnceLock, mpsc};
use std::thread;

use jvm::sys::{JNI_OK, JNI_VERSION_1_8, JNIEnv, JavaVM, JavaVMInitArgs, JavaVMOption, jint};
use jvm::{Env, Environment, Vm};

/// The homes of all JDKs: those in the directories of `OXPROBE_JDKS`, else in `.cache/jdks`, else in
/// `/usr/lib/jvm`.
pub(crate) fn jdks() -> Vec<PathBuf> {
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/jdks");
    let roots = match std::env::var_os("OXPROBE_JDKS") {
        Some(given) => std::env::split_paths(&given).collect(),
        None => vec![cache, PathBuf::from("/usr/lib/jvm")],
    };
    for root in roots {
        let Ok(entries) = std::fs::read_dir(&root) else { continue };
        let mut homes: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok()?.path().canonicalize().ok())
            .filter(|home| home.join("include/jvmti.h").is_file() && libjvm(home).is_some())
            .collect();
        homes.sort();
        homes.dedup();
        if !homes.is_empty() {
            return homes;
        }
    }
    Vec::new()
}

/// The JDK to test on: `OXPROBE_TEST_JDK`, else 17, else any.
pub(crate) fn home() -> PathBuf {
    if let Some(home) = std::env::var_os("OXPROBE_TEST_JDK") {
        return home.into();
    }
    let all = jdks();
    let mut loadable = all.iter().filter(|home| own_loader(home).is_none());
    let seventeen = loadable.clone().find(|home| home.to_string_lossy().contains("17"));
    seventeen.or(loadable.next()).expect("no JDK found; run scripts/jdks or set OXPROBE_TEST_JDK").clone()
}

fn libjvm(home: &Path) -> Option<PathBuf> {
    ["lib/server/libjvm.so", "jre/lib/amd64/server/libjvm.so", "lib/amd64/server/libjvm.so"]
        .iter()
        .map(|part| home.join(part))
        .find(|path| path.is_file())
}

/// The loader that this JDK's own programs name (`PT_INTERP`), if it is not the system's: a JDK built for a
/// newer C library than the host's brings one along, and a process that takes in its `libjvm.so` needs it too.
pub(crate) fn own_loader(home: &Path) -> Option<PathBuf> {
    const INTERPRETER: u64 = 3;
    let file = std::fs::read(home.join("bin/java")).ok()?;
    let number = |at: u64, bytes: usize| -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let part = file.get(at..at + bytes)?;
        Some(part.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    };
    // Elf64_Ehdr and Elf64_Phdr of the System V ABI.
    let (start, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let header = (0..count).map(|i| start + i * size).find(|at| number(*at, 4) == Some(INTERPRETER))?;
    let from = usize::try_from(number(header + 8, 8)?).ok()?;
    let length = usize::try_from(number(header + 32, 8)?).ok()?;
    let text = std::str::from_utf8(file.get(from..from + length)?).ok()?;
    let path = PathBuf::from(text.trim_end_matches('\0'));
    (!path.starts_with("/lib64") && path.is_file()).then_some(path)
}

/// A raw machine that any thread may use.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    pub(crate) vm: Vm,
    pub(crate) raw: *mut JavaVM,
    pub(crate) environment: &'static Environment,
}

unsafe impl Send for Machine {}
unsafe impl Sync for Machine {}

impl Machine {
    /// Runs `work` on this thread, attached.
    pub(crate) fn run<R>(&self, work: impl for<'f> FnOnce(&Env<'f>) -> jvm::Result<R>) -> R {
        let attached = self.vm.attach("test").unwrap();
        attached.with_env(work).unwrap()
    }

    /// This thread's JNI environment, for what the crate itself never does.
    pub(crate) fn raw_env(&self) -> *mut JNIEnv {
        let mut env: *mut c_void = ptr::null_mut();
        let code = unsafe { ((**self.raw).v1_4.GetEnv)(self.raw, &mut env, JNI_VERSION_1_8) };
        assert_eq!(code, JNI_OK);
        env.cast()
    }
}

/// The machine, made at the first call on a thread that stays.
pub(crate) fn machine() -> Machine {
    static MACHINE: OnceLock<Machine> = OnceLock::new();
    *MACHINE.get_or_init(|| {
        let (made, wait) = mpsc::channel();
        thread::Builder::new()
            .name("main-java".to_owned())
            .spawn(move || {
                made.send(create()).unwrap();
                loop {
                    thread::park();
                }
            })
            .unwrap();
        wait.recv().unwrap()
    })
}

/// Makes the JVM on the current thread, which becomes its main thread.
pub(crate) fn create() -> Machine {
    let path = libjvm(&home()).expect("no libjvm.so in the JDK");
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    assert!(!library.is_null(), "{}", unsafe { CStr::from_ptr(libc::dlerror()) }.to_string_lossy());
    let symbol = unsafe { libc::dlsym(library, c"JNI_CreateJavaVM".as_ptr()) };
    assert!(!symbol.is_null());
    type Create = unsafe extern "C" fn(*mut *mut JavaVM, *mut *mut c_void, *mut c_void) -> jint;
    let create: Create = unsafe { std::mem::transmute(symbol) };

    // Other tests want other machines.
    let given = std::env::var("OXPROBE_TEST_JVM").unwrap_or_else(|_| "-Xmx128m -Xint".to_owned());
    let texts = std::iter::once("-Xcheck:jni").chain(given.split_whitespace());
    let texts: Vec<CString> = texts.map(|text| CString::new(text).unwrap()).collect();
    let mut options: Vec<JavaVMOption> = texts
        .iter()
        .map(|text| JavaVMOption {
            optionString: text.as_ptr().cast_mut().cast::<c_char>(),
            extraInfo: ptr::null_mut(),
        })
        .collect();
    let mut arguments = JavaVMInitArgs {
        version: JNI_VERSION_1_8,
        nOptions: jint::try_from(options.len()).unwrap(),
        options: options.as_mut_ptr(),
        ignoreUnrecognized: false,
    };
    let (mut raw, mut env) = (ptr::null_mut(), ptr::null_mut());
    let code = unsafe { create(&mut raw, &mut env, ptr::from_mut(&mut arguments).cast()) };
    assert_eq!(code, JNI_OK, "no JVM was made");
    let vm = unsafe { Vm::from_raw(raw) }.unwrap();
    let environment = Environment::get_or_create(vm).unwrap();
    Machine { vm, raw, environment }
}

/// Runs this whole test binary again on each JDK, and looks for what `-Xcheck:jni` has to say.
pub(crate) fn on_every_jdk() {
    const CHILD: &str = "OXPROBE_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return;
    }
    let only = std::env::var_os("OXPROBE_TEST_JDK").map(|home| vec![home.into()]);
    let homes = only.unwrap_or_else(jdks);
    assert!(!homes.is_empty(), "no JDK found; run scripts/jdks or set OXPROBE_TEST_JDK");
    for home in homes {
        let own = std::env::current_exe().unwrap();
        let mut command = match own_loader(&home) {
            None => Command::new(own),
            Some(loader) => {
                let mut command = Command::new(&loader);
                command.arg("--library-path").arg(loader.parent().unwrap()).arg(own);
                command
            }
        };
        let output = command
            .args(["--nocapture", "--test-threads=4"])
            .env(CHILD, "1")
            .env("OXPROBE_TEST_JDK", &home)
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {}\n{said}", home.display(), output.status);
        for warning in ["WARNING", "FATAL ERROR in native method", "JNI local refs"] {
            assert!(!said.contains(warning), "{}: {warning}\n{said}", home.display());
        }
    }
}
