//! What we lend to the agent: the jars beside this program, or beside the agent's library.

use std::path::PathBuf;
use std::sync::LazyLock;

use wire::lent::Shelf;
use wire::{Message, PartWanted};

pub use wire::lent::CAPABILITY;

static SHELF: LazyLock<Shelf> =
    LazyLock::new(|| Shelf::beside(std::env::var_os("OXPROBE_AGENT").map(PathBuf::from)));

/// The answer to what the agent wants.
pub fn part(wanted: &PartWanted) -> Message {
    Message::Part(SHELF.piece(wanted))
}
