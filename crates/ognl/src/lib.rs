//! The expression language of conditions: OGNL's, as far as conditions need it. Pure: it knows no
//! JVM, only text and trees.
#![forbid(unsafe_code)]
