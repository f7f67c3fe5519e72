//! Values of the application: what an object is, copied out on the thread that has it, and shown later on another.
//! HOT: the copying runs on the application's threads, so it is a crate of its own, built for speed like the
//! listeners.
//!
//! Nothing here runs Java code of the application: fields are read where they lie, and the JDK's containers are
//! known by their insides. A copy is bounded in steps and bytes and keeps no object alive.
#![forbid(unsafe_code)]

mod chain;
mod classes;
mod contents;
mod copier;
mod data;
mod expression;
mod facts;
mod item;
mod java;
mod kept;
mod kind;
mod lengthy;
mod passed;
mod quick;
mod recipe;
mod redaction;
mod replay;
mod root;
mod salt;
mod scrub;
mod single;
mod snapshot;
mod term;
mod text;
mod throwable;
mod walk;
mod watcher;

pub use classes::Classes;
pub use copier::{Copier, Limits};
pub use expression::{Expression, Mistake, Place};
pub use facts::ClassFacts;
pub use item::Item;
pub use java::{DeclaredField, Java, May, Names, Site, StaticField, Thing, Value};
pub use kept::{Kept, Shelf};
pub use kind::Kind;
pub use passed::{Held, Method, Passed, first_letters};
pub use redaction::{DEFAULT, HIDDEN, Redaction};
pub use replay::Replayed;
pub use root::{Moment, NAMES, Root, Variable};
pub use single::Property;
pub use snapshot::{ClassPlace, Made, Node, Snapshot, Units};
pub use text::{Dates, Style};
pub use watcher::{KeptCall, OnLine, ToldLine, Watched, Watcher, Watching};
