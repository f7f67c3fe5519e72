//! The crate against a real JVM. `every_jdk_is_content` runs this whole file again on each JDK and looks for
//! what `-Xcheck:jni` has to say.
#![expect(unsafe_code, reason = "some tests do on purpose what the crate never does")]
#![expect(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod machine;

use std::ffi::c_void;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use jvm::guard::guard;
use jvm::sys::{ErrorCode, JNIEnv, jclass, jint};
use jvm::{
    Capabilities, Capability, Env, Environment, Error, Local, Native, Result, Value, Weak, gc, thread,
};
use machine::machine;

const TEXT: &str = "Ljava/lang/String;";

fn boxed<'f>(env: &Env<'f>, value: i32) -> Result<Local<'f>> {
    let class = env.find_class("java/lang/Integer")?;
    env.call_static(&class, "valueOf", "(I)Ljava/lang/Integer;", &[value.into()])
}

/// Waits until it holds, at most ten seconds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

fn collected(weak: &Weak) -> bool {
    machine().run(|env| {
        machine().environment.jvmti.force_garbage_collection()?;
        let gone = weak.get(env)?.is_none();
        assert_eq!(weak.is_gone(env), gone);
        Ok(gone)
    })
}

#[test]
fn an_exception_is_cleared_and_told() {
    machine().run(|env| {
        let class = env.find_class("java/lang/Integer")?;
        let text = env.new_string("nine")?;
        let thrown = env.call_static::<i32>(&class, "parseInt", "(Ljava/lang/String;)I", &[(&text).into()]);
        let Err(Error::Thrown(thrown)) = thrown else { panic!("{thrown:?}") };
        assert_eq!(thrown.class, "java.lang.NumberFormatException");
        assert_eq!(thrown.message.as_deref(), Some("For input string: \"nine\""));
        assert_eq!(
            thrown.to_string(),
            "parseInt threw java.lang.NumberFormatException: For input string: \"nine\""
        );
        let nine = env.new_string("9")?;
        assert_eq!(
            env.call_static::<i32>(&class, "parseInt", "(Ljava/lang/String;)I", &[(&nine).into()])?,
            9
        );
        Ok(())
    });
}

#[test]
fn a_missing_class_method_or_field_is_an_error_with_its_name() {
    machine().run(|env| {
        let missing = env.find_class("no/such/Class").unwrap_err();
        assert!(missing.is_thrown("java.lang.ClassNotFoundException"), "{missing}");
        assert!(missing.to_string().starts_with("no/such/Class threw "), "{missing}");
        let object = env.new_string("x")?;
        let missing = env.call::<()>(&object, "absent", "()V", &[]).unwrap_err();
        assert!(missing.is_thrown("java.lang.NoSuchMethodError"), "{missing}");
        let missing = env.get::<i32>(&object, "absent", "I").unwrap_err();
        assert!(missing.is_thrown("java.lang.NoSuchFieldError"), "{missing}");
        Ok(())
    });
}

#[test]
fn a_reflected_call_tells_what_its_target_threw() {
    machine().run(|env| {
        let class = env.find_class("java/lang/Integer")?;
        let classes = env.find_class("java/lang/Class")?;
        let texts = env.find_class("java/lang/String")?;
        let objects = env.find_class("java/lang/Object")?;
        let types = env.new_objects(&classes, &[Some(&texts)])?;
        let name = env.new_string("parseInt")?;
        let method: Local<'_> = env.call(
            &class,
            "getMethod",
            "(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;",
            &[(&name).into(), (&types).into()],
        )?;
        let text = env.new_string("nine")?;
        let arguments = env.new_objects(&objects, &[Some(&text)])?;
        let descriptor = "(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;";
        let thrown = env
            .call::<Option<Local<'_>>>(&method, "invoke", descriptor, &[Value::Null, (&arguments).into()])
            .unwrap_err();
        assert!(thrown.is_thrown("java.lang.reflect.InvocationTargetException"));
        assert!(thrown.to_string().contains("caused by java.lang.NumberFormatException"), "{thrown}");
        Ok(())
    });
}

