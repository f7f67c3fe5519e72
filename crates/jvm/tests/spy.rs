//! Spy in a real JVM: what woven code calls is called here from Java and by JNI, on every JDK, with `-Xcheck:jni`.
#![expect(unsafe_code, reason = "a probe leaves an exception pending on purpose")]
#![expect(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod machine;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, OnceLock, RwLock, mpsc};
use std::time::{Duration, Instant};

use jvm::allocation::Allocated;
use jvm::inside::{Inside, mute, quiesce};
use jvm::probe::{self, Failure, Handle, Moment, Probe, RawFrame, ThreadFacts, Values, gate};
use jvm::spy::{self, SHAPES, Spy};
use jvm::{
    Callbacks, Capabilities, Capability, Class, ClassFile, Env, Error, EventKind, Local, Result, Value, clock,
};
use machine::assembly::Assembly;
use machine::machine;

const PUBLIC: u16 = 1;
const STATIC: u16 = 9;

#[derive(Clone, PartialEq, Debug)]
enum Event {
    Began { lanes: u8, thread: u64, is_virtual: bool },
    Ended { since: u64, now: u64, lanes: u8 },
    Failed { lanes: u8, words: (String, Option<String>) },
    Before(u32),
    After(u32),
    Caught,
    Next(u32, u32),
    Line(u64, u32, Vec<Option<String>>),
    Values(u8, Vec<Option<String>>),
    Stack(Vec<RawFrame>, ThreadFacts),
    Refused,
    Allocated(Option<u64>),
}

/// What the one probe of this process does with an id.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Record,
    /// Of the lanes only the second goes on.
    SecondLane,
    Stack,
    Panic,
    Pending,
    Allocated,
    /// Stays inside until told.
    Stay,
}

struct Recorder {
    ways: Mutex<Vec<(u32, Way)>>,
    events: Mutex<Vec<(u32, Event)>>,
    staying: AtomicU32,
}

static RECORDER: Recorder =
    Recorder { ways: Mutex::new(Vec::new()), events: Mutex::new(Vec::new()), staying: AtomicU32::new(0) };
static ALLOCATED: OnceLock<Allocated> = OnceLock::new();
/// Panics of the probe are counted for the process, and after a few nobody is told anything: who panics is alone.
static TOLD: RwLock<()> = RwLock::new(());

impl Recorder {
    fn way(&self, id: u32) -> Way {
        self.ways.lock().unwrap().iter().find(|(of, _)| *of == id).map_or(Way::Record, |(_, way)| *way)
    }

    fn add(&self, id: u32, event: Event) {
        self.events.lock().unwrap().push((id, event));
    }

    /// The events of this id since they were last taken.
    fn take(&self, id: u32) -> Vec<Event> {
        let mut all = self.events.lock().unwrap();
        all.extract_if(.., |(of, _)| *of == id).map(|(_, event)| event).collect()
    }

    fn act(&self, at: &Moment<'_>, id: u32) {
        match self.way(id) {
            Way::Record | Way::SecondLane => {}
            Way::Panic => panic!("on purpose"),
            Way::Allocated => {
                let all = ALLOCATED.get().unwrap();
                self.add(id, Event::Allocated(at.allocated(all)));
            }
            Way::Stack => {
                let stack = at.stack(50).unwrap();
                self.add(id, Event::Stack(stack, at.thread_facts().unwrap()));
            }
            Way::Pending => {
                let raw = machine().raw_env();
                unsafe {
                    let class = ((**raw).v1_6.FindClass)(raw, c"java/lang/IllegalStateException".as_ptr());
                    ((**raw).v1_6.ThrowNew)(raw, class, c"of the application".as_ptr());
                }
                let refused = at.with_env(|_| -> Result<()> { panic!("nothing may be called") });
                unsafe { ((**raw).v1_6.ExceptionClear)(raw) };
                assert!(matches!(refused, Err(Error::Pending)));
                self.add(id, Event::Refused);
            }
            Way::Stay => {
                self.staying.store(1, Ordering::SeqCst);
                until("the probe may go", || self.staying.load(Ordering::SeqCst) == 2);
            }
        }
    }
}

impl Probe for Recorder {
    fn began(&self, at: &Moment<'_>, id: u32, lanes: u8) -> u8 {
        self.add(id, Event::Began { lanes, thread: at.thread(), is_virtual: at.is_virtual() });
        self.act(at, id);
        if self.way(id) == Way::SecondLane { lanes & 2 } else { lanes }
    }

