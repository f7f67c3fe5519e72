//! A condition of the user's, asked at a certain moment of a call: what an observation compiles for each of
//! its methods.

use std::sync::Arc;

use jvm::{clock, mutf8, spy};

use crate::advice::CostRange;
use crate::compiled::{Compile, ForMethod, Signature};
use crate::condition::{Compiled, Condition, Helpers, Refused, Subject, When};
use crate::matcher::Matched;
use crate::method_facts::CodeFacts;
use crate::registry::internal;

/// A condition and when it is asked.
pub struct Conditioned {
    condition: Arc<Condition>,
    when: When,
}

/// Every value has its place in the largest shape; what fits there fits where fewer values are.
const ROOMIEST: (u8, u8) = (16, 16);

impl Conditioned {
    /// The condition, asked before or after the method's body.
    pub fn new(condition: Arc<Condition>, when: When) -> Self {
        Self { condition, when }
    }

    fn compiled(
        &self,
        method: &Signature<'_>,
        shape: (u8, u8),
        stored: &[bool],
        number: u32,
    ) -> Result<Compiled, Refused> {
        let class = internal(method.class);
        let [name, descriptor] = [method.name, method.descriptor].map(mutf8::bytes);
        let subject = Subject {
            class: &class,
            name: &name,
            descriptor: &descriptor,
            is_static: method.is_static,
            when: self.when,
            shape,
            stored,
        };
        let names = spy::names();
        let helpers =
            Helpers { spy: &names.spy, advice: &names.advice, ticks_per_second: clock::ticks_per_second() };
        self.condition.compile(&subject, &helpers, number)
    }

    /// Why the condition fits none of these methods, so that a mistake in it can be pointed at before anything
    /// is woven; `None` if it fits one, or there is none.
    pub fn fits_none(&self, matched: &Matched) -> Option<Refused> {
        let mut why = None;
        for class in &matched.classes {
            for method in &class.methods {
                let signature = Signature::matched(class, method);
                match self.compiled(&signature, ROOMIEST, &[], 0) {
                    Ok(_) => return None,
                    Err(refused) => why = why.or(Some(refused)),
                }
            }
        }
        why
    }
}

impl Compile for Conditioned {
    fn needs_values(&self) -> bool {
        self.condition.needs().values
    }

    fn fits(&self, method: &Signature<'_>) -> Result<(), String> {
        self.compiled(method, ROOMIEST, &[], 0).map(drop).map_err(|refused| refused.message)
    }

    fn compile(&self, method: &Signature<'_>, code: &CodeFacts, number: u32) -> Result<ForMethod, String> {
        let shape = match code.shape {
            Some(shape) => shape,
            None if self.needs_values() => return Err("its values are not passed".to_owned()),
            None => ROOMIEST,
        };
        let compiled =
            self.compiled(method, shape, &code.stored, number).map_err(|refused| refused.message)?;
        Ok(ForMethod {
            class: compiled.class.map(|class| (class.name, class.bytes)),
            entry: compiled.entry,
            exit: compiled.exit,
            cost: compiled.range.map(|range| CostRange { least: range.least, most: range.most }),
            rest: compiled.rest,
            notes: compiled.notes,
        })
    }
}
