//! Methods by reflection, for JDK 8: what JVMTI numbers there is kept in a list per loader that is searched for each new
//! number, so that the methods of 50,000 classes take minutes, and those of everybody who comes later take longer. Later JDKs
//! do not search (JDK-8062116).
//!
//! The JVM looks up all types that the methods name, so that one that is missing leaves the class untold.

use jvm::{Class, Env, Field, Local, Value};

use super::Asker;
use super::methods::Declared;
use crate::error::Result;

/// The fields of `java.lang.reflect.Method` and `Constructor` that say what a method is.
pub(super) struct Reflected {
    name: Field,
    result: Field,
    /// Modifiers and parameters of a method, then of a constructor.
    members: [(Field, Field); 2],
}

/// The private natives of `java.lang.Class` that list them.
const LISTS: [(&str, &str); 2] = [
    ("getDeclaredConstructors0", "(Z)[Ljava/lang/reflect/Constructor;"),
    ("getDeclaredMethods0", "(Z)[Ljava/lang/reflect/Method;"),
];

impl Reflected {
    pub(super) fn new(env: &Env<'_>) -> Result<Self> {
        let method = env.find_class("java/lang/reflect/Method")?;
        let constructor = env.find_class("java/lang/reflect/Constructor")?;
        let member = |class: &Local<'_, Class>| -> jvm::Result<(Field, Field)> {
            Ok((
                env.field(class, "modifiers", "I")?,
                env.field(class, "parameterTypes", "[Ljava/lang/Class;")?,
            ))
        };
        Ok(Self {
            name: env.field(&method, "name", "Ljava/lang/String;")?,
            result: env.field(&method, "returnType", "Ljava/lang/Class;")?,
            members: [member(&method)?, member(&constructor)?],
        })
    }
}

impl<'f> Asker<'_, 'f> {
    /// The constructors and methods of a class, each with its reflected object.
    pub(super) fn reflected_methods(
        &self,
        by: &Reflected,
        class: &Local<'f, Class>,
    ) -> Result<Vec<Declared<'f>>> {
        let mut all = Vec::new();
        for (list, descriptor) in LISTS {
            let array: Local<'f> = self.env.call(class, list, descriptor, &[Value::Bool(false)])?;
            let count = self.env.object_count(&array)?;
            self.env.reserve(count);
            for index in 0..count {
                let Some(member) = self.env.object_at(&array, index)? else { continue };
                let is_method = list == "getDeclaredMethods0";
                let [method, constructor] = &by.members;
                let (modifiers, parameters) = if is_method { method } else { constructor };
                let mut descriptor = String::from("(");
                let types: Local<'f> = parameters.get(self.env, &member)?;
                for place in 0..self.env.object_count(&types)? {
                    if let Some(one) = self.env.object_at(&types, place)? {
                        descriptor.push_str(&self.jvmti.class_signature(&self.env.as_class(one)?)?);
                    }
                }
                descriptor.push(')');
                let name = if is_method {
                    let result: Local<'f> = by.result.get(self.env, &member)?;
                    descriptor.push_str(&self.jvmti.class_signature(&self.env.as_class(result)?)?);
                    by.name.get(self.env, &member)?
                } else {
                    descriptor.push('V');
                    "<init>".to_owned()
                };
                let modifiers = modifiers.get(self.env, &member)?;
                all.push(Declared { name, descriptor, modifiers, id: None, reflected: Some(member) });
            }
        }
        Ok(all)
    }
}
