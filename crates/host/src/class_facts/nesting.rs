//! Where a class is declared, and its name there: what the attributes `InnerClasses` and `EnclosingMethod` say, by the native
//! methods that `java.lang.Class` asks itself. On JDK 8 a name that is not made of the outer one's breaks `getSimpleName`
//! ("Malformed class name"); here it does not.

use jvm::{Class, Env, Jvmti, Local, Method};

use super::type_name;
use crate::error::Result;

/// How a class is nested.
#[derive(Default)]
pub(super) struct Nested {
    pub(super) simple_name: String,
    pub(super) anonymous: bool,
    pub(super) local: bool,
    pub(super) member: bool,
}

/// The methods that tell.
pub(super) struct Nesting {
    declaring: Method,
    enclosing: Method,
    /// From JDK 9 on.
    simple: Option<Method>,
    component: Method,
}

impl Nesting {
    pub(super) fn new(env: &Env<'_>, meta: &Local<'_, Class>) -> Result<Self> {
        Ok(Self {
            declaring: env.method(meta, "getDeclaringClass0", "()Ljava/lang/Class;")?,
            enclosing: env.method(meta, "getEnclosingMethod0", "()[Ljava/lang/Object;")?,
            simple: env.method(meta, "getSimpleBinaryName0", "()Ljava/lang/String;").ok(),
            component: env.method(meta, "getComponentType", "()Ljava/lang/Class;")?,
        })
    }

    pub(super) fn of<'f>(
        &self,
        env: &Env<'f>,
        jvmti: &Jvmti,
        class: &Local<'f, Class>,
        name: &str,
    ) -> Result<Nested> {
        if name.starts_with('[') {
            return Ok(Nested { simple_name: self.of_array(env, jvmti, class, name)?, ..Nested::default() });
        }
        // What fails names a class that is not there, or that knows nothing of this one.
        let enclosing: jvm::Result<Option<Local<'f>>> = self.enclosing.call(env, class, &[]);
        let in_method = !matches!(enclosing, Ok(None));
        let declaring: jvm::Result<Option<Local<'f>>> = self.declaring.call(env, class, &[]);
        let member = !in_method && !matches!(declaring, Ok(None));
        let last = name.rsplit('.').next().unwrap_or(name);
        if !in_method && !member {
            return Ok(Nested { simple_name: last.to_owned(), ..Nested::default() });
        }
        let simple: Option<String> = match &self.simple {
            Some(simple) => simple.call(env, class, &[])?,
            None => {
                let outer = match (declaring.ok().flatten(), enclosing.ok().flatten()) {
                    (Some(declaring), _) => Some(declaring),
                    (None, Some(enclosing)) => env.object_at(&enclosing, 0)?,
                    (None, None) => None,
                };
                let outer = outer.map(|outer| jvmti.class_name(&env.as_class(outer)?)).transpose()?;
                without_outer(name, outer.as_deref())
            }
        };
        let anonymous = in_method && simple.is_none();
        let simple_name = simple.unwrap_or_default();
        Ok(Nested { simple_name, anonymous, local: in_method && !anonymous, member })
    }

    fn of_array<'f>(
        &self,
        env: &Env<'f>,
        jvmti: &Jvmti,
        class: &Local<'f, Class>,
        name: &str,
    ) -> Result<String> {
        let element = name.trim_start_matches('[');
        if !element.starts_with('L') {
            return Ok(type_name(name));
        }
        let dimensions = name.len() - element.len();
        let mut at = env.local(class)?;
        for _ in 0..dimensions {
            at = env.as_class(self.component.call(env, &at, &[])?)?;
        }
        let nested = self.of(env, jvmti, &at, &jvmti.class_name(&at)?)?;
        Ok(format!("{}{}", nested.simple_name, "[]".repeat(dimensions)))
    }
}

/// The name in the source as JDK 8 finds it: what follows the outer class's name, without `$` and digits; none of an
/// anonymous class.
fn without_outer(name: &str, outer: Option<&str>) -> Option<String> {
    let behind = outer.and_then(|outer| name.strip_prefix(outer)?.strip_prefix('$'));
    let rest = behind.or_else(|| name.rsplit(['$', '.']).next()).unwrap_or(name);
    let simple = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (!simple.is_empty()).then(|| simple.to_owned())
}

#[cfg(test)]
mod tests {
    use super::without_outer;

    #[test]
    fn a_name_is_what_the_outer_one_leaves() {
        assert_eq!(without_outer("a.B$C", Some("a.B")).as_deref(), Some("C"));
        assert_eq!(without_outer("a.B$1Local", Some("a.B")).as_deref(), Some("Local"));
        assert_eq!(without_outer("a.B$1", Some("a.B")), None);
        // Scala's, which JDK 8 calls malformed.
        assert_eq!(without_outer("a.B$C$D", Some("a.B$C$")).as_deref(), Some("D"));
    }
}
