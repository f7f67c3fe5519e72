//! One method: its `Code` attribute in, a new one out, or why not.

use crate::classfile::{
    Additions, ClassFile, Code, Handler, Instruction, Instructions, Member, Operand, VerificationType, opcode,
};
use crate::constructor;
use crate::descriptor::{Erased, parameters};
use crate::layout::Layout;
use crate::plan::{Helper, Method};
use crate::refused::Refused;
use crate::snippet::{HANDLER_STACK, Snippets};
use crate::tables;
use crate::woven::WovenMethod;

/// HotSpot's `HugeMethodLimit`: longer methods are not compiled.
const HUGE: usize = 8_000;

const STATIC: u16 = 0x0008;

/// A new `Code` attribute.
#[derive(Debug)]
pub(crate) struct Rewritten {
    /// Its name, length and content.
    pub(crate) attribute: Vec<u8>,
    /// What the caller must know of it; its place in the plan is not known here.
    pub(crate) facts: WovenMethod,
}

/// Weaves one method. On an error, what was added to `pool` is to be forgotten.
pub(crate) fn rewrite(
    class: &ClassFile<'_>,
    pool: &mut Additions,
    member: &Member<'_>,
    helper: &Helper,
    method: &Method,
) -> Result<Rewritten, Refused> {
    let attribute = member.code().ok_or(Refused::NoCode)?;
    let code = Code::read(attribute.content, &class.pool)?;
    let instructions = Instructions::new(code.bytes).collect::<Result<Vec<_>, _>>()?;
    parameters(member.descriptor)?;

    let constructor = member.name == b"<init>";
    let entry = if constructor { constructor::entry(class, &code, &instructions, None)? } else { 0 };
    let token = code.max_locals;
    let max_locals = token.checked_add(2).ok_or(Refused::LocalsFull)?;
    let mut snippets = Snippets::new(pool, helper, method, token)?;
    let mut exit_stack = 0;
    for instruction in &instructions {
        if !snippets.exit(instruction.opcode).is_empty() {
            exit_stack = exit_stack.max(snippets.prepare_exit(pool, helper, instruction.opcode)?);
        }
    }

    let layout = Layout::new(&instructions, code.bytes.len(), entry, &snippets)?;
    let length = layout.end() + snippets.handler.len();
    if length > HUGE && code.bytes.len() <= HUGE {
        return Err(Refused::TooLong(length));
    }
    if length > usize::from(u16::MAX) {
        return Err(Refused::TooLarge);
    }
    let bytes = layout.write(&instructions, &snippets)?;
    debug_assert_eq!(bytes.len(), length, "the layout and the code disagree");

    // What is on the stack already stays there at an exit, and at the entry of a constructor.
    let stack = usize::from(code.max_stack);
    let at_entry = snippets.entry_stack + if entry > 0 { stack } else { 0 };
    let stack = (stack + exit_stack).max(at_entry).max(HANDLER_STACK);
    let max_stack = u16::try_from(stack).map_err(|_| Refused::TooLarge)?;

    let mut content = Vec::with_capacity(attribute.content.len() + 256);
    content.extend(max_stack.to_be_bytes());
    content.extend(max_locals.to_be_bytes());
    content.extend(u32::try_from(length).map_err(|_| Refused::TooLarge)?.to_be_bytes());
    content.extend(&bytes);
    handlers(&code, &layout, &mut content)?;
    attributes(class, pool, member, &code, &instructions, &layout, &mut content)?;

    let mut whole = attribute.name_index.to_be_bytes().to_vec();
    whole.extend(u32::try_from(content.len()).map_err(|_| Refused::TooLarge)?.to_be_bytes());
    whole.append(&mut content);
    let facts = WovenMethod {
        planned: 0,
        id: method.id,
        before: code.bytes.len(),
        after: length,
        shape: None,
        dropped_arguments: false,
        stored: Vec::new(),
        sites: Vec::new(),
        lines: Vec::new(),
        locals: Vec::new(),
    };
    Ok(Rewritten { attribute: whole, facts })
}

