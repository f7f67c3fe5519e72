//! Sources that use classes of which no file is to be had: made from bytes while the program runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::client::result;
use harness::shop::lend_parts;
use harness::{Answer, Java, JavaBuilder, Jdk, Observation, exec, exec_json, jdk};
use serde_json::Value;
use tempfile::TempDir;

const MEMORY: &str = "madeof.Main$Memory";
const BELOW: &str = "madeof.Main$Below";
const ASIDE: &str = "madeof.Main$Aside";

/// Everything that a class can be used for.
const USE: &str = r#"package front;
import java.util.*;
import java.util.concurrent.Callable;
import memory.*;
import memory.Box.Lid;

@Tag(name = "use")
public class Use extends Box<Integer> implements Priced<Integer>, Callable<String> {
    public Integer price(Map<String, ? extends List<Integer>> of) {
        return weight().grams() + LIMIT;
    }

    public String call() throws Exception {
        Lid lid = new Lid(7);
        Label label = new Label();
        Tag tag = Use.class.getAnnotation(Tag.class);
        return price(null) + unit() + lid.close() + content() + label.text + kind() + tag.kinds()[0]
            + new disk.Item().old() + memory.Shown.show();
    }
}
"#;

/// The folder in which the program's loader finds things, and what is compiled.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.item("public String old() { return \"item\"; }");
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn source(&self, class: &str, text: &str) -> PathBuf {
        let file = self.path().join(format!("sources/{}.java", class.replace('.', "/")));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Puts a class file where loaders find it.
    fn compiled(&self, class: &str, text: &str) {
        let mut command = Command::new(jdk("17").tool("javac"));
        command.env_remove("JAVA_TOOL_OPTIONS").args(["--release", "8", "-Xlint:-options", "-d"]);
        let out = command.arg(self.path()).arg(self.source(class, text)).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    fn item(&self, members: &str) {
        self.compiled("disk.Item", &format!("package disk; public class Item {{ {members} }}"));
    }

    fn start(&self, jdk: &Jdk) -> Java {
        JavaBuilder::new(jdk, "madeof.Main").arg(self.path().to_str().unwrap()).start()
    }

    fn line(&self, loader: &str, source: &Path) -> String {
        format!(
            "mc --classLoaderClass {loader} -d {} {}",
            self.path().join("out").display(),
            source.display()
        )
    }

    /// Compiles `front.Use`, and gives the path of its class file and what was said besides.
    fn compile(&self, java: &Java, loader: &str, text: &str) -> (PathBuf, Vec<Value>) {
        let results = exec_json(java.pid(), &self.line(loader, &self.source("front.Use", text)));
        assert!(result(&results, "row_affect")["rowCount"].as_u64() > Some(0), "{results:?}");
        (self.path().join("out/front/Use.class"), results)
    }

    fn refused(&self, java: &Java, loader: &str, class: &str, text: &str) -> String {
        let answer = exec(java.pid(), &self.line(loader, &self.source(class, text)));
        assert_ne!(answer.code, 0, "{answer:#?}");
        answer.out + &answer.err
    }
}

/// What was said in sentences.
fn messages(results: &[Value]) -> String {
    let all = results.iter().filter_map(|result| result["message"].as_str());
    all.collect::<Vec<_>>().join("\n")
}

fn classes_in_no_file_are_seen(jdk: &Jdk) {
    lend_parts();
    let folder = Folder::new();
    let mut java = folder.start(jdk);
    // JDK 8 has its own to say of a class loaded by a URL.
    let control = java.process.output();
    let made = "42piece17labelFLATROUNDitem";
    // By the loader below the one that has them; while one of them is observed, and after one got other code.
    let mut watch = Observation::start(&java, "watch memory.Box content returnObj -n 100");
    let (file, said) = folder.compile(&java, BELOW, USE);
    assert_eq!(messages(&said), "");
    assert_eq!(java.ask(&format!("run {}", file.display())), format!("{made}old"));
    watch.next("watch");
    let shown = folder.source(
        "memory.Shown",
        "package memory;\n@Tag(name = \"new\")\npublic class Shown {\n    public static String show() {\n        \
         return \"new\" + new Box<String>().weight().grams();\n    }\n}\n",
    );
    // Its own loader is found by itself.
    exec_json(java.pid(), &format!("patch --yes {}", shown.display()));
    assert_eq!(java.ask("show"), "new40");
    let (file, _) = folder.compile(&java, BELOW, &USE.replace("weight()", "super.weight()"));
    assert_eq!(java.ask(&format!("run {}", file.display())), format!("{made}new40"));
    watch.kill();

    let said = folder.refused(
        &java,
        MEMORY,
        "front.Use",
        "package front;\nclass Use {\n    int a = new memory.Weight().gram();\n}\n",
    );
    assert!(said.contains("    int a = new memory.Weight().gram();\n"), "{said}");
    let caret = said.lines().find(|line| line.trim() == "^").unwrap_or_else(|| panic!("no caret: {said}"));
    assert!((12..42).contains(&caret.len()), "{said}");

    // By a loader that has asked another one, which is not above it, for a class.
    let aside = "package front;\nclass Use extends memory.Box<String> {\n    int a = weight().grams();\n}\n";
    folder.compile(&java, ASIDE, aside);
    // What the JVM makes for lambdas has a name, too, and is not meant by it.
    let lambdas = (1..40).map(|number| format!(" Main$$Lambda Main$$Lambda${number}")).collect::<String>();
    let (_, said) = folder.compile(
        &java,
        BELOW,
        &format!("package front;\nimport madeof.*;\nclass Use {{}} //{lambdas}\n"),
    );
    assert_eq!(messages(&said), "");

    // To show a class that is only loaded the JVM would load more.
    let said = folder.refused(
        &java,
        MEMORY,
        "memory.Use",
        "package memory;\nclass Use {\n    Base a = Lazy.missing();\n}\n",
    );
    assert!(said.contains("not used it yet: memory.Lazy."), "{said}");
    let asked = java.ask("lazy");
    assert!(asked.starts_with("sleeps ") && !asked.contains("memory."), "{asked}");
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    java.assert_undisturbed_but(&control);
}

#[test]
fn classes_in_no_file_are_seen_on_jdk_8() {
    classes_in_no_file_are_seen(&jdk("8"));
}

#[test]
fn classes_in_no_file_are_seen_on_jdk_17() {
    classes_in_no_file_are_seen(&jdk("17"));
}

#[test]
fn classes_in_no_file_are_seen_on_jdk_25() {
    classes_in_no_file_are_seen(&jdk("25"));
}

#[test]
fn classes_in_no_file_are_seen_on_jre_8() {
    classes_in_no_file_are_seen(&jdk("jre8"));
}

#[test]
fn classes_in_no_file_are_seen_on_jre_17() {
    classes_in_no_file_are_seen(&jdk("jre17"));
}

#[test]
fn classes_in_no_file_are_seen_on_jre_25() {
    classes_in_no_file_are_seen(&jdk("jre25"));
}

fn what_runs_wins_over_another_file(jdk: &Jdk) {
    lend_parts();
    let folder = Folder::new();
    // A resource with the name of a class that its loader has made from bytes.
    folder.compiled(
        "memory.Both",
        "package memory; public class Both { public static String lies() { return \"\"; } }",
    );
    let mut java = folder.start(jdk);
    let control = java.process.output();
    let both = "package front;\npublic class Use implements java.util.concurrent.Callable<String> {\n    \
                public String call() {\n        return memory.Both.runs();\n    }\n}\n";
    let (file, said) = folder.compile(&java, BELOW, both);
    assert_eq!(java.ask(&format!("run {}", file.display())), "runs");
    assert!(messages(&said).contains("than the class file that lies there now: memory.Both."), "{said:?}");

    // A file that is changed while the program runs, first in nothing that others could use.
    let old = both.replace("memory.Both.runs()", "new disk.Item().old()");
    let new = old.replace("old()", "young()");
    folder.item("private int count; public String old() { count++; return \"\"; }");
    let (file, said) = folder.compile(&java, BELOW, &old);
    assert_eq!(
        (java.ask(&format!("run {}", file.display())), messages(&said)),
        ("item".into(), String::new())
    );
    folder.item("public String young() { return \"\"; }");
    let (file, said) = folder.compile(&java, BELOW, &old);
    assert_eq!(java.ask(&format!("run {}", file.display())), "item");
    assert!(messages(&said).contains("lies there now: disk.Item."), "{said:?}");
    let said = folder.refused(&java, BELOW, "front.Use", &new);
    assert!(said.contains("young") && said.contains("lies there now: disk.Item."), "{said}");
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    java.assert_undisturbed_but(&control);
}

#[test]
fn what_runs_wins_over_another_file_on_jdk_17() {
    what_runs_wins_over_another_file(&jdk("17"));
}

#[test]
fn what_runs_wins_over_another_file_on_jre_8() {
    what_runs_wins_over_another_file(&jdk("jre8"));
}

#[test]
fn no_more_classes_are_given_than_said() {
    let folder = Folder::new();
    let java = JavaBuilder::new(&jdk("17"), "loaders.Many").arg("700").start();
    let names = (1..=600).map(|number| format!(" Many$Template{number:05}")).collect::<String>();
    let source = folder.source("loaders.Use", &format!("package loaders;\nclass Use {{}}\n//{names}\n"));
    let line = folder.line("loaders.Many$Factory", &source);
    let said = messages(&exec_json(java.pid(), &line));
    assert!(
        said.contains("not used it yet: loaders.Many$Template") && said.contains(" and 597 more."),
        "{said}"
    );
    // To show them links them.
    exec_json(
        java.pid(),
        &format!("dump -l 700 -d {} loaders.Many$Template*", folder.path().join("dump").display()),
    );
    let said = messages(&exec_json(java.pid(), &line));
    assert!(said.contains("it takes 512 classes and 8 MB") && said.contains(" and 85 more."), "{said}");
    Answer::of(&["detach", &java.pid().to_string()]).ok();
}

/// A program whose class is compiled with Lombok.
const ORDER: &str = "package lom;\nimport lombok.*;\n@Getter @AllArgsConstructor\npublic class Order {\n    private int count;\n    \
                     public String of(@NonNull String unit) {\n        return getCount() + unit;\n    }\n}\n";
const PLAIN: &str = "package lom;\npublic class Plain {\n    public static String of(@lombok.NonNull String unit) {\n        \
                     return \"old\" + unit;\n    }\n}\n";
const LOM: &str = "package lom;\npublic class Lom {\n    public static void main(String[] args) throws Exception {\n        \
                   System.out.println(\"ready\");\n        java.util.Scanner in = new java.util.Scanner(System.in);\n        \
                   while (in.hasNextLine()) {\n            String line = in.nextLine();\n            \
                   System.out.println(\"ok \" + line + \": \" + new Order(3).of(\"x\") + Plain.of(\"y\"));\n        }\n    }\n}\n";

fn with_lombok(folder: &Folder, to: &str, sources: &[PathBuf]) -> PathBuf {
    let jar = harness::java::libraries().join("lombok/lombok-1.18.42.jar");
    let to = folder.path().join(to);
    let mut command = Command::new(jdk("17").tool("javac"));
    command.env_remove("JAVA_TOOL_OPTIONS").args(["--release", "8", "-Xlint:-options", "-cp"]);
    let path = std::env::join_paths([&jar, &to]).unwrap();
    let out =
        command.arg(path).arg("-processorpath").arg(&jar).arg("-d").arg(&to).args(sources).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    to
}

#[test]
fn what_uses_lombok_is_told_to_be_compiled_elsewhere() {
    lend_parts();
    let folder = Folder::new();
    let sources = [("lom.Order", ORDER), ("lom.Plain", PLAIN), ("lom.Lom", LOM)];
    let sources = sources.map(|(class, text)| folder.source(class, text));
    let classes = with_lombok(&folder, "classes", &sources);
    let jar = harness::java::libraries().join("lombok/lombok-1.18.42.jar");
    let both = std::env::join_paths([&classes, &jar]).unwrap();
    for name in ["17", "jre17"] {
        for path in [classes.clone().into_os_string(), both.clone()] {
            let mut java = JavaBuilder::new(&jdk(name), "lom.Lom").class_path(path.clone()).start();
            let out = folder.path().join("out");
            let line = |class: &str| format!("{} {}", class, folder.path().join("sources/lom").display());
            let [mc, patch] =
                [format!("mc -d {}", out.display()), "patch --yes".to_owned()].map(|c| line(&c));
            // Where Lombok is on the class path or not, `getCount` is missing.
            for command in [&mc, &patch] {
                let answer = exec(java.pid(), &format!("{command}/Order.java"));
                assert!(
                    answer.code != 0 && answer.err.contains("getCount") || path == classes,
                    "{answer:#?}"
                );
                assert!(
                    answer.err.contains("uses Lombok") && answer.err.contains("`retransform Order.class`"),
                    "{answer:#?}"
                );
            }
            if path == both {
                // It compiles, and its check for null would be gone without a word.
                let results = exec_json(java.pid(), &format!("{mc}/Plain.java"));
                assert!(
                    messages(&results).contains("What Lombok would add is not in the class files."),
                    "{results:?}"
                );
                let answer = exec(java.pid(), &format!("{patch}/Plain.java"));
                assert!(answer.code != 0 && answer.err.contains("lack what Lombok adds"), "{answer:#?}");
            }
            assert_eq!(java.ask("of"), "3xoldy");
            // What is advised.
            let source = folder.source("lom.Order", &ORDER.replace("+ unit", "+ \"-\" + unit"));
            let made = with_lombok(&folder, "new", &[source]).join("lom/Order.class");
            let send = [
                "exec",
                &java.pid().to_string(),
                "--send",
                made.to_str().unwrap(),
                "retransform Order.class",
            ];
            Answer::of(&send).ok();
            assert_eq!(java.ask("of"), "3-xoldy");
            Answer::of(&["detach", &java.pid().to_string()]).ok();
            java.assert_undisturbed();
        }
    }
}
