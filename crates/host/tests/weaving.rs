//! Real classes in a real JVM are woven, told about, and put back. `every_jdk_is_content` runs this whole
//! file again on each JDK.
#![expect(unsafe_code, reason = "the JVM lives in this process; its options come by the environment")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a panic is how a test reports"
)]

#[path = "../../jvm/tests/machine/mod.rs"]
mod machine;
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use host::advice::{Kind, Listener, ListenerSpec};
use host::compiled::Compile;
use host::condition::{Condition, When};
use host::conditioned::Conditioned;
use host::observe::{Effect, Observation, Observed};
use host::{Matched, NamePattern, Parts, Wanted};
use jvm::spy::Spy;
use jvm::{Class, Env, Local, Result, Value};
use support::{Jvm, Loaded, jvm, seen};

/// A listener that counts. Only while a test has its turn.
fn monitor() -> Listener {
    let kind = Kind::Monitor { percentiles: false };
    support::host().new_listener(ListenerSpec { kind, ..Default::default() }).unwrap()
}

fn wanted(classes: &str, methods: &str) -> Wanted {
    Wanted::new(NamePattern::wildcard(classes), NamePattern::wildcard(methods))
}

fn total(listener: &Listener, method: &str) -> u64 {
    let rows = listener.monitor();
    rows.iter().filter(|row| row.method == method).map(|row| row.total).sum()
}

impl Jvm {
    fn matched(&self, classes: &str, methods: &str) -> Matched {
        self.host.match_methods(&wanted(classes, methods)).unwrap()
    }

    fn observe(&self, classes: &str, methods: &str, listener: &Listener) -> Observed {
        self.host.observe(&self.matched(classes, methods), &Observation::new(listener.clone())).unwrap()
    }
}

fn add(env: &Env<'_>, fixture: &Local<'_>) -> Result<i32> {
    env.call(fixture, "add", "(II)I", &[Value::Int(1), Value::Int(2)])
}

#[test]
fn a_method_is_counted_closed_and_put_back_as_it_was() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let listener = monitor();
    let matched = jvm.matched("Fixture", "add");
    assert_eq!((matched.class_count(), matched.method_count(), matched.already()), (1, 1, 0));
    let observed = jvm.host.observe(&matched, &Observation::new(listener.clone())).unwrap();
    let Effect { classes, methods, retransformed, refused, ids, .. } = observed.effect().clone();
    assert_eq!((classes, methods, retransformed, refused.len()), (1, 1, 1, 0));
    let call = |times: usize| {
        loaded.run(|env, class| {
            let fixture = env.new_object(class, "()V", &[])?;
            for _ in 0..times {
                assert_eq!(add(env, &fixture)?, 3);
            }
            Ok(())
        });
    };
    call(3);
    assert_eq!(total(&listener, "add"), 3);
    let facts = jvm.host.woven_method(ids[0]).unwrap();
    assert_eq!((&*facts.class, &*facts.name, &*facts.descriptor), ("Fixture", "add", "(II)I"));
    drop(observed);
    call(2);
    assert_eq!(total(&listener, "add"), 0, "the gate is closed");

    let again = jvm.matched("Fixture", "add");
    assert_eq!((again.already(), again.new_methods()), (1, 0));
    let observed = jvm.host.observe(&again, &Observation::new(listener.clone())).unwrap();
    assert_eq!(observed.effect().retransformed, 0, "the second time costs no change of a class");
    assert_eq!(observed.effect().ids, ids);
    call(4);
    assert_eq!(total(&listener, "add"), 4);

    let original = seen("Fixture").first().unwrap().0.clone();
    let effect = jvm.host.reset(&NamePattern::wildcard("Fixture")).unwrap();
    assert_eq!((effect.classes, effect.methods, effect.failed.len()), (1, 1, 0));
    let (given, answer) = seen("Fixture").pop().unwrap();
    assert_eq!((given, answer), (original, None), "the JVM has the bytes of before");
    // The code calls us no more, even if a gate is forced open.
    jvm.with_env(|env| {
        let spy = Spy::get_or_define(env)?;
        spy.set_gate(env, ids[0], 1)?;
        spy.set_on(env, true)
    });
    call(5);
    assert_eq!(total(&listener, "add"), 0);
    jvm.with_env(|env| {
        let spy = Spy::get_or_define(env)?;
        spy.set_gate(env, ids[0], 0)?;
        spy.set_on(env, false)
    });
    drop(observed);
}

