//! A mended source file becomes running code, and goes again: compiled in the JVM that runs it, JDK or JRE.

use std::path::Path;

use harness::client::result;
use harness::resources::Holdings;
use harness::shop::{Shop, agent_jar, lend_parts};
use harness::{Answer, Java, Jdk, Observation, eventually, exec, exec_json, jdk};
use serde_json::Value;

const OLD: &str = "shop: 20 a piece";
const NEW: &str = "shop: 26 a piece";

/// What mends it.
const FIX: &[(&str, &str)] = &[("int each = 10;", "int each = 13;")];

fn price(java: &mut Java) -> String {
    java.ask("price 2")
}

/// `oxprobe exec` with a file that only the client has.
fn sending(java: &Java, file: &Path, line: &str) -> Answer {
    Answer::of(&["exec", &java.pid().to_string(), "--json", "--send", file.to_str().unwrap(), line])
}

fn results(answer: &Answer) -> Vec<Value> {
    answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn refusal(java: &Java, line: &str) -> String {
    let answer = exec(java.pid(), line);
    assert_ne!(answer.code, 0, "{line}: {answer:#?}");
    answer.out + &answer.err
}

/// The whole story, with a `watch` on the method from before to after.
fn a_source_file_mends_a_running_class(jdk: &Jdk) {
    lend_parts();
    let shop = Shop::compiled(8);
    let mut java = shop.start(jdk);
    // The JVM would find no such file: it is the client's, and its folder is gone before it is asked.
    let source = shop.edited("fix", FIX);
    let mut watch = Observation::start(&java, "watch shop.Prices price '{params, returnObj}' -x 2 -n 100");
    let mut seen = |java: &mut Java, what: &str| {
        assert_eq!(price(java), what);
        watch.next("watch");
        let calls = watch.all("watch");
        let last = calls.last().unwrap()["value"].to_string();
        assert!(last.contains(what), "JDK {}: {last} has no {what}", java.jdk.name);
    };
    seen(&mut java, OLD);
    let shown = sending(&java, &source, "patch Prices.java");
    assert_ne!(shown.code, 0, "nothing is changed without --yes");
    let plan = result(&results(&shown), "patch").clone();
    assert_eq!(plan["applied"], false, "{plan}");
    let methods = plan["classes"][0]["methods"].as_array().unwrap_or_else(|| panic!("{shown:#?}"));
    assert!(methods.contains(&"price(int, java.lang.String)".into()), "{plan}");
    seen(&mut java, OLD);

    let done = sending(&java, &source, "patch --yes Prices.java");
    assert_eq!(done.code, 0, "{done:#?}");
    seen(&mut java, NEW);
    assert_eq!(java.ask("names"), "[bolt]", "the lambda and the nested class work");
    let again = sending(&java, &source, "patch --yes Prices.java").ok();
    assert!(again.contains("already"), "{again}");

    let list = exec_json(java.pid(), "patch --list");
    assert_eq!(result(&list, "patch")["patches"][0]["className"], "shop.Prices");
    exec_json(java.pid(), "patch --undo shop.Prices");
    seen(&mut java, OLD);
    watch.kill();
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    assert_eq!(price(&mut java), OLD);
    java.assert_undisturbed();
}

#[test]
fn a_source_file_mends_a_running_class_on_jdk_8() {
    a_source_file_mends_a_running_class(&jdk("8"));
}

#[test]
fn a_source_file_mends_a_running_class_on_jdk_17() {
    a_source_file_mends_a_running_class(&jdk("17"));
}

#[test]
fn a_source_file_mends_a_running_class_on_jdk_25() {
    a_source_file_mends_a_running_class(&jdk("25"));
}

#[test]
fn a_source_file_mends_a_running_class_on_jre_8() {
    a_source_file_mends_a_running_class(&jdk("jre8"));
}

#[test]
fn a_source_file_mends_a_running_class_on_jre_17() {
    a_source_file_mends_a_running_class(&jdk("jre17"));
}

#[test]
fn a_source_file_mends_a_running_class_on_jre_25() {
    a_source_file_mends_a_running_class(&jdk("jre25"));
}

#[test]
fn what_does_not_compile_is_told_with_its_line_and_changes_nothing() {
    lend_parts();
    let shop = Shop::compiled(17);
    let broken = shop.edited("broken", &[("int each = 10;", "int each = \"ten\";")]);
    let text = std::fs::read_to_string(&broken).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("\"ten\"")).unwrap();
    for name in ["17", "jre17"] {
        let mut java = shop.start(&jdk(name));
        for command in ["mc -d /proc/no Prices.java", "patch --yes Prices.java"] {
            let answer = sending(&java, &broken, command);
            assert_ne!(answer.code, 0, "{answer:#?}");
            let results = results(&answer);
            let told = &result(&results, "mc")["diagnostics"][0];
            assert_eq!((&told["line"], &told["kind"]), (&line.into(), &"ERROR".into()), "{name}: {told}");
            assert!(told["source"].as_str().unwrap().contains("\"ten\""), "{told}");
            let column = told["column"].as_u64().unwrap() as usize;
            assert!(told["source"].as_str().unwrap()[column - 1..].starts_with("\"ten\""), "{name}: {told}");
        }
        assert_eq!(price(&mut java), OLD);
        Answer::of(&["detach", &java.pid().to_string()]).ok();
        java.assert_undisturbed();
    }
}

