//! Secrets within texts: what a `toString`, a log line, a URL or a JSON document says beside a name that is kept secret.

use std::borrow::Cow;

use crate::redaction::{HIDDEN, Redaction};

impl Redaction {
    /// The text without the values that follow a name that is kept secret and `=` or `:`, without passwords in URLs and
    /// without the words behind options such as `--password`.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        match self.without_assigned(text) {
            Cow::Borrowed(text) => self.without_options(text),
            Cow::Owned(text) => Cow::Owned(self.without_options(&text).into_owned()),
        }
    }

    /// Without what `--password hunter2` says.
    fn without_options<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !text.contains('-') {
            return Cow::Borrowed(text);
        }
        let (mut out, mut copied, mut at) = (String::new(), 0, 0);
        let is_blank = |one: char| matches!(one, ' ' | '\t' | '\0' | '\n' | '\r');
        let mut is_option = false;
        while let Some(step) = text.get(at..).and_then(|rest| rest.find(|one| !is_blank(one))) {
            let from = at + step;
            let word = text.get(from..).unwrap_or_default();
            let word = word.get(..word.find(is_blank).unwrap_or(word.len())).unwrap_or_default();
            at = from + word.len();
            if is_option && !word.starts_with('-') {
                out.push_str(text.get(copied..from).unwrap_or_default());
                out.push_str(HIDDEN);
                copied = at;
            }
            is_option = word.starts_with('-') && !word.contains(['=', ':']) && self.hides(word);
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    }

    fn without_assigned<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !text.contains(['=', ':']) {
            return Cow::Borrowed(text);
        }
        let mut out: Option<String> = None;
        let mut copied = 0;
        let mut at = 0;
        while let Some(step) = text.get(at..).and_then(|rest| rest.find(['=', ':'])) {
            let sign = at + step;
            at = sign + 1;
            let Some(value) = self.value_behind(text, sign).filter(|value| !value.is_empty()) else {
                continue;
            };
            let to = out.get_or_insert_with(|| String::with_capacity(text.len()));
            to.push_str(text.get(copied..value.start).unwrap_or_default());
            to.push_str(HIDDEN);
            copied = value.end;
            at = value.end;
        }
        match out {
            Some(mut out) => {
                out.push_str(text.get(copied..).unwrap_or_default());
                Cow::Owned(out)
            }
            None => Cow::Borrowed(text),
        }
    }

    /// Where the value lies that the sign at `sign` assigns, if it is secret.
    fn value_behind(&self, text: &str, sign: usize) -> Option<std::ops::Range<usize>> {
        let rest = text.get(sign + 1..)?;
        if rest.starts_with("//") {
            return password_of_url(text, sign + 3);
        }
        let before = text.get(..sign)?.trim_end_matches([' ', '\t', '"', '\'', '\\']);
        let start = before.rfind(|one: char| !is_part_of_name(one)).map_or(0, |place| {
            place + before.get(place..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        let name = before.get(start..)?;
        if name.is_empty() || name.len() > 256 || !self.hides(name) {
            return None;
        }
        let skipped = rest.len() - rest.trim_start_matches([' ', '\t', '\\']).len();
        let from = sign + 1 + skipped;
        let value = text.get(from..)?;
        let quote = value.chars().next().filter(|one| matches!(one, '"' | '\''));
        let (from, end) = match quote {
            Some(quote) => {
                let inner = value.get(1..)?;
                let end = inner.find([quote, '\n']).unwrap_or(inner.len());
                (from + 1, end)
            }
            None => (from, end_of_value(value)),
        };
        Some(from..from + end)
    }
}

/// `secret` of `://user:secret@host`.
fn password_of_url(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let rest = text.get(from..)?;
    let authority = rest.find(['/', ' ', '\n', '"', '\'', '?']).unwrap_or(rest.len());
    let authority = rest.get(..authority)?;
    let end = authority.rfind('@')?;
    let start = authority.get(..end)?.find(':')? + 1;
    Some(from + start..from + end)
}

/// Where a value without quotes ends: `[a, b]` and `Login(user=a, key=b)` are one each.
fn end_of_value(value: &str) -> usize {
    let mut depth = 0_u32;
    let end = value.find(|one: char| match one {
        '[' | '{' | '(' => {
            depth += 1;
            false
        }
        ']' | '}' | ')' => match depth.checked_sub(1) {
            Some(outer) => {
                depth = outer;
                false
            }
            None => true,
        },
        ',' | ';' | '&' | '\n' | '"' => depth == 0,
        _ => false,
    });
    end.unwrap_or(value.len())
}

fn is_part_of_name(one: char) -> bool {
    one.is_alphanumeric() || matches!(one, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_secret_name_is_left_out() {
        let redaction = Redaction::default();
        for (text, left) in [
            ("Credentials[user=bob, password=hunter2]", "Credentials[user=bob, password=***]"),
            (
                r#"{"user":"bob","api_key": "h,un\ter2","age":3}"#,
                r#"{"user":"bob","api_key": "***","age":3}"#,
            ),
            ("jdbc:mysql://app:hunter2@db:3306/x?ssl=true", "jdbc:mysql://app:***@db:3306/x?ssl=true"),
            ("--db.password=hunter2 --port=80", "--db.password=***"),
            (
                "shop.Main --port 80 --db-password hunter2 --verbose",
                "shop.Main --port 80 --db-password *** --verbose",
            ),
            ("{tokens=[hunter2, hunter2], user=bob}", "{tokens=***, user=bob}"),
            ("Login[credentials=Pair(bob, hunter2), age=3]", "Login[credentials=***, age=3]"),
            ("Authorization: Bearer hunter2\nHost: x", "Authorization: ***\nHost: x"),
            ("GET /?a=1&accessToken=hunter2&b=2", "GET /?a=1&accessToken=***&b=2"),
            (r#"{\"secret\": \"hunter2\"}"#, r#"{\"secret\": \"***\"}"#),
        ] {
            let scrubbed = redaction.scrub(text);
            assert!(!scrubbed.contains("hunter2"), "{text} became {scrubbed}");
            if !text.contains('\\') {
                assert_eq!(scrubbed, left);
            }
        }
    }

    #[test]
    fn other_text_is_untouched() {
        let redaction = Redaction::default();
        for text in
            ["a=b", "--token", "-x 1", "http://host:80/x", "The password is wrong", "12:30:45", "token=", ""]
        {
            assert!(matches!(redaction.scrub(text), Cow::Borrowed(same) if same == text), "{text}");
        }
        assert_eq!(Redaction::none().scrub("password=x"), "password=x");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_no_secret_stays(text in "[a-z=:, \"'{}@/?&é\\\\]{0,40}", tail in "[ ,}\"]{0,3}") {
            let redaction = Redaction::default();
            let whole = format!("{text} password=hunter2{tail}");
            let kept = redaction.scrub(&whole).contains("hunter2");
            proptest::prop_assert!(!kept, "{whole}");
        }
    }
}
