//! How long commands take on an open session, beside Arthas's HTTP API.

use std::time::Instant;

use harness::compare::number_after;
use harness::socket::LocalSocket;
use harness::{Answer, Java, JavaBuilder, Jdk, Tunnel, arthas};

use crate::console::Console;
use benches::row::{Row, Target, median};

pub fn measure(jdk: &Jdk, rounds: usize) -> Vec<Row> {
    let mut rows = short_commands(jdk, rounds);
    rows.extend(many_threads(jdk, rounds));
    rows.push(histogram(jdk, rounds));
    rows.push(heap_dump(jdk, rounds.min(3)));
    rows
}

fn attached(java: &Java) -> LocalSocket {
    Answer::of(&["attach", &java.pid().to_string()]).ok();
    LocalSocket::connect(java.pid())
}

fn ours_ms(socket: &mut LocalSocket, line: &str, rounds: usize) -> f64 {
    let run = |socket: &mut LocalSocket| {
        let run = socket.exec(line);
        assert_eq!(run.done.status, 0, "{line}: {run:?}");
        run.total.as_secs_f64() * 1e3
    };
    // The first use loads the JDK's classes behind the command; both sides are measured after it.
    run(socket);
    median(&(0..rounds).map(|_| run(socket)).collect::<Vec<_>>())
}

fn theirs_ms(agent: &arthas::Arthas, line: &str, rounds: usize) -> f64 {
    let run = || {
        let start = Instant::now();
        let answer = agent.exec(line);
        assert_eq!(answer["state"], "SUCCEEDED", "{line}: {answer}");
        start.elapsed().as_secs_f64() * 1e3
    };
    run();
    median(&(0..rounds).map(|_| run()).collect::<Vec<_>>())
}

fn short_commands(jdk: &Jdk, rounds: usize) -> Vec<Row> {
    let start = || JavaBuilder::new(jdk, "demo.MathGame").without_checks().start();
    let (theirs_java, ours_java) = (start(), start());
    let agent = arthas::boot(&theirs_java, &[]);
    let mut socket = attached(&ours_java);
    let data = tempfile::tempdir().unwrap();
    let tunnel = Tunnel::start(data.path());
    let mut console = Console::open(&tunnel, &ours_java);
    // The main thread's id, which is not 1 on every JDK.
    let main = number_after(&ours_java.jdk_tool("jcmd", &["Thread.print"]), "\"main\" #");
    let mut rows: Vec<Row> = ["version", "thread ID", "memory", "jvm", "sysprop"]
        .iter()
        .flat_map(|line| {
            let line = &line.replace("ID", &main.to_string());
            let theirs = theirs_ms(&agent, line, rounds);
            let row = |what: String, ours| Row::beside(&what, jdk, "ms", theirs, ours, Target::AtMost(5.0));
            let through = console.median_ms(line, rounds * 4);
            [
                row(format!("`{line}`"), ours_ms(&mut socket, line, rounds * 4)),
                row(format!("`{line}`, through the tunnel"), through),
            ]
        })
        .collect();
    let line = "dashboard -n 1";
    let frame = ours_ms(&mut socket, line, rounds);
    rows.push(Row::beside(
        &format!("`{line}`"),
        jdk,
        "ms",
        theirs_ms(&agent, line, 1),
        frame,
        Target::AtMost(300.0),
    ));
    rows
}

/// 10,000 threads; the sampling interval is left out on both sides. From JDK 21 on some of the JVM's own
/// calls grow with the square of the threads, so there the promise is that ours do not.
fn many_threads(jdk: &Jdk, rounds: usize) -> Vec<Row> {
    let start = |threads: &str| {
        JavaBuilder::new(jdk, "ManyThreads").without_checks().vm("-Xss256k").arg(threads).start()
    };
    let line = "thread --all -i 1";
    let theirs = {
        let java = start("10000");
        theirs_ms(&arthas::boot(&java, &[]), line, rounds)
    };
    let ours = |threads: &str| {
        let java = start(threads);
        ours_ms(&mut attached(&java), line, rounds)
    };
    let many = ours("10000");
    let promise = if jdk.major < 21 { Target::Share(0.5) } else { Target::Share(1.0) };
    vec![
        Row::beside("`thread`, 10,000 threads", jdk, "ms", theirs, many, promise),
        Row::beside("the same beside 5,000 (ours both)", jdk, "ms", ours("5000"), many, Target::Share(3.0)),
    ]
}

/// The class histogram of a big heap, beside the JVM's own tool on the same JVM in turn.
fn histogram(jdk: &Jdk, rounds: usize) -> Row {
    let java = big_heap(jdk, 1024);
    let mut socket = attached(&java);
    let [mut tool, mut ours] = [Vec::new(), Vec::new()];
    ours_ms(&mut socket, "heap", 1);
    for _ in 0..rounds {
        let start = Instant::now();
        java.jdk_tool("jcmd", &["GC.class_histogram", "-all"]);
        tool.push(start.elapsed().as_secs_f64() * 1e3);
        ours.push(socket.exec("heap").total.as_secs_f64() * 1e3);
    }
    Row::beside(
        "class histogram of 1 GB (beside `jcmd`)",
        jdk,
        "ms",
        median(&tool),
        median(&ours),
        Target::Share(1.0),
    )
}

fn heap_dump(jdk: &Jdk, rounds: usize) -> Row {
    let java = big_heap(jdk, 200);
    let mut socket = attached(&java);
    let folder = tempfile::tempdir().unwrap();
    let [mut tool, mut ours] = [Vec::new(), Vec::new()];
    for round in 0..rounds * 2 {
        let file = folder.path().join(format!("{round}.hprof")).display().to_string();
        // In turn: the one after writes while the disk still works for the one before.
        if round.is_multiple_of(2) {
            let start = Instant::now();
            java.jdk_tool("jcmd", &["GC.heap_dump", "-all", &file]);
            tool.push(start.elapsed().as_secs_f64() * 1e3);
        } else {
            let run = socket.exec(&format!("heapdump {file}"));
            assert_eq!(run.done.status, 0, "{run:?}");
            ours.push(run.total.as_secs_f64() * 1e3);
        }
        std::fs::remove_file(file).unwrap();
    }
    Row::beside(
        "`heapdump` of 200 MB (beside `jcmd`)",
        jdk,
        "ms",
        median(&tool),
        median(&ours),
        Target::Share(1.0 / 0.9),
    )
}

fn big_heap(jdk: &Jdk, megabytes: u32) -> Java {
    JavaBuilder::new(jdk, "BigHeap")
        .without_checks()
        .vm(format!("-Xmx{}m", megabytes * 3))
        .arg(&megabytes.to_string())
        .start()
}
