//! The commands as tools of an assistant, by the names and parameters of Arthas's MCP server. A tool is listed once its
//! command is there.

mod class;
mod jvm;
mod method;
mod server;

use ::shell::{Parameter, Runs, Tool};

/// All tools.
pub const TOOLS: &[&[Tool]] = &[jvm::TOOLS, class::TOOLS, method::TOOLS, server::TOOLS];

const fn tool(
    name: &'static str,
    summary: &'static str,
    runs: Runs,
    parameters: &'static [Parameter],
) -> Tool {
    Tool { name, summary, runs, is_task: false, parameters }
}

const REGEX: Parameter = Parameter::flag("regex", "-E", "The patterns are regular expressions");
const LOADER_CLASS: Parameter = Parameter::option(
    "classLoaderClass",
    "--classLoaderClass",
    "Class name of the only class loader of that class",
);
const CONDITION: Parameter =
    Parameter::argument("condition", "Which calls are meant, such as params[0]>100 or #cost>50");
const METHOD: Parameter = Parameter::argument("methodPattern", "The method; * stands for any text").or("*");
const CLASS: Parameter =
    Parameter::argument("classPattern", "The class with its package; * stands for any text").required();

/// The hash of a class loader, as `classloader -l` lists it, for the option that the command has for it.
const fn loader(name: &'static str, option: &'static str) -> Parameter {
    Parameter::option(name, option, "Hash of the class loader, for classes that several have loaded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::COMMANDS;
    use ::shell::{Kind, Place};

    fn all() -> impl Iterator<Item = &'static Tool> {
        TOOLS.iter().copied().flatten()
    }

    #[test]
    fn there_are_arthass_32_tools_each_once() {
        let mut names: Vec<_> = all().map(|tool| tool.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 32, "{names:?}");
    }

    /// What a tool puts into the line must be there in the command's declaration: else it would be read as a text.
    #[test]
    fn the_options_that_tools_use_are_those_of_their_commands() {
        for tool in all() {
            let Some(command) = tool.command() else { continue };
            let Some(entry) = COMMANDS.iter().find(|entry| entry.signature().name == command) else {
                continue;
            };
            let signature = entry.signature();
            let is_known = |option: &str| {
                signature.options.iter().any(|known| {
                    option.strip_prefix("--") == Some(known.long)
                        || known.short.is_some_and(|short| option == format!("-{short}"))
                })
            };
            let mut arguments = 0;
            for parameter in tool.parameters {
                let words: Vec<&str> = match (parameter.place, parameter.kind) {
                    (Place::Option(option) | Place::Seconds(option), _) => vec![option],
                    (Place::Flag(words), _) => words.split(' ').collect(),
                    (Place::Words, Kind::Choice(choices)) => {
                        choices.iter().flat_map(|(_, words)| words.split(' ')).collect()
                    }
                    _ => vec![],
                };
                for option in words.iter().filter(|word| word.starts_with('-')) {
                    assert!(is_known(option), "{}: {command} has no option {option}", tool.name);
                }
                arguments += usize::from(parameter.place == Place::Argument);
            }
            let takes = signature.arguments.iter().any(|one| one.many);
            assert!(takes || arguments <= signature.arguments.len(), "{}: too many arguments", tool.name);
        }
    }
}