#[test]
fn an_exception_of_the_application_is_left_alone() {
    let machine = machine();
    let attached = machine.vm.attach("test").unwrap();
    let raw = machine.raw_env();
    unsafe {
        let class = ((**raw).v1_6.FindClass)(raw, c"java/lang/IllegalStateException".as_ptr());
        ((**raw).v1_6.ThrowNew)(raw, class, c"of the application".as_ptr());
    }
    let refused = attached.with_env(|_| -> Result<()> { panic!("nothing may be called") });
    assert!(matches!(refused, Err(Error::Pending)));
    assert!(unsafe { ((**raw).v1_6.ExceptionCheck)(raw) });
    unsafe { ((**raw).v1_6.ExceptionClear)(raw) };
    attached.with_env(|env| env.find_class("java/lang/String").map(drop)).unwrap();
}

#[test]
fn strings_come_and_go_as_utf_16() {
    machine().run(|env| {
        for text in ["", "plain", "größe 漢字", "emoji \u{1F600}!", "nul\0nul"] {
            let made = env.new_string(text)?;
            assert_eq!(env.string(&made)?, text);
            let units = text.encode_utf16().count();
            assert_eq!(env.call::<i32>(&made, "length", "()I", &[])?, units as i32);
        }
        let half: Local<'_> = {
            let units = env.new_array::<u16>(&[0x61, 0xD83D, 0x62])?;
            env.new_object(&env.find_class("java/lang/String")?, "([C)V", &[(&units).into()])?
        };
        assert_eq!(env.string(&half)?, "a\u{FFFD}b");
        assert_eq!(env.string_prefix(&env.new_string("abcdef")?, 2)?, ("ab".to_owned(), 6));
        let other = boxed(env, 1)?;
        assert!(matches!(env.string(&other), Err(Error::NotA { expected: "String" })));
        Ok(())
    });
}

#[test]
fn a_frame_frees_its_locals_and_keeps_what_it_returns() {
    let weak = machine().run(|env| {
        env.frame(4, |env| {
            let object = env.new_object(&env.find_class("java/lang/Object")?, "()V", &[])?;
            let weak = env.weak(&object)?;
            assert!(weak.is(env, &object) && !weak.is(env, &env.new_string("another")?));
            std::mem::forget(object); // only the frame's end can free it now
            Ok(weak)
        })
    });
    until("the object is collected", || collected(&weak));
    machine().run(|env| {
        let kept = env.frame_keeping(4, |env| Ok::<_, Error>(Some(env.new_string("kept")?)))?;
        assert_eq!(env.string(&kept.unwrap())?, "kept");
        let none = env.frame_keeping(4, |_| Ok::<Option<Local<'_>>, Error>(None))?;
        assert!(none.is_none());
        Ok(())
    });
}

#[test]
fn a_dropped_local_makes_room_at_once() {
    machine().run(|env| {
        // Many more than any frame has room for; -Xcheck:jni would say so.
        (0..5_000).try_for_each(|_| env.new_string("x").map(drop))
    });
}

#[test]
fn a_panic_in_a_frame_closes_it() {
    machine().run(|env| {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            env.frame(4, |_| -> Result<()> { panic!("on purpose") })
        }));
        assert!(caught.is_err());
        env.find_class("java/lang/String").map(drop)
    });
}

#[test]
fn the_env_of_an_outer_frame_is_refused_in_an_inner_one() {
    machine().run(|outer| {
        outer.frame(4, |_| {
            assert!(matches!(outer.find_class("java/lang/String"), Err(Error::WrongFrame)));
            Ok::<(), Error>(())
        })?;
        machine().vm.with_env(|_| {
            assert!(matches!(outer.new_string("x"), Err(Error::WrongFrame)));
            Ok::<(), Error>(())
        })?;
        outer.find_class("java/lang/String").map(drop)
    });
}

#[test]
fn a_global_goes_to_other_threads_and_is_freed_from_any() {
    let (global, weak) = machine().run(|env| {
        let object = env.new_string("from afar")?;
        Ok((env.global(&object)?, env.weak(&object)?))
    });
    assert!(!collected(&weak));
    let global = std::thread::spawn(move || {
        machine().run(|env| {
            assert_eq!(env.string(&global)?, "from afar");
            assert!(env.is_same(&global, &global.local(env)?));
            Ok(())
        });
        global
    });
    let global = global.join().unwrap();
    assert!(!machine().vm.is_attached());
    drop(global); // this thread is not attached: another one frees it
    until("the object is collected", || collected(&weak));
}

