//! What cannot be woven is refused, method by method, and harms nothing else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test reports")]

use std::borrow::Cow;

use weave::classfile::{ClassFile, Code, Instruction, Instructions, Operand};
use weave::{Helper, Method, Parts, Plan, Refused, Woven, weave};

const RETURN: u8 = 177;

/// A class file of version 49, which needs no frames, with static methods `(I)V`.
struct Class {
    name: &'static str,
    /// Ints that only fill the pool.
    filler: usize,
    methods: Vec<(&'static str, u16, Option<Vec<u8>>)>,
}

impl Class {
    fn with(name: &'static str, code: Vec<u8>) -> Self {
        Class { name: "demo/Small", filler: 0, methods: vec![(name, 1, Some(code))] }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut pool: Vec<Vec<u8>> = Vec::new();
        let utf8 = |text: &str| {
            let mut entry = vec![1];
            entry.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            entry.extend(text.as_bytes());
            entry
        };
        // 1 and 2: this class; 3 and 4: its superclass; 5 to 9: for calls of a constructor.
        pool.extend([utf8(self.name), vec![7, 0, 1], utf8("java/lang/Object"), vec![7, 0, 3]]);
        pool.extend([utf8("Code"), utf8("(I)V"), utf8("<init>"), vec![12, 0, 7, 0, 6]]);
        pool.push(vec![10, 0, 4, 0, 8]);
        let first = pool.len() + 1;
        pool.extend(self.methods.iter().map(|(name, _, _)| utf8(name)));
        pool.extend(std::iter::repeat_n(vec![3, 0, 0, 0, 0], self.filler));

        let mut out = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 49];
        out.extend(u16::try_from(pool.len() + 1).unwrap().to_be_bytes());
        out.extend(pool.concat());
        out.extend([0, 0x21, 0, 2, 0, 4, 0, 0, 0, 0]);
        out.extend(u16::try_from(self.methods.len()).unwrap().to_be_bytes());
        for (place, (name, locals, code)) in self.methods.iter().enumerate() {
            let instance = *name == "<init>";
            out.extend([0, if instance { 1 } else { 9 }]);
            out.extend(u16::try_from(first + place).unwrap().to_be_bytes());
            out.extend([0, 6]);
            let Some(code) = code else {
                out.extend([0, 0]);
                continue;
            };
            out.extend([0, 1, 0, 5]);
            out.extend(u32::try_from(code.len() + 12).unwrap().to_be_bytes());
            out.extend([0, 2]);
            out.extend(locals.to_be_bytes());
            out.extend(u32::try_from(code.len()).unwrap().to_be_bytes());
            out.extend(code);
            out.extend([0, 0, 0, 0]);
        }
        out.extend([0, 0]);
        out
    }
}

fn plan(names: &[&str], parts: Parts) -> Plan {
    let methods = names.iter().zip(7..).map(|(name, id)| Method {
        name: name.as_bytes().to_vec(),
        descriptor: b"(I)V".to_vec(),
        id,
        parts,
        lines: Default::default(),
    });
    Plan { helper: Helper::complete("java/oxprobe/Spy_test"), methods: methods.collect() }
}

fn woven<'a>(bytes: &'a [u8], names: &[&str]) -> Woven<'a> {
    weave(bytes, &plan(names, Parts::ENTRY_EXIT)).unwrap()
}

/// The one reason for which the one method is refused; the class must be what it was.
fn refused(class: &Class, name: &str) -> Refused {
    let bytes = class.bytes();
    let woven = woven(&bytes, &[name]);
    assert!(matches!(woven.bytes, Cow::Borrowed(same) if same == bytes));
    assert_eq!(woven.refused.len(), 1);
    assert!(woven.refused[0].to_string().starts_with(&format!("{name}(I)V is not observed: ")));
    woven.refused[0].reason.clone()
}

fn long(length: usize) -> Vec<u8> {
    let mut code = vec![0; length - 1];
    code.push(RETURN);
    code
}

#[test]
fn an_empty_plan_returns_the_same_bytes() {
    let bytes = Class::with("m", long(10)).bytes();
    assert!(matches!(woven(&bytes, &[]).bytes, Cow::Borrowed(same) if same == bytes));
}

#[test]
fn a_method_that_the_jit_would_give_up_is_left_alone() {
    assert!(matches!(refused(&Class::with("m", long(7_990)), "m"), Refused::TooLong(8_001..)));
}

#[test]
fn a_method_that_the_jit_has_given_up_anyway_is_woven() {
    let bytes = Class::with("m", long(9_000)).bytes();
    assert_eq!(woven(&bytes, &["m"]).methods.len(), 1);
}

#[test]
fn code_that_would_pass_its_limit_is_refused() {
    assert_eq!(refused(&Class::with("m", long(65_530)), "m"), Refused::TooLarge);
}

/// A jump of 32,767 bytes over `between`.
fn far(opcode: u8, between: &[u8]) -> Class {
    let mut code = vec![26, opcode, 0x7f, 0xff];
    code.extend(between);
    code.extend(vec![0; 32_768 - code.len()]);
    code.push(RETURN);
    Class::with("m", code)
}

#[test]
fn a_jump_that_becomes_too_long_is_made_wide() {
    for opcode in [167, 153] {
        let bytes = far(opcode, &[RETURN; 200]).bytes();
        let woven = woven(&bytes, &["m"]);
        assert!(woven.refused.is_empty(), "{:?}", woven.refused);
        let class = ClassFile::read(&woven.bytes).unwrap();
        let code = Code::read(class.methods[0].code().unwrap().content, &class.pool).unwrap();
        // Either the jump itself is wide, or it goes to one that is.
        let jumps: Vec<_> = Instructions::new(code.bytes).map(Result::unwrap).filter_map(jump).collect();
        let end = code.bytes.len();
        assert!(jumps.iter().any(|(opcode, target)| *opcode == 200 && *target > end - 40), "{jumps:?}");
        assert_eq!(jumps.len(), if opcode == 167 { 1 } else { 2 });
    }
}

