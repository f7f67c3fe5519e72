//! What a command has shown, as a tool's answer has it: bounded, and honest about what it left out.

use serde::Deserialize;

use super::version::Version;
use crate::http::{Object, array};

/// How many results an answer holds, and how many bytes.
const MOST: (usize, usize) = (500, 2 * 1024 * 1024);

/// See the module.
#[derive(Default)]
pub(super) struct Results {
    values: Vec<String>,
    bytes: usize,
    left_out: usize,
    status: Option<Status>,
}

/// The result that every command ends with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    status_code: i64,
    message: Option<String>,
}

/// How a command ended, as far as it does not say so itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// Its time was over, in seconds.
    pub(super) timed_out: Option<u64>,
    /// Its client, or another command of its client, did not want it any longer.
    pub(super) interrupted: bool,
    /// It goes on, though its client is answered.
    pub(super) goes_on: bool,
}

/// A tool's answer: its JSON, and whether it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) payload: String,
    pub(super) failed: bool,
    pub(super) message: Option<String>,
}

impl Results {
    /// Takes a result; `room` is what all answers together may still hold, in bytes.
    pub(super) fn push(&mut self, value: String, room: usize) {
        let (most, bytes) = MOST;
        // The status is the last and always kept.
        if value.ends_with(r#""type":"status"}"#)
            && let Ok(status) = serde_json::from_str(&value)
        {
            self.status = Some(status);
        } else if self.values.len() >= most || value.len() > bytes.saturating_sub(self.bytes).min(room) {
            self.left_out += 1;
            return;
        }
        self.bytes += value.len();
        self.values.push(value);
    }

    /// What is held, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many there were.
    pub(super) fn count(&self) -> usize {
        self.values.len() + self.left_out
    }

    fn warning(&self) -> Option<String> {
        (self.left_out > 0).then(|| {
            format!(
                "{} more results are left out: an answer holds {} results and 2 MiB. Ask for less.",
                self.left_out, MOST.0
            )
        })
    }

    /// The sentence for a command that did not end well.
    fn message(&self, end: End) -> Option<String> {
        let told = self.status.as_ref().and_then(|status| status.message.clone());
        match end.timed_out {
            Some(seconds) if end.goes_on => Some(format!(
                "The command took longer than {seconds} s; it cannot be interrupted and ends by itself."
            )),
            Some(seconds) => Some(format!("The command ended after {seconds} s, when its time was over.")),
            None if end.interrupted => Some("The command was interrupted.".to_owned()),
            None => told,
        }
    }

    fn succeeded(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.status_code == 0)
    }

    /// The answer of a command that ends by itself.
    pub(super) fn plain(&self, line: &str, session: &str, milliseconds: u64, end: End) -> Outcome {
        let success = self.succeeded() && end == End::default();
        let message = if success { None } else { self.message(end) };
        let payload = Object::new()
            .text("command", line)
            .number("executionTime", milliseconds)
            .maybe("message", message.as_deref())
            .number("resultCount", self.values.len() as u64)
            .raw("results", &array(&self.values))
            .text("sessionId", session)
            .raw("success", truth(success))
            .maybe("warning", self.warning().as_deref())
            .finish();
        Outcome { payload, failed: !success, message }
    }

    /// The answer of a command whose results come as the application goes on.
    pub(super) fn streamed(&self, end: End) -> Outcome {
        let timed_out = end.timed_out.is_some();
        let status = match end {
            End { timed_out: Some(_), .. } => "completed",
            End { interrupted: true, .. } => "cancelled",
            _ if self.succeeded() => "completed",
            _ => "error",
        };
        let message =
            self.message(end).unwrap_or_else(|| format!("The command ended with {} results.", self.count()));
        let failed = status == "error";
        let object = Object::new();
        let object = if failed { object.raw("error", "true") } else { object };
        let payload = object
            .text("message", &message)
            .number("resultCount", self.values.len() as u64)
            .raw("results", &array(&self.values))
            .text("stage", "final")
            .text("status", status)
            .raw("timedOut", truth(timed_out))
            .maybe("warning", self.warning().as_deref())
            .finish();
        Outcome { payload, failed, message: Some(message) }
    }
}

