//! All that can be woven in a living JVM is woven, every gate is opened and closed again, and a
//! workload that knows its own answers notices nothing. A slice: `scripts/woven-jvm` does it to the
//! whole JVM, on every JDK.

use std::time::Duration;

use harness::{Java, JavaBuilder, Jdk, Observation, exec_json, jdk};

/// The whole of JDK 8 or 11 is woven in many small steps.
const LONG: Duration = Duration::from_secs(600);

/// Which classes: the slice, or what the environment says.
fn patterns() -> Vec<String> {
    let given = std::env::var("OXPROBE_WOVEN").unwrap_or_else(|_| {
        "java.util.A* java.util.H* java.util.T* java.util.concurrent.* java.security.* sun.security.provider.* SelfCheck*".to_owned()
    });
    given.split(' ').map(str::to_owned).collect()
}

fn report(java: &mut Java) -> (String, u64) {
    java.process.say("report");
    let line = java.process.line("the report", |line| line.starts_with("checksum="));
    assert!(line.contains("wrong=0 exceptions=0"), "{line}");
    let field = |name: &str| {
        let at = line.split(' ').find_map(|field| field.strip_prefix(name));
        at.unwrap_or_else(|| panic!("no {name} in {line}")).to_owned()
    };
    (field("checksum="), field("rounds=").parse().unwrap())
}

/// The same checksum, nothing wrong, and the threads go on.
fn goes_on(java: &mut Java, checksum: &str) {
    let (now, rounds) = report(java);
    assert_eq!(now, checksum);
    harness::eventually("the workload to go on", || (report(java).1 > rounds + 20).then_some(()));
}

fn woven(jdk: &Jdk) {
    let loaded = std::env::var("OXPROBE_WOVEN_LOAD").unwrap_or_else(|_| "0".to_owned());
    let mut java = JavaBuilder::new(jdk, "SelfCheck").vm(format!("-Dload={loaded}")).start();
    let checksum = report(&mut java).0;
    exec_json(java.pid(), "options unsafe true");
    let (mut classes, mut methods) = (0, 0);
    let mut observations = Vec::new();
    for pattern in patterns() {
        // -c 3600: the gates are open and told natively, and nothing is printed.
        let line = format!("monitor -c 3600 -m 100000 {pattern} *");
        let observation = Observation::start_within(LONG, &java, &line);
        classes += observation.enhanced["effect"]["classCount"].as_u64().unwrap_or(0);
        methods += observation.methods();
        observations.push(observation);
        goes_on(&mut java, &checksum);
    }
    println!("JDK {}: {classes} classes, {methods} methods woven", jdk.major);
    assert!(classes > 50 && methods > 500, "{classes} classes, {methods} methods");
    for observation in observations {
        observation.interrupt();
        goes_on(&mut java, &checksum);
    }
    exec_json(java.pid(), "reset");
    goes_on(&mut java, &checksum);
    java.process.say("exit");
    assert_eq!(java.process.wait().code(), Some(0));
    let errors = java.process.errors();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_workload_in_woven_classes_gives_the_same_results_on_jdk_8() {
    woven(&jdk("8"));
}

#[test]
fn a_workload_in_woven_classes_gives_the_same_results_on_jdk_11() {
    woven(&jdk("11"));
}

#[test]
fn a_workload_in_woven_classes_gives_the_same_results_on_jdk_17() {
    woven(&jdk("17"));
}

#[test]
fn a_workload_in_woven_classes_gives_the_same_results_on_jdk_21() {
    woven(&jdk("21"));
}

#[test]
fn a_workload_in_woven_classes_gives_the_same_results_on_jdk_25() {
    woven(&jdk("25"));
}
