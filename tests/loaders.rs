//! `classloader`, `classloader-metaspace` and `search` in a JVM with two web applications that have the same library, and
//! loaders that behave badly; beside the real Arthas, `jcmd`, `javap` and the JVM's own log.

use std::path::Path;
use std::process::Command;

use harness::client::result;
use harness::java::classes;
use harness::{Answer, Java, JavaBuilder, Jdk, arthas, eventually, exec, exec_json, jdk, jdks};
use serde_json::Value;

/// Jars of the same classes for two web applications.
fn jars(jdk: &Jdk, folder: &Path) -> [String; 2] {
    ["one.jar", "two.jar"].map(|name| {
        let jar = folder.join(name).display().to_string();
        let mut command = Command::new(jdk.tool("jar"));
        command.env_remove("JAVA_TOOL_OPTIONS").args(["cf", &jar, "-C"]).arg(classes());
        let made = command.arg("loaders/Lib.class").status().expect("jar starts");
        assert!(made.success(), "{jar}");
        jar
    })
}

fn shop(jdk: &Jdk, folder: &Path) -> Java {
    let [one, two] = jars(jdk, folder);
    JavaBuilder::new(jdk, "loaders.Main").arg(&one).arg(&two).start()
}

/// All results of a line, however it ended; the last is its status.
fn ours(java: &Java, line: &str) -> Vec<Value> {
    let answer = Answer::of(&["exec", &java.pid().to_string(), "--json", line]);
    answer.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn status(java: &Java, line: &str) -> (i64, String) {
    let results = ours(java, line);
    let status = results.last().unwrap_or_else(|| panic!("{line} gave nothing"));
    (status["statusCode"].as_i64().unwrap(), status["message"].as_str().unwrap_or_default().to_owned())
}

/// The hash of the loader of this name.
fn hash(java: &Java, name: &str) -> String {
    let results = exec_json(java.pid(), "classloader -l");
    let loaders = result(&results, "classloader")["classLoaders"].as_array().unwrap().clone();
    let found = loaders.iter().find(|loader| loader["name"].as_str().unwrap().starts_with(name));
    found.unwrap_or_else(|| panic!("no {name} in {loaders:#?}"))["hash"].as_str().unwrap().to_owned()
}

/// Results without what differs by their place: numbers of jobs; lists of loaders and of URLs, whose order Arthas leaves to
/// its maps, are sorted.
fn plain(results: &[Value]) -> Vec<Value> {
    fn visit(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("jobId");
                fields.iter_mut().for_each(|(_, value)| visit(value));
                for list in ["classLoaders", "children", "usedUrls", "matchedClassLoaders"] {
                    if let Some(Value::Array(list)) = fields.get_mut(list) {
                        list.sort_by_key(ToString::to_string);
                    }
                }
            }
            Value::Array(all) => all.iter_mut().for_each(visit),
            _ => {}
        }
    }
    let mut all = results.to_vec();
    all.iter_mut().for_each(visit);
    all
}

/// Asks Arthas and us the same, and compares the whole answers; again where they differ, since what it loads itself is counted.
fn twins(java: &Java, theirs: &arthas::Arthas, line: &str) {
    let shown = |all: &[Value]| serde_json::to_string_pretty(&plain(all)).unwrap();
    let mut differ = Vec::new();
    for _ in 0..20 {
        let his = shown(theirs.exec(line)["body"]["results"].as_array().expect("results"));
        let mine = shown(&ours(java, line));
        if mine == his {
            return;
        }
        let lines = mine.lines().zip(his.lines()).filter(|(one, other)| one != other);
        differ = lines.take(5).map(|(one, other)| (one.to_owned(), other.to_owned())).collect();
    }
    panic!("JDK {}: {line}: ours and theirs: {differ:#?}", java.jdk.major);
}

#[test]
fn what_arthas_tells_of_loaders_we_tell_too_on_jdk_17() {
    const BUILT_IN: &str = "jdk.internal.loader.ClassLoaders$";
    beside_arthas("17", &format!("{BUILT_IN}AppClassLoader"), &format!("{BUILT_IN}Platform"));
}

#[test]
fn what_arthas_tells_of_loaders_we_tell_too_on_jdk_8() {
    beside_arthas("8", "sun.misc.Launcher$AppClassLoader", "sun.misc.Launcher$Ext");
}

