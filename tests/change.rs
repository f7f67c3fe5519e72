//! Classes that get other code while their program runs: by class files, and back.

use std::path::Path;

use harness::client::result;
use harness::shop::{Shop, verdicts};
use harness::twins::{Line, Twins};
use harness::{Answer, Java, Jdk, Observation, exec, exec_json, jdk};
use serde_json::Value;

/// What a customer is told.
const OLD: &str = "shop: 20 a piece";

fn price(java: &mut Java) -> String {
    java.ask("price 2")
}

/// A command with a file's path at its end.
fn with(command: &str, file: &Path) -> String {
    format!("{command} {}", file.display())
}

/// The sentence with which a command fails.
fn refusal(java: &Java, line: &str) -> String {
    let answer = exec(java.pid(), line);
    assert_ne!(answer.code, 0, "{line}: {answer:#?}");
    answer.out + &answer.err
}

/// Calls of `price` that a `watch` has shown, as it shows them.
fn seen(watch: &Observation) -> Vec<String> {
    watch.all("watch").iter().map(|call| call["value"].to_string()).collect()
}

fn a_body_is_replaced_while_it_is_watched(jdk: &Jdk) {
    let shop = Shop::compiled(8);
    let mut java = shop.start(jdk);
    // Other constants, one more local variable, a parameter that is stored into: all that a watcher knows is new.
    let new = shop.changed(
        "new",
        &[(
            "int each = 10;",
            "long ago = 7L; int each = (int) ago * 2; count = count + 1; unit = unit + \"!\";",
        )],
    );
    assert_eq!(price(&mut java), OLD);
    let mut watch =
        Observation::start(&java, "watch shop.Prices price '{params[0], params[1], returnObj}' -x 2 -n 100");
    assert_eq!(price(&mut java), OLD);
    watch.next("watch");

    let results = exec_json(java.pid(), &with("retransform", &new));
    let done = result(&results, "retransform");
    assert_eq!(
        (&done["retransformCount"], &done["retransformClasses"][0]),
        (&1.into(), &"shop.Prices".into())
    );
    assert_eq!(price(&mut java), "shop: 42 a piece!");
    watch.next("watch");
    let calls = seen(&watch);
    assert!(calls[1].contains("shop: 42 a piece!"), "{calls:?}");

    // Our own observers change the class again, and another one comes: it stays.
    let mut trace = Observation::start(&java, "trace shop.Prices price -n 1");
    assert_eq!(price(&mut java), "shop: 42 a piece!");
    trace.wait();
    exec(java.pid(), "reset shop.Prices").ok();
    assert_eq!(price(&mut java), "shop: 42 a piece!");
    watch.kill();
    let mut watch = Observation::start(&java, "watch shop.Prices price returnObj -n 100");

    let entries = exec_json(java.pid(), "retransform -l");
    let entries = result(&entries, "retransform")["retransformEntries"].clone();
    assert_eq!((&entries[0]["id"], &entries[0]["className"]), (&1.into(), &"shop.Prices".into()));
    assert!(entries[0]["transformCount"].as_u64().unwrap() >= 1, "{}", entries[0]["transformCount"]);
    exec_json(java.pid(), "retransform -d 1");
    assert_eq!(price(&mut java), OLD);
    watch.next("watch");
    assert!(seen(&watch)[0].contains(OLD), "{:?}", seen(&watch));
    watch.kill();
    assert!(refusal(&java, "retransform -d 1").contains("no entry 1"));
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    java.assert_undisturbed();
}

#[test]
fn a_body_is_replaced_while_it_is_watched_on_jdk_8() {
    a_body_is_replaced_while_it_is_watched(&jdk("8"));
}

#[test]
fn a_body_is_replaced_while_it_is_watched_on_jdk_17() {
    a_body_is_replaced_while_it_is_watched(&jdk("17"));
}

#[test]
fn a_body_is_replaced_while_it_is_watched_on_jdk_25() {
    a_body_is_replaced_while_it_is_watched(&jdk("25"));
}

