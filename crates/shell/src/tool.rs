//! Tools: commands as an assistant calls them, with named parameters instead of words (the Model Context Protocol).
//!
//! A tool is a table of where each parameter goes in the command line; the line is then read like one that was typed, so
//! that there is one parser, one set of permissions and one log.

use serde_json::{Map, Value, json};

use crate::line::quoted;

/// A tool.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// What it is called by.
    pub name: &'static str,
    /// What it does, for who chooses among tools.
    pub summary: &'static str,
    /// What runs when it is called.
    pub runs: Runs,
    /// It may be asked for as a task, whose result is fetched later.
    pub is_task: bool,
    /// Its parameters, in the order in which they are listed.
    pub parameters: &'static [Parameter],
}

/// What a tool runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// A command that ends by itself. Its name and words that are always there.
    Command(&'static str),
    /// A command whose results come one by one as the application goes on.
    Stream(&'static str),
    /// Stops the agent, once that is answered.
    Stop,
    /// Takes a file.
    Upload,
    /// Gives a part of a file.
    ViewFile,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// What it is called.
    pub name: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Where its value goes.
    pub place: Place,
    /// It must be given.
    pub required: bool,
    /// What it is where it is not given.
    pub default: Option<&'static str>,
}

/// What a parameter's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Texts; one with commas in it, too.
    Texts,
    /// One of these.
    Choice(&'static [(&'static str, &'static str)]),
}

/// Where a parameter's value goes in the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is a positional argument, in the order of the parameters.
    Argument,
    /// It is the value of this option.
    Option(&'static str),
    /// It is the value of this option in seconds, and milliseconds in the parameter.
    Seconds(&'static str),
    /// These words are there if it is true.
    Flag(&'static str),
    /// The words of the choice are there.
    Words,
    /// How long it may take, in seconds: nothing of the command line.
    TimeLimit,
    /// Whoever runs it looks at it: nothing of the command line.
    Own,
}

impl Parameter {
    const fn new(name: &'static str, kind: Kind, place: Place, help: &'static str) -> Self {
        Self { name, help, kind, place, required: false, default: None }
    }

    /// A positional argument.
    pub const fn argument(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Text, Place::Argument, help)
    }

    /// Positional arguments that take all that is left.
    pub const fn arguments(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Texts, Place::Argument, help)
    }

    /// The value of an option.
    pub const fn option(name: &'static str, option: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Text, Place::Option(option), help)
    }

    /// The values of an option that may be given several times.
    pub const fn options(name: &'static str, option: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Texts, Place::Option(option), help)
    }

    /// The value of an option that takes a whole number.
    pub const fn number(name: &'static str, option: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Integer, Place::Option(option), help)
    }

    /// Milliseconds for an option that takes seconds.
    pub const fn seconds(name: &'static str, option: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Integer, Place::Seconds(option), help)
    }

    /// A flag.
    pub const fn flag(name: &'static str, words: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Boolean, Place::Flag(words), help)
    }

    /// A choice between words.
    pub const fn choice(
        name: &'static str,
        choices: &'static [(&'static str, &'static str)],
        help: &'static str,
    ) -> Self {
        Self::new(name, Kind::Choice(choices), Place::Words, help)
    }

    /// How long the command may go on.
    pub const fn time_limit() -> Self {
        Self::new("timeout", Kind::Integer, Place::TimeLimit, "Ends after so many seconds").or("30")
    }

    /// A parameter that is no part of a command line.
    pub const fn own(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self::new(name, kind, Place::Own, help)
    }

    /// It must be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What it is where it is not given.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Integer => json!({"type": "integer"}),
            Kind::Boolean => json!({"type": "boolean"}),
            Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Kind::Choice(choices) => {
                json!({"type": "string", "enum": choices.iter().map(|(name, _)| name).collect::<Vec<_>>()})
            }
        };
        if let Some(object) = schema.as_object_mut() {
            let help = match self.default {
                Some(default) => format!("{} (default {default})", self.help),
                None => self.help.to_owned(),
            };
            object.insert("description".to_owned(), help.into());
        }
        schema
    }

    /// The texts of what was given, or of the default; none where there is neither.
    fn texts(&self, given: &Map<String, Value>) -> Result<Vec<String>, String> {
        let value = match given.get(self.name) {
            None | Some(Value::Null) => match self.default {
                Some(default) => return Ok(vec![default.to_owned()]),
                None if self.required => return Err(format!("The parameter {} is needed.", self.name)),
                None => return Ok(Vec::new()),
            },
            Some(value) => value,
        };
        let wrong = |what: &str| format!("The parameter {} is {value}: it must be {what}.", self.name);
        match (self.kind, value) {
            (Kind::Text, Value::String(text)) => Ok(vec![text.clone()]),
            // Assistants are not strict about what is a number.
            (Kind::Text, Value::Number(number)) => Ok(vec![number.to_string()]),
            (Kind::Text, _) => Err(wrong("a text")),
            (Kind::Integer, Value::Number(number)) if number.is_i64() => Ok(vec![number.to_string()]),
            (Kind::Integer, Value::String(text)) if text.parse::<i64>().is_ok() => Ok(vec![text.clone()]),
            (Kind::Integer, _) => Err(wrong("a whole number")),
            (Kind::Boolean, Value::Bool(value)) => Ok(vec![value.to_string()]),
            (Kind::Boolean, Value::String(text)) if matches!(&**text, "true" | "false") => {
                Ok(vec![text.clone()])
            }
            (Kind::Boolean, _) => Err(wrong("true or false")),
            (Kind::Texts, Value::String(text)) => Ok(text
                .split(',')
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect()),
            (Kind::Texts, Value::Array(texts)) => {
                let text =
                    |text: &Value| text.as_str().map(str::to_owned).ok_or_else(|| wrong("a list of texts"));
                texts.iter().map(text).collect()
            }
            (Kind::Texts, _) => Err(wrong("a list of texts")),
            (Kind::Choice(choices), Value::String(text)) => {
                match choices.iter().find(|(name, _)| name == text) {
                    Some((_, words)) => Ok(vec![(*words).to_owned()]),
                    None => {
                        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                        Err(wrong(&format!("one of {}", names.join(", "))))
                    }
                }
            }
            (Kind::Choice(_), _) => Err(wrong("one of those listed")),
        }
    }
}

