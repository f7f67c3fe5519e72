//! Classes that are never woven: those that woven code itself, or loading it, depends on.
//!
//! What the woven code calls must not be woven (it would call itself), nor what other agents live on
//! (weaving OpenTelemetry's own classes broke an application in a trial). The boot loader's other
//! classes open with `options unsafe true`.

use std::fmt;

/// What of a class decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    /// With dots, as `Class.getName` gives it.
    pub(crate) name: &'a str,
    /// The class of the loader that defined it; `None` for the boot loader.
    pub(crate) loader_class: Option<&'a str>,
    /// It is a class loader itself.
    pub(crate) is_loader: bool,
    /// It is an interface.
    pub(crate) is_interface: bool,
    /// The compiler made it (`ACC_SYNTHETIC`).
    pub(crate) is_synthetic: bool,
}

/// What the options open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) unsafe_classes: bool,
    pub(crate) default_methods: bool,
}

/// Why a class is not woven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Woven code, conditions or the JVM's linking of them run through it.
    Foundation,
    /// It loads classes, woven ones among them.
    Loader,
    /// Ours.
    Own,
    /// Another agent's.
    OtherAgent,
    /// Made for a lambda expression.
    Lambda,
    /// The boot loader's, and `unsafe` is off.
    Boot,
    /// An interface, and `support-default-method` is off.
    Interface,
}

impl fmt::Display for Denied {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Foundation => "woven code itself runs through this class",
            Self::Loader => "it is a class loader or helps one; woven classes are loaded through it",
            Self::Own => "it is one of ours",
            Self::OtherAgent => "it belongs to another agent, which would break",
            Self::Lambda => "it was made for a lambda; observe the lambda's body, a method `lambda$...`",
            Self::Boot => "it is a class of the JDK; `options unsafe true` allows it",
            Self::Interface => "it is an interface, and the option support-default-method is off",
        })
    }
}

/// Whether the class is never woven under these rules.
pub(crate) fn denied(class: &Candidate<'_>, rules: Rules) -> Option<Denied> {
    let name = class.name;
    if is_lambda(name, class.is_synthetic) {
        Some(Denied::Lambda)
    } else if FOUNDATION.binary_search(&name).is_ok() {
        Some(Denied::Foundation)
    } else if name.starts_with("java.oxprobe.") || name.starts_with("oxprobe.condition.") {
        Some(Denied::Own)
    } else if class.is_loader || begins(name, &LOADING) {
        Some(Denied::Loader)
    } else if is_other_agents(class) {
        Some(Denied::OtherAgent)
    } else if class.loader_class.is_none() && !rules.unsafe_classes {
        Some(Denied::Boot)
    } else if class.is_interface && !rules.default_methods {
        Some(Denied::Interface)
    } else {
        None
    }
}

/// Classes that the JVM makes for lambdas and method handles: hidden since JDK 15 (`a.B$$Lambda/0x..`),
/// before that anonymous ones (`a.B$$Lambda$12`), whose JVMTI name ends with a number as a part of its
/// own. JDK 8 lets those be changed and crashes (their constant pool is patched).
pub(crate) fn is_lambda(name: &str, is_synthetic: bool) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    name.contains('/')
        || last.bytes().all(|byte| byte.is_ascii_digit())
        || name.starts_with("java.lang.invoke.LambdaForm$")
        || (is_synthetic && name.contains("$$Lambda$"))
}

/// What woven code, our helper classes, conditions (`String.equals`, `compareTo`, and what these call) and our reads of
/// threads and exceptions run through. Sorted.
const FOUNDATION: [&str; 26] = [
    "java.lang.Boolean",
    "java.lang.Byte",
    "java.lang.Character",
    "java.lang.Class",
    "java.lang.ClassLoader",
    "java.lang.Double",
    "java.lang.Float",
    "java.lang.Integer",
    "java.lang.Long",
    "java.lang.Math",
    "java.lang.Number",
    "java.lang.Object",
    "java.lang.Short",
    "java.lang.String",
    "java.lang.StringLatin1",
    "java.lang.StringUTF16",
    "java.lang.Thread",
    "java.lang.Throwable",
    "java.lang.VirtualThread",
    "java.lang.Void",
    "java.lang.reflect.Method",
    "jdk.internal.misc.Unsafe",
    "jdk.internal.util.ArraysSupport",
    "jdk.internal.vm.Continuation",
    "sun.misc.Unsafe",
    "sun.misc.VM",
];

