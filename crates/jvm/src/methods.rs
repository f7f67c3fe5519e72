//! Methods: those of a class, and words for those of a stack. A method id dies with its class and is never safe to
//! keep (JDK-8313816), so ids live only from the stack's reading to soon after it, and are asked about once each.

use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;

use crate::buf::{self, Buf};
use crate::classes;
use crate::env::{Env, jni};
use crate::error::{Result, room};
use crate::jvmti::{Jvmti, jvmti};
use crate::probe::RawFrame;
use crate::refs::{Class, Local, Ref};
use crate::stacks::Frame;
use crate::sys::{FrameInfo, LineNumberEntry, jmethodID};

/// A method as the JVM knows it: good for comparing, and for asking about as long as its class is loaded. After that
/// the JVM refuses it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MethodId(usize);

impl MethodId {
    pub(crate) fn new(raw: jmethodID) -> MethodId {
        MethodId(raw.expose_provenance())
    }

    pub(crate) fn raw(self) -> jmethodID {
        ptr::with_exposed_provenance_mut(self.0)
    }
}

/// A method that a class declares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassMethod {
    /// The JVM's own number of it.
    pub id: MethodId,
    /// Its name; `<init>` and `<clinit>` are among them.
    pub name: String,
    /// Its descriptor: `(ILjava/lang/String;)V`.
    pub descriptor: String,
    /// Access flags (JVM specification, table 4.6-A).
    pub modifiers: i32,
}

/// What is said of one method.
struct Words {
    class: Arc<str>,
    method: Arc<str>,
    file: Option<Arc<str>>,
    /// Start of a stretch of byte code, and its line; by start.
    lines: Vec<(i64, u32)>,
}

/// The methods met in one snapshot of stacks.
pub(crate) struct Met<'j> {
    jvmti: &'j Jvmti,
    words: HashMap<jmethodID, Words>,
}

impl<'j> Met<'j> {
    pub(crate) fn new(jvmti: &'j Jvmti) -> Met<'j> {
        Met { jvmti, words: HashMap::new() }
    }

    /// A frame in words. One whose class went away meanwhile has none, and says so.
    pub(crate) fn frame(&mut self, env: &Env<'_>, at: &FrameInfo) -> Frame {
        let jvmti = self.jvmti;
        let words = self.words.entry(at.method).or_insert_with(|| words(jvmti, env, at.method));
        let line = words.lines.partition_point(|(start, _)| *start <= at.location);
        let line = line.checked_sub(1).and_then(|index| words.lines.get(index)).map(|(_, line)| *line);
        Frame {
            class: Arc::clone(&words.class),
            method: Arc::clone(&words.method),
            file: words.file.clone(),
            // -1 is what JVMTI says of a native method's location.
            line: line.filter(|_| at.location >= 0),
            native: at.location == -1,
        }
    }
}

fn words(jvmti: &Jvmti, env: &Env<'_>, method: jmethodID) -> Words {
    let method_name = jvmti.method_name(method).unwrap_or_else(|_| "unknown".to_owned());
    let class = jvmti.declaring_class(env, method).ok();
    let class_name = class
        .as_ref()
        .and_then(|class| jvmti.class_signature(class).ok())
        .map_or_else(|| "unloaded".to_owned(), |signature| classes::name_of(&signature));
    let file = class.as_ref().and_then(|class| jvmti.source_file(class).ok().flatten());
    Words {
        class: class_name.into(),
        method: method_name.into(),
        file: file.map(Arc::from),
        lines: jvmti.lines(method).unwrap_or_default(),
    }
}

impl<'f> Env<'f> {
    /// A method or constructor of a class as a `java.lang.reflect.Method` or `Constructor`. The JVM looks up the types of
    /// its descriptor and exceptions by the class's loader; one that is not there is Java's own exception.
    pub fn reflected_method(
        &self,
        class: &impl Ref<Kind = Class>,
        method: MethodId,
        is_static: bool,
    ) -> Result<Local<'f>> {
        self.ready()?;
        // SAFETY: a method of this class, which the caller holds, since its id was read.
        let raw = unsafe { jni!(self, ToReflectedMethod, class.raw(), method.raw(), is_static) };
        self.receive(raw, "ToReflectedMethod")
    }
}

