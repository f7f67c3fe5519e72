//! Which classes are subtypes of others, for any number of both: each class's parents are asked for once.

use std::collections::HashMap;

use jvm::{Class, Env, Jvmti, Local};

use crate::error::Result;

/// So few supertypes are compared with every class directly: 20 ns for each pair.
const FEW: usize = 16;

/// Answers whether a class is a subtype of one of the given ones.
pub(crate) struct Subtypes<'w, 'f> {
    env: &'w Env<'f>,
    jvmti: &'w Jvmti,
    roots: Vec<&'w Local<'f, Class>>,
    /// By identity hash: the class, and what is known of it. Unused with few roots.
    known: HashMap<i32, Vec<(Local<'f, Class>, bool)>>,
    /// `Object` is among them: everything is below it, interfaces, too, which do not name it.
    all: bool,
}

impl<'w, 'f> Subtypes<'w, 'f> {
    /// Of these classes; final ones have none and are better left out.
    pub(crate) fn of(env: &'w Env<'f>, jvmti: &'w Jvmti, roots: Vec<&'w Local<'f, Class>>) -> Result<Self> {
        let is_object = |class: &&Local<'f, Class>| {
            jvmti.class_signature(*class).is_ok_and(|signature| signature == "Ljava/lang/Object;")
        };
        let all = roots.iter().any(is_object);
        let mut known: HashMap<i32, Vec<_>> = HashMap::new();
        if roots.len() > FEW && !all {
            for root in &roots {
                known.entry(jvmti.identity_hash(*root)?).or_default().push((env.local(*root)?, true));
            }
        }
        Ok(Self { env, jvmti, roots, known, all })
    }

    /// Whether this class is one.
    pub(crate) fn contain(&mut self, class: &Local<'f, Class>) -> Result<bool> {
        if self.roots.len() <= FEW {
            return self.is_of_a_root(class);
        }
        if self.all {
            return Ok(true);
        }
        let hash = self.jvmti.identity_hash(class)?;
        let same = self.known.get(&hash).into_iter().flatten();
        if let Some((_, is_one)) = same.into_iter().find(|(known, _)| self.env.is_same(known, class)) {
            return Ok(*is_one);
        }
        // An array is below arrays that no list names.
        let is_array = self.jvmti.class_signature(class).is_ok_and(|signature| signature.starts_with('['));
        let is_one = match self.jvmti.interfaces(self.env, class) {
            Ok(interfaces) if !is_array => {
                let parents = self.env.superclass(class)?.into_iter().chain(interfaces);
                let mut found = false;
                for parent in parents {
                    found = found || self.contain(&parent)?;
                }
                found
            }
            // A class that nobody has used yet does not tell them.
            _ => self.is_of_a_root(class)?,
        };
        self.known.entry(hash).or_default().push((self.env.local(class)?, is_one));
        Ok(is_one)
    }

    fn is_of_a_root(&self, class: &Local<'f, Class>) -> Result<bool> {
        for root in &self.roots {
            if self.env.is_assignable(class, *root)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
