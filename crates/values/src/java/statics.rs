//! The static fields of a class, as `getstatic` wants them: read where they lie, so that nobody's initialiser runs.

use jvm::{Class, Local};
use ognl::Fault;

use super::known::link;
use super::{Java, Value, too_many};

/// A static field and what it holds.
pub struct StaticField<'f> {
    /// Its name.
    pub name: Box<str>,
    /// Its value; `***` where it is kept secret.
    pub value: Value<'f>,
}

impl<'f> Java<'_, 'f> {
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
            let value = match self.hides(&field.name) {
                true => self.hidden()?,
                false => {
                    let got = facts.layout.get_static(self.live, place).ok_or_else(too_many)?;
                    self.of_item(got.into())?
                }
            };
            all.push(StaticField { name: field.name.clone(), value });
        }
        Ok(all)
    }
}
