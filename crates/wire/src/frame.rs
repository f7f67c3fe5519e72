//! The frames: what each carries is in [`crate::control`].
//!
//! `PartWanted`, `Part` and those of work also travel between an agent and our tunnel server, each as a binary message on the
//! agent's control connection; Arthas's servers and agents have none.

use crate::FrameError;
use crate::control::{
    Configure, Configured, Done, File, Hello, LogLines, Open, PartWanted, Refused, Resize, TakeOver, Window,
};

/// Numbers a session on its connection. 0 is the connection itself.
pub type SessionId = u32;

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Whom it is about.
    pub session: SessionId,
    /// What it says.
    pub message: Message,
}

/// Turns the list of kinds into the enum and its codec, so that a kind cannot lack either.
macro_rules! messages {
    (
        json { $( $(#[$doc:meta])* $number:literal $name:ident($payload:ty), )+ }
        bytes { $( $(#[$bytes_doc:meta])* $bytes_number:literal $bytes_name:ident, )+ }
        empty { $( $(#[$empty_doc:meta])* $empty_number:literal $empty_name:ident, )+ }
    ) => {
        /// What a frame says. Numbers of kinds are never reused.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Message {
            $( $(#[$doc])* $name($payload), )+
            $( $(#[$bytes_doc])* $bytes_name(Vec<u8>), )+
            $( $(#[$empty_doc])* $empty_name, )+
        }

        impl Message {
            /// The number of the kind on the wire.
            pub fn kind(&self) -> u8 {
                match self {
                    $( Self::$name(_) => $number, )+
                    $( Self::$bytes_name(_) => $bytes_number, )+
                    $( Self::$empty_name => $empty_number, )+
                }
            }

            pub(crate) fn payload(&self) -> Vec<u8> {
                match self {
                    $( Self::$name(payload) => serde_json::to_vec(payload).unwrap_or_default(), )+
                    $( Self::$bytes_name(bytes) => bytes.clone(), )+
                    $( Self::$empty_name => Vec::new(), )+
                }
            }

            pub(crate) fn decode(kind: u8, payload: &[u8]) -> Result<Option<Self>, FrameError> {
                Ok(Some(match kind {
                    $( $number => Self::$name(serde_json::from_slice(payload).map_err(|why| {
                        FrameError::Malformed { kind: stringify!($name), why: why.to_string() }
                    })?), )+
                    $( $bytes_number => Self::$bytes_name(payload.to_vec()), )+
                    $( $empty_number => Self::$empty_name, )+
                    _ => return Ok(None),
                }))
            }
        }
    };
}

messages! {
    json {
        /// First frame each way.
        1 Hello(Hello),
        /// Client to agent: what the agent shall be. Answered by `Configured`.
        2 Configure(Configure),
        /// Agent to client: what became of a `Configure`.
        3 Configured(Configured),
        /// Client to agent: a new session under a number the client chose.
        4 Open(Open),
        /// Client to agent: the terminal has another size.
        6 Resize(Resize),
        /// Agent to client: a job of the session ended. An exec session is over with it.
        10 Done(Done),
        /// Either way: the receiver may be sent so many bytes more.
        11 Window(Window),
        /// A newer copy of the agent to the older: stop, I go on. Answered by `Done`.
        12 TakeOver(TakeOver),
        /// Agent to client: what was asked is not done. Session 0: the connection is over.
        13 Refused(Refused),
        /// Agent to client: lines of the agent's log.
        16 LogLines(LogLines),
        /// Agent to client: a piece of a file that the client lends. Its number, which stands where other frames have
        /// their session, is that of the `Part` which answers.
        18 PartWanted(PartWanted),
        /// Client to agent: a file follows, in pieces, which the connection's sessions may read by its name.
        20 File(File),
    }
    bytes {
        /// Client to agent: keys.
        5 Input,
        /// Agent to client: text as it is to be shown.
        8 Output,
        /// Agent to client: one result as a JSON object, or the end of one.
        9 Result,
        /// Client to agent: the piece that was wanted; shorter than wanted at the file's end, empty where there is none.
        19 Part,
        /// Agent to client: a piece of a result that is too long for a frame; the next piece follows.
        17 ResultPart,
        /// Client to agent: a piece of the file that was announced.
        21 FilePart,
        /// Either way: a piece of a turn of the work with this number, which stands where other frames have their session;
        /// more of the turn follows.
        22 WorkPart,
        /// Either way: the last piece of a turn. The first turn of a number is the agent's and begins the work; from then on
        /// the sides take turns.
        23 Work,
        /// Either way: the work with this number is over; from who does it: it cannot be done, or not to its end, and why.
        24 WorkOver,
    }
    empty {
        /// Client to agent: interrupt the foreground job.
        7 Interrupt,
        /// Either way: the session is over.
        14 Close,
        /// Client to agent: send the log.
        15 Log,
    }
}
