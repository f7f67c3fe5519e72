//! `line` in what the compilers of Kotlin and Scala have made, beside the class files' own tables and what the program says.
//!
//! Kotlin gives a slot to one variable after the other, of other types, too. Scala gives each variable a slot of its
//! own, but variables of one name lie within each other.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Java, JavaBuilder, Observation, java, jdk};
use serde_json::{Value, json};

const JDKS: [&str; 3] = ["8", "17", "25"];

/// A method of a library, as `javap` shows its tables.
struct Method {
    class: &'static str,
    name: &'static str,
    descriptor: &'static str,
    /// Where in the code which line begins.
    lines: Vec<(usize, u64)>,
    variables: Vec<Variable>,
}

struct Variable {
    start: usize,
    end: usize,
    slot: usize,
    name: String,
    descriptor: String,
}

impl Method {
    fn read(set: &str, class: &'static str, name: &'static str, descriptor: &'static str) -> Self {
        let mut javap = Command::new(jdk("17").tool("javap"));
        javap.args(["-l", "-s", "-p", "-cp"]).arg(jar(set)).arg(class);
        let out = String::from_utf8(javap.output().expect("javap starts").stdout).expect("text");
        let is_meant = |block: &&str| {
            block.contains(&format!(" {name}(")) && block.contains(&format!("descriptor: {descriptor}\n"))
        };
        let block =
            out.split("\n\n").find(is_meant).unwrap_or_else(|| panic!("no {class} {name}{descriptor}"));
        let mut method = Self { class, name, descriptor, lines: Vec::new(), variables: Vec::new() };
        for row in block.lines().map(str::trim) {
            if let Some((line, pc)) = row.strip_prefix("line ").and_then(|row| row.split_once(": ")) {
                method.lines.push((pc.parse().unwrap(), line.parse().unwrap()));
            } else if let [start, length, slot, name, descriptor] =
                row.split_whitespace().collect::<Vec<_>>()[..]
                && let (Ok(start), Ok(length)) = (start.parse::<usize>(), length.parse::<usize>())
            {
                method.variables.push(Variable {
                    start,
                    end: start + length,
                    slot: slot.parse().unwrap(),
                    name: name.to_owned(),
                    descriptor: descriptor.to_owned(),
                });
            }
        }
        assert!(!method.lines.is_empty() && !method.variables.is_empty(), "{block}");
        method
    }

    /// The types of the variables that have a slot one after the other.
    fn types(&self, slot: usize) -> BTreeSet<&str> {
        let of_slot = self.variables.iter().filter(|variable| variable.slot == slot);
        of_slot.map(|variable| &*variable.descriptor).collect()
    }

    /// Whether a variable covers another one of its name.
    fn has_covered_names(&self) -> bool {
        let covers = |one: &Variable, other: &Variable| {
            one.name == other.name && one.slot != other.slot && one.start < other.end && other.start < one.end
        };
        self.variables.iter().any(|one| self.variables.iter().any(|other| covers(one, other)))
    }

    /// The names that are known at a place of the code.
    fn scope(&self, pc: usize) -> BTreeSet<&str> {
        let known = self.variables.iter().filter(|one| one.start <= pc && pc < one.end && one.name != "this");
        known.map(|variable| &*variable.name).collect()
    }

    /// Observes all its lines while a command is obeyed, and gives its answer and what was shown line by line. The
    /// command is given twice: everything was told once it was told twice.
    fn told(&self, java: &mut Java, command: &str, express: &str) -> (String, Vec<Value>) {
        let lines: BTreeSet<String> = self.lines.iter().map(|(_, line)| line.to_string()).collect();
        let lines = lines.into_iter().collect::<Vec<_>>().join(",");
        let Self { class, name, descriptor, .. } = self;
        let method = format!("--class {class} --method {name} --desc {descriptor}");
        let watch =
            Observation::start(java, &format!("line {method} --line {lines} --express '{express}' -n 1000"));
        let said = java.ask(command);
        assert_eq!(java.ask(command), said);
        // Rounds of a loop look like calls: the two halves may also be alike before all is there.
        let mut before = (usize::MAX, Instant::now());
        let told = harness::eventually("everything to be told twice", || {
            let mut told = watch.all("line");
            if told.len() != before.0 {
                before = (told.len(), Instant::now());
            }
            if before.1.elapsed() < Duration::from_millis(500) {
                return None;
            }
            let again = told.split_off(told.len() / 2);
            let lines = |results: &[Value]| -> Vec<Value> {
                results.iter().map(|result| result["lineNumber"].clone()).collect()
            };
            (!told.is_empty() && lines(&told) == lines(&again)).then_some(told)
        });
        watch.interrupt();
        (said, told)
    }