impl Jvmti {
    /// The methods a class declares itself. An error where the class is not yet prepared (`class_status`).
    pub fn class_methods(&self, class: &impl Ref<Kind = Class>) -> Result<Vec<ClassMethod>> {
        let ids = self.class_method_ids(class)?;
        let mut all = room(ids.len())?;
        for id in ids {
            let (mut name, mut descriptor, mut modifiers) = (ptr::null_mut(), ptr::null_mut(), 0);
            let raw = id.raw();
            // SAFETY: an id read just now, whose class the caller holds; the generic signature is not asked for.
            let known =
                unsafe { jvmti!(self, GetMethodName, raw, &mut name, &mut descriptor, ptr::null_mut()) };
            // SAFETY: a C string allocated by the call and given back once, or null.
            let name = unsafe { buf::text(self, name) }.unwrap_or_default();
            // SAFETY: as above.
            let descriptor = unsafe { buf::text(self, descriptor) }.unwrap_or_default();
            known?;
            // SAFETY: as above, and `modifiers` is ours for the call.
            unsafe { jvmti!(self, GetMethodModifiers, raw, &mut modifiers) }?;
            all.push(ClassMethod { id, name, descriptor, modifiers });
        }
        Ok(all)
    }

    /// Only their ids.
    pub fn class_method_ids(&self, class: &impl Ref<Kind = Class>) -> Result<Vec<MethodId>> {
        let (mut count, mut ids) = (0, ptr::null_mut());
        // SAFETY: a live reference to a class, and both are ours for the call.
        unsafe { jvmti!(self, GetClassMethods, class.raw(), &mut count, &mut ids) }?;
        // SAFETY: allocated by the call, `count` of them.
        let ids = unsafe { Buf::new(self, ids, count) };
        let mut all = room(ids.slice().len())?;
        all.extend(ids.slice().iter().map(|id| MethodId::new(*id)));
        Ok(all)
    }

    /// The class that declares a method, if it is still loaded.
    pub fn method_class<'f>(&self, env: &Env<'f>, method: MethodId) -> Result<Local<'f, Class>> {
        env.ready()?;
        self.declaring_class(env, method.raw())
    }

    /// A stack in words. Soon after it was read: a class may unload at any time.
    pub fn frames(&self, env: &Env<'_>, stack: &[RawFrame]) -> Result<Vec<Frame>> {
        env.ready()?;
        let mut met = Met::new(self);
        let mut all = room(stack.len())?;
        for at in stack {
            all.push(met.frame(env, &FrameInfo { method: at.method.raw(), location: at.location }));
        }
        Ok(all)
    }

    fn method_name(&self, method: jmethodID) -> Result<String> {
        let mut name = ptr::null_mut();
        // SAFETY: an id from a stack read just now; the JVM refuses a dead one. Null for what is not wanted.
        unsafe { jvmti!(self, GetMethodName, method, &mut name, ptr::null_mut(), ptr::null_mut()) }?;
        // SAFETY: a C string allocated by the call and given back once.
        Ok(unsafe { buf::text(self, name) }.unwrap_or_default())
    }

    fn declaring_class<'f>(&self, env: &Env<'f>, method: jmethodID) -> Result<Local<'f, Class>> {
        let mut class = ptr::null_mut();
        // SAFETY: as above, and `class` is ours for the call.
        unsafe { jvmti!(self, GetMethodDeclaringClass, method, &mut class) }?;
        // SAFETY: a new local reference to a class, in this frame.
        unsafe { Local::from_raw(env, class) }
            .ok_or_else(|| crate::Error::Null { call: "GetMethodDeclaringClass".into() })
    }

    /// The lines of a method that the class file tells of, in their order, each once; none where it tells of none. Needs
    /// `Capability::GetLineNumbers`. The id must be of a class that is loaded.
    pub fn line_numbers(&self, method: MethodId) -> Vec<u32> {
        // The JVM says ABSENT_INFORMATION and NATIVE_METHOD as errors.
        let table = self.lines(method.raw()).unwrap_or_default();
        let mut lines: Vec<u32> = table.into_iter().map(|(_, line)| line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// Needs `Capability::GetLineNumbers`.
    fn lines(&self, method: jmethodID) -> Result<Vec<(i64, u32)>> {
        let (mut count, mut table): (i32, *mut LineNumberEntry) = (0, ptr::null_mut());
        // SAFETY: as above; both are ours for the call.
        unsafe { jvmti!(self, GetLineNumberTable, method, &mut count, &mut table) }?;
        // SAFETY: allocated by the call, `count` of them.
        let table = unsafe { Buf::new(self, table, count) };
        let line = |entry: &LineNumberEntry| u32::try_from(entry.line_number).unwrap_or(0);
        let mut lines: Vec<(i64, u32)> =
            table.slice().iter().map(|entry| (entry.start_location, line(entry))).collect();
        lines.sort_unstable_by_key(|(start, _)| *start);
        Ok(lines)
    }
}
