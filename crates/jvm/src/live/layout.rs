//! Where the fields of a class's objects are, its own and those above it, and what else makes the class special.
//! Asked of JVMTI once per class; a layout keeps neither the class nor its loader alive.

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Classed, Instance, Live, LiveString};
use crate::buf::{self, Buf};
use crate::descriptor::Type;
use crate::env::{Env, jni};
use crate::error::Result;
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::{Class, Local, Ref, Weak};
use crate::sys::{jfieldID, jobject};

/// `ACC_STATIC` (JVM specification, table 4.5-A).
const STATIC: i32 = 0x0008;

/// The flags of that table. HotSpot up to JDK 20 tells marks of its own in others.
const FIELD_FLAGS: i32 = 0x50DF;

/// The number of the last layout; none has 0.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A class whose objects JNI has functions of their own for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nature {
    /// `java.lang.String`.
    String,
    /// `java.lang.Class`.
    Class,
    /// An array of references.
    Objects,
    /// An array of these: `Z B C S I J F D`.
    Primitives(u8),
    /// Any other.
    Plain,
}

/// A field, found in the class that declares it.
pub struct LiveField {
    /// Its name.
    pub name: Box<str>,
    /// The descriptor of its type: `I`, `Ljava/lang/String;`.
    pub descriptor: Box<str>,
    /// Access flags (JVM specification, table 4.5-A).
    pub modifiers: i32,
    /// Which class of [`Layout::lineage`] declares it: 0 is the object's own.
    pub level: usize,
    pub(super) id: jfieldID,
    pub(super) held: Held,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Held {
    Word(Type),
    /// A `java.lang.String`, or null: nobody but the boot loader can define a class of that name.
    String,
}

// SAFETY: a field id is valid on every thread as long as its class is loaded. It is used on an instance of that class or
// with the class's mirror only, and then it is.
unsafe impl Send for LiveField {}
// SAFETY: as above.
unsafe impl Sync for LiveField {}

impl LiveField {
    /// Whether it belongs to the class, not to its objects.
    pub fn is_static(&self) -> bool {
        self.modifiers & STATIC != 0
    }
}

/// A class in the line from an object's class to `Object`.
pub struct Level {
    /// Its name with dots.
    pub name: Box<str>,
    /// Whether the boot loader defined it: a class of the JDK's core, whatever its name.
    pub is_boot: bool,
    class: Weak<Class>,
}

/// The layout of one class.
pub struct Layout {
    /// Access flags of the class.
    pub modifiers: i32,
    /// What its objects are to JNI.
    pub nature: Nature,
    /// All fields: those of the class in the order of its class file, then those above it.
    pub fields: Box<[LiveField]>,
    /// The class itself, then those above it. Never empty.
    pub lineage: Box<[Level]>,
    /// The names of all interfaces that it implements, in whatever class.
    pub interfaces: Box<[Box<str>]>,
    class: Weak<Class>,
    /// No other layout has it, or had it.
    number: u64,
}

impl Layout {
    /// The layout of a class. An error where the class is not prepared, which that of an object always is.
    pub fn of(env: &Env<'_>, jvmti: &Jvmti, class: &Local<'_, Class>) -> Result<Layout> {
        env.frame(16, |env| {
            let (mut fields, mut lineage, mut interfaces) = (Vec::new(), Vec::new(), Vec::new());
            let signature = jvmti.class_signature(class)?;
            let mut above = Some(env.local(class)?);
            while let Some(class) = above {
                if !signature.starts_with('[') {
                    read_fields(env, jvmti, &class, lineage.len(), &mut fields)?;
                    collect_interfaces(env, jvmti, &class, &mut interfaces)?;
                }
                lineage.push(Level {
                    name: jvmti.class_name(&class)?.into(),
                    is_boot: jvmti.class_loader(env, &class)?.is_none(),
                    class: env.weak(&class)?,
                });
                above = env.superclass(&class)?;
            }
            let nature = match signature.as_bytes() {
                [b'[', b'L' | b'[', ..] => Nature::Objects,
                [b'[', kind] => Nature::Primitives(*kind),
                b"Ljava/lang/String;" => Nature::String,
                b"Ljava/lang/Class;" => Nature::Class,
                _ => Nature::Plain,
            };
            Ok(Layout {
                modifiers: jvmti.class_modifiers(class)?.0,
                nature,
                fields: fields.into(),
                lineage: lineage.into(),
                interfaces: interfaces.into(),
                class: env.weak(class)?,
                number: LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1),
            })
        })
    }

    /// The class's name with dots; arrays as `[J` and `[Ljava.lang.String;`.
    pub fn name(&self) -> &str {
        self.lineage.first().map_or("", |own| &own.name)
    }

    /// Whether the boot loader defined it.
    pub fn is_boot(&self) -> bool {
        self.lineage.first().is_some_and(|own| own.is_boot)
    }