    /// Has a command obeyed and gives its answer and the lines that were met, each with its variables, which must be
    /// those of the class file's table.
    fn watch(&self, java: &mut Java, command: &str) -> (String, Vec<(u64, Value)>) {
        let (said, told) = self.told(java, command, "localVarMap");
        let met: Vec<(u64, Value)> = told
            .iter()
            .map(|result| (result["lineNumber"].as_u64().unwrap(), result["data"].clone()))
            .collect();
        for (line, variables) in &met {
            let mut scopes =
                self.lines.iter().filter(|(_, one)| one == line).map(|(pc, _)| self.scope(*pc)).peekable();
            assert!(scopes.peek().is_some(), "line {line}");
            let names = names(variables);
            assert!(scopes.any(|scope| scope == names), "line {line} has {variables:#}");
            for marker in names.iter().filter(|name| name.starts_with("$i$")) {
                assert_eq!(variables[marker], 0, "what is inlined begins with such a variable");
            }
        }
        (said, met)
    }
}

fn jar(set: &str) -> PathBuf {
    let jars = std::fs::read_dir(java::libraries().join(set)).expect("the libraries");
    jars.map(|jar| jar.unwrap().path()).next().expect("a library")
}

fn names(variables: &Value) -> BTreeSet<&str> {
    variables.as_object().expect("variables").keys().map(String::as_str).collect()
}

/// The values of a variable, where it was known.
fn values<'a>(met: &'a [(u64, Value)], name: &str) -> Vec<&'a Value> {
    met.iter().filter_map(|(_, variables)| variables.get(name)).collect()
}

fn end(mut java: Java) {
    java.assert_undisturbed_but(&java.process.output());
}

fn kotlin(name: &str) -> Java {
    JavaBuilder::new(&jdk(name), "libraries.Kotlin").libraries("kotlin").start()
}

fn scala(name: &str) -> Java {
    JavaBuilder::new(&jdk(name), "libraries.Scala").libraries("scala").start()
}

#[test]
fn a_slot_of_numbers_and_then_of_objects_shows_each_where_it_is() {
    let class = "kotlin.collections.CollectionsKt___CollectionsKt";
    let method = Method::read("kotlin", class, "sorted", "(Ljava/lang/Iterable;)Ljava/util/List;");
    assert_eq!(method.types(2), BTreeSet::from(["I", "[Ljava/lang/Comparable;", "Ljava/util/List;"]));
    assert_eq!(method.types(3), BTreeSet::from(["I", "Ljava/util/Collection;"]));
    let of_type = |descriptor: &str, slot: usize| {
        let mut all = method.variables.iter();
        all.find(|one| one.slot == slot && one.descriptor == descriptor).expect("a variable").name.clone()
    };
    let collection = of_type("Ljava/util/Collection;", 3);
    let [array, list] =
        ["[Ljava/lang/Comparable;", "Ljava/util/List;"].map(|descriptor| of_type(descriptor, 2));
    for name in JDKS {
        let mut java = kotlin(name);
        let (said, met) = method.watch(&mut java, "sort");
        let said: Value = serde_json::from_str(&said).expect("lists");
        let [given, sorted] = [&said[0], &said[1]];
        assert_ne!(given, sorted);
        // The code of a collection comes first and has no jump, so that its lines are met one by one.
        let (first, other) =
            (method.lines[0], method.lines.iter().position(|(_, line)| *line == 1034).unwrap());
        let begin = met.iter().skip(1).position(|(line, _)| *line == first.1).expect("the second call") + 1;
        let (of_collection, of_iterable) = met.split_at(begin);
        assert_eq!(of_collection.len(), other, "JDK {name}");
        for ((line, variables), (pc, expected)) in of_collection.iter().zip(&method.lines) {
            assert_eq!((line, names(variables)), (expected, method.scope(*pc)), "JDK {name}");
        }
        assert!(values(of_collection, &list).is_empty() && values(of_iterable, &array).is_empty());
        assert!(values(of_iterable, &collection).is_empty());
        let mut seen = |variable: &str| -> Vec<Value> {
            let (_, told) = method.told(&mut java, "sort", &format!("localVarMap[\"{variable}\"]"));
            told.iter().map(|one| one["data"].clone()).filter(Value::is_array).collect()
        };
        let arrays = seen(&array);
        let [first, last] = [arrays.first(), arrays.last()];
        assert_eq!((first, last), (Some(given), Some(sorted)), "JDK {name}: it is sorted where it lies");
        // It has no line behind the sorting.
        assert_eq!(seen(&list), vec![given.clone(); values(of_iterable, &list).len()], "JDK {name}");
        end(java);
    }
}

#[test]
fn a_slot_of_a_text_and_then_of_an_exception_shows_each_where_it_is() {
    let class = "kotlin.text.StringsKt__StringNumberConversionsJVMKt";
    let descriptor = "(Ljava/lang/String;Ljava/math/MathContext;)Ljava/math/BigDecimal;";
    let method = Method::read("kotlin", class, "toBigDecimalOrNull", descriptor);
    assert_eq!(method.types(3), BTreeSet::from(["Ljava/lang/String;", "Ljava/lang/NumberFormatException;"]));
    for name in JDKS {
        let mut java = kotlin(name);
        let (said, met) = method.watch(&mut java, "decimal NaN");
        assert_eq!(values(&met, "it"), ["NaN"], "JDK {name}");
        let thrown = values(&met, "e$iv");
        assert_eq!(thrown.len(), 1, "JDK {name}");
        assert_eq!(thrown[0]["@class"], "java.lang.NumberFormatException");
        let (_, told) = method.told(&mut java, "decimal NaN", "localVarMap[\"e$iv\"].toString()");
        let texts: Vec<&Value> = told.iter().map(|one| &one["data"]).filter(|data| !data.is_null()).collect();
        assert_eq!(texts, [&json!(said)], "JDK {name}");
        let (said, met) = method.watch(&mut java, "decimal 1.5");
        assert_eq!(said, "1.5");
        assert_eq!(values(&met, "it").first(), Some(&&json!(said)), "JDK {name}");
        assert!(values(&met, "e$iv").is_empty());
        end(java);
    }
}