fn jump(instruction: Instruction<'_>) -> Option<(u8, usize)> {
    match instruction.operand {
        Operand::Jump(target) | Operand::WideJump(target) => Some((instruction.opcode, target)),
        _ => None,
    }
}

#[test]
fn a_jump_that_no_island_can_help_is_refused() {
    // A call that is told, and nothing behind which control ends.
    let bytes = far(153, &[1, 3, 183, 0, 9]).bytes();
    let woven = weave(&bytes, &plan(&["m"], Parts::ALL_CALLS)).unwrap();
    assert_eq!(woven.refused[0].reason, Refused::JumpOverflow);
}

#[test]
fn a_method_without_a_free_local_is_refused() {
    let class = Class { methods: vec![("m", 65_534, Some(long(3)))], ..Class::with("m", Vec::new()) };
    assert_eq!(refused(&class, "m"), Refused::LocalsFull);
}

#[test]
fn a_full_constant_pool_is_refused() {
    let class = Class { filler: 65_520, ..Class::with("m", long(3)) };
    assert_eq!(refused(&class, "m"), Refused::PoolFull);
}

#[test]
fn a_constructor_that_never_calls_super_is_refused() {
    // aconst_null, athrow
    let class = Class { methods: vec![("<init>", 2, Some(vec![1, 191]))], ..Class::with("m", Vec::new()) };
    assert_eq!(refused(&class, "<init>"), Refused::AmbiguousConstructor);
}

#[test]
fn a_constructor_that_calls_super_in_two_places_is_entered_behind_each() {
    // iload_1, ifeq to the second call
    let mut code = vec![27, 153, 0, 9, 42, 3, 183, 0, 9, RETURN];
    code.extend([42, 3, 183, 0, 9, RETURN]);
    let class = Class { methods: vec![("<init>", 2, Some(code))], ..Class::with("m", Vec::new()) };
    let bytes = class.bytes();
    let woven = woven(&bytes, &["<init>"]);
    let class = ClassFile::read(&woven.bytes).unwrap();
    let code = Code::read(class.methods[0].code().unwrap().content, &class.pool).unwrap();
    let calls = Instructions::new(code.bytes).map(Result::unwrap).filter_map(|instruction| {
        (183..=184)
            .contains(&instruction.opcode)
            .then(|| class.pool.member(instruction.index()).unwrap().name)
    });
    let names: Vec<_> = calls.map(String::from_utf8_lossy).collect();
    assert_eq!(names, ["<init>", "enter", "exit", "<init>", "enter", "exit", "thrown"]);
    // lconst_0, lstore_2: every exit, however it is reached, has a token.
    assert_eq!(code.bytes[..2], [9, 65]);
    // No handler covers both sides of such a call.
    let covered: Vec<_> = code.handlers.iter().map(|handler| (handler.start, handler.end)).collect();
    assert_eq!(covered.len(), 2, "{covered:?}");
}

#[test]
fn a_method_without_code_or_of_another_name_is_refused() {
    let class = Class { methods: vec![("m", 0, None)], ..Class::with("m", Vec::new()) };
    assert_eq!(refused(&class, "m"), Refused::NoCode);
    assert_eq!(refused(&class, "other"), Refused::NotFound);
}

#[test]
fn a_helper_that_is_missing_is_never_called() {
    let bytes = Class::with("m", long(3)).bytes();
    // The class itself stands for a helper class that has but one method, which is none of ours.
    let mut plan = plan(&["m"], Parts::ENTRY_EXIT);
    plan.helper = Helper::from_class_file(&bytes).unwrap();
    let woven = weave(&bytes, &plan).unwrap();
    assert_eq!(woven.refused[0].reason, Refused::HelperMissing("enter(I)J".to_owned()));
}

#[test]
fn a_hidden_class_is_refused_whole() {
    let class = Class { name: "demo/Small+0x00007f0", ..Class::with("m", long(3)) };
    let outcome = weave(&class.bytes(), &plan(&["m"], Parts::ENTRY_EXIT)).map(|_| ());
    assert_eq!(outcome, Err(Refused::HiddenClass));
}

#[test]
fn every_cut_of_a_class_file_is_an_error() {
    let bytes = Class::with("m", long(20)).bytes();
    for end in 0..bytes.len() {
        let outcome = weave(&bytes[..end], &plan(&["m"], Parts::ENTRY_EXIT)).map(|_| ());
        assert!(matches!(outcome, Err(Refused::Malformed(_))), "cut at {end}: {outcome:?}");
    }
}

#[test]
fn the_other_methods_of_the_class_are_still_woven() {
    let methods = vec![("m", 1, Some(long(7_990))), ("n", 1, Some(long(320)))];
    let class = Class { methods, ..Class::with("m", Vec::new()) };
    let bytes = class.bytes();
    let woven = woven(&bytes, &["m", "n"]);
    assert_eq!(woven.refused.len(), 1);
    assert_eq!(woven.methods.len(), 1);
    assert_eq!((woven.methods[0].planned, woven.methods[0].before), (1, 320));
    assert!(woven.methods[0].passes_inlining_limit());
    // The pool is only appended to.
    let pool_end = 10 + woven.bytes[10..].windows(10).position(|part| part == &bytes[10..20]).unwrap();
    assert_eq!(pool_end, 10);
}
