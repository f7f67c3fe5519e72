//! What a client asks of the API.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// How long a command may take, unless the request says otherwise.
const USUAL: Duration = Duration::from_secs(30);

/// The longest time a request may say.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// See the module. Fields that are not known are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) action: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) consumer_id: Option<String>,
    pub(crate) command: Option<String>,
    #[serde(default)]
    exec_timeout: Value,
    pub(crate) user_id: Option<String>,
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Exec,
    AsyncExec,
    InterruptJob,
    PullResults,
    InitSession,
    JoinSession,
    CloseSession,
    SessionInfo,
}

impl Request {
    /// Reads a request's body; the error is the sentence for the client.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let failed = |why: &str| format!("Process request error: parse request failed: {why}");
        if body.is_empty() {
            return Err(failed("request body is empty"));
        }
        serde_json::from_slice(body).map_err(|why| failed(&why.to_string()))
    }

    /// The action; the error is the sentence for the client.
    pub(crate) fn action(&self) -> Result<Action, String> {
        let name = self.action.as_deref().filter(|name| !name.is_empty()).ok_or("'action' is required")?;
        Ok(match name.to_ascii_lowercase().as_str() {
            "exec" => Action::Exec,
            "async_exec" => Action::AsyncExec,
            "interrupt_job" => Action::InterruptJob,
            "pull_results" => Action::PullResults,
            "init_session" => Action::InitSession,
            "join_session" => Action::JoinSession,
            "close_session" => Action::CloseSession,
            "session_info" => Action::SessionInfo,
            _ => return Err(format!("unknown action: {}", name.chars().take(80).collect::<String>())),
        })
    }

    /// How long the command may take: milliseconds, as a number or as text.
    pub(crate) fn timeout(&self) -> Duration {
        let milliseconds = match &self.exec_timeout {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|ms| ms as i64)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match milliseconds.map(u64::try_from) {
            Some(Ok(milliseconds @ 1..)) => Duration::from_millis(milliseconds).min(LONGEST),
            _ => USUAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_number_or_a_text_of_one() {
        for (json, milliseconds) in [
            ("{}", 30_000),
            (r#"{"execTimeout":null}"#, 30_000),
            (r#"{"execTimeout":500}"#, 500),
            (r#"{"execTimeout":"500"}"#, 500),
            (r#"{"execTimeout":0}"#, 30_000),
            (r#"{"execTimeout":-1}"#, 30_000),
            (r#"{"execTimeout":"soon"}"#, 30_000),
            (r#"{"execTimeout":99999999999999}"#, 24 * 3600 * 1000),
        ] {
            let request = Request::read(json.as_bytes()).unwrap();
            assert_eq!(request.timeout(), Duration::from_millis(milliseconds), "{json}");
        }
    }

    #[test]
    fn an_action_is_known_in_any_case_and_what_is_none_is_said() {
        let action = |json: &str| Request::read(json.as_bytes()).and_then(|request| request.action());
        assert_eq!(action(r#"{"action":"EXEC","other":[1]}"#), Ok(Action::Exec));
        assert_eq!(action("{}"), Err("'action' is required".to_owned()));
        assert_eq!(action(r#"{"action":"nope"}"#), Err("unknown action: nope".to_owned()));
        for json in ["", "{", "[]", "\u{0}", r#"{"action":1}"#, &"[".repeat(100_000)] {
            let why = action(json).unwrap_err();
            assert!(why.starts_with("Process request error: parse request failed: "), "{why}");
        }
    }
}
