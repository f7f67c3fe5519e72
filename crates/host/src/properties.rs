//! System properties and environment variables, as Java code in this JVM sees them.

use std::collections::BTreeMap;

use jvm::{Env, Local, Value};

use crate::error::{Error, Result};
use crate::{Host, java};

impl Host {
    /// All properties whose key and value are texts.
    pub fn properties(&self) -> Result<BTreeMap<String, String>> {
        self.vm.with_env(|env| {
            let system = env.find_class("java/lang/System")?;
            let properties: Local<'_> =
                env.call_static(&system, "getProperties", "()Ljava/util/Properties;", &[])?;
            let names: Local<'_> = env.call(&properties, "stringPropertyNames", "()Ljava/util/Set;", &[])?;
            let names = java::array(env, &names)?;
            let class = env.class_of(&properties)?;
            let get = env.method(&class, "getProperty", "(Ljava/lang/String;)Ljava/lang/String;")?;
            let mut all = BTreeMap::new();
            env.each_object(&names, |env, _, name| -> Result<()> {
                // Removed meanwhile: left out.
                if let Some(value) = get.call::<Option<String>>(env, &properties, &[Value::of(&name)])? {
                    all.insert(env.string(&name)?, value);
                }
                Ok(())
            })?;
            Ok(all)
        })
    }

    /// One property; `None` if there is none with this name.
    pub fn property(&self, name: &str) -> Result<Option<String>> {
        // Java throws on an empty key.
        if name.is_empty() {
            return Ok(None);
        }
        self.vm.with_env(|env| property(env, name))
    }

    /// Sets a property (`System.setProperty`).
    pub fn set_property(&self, name: &str, value: &str) -> Result<()> {
        if name.is_empty() {
            return Err(Error::sentence("A property's name cannot be empty."));
        }
        self.vm.with_env(|env| {
            let system = env.find_class("java/lang/System")?;
            let (name, value) = (env.new_string(name)?, env.new_string(value)?);
            let descriptor = "(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;";
            let _before: Option<Local<'_>> =
                env.call_static(&system, "setProperty", descriptor, &[Value::of(&name), Value::of(&value)])?;
            Ok(())
        })
    }

    /// The environment variables (`System.getenv`).
    pub fn environment(&self) -> Result<BTreeMap<String, String>> {
        self.vm.with_env(|env| {
            let system = env.find_class("java/lang/System")?;
            let map: Local<'_> = env.call_static(&system, "getenv", "()Ljava/util/Map;", &[])?;
            let entries: Local<'_> = env.call(&map, "entrySet", "()Ljava/util/Set;", &[])?;
            let entries = java::array(env, &entries)?;
            let entry = env.find_class("java/util/Map$Entry")?;
            let key = env.method(&entry, "getKey", "()Ljava/lang/Object;")?;
            let value = env.method(&entry, "getValue", "()Ljava/lang/Object;")?;
            let mut all = BTreeMap::new();
            env.each_object(&entries, |env, _, entry| -> Result<()> {
                all.insert(key.call(env, &entry, &[])?, value.call(env, &entry, &[])?);
                Ok(())
            })?;
            Ok(all)
        })
    }
}

/// `System.getProperty`.
pub(crate) fn property(env: &Env<'_>, name: &str) -> Result<Option<String>> {
    let system = env.find_class("java/lang/System")?;
    let name = env.new_string(name)?;
    let descriptor = "(Ljava/lang/String;)Ljava/lang/String;";
    Ok(env.call_static(&system, "getProperty", descriptor, &[Value::of(&name)])?)
}
