//! Looking at calls with their values: what is asked of them and shown of them, made ready for each method that is
//! observed. Everything that could load a class or take long is done here, on the command's thread.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use jvm::{Capabilities, Capability, Class, Env, Environment, Local};
use parking_lot::Mutex;
use values::{
    Classes, Expression, Java, Limits, May, Method, Names, Passed, Shelf, ToldLine, Variable, Watcher,
    Watching,
};
use weave::Parts;

use crate::advice::Look;
use crate::error::Result;
use crate::method_facts::{CodeFacts, MethodFacts};
use crate::observe::Looks;
use crate::{Host, Matched};

/// What is asked of calls and shown of them, whatever the method.
#[derive(Default)]
pub struct Asked {
    /// Which calls are meant; all, if there is none.
    pub condition: Option<Expression>,
    /// What is shown of them; nothing, if there is none.
    pub express: Option<Expression>,
    /// Down to which level objects are opened.
    pub depth: u32,
    /// What the expressions may do.
    pub may: May,
    /// The condition is asked when calls begin.
    pub at_entry: bool,
    /// What must be woven for it.
    pub parts: Parts,
    /// Calls are kept with their objects, so many at a time, instead of being shown.
    pub keep: Option<usize>,
    /// Lines are looked at instead of calls: these, with so many frames of the stack.
    pub lines: Option<(BTreeSet<u16>, usize)>,
}

/// One of the expressions that are [`Asked`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedPart {
    /// Which calls are meant.
    Condition,
    /// What is shown of them.
    Express,
}

impl Host {
    /// The classes that an answer of a command meets, with the names that are kept secret now.
    pub fn met_classes(&self) -> Arc<Classes> {
        Classes::new(self.options.redaction())
    }

    /// How values are copied: so deep, within the limits that are in force.
    pub fn copy_limits(&self, depth: u32) -> Limits {
        // Nobody is shown more characters than these.
        let units = u32::try_from(self.options.object_size_limit()).unwrap_or(u32::MAX);
        let most = Limits::default();
        Limits { depth, parents: self.options.parent_fields(), units: most.units.min(units), ..most }
    }

    /// Makes what looks at the calls of an observation.
    pub fn watches(&self, asked: Asked) -> Result<Watches> {
        let watching = Watching {
            classes: self.met_classes(),
            condition: asked.condition,
            express: asked.express,
            limits: self.copy_limits(asked.depth),
            may: asked.may,
            strict: self.options.strict(),
            frames: asked.lines.as_ref().map_or(0, |(_, frames)| *frames),
        };
        let watching = Arc::new(watching);
        let names = self.vm.with_env(|env| prepare(env, &watching))?;
        let keeps = asked.keep.map(|rows| Shelves { rows, shelves: Mutex::default() });
        Ok(Watches {
            watching,
            at_entry: asked.at_entry,
            parts: asked.parts,
            names,
            keeps,
            lines: asked.lines.map(|(lines, _)| lines),
        })
    }

    /// Finds what can work at the calls of none of these methods: in which expression, its first part that cannot, and why.
    pub fn check_calls(
        &self,
        matched: &Matched,
        watches: &Watches,
    ) -> Result<Option<(AskedPart, ognl::Error)>> {
        let Watching { condition, express, may, .. } = &*watches.watching;
        let parts = [(AskedPart::Condition, condition), (AskedPart::Express, express)];
        self.vm.with_env(|env| {
            let classes = self.met_classes();
            // Not asked for where the declared types say enough.
            let loaded = LazyCell::new(|| self.environment.jvmti.loaded_classes(env).unwrap_or_default());
            for (part, expression) in parts {
                let Some(expression) = expression else { continue };
                if let Some(wrong) =
                    self.check_expression(env, &classes, matched, expression, *may, &loaded)?
                {
                    return Ok(Some((part, wrong)));
                }
            }
            Ok(None)
        })
    }

