//! Classes as JVMTI sees them. A big application has 100,000 of them: whatever walks them all makes one pass
//! and lets go of each reference as it goes.

use std::ptr;

use crate::buf::{self, Buf};
use crate::env::Env;
use crate::error::{Result, room};
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::{Class, Local, Ref};
use crate::sys::{self, ErrorCode};

/// How far a class has come (`GetClassStatus`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClassStatus(i32);

impl ClassStatus {
    /// Its byte code was verified.
    pub fn is_verified(self) -> bool {
        self.0 & sys::CLASS_STATUS_VERIFIED != 0
    }

    /// It is prepared: its methods and fields can be asked for.
    pub fn is_prepared(self) -> bool {
        self.0 & sys::CLASS_STATUS_PREPARED != 0
    }

    /// Its static initialiser has run.
    pub fn is_initialized(self) -> bool {
        self.0 & sys::CLASS_STATUS_INITIALIZED != 0
    }

    /// Its static initialiser has failed.
    pub fn is_broken(self) -> bool {
        self.0 & sys::CLASS_STATUS_ERROR != 0
    }

    /// It is an array class.
    pub fn is_array(self) -> bool {
        self.0 & sys::CLASS_STATUS_ARRAY != 0
    }

    /// It stands for a primitive type.
    pub fn is_primitive(self) -> bool {
        self.0 & sys::CLASS_STATUS_PRIMITIVE != 0
    }
}

/// Access flags of a class (JVM specification, table 4.1-B).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Modifiers(pub i32);

/// The name with dots of a type's signature, as `Class.getName` gives it: `Ljava/lang/String;` is
/// `java.lang.String`, `[J` stays. A hidden class `Lp/C.0x1;` is `p.C/0x1`.
pub(crate) fn name_of(signature: &str) -> String {
    let swap = |text: &str| -> String {
        let mut bytes = text.as_bytes().to_vec();
        for byte in &mut bytes {
            *byte = match *byte {
                b'/' => b'.',
                b'.' => b'/',
                same => same,
            };
        }
        // One letter for another of one byte: what was text is text.
        String::from_utf8(bytes).unwrap_or_default()
    };
    match signature.strip_prefix('L').and_then(|rest| rest.strip_suffix(';')) {
        Some(name) => swap(name),
        None => match signature {
            "Z" => "boolean".to_owned(),
            "B" => "byte".to_owned(),
            "C" => "char".to_owned(),
            "S" => "short".to_owned(),
            "I" => "int".to_owned(),
            "J" => "long".to_owned(),
            "F" => "float".to_owned(),
            "D" => "double".to_owned(),
            "V" => "void".to_owned(),
            array => swap(array),
        },
    }
}

