//! Class file in, plan, class file out: no JVM, no thread, no socket.
//!
//! [`weave`] puts straight-line calls of a helper class into the methods that a [`Plan`] names: at the
//! entry and at every exit, and as [`Parts`] ask for it with the arguments and the result, around calls,
//! and at lines with the local variables known there. It copies and shifts what is there and never
//! recomputes a frame, so it needs no class hierarchy. The constant pool is copied and only appended to.
//! What cannot be woven is refused method by method, with the reason; the rest of the class is still
//! woven. `scripts/weave-corpus` has whole JDKs and libraries verified in every shape.
//!
//! [`polled`] puts calls into a class that ask whether to go on, so that what runs in it can be ended.
//!
//! [`compare`] says in what two files of one class differ: what a loaded class can take, and what it cannot.
//!
//! [`mentions`] says which classes somebody who compiles against a class file needs besides.
//!
//! Where to look: `weaver` does a class and `method` a method; `snippets` is what is put in, `layout`
//! and `jumps` where all lies then, `tables` what describes it; `flow` and `state` know what each slot
//! holds, for `constructor`, `values` and `lines`.
#![forbid(unsafe_code)]

mod body;
mod calls;
pub mod classfile;
pub mod compare;
mod constant;
mod constructor;
mod descriptor;
mod emit;
mod endless;
mod flow;
mod jumps;
mod laps;
mod layout;
mod lines;
mod linker;
mod listing;
mod mentions;
mod method;
mod plan;
mod polls;
mod refused;
pub mod rename;
mod shape;
mod snippets;
mod state;
mod tables;
mod values;
mod weaver;
mod woven;

pub use listing::listing;
pub use mentions::mentions;
pub use plan::{Helper, Method, Parts, Plan};
pub use polls::polled;
pub use refused::{Refusal, Refused};
pub use shape::Shape;
pub use weaver::weave;
pub use woven::{LineValue, Site, ToldLine, Woven, WovenMethod};