#[test]
fn mc_writes_what_the_class_loader_sees_compiled_and_says_where_it_cannot() {
    lend_parts();
    let shop = Shop::compiled(11);
    let mut java = shop.start(&jdk("17"));
    let source = shop.edited("fix", FIX);
    let out = shop.folder("out");
    let made = exec_json(java.pid(), &format!("mc -d {} {}", out.display(), source.display()));
    let files = result(&made, "mc")["files"].as_array().unwrap();
    assert_eq!(result(&made, "row_affect")["rowCount"], files.len());
    let class = out.join("shop/Prices.class");
    assert!(files.contains(&class.to_str().unwrap().into()), "{files:?}");
    // For the Java that the loaded class was compiled for, whatever the JVM's own is.
    assert_eq!(std::fs::read(&class).unwrap()[6..8], 55u16.to_be_bytes());
    exec_json(java.pid(), &format!("retransform {}", class.display()));
    assert_eq!(price(&mut java), NEW);
    exec_json(java.pid(), "retransform --deleteAll");

    let taken = shop.folder("taken").join("file");
    std::fs::write(&taken, "").unwrap();
    let said = refusal(&java, &format!("mc -d {} {}", taken.display(), source.display()));
    assert!(said.contains("cannot be written"), "{said}");
    let latin = shop.folder("latin").join("Prices.java");
    let text = std::fs::read_to_string(&source).unwrap().replace("a \" + unit", "\u{e9} \" + unit");
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    std::fs::write(&latin, bytes).unwrap();
    let said = refusal(&java, &format!("mc -d {} {}", out.display(), latin.display()));
    assert!(said.contains("is not UTF-8"), "{said}");
    exec(java.pid(), &format!("patch --yes --encoding ISO-8859-1 {}", latin.display())).ok();
    assert_eq!(java.ask("price 1").chars().nth(9), Some('\u{e9}'));
    Answer::of(&["detach", &java.pid().to_string()]).ok();
}

