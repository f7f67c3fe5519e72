//! The classes that expressions name: looked up before anything is woven, through the loader of the class that is
//! observed, so that no thread of the application has to run a class loader for us.

use jvm::live::Live;
use jvm::{Class, Env, Local, Value};
use ognl::{Node, Primitive, What};

use super::known::link;
use crate::classes::Classes;
use crate::snapshot::ClassPlace;

/// Classes by the names that the expressions use.
#[derive(Clone, Debug, Default)]
pub struct Names(Box<[(Box<str>, ClassPlace)]>);

impl Names {
    /// Looks up the classes that these expressions name, as a class of this loader sees them; `None` is the boot
    /// loader. What is not found is left out.
    pub fn resolve(
        live: Live<'_, '_>,
        classes: &Classes,
        loader: Option<&Local<'_>>,
        expressions: &[&Node],
    ) -> Self {
        let mut names = Vec::new();
        for expression in expressions {
            collect(expression, &mut names);
        }
        names.sort_unstable();
        names.dedup();
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let full = if name.contains('.') { None } else { Some(format!("java.lang.{name}")) };
            for name in std::iter::once(name).chain(full.as_deref()) {
                if let Some(place) = find(live, classes, loader, name) {
                    found.push((name.into(), place));
                    break;
                }
            }
        }
        Self(found.into())
    }

    pub(super) fn get(&self, name: &str) -> Option<ClassPlace> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, place)| *place)
    }
}

fn find(live: Live<'_, '_>, classes: &Classes, loader: Option<&Local<'_>>, name: &str) -> Option<ClassPlace> {
    let found = live.env().frame(8, |env| {
        let class = match for_name(env, name, loader) {
            // What the loader does not see may still be the JDK's.
            Err(_) if loader.is_some() => for_name(env, name, None)?,
            found => found?,
        };
        link(env, &class);
        Ok::<_, jvm::Error>(classes.find(env.live()?, &class).map(|(place, _)| place))
    });
    found.ok()?
}

/// `Class.forName`, without initialising the class.
pub(super) fn for_name<'f>(
    env: &Env<'f>,
    name: &str,
    loader: Option<&Local<'_>>,
) -> jvm::Result<Local<'f, Class>> {
    let of = env.find_class("java/lang/Class")?;
    let descriptor = "(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;";
    let name = env.new_string(name)?;
    let arguments = [Value::of(&name), Value::Bool(false), Value::of_option(loader)];
    let class: Local<'f> = env.call_static(&of, "forName", descriptor, &arguments)?;
    env.as_class(class)
}

/// The names of classes in an expression; primitive types are known anyway.
fn collect<'n>(node: &'n Node, to: &mut Vec<&'n str>) {
    let name = match &node.what {
        What::StaticMethod { class, .. } | What::StaticField { class, .. } => Some(class),
        What::New(class) | What::NewArray(class) | What::NewArrayOf(class) | What::InstanceOf(class) => {
            Some(class)
        }
        What::Map(class) => class.as_ref(),
        _ => None,
    };
    let is_primitive = |name: &&String| Primitive::ALL.iter().any(|one| one.name() == name.as_str());
    to.extend(name.filter(|name| !is_primitive(name)).map(String::as_str));
    for child in &node.children {
        collect(child, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_named_in_statics_constructors_and_tests() {
        let parsed = ognl::parse(
            "@java.lang.Math@max(1, 2) + new demo.Order(3).size + (#x instanceof Integer ? new int[2][0] : @demo.Color@RED)",
        );
        let node = parsed.unwrap();
        let mut names = Vec::new();
        collect(&node, &mut names);
        assert_eq!(names, ["java.lang.Math", "demo.Order", "Integer", "demo.Color"]);
    }
}
