//! The two ways in which options are written down: one line for the agent's argument, one line
//! each in a file.

use std::collections::BTreeMap;

/// `key=value,key=value`; `%2C` is a comma in a value.
pub(super) fn parse_argument(argument: &str, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for item in argument.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        match item.split_once('=') {
            Some((key, value)) => {
                let value = value.replace("%2C", ",").replace("%2c", ",");
                values.insert(key.trim().to_owned(), value);
            }
            // Not shown whole: it may be half of a secret that had a comma in it.
            None => problems.push(format!(
                "an option of {} characters has no '=' and is ignored; options are key=value joined by commas, \
                 with %2C for a comma in a value",
                item.chars().count()
            )),
        }
    }
    values
}

/// `key=value` a line; `#` starts a comment.
pub(super) fn parse_file(text: &str, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('=') {
            Some((key, value)) => {
                values.insert(key.trim().to_owned(), value.trim().to_owned());
            }
            None => problems.push(format!("line {} of the config file has no '=' and is ignored", at + 1)),
        }
    }
    values
}

/// Names separated by blanks, `,`, `;` or `|`.
pub(super) fn names(value: &str) -> Vec<String> {
    value
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Yes or no, as people write it.
pub(super) fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Whether a value is what kubelet puts into the environment for a service: `tcp://10.0.0.1:7777`.
pub(super) fn is_service_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_are_read_in_any_case_and_nothing_else_is() {
        assert_eq!([flag("True"), flag("on"), flag("1"), flag("YES")], [Some(true); 4]);
        assert_eq!([flag("false"), flag("OFF"), flag("0"), flag("no")], [Some(false); 4]);
        assert_eq!([flag("ture"), flag("2")], [None; 2]);
    }

    #[test]
    fn names_are_separated_by_whatever_people_use() {
        assert_eq!(names("stop heapdump;cls,|ognl "), ["stop", "heapdump", "cls", "ognl"]);
    }
}
