//! Commands about loaded classes: what they are, where they come from, their code.

pub(crate) mod jad;
mod numbered;