    fn check_expression<'f>(
        &self,
        env: &Env<'f>,
        classes: &Arc<Classes>,
        matched: &Matched,
        expression: &Expression,
        may: May,
        loaded: &dyn Deref<Target = Vec<Local<'f, Class>>>,
    ) -> Result<Option<ognl::Error>> {
        let mut wrong = None;
        for class in &matched.classes {
            let Some(mirror) = class.class.get(env)? else { continue };
            let loader = self.environment.jvmti.class_loader(env, &mirror)?;
            let names = Names::resolve(env.live()?, classes, loader.as_ref(), &[expression.node()]);
            let Some(java) = Java::new(env.live()?, classes, &names, may) else { continue };
            for method in &class.methods {
                let (descriptor, is_static) = (&method.descriptor, method.is_static());
                match java.check_call(&mirror, descriptor, is_static, expression.node(), loaded) {
                    // One at whose calls it may work is enough.
                    Ok(()) => return Ok(None),
                    Err(why) => wrong = wrong.or(Some(why)),
                }
            }
        }
        Ok(wrong)
    }

    /// A date as views show it: `2026-11-22 19:05:01,123`.
    pub fn shown_date(&self, millis: i64) -> String {
        self.local_time(millis).to_the_millisecond().replace('.', ",")
    }
}

/// What looks at the calls of an observation.
pub struct Watches {
    watching: Arc<Watching>,
    at_entry: bool,
    parts: Parts,
    /// For classes that are not loaded yet.
    names: Names,
    keeps: Option<Shelves>,
    /// Only these lines are looked at.
    lines: Option<BTreeSet<u16>>,
}

/// Where calls are kept, by how much they pass.
struct Shelves {
    rows: usize,
    shelves: Mutex<Vec<Arc<Shelf>>>,
}

impl Shelves {
    fn of(&self, env: &Env<'_>, passed: &Passed) -> Result<Arc<Shelf>> {
        let mut shelves = self.shelves.lock();
        if let Some(shelf) = shelves.iter().find(|shelf| shelf.fits(passed)) {
            return Ok(shelf.clone());
        }
        let shelf = Shelf::new(env, passed, self.rows)?;
        shelves.push(shelf.clone());
        Ok(shelf)
    }
}

/// Finds the classes that the expressions need now, not on a thread of the application.
fn prepare(env: &Env<'_>, watching: &Watching) -> jvm::Result<Names> {
    // What getters do is read in their code; without that they need a permission.
    if let Some(environment) = Environment::get() {
        let wanted = Capabilities::NONE.with(Capability::GetBytecodes).with(Capability::GetConstantPool);
        if let Err(why) = environment.ensure(wanted) {
            log::debug!("getters are not looked into: {why}");
        }
    }
    let names = names(env, watching, None)?;
    let _ = watching.classes.prepare(env.live()?);
    Ok(names)
}

/// The classes that the expressions name, as a class of this loader sees them.
fn names(env: &Env<'_>, watching: &Watching, loader: Option<&Local<'_>>) -> jvm::Result<Names> {
    let expressions = [&watching.condition, &watching.express];
    let nodes: Vec<_> = expressions.into_iter().flatten().map(|expression| expression.node()).collect();
    Ok(Names::resolve(env.live()?, &watching.classes, loader, &nodes))
}

impl Looks for Watches {
    fn parts(&self) -> Parts {
        self.parts
    }

    fn at_entry(&self) -> bool {
        self.at_entry
    }

    fn of(
        &self,
        env: &Env<'_>,
        facts: &MethodFacts,
        class: Option<&Local<'_, Class>>,
        rest: bool,
    ) -> Result<Option<Arc<dyn Look>>> {
        if self.watching.express.is_none() && self.keeps.is_none() && !rest {
            return Ok(None);
        }
        let known = class.and_then(|class| {
            let jvmti = &Environment::get()?.jvmti;
            let loader = jvmti.class_loader(env, class).ok()?;
            Some((names(env, &self.watching, loader.as_ref()).ok()?, env.weak(class).ok()?))
        });
        let (names, mirror) = match known {
            Some((names, mirror)) => (names, Some(mirror)),
            None => (self.names.clone(), None),
        };
        let code = facts.code();
        let passed = passed(facts, &code, mirror, &self.watching);
        let lines = self.lines.as_ref().map(|wanted| lines(facts, &code, &self.watching, wanted));
        let shelf = self.keeps.as_ref().map(|shelves| shelves.of(env, &passed)).transpose()?;
        let watcher = {
            // A compiled condition is asked at the entry or at the exit.
            let asks = rest || lines.is_some();
            Watcher::new(self.watching.clone(), passed, names, lines.unwrap_or_default(), asks)
        };
        Ok(Some(Arc::new(match shelf {
            None => watcher,
            Some(shelf) => watcher.keeping(shelf),
        })))
    }
}

