//! The functions a JVM calls in us: the table of event callbacks ("Event Index" of the specification)
//! and those of the heap walks. Reserved events keep their slot.

use std::ffi::{c_char, c_void};

use jni_sys::*;

use super::errors::ErrorCode;
use super::functions::JvmtiEnv;
use super::structs::*;

macro_rules! callbacks {
    ($($number:literal $name:ident($($arg:ident: $type:ty),*);)*) => {
        /// `jvmtiEventCallbacks`: what `SetEventCallbacks` takes.
        #[repr(C)]
        #[derive(Clone, Copy, Default)]
        pub struct EventCallbacks {
            $(pub $name: Option<unsafe extern "C" fn($($arg: $type),*)>,)*
        }

        /// The event number and the name of every slot, in order.
        pub const CALLBACKS: &[(u16, &str)] = &[$(($number, stringify!($name)),)*];
    };
}

callbacks! {
    50 VMInit(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread);
    51 VMDeath(jvmti: *mut JvmtiEnv, env: *mut JNIEnv);
    52 ThreadStart(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread);
    53 ThreadEnd(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread);
    54 ClassFileLoadHook(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, class_being_redefined: jclass, loader: jobject,
        name: *const c_char, protection_domain: jobject, class_data_len: jint, class_data: *const u8,
        new_class_data_len: *mut jint, new_class_data: *mut *mut u8
    );
    55 ClassLoad(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, klass: jclass);
    56 ClassPrepare(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, klass: jclass);
    57 VMStart(jvmti: *mut JvmtiEnv, env: *mut JNIEnv);
    58 Exception(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID, location: jlocation,
        exception: jobject, catch_method: jmethodID, catch_location: jlocation
    );
    59 ExceptionCatch(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID, location: jlocation,
        exception: jobject
    );
    60 SingleStep(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID, location: jlocation
    );
    61 FramePop(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID,
        was_popped_by_exception: Flag
    );
    62 Breakpoint(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID, location: jlocation
    );
    63 FieldAccess(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID, location: jlocation,
        field_klass: jclass, object: jobject, field: jfieldID
    );
    64 FieldModification(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID, location: jlocation,
        field_klass: jclass, object: jobject, field: jfieldID, signature_type: c_char, new_value: jvalue
    );
    65 MethodEntry(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID);
    66 MethodExit(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID,
        was_popped_by_exception: Flag, return_value: jvalue
    );
    67 NativeMethodBind(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, method: jmethodID, address: *mut c_void,
        new_address_ptr: *mut *mut c_void
    );
    68 CompiledMethodLoad(
        jvmti: *mut JvmtiEnv, method: jmethodID, code_size: jint, code_addr: *const c_void,
        map_length: jint, map: *const AddrLocationMap, compile_info: *const c_void
    );
    69 CompiledMethodUnload(jvmti: *mut JvmtiEnv, method: jmethodID, code_addr: *const c_void);
    70 DynamicCodeGenerated(
        jvmti: *mut JvmtiEnv, name: *const c_char, address: *const c_void, length: jint
    );
    71 DataDumpRequest(jvmti: *mut JvmtiEnv);
    72 reserved72();
    73 MonitorWait(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, object: jobject, timeout: jlong
    );
    74 MonitorWaited(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, object: jobject, timed_out: Flag
    );
    75 MonitorContendedEnter(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, object: jobject);
    76 MonitorContendedEntered(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, object: jobject);
    77 reserved77();
    78 reserved78();
    79 reserved79();
    80 ResourceExhausted(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, flags: jint, reserved: *const c_void,
        description: *const c_char
    );
    81 GarbageCollectionStart(jvmti: *mut JvmtiEnv);
    82 GarbageCollectionFinish(jvmti: *mut JvmtiEnv);
    83 ObjectFree(jvmti: *mut JvmtiEnv, tag: jlong);
    84 VMObjectAlloc(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, object: jobject, object_klass: jclass,
        size: jlong
    );
    85 reserved85();
    86 SampledObjectAlloc(
        jvmti: *mut JvmtiEnv, env: *mut JNIEnv, thread: jthread, object: jobject, object_klass: jclass,
        size: jlong
    );
    87 VirtualThreadStart(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, virtual_thread: jthread);
    88 VirtualThreadEnd(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, virtual_thread: jthread);
}

macro_rules! events {
    ($($number:literal $constant:ident $name:ident;)*) => {
        /// Something the JVM can tell us about, by the number of its `JVMTI_EVENT_` constant.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(i32)]
        pub enum EventKind {
            $(#[doc = concat!("`JVMTI_EVENT_", stringify!($constant), "`.")]
            $name = $number,)*
        }

        impl EventKind {
            /// All of them.
            pub const ALL: &[EventKind] = &[$(EventKind::$name,)*];

            /// The constant's name without its `JVMTI_EVENT_`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(EventKind::$name => stringify!($constant),)*
                }
            }
        }
    };
}

impl EventKind {
    /// Its number.
    pub const fn number(self) -> i32 {
        self as i32
    }
}

