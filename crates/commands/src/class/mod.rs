//! Commands about loaded classes and their loaders.

pub(crate) mod search;
