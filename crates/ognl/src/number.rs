//! Numbers as Java has them: how they are written, read and promoted.

mod parsed;
mod shown;

pub(crate) use parsed::{parse_double, parse_long};
pub use shown::shown;
