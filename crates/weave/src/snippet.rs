//! The code that is put in: straight lines that load raw values and call a helper.

use crate::classfile::{Additions, opcode};
use crate::descriptor::Erased;
use crate::plan::{Helper, Method};
use crate::refused::Refused;

/// Everything that is put into one method.
#[derive(Debug)]
pub(crate) struct Snippets {
    /// At the entry: calls `enter` and stores the token.
    pub(crate) entry: Vec<u8>,
    /// Slots of operand stack that the entry needs.
    pub(crate) entry_stack: usize,
    /// The body of the one handler: calls `thrown` and throws on.
    pub(crate) handler: Vec<u8>,
    exit: [Vec<u8>; 6],
}

/// Slots of operand stack that the handler needs: the exception twice, id, token.
pub(crate) const HANDLER_STACK: usize = 5;

impl Snippets {
    /// `parameters` are those of the descriptor; `receiver` says whether there is a `this`; `token`
    /// is the first of the two slots that are the token's.
    pub(crate) fn new(
        pool: &mut Additions,
        helper: &Helper,
        method: &Method,
        token: u16,
    ) -> Result<Self, Refused> {
        let mut id = Vec::new();
        push(pool, &mut id, method.id)?;

        let mut entry = id.clone();
        let entry_stack = 1;
        call(pool, &mut entry, helper, b"enter", b"(I)J")?;
        local(&mut entry, opcode::ISTORE, Erased::Long, token);

        let mut exit: [Vec<u8>; 6] = Default::default();
        for snippet in &mut exit {
            snippet.extend(&id);
            local(snippet, opcode::ILOAD, Erased::Long, token);
            snippet.push(opcode::INVOKESTATIC);
            // The call's index is filled in by `prepare_exit`, for the kinds that occur.
            snippet.extend([0, 0]);
        }

        let mut handler = vec![opcode::DUP];
        handler.extend(&id);
        local(&mut handler, opcode::ILOAD, Erased::Long, token);
        call(pool, &mut handler, helper, b"thrown", b"(Ljava/lang/Throwable;IJ)V")?;
        handler.push(opcode::ATHROW);
        Ok(Snippets { entry, entry_stack: entry_stack.max(2), handler, exit })
    }

    /// Makes the exit for a return opcode ready; gives the operand stack that it needs beyond what
    /// is there.
    pub(crate) fn prepare_exit(
        &mut self,
        pool: &mut Additions,
        helper: &Helper,
        opcode: u8,
    ) -> Result<usize, Refused> {
        let place = usize::from(opcode.wrapping_sub(opcode::IRETURN));
        let index = pool.method(&helper.class, b"exit", b"(IJ)V").ok_or(Refused::PoolFull)?;
        if let Some([.., high, low]) = self.exit.get_mut(place).map(Vec::as_mut_slice) {
            [*high, *low] = index.to_be_bytes();
        }
        Ok(3)
    }

    /// What precedes a return opcode; nothing for any other.
    pub(crate) fn exit(&self, opcode: u8) -> &[u8] {
        let place = opcode.checked_sub(opcode::IRETURN).map(usize::from);
        place.and_then(|place| self.exit.get(place)).map_or(&[], Vec::as_slice)
    }
}

fn push(pool: &mut Additions, out: &mut Vec<u8>, number: i32) -> Result<(), Refused> {
    if let Ok(number) = i8::try_from(number) {
        match number {
            -1..=5 => out.push(opcode::ICONST_0.wrapping_add_signed(number)),
            _ => out.extend([opcode::BIPUSH, number.cast_unsigned()]),
        }
    } else if let Ok(number) = i16::try_from(number) {
        out.push(opcode::SIPUSH);
        out.extend(number.to_be_bytes());
    } else {
        out.push(opcode::LDC_W);
        out.extend(pool.integer(number).ok_or(Refused::PoolFull)?.to_be_bytes());
    }
    Ok(())
}

/// Loads or stores a local in the shortest form; `first` is `iload` or `istore`.
fn local(out: &mut Vec<u8>, first: u8, value: Erased<'_>, slot: u16) {
    let opcode = first + value.rank();
    match u8::try_from(slot) {
        Ok(slot @ 0..=3) => out.push(first + 5 + 4 * value.rank() + slot),
        Ok(slot) => out.extend([opcode, slot]),
        Err(_) => {
            out.extend([opcode::WIDE, opcode]);
            out.extend(slot.to_be_bytes());
        }
    }
}

fn call(
    pool: &mut Additions,
    out: &mut Vec<u8>,
    helper: &Helper,
    name: &[u8],
    descriptor: &[u8],
) -> Result<(), Refused> {
    out.push(opcode::INVOKESTATIC);
    out.extend(pool.method(&helper.class, name, descriptor).ok_or(Refused::PoolFull)?.to_be_bytes());
    Ok(())
}
