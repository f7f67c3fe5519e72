//! Options for the agent as the user types them: `key=value,key=value`.

use std::collections::BTreeMap;
use std::path::Path;

/// Keys whose value is a path.
const PATHS: &[&str] = &["ca-file", "config", "java-dir", "log", "output-dir", "password-file", "token-file"];

/// Reads options. A comma in a value is written `%2C`. Later ones win. Paths become absolute, because the JVM's working directory is not ours. The error is a
/// sentence.
pub fn parse<S: AsRef<str>>(lists: &[S], directory: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut options = BTreeMap::new();
    for part in lists.iter().flat_map(|list| list.as_ref().split(',')).filter(|part| !part.is_empty()) {
        let (key, value) = match part.split_once('=') {
            Some((key, value)) if !key.is_empty() => (key, value),
            _ => {
                return Err(format!(
                    "`{part}` is no option: write key=value, with %2C for a comma in the value"
                ));
            }
        };
        if key == "password" {
            return Err(
                "a password on a command line can be read by every user of the machine: write it into a \
                        file and give password-file=FILE"
                    .to_owned(),
            );
        }
        let mut value = value.replace("%2C", ",").replace("%2c", ",");
        if PATHS.contains(&key) && !value.is_empty() {
            value = directory.join(&value).to_string_lossy().into_owned();
        }
        options.insert(key.to_owned(), value);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(list: &str) -> Vec<(String, String)> {
        parse(&[list], Path::new("/home/ann")).unwrap().into_iter().collect()
    }

    #[test]
    fn keys_values_commas_and_percent_signs_are_read() {
        assert_eq!(
            options("app-name=a%2Cb,tunnel-url=ws://h:1/ws?a=b"),
            [("app-name", "a,b"), ("tunnel-url", "ws://h:1/ws?a=b")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert_eq!(options(""), []);
    }

    #[test]
    fn a_relative_path_is_taken_from_our_directory() {
        assert_eq!(options("token-file=token")[0].1, "/home/ann/token");
        assert_eq!(options("token-file=/etc/token")[0].1, "/etc/token");
    }

    #[test]
    fn a_word_without_a_value_is_named() {
        assert!(parse(&["app-name"], Path::new("/")).unwrap_err().contains("`app-name`"));
    }

    #[test]
    fn a_password_is_refused_without_being_repeated() {
        let why = parse(&["http=8563,password=hush"], Path::new("/")).unwrap_err();
        assert!(why.contains("password-file") && !why.contains("hush"), "{why}");
    }
}
