//! A result as the JSON object of the HTTP API.

use model::View;
use serde_json::{Map, Value};

/// One object on one line: the result's fields, its `type` and its `jobId`. Keys are in
/// alphabetical order and absent values left out, as Arthas's clients know it.
pub fn json(view: &dyn View, job: u64) -> String {
    let mut object = match view.json() {
        Value::Object(fields) => fields,
        Value::Null => Map::new(),
        other => {
            let mut object = Map::new();
            object.insert("value".to_owned(), other);
            object
        }
    };
    object.retain(|_, value| !value.is_null());
    object.insert("type".to_owned(), Value::from(view.kind()));
    object.insert("jobId".to_owned(), Value::from(job));
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Status;

    #[test]
    fn a_result_has_its_type_and_job_and_no_absent_values() {
        let status = Status { status_code: 0, message: None };
        assert_eq!(json(&status, 7), r#"{"jobId":7,"statusCode":0,"type":"status"}"#);
    }
}
