//! The raw tables of JVMTI, written from its specification, beside those of JNI from `jni-sys`. No logic
//! here: types, numbers and names only, so that they can be compared with `jvmti.h` line by line.
#![allow(
    missing_docs,
    non_snake_case,
    non_camel_case_types,
    clippy::upper_case_acronyms,
    reason = "members are named as in jvmti.h; what they mean is said there"
)]

pub mod callbacks;
pub mod capabilities;
pub mod errors;
pub mod functions;
pub mod structs;

pub use jni_sys::*;

pub use callbacks::*;
pub use capabilities::*;
pub use errors::*;
pub use functions::*;
pub use structs::*;
