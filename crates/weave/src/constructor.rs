//! Where a constructor may be entered: right after the one call of `this()` or `super()`.
//!
//! Before that call the verifier lets nobody see `this`, and the token's local must not be needed
//! by a handler. The call is found by counting the objects that are made but not yet initialised;
//! whatever that cannot tell for sure is refused.

use crate::classfile::{ClassFile, Code, Instruction, Operand, opcode};
use crate::descriptor::Erased;
use crate::refused::Refused;

/// The pc of the instruction that follows the call. `arguments` are those that the entry will read
/// from their slots, the receiver's slot 0 left out; `None` when it reads nothing.
pub(crate) fn entry(
    class: &ClassFile<'_>,
    code: &Code<'_>,
    instructions: &[Instruction<'_>],
    arguments: Option<&[Erased<'_>]>,
) -> Result<usize, Refused> {
    let Some(superclass) = class.superclass else { return Ok(0) };
    let mut pending = 0_usize;
    let mut found = None;
    for instruction in instructions {
        match instruction.opcode {
            opcode::NEW => pending += 1,
            opcode::INVOKESPECIAL => {
                let (owner, name) = class.pool.method(index(instruction))?;
                if name != b"<init>" {
                    continue;
                }
                if pending > 0 {
                    pending -= 1;
                } else if found.is_none() && (owner == class.name || owner == superclass) {
                    found = Some(instruction.pc + instruction.bytes.len());
                } else {
                    return Err(Refused::AmbiguousConstructor);
                }
            }
            _ => {}
        }
    }
    let entry = found.filter(|entry| *entry < code.bytes.len()).ok_or(Refused::AmbiguousConstructor)?;
    if crosses(code, instructions, entry) || arguments.is_some_and(|known| lost(known, instructions, entry)) {
        return Err(Refused::AmbiguousConstructor);
    }
    Ok(entry)
}

fn index(instruction: &Instruction<'_>) -> u16 {
    match instruction.bytes {
        [_, high, low, ..] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

/// Whether control can get from one side of the call to the other but through the call.
fn crosses(code: &Code<'_>, instructions: &[Instruction<'_>], entry: usize) -> bool {
    let jumps = instructions.iter().any(|instruction| {
        let before = instruction.pc < entry;
        let other = |target: &usize| (*target < entry) != before;
        match &instruction.operand {
            Operand::None => false,
            // A subroutine before the call returns by an address in a local: not followed.
            Operand::Jump(_) | Operand::WideJump(_)
                if before && matches!(instruction.opcode, opcode::JSR | opcode::JSR_W) =>
            {
                true
            }
            Operand::Jump(target) | Operand::WideJump(target) => other(target),
            Operand::Switch { targets, .. } => targets.iter().any(other),
        }
    });
    jumps
        || code.handlers.iter().any(|handler| {
            let target_before = usize::from(handler.target) < entry;
            if target_before { usize::from(handler.end) > entry } else { usize::from(handler.start) < entry }
        })
}

/// Whether a slot that holds an argument may hold a value of another kind when the call is over.
fn lost(arguments: &[Erased<'_>], instructions: &[Instruction<'_>], entry: usize) -> bool {
    let mut fresh = false;
    for instruction in instructions.iter().take_while(|instruction| instruction.pc < entry) {
        if let Some((rank, slot)) = store(instruction) {
            // An object that is made but not initialised is no `Object` to the verifier.
            if slot == 0 || (fresh && rank == 4) {
                return true;
            }
            let width = if matches!(rank, 1 | 3) { 2 } else { 1 };
            let mut at = 1;
            for argument in arguments {
                let end = at + argument.slots();
                let touched = slot < end && at < slot + width;
                if touched && (at != slot || argument.rank() != rank) {
                    return true;
                }
                at = end;
            }
        }
        let copied = (opcode::DUP..=opcode::DUP2).contains(&instruction.opcode);
        fresh = instruction.opcode == opcode::NEW || (fresh && copied);
    }
    false
}

/// What an instruction stores into: 0 to 4 for int, long, float, double, reference, and the slot.
fn store(instruction: &Instruction<'_>) -> Option<(u8, usize)> {
    let (opcode, slot) = match instruction.bytes {
        [opcode::WIDE, opcode, high, low, ..] => (*opcode, usize::from(u16::from_be_bytes([*high, *low]))),
        [opcode @ opcode::ISTORE_0..=opcode::ASTORE_3] => {
            let place = opcode - opcode::ISTORE_0;
            return Some((place / 4, usize::from(place % 4)));
        }
        [opcode, slot] => (*opcode, usize::from(*slot)),
        _ => return None,
    };
    (opcode::ISTORE..=opcode::ASTORE).contains(&opcode).then(|| (opcode - opcode::ISTORE, slot))
}
