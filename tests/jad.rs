//! `jad` beside Arthas, which uses the same decompiler, and beside javap; and what a decompiler inside somebody's JVM must
//! not leave there.

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::attach::in_own_mounts;
use harness::client::result;
use harness::resources::{Holdings, slope, steady_slope};
use harness::{
    Answer, Java, JavaBuilder, Jdk, Observation, Running, Tunnel, agent_library, arthas, eventually, exec,
    exec_json, jdk,
};
use serde_json::Value;

/// The folder of the jars beside the agent's library.
fn parts() -> PathBuf {
    let folder = agent_library().parent().unwrap().join("java");
    assert!(folder.join("cfr-0.152.jar").exists(), "no jars in {}: run scripts/parts", folder.display());
    folder
}

fn jad(java: &Java, line: &str) -> Value {
    parts();
    let results = exec_json(java.pid(), &format!("jad {line}"));
    result(&results, "jad").clone()
}

fn source(java: &Java, line: &str) -> String {
    jad(java, &format!("--source-only {line}"))["source"].as_str().unwrap().to_owned()
}

/// What is refused, in a sentence.
fn refused(java: &Java, line: &str) -> String {
    let answer = exec(java.pid(), &format!("jad {line}"));
    assert_eq!(answer.code, 1, "{answer:#?}");
    answer.err
}

/// What both say of classes with classes within them, of generic, long and synthetic ones.
fn as_arthas(name: &str) {
    // There Arthas leaves the class files of all JVMs together, and its decompiler takes a class that is not loaded from
    // those of another JDK.
    let home = tempfile::tempdir().unwrap();
    let home = format!("-Duser.home={}", home.path().display());
    let java = JavaBuilder::new(&jdk(name), "values.Main").without_checks().vm(home).start();
    let peer = arthas::boot(&java, &[]);
    let mut wrong = Vec::new();
    for line in [
        "values.Kinds",
        "values.Kinds scalars",
        "values.Kinds$Color",
        "values.Main main --lineNumber false",
        "values.Main --hideUnicode --source-only",
        "-E values\\.Ma.n",
        "java.util.HashMap",
        "java.util.concurrent.ConcurrentHashMap put",
        "java.lang.Thread$State --source-only",
    ] {
        let ours = jad(&java, line);
        let answer = peer.exec(&format!("jad {line}"));
        let theirs =
            answer["body"]["results"].as_array().and_then(|all| all.iter().find(|one| one["type"] == "jad"));
        let theirs = theirs.unwrap_or_else(|| panic!("{line}: {answer}"));
        wrong.extend(differences(&ours, theirs).into_iter().map(|what| format!("{line}: {what}")));
    }
    assert!(wrong.is_empty(), "JDK {name}: {wrong:#?}");
}

/// Where ours is not what Arthas says. Of a line with a lambda in it CFR tells several original lines in an order that
/// changes from run to run, and no line among them; Arthas takes the last.
fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let lines = |of: &Value| -> Vec<String> {
        of["source"].as_str().unwrap_or_default().lines().map(str::to_owned).collect()
    };
    let bare = |line: &str| line.split_once("*/ ").map_or(line, |(_, rest)| rest).trim_start().to_owned();
    let (our_lines, their_lines) = (lines(ours), lines(theirs));
    let mut wrong = Vec::new();
    if our_lines.len() != their_lines.len() {
        wrong.push(format!("{} lines and not {}", our_lines.len(), their_lines.len()));
    }
    for (number, (ours_is, theirs_is)) in (1..).zip(our_lines.iter().zip(&their_lines)) {
        let [known, told] = [ours, theirs].map(|of| of["mappings"][number.to_string()].as_u64());
        let is_same = bare(ours_is) == bare(theirs_is)
            && (told.is_none() || told == known || ours_is.contains("->"))
            && (told != known || ours_is == theirs_is);
        if !is_same {
            wrong.push(format!("{ours_is:?} ({known:?}) and not {theirs_is:?} ({told:?})"));
            break;
        }
    }
    let differ = ["classInfo", "location"].into_iter().filter(|field| ours[*field] != theirs[*field]);
    wrong.extend(differ.map(|field| format!("{field} is {} and not {}", ours[field], theirs[field])));
    wrong
}

