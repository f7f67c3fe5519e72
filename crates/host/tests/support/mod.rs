//! One JVM with another agent in it, fixtures compiled at first use, and what the hook has seen.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use host::{Host, NamePattern, Wanted};
use jvm::{Callbacks, Class, ClassFile, Env, Global, Local, Result, Value, Weak};
use tempfile::TempDir;

use crate::machine::{self, Machine, machine};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

/// Tests take turns: there is one weaver, and they match classes by name.
pub(crate) struct Jvm {
    pub(crate) host: &'static Host,
    machine: Machine,
    _turn: MutexGuard<'static, ()>,
}

static HOST: OnceLock<Host> = OnceLock::new();

/// The host, once there is a JVM.
pub(crate) fn host() -> &'static Host {
    HOST.get().expect("made by jvm()")
}

type Seen = Vec<(Vec<u8>, Option<Vec<u8>>)>;

static SEEN: OnceLock<Mutex<HashMap<String, Seen>>> = OnceLock::new();

struct Hook;

impl Callbacks for Hook {
    fn class_file(&self, env: &Env<'_>, seen: &ClassFile<'_, '_>) -> Option<Vec<u8>> {
        let answer = host::weaver::class_file(env, seen);
        let name = seen.name.map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
        if seen.redefined.is_some() && name.starts_with("Fixture") {
            let mut all = lock(SEEN.get_or_init(Mutex::default));
            all.entry(name).or_default().push((seen.bytes.to_vec(), answer.clone()));
        }
        answer
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the hook was given for this class in the current test, and what it answered; redefinitions only.
pub(crate) fn seen(name: &str) -> Seen {
    lock(SEEN.get_or_init(Mutex::default)).get(name).cloned().unwrap_or_default()
}

/// Compiled fixtures: `fixture`, `changed` (the same, other code) and the agent's jar.
fn fixtures() -> &'static Path {
    static MADE: OnceLock<(PathBuf, Option<TempDir>)> = OnceLock::new();
    const PLACE: &str = "OXPROBE_TEST_FIXTURES";
    let (path, _) = MADE.get_or_init(|| {
        // A child of `on_every_jdk` uses its parent's.
        if let Some(place) = std::env::var_os(PLACE) {
            return (place.into(), None);
        }
        let folder = tempfile::tempdir().unwrap();
        let source = |name: &str| PathBuf::from(FIXTURES).join(name);
        let agent = folder.path().join("agent");
        let all = ["Fixture.java", "Load.java", "Loaders.java"].map(source);
        compile(&all, &folder.path().join("fixture"));
        compile(&[source("OtherAgent.java")], &agent);
        let text = std::fs::read_to_string(source("Fixture.java")).unwrap();
        let changed = folder.path().join("Fixture.java");
        std::fs::write(&changed, text.replace("return one + other;", "return one + other + 1000;")).unwrap();
        compile(&[changed], &folder.path().join("changed"));
        let manifest = folder.path().join("manifest");
        let says = "Premain-Class: OtherAgent\nCan-Redefine-Classes: true\nCan-Retransform-Classes: true\n";
        std::fs::write(&manifest, says).unwrap();
        let mut jar = Command::new(tool("jar"));
        jar.arg("cfm").arg(folder.path().join("agent.jar")).arg(manifest).arg("-C").arg(agent).arg(".");
        assert!(jar.status().unwrap().success());
        unsafe { std::env::set_var(PLACE, folder.path()) };
        (folder.path().to_owned(), Some(folder))
    });
    path
}

/// A tool of a JDK that compiles for Java 8.
fn tool(name: &str) -> PathBuf {
    let homes = machine::jdks();
    let modern = homes.iter().find(|home| home.join("release").is_file() && home.ends_with("17"));
    let home = modern.cloned().unwrap_or_else(machine::home);
    home.join("bin").join(name)
}

fn compile(sources: &[PathBuf], to: &Path) {
    let mut javac = Command::new(tool("javac"));
    javac.args(["--release", "8", "-g", "-Xlint:-options", "-nowarn", "-d"]).arg(to).args(sources);
    assert!(javac.status().unwrap().success(), "javac");
}

/// Says how the JVM of this process is to be made.
pub(crate) fn prepare() {
    let agent = fixtures().join("agent.jar");
    let options = format!(
        "-Xmx512m -Xverify:all -XX:-PrintWarnings -XX:+UseSerialGC -Xshare:auto -javaagent:{}",
        agent.display()
    );
    unsafe { std::env::set_var("OXPROBE_TEST_JVM", options) };
}

/// The JVM, for one test at a time.
pub(crate) fn jvm() -> Jvm {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = lock(&TURN);
    if HOST.get().is_none() {
        prepare();
    }
    let machine = machine();
    let host = HOST.get_or_init(|| {
        machine.environment.jvmti.listen(&Hook);
        Host::new(machine.vm, machine.environment)
    });
    lock(SEEN.get_or_init(Mutex::default)).clear();
    let jvm = Jvm { host, machine, _turn: turn };
    attach();
    // What earlier tests have loaded goes.
    let left =
        Wanted { limit: usize::MAX, ..Wanted::new(NamePattern::wildcard("Fixture*"), NamePattern::any()) };
    jvm.collect_until("the last test's classes are gone", |_| host.match_methods(&left).unwrap().is_empty());
    jvm
}

/// Attaches this test's thread for as long as it lives.
fn attach() {
    thread_local! {
        static ATTACHED: std::cell::OnceCell<jvm::Attached> = const { std::cell::OnceCell::new() };
    }
    ATTACHED.with(|attached| {
        attached.get_or_init(|| machine().vm.attach("test").unwrap());
    });
}

impl Jvm {
    pub(crate) fn with_env<R>(&self, work: impl for<'f> FnOnce(&Env<'f>) -> Result<R>) -> R {
        self.machine.vm.with_env(work).unwrap()
    }

