//! The second walk of a search for paths: it marks what may lie on a path to a wanted object with a place in a table,
//! where each object's holder is noted. A shorter way found later replaces the first one, so paths come out short
//! though the JVM walks in depth.

use std::ffi::c_void;

use super::reach::{Hold, Natures, kind};
use super::walk::{Deadline, place};
use crate::sys::{self, HeapReferenceInfo, jint, jlong, jmethodID};

/// Who holds an object; 16 bytes, one for each object that is marked.
#[derive(Clone, Copy, Default)]
pub(super) struct Edge {
    /// The holder's mark; 0 for a root, and for one that was not marked.
    pub(super) parent: u32,
    /// The number of the field or element, or the place among the frames.
    pub(super) info: i32,
    /// The object's class, as a mark.
    pub(super) class: u32,
    /// How far from a root in the upper 24 bits; what kind of reference it is in the lower 8. 0 where no way is known.
    far: u32,
}

impl Edge {
    /// What kind of reference it is; 0 where no way is known.
    pub(super) fn kind(self) -> jint {
        jint::from(self.far as u8)
    }

    fn distance(self) -> u32 {
        self.far >> 8
    }
}

/// A local variable of a method that is running, or a reference that native code has.
#[derive(Clone, Copy)]
pub(super) struct FrameRoot {
    /// Java's number of the thread.
    pub(super) thread: jlong,
    pub(super) method: jmethodID,
    pub(super) location: jlong,
    pub(super) slot: jint,
}

/// What the second walk works with. All memory is there before.
pub(super) struct Trace {
    pub(super) deadline: Deadline,
    pub(super) natures: Natures,
    /// By mark of a class: whether objects of it lead to a wanted one.
    pub(super) leads: Vec<bool>,
    /// By mark of a class: whether the walk goes there in any case.
    pub(super) visited: Vec<bool>,
    /// By mark.
    pub(super) edges: Vec<Edge>,
    /// As big as `edges` may become.
    pub(super) most: usize,
    pub(super) frames: Vec<FrameRoot>,
    /// References to objects for which there was no room.
    pub(super) forgotten: u64,
}

/// What a way counts over a soft reference, or from an object over its class: taken only where there is no other.
const DETOUR: u32 = 10_000;
/// A variable of a method is gone sooner than a static field: one is named only where none is near.
const LOCAL: u32 = 64;
const FARTHEST: u32 = 0x00FF_FFFE;
/// Of what is held by an object that is not marked.
const LOST: u32 = 0x00FF_FFFF;

impl Trace {
    /// How far an object is on this way, and the mark of who holds it.
    #[inline]
    fn way(&self, kind: jint, holder: usize, is_soft: bool) -> (u32, usize) {
        let step = match kind {
            kind::FIELD | kind::ARRAY_ELEMENT if !is_soft => 1,
            kind::STATIC_FIELD => return (1, holder),
            kind::STACK_LOCAL | kind::JNI_LOCAL | kind::MONITOR => return (LOCAL, 0),
            kind::THREAD => return (1, 0),
            kind::JNI_GLOBAL | kind::SYSTEM_CLASS => return (2, 0),
            kind::JNI_GLOBAL.. => return (3, 0),
            _ => DETOUR,
        };
        match self.edges.get(holder).filter(|edge| holder != 0 && edge.far != 0) {
            Some(edge) => ((edge.distance() + step).min(FARTHEST), holder),
            None => (LOST, 0),
        }
    }
}

/// Looks at a reference. The world stands still; nothing may be asked of the JVM here.
pub(super) unsafe extern "C" fn trace(
    kind: jint,
    info: *const HeapReferenceInfo,
    class: jlong,
    holder_class: jlong,
    _size: jlong,
    tag: *mut jlong,
    holder: *mut jlong,
    _length: jint,
    trace: *mut c_void,
) -> jint {
    // SAFETY: what the walk handed over, which waits for its end.
    let trace = unsafe { &mut *trace.cast::<Trace>() };
    if !trace.deadline.allows() {
        return sys::VISIT_ABORT;
    }
    let class = place(class);
    let (mut number, mut is_soft) = (-1, false);
    if matches!(kind, kind::FIELD | kind::ARRAY_ELEMENT | kind::STATIC_FIELD) {
        // SAFETY: the JVM's for the time of this call; it tells one with fields and elements.
        let info = unsafe { &*info };
        // SAFETY: theirs is a number.
        number = unsafe { info.index };
        if kind == kind::FIELD {
            match trace.natures.hold(place(holder_class), number) {
                Hold::Weak => return 0,
                hold => is_soft = hold == Hold::Soft,
            }
        }
    }
    // SAFETY: a place of the JVM's for the time of this call. It may be the holder's, too, so it is read and written by
    // the pointer.
    let own = place(unsafe { *tag });
    // An object's way to its class is the only one to classes that nobody else knows, and their static fields.
    let mut goes_on = trace.visited.get(class).is_some_and(|visited| !*visited);
    if let Some(visited) = trace.visited.get_mut(own).filter(|_| own != 0) {
        *visited = true;
        goes_on = true;
    }
    let leads = trace.leads.get(class).is_some_and(|leads| *leads);
    if !leads && own == 0 {
        return if goes_on { sys::VISIT_OBJECTS } else { 0 };
    }
    if kind == kind::CLASS && !trace.natures.by_class {
        return sys::VISIT_OBJECTS;
    }
    let mut mark = own;
    if mark == 0 {
        if trace.edges.len() >= trace.most {
            trace.forgotten += 1;
            return sys::VISIT_OBJECTS;
        }
        mark = trace.edges.len();
        trace.edges.push(Edge::default());
        // SAFETY: as above.
        unsafe { *tag = mark as jlong };
    }
    let holder = if holder.is_null() {
        0
    } else {
        // SAFETY: not null, then a place of the JVM's for the time of this call.
        place(unsafe { *holder })
    };
    let (distance, parent) = trace.way(kind, holder, is_soft);
    let Some(edge) = trace.edges.get_mut(mark) else { return sys::VISIT_OBJECTS };
    if edge.far == 0 || distance < edge.distance() {
        if matches!(kind, kind::STACK_LOCAL | kind::JNI_LOCAL) {
            number = -1;
            if trace.frames.len() < trace.frames.capacity() {
                number = trace.frames.len() as jint;
                // SAFETY: the JVM's for the time of this call; it tells one with what frames refer to.
                let info = unsafe { &*info };
                // SAFETY: of this kind.
                trace.frames.push(unsafe { frame(kind, info) });
            }
        }
        *edge = Edge {
            parent: parent as u32,
            info: number,
            class: class as u32,
            far: distance << 8 | kind.cast_unsigned() & 0xFF,
        };
    }
    sys::VISIT_OBJECTS
}

/// # Safety
/// The info must be of a variable or, by its kind, of a reference of native code.
unsafe fn frame(kind: jint, info: &HeapReferenceInfo) -> FrameRoot {
    if kind == kind::STACK_LOCAL {
        // SAFETY: by the caller.
        let local = unsafe { info.stack_local };
        FrameRoot {
            thread: local.thread_id,
            method: local.method,
            location: local.location,
            slot: local.slot,
        }
    } else {
        // SAFETY: by the caller.
        let local = unsafe { info.jni_local };
        FrameRoot { thread: local.thread_id, method: local.method, location: -1, slot: -1 }
    }
}
