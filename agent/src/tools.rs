//! The JDK's own programs. `JAVA_TOOL_OPTIONS` reaches `jcmd`, `keytool` and `javac` too; in these
//! nothing of ours shall start.

/// Where the classes of the JDK's programs live.
const PACKAGES: &[&str] = &[
    "sun.tools.",
    "com.sun.tools.",
    "sun.security.tools.",
    "sun.rmi.",
    "jdk.tools.",
    "jdk.internal.",
    "jdk.jfr.internal.",
    "jdk.nashorn.tools.",
    "jdk.jpackage.",
    "jdk.jartool.",
    "sun.jvm.hotspot.",
    "sun.applet.",
];

/// Modules of the JDK that run something for their user: these are applications.
const APPLICATIONS: &[&str] = &["jdk.httpserver"];

/// `java Program.java` compiles and runs a program: an application too.
const SOURCE_LAUNCHER: &str = "com.sun.tools.javac.launcher.";

/// Whether this JVM runs one of the JDK's own programs, by the properties the launcher sets:
/// `sun.java.command` and, with modules, `jdk.module.main`.
pub(crate) fn is_jdk_tool(property: &dyn Fn(&str) -> Option<String>) -> bool {
    let command = property("sun.java.command").unwrap_or_default();
    let main = command.split_whitespace().next().unwrap_or_default();
    let (module, class) = main.split_once('/').unwrap_or(("", main));
    if class.starts_with(SOURCE_LAUNCHER) {
        return false;
    }
    let module = property("jdk.module.main").unwrap_or_else(|| module.to_owned());
    if APPLICATIONS.contains(&module.as_str()) {
        return false;
    }
    let of_the_jdk = module.starts_with("jdk.") || module == "java.base" || module == "java.rmi";
    of_the_jdk || PACKAGES.iter().any(|package| class.starts_with(package))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(command: &str, module: Option<&str>) -> bool {
        is_jdk_tool(&|name| match name {
            "sun.java.command" => Some(command.to_owned()),
            "jdk.module.main" => module.map(str::to_owned),
            _ => None,
        })
    }

    #[test]
    fn the_jdks_programs_are_recognised_with_and_without_modules() {
        for (command, module) in [
            ("sun.tools.jcmd.JCmd 1 VM.version", None),
            ("com.sun.tools.javac.Main A.java", None),
            ("sun.security.tools.keytool.Main -list", None),
            ("jdk.jcmd/sun.tools.jcmd.JCmd 1", Some("jdk.jcmd")),
            ("jdk.compiler/com.sun.tools.javac.Main A.java", Some("jdk.compiler")),
            ("java.base/sun.security.tools.keytool.Main", Some("java.base")),
            ("jdk.jlink/jdk.tools.jlink.internal.Main", Some("jdk.jlink")),
        ] {
            assert!(tool(command, module), "{command}");
        }
    }

    #[test]
    fn applications_are_not_taken_for_tools() {
        for (command, module) in [
            ("demo.MathGame", None),
            ("/srv/app.jar", None),
            ("", None),
            ("shop/com.shop.Main", Some("shop")),
            ("jdk.httpserver/sun.net.httpserver.simpleserver.Main", Some("jdk.httpserver")),
            ("jdk.compiler/com.sun.tools.javac.launcher.Main Hello.java", Some("jdk.compiler")),
            ("com.sunshine.Main", None),
        ] {
            assert!(!tool(command, module), "{command}");
        }
    }
}
