//! `vmtool` beside what the program, `jcmd` and `jstat` say: who keeps an object, what fills the heap, and the JVM's
//! other means.

use std::time::Instant;

use harness::client::result;
use harness::resources::{Holdings, steady_slope};
use harness::{Java, JavaBuilder, LocalSocket, arthas, exec, exec_json, jdk};
use serde_json::Value;

fn program(name: &str) -> Java {
    JavaBuilder::new(&jdk(name), "objects.Main").start()
}

fn kept(java: &Java, class: &str, more: &str) -> Value {
    let line = format!("vmtool -a referenceAnalyze --className {class} {more}");
    result(&exec_json(java.pid(), &line), "referenceAnalyze").clone()
}

/// `Class.field` or `Class[index]` of each holder.
fn holders(object: &Value) -> Vec<String> {
    let texts = object["references"].as_array().into_iter().flatten().map(|holder| {
        let class = holder["className"].as_str().unwrap_or_default();
        match (holder["field"].as_str(), holder["index"].as_i64()) {
            (Some(field), _) => format!("{class}.{field}"),
            (_, Some(index)) => format!("{class} {index}"),
            _ => format!("{class} ?"),
        }
    });
    texts.collect()
}

#[test]
fn planted_leaks_are_traced_to_their_roots_by_name() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        let only = |class: &str| {
            let all = kept(&java, class, "--backtraceNum -1");
            assert_eq!(all["objects"].as_array().map(Vec::len), Some(1), "JDK {name}: {all:#}");
            assert_eq!(all["complete"], true);
            all["objects"][0].clone()
        };
        let in_map = only("objects.Kept$InMap");
        let (first, rest) = (holders(&in_map)[..2].to_vec(), holders(&in_map)[2..].to_vec());
        assert_eq!(first, ["java.lang.Object[] 1", "java.util.ArrayList.elementData"], "JDK {name}");
        assert_eq!(rest[0], "java.util.HashMap$Node.value");
        assert!(rest[1].starts_with("java.util.HashMap$Node[] "));
        assert_eq!(rest[2..], ["java.util.HashMap.table"]);
        let root = |object: &Value| {
            let part = |part: &str| object["root"][part].as_str().unwrap_or_default().to_owned();
            (part("kind"), part("className"), part("field"))
        };
        let of_main = |field: &str| ("static field".to_owned(), "objects.Main".to_owned(), field.to_owned());
        assert_eq!(root(&in_map), of_main("CACHE"));

        let outer = only("objects.Kept$Outer");
        assert_eq!(holders(&outer), ["objects.Kept$Outer$Inner.this$0"]);
        assert_eq!(root(&outer), of_main("job"));

        let in_variable = only("objects.Kept$InVariable");
        let root_of = &in_variable["root"];
        assert_eq!(holders(&in_variable), [""; 0], "JDK {name}");
        assert_eq!(
            (&root_of["kind"], &root_of["method"], &root_of["slot"], &root_of["threadName"]),
            (&"local variable".into(), &"objects.Main.hold".into(), &0.into(), &"holder".into()),
            "JDK {name}"
        );

        let in_local = only("objects.Kept$InThreadLocal");
        let path = holders(&in_local);
        assert_eq!(path[0], "java.lang.ThreadLocal$ThreadLocalMap$Entry.value");
        assert_eq!(path.last().map(String::as_str), Some("java.lang.Thread.threadLocals"));
        assert_eq!(
            (&in_local["root"]["kind"], &in_local["root"]["threadName"]),
            (&"thread".into(), &"remembering".into()),
            "JDK {name}"
        );

        let softly = only("objects.Kept$Softly");
        assert_eq!(holders(&softly), ["java.lang.ref.SoftReference.referent"]);
        let beside = only("objects.Kept$ByField");
        assert_eq!(holders(&beside), ["objects.Kept$Entry.value"], "not the referent, which is another's");
        let weakly = kept(&java, "objects.Kept$Weakly", "");
        assert_eq!(weakly["objects"], Value::Array(vec![]), "nobody keeps it");
        assert_eq!(java.ask("collected"), "true", "JDK {name}");
        java.assert_undisturbed();
    }
}

#[test]
fn a_variable_of_a_parked_virtual_thread_is_a_root() {
    for name in ["21", "25"] {
        let mut java = program(name);
        let id: i64 = java.ask("virtual").parse().unwrap();
        let root = &kept(&java, "objects.Kept$InVirtual", "")["objects"][0]["root"];
        assert_eq!(
            (&root["kind"], &root["method"], &root["threadId"]),
            (&"local variable".into(), &"objects.Main.holdParked".into(), &id.into()),
            "JDK {name}"
        );
        java.assert_undisturbed();
    }
}

