//! From the biggest objects of a class to who keeps them: two walks over all references and one that takes the marks
//! away. What is marked is bounded, and the time of each walk; what could not be told because of that is said.

use std::ffi::c_void;
use std::ptr;
use std::time::Duration;

use super::reach::{Natures, Reach, kind, reach};
use super::trace::{Edge, FrameRoot, Trace, trace};
use super::walk::{Deadline, Marked, alone};
use crate::env::Env;
use crate::error::{Result, room};
use crate::jvmti::{Jvmti, jvmti};
use crate::methods::Met;
use crate::refs::{Class, Local, Ref};
use crate::stacks::Frame;
use crate::sys::{FrameInfo, HeapCallbacks, HeapReferenceCallback, jint};

/// What is looked for, and how far.
#[derive(Clone, Copy, Debug)]
pub struct PathSearch {
    /// So many objects.
    pub objects: usize,
    /// Each path is told with so many holders next to the object, and the root.
    pub holders: usize,
    /// So many objects are marked at most, at 16 bytes of ours and some 50 to 100 of the JVM's.
    pub marks: usize,
    /// Each walk may take so long; the application stands still meanwhile.
    pub limit: Duration,
}

/// Who keeps the biggest objects of a class.
pub struct Paths<'f> {
    /// The classes that were loaded when the first walk began. A class is told as its place here, counted from 1; 0 is
    /// one that was loaded later.
    pub classes: Vec<Local<'f, Class>>,
    /// The platform threads that lived then, told in the same way.
    pub threads: Vec<Local<'f>>,
    /// The objects, biggest first.
    pub objects: Vec<Kept>,
    /// How many were marked.
    pub marked: usize,
    /// References to objects that were not marked since there were too many: paths over them are not told.
    pub forgotten: u64,
    /// Whether all references were walked in time.
    pub is_whole: bool,
    /// How long the application stood still, for each walk: two over references, one over objects.
    pub pauses: Vec<Duration>,
}

/// An object and who keeps it.
pub struct Kept {
    /// Its class.
    pub class: usize,
    /// Bytes it takes, without what it refers to.
    pub size: u64,
    /// Who holds it, who holds that, and so on.
    pub holders: Vec<Holder>,
    /// Holders between the last of these and the root.
    pub left_out: usize,
    /// Where the path begins.
    pub root: Root,
}

/// An object that holds the one before it in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its class.
    pub class: usize,
    /// By what.
    pub by: By,
}

/// By what an object holds another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The field with this number ([`Jvmti::reference_field`]).
    Field(i32),
    /// This element of an array.
    Element(i32),
    /// It is a class, and the other its loader.
    Loader,
    /// The other is its class.
    Class,
    /// Anything else that a class refers to: signers, constants, the class above it.
    ClassData,
}

/// Where a path begins.
#[derive(Debug)]
pub enum Root {
    /// The static field with this number of a class.
    Static(usize, i32),
    /// A variable of a method that a thread runs.
    Variable {
        /// Java's number of the thread.
        thread: i64,
        /// The method and its line.
        frame: Frame,
        /// The variable's slot.
        slot: i32,
    },
    /// A reference that native code has while a thread is in it.
    Native {
        /// Java's number of the thread.
        thread: i64,
        /// The native method; none where the thread runs no Java code.
        frame: Option<Frame>,
    },
    /// A thread that lives, by its place.
    Thread(usize),
    /// A monitor that somebody has or waits for.
    Monitor,
    /// A global reference of native code.
    Global,
    /// A class that the JVM itself keeps.
    SystemClass,
    /// Something else of the JVM's own.
    Other,
    /// It lies beyond what was marked.
    Beyond,
    /// None was found: the object was let go of between the two walks, or the second one did not get there in time.
    Unknown,
}

/// References of frames that are kept in words.
const FRAMES: usize = 1 << 14;

