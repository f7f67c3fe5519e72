//! Who keeps the biggest objects of a class: each path to its root with the names of fields, places in arrays, static
//! fields, methods and threads.

use std::collections::HashMap;
use std::time::Duration;

use jvm::heap::{By, PathSearch, Paths, Root};
use jvm::{Class, Env, Local};
use serde::Serialize;

use crate::Host;
use crate::class_query::ClassQuery;
use crate::error::Result;
use crate::evaluation::Answer;
use crate::heap_walk::{class_name, millis};

/// How far is looked.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// So many objects.
    pub objects: usize,
    /// So many holders of each path, next to the object, are told.
    pub holders: usize,
    /// So many objects on the way are remembered at most.
    pub remembered: usize,
    /// So long may each of two walks take.
    pub limit: Duration,
}

/// Who keeps the biggest objects of a class.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceAnalysis {
    /// The objects, biggest first.
    pub objects: Vec<KeptObject>,
    /// Objects that were remembered on the way.
    pub remembered: usize,
    /// References to objects that were not, since there were too many; paths over these are not told.
    pub forgotten: u64,
    /// Whether all references were walked in time.
    pub complete: bool,
    /// How long the application stood still, in milliseconds; it ran between.
    pub pauses_ms: Vec<f64>,
}

/// An object and who keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptObject {
    /// Its class.
    pub class_name: String,
    /// Bytes it takes, without what it refers to.
    pub bytes: u64,
    /// Who holds it, who holds that, and so on.
    pub references: Vec<Reference>,
    /// Holders between the last of these and the root.
    pub left_out: usize,
    /// Where the path begins.
    pub root: RootFacts,
}

/// A holder and by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The holder's class.
    pub class_name: String,
    /// Its field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Its element, where it is an array.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i32>,
    /// What it is otherwise: `class loader`, `class`, `class data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
}

/// Where a path begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RootFacts {
    /// `static field`, `local variable`, `native frame`, `thread`, `monitor`, `JNI global`, `system class`, `JVM`; `beyond
    /// the limit` and `none` where no root was found.
    pub kind: &'static str,
    /// The class of a static field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
    /// The static field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Class and method of a variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The line where the method is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The variable's slot in the frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<i32>,
    /// Java's number of the thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<i64>,
    /// Its name; none for one that has ended, or is virtual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_name: Option<String>,
}

impl Host {
    /// Finds the biggest objects of a class and of those below it, and who keeps them.
    pub fn keepers(&self, class: &ClassQuery, keeping: Keeping) -> Result<Answer<ReferenceAnalysis>> {
        self.vm.with_env(|env| {
            let class = match self.one_class(env, class)? {
                Ok((class, _)) => class,
                Err(not_one) => return Ok(Err(not_one)),
            };
            let search = PathSearch {
                objects: keeping.objects,
                holders: keeping.holders,
                marks: keeping.remembered,
                limit: keeping.limit,
            };
            let paths = self.environment.jvmti.paths(env, &class, search)?;
            self.told(env, paths).map(Ok)
        })
    }

    /// The paths in words.
    fn told<'f>(&self, env: &Env<'f>, paths: Paths<'f>) -> Result<ReferenceAnalysis> {
        let threads = &paths.threads;
        let mut names =
            Words { host: self, classes: &paths.classes, names: HashMap::new(), fields: HashMap::new() };
        let mut objects = Vec::with_capacity(paths.objects.len());
        for kept in paths.objects {
            let mut references = Vec::with_capacity(kept.holders.len());
            for holder in kept.holders {
                let (mut field, mut index, mut kind) = (None, None, None);
                match holder.by {
                    By::Field(number) => field = Some(names.field(env, holder.class, number)?),
                    By::Element(number) => index = Some(number),
                    By::Loader => kind = Some("class loader"),
                    By::Class => kind = Some("class"),
                    By::ClassData => kind = Some("class data"),
                }
                references.push(Reference { class_name: names.class(holder.class), field, index, kind });
            }
            objects.push(KeptObject {
                class_name: names.class(kept.class),
                bytes: kept.size,
                references,
                left_out: kept.left_out,
                root: self.root(env, &mut names, threads, kept.root)?,
            });
        }
        Ok(ReferenceAnalysis {
            objects,
            remembered: paths.marked,
            forgotten: paths.forgotten,
            complete: paths.is_whole,
            pauses_ms: paths.pauses.into_iter().map(millis).collect(),
        })
    }

    fn root<'f>(
        &self,
        env: &Env<'f>,
        names: &mut Words<'_, 'f>,
        threads: &[Local<'f>],
        root: Root,
    ) -> Result<RootFacts> {
        let mut facts = RootFacts::default();
        facts.kind = match root {
            Root::Static(class, number) => {
                facts.class_name = Some(names.class(class));
                facts.field = Some(names.field(env, class, number)?);
                "static field"
            }
            Root::Variable { thread, frame, slot } => {
                facts.slot = Some(slot);
                self.place(env, &mut facts, thread, Some(frame))?;
                "local variable"
            }
            Root::Native { thread, frame } => {
                self.place(env, &mut facts, thread, frame)?;
                "native frame"
            }
            Root::Thread(place) => {
                if let Some(thread) = place.checked_sub(1).and_then(|at| threads.get(at)) {
                    let fields = self.thread_fields(env)?;
                    facts.thread_id = Some(fields.id(env, thread)?);
                    facts.thread_name = Some(fields.facts(env, thread)?.name);
                }
                "thread"
            }
            Root::Monitor => "monitor",
            Root::Global => "JNI global",
            Root::SystemClass => "system class",
            Root::Other => "JVM",
            Root::Beyond => "beyond the limit",
            Root::Unknown => "none",
        };
        Ok(facts)
    }

    fn place(
        &self,
        env: &Env<'_>,
        facts: &mut RootFacts,
        thread: i64,
        frame: Option<jvm::Frame>,
    ) -> Result<()> {
        facts.thread_id = Some(thread);
        if let Some(thread) = self.thread_by_id(env, thread)? {
            facts.thread_name = Some(self.thread_fields(env)?.facts(env, &thread)?.name);
        }
        if let Some(frame) = frame {
            facts.method = Some(format!("{}.{}", frame.class, frame.method));
            facts.line = frame.line;
        }
        Ok(())
    }
}

/// Names, each asked for once: a thousand paths go through few classes.
struct Words<'p, 'f> {
    host: &'p Host,
    classes: &'p [Local<'f, Class>],
    names: HashMap<usize, String>,
    fields: HashMap<(usize, i32), String>,
}

impl Words<'_, '_> {
    fn class(&mut self, class: usize) -> String {
        let jvmti = &self.host.environment.jvmti;
        self.names.entry(class).or_insert_with(|| class_name(jvmti, self.classes, class)).clone()
    }

    fn field(&mut self, env: &Env<'_>, class: usize, number: i32) -> Result<String> {
        if let Some(known) = self.fields.get(&(class, number)) {
            return Ok(known.clone());
        }
        let name = match class.checked_sub(1).and_then(|at| self.classes.get(at)) {
            Some(class) => env.frame(64, |env| -> Result<_> {
                let field = self.host.environment.jvmti.reference_field(env, class, number)?;
                Ok(field.map(|(_, name)| name))
            })?,
            None => None,
        };
        let name = name.unwrap_or_else(|| format!("field {number}"));
        self.fields.insert((class, number), name.clone());
        Ok(name)
    }
}