#[test]
fn a_slot_of_a_character_and_then_of_a_truth_shows_each_in_every_round_of_a_loop() {
    let class = "kotlin.text.StringsKt__StringsKt";
    let method = Method::read("kotlin", class, "trim", "(Ljava/lang/String;[C)Ljava/lang/String;");
    assert_eq!(method.types(10), BTreeSet::from(["C", "Z"]));
    assert!(method.has_covered_names(), "`trim` is inlined twice");
    for name in JDKS {
        let mut java = kotlin(name);
        let (said, met) = method.watch(&mut java, "trim --a-b- -");
        let [mut asked, mut found] = [Vec::new(), Vec::new()];
        for word in said.split(' ') {
            let (one, is_found) = word.split_at(1);
            asked.push(json!(one));
            found.push(json!(is_found == "true"));
        }
        assert!(asked.len() > 3 && found.contains(&json!(true)) && found.contains(&json!(false)), "{said}");
        assert_eq!(values(&met, "it"), asked.iter().collect::<Vec<_>>(), "JDK {name}");
        let decided =
            met.iter().filter(|(line, _)| *line == 1550).map(|(_, variables)| &variables["match$iv$iv"]);
        assert_eq!(decided.collect::<Vec<_>>(), found.iter().collect::<Vec<_>>(), "JDK {name}");
        end(java);
    }
}

#[test]
fn a_name_means_the_innermost_variable() {
    let class = "scala.collection.immutable.TreeSet$";
    let descriptor =
        "(Lscala/collection/IterableOnce;Lscala/math/Ordering;)Lscala/collection/immutable/TreeSet;";
    let method = Method::read("scala", class, "from", descriptor);
    assert!(method.has_covered_names());
    for name in JDKS {
        let mut java = scala(name);
        method.watch(&mut java, "range");
        let names = "localVarNames.{? #this==\"it\"}.size()";
        let express = format!("{{params[0].class.name, localVarMap.it.class.name, {names}}}");
        let (said, told) = method.told(&mut java, "range", &express);
        let (range, iterator) = said.split_once(' ').expect("two classes");
        let mut inner = 0;
        for result in told {
            let at = result["lineNumber"].as_u64().unwrap();
            let (pc, _) = method.lines.iter().find(|(_, line)| *line == at).unwrap();
            let mut of_name =
                method.variables.iter().filter(|one| one.name == "it" && one.start <= *pc && *pc < one.end);
            let is_inner = of_name.any(|one| one.descriptor == "Lscala/collection/Iterator;");
            let shown = if is_inner { iterator } else { range };
            inner += u32::from(is_inner);
            assert_eq!(result["data"], json!([range, shown, 1]), "JDK {name}, line {at}");
        }
        assert!(inner > 1, "JDK {name}");
        end(java);
    }
}

#[test]
fn variables_of_loops_that_scala_inlined_have_their_values_in_every_round() {
    let method = Method::read(
        "scala",
        "scala.Array$",
        "fill",
        "(IILscala/Function0;Lscala/reflect/ClassTag;)[Ljava/lang/Object;",
    );
    for slot in 0..method.variables.len() {
        assert_eq!(method.types(slot).len(), 1, "Scala gives each variable a slot of its own");
    }
    for name in JDKS {
        let mut java = scala(name);
        let (said, met) = method.watch(&mut java, "fill 2 3");
        let table: Value = serde_json::from_str(&said).expect("a table");
        // Where the next value is asked for.
        let rounds: Vec<[u64; 2]> = met
            .iter()
            .filter(|(line, _)| *line == 374)
            .map(|(_, variables)| ["tabulate_i", "fill_i"].map(|name| variables[name].as_u64().unwrap()))
            .collect();
        let expected = (0..2).flat_map(|row| (0..3).map(move |column| [row, column]));
        assert_eq!(rounds, expected.collect::<Vec<_>>(), "JDK {name}");

        let express = "{localVarMap.tabulate_i, localVarMap.fill_i, localVarMap.fill_array[0]}";
        let (_, told) = method.told(&mut java, "fill 2 3", express);
        let filled: Vec<&Value> = told.iter().filter(|result| result["lineNumber"] == 375).collect();
        assert_eq!(filled.len(), rounds.len(), "JDK {name}");
        for result in filled {
            let data = &result["data"];
            let row = usize::try_from(data[0].as_u64().unwrap()).unwrap();
            assert_eq!(data[2], table[row][0], "JDK {name}: {data}");
        }
        end(java);
    }
}
