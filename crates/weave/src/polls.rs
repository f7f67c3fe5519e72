//! A class that can be ended in the middle: whoever runs in it asks a helper again and again whether it is to go on, at
//! the start of methods with several calls and before each jump backwards. The helper's `poll()V` may throw.
//!
//! Methods without a loop and with one call at most make a chain that the stack bounds, so they need not ask.
//!
//! A jump is asked before and not its target: where a loop begins with a `try` whose handler goes on with the loop, the
//! target is covered by that handler, and what `poll` throws there would go round for ever. The handler's own jump
//! is not covered by it.

use std::borrow::Cow;

use crate::body::Body;
use crate::classfile::{Attribute, ClassFile, Instruction, Member, Operand, opcode};
use crate::constructor::Start;
use crate::emit::Emit;
use crate::jumps::Jumps;
use crate::layout::Inserts;
use crate::linker::{Call, Linker};
use crate::plan::Helper;
use crate::refused::Refused;
use crate::tables::Ours;
use crate::{method, weaver};

/// The class with polls. A method that would be too long for the JIT with them stays without.
pub fn polled<'a>(class: &'a [u8], helper: &Helper) -> Result<Cow<'a, [u8]>, Refused> {
    let read = ClassFile::read(class)?;
    let mut linker = Linker::new(&read.pool, helper);
    let mut replaced = Vec::new();
    for member in &read.methods {
        let Some(code) = member.code() else { continue };
        let known = linker.additions.next();
        match rewrite(&read, &mut linker, member, code) {
            Ok(Some(new)) => replaced.push((code.range.clone(), new)),
            Ok(None) => {}
            Err(_) => linker.forget(known),
        }
    }
    if replaced.is_empty() {
        return Ok(Cow::Borrowed(class));
    }
    Ok(Cow::Owned(weaver::write(&read, &linker.additions, &replaced)?))
}

/// The new `Code` attribute; none where nothing takes time.
fn rewrite(
    class: &ClassFile<'_>,
    linker: &mut Linker<'_>,
    member: &Member<'_>,
    code: &Attribute<'_>,
) -> Result<Option<Vec<u8>>, Refused> {
    let body = Body::read(class, member, code.content)?;
    let calls = |one: &Instruction<'_>| (opcode::INVOKEVIRTUAL..=opcode::INVOKEDYNAMIC).contains(&one.opcode);
    // Who constructs asks elsewhere.
    let at_entry =
        !member.name.starts_with(b"<") && body.instructions.iter().filter(|one| calls(one)).count() > 1;
    let numbered = body.instructions.iter().enumerate();
    let back: Vec<usize> = numbered.filter(|(_, one)| goes_back(one)).map(|(number, _)| number).collect();
    if !at_entry && back.is_empty() {
        return Ok(None);
    }
    let mut emit = Emit::default();
    let start = emit.start(0);
    emit.call(linker, Call::Poll, 0, 0)?;
    let poll = emit.finish(start);
    let inserts = Inserts {
        prologue: if at_entry { poll.clone() } else { 0..0 },
        before: back.into_iter().map(|number| (number, poll.clone())).collect(),
        after: Vec::new(),
    };
    // Nothing of ours is in the locals.
    let start = Start::default();
    let (layout, jumps) = Jumps::settle(&body, &inserts, &start)?;
    method::fits(&body, layout.end())?;
    let bytes = layout.write(&inserts, &jumps, &emit)?;
    let frames = body.framed && body.frames.is_some();
    let ours = frames.then(|| Ours { locals: usize::from(body.code.max_locals), ..Ours::default() });
    let (stack, locals) = (body.code.max_stack, body.code.max_locals);
    method::written(&body, linker, (code.name_index, stack, locals), &bytes, &layout, &start, &jumps, ours)
        .map(Some)
}

fn goes_back(instruction: &Instruction<'_>) -> bool {
    let is_back = |target: &usize| *target <= instruction.pc;
    match &instruction.operand {
        Operand::None => false,
        Operand::Jump(target) | Operand::WideJump(target) => is_back(target),
        Operand::Switch { targets, .. } => targets.iter().any(is_back),
    }
}
