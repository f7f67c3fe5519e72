//! `logger` beside the real Arthas, value by value, and its effect: what the program writes.

use std::collections::BTreeMap;
use std::path::Path;

use harness::{Answer, Java, JavaBuilder, arthas, exec, exec_json, jdk};
use serde_json::Value;

const LOGBACK: &str = r#"<configuration>
  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>[%level] %logger %msg%n</pattern></encoder></appender>
  <appender name="FILE" class="ch.qos.logback.core.FileAppender"><file>FOLDER/a.log</file><encoder><pattern>%msg%n</pattern></encoder></appender>
  <appender name="ASYNC" class="ch.qos.logback.classic.AsyncAppender"><appender-ref ref="FILE"/></appender>
  <logger name="demo.audit" level="WARN" additivity="false"><appender-ref ref="ASYNC"/></logger>
  <root level="INFO"><appender-ref ref="CONSOLE"/></root>
</configuration>"#;

const LOG4J: &str = r#"<!DOCTYPE log4j:configuration SYSTEM "log4j.dtd">
<log4j:configuration xmlns:log4j="http://jakarta.apache.org/log4j/">
  <appender name="CONSOLE" class="org.apache.log4j.ConsoleAppender">
    <layout class="org.apache.log4j.PatternLayout"><param name="ConversionPattern" value="[%p] %c %m%n"/></layout></appender>
  <appender name="FILE" class="org.apache.log4j.FileAppender"><param name="File" value="FOLDER/a.log"/>
    <layout class="org.apache.log4j.SimpleLayout"/></appender>
  <appender name="ASYNC" class="org.apache.log4j.AsyncAppender"><appender-ref ref="FILE"/></appender>
  <logger name="demo.audit" additivity="false"><level value="warn"/><appender-ref ref="ASYNC"/></logger>
  <root><level value="info"/><appender-ref ref="CONSOLE"/></root>
</log4j:configuration>"#;

const LOG4J2: &str = r#"<Configuration status="WARN">
  <Appenders>
    <Console name="CONSOLE" target="SYSTEM_OUT"><PatternLayout pattern="[%level] %logger %msg%n"/></Console>
    <File name="FILE" fileName="FOLDER/a.log"><PatternLayout pattern="%msg%n"/></File>
    <Async name="ASYNC"><AppenderRef ref="FILE"/></Async>
  </Appenders>
  <Loggers>
    <Logger name="demo.audit" level="warn" additivity="false"><AppenderRef ref="ASYNC"/><AppenderRef ref="FILE"/></Logger>
    <Root level="info"><AppenderRef ref="CONSOLE"/></Root>
  </Loggers>
</Configuration>"#;

const JUL: &str = "handlers=java.util.logging.ConsoleHandler\n.level=INFO\n\
    java.util.logging.ConsoleHandler.level=ALL\n";

/// The program with one framework, configured in a folder.
fn program(name: &str, set: &str, framework: &str, folder: &Path) -> Java {
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::write(&file, text.replace("FOLDER", &folder.display().to_string())).unwrap();
        file.display().to_string()
    };
    JavaBuilder::new(&jdk(name), "libraries.Logs")
        .libraries(set)
        .vm(format!("-Dlogback.configurationFile={}", write("logback.xml", LOGBACK)))
        .vm(format!("-Dlog4j.configuration=file:{}", write("log4j.xml", LOG4J)))
        .vm(format!("-Dlog4j2.configurationFile={}", write("log4j2.xml", LOG4J2)))
        .vm(format!("-Djava.util.logging.config.file={}", write("jul.properties", JUL)))
        .arg(framework)
        .start()
}

/// Loggers by name, of all results of a line.
fn loggers(results: &[Value]) -> BTreeMap<String, Value> {
    let maps = results.iter().filter_map(|result| result["loggerInfoMap"].as_object());
    maps.flatten().map(|(name, logger)| (name.clone(), logger.clone())).collect()
}

fn ours(java: &Java, line: &str) -> BTreeMap<String, Value> {
    loggers(&exec_json(java.pid(), line))
}

/// Whether the program shows what it writes at the level for debugging.
fn is_shown(java: &mut Java, command: &str, text: &str) -> bool {
    java.tell(&format!("debug {command} {text}"));
    let lines = [java.process.output(), java.process.errors()].concat();
    lines.iter().any(|line| line.contains(text) && !line.starts_with("ok "))
}

