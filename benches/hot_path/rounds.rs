//! The same command begun and ended again and again: nothing grows, and the class is changed once.

use benches::row::Row;
use harness::compare::number_after;
use harness::resources::Holdings;
use harness::{Java, JavaBuilder, Jdk, LocalSocket, exec_json};
use wire::{Message, Mode};

const LINE: &str = "monitor -c 60 hot.Work work";

/// What a JVM holds, by its own tools.
struct Held {
    rss_mb: f64,
    metaspace_kb: f64,
    classes: f64,
    global_refs: f64,
}

impl Held {
    fn of(java: &Java) -> Self {
        java.jdk_tool("jcmd", &["GC.run"]);
        let column = |option: &str, name: &str| -> f64 {
            let text = java.jdk_tool("jstat", &[option]);
            let mut lines = text.lines();
            let at =
                lines.next().and_then(|titles| titles.split_whitespace().position(|title| title == name));
            let value = lines.next().and_then(|values| values.split_whitespace().nth(at?));
            value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
        };
        Self {
            rss_mb: Holdings::of(java.pid()).rss_kib as f64 / 1024.0,
            metaspace_kb: column("-gc", "MU"),
            classes: column("-class", "Loaded"),
            // `JNI global refs: 12, weak refs: 3`, on 8 `JNI global references: 12`
            global_refs: number_after(&java.jdk_tool("jcmd", &["Thread.print"]), "JNI global ref"),
        }
    }
}

/// Begins and ends the command on an open connection.
fn round(socket: &mut LocalSocket) {
    let session = socket.open(Mode::Exec { line: LINE.to_owned(), json: true }, 1 << 30);
    loop {
        let frame = socket.receive().expect("the agent goes on");
        if frame.session != session {
            continue;
        }
        match frame.message {
            Message::Result(json) if json.windows(10).any(|part| part == b"\"enhancer\"") => {
                socket.send(session, Message::Interrupt);
            }
            Message::Done(_) => return,
            _ => {}
        }
    }
}

/// How often the JVM says it has changed a class.
fn redefined(java: &Java) -> f64 {
    java.process.output().iter().filter(|line| line.contains("redefine") && line.contains("hot.Work")).count()
        as f64
}

/// The rows of a JDK.
pub fn measure(jdk: &Jdk, rounds: usize) -> Vec<Row> {
    eprintln!("JDK {}: {rounds} rounds", jdk.major);
    let builder = JavaBuilder::new(jdk, "hot.Path").without_checks().vm("-Xms64m").vm("-XX:+AlwaysPreTouch");
    // To the output of the program, which is read anyway.
    let log = if jdk.major == 8 { "-XX:TraceRedefineClasses=1" } else { "-Xlog:redefine+class+load=info" };
    let java = builder.vm(log).env("MALLOC_ARENA_MAX", "1").start();
    exec_json(java.pid(), "version");
    let mut socket = LocalSocket::connect(java.pid());
    // What is taken once is taken by then.
    (0..rounds / 10).for_each(|_| round(&mut socket));
    let before = Held::of(&java);
    (0..rounds).for_each(|_| round(&mut socket));
    let after = Held::of(&java);
    let name = |what: &str| format!("{rounds} rounds of `monitor`: {what}");
    // No peer beside it: Arthas changes the class in each round.
    let row = |what: &str, unit, grown: f64, most| Row::alone(&name(what), jdk, unit, grown, most);
    vec![
        row("resident memory", "MB", after.rss_mb - before.rss_mb, 2.0),
        row("metaspace", "KB", after.metaspace_kb - before.metaspace_kb, 100.0),
        row("loaded classes", "", after.classes - before.classes, 20.0),
        row("global references", "", after.global_refs - before.global_refs, 4.0),
        row("times the class was changed", "", redefined(&java), 1.0),
    ]
}
