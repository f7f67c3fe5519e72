//! What our own processes say to each other, as bytes: no socket, no thread, no JVM.
//!
//! [`Frame`]s are length-prefixed and carry a session number, so that one connection serves many
//! sessions. The first frame each way is [`Hello`]; an unknown frame or field is ignored, another
//! major version is refused with both versions named. [`Decoder`] is fed bytes as they come and
//! yields frames. [`arthas`] is the other protocol we speak: the Arthas tunnel's.
#![forbid(unsafe_code)]

pub mod arthas;
pub mod base64;
mod codec;
mod control;
mod frame;

pub use codec::{Decoder, FrameError, MAX_PAYLOAD};
pub use control::{
    Configure, Configured, DECOMPILE, Done, File, Hello, LogLines, Mode, Open, PartWanted, Refused, Resize,
    STOPPING, TakeOver, Version, Window, checksum,
};
pub use frame::{Frame, Message, SessionId};