impl Jvmti {
    /// Finds the biggest reachable objects of a class and of those below it, and who keeps them. Weak references keep
    /// nothing.
    pub fn paths<'f>(
        &self,
        env: &Env<'f>,
        class: &impl Ref<Kind = Class>,
        search: PathSearch,
    ) -> Result<Paths<'f>> {
        let _alone = alone(self)?;
        let mut marked = Marked::classes_and_threads(self, env)?;
        let (count, given) = (marked.classes.len(), marked.highest());
        // What is asked of each class needs a few references more.
        env.reserve(1_024);
        let natures = Natures::of(self, env, &marked, class)?;
        let mut pauses = Vec::with_capacity(3);
        let mut reached = Reach::new(natures, given, search.objects, Deadline::after(search.limit))?;
        marked.are_others = true;
        pauses.push(self.follow(reach, ptr::from_mut(&mut reached).cast())?);
        let mut is_whole = !reached.deadline.passed;
        let Reach { natures, pairs, biggest, next, .. } = reached;
        let wanted = biggest.into_sorted();

        let first = usize::try_from(next).unwrap_or(usize::MAX);
        let most = first.saturating_add(search.marks);
        let mut edges = room(most)?;
        edges.resize(first, Edge::default());
        let mut visited = room(count + 1)?;
        visited.resize(count + 1, false);
        let leads = pairs.leads(&natures)?;
        let deadline = Deadline::after(search.limit);
        let mut traced =
            Trace { deadline, natures, leads, visited, edges, most, frames: room(FRAMES)?, forgotten: 0 };
        if !wanted.is_empty() && is_whole {
            pauses.push(self.follow(trace, ptr::from_mut(&mut traced).cast())?);
            is_whole = !traced.deadline.passed;
        }
        let before = std::time::Instant::now();
        let (classes, threads) = marked.into_lists();
        pauses.push(before.elapsed());

        let mut met = Met::new(self);
        let mut objects = room(wanted.len())?;
        for (size, mark) in wanted {
            let told = Told { trace: &traced, holders: search.holders, classes: count };
            objects.push(told.kept(size, mark, |at| {
                met.frame(env, &FrameInfo { method: at.method, location: at.location })
            })?);
        }
        let marked = traced.edges.len().saturating_sub(given);
        Ok(Paths { classes, threads, objects, marked, forgotten: traced.forgotten, is_whole, pauses })
    }

    /// Walks all references from the roots.
    fn follow(&self, callback: HeapReferenceCallback, handed: *mut c_void) -> Result<Duration> {
        let callbacks = HeapCallbacks { heap_reference: Some(callback), ..HeapCallbacks::default() };
        let before = std::time::Instant::now();
        // SAFETY: the callback is called during this call only; what is handed over is what it takes, and outlives it.
        unsafe {
            jvmti!(
                self,
                FollowReferences,
                0,
                ptr::null_mut(),
                ptr::null_mut(),
                &callbacks,
                handed.cast_const()
            )
        }?;
        Ok(before.elapsed())
    }
}

/// What the walk noted, as a path.
struct Told<'t> {
    trace: &'t Trace,
    holders: usize,
    /// How many classes are marked.
    classes: usize,
}

impl Told<'_> {
    fn edge(&self, mark: usize) -> Edge {
        self.trace.edges.get(mark).copied().unwrap_or_default()
    }

    fn kept(&self, size: u64, wanted: u64, frame: impl FnMut(&FrameRoot) -> Frame) -> Result<Kept> {
        let class = (wanted >> 32) as usize;
        let (mut holders, mut left_out, mut at) = (Vec::new(), 0, (wanted & 0xFFFF_FFFF) as usize);
        // Each is nearer to its root than the one before, so this ends.
        loop {
            let edge = self.edge(at);
            if edge.parent == 0 || edge.kind() == kind::STATIC_FIELD {
                return Ok(Kept { class, size, holders, left_out, root: self.root(at, edge, frame) });
            }
            at = edge.parent as usize;
            if holders.len() < self.holders {
                holders.try_reserve(1).map_err(|_| crate::Error::NoMemory { wanted: 16 })?;
                holders.push(Holder { class: self.edge(at).class as usize, by: by(edge.kind(), edge.info) });
            } else {
                left_out += 1;
            }
        }
    }

    fn root(&self, mark: usize, edge: Edge, mut frame: impl FnMut(&FrameRoot) -> Frame) -> Root {
        let at = usize::try_from(edge.info).ok().and_then(|at| self.trace.frames.get(at));
        match (edge.kind(), at) {
            (0, _) => Root::Unknown,
            (kind::STATIC_FIELD, _) => Root::Static(edge.parent as usize, edge.info),
            (kind::STACK_LOCAL, Some(at)) => {
                Root::Variable { thread: at.thread, frame: frame(at), slot: at.slot }
            }
            (kind::JNI_LOCAL, Some(at)) => {
                let frame = (!at.method.is_null()).then(|| frame(at));
                Root::Native { thread: at.thread, frame }
            }
            (kind::THREAD, _) => Root::Thread(mark.saturating_sub(self.classes)),
            (kind::MONITOR, _) => Root::Monitor,
            (kind::JNI_GLOBAL, _) => Root::Global,
            (kind::SYSTEM_CLASS, _) => Root::SystemClass,
            (kind::JNI_GLOBAL.., _) => Root::Other,
            _ => Root::Beyond,
        }
    }
}

fn by(kind: jint, number: i32) -> By {
    match kind {
        kind::FIELD => By::Field(number),
        kind::ARRAY_ELEMENT => By::Element(number),
        kind::CLASS_LOADER => By::Loader,
        kind::CLASS => By::Class,
        _ => By::ClassData,
    }
}
