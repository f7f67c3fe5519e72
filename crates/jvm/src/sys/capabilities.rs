//! The capability bits of JVMTI ("Capability" in the specification). C declares them as one-bit fields
//! of a 16-byte struct; on the little-endian machines we run on, field *n* is bit *n*.

/// `jvmtiCapabilities`: 128 bits, the first field in the lowest.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CapabilityBits(pub [u32; 4]);

macro_rules! capabilities {
    ($($bit:literal $field:ident $name:ident;)*) => {
        /// Something an environment may be allowed to do. Named as the specification does, without `can_`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Capability {
            $(#[doc = concat!("`", stringify!($field), "`.")]
            $name = $bit,)*
        }

        impl Capability {
            /// All of them, in bit order.
            pub const ALL: &[Capability] = &[$(Capability::$name,)*];

            /// The field's name in `jvmti.h`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Capability::$name => stringify!($field),)*
                }
            }
        }
    };
}

impl Capability {
    /// Its bit, from 0.
    pub const fn bit(self) -> u8 {
        self as u8
    }
}

capabilities! {
    0 can_tag_objects TagObjects;
    1 can_generate_field_modification_events GenerateFieldModificationEvents;
    2 can_generate_field_access_events GenerateFieldAccessEvents;
    3 can_get_bytecodes GetBytecodes;
    4 can_get_synthetic_attribute GetSyntheticAttribute;
    5 can_get_owned_monitor_info GetOwnedMonitorInfo;
    6 can_get_current_contended_monitor GetCurrentContendedMonitor;
    7 can_get_monitor_info GetMonitorInfo;
    8 can_pop_frame PopFrame;
    9 can_redefine_classes RedefineClasses;
    10 can_signal_thread SignalThread;
    11 can_get_source_file_name GetSourceFileName;
    12 can_get_line_numbers GetLineNumbers;
    13 can_get_source_debug_extension GetSourceDebugExtension;
    14 can_access_local_variables AccessLocalVariables;
    15 can_maintain_original_method_order MaintainOriginalMethodOrder;
    16 can_generate_single_step_events GenerateSingleStepEvents;
    17 can_generate_exception_events GenerateExceptionEvents;
    18 can_generate_frame_pop_events GenerateFramePopEvents;
    19 can_generate_breakpoint_events GenerateBreakpointEvents;
    20 can_suspend Suspend;
    21 can_redefine_any_class RedefineAnyClass;
    22 can_get_current_thread_cpu_time GetCurrentThreadCpuTime;
    23 can_get_thread_cpu_time GetThreadCpuTime;
    24 can_generate_method_entry_events GenerateMethodEntryEvents;
    25 can_generate_method_exit_events GenerateMethodExitEvents;
    26 can_generate_all_class_hook_events GenerateAllClassHookEvents;
    27 can_generate_compiled_method_load_events GenerateCompiledMethodLoadEvents;
    28 can_generate_monitor_events GenerateMonitorEvents;
    29 can_generate_vm_object_alloc_events GenerateVmObjectAllocEvents;
    30 can_generate_native_method_bind_events GenerateNativeMethodBindEvents;
    31 can_generate_garbage_collection_events GenerateGarbageCollectionEvents;
    32 can_generate_object_free_events GenerateObjectFreeEvents;
    33 can_force_early_return ForceEarlyReturn;
    34 can_get_owned_monitor_stack_depth_info GetOwnedMonitorStackDepthInfo;
    35 can_get_constant_pool GetConstantPool;
    36 can_set_native_method_prefix SetNativeMethodPrefix;
    37 can_retransform_classes RetransformClasses;
    38 can_retransform_any_class RetransformAnyClass;
    39 can_generate_resource_exhaustion_heap_events GenerateResourceExhaustionHeapEvents;
    40 can_generate_resource_exhaustion_threads_events GenerateResourceExhaustionThreadsEvents;
    41 can_generate_early_vmstart GenerateEarlyVmstart;
    42 can_generate_early_class_hook_events GenerateEarlyClassHookEvents;
    43 can_generate_sampled_object_alloc_events GenerateSampledObjectAllocEvents;
    44 can_support_virtual_threads SupportVirtualThreads;
}