#[test]
fn source_lines_and_header_are_those_of_arthas_on_jdk_8() {
    as_arthas("8");
}

#[test]
fn source_lines_and_header_are_those_of_arthas_on_jdk_17() {
    as_arthas("17");
}

/// A class, a method, classes within it, on what people run.
#[test]
fn source_is_to_be_had_on_a_jre_and_on_the_newest_jdk() {
    for name in ["jre8", "jre17", "25"] {
        let mut java = JavaBuilder::new(&jdk(name), "values.Main").start();
        let all = source(&java, "values.Kinds");
        for part in ["class Kinds {", "static enum Color {", "Color.RED", "class Bean"] {
            assert!(all.contains(part), "{name}: no {part} in {all}");
        }
        let one = source(&java, "values.Main show");
        assert!(one.contains("static Object show(Object value)") && !one.contains("class"), "{name}: {one}");
        assert!(refused(&java, "values.Main nope").contains("no method nope"), "{name}");
        let boot = source(&java, "java.lang.Integer parseInt");
        assert!(boot.contains("NumberFormatException"), "{name}: {boot}");
        assert!(exec(java.pid(), "stop").code == 0);
        java.assert_undisturbed();
    }
}

#[test]
fn what_has_no_source_is_told_in_a_sentence() {
    let java = Java::demo(&jdk("17"));
    assert!(refused(&java, "demo.Nope").contains("No class found for: demo.Nope"));
    assert!(refused(&java, "demo.*").contains("Found more than one class for: demo.*"));
    assert!(refused(&java, "demo.MathGame -c 12345").contains("No class found for"));
    let lambda = refused(&java, "-E .*MathGame..Lambda.1/.*");
    assert!(lambda.contains("made for a lambda or is hidden"), "{lambda}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = refused(&java, &format!("demo.MathGame -d {}", file.path().display()));
    assert!(folder.contains(":is not a directory, please check it"), "{folder}");
}

/// An image without `java.logging`, which CFR needs.
#[test]
fn an_image_that_cannot_decompile_shows_byte_code() {
    let java = Java::demo(&jdk("base17"));
    let why = refused(&java, "demo.MathGame");
    assert!(why.contains("java.logging") && why.contains("--bytecode"), "{why}");
    let listed = source(&java, "demo.MathGame run --bytecode");
    assert!(
        listed.contains("invokevirtual") && listed.contains("Method primeFactors:(I)Ljava/util/List;"),
        "{listed}"
    );
}

#[test]
fn probes_are_left_out_unless_they_are_asked_for() {
    for name in ["8", "17"] {
        let mut java = Java::demo(&jdk(name));
        let before = [source(&java, "demo.MathGame"), source(&java, "--bytecode demo.MathGame")];
        let watch =
            Observation::start(&java, "watch demo.MathGame primeFactors '{params,returnObj}' -n 100000");
        let during = [source(&java, "demo.MathGame"), source(&java, "--bytecode demo.MathGame")];
        assert_eq!(before, during, "JDK {name}");
        let woven = source(&java, "--bytecode --probes demo.MathGame");
        assert!(woven.contains("java/oxprobe/Spy_"), "JDK {name}: {woven}");
        assert!(source(&java, "--probes demo.MathGame").contains("Spy_"), "JDK {name}");
        drop(watch);
        java.assert_undisturbed();
    }
}

/// Two classes of one name; the one of the loader that is meant is shown.
#[test]
fn one_of_two_loaders_is_meant_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let mut java = JavaBuilder::new(&jdk("17"), "calls.Main").start();
    let hashes = ["one", "two"].map(|name| {
        let place = compiled(folder.path(), name);
        java.ask(&format!("load {} Named", place.display()))
    });
    assert!(refused(&java, "Named").contains("add -c <classloader hash>"));
    for (hash, name) in hashes.iter().zip(["one", "two"]) {
        let shown = jad(&java, &format!("-c {hash} Named"));
        assert!(shown["source"].as_str().unwrap().contains(&format!("\"{name}\"")), "{shown}");
        assert_eq!(shown["classInfo"]["classLoaderHash"], **hash);
        let location = shown["location"].as_str().unwrap();
        assert!(location.trim_end_matches('/').ends_with(name), "{location}");
    }
    let by_class = exec(java.pid(), "jad --classLoaderClass java.net.URLClassLoader Named");
    assert!(by_class.err.contains("Found more than one classloader"), "{by_class:#?}");
}