#[test]
fn more_is_woven_only_when_more_is_asked_for() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let listener = monitor();
    let first = jvm.observe("Fixture", "chain", &listener);
    assert!(jvm.host.woven_method(first.effect().ids[0]).unwrap().code().sites.is_empty());
    let with = |parts: Parts| {
        let matched = jvm.matched("Fixture", "chain");
        jvm.host.observe(&matched, &Observation { parts, ..Observation::new(monitor()) }).unwrap()
    };
    let calls = with(Parts::CALLS);
    assert_eq!(calls.effect().retransformed, 1);
    let code = jvm.host.woven_method(calls.effect().ids[0]).unwrap().code();
    let sites: Vec<_> = code.sites.iter().map(|site| (site.class.as_str(), site.method.as_str())).collect();
    assert_eq!(sites, [("Fixture", "add"), ("Fixture", "add")]);
    assert_eq!(with(Parts::VALUES).effect().retransformed, 1);
    assert_eq!(with(Parts::VALUES.and(Parts::CALLS)).effect().retransformed, 0, "it has both by now");
    loaded.run(|env, class| {
        let fixture = env.new_object(class, "()V", &[])?;
        assert_eq!(env.call::<i32>(&fixture, "chain", "(I)I", &[Value::Int(5)])?, 13);
        Ok(())
    });
    assert_eq!(total(&listener, "chain"), 1);
    jvm.reset("Fixture");
}

#[test]
fn exceptions_pass_and_are_counted() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let listener = monitor();
    let observed = jvm.observe("Fixture", "fail", &listener);
    loaded.run(|env, class| {
        let fixture = env.new_object(class, "()V", &[])?;
        let thrown = env.call::<i32>(&fixture, "fail", "(I)I", &[Value::Int(7)]).unwrap_err();
        assert!(thrown.to_string().contains("on purpose 7"), "{thrown}");
        env.call::<i32>(&fixture, "fail", "(I)I", &[Value::Int(0)]).map(drop)
    });
    let rows = listener.monitor();
    assert_eq!((rows[0].total, rows[0].failed), (2, 1));
    drop(observed);
    jvm.reset("Fixture");
}

#[test]
fn one_class_in_two_loaders_is_two_classes() {
    let jvm = jvm();
    let (one, other) = (jvm.load("fixture"), jvm.load("fixture"));
    let both = jvm.matched("Fixture", "add");
    assert_eq!(both.class_count(), 2);
    let hash = both.classes[0].loader.to_uppercase();
    let single = Wanted { loader: Some(hash), ..wanted("Fixture", "add") };
    let single = jvm.host.match_methods(&single).unwrap();
    assert_eq!(single.class_count(), 1);
    let (first, second) = (monitor(), monitor());
    let all = jvm.host.observe(&both, &Observation::new(first.clone())).unwrap();
    let half = jvm.host.observe(&single, &Observation::new(second.clone())).unwrap();
    assert_eq!((all.effect().retransformed, half.effect().retransformed), (2, 0));
    for loaded in [&one, &other] {
        loaded.run(|env, class| add(env, &env.new_object(class, "()V", &[])?));
    }
    assert_eq!(total(&first, "add"), 2);
    assert_eq!(total(&second, "add"), 1);
    drop((all, half));
    assert_eq!(jvm.host.reset(&NamePattern::wildcard("Fixture")).unwrap().classes, 2);
}

#[test]
fn subclasses_are_observed_unless_told_otherwise() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    loaded.touch("Fixture$Child");
    let with = |subclasses| Wanted { subclasses, ..wanted("Fixture", "add") };
    let names = |matched: &Matched| -> Vec<String> {
        matched.classes.iter().map(|class| class.name.clone()).collect()
    };
    assert_eq!(names(&jvm.host.match_methods(&with(None)).unwrap()), ["Fixture", "Fixture$Child"]);
    assert_eq!(names(&jvm.host.match_methods(&with(Some(false))).unwrap()), ["Fixture"]);
    let excluded = Wanted { exclude: Some(NamePattern::wildcard("*Child")), ..with(None) };
    assert_eq!(names(&jvm.host.match_methods(&excluded).unwrap()), ["Fixture"]);
    let limited = jvm.host.match_methods(&Wanted { limit: 1, ..with(None) }).unwrap();
    assert_eq!(limited.over_limit.map(|over| (over.found, over.limit)), Some((2, 1)));
    assert!(limited.is_empty());
}