#[test]
fn every_type_of_field_is_read_and_written() {
    machine().run(|env| {
        let of = |name: &str| env.find_class(&format!("java/lang/{name}"));
        assert_eq!(env.get_static::<i8>(&of("Byte")?, "MAX_VALUE", "B")?, i8::MAX);
        assert_eq!(env.get_static::<u16>(&of("Character")?, "MAX_VALUE", "C")?, u16::MAX);
        assert_eq!(env.get_static::<i16>(&of("Short")?, "MIN_VALUE", "S")?, i16::MIN);
        assert_eq!(env.get_static::<i32>(&of("Integer")?, "MIN_VALUE", "I")?, i32::MIN);
        assert_eq!(env.get_static::<i64>(&of("Long")?, "MIN_VALUE", "J")?, i64::MIN);
        assert_eq!(env.get_static::<f32>(&of("Float")?, "MAX_VALUE", "F")?, f32::MAX);
        assert_eq!(env.get_static::<f64>(&of("Double")?, "MIN_NORMAL", "D")?, f64::MIN_POSITIVE);
        let yes: Local<'_> = env.get_static(&of("Boolean")?, "TRUE", "Ljava/lang/Boolean;")?;
        assert!(env.get::<bool>(&yes, "value", "Z")?);

        let point = env.new_object(&of("Exception")?, "()V", &[])?;
        assert_eq!(env.get::<Option<String>>(&point, "detailMessage", TEXT)?, None);
        let told = env.new_string("told")?;
        env.set(&point, "detailMessage", TEXT, (&told).into())?;
        assert_eq!(env.get::<String>(&point, "detailMessage", TEXT)?, "told");
        env.set(&point, "detailMessage", TEXT, Value::Null)?;
        assert!(matches!(env.get::<String>(&point, "detailMessage", TEXT), Err(Error::Null { .. })));

        let number = env.allocate(&of("Long")?)?;
        env.set(&number, "value", "J", Value::Long(-7))?;
        let field = env.field(&of("Long")?, "value", "J")?;
        assert_eq!(field.get::<i64>(env, &number)?, -7);
        assert!(matches!(field.get::<i64>(env, &point), Err(Error::NotA { .. })));
        assert!(matches!(field.get::<i32>(env, &number), Err(Error::Mismatch { .. })));
        let least = env.static_field(&of("Long")?, "MIN_VALUE", "J")?;
        assert_eq!(least.get::<i64>(env)?, i64::MIN);
        Ok(())
    });
}

#[test]
fn every_type_of_result_is_returned() {
    machine().run(|env| {
        let number = boxed(env, -3)?;
        assert_eq!(env.call::<i8>(&number, "byteValue", "()B", &[])?, -3);
        assert_eq!(env.call::<i16>(&number, "shortValue", "()S", &[])?, -3);
        assert_eq!(env.call::<i64>(&number, "longValue", "()J", &[])?, -3);
        assert_eq!(env.call::<f32>(&number, "floatValue", "()F", &[])?, -3.0);
        assert_eq!(env.call::<f64>(&number, "doubleValue", "()D", &[])?, -3.0);
        assert!(env.call::<bool>(&number, "equals", "(Ljava/lang/Object;)Z", &[(&number).into()])?);
        let text = env.new_string("héllo")?;
        assert_eq!(env.call::<u16>(&text, "charAt", "(I)C", &[1.into()])?, 0xE9);
        assert_eq!(env.call::<String>(&number, "toString", "()Ljava/lang/String;", &[])?, "-3");
        let thread = machine().environment.jvmti.current_thread(env)?;
        let daemon = env.call::<bool>(&thread, "isDaemon", "()Z", &[])?;
        assert!(daemon);
        let math = env.find_class("java/lang/Math")?;
        let two = [Value::Double(2.0), Value::Double(10.0)];
        assert_eq!(env.call_static::<f64>(&math, "pow", "(DD)D", &two)?, 1024.0);
        env.call_static::<()>(&env.find_class("java/lang/System")?, "runFinalization", "()V", &[])
    });
}

#[test]
fn a_nonvirtual_call_ignores_what_overrides() {
    machine().run(|env| {
        let text = env.new_string("text")?;
        let objects = env.find_class("java/lang/Object")?;
        let shown: String = env.call_nonvirtual(&text, &objects, "toString", "()Ljava/lang/String;", &[])?;
        assert!(shown.starts_with("java.lang.String@"), "{shown}");
        let numbers = env.find_class("java/lang/Integer")?;
        let wrong = env.call_nonvirtual::<i32>(&text, &numbers, "intValue", "()I", &[]);
        assert!(matches!(wrong, Err(Error::NotA { .. })));
        Ok(())
    });
}

