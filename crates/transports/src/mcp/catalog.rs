//! The tools there are: those whose command the shell has, as a client gets them listed.

use shell::{Permission, Permissions, Runs, Tool};

use super::version::Version;
use crate::core::Core;
use crate::http::{Object, array};

/// The tools that may be called now, in the order in which they are listed.
pub(super) fn tools(core: &Core) -> Vec<&'static Tool> {
    let signatures: Vec<_> = core.shell.signatures().map(|signature| signature.name).collect();
    let is_there = |tool: &&Tool| match tool.command() {
        Some(command) => signatures.contains(&command),
        None => true,
    };
    let disabled = |tool: &&Tool| core.options.disabled_commands.iter().any(|name| name == tool.name);
    core.tools.iter().copied().flatten().filter(is_there).filter(|tool| !disabled(tool)).collect()
}

/// What a tool needs. What it may do beyond that is the command's to say.
pub(super) fn permission(tool: &Tool, core: &Core) -> Permission {
    match tool.runs {
        Runs::Upload => Permission::Mutate,
        Runs::ViewFile => Permission::View,
        Runs::Command(_) | Runs::Stream(_) | Runs::Stop => {
            let signature = core.shell.signatures().find(|one| Some(one.name) == tool.command());
            signature.map_or(Permission::Admin, |signature| signature.permission)
        }
    }
}

/// The answer to `tools/list`.
pub(super) fn list(core: &Core, version: Version, has_tasks: bool) -> String {
    let one = |tool: &'static Tool| {
        let mut listed = Object::new();
        if version.has_annotations() {
            let changes_nothing = Permissions::READ_ONLY.has(permission(tool, core));
            listed = listed.raw("annotations", &format!(r#"{{"readOnlyHint":{changes_nothing}}}"#));
        }
        listed = listed.text("description", tool.summary);
        if has_tasks {
            let support = if tool.is_task { "optional" } else { "forbidden" };
            listed = listed.raw("execution", &Object::new().text("taskSupport", support).finish());
        }
        listed.raw("inputSchema", &tool.schema().to_string()).text("name", tool.name).finish()
    };
    let tools: Vec<String> = tools(core).into_iter().map(one).collect();
    Object::new().raw("tools", &array(&tools)).finish()
}
