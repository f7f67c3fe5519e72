//! The management beans of this JVM: names, attributes, metadata.
//!
//! Getters of the JDK's own beans are the JDK's code. Those of all others are the application's: they
//! may wait, throw or change something, so who asks must know which is which ([`BeanName::platform`]).
//! Our probes are silent on the thread that asks.

mod data;
mod metadata;

pub use data::Data;

use jvm::{Class, Env, Local, Value};
use values::Names;

use self::data::Reader;
use crate::error::{Error, Result};
use crate::{Host, NamePattern, java, management};

/// A registered bean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BeanName {
    /// Its name as it was registered.
    pub name: String,
    /// Whether it is one of the JDK's own: asking it runs no code of the application.
    pub platform: bool,
}

/// An attribute and its value, or why there is none.
#[derive(serde::Serialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Data>,
    /// `Unavailable`: it can only be written. `Unsupported`: this JVM does not measure it. `Failure`: the
    /// getter threw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
}

const WHAT: &str = "Asking management beans";
const NAME: &str = "javax/management/ObjectName";

/// The domains of the JDK's beans.
const PLATFORM: &[&str] = &[
    "JMImplementation",
    "com.sun.management",
    "java.lang",
    "java.nio",
    "java.util.logging",
    "jdk.management",
    "jdk.management.jfr",
];

/// The class loaders of the JDK's own classes, apart from the boot loader.
const PLATFORM_LOADERS: &[&str] =
    &["jdk.internal.loader.ClassLoaders$PlatformClassLoader", "sun.misc.Launcher$ExtClassLoader"];

impl Host {
    /// The beans whose names fit `domain:key=value,...`, in which `*` and `?` stand for characters.
    ///
    /// # Errors
    /// The pattern is none, or the image has no management beans.
    pub fn beans(&self, pattern: &str) -> Result<Vec<BeanName>> {
        self.vm.with_env(|env| {
            let server = server(env)?;
            let pattern = object_name(env, pattern)?;
            let descriptor = "(Ljavax/management/ObjectName;Ljavax/management/QueryExp;)Ljava/util/Set;";
            let names: Local<'_> =
                env.call(&server, "queryNames", descriptor, &[Value::of(&pattern), Value::Null])?;
            let mut all = Vec::new();
            env.each_object(&java::array(env, &names)?, |env, _, name| -> Result<()> {
                let name_of = java::text(env, &name, "toString")?.unwrap_or_default();
                let domain = name_of.split(':').next().unwrap_or_default();
                let platform = PLATFORM.contains(&domain) && is_of_the_jdk(env, &server, &name);
                all.push(BeanName { name: name_of, platform });
                Ok(())
            })?;
            all.sort();
            Ok(all)
        })
    }

    /// The attributes of a bean whose names fit, in the order in which the bean lists them; none if it is
    /// gone. Values of names that are kept secret are not asked for.
    pub fn bean_attributes(&self, name: &str, wanted: &NamePattern) -> Result<Vec<Attribute>> {
        let redaction = self.options().redaction();
        self.vm.with_env(|env| {
            let (server, name) = (server(env)?, object_name(env, name)?);
            let Some(info) = info(env, &server, &name)? else { return Ok(Vec::new()) };
            let classes = self.met_classes();
            let names = Names::resolve(env.live()?, &classes, None, &[]);
            let reader = Reader::new(env, &classes, &names, self.copy_limits(data::DEPTH), &redaction)?;
            let list: Local<'_> =
                env.call(&info, "getAttributes", "()[Ljavax/management/MBeanAttributeInfo;", &[])?;
            let mut all = Vec::new();
            env.each_object(&list, |env, _, attribute| -> Result<()> {
                let name_of = java::text(env, &attribute, "getName")?.unwrap_or_default();
                if !wanted.matches(&name_of) {
                    return Ok(());
                }
                let readable: bool = env.call(&attribute, "isReadable", "()Z", &[])?;
                let got = match (readable, redaction.hides(&name_of)) {
                    (false, _) => Err("Unavailable"),
                    (true, true) => Ok(Data::hidden()),
                    (true, false) => reader.attribute(env, &server, &name, &name_of)?,
                };
                all.push(match got {
                    Ok(value) => Attribute { name: name_of, value: Some(value), error: None },
                    Err(error) => Attribute { name: name_of, value: None, error: Some(error) },
                });
                Ok(())
            })?;
            Ok(all)
        })
    }

    /// The names of a bean's attributes.
    pub fn bean_attribute_names(&self, name: &str) -> Result<Vec<String>> {
        self.vm.with_env(|env| {
            let (server, name) = (server(env)?, object_name(env, name)?);
            let Some(info) = info(env, &server, &name)? else { return Ok(Vec::new()) };
            let list: Local<'_> =
                env.call(&info, "getAttributes", "()[Ljavax/management/MBeanAttributeInfo;", &[])?;
            let mut all = Vec::new();
            env.each_object(&list, |env, _, attribute| -> Result<()> {
                all.extend(java::text(env, &attribute, "getName")?);
                Ok(())
            })?;
            Ok(all)
        })
    }

    /// What a bean says of itself; `None` if it is gone.
    pub fn bean_metadata(&self, name: &str) -> Result<Option<Data>> {
        self.vm.with_env(|env| {
            let (server, name) = (server(env)?, object_name(env, name)?);
            let info = info(env, &server, &name)?;
            info.map(|info| metadata::read(env, &info)).transpose()
        })
    }
}

fn server<'f>(env: &Env<'f>) -> Result<Local<'f>> {
    let factory = management::factory(env, WHAT)?;
    Ok(env.call_static(&factory, "getPlatformMBeanServer", "()Ljavax/management/MBeanServer;", &[])?)
}

fn object_name<'f>(env: &Env<'f>, text: &str) -> Result<Local<'f>> {
    let class = management::class(env, NAME, "java.management", WHAT)?;
    let name = env.new_string(text)?;
    env.new_object(&class, "(Ljava/lang/String;)V", &[Value::of(&name)]).map_err(|error| {
        match error.is_thrown("javax.management.MalformedObjectNameException") {
            true => Error::sentence(format!(
                "`{text}` is no name of a bean: it looks like java.lang:type=Memory, and * and ? stand for \
                 characters, as in java.lang:*. `mbean` lists all."
            )),
            false => error.into(),
        }
    })
}

/// Asks for a bean's description; `None` if the bean is gone.
fn info<'f>(env: &Env<'f>, server: &Local<'_>, name: &Local<'_>) -> Result<Option<Local<'f>>> {
    let descriptor = "(Ljavax/management/ObjectName;)Ljavax/management/MBeanInfo;";
    match env.call(server, "getMBeanInfo", descriptor, &[Value::of(name)]) {
        Ok(info) => Ok(Some(info)),
        Err(error) if error.is_thrown("javax.management.InstanceNotFoundException") => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether the JDK's own loaders have loaded a bean's class; anyone may register under any domain.
fn is_of_the_jdk(env: &Env<'_>, server: &Local<'_>, name: &Local<'_>) -> bool {
    let descriptor = "(Ljavax/management/ObjectName;)Ljava/lang/ClassLoader;";
    let loader: jvm::Result<Option<Local<'_>>> =
        env.call(server, "getClassLoaderFor", descriptor, &[Value::of(name)]);
    match loader {
        Ok(None) => true,
        Ok(Some(loader)) => {
            let class: jvm::Result<Local<'_, Class>> = env.class_of(&loader);
            let name = class.and_then(|class| env.class_name(&class));
            name.is_ok_and(|name| PLATFORM_LOADERS.contains(&name.as_str()))
        }
        Err(_) => false,
    }
}