    fn ended(&self, at: &Moment<'_>, id: u32, since: u64, lanes: u8) {
        self.act(at, id);
        self.add(id, Event::Ended { since, now: at.now(), lanes });
    }

    fn failed(&self, at: &Moment<'_>, id: u32, _: u64, lanes: u8, thrown: &Failure<'_>) {
        self.add(id, Event::Failed { lanes, words: thrown.words(at).unwrap() });
    }

    fn before(&self, _: &Moment<'_>, id: u32, site: u32) {
        self.add(id, Event::Before(site));
    }

    fn after(&self, _: &Moment<'_>, id: u32, site: u32) {
        self.add(id, Event::After(site));
    }

    fn caught(&self, _: &Moment<'_>, id: u32) {
        self.add(id, Event::Caught);
    }

    fn next(&self, _: &Moment<'_>, id: u32, left: u32, site: u32) {
        self.add(id, Event::Next(left, site));
    }

    fn line(&self, at: &Moment<'_>, id: u32, since: u64, place: u32, values: &Values<'_>) {
        self.add(id, Event::Line(since, place, told(at, values)));
    }

    fn began_with(&self, at: &Moment<'_>, id: u32, lanes: u8, values: &Values<'_>) -> u8 {
        self.add(id, Event::Values(lanes, told(at, values)));
        lanes
    }

    fn ended_with(&self, at: &Moment<'_>, id: u32, _: u64, lanes: u8, values: &Values<'_>) {
        let mut all = told(at, values);
        all.push(values.returned_object().map(|object| text(at, &object)));
        all.push(Some(values.returned_long().to_string()));
        self.add(id, Event::Values(lanes, all));
    }

    fn failed_with(
        &self,
        at: &Moment<'_>,
        id: u32,
        _: u64,
        lanes: u8,
        thrown: &Failure<'_>,
        values: &Values<'_>,
    ) {
        self.add(id, Event::Failed { lanes, words: thrown.words(at).unwrap() });
        self.add(id, Event::Values(lanes, told(at, values)));
    }
}

fn text(at: &Moment<'_>, object: &Handle<'_>) -> String {
    at.with_env(|env| env.string(&object.local(env)?)).unwrap()
}

/// All values but nulls and zeros beyond the shape.
fn told(at: &Moment<'_>, values: &Values<'_>) -> Vec<Option<String>> {
    let objects = (0..16).map(|place| values.object(place).map(|object| text(at, &object)));
    let longs =
        (0..16).map(|place| Some(values.long(place)).filter(|long| *long != 0).map(|long| long.to_string()));
    objects.chain(longs).filter(Option::is_some).collect()
}

