//! The Arthas tunnel protocol.