    /// The fixtures of a folder in a loader of their own.
    pub(crate) fn load(&self, folder: &str) -> Loaded {
        let loader = self.with_env(|env| {
            let file = env.find_class("java/io/File")?;
            let path = env.new_string(&fixtures().join(folder).display().to_string())?;
            let file = env.new_object(&file, "(Ljava/lang/String;)V", &[Value::of(&path)])?;
            let uri: Local<'_> = env.call(&file, "toURI", "()Ljava/net/URI;", &[])?;
            let url: Local<'_> = env.call(&uri, "toURL", "()Ljava/net/URL;", &[])?;
            let urls = env.new_objects(&env.find_class("java/net/URL")?, &[Some(&url)])?;
            let class = env.find_class("java/net/URLClassLoader")?;
            env.global(&env.new_object(&class, "([Ljava/net/URL;)V", &[Value::of(&urls)])?)
        });
        let loaded = Loaded { loader, machine: self.machine };
        loaded.touch("Fixture");
        loaded
    }

    pub(crate) fn file_of(&self, folder: &str, name: &str) -> Vec<i8> {
        let bytes = std::fs::read(fixtures().join(folder).join(format!("{name}.class"))).unwrap();
        bytes.into_iter().map(u8::cast_signed).collect()
    }

    pub(crate) fn system_class<'f>(&self, env: &Env<'f>, name: &str) -> Result<Local<'f, Class>> {
        let class = env.find_class("java/lang/ClassLoader")?;
        let loader: Local<'_> =
            env.call_static(&class, "getSystemClassLoader", "()Ljava/lang/ClassLoader;", &[])?;
        load(env, &loader, name)
    }

    pub(crate) fn spoil(&self, name: &str) {
        self.with_env(|env| {
            let agent = self.system_class(env, "OtherAgent")?;
            let name = env.new_string(name)?;
            env.call_static::<()>(&agent, "spoil", "(Ljava/lang/String;)V", &[Value::of(&name)])
        });
    }

    pub(crate) fn reset(&self, pattern: &str) {
        let effect = self.host.reset(&NamePattern::wildcard(pattern)).unwrap();
        assert!(effect.failed.is_empty(), "{:?}", effect.failed);
    }

    pub(crate) fn collect_until(&self, what: &str, holds: impl Fn(&Env<'_>) -> bool) {
        until(what, || {
            self.with_env(|env| {
                self.machine.environment.jvmti.force_garbage_collection()?;
                Ok(holds(env))
            })
        });
    }
}

