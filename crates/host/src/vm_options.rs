//! The options of HotSpot: their values, who set them, and those that may change while it runs.

use jvm::{Env, Local, Value};

use crate::error::{Error, Result};
use crate::{Host, java, management};

/// An option.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VmOption {
    /// Without `-XX:`.
    pub name: String,
    /// Its value as text.
    pub value: String,
    /// Who set it: `DEFAULT`, `VM_CREATION`, `ERGONOMIC`, `MANAGEMENT`, ...
    pub origin: String,
    /// Whether it may be changed while the JVM runs.
    pub writeable: bool,
}

const WHAT: &str = "Reading the JVM's options";
const CLASS: &str = "com/sun/management/VMOption";

impl Host {
    /// The options that may be changed while the JVM runs.
    pub fn vm_options(&self) -> Result<Vec<VmOption>> {
        self.vm.with_env(|env| {
            let list: Local<'_> = env.call(&bean(env)?, "getDiagnosticOptions", "()Ljava/util/List;", &[])?;
            let mut all = Vec::new();
            env.each_object(&java::array(env, &list)?, |env, _, option| -> Result<()> {
                all.push(read(env, &option)?);
                Ok(())
            })?;
            Ok(all)
        })
    }

    /// Any option of the JVM by its name.
    pub fn vm_option(&self, name: &str) -> Result<VmOption> {
        self.vm.with_env(|env| one(env, name))
    }

    /// Sets an option, and gives it as it was before and as it is now.
    pub fn set_vm_option(&self, name: &str, value: &str) -> Result<(VmOption, VmOption)> {
        self.vm.with_env(|env| {
            let before = one(env, name)?;
            let (name_text, value_text) = (env.new_string(name)?, env.new_string(value)?);
            let arguments = [Value::of(&name_text), Value::of(&value_text)];
            let set: jvm::Result<()> =
                env.call(&bean(env)?, "setVMOption", "(Ljava/lang/String;Ljava/lang/String;)V", &arguments);
            set.map_err(|error| match in_java(&error) {
                Some(_) if !before.writeable => Error::sentence(format!(
                    "{name} cannot be changed while the JVM runs; `vmoption` lists the options that can."
                )),
                Some(why) => Error::sentence(format!("{name} was not changed: {why}.")),
                None => error.into(),
            })?;
            Ok((before, one(env, name)?))
        })
    }
}

fn bean<'f>(env: &Env<'f>) -> Result<Local<'f>> {
    let interface =
        management::class(env, "com/sun/management/HotSpotDiagnosticMXBean", "jdk.management", WHAT)?;
    let factory = management::factory(env, WHAT)?;
    let descriptor = "(Ljava/lang/Class;)Ljava/lang/management/PlatformManagedObject;";
    Ok(env.call_static(&factory, "getPlatformMXBean", descriptor, &[Value::of(&interface)])?)
}

fn one(env: &Env<'_>, name: &str) -> Result<VmOption> {
    let text = env.new_string(name)?;
    let descriptor = format!("(Ljava/lang/String;)L{CLASS};");
    let found: jvm::Result<Local<'_>> =
        env.call(&bean(env)?, "getVMOption", &descriptor, &[Value::of(&text)]);
    match found {
        Ok(option) => read(env, &option),
        Err(error) if error.is_thrown("java.lang.IllegalArgumentException") => Err(Error::sentence(format!(
            "This JVM has no option {name}; names have upper and lower case letters as in -XX:MaxHeapFreeRatio."
        ))),
        Err(error) => Err(error.into()),
    }
}

fn read(env: &Env<'_>, option: &Local<'_>) -> Result<VmOption> {
    Ok(VmOption {
        name: java::text(env, option, "getName")?.unwrap_or_default(),
        value: java::text(env, option, "getValue")?.unwrap_or_default(),
        origin: java::enum_name(env, option, "getOrigin", &format!("{CLASS}$Origin"))?,
        writeable: env.call(option, "isWriteable", "()Z", &[])?,
    })
}

/// What Java said, if it was Java that refused.
fn in_java(error: &jvm::Error) -> Option<String> {
    match error {
        jvm::Error::Thrown(thrown) => Some(thrown.message.clone().unwrap_or_else(|| thrown.class.clone())),
        _ => None,
    }
}
