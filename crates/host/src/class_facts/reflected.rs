//! Methods by reflection, for JDK 8: what JVMTI numbers there is kept in a list per loader that is searched for each new
//! number, so that the methods of 50,000 classes take minutes, and those of everybody who comes later take longer. Later JDKs
//! do not search (JDK-8062116).
//!
//! The JVM looks up all types that the methods name, so that one that is missing leaves the class untold.

use jvm::{Class, Env, Field, Local, Method, Value};

use super::Asker;
use super::methods::Declared;
use crate::error::Result;

/// The fields of `java.lang.reflect.Method` and `Constructor` that say what a method is.
pub(super) struct Reflected {
    name: Field,
    result: Field,
    constructors: Members,
    methods: Members,
}

/// One kind of them.
struct Members {
    /// The private native of `java.lang.Class` that lists them.
    list: Method,
    modifiers: Field,
    parameters: Field,
}

impl Reflected {
    pub(super) fn new(env: &Env<'_>) -> Result<Self> {
        let method = env.find_class("java/lang/reflect/Method")?;
        let constructor = env.find_class("java/lang/reflect/Constructor")?;
        let meta = env.find_class("java/lang/Class")?;
        let members = |class: &Local<'_, Class>, list: &str, descriptor: &str| -> jvm::Result<Members> {
            Ok(Members {
                list: env.method(&meta, list, descriptor)?,
                modifiers: env.field(class, "modifiers", "I")?,
                parameters: env.field(class, "parameterTypes", "[Ljava/lang/Class;")?,
            })
        };
        Ok(Self {
            name: env.field(&method, "name", "Ljava/lang/String;")?,
            result: env.field(&method, "returnType", "Ljava/lang/Class;")?,
            constructors: members(
                &constructor,
                "getDeclaredConstructors0",
                "(Z)[Ljava/lang/reflect/Constructor;",
            )?,
            methods: members(&method, "getDeclaredMethods0", "(Z)[Ljava/lang/reflect/Method;")?,
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
        for (members, is_method) in [(&by.constructors, false), (&by.methods, true)] {
            let array: Local<'f> = members.list.call(self.env, class, &[Value::Bool(false)])?;
            let count = self.env.object_count(&array)?;
            self.env.reserve(count);
            for index in 0..count {
                let Some(member) = self.env.object_at(&array, index)? else { continue };
                let mut descriptor = String::from("(");
                let types: Local<'f> = members.parameters.get(self.env, &member)?;
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
                let modifiers = members.modifiers.get(self.env, &member)?;
                all.push(Declared { name, descriptor, modifiers, id: None, reflected: Some(member) });
            }
        }
        Ok(all)
    }
}
