//! `getInstances`: objects of a class, and what an expression makes of them.

use host::evaluation::{Evaluation, NotOne};
use host::values::Snapshot;

use super::vmtool::{Meant, Vmtool};
use crate::class::loader;
use crate::expression::value::{Shown, lines};
use crate::expression::{may, read};
use crate::prelude::*;

impl Vmtool {
    pub(super) fn instances(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let shown = Shown::of(host, self.expand, None)?;
        let meant = self.meant()?;
        let most = match self.limit {
            -1 => usize::MAX,
            limit => usize::try_from(limit)
                .ok()
                .filter(|limit| *limit > 0)
                .ok_or("The limit must be positive, or -1 for all objects.")?,
        };
        let express = read(&self.express, Host::over_instances)?;
        let how = Evaluation { depth: shown.expand, may: may(cx) };
        match host.instances(&meant.wanted, most, &express, how).or_fail()? {
            Ok(Ok(data)) => cx.emit(Objects { value: shown.text(host, &data), data }),
            Ok(Err(mistake)) => Err(self.express.mistake(mistake.at, mistake.message).into()),
            Err(not_one) => Err(meant.end(cx, not_one)),
        }
    }
}

impl Meant {
    /// Says which classes may be meant, and ends the command.
    pub(super) fn end(&self, cx: &mut Context<'_>, not_one: NotOne) -> Failure {
        match not_one {
            NotOne::Classes(classes) if classes.is_empty() => {
                Failure::new(format!("Can not find class by class name: {}.", self.class))
            }
            not_one => loader::end::<Objects>(cx, not_one, &self.class, &self.wanted.loader),
        }
    }
}

/// Objects of a class, or what an expression makes of them.
#[derive(Serialize)]
struct Objects {
    /// As the object view shows it.
    value: String,
    /// As data.
    data: Snapshot,
}

impl Show for Objects {
    const KIND: &'static str = "vmtool";

    fn layout(&self) -> Layout {
        Layout::stack(lines(&self.value).collect())
    }
}