#[test]
fn the_newest_entry_counts_and_stop_takes_all_back() {
    let shop = Shop::compiled(8);
    let mut java = shop.start(&jdk("17"));
    let [one, two] = ["11", "12"].map(|each| shop.changed(each, &[("each = 10", &format!("each = {each}"))]));
    exec_json(java.pid(), &with("retransform", &one));
    exec_json(java.pid(), &with("retransform", &two));
    assert_eq!(price(&mut java), "shop: 24 a piece");
    // What is below is what comes back.
    exec_json(java.pid(), "retransform -d 2");
    assert_eq!(price(&mut java), "shop: 22 a piece");
    exec_json(java.pid(), &with("redefine", &two));
    assert_eq!(price(&mut java), "shop: 24 a piece");
    exec(java.pid(), "reset").ok();
    assert_eq!(price(&mut java), "shop: 22 a piece", "reset takes back what redefine did, and nothing else");
    exec_json(java.pid(), "retransform --classPattern shop.Pri*");
    assert_eq!(price(&mut java), "shop: 22 a piece");
    exec_json(java.pid(), &with("redefine", &two));
    exec(java.pid(), "stop").ok();
    assert_eq!(price(&mut java), OLD);
    Answer::of(&["attach", &java.pid().to_string()]).ok();
    let entries = exec_json(java.pid(), "retransform -l");
    assert_eq!(result(&entries, "retransform")["retransformEntries"], Value::Array(Vec::new()));
    exec_json(java.pid(), &with("retransform", &one));
    exec_json(java.pid(), "retransform --deleteAll");
    assert_eq!(price(&mut java), OLD);
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    java.assert_undisturbed();
}

/// A name, an edit of `Prices.java`, and a word of what is said where the JVM does not take it.
type Edit = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// What people change in a class.
const EDITS: &[Edit] = &[
    ("body", &[("each = 10", "each = 11")], ""),
    ("lines", &[("    private int asked;", "    // A comment.\n\n    private int asked;")], ""),
    ("handler", &[("return \"interrupted\";", "throw new IllegalStateException(thrown);")], ""),
    ("annotation", &[("    int round", "    @Deprecated\n    int round")], ""),
    ("generics", &[("public List<String> names()", "public List<? extends String> names()")], ""),
    ("method", &[("    int round", "    public void more() {}\n\n    int round")], "adds the method more()"),
    (
        "private",
        &[("    int round", "    private static void more() {}\n\n    int round")],
        "adds the method more()",
    ),
    (
        "private-final",
        &[("    int round", "    private final void more() {}\n\n    int round")],
        "adds the method",
    ),
    (
        "private-plain",
        &[("    int round", "    private void more() {}\n\n    int round")],
        "adds the method more()",
    ),
    ("renamed", &[("round(", "rounded(")], "removes the method round(int)"),
    (
        "argument",
        &[("int round(int price)", "int round(long price)"), ("return price;", "return (int) price;")],
        "round(long)",
    ),
    ("field", &[("    private int asked;", "    private int asked;\n    int more;")], "adds the field more"),
    (
        "static-field",
        &[("    private int asked;", "    private int asked;\n    static int more;")],
        "adds the field more",
    ),
    ("no-field", &[("    private int asked;\n", ""), ("        asked++;\n", "")], "removes the field asked"),
    ("field-type", &[("private int asked", "private long asked")], "the field asked"),
    ("field-modifiers", &[("private int asked", "protected int asked")], "changes the field asked"),
    (
        "field-order",
        &[(
            "    private final String shop;\n    private int asked;",
            "    private int asked;\n    private final String shop;",
        )],
        "order",
    ),
    (
        "modifiers",
        &[("    int round", "    public int round")],
        "changes the modifiers of round(int) to `public`",
    ),
    (
        "synchronized",
        &[("    int round", "    synchronized int round")],
        "changes the modifiers of round(int)",
    ),
    (
        "superclass",
        &[("class Prices implements", "class Prices extends Twins implements")],
        "extends shop.Twins",
    ),
    (
        "interfaces",
        &[("implements Serializable", "implements Serializable, Cloneable")],
        "java.lang.Cloneable",
    ),
    ("no-interface", &[(" implements Serializable", "")], "changes the interfaces"),
    ("final", &[("public class Prices", "public final class Prices")], "modifiers to `public final`"),
    ("abstract", &[("public class Prices", "public abstract class Prices")], "modifiers"),
    (
        "lambda",
        &[(
            "names.removeIf(name -> name.isEmpty());",
            "names.removeIf(name -> name.isEmpty()); names.replaceAll(name -> name);",
        )],
        "a lambda expression",
    ),
    (
        "nested",
        &[("    static class Part {", "    static class More {}\n\n    static class Part {")],
        "nested in it",
    ),
];