impl Outcome {
    /// The answer of a tool that failed before it ran; `code` is what programs know it by.
    pub(super) fn failure(code: Option<&str>, message: &str) -> Self {
        let payload = Object::new()
            .raw("error", "true")
            .maybe("errorCode", code)
            .text("message", message)
            .text("stage", "final")
            .text("status", "error")
            .finish();
        Self { payload, failed: true, message: Some(message.to_owned()) }
    }

    /// The result of `tools/call`. `task`: the task whose result it is.
    pub(super) fn result(&self, version: Version, task: Option<&str>) -> String {
        let object = Object::new();
        let object = match task {
            Some(task) => {
                let related = Object::new().text("taskId", task).finish();
                let related = Object::new().raw("io.modelcontextprotocol/related-task", &related).finish();
                object.raw("_meta", &related)
            }
            None => object,
        };
        let content = Object::new().text("text", &self.payload).text("type", "text").finish();
        let object = object.raw("content", &array(&[content])).raw("isError", truth(self.failed));
        match version.has_structured_content() {
            true => object.raw("structuredContent", &self.payload).finish(),
            false => object.finish(),
        }
    }
}

fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn results(status: i64) -> Results {
        let mut results = Results::default();
        results.push(r#"{"a":1,"type":"watch"}"#.to_owned(), 1000);
        results.push(format!(r#"{{"jobId":1,"message":"so","statusCode":{status},"type":"status"}}"#), 0);
        results
    }

    #[test]
    fn a_plain_answer_has_the_fields_that_clients_of_arthas_know() {
        let outcome = results(0).plain("version", "s", 7, End::default());
        let payload = read(&outcome.payload);
        assert_eq!(payload["results"].as_array().unwrap().len(), 2);
        let mut keys: Vec<_> = payload.as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["command", "executionTime", "resultCount", "results", "sessionId", "success"]);
        assert!(!outcome.failed);
        let failed = results(-1).plain("version", "s", 7, End::default());
        assert!(failed.failed);
        assert_eq!(
            (&read(&failed.payload)["success"], &read(&failed.payload)["message"]),
            (&json!(false), &json!("so"))
        );
    }

    #[test]
    fn a_streamed_answer_says_how_it_ended() {
        for (status, end, word, timed_out, failed) in [
            (0, End::default(), "completed", false, false),
            (-1, End::default(), "error", false, true),
            (-1, End { interrupted: true, ..End::default() }, "cancelled", false, false),
            (-1, End { timed_out: Some(30), ..End::default() }, "completed", true, false),
        ] {
            let outcome = results(status).streamed(end);
            let payload = read(&outcome.payload);
            assert_eq!(
                (&payload["status"], &payload["timedOut"], outcome.failed, &payload["stage"]),
                (&json!(word), &json!(timed_out), failed, &json!("final"))
            );
            assert_eq!(payload["resultCount"], 2);
        }
    }

    #[test]
    fn an_answer_is_bounded_and_says_what_it_left_out() {
        let mut results = Results::default();
        for _ in 0..600 {
            results.push("{}".to_owned(), usize::MAX);
        }
        results.push(r#"{"jobId":1,"statusCode":0,"type":"status"}"#.to_owned(), 0);
        let payload = read(&results.streamed(End::default()).payload);
        assert_eq!((&payload["resultCount"], results.count()), (&json!(501), 601));
        assert!(payload["warning"].as_str().unwrap().starts_with("100 more"), "{payload}");
        let mut results = Results::default();
        results.push("x".repeat(3 * 1024 * 1024), usize::MAX);
        results.push("{}".to_owned(), 1);
        assert_eq!((results.bytes(), results.count()), (0, 2));
    }

    #[test]
    fn the_answer_is_text_and_where_the_protocol_has_it_data() {
        let outcome = Outcome::failure(Some("EMPTY_FILE"), "say \"more\"");
        let old = read(&outcome.result(Version::agreed("2025-03-26"), None));
        assert!(old.get("structuredContent").is_none() && old["isError"] == true);
        let new = read(&outcome.result(Version::agreed("2025-11-25"), Some("t")));
        assert_eq!(new["structuredContent"], read(new["content"][0]["text"].as_str().unwrap()));
        assert_eq!(new["structuredContent"]["errorCode"], "EMPTY_FILE");
        assert_eq!(new["_meta"]["io.modelcontextprotocol/related-task"]["taskId"], "t");
    }
}
