//! Layouts as text, results as JSON.
//!
//! A command says what a result means ([`model::Layout`]); here it becomes lines for a width, with
//! or without colours, or the JSON object of the HTTP API. Pure: the same input gives the same
//! bytes.
#![forbid(unsafe_code)]

mod canvas;
mod json;
mod table;
mod text;
mod theme;
mod width;

pub use json::json;
pub use text::text;
pub use theme::Theme;
pub use width::{cut, width};
