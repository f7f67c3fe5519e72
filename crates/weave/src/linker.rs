//! What woven code refers to: the helper's methods and other constants, made in the pool as needed.

use std::collections::HashMap;

use crate::classfile::{Additions, Pool};
use crate::plan::Helper;
use crate::refused::Refused;
use crate::shape::Shape;

/// A method that woven code calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Enter(Option<Shape>),
    Exit(Option<Shape>),
    Thrown(Option<Shape>),
    Before,
    /// The first call, where nothing lies before it.
    First,
    /// The end of a call and the beginning of the next one.
    Next,
    After,
    Caught,
    Line(Shape),
    /// Whether to go on.
    Poll,
    /// `Float.floatToRawIntBits`
    FloatBits,
    /// `Double.doubleToRawLongBits`
    DoubleBits,
}

impl Call {
    /// Name and descriptor.
    fn signature(self) -> (String, String) {
        let object = "Ljava/lang/Object;";
        let shaped = |name: &str, shape: Option<Shape>| {
            name.to_owned() + &shape.map(Shape::suffix).unwrap_or_default()
        };
        let values = |shape: Option<Shape>| shape.map(Shape::descriptor).unwrap_or_default();
        match self {
            Call::Enter(shape) => (shaped("enter", shape), format!("(I{})J", values(shape))),
            Call::Exit(None) => ("exit".into(), "(IJ)V".into()),
            Call::Exit(shape) => (shaped("exit", shape), format!("(J{object}IJ{})V", values(shape))),
            Call::Thrown(shape) => {
                (shaped("thrown", shape), format!("(Ljava/lang/Throwable;IJ{})V", values(shape)))
            }
            Call::Before => ("before".into(), "(JII)V".into()),
            Call::First => ("first".into(), "(JII)V".into()),
            Call::Next => ("next".into(), "(JIII)V".into()),
            Call::After => ("after".into(), "(JII)V".into()),
            Call::Caught => ("caught".into(), "(JI)V".into()),
            Call::Line(shape) => (shaped("line", Some(shape)), format!("(JII{})V", values(Some(shape)))),
            Call::Poll => ("poll".into(), "()V".into()),
            Call::FloatBits => ("floatToRawIntBits".into(), "(F)I".into()),
            Call::DoubleBits => ("doubleToRawLongBits".into(), "(D)J".into()),
        }
    }
}

/// The pool of the class that is woven, and what is appended to it.
#[derive(Debug)]
pub(crate) struct Linker<'a> {
    pool: &'a Pool<'a>,
    helper: &'a Helper,
    pub(crate) additions: Additions,
    /// Few: looked through from the start.
    calls: Vec<(Call, u16)>,
    /// The classes that the pool names already; read when first asked for.
    classes: Option<HashMap<&'a [u8], u16>>,
}

impl<'a> Linker<'a> {
    pub(crate) fn new(pool: &'a Pool<'a>, helper: &'a Helper) -> Self {
        Linker { pool, helper, additions: Additions::after(pool), calls: Vec::new(), classes: None }
    }

    /// Forgets what was added from index `next` on.
    pub(crate) fn forget(&mut self, next: usize) {
        self.additions.truncate(next);
        self.calls.retain(|(_, index)| usize::from(*index) < next);
    }

    /// The index of a method; refused where the helper class lacks it.
    pub(crate) fn call(&mut self, call: Call) -> Result<u16, Refused> {
        if let Some((_, index)) = self.calls.iter().find(|(known, _)| *known == call) {
            return Ok(*index);
        }
        let (name, descriptor) = call.signature();
        let owner: &[u8] = match call {
            Call::FloatBits => b"java/lang/Float",
            Call::DoubleBits => b"java/lang/Double",
            _ if !self.helper.has(name.as_bytes(), descriptor.as_bytes()) => {
                return Err(Refused::HelperMissing(name + &descriptor));
            }
            _ => &self.helper.class,
        };
        let index =
            self.additions.method(owner, name.as_bytes(), descriptor.as_bytes()).ok_or(Refused::PoolFull)?;
        self.calls.push((call, index));
        Ok(index)
    }

    /// Whether calls of this class are our own.
    pub(crate) fn is_ours(&self, owner: &[u8]) -> bool {
        owner == self.helper.class || owner.starts_with(b"java/oxprobe/")
    }

    /// The index of a class: the pool's own where it has one, since every constant that is added costs
    /// the JVM a search through all of them.
    pub(crate) fn class(&mut self, name: &[u8]) -> Option<u16> {
        let pool = self.pool;
        let classes = self.classes.get_or_insert_with(|| pool.classes().collect());
        classes.get(name).copied().or_else(|| self.additions.class(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPY: &[u8] = include_bytes!("../../../java-shim/classes/Spy_00000000.class");

    #[test]
    fn the_helper_class_of_the_agent_has_all_that_woven_code_may_call() {
        let helper = Helper::from_class_file(SPY).unwrap();
        let mut calls = vec![Call::Before, Call::First, Call::Next, Call::After, Call::Caught];
        for shape in Shape::ALL.map(Some).into_iter().chain([None]) {
            calls.extend([Call::Enter(shape), Call::Exit(shape), Call::Thrown(shape)]);
            calls.extend(shape.map(Call::Line));
        }
        for (name, descriptor) in calls.into_iter().map(Call::signature) {
            assert!(helper.has(name.as_bytes(), descriptor.as_bytes()), "{name}{descriptor}");
        }
        assert!(!helper.has(b"enter", b"(J)J"));
    }
}
