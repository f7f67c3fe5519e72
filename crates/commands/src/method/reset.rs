//! `reset`: classes get their own byte code back.

use super::effect::Reset as Answer;
use crate::prelude::*;

/// Put back the byte code of observed classes
///
/// A class stays woven, at no cost, when a command that observed it ends: the next one starts at
/// once. `reset` takes that back, and what `redefine` did. Commands that still observe the classes see nothing any more.
#[derive(Args)]
#[command(group = Method, permission = Observe, example = "reset", example = "reset demo.*")]
pub(crate) struct Reset {
    /// The classes; all without it
    #[arg(name = "class-pattern")]
    class: Option<ClassPattern>,
    /// The pattern is a regular expression
    #[arg(short = 'E', long)]
    regex: bool,
}

impl Command for Reset {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let pattern = match &self.class {
            None => host::NamePattern::any(),
            Some(class) if self.regex => host::NamePattern::regex(class).map_err(Failure::new)?,
            Some(class) => host::NamePattern::wildcard(class),
        };
        let effect = host.reset(&pattern).or_fail()?;
        cx.emit(Answer::of(&effect))
    }
}
