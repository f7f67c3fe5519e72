//! The JVMTI function table: all 156 slots up to JDK 25, in the order the specification numbers them
//! (JVM Tool Interface, "Function Index"). One table serves every JVM: functions that came later than
//! JDK 8 fill slots that were reserved before, so each row says since which release it may be called.
//! `tests/abi.rs` compares every row with the installed `jvmti.h`.

use std::ffi::{c_char, c_void};
use std::mem::offset_of;

use jni_sys::*;

use super::callbacks::*;
use super::capabilities::CapabilityBits;
use super::errors::ErrorCode;
use super::structs::*;

/// What a JVMTI environment points to; a `jvmtiEnv *` of C is a `*mut JvmtiEnv`.
pub type JvmtiEnv = *const Functions;

/// One slot of the table, for those who ask by name.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Its number in the specification, from 1.
    pub number: u16,
    /// Its name there, or `reservedN`.
    pub name: &'static str,
    /// The first JDK whose JVM has it; 0 for those of JDK 8 and before.
    pub since: u16,
}

macro_rules! functions {
    ($($number:literal $([JDK $since:literal])? $name:ident($($arg:ident: $type:ty),* $(; $variadic:tt)?);)*) => {
        /// The table itself.
        #[repr(C)]
        pub struct Functions {
            $(pub $name: Option<unsafe extern "C" fn(
                env: *mut JvmtiEnv $(, $arg: $type)* $(, $variadic)?
            ) -> ErrorCode>,)*
        }

        /// Every slot in order.
        pub const SLOTS: [Slot; size_of::<Functions>() / size_of::<usize>()] =
            [$(Slot { number: $number, name: stringify!($name), since: 0 $(+ $since)? },)*];

        /// Where each slot really lies, as a number counted from 1.
        pub const NUMBERS: [usize; SLOTS.len()] =
            [$(offset_of!(Functions, $name) / size_of::<usize>() + 1,)*];
    };
}

impl Slot {
    /// The slot at this offset of the table; meant for `const` use with `offset_of!`.
    pub const fn at(offset: usize) -> Slot {
        let mut index = 0;
        let mut rest: &[Slot] = &SLOTS;
        while let [first, others @ ..] = rest {
            if index * size_of::<usize>() == offset {
                return *first;
            }
            index += 1;
            rest = others;
        }
        Slot { number: 0, name: "none", since: u16::MAX }
    }
}

