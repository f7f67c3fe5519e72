//! Values of the application: what an object is, copied out on the thread that has it, and shown later on another.
//! HOT: the copying runs on the application's threads, so it is a crate of its own, built for speed like the
//! listeners.
//!
//! Nothing here runs Java code of the application: fields are read where they lie, and the JDK's containers are
//! known by their insides. A copy is bounded in steps and bytes and keeps no object alive.
#![forbid(unsafe_code)]

mod classes;
mod contents;
mod copier;
mod facts;
mod item;
mod kind;
pub mod number;
mod recipe;
mod redaction;
mod salt;
mod snapshot;
mod text;
mod throwable;
mod walk;

pub use classes::Classes;
pub use copier::{Copier, Limits};
pub use facts::ClassFacts;
pub use item::Item;
pub use kind::Kind;
pub use redaction::{DEFAULT, HIDDEN, Redaction};
pub use snapshot::{ClassPlace, Made, Node, Snapshot, Units};
pub use text::{Dates, Style};