/// Writes the exception table: the method's own first, then ours, which catches what is left.
fn handlers(code: &Code<'_>, layout: &Layout, out: &mut Vec<u8>) -> Result<(), Refused> {
    let count = u16::try_from(code.handlers.len() + 1).map_err(|_| Refused::TooLarge)?;
    out.extend(count.to_be_bytes());
    let fit = |pc: usize| u16::try_from(pc).map_err(|_| Refused::TooLarge);
    let mut put = |handler: Handler| {
        for part in [handler.start, handler.end, handler.target, handler.catch] {
            out.extend(part.to_be_bytes());
        }
    };
    for old in &code.handlers {
        let end = usize::from(old.end);
        if end < code.bytes.len() {
            layout.target(end)?;
        }
        put(Handler {
            start: fit(layout.target(usize::from(old.start))?)?,
            end: fit(layout.past(end)?)?,
            target: fit(layout.target(usize::from(old.target))?)?,
            catch: old.catch,
        });
    }
    put(Handler {
        start: fit(layout.target(layout.entry())?)?,
        end: fit(layout.end())?,
        target: fit(layout.end())?,
        catch: 0,
    });
    Ok(())
}

/// Writes the attributes of the code, frames too where the verifier asks for them.
fn attributes(
    class: &ClassFile<'_>,
    pool: &mut Additions,
    member: &Member<'_>,
    code: &Code<'_>,
    instructions: &[Instruction<'_>],
    layout: &Layout,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    let mut written: Vec<(u16, Vec<u8>)> = Vec::new();
    for attribute in &code.attributes {
        if attribute.name != b"StackMapTable" {
            written.push((attribute.name_index, tables::moved(attribute, layout)?));
        }
    }
    let old = code.attribute(b"StackMapTable");
    if needs_frames(class.major, code, instructions) {
        let table = match old {
            Some(table) => Some((table.content, locals(class, pool, member)?)),
            None => None,
        };
        let throwable = pool.class(b"java/lang/Throwable").ok_or(Refused::PoolFull)?;
        let content = tables::frames(table, layout, usize::from(code.max_locals), throwable)?;
        let name = match old {
            Some(table) => table.name_index,
            None => pool.utf8(b"StackMapTable").ok_or(Refused::PoolFull)?,
        };
        written.push((name, content));
    }
    out.extend(u16::try_from(written.len()).map_err(|_| Refused::TooLarge)?.to_be_bytes());
    for (name, content) in written {
        out.extend(name.to_be_bytes());
        out.extend(u32::try_from(content.len()).map_err(|_| Refused::TooLarge)?.to_be_bytes());
        out.extend(content);
    }
    Ok(())
}

/// Below version 50 there are no frames. At 50 (JVMS 4.10) the verifier falls back to inference for
/// a method that jumps and has none: then a table of ours alone would be wrong.
fn needs_frames(major: u16, code: &Code<'_>, instructions: &[Instruction<'_>]) -> bool {
    match major {
        0..50 => false,
        50 => {
            let jumps = instructions.iter().any(|instruction| instruction.operand != Operand::None);
            let subroutines = instructions
                .iter()
                .any(|instruction| matches!(instruction.opcode, opcode::JSR | opcode::JSR_W | opcode::RET));
            let table = code.attribute(b"StackMapTable").is_some();
            !subroutines && (table || (!jumps && code.handlers.is_empty()))
        }
        _ => true,
    }
}

/// The locals at the method's entry, as the first frame's predecessor (JVMS 4.10.1.6).
fn locals(
    class: &ClassFile<'_>,
    pool: &mut Additions,
    member: &Member<'_>,
) -> Result<Vec<VerificationType>, Refused> {
    let mut object = |name: &[u8]| pool.class(name).map(VerificationType::Object).ok_or(Refused::PoolFull);
    let mut values = Vec::new();
    if member.flags & STATIC == 0 {
        // Only Object's constructor starts with an initialised `this`.
        let initialised = member.name != b"<init>" || class.superclass.is_none();
        values.push(if initialised { object(class.name)? } else { VerificationType::UninitializedThis });
    }
    for parameter in parameters(member.descriptor)? {
        values.push(match parameter {
            Erased::Int => VerificationType::Integer,
            Erased::Long => VerificationType::Long,
            Erased::Float => VerificationType::Float,
            Erased::Double => VerificationType::Double,
            Erased::Object(name) => object(name)?,
        });
    }
    Ok(values)
}
