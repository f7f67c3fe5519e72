//! The code of a method: a line for each instruction as `javap -c` writes it, then who catches what, and lines.

use std::fmt::Write;

use super::declared::types;
use super::escaped::text;
use super::{put, shown};
use crate::classfile::{
    ClassFile, Code, Instruction, Instructions, Malformed, Member, Operand, Reader, opcode,
};

/// By opcode, from 0 to 201 (JVMS 6.5).
const NAMES: &str = "nop aconst_null iconst_m1 iconst_0 iconst_1 iconst_2 iconst_3 iconst_4 iconst_5 lconst_0 lconst_1 fconst_0 fconst_1 \
fconst_2 dconst_0 dconst_1 bipush sipush ldc ldc_w ldc2_w iload lload fload dload aload iload_0 iload_1 iload_2 iload_3 \
lload_0 lload_1 lload_2 lload_3 fload_0 fload_1 fload_2 fload_3 dload_0 dload_1 dload_2 dload_3 aload_0 aload_1 aload_2 \
aload_3 iaload laload faload daload aaload baload caload saload istore lstore fstore dstore astore istore_0 istore_1 \
istore_2 istore_3 lstore_0 lstore_1 lstore_2 lstore_3 fstore_0 fstore_1 fstore_2 fstore_3 dstore_0 dstore_1 dstore_2 \
dstore_3 astore_0 astore_1 astore_2 astore_3 iastore lastore fastore dastore aastore bastore castore sastore pop pop2 dup \
dup_x1 dup_x2 dup2 dup2_x1 dup2_x2 swap iadd ladd fadd dadd isub lsub fsub dsub imul lmul fmul dmul idiv ldiv fdiv ddiv \
irem lrem frem drem ineg lneg fneg dneg ishl lshl ishr lshr iushr lushr iand land ior lor ixor lxor iinc i2l i2f i2d l2i \
l2f l2d f2i f2l f2d d2i d2l d2f i2b i2c i2s lcmp fcmpl fcmpg dcmpl dcmpg ifeq ifne iflt ifge ifgt ifle if_icmpeq \
if_icmpne if_icmplt if_icmpge if_icmpgt if_icmple if_acmpeq if_acmpne goto jsr ret tableswitch lookupswitch ireturn \
lreturn freturn dreturn areturn return getstatic putstatic getfield putfield invokevirtual invokespecial invokestatic \
invokeinterface invokedynamic new newarray anewarray arraylength athrow checkcast instanceof monitorenter monitorexit \
wide multianewarray ifnull ifnonnull goto_w jsr_w";

/// Names of the opcodes by number.
struct Opcodes(Vec<&'static str>);

impl Opcodes {
    fn name(&self, opcode: u8) -> &'static str {
        self.0.get(usize::from(opcode)).copied().unwrap_or("?")
    }
}

/// The content of a `Code` attribute.
pub(super) fn listing(
    class: &ClassFile<'_>,
    method: &Member<'_>,
    content: &[u8],
    out: &mut String,
) -> Result<(), Malformed> {
    let code = Code::read(content, &class.pool)?;
    let own = usize::from(method.flags & 0x0008 == 0);
    let arguments = types(&text(method.descriptor)).0.len() + own;
    put!(out, "      stack={}, locals={}, args_size={arguments}\n", code.max_stack, code.max_locals);
    let opcodes = Opcodes(NAMES.split(' ').collect());
    for instruction in Instructions::new(code.bytes) {
        one(class, &opcodes, &instruction?, out);
    }
    if !code.handlers.is_empty() {
        out.push_str("      Exception table:\n         from    to  target type\n");
        for handler in &code.handlers {
            let caught = match handler.catch {
                0 => "any".to_owned(),
                index => shown(class, &class.pool, index).replacen("class", "Class", 1),
            };
            put!(out, "         {:>5} {:>5} {:>5}   {caught}\n", handler.start, handler.end, handler.target);
        }
    }
    if let Some(lines) = code.attribute(b"LineNumberTable") {
        out.push_str("      LineNumberTable:\n");
        let mut reader = Reader::new(lines.content);
        for _ in 0..reader.u2()? {
            let (pc, line) = (reader.u2()?, reader.u2()?);
            put!(out, "        line {line}: {pc}\n");
        }
    }
    Ok(())
}

