//! `line` in a real JVM.