#[test]
fn a_class_that_was_never_used_is_linked_and_woven() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    loaded.touch("Fixture$Sleeper");
    let listener = monitor();
    let observed = jvm.observe("Fixture$Sleeper", "wake", &listener);
    assert_eq!(observed.effect().methods, 1, "{:?}", observed.effect().refused);
    loaded.run_class("Fixture$Sleeper", |env, class| {
        let sleeper = env.new_object(class, "()V", &[])?;
        assert_eq!(env.call::<i32>(&sleeper, "wake", "()I", &[])?, 7);
        Ok(())
    });
    assert_eq!(total(&listener, "wake"), 1);
    drop(observed);
    jvm.reset("Fixture*");
}

#[test]
fn a_class_that_is_loaded_later_is_observed_from_its_first_call() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let listener = monitor();
    let lazy = wanted("Fixture$Sleeper", "*");
    let matched = jvm.host.match_methods(&lazy).unwrap();
    assert!(matched.is_empty());
    let observation = Observation { lazy: Some(lazy), ..Observation::new(listener.clone()) };
    let observed = jvm.host.observe(&matched, &observation).unwrap();
    let call = || {
        loaded.run_class("Fixture$Sleeper", |env, class| {
            let sleeper = env.new_object(class, "()V", &[])?;
            env.call::<i32>(&sleeper, "wake", "()I", &[])
        })
    };
    assert_eq!(call(), 7);
    assert_eq!(observed.later(), (1, 2), "a constructor and a method");
    assert_eq!(total(&listener, "wake"), 1);
    drop(observed);
    call();
    assert_eq!(total(&listener, "wake"), 0);
    let effect = jvm.host.reset(&NamePattern::wildcard("Fixture$Sleeper")).unwrap();
    assert_eq!((effect.classes, effect.failed.len()), (1, 0), "{:?}", effect.failed);
}

#[test]
fn a_class_may_be_unloaded_while_it_is_observed() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let listener = monitor();
    let observed = jvm.observe("Fixture", "add", &listener);
    loaded.run(|env, class| add(env, &env.new_object(class, "()V", &[])?));
    assert_eq!(total(&listener, "add"), 1);
    let weak = loaded.let_go();
    jvm.collect_until("the loader is gone", |env| weak.get(env).is_ok_and(|object| object.is_none()));
    drop(observed);
    let effect = jvm.host.reset(&NamePattern::any()).unwrap();
    assert_eq!((effect.classes, effect.failed.len()), (0, 0));
}

#[test]
fn what_another_agent_does_to_a_class_is_woven_again() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let listener = monitor();
    let observed = jvm.observe("Fixture", "*", &listener);
    let other = |name: &str, descriptor: &str, arguments: &[Value<'_>]| {
        jvm.with_env(|env| {
            let agent = jvm.system_class(env, "OtherAgent")?;
            env.call_static::<()>(&agent, name, descriptor, arguments)
        });
    };
    let class = loaded.class("Fixture");
    other("retransform", "(Ljava/lang/Class;)V", &[Value::of(&class)]);
    loaded.run(|env, class| add(env, &env.new_object(class, "()V", &[])?));
    assert_eq!(total(&listener, "add"), 1, "after a retransform of others");
    jvm.with_env(|env| {
        let agent = jvm.system_class(env, "OtherAgent")?;
        let file = env.new_array(&jvm.file_of("changed", "Fixture"))?;
        let arguments = [Value::of(&class), Value::of(&file)];
        env.call_static::<()>(&agent, "redefine", "(Ljava/lang/Class;[B)V", &arguments)
    });
    loaded.run(|env, class| {
        let fixture = env.new_object(class, "()V", &[])?;
        assert_eq!(add(env, &fixture)?, 1003, "the new code runs");
        Ok(())
    });
    assert_eq!(total(&listener, "add"), 1, "and is observed");
    drop(observed);
    // HotSpot gives the bytes from before the redefinition to a retransformation, so the new code is gone.
    jvm.reset("Fixture");
    loaded.run(|env, class| add(env, &env.new_object(class, "()V", &[])?));
    assert_eq!(total(&listener, "add"), 0);
}