#[test]
fn a_call_that_does_not_fit_its_descriptor_is_never_made() {
    machine().run(|env| {
        let text = env.new_string("text")?;
        let bad = [
            env.call::<i32>(&text, "length", "()I", &[1.into()]).err(),
            env.call::<i64>(&text, "length", "()I", &[]).err(),
            env.call::<i32>(&text, "indexOf", "(I)I", &[1_i64.into()]).err(),
            env.call::<i32>(&text, "length", "nonsense", &[]).err(),
        ];
        assert!(bad.iter().all(|error| matches!(error, Some(Error::Mismatch { .. }))), "{bad:?}");
        let length = env.method(&env.find_class("java/lang/String")?, "length", "()I")?;
        assert_eq!(length.call::<i32>(env, &text, &[])?, 4);
        let other = boxed(env, 1)?;
        assert!(matches!(length.call::<i32>(env, &other, &[]), Err(Error::NotA { .. })));
        Ok(())
    });
}

#[test]
fn arrays_are_copied_out_and_in() {
    machine().run(|env| {
        let longs = env.new_array(&[1_i64, i64::MIN, i64::MAX])?;
        assert_eq!(env.elements::<i64>(&longs)?, [1, i64::MIN, i64::MAX]);
        assert!(matches!(env.elements::<i32>(&longs), Err(Error::NotA { expected: "int[]" })));
        assert_eq!(env.elements::<f64>(&env.new_array::<f64>(&[])?)?, []);
        assert_eq!(env.bytes(&env.new_array(&[-1_i8, 0, 127])?)?, [255, 0, 127]);
        assert_eq!(env.elements::<u8>(&env.new_array(&[1_u8, 0])?)?, [1, 0]);

        let texts = env.find_class("java/lang/String")?;
        let (one, two) = (env.new_string("one")?, env.new_string("two")?);
        let array = env.new_objects(&texts, &[Some(&one), None, Some(&two)])?;
        assert_eq!(env.object_count(&array)?, 3);
        assert!(env.object_at(&array, 1)?.is_none());
        let beyond = env.object_at(&array, 3).unwrap_err();
        assert!(beyond.is_thrown("java.lang.ArrayIndexOutOfBoundsException"), "{beyond}");
        let mut seen = Vec::new();
        env.each_object(&array, |env, index, text| {
            seen.push((index, env.string(&text)?));
            Ok::<(), Error>(())
        })?;
        assert_eq!(seen, [(0, "one".to_owned()), (2, "two".to_owned())]);
        let wrong = env.new_objects(&texts, &[Some(boxed(env, 1)?)]).unwrap_err();
        assert!(wrong.is_thrown("java.lang.ArrayStoreException"), "{wrong}");
        assert!(matches!(env.object_count(&longs), Err(Error::NotA { .. })));
        Ok(())
    });
}

#[test]
fn a_direct_buffer_is_copied_out() {
    machine().run(|env| {
        let buffers = env.find_class("java/nio/ByteBuffer")?;
        let make = |how: &str| -> Result<Local<'_>> {
            env.call_static(&buffers, how, "(I)Ljava/nio/ByteBuffer;", &[4.into()])
        };
        let direct = make("allocateDirect")?;
        for (index, byte) in [7_i8, 8, 9, -1].into_iter().enumerate() {
            let at = [Value::Int(index as i32), Value::Byte(byte)];
            env.call::<Local<'_>>(&direct, "put", "(IB)Ljava/nio/ByteBuffer;", &at)?;
        }
        assert_eq!(env.direct_bytes(&direct, 0, 100)?, Some(vec![7, 8, 9, 255]));
        assert_eq!(env.direct_bytes(&direct, 1, 2)?, Some(vec![8, 9]));
        assert_eq!(env.direct_bytes(&direct, 9, 2)?, Some(vec![]));
        assert_eq!(env.direct_bytes(&make("allocate")?, 0, 4)?, None);
        assert_eq!(env.direct_bytes(&boxed(env, 1)?, 0, 4)?, None);
        Ok(())
    });
}