fn refused(java: &Java, line: &str) -> Answer {
    let answer = exec(java.pid(), line);
    assert_ne!(answer.code, 0, "{line}: {answer:#?}");
    answer
}

#[test]
fn loggers_are_those_of_arthas_value_by_value() {
    for (name, set, framework) in [
        ("8", "logback12", "slf4j"),
        ("17", "logback15", "slf4j"),
        ("8", "log4j1", "log4j"),
        ("17", "reload4j", "log4j"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let java = program(name, set, framework, folder.path());
        let arthas = arthas::boot(&java, &[]);
        let first = exec_json(java.pid(), "logger -n demo.shop");
        let of_loader =
            format!("logger -c {}", loggers(&first)["demo.shop"]["classLoaderHash"].as_str().unwrap());
        for line in [
            "logger",
            &of_loader,
            "logger --include-no-appender",
            "logger -n demo.shop",
            "logger -n demo.audit",
            "logger -n no.such",
        ] {
            let theirs = arthas.exec(line)["body"]["results"].clone();
            let theirs = loggers(theirs.as_array().expect("results"));
            // It does not look at the JDK's.
            let mut ours = exec_json(java.pid(), line);
            ours.retain(|one| one["loggerInfoMap"]["ROOT"]["classLoaderHash"] != "null");
            let ours = loggers(&ours);
            assert_eq!(ours, theirs, "JDK {name}, {set}, {line}");
            assert!(!theirs.is_empty() || line.ends_with("no.such"), "JDK {name}, {set}, {line}");
        }
        arthas.stop();
    }
}

#[test]
fn a_level_that_is_set_shows_in_what_the_program_writes() {
    for (name, set, framework, level, back) in [
        ("8", "logback12", "slf4j", "debug", "INFO"),
        ("25", "logback15", "slf4j", "DEBUG", "INFO"),
        ("8", "log4j1", "log4j", "debug", "INFO"),
        ("25", "reload4j", "log4j", "debug", "INFO"),
        ("8", "log4j2", "log4j2", "debug", "info"),
        ("25", "log4j2", "log4j2", "debug", "info"),
        ("8", "log4j2", "jul", "FINE", "INFO"),
        ("25", "log4j2", "jul", "fine", "info"),
    ] {
        let what = format!("JDK {name}, {set}, {framework}");
        let folder = tempfile::tempdir().unwrap();
        let mut java = program(name, set, framework, folder.path());
        assert!(!is_shown(&mut java, "demo.shop", "first"), "{what}");
        let said = exec(java.pid(), &format!("logger -n demo.shop -l {level}")).ok();
        assert!(said.contains("Update logger level success."), "{what}: {said}");
        assert!(is_shown(&mut java, "demo.shop", "second"), "{what}");
        assert!(!is_shown(&mut java, "demo.other", "third"), "{what}");
        let logger = ours(&java, "logger -n demo.shop")["demo.shop"].clone();
        assert_eq!(logger["level"], level.to_uppercase(), "{what}: {logger}");
        exec(java.pid(), &format!("logger -n demo.shop -l {back}")).ok();
        assert!(!is_shown(&mut java, "demo.shop", "fourth"), "{what}");
        exec(java.pid(), &format!("logger -n ROOT -l {level}")).ok();
        assert!(is_shown(&mut java, "demo.third", "fifth"), "{what}: by the root's");

        let answer = refused(&java, "logger -n demo.shop -l nonsense");
        assert!(answer.err.contains("has no level nonsense. It has OFF,"), "{what}: {answer:#?}");
        exec(java.pid(), "stop").ok();
        let errors = java.process.errors();
        assert!(errors.iter().all(|line| !line.contains("JNI")), "{what}: {errors:#?}");
    }
}

#[test]
fn the_configuration_of_log4j_2_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let java = program("17", "log4j2", "log4j2", folder.path());
    let all = ours(&java, "logger");
    let audit = &all["demo.audit"];
    let loader = &all["root"]["classLoaderHash"];
    assert_eq!(
        (&audit["level"], &audit["additivity"], &audit["name"]),
        (&"WARN".into(), &false.into(), &"demo.audit".into())
    );
    assert_eq!(audit["class"], "org.apache.logging.log4j.core.config.LoggerConfig");
    assert!(audit["config"].as_str().is_some_and(|config| config.contains("log4j2.xml")), "{audit}");
    assert!(
        audit["codeSource"].as_str().is_some_and(|jar| jar.ends_with("log4j-core-2.24.3.jar")),
        "{audit}"
    );
    let of = |name: &str| {
        let appenders = audit["appenders"].as_array().cloned().unwrap_or_default();
        appenders.into_iter().find(|appender| appender["name"] == name).unwrap_or_default()
    };
    assert_eq!((&of("ASYNC")["appenderRef"][0], &of("ASYNC")["blocking"]), (&"FILE".into(), &true.into()));
    assert_eq!(of("FILE")["file"], folder.path().join("a.log").display().to_string());
    assert_eq!(&of("FILE")["classLoaderHash"], loader);
    assert_eq!(all["root"]["appenders"][0]["target"], "SYSTEM_OUT");
}

