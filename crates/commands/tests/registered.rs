//! Every command's file is listed, and every command's page says what its declaration says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use commands::COMMANDS;
use shell::help::usage;
use shell::{Shape, Signature};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_file_with_a_command_is_listed() {
    let mut in_files = BTreeSet::new();
    for group in ["shell", "system", "thread", "memory", "class", "expression", "objects", "method", "change"]
    {
        for file in fs::read_dir(here().join("src").join(group)).unwrap() {
            let path = file.unwrap().path();
            if fs::read_to_string(&path).unwrap().contains("impl Command for ") {
                in_files.insert(path.file_stem().unwrap().to_str().unwrap().replace('_', "-"));
            }
        }
    }
    let listed: BTreeSet<String> = COMMANDS.iter().map(|entry| entry.signature().name.to_owned()).collect();
    assert_eq!(listed, in_files, "COMMANDS in src/lib.rs and the files differ");
    assert_eq!(listed.len(), COMMANDS.len(), "a command is listed twice");
}

#[test]
fn every_command_has_help_and_an_example_that_begins_with_its_name() {
    for signature in all() {
        assert!(!signature.summary.is_empty() && !signature.summary.ends_with('.'), "{}", signature.name);
        assert!(!signature.examples.is_empty(), "{} has no example", signature.name);
        for example in signature.examples {
            let is_named = example.split(" | ").any(|part| part.split(' ').next() == Some(signature.name));
            assert!(is_named, "{example}");
        }
    }
}

#[test]
fn every_option_is_named_once() {
    for signature in all() {
        let shorts: Vec<char> = signature.options.iter().filter_map(|option| option.short).collect();
        let longs: Vec<&str> = signature.options.iter().map(|option| option.long).collect();
        assert_eq!(shorts.iter().collect::<BTreeSet<_>>().len(), shorts.len(), "{}", signature.name);
        assert_eq!(longs.iter().collect::<BTreeSet<_>>().len(), longs.len(), "{}", signature.name);
        assert!(!shorts.contains(&'h'), "{}: -h is help", signature.name);
    }
}

/// Commands and filters.
fn all() -> Vec<&'static Signature> {
    COMMANDS.iter().map(|entry| entry.signature()).chain(shell::filters()).collect()
}

/// `BLESS=1 cargo test -p commands` writes the pages anew.
#[test]
fn the_pages_say_what_the_declarations_say() {
    let folder = here().join("../../docs/commands");
    let path = |signature: &Signature| folder.join(format!("{}.md", signature.name));
    let mut pages: Vec<(PathBuf, String)> =
        all().into_iter().map(|signature| (path(signature), page(signature))).collect();
    pages.push((folder.join("README.md"), index()));
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (path, text) in &pages {
            fs::write(path, text).unwrap();
        }
    }
    for (path, text) in &pages {
        let written = fs::read_to_string(path).unwrap_or_default();
        assert!(written == *text, "{} is out of date: BLESS=1 cargo test -p commands", path.display());
    }
    let known: BTreeSet<_> = pages.iter().map(|(path, _)| path.file_name().unwrap().to_owned()).collect();
    for file in fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name();
        assert!(known.contains(&name), "{} is the page of no command", Path::new(&name).display());
    }
}

fn index() -> String {
    let mut text = "# Commands\n".to_owned();
    let mut signatures = all();
    signatures.sort_by_key(|signature| signature.group);
    for group in signatures.chunk_by(|one, next| one.group == next.group) {
        if let Some(first) = group.first() {
            text.push_str(&format!("\n## {}\n\n", first.group.title()));
        }
        for signature in group {
            text.push_str(&format!("- [`{0}`]({0}.md): {1}\n", signature.name, signature.summary));
        }
    }
    text
}

fn page(signature: &Signature) -> String {
    let mut text = format!("# {}\n\n{}.\n", signature.name, signature.summary);
    for paragraph in signature.description.lines() {
        text.push_str(&format!("\n{paragraph}\n"));
    }
    text.push_str(&format!("\n```\n{}\n```\n", usage(signature)));
    if !signature.aliases.is_empty() {
        text.push_str(&format!("\nAlso: `{}`.\n", signature.aliases.join("`, `")));
    }
    text.push_str("\n| | |\n|---|---|\n");
    for argument in signature.arguments {
        let name = if argument.many { format!("{}...", argument.name) } else { argument.name.to_owned() };
        let what = what(argument.help, Some(argument.shape), argument.default, argument.required);
        text.push_str(&format!("| `{name}` | {what} |\n"));
    }
    for option in signature.options {
        let short = option.short.map_or_else(String::new, |short| format!("-{short}, "));
        let value = option.value_label().map_or_else(String::new, |label| format!(" <{label}>"));
        let what = what(option.help, option.shape, option.default, option.required);
        text.push_str(&format!("| `{short}--{}{value}` | {what} |\n", option.long));
    }
    text.push_str("| `-h, --help` | Show this help |\n");
    text.push_str(
        &format!("\nNeeds the permission `{:?}`.\n", signature.permission)
            .to_lowercase()
            .replace("needs", "Needs"),
    );
    text.push_str("\n## Examples\n\n```\n");
    for example in signature.examples {
        text.push_str(&format!("{example}\n"));
    }
    text.push_str("```\n");
    text
}

fn what(help: &str, shape: Option<Shape>, default: Option<&str>, required: bool) -> String {
    let mut text = help.to_owned();
    if let Some(Shape::Choice(values)) = shape {
        text.push_str(&format!(": `{}`", values.join("`, `")));
    }
    if required {
        text.push_str(" (required)");
    }
    if let Some(default) = default {
        text.push_str(&format!(" (default `{default}`)"));
    }
    text.replace('|', "\\|")
}
