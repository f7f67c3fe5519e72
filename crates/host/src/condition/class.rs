//! The class file of a condition: a subclass of `Advice` that overrides the entry, the exit or both.
//!
//! Version 49 (Java 5): verified by inference, so that it needs no frames, on every JVM from 8 to 25.

use super::Helpers;
use super::assembler::{Assembler, opcode};
use super::code::Coder;
use super::pool::{Full, Pool};
use super::subject::{Place, TOKEN};
use super::value::Test;

const MAJOR: u16 = 49;
/// public, final, super
const CLASS_FLAGS: u16 = 1 | 0x10 | 0x20;
const PUBLIC: u16 = 1;
/// What a token keeps of the clock.
const TOKEN_TICKS: i64 = (1 << 56) - 1;

/// A condition's class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its internal name.
    pub name: String,
    /// The class file.
    pub bytes: Vec<u8>,
}

/// What is overridden.
#[derive(Debug)]
pub(super) struct Overridden {
    pub(super) place: Place,
    pub(super) test: Test,
    /// Whether the test asks for the elapsed ticks.
    pub(super) cost: bool,
}

/// Writes the class.
pub(super) fn write(
    name: String,
    helpers: &Helpers<'_>,
    shape: (u8, u8),
    methods: &[Overridden],
) -> Result<Class, Full> {
    let mut pool = Pool::default();
    let mut out = Vec::new();
    for index in [pool.class(&name)?, pool.class(helpers.advice)?, 0, 0] {
        out.extend(index.to_be_bytes());
    }
    out.extend(u16::try_from(methods.len() + 1).unwrap_or(u16::MAX).to_be_bytes());
    constructor(&mut pool, helpers, &mut out)?;
    for method in methods {
        overriding(&mut pool, helpers, shape, method, &mut out)?;
    }
    out.extend(0u16.to_be_bytes());
    let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0];
    bytes.extend(MAJOR.to_be_bytes());
    pool.write(&mut bytes)?;
    bytes.extend(CLASS_FLAGS.to_be_bytes());
    bytes.extend(out);
    Ok(Class { name, bytes })
}

/// `super(lane, next)`
fn constructor(pool: &mut Pool, helpers: &Helpers<'_>, out: &mut Vec<u8>) -> Result<(), Full> {
    let descriptor = format!("(IL{};)V", helpers.advice);
    let mut asm = Assembler::new(pool);
    asm.op_local(opcode::ALOAD, 0, 1);
    asm.op_local(opcode::ILOAD, 1, 1);
    asm.op_local(opcode::ALOAD, 2, 1);
    asm.call(opcode::INVOKESPECIAL, helpers.advice, "<init>", &descriptor, -3)?;
    asm.op(opcode::RETURN, 0);
    method(asm.finish()?, 3, pool, "<init>", &descriptor, out)
}

fn overriding(
    pool: &mut Pool,
    helpers: &Helpers<'_>,
    shape: (u8, u8),
    overridden: &Overridden,
    out: &mut Vec<u8>,
) -> Result<(), Full> {
    let (references, longs) = (usize::from(shape.0), usize::from(shape.1));
    let (name, fixed) = match overridden.place {
        Place::Entry => ("enter", "I"),
        Place::Exit => ("exit", "IJJLjava/lang/Object;Ljava/lang/Throwable;"),
    };
    let name = format!("{name}A{references}J{longs}");
    let descriptor = format!("({fixed}{}{})I", "Ljava/lang/Object;".repeat(references), "J".repeat(longs));
    let end = overridden.place.end(shape);
    let mut asm = Assembler::new(pool);
    let [fails, next] = [asm.label(), asm.label()];

    // A lane that does not go on anyway is not asked.
    asm.op_local(opcode::ILOAD, 1, 1);
    lane(&mut asm, helpers)?;
    asm.op(opcode::IAND, -1);
    asm.jump(opcode::IFEQ, -1, next);
    if overridden.cost {
        elapsed(&mut asm, helpers, end)?;
    }
    Coder { asm: &mut asm, fails, elapsed: end }.jump(&overridden.test, true, next)?;
    asm.bind(fails);
    asm.op_local(opcode::ILOAD, 1, 1);
    lane(&mut asm, helpers)?;
    asm.op(opcode::ICONST_M1, 1);
    asm.op(opcode::IXOR, -1);
    asm.op(opcode::IAND, -1);
    asm.op_local(opcode::ISTORE, 1, -1);
    asm.bind(next);

    // super goes on to the next condition.
    asm.op_local(opcode::ALOAD, 0, 1);
    asm.op_local(opcode::ILOAD, 1, 1);
    let mut local = 2;
    for letter in descriptor.bytes().skip(2).filter(|byte| matches!(byte, b'J' | b';')) {
        let (opcode, slots) = if letter == b'J' { (opcode::LLOAD, 2) } else { (opcode::ALOAD, 1) };
        asm.op_local(opcode, local, i32::from(slots));
        local += slots;
    }
    asm.call(opcode::INVOKESPECIAL, helpers.advice, &name, &descriptor, -i32::from(local) + 1)?;
    asm.op(opcode::IRETURN, -1);
    method(asm.finish()?, end + 2, pool, &name, &descriptor, out)
}

/// Pushes the bit of the condition's lane.
fn lane(asm: &mut Assembler<'_>, helpers: &Helpers<'_>) -> Result<(), Full> {
    asm.op_local(opcode::ALOAD, 0, 1);
    let lane = asm.pool.field(helpers.advice, "lane", "I")?;
    asm.op_pool(opcode::GETFIELD, lane, 0);
    Ok(())
}

/// Stores the ticks since the call began.
fn elapsed(asm: &mut Assembler<'_>, helpers: &Helpers<'_>, local: u16) -> Result<(), Full> {
    asm.call(opcode::INVOKESTATIC, helpers.spy, "ticks", "()J", 2)?;
    asm.op_local(opcode::LLOAD, TOKEN, 2);
    let [shift, mask] = [asm.pool.long(8)?, asm.pool.long(TOKEN_TICKS)?];
    asm.op_pool(opcode::LDC2_W, shift, 2);
    asm.op(opcode::L2I, -1);
    asm.op(opcode::LUSHR, -1);
    asm.op(opcode::LSUB, -2);
    asm.op_pool(opcode::LDC2_W, mask, 2);
    asm.op(opcode::LAND, -2);
    asm.op_local(opcode::LSTORE, local, -2);
    Ok(())
}

/// A public method with its code.
fn method(
    (code, stack): (Vec<u8>, u16),
    locals: u16,
    pool: &mut Pool,
    name: &str,
    descriptor: &str,
    out: &mut Vec<u8>,
) -> Result<(), Full> {
    let length = u16::try_from(code.len()).map_err(|_| Full)?;
    let head =
        [PUBLIC, pool.utf8(name.as_bytes())?, pool.utf8(descriptor.as_bytes())?, 1, pool.utf8(b"Code")?];
    out.extend(head.into_iter().flat_map(u16::to_be_bytes));
    out.extend((u32::from(length) + 12).to_be_bytes());
    out.extend([stack, locals, 0, length].into_iter().flat_map(u16::to_be_bytes));
    out.extend(code);
    out.extend([0; 4]);
    Ok(())
}