#[test]
fn what_is_no_class_file_or_not_for_this_jvm_is_refused_in_words() {
    let shop = Shop::compiled(8);
    let mut java = shop.start(&jdk("8"));
    let good = shop.changed("good", FIX);
    let bytes = std::fs::read(&good).unwrap();
    let folder = shop.folder("bad");
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        file.display().to_string()
    };
    let mut newer = bytes.clone();
    newer[6..8].copy_from_slice(&69u16.to_be_bytes());
    // `iload_1; ireturn` of `round` becomes `aload_0; ireturn`, which the verifier does not take.
    let at = bytes.windows(2).position(|two| two == [0x1b, 0xac]).expect("the body of round");
    let mut unverifiable = bytes.clone();
    unverifiable[at] = 0x2a;
    let string = std::process::Command::new(jdk("8").tool("javac"))
        .args(["-d", folder.to_str().unwrap()])
        .arg(write("Unknown.java", b"public class Unknown {}"))
        .status();
    assert!(string.unwrap().success());
    let good = good.display().to_string();
    let rows = [
        (folder.join("none.class").display().to_string(), "file does not exist"),
        (folder.display().to_string(), "not a normal file"),
        (write("empty.class", b""), "load class file failed"),
        (write("text.class", b"hello world, this is no class"), "magic"),
        (write("half.class", &bytes[..bytes.len() / 2]), "malformed"),
        (write("more.class", &[&bytes[..], &[0]].concat()), "bytes follow"),
        (write("long.class", &vec![0; 10 * 1024 * 1024 + 1]), "file size"),
        (write("newer.class", &newer), "compiled for Java 25, and this JVM runs Java 8"),
        (write("unverifiable.class", &unverifiable), "verifier"),
        (folder.join("Unknown.class").display().to_string(), "not found in the JVM"),
        (format!("{good} {good}"), "same class name"),
        (format!("-c 123 {good}"), "not found in the JVM"),
        (format!("--classLoaderClass no.Such {good}"), "Can not find classloader"),
    ];
    let mut watch = Observation::start(&java, "watch shop.Prices price returnObj -n 1000");
    for (files, words) in &rows {
        for command in ["retransform", "redefine"] {
            let said = refusal(&java, &format!("{command} {files}"));
            assert!(said.contains(words), "{command} {files}: `{words}` is not in {said}");
        }
        assert_eq!(price(&mut java), OLD, "{files}");
        watch.next("watch");
    }
    let list = exec_json(java.pid(), "retransform -l");
    assert_eq!(result(&list, "retransform")["retransformEntries"], Value::Array(Vec::new()));
    watch.kill();
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    java.assert_undisturbed();
}