fn load<'f>(env: &Env<'f>, loader: &impl jvm::Ref, name: &str) -> Result<Local<'f, Class>> {
    let name = env.new_string(name)?;
    let descriptor = "(Ljava/lang/String;)Ljava/lang/Class;";
    let class: Local<'f> = env.call(loader, "loadClass", descriptor, &[Value::of(&name)])?;
    env.as_class(class)
}

/// Waits until it holds, at most thirty seconds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Fixtures in a loader of their own.
pub(crate) struct Loaded {
    loader: Global,
    machine: Machine,
}

impl Loaded {
    fn with_env<R>(&self, work: impl for<'f> FnOnce(&Env<'f>) -> Result<R>) -> R {
        self.machine.vm.with_env(work).unwrap()
    }

    /// Loads a class without using it.
    pub(crate) fn touch(&self, name: &str) {
        self.with_env(|env| load(env, &self.loader, name).map(drop));
    }

    pub(crate) fn class(&self, name: &str) -> Global<Class> {
        self.with_env(|env| env.global(&load(env, &self.loader, name)?))
    }

    pub(crate) fn run<R>(&self, work: impl for<'f> FnOnce(&Env<'f>, &Local<'f, Class>) -> Result<R>) -> R {
        self.run_class("Fixture", work)
    }

    pub(crate) fn run_class<R>(
        &self,
        name: &str,
        work: impl for<'f> FnOnce(&Env<'f>, &Local<'f, Class>) -> Result<R>,
    ) -> R {
        self.with_env(|env| work(env, &load(env, &self.loader, name)?))
    }

    /// Drops the loader and gives what tells its end.
    pub(crate) fn let_go(self) -> Weak {
        let weak = self.with_env(|env| env.weak(&self.loader));
        drop(self.loader);
        weak
    }

    /// Starts two threads that work and check.
    pub(crate) fn start_load(&self, class: &'static str) -> Load<'_> {
        self.run_class(class, |env, class| {
            for _ in 0..2 {
                let load = env.new_object(class, "()V", &[])?;
                let thread = env.find_class("java/lang/Thread")?;
                let thread = env.new_object(&thread, "(Ljava/lang/Runnable;)V", &[Value::of(&load)])?;
                env.call::<()>(&thread, "setDaemon", "(Z)V", &[Value::Bool(true)])?;
                env.call::<()>(&thread, "start", "()V", &[])?;
            }
            Ok(())
        });
        Load { loaded: self, class }
    }
}

/// Work that runs meanwhile.
pub(crate) struct Load<'l> {
    loaded: &'l Loaded,
    class: &'static str,
}

impl Load<'_> {
    fn count(&self) -> i32 {
        self.loaded.run_class(self.class, |env, class| {
            let wrong: Option<String> = env.get_static(class, "wrong", "Ljava/lang/String;")?;
            assert_eq!(wrong, None);
            env.get_static(class, "rounds", "I")
        })
    }

    /// Waits for so many more rounds, all of them right.
    pub(crate) fn rounds(&self, more: i32) {
        let from = self.count();
        until("the load goes on", || self.count() >= from + more);
    }

    pub(crate) fn stop(&self) {
        self.loaded.run_class(self.class, |env, class| env.set_static(class, "stop", "Z", Value::Bool(true)));
    }
}
