//! Filters, redirects and jobs on a real JVM: what goes into files, what stays when a connection goes.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use harness::attach::in_own_mounts;
use harness::client::result;
use harness::{Java, JavaBuilder, Running, eventually, exec, exec_json, jdk, jdks};
use serde_json::Value;

/// The jobs there are, but for the one that asks.
fn jobs(java: &Java) -> Vec<Value> {
    let results = exec_json(java.pid(), "jobs");
    result(&results, "jobs")["jobs"].as_array().cloned().unwrap_or_default()
}

#[test]
fn filters_see_the_lines_and_programs_the_values() {
    for jdk in jdks() {
        let mut java = Java::demo(&jdk);
        let pid = java.pid();
        let all = exec(pid, "sysprop").ok();
        let vendors = all.lines().filter(|line| line.to_lowercase().contains("java.vendor")).count();
        assert!(vendors > 0, "{all}");
        assert_eq!(exec(pid, "sysprop | grep -i JAVA.VENDOR | wc -l").ok(), format!("{vendors}\n"));
        assert_eq!(exec(pid, "sysprop | grep -ic JAVA.VENDOR").ok(), format!("{vendors}\n"));
        let whole = exec_json(pid, "sysprop | grep nothing | wc -l");
        assert!(result(&whole, "sysprop")["props"].as_object().is_some_and(|props| props.len() > 10));
        // Ended by its filter, and its probe is off with it.
        let one = exec(pid, "watch demo.MathGame primeFactors | grep -m 1 location").ok();
        assert!(one.contains("demo.MathGame.primeFactors") && one.lines().count() == 1, "{one}");
        assert_eq!(jobs(&java), Vec::<Value>::new());
        java.assert_undisturbed();
    }
}

#[test]
fn output_goes_to_files_of_the_jvms_user() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame")
        .with_agent(&format!("output-dir={}", output.display()))
        .start();
    let pid = java.pid();
    let file = folder.path().join("new/props.txt");
    let said = exec(pid, &format!("sysprop > {}", file.display())).ok();
    assert_eq!(said, format!("The output goes to {}\n", file.display()));
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("java.version") && !written.contains('\x1b'), "{written}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    exec(pid, &format!("version >> {}", file.display())).ok();
    let version = exec(pid, "version").ok();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written + &version);
    exec(pid, &format!("version | tee {} | grep nothing", file.display())).ok();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), version);

    let said = exec(pid, "version >").ok();
    let cache = said.trim().rsplit(' ').next().unwrap_or_default();
    assert!(Path::new(cache).starts_with(output.join(format!("arthas-cache/{pid}"))), "{said}");
    assert_eq!(std::fs::read_to_string(cache).unwrap(), version);

    exec(pid, "options save-result true").ok();
    exec_json(pid, "version");
    exec(pid, "pwd").ok();
    let kept = std::fs::read_to_string(output.join("arthas-cache/result.log")).unwrap();
    let cwd = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    assert!(kept.ends_with(&format!("{version}{}\n", cwd.display())), "{kept}");

    // Neither a link nor the application's own output is written to.
    let link = folder.path().join("link");
    symlink(&file, &link).unwrap();
    for (path, why) in [
        (link.to_str().unwrap(), "symbolic link"),
        ("/dev/full", "regular file"),
        ("/proc/x/y", "cannot be written"),
    ] {
        let refused = exec(pid, &format!("pwd > {path}"));
        assert!(refused.code == 1 && refused.err.contains(why), "{refused:#?}");
    }
    assert!(exec(pid, "pwd > /dev/stdout").code == 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), version);
}

#[test]
fn a_full_disk_ends_the_job_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let command = JavaBuilder::new(&jdk("17"), "demo.MathGame").with_agent("").command();
    let mount = format!("mount -t tmpfs -o size=20m none {}", disk.display());
    let mut java = Running::start(&mut in_own_mounts(&mount, &command));
    java.line("the program to be ready", |line| line.starts_with("ready"));
    let pid = java.pid();
    let to = |name: &str| format!("sysprop > {}/{name}", disk.display());
    exec(pid, &to("a")).ok();
    std::fs::write(format!("/proc/{pid}/root{}/fill", disk.display()), vec![0; 5 << 20]).unwrap();
    let refused = exec(pid, &to("b"));
    assert!(
        refused.code == 1 && refused.err.contains("left, which the application may need"),
        "{refused:#?}"
    );
    assert!(exec(pid, "version").code == 0 && java.is_alive());
}

#[test]
fn a_job_in_the_background_outlives_the_command_line_that_started_it() {
    let folder = tempfile::tempdir().unwrap();
    let java = Java::demo(&jdk("17"));
    let file = folder.path().join("run.txt");
    let line = format!("watch demo.MathGame run -n 100000 > {} &", file.display());
    let said = exec(java.pid(), &line).ok();
    assert!(said.contains("The output goes to") && said.contains("runs in the background"), "{said}");
    let running = jobs(&java);
    assert_eq!(running.len(), 1, "{running:#?}");
    let job = &running[0];
    assert_eq!(
        (&job["state"], &job["left"], &job["line"]),
        (&"RUNNING".into(), &true.into(), &line.clone().into())
    );
    assert_eq!(job["cacheLocation"], file.to_str().unwrap());
    let written = || std::fs::read_to_string(&file).unwrap_or_default().matches("location=").count();
    let first = eventually("the first calls", || Some(written()).filter(|calls| *calls > 0));
    eventually("more calls", || Some(written()).filter(|calls| *calls > first));
    let id = &job["id"];
    exec(java.pid(), &format!("kill %{id}")).ok();
    eventually("its end", || jobs(&java).is_empty().then_some(()));
    let refused = exec(java.pid(), &format!("pwd > {}/no/", folder.path().display()));
    assert_eq!(refused.code, 1);
    let refused = exec(java.pid(), "watch demo.MathGame run > /proc/nowhere/x &");
    assert!(refused.code == 1 && refused.err.contains("/proc/nowhere/x cannot be written"), "{refused:#?}");
}

#[test]
fn a_job_ends_when_its_time_is_up() {
    let java = Java::demo(&jdk("17"));
    exec(java.pid(), "options job-timeout 1s").ok();
    let ended = exec(java.pid(), "dashboard -i 100");
    assert!(
        ended.code == 1 && ended.err.contains("it ran for 1s, the limit of `options job-timeout`"),
        "{ended:#?}"
    );
    exec(java.pid(), "watch demo.MathGame run &").ok();
    eventually("the end of the one in the background", || jobs(&java).is_empty().then_some(()));
    exec(java.pid(), "options job-timeout 1d").ok();
    exec(java.pid(), "dashboard -n 12 -i 100").ok();
}
