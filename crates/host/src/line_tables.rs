//! The lines of methods, as their class files tell them: what `line` can observe.

use std::collections::BTreeSet;

use jvm::{Capabilities, Capability};

use crate::Host;
use crate::error::Result;
use crate::matcher::{Matched, MatchedMethod};

/// The lines of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineTable {
    /// The class, with dots.
    pub class: String,
    /// The source file, if the class file tells.
    pub source: Option<String>,
    /// The method.
    pub method: String,
    /// Its descriptor.
    pub descriptor: String,
    /// Its lines, each once, in their order; none where the class file tells of none.
    pub lines: Vec<u32>,
}

impl Host {
    /// The lines of the methods that were matched.
    pub fn line_tables(&self, matched: &Matched) -> Result<Vec<LineTable>> {
        let wanted = Capabilities::NONE.with(Capability::GetLineNumbers).with(Capability::GetSourceFileName);
        self.environment.ensure(wanted)?;
        let jvmti = &self.environment.jvmti;
        self.vm.with_env(|env| {
            let mut tables = Vec::with_capacity(matched.method_count());
            for class in &matched.classes {
                // It may be unloaded meanwhile.
                let Some(mirror) = class.class.get(env)? else { continue };
                let source = jvmti.source_file(&mirror).ok().flatten();
                let all = jvmti.class_methods(&mirror)?;
                for method in &class.methods {
                    let is_it = |one: &&jvm::ClassMethod| {
                        one.name == method.name && one.descriptor == method.descriptor
                    };
                    let Some(found) = all.iter().find(is_it) else { continue };
                    tables.push(LineTable {
                        class: class.name.clone(),
                        source: source.clone(),
                        method: method.name.clone(),
                        descriptor: method.descriptor.clone(),
                        lines: jvmti.line_numbers(found.id),
                    });
                }
            }
            Ok(tables)
        })
    }
}

impl Matched {
    /// Leaves only methods of this descriptor.
    pub fn retain_descriptor(&mut self, descriptor: &str) {
        self.retain(|_, method| method.descriptor == descriptor);
    }

    /// Leaves only methods that have one of these lines.
    pub fn retain_lines(&mut self, tables: &[LineTable], lines: &BTreeSet<u16>) {
        self.retain(|class, method| {
            tables.iter().any(|table| {
                table.class == class
                    && table.method == method.name
                    && table.descriptor == method.descriptor
                    && table
                        .lines
                        .iter()
                        .any(|line| u16::try_from(*line).is_ok_and(|line| lines.contains(&line)))
            })
        });
    }

    fn retain(&mut self, is_meant: impl Fn(&str, &MatchedMethod) -> bool) {
        for class in &mut self.classes {
            class.methods.retain(|method| is_meant(&class.name, method));
        }
        self.classes.retain(|class| !class.methods.is_empty());
    }
}