/// Spy with everything switched on, and a new id with this gate.
fn with_spy<R>(way: Way, gate: i32, work: impl FnOnce(&Env<'_>, &Spy, u32) -> Result<R>) -> R {
    let alone = (way == Way::Panic).then(|| TOLD.write().unwrap());
    let _with_others = alone.is_none().then(|| TOLD.read().unwrap());
    machine().run(|env| {
        let spy = Spy::get_or_define(env)?;
        probe::listen(&RECORDER);
        spy.set_on(env, true)?;
        let id = spy.reserve_ids(env, 1)?.start;
        RECORDER.ways.lock().unwrap().push((id, way));
        spy.set_gate(env, id, gate)?;
        work(env, spy, id)
    })
}

fn enter(env: &Env<'_>, spy: &Spy, id: u32) -> Result<i64> {
    env.call_static(spy.class(), "enter", "(I)J", &[id.cast_signed().into()])
}

fn exit(env: &Env<'_>, spy: &Spy, id: u32, token: i64) -> Result<()> {
    env.call_static(spy.class(), "exit", "(IJ)V", &[id.cast_signed().into(), token.into()])
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_closed_gate_gives_no_token_and_tells_nobody() {
    with_spy(Way::Record, 0, |env, spy, id| {
        assert_eq!(enter(env, spy, id)?, 0);
        exit(env, spy, id, 0)?;
        assert!(RECORDER.take(id).is_empty());
        Ok(())
    });
}

#[test]
fn an_open_lane_gives_a_token_and_is_told_at_the_exit() {
    with_spy(Way::Record, 0b101, |env, spy, id| {
        let before = clock::ticks();
        let token = enter(env, spy, id)?;
        let entered = clock::ticks();
        assert_eq!(token & 0xFF, 0b101);
        exit(env, spy, id, token)?;
        let Some(Event::Ended { since, now, lanes: 0b101 }) = RECORDER.take(id).pop() else {
            panic!("not told")
        };
        assert!(!clock::is_before(since, before) && !clock::is_before(entered, since));
        assert!(!clock::is_before(now, entered));
        assert_eq!(spy.gate(env, id)?, 0b101);
        // Lanes that close while the call runs are not told, nor those that open.
        spy.set_gate(env, id, 0b110)?;
        exit(env, spy, id, token)?;
        let told = RECORDER.take(id);
        assert!(matches!(told[..], [Event::Ended { lanes: 0b100, .. }]), "{told:?}");
        spy.set_gate(env, id, 0b010)?;
        exit(env, spy, id, token)?;
        assert!(RECORDER.take(id).is_empty());
        Ok(())
    });
}

#[test]
fn an_exception_is_told_in_words() {
    with_spy(Way::Record, 1, |env, spy, id| {
        let token = enter(env, spy, id)?;
        let class = env.find_class("java/lang/IllegalStateException")?;
        let text = env.new_string("too late")?;
        let thrown = env.new_object(&class, "(Ljava/lang/String;)V", &[(&text).into()])?;
        let arguments = [(&thrown).into(), id.cast_signed().into(), token.into()];
        env.call_static::<()>(spy.class(), "thrown", "(Ljava/lang/Throwable;IJ)V", &arguments)?;
        let words = ("java.lang.IllegalStateException".to_owned(), Some("too late".to_owned()));
        assert_eq!(RECORDER.take(id), [Event::Failed { lanes: 1, words: words.clone() }]);
        spy.set_gate(env, id, 2 | gate::TELL)?;
        env.call_static::<()>(spy.class(), "thrown", "(Ljava/lang/Throwable;IJ)V", &arguments)?;
        assert_eq!(RECORDER.take(id), [Event::Failed { lanes: 0, words }]);
        Ok(())
    });
}

#[test]
fn a_gate_that_tells_is_told_from_entry_to_exit() {
    with_spy(Way::SecondLane, 0b11 | gate::TELL | gate::CALLS | gate::LINES, |env, spy, id| {
        let token = enter(env, spy, id)?;
        assert_eq!(token & 0xFF, 0b10, "the probe let the second go on");
        let id_value = Value::from(id.cast_signed());
        let text = env.new_string("four")?;
        for name in ["first", "after", "before"] {
            env.call_static::<()>(spy.class(), name, "(JII)V", &[token.into(), id_value, 7.into()])?;
        }
        env.call_static::<()>(spy.class(), "next", "(JIII)V", &[token.into(), id_value, 7.into(), 8.into()])?;
        let line = [token.into(), id_value, 3.into(), (&text).into(), 42i64.into()];
        env.call_static::<()>(spy.class(), "lineA1J1", "(JIILjava/lang/Object;J)V", &line)?;
        env.call_static::<()>(spy.class(), "caught", "(JI)V", &[token.into(), id_value])?;
        exit(env, spy, id, token)?;
        let told = RECORDER.take(id);
        let own = machine().environment.jvmti.current_thread(env)?;
        let thread = env.get::<i64>(&own, "tid", "J")?.cast_unsigned();
        let all = [
            Event::Began { lanes: 0b11, thread, is_virtual: false },
            Event::Before(7),
            Event::After(7),
            Event::Before(7),
            Event::Next(7, 8),
            Event::Line(token.cast_unsigned() >> 8, 3, texts(&["four", "42"])),
            Event::Caught,
        ];
        assert_eq!(told[..7], all);
        assert!(matches!(told[7..], [Event::Ended { lanes: 0b10, .. }]), "{told:?}");
        // Nothing of a call that began while the gate was closed.
        env.call_static::<()>(spy.class(), "before", "(JII)V", &[0i64.into(), id_value, 7.into()])?;
        assert!(RECORDER.take(id).is_empty());
        Ok(())
    });
}

fn texts(all: &[&str]) -> Vec<Option<String>> {
    all.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn every_shape_brings_its_values_at_entry_and_exit() {
    let gate = 1 | gate::ENTRY_VALUES | gate::EXIT_VALUES;
    with_spy(Way::Record, gate, |env, spy, id| {
        let class = env.find_class("java/lang/IllegalStateException")?;
        let thrown = env.new_object(&class, "()V", &[])?;
        for (objects, longs) in SHAPES {
            let [suffix, types] = [
                format!("A{objects}J{longs}"),
                "Ljava/lang/Object;".repeat(objects.into()) + &"J".repeat(longs.into()),
            ];
            let names: Vec<String> = (0..objects).map(|place| format!("a{place}")).collect();
            let all: Vec<Local<'_>> = names.iter().map(|name| env.new_string(name)).collect::<Result<_>>()?;
            let result = env.new_string("result")?;
            let mut values: Vec<Value<'_>> = all.iter().map(Value::from).collect();
            values.extend((0..longs).map(|place| Value::from(i64::from(place) + 7)));
            let mut expected = names;
            expected.extend((0..longs).map(|place| (place + 7).to_string()));
            let expected: Vec<Option<String>> = expected.into_iter().map(Some).collect();
            let call = |name: &str, descriptor: &str, first: &[Value<'_>]| -> Result<()> {
                let arguments: Vec<Value<'_>> = first.iter().chain(&values).copied().collect();
                env.call_static(spy.class(), &format!("{name}{suffix}"), descriptor, &arguments)
            };

            let enter: Vec<Value<'_>> =
                [id.cast_signed().into()].into_iter().chain(values.iter().copied()).collect();
            let token: i64 =
                env.call_static(spy.class(), &format!("enter{suffix}"), &format!("(I{types})J"), &enter)?;
            assert_eq!(token & 0xFF, 1, "{suffix}");
            assert_eq!(RECORDER.take(id), [Event::Values(1, expected.clone())], "{suffix}");

            let id_value = Value::from(id.cast_signed());
            let first = [5i64.into(), (&result).into(), id_value, token.into()];
            call("exit", &format!("(JLjava/lang/Object;IJ{types})V"), &first)?;
            let mut with_result = expected.clone();
            with_result.extend(texts(&["result", "5"]));
            assert_eq!(RECORDER.take(id), [Event::Values(1, with_result)], "{suffix}");

            call(
                "thrown",
                &format!("(Ljava/lang/Throwable;IJ{types})V"),
                &[(&thrown).into(), id_value, token.into()],
            )?;
            let words = ("java.lang.IllegalStateException".to_owned(), None);
            assert_eq!(
                RECORDER.take(id),
                [Event::Failed { lanes: 1, words }, Event::Values(1, expected)],
                "{suffix}"
            );
        }
        Ok(())
    });
}

/// A condition at the entry (the argument is not null) and at the exit (the result is more than ten).
fn conditions<'f>(env: &Env<'f>) -> Result<[Local<'f, Class>; 2]> {
    static ONCE: Once = Once::new();
    let advice = &spy::names().advice;
    let make = |name: &str| {
        let mut made = Assembly::new(name, advice, &[]);
        let descriptor = format!("(IL{advice};)V");
        let above = made.method_of(advice, "<init>", &descriptor);
        made.method(PUBLIC, "<init>", &descriptor, &[&[0x2A, 0x1B, 0x2C, 0xB7], &above, &[0xB1]]);
        made
    };
    let (at_entry, at_exit) = ("java/oxprobe/NotNull", "java/oxprobe/MoreThanTen");
    let mut defined = Ok(());
    ONCE.call_once(|| {
        let mut one = make(at_entry);
        let lane = one.field_of(advice, "lane", "I");
        let same = one.method_of(advice, "enterA1J0", "(ILjava/lang/Object;)I");
        // lanes &= a0 != null ? -1 : ~lane; return super.enterA1J0(lanes, a0)
        let code: [&[u8]; 7] = [
            &[0x2C, 0xC7, 0, 12, 0x1B, 0x2A, 0xB4],
            &lane,
            &[0x02, 0x82, 0x7E, 0x3C],
            &[],
            &[0x2A, 0x1B, 0x2C, 0xB7],
            &same,
            &[0xAC],
        ];
        one.method(PUBLIC, "enterA1J0", "(ILjava/lang/Object;)I", &code);
        let mut other = make(at_exit);
        let lane = other.field_of(advice, "lane", "I");
        let types = "(IJJLjava/lang/Object;Ljava/lang/Throwable;Ljava/lang/Object;)I";
        let same = other.method_of(advice, "exitA1J0", types);
        // lload 4; bipush 10; i2l; lcmp; ifgt +12; lanes &= ~lane; return super.exitA1J0(…)
        let code: [&[u8]; 6] = [
            &[0x16, 4, 0x10, 10, 0x85, 0x94, 0x9D, 0, 12, 0x1B, 0x2A, 0xB4],
            &lane,
            &[0x02, 0x82, 0x7E, 0x3C],
            &[0x2A, 0x1B, 0x20, 0x16, 4, 0x19, 6, 0x19, 7, 0x19, 8, 0xB7],
            &same,
            &[0xAC],
        ];
        other.method(PUBLIC, "exitA1J0", types, &code);
        defined = env
            .define_class(at_entry, None, &one.finish())
            .and_then(|_| env.define_class(at_exit, None, &other.finish()).map(drop));
    });
    defined?;
    Ok([env.find_class(at_entry)?, env.find_class(at_exit)?])
}

#[test]
fn conditions_decide_which_lanes_go_on() {
    const ENTRY_ON_0: i32 = 1 << gate::AT_ENTRY;
    const EXIT_ON_1: i32 = 2 << gate::AT_EXIT;
    with_spy(Way::Record, 0, |env, spy, id| {
        let [not_null, more_than_ten] = conditions(env)?;
        let second = spy.new_advice(env, &more_than_ten, 0b10, None)?;
        let first = spy.new_advice(env, &not_null, 0b01, Some(&second))?;
        spy.set_advice(env, id, Some(&first))?;
        spy.set_gate(env, id, 0b111 | ENTRY_ON_0 | EXIT_ON_1)?;
        let text = env.new_string("x")?;
        let id_value = Value::from(id.cast_signed());
        let call = |argument: Value<'_>, result: i64| -> Result<(i64, Option<u8>)> {
            let descriptor = "(ILjava/lang/Object;)J";
            let token: i64 = env.call_static(spy.class(), "enterA1J0", descriptor, &[id_value, argument])?;
            let arguments = [result.into(), Value::Null, id_value, token.into(), argument];
            let descriptor = "(JLjava/lang/Object;IJLjava/lang/Object;)V";
            env.call_static::<()>(spy.class(), "exitA1J0", descriptor, &arguments)?;
            let told = match RECORDER.take(id)[..] {
                [Event::Ended { lanes, .. }] => Some(lanes),
                _ => None,
            };
            Ok((token & 0xFF, told))
        };
        assert_eq!(call((&text).into(), 11)?, (0b111, Some(0b111)));
        assert_eq!(call(Value::Null, 11)?, (0b110, Some(0b110)));
        assert_eq!(call((&text).into(), 10)?, (0b111, Some(0b101)));
        assert_eq!(call(Value::Null, 0)?, (0b110, Some(0b100)));
        // Without a third lane a call that does not match has no token at all.
        spy.set_gate(env, id, 0b001 | ENTRY_ON_0)?;
        assert_eq!(call(Value::Null, 11)?, (0, None));
        // Code without values cannot ask, so the lane does not go on.
        assert_eq!(enter(env, spy, id)?, 0);
        spy.set_gate(env, id, 0b010 | EXIT_ON_1)?;
        let token = enter(env, spy, id)?;
        exit(env, spy, id, token)?;
        assert!(RECORDER.take(id).is_empty());
        // A gate that promises a condition where none hangs lets nothing through.
        spy.set_advice(env, id, None)?;
        assert_eq!(call((&text).into(), 11)?, (0b010, None));
        assert!(matches!(spy.set_advice(env, id, Some(&text)), Err(Error::NotA { .. })));
        Ok(())
    });
}

#[test]
fn every_shape_can_be_called() {
    with_spy(Way::Record, 1, |env, spy, id| {
        let class = env.find_class("java/lang/Error")?;
        let thrown = env.new_object(&class, "()V", &[])?;
        for (a, j) in SHAPES {
            let types = "Ljava/lang/Object;".repeat(a.into()) + &"J".repeat(j.into());
            let mut values = vec![Value::Null; a.into()];
            values.extend(vec![Value::Long(7); j.into()]);
            let call = |name: &str, first: &str| (format!("{name}A{a}J{j}"), format!("({first}{types})"));
            let id_value = Value::from(id.cast_signed());
            let (name, types) = call("enter", "I");
            let token: i64 =
                env.call_static(spy.class(), &name, &(types + "J"), &[&[id_value], &values[..]].concat())?;
            assert_eq!(token & 0xFF, 1, "{name}");
            let (name, types) = call("exit", "JLjava/lang/Object;IJ");
            let first = [Value::Long(0), Value::Null, id_value, token.into()];
            env.call_static::<()>(spy.class(), &name, &(types + "V"), &[&first, &values[..]].concat())?;
            let (name, types) = call("thrown", "Ljava/lang/Throwable;IJ");
            let first = [(&thrown).into(), id_value, token.into()];
            env.call_static::<()>(spy.class(), &name, &(types + "V"), &[&first, &values[..]].concat())?;
            let told = RECORDER.take(id);
            assert!(matches!(told[..], [Event::Ended { .. }, Event::Failed { .. }]), "{name}: {told:?}");
        }
        Ok(())
    });
}

#[test]
fn an_id_is_given_out_once_with_a_closed_gate() {
    machine().run(|env| {
        let spy = Spy::get_or_define(env)?;
        let many = spy.reserve_ids(env, 3_000)?;
        assert_eq!(many.len(), 3_000);
        let more = spy.reserve_ids(env, 1)?;
        assert!(more.start >= many.end);
        assert_eq!(spy.gate(env, many.start)?, 0);
        assert_eq!(spy.gate(env, many.end - 1)?, 0);
        let refused = spy.reserve_ids(env, spy::IDS).unwrap_err();
        assert!(refused.to_string().contains("used up"), "{refused}");
        assert!(spy.reserve_ids(env, u32::MAX).is_err());
        assert!(spy.reserve_ids(env, 1).is_ok());
        Ok(())
    });
}

/// A `Runnable` that does what woven code does.
fn runnable<'f>(env: &Env<'f>, id: u32) -> Result<Local<'f>> {
    let name = format!("java/oxprobe/Run{id}");
    let spy = &spy::names().spy;
    let mut made = Assembly::new(&name, "java/lang/Object", &["java/lang/Runnable"]);
    let above = made.method_of("java/lang/Object", "<init>", "()V");
    made.method(PUBLIC, "<init>", "()V", &[&[0x2A, 0xB7], &above, &[0xB1]]);
    let number = made.int(id.cast_signed()).to_be_bytes();
    let (enter, exit) = (made.method_of(spy, "enter", "(I)J"), made.method_of(spy, "exit", "(IJ)V"));
    let code: [&[u8]; 8] = [&[0x13], &number, &[0xB8], &enter, &[0x40, 0x13], &number, &[0x1F, 0xB8], &exit];
    made.method(PUBLIC, "run", "()V", &[&code.concat(), &[0xB1]]);
    let class = env.define_class(&name, None, &made.finish())?;
    env.new_object(&class, "()V", &[])
}

