//! A Java program of `tests/fixtures` in a real JVM.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::binaries::agent_library;
use crate::jdk::{Jdk, cache};
use crate::process::Running;

/// How to start a program.
#[derive(Clone, Debug)]
pub struct JavaBuilder {
    jdk: Jdk,
    main: String,
    libraries: Option<String>,
    class_path: Option<PathBuf>,
    vm_args: Vec<OsString>,
    args: Vec<String>,
    env: Vec<(String, OsString)>,
    without_checks: bool,
}

impl JavaBuilder {
    /// A program with `-Xcheck:jni` and byte-code verification of every class.
    pub fn new(jdk: &Jdk, main: &str) -> Self {
        Self {
            jdk: jdk.clone(),
            main: main.to_owned(),
            libraries: None,
            class_path: None,
            vm_args: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            without_checks: false,
        }
    }

    /// An argument for the JVM.
    #[must_use]
    pub fn vm(mut self, argument: impl Into<OsString>) -> Self {
        self.vm_args.push(argument.into());
        self
    }

    /// A program of `tests/libraries`, with a set of those.
    #[must_use]
    pub fn libraries(mut self, set: &str) -> Self {
        self.libraries = Some(set.to_owned());
        self
    }

    /// A program of classes that the test has compiled.
    #[must_use]
    pub fn class_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.class_path = Some(folder.into());
        self
    }

    /// An argument for the program.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Self {
        self.args.push(argument.to_owned());
        self
    }

    /// An environment variable.
    #[must_use]
    pub fn env(mut self, key: &str, value: impl Into<OsString>) -> Self {
        self.env.push((key.to_owned(), value.into()));
        self
    }

    /// The agent from the start, with options.
    #[must_use]
    pub fn with_agent(self, options: &str) -> Self {
        let mut argument = OsString::from("-agentpath:");
        argument.push(agent_library());
        if !options.is_empty() {
            argument.push(format!("={options}"));
        }
        self.vm(argument)
    }

    /// At full speed, for measurements.
    #[must_use]
    pub fn without_checks(mut self) -> Self {
        self.without_checks = true;
        self
    }

    /// The command that starts it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.jdk.tool("java"));
        command.env_remove("JAVA_TOOL_OPTIONS").env_remove("_JAVA_OPTIONS");
        if !self.without_checks {
            command.args(["-Xcheck:jni", "-Xverify:all"]);
            if self.jdk.major >= 13 {
                // -Xverify is deprecated since 13, and its warning would stand in the output.
                command.arg("-XX:-PrintWarnings");
            }
        }
        if self.jdk.major >= 21 {
            command.arg("-XX:+EnableDynamicAgentLoading");
        }
        command.args(["-Xmx256m", "-XX:+UseSerialGC"]);
        let path = match (&self.class_path, &self.libraries) {
            (Some(folder), _) => folder.clone().into_os_string(),
            (None, Some(set)) => with_libraries(set),
            (None, None) => classes().into_os_string(),
        };
        command.args(&self.vm_args).arg("-cp").arg(path).arg(&self.main).args(&self.args);
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Starts it and waits for its first line, `ready`.
    pub fn start(&self) -> Java {
        let mut java = self.start_unready();
        java.process.line("the program to be ready", |line| line.starts_with("ready"));
        java
    }

    /// Starts it and waits for nothing.
    pub fn start_unready(&self) -> Java {
        Java { process: Running::start(&mut self.command()), jdk: self.jdk.clone(), spy: None }
    }
}

/// Where `scripts/fixtures` compiles the programs to.
pub fn classes() -> PathBuf {
    let folder = cache().join("fixtures");
    assert!(folder.exists(), "no {}: run scripts/fixtures", folder.display());
    folder
}

/// Where `scripts/libraries` puts the libraries, a folder for each set, and compiles the programs of `tests/libraries`.
pub fn libraries() -> PathBuf {
    let folder = cache().join("libraries");
    assert!(folder.join("classes").exists(), "no {}/classes: run scripts/libraries", folder.display());
    folder
}

fn with_libraries(set: &str) -> OsString {
    let folder = libraries();
    std::env::join_paths([folder.join("classes"), folder.join(set).join("*")]).expect("a class path")
}

/// A running program.
pub struct Java {
    /// The process.
    pub process: Running,
    /// The Java it runs on.
    pub jdk: Jdk,
    /// The agent's helper class, once it was looked for and found.
    pub(crate) spy: Option<String>,
}

impl Java {
    /// The demo application on a JDK.
    pub fn demo(jdk: &Jdk) -> Self {
        JavaBuilder::new(jdk, "demo.MathGame").start()
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A command to the demo application, done when this returns.
    pub fn tell(&mut self, command: &str) {
        self.process.say(command);
        let answer = self.process.line(&format!("the answer to {command}"), |line| {
            line == format!("ok {command}") || line.starts_with(&format!("failed {command}"))
        });
        assert!(answer.starts_with("ok"), "{answer}");
    }

    /// The same, for a command that has an answer.
    pub fn ask(&mut self, command: &str) -> String {
        self.process.say(command);
        let [answered, failed] = [format!("ok {command}: "), format!("failed {command}")];
        let answer = self.process.line(&format!("the answer to {command}"), |line| {
            line.starts_with(&answered) || line.starts_with(&failed)
        });
        answer.strip_prefix(&answered).unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Fails if the program printed anything but its own lines, such as a warning of `-Xcheck:jni`
    /// or something of ours, on either stream.
    pub fn assert_undisturbed(&mut self) {
        self.assert_undisturbed_but(&[]);
    }

    /// The same, but for lines that the program printed without us, too.
    pub fn assert_undisturbed_but(&mut self, control: &[String]) {
        let own = |line: &&String| !line.starts_with("ready") && !line.starts_with("ok ") && !line.is_empty();
        let printed: Vec<String> = self
            .process
            .output()
            .iter()
            .filter(own)
            .filter(|line| !control.contains(line))
            .cloned()
            .collect();
        assert!(printed.is_empty(), "JDK {} printed {printed:#?}", self.jdk.major);
        let errors = self.process.errors();
        let errors: Vec<&String> = errors.iter().filter(|line| !line.starts_with("Picked up")).collect();
        assert!(errors.is_empty(), "JDK {} printed {errors:#?}", self.jdk.major);
    }

    /// What one of the JDK's own tools says about it.
    pub fn jdk_tool(&self, tool: &str, args: &[&str]) -> String {
        let pid = self.pid().to_string();
        let mut command = Command::new(self.jdk.tool(tool));
        command.env_remove("JAVA_TOOL_OPTIONS");
        // jstat takes its option before the pid, jcmd after it.
        match tool {
            "jstat" => command.args(args).arg(&pid),
            _ => command.arg(&pid).args(args),
        };
        let out = command.output().unwrap_or_else(|why| panic!("{tool}: {why}"));
        assert!(out.status.success(), "{tool} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }
}

impl Drop for Java {
    fn drop(&mut self) {
        // A killed JVM removes nothing, and pids come round again.
        self.process.kill();
        let pid = self.pid();
        drop(std::fs::remove_dir_all(format!("/tmp/.oxprobe-{pid}")));
        drop(std::fs::remove_file(format!("/tmp/.java_pid{pid}")));
    }
}
