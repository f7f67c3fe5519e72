//! What the API answers, as JSON: keys in alphabetical order, absent values left out.

/// A JSON object in the making.
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    /// A value that is JSON already.
    #[must_use]
    pub(crate) fn raw(mut self, key: &str, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(key));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    #[must_use]
    pub(crate) fn text(self, key: &str, text: &str) -> Self {
        self.raw(key, &quoted(text))
    }

    #[must_use]
    pub(crate) fn number(self, key: &str, number: u64) -> Self {
        self.raw(key, &number.to_string())
    }

    #[must_use]
    pub(crate) fn maybe(self, key: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

/// An array of values that are JSON already.
pub(crate) fn array<T: AsRef<str>>(values: &[T]) -> String {
    let length: usize = values.iter().map(|value| value.as_ref().len() + 1).sum();
    let mut json = String::with_capacity(length + 2);
    json.push('[');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        json.push_str(value.as_ref());
    }
    json.push(']');
    json
}

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Scheduled,
    Succeeded,
    Interrupted,
    Failed,
    Refused,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Succeeded => "SUCCEEDED",
            Self::Interrupted => "INTERRUPTED",
            Self::Failed => "FAILED",
            Self::Refused => "REFUSED",
        }
    }
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) state: State,
    pub(crate) body: Option<String>,
    pub(crate) consumer: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) session: Option<String>,
}

impl Reply {
    pub(crate) fn new(state: State) -> Self {
        Self { state, body: None, consumer: None, message: None, request: None, session: None }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::new(State::Failed) }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::new(State::Refused) }
    }

    pub(crate) fn json(&self) -> String {
        let object = Object::new();
        let object = match &self.body {
            Some(body) => object.raw("body", body),
            None => object,
        };
        object
            .maybe("consumerId", self.consumer.as_deref())
            .maybe("message", self.message.as_deref())
            .maybe("requestId", self.request.as_deref())
            .maybe("sessionId", self.session.as_deref())
            .text("state", self.state.name())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_arthas_writes_it() {
        assert_eq!(
            Reply::refused("Unsupported http method: GET").json(),
            r#"{"message":"Unsupported http method: GET","state":"REFUSED"}"#
        );
        let body = Object::new().raw("results", &array(&["1", "{}"])).finish();
        let reply = Reply {
            body: Some(body),
            consumer: Some("c_1".to_owned()),
            request: Some("a\"b\n".to_owned()),
            session: Some("s".to_owned()),
            ..Reply::new(State::Succeeded)
        };
        assert_eq!(
            reply.json(),
            r#"{"body":{"results":[1,{}]},"consumerId":"c_1","requestId":"a\"b\n","sessionId":"s","state":"SUCCEEDED"}"#
        );
    }
}