/// With Arthas in the JVM, whose own loaders are among them.
fn beside_arthas(version: &str, app: &str, ext: &str) {
    let folder = tempfile::tempdir().unwrap();
    let java = shop(&jdk(version), folder.path());
    let theirs = arthas::boot(&java, &[]);
    exec_json(java.pid(), "classloader");
    let [app_hash, one, two] = [app, "WebApp one.jar", "WebApp two.jar"].map(|name| hash(&java, name));
    let ext = hash(&java, ext);
    let mut lines = vec![
        "classloader -t -i".to_owned(),
        "classloader -l -i".to_owned(),
        "classloader -u".to_owned(),
        "classloader --classLoaderClass loaders.Main$WebApp".to_owned(),
        "classloader --classLoaderClass no.Such".to_owned(),
        format!("classloader --classLoaderClass {app} -r loaders/Lib.class"),
        format!("classloader --classLoaderClass {app} --load loaders.Lib"),
        format!("classloader --classLoaderClass {app} --url-classes"),
        format!("classloader -a -c {ext}"),
        format!("classloader -c {one} -r loaders/Lib.class"),
        format!("classloader -c {one} -r META-INF/MANIFEST.MF"),
        format!("classloader -c {two} -r no/such/resource"),
        format!("classloader -c {one} --load loaders.Lib"),
        format!("classloader -c {one} --load loaders.Route"),
        format!("classloader -c {one} --load loaders.Orders"),
        format!("classloader -c {two} --load java.util.Map$Entry"),
        format!("classloader -c {two} --load no.Such"),
        "classloader -c abcdef --load loaders.Lib".to_owned(),
        "classloader -c abcdef".to_owned(),
        "classloader --url-classes".to_owned(),
        format!("classloader -c {one} --url-classes -n 5"),
        format!("classloader -c {one} --url-classes -d -n 0"),
    ];
    for option in ["-d", "-E", "-n 5", "--jar one", "--class lib"] {
        lines.push(format!("classloader {option}"));
    }
    for option in
        ["-d", "-d -n 200", "--jar FIXTURES", "--jar no-such", "--class lib", "--class loaders/O -d"]
    {
        lines.push(format!("classloader -c {app_hash} --url-classes {option}"));
    }
    for loader in [&one, &two, "abcdef", "1"] {
        lines.push(format!("classloader -a -c {loader}"));
        lines.push(format!(
            "classloader -c {loader} --url-classes -E --class 'Lib$' --jar '(one|fixtures)' -d"
        ));
    }
    for line in &lines {
        twins(&java, &theirs, line);
    }
    // Arthas loses loaders that have loaded as much as those of another class.
    let (mine, his) = eventually("nothing to be loaded meanwhile", || {
        let stats = |results: &[Value]| result(results, "classloader")["classLoaderStats"].clone();
        let ask = || stats(theirs.exec("classloader")["body"]["results"].as_array().unwrap());
        let (before, mine) = (ask(), stats(&ours(&java, "classloader")));
        (before == ask()).then_some((mine, before))
    });
    let his = his.as_object().unwrap();
    assert!(his.iter().all(|(class, stat)| mine[class] == *stat), "{mine:#} {his:#?}");
    assert!(his.len() > 3 && mine.as_object().unwrap().len() >= his.len());
    // Ours differ on purpose: a URL is one row, and a hash that no loader has is told.
    for loader in [&app_hash, &one, &two] {
        let line = format!("classloader -c {loader}");
        let answer = theirs.exec(&line);
        let theirs = answer["body"]["results"].as_array().unwrap();
        let mine = ours(&java, &line);
        assert_eq!(result(&mine, "classloader")["urls"], result(theirs, "classloader")["urls"]);
        let rows = |results: &[Value]| result(results, "row_affect")["rowCount"].as_u64().unwrap();
        assert_eq!(rows(&mine) * 2, rows(theirs), "{line}");
    }
    for line in ["classloader -c 12345", "classloader -a -c 12345"] {
        let (code, message) = status(&java, line);
        assert_eq!(code, -1, "{line}");
        assert!(message.contains("12345"), "{message}");
    }
    theirs.stop();
    println!("JDK {version}: {} lines", lines.len());
}

