//! `expressions` in a real JVM.