/// `public class oxprobe.test.Natives { static native int twice(int); static native int fail(int); }`
fn natives_class() -> Vec<u8> {
    let mut file = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 52, 0, 8];
    let utf8 = |file: &mut Vec<u8>, text: &str| {
        file.extend([1, 0, text.len() as u8]);
        file.extend(text.as_bytes());
    };
    file.extend([7, 0, 2]);
    utf8(&mut file, "oxprobe/test/Natives");
    file.extend([7, 0, 4]);
    for text in ["java/lang/Object", "twice", "(I)I", "fail"] {
        utf8(&mut file, text);
    }
    file.extend([0, 0x21, 0, 1, 0, 3, 0, 0, 0, 0]); // public super, this, parent, no interfaces or fields
    file.extend([0, 2, 1, 9, 0, 5, 0, 6, 0, 0, 1, 9, 0, 7, 0, 6, 0, 0]); // two public static natives
    file.extend([0, 0]);
    file
}

unsafe extern "C" fn twice(_: *mut JNIEnv, _: jclass, number: jint) -> jint {
    guard(|| number * 2)
}

unsafe extern "C" fn fail(_: *mut JNIEnv, _: jclass, _: jint) -> jint {
    guard(|| panic!("on purpose"))
}

#[test]
fn a_class_of_our_own_calls_native_code_and_survives_its_panic() {
    machine().run(|env| {
        let class = env.define_class("oxprobe/test/Natives", None, &natives_class())?;
        let natives = unsafe {
            [
                Native::new("twice", "(I)I", twice as *mut c_void),
                Native::new("fail", "(I)I", fail as *mut c_void),
            ]
        };
        env.register_natives(&class, &natives)?;
        assert_eq!(env.call_static::<i32>(&class, "twice", "(I)I", &[21.into()])?, 42);
        assert_eq!(env.call_static::<i32>(&class, "fail", "(I)I", &[1.into()])?, -1);
        let again = env.define_class("oxprobe/test/Natives", None, &natives_class()).unwrap_err();
        assert!(again.is_thrown("java.lang.LinkageError"), "{again}");
        let broken = env.define_class("oxprobe/test/Broken", None, b"not a class").unwrap_err();
        assert!(broken.is_thrown("java.lang.ClassFormatError"), "{broken}");
        let loader = env.new_string("not a loader")?;
        let wrong = env.define_class("oxprobe/test/Other", Some(&loader), &natives_class());
        assert!(matches!(wrong, Err(Error::NotA { expected: "ClassLoader" })));
        Ok(())
    });
}

#[test]
fn classes_are_compared_and_cast() {
    machine().run(|env| {
        let texts = env.find_class("java/lang/String")?;
        let objects = env.find_class("java/lang/Object")?;
        let text = env.new_string("x")?;
        assert!(env.is_same(&env.class_of(&text)?, &texts));
        assert!(env.is_instance(&text, &objects)?);
        assert!(env.is_assignable(&texts, &objects)? && !env.is_assignable(&objects, &texts)?);
        assert!(env.is_same(&env.superclass(&texts)?.unwrap(), &objects));
        assert!(env.superclass(&objects)?.is_none());
        assert_eq!(env.class_name(&env.find_class("[Ljava/lang/String;")?)?, "[Ljava.lang.String;");
        let class = env.as_class(env.local(&texts)?.into_object())?;
        assert!(env.is_same(&class, &texts));
        assert!(env.as_class(text).is_err());
        Ok(())
    });
}

#[test]
fn capabilities_are_taken_and_given_back() {
    let _attached = machine().vm.attach("test").unwrap();
    let environment = machine().environment;
    let wanted = Capabilities::NONE.with(Capability::GetConstantPool);
    assert!(environment.jvmti.potential_capabilities().unwrap().contains(Capability::GetConstantPool));
    assert_eq!(environment.ensure(wanted).unwrap(), wanted);
    assert_eq!(environment.ensure(wanted).unwrap(), Capabilities::NONE);
    assert!(environment.jvmti.capabilities().unwrap().contains(Capability::GetConstantPool));
    environment.jvmti.relinquish_capabilities(wanted).unwrap();
    assert!(!environment.jvmti.capabilities().unwrap().contains(Capability::GetConstantPool));
    // Only to be had before the JVM is live.
    let late = Capabilities::NONE.with(Capability::GenerateExceptionEvents);
    let refused = environment.jvmti.add_capabilities(late).unwrap_err();
    assert!(refused.is_jvmti(ErrorCode::NOT_AVAILABLE));
    assert_eq!(refused.to_string(), "AddCapabilities failed: NOT_AVAILABLE (98)");
}

