//! What a JVM runs, by the name people know it: the main class, or the jar.

/// The name from the property `sun.java.command`, which holds the main class or the jar's path and
/// then the program's arguments. A path keeps only its file name; without a command (a JVM made by
/// another program) there is none.
pub fn of_command(command: &str) -> Option<&str> {
    // A jar's path may hold blanks: it ends with the first `.jar` that ends a word.
    let jar_end = command
        .match_indices(".jar")
        .map(|(at, jar)| at + jar.len())
        .find(|end| command.get(*end..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')));
    let first = command.split(' ').next()?;
    let name = match jar_end {
        // A class name holds no slash; `Main a.jar` is the class `Main`.
        Some(end) if first.contains('/') || first.ends_with(".jar") => command.get(..end)?,
        _ => first,
    };
    let name = if name.ends_with(".jar") { name.rsplit('/').next()? } else { name };
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::of_command;

    #[test]
    fn a_class_is_named_with_its_package() {
        assert_eq!(of_command("demo.MathGame 3 4"), Some("demo.MathGame"));
        assert_eq!(of_command("Main input.jar"), Some("Main"));
        assert_eq!(of_command("app.module/demo.Main x"), Some("app.module/demo.Main"));
    }

    #[test]
    fn a_jar_is_named_without_its_folder() {
        assert_eq!(of_command("/opt/app/orders.jar --port 1"), Some("orders.jar"));
        assert_eq!(of_command("/opt/my app/orders.jar x.jar"), Some("orders.jar"));
        assert_eq!(of_command("orders.jar"), Some("orders.jar"));
    }

    #[test]
    fn no_command_has_no_name() {
        assert_eq!(of_command(""), None);
    }
}
