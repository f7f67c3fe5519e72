//! The structs and number constants of JVMTI, laid out as `jvmti.h` has them. Only what a function or a
//! callback of the tables names is here.

use std::ffi::{c_char, c_void};

use jni_sys::*;

use super::callbacks::*;
use super::errors::ErrorCode;

/// A byte code index in HotSpot.
pub type jlocation = jlong;
pub type jthread = jobject;
pub type jthreadGroup = jobject;
/// Opaque.
pub type jrawMonitorID = *mut c_void;
/// A `jboolean` that a JVM writes into our memory: any byte, so not a Rust `bool`.
pub type Flag = u8;

/// `JVMTI_VERSION_1_2`, what JDK 8 speaks; every later JVM grants it with the same table.
pub const VERSION_1_2: jint = 0x3001_0200;

pub const ENABLE: jint = 1;
pub const DISABLE: jint = 0;

pub const PHASE_ONLOAD: jint = 1;
pub const PHASE_PRIMORDIAL: jint = 2;
pub const PHASE_LIVE: jint = 4;
pub const PHASE_START: jint = 6;
pub const PHASE_DEAD: jint = 8;

pub const THREAD_STATE_ALIVE: jint = 0x0001;
pub const THREAD_STATE_TERMINATED: jint = 0x0002;
pub const THREAD_STATE_RUNNABLE: jint = 0x0004;
pub const THREAD_STATE_WAITING_INDEFINITELY: jint = 0x0010;
pub const THREAD_STATE_WAITING_WITH_TIMEOUT: jint = 0x0020;
pub const THREAD_STATE_SLEEPING: jint = 0x0040;
pub const THREAD_STATE_WAITING: jint = 0x0080;
pub const THREAD_STATE_IN_OBJECT_WAIT: jint = 0x0100;
pub const THREAD_STATE_PARKED: jint = 0x0200;
pub const THREAD_STATE_BLOCKED_ON_MONITOR_ENTER: jint = 0x0400;
pub const THREAD_STATE_SUSPENDED: jint = 0x10_0000;
pub const THREAD_STATE_INTERRUPTED: jint = 0x20_0000;
pub const THREAD_STATE_IN_NATIVE: jint = 0x40_0000;

pub const CLASS_STATUS_VERIFIED: jint = 1;
pub const CLASS_STATUS_PREPARED: jint = 2;
pub const CLASS_STATUS_INITIALIZED: jint = 4;
pub const CLASS_STATUS_ERROR: jint = 8;
pub const CLASS_STATUS_ARRAY: jint = 16;
pub const CLASS_STATUS_PRIMITIVE: jint = 32;

pub const HEAP_FILTER_TAGGED: jint = 0x4;
pub const HEAP_FILTER_UNTAGGED: jint = 0x8;
pub const HEAP_FILTER_CLASS_TAGGED: jint = 0x10;
pub const HEAP_FILTER_CLASS_UNTAGGED: jint = 0x20;
pub const VISIT_OBJECTS: jint = 0x100;
pub const VISIT_ABORT: jint = 0x8000;

/// `jvmtiThreadInfo`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ThreadInfo {
    pub name: *mut c_char,
    pub priority: jint,
    pub is_daemon: Flag,
    pub thread_group: jthreadGroup,
    pub context_class_loader: jobject,
}

/// `jvmtiMonitorStackDepthInfo`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct MonitorStackDepthInfo {
    pub monitor: jobject,
    pub stack_depth: jint,
}

/// `jvmtiThreadGroupInfo`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ThreadGroupInfo {
    pub parent: jthreadGroup,
    pub name: *mut c_char,
    pub max_priority: jint,
    pub is_daemon: Flag,
}

/// `jvmtiFrameInfo`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct FrameInfo {
    pub method: jmethodID,
    pub location: jlocation,
}

/// `jvmtiStackInfo`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct StackInfo {
    pub thread: jthread,
    pub state: jint,
    pub frame_buffer: *mut FrameInfo,
    pub frame_count: jint,
}

/// `jvmtiClassDefinition`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ClassDefinition {
    pub klass: jclass,
    pub class_byte_count: jint,
    pub class_bytes: *const u8,
}

/// `jvmtiMonitorUsage`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct MonitorUsage {
    pub owner: jthread,
    pub entry_count: jint,
    pub waiter_count: jint,
    pub waiters: *mut jthread,
    pub notify_waiter_count: jint,
    pub notify_waiters: *mut jthread,
}

/// `jvmtiLineNumberEntry`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct LineNumberEntry {
    pub start_location: jlocation,
    pub line_number: jint,
}

/// `jvmtiLocalVariableEntry`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct LocalVariableEntry {
    pub start_location: jlocation,
    pub length: jint,
    pub name: *mut c_char,
    pub signature: *mut c_char,
    pub generic_signature: *mut c_char,
    pub slot: jint,
}

/// `jvmtiParamInfo`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ParamInfo {
    pub name: *mut c_char,
    pub kind: jint,
    pub base_type: jint,
    pub null_ok: Flag,
}

/// `jvmtiExtensionFunctionInfo`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ExtensionFunctionInfo {
    pub func: Option<ExtensionFunction>,
    pub id: *mut c_char,
    pub short_description: *mut c_char,
    pub param_count: jint,
    pub params: *mut ParamInfo,
    pub error_count: jint,
    pub errors: *mut ErrorCode,
}

/// `jvmtiExtensionEventInfo`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ExtensionEventInfo {
    pub extension_event_index: jint,
    pub id: *mut c_char,
    pub short_description: *mut c_char,
    pub param_count: jint,
    pub params: *mut ParamInfo,
}

/// `jvmtiTimerInfo`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TimerInfo {
    pub max_value: jlong,
    pub may_skip_forward: Flag,
    pub may_skip_backward: Flag,
    pub kind: jint,
    pub reserved1: jlong,
    pub reserved2: jlong,
}

/// `jvmtiAddrLocationMap`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AddrLocationMap {
    pub start_address: *const c_void,
    pub location: jlocation,
}

/// `jvmtiHeapReferenceInfo`: which member holds follows from the reference's kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub union HeapReferenceInfo {
    /// Of fields, array elements and constant pool entries.
    pub index: jint,
    pub stack_local: HeapReferenceInfoStackLocal,
    pub jni_local: HeapReferenceInfoJniLocal,
    pub other: [jlong; 8],
}

/// `jvmtiHeapReferenceInfoStackLocal`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HeapReferenceInfoStackLocal {
    pub thread_tag: jlong,
    pub thread_id: jlong,
    pub depth: jint,
    pub method: jmethodID,
    pub location: jlocation,
    pub slot: jint,
}

/// `jvmtiHeapReferenceInfoJniLocal`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HeapReferenceInfoJniLocal {
    pub thread_tag: jlong,
    pub thread_id: jlong,
    pub depth: jint,
    pub method: jmethodID,
}

/// `jvmtiHeapCallbacks`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct HeapCallbacks {
    pub heap_iteration: Option<HeapIterationCallback>,
    pub heap_reference: Option<HeapReferenceCallback>,
    pub primitive_field: Option<PrimitiveFieldCallback>,
    pub array_primitive_value: Option<ArrayPrimitiveValueCallback>,
    pub string_primitive_value: Option<StringPrimitiveValueCallback>,
    pub reserved: [usize; 11],
}