#[test]
fn loaders_that_throw_are_told_by_their_class_and_identity() {
    for jdk in jdks() {
        let folder = tempfile::tempdir().unwrap();
        // JDK 8 warns of its own code where a program has loaders of jars.
        let control = shop(&jdk, folder.path());
        let mut java = shop(&jdk, folder.path());
        assert_eq!(hash(&java, "Angry"), "1");
        java.tell("angry");
        let angry = hash(&java, "loaders.Main$Angry@");
        assert_ne!(angry, "1");
        let results = exec_json(java.pid(), "classloader -l");
        let loaders = result(&results, "classloader")["classLoaders"].clone();
        let name = format!("loaders.Main$Angry@{angry}");
        assert!(loaders.to_string().contains(&name), "{loaders:#}");
        // `getURLs` throws; the JDK knows.
        let urls = exec_json(java.pid(), &format!("classloader -c {angry}"));
        let urls = result(&urls, "classloader")["urls"].clone();
        assert!(urls[0].as_str().is_some_and(|url| url.ends_with("/one.jar")), "{urls}");
        // One that hides what it has loaded: nothing is asked of it by name.
        let hidden = exec_json(java.pid(), "classloader -a -c abcdef");
        assert_eq!(
            result(&hidden, "classloader")["classSet"]["classes"],
            serde_json::json!(["loaders.Orders$Sleeping"])
        );
        let text = exec(java.pid(), "classloader -t").ok();
        assert!(text.contains("Hiding\\nwith a line break"), "{text}");
        // Not linked and from no file: what it is can be told, not where.
        let found = finds(&java, "search -c abcdef planted");
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0][2].as_str(), found[0][3].as_str()), ("string", ""));
        // Linked and from no file: the JVM shows its code.
        let found = finds(&java, "search -c fedcba /order/");
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(
            (found[0][2].as_str(), found[0][3].as_str()),
            ("annotation", "find(JLjava/util/List;)Ljava/lang/String;")
        );
        assert_eq!(finds(&java, "search -c fedcba hunter2"), Vec::<[String; 5]>::new());
        java.assert_undisturbed_but(&control.process.output());
    }
}

/// The finds of a search as `loader class in member text`.
fn finds(java: &Java, line: &str) -> Vec<[String; 5]> {
    let results = exec_json(java.pid(), line);
    let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    for class in results.iter().filter(|result| result["type"] == "search") {
        for found in class["found"].as_array().unwrap() {
            let [hash, name] = [&class["classLoaderHash"], &class["className"]].map(of);
            let [kind, member, text] = [&found["in"], &found["member"], &found["text"]].map(of);
            all.push([hash, name, kind, member, text]);
        }
    }
    all
}

/// What `javap` says of the methods of a class: `name(descriptor)`, and the strings that each loads.
fn strings_by_javap(jdk: &Jdk, class: &str) -> Vec<(String, String)> {
    let mut command = Command::new(jdk.tool("javap"));
    command.env_remove("JAVA_TOOL_OPTIONS").args(["-p", "-c", "-s", "-cp"]).arg(classes()).arg(class);
    let out = command.output().expect("javap starts");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let (mut name, mut member) = (String::new(), String::new());
    let mut all = Vec::new();
    for line in text.lines() {
        if let Some((head, _)) =
            line.split_once('(').filter(|_| line.starts_with("  ") && !line.starts_with("   "))
        {
            name = head.rsplit(' ').next().unwrap().to_owned();
        }
        if let Some(descriptor) = line.trim().strip_prefix("descriptor: ") {
            member = format!("{name}{descriptor}");
        }
        if let Some((_, text)) = line.split_once("// String ") {
            all.push((member.clone(), text.trim_end().to_owned()));
        }
    }
    all
}

