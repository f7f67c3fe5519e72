//! What of an expression can never work, told before anything is woven for it.
//!
//! A name that the root does not have, an index that no call has an argument for, a member that no object of a declared
//! class can have: each would fail at every call, long after the command was typed. What is declared says little of the
//! object that will be there, so all that is not known for sure passes. Refused is also what another part may keep from
//! being reached, as in `false && nope`: it cannot have been meant.

mod members;

use crate::evaluate::explain::{no_such, some_of};
use crate::member::{method_names, overloads, property_names, type_name};
use crate::{Constant, Error, Node, Reflection, What, find_indexed};

use members::{boxed, has_property, is_final, takers, type_of_call, type_of_property};

/// A property of the root, and what is known of its value.
#[derive(Debug, Clone)]
pub struct Declared<'a, C> {
    /// Its name.
    pub name: &'a str,
    /// The declared class, if there is one. The object's own class may be one below.
    pub class: Option<C>,
    /// Of an array whose length is known, such as the arguments of a call: what is known of its elements.
    pub elements: Option<&'a [Option<C>]>,
}

/// Tells the loaded classes below one, or that they are not known.
pub type Below<'a, C> = dyn Fn(&C) -> Option<Vec<C>> + 'a;

/// Finds what cannot work in an expression whose root has exactly these properties. `below` tells the classes that extend
/// or implement a class, as far as they are loaded; none where that is not known, and then nothing is refused.
///
/// # Errors
/// The first part that cannot work: what it asks for, and what there is instead.
pub fn check<R: Reflection>(
    node: &Node,
    roots: &[Declared<'_, R::Class>],
    reflection: &R,
    below: &Below<'_, R::Class>,
) -> Result<(), Error> {
    // Where the root may be another one later, its names are not known.
    match sets_root(node) {
        true => Ok(()),
        false => Check { roots, reflection, below }.value(node, &Known::Root).map(drop),
    }
}

/// Whether the expression assigns to `#root`.
fn sets_root(node: &Node) -> bool {
    let target = node.children.first().filter(|_| node.what == What::Assign);
    target.is_some_and(has_root) || node.children.iter().any(sets_root)
}

fn has_root(node: &Node) -> bool {
    node.what == What::Root || node.children.iter().any(has_root)
}

/// What is known of a value.
#[derive(Clone)]
enum Known<'a, C> {
    /// It is the root.
    Root,
    /// It is null or of this class or of one below it.
    Of(C),
    /// It is an array, of which this much is known.
    Elements(&'a [Option<C>]),
    Nothing,
}

type Checked<'a, C> = Result<Known<'a, C>, Error>;

struct Check<'a, R: Reflection> {
    roots: &'a [Declared<'a, R::Class>],
    reflection: &'a R,
    below: &'a Below<'a, R::Class>,
}