/// Where the values of a method's calls are.
pub(crate) fn passed(
    facts: &MethodFacts,
    code: &CodeFacts,
    mirror: Option<jvm::Weak<Class>>,
    watching: &Watching,
) -> Passed {
    let method = Method {
        class: &facts.class,
        name: &facts.name,
        descriptor: &facts.descriptor,
        is_static: facts.is_static(),
        stored: &code.stored,
        entered: code.entered,
        names: &code.names,
    };
    Passed::of(&method, mirror, watching.classes.redaction())
}

/// The lines that are told, and what is known there.
fn lines(
    facts: &MethodFacts,
    code: &CodeFacts,
    watching: &Watching,
    wanted: &BTreeSet<u16>,
) -> Box<[ToldLine]> {
    let receiver = usize::from(!facts.is_static());
    let types: Vec<u8> = values::first_letters(&facts.descriptor);
    let redaction = watching.classes.redaction();
    let told = code.lines.iter().filter(|told| wanted.contains(&told.line)).map(|told| {
        let mut known: Vec<_> = told.values.iter().filter(|value| value.is_known).collect();
        known.sort_by_key(|value| value.slot);
        let known = known.into_iter();
        let variables = known.map(|value| {
            let parameter = value.parameter.and_then(|number| number.checked_sub(receiver));
            let is_receiver = value.parameter.is_some() && parameter.is_none();
            let name = value.variable.as_ref().map(|(name, _)| &**name);
            let of_parameter = parameter.and_then(|at| code.names.get(at)).and_then(Option::as_deref);
            let name = name.or(of_parameter);
            let of_variable = value.variable.as_ref().and_then(|(_, types)| types.bytes().next());
            let kind = match parameter {
                Some(at) => types.get(at).copied(),
                None if is_receiver => Some(b'L'),
                None => of_variable,
            };
            Variable {
                kind: kind.unwrap_or(if value.is_object { b'L' } else { b'J' }),
                place: value.place,
                parameter,
                is_receiver,
                is_secret: name.is_some_and(|name| redaction.hides(name)),
                name: name.map(Into::into),
            }
        });
        let mut variables: Vec<Variable> = variables.collect();
        hide_outer(&mut variables);
        ToldLine { pc: told.pc, line: told.line.into(), variables: variables.into() }
    });
    told.collect()
}

/// Of several variables of one name, what the name means at the line is the innermost: as scopes lie within each
/// other, it is the one in the highest slot, and `variables` are in the order of slots. Kotlin's and Scala's compilers make such
/// names where they inline.
fn hide_outer(variables: &mut [Variable]) {
    let mut rest = variables;
    while let Some((outer, inner)) = rest.split_first_mut() {
        if !outer.is_receiver && inner.iter().any(|variable| variable.name == outer.name) {
            outer.name = None;
        }
        rest = inner;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_the_innermost_variable() {
        let variable = |name: Option<&str>, parameter: Option<usize>| Variable {
            name: name.map(Into::into),
            kind: b'I',
            place: 0,
            parameter,
            is_receiver: false,
            is_secret: false,
        };
        let mut variables = [
            variable(Some("it"), Some(0)),
            variable(Some("i"), None),
            variable(None, None),
            variable(Some("it"), None),
        ];
        hide_outer(&mut variables);
        let names: Vec<_> = variables.iter().map(|variable| variable.name.as_deref()).collect();
        assert_eq!(names, [None, Some("i"), None, Some("it")]);
        assert_eq!(variables[0].parameter, Some(0), "it stays what `params` shows");
    }
}