#[test]
fn of_two_applications_the_named_one_is_changed() {
    for (name, set) in [("8", "logback12"), ("17", "logback15")] {
        let folder = tempfile::tempdir().unwrap();
        let mut java = program(name, set, "apps", folder.path());
        let results = exec_json(java.pid(), "logger");
        let hashes: Vec<String> = results
            .iter()
            .filter_map(|one| one["loggerInfoMap"]["ROOT"]["classLoaderHash"].as_str().map(str::to_owned))
            .filter(|hash| hash != "null")
            .collect();
        assert_eq!(hashes.len(), 2, "JDK {name}: {results:#?}");

        let answer = refused(&java, "logger -n demo.shop -l debug");
        assert!(hashes.iter().all(|hash| answer.err.contains(hash)), "{answer:#?}");
        let several = refused(&java, "logger --classLoaderClass java.net.URLClassLoader");
        assert!(several.err.contains("more than one classloader"), "{several:#?}");

        let set = |hash: &str, level: &str| {
            exec(java.pid(), &format!("logger -c {hash} -n demo.shop -l {level}")).ok()
        };
        set(&hashes[0], "debug");
        let level =
            |hash: &str| ours(&java, &format!("logger -c {hash} -n demo.shop"))["demo.shop"]["level"].clone();
        assert_eq!((level(&hashes[0]), level(&hashes[1])), ("DEBUG".into(), Value::Null), "JDK {name}");
        let shown = ["one", "two"]
            .map(|app| is_shown(&mut java, &format!("{app} demo.shop"), &format!("first-{app}")));
        assert!(shown[0] != shown[1], "JDK {name}: {shown:?}");
        exec(java.pid(), &format!("logger -c {} -n demo.shop -l info", hashes[0])).ok();
        exec(java.pid(), &format!("logger -c {} -n demo.shop -l debug", hashes[1])).ok();
        let other = ["one", "two"]
            .map(|app| is_shown(&mut java, &format!("{app} demo.shop"), &format!("last-{app}")));
        assert_eq!(other, [!shown[0], !shown[1]], "JDK {name}: the other one");
    }
}

#[test]
fn who_may_only_look_sets_no_level_and_interrupts_nobody() {
    let looker =
        JavaBuilder::new(&jdk("17"), "demo.MathGame").with_agent("permissions=view evaluate").start();
    exec(looker.pid(), "logger").ok();
    for line in ["logger -n ROOT -l debug", "vmtool -a interruptThread -t 1"] {
        let answer = refused(&looker, line);
        assert!(answer.err.contains("permission mutate"), "{line}: {answer:#?}");
    }
}

#[test]
fn what_is_wrong_is_said_with_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let java = program("17", "logback12", "slf4j", folder.path());
    let missing = refused(&java, "logger -n no.such -l debug");
    assert!(
        missing.err.contains("there is no logger no.such") && missing.err.contains("--include-no-appender"),
        "{missing:#?}"
    );
    let nameless = refused(&java, "logger -l debug");
    assert!(nameless.err.contains("-n"), "{nameless:#?}");
    let elsewhere = refused(&java, "logger --classLoaderClass no.Such");
    assert!(elsewhere.err.contains("Can not find classloader by class name: no.Such."), "{elsewhere:#?}");
    let hashless = refused(&java, "logger -c 123abc");
    assert!(hashless.err.contains("Can not find classloader by hashCode: 123abc."), "{hashless:#?}");
    let bare = JavaBuilder::new(&jdk("17"), "demo.MathGame").start();
    let said = exec(bare.pid(), "logger").ok();
    assert!(said.contains("No logging framework that is in use"), "{said}");
}
