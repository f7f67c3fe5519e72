//! The platform's management beans, reached through JNI.
//!
//! JNI does not ask whether a module exports a package, so the JDK's own implementations answer on
//! every version without `--add-opens`. Nothing is kept: the JDK itself caches its beans, and asking
//! for one again costs microseconds.

use jvm::{Class, Env, Local, Value};

use crate::error::{Error, MissingModule, Result};
use crate::java;

/// A class of a module that may be missing. `what` is the start of the sentence that says so.
pub(crate) fn class<'f>(
    env: &Env<'f>,
    name: &str,
    module: &'static str,
    what: &'static str,
) -> Result<Local<'f, Class>> {
    env.find_class(name).map_err(|error| {
        let is_missing = error.is_thrown("java.lang.NoClassDefFoundError")
            || error.is_thrown("java.lang.ClassNotFoundException");
        if is_missing { MissingModule { module, what }.into() } else { Error::Jvm(error) }
    })
}

/// `java.lang.management.ManagementFactory`.
pub(crate) fn factory<'f>(env: &Env<'f>, what: &'static str) -> Result<Local<'f, Class>> {
    class(env, "java/lang/management/ManagementFactory", "java.management", what)
}

/// One of the beans there is one of: `bean(env, "Thread", ..)` is the `ThreadMXBean`.
pub(crate) fn bean<'f>(env: &Env<'f>, kind: &str, what: &'static str) -> Result<Local<'f>> {
    let factory = factory(env, what)?;
    let descriptor = format!("()Ljava/lang/management/{kind}MXBean;");
    Ok(env.call_static(&factory, &format!("get{kind}MXBean"), &descriptor, &[])?)
}

/// The beans there are several of, as an array: `beans(env, "MemoryPool", ..)`.
pub(crate) fn beans<'f>(env: &Env<'f>, kind: &str, what: &'static str) -> Result<Local<'f>> {
    let factory = factory(env, what)?;
    let list: Local<'_> =
        env.call_static(&factory, &format!("get{kind}MXBeans"), "()Ljava/util/List;", &[])?;
    Ok(java::array(env, &list)?)
}

/// Runs a command of `jcmd` inside this JVM and gives its text, without the attach mechanism (which
/// may be disabled, and which would need a second process).
pub(crate) fn diagnostic_command(env: &Env<'_>, command: &str, what: &'static str) -> Result<String> {
    let bean: Local<'_> = match env.find_class("sun/management/DiagnosticCommandImpl") {
        // JDK 8.
        Ok(_) => {
            let helper = class(env, "sun/management/ManagementFactoryHelper", "jdk.management", what)?;
            let descriptor = "()Lcom/sun/management/DiagnosticCommandMBean;";
            env.call_static(&helper, "getDiagnosticCommandMBean", descriptor, &[])?
        }
        Err(_) => {
            // Its initialiser loads the library that the native methods are in.
            class(env, "com/sun/management/internal/PlatformMBeanProviderImpl", "jdk.management", what)?;
            let implementation =
                class(env, "com/sun/management/internal/DiagnosticCommandImpl", "jdk.management", what)?;
            let descriptor = "()Lcom/sun/management/DiagnosticCommandMBean;";
            env.call_static(&implementation, "getDiagnosticCommandMBean", descriptor, &[])?
        }
    };
    let command = env.new_string(command)?;
    let descriptor = "(Ljava/lang/String;)Ljava/lang/String;";
    Ok(env.call(&bean, "executeDiagnosticCommand", descriptor, &[Value::of(&command)])?)
}
