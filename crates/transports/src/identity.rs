//! Who this JVM is: the names it is listed under at the tunnel server.

use std::path::Path;

use crate::Options;

/// Facts about the process, gathered once by whoever starts the agent.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The product's version, such as `0.1.0`.
    pub product: String,
    /// The pid in the process's own namespace.
    pub pid: u32,
    /// The name of the pod or machine.
    pub host: String,
    /// `java.version`.
    pub jvm: String,
    /// `sun.java.command`: main class or jar, and arguments. Arguments are never shown.
    pub command: String,
    /// `spring.application.name`.
    pub spring_name: Option<String>,
    /// `project.name`.
    pub project_name: Option<String>,
    /// The JVM's start, milliseconds since 1970.
    pub started: u64,
    /// The names of the agent's commands, in `help` order.
    pub signatures: Vec<String>,
}

impl Facts {
    /// The main class, or the name of the jar without its ending.
    pub fn main(&self) -> &str {
        let first = self.first_word();
        match first.strip_suffix(".jar") {
            Some(path) => Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path),
            // `java -m module/main.Class`
            None => first.rsplit('/').next().unwrap_or(first),
        }
    }

    fn first_word(&self) -> &str {
        self.command.split_whitespace().next().unwrap_or_default()
    }

    fn is_jar(&self) -> bool {
        self.first_word().ends_with(".jar")
    }

    /// The application: the option, else what Spring or the project calls it, else the main class
    /// or jar.
    pub fn application(&self, options: &Options) -> String {
        let named = [&options.app_name, &self.spring_name, &self.project_name];
        let name = named.into_iter().flatten().map(|name| name.trim()).find(|name| !name.is_empty());
        let fallback = match self.main() {
            "" => "java",
            jar if self.is_jar() => jar,
            class => class.rsplit('.').next().unwrap_or(class),
        };
        clean(name.unwrap_or(fallback))
    }

    /// The id at the tunnel server: the option, else application, host and the JVM's start, so that
    /// it is this process's and no other's.
    pub fn agent_id(&self, options: &Options) -> String {
        if let Some(id) = options.agent_id.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
            return clean(id);
        }
        // The server takes what stands before the first `_` for the application.
        let application = self.application(options).replace('_', "-");
        let host = if self.host.is_empty() { "host" } else { &self.host };
        clean(&format!("{application}_{host}-{}", base36(self.started)))
    }
}

/// Without control characters and within the protocol's limit.
fn clean(name: &str) -> String {
    let mut clean = String::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if clean.len() + c.len_utf8() > wire::arthas::MAX_NAME {
            break;
        }
        clean.push(c);
    }
    clean
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        digits.extend(char::from_digit((number % 36) as u32, 36));
        number /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(command: &str) -> Facts {
        Facts {
            command: command.into(),
            host: "pod-1".into(),
            started: 1_700_000_000_123,
            ..Facts::default()
        }
    }

    #[test]
    fn the_application_is_the_option_else_spring_else_project_else_main() {
        let mut facts = facts("/srv/orders-1.2.jar --secret=1");
        assert_eq!(facts.application(&Options::default()), "orders-1.2");
        facts.project_name = Some("project".into());
        assert_eq!(facts.application(&Options::default()), "project");
        facts.spring_name = Some("spring".into());
        assert_eq!(facts.application(&Options::default()), "spring");
        let options = Options { app_name: Some("option".into()), ..Options::default() };
        assert_eq!(facts.application(&options), "option");
    }

    #[test]
    fn main_classes_are_named_without_package_module_or_arguments() {
        assert_eq!(facts("demo.MathGame x y").application(&Options::default()), "MathGame");
        assert_eq!(facts("mod/demo.Main").main(), "demo.Main");
        assert_eq!(facts("").application(&Options::default()), "java");
    }

    #[test]
    fn the_id_starts_with_the_application_and_is_this_start_of_this_host() {
        let one = facts("a_b.Main_Class");
        let id = one.agent_id(&Options::default());
        assert_eq!(id, format!("Main-Class_pod-1-{}", base36(1_700_000_000_123)));
        assert_eq!(base36(36 * 36 + 35), "10z");
        let mut later = one.clone();
        later.started += 1;
        assert_ne!(later.agent_id(&Options::default()), id);
        let options = Options { agent_id: Some(" mine\u{1b} ".into()), ..Options::default() };
        assert_eq!(one.agent_id(&options), "mine");
    }
}