/// What is refused is what the JVM would refuse, and it is refused by name.
fn refusals_are_those_of_the_jvm(name: &str, release: u32, options: &[&str]) {
    let shop = Shop::compiled(release);
    let jdk = jdk(name);
    let edits: Vec<_> = EDITS.iter().map(|(name, edits, _)| (*name, *edits)).collect();
    let files = shop.all_changed(&edits);
    let program = options.iter().fold(shop.program(&jdk), |program, option| program.vm(*option));
    let mut java = program.start();
    let before = price(&mut java);
    let verdicts = verdicts(&shop, &jdk, options, &files);
    assert_eq!(verdicts.len(), EDITS.len());
    // One connection for all: each file is given to the class, and what was taken is deleted again.
    let lines: String = files
        .iter()
        .map(|file| format!("{}\nretransform --deleteAll\n", with("retransform", file)))
        .collect();
    let script = shop.folder("verdict").join("lines");
    std::fs::write(&script, lines).unwrap();
    let answer = Answer::of(&["exec", &java.pid().to_string(), "--json", "-f", script.to_str().unwrap()]);
    let results = answer.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ends: Vec<Value> = results.filter(|result| result["type"] == "status").collect();
    assert_eq!(ends.len(), 2 * EDITS.len(), "{answer:#?}");
    for ((end, (name, _, words)), verdict) in ends.chunks(2).zip(EDITS).zip(&verdicts) {
        let said = end[0]["message"].as_str().unwrap_or_default();
        let taken = end[0]["statusCode"] == 0;
        assert_eq!(taken, verdict == "taken", "{name}: the JVM says {verdict}, we `{said}`");
        if !taken {
            assert!(said.contains(words), "{name}: `{words}` is not in {said}");
            assert!(said.contains("shop.Prices is not changed"), "{name}: {said}");
        }
    }
    assert_eq!(price(&mut java), before);
    Answer::of(&["detach", &java.pid().to_string()]).ok();
}

#[test]
fn refusals_are_those_of_the_jvm_on_jdk_8() {
    refusals_are_those_of_the_jvm("8", 8, &[]);
}

#[test]
fn refusals_are_those_of_the_jvm_on_jdk_11() {
    refusals_are_those_of_the_jvm("11", 11, &[]);
}

#[test]
fn refusals_are_those_of_the_jvm_on_jdk_17() {
    refusals_are_those_of_the_jvm("17", 17, &[]);
}

#[test]
fn refusals_are_those_of_the_jvm_on_jdk_25_where_it_lets_private_methods_come_and_go() {
    refusals_are_those_of_the_jvm("25", 17, &["-XX:+AllowRedefinitionToAddDeleteMethods"]);
}

/// The rows of docs/differences.md.
const WORDS: &str = "is said in other words";
const AT_ONCE: &str = "put the code before the entry back at once";

fn as_arthas_tells(major: &str) {
    let shop = Shop::compiled(8);
    let twins = Twins::start(|| shop.start(&jdk(major)));
    let new = shop.changed("new", &[("each = 10", "each = 11")]).display().to_string();
    let source = shop.edited("source", &[("each = 10", "each = 12")]).display().to_string();
    let out = shop.folder("out").display().to_string();
    let refused = shop
        .changed("field", &[("private int asked;", "private int asked; int more;")])
        .display()
        .to_string();
    let said = |line: String| Line::of(line).but("message", WORDS);
    twins.compare(&[
        Line::of("retransform -l"),
        Line::of(format!("retransform {new}")),
        Line::of("retransform -l")
            .but("transformCount", "an entry is of one loaded class")
            .but("bytes", "are in base64"),
        Line::of("retransform --classPattern shop.Prices"),
        said("retransform --classPattern no.Such".to_owned()),
        Line::of("retransform -d 1").only("status"),
        Line::of("retransform --deleteAll").but("retransformCount", AT_ONCE),
        Line::of(format!("redefine {new}")),
        Line::of(format!("mc -d {out}/SIDE {source}")).unordered("files"),
        said(format!("retransform {refused}")),
        said(format!("redefine {refused}")),
        said("retransform /no/such.class".to_owned()),
        said(format!("retransform {out}")),
        said(format!("redefine {new} {new}")),
        said(format!("redefine --classLoaderClass no.Such {new}")),
        said(format!("mc -c 123 {source}")),
        said("mc /no/such.java".to_owned()),
    ]);
    twins.stop();
}

#[test]
fn results_are_those_of_arthas_on_jdk_8() {
    as_arthas_tells("8");
}

#[test]
fn results_are_those_of_arthas_on_jdk_17() {
    as_arthas_tells("17");
}
