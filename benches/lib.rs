//! What the measuring programs share: rows of a table, and intervals of ratios.

pub mod interval;
pub mod row;