fn run_in_thread(env: &Env<'_>, task: &Local<'_>, name: &str) -> Result<()> {
    let threads = env.find_class("java/lang/Thread")?;
    let name = env.new_string(name)?;
    let types = "(Ljava/lang/Runnable;Ljava/lang/String;)V";
    let thread = env.new_object(&threads, types, &[task.into(), (&name).into()])?;
    env.call::<()>(&thread, "start", "()V", &[])?;
    env.call::<()>(&thread, "join", "()V", &[])
}

#[test]
fn a_stack_begins_at_the_woven_method() {
    let jvmti = machine().environment.jvmti;
    with_spy(Way::Stack, 1, |env, _, id| {
        run_in_thread(env, &runnable(env, id)?, "stack-test")?;
        let told = RECORDER.take(id);
        let [Event::Stack(stack, thread), Event::Ended { .. }] = &told[..] else { panic!("{told:?}") };
        let frames = jvmti.frames(env, stack)?;
        let names: Vec<_> = frames.iter().map(|at| format!("{}.{}", at.class, at.method)).collect();
        assert_eq!(names[0], format!("java.oxprobe.Run{id}.run"));
        assert_eq!(names.last().unwrap(), "java.lang.Thread.run");
        assert_eq!(
            (thread.name.as_str(), thread.daemon, thread.is_virtual),
            ("stack-test", true, false),
            "as daemon as its maker"
        );
        assert_eq!(thread.priority, 5);
        let class = jvmti.method_class(env, stack[0].method)?;
        assert_eq!(jvmti.class_name(&class)?, format!("java.oxprobe.Run{id}"));
        let methods = jvmti.class_methods(&class)?;
        let run = methods.iter().find(|method| method.name == "run").unwrap();
        assert_eq!((run.id, run.descriptor.as_str(), run.modifiers), (stack[0].method, "()V", 1));
        let interfaces = jvmti.interfaces(env, &class)?;
        assert_eq!(jvmti.class_name(&interfaces[0])?, "java.lang.Runnable");
        assert_eq!(jvmti.class_name(&env.superclass(&class)?.unwrap())?, "java.lang.Object");
        Ok(())
    });
}