impl Jvmti {
    /// All loaded classes, arrays included.
    pub fn loaded_classes<'f>(&self, env: &Env<'f>) -> Result<Vec<Local<'f, Class>>> {
        env.ready()?;
        let (mut count, mut classes) = (0, ptr::null_mut());
        // SAFETY: both are ours for the call.
        unsafe { jvmti!(self, GetLoadedClasses, &mut count, &mut classes) }?;
        // SAFETY: allocated by the call, `count` of them.
        let classes = unsafe { Buf::new(self, classes, count) };
        env.reserve(classes.slice().len());
        let mut all = room(classes.slice().len())?;
        // SAFETY: each is a new local reference to a class, in this frame.
        all.extend(classes.slice().iter().filter_map(|raw| unsafe { Local::from_raw(env, *raw) }));
        Ok(all)
    }

    /// The names with dots of all loaded classes, in no order; a name may occur once per loader.
    pub fn loaded_class_names(&self, env: &Env<'_>) -> Result<Vec<String>> {
        env.frame(16, |env| {
            let classes = self.loaded_classes(env)?;
            let mut names = room(classes.len())?;
            names.extend(classes.iter().filter_map(|class| self.class_name(class).ok()));
            // The frame's end frees all references at once, faster than one by one.
            classes.into_iter().for_each(Local::leave);
            Ok(names)
        })
    }

    /// The classes that a loader gives for names that were asked of it, its own and others'; what it would give for a name
    /// that nobody has asked of it yet is not among them. `None` is the boot loader. Asks no loader, and loads nothing.
    pub fn loader_classes<'f>(
        &self,
        env: &Env<'f>,
        loader: Option<&impl Ref>,
    ) -> Result<Vec<Local<'f, Class>>> {
        env.ready()?;
        let loader = loader.map_or(ptr::null_mut(), Ref::raw);
        let (mut count, mut classes) = (0, ptr::null_mut());
        // SAFETY: a live loader, or null, which stands for the boot loader; both places are ours for the call.
        unsafe { jvmti!(self, GetClassLoaderClasses, loader, &mut count, &mut classes) }?;
        // SAFETY: allocated by the call, `count` of them.
        let classes = unsafe { Buf::new(self, classes, count) };
        env.reserve(classes.slice().len());
        let mut all = room(classes.slice().len())?;
        // SAFETY: each is a new local reference to a class, in this frame.
        all.extend(classes.slice().iter().filter_map(|raw| unsafe { Local::from_raw(env, *raw) }));
        Ok(all)
    }

    /// Whether the boot loader has a class of this name, with slashes. Asks no loader, so nothing is thrown.
    pub(crate) fn is_boot_class(&self, env: &Env<'_>, name: &str) -> Result<bool> {
        let wanted = format!("L{name};");
        env.frame(16, |env| {
            let all = self.loader_classes(env, None::<&Local<'_>>)?;
            let found = all
                .iter()
                .any(|class| self.class_signature(class).is_ok_and(|signature| signature == wanted));
            // The frame's end frees all references at once, faster than one by one.
            all.into_iter().for_each(Local::leave);
            Ok(found)
        })
    }

    /// How many classes are loaded, arrays included.
    pub fn loaded_class_count(&self, env: &Env<'_>) -> Result<usize> {
        env.frame(16, |env| self.loaded_classes(env).map(|all| all.len()))
    }

    /// The signature of the class's type: `Ljava/lang/String;`, `[J`.
    pub fn class_signature(&self, class: &impl Ref<Kind = Class>) -> Result<String> {
        let mut signature = ptr::null_mut();
        // SAFETY: a live reference to a class; the generic signature is not asked for.
        unsafe { jvmti!(self, GetClassSignature, class.raw(), &mut signature, ptr::null_mut()) }?;
        // SAFETY: a C string allocated by the call and given back once.
        Ok(unsafe { buf::text(self, signature) }.unwrap_or_default())
    }

    /// The class's name with dots, as `Class.getName` gives it, but without running Java code.
    pub fn class_name(&self, class: &impl Ref<Kind = Class>) -> Result<String> {
        let mut name = name_of(&self.class_signature(class)?);
        // Up to JDK 14 an anonymous class of the JVM (a lambda's) has a number behind a slash, which its signature does not
        // tell from a package.
        if self.jdk() < 15
            && let Some(dot) = name.rfind('.')
            && name.len() > dot + 1
            && name.bytes().skip(dot + 1).all(|byte| byte.is_ascii_digit())
        {
            name.replace_range(dot..=dot, "/");
        }
        Ok(name)
    }

    /// The generic signature, if the class has type parameters or generic parents.
    pub fn generic_signature(&self, class: &impl Ref<Kind = Class>) -> Result<Option<String>> {
        let mut generic = ptr::null_mut();
        // SAFETY: a live reference to a class; the plain signature is not asked for.
        unsafe { jvmti!(self, GetClassSignature, class.raw(), ptr::null_mut(), &mut generic) }?;
        // SAFETY: a C string allocated by the call and given back once, or null.
        Ok(unsafe { buf::text(self, generic) })
    }

    /// How far the class has come.
    pub fn class_status(&self, class: &impl Ref<Kind = Class>) -> Result<ClassStatus> {
        let mut bits = 0;
        // SAFETY: a live reference to a class, and `bits` is ours for the call.
        unsafe { jvmti!(self, GetClassStatus, class.raw(), &mut bits) }?;
        Ok(ClassStatus(bits))
    }

    /// Its access flags.
    pub fn class_modifiers(&self, class: &impl Ref<Kind = Class>) -> Result<Modifiers> {
        let mut bits = 0;
        // SAFETY: as above.
        unsafe { jvmti!(self, GetClassModifiers, class.raw(), &mut bits) }?;
        Ok(Modifiers(bits))
    }

    /// The loader that defined it; `None` for the boot loader.
    pub fn class_loader<'f>(
        &self,
        env: &Env<'f>,
        class: &impl Ref<Kind = Class>,
    ) -> Result<Option<Local<'f>>> {
        env.ready()?;
        let mut loader = ptr::null_mut();
        // SAFETY: a live reference to a class, and `loader` is ours for the call.
        unsafe { jvmti!(self, GetClassLoader, class.raw(), &mut loader) }?;
        // SAFETY: a new local reference in this frame, or null.
        Ok(unsafe { Local::from_raw(env, loader) })
    }

    /// The source file's name, if the class file says. Needs `Capability::GetSourceFileName`.
    pub fn source_file(&self, class: &impl Ref<Kind = Class>) -> Result<Option<String>> {
        let mut name = ptr::null_mut();
        // SAFETY: a live reference to a class, and `name` is ours for the call.
        match unsafe { jvmti!(self, GetSourceFileName, class.raw(), &mut name) } {
            // SAFETY: a C string allocated by the call and given back once.
            Ok(()) => Ok(unsafe { buf::text(self, name) }),
            Err(error) if error.is_jvmti(ErrorCode::ABSENT_INFORMATION) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The interfaces that it names itself. An error where the class is not yet prepared (`class_status`).
    pub fn interfaces<'f>(
        &self,
        env: &Env<'f>,
        class: &impl Ref<Kind = Class>,
    ) -> Result<Vec<Local<'f, Class>>> {
        env.ready()?;
        let (mut count, mut classes) = (0, ptr::null_mut());
        // SAFETY: a live reference to a class, and both are ours for the call.
        unsafe { jvmti!(self, GetImplementedInterfaces, class.raw(), &mut count, &mut classes) }?;
        // SAFETY: allocated by the call, `count` of them.
        let classes = unsafe { Buf::new(self, classes, count) };
        let mut all = room(classes.slice().len())?;
        // SAFETY: each is a new local reference to a class, in this frame.
        all.extend(classes.slice().iter().filter_map(|raw| unsafe { Local::from_raw(env, *raw) }));
        Ok(all)
    }

    /// Whether its byte code may be changed; not so for arrays, primitive types and hidden classes.
    pub fn is_modifiable(&self, class: &impl Ref<Kind = Class>) -> Result<bool> {
        let mut flag = 0;
        // SAFETY: a live reference to a class, and `flag` is ours for the call.
        unsafe { jvmti!(self, IsModifiableClass, class.raw(), &mut flag) }?;
        Ok(flag != 0)
    }

    /// Major and minor version of its class file.
    pub fn class_version(&self, class: &impl Ref<Kind = Class>) -> Result<(i32, i32)> {
        let (mut minor, mut major) = (0, 0);
        // SAFETY: a live reference to a class, and both numbers are ours for the call.
        unsafe { jvmti!(self, GetClassVersionNumbers, class.raw(), &mut minor, &mut major) }?;
        Ok((major, minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_become_the_names_java_gives() {
        assert_eq!(name_of("Ljava/util/Map$Entry;"), "java.util.Map$Entry");
        assert_eq!(name_of("[Ljava/lang/String;"), "[Ljava.lang.String;");
        assert_eq!(name_of("[[J"), "[[J");
        assert_eq!(name_of("I"), "int");
        assert_eq!(name_of("Lp/Lambda.0x00c0;"), "p.Lambda/0x00c0");
    }
}