fn one(class: &ClassFile<'_>, opcodes: &Opcodes, instruction: &Instruction<'_>, out: &mut String) {
    let (pc, name) = (instruction.pc, opcodes.name(instruction.opcode));
    let mut operands = match (&instruction.operand, instruction.bytes) {
        (Operand::Jump(target) | Operand::WideJump(target), _) => target.to_string(),
        (Operand::Switch { aligned, targets }, bytes) => {
            return switch(pc, name, bytes.get(*aligned..).unwrap_or_default(), targets, out);
        }
        (Operand::None, [opcode::WIDE, widened, rest @ ..]) => {
            let name = opcodes.name(*widened);
            let operands = match rest {
                [a, b, c, d] => format!("{}, {}", u16::from_be_bytes([*a, *b]), i16::from_be_bytes([*c, *d])),
                [a, b] => u16::from_be_bytes([*a, *b]).to_string(),
                _ => String::new(),
            };
            put!(out, "      {pc:>4}: {:<13} {operands}\n", format!("{name}_w"));
            return;
        }
        (Operand::None, [opcode::BIPUSH, value]) => value.cast_signed().to_string(),
        (Operand::None, [opcode::SIPUSH, high, low]) => i16::from_be_bytes([*high, *low]).to_string(),
        (Operand::None, [opcode::IINC, slot, by]) => format!("{slot}, {}", by.cast_signed()),
        (Operand::None, [NEWARRAY, kind]) => ELEMENTS
            .get(usize::from(*kind).wrapping_sub(4))
            .map_or_else(|| kind.to_string(), |element| (*element).to_owned()),
        (Operand::None, [opcode::LDC, index]) => format!("#{index}"),
        (Operand::None, [opcode::INVOKEINTERFACE, _, _, count, _] | [MULTIANEWARRAY, _, _, count]) => {
            format!("#{},  {count}", instruction.index())
        }
        (Operand::None, [opcode::INVOKEDYNAMIC, ..]) => format!("#{},  0", instruction.index()),
        (Operand::None, [_, slot]) => slot.to_string(),
        (Operand::None, [_, _, _]) => format!("#{}", instruction.index()),
        (Operand::None, _) => String::new(),
    };
    if operands.starts_with('#') {
        let index = match instruction.bytes {
            [opcode::LDC, index] => u16::from(*index),
            _ => instruction.index(),
        };
        operands = format!("{operands:<18} // {}", shown(class, &class.pool, index));
    }
    match operands.as_str() {
        "" => put!(out, "      {pc:>4}: {name}\n"),
        operands => put!(out, "      {pc:>4}: {name:<13} {operands}\n"),
    };
}

const NEWARRAY: u8 = 188;
const MULTIANEWARRAY: u8 = 197;
/// By the operand of `newarray`, from 4 on.
const ELEMENTS: [&str; 8] = ["boolean", "char", "float", "double", "byte", "short", "int", "long"];

/// `operands` begin behind the padding: the default, then low and high, or the count of pairs.
fn switch(pc: usize, name: &str, operands: &[u8], targets: &[usize], out: &mut String) {
    let word = |at: usize| {
        let word = operands.get(at * 4..).and_then(|rest| rest.first_chunk::<4>());
        i32::from_be_bytes(word.copied().unwrap_or_default())
    };
    let is_table = name == "tableswitch";
    let (default, others) = targets.split_first().map_or((0, targets), |(first, others)| (*first, others));
    match is_table {
        true => put!(out, "      {pc:>4}: {name:<13} {{ // {} to {}\n", word(1), word(2)),
        false => put!(out, "      {pc:>4}: {name:<13} {{ // {}\n", others.len()),
    };
    for (at, target) in others.iter().enumerate() {
        let case = match is_table {
            true => i64::from(word(1)) + at as i64,
            false => i64::from(word(2 + 2 * at)),
        };
        put!(out, "            {case:>12}: {target}\n");
    }
    put!(out, "                 default: {default}\n            }}\n");
}