#[test]
fn a_text_is_found_where_it_stands_and_nothing_is_initialised_by_looking() {
    for jdk in jdks() {
        let folder = tempfile::tempdir().unwrap();
        let mut java = shop(&jdk, folder.path());
        let route = finds(&java, "search /order/{id}");
        // In the class of the path, and in that of a loader of its own.
        assert_eq!(route.len(), 2, "JDK {}: {route:#?}", jdk.major);
        let [_, class, kind, member, text] = &route[0];
        assert_eq!((class.as_str(), kind.as_str()), ("loaders.Orders", "annotation"));
        assert_eq!(member, "find(JLjava/util/List;)Ljava/lang/String;");
        assert_eq!(
            text,
            r#"@Route(value = {"/order/{id}", "/bestellung/größe"}, verb = Verb.POST, order = 7, password = "***")"#
        );
        // Both web applications, the loader that throws and the one that the classes of the path have.
        let library = finds(&java, "search --in strings 'planted in a lambda'");
        let mut loaders: Vec<&String> = library.iter().map(|found| &found[0]).collect();
        loaders.sort_unstable();
        loaders.dedup();
        let wanted = ["WebApp one.jar", "WebApp two.jar", "Angry"].map(|name| hash(&java, name));
        assert!(wanted.iter().all(|hash| loaders.contains(&hash)), "{library:#?}");
        assert!(library.iter().all(|found| found[1] == "loaders.Lib" && found[3] == "lambda$lambda$0()V"));
        // Every string of a class's code, by javap; `1` stands for what a secret is.
        let mut told: Vec<(String, String)> = finds(&java, "search --in strings -E . loaders.Orders")
            .into_iter()
            .filter(|found| found[3].contains('('))
            .map(|[_, _, _, member, text]| (member, text.trim_end().to_owned()))
            .collect();
        let mut javap = strings_by_javap(&harness::jdk("17"), "loaders.Orders");
        javap.retain(|(_, text)| !text.contains("hunter2"));
        told.sort_unstable();
        javap.sort_unstable();
        told.dedup();
        javap.dedup();
        assert_eq!(told, javap, "JDK {}", jdk.major);
        // Secrets: a constant of that name, a field of that name, a value behind such a key, an element of that name.
        for line in
            ["search hunter2", "search -i HUNTER2", "search -E 'hunter[0-9]'", "search --jdk -n 0 hunter2"]
        {
            assert_eq!(finds(&java, line), Vec::<[String; 5]>::new(), "{line}");
        }
        let kinds = |line: &str| {
            let mut all: Vec<String> = finds(&java, line).into_iter().map(|found| found[2].clone()).collect();
            all.dedup();
            all
        };
        assert_eq!(kinds("search --in fields planted"), ["field"]);
        assert_eq!(kinds("search --in methods planted"), ["method"]);
        assert_eq!(kinds("search @Route loaders.Orders"), ["annotation"]);
        assert_eq!(kinds("search -E 'in-a-.*eter'"), ["annotation"]);
        assert_eq!(finds(&java, "search planted loaders.Lib -n 2").len(), 2);
        assert_eq!(kinds("search --jdk --in methods getOrDefault java.util.Map"), ["method"]);
        assert_eq!(status(&java, "search ''").0, -1);
        assert_eq!(status(&java, "search -E '('").0, -1);
        // Everything the JVM has, nameless and hidden classes, too: nobody minds.
        assert!(finds(&java, "search --jdk -n 0 -E . 'java.lang.*'").len() > 1_000);
        let printed = java.process.output();
        assert!(!printed.iter().any(|line| line.contains("was initialised")), "{printed:?}");
        assert_eq!(java.ask("text"), "planted in a class that sleeps");
        let stopped = exec(java.pid(), "stop");
        assert_eq!(stopped.code, 0, "{stopped:#?}");
        let printed = java.process.output();
        assert!(printed.iter().any(|line| line.contains("Sleeping was initialised")), "{printed:?}");
    }
}