#[test]
fn what_agents_and_the_jdk_live_on_is_never_replaced() {
    let shop = Shop::compiled(8);
    let java = shop.start(&jdk("8"));
    let folder = shop.folder("jdk");
    let jar = jdk("8").home.join("jre/lib/rt.jar");
    let names = ["java/lang/String.class", "java/util/ArrayList.class"];
    let out = std::process::Command::new(jdk("17").tool("jar"))
        .current_dir(&folder)
        .args(["xf", jar.to_str().unwrap()])
        .args(names)
        .status();
    assert!(out.unwrap().success());
    for (name, words) in names.iter().zip(["woven code itself", "unsafe true"]) {
        let said = refusal(&java, &format!("retransform {}", folder.join(name).display()));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_call_in_flight_ends_with_the_old_code_and_both_loaders_get_the_new() {
    let shop = Shop::compiled(17);
    let mut java = shop.start(&jdk("17"));
    assert_eq!(java.ask("twin"), "twin: 20 a piece");
    assert_eq!(java.ask("wait"), "waiting");
    let source = shop.edited("both", &[FIX[0], ("return \"old\";", "return \"new\";")]);
    let done = exec_json(java.pid(), &format!("patch --yes {}", source.display()));
    assert_eq!(result(&done, "patch")["ids"], serde_json::json!([1, 2]));
    assert_eq!((price(&mut java), java.ask("twin")), (NEW.to_owned(), "twin: 26 a piece".to_owned()));
    assert_eq!(java.ask("go"), "old", "the call had begun before");
    exec_json(java.pid(), "patch --undo");
    assert_eq!((price(&mut java), java.ask("twin")), (OLD.to_owned(), "twin: 20 a piece".to_owned()));
    exec_json(java.pid(), &format!("patch --yes --classLoaderClass shop.Twins {}", source.display()));
    assert_eq!((price(&mut java), java.ask("twin")), (OLD.to_owned(), "twin: 26 a piece".to_owned()));
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    assert_eq!(java.ask("twin"), "twin: 20 a piece");
    java.assert_undisturbed();
}

#[test]
fn a_new_nested_class_is_refused_and_a_sent_file_goes_with_its_session() {
    let shop = Shop::compiled(8);
    let mut java = shop.start(&jdk("8"));
    let nested = shop.edited(
        "nested",
        &[(
            "return \"interrupted\";",
            "return new Object() { public String toString() { return \"x\"; } }.toString();",
        )],
    );
    let said = refusal(&java, &format!("patch --yes {}", nested.display()));
    assert!(said.contains("shop.Prices$1 cannot be brought along"), "{said}");
    let class = shop.changed("fix", FIX);
    let moved = shop.folder("client").join("Prices.class");
    std::fs::rename(&class, &moved).unwrap();
    sending(&java, &moved, "retransform Prices.class").ok();
    assert_eq!(price(&mut java), NEW);
    let said = refusal(&java, "retransform Prices.class");
    assert!(said.contains("file does not exist") && said.contains("--send"), "{said}");
    let missing = Answer::of(&["exec", &java.pid().to_string(), "--send", "/no/such", "version"]);
    assert!(missing.code != 0 && missing.err.contains("/no/such cannot be sent"), "{missing:#?}");
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    assert_eq!(price(&mut java), OLD);
}

/// An agent that changes bodies whenever it is asked to, and one that changes more while classes are loaded, as those do
/// that add fields and methods of their own.
const AGENTS: [&str; 2] = ["~a~=+a+", "once:~a~=+a+,round=rOund"];

fn another_agent_goes_on(jdk: &Jdk) {
    let shop = Shop::compiled(8);
    let jar = agent_jar(&shop, "other.Other").display().to_string();
    for option in AGENTS {
        let mut java = shop.program(jdk).vm(format!("-javaagent:{jar}={option}")).start();
        let [old, new] = [OLD, NEW].map(|text| text.replace(" a ", "+a+"));
        assert_eq!(price(&mut java), old, "{option}");
        let source = shop.edited("fix", FIX);
        let mut watch = Observation::start(&java, "watch shop.Prices price returnObj -n 100");
        exec(java.pid(), &format!("patch --yes {}", source.display())).ok();
        assert_eq!(price(&mut java), new, "{option}: the agent's change is in the new code, too");
        watch.next("watch");
        exec(java.pid(), "retransform --classPattern shop.Prices").ok();
        assert_eq!(price(&mut java), new, "{option}");
        exec(java.pid(), "patch --undo").ok();
        assert_eq!(price(&mut java), old, "{option}");
        watch.kill();
        Answer::of(&["detach", &java.pid().to_string()]).ok();
        assert_eq!(price(&mut java), old, "{option}");
    }
}

#[test]
fn an_agent_that_was_there_before_goes_on_on_jdk_8() {
    another_agent_goes_on(&jdk("8"));
}

#[test]
fn an_agent_that_was_there_before_goes_on_on_jdk_17() {
    another_agent_goes_on(&jdk("17"));
}

#[test]
fn an_agent_that_comes_after_a_patch_leaves_it_in_force() {
    let shop = Shop::compiled(8);
    let jar = agent_jar(&shop, "other.Other").display().to_string();
    let mut java = shop.start(&jdk("17"));
    let source = shop.edited("fix", FIX);
    exec(java.pid(), &format!("patch --yes {}", source.display())).ok();
    assert_eq!(price(&mut java), NEW);
    // In quotes, or jcmd takes what stands before the `=` for an option of its own.
    let said = java.jdk_tool("jcmd", &["JVMTI.agent_load", &jar, &format!("\"{}\"", AGENTS[0])]);
    assert!(said.contains("return code: 0"), "{said}");
    exec(java.pid(), "retransform --classPattern shop.Prices").ok();
    assert_eq!(price(&mut java), NEW.replace(" a ", "+a+"));
    exec(java.pid(), "patch --undo").ok();
    assert_eq!(price(&mut java), OLD.replace(" a ", "+a+"));
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    assert_eq!(price(&mut java), OLD.replace(" a ", "+a+"));
}

/// Rounds of compiling and changing. What the JVM itself keeps of each change is measured, not judged: see
/// docs/hot-fix.md.
fn rounds_leave_no_loader_and_no_file(jdk: &Jdk, rounds: usize) {
    lend_parts();
    let shop = Shop::compiled(8);
    let mut java = shop.program(jdk).vm("-Xms96m").start();
    let sources = ["11", "12"].map(|each| shop.edited(each, &[("each = 10", &format!("each = {each}"))]));
    let (mut files, mut threads, mut loaders) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        exec(java.pid(), &format!("patch --yes {}", sources[round % 2].display())).ok();
        exec(java.pid(), "patch --undo").ok();
        if round >= rounds / 3 {
            let held = Holdings::of(java.pid());
            files.push(held.descriptors as f64);
            threads.push(held.threads as f64);
            if round % (rounds / 6).max(1) == 0 {
                loaders.push(parts_left(&java) as f64);
            }
        }
    }
    assert_eq!(price(&mut java), OLD);
    let report = format!(
        "{}: from half to half {:+} descriptors, {:+} threads; loaders of parts left at each look: {loaders:?}",
        jdk.name,
        grown(&files),
        grown(&threads)
    );
    println!("{report}");
    assert!(grown(&files) < 2.0 && grown(&threads) < 2.0, "{report}");
    eventually("the loaders of the compilers to be collected", || (parts_left(&java) == 0).then_some(()));
    java.assert_undisturbed();
}

/// How much more there is at least in the second half than in the first: one in each round would be half of them, and a
/// connection that is not yet closed at a look is none.
fn grown(seen: &[f64]) -> f64 {
    let least = |half: &[f64]| half.iter().copied().fold(f64::INFINITY, f64::min);
    let (first, second) = seen.split_at(seen.len() / 2);
    least(second) - least(first)
}

/// How many loaders of Java parts there are after a collection.
fn parts_left(java: &Java) -> usize {
    let results = exec_json(java.pid(), "sc oxprobe.*");
    let tool = if java.jdk.home.join("bin/jcmd").exists() { java.jdk.clone() } else { jdk("17") };
    let collected =
        std::process::Command::new(tool.tool("jcmd")).args([&java.pid().to_string(), "GC.run"]).output();
    assert!(collected.unwrap().status.success(), "jcmd GC.run");
    drop(results);
    let results = exec_json(java.pid(), "sc oxprobe.*");
    let names = results.iter().filter_map(|result| result["classNames"].as_array()).flatten();
    names.filter(|name| ["oxprobe.Javac", "oxprobe.Ecj"].contains(&name.as_str().unwrap_or_default())).count()
}

/// Metaspace in use after a collection, in KiB.
fn metaspace(java: &Java) -> f64 {
    java.jdk_tool("jcmd", &["GC.run"]);
    let table = java.jdk_tool("jstat", &["-gc"]);
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let column =
        |name: &str| values[names.iter().position(|known| *known == name).unwrap()].parse::<f64>().unwrap();
    column("MU") + column("CCSU")
}

/// What the JVM keeps of each change is its own, and is about the same by our means and by the JDK's.
fn a_change_costs_what_it_costs_without_us(jdk: &Jdk, rounds: usize) {
    let shop = Shop::compiled(8);
    let files = ["11", "12"].map(|each| shop.changed(each, &[("each = 10", &format!("each = {each}"))]));
    // The first ones load what is loaded once.
    let grown = |java: &mut Java, change: &mut dyn FnMut(&mut Java, usize)| {
        change(java, rounds / 5);
        let before = metaspace(java);
        change(java, rounds);
        (metaspace(java) - before) / rounds as f64
    };
    let mut java = shop.start(jdk);
    let script = shop.folder("script").join("lines");
    let ours = grown(&mut java, &mut |java, rounds| {
        let line =
            |round: usize| format!("retransform --deleteAll\nretransform {}\n", files[round % 2].display());
        std::fs::write(&script, (0..rounds / 2).map(line).collect::<String>()).unwrap();
        Answer::of(&["exec", &java.pid().to_string(), "-f", script.to_str().unwrap()]).ok();
    });
    let agent = agent_jar(&shop, "verdict.Verdict");
    let path = std::env::join_paths([shop.classes(), agent.clone()]).unwrap();
    let mut other = harness::JavaBuilder::new(jdk, "verdict.Rounds")
        .vm(format!("-javaagent:{}", agent.display()))
        .class_path(path)
        .arg("shop.Prices")
        .arg(files[0].to_str().unwrap())
        .arg(files[1].to_str().unwrap())
        .start();
    let theirs = grown(&mut other, &mut |other, rounds| {
        other.process.say(&rounds.to_string());
        other.process.line("the rounds", |line| line == format!("ok {rounds}"));
    });
    let report =
        format!("JDK {}: KiB of metaspace a change: {ours:.2} by us, {theirs:.2} by the JDK's own", jdk.name);
    println!("{report}");
    // Before each second change the JVM is shown the class twice more, which it refuses: JDK 8 keeps those versions, too.
    assert!(ours < 3.0 * theirs + 2.0, "{report}");
}

#[test]
fn a_change_costs_what_it_costs_without_us_on_jdk_17() {
    a_change_costs_what_it_costs_without_us(&jdk("17"), 60);
}

/// `cargo test --test hot_fix -- --ignored --nocapture`: the figures of ARCHITECTURE.
#[test]
#[ignore = "takes minutes"]
fn what_five_hundred_rounds_take() {
    for name in ["8", "17", "25"] {
        a_change_costs_what_it_costs_without_us(&jdk(name), 500);
    }
    for name in ["17", "jre8"] {
        rounds_leave_no_loader_and_no_file(&jdk(name), 500);
    }
}

#[test]
fn rounds_leave_no_loader_and_no_file_on_jdk_17() {
    rounds_leave_no_loader_and_no_file(&jdk("17"), 12);
}

#[test]
fn rounds_leave_no_loader_and_no_file_on_jre_8() {
    rounds_leave_no_loader_and_no_file(&jdk("jre8"), 12);
}

/// The tour, run as it stands: each `$` line by a shell, in the folder where the program runs. What is said is what the tour
/// shows, but for hashes. `BLESS=1` writes it into the tour.
#[test]
fn the_tour_is_what_one_sees() {
    lend_parts();
    let shop = Shop::compiled(8);
    let here = shop.folder("here").canonicalize().unwrap();
    let source = harness::jdk::root().join("tests/fixtures/change/shop/Prices.java");
    std::fs::copy(source, here.join("Prices.java")).unwrap();
    let mut command = shop.program(&jdk("17")).command();
    let mut java = harness::Running::start(command.current_dir(&here));
    java.line("the program to be ready", |line| line.starts_with("ready"));
    let pid = java.pid().to_string();
    Answer::of(&["attach", &pid]).ok();
    let run = |line: &str| -> Vec<String> {
        let client = harness::oxprobe();
        let folder = Path::new(client.get_program()).parent().unwrap().to_owned();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let mut shell = std::process::Command::new("bash");
        shell.current_dir(&here).env("PATH", path).env("OXPROBE_AGENT", harness::agent_library());
        // What failed is said after what was shown, as one sees it.
        let out = shell.args(["-c", &format!("{} 2>&1", line.replace("4711", &pid))]).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).replace(&here.display().to_string(), "/srv/shop");
        text.lines().map(|line| line.trim_end().to_owned()).collect()
    };
    let tour = harness::jdk::root().join("docs/hot-fix.md");
    let text = std::fs::read_to_string(&tour).unwrap();
    let (mut shown, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut is_output = false;
    for line in text.lines() {
        is_output &= !line.starts_with("```");
        if line.starts_with("$ ") || !is_output {
            shown.push(line.to_owned());
            seen.push(line.to_owned());
        } else {
            shown.push(line.to_owned());
        }
        if let Some(command) = line.strip_prefix("$ ") {
            seen.extend(run(command));
            is_output = true;
        }
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&tour, seen.join("\n") + "\n").unwrap();
        return;
    }
    let lasting = |lines: &[String]| -> Vec<String> {
        let hash = |word: &str| word.len() > 5 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let words = |line: &String| {
            let words =
                line.split(|c: char| c.is_whitespace() || "()@".contains(c)).filter(|word| !word.is_empty());
            words.map(|word| if hash(word) { "#" } else { word }).collect::<Vec<_>>().join(" ")
        };
        lines.iter().map(words).collect()
    };
    assert_eq!(lasting(&seen), lasting(&shown));
}
