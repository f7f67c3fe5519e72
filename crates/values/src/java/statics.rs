//! The static fields of a class, as `getstatic` wants them: read where they lie, so that nobody's initialiser runs.

use jvm::live::Layout;
use jvm::{Class, Env, Local};
use ognl::Fault;

use super::known::link;
use super::{Java, Value, too_many};
use crate::facts::ClassFacts;

/// A static field and what it holds.
pub struct StaticField<'f> {
    /// Its name.
    pub name: Box<str>,
    /// Its value; `***` where it is kept secret.
    pub value: Value<'f>,
}

/// A field that a class declares.
pub struct DeclaredField<'e, 'f> {
    /// Its name.
    pub name: Box<str>,
    /// The descriptor of its type.
    pub descriptor: Box<str>,
    /// Access flags (JVM specification, table 4.5-A).
    pub modifiers: i32,
    /// What it holds if it is static; `***` where it is kept secret.
    pub value: Option<Value<'f>>,
    layout: &'e Layout,
    place: usize,
}

impl<'f> DeclaredField<'_, 'f> {
    /// It as a `java.lang.reflect.Field`; see [`Layout::reflected`].
    pub fn reflected(&self, env: &Env<'f>) -> jvm::Result<Option<Local<'f>>> {
        self.layout.reflected(env, self.place)
    }
}

impl<'e, 'f> Java<'e, 'f> {
    /// The fields that a class declares itself, in the order of its class file. Links it.
    ///
    /// # Errors
    /// The JVM does not tell, since something that the class needs is not there.
    pub fn declared_fields(&self, class: &Local<'_, Class>) -> Result<Vec<DeclaredField<'e, 'f>>, Fault> {
        link(self.live.env(), class);
        let (_, facts) = self.classes.find(self.live, class).ok_or_else(too_many)?;
        let mut all = Vec::new();
        for (place, field) in facts.layout.fields.iter().enumerate().filter(|(_, field)| field.level == 0) {
            all.push(DeclaredField {
                name: field.name.clone(),
                descriptor: field.descriptor.clone(),
                modifiers: field.modifiers,
                value: field.is_static().then(|| self.lying(facts, place)).transpose()?,
                layout: &facts.layout,
                place,
            });
        }
        Ok(all)
    }

    fn lying(&self, facts: &ClassFacts, place: usize) -> Result<Value<'f>, Fault> {
        match facts.layout.fields.get(place).is_some_and(|field| self.hides(&field.name)) {
            true => self.hidden(),
            false => {
                let got = facts.layout.get_static(self.live, place).ok_or_else(too_many)?;
                self.of_item(got.into())
            }
        }
    }

    /// The static fields that a class declares itself and that are meant, in the order of its class file.
    ///
    /// # Errors
    /// The JVM does not tell.
    pub fn statics(
        &self,
        class: &Local<'_, Class>,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<Vec<StaticField<'f>>, Fault> {
        link(self.live.env(), class);
        let (_, facts) = self.classes.find(self.live, class).ok_or_else(too_many)?;
        let mut all = Vec::new();
        for (place, field) in facts.layout.fields.iter().enumerate() {
            if field.level != 0 || !field.is_static() || !is_meant(&field.name) {
                continue;
            }
            let value = self.lying(facts, place)?;
            all.push(StaticField { name: field.name.clone(), value });
        }
        Ok(all)
    }
}
