//! The fields that a class declares, with what its static ones hold: read where they lie, so that nothing is initialised.
//!
//! The JVM tells fields only of linked classes, so that a class that nobody has used yet is linked for it. Annotations come
//! from the reflected field, for which the JVM looks up the field's type by the class's loader; where that is not there, a
//! field has none here.

use ::ognl::Term;
use serde::Serialize;
use values::{Copier, Java, Names, Snapshot};

use super::annotations::Member;
use super::{Asker, words};
use crate::Host;
use crate::class_query::FoundClass;
use crate::error::{Error, Result};

/// A field (Arthas's `FieldVO`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldFacts {
    /// Its name.
    pub name: String,
    /// Its type, arrays as `int[]`.
    pub r#type: String,
    /// Its modifiers, joined by commas.
    pub modifier: String,
    /// The classes of its annotations that are kept at run time.
    pub annotations: Vec<String>,
    /// Whether it belongs to the class, not to its objects.
    pub r#static: bool,
    /// What a static field holds.
    #[serde(flatten)]
    pub value: Option<StaticValue>,
}

/// What a static field holds.
#[derive(Serialize)]
pub struct StaticValue {
    /// As it is shown, once somebody has drawn it.
    #[serde(rename = "value")]
    pub text: String,
    /// As data.
    pub data: Snapshot,
}

impl<'f> Asker<'_, 'f> {
    /// The fields in the order of the class file, static ones with a copy of their values down to a level.
    pub(crate) fn fields(&self, host: &Host, one: &FoundClass<'f>, depth: u32) -> Result<Vec<FieldFacts>> {
        if one.name.starts_with('[') {
            return Ok(Vec::new());
        }
        let classes = host.met_classes();
        let names = Names::default();
        let live = self.env.live()?;
        let java = Java::new(live, &classes, &names, values::May::default()).ok_or_else(Error::gone)?;
        // Linked here, since what is missing is told by the exception of whoever tries.
        self.linked(&one.class)?;
        let declared = java.declared_fields(&one.class);
        let declared = declared.map_err(|fault| Error::sentence(fault.message()))?;
        let mut all = Vec::with_capacity(declared.len());
        for field in declared {
            let annotations = match field.reflected(self.env) {
                Ok(Some(reflected)) => {
                    self.annotations.of_member(self.env, &one.class, &reflected, Member::Field)?
                }
                Ok(None) | Err(_) => Vec::new(),
            };
            let value = field.value.map(|value| StaticValue {
                text: String::new(),
                data: Copier::of_term(&java, &Term::Value(value), host.copy_limits(depth)),
            });
            all.push(FieldFacts {
                r#type: words::described(&field.descriptor),
                modifier: words::modifiers(field.modifiers),
                name: field.name.into(),
                annotations,
                r#static: value.is_some(),
                value,
            });
        }
        Ok(all)
    }
}