/// The number of a field counts those of all interfaces first, which `Kept.Below` has four of, some twice.
#[test]
fn fields_are_named_rightly_below_interfaces_with_fields() {
    for name in ["8", "17", "25"] {
        let java = program(name);
        let all = kept(&java, "int[]", "--objectNum 1000");
        let mut seen: Vec<(i64, String)> = Vec::new();
        for object in all["objects"].as_array().into_iter().flatten() {
            let ints = (object["bytes"].as_i64().unwrap_or(0) - 16) / 4;
            let mine = holders(object).into_iter().find(|holder| holder.starts_with("objects.Kept$Below."));
            let of_class = object["root"]["className"] == "objects.Kept$Below";
            let root =
                of_class.then(|| format!("static {}", object["root"]["field"].as_str().unwrap_or("?")));
            seen.extend(mine.or(root).map(|by| (ints / 11, by)));
        }
        seen.sort();
        let of = |field: &str| format!("objects.Kept$Below.{field}");
        assert_eq!(
            seen,
            [(1, of("above")), (2, of("below")), (3, of("last")), (4, "static mine".to_owned())],
            "JDK {name}"
        );
    }
}

#[test]
fn a_long_path_is_cut_in_its_middle_and_a_short_one_is_asked_for() {
    let mut java = program("17");
    java.tell("chain 50000");
    let end = |more: &str| kept(&java, "objects.Kept$AtTheEnd", more)["objects"][0].clone();
    let long = end("--backtraceNum -1");
    assert_eq!((holders(&long).len(), &long["leftOut"]), (200, &49_800.into()));
    assert_eq!(long["root"]["field"], "chain");
    let short = end("");
    assert_eq!(
        holders(&short),
        ["objects.Kept$Link.next"; 2],
        "two are told unless another number is asked for"
    );
    assert_eq!((&short["leftOut"], &short["root"]["field"]), (&49_998.into(), &"chain".into()));
    let line = "vmtool -a referenceAnalyze --className objects.Kept$AtTheEnd";
    let text = exec(java.pid(), line).ok();
    let shown = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("<-- ... 49998 more ... <-- root(static field objects.Main.chain)"), "{text}");
    let none = exec(java.pid(), &format!("{line} --backtraceNum 0")).ok();
    assert!(!none.contains("<--"), "{none}");
    let answer = exec(java.pid(), &format!("{line} --backtraceNum -2"));
    assert!(answer.code != 0 && answer.err.contains("backtraceNum must be -1 or greater."), "{answer:#?}");
}

#[test]
fn a_million_objects_are_walked_within_bounds() {
    let mut java = program("17");
    java.tell("many 1000000");
    let before = Holdings::of(java.pid()).rss_kib;
    let all = kept(&java, "objects.Main$Point", "--objectNum 5");
    assert_eq!(all["objects"].as_array().map(Vec::len), Some(5));
    assert_eq!(all["objects"][4]["root"]["field"], "MANY");
    let remembered = all["remembered"].as_i64().unwrap_or(i64::MAX);
    assert!(remembered < 50_000, "what leads to no point is not remembered: {remembered}");
    let cut = kept(&java, "java.lang.String", "--objectNum 5 --remember 1000");
    assert!(cut["forgotten"].as_i64() > Some(200_000) && cut["remembered"].as_i64() < Some(1_100), "{cut}");
    let text =
        exec(java.pid(), "vmtool -a referenceAnalyze --className java.lang.String --remember 1000").ok();
    assert!(text.contains("Say a greater --remember."), "{text}");
    let grown = Holdings::of(java.pid()).rss_kib.saturating_sub(before);
    assert!(grown < 40_000, "{grown} KiB for 250,000 strings and a million points");

    let refused = exec(java.pid(), "vmtool -a heapAnalyze --maxPause 1");
    assert!(refused.code != 0 && refused.err.contains("--maxPause"), "{refused:#?}");
}

