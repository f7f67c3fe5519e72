//! Reading and writing class files (JVMS chapter 4), as far as weaving needs it.
//!
//! The reader keeps offsets into the caller's bytes and copies nothing. Names are compared as the
//! bytes of their modified UTF-8. What is malformed is an error: every read is checked, and no
//! allocation is larger than what the bytes at hand can fill.

mod class;
mod code;
mod cursor;
mod frames;
mod instruction;
mod pool;

pub use class::{Attribute, Attributes, ClassFile, Member};
pub use code::{Code, Handler};
pub use cursor::{Malformed, Reader};
pub use frames::{Frame, Frames, VerificationType, write_frame};
pub use instruction::{Access, Instruction, Instructions, Operand, opcode};
pub use pool::{Additions, Pool, Reference, tag};
