//! Words for the methods of a stack. A method id dies with its class and is never safe to keep (JDK-8313816),
//! so ids live here only from the stack's reading to the end of that call, and are asked about once each.

use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;

use crate::buf::{self, Buf};
use crate::classes;
use crate::env::Env;
use crate::error::Result;
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::{Class, Local};
use crate::stacks::Frame;
use crate::sys::{FrameInfo, LineNumberEntry, jmethodID};

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

impl Jvmti {
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
