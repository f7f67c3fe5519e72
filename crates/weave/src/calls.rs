//! The calls that a method makes, and which of them are told.

use crate::body::Body;
use crate::classfile::{Malformed, opcode};
use crate::lines::Lines;
use crate::linker::Linker;
use crate::plan::Parts;
use crate::woven::Site;

/// The classes whose methods only put values into objects and take them out again.
const BOXES: [&[u8]; 8] = [
    b"java/lang/Boolean",
    b"java/lang/Byte",
    b"java/lang/Character",
    b"java/lang/Short",
    b"java/lang/Integer",
    b"java/lang/Long",
    b"java/lang/Float",
    b"java/lang/Double",
];

/// All calls of a method: the instruction and what it calls. `before_this` says where a constructor
/// has no `this` yet: what it calls there is not told.
pub(crate) fn sites(
    body: &Body<'_>,
    linker: &Linker<'_>,
    parts: Parts,
    lines: &Lines,
    before_this: impl Fn(usize) -> bool,
) -> Result<Vec<(usize, Site)>, Malformed> {
    let mut sites = Vec::new();
    for (at, instruction) in body.instructions.iter().enumerate() {
        if !(opcode::INVOKEVIRTUAL..=opcode::INVOKEINTERFACE).contains(&instruction.opcode) {
            continue;
        }
        let called = body.class.pool.member(instruction.index())?;
        let told = !before_this(at)
            && !linker.is_ours(called.owner)
            && if parts.contains(Parts::ALL_CALLS) {
                !BOXES.contains(&called.owner)
            } else {
                !called.owner.starts_with(b"java/") && !called.owner.starts_with(b"[")
            };
        let site = Site {
            owner: called.owner.to_vec(),
            name: called.name.to_vec(),
            descriptor: called.descriptor.to_vec(),
            line: lines.of(at),
            told,
        };
        sites.push((at, site));
    }
    Ok(sites)
}