/// The JVM's own histogram of the same moment: nobody makes objects of these classes.
#[test]
fn totals_are_those_of_the_jvms_histogram() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        java.tell("many 200000");
        exec(java.pid(), "vmtool -a forceGc").ok();
        let ours = exec_json(java.pid(), "vmtool -a heapAnalyze --classNum 10000 --objectNum 3");
        let ours = result(&ours, "heapAnalyze");
        let theirs = java.jdk_tool("jcmd", &["GC.class_histogram"]);
        let row = |name: &str| -> Option<(i64, i64)> {
            let words: Vec<&str> = theirs
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>())
                .find(|words| words.get(3) == Some(&name))?;
            Some((words[1].parse().ok()?, words[2].parse().ok()?))
        };
        let mine = |name: &str| -> Option<(i64, i64)> {
            let row = ours["classes"].as_array()?.iter().find(|row| row["className"] == name)?;
            Some((row["instances"].as_i64()?, row["bytes"].as_i64()?))
        };
        for class in ["objects.Main$Point", "objects.Kept$InMap", "objects.Kept$Below"] {
            assert_eq!(mine(class), row(class), "JDK {name}, {class}");
        }
        assert_eq!(mine("objects.Main$Point").map(|(count, _)| count), Some(200_000));
        let near = |ours: i64, theirs: i64| (ours - theirs).abs() * 50 < theirs;
        let strings = (mine("java.lang.String").unwrap(), row("java.lang.String").unwrap());
        assert!(near(strings.0.0, strings.1.0), "JDK {name}: {strings:?}");
        let sum = |key: &str| -> i64 {
            ours["classes"].as_array().into_iter().flatten().filter_map(|row| row[key].as_i64()).sum()
        };
        assert_eq!(ours["objectNumber"], sum("instances"), "JDK {name}");
        assert_eq!(ours["bytes"], sum("bytes"), "JDK {name}");
        // The list of the points, beside what the JVM fills gaps with.
        let mut biggest = ours["objects"].as_array().into_iter().flatten();
        assert!(
            biggest
                .any(|one| one["className"] == "java.lang.Object[]" && one["bytes"].as_i64() > Some(800_000)),
            "JDK {name}: {}",
            ours["objects"]
        );
    }
}

#[test]
fn every_collector_is_walked() {
    for (name, collector) in [
        ("8", "ParallelGC"),
        ("8", "G1GC"),
        ("11", "G1GC"),
        ("17", "ZGC"),
        ("17", "ShenandoahGC"),
        ("21", "ZGC"),
        ("25", "G1GC"),
        ("25", "ZGC"),
        ("25", "ShenandoahGC"),
    ] {
        let mut java = JavaBuilder::new(&jdk(name), "objects.Main")
            .vm("-XX:-UseSerialGC")
            .vm(format!("-XX:+Use{collector}"))
            .start();
        java.tell("many 1000");
        let path = &kept(&java, "objects.Kept$InMap", "--backtraceNum -1")["objects"][0];
        assert_eq!(path["root"]["field"], "CACHE", "JDK {name} {collector}: {path:#}");
        let totals = exec_json(java.pid(), "vmtool -a heapAnalyze --classNum 10000");
        let points = result(&totals, "heapAnalyze")["classes"].as_array().unwrap().iter();
        let points =
            points.filter(|row| row["className"] == "objects.Main$Point").map(|row| row["instances"].clone());
        assert_eq!(points.collect::<Vec<_>>(), [1000], "JDK {name} {collector}");
        java.assert_undisturbed();
    }
}

#[test]
fn arrays_are_found_by_their_java_names() {
    let java = program("17");
    let count = |class: &str, express: &str| {
        let line = format!("vmtool -a getInstances --className {class} --express '{express}' -l -1");
        result(&exec_json(java.pid(), &line), "vmtool")["data"].clone()
    };
    assert_eq!(count("java.lang.StringBuilder[]", "instances.{length}"), serde_json::json!([7]));
    assert!(count("int[]", "instances.length").as_i64() >= Some(4));
    let answer = exec(java.pid(), "vmtool -a getInstances --className int[][][]");
    assert!(answer.err.contains("Can not find class by class name: int[][][]."), "{answer:#?}");
}

/// HotSpot fills gaps with objects of these classes: a walk over the heap meets them, and what a reference to one would
/// be to is soon something else.
#[test]
fn what_the_jvm_fills_gaps_with_is_never_handed_out() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        for class in ["int[]", "java.lang.Object", "java.lang.Object[]", "java.lang.Cloneable"] {
            for round in 0..3 {
                java.tell("many 500");
                let line =
                    format!("vmtool -a getInstances --className {class} --express instances.length -l 3000");
                let found = exec_json(java.pid(), &line);
                let found = result(&found, "vmtool")["data"].as_i64();
                assert!(found > Some(0), "JDK {name}, {class}, round {round}");
            }
        }
        exec(java.pid(), "vmtool -a forceGc").ok();
    }
}

#[test]
fn a_thread_is_interrupted_and_garbage_collected_when_asked_for() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        let id = java.ask("sleep");
        exec(java.pid(), &format!("vmtool -a interruptThread -t {id}")).ok();
        assert_eq!(java.ask("slept"), "interrupted", "JDK {name}");
        let gone = exec(java.pid(), &format!("vmtool -a interruptThread -t {id}"));
        assert!(gone.code != 0 && gone.err.contains(&format!("no live thread {id}")), "{gone:#?}");
        let unsaid = exec(java.pid(), "vmtool -a interruptThread");
        assert!(unsaid.err.contains("Say -t <id>"), "{unsaid:#?}");

        let collections = |java: &Java| -> i64 {
            let table = java.jdk_tool("jstat", &["-gcutil"]);
            let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let at = lines.next().unwrap().iter().position(|title| *title == "FGC").unwrap();
            lines.next().unwrap()[at].parse().unwrap()
        };
        let before = collections(&java);
        let told = exec_json(java.pid(), "vmtool -a forceGc");
        assert!(result(&told, "forceGc")["afterBytes"].as_i64() > Some(0));
        assert_eq!(collections(&java), before + 1, "JDK {name}");
        java.assert_undisturbed();
    }
}

