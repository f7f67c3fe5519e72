//! Safe Rust over the two interfaces a JVM offers to native code: JVMTI (watch and steer the machine) and
//! JNI (use its objects). The only crate of the agent that is `unsafe`; everything public but the entry
//! points that take raw pointers from the JVM is safe to call, and an error says which call failed.
//!
//! Start at [`Vm`] (the machine), [`Env`] (this thread's use of objects) and [`Jvmti`].
#![expect(unsafe_code, reason = "the one crate that speaks to the JVM's tables")]
#![warn(missing_docs)]

pub mod allocation;
mod arrays;
mod attach;
mod buf;
mod buffers;
mod calls;
mod capabilities;
mod capture;
mod classes;
pub mod clock;
mod define;
mod descriptor;
mod env;
mod environment;
mod error;
mod events;
mod exceptions;
mod fields;
pub mod gc;
pub mod guard;
pub mod heap;
pub mod inside;
mod jvmti;
mod known;
pub mod live;
pub mod malloc;
mod methods;
pub mod mutf8;
mod objects;
pub mod os;
pub mod part;
pub mod probe;
mod properties;
mod redefine;
mod refs;
pub mod spy;
pub mod stack_room;
mod stacks;
mod strings;
pub mod sys;
pub mod thread;
mod threads;
mod values;
mod vm;

pub use arrays::Element;
pub use attach::Attached;
pub use calls::{Method, StaticMethod};
pub use capabilities::Capabilities;
pub use capture::{Capture, Captured, Capturing};
pub use classes::{ClassStatus, Modifiers};
pub use define::Native;
pub use env::Env;
pub use environment::Environment;
pub use error::{Error, JvmtiError, Result, Thrown};
pub use events::Callbacks;
pub use fields::{Field, StaticField};
pub use jvmti::{Jvmti, Phase};
pub use methods::{ClassMethod, MethodId};
pub use redefine::ClassFile;
pub use refs::{Class, Global, Local, Object, Ref, Weak};
pub use stacks::{Frame, ThreadStack};
pub use sys::{Capability, EventKind};
pub use threads::{ThreadInfo, ThreadState};
pub use values::{Return, Value};
pub use vm::Vm;