#[test]
fn the_environment_is_made_once() {
    let _attached = machine().vm.attach("test").unwrap();
    let machine = machine();
    let again = Environment::get_or_create(machine.vm).unwrap();
    assert!(std::ptr::eq(again, machine.environment));
    assert_eq!(again.jvmti.phase().unwrap(), jvm::Phase::Live);
}

#[test]
fn a_sleeping_thread_is_listed_with_state_name_and_stack() {
    let _attached = machine().vm.attach("test").unwrap();
    let machine = machine();
    let environment = machine.environment;
    environment
        .ensure([Capability::GetLineNumbers, Capability::GetSourceFileName].into_iter().collect())
        .unwrap();
    let (tell, told) = mpsc::channel();
    let sleeper = thread::spawn_attached(machine.vm, "ox-sleeper", move |attached| {
        attached.unwrap().with_env(|env| {
            let thread = environment.jvmti.current_thread(env)?;
            tell.send(env.global(&thread)?).unwrap();
            let threads = env.find_class("java/lang/Thread")?;
            env.call_static::<()>(&threads, "sleep", "(J)V", &[Value::Long(60_000)])
        })
    });
    let thread = told.recv().unwrap();
    let jvmti = &environment.jvmti;
    until("the thread sleeps", || jvmti.thread_state(&thread).unwrap().java_name() == "TIMED_WAITING");
    machine.run(|env| {
        let info = jvmti.thread_info(env, &thread)?;
        assert_eq!((info.name.as_str(), info.daemon, info.priority), ("ox-sleeper", true, 5));
        assert!(jvmti.threads(env)?.iter().any(|one| env.is_same(one, &thread)));
        let stack = jvmti.stack(env, &thread, 10)?;
        let last = stack.last().unwrap();
        assert_eq!((&*last.class, &*last.method), ("java.lang.Thread", "sleep"), "{stack:?}");
        assert!(stack[0].native || last.line.is_some(), "{stack:?}");
        if !last.native {
            assert_eq!(last.file.as_deref(), Some("Thread.java"));
        }
        assert_eq!(jvmti.stacks_of(env, &[&thread], 10)?[0].frames, stack);
        let all = jvmti.all_stacks(env, 0)?;
        let found = all.iter().find(|one| env.is_same(&one.thread, &thread)).unwrap();
        assert_eq!((found.state.java_name(), found.frames.len()), ("TIMED_WAITING", 0));
        env.call::<()>(&thread, "interrupt", "()V", &[])
    });
    let woken = sleeper.unwrap().join().unwrap().unwrap();
    assert!(woken.unwrap_err().is_thrown("java.lang.InterruptedException"));
    until("the thread has ended", || !jvmti.thread_state(&thread).unwrap().is_alive());
}

#[test]
fn cpu_time_of_a_thread_grows_with_its_work() {
    let _attached = machine().vm.attach("test").unwrap();
    let environment = machine().environment;
    environment.ensure(Capabilities::NONE.with(Capability::GetThreadCpuTime)).unwrap();
    machine().run(|env| {
        let thread = environment.jvmti.current_thread(env)?;
        let before = environment.jvmti.thread_cpu_ns(&thread)?;
        let own = jvm::os::thread_cpu_ns();
        while jvm::os::thread_cpu_ns() < own + 20_000_000 {}
        let used = environment.jvmti.thread_cpu_ns(&thread)? - before;
        assert!((20_000_000..200_000_000).contains(&used), "{used}");
        Ok(())
    });
}

#[test]
fn collections_are_timed_while_they_are_watched() {
    let _attached = machine().vm.attach("test").unwrap();
    let environment = machine().environment;
    environment.watch_gc().unwrap();
    let before = gc::since(0).next;
    environment.jvmti.force_garbage_collection().unwrap();
    let seen = gc::since(before);
    assert!(!seen.pauses.is_empty());
    assert!(seen.pauses.iter().all(|pause| pause.start_ns < pause.end_ns), "{seen:?}");
    assert_eq!(seen.missed, 0);
    environment.unwatch_gc().unwrap();
    let before = gc::since(0).next;
    environment.jvmti.force_garbage_collection().unwrap();
    assert_eq!(gc::since(before).next, before);
}