events! {
    50 VM_INIT VmInit;
    51 VM_DEATH VmDeath;
    52 THREAD_START ThreadStart;
    53 THREAD_END ThreadEnd;
    54 CLASS_FILE_LOAD_HOOK ClassFileLoadHook;
    55 CLASS_LOAD ClassLoad;
    56 CLASS_PREPARE ClassPrepare;
    57 VM_START VmStart;
    58 EXCEPTION Exception;
    59 EXCEPTION_CATCH ExceptionCatch;
    60 SINGLE_STEP SingleStep;
    61 FRAME_POP FramePop;
    62 BREAKPOINT Breakpoint;
    63 FIELD_ACCESS FieldAccess;
    64 FIELD_MODIFICATION FieldModification;
    65 METHOD_ENTRY MethodEntry;
    66 METHOD_EXIT MethodExit;
    67 NATIVE_METHOD_BIND NativeMethodBind;
    68 COMPILED_METHOD_LOAD CompiledMethodLoad;
    69 COMPILED_METHOD_UNLOAD CompiledMethodUnload;
    70 DYNAMIC_CODE_GENERATED DynamicCodeGenerated;
    71 DATA_DUMP_REQUEST DataDumpRequest;
    73 MONITOR_WAIT MonitorWait;
    74 MONITOR_WAITED MonitorWaited;
    75 MONITOR_CONTENDED_ENTER MonitorContendedEnter;
    76 MONITOR_CONTENDED_ENTERED MonitorContendedEntered;
    80 RESOURCE_EXHAUSTED ResourceExhausted;
    81 GARBAGE_COLLECTION_START GarbageCollectionStart;
    82 GARBAGE_COLLECTION_FINISH GarbageCollectionFinish;
    83 OBJECT_FREE ObjectFree;
    84 VM_OBJECT_ALLOC VmObjectAlloc;
    86 SAMPLED_OBJECT_ALLOC SampledObjectAlloc;
    87 VIRTUAL_THREAD_START VirtualThreadStart;
    88 VIRTUAL_THREAD_END VirtualThreadEnd;
}

pub type StartFunction = unsafe extern "C" fn(jvmti: *mut JvmtiEnv, env: *mut JNIEnv, arg: *mut c_void);
pub type ExtensionFunction = unsafe extern "C" fn(jvmti: *mut JvmtiEnv, ...) -> ErrorCode;
pub type ExtensionEvent = unsafe extern "C" fn(jvmti: *mut JvmtiEnv, ...);

/// Returns a set of [`VISIT_OBJECTS`] and its like.
pub type HeapIterationCallback = unsafe extern "C" fn(
    class_tag: jlong,
    size: jlong,
    tag: *mut jlong,
    length: jint,
    user_data: *mut c_void,
) -> jint;
pub type HeapReferenceCallback = unsafe extern "C" fn(
    reference_kind: jint,
    reference_info: *const HeapReferenceInfo,
    class_tag: jlong,
    referrer_class_tag: jlong,
    size: jlong,
    tag: *mut jlong,
    referrer_tag: *mut jlong,
    length: jint,
    user_data: *mut c_void,
) -> jint;
pub type PrimitiveFieldCallback = unsafe extern "C" fn(
    kind: jint,
    info: *const HeapReferenceInfo,
    object_class_tag: jlong,
    object_tag: *mut jlong,
    value: jvalue,
    value_type: jint,
    user_data: *mut c_void,
) -> jint;
pub type ArrayPrimitiveValueCallback = unsafe extern "C" fn(
    class_tag: jlong,
    size: jlong,
    tag: *mut jlong,
    element_count: jint,
    element_type: jint,
    elements: *const c_void,
    user_data: *mut c_void,
) -> jint;
pub type StringPrimitiveValueCallback = unsafe extern "C" fn(
    class_tag: jlong,
    size: jlong,
    tag: *mut jlong,
    value: *const jchar,
    value_length: jint,
    user_data: *mut c_void,
) -> jint;

// The heap functions of JVMTI 1.0, kept because their slots are.
pub type HeapObjectCallback =
    unsafe extern "C" fn(class_tag: jlong, size: jlong, tag: *mut jlong, user_data: *mut c_void) -> jint;
pub type HeapRootCallback = unsafe extern "C" fn(
    root_kind: jint,
    class_tag: jlong,
    size: jlong,
    tag: *mut jlong,
    user_data: *mut c_void,
) -> jint;
pub type StackReferenceCallback = unsafe extern "C" fn(
    root_kind: jint,
    class_tag: jlong,
    size: jlong,
    tag: *mut jlong,
    thread_tag: jlong,
    depth: jint,
    method: jmethodID,
    slot: jint,
    user_data: *mut c_void,
) -> jint;
pub type ObjectReferenceCallback = unsafe extern "C" fn(
    reference_kind: jint,
    class_tag: jlong,
    size: jlong,
    tag: *mut jlong,
    referrer_tag: jlong,
    referrer_index: jint,
    user_data: *mut c_void,
) -> jint;