#[test]
fn one_class_that_the_jvm_refuses_does_not_spoil_the_others() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    for name in ["Fixture$Child", "Fixture$Sleeper", "Fixture$Worker"] {
        loaded.touch(name);
    }
    jvm.spoil("Fixture$Child");
    let listener = monitor();
    let observed = jvm.observe("Fixture*", "*", &listener);
    let refused = &observed.effect().refused;
    assert!(refused.iter().all(|refused| refused.what.starts_with("Fixture$Child#")), "{refused:#?}");
    assert_eq!(refused.len(), 3, "its constructor, its method and the bridge of a method: {refused:#?}");
    assert_eq!((observed.effect().classes, observed.effect().retransformed), (3, 3));
    loaded.run_class("Fixture$Child", |env, class| {
        let child = env.new_object(class, "()V", &[])?;
        assert_eq!(add(env, &child)?, 30);
        Ok(())
    });
    assert_eq!(total(&listener, "add"), 1, "the superclass's");
    drop(observed);
    jvm.spoil("");
    jvm.reset("Fixture*");
}

#[test]
fn a_class_that_cannot_be_put_back_is_named_and_tried_again() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let listener = monitor();
    let observed = jvm.observe("Fixture", "add", &listener);
    jvm.spoil("Fixture");
    let effect = jvm.host.reset(&NamePattern::any()).unwrap();
    assert_eq!((effect.classes, effect.failed.len()), (0, 1));
    loaded.run(|env, class| add(env, &env.new_object(class, "()V", &[])?));
    assert_eq!(total(&listener, "add"), 0, "its gates are closed");
    jvm.spoil("");
    let effect = jvm.host.reset(&NamePattern::any()).unwrap();
    assert_eq!((effect.classes, effect.methods, effect.failed.len()), (1, 1, 0));
    drop(observed);
}

#[test]
fn a_loop_on_a_stack_is_told_before() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    loaded.run_class("Fixture$Worker", |env, class| {
        let worker = env.new_object(class, "()V", &[])?;
        let thread = env.find_class("java/lang/Thread")?;
        let thread = env.new_object(&thread, "(Ljava/lang/Runnable;)V", &[Value::of(&worker)])?;
        env.call::<()>(&thread, "start", "()V", &[])
    });
    let started = Instant::now();
    let on_stack = loop {
        let matched = jvm.matched("Fixture$Worker", "run");
        if !matched.on_stack.is_empty() || started.elapsed() > Duration::from_secs(10) {
            break matched.on_stack;
        }
    };
    assert_eq!(on_stack, ["Fixture$Worker"]);
    loaded.run_class("Fixture$Worker", |env, class| env.set_static(class, "stop", "Z", Value::Bool(true)));
}

#[test]
fn the_jdks_classes_are_closed_until_unsafe_opens_them() {
    let jvm = jvm();
    let closed = jvm.matched("java.util.ArrayList", "add");
    assert!(closed.is_empty());
    assert!(closed.refused[0].why.contains("unsafe"), "{:?}", closed.refused);
    jvm.host.options().set("unsafe", "true").unwrap();
    let open = jvm.matched("java.util.ArrayList", "add");
    let string = jvm.matched("java.lang.String", "*");
    jvm.host.options().set("unsafe", "false").unwrap();
    assert!(open.class_count() >= 1);
    assert!(string.is_empty() && string.refused[0].why.contains("woven code itself"));
}

#[test]
fn a_running_jdk_is_woven_whole_opened_closed_and_put_back() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    jvm.host.options().set("unsafe", "true").unwrap();
    let load = loaded.start_load("Load");
    load.rounds(3);
    let wanted = Wanted { limit: 100_000, subclasses: Some(false), ..wanted("*", "*") };
    let started = Instant::now();
    let matched = jvm.host.match_methods(&wanted).unwrap();
    let matching = started.elapsed();
    let listener = monitor();
    let started = Instant::now();
    let parts = Parts::VALUES.and(Parts::ALL_CALLS);
    let observation = Observation { parts, ..Observation::new(listener.clone()) };
    let observed = jvm.host.observe(&matched, &observation).unwrap();
    let weaving = started.elapsed();
    let effect = observed.effect();
    println!(
        "{} classes, {} methods matched in {matching:?}; {} methods woven in {weaving:?}, {} refused",
        matched.class_count(),
        matched.method_count(),
        effect.methods,
        effect.refused.len()
    );
    for refused in effect.refused.iter().take(20) {
        println!("  {}: {}", refused.what, refused.why);
    }
    assert!(effect.methods > 2_000);
    assert!(effect.refused.len() * 100 < effect.methods, "hardly anything is refused");
    load.rounds(3);
    assert!(listener.monitor().iter().map(|row| row.total).sum::<u64>() > 1_000);
    drop(observed);
    load.rounds(3);
    listener.monitor();
    load.rounds(2);
    assert_eq!(listener.monitor().iter().map(|row| row.total).sum::<u64>(), 0);
    let started = Instant::now();
    let effect = jvm.host.reset(&NamePattern::any()).unwrap();
    println!("reset of {} classes in {:?}", effect.classes, started.elapsed());
    assert!(effect.failed.is_empty(), "{:?}", effect.failed);
    load.rounds(3);
    load.stop();
    jvm.host.options().set("unsafe", "false").unwrap();
}