#[test]
fn loaded_classes_are_told_by_name_and_kind() {
    let jvmti = &machine().environment.jvmti;
    machine().run(|env| {
        let names = jvmti.loaded_class_names(env)?;
        for name in ["java.lang.String", "[J", "java.util.Map$Entry"] {
            assert!(names.iter().any(|one| one == name), "{name}");
        }
        assert!(jvmti.loaded_class_count(env)? >= names.len());
        let texts = env.find_class("java/lang/String")?;
        assert_eq!(jvmti.class_name(&texts)?, "java.lang.String");
        assert!(jvmti.generic_signature(&texts)?.unwrap().contains("Comparable<"));
        assert!(jvmti.class_status(&texts)?.is_initialized());
        assert_eq!(jvmti.class_modifiers(&texts)?.0 & 0x11, 0x11);
        assert!(jvmti.class_loader(env, &texts)?.is_none());
        assert!(jvmti.class_version(&texts)?.0 >= 52);
        let longs = env.find_class("[J")?;
        assert!(jvmti.class_status(&longs)?.is_array() && !jvmti.is_modifiable(&longs)?);
        assert!(jvmti.object_size(&env.new_array(&[0_i64; 100])?)? >= 800);
        Ok(())
    });
}

#[test]
fn properties_of_the_jvm_are_known() {
    let _attached = machine().vm.attach("test").unwrap();
    let jvmti = &machine().environment.jvmti;
    let home = jvmti.system_property("java.home").unwrap().unwrap();
    assert!(std::path::Path::new(&home).is_dir());
    assert!(jvmti.system_property_names().unwrap().iter().any(|name| name == "java.vm.name"));
    assert_eq!(jvmti.system_property("no.such.property").unwrap(), None);
    let version = jvmti.system_property("java.vm.specification.version").unwrap().unwrap();
    assert_eq!(version.trim_start_matches("1."), jvmti.jdk().to_string());
}

#[test]
fn our_threads_take_only_synchronous_signals() {
    let synchronous = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];
    // 9 and 19 cannot be blocked, 32 and 33 are the C library's own.
    let open = |blocked: Vec<i32>| -> Vec<i32> {
        (1..=64).filter(|signal| ![9, 19, 32, 33].contains(signal) && !blocked.contains(signal)).collect()
    };
    let mut expected = synchronous.to_vec();
    expected.sort_unstable();
    let before = thread::blocked_signals().unwrap();
    let native = thread::spawn_native("ox-native", || thread::blocked_signals().unwrap()).unwrap();
    assert_eq!(open(native.join().unwrap().unwrap()), expected);
    assert_eq!(thread::blocked_signals().unwrap(), before);

    let attached = thread::spawn_attached(machine().vm, "ox-attached", |attached| {
        let vm = attached.unwrap().vm();
        assert!(vm.is_attached());
        thread::blocked_signals().unwrap()
    });
    let mut with_suspend = expected.clone();
    with_suspend.push(libc::SIGUSR2);
    with_suspend.sort_unstable();
    assert_eq!(open(attached.unwrap().join().unwrap().unwrap()), with_suspend);
}

#[test]
fn a_panic_of_our_thread_ends_only_that_thread() {
    let ended = thread::spawn_native("ox-panic", || panic!("on purpose")).unwrap();
    assert_eq!(ended.join().unwrap(), None::<()>);
    let vm = machine().vm;
    let ended = thread::spawn_attached(vm, "ox-panic", |attached| -> () {
        let _: Result<()> = attached.unwrap().with_env(|_| panic!("on purpose"));
    });
    assert_eq!(ended.unwrap().join().unwrap(), None);
    machine().run(|env| env.find_class("java/lang/String").map(drop));
}

#[test]
fn a_thread_that_is_not_attached_gets_an_error() {
    let refused = machine().vm.with_env(|_| Ok::<(), Error>(()));
    assert!(matches!(refused, Err(Error::NotAttached)));
    assert!(matches!(machine().environment.jvmti.phase(), Err(Error::NotAttached)));
    let outer = machine().vm.attach("outer").unwrap();
    drop(machine().vm.attach("inner").unwrap());
    assert!(machine().vm.is_attached(), "the inner one must not detach what it did not attach");
    drop(outer);
    assert!(!machine().vm.is_attached());
}

#[test]
fn every_jdk_is_content() {
    machine::on_every_jdk();
}