impl Tool {
    /// The command that runs, if one does.
    pub fn command(&self) -> Option<&'static str> {
        match self.runs {
            Runs::Command(words) | Runs::Stream(words) => words.split(' ').next(),
            Runs::Stop => Some("stop"),
            Runs::Upload | Runs::ViewFile => None,
        }
    }

    /// What its parameters may be: a JSON schema.
    pub fn schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.parameters.iter().map(|one| (one.name.to_owned(), one.schema())).collect();
        let required: Vec<&str> =
            self.parameters.iter().filter(|one| one.required).map(|one| one.name).collect();
        json!({"type": "object", "properties": properties, "required": required})
    }

    /// The command line for these parameters; empty for a tool that runs none. Those that are not known are left out.
    ///
    /// # Errors
    /// One is missing or not what it must be; which, in a sentence.
    pub fn line(&self, given: &Map<String, Value>) -> Result<String, String> {
        let (Runs::Command(start) | Runs::Stream(start)) = self.runs else { return Ok(String::new()) };
        let mut line = start.to_owned();
        let mut arguments: Vec<(String, bool)> = Vec::new();
        for parameter in self.parameters {
            let is_given = !matches!(given.get(parameter.name), None | Some(Value::Null));
            for text in parameter.texts(given)? {
                if text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
                    return Err(format!("The parameter {} has control characters in it.", parameter.name));
                }
                match parameter.place {
                    Place::Argument => arguments.push((text, is_given)),
                    Place::Option(option) => {
                        line.push_str(&format!(" {option}={}", quoted(&text, true)));
                    }
                    Place::Seconds(option) => {
                        let millis: i64 = text.parse().unwrap_or(0);
                        line.push_str(&format!(" {option}={}", (millis.max(1) - 1) / 1_000 + 1));
                    }
                    Place::Flag(words) if text == "true" => line.push_str(&format!(" {words}")),
                    Place::Words if !text.is_empty() => line.push_str(&format!(" {text}")),
                    Place::Flag(_) | Place::Words | Place::TimeLimit | Place::Own => {}
                }
            }
        }
        // What stands before the last argument that was given must be there, the rest is the command's own business.
        while arguments.pop_if(|(_, is_given)| !*is_given).is_some() {}
        if arguments.iter().any(|(text, _)| text.starts_with('-')) {
            line.push_str(" --");
        }
        for (text, _) in &arguments {
            line.push(' ');
            line.push_str(&quoted(text, true));
        }
        Ok(line)
    }

    /// How long it may take, in seconds, where it is limited.
    ///
    /// # Errors
    /// It is no number.
    pub fn time_limit(&self, given: &Map<String, Value>) -> Result<Option<u64>, String> {
        let Some(parameter) = self.parameters.iter().find(|one| one.place == Place::TimeLimit) else {
            return Ok(None);
        };
        let text = parameter.texts(given)?.into_iter().next();
        Ok(text.and_then(|text| text.parse().ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words;

    const WATCH: Tool = Tool {
        name: "watch",
        summary: "",
        runs: Runs::Stream("watch"),
        is_task: true,
        parameters: &[
            Parameter::argument("classPattern", "").required(),
            Parameter::argument("methodPattern", "").or("*"),
            Parameter::argument("express", "").or("{params}"),
            Parameter::argument("condition", ""),
            Parameter::flag("beforeMethod", "-b", ""),
            Parameter::number("numberOfExecutions", "--limits", "").or("1"),
            Parameter::seconds("intervalMs", "--cycle", ""),
            Parameter::choice("mode", &[("plain", ""), ("tree", "-t")], ""),
            Parameter::options("include", "--include", ""),
            Parameter::time_limit(),
        ],
    };

    fn line(given: Value) -> Result<String, String> {
        WATCH.line(given.as_object().expect("an object"))
    }

    #[test]
    fn parameters_become_the_words_of_a_line() {
        assert_eq!(line(json!({"classPattern": "demo.A"})).unwrap(), "watch --limits=1 demo.A");
        assert_eq!(
            line(json!({"classPattern": "demo.A", "condition": "params[0] > 1", "beforeMethod": true, "unknown": 1}))
                .unwrap(),
            "watch -b --limits=1 demo.A * {params} 'params[0] > 1'"
        );
        assert_eq!(
            line(json!({"classPattern": "A", "numberOfExecutions": "7", "intervalMs": 2_001, "mode": "tree",
                        "beforeMethod": false, "methodPattern": null, "include": "a, b"}))
            .unwrap(),
            "watch --limits=7 --cycle=3 -t --include=a --include=b A"
        );
        let limit = |given: Value| WATCH.time_limit(given.as_object().unwrap());
        assert_eq!((limit(json!({})), limit(json!({"timeout": 5}))), (Ok(Some(30)), Ok(Some(5))));
    }

    #[test]
    fn nothing_that_is_given_becomes_an_option_a_pipe_or_a_second_command() {
        for text in
            ["--yes", "a b", "x|y", "a > /tmp/f", "it's \"so\"", "&", "\\", "", "a;b", "-n", "\u{1F600} z"]
        {
            let line = line(json!({"classPattern": text, "condition": text, "include": [text]})).unwrap();
            let words: Vec<String> = words(&line).unwrap().into_iter().map(|word| word.text).collect();
            assert_eq!((&*words[0], words.last().map(|last| &**last)), ("watch", Some(text)), "{line}");
            assert!(words.contains(&text.to_owned()), "{line}");
            assert!(words.contains(&format!("--include={text}")), "{line}");
            if text.starts_with('-') {
                assert_eq!(words[words.len() - 5], "--", "{line}");
            }
        }
        assert!(line(json!({"classPattern": "a\u{1b}[2J"})).unwrap_err().contains("control characters"));
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_told() {
        for (given, part) in [
            (json!({}), "classPattern is needed"),
            (json!({"classPattern": {}}), "must be a text"),
            (json!({"classPattern": "A", "numberOfExecutions": 1.5}), "must be a whole number"),
            (json!({"classPattern": "A", "beforeMethod": "maybe"}), "must be true or false"),
            (json!({"classPattern": "A", "mode": "round"}), "one of plain, tree"),
            (json!({"classPattern": "A", "include": [1]}), "must be a list of texts"),
        ] {
            let error = line(given).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_schema_names_types_choices_and_what_is_required() {
        let schema = WATCH.schema();
        assert_eq!(schema["required"], json!(["classPattern"]));
        assert_eq!(schema["properties"]["mode"]["enum"], json!(["plain", "tree"]));
        assert_eq!(schema["properties"]["numberOfExecutions"]["type"], "integer");
        assert_eq!(schema["properties"]["timeout"]["description"], "Ends after so many seconds (default 30)");
    }
}
