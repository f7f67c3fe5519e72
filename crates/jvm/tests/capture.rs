//! Class files of loaded classes are seen without any class being changed, on each JDK.

mod machine;

use jvm::{Capturing, Class, Env, Local, Result};
use machine::machine;

/// The JVM counts in a class how often it was redefined or retransformed.
fn changes(env: &Env<'_>, class: &Local<'_, Class>) -> Result<i32> {
    env.get(class, "classRedefinedCount", "I")
}

/// Classes, and what else is in their class files.
const CLASSES: [(&str, &str); 4] = [
    ("java/lang/Object", "notifyAll"),
    ("java/lang/String", "charAt"),
    ("java/util/HashMap", "computeIfAbsent"),
    ("java/util/RandomAccess", "java/lang/Object"),
];

#[test]
fn class_files_are_seen_and_nothing_is_changed() {
    machine().run(|env| {
        for round in 0..3 {
            let classes: Vec<Local<'_, Class>> =
                CLASSES.iter().map(|(name, _)| env.find_class(name)).collect::<Result<_>>()?;
            let globals = classes.iter().map(|class| env.global(class)).collect::<Result<_>>()?;
            let capturing = Capturing::begin(machine().vm, env)?;
            assert!(capturing.changes_nothing());
            let (captured, said) = capturing.class_files(env, globals)?;
            let said = said.expect("the JVM refuses the list").to_string();
            assert!(said.contains("METHOD_ADDED"), "{said}");
            for ((one, class), (name, text)) in captured.iter().zip(&classes).zip(CLASSES) {
                let bytes = one.bytes.as_deref().unwrap_or_else(|| panic!("{name} in round {round}"));
                assert_eq!(bytes[..4], [0xCA, 0xFE, 0xBA, 0xBE], "{name}");
                for text in [name, text] {
                    let found = bytes.windows(text.len()).any(|part| part == text.as_bytes());
                    assert!(found, "{text} in {name}");
                }
                assert_eq!(changes(env, class)?, 0, "{name}");
            }
            drop(capturing);
            Capturing::rest()?;
        }
        Ok(())
    });
}

#[test]
fn a_class_that_cannot_be_changed_is_refused() {
    machine().run(|env| {
        let array = env.find_class("[Ljava.lang.String;")?;
        let capturing = Capturing::begin(machine().vm, env)?;
        let (captured, said) = capturing.class_files(env, vec![env.global(&array)?])?;
        assert!(captured[0].bytes.is_none());
        assert!(said.unwrap().to_string().contains("UNMODIFIABLE_CLASS"));
        Ok(())
    });
}

#[test]
fn every_jdk_is_content() {
    machine::on_every_jdk();
}
