//! Access flags of classes and methods (JVMS tables 4.1-B and 4.6-A), as far as weaving asks for them: a class that
//! is loaded tells them through JVMTI, one that is being loaded in its class file.

pub(crate) const STATIC: i32 = 0x0008;
pub(crate) const FINAL: i32 = 0x0010;
pub(crate) const SUPER: i32 = 0x0020;
pub(crate) const INTERFACE: i32 = 0x0200;
pub(crate) const SYNTHETIC: i32 = 0x1000;
pub(crate) const ANNOTATION: i32 = 0x2000;
pub(crate) const ENUM: i32 = 0x4000;
const NATIVE: i32 = 0x0100;
const ABSTRACT: i32 = 0x0400;

/// Whether a method has code that can be woven.
pub(crate) fn has_code(modifiers: i32) -> bool {
    modifiers & (NATIVE | ABSTRACT) == 0
}
