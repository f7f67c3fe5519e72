//! Looking at entities makes Hibernate read nothing: a proxy and a collection that were not read stay so, by its own word.

use harness::client::result;
use harness::{Java, JavaBuilder, Observation, exec, exec_json, jdk};
use serde_json::Value;

const JDKS: [&str; 3] = ["8", "17", "25"];

/// What Hibernate says of the proxy and the collection.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    proxy: bool,
    collection: bool,
    /// So many statements it has sent to the database.
    statements: u64,
}

struct Program(Java);

impl Program {
    fn start(name: &str) -> Self {
        Self(JavaBuilder::new(&jdk(name), "libraries.Orders").libraries("hibernate").start())
    }

    fn state(&mut self) -> State {
        let said = self.0.ask("state");
        let [proxy, collection, statements] = said.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{said}")
        };
        let is_read = |word: &str| word.parse().expect("true or false");
        State {
            proxy: is_read(proxy),
            collection: is_read(collection),
            statements: statements.parse().expect("a number"),
        }
    }

    /// Watches a call that has the order and the customer as its arguments, and gives what is shown.
    fn watch(&mut self, express: &str) -> Value {
        let mut watch = Observation::start(&self.0, &format!("watch libraries.Orders look {express} -n 1"));
        self.0.ask("look");
        let seen = watch.next("watch");
        watch.wait();
        seen
    }

    /// Looks at both in all ways, and gives what was shown.
    fn look(&mut self) -> Vec<String> {
        let mut shown = Vec::new();
        for express in [
            "params -x 4",
            "params[0] -x 3",
            "params[1] -x 3",
            "{params[0].customer,params[1].orders} -x 3",
            "params[1].orders -x 4",
        ] {
            let seen = self.watch(express);
            shown.push(seen["value"].to_string() + &seen["data"].to_string());
        }
        let mut recording = Observation::start(&self.0, "tt -t libraries.Orders look -n 1");
        self.0.ask("look");
        let seen = recording.next("tt");
        recording.wait();
        let index = &seen["timeFragmentList"][0]["index"];
        for line in [
            format!("tt -i {index} -x 4"),
            format!("tt -i {index} -w params[0].customer -x 4"),
            format!("tt -i {index} -w params[1].orders -x 3"),
            "tt -s params[1].orders!=null".to_owned(),
            "ognl @libraries.Orders@order -x 4".to_owned(),
            "ognl @libraries.Orders@order.customer -x 4".to_owned(),
            "ognl @libraries.Orders@customer.orders -x 4".to_owned(),
            "getstatic libraries.Orders * -x 4".to_owned(),
            "vmtool -a getInstances --className libraries.Order -x 4".to_owned(),
            "vmtool -a getInstances --className libraries.Customer -x 4".to_owned(),
            "vmtool -a getInstances --className org.hibernate.collection.internal.PersistentBag -x 4"
                .to_owned(),
            "vmtool -a getInstances --className libraries.Order --express instances.{customer} -x 4"
                .to_owned(),
        ] {
            for result in exec_json(self.0.pid(), &line) {
                shown.push(result.to_string());
            }
            // The same as text.
            shown.push(exec(self.0.pid(), &line).ok());
        }
        shown
    }
}

#[test]
fn what_was_not_read_is_not_read_by_looking() {
    for name in JDKS {
        let mut program = Program::start(name);
        let before = program.state();
        assert!(!before.proxy && !before.collection && before.statements > 0, "{before:?}");
        let shown = program.look();
        assert_eq!(program.state(), before, "JDK {name}");
        // All was looked at, and what is only in the database was not shown.
        for text in ["lamp", "Bo", "HibernateProxy", "PersistentBag"] {
            assert!(shown.iter().any(|shown| shown.contains(text)), "JDK {name}: nothing shows {text}");
        }
        for text in ["Anna", "chair", "sofa"] {
            let found = shown.iter().find(|shown| shown.contains(text));
            assert_eq!(found, None, "JDK {name}: {text} is in the database only");
        }
        program.0.assert_undisturbed_but(&program.0.process.output());
    }
}

#[test]
fn a_property_that_is_named_is_asked_for() {
    let mut program = Program::start("17");
    let before = program.state();
    let results = exec_json(program.0.pid(), "ognl @libraries.Orders@order.customer.name");
    assert_eq!(result(&results, "ognl")["data"], "Anna");
    let read = State { proxy: true, statements: before.statements + 1, ..before };
    assert_eq!(program.state(), read, "a getter of a proxy reads");
}

#[test]
fn what_was_read_shows_its_data() {
    for name in JDKS {
        let mut program = Program::start(name);
        assert_eq!(program.0.ask("read"), "Anna 2");
        let before = program.state();
        assert!(before.proxy && before.collection, "{before:?}");
        let shown = program.look();
        for text in ["lamp", "Bo", "Anna", "chair", "sofa"] {
            assert!(shown.iter().any(|shown| shown.contains(text)), "JDK {name}: nothing shows {text}");
        }
        let results = exec_json(program.0.pid(), "ognl '@libraries.Orders@customer.orders.bag.{item}'");
        let mut items: Vec<&str> = result(&results, "ognl")["data"]
            .as_array()
            .expect("items")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        items.sort_unstable();
        assert_eq!(items, ["chair", "sofa"], "JDK {name}");
        assert_eq!(program.state(), before, "JDK {name}");
        program.0.assert_undisturbed_but(&program.0.process.output());
    }
}
