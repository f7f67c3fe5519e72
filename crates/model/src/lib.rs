//! What commands answer with: typed results, the layouts they are drawn as, and name patterns.
//!
//! A command fills a result type that is [`Show`]: its `Serialize` is the API (field names of the
//! Arthas HTTP API), its [`Layout`] is the picture. Nothing here knows a screen, a socket or a JVM:
//! `render` turns a layout into text, the web console may turn the same one into a chart.
#![forbid(unsafe_code)]

mod layout;
mod pattern;
mod show;
mod status;
mod text;

pub use layout::{Align, Arrange, Column, Field, Group, Layout, Node, Overflow, Series, Table};
pub use pattern::Wildcard;
pub use show::{Show, View};
pub use status::{Message, RowAffect, Status};
pub use text::{Span, Style, Text};
