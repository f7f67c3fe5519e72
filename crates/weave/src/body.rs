//! A method that has code, taken apart: what every step of weaving looks at.

use crate::classfile::{
    ClassFile, Code, Instruction, Instructions, Malformed, Member, Operand, VerificationType,
};
use crate::descriptor::{Erased, parameters};

const STATIC: u16 = 0x0008;

/// A pc at which no instruction starts, in [`Body::places`].
const INSIDE: u32 = 1 << 31;

/// A method and its code.
#[derive(Debug)]
pub(crate) struct Body<'a> {
    pub(crate) class: &'a ClassFile<'a>,
    pub(crate) member: &'a Member<'a>,
    pub(crate) code: Code<'a>,
    pub(crate) instructions: Vec<Instruction<'a>>,
    /// For each pc the number of its instruction, marked where it is not the first byte.
    places: Vec<u32>,
    /// The receiver, unless static, and the arguments.
    pub(crate) parameters: Vec<Parameter<'a>>,
    /// Whether there is a receiver.
    pub(crate) receiver: bool,
    /// Whether the verifier goes by frames, and not by inference.
    pub(crate) framed: bool,
    /// The table of frames, where it goes by them.
    pub(crate) frames: Option<&'a [u8]>,
}

/// A receiver or an argument.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter<'a> {
    pub(crate) value: Erased<'a>,
    /// The first slot in which it comes.
    pub(crate) slot: u16,
}

impl<'a> Body<'a> {
    pub(crate) const POOL_FULL: &'static str = "the constant pool is full";

    pub(crate) fn read(
        class: &'a ClassFile<'a>,
        member: &'a Member<'a>,
        content: &'a [u8],
    ) -> Result<Self, Malformed> {
        let code = Code::read(content, &class.pool)?;
        let instructions = Instructions::new(code.bytes).collect::<Result<Vec<_>, _>>()?;
        let mut places = Vec::with_capacity(code.bytes.len());
        for (number, instruction) in (0_u32..).zip(&instructions) {
            places.push(number);
            places.extend(std::iter::repeat_n(number | INSIDE, instruction.bytes.len().saturating_sub(1)));
        }
        let receiver = member.flags & STATIC == 0;
        let mut next = 0_usize;
        let mut found = Vec::new();
        for value in
            receiver.then_some(Erased::Object(class.name)).into_iter().chain(parameters(member.descriptor)?)
        {
            let slot = u16::try_from(next).ok();
            next += value.slots();
            let slot = slot
                .filter(|_| next <= usize::from(code.max_locals))
                .ok_or(Malformed { what: "the arguments do not fit into the locals", at: next })?;
            found.push(Parameter { value, slot });
        }
        let mut body = Body {
            class,
            member,
            code,
            instructions,
            places,
            parameters: found,
            receiver,
            framed: false,
            frames: None,
        };
        body.framed = body.needs_frames();
        if body.framed {
            body.frames = body.code.attribute(b"StackMapTable").map(|table| table.content);
        }
        Ok(body)
    }

    /// Below version 50 there are no frames. At 50 (JVMS 4.10) the verifier falls back to inference for
    /// a method that jumps and has none: then a table of ours alone would be wrong.
    fn needs_frames(&self) -> bool {
        match self.class.major {
            0..50 => false,
            50 => {
                let jumps = self.instructions.iter().any(|instruction| instruction.operand != Operand::None);
                let subroutines = self
                    .instructions
                    .iter()
                    .any(|instruction| instruction.is_subroutine() || instruction.returns_to().is_some());
                let table = self.code.attribute(b"StackMapTable").is_some();
                !subroutines && (table || (!jumps && self.code.handlers.is_empty()))
            }
            _ => true,
        }
    }

    /// Whether `this` comes uninitialised: only `Object`'s own constructor starts with it whole.
    pub(crate) fn is_constructor(&self) -> bool {
        self.receiver && self.member.name == b"<init>" && self.class.superclass.is_some()
    }

    /// The number of the instruction that starts at `pc`.
    pub(crate) fn at(&self, pc: usize) -> Result<usize, Malformed> {
        match self.places.get(pc) {
            Some(number) if number & INSIDE == 0 => Ok(*number as usize),
            _ => Err(Malformed { what: "a pc is not that of an instruction", at: pc }),
        }
    }

    /// The number of the instruction of which `pc` is a byte, and which byte.
    pub(crate) fn around(&self, pc: usize) -> Option<(usize, usize)> {
        let number = (*self.places.get(pc)? & !INSIDE) as usize;
        Some((number, pc - self.instructions.get(number)?.pc))
    }

    /// The locals at the method's entry, as the first frame's predecessor (JVMS 4.10.1.6). `class`
    /// gives the index of a class by its name.
    pub(crate) fn entry_types(
        &self,
        mut class: impl FnMut(&'a [u8]) -> Option<u16>,
    ) -> Result<Vec<VerificationType>, Malformed> {
        let full = Malformed { what: Self::POOL_FULL, at: 0 };
        let mut values = Vec::with_capacity(self.parameters.len());
        for (place, parameter) in self.parameters.iter().enumerate() {
            values.push(match parameter.value {
                _ if place == 0 && self.is_constructor() => VerificationType::UninitializedThis,
                Erased::Int => VerificationType::Integer,
                Erased::Long => VerificationType::Long,
                Erased::Float => VerificationType::Float,
                Erased::Double => VerificationType::Double,
                Erased::Object(name) => VerificationType::Object(class(name).ok_or(full)?),
            });
        }
        Ok(values)
    }
}