impl<'a, R: Reflection> Check<'a, R> {
    /// Checks a part and says what is known of its value.
    fn value(&self, node: &Node, source: &Known<'a, R::Class>) -> Checked<'a, R::Class> {
        match &node.what {
            What::Property(name) => self.property(node, name, source),
            What::Index => {
                self.all(&node.children, &Known::Root)?;
                self.index(node, source)
            }
            What::Method(name) => {
                self.all(&node.children, &Known::Root)?;
                self.method(node, name, source)
            }
            // As in OGNL, arguments are evaluated on the root.
            What::StaticMethod { .. } | What::New(_) | What::NewArray(_) | What::NewArrayOf(_) => {
                self.all(&node.children, &Known::Root)
            }
            What::Chain => self.chain(&node.children, source),
            What::Sequence => {
                let mut value = Known::Nothing;
                for child in &node.children {
                    value = self.value(child, source)?;
                }
                Ok(value)
            }
            What::Assign => self.assign(&node.children, source),
            What::This => Ok(source.clone()),
            What::Root => Ok(Known::Root),
            What::Project | What::Select(_) => self.all(&node.children, &Known::Nothing),
            // What it will be called on is not known.
            What::Lambda => Ok(Known::Nothing),
            _ => self.all(&node.children, source),
        }
    }

    fn all(&self, nodes: &[Node], source: &Known<'a, R::Class>) -> Checked<'a, R::Class> {
        nodes.iter().try_for_each(|node| self.value(node, source).map(drop))?;
        Ok(Known::Nothing)
    }

    fn chain(&self, nodes: &[Node], source: &Known<'a, R::Class>) -> Checked<'a, R::Class> {
        let mut value = source.clone();
        let mut nodes = nodes.iter().peekable();
        while let Some(node) = nodes.next() {
            let index = nodes.peek().filter(|next| matches!(next.what, What::Index | What::Subscript(_)));
            if let (What::Property(name), Some(index), Known::Of(class)) = (&node.what, index, &value)
                && self.any(class, |class| find_indexed(self.reflection, class, name).is_some())
            {
                // The class takes the index itself.
                self.all(&index.children, &Known::Root)?;
                value = Known::Nothing;
                nodes.next();
                continue;
            }
            value = self.value(node, &value)?;
        }
        Ok(value)
    }

    /// What is assigned to is not read: only what stands before it.
    fn assign(&self, nodes: &[Node], source: &Known<'a, R::Class>) -> Checked<'a, R::Class> {
        let [to, value] = nodes else { return Ok(Known::Nothing) };
        let value = self.value(value, source)?;
        if to.what == What::Chain
            && let Some((_, before)) = to.children.split_last()
            && !matches!(to.children.last().map(|last| &last.what), Some(What::Index | What::Subscript(_)))
        {
            self.chain(before, source)?;
        }
        Ok(value)
    }

    fn index(&self, node: &Node, source: &Known<'a, R::Class>) -> Checked<'a, R::Class> {
        Ok(match source {
            Known::Elements(elements) => match node.children.first().map(|index| &index.what) {
                Some(What::Constant(Constant::Integer(place))) => {
                    let place = usize::try_from(*place).unwrap_or(0);
                    match elements.get(place) {
                        Some(class) => class.clone().map_or(Known::Nothing, Known::Of),
                        None => return Err(Error::new(node.at.clone(), no_element(place, elements.len()))),
                    }
                }
                _ => Known::Nothing,
            },
            Known::Of(class) => self.reflection.component(class).map_or(Known::Nothing, Known::Of),
            Known::Root | Known::Nothing => Known::Nothing,
        })
    }

    fn property(&self, node: &Node, name: &str, source: &Known<'a, R::Class>) -> Checked<'a, R::Class> {
        match source {
            Known::Root => match self.roots.iter().find(|root| root.name == name) {
                Some(Declared { elements: Some(elements), .. }) => Ok(Known::Elements(elements)),
                Some(root) => Ok(root.class.clone().map_or(Known::Nothing, Known::Of)),
                None => {
                    let names: Vec<String> = self.roots.iter().map(|root| root.name.to_owned()).collect();
                    Err(Error::new(node.at.clone(), no_such("The root", "property", name, &names)))
                }
            },
            Known::Of(class) if self.any(class, |class| has_property(self.reflection, class, name)) => {
                Ok(self.agreed(class, |class| type_of_property(self.reflection, class, name)))
            }
            Known::Of(class) => {
                let (class, of) = (&boxed(self.reflection, class), type_name(self.reflection, class));
                let names = property_names(self.reflection, class);
                Err(Error::new(node.at.clone(), no_such(&of, "property", name, &names)))
            }
            Known::Elements(_) | Known::Nothing => Ok(Known::Nothing),
        }
    }

    fn method(&self, node: &Node, name: &str, source: &Known<'a, R::Class>) -> Checked<'a, R::Class> {
        let Known::Of(class) = source else { return Ok(Known::Nothing) };
        let count = node.children.len();
        if self.any(class, |class| !takers(self.reflection, class, name, count).is_empty()) {
            return Ok(self.agreed(class, |class| type_of_call(self.reflection, class, name, count)));
        }
        let (class, of) = (&boxed(self.reflection, class), type_name(self.reflection, class));
        let there = overloads(self.reflection, class, name, None);
        let message = match there.is_empty() {
            true => no_such(&of, "method", name, &method_names(self.reflection, class, false)),
            false => {
                let taken = if count == 1 { "argument" } else { "arguments" };
                format!("{of} has no method {name} that takes {count} {taken}; there is {}.", some_of(&there))
            }
        };
        Err(Error::new(node.at.clone(), message))
    }

    /// Whether something holds for one of the classes that an object so declared may have, or may hold for one that is not
    /// known.
    fn any(&self, class: &R::Class, holds: impl Fn(&R::Class) -> bool) -> bool {
        if holds(class) {
            return true;
        }
        match is_final(self.reflection, class) {
            true => false,
            false => (self.below)(class).is_none_or(|below| below.iter().any(holds)),
        }
    }

    /// What is known of a member's value where all of these classes agree on it.
    fn agreed(&self, class: &R::Class, of: impl Fn(&R::Class) -> Option<R::Class>) -> Known<'a, R::Class> {
        let Some(found) = of(class) else { return Known::Nothing };
        let same = is_final(self.reflection, class)
            || (self.below)(class)
                .is_some_and(|below| below.iter().all(|class| of(class).is_some_and(|other| other == found)));
        if same { Known::Of(found) } else { Known::Nothing }
    }
}

fn no_element(place: usize, count: usize) -> String {
    match count {
        0 => format!("There is no element {place}: there are none at all."),
        1 => format!("There is no element {place}: there is only 0."),
        _ => format!("There is no element {place}: there are 0 to {}.", count - 1),
    }
}
