//! `tt` in a real JVM.
