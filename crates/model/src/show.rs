//! How a typed result presents itself: [`Show`] is what a command writes, [`View`] is what travels
//! to whoever draws, without its type.

use serde::Serialize;
use serde_json::Value;

use crate::Layout;

/// A command's result.
pub trait Show: Serialize + Send {
    /// The `type` of the result in the HTTP API, such as `thread`.
    const KIND: &'static str;

    /// The result as a picture.
    fn layout(&self) -> Layout;
}

/// A [`Show`] whose type is no longer known.
pub trait View: Send {
    /// See [`Show::KIND`].
    fn kind(&self) -> &'static str;

    /// The result's fields. What cannot be serialised (there is no such result) is `null`.
    fn json(&self) -> Value;

    /// See [`Show::layout`].
    fn layout(&self) -> Layout;
}

impl<T: Show> View for T {
    fn kind(&self) -> &'static str {
        T::KIND
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    fn layout(&self) -> Layout {
        Show::layout(self)
    }
}