#[test]
fn the_end_puts_everything_back_and_the_next_start_works() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let listener = monitor();
    let observed = jvm.observe("Fixture", "add", &listener);
    jvm.host.shutdown().unwrap();
    loaded.run(|env, class| add(env, &env.new_object(class, "()V", &[])?));
    assert_eq!(total(&listener, "add"), 0);
    assert_eq!(seen("Fixture").pop().unwrap().1, None);
    drop(observed);
    let listener = monitor();
    let observed = jvm.observe("Fixture", "add", &listener);
    loaded.run(|env, class| add(env, &env.new_object(class, "()V", &[])?));
    assert_eq!(total(&listener, "add"), 1);
    drop(observed);
    jvm.reset("Fixture");
}

#[test]
fn ten_thousand_rounds_change_a_class_once() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let before = seen("Fixture").len();
    for _ in 0..500 {
        drop(jvm.observe("Fixture", "add", &monitor()));
    }
    assert_eq!(seen("Fixture").len(), before + 1);
    loaded.run(|env, class| add(env, &env.new_object(class, "()V", &[])?));
    jvm.reset("Fixture");
}

#[test]
fn a_ninth_listener_is_told_that_there_is_no_room() {
    let jvm = jvm();
    let _loaded: Loaded = jvm.load("fixture");
    let all: Vec<Observed> = (0..9).map(|_| jvm.observe("Fixture", "add", &monitor())).collect();
    assert!(all[..8].iter().all(|observed| observed.effect().methods == 1));
    let last = all[8].effect();
    assert_eq!(last.methods, 0);
    assert!(last.refused[0].why.contains("8 listeners"), "{:?}", last.refused);
    drop(all);
    jvm.reset("Fixture");
}

#[test]
fn methods_are_added_to_a_living_listener() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let listener = monitor();
    let observed = jvm.observe("Fixture", "add", &listener);
    let more = jvm.matched("Fixture", "twice");
    let effect = jvm.host.extend(observed.listener_id(), &more, Parts::ENTRY_EXIT, false).unwrap();
    assert_eq!(effect.methods, 1);
    let twice = || {
        loaded.run(|env, class: &Local<'_, Class>| {
            env.call_static::<i64>(class, "twice", "(J)J", &[Value::Long(4)])
        })
    };
    assert_eq!(twice(), 8);
    assert_eq!(total(&listener, "twice"), 1);
    let id = observed.listener_id();
    drop(observed);
    twice();
    assert_eq!(total(&listener, "twice"), 0, "it ends with its observation");
    let gone = jvm.host.extend(id, &more, Parts::ENTRY_EXIT, false).unwrap_err();
    assert!(gone.to_string().starts_with("No listener has the id"), "{gone}");
    jvm.reset("Fixture");
}

fn asked(text: &str, when: When) -> Option<Arc<dyn Compile>> {
    Some(Arc::new(Conditioned::new(Arc::new(Condition::parse(text).unwrap()), when)))
}