fn compiled(folder: &Path, name: &str) -> PathBuf {
    let source = folder.join("Named.java");
    let text = format!(
        "public class Named implements Runnable {{ String is = \"{name}\"; public void run() {{}} }}"
    );
    std::fs::write(&source, text).unwrap();
    let out = folder.join(name);
    let mut javac = Command::new(jdk("17").tool("javac"));
    javac.args(["--release", "8", "-nowarn", "-d"]).arg(&out).arg(&source);
    assert!(javac.output().expect("javac starts").status.success());
    out
}

/// A copy of our binaries in a folder without jars.
fn copied(folder: &Path, name: &str) -> PathBuf {
    let from = agent_library().parent().unwrap().join(name);
    let to = folder.join(name);
    std::fs::copy(from, &to).unwrap();
    to
}

#[test]
fn the_jar_comes_from_the_option_from_the_client_or_from_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let library = copied(folder.path(), "liboxprobe.so");
    let alone = copied(folder.path(), "oxprobe");
    let run = |program: &Path, java: &Java, more: &[&str]| -> Answer {
        let mut command = Command::new(program);
        command.env("OXPROBE_AGENT", &library).args(["exec", &java.pid().to_string()]).args(more);
        command.output().unwrap().into()
    };
    let asked = ["jad --source-only demo.MathGame run"];
    let java = Java::demo(&jdk("17"));
    // Neither the agent nor its client has it.
    let nobody = run(&alone, &java, &asked);
    assert!(
        nobody.code == 1 && nobody.err.contains("cfr-0.152.jar") && nobody.err.contains("--bytecode"),
        "{nobody:#?}"
    );
    assert_eq!(run(&alone, &java, &["jad --bytecode demo.MathGame run"]).code, 0);
    // A client with a jar that was changed.
    let java_dir = folder.path().join("java");
    std::fs::create_dir(&java_dir).unwrap();
    std::fs::write(java_dir.join("cfr-0.152.jar"), b"not this one").unwrap();
    let other = run(&alone, &java, &asked);
    assert!(other.err.contains("another version"), "{other:#?}");
    std::fs::remove_dir_all(&java_dir).unwrap();
    // A client that has it: the usual one, beside which it lies.
    let with = agent_library().parent().unwrap().join("oxprobe");
    let lent = run(&with, &java, &asked).ok();
    assert!(lent.contains("illegalArgumentCount"), "{lent}");
    // The option.
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").start();
    let option = format!("java-dir={}", parts().display());
    let mut attach = Command::new(&alone);
    attach.env("OXPROBE_AGENT", &library).args(["attach", &java.pid().to_string(), "-o", &option]);
    assert!(attach.status().unwrap().success());
    assert_eq!(run(&alone, &java, &asked).ok(), lent);
}

#[test]
fn through_a_tunnel_the_server_lends_the_jar() {
    let folder = tempfile::tempdir().unwrap();
    let library = copied(folder.path(), "liboxprobe.so");
    let alone = copied(folder.path(), "oxprobe");
    let data = tempfile::tempdir().unwrap();
    let mut tunnel = Tunnel::start(data.path());
    let mut java = Java::demo(&jdk("17"));
    let options = format!("tunnel-url={}?token={},app-name=poor", tunnel.agent_url(), tunnel.token);
    let mut attach = Command::new(&alone);
    attach.env("OXPROBE_AGENT", &library).args(["attach", &java.pid().to_string(), "-o", &options]);
    assert!(attach.status().unwrap().success());
    let id = tunnel.agent("poor")["id"].as_str().unwrap().to_owned();
    let line = "jad --source-only demo.MathGame run";
    let first = tunnel.exec(&id, line);
    assert!(first.contains("illegalArgumentCount"), "{first}");
    // Again after both were apart.
    tunnel.restart();
    let id = tunnel.agent("poor")["id"].as_str().unwrap().to_owned();
    assert_eq!(tunnel.exec(&id, line), first);
    java.assert_undisturbed();
}

