//! `ognl`: an expression over the application's classes, evaluated once on a thread of the agent's.

use host::evaluation::Evaluation;
use host::values::Snapshot;
use shell::Expression;

use super::value::{Shown, lines};
use super::{may, read};
use crate::class::loader;
use crate::prelude::*;

/// Evaluate an expression
///
/// It may call the application's methods, on a thread of the agent's: whoever is called may wait, and
/// may change the application. While option `strict` is on, nothing but variables can be assigned.
#[derive(Args)]
#[command(group = Class, permission = Evaluate)]
#[command(example = "ognl '@java.lang.System@getProperty(\"java.version\")'")]
#[command(example = "ognl '#a={1,2,3}, #a.{#this*2}'")]
#[command(example = "ognl -x 2 @demo.MathGame@RANDOM")]
pub(crate) struct Ognl {
    /// The expression
    express: Expression,
    /// Sees the classes of the loader with this hash
    #[arg(short = 'c', long = "classLoader", label = "hash")]
    loader: Option<String>,
    /// Sees the classes of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// Down to which level objects are opened, 4 at most
    #[arg(short = 'x', long, label = "level", default = "1")]
    expand: u32,
}

impl Command for Ognl {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let shown = Shown::of(host, self.expand, None)?;
        let express = read(&self.express, Host::over_object)?;
        let how = Evaluation { depth: shown.expand, may: may(cx) };
        let loader = loader::wanted(self.loader, self.loader_class);
        match host.evaluate(&express, &loader, how).or_fail()? {
            Ok(Ok(data)) => cx.emit(Value { value: shown.text(host, &data), data }),
            Ok(Err(mistake)) => Err(self.express.mistake(mistake.at, mistake.message).into()),
            Err(not_one) => Err(loader::end::<Value>(cx, not_one, "", &loader)),
        }
    }
}

/// The value of an expression.
#[derive(Serialize)]
struct Value {
    /// As the object view shows it.
    value: String,
    /// As data.
    data: Snapshot,
}

impl Show for Value {
    const KIND: &'static str = "ognl";

    fn layout(&self) -> Layout {
        Layout::stack(lines(&self.value).collect())
    }
}
