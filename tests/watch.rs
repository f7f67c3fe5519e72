//! `watch` in a real JVM.