#[test]
fn a_heap_without_room_is_left_alone() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.MathGame").vm("-Xmx12m").start();
    let why = refused(&java, "demo.MathGame");
    assert!(why.contains("MB of heap") && why.contains("--bytecode"), "{why}");
    java.assert_undisturbed();
}

/// A small heap that is mostly live: what earlier jobs have left in it is no reason to refuse the next one.
#[test]
fn a_small_heap_with_garbage_has_room_for_one_job_after_the_other() {
    let small = |live: &str| {
        let live = format!("-Ddo=alloc {live}");
        JavaBuilder::new(&jdk("17"), "demo.MathGame").without_checks().vm("-Xmx96m").vm(live).start()
    };
    let mut java = small("40");
    let mut told = Vec::new();
    for round in 0..12 {
        let results = exec_json(java.pid(), "jad demo.MathGame run");
        assert!(result(&results, "jad")["source"].as_str().unwrap().contains("run()"), "round {round}");
        told.extend(results.iter().filter(|one| one["type"] == "message").map(|one| one["message"].clone()));
    }
    // The application pays for each collection, so there are few.
    let collected = |told: &Value| told.as_str().unwrap().contains("was collected first, in ");
    assert!(told.len() <= 5 && told.iter().all(collected), "{told:#?}");
    java.assert_undisturbed();
    let mut full = small("74");
    let why = refused(&full, "demo.MathGame");
    assert!(why.contains("are left, even after a collection") && why.contains("--bytecode"), "{why}");
    full.assert_undisturbed();
}

/// Class files as they run, by loader and package.
#[test]
fn class_files_are_written_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let java = JavaBuilder::new(&jdk("17"), "values.Main").start();
    let shown = jad(&java, &format!("-d {} values.Kinds", folder.path().display()));
    let hash = shown["classInfo"]["classLoaderHash"].as_str().unwrap();
    let place = folder.path().join(format!("jdk.internal.loader.ClassLoaders$AppClassLoader-{hash}/values"));
    let original = harness::java::classes().join("values");
    for name in ["Kinds.class", "Kinds$Color.class"] {
        // The JVM keeps methods in an order of its own.
        let listed = |folder: &Path| {
            let out =
                Command::new(jdk("17").tool("javap")).args(["-p", "-s"]).arg(folder.join(name)).output();
            let text = String::from_utf8(out.unwrap().stdout).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(listed(&place), listed(&original), "{name}");
    }
}

/// `dump`, `jad` and `mc` on a disk that is full and on one that may not be written.
#[test]
fn class_files_that_cannot_be_written_are_told_of_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [full, closed] = ["full", "closed"].map(|name| folder.path().join(name));
    for place in [&full, &closed] {
        std::fs::create_dir(place).unwrap();
    }
    let text = "package demo; public class Small { static int two() { return 2; } }";
    let source = folder.path().join("Small.java");
    std::fs::write(&source, text).unwrap();
    let mount = format!(
        "mount -t tmpfs -o size=16k none {} && mount -t tmpfs -o ro none {}",
        full.display(),
        closed.display()
    );
    let command = JavaBuilder::new(&jdk("17"), "demo.MathGame").with_agent("").command();
    let mut java = Running::start(&mut in_own_mounts(&mount, &command));
    java.line("the program to be ready", |line| line.starts_with("ready"));
    let seen = |place: &Path| PathBuf::from(format!("/proc/{}/root{}", java.pid(), place.display()));
    let fill = seen(&full).join("fill");
    assert!(std::fs::write(&fill, vec![0; 1 << 20]).is_err(), "the disk is not full");
    for (place, why) in [(&full, "No space left on device"), (&closed, "Read-only file system")] {
        for line in ["dump demo.MathGame -d", "jad demo.MathGame -d"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("mc {} -d", source.display())])
        {
            let answer = exec(java.pid(), &format!("{line} {}/out", place.display()));
            assert_eq!(answer.code, 1, "{line}: {answer:#?}");
            for part in [why, &place.display().to_string(), ".class"] {
                assert!(answer.err.contains(part), "{line}: {answer:#?}");
            }
        }
        // Folders may be there, no file is.
        let find = Command::new("find").arg(seen(place)).args(["-type", "f"]).output().unwrap();
        let files = String::from_utf8(find.stdout).unwrap();
        assert!(find.status.success() && files.lines().all(|file| Path::new(file) == fill), "{files}");
    }
    assert!(java.is_alive());
}