/// What `loadClass` reaches, as beginnings of names.
const LOADING: [&str; 8] = [
    "java.lang.ClassLoader$",
    "java.net.URLClassLoader$",
    "java.security.SecureClassLoader$",
    "jdk.internal.loader.",
    "jdk.internal.misc.VM",
    "sun.misc.Launcher",
    "sun.misc.URLClassPath",
    "sun.instrument.",
];

/// Packages of other agents.
const AGENTS: [&str; 17] = [
    "co.elastic.apm.agent.",
    "com.alibaba.arthas.",
    "com.appdynamics.",
    "com.dynatrace.",
    "com.instana.",
    "com.navercorp.pinpoint.",
    "com.newrelic.agent.",
    "com.newrelic.bootstrap.",
    "com.taobao.arthas.",
    "datadog.trace.",
    "io.opentelemetry.javaagent.",
    "io.pyroscope.",
    "java.arthas.",
    "org.apache.skywalking.apm.agent.",
    "org.apache.skywalking.apm.dependencies.",
    "org.glowroot.agent.",
    "org.jacoco.agent.",
];

/// What the JDK itself puts into the boot loader; all else there was appended by an agent.
const JDK: [&str; 13] = [
    "com.oracle.",
    "com.sun.",
    "java.",
    "javax.",
    "jdk.",
    "netscape.",
    "oracle.",
    "org.ietf.",
    "org.jcp.",
    "org.omg.",
    "org.w3c.",
    "org.xml.",
    "sun.",
];

fn is_other_agents(class: &Candidate<'_>) -> bool {
    match class.loader_class {
        Some(loader) => {
            begins(class.name, &AGENTS) || begins(loader, &AGENTS) || loader.ends_with("AgentClassLoader")
        }
        None => begins(class.name, &AGENTS) || (class.name.contains('.') && !begins(class.name, &JDK)),
    }
}

fn begins(name: &str, with: &[&str]) -> bool {
    with.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: Rules = Rules { unsafe_classes: false, default_methods: true };
    const OPEN: Rules = Rules { unsafe_classes: true, default_methods: false };

    fn class<'a>(name: &'a str, loader_class: Option<&'a str>) -> Candidate<'a> {
        Candidate { name, loader_class, is_loader: false, is_interface: false, is_synthetic: false }
    }

    const APP: Option<&str> = Some("jdk.internal.loader.ClassLoaders$AppClassLoader");

    #[test]
    fn the_foundation_stays_closed_whatever_the_options_say() {
        assert!(FOUNDATION.is_sorted());
        for name in FOUNDATION {
            assert_eq!(denied(&class(name, None), OPEN), Some(Denied::Foundation), "{name}");
        }
    }

    #[test]
    fn unsafe_opens_the_jdks_other_classes() {
        let map = class("java.util.HashMap", None);
        assert_eq!(denied(&map, CLOSED), Some(Denied::Boot));
        assert_eq!(denied(&map, OPEN), None);
        assert_eq!(denied(&class("java.sql.Timestamp", APP), CLOSED), None);
    }

    #[test]
    fn other_agents_are_left_alone() {
        let otel = Some("io.opentelemetry.javaagent.bootstrap.AgentClassLoader");
        assert_eq!(denied(&class("net.bytebuddy.ByteBuddy", otel), OPEN), Some(Denied::OtherAgent));
        assert_eq!(denied(&class("net.bytebuddy.ByteBuddy", APP), OPEN), None);
        assert_eq!(denied(&class("com.taobao.arthas.core.Arthas", APP), OPEN), Some(Denied::OtherAgent));
        assert_eq!(denied(&class("unknown.agent.Boot", None), OPEN), Some(Denied::OtherAgent));
    }

    #[test]
    fn lambdas_and_loaders_are_left_alone() {
        assert_eq!(denied(&class("a.B$$Lambda/0x0001", APP), OPEN), Some(Denied::Lambda));
        let proxy = Candidate { is_synthetic: true, ..class("a.B$$Lambda$12", APP) };
        assert_eq!(denied(&proxy, OPEN), Some(Denied::Lambda));
        assert_eq!(denied(&class("java.lang.invoke.Some$MH.184627", None), OPEN), Some(Denied::Lambda));
        let loader = Candidate { is_loader: true, ..class("a.PluginLoader", APP) };
        assert_eq!(denied(&loader, OPEN), Some(Denied::Loader));
        assert_eq!(denied(&class("jdk.internal.loader.Resource", None), OPEN), Some(Denied::Loader));
    }

    #[test]
    fn interfaces_follow_their_option() {
        let shape = Candidate { is_interface: true, ..class("a.Shape", APP) };
        assert_eq!(denied(&shape, CLOSED), None);
        assert_eq!(denied(&shape, OPEN), Some(Denied::Interface));
    }
}