#[test]
fn only_calls_count_of_which_the_condition_holds() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let matched = jvm.matched("Fixture", "add");
    let with = |text: &str, when| {
        let listener = monitor();
        let condition = if text.is_empty() { None } else { asked(text, when) };
        let observation = Observation { condition, ..Observation::new(listener.clone()) };
        (listener, jvm.host.observe(&matched, &observation).unwrap())
    };
    let (all, first) = with("", When::Exit);
    let (entry, second) = with("params[0] > 5", When::Entry);
    let (exit, third) = with("returnObj == 13 && params[1] < 10", When::Exit);
    let (slow, fourth) = with("#cost > 10000", When::Exit);
    assert_eq!(second.effect().retransformed + third.effect().retransformed, 1, "values are asked for once");
    for observed in [&first, &second, &third, &fourth] {
        assert_eq!((observed.effect().methods, observed.effect().refused.len()), (1, 0));
    }
    loaded.run(|env, class| {
        let fixture = env.new_object(class, "()V", &[])?;
        for one in 0..10 {
            env.call::<i32>(&fixture, "add", "(II)I", &[Value::Int(one), Value::Int(6)])?;
        }
        Ok(())
    });
    let counted = [&all, &entry, &exit, &slow].map(|listener| total(listener, "add"));
    assert_eq!(counted, [10, 4, 1, 0]);
    drop(second);
    loaded.run(|env, class| {
        let fixture = env.new_object(class, "()V", &[])?;
        env.call::<i32>(&fixture, "add", "(II)I", &[Value::Int(7), Value::Int(6)])
    });
    assert_eq!([&all, &entry, &exit].map(|listener| total(listener, "add")), [1, 0, 1]);
    drop((first, third, fourth));
    jvm.reset("Fixture");
}

#[test]
fn a_condition_that_no_method_fits_weaves_nothing() {
    let jvm = jvm();
    let _loaded = jvm.load("fixture");
    let condition = asked("params[0] == 'text'", When::Exit);
    let observation = Observation { condition, ..Observation::new(monitor()) };
    let observed = jvm.host.observe(&jvm.matched("Fixture", "add"), &observation).unwrap();
    let effect = observed.effect();
    assert_eq!((effect.methods, effect.retransformed), (0, 0), "{:?}", effect.refused);
    assert_eq!(effect.refused.len(), 1);
}

#[test]
fn classes_of_conditions_go_with_their_observation() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let matched = jvm.matched("Fixture", "add");
    for _ in 0..20 {
        let condition = asked("params[0] > 5", When::Entry);
        let observation = Observation { condition, ..Observation::new(monitor()) };
        let observed = jvm.host.observe(&matched, &observation).unwrap();
        loaded.run(|env, class| add(env, &env.new_object(class, "()V", &[])?));
        drop(observed);
    }
    jvm.collect_until("the conditions' classes are gone", |env| {
        let names = jvm.host.class_names("oxprobe.condition.", 100).unwrap();
        let _ = env;
        names.is_empty()
    });
    jvm.reset("Fixture");
}

#[test]
fn a_woven_class_is_written_where_the_user_wants_to_see_it() {
    let jvm = jvm();
    let _loaded = jvm.load("fixture");
    let folder = tempfile::tempdir().unwrap();
    let dump = Some(folder.path().to_owned());
    let observation = Observation { dump, ..Observation::new(monitor()) };
    let observed = jvm.host.observe(&jvm.matched("Fixture", "add"), &observation).unwrap();
    let [file] = &observed.effect().dumped[..] else { panic!("{:?}", observed.effect()) };
    assert!(file.ends_with("/Fixture.class"));
    assert_eq!(std::fs::read(file).unwrap()[..4], [0xca, 0xfe, 0xba, 0xbe]);
    drop(observed);
    jvm.reset("Fixture");
}

#[test]
fn classes_come_and_go_while_they_are_woven_and_put_back() {
    let jvm = jvm();
    let loaded = jvm.load("fixture");
    let load = loaded.start_load("Loaders");
    load.rounds(5);
    let wanted = Wanted { limit: 1_000_000, ..wanted("Fixture*", "*") };
    let mut later = 0;
    for round in 0..12 {
        let listener = monitor();
        jvm.collect_until("garbage is gone", |_| true);
        let matched = jvm.host.match_methods(&wanted).unwrap();
        let condition = if round % 2 == 0 { None } else { asked("params.length >= 0", When::Exit) };
        let lazy = Some(wanted.clone());
        let observation = Observation { condition, lazy, ..Observation::new(listener.clone()) };
        let observed = jvm.host.observe(&matched, &observation).unwrap();
        load.rounds(5);
        assert!(total(&listener, "add") > 0);
        later += observed.later().0;
        drop(observed);
        if round % 3 == 0 {
            jvm.reset("Fixture*");
        }
        load.rounds(2);
    }
    assert!(later > 20, "{later} classes were observed from their start");
    load.stop();
    jvm.reset("Fixture*");
}

#[test]
fn every_jdk_is_content() {
    support::prepare();
    machine::on_every_jdk();
}