#[test]
fn virtual_threads_are_told_apart_and_known_as_such() {
    if machine().environment.jvmti.jdk() < 21 {
        return;
    }
    with_spy(Way::Stack, 1 | gate::TELL, |env, _, id| {
        let task = runnable(env, id)?;
        let mut ids = Vec::new();
        let threads = env.find_class("java/lang/Thread")?;
        for _ in 0..3 {
            let types = "(Ljava/lang/Runnable;)Ljava/lang/Thread;";
            let thread: Local<'_> =
                env.call_static(&threads, "startVirtualThread", types, &[(&task).into()])?;
            env.call::<()>(&thread, "join", "()V", &[])?;
            ids.push(env.get::<i64>(&thread, "tid", "J")?.cast_unsigned());
        }
        let (mut began, mut facts) = (Vec::new(), Vec::new());
        for event in RECORDER.take(id) {
            match event {
                Event::Began { thread, is_virtual: true, .. } => began.push(thread),
                Event::Stack(stack, thread) => {
                    assert!(stack.len() > 1);
                    assert!(thread.is_virtual && thread.daemon);
                    facts.push(thread.id);
                }
                Event::Ended { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(began, ids);
        facts.dedup();
        assert_eq!(facts, ids);
        Ok(())
    });
}

#[test]
fn a_panic_in_a_probe_does_not_reach_java() {
    with_spy(Way::Panic, 1 | gate::TELL, |env, spy, id| {
        let before = probe::panics();
        assert_eq!(enter(env, spy, id)?, 0);
        exit(env, spy, id, 0x101)?;
        assert_eq!(probe::panics(), before + 2);
        for _ in 0..20 {
            exit(env, spy, id, 0x101)?;
        }
        assert_eq!(probe::panics(), 8, "a probe that panics and panics is told no more");
        probe::forgive();
        exit(env, spy, id, 0x101)?;
        assert_eq!(probe::panics(), 1);
        probe::forgive();
        Ok(())
    });
}

#[test]
fn a_probe_leaves_the_exception_of_the_application_alone() {
    with_spy(Way::Pending, 1, |env, spy, id| {
        exit(env, spy, id, 0x101)?;
        let told = RECORDER.take(id);
        assert!(matches!(told[..], [Event::Refused, Event::Ended { .. }]), "{told:?}");
        Ok(())
    });
}

#[test]
fn a_thread_that_mutes_its_probes_is_not_told_of() {
    with_spy(Way::Record, 1 | gate::TELL, |env, spy, id| {
        let (outer, inner) = (mute(env), mute(env));
        assert_eq!(enter(env, spy, id)?, 0);
        drop(inner);
        exit(env, spy, id, 0x101)?;
        assert!(RECORDER.take(id).is_empty());
        drop(outer);
        exit(env, spy, id, 0x101)?;
        assert_eq!(RECORDER.take(id).len(), 1);
        Ok(())
    });
}

#[test]
fn quiesce_waits_for_the_thread_that_is_inside() {
    let soon = || Instant::now() + Duration::from_millis(50);
    let (ready, wait) = mpsc::channel();
    let inside = std::thread::spawn(move || {
        with_spy(Way::Stay, 1, |env, spy, id| {
            ready.send(()).unwrap();
            exit(env, spy, id, 0x101)
        });
    });
    wait.recv().unwrap();
    until("the probe is inside", || RECORDER.staying.load(Ordering::SeqCst) == 1);
    assert!(!quiesce(soon()));
    RECORDER.staying.store(2, Ordering::SeqCst);
    assert!(quiesce(Instant::now() + Duration::from_secs(10)));
    inside.join().unwrap();
}

#[test]
fn a_loader_resolves_spy_before_anything_is_woven() {
    machine().run(|env| {
        let spy = Spy::get_or_define(env)?;
        spy.resolve_in(env, None)?;
        let loaders = env.find_class("java/lang/ClassLoader")?;
        let system: Local<'_> =
            env.call_static(&loaders, "getSystemClassLoader", "()Ljava/lang/ClassLoader;", &[])?;
        spy.resolve_in(env, Some(&system))?;
        let text = env.new_string("no loader")?;
        assert!(matches!(spy.resolve_in(env, Some(&text)), Err(Error::NotA { .. })));
        Ok(())
    });
}

#[test]
fn our_own_threads_are_inside_by_their_environment() {
    machine().run(|env| {
        let (one, other) = (Inside::of(env), Inside::of(env));
        assert!(one.index().is_some());
        assert_eq!(one.index(), other.index());
        Ok(())
    });
}

#[test]
fn allocated_bytes_grow_by_what_is_allocated() {
    with_spy(Way::Allocated, 1, |env, spy, id| {
        let allocated = ALLOCATED.get_or_init(|| Allocated::find(env).unwrap());
        let Some(before) = allocated.of_this_thread(env)? else { panic!("this JVM does not count") };
        drop(env.new_array::<i8>(&[0; 1_000_000])?);
        let grown = allocated.of_this_thread(env)?.unwrap() - before;
        assert!((1_000_000..2_000_000).contains(&grown), "{grown}");
        exit(env, spy, id, 0x101)?;
        let told = RECORDER.take(id);
        let Some(Event::Allocated(Some(seen))) = told.first() else { panic!("{told:?}") };
        assert!((before + grown..before + grown + 1_000_000).contains(seen), "{seen}");
        Ok(())
    });
}

/// Changes a constant of one class.
struct Changer;

static CHANGER: Changer = Changer;
/// What the changed class returns; 0 to leave it alone.
static CHANGED: AtomicU32 = AtomicU32::new(0);
static SEEN: Mutex<Vec<(bool, bool)>> = Mutex::new(Vec::new());

impl Callbacks for Changer {
    fn class_file(&self, env: &Env<'_>, seen: &ClassFile<'_, '_>) -> Option<Vec<u8>> {
        assert!(env.find_class("java/lang/String").is_ok());
        if seen.name? != b"java/oxprobe/Changed" {
            return None;
        }
        SEEN.lock().unwrap().push((seen.redefined.is_some(), seen.loader.is_some()));
        let value = u8::try_from(CHANGED.load(Ordering::SeqCst)).ok().filter(|value| *value != 0)?;
        let at = seen.bytes.windows(3).position(|part| part == [0x10, 77, 0xAC])?;
        let mut bytes = seen.bytes.to_vec();
        *bytes.get_mut(at + 1)? = value;
        Some(bytes)
    }
}

#[test]
fn a_class_is_seen_when_it_loads_and_changed_when_asked() {
    let environment = machine().environment;
    let jvmti = environment.jvmti;
    machine().run(|env| {
        assert!(jvmti.listen(&CHANGER));
        environment.ensure(Capabilities::default().with(Capability::RetransformClasses))?;
        jvmti.enable(EventKind::ClassFileLoadHook)?;
        let mut made = Assembly::new("java/oxprobe/Changed", "java/lang/Object", &[]);
        made.method(STATIC, "value", "()I", &[&[0x10, 77, 0xAC]]);
        let class = env.define_class("java/oxprobe/Changed", None, &made.finish())?;
        let value = || env.call_static::<i32>(&class, "value", "()I", &[]);
        assert_eq!(value()?, 77);
        CHANGED.store(78, Ordering::SeqCst);
        jvmti.retransform(env, &[&class])?;
        assert_eq!(value()?, 78);
        CHANGED.store(0, Ordering::SeqCst);
        jvmti.retransform(env, &[&class])?;
        assert_eq!(value()?, 77);
        assert_eq!(*SEEN.lock().unwrap(), [(false, false), (true, false), (true, false)]);
        let array = env.find_class("[I")?;
        let refused = jvmti.retransform(env, &[&array]).unwrap_err();
        assert!(refused.is_jvmti(jvm::sys::ErrorCode::UNMODIFIABLE_CLASS), "{refused}");
        jvmti.disable(EventKind::ClassFileLoadHook)?;
        // A second attach asks again for what the first gave back.
        let retransform = Capabilities::default().with(Capability::RetransformClasses);
        jvmti.relinquish_capabilities(retransform)?;
        assert!(jvmti.retransform(env, &[&class]).is_err());
        environment.ensure(retransform)?;
        CHANGED.store(79, Ordering::SeqCst);
        jvmti.enable(EventKind::ClassFileLoadHook)?;
        jvmti.retransform(env, &[&class])?;
        assert_eq!(value()?, 79);
        jvmti.disable(EventKind::ClassFileLoadHook)
    });
}

#[test]
fn the_methods_on_stacks_are_found_once_each() {
    let jvmti = machine().environment.jvmti;
    machine().run(|env| {
        let ids = jvmti.methods_on_stacks(env, 100)?;
        assert!(ids.is_sorted_by(|one, next| one < next));
        let object = env.find_class("java/lang/Object")?;
        // The reference handler or the finalizer waits in it, on every JDK.
        let wait = jvmti.class_methods(&object)?.into_iter().filter(|method| method.name.starts_with("wait"));
        assert!(wait.map(|method| method.id).any(|id| ids.binary_search(&id).is_ok()));
        Ok(())
    });
}

#[test]
fn every_jdk_is_content() {
    machine::on_every_jdk();
}
