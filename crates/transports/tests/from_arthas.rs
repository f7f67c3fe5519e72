//! The page for people who come from Arthas names every key as the agent's own list has it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use transports::{KeyFacts, Options};

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/from-arthas.md")
}

fn page() -> String {
    std::fs::read_to_string(path()).unwrap()
}

fn environment(key: &str) -> String {
    format!("OXPROBE_{}", key.replace('-', "_").to_uppercase())
}

/// Text as a cell has it; nothing is a dash.
fn cell(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { format!("`{text}`") }
}

/// `BLESS=1` writes the list of keys anew.
#[test]
fn the_page_for_people_from_arthas_has_every_key() {
    let (begin, end) = ("with BLESS=1 -->\n", "<!-- end of keys -->");
    let mut table = "| key | environment | default | what it says |\n|---|---|---|---|\n".to_owned();
    for KeyFacts { name, about, default, .. } in Options::keys() {
        let variable = environment(name);
        table.push_str(&format!(
            "| `{name}` | `{variable}` | {} | {} |\n",
            cell(default),
            about.replace('|', "\\|")
        ));
    }
    let old = page();
    let (before, rest) = old.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let new = format!("{before}{begin}{table}{end}{after}");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path(), &new).unwrap();
    }
    assert_eq!(page(), new, "docs/from-arthas.md is old; run the test with BLESS=1");
}

#[test]
fn arthass_keys_are_those_that_the_agent_reads() {
    let page = page();
    let rows = page.lines().filter(|line| line.starts_with("| `arthas.")).filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        // The other tables of the page have two columns.
        (cells.len() == 6).then_some(cells)
    });
    let mut told = BTreeSet::new();
    for row in rows.filter(|row| row[2] != "–") {
        let key = row[2].trim_matches('`');
        let facts = Options::keys().find(|facts| facts.name == key);
        let facts = facts.unwrap_or_else(|| panic!("the page names `{key}`, which is no key"));
        assert_eq!(row[0], cell(facts.arthas.unwrap_or_default()), "{row:?}");
        assert_eq!(
            (row[3], row[4]),
            (cell(&environment(key)).as_str(), cell(facts.default).as_str()),
            "{row:?}"
        );
        told.insert(key.to_owned());
    }
    let read: BTreeSet<String> =
        Options::keys().filter(|facts| facts.arthas.is_some()).map(|facts| facts.name.to_owned()).collect();
    assert_eq!(told, read);
}

#[test]
fn every_option_that_the_page_advises_is_a_key() {
    let page = page();
    let advised = page.split("`-o ").skip(1).filter_map(|text| text.split('=').next());
    let advised: BTreeSet<&str> = advised.collect();
    assert!(advised.len() > 5, "{advised:?}");
    for key in advised {
        assert!(Options::keys().any(|facts| facts.name == key), "{key}");
    }
}
