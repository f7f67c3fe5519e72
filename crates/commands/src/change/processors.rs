//! Sources that want an annotation processor, of which none runs in somebody's JVM: it would be foreign code there.
//!
//! Most processors write other classes, which the application has as files or loaded. Lombok changes the class itself, so that
//! what is compiled without it lacks methods, or does silently less (`@NonNull`, `@Cleanup`, `@Synchronized`).

use host::compile::SourceFile;

/// What to do about sources that use Lombok; nothing where none does.
pub(super) fn advice(sources: &[SourceFile]) -> Option<String> {
    let source = sources.iter().find(|source| uses_lombok(&source.text))?;
    let class = source.class_name();
    let file = class.rsplit('.').next().unwrap_or_default();
    Some(format!(
        "{} uses Lombok, and no annotation processor runs in the application's JVM. Compile it with your build and give the \
         JVM the class file: `retransform {file}.class`, from another machine with `oxprobe exec --send {file}.class`.",
        source.path
    ))
}

fn uses_lombok(text: &str) -> bool {
    let imports = text.split(['\n', ';']).filter_map(|line| line.trim_start().strip_prefix("import"));
    let mut names = imports.map(|rest| {
        let rest = rest.trim_start();
        rest.strip_prefix("static").map_or(rest, str::trim_start)
    });
    names.any(|name| name.starts_with("lombok.")) || text.contains("@lombok.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lombok_is_known_by_its_imports_and_its_full_names() {
        for text in [
            "import lombok.Data;",
            "\timport  lombok.experimental.*;",
            "import static lombok.A.b;",
            "@lombok.Data class A {}",
        ] {
            assert!(uses_lombok(text), "{text}");
        }
        for text in ["import lombokish.Data;", "// lombok.Data", "import my.lombok.Data;", "class lombok {}"]
        {
            assert!(!uses_lombok(text), "{text}");
        }
    }

    #[test]
    fn the_class_file_is_named() {
        let source = |text: &str| SourceFile { path: "/tmp/Order.java".to_owned(), text: text.to_owned() };
        let said = advice(&[source(""), source("package shop; import lombok.Data;")]);
        assert!(said.is_some_and(|said| said.contains("`retransform Order.class`")));
        assert_eq!(advice(&[source("package shop;")]), None);
    }
}
