//! Walks over the heap, on each JDK: what they find, and that no mark stays.

mod machine;

use std::time::{Duration, Instant};

use jvm::heap::{By, PathSearch, Root};
use jvm::{Capability, Class, Env, Global, Local, Result};
use machine::machine;

const SECONDS: Duration = Duration::from_secs(20);

fn search(objects: usize, marks: usize) -> PathSearch {
    PathSearch { objects, holders: 100, marks, limit: SECONDS }
}

/// `new AtomicReference(new AtomicReference(… BitSet))`, so many of these around one.
fn nested(env: &Env<'_>, depth: usize) -> Result<Global> {
    let reference = env.find_class("java/util/concurrent/atomic/AtomicReference")?;
    let set = env.find_class("java/util/BitSet")?;
    let mut inner: Local<'_> = env.new_object(&set, "()V", &[])?;
    for _ in 0..depth {
        inner = env.new_object(&reference, "(Ljava/lang/Object;)V", &[(&inner).into()])?;
    }
    env.global(&inner)
}

fn bit_set<'f>(env: &Env<'f>) -> Result<Local<'f, Class>> {
    env.find_class("java/util/BitSet")
}

#[test]
fn a_path_is_told_field_by_field_to_the_root_and_no_mark_stays() {
    machine().run(|env| {
        let jvmti = &machine().environment.jvmti;
        let kept = nested(env, 3)?;
        // Other tests have theirs.
        let paths = jvmti.paths(env, &bit_set(env)?, search(100, 1_000_000))?;
        assert!(paths.is_whole && paths.forgotten == 0);
        let mut found = false;
        for object in &paths.objects {
            let mut names = Vec::new();
            for holder in &object.holders {
                let class = &paths.classes[holder.class - 1];
                let By::Field(number) = holder.by else { continue };
                let field = jvmti.reference_field(env, class, number)?.map(|(_, name)| name);
                names.push((jvmti.class_name(class)?, field.unwrap_or_default()));
            }
            let step = ("java.util.concurrent.atomic.AtomicReference".to_owned(), "value".to_owned());
            if names == [step.clone(), step.clone(), step] {
                found = true;
                assert!(matches!(object.root, Root::Global), "{:?}", object.root);
            }
        }
        assert!(found, "a global reference holds three around a set");
        assert_eq!(jvmti.marked_objects()?, 0);
        drop(kept);
        Ok(())
    });
}

#[test]
fn what_is_remembered_is_bounded_and_what_was_not_is_told() {
    machine().run(|env| {
        let jvmti = &machine().environment.jvmti;
        let kept = nested(env, 50)?;
        let paths = jvmti.paths(env, &bit_set(env)?, search(100, 10))?;
        assert!(paths.forgotten > 0 && paths.marked <= 100 + 10, "{} {}", paths.forgotten, paths.marked);
        assert!(paths.objects.iter().any(|object| matches!(object.root, Root::Beyond)));
        assert_eq!(jvmti.marked_objects()?, 0);
        drop(kept);
        Ok(())
    });
}

#[test]
fn a_walk_without_time_ends_and_says_so() {
    machine().run(|env| {
        let jvmti = &machine().environment.jvmti;
        let none = PathSearch { limit: Duration::ZERO, ..search(100, 100) };
        let paths = jvmti.paths(env, &bit_set(env)?, none)?;
        assert!(!paths.is_whole);
        assert!(!jvmti.heap_totals(env, 3, Duration::ZERO)?.is_whole);
        assert_eq!(jvmti.marked_objects()?, 0);
        Ok(())
    });
}

#[test]
fn objects_are_counted_by_class() {
    machine().run(|env| {
        let jvmti = &machine().environment.jvmti;
        let big = env.new_array(&vec![0_i64; 1 << 20])?;
        let all = jvmti.heap_totals(env, 2, SECONDS)?;
        assert!(all.is_whole);
        let (size, class) = all.biggest[0];
        assert_eq!(
            (size, jvmti.class_name(&all.classes[class - 1])?.as_str()),
            (jvmti.object_size(&big)?, "[J")
        );
        let (objects, bytes) = all.counts[class];
        assert!(objects >= 1 && bytes >= size);
        assert_eq!(jvmti.marked_objects()?, 0);
        Ok(())
    });
}

#[test]
fn the_capability_to_mark_is_given_back() {
    machine().run(|env| {
        let jvmti = &machine().environment.jvmti;
        jvmti.heap_totals(env, 1, SECONDS)?;
        // Other tests walk meanwhile.
        let end = Instant::now() + SECONDS;
        while jvmti.capabilities()?.contains(Capability::TagObjects) {
            assert!(Instant::now() < end, "it is kept");
        }
        Ok(())
    });
}

#[test]
fn every_jdk_is_content() {
    machine::on_every_jdk();
}
