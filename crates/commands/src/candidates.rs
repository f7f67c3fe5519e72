//! What Tab offers for a value that only the JVM knows.

use std::collections::BTreeSet;

use host::{Host, NamePattern, Wanted};
use shell::{Asked, Shape};

/// Values that fit what was asked, at most `limit`. Asks the JVM; an error is an empty answer, because
/// completion is a courtesy.
pub fn candidates(host: &Host, asked: &Asked<'_>, limit: usize) -> Vec<String> {
    let Asked { shape, prefix, class } = *asked;
    let all = match shape {
        Shape::Method => class.map(|class| methods(host, class)).unwrap_or_default(),
        Shape::Class => return host.class_names(prefix, limit).unwrap_or_default(),
        Shape::SystemProperty => host.properties().map(|all| all.into_keys().collect()).unwrap_or_default(),
        Shape::Environment => host.environment().map(|all| all.into_keys().collect()).unwrap_or_default(),
        Shape::Thread => threads(host),
        Shape::File => files(prefix),
        Shape::Switch => host.options().all().into_iter().map(|row| row.name.to_owned()).collect(),
        Shape::VmOption => vm_options(host),
        Shape::Bean => beans(host, "*:*"),
        Shape::BeanAttribute => class.map(|bean| attributes(host, bean)).unwrap_or_default(),
        _ => Vec::new(),
    };
    let mut fitting: Vec<String> = all.into_iter().filter(|name| name.starts_with(prefix)).collect();
    fitting.sort_unstable();
    fitting.truncate(limit);
    fitting
}

/// The methods of the classes, which must have one name: else their methods would be mixed.
fn methods(host: &Host, class: &str) -> Vec<String> {
    let wanted = Wanted::new(NamePattern::wildcard(class), NamePattern::any());
    let Ok(matched) = host.match_methods(&Wanted { subclasses: Some(false), ..wanted }) else {
        return Vec::new();
    };
    let first = matched.classes.first().map(|class| &class.name);
    if matched.classes.iter().any(|class| Some(&class.name) != first) {
        return Vec::new();
    }
    let methods = matched.classes.iter().flat_map(|class| &class.methods);
    let names: BTreeSet<&String> = methods.map(|method| &method.name).collect();
    names.into_iter().cloned().collect()
}

fn threads(host: &Host) -> Vec<String> {
    let threads = host.threads().map(|threads| threads.java).unwrap_or_default();
    threads.into_iter().map(|thread| thread.id.to_string()).collect()
}

fn vm_options(host: &Host) -> Vec<String> {
    host.vm_options().unwrap_or_default().into_iter().map(|option| option.name).collect()
}

fn beans(host: &Host, pattern: &str) -> Vec<String> {
    host.beans(pattern).unwrap_or_default().into_iter().map(|bean| bean.name).collect()
}

/// Of the JDK's own beans only: to describe itself a bean of the application runs code, and Tab runs none.
fn attributes(host: &Host, pattern: &str) -> Vec<String> {
    let beans = host.beans(pattern).unwrap_or_default().into_iter().filter(|bean| bean.platform);
    let names = beans.flat_map(|bean| host.bean_attribute_names(&bean.name).unwrap_or_default());
    names.collect::<BTreeSet<String>>().into_iter().collect()
}

/// What is in the folder that the prefix names; folders end in `/`.
fn files(prefix: &str) -> Vec<String> {
    /// A folder may hold millions of files.
    const LOOKED_AT: usize = 10_000;
    let folder = prefix.rfind('/').and_then(|at| prefix.get(..=at)).unwrap_or("");
    let Ok(entries) = std::fs::read_dir(if folder.is_empty() { "." } else { folder }) else {
        return Vec::new();
    };
    let name = |entry: std::fs::DirEntry| {
        let slash = if entry.path().is_dir() { "/" } else { "" };
        Some(format!("{folder}{}{slash}", entry.file_name().to_str()?))
    };
    entries.flatten().take(LOOKED_AT).filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn files_are_offered_with_the_folder_as_typed_and_folders_with_a_slash() {
        let offered = files("./");
        assert!(offered.contains(&"./src/".to_owned()), "{offered:?}");
        assert!(offered.contains(&"./Cargo.toml".to_owned()), "{offered:?}");
        assert!(files("").contains(&"src/".to_owned()));
        assert_eq!(files("/no/such/folder/"), Vec::<String>::new());
    }
}