#[test]
fn native_memory_is_told_and_trimmed_without_a_word_in_the_programs_output() {
    let mut java = program("17");
    let told = exec_json(java.pid(), "vmtool -a mallocStats");
    let stats = result(&told, "mallocStats");
    let number = |key: &str| stats[key].as_i64().unwrap_or(-1);
    assert!(number("systemBytes") >= number("inUseBytes") && number("inUseBytes") > 100_000, "{stats}");
    assert!(number("systemBytes") / 1024 < Holdings::of(java.pid()).rss_kib.cast_signed() * 4, "{stats}");
    let text = exec(java.pid(), "vmtool -a mallocTrim").ok();
    assert!(text.contains("mallocTrim result: true") || text.contains("mallocTrim result: false"), "{text}");
    java.assert_undisturbed();
}

/// Arthas's words and status for what is wrong.
#[test]
fn what_is_missing_is_said() {
    let java = program("17");
    for (line, words) in [
        ("vmtool -a referenceAnalyze", "The className option cannot be empty!"),
        ("vmtool -a referenceAnalyze --className no.Such", "Can not find class by class name: no.Such."),
        ("vmtool -a referenceAnalyze --className objects.Main -c 123abc", "Can not find class by class name"),
    ] {
        let answer = exec(java.pid(), line);
        assert!(answer.code != 0 && answer.err.contains(words), "{line}: {answer:#?}");
    }
}

/// Prints what both took (`--nocapture`).
#[test]
fn analyses_take_less_time_and_memory_than_arthass() {
    let took = |with_arthas: bool| {
        let mut java = JavaBuilder::new(&jdk("17"), "objects.Main").without_checks().start();
        java.tell("many 600000");
        let arthas = with_arthas.then(|| arthas::boot(&java, &[]));
        let peak = |java: &Java| -> u64 {
            let status = std::fs::read_to_string(format!("/proc/{}/status", java.pid())).unwrap();
            let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        exec(java.pid(), "version").ok();
        let before = peak(&java);
        let times = [
            "vmtool --action heapAnalyze",
            "vmtool --action referenceAnalyze --className objects.Main$Point --objectNum 5",
        ]
        .map(|line| {
            let start = Instant::now();
            match &arthas {
                Some(arthas) => drop(arthas.exec(line)),
                None => drop(exec(java.pid(), line).ok()),
            }
            start.elapsed()
        });
        (times, peak(&java) - before)
    };
    let (theirs, their_memory) = took(true);
    let (ours, our_memory) = took(false);
    println!("Arthas: {theirs:?}, {their_memory} KiB; ours: {ours:?}, {our_memory} KiB");
    assert!(ours[0] * 3 < theirs[0] && ours[1] < theirs[1], "{ours:?} {theirs:?}");
    assert!(our_memory * 3 < their_memory, "{our_memory} {their_memory} KiB");
}

#[test]
fn analyses_leave_nothing_behind() {
    let mut java = JavaBuilder::new(&jdk("17"), "objects.Main")
        .vm("-Xint")
        .vm("-Xms64m")
        .vm("-Xmx64m")
        .vm("-XX:+AlwaysPreTouch")
        .start();
    java.tell("many 2000");
    exec(java.pid(), "vmtool -a heapAnalyze").ok();
    let mut socket = LocalSocket::connect(java.pid());
    let mut rounds = |count: u32| -> Vec<f64> {
        let round = |_| {
            for line in ["vmtool -a referenceAnalyze --className java.lang.String", "vmtool -a heapAnalyze"] {
                assert_eq!(socket.exec(line).done.status, 0, "{line}");
            }
            Holdings::of(java.pid()).rss_kib as f64
        };
        (0..count).map(round).collect()
    };
    rounds(150);
    // A leak goes on: growth over the limit is looked at again.
    let stays = (0..3).any(|_| {
        let slope = steady_slope(&rounds(150));
        println!("{slope:.1} KiB a round");
        slope < 4.0
    });
    assert!(stays, "three looks at 150 rounds each saw growth of 4 KiB a round and more");
    exec(java.pid(), "stop").ok();
    java.assert_undisturbed();
}
