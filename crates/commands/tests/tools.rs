//! The page about the MCP server lists every tool as it is declared.

use std::fs;
use std::path::Path;

use commands::TOOLS;
use shell::{Kind, Parameter, Runs, Tool};

const FROM: &str = "<!-- tools: written by the test `the_page_about_mcp_lists_every_tool` with BLESS=1 -->\n";
const TO: &str = "<!-- end of tools -->\n";

/// `BLESS=1 cargo test -p commands` writes the table anew.
#[test]
fn the_page_about_mcp_lists_every_tool() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mcp.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(FROM).expect("the table's beginning");
    let (_, after) = rest.split_once(TO).expect("the table's end");
    let expected = format!("{before}{FROM}{}{TO}{after}", table());
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).unwrap();
        return;
    }
    assert!(page == expected, "docs/mcp.md is out of date: BLESS=1 cargo test -p commands");
}

fn table() -> String {
    let mut text = "| tool | | parameters | runs |\n|---|---|---|---|\n".to_owned();
    let mut tools: Vec<&Tool> = TOOLS.iter().copied().flatten().collect();
    tools.sort_by_key(|tool| tool.name);
    for tool in tools {
        let parameters: Vec<String> = tool.parameters.iter().map(parameter).collect();
        let runs = match (tool.runs, tool.is_task) {
            (Runs::Command(words), _) => format!("`{words}`"),
            (Runs::Stream(words), false) => format!("`{words}`, streaming"),
            (Runs::Stream(words), true) => format!("`{words}`, streaming, as a task, too"),
            (Runs::Stop, _) => "`stop`, after the answer".to_owned(),
            (Runs::Upload, _) => "needs `mutate`".to_owned(),
            (Runs::ViewFile, _) => "needs `view`, and for what commands wrote `dump`".to_owned(),
        };
        text.push_str(&format!(
            "| `{}` | {} | {} | {runs} |\n",
            tool.name,
            escaped(tool.summary),
            parameters.join(", ")
        ));
    }
    text
}

/// Its name, bold where it must be given, with its default and what may be chosen.
fn parameter(parameter: &Parameter) -> String {
    let name = if parameter.required { format!("**{}**", parameter.name) } else { parameter.name.to_owned() };
    let several = if parameter.kind == Kind::Texts { "[]" } else { "" };
    let choices = match parameter.kind {
        Kind::Choice(choices) => {
            format!(" {}", choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("/"))
        }
        _ => String::new(),
    };
    let default = parameter.default.map(|default| format!(" ({})", escaped(default))).unwrap_or_default();
    format!("{name}{several}{choices}{default}")
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*")
}