/// What rounds of decompiling leave in a JVM: after each one the JVM has as many classes as before, once it has collected
/// and its compilers have let go of methods that they had in their queues.
fn rounds(jdk: &Jdk, rounds: usize, warm: usize) {
    let mut java = JavaBuilder::new(jdk, "demo.MathGame").without_checks().start();
    let live = |java: &mut Java| {
        java.tell("gc");
        loaded(java)
    };
    // The bean's classes come with the first question.
    metaspace_used(&java);
    let mut before = None;
    let (mut metaspace, mut descriptors) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        assert!(!source(&java, "demo.MathGame run").is_empty());
        match before {
            // The first rounds load classes of the JDK.
            _ if round < warm => {}
            None => before = Some(settled(&mut java, live)),
            Some(before) => {
                // The JDK loads one more of its own now and then; the decompiler has 900.
                eventually("the decompiler's classes to go", || {
                    (live(&mut java) <= before + 20).then_some(())
                });
            }
        }
        if round > warm {
            metaspace.push(metaspace_used(&java));
            descriptors.push(Holdings::of(java.pid()).descriptors as f64);
        }
    }
    let report = format!(
        "JDK {}: per round {:+.2} KiB of metaspace, {:+.3} descriptors",
        jdk.major,
        steady_slope(&metaspace),
        slope(&descriptors)
    );
    println!("{report}");
    // What the JVM learns of its own methods while they are new lies there, too; one decompiler is 5,000 KiB.
    let limit = if rounds > 100 { 2.0 } else { 32.0 };
    assert!(steady_slope(&metaspace) < limit, "{report}");
    // A leak is one a round; a connection that is not yet closed is one now and then.
    let limit = if rounds > 100 { 0.05 } else { 0.5 };
    assert!(slope(&descriptors).abs() < limit, "{report}");
}

/// All classes that the JVM has. Its own counters count each class file that was shown, too.
fn loaded(java: &Java) -> usize {
    let results = exec_json(java.pid(), "sc *");
    let names = results.iter().filter_map(|one| one["classNames"].as_array());
    names.map(Vec::len).sum()
}

/// The number of classes once it no longer falls.
fn settled(java: &mut Java, live: impl Fn(&mut Java) -> usize) -> usize {
    let mut last = live(java);
    for _ in 0..5 {
        std::thread::sleep(std::time::Duration::from_millis(200));
        last = last.min(live(java));
    }
    last
}

/// In KiB, as the JVM's bean says. jstat needs a file in /tmp, which the start of another JVM may take away on JDK 8.
fn metaspace_used(java: &Java) -> f64 {
    let results = exec_json(java.pid(), "memory");
    let pools = result(&results, "memory")["memoryInfo"]["nonheap"].as_array().unwrap();
    let pool = pools.iter().find(|pool| pool["name"] == "metaspace").expect("a pool metaspace");
    pool["used"].as_f64().unwrap() / 1024.0
}

/// A named logger is given to the next decompiler, too: what it holds would stay for as long as one works at each
/// collection.
#[test]
fn the_decompiler_takes_no_loggers_of_the_application() {
    for name in ["8", "17"] {
        let java = Java::demo(&jdk(name));
        assert!(!source(&java, "demo.MathGame").is_empty());
        let names =
            "@java.util.Collections@list(@java.util.logging.LogManager@getLogManager().getLoggerNames())";
        let shown = exec(java.pid(), &format!("ognl {names}")).ok();
        assert!(shown.contains("global") && !shown.contains("benf"), "JDK {name}: {shown}");
    }
}

#[test]
fn the_decompiler_is_gone_after_each_job_on_jdk_8() {
    rounds(&jdk("8"), 12, 3);
}

#[test]
fn the_decompiler_is_gone_after_each_job_on_jdk_17() {
    rounds(&jdk("17"), 12, 3);
}

/// For the desk: minutes.
#[test]
#[ignore = "minutes; the two above are its slices"]
fn five_hundred_rounds_leave_nothing() {
    for name in ["8", "17", "25"] {
        rounds(&jdk(name), 500, 50);
    }
}
