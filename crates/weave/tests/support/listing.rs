//! A method as text: instructions, handlers, frames and tables, for golden cases.

use std::fmt::Write as _;

use weave::classfile::{
    ClassFile, Code, Frames, Instructions, Member, Operand, Pool, Reader, Reference, VerificationType,
};

/// The mnemonics, in the order of the opcodes (JVMS 6.5).
const NAMES: &str = "nop aconst_null iconst_m1 iconst_0 iconst_1 iconst_2 iconst_3 iconst_4 iconst_5 lconst_0 \
lconst_1 fconst_0 fconst_1 fconst_2 dconst_0 dconst_1 bipush sipush ldc ldc_w ldc2_w iload lload fload dload aload \
iload_0 iload_1 iload_2 iload_3 lload_0 lload_1 lload_2 lload_3 fload_0 fload_1 fload_2 fload_3 dload_0 dload_1 \
dload_2 dload_3 aload_0 aload_1 aload_2 aload_3 iaload laload faload daload aaload baload caload saload istore lstore \
fstore dstore astore istore_0 istore_1 istore_2 istore_3 lstore_0 lstore_1 lstore_2 lstore_3 fstore_0 fstore_1 \
fstore_2 fstore_3 dstore_0 dstore_1 dstore_2 dstore_3 astore_0 astore_1 astore_2 astore_3 iastore lastore fastore \
dastore aastore bastore castore sastore pop pop2 dup dup_x1 dup_x2 dup2 dup2_x1 dup2_x2 swap iadd ladd fadd dadd isub \
lsub fsub dsub imul lmul fmul dmul idiv ldiv fdiv ddiv irem lrem frem drem ineg lneg fneg dneg ishl lshl ishr lshr \
iushr lushr iand land ior lor ixor lxor iinc i2l i2f i2d l2i l2f l2d f2i f2l f2d d2i d2l d2f i2b i2c i2s lcmp fcmpl \
fcmpg dcmpl dcmpg ifeq ifne iflt ifge ifgt ifle if_icmpeq if_icmpne if_icmplt if_icmpge if_icmpgt if_icmple if_acmpeq \
if_acmpne goto jsr ret tableswitch lookupswitch ireturn lreturn freturn dreturn areturn return getstatic putstatic \
getfield putfield invokevirtual invokespecial invokestatic invokeinterface invokedynamic new newarray anewarray \
arraylength athrow checkcast instanceof monitorenter monitorexit wide multianewarray ifnull ifnonnull goto_w jsr_w";

/// Lists a method of a class file.
pub(crate) fn listing(class: &ClassFile<'_>, method: &Member<'_>) -> String {
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    let code = Code::read(method.code().unwrap().content, &class.pool).unwrap();
    let mut out = String::new();
    writeln!(out, "stack {} locals {}", code.max_stack, code.max_locals).unwrap();
    for instruction in Instructions::new(code.bytes).map(Result::unwrap) {
        write!(out, "{:5} {}", instruction.pc, names[usize::from(instruction.opcode)]).unwrap();
        match &instruction.operand {
            Operand::Jump(target) | Operand::WideJump(target) => write!(out, " {target}").unwrap(),
            Operand::Switch { targets, .. } => write!(out, " {targets:?}").unwrap(),
            Operand::None => operands(&class.pool, instruction.opcode, &instruction.bytes[1..], &mut out),
        }
        out.push('\n');
    }
    for handler in &code.handlers {
        let what = match handler.catch {
            0 => "all",
            class_index => std::str::from_utf8(class.pool.class(class_index).unwrap()).unwrap(),
        };
        writeln!(out, "catch {what} {}..{} at {}", handler.start, handler.end, handler.target).unwrap();
    }
    for attribute in &code.attributes {
        match attribute.name {
            b"StackMapTable" => frames(class, attribute.content, &mut out),
            b"LineNumberTable" => {
                out.push_str("lines");
                for row in rows(attribute.content, 2) {
                    write!(out, " {}:{}", row[1], row[0]).unwrap();
                }
                out.push('\n');
            }
            b"LocalVariableTable" => {
                for row in rows(attribute.content, 5) {
                    let name = String::from_utf8_lossy(class.pool.utf8(row[2]).unwrap()).into_owned();
                    writeln!(out, "local {name} in {} {}..{}", row[4], row[0], row[0] + row[1]).unwrap();
                }
            }
            _ => {}
        }
    }
    out
}

fn operands(pool: &Pool<'_>, opcode: u8, bytes: &[u8], out: &mut String) {
    match (opcode, bytes) {
        (182..=185, [high, low, ..]) => {
            let Reference { owner, name, .. } = pool.member(u16::from_be_bytes([*high, *low])).unwrap();
            write!(out, " {}.{}", String::from_utf8_lossy(owner), String::from_utf8_lossy(name)).unwrap();
        }
        (187 | 189 | 192 | 193, [high, low]) => {
            let name = pool.class(u16::from_be_bytes([*high, *low])).unwrap();
            write!(out, " {}", String::from_utf8_lossy(name)).unwrap();
        }
        (16..=17 | 21..=25 | 54..=58 | 132 | 169 | 196, _) => write!(out, " {bytes:?}").unwrap(),
        _ => {}
    }
}

fn rows(content: &[u8], width: usize) -> Vec<Vec<u16>> {
    let mut reader = Reader::new(content);
    let count = reader.u2().unwrap();
    (0..count).map(|_| (0..width).map(|_| reader.u2().unwrap()).collect()).collect()
}

fn frames(class: &ClassFile<'_>, content: &[u8], out: &mut String) {
    // What a frame of the compiler's chops or appends belongs to the entry's locals: shown as such.
    let mut frames = Frames::new(content, Vec::new()).unwrap();
    let show = |values: &[VerificationType]| -> String {
        let names = values.iter().map(|value| match value {
            VerificationType::Object(index) => {
                String::from_utf8_lossy(class.pool.class(*index).unwrap()).into_owned()
            }
            other => format!("{other:?}"),
        });
        names.collect::<Vec<_>>().join(" ")
    };
    while let Ok(Some(frame)) = frames.read() {
        let locals = if frame.same_locals { "same".to_owned() } else { show(frames.locals()) };
        writeln!(out, "frame {} [{locals}] [{}]", frame.pc, show(&frame.stack)).unwrap();
    }
}
