//! Help as results: the list of commands and the detail of one, both made from declarations alone.

use model::{Column, Field, Layout, Show, Style, Table, Text};
use serde::Serialize;

use crate::{Arg, Opt, Signature};

/// All commands with their summaries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HelpList {
    commands: Vec<Detail>,
    #[serde(skip)]
    signatures: Vec<&'static Signature>,
}

/// One command in full.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HelpDetail {
    detail_command: Detail,
    #[serde(skip)]
    signature: &'static Signature,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    summary: &'static str,
    options: Vec<DetailOption>,
    arguments: Vec<DetailArgument>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct DetailOption {
    long_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_name: Option<char>,
    description: &'static str,
    accept_value: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct DetailArgument {
    arg_name: &'static str,
    description: &'static str,
    required: bool,
    multi_valued: bool,
}

impl HelpList {
    /// Lists what is not hidden, by group.
    pub fn of(signatures: impl Iterator<Item = &'static Signature>) -> Self {
        let mut signatures: Vec<_> = signatures.filter(|signature| !signature.hidden).collect();
        signatures.sort_by_key(|signature| signature.group);
        let brief = |signature: &&'static Signature| Detail {
            name: signature.name,
            description: None,
            usage: None,
            summary: signature.summary,
            options: Vec::new(),
            arguments: Vec::new(),
        };
        Self { commands: signatures.iter().map(brief).collect(), signatures }
    }
}

impl Show for HelpList {
    const KIND: &'static str = "help";

    fn layout(&self) -> Layout {
        let width = self.signatures.iter().map(|signature| signature.name.len()).max().unwrap_or(0);
        let mut items = Vec::new();
        for group in self.signatures.chunk_by(|one, next| one.group == next.group) {
            if let Some(first) = group.first() {
                items.push(heading(first.group.title()));
            }
            let row = |signature: &&'static Signature| {
                let name = format!("{:width$}", signature.name);
                vec![Text::styled(Style::Name, name), signature.summary.into()]
            };
            items.push(columns(2, group.iter().map(row).collect()));
        }
        items.push(Layout::Line(Text::styled(
            Style::Dim,
            "`help COMMAND` or `COMMAND -h` shows a command's options; Tab completes.",
        )));
        Layout::stack(items)
    }
}

impl HelpDetail {
    /// Tells all about one command.
    pub fn of(signature: &'static Signature) -> Self {
        let option = |option: &'static Opt| DetailOption {
            long_name: option.long,
            short_name: option.short,
            description: option.help,
            accept_value: option.shape.is_some(),
        };
        let argument = |argument: &'static Arg| DetailArgument {
            arg_name: argument.name,
            description: argument.help,
            required: argument.required,
            multi_valued: argument.many,
        };
        let detail_command = Detail {
            name: signature.name,
            description: Some(described(signature)).filter(|text| !text.is_empty()),
            usage: Some(usage(signature)),
            summary: signature.summary,
            options: signature.options.iter().map(option).chain([HELP]).collect(),
            arguments: signature.arguments.iter().map(argument).collect(),
        };
        Self { detail_command, signature }
    }
}

/// The option that every command has.
const HELP: DetailOption =
    DetailOption { long_name: "help", short_name: Some('h'), description: "this help", accept_value: false };

/// The description with the examples, as programs expect them.
fn described(signature: &Signature) -> String {
    let mut text = signature.description.to_owned();
    if !signature.examples.is_empty() {
        text.push_str("\nExamples:\n");
        signature.examples.iter().for_each(|example| {
            text.push_str("  ");
            text.push_str(example);
            text.push('\n');
        });
    }
    text
}

impl Show for HelpDetail {
    const KIND: &'static str = "help";

    fn layout(&self) -> Layout {
        let signature = self.signature;
        let mut items = vec![Layout::line(signature.summary)];
        items.extend(signature.description.lines().map(Layout::line));
        let section = |items: &mut Vec<Layout>, title| items.extend([Layout::line(""), heading(title)]);
        section(&mut items, "Usage");
        items.push(Layout::line(format!("  {}", usage(signature))));
        if !signature.aliases.is_empty() {
            items.push(Layout::line(format!("  also: {}", signature.aliases.join(", "))));
        }
        if !signature.arguments.is_empty() {
            section(&mut items, "Arguments");
            items.push(columns(2, signature.arguments.iter().map(argument_row).collect()));
        }
        section(&mut items, "Options");
        let mut rows: Vec<Vec<Text>> = signature.options.iter().map(option_row).collect();
        rows.push(vec![Text::styled(Style::Name, "  -h, --help"), "Show this help".into()]);
        items.push(columns(0, rows));
        if !signature.examples.is_empty() {
            section(&mut items, "Examples");
            items.extend(signature.examples.iter().map(|line| Layout::line(format!("  {line}"))));
        }
        Layout::stack(items)
    }
}

/// The line that shows how a command is typed, such as `thread [-n <n>] [thread-id]`.
pub fn usage(signature: &Signature) -> String {
    let mut usage = signature.name.to_owned();
    let bracket = |required: bool, text: String| if required { text } else { format!("[{text}]") };
    for option in signature.options {
        let name = option.short.map_or_else(|| format!("--{}", option.long), |short| format!("-{short}"));
        let text = option.value_label().map_or_else(|| name.clone(), |label| format!("{name} <{label}>"));
        usage.push(' ');
        usage.push_str(&bracket(option.required, text));
    }
    for argument in signature.arguments {
        let text = if argument.many { format!("{}...", argument.name) } else { argument.name.to_owned() };
        usage.push(' ');
        usage.push_str(&bracket(argument.required, text));
    }
    usage
}

fn option_row(option: &Opt) -> Vec<Text> {
    let short = option.short.map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
    let mut name = Text::styled(Style::Name, format!("  {short}--{}", option.long));
    if let Some(label) = option.value_label() {
        name.push(Style::Plain, format!(" <{label}>"));
    }
    vec![name, help_text(option.help, option.shape, option.default, option.required).into()]
}

fn argument_row(argument: &Arg) -> Vec<Text> {
    let name = Text::styled(Style::Name, format!("  {}", argument.name));
    vec![name, help_text(argument.help, Some(argument.shape), argument.default, argument.required).into()]
}

fn help_text(help: &str, shape: Option<crate::Shape>, default: Option<&str>, required: bool) -> String {
    let mut text = help.to_owned();
    if let Some(crate::Shape::Choice(values)) = shape {
        text.push_str(&format!(": {}", values.join(", ")));
    }
    if required {
        text.push_str(" (required)");
    }
    if let Some(default) = default {
        text.push_str(&format!(" (default {default})"));
    }
    text
}

fn heading(title: &'static str) -> Layout {
    Layout::Line(Text::styled(Style::Heading, title))
}

fn columns(indent: usize, mut rows: Vec<Vec<Text>>) -> Layout {
    if indent > 0 {
        for first in rows.iter_mut().filter_map(|row| row.first_mut()) {
            let trimmed = first.plain();
            if !trimmed.starts_with("  ") {
                *first = Text::styled(Style::Name, format!("{}{trimmed}", " ".repeat(indent)));
            }
        }
    }
    let columns = vec![Column::new(""), Column::new("")];
    Layout::Table(Table { columns, rows, may_cut_rows: false, headless: true })
}

/// What a session shows first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Welcome(pub(crate) Vec<Field>);

impl Serialize for Welcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|field| (field.name.plain(), field.value.plain())))
    }
}

impl Show for Welcome {
    const KIND: &'static str = "welcome";

    fn layout(&self) -> Layout {
        Layout::Fields(self.0.clone())
    }
}