functions! {
    1 reserved1();
    2 SetEventNotificationMode(mode: jint, event_type: jint, event_thread: jthread; ...);
    3 [JDK 9] GetAllModules(module_count: *mut jint, modules: *mut *mut jobject);
    4 GetAllThreads(threads_count: *mut jint, threads: *mut *mut jthread);
    5 SuspendThread(thread: jthread);
    6 ResumeThread(thread: jthread);
    7 StopThread(thread: jthread, exception: jobject);
    8 InterruptThread(thread: jthread);
    9 GetThreadInfo(thread: jthread, info: *mut ThreadInfo);
    10 GetOwnedMonitorInfo(thread: jthread, count: *mut jint, monitors: *mut *mut jobject);
    11 GetCurrentContendedMonitor(thread: jthread, monitor: *mut jobject);
    12 RunAgentThread(thread: jthread, proc: StartFunction, arg: *const c_void, priority: jint);
    13 GetTopThreadGroups(group_count: *mut jint, groups: *mut *mut jthreadGroup);
    14 GetThreadGroupInfo(group: jthreadGroup, info: *mut ThreadGroupInfo);
    15 GetThreadGroupChildren(
        group: jthreadGroup, thread_count: *mut jint, threads: *mut *mut jthread, group_count: *mut jint,
        groups: *mut *mut jthreadGroup
    );
    16 GetFrameCount(thread: jthread, count: *mut jint);
    17 GetThreadState(thread: jthread, thread_state: *mut jint);
    18 GetCurrentThread(thread: *mut jthread);
    19 GetFrameLocation(thread: jthread, depth: jint, method: *mut jmethodID, location: *mut jlocation);
    20 NotifyFramePop(thread: jthread, depth: jint);
    21 GetLocalObject(thread: jthread, depth: jint, slot: jint, value: *mut jobject);
    22 GetLocalInt(thread: jthread, depth: jint, slot: jint, value: *mut jint);
    23 GetLocalLong(thread: jthread, depth: jint, slot: jint, value: *mut jlong);
    24 GetLocalFloat(thread: jthread, depth: jint, slot: jint, value: *mut jfloat);
    25 GetLocalDouble(thread: jthread, depth: jint, slot: jint, value: *mut jdouble);
    26 SetLocalObject(thread: jthread, depth: jint, slot: jint, value: jobject);
    27 SetLocalInt(thread: jthread, depth: jint, slot: jint, value: jint);
    28 SetLocalLong(thread: jthread, depth: jint, slot: jint, value: jlong);
    29 SetLocalFloat(thread: jthread, depth: jint, slot: jint, value: jfloat);
    30 SetLocalDouble(thread: jthread, depth: jint, slot: jint, value: jdouble);
    31 CreateRawMonitor(name: *const c_char, monitor: *mut jrawMonitorID);
    32 DestroyRawMonitor(monitor: jrawMonitorID);
    33 RawMonitorEnter(monitor: jrawMonitorID);
    34 RawMonitorExit(monitor: jrawMonitorID);
    35 RawMonitorWait(monitor: jrawMonitorID, millis: jlong);
    36 RawMonitorNotify(monitor: jrawMonitorID);
    37 RawMonitorNotifyAll(monitor: jrawMonitorID);
    38 SetBreakpoint(method: jmethodID, location: jlocation);
    39 ClearBreakpoint(method: jmethodID, location: jlocation);
    40 [JDK 9] GetNamedModule(class_loader: jobject, package_name: *const c_char, module: *mut jobject);
    41 SetFieldAccessWatch(klass: jclass, field: jfieldID);
    42 ClearFieldAccessWatch(klass: jclass, field: jfieldID);
    43 SetFieldModificationWatch(klass: jclass, field: jfieldID);
    44 ClearFieldModificationWatch(klass: jclass, field: jfieldID);
    45 IsModifiableClass(klass: jclass, is_modifiable_class: *mut Flag);
    46 Allocate(size: jlong, mem: *mut *mut u8);
    47 Deallocate(mem: *mut u8);
    48 GetClassSignature(klass: jclass, signature: *mut *mut c_char, generic: *mut *mut c_char);
    49 GetClassStatus(klass: jclass, status: *mut jint);
    50 GetSourceFileName(klass: jclass, source_name: *mut *mut c_char);
    51 GetClassModifiers(klass: jclass, modifiers: *mut jint);
    52 GetClassMethods(klass: jclass, method_count: *mut jint, methods: *mut *mut jmethodID);
    53 GetClassFields(klass: jclass, field_count: *mut jint, fields: *mut *mut jfieldID);
    54 GetImplementedInterfaces(klass: jclass, interface_count: *mut jint, interfaces: *mut *mut jclass);
    55 IsInterface(klass: jclass, is_interface: *mut Flag);
    56 IsArrayClass(klass: jclass, is_array_class: *mut Flag);
    57 GetClassLoader(klass: jclass, classloader: *mut jobject);
    58 GetObjectHashCode(object: jobject, hash_code: *mut jint);
    59 GetObjectMonitorUsage(object: jobject, info: *mut MonitorUsage);
    60 GetFieldName(
        klass: jclass, field: jfieldID, name: *mut *mut c_char, signature: *mut *mut c_char,
        generic: *mut *mut c_char
    );
    61 GetFieldDeclaringClass(klass: jclass, field: jfieldID, declaring_class: *mut jclass);
    62 GetFieldModifiers(klass: jclass, field: jfieldID, modifiers: *mut jint);
    63 IsFieldSynthetic(klass: jclass, field: jfieldID, is_synthetic: *mut Flag);
    64 GetMethodName(
        method: jmethodID, name: *mut *mut c_char, signature: *mut *mut c_char, generic: *mut *mut c_char
    );
    65 GetMethodDeclaringClass(method: jmethodID, declaring_class: *mut jclass);
    66 GetMethodModifiers(method: jmethodID, modifiers: *mut jint);
    67 [JDK 25] ClearAllFramePops(thread: jthread);
    68 GetMaxLocals(method: jmethodID, max: *mut jint);
    69 GetArgumentsSize(method: jmethodID, size: *mut jint);
    70 GetLineNumberTable(method: jmethodID, entry_count: *mut jint, table: *mut *mut LineNumberEntry);
    71 GetMethodLocation(method: jmethodID, start_location: *mut jlocation, end_location: *mut jlocation);
    72 GetLocalVariableTable(
        method: jmethodID, entry_count: *mut jint, table: *mut *mut LocalVariableEntry
    );
    73 SetNativeMethodPrefix(prefix: *const c_char);
    74 SetNativeMethodPrefixes(prefix_count: jint, prefixes: *mut *mut c_char);
    75 GetBytecodes(method: jmethodID, bytecode_count: *mut jint, bytecodes: *mut *mut u8);
    76 IsMethodNative(method: jmethodID, is_native: *mut Flag);
    77 IsMethodSynthetic(method: jmethodID, is_synthetic: *mut Flag);
    78 GetLoadedClasses(class_count: *mut jint, classes: *mut *mut jclass);
    79 GetClassLoaderClasses(initiating_loader: jobject, class_count: *mut jint, classes: *mut *mut jclass);
    80 PopFrame(thread: jthread);
    81 ForceEarlyReturnObject(thread: jthread, value: jobject);
    82 ForceEarlyReturnInt(thread: jthread, value: jint);
    83 ForceEarlyReturnLong(thread: jthread, value: jlong);
    84 ForceEarlyReturnFloat(thread: jthread, value: jfloat);
    85 ForceEarlyReturnDouble(thread: jthread, value: jdouble);
    86 ForceEarlyReturnVoid(thread: jthread);
    87 RedefineClasses(class_count: jint, class_definitions: *const ClassDefinition);
    88 GetVersionNumber(version: *mut jint);
    89 GetCapabilities(capabilities: *mut CapabilityBits);
    90 GetSourceDebugExtension(klass: jclass, source_debug_extension: *mut *mut c_char);
    91 IsMethodObsolete(method: jmethodID, is_obsolete: *mut Flag);
    92 SuspendThreadList(request_count: jint, request_list: *const jthread, results: *mut ErrorCode);
    93 ResumeThreadList(request_count: jint, request_list: *const jthread, results: *mut ErrorCode);
    94 [JDK 9] AddModuleReads(module: jobject, to_module: jobject);
    95 [JDK 9] AddModuleExports(module: jobject, pkg_name: *const c_char, to_module: jobject);
    96 [JDK 9] AddModuleOpens(module: jobject, pkg_name: *const c_char, to_module: jobject);
    97 [JDK 9] AddModuleUses(module: jobject, service: jclass);
    98 [JDK 9] AddModuleProvides(module: jobject, service: jclass, impl_class: jclass);
    99 [JDK 9] IsModifiableModule(module: jobject, is_modifiable_module: *mut Flag);
    100 GetAllStackTraces(max_frame_count: jint, stack_info: *mut *mut StackInfo, thread_count: *mut jint);
    101 GetThreadListStackTraces(
        thread_count: jint, thread_list: *const jthread, max_frame_count: jint,
        stack_info: *mut *mut StackInfo
    );
    102 GetThreadLocalStorage(thread: jthread, data: *mut *mut c_void);
    103 SetThreadLocalStorage(thread: jthread, data: *const c_void);
    104 GetStackTrace(
        thread: jthread, start_depth: jint, max_frame_count: jint, frame_buffer: *mut FrameInfo,
        count: *mut jint
    );
    105 reserved105();
    106 GetTag(object: jobject, tag: *mut jlong);
    107 SetTag(object: jobject, tag: jlong);
    108 ForceGarbageCollection();
    109 IterateOverObjectsReachableFromObject(
        object: jobject, callback: Option<ObjectReferenceCallback>, user_data: *const c_void
    );
    110 IterateOverReachableObjects(
        heap_root_callback: Option<HeapRootCallback>, stack_ref_callback: Option<StackReferenceCallback>,
        object_ref_callback: Option<ObjectReferenceCallback>, user_data: *const c_void
    );
    111 IterateOverHeap(
        object_filter: jint, callback: Option<HeapObjectCallback>, user_data: *const c_void
    );
    112 IterateOverInstancesOfClass(
        klass: jclass, object_filter: jint, callback: Option<HeapObjectCallback>, user_data: *const c_void
    );
    113 reserved113();
    114 GetObjectsWithTags(
        tag_count: jint, tags: *const jlong, count: *mut jint, object_result: *mut *mut jobject,
        tag_result: *mut *mut jlong
    );
    115 FollowReferences(
        heap_filter: jint, klass: jclass, initial_object: jobject, callbacks: *const HeapCallbacks,
        user_data: *const c_void
    );
    116 IterateThroughHeap(
        heap_filter: jint, klass: jclass, callbacks: *const HeapCallbacks, user_data: *const c_void
    );
    117 reserved117();
    118 [JDK 21] SuspendAllVirtualThreads(except_count: jint, except_list: *const jthread);
    119 [JDK 21] ResumeAllVirtualThreads(except_count: jint, except_list: *const jthread);
    120 SetJNIFunctionTable(function_table: *const JNINativeInterface_);
    121 GetJNIFunctionTable(function_table: *mut *mut JNINativeInterface_);
    122 SetEventCallbacks(callbacks: *const EventCallbacks, size_of_callbacks: jint);
    123 GenerateEvents(event_type: jint);
    124 GetExtensionFunctions(extension_count: *mut jint, extensions: *mut *mut ExtensionFunctionInfo);
    125 GetExtensionEvents(extension_count: *mut jint, extensions: *mut *mut ExtensionEventInfo);
    126 SetExtensionEventCallback(extension_event_index: jint, callback: Option<ExtensionEvent>);
    127 DisposeEnvironment();
    128 GetErrorName(error: ErrorCode, name: *mut *mut c_char);
    129 GetJLocationFormat(format: *mut jint);
    130 GetSystemProperties(count: *mut jint, property: *mut *mut *mut c_char);
    131 GetSystemProperty(property: *const c_char, value: *mut *mut c_char);
    132 SetSystemProperty(property: *const c_char, value: *const c_char);
    133 GetPhase(phase: *mut jint);
    134 GetCurrentThreadCpuTimerInfo(info: *mut TimerInfo);
    135 GetCurrentThreadCpuTime(nanos: *mut jlong);
    136 GetThreadCpuTimerInfo(info: *mut TimerInfo);
    137 GetThreadCpuTime(thread: jthread, nanos: *mut jlong);
    138 GetTimerInfo(info: *mut TimerInfo);
    139 GetTime(nanos: *mut jlong);
    140 GetPotentialCapabilities(capabilities: *mut CapabilityBits);
    141 reserved141();
    142 AddCapabilities(capabilities: *const CapabilityBits);
    143 RelinquishCapabilities(capabilities: *const CapabilityBits);
    144 GetAvailableProcessors(processor_count: *mut jint);
    145 GetClassVersionNumbers(klass: jclass, minor_version: *mut jint, major_version: *mut jint);
    146 GetConstantPool(klass: jclass, count: *mut jint, byte_count: *mut jint, bytes: *mut *mut u8);
    147 GetEnvironmentLocalStorage(data: *mut *mut c_void);
    148 SetEnvironmentLocalStorage(data: *const c_void);
    149 AddToBootstrapClassLoaderSearch(segment: *const c_char);
    150 SetVerboseFlag(flag: jint, value: Flag);
    151 AddToSystemClassLoaderSearch(segment: *const c_char);
    152 RetransformClasses(class_count: jint, classes: *const jclass);
    153 GetOwnedMonitorStackDepthInfo(
        thread: jthread, count: *mut jint, info: *mut *mut MonitorStackDepthInfo
    );
    154 GetObjectSize(object: jobject, size: *mut jlong);
    155 GetLocalInstance(thread: jthread, depth: jint, value: *mut jobject);
    156 [JDK 11] SetHeapSamplingInterval(sampling_interval: jint);
}