    /// The class, unless it was unloaded.
    pub fn class<'f>(&self, env: &Env<'f>) -> Result<Option<Local<'f, Class>>> {
        self.class.get(env)
    }

    /// The class of a level, unless it was unloaded.
    pub fn class_at<'f>(&self, env: &Env<'f>, level: usize) -> Result<Option<Local<'f, Class>>> {
        self.lineage.get(level).map_or(Ok(None), |level| level.class.get(env))
    }

    /// Whether this is the class, told by its mirror.
    #[inline]
    pub fn is(&self, live: Live<'_, '_>, class: &Local<'_, Class>) -> bool {
        self.class.is(live.env, class)
    }

    /// The object as an instance, if its class is exactly this one. Some 30 ns.
    #[inline]
    pub fn instance<'a>(&'a self, live: Live<'a, '_>, object: &'a Local<'_>) -> Option<Instance<'a>> {
        // SAFETY: a live reference; never throws.
        let class = unsafe { jni!(live.env, GetObjectClass, object.raw()) };
        let is = self.is_class(live, class);
        // SAFETY: a local reference made just now.
        unsafe { jni!(live.env, DeleteLocalRef, class) };
        if is { Instance::new(self, live, object) } else { None }
    }

    /// The same for an object that may have been asked before: then the JVM need not be.
    #[inline]
    pub fn instance_of<'a>(&'a self, live: Live<'a, '_>, object: &'a Classed<'_>) -> Option<Instance<'a>> {
        if object.is_of(self.number) {
            return Instance::new(self, live, object.object());
        }
        let instance = self.instance(live, object.object())?;
        object.remember(self.number);
        Some(instance)
    }

    /// The object as a string, if this is the class of strings and the object's; else it comes back.
    #[inline]
    pub fn into_string<'f>(
        &self,
        live: Live<'_, '_>,
        object: Classed<'f>,
    ) -> std::result::Result<LiveString<'f>, Classed<'f>> {
        if self.nature == Nature::String && self.instance_of(live, &object).is_some() {
            Ok(LiveString::new(object.into_object()))
        } else {
            Err(object)
        }
    }

    fn is_class(&self, live: Live<'_, '_>, class: jobject) -> bool {
        // SAFETY: both are live references; never throws.
        unsafe { jni!(live.env, IsSameObject, self.class.handle(), class) }
    }

    /// A field as a `java.lang.reflect.Field`. The JVM looks up its type by the loader of its class. `None` where the class is
    /// gone.
    pub fn reflected<'f>(&self, env: &Env<'f>, field: usize) -> Result<Option<Local<'f>>> {
        let Some(field) = self.fields.get(field) else { return Ok(None) };
        let Some(class) = self.class_at(env, field.level)? else { return Ok(None) };
        // SAFETY: a field of this class.
        let raw = unsafe { jni!(env, ToReflectedField, class.raw(), field.id, field.is_static()) };
        env.receive(raw, "ToReflectedField")
    }

    /// What a static field holds. `None` for a field that is none, and where the class is gone.
    pub fn get_static<'f>(&self, live: Live<'_, 'f>, field: usize) -> Option<super::Got<'f>> {
        let field = self.fields.get(field).filter(|field| field.is_static())?;
        let class = self.class_at(live.env, field.level).ok()??;
        // SAFETY: `field` is a static field of `class`, of the type that it says.
        Some(unsafe { super::instance::read_static(live, class.raw(), field) })
    }
}

fn read_fields(
    env: &Env<'_>,
    jvmti: &Jvmti,
    class: &Local<'_, Class>,
    level: usize,
    all: &mut Vec<LiveField>,
) -> Result<()> {
    env.ready()?;
    let (mut count, mut ids): (i32, *mut jfieldID) = (0, ptr::null_mut());
    // SAFETY: a live reference to a class, and both are ours for the call.
    unsafe { jvmti!(jvmti, GetClassFields, class.raw(), &mut count, &mut ids) }?;
    // SAFETY: allocated by the call, `count` of them.
    let ids = unsafe { Buf::new(jvmti, ids, count) };
    for id in ids.slice() {
        let (mut name, mut descriptor, mut modifiers) = (ptr::null_mut(), ptr::null_mut(), 0);
        let class = class.raw();
        // SAFETY: a field of this class, read just now; the generic signature is not asked for.
        let known =
            unsafe { jvmti!(jvmti, GetFieldName, class, *id, &mut name, &mut descriptor, ptr::null_mut()) };
        // SAFETY: a C string allocated by the call and given back once, or null.
        let name = unsafe { buf::text(jvmti, name) }.unwrap_or_default();
        // SAFETY: as above.
        let descriptor = unsafe { buf::text(jvmti, descriptor) }.unwrap_or_default();
        known?;
        // SAFETY: as above, and `modifiers` is ours for the call.
        unsafe { jvmti!(jvmti, GetFieldModifiers, class, *id, &mut modifiers) }?;
        let held = match &*descriptor {
            "Ljava/lang/String;" => Held::String,
            other => Held::Word(Type::of_field(&name, other)?),
        };
        let (name, descriptor) = (name.into(), descriptor.into());
        modifiers &= FIELD_FLAGS;
        all.push(LiveField { name, descriptor, modifiers, level, id: *id, held });
    }
    Ok(())
}

/// Interfaces, and those above them, each once.
fn collect_interfaces(
    env: &Env<'_>,
    jvmti: &Jvmti,
    class: &Local<'_, Class>,
    all: &mut Vec<Box<str>>,
) -> Result<()> {
    env.frame(16, |env| {
        let own = jvmti.interfaces(env, class)?;
        for interface in own {
            let name = jvmti.class_name(&interface)?;
            if all.iter().all(|known| **known != *name) {
                all.push(name.into());
                collect_interfaces(env, jvmti, &interface, all)?;
            }
        }
        Ok(())
    })
}
