//! Values of attributes as data: composite data as maps, tabular data and arrays as lists, all else as
//! the object view has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jvm::{Class, Env, Local, Value};
use ognl::Term;
use values::{Classes, Copier, Java, Limits, May, Names, Redaction, Snapshot};

use crate::error::{Error, Result};
use crate::java;

/// A value without an object of the JVM in it.
#[derive(serde::Serialize)]
#[serde(untagged)]
pub enum Data {
    /// `null`
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// Several.
    List(Vec<Data>),
    /// Values by their names.
    Map(BTreeMap<String, Data>),
    /// Anything else.
    Object(Box<Snapshot>),
}

/// Down to which level objects that are no open data are shown.
pub(super) const DEPTH: u32 = 3;
/// How deep open data may lie within each other.
const DEEPEST: u32 = 16;
/// How many elements are shown of an array or a table.
const LONGEST: usize = 20_000;

impl Data {
    pub(super) fn hidden() -> Self {
        Self::Text(values::HIDDEN.to_owned())
    }

    pub(super) fn map<const N: usize>(fields: [(&str, Data); N]) -> BTreeMap<String, Data> {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// A text; null where there is none.
    pub(super) fn text(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// Reads values.
pub(super) struct Reader<'r, 'f> {
    classes: &'r Arc<Classes>,
    names: &'r Names,
    limits: Limits,
    redaction: &'r Redaction,
    composite: Local<'f, Class>,
    tabular: Local<'f, Class>,
    name: Local<'f, Class>,
}

impl<'r, 'f> Reader<'r, 'f> {
    pub(super) fn new(
        env: &Env<'f>,
        classes: &'r Arc<Classes>,
        names: &'r Names,
        limits: Limits,
        redaction: &'r Redaction,
    ) -> Result<Self> {
        Ok(Self {
            classes,
            names,
            limits,
            redaction,
            composite: env.find_class("javax/management/openmbean/CompositeData")?,
            tabular: env.find_class("javax/management/openmbean/TabularData")?,
            name: env.find_class("javax/management/ObjectName")?,
        })
    }

    /// An attribute's value, or why there is none.
    pub(super) fn attribute(
        &self,
        env: &Env<'_>,
        server: &Local<'_>,
        bean: &Local<'_>,
        name: &str,
    ) -> Result<Result<Data, &'static str>> {
        let text = env.new_string(name)?;
        let descriptor = "(Ljavax/management/ObjectName;Ljava/lang/String;)Ljava/lang/Object;";
        let value: jvm::Result<Option<Local<'_>>> =
            env.call(server, "getAttribute", descriptor, &[Value::of(bean), Value::of(&text)]);
        match value {
            Ok(None) => Ok(Ok(Data::Null)),
            Ok(Some(value)) => match self.value(env, value, DEEPEST) {
                Ok(data) => Ok(Ok(data)),
                // Composite data may be the application's own, too.
                Err(Error::Jvm(jvm::Error::Thrown(_))) => Ok(Err("Failure")),
                Err(error) => Err(error),
            },
            Err(jvm::Error::Thrown(thrown)) => Ok(Err(match says_unsupported(&thrown) {
                true => "Unsupported",
                false => "Failure",
            })),
            Err(error) => Err(error.into()),
        }
    }

    fn value<'g>(&self, env: &Env<'g>, object: Local<'g>, levels: u32) -> Result<Data> {
        let Some(levels) = levels.checked_sub(1) else { return Ok(Data::Text("...".to_owned())) };
        let class = env.class_of(&object)?;
        if env.is_assignable(&class, &self.composite)? {
            return self.composite(env, &object, levels);
        }
        if env.is_assignable(&class, &self.tabular)? {
            let rows: Local<'_> = env.call(&object, "values", "()Ljava/util/Collection;", &[])?;
            return self.list(env, &java::array(env, &rows)?, levels);
        }
        if env.is_same(&class, &self.name) {
            return Ok(Data::text(env.call(&object, "toString", "()Ljava/lang/String;", &[])?));
        }
        let name = env.class_name(&class)?;
        match name.as_bytes() {
            [b'[', b'L' | b'[', ..] => self.list(env, &object, levels),
            _ => self.object(env, object),
        }
    }

    fn composite(&self, env: &Env<'_>, object: &Local<'_>, levels: u32) -> Result<Data> {
        let descriptor = "()Ljavax/management/openmbean/CompositeType;";
        let kind: Local<'_> = env.call(object, "getCompositeType", descriptor, &[])?;
        let keys: Local<'_> = env.call(&kind, "keySet", "()Ljava/util/Set;", &[])?;
        let mut fields = BTreeMap::new();
        env.each_object(&java::array(env, &keys)?, |env, _, key| -> Result<()> {
            let descriptor = "(Ljava/lang/String;)Ljava/lang/Object;";
            let name = env.string(&key)?;
            let value = match self.redaction.hides(&name) {
                true => Data::hidden(),
                false => match env.call(object, "get", descriptor, &[Value::of(&key)])? {
                    Some(value) => self.value(env, value, levels)?,
                    None => Data::Null,
                },
            };
            fields.insert(name, value);
            Ok(())
        })?;
        self.hide_entry(&mut fields);
        Ok(Data::Map(fields))
    }

    /// Maps travel as tables of `key` and `value`: there the name is a value itself.
    fn hide_entry(&self, fields: &mut BTreeMap<String, Data>) {
        let is_secret = match fields.get("key") {
            Some(Data::Text(name)) => self.redaction.hides(name),
            _ => false,
        };
        if let Some(value) = fields.get_mut("value").filter(|_| is_secret) {
            *value = Data::hidden();
        }
    }

    fn list(&self, env: &Env<'_>, array: &Local<'_>, levels: u32) -> Result<Data> {
        let count = env.object_count(array)?;
        let mut all = Vec::new();
        for index in 0..count.min(LONGEST) {
            env.frame(16, |env| -> Result<()> {
                all.push(match env.object_at(array, index)? {
                    Some(object) => self.value(env, object, levels)?,
                    None => Data::Null,
                });
                Ok(())
            })?;
        }
        if count > LONGEST {
            all.push(Data::Text(format!("... ({} more)", count - LONGEST)));
        }
        Ok(Data::List(all))
    }

    /// Texts, numbers, and objects of the application's own making: copied by their fields, no method runs.
    fn object<'g>(&self, env: &Env<'g>, object: Local<'g>) -> Result<Data> {
        let string = env.find_class("java/lang/String")?;
        if env.is_same(&env.class_of(&object)?, &string) {
            let text = env.string(&object)?;
            return Ok(Data::Text(self.redaction.scrub(&text).into_owned()));
        }
        let may = May { evaluate: false };
        let java = Java::new(env.live()?, self.classes, self.names, may).ok_or_else(Error::gone)?;
        let root = java.object(object).map_err(|fault| Error::sentence(fault.message()))?;
        Ok(Data::Object(Box::new(Copier::of_term(&java, &Term::Value(root), self.limits))))
    }
}

/// Whether a getter, or the bean server for it, says that this JVM does not know the answer.
fn says_unsupported(thrown: &jvm::Thrown) -> bool {
    let mut next = Some(thrown);
    while let Some(thrown) = next {
        if thrown.class == "java.lang.UnsupportedOperationException" {
            return true;
        }
        next = thrown.cause.as_deref();
    }
    false
}