/// As `jcmd PID VM.classloader_stats` prints it.
fn by_jcmd(java: &Java) -> Vec<[u64; 4]> {
    let text = java.jdk_tool("jcmd", &["VM.classloader_stats"]);
    let number = |word: &str| match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    };
    let row = |line: &str| {
        let words: Vec<u64> = line.split_whitespace().map_while(number).collect();
        (words.len() == 6).then(|| [words[2], words[3], words[4], words[5]])
    };
    let mut rows: Vec<[u64; 4]> = text.lines().filter_map(row).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn metaspace_is_what_jcmd_tells_and_each_row_has_its_loader_where_only_one_can_be_meant() {
    for jdk in jdks() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = jars(&jdk, folder.path());
        // The JDK's own beans make JNI calls on 8 and 11 that a JVM which looks for such calls warns of.
        let java = JavaBuilder::new(&jdk, "loaders.Main").arg(&one).arg(&two).without_checks().start();
        exec_json(java.pid(), "classloader-metaspace");
        let (jcmd, rows) = eventually("nothing to be loaded meanwhile", || {
            let before = by_jcmd(&java);
            let results = exec_json(java.pid(), "classloader-metaspace");
            let rows = result(&results, "classloader-metaspace")["rows"].as_array().unwrap().clone();
            (before == by_jcmd(&java)).then_some((before, rows))
        });
        let number = |row: &Value, field: &str| row[field].as_u64().unwrap();
        let mut told: Vec<[u64; 4]> = rows
            .iter()
            .map(|row| {
                ["classLoaderData", "classCount", "chunkSize", "blockSize"].map(|field| number(row, field))
            })
            .collect();
        told.sort_unstable();
        assert_eq!(told, jcmd, "JDK {}", jdk.major);
        let sizes: Vec<u64> = rows.iter().map(|row| number(row, "chunkSize")).collect();
        assert!(sizes.is_sorted_by(|one, next| one >= next), "{sizes:?}");
        let hash_of = |class: &str| {
            let found =
                rows.iter().filter(|row| row["type"].as_str().is_some_and(|name| name.contains(class)));
            found.map(|row| row["hash"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        // These two differ by what one has made the JVM load for it.
        let mut hiding = hash_of("Hiding");
        hiding.sort_unstable();
        assert!(hiding == [None, None] || hiding == ["abcdef", "fedcba"].map(|hash| Some(hash.to_owned())));
        assert_eq!(hash_of("Angry"), [Some("1".to_owned())]);
        assert_eq!(hash_of("AppClassLoader"), [Some(hash(&java, app_name(&jdk)))]);
        // The two applications have loaded the same: nobody can tell which is which.
        assert_eq!(hash_of("WebApp"), [None, None]);
        // Until one has loaded more.
        let web = hash(&java, "WebApp one.jar");
        exec_json(java.pid(), &format!("classloader -c {web} --load loaders.Lib"));
        let [first, second] = [hash(&java, "WebApp one.jar"), hash(&java, "WebApp two.jar")];
        exec_json(java.pid(), &format!("classloader -c {second} --load 'loaders.Orders$Sleeping'"));
        let results = exec_json(java.pid(), "classloader-metaspace --classLoaderClass loaders.Main$WebApp");
        let rows = result(&results, "classloader-metaspace")["rows"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 2, "{first} {rows:#?}");
        let (code, message) = status(&java, "classloader-metaspace --limit 0");
        assert_eq!((code, message.as_str()), (-1, "limit must be greater than 0."));
        let (code, message) = status(&java, "classloader-metaspace --period soon");
        assert_eq!((code, message.as_str()), (-1, "period is invalid: soon"));
    }
}

fn app_name(jdk: &Jdk) -> &'static str {
    if jdk.major == 8 {
        "sun.misc.Launcher$AppClassLoader"
    } else {
        "jdk.internal.loader.ClassLoaders$AppClassLoader"
    }
}

/// Twenty thousand classes: the search ends when it is told to, and the JVM does not stop once for it.
#[test]
fn a_search_of_many_classes_stops_the_jvm_never_and_ends_at_once_when_it_is_told_to() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let java = JavaBuilder::new(&jdk("17"), "loaders.Many")
        .without_checks()
        .vm(format!("-Xlog:safepoint:file={}", log.path().display()))
        .arg("20000")
        .start();
    exec_json(java.pid(), "version");
    let stops = || {
        let text = std::fs::read_to_string(log.path()).unwrap();
        let names = text.lines().filter_map(|line| line.split("Safepoint \"").nth(1)?.split('"').next());
        names.map(str::to_owned).collect::<Vec<String>>()
    };
    let before = stops().len();
    let found = finds(&java, "search /many/Template04711");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0][1], "loaders.Many$Template04711");
    let results = exec_json(java.pid(), "search 'no such text'");
    let summary = result(&results, "search-summary");
    assert!(summary["classes"].as_u64() >= Some(20_000), "{summary}");
    println!("{summary}");
    // Others are the JVM's own: it cleans up once a second, and collects.
    let of_ours: Vec<String> = stops()
        .split_off(before)
        .into_iter()
        .filter(|name| name != "Cleanup" && !name.contains("Collect") && !name.contains("ICBufferFull"))
        .collect();
    assert!(of_ours.is_empty(), "{of_ours:?}");
    let pid = java.pid().to_string();
    let all = ["exec", &pid, "--json", "search --in methods -n 0 asMap"];
    let mut live = harness::Running::start(harness::oxprobe().args(all));
    live.line("a find", |line| line.contains("asMap"));
    live.signal("INT");
    live.wait();
    let told = live.output().len();
    assert!(told < 20_000, "it went on: {told}");
    assert!(!live.output().iter().any(|line| line.contains("search-summary")), "{told}");
}
