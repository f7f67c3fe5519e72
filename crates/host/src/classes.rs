//! Names of loaded classes, for completion.

use crate::Host;
use crate::error::Result;

impl Host {
    /// Names of loaded classes that begin with `prefix`, up to the next dot after it: `java.util.`
    /// stands for all that is in that package. Sorted; arrays and hidden classes are left out. At most
    /// `limit`.
    pub fn class_names(&self, prefix: &str, limit: usize) -> Result<Vec<String>> {
        let names = self.vm.with_env(|env| self.environment.jvmti.loaded_class_names(env))?;
        let mut segments: Vec<&str> = names.iter().filter_map(|name| segment(name, prefix)).collect();
        segments.sort_unstable();
        segments.dedup();
        Ok(segments.into_iter().take(limit).map(str::to_owned).collect())
    }
}

/// The name up to the first dot after the prefix, that dot included.
fn segment<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    if name.starts_with('[') || name.contains('/') {
        return None;
    }
    let rest = name.strip_prefix(prefix)?;
    match rest.find('.') {
        Some(dot) => name.get(..prefix.len() + dot + 1),
        None => Some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn names_are_offered_package_by_package() {
        assert_eq!(segment("java.util.List", "ja"), Some("java."));
        assert_eq!(segment("java.util.List", "java.util."), Some("java.util.List"));
        assert_eq!(segment("java.util.List", "java.util.L"), Some("java.util.List"));
        assert_eq!(segment("java.util.concurrent.Callable", "java.util."), Some("java.util.concurrent."));
        assert_eq!(segment("demo.Main", "java"), None);
    }

    #[test]
    fn arrays_and_hidden_classes_are_left_out() {
        assert_eq!(segment("[Ljava.lang.String;", ""), None);
        assert_eq!(segment("demo.Main$$Lambda/0x00c0", "demo."), None);
    }
}
