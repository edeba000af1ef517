//! Features of the kernel that are neither a type nor a helper, with the release in which each appeared.
//!
//! Distribution kernels backport: a version is a hint, a probe is the truth.

use crate::version::KernelVersion;

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident $name:literal $major:literal . $minor:literal,)*) => {
        /// A feature of the kernel's BPF.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Feature {
            $($(#[$doc])* $variant,)*
        }

        /// All features in the order of the enum.
        pub static FEATURES: &[Feature] = &[$(Feature::$variant),*];

        impl Feature {
            /// A short name for users.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The release in which it appeared.
            pub const fn since(self) -> KernelVersion {
                match self { $(Self::$variant => KernelVersion::new($major, $minor),)* }
            }
        }
    };
}

features! {
    /// `bpf(2)` with maps and programs.
    BpfSyscall "the bpf system call" 3 . 18,
    /// `bpf_tail_call`.
    TailCalls "tail calls" 4 . 2,
    /// Pinning in bpffs.
    Pinning "pinned objects" 4 . 4,
    /// `data` and `data_end`.
    DirectPacketAccess "direct packet access" 4 . 7,
    /// `BPF_PROG_TEST_RUN`.
    TestRun "test runs" 4 . 12,
    /// `JLT`, `JLE`, `JSLT`, `JSLE`.
    IsaV2 "instruction set v2" 4 . 14,
    /// Names of programs and maps.
    ObjNames "object names" 4 . 15,
    /// Calls between functions of a program.
    SubprogCalls "BPF-to-BPF calls" 4 . 16,
    /// `expected_attach_type` at load.
    ExpectedAttachType "expected attach types" 4 . 17,
    /// BTF.
    Btf "BTF" 4 . 18,
    /// Function records of BTF.ext.
    FuncInfo "function info" 4 . 20,
    /// Line records of BTF.ext.
    LineInfo "line info" 5 . 0,
    /// 32-bit jumps.
    IsaV3 "instruction set v3" 5 . 1,
    /// `struct bpf_spin_lock`.
    SpinLock "spin locks" 5 . 1,
    /// `.data`, `.rodata`, `.bss`.
    GlobalData "global data" 5 . 2,
    /// `BPF_MAP_FREEZE`.
    MapFreeze "frozen maps" 5 . 2,
    /// Programs of a million instructions.
    LargePrograms "programs of a million instructions" 5 . 2,
    /// Loops whose end the verifier sees.
    BoundedLoops "bounded loops" 5 . 3,
    /// fentry, fexit and pointers with BTF.
    Trampolines "fentry and fexit" 5 . 5,
    /// Mapping an array map into user space.
    MmapArray "memory-mapped arrays" 5 . 5,
    /// Functions verified on their own.
    GlobalFunctions "global functions" 5 . 6,
    /// `BPF_LINK_CREATE`.
    Links "links" 5 . 7,
    /// `CAP_BPF`.
    CapBpf "CAP_BPF" 5 . 8,
    /// Ring buffer maps.
    RingBuffer "ring buffers" 5 . 8,
    /// `BPF_F_SLEEPABLE`.
    Sleepable "sleepable programs" 5 . 10,
    /// Tail calls from functions.
    MixedTailCalls "tail calls from functions" 5 . 10,
    /// Variables of the kernel (`__ksym`).
    Ksyms "typed kernel symbols" 5 . 10,
    /// Memory charged to the cgroup instead of `RLIMIT_MEMLOCK`.
    MemcgAccounting "memory accounting by cgroup" 5 . 11,
    /// BTF of modules.
    ModuleBtf "module BTF" 5 . 11,
    /// Fetching atomics, exchange and compare-exchange.
    FetchingAtomics "atomic fetch, exchange and compare-exchange" 5 . 12,
    /// Kernel functions.
    Kfuncs "kernel functions" 5 . 13,
    /// Callbacks from helpers.
    Callbacks "helpers with callbacks" 5 . 13,
    /// Attach cookies of perf links.
    AttachCookies "attach cookies" 5 . 15,
    /// `BTF_KIND_DECL_TAG`.
    DeclTags "BTF declaration tags" 5 . 16,
    /// `BTF_KIND_TYPE_TAG`.
    TypeTags "BTF type tags" 5 . 17,
    /// CO-RE relocations done by the kernel.
    KernelCore "CO-RE in the kernel" 5 . 17,
    /// kprobe.multi.
    KprobeMulti "kprobe.multi" 5 . 18,
    /// Multi-buffer XDP.
    XdpFrags "multi-buffer XDP" 5 . 18,
    /// Dynamic pointers.
    Dynptr "dynptrs" 5 . 19,
    /// Kernel pointers in maps.
    Kptr "kptrs" 5 . 19,
    /// `BTF_KIND_ENUM64`.
    Enum64 "64-bit BTF enums" 6 . 0,
    /// `BPF_F_SLEEPABLE` for programs of uprobes.
    SleepableUprobes "sleepable uprobes" 6 . 0,
    /// `bpf_for` and friends.
    OpenCodedIterators "open-coded iterators" 6 . 4,
    /// Sign-extending loads and moves, signed division, byte swap, long jumps.
    IsaV4 "instruction set v4" 6 . 6,
    /// uprobe.multi.
    UprobeMulti "uprobe.multi" 6 . 6,
    /// tcx links.
    Tcx "tcx" 6 . 6,
    /// `bpf_throw`.
    Exceptions "exceptions" 6 . 7,
    /// Arenas.
    Arena "arenas" 6 . 9,
    /// `may_goto`.
    MayGoto "may_goto" 6 . 9,
    /// BPF tokens.
    Token "tokens" 6 . 9,
    /// kprobe.session.
    KprobeSession "kprobe.session" 6 . 10,
    /// sched_ext.
    SchedExt "sched_ext" 6 . 12,
    /// `bpf_fastcall`.
    Fastcall "bpf_fastcall" 6 . 12,
    /// Load-acquire and store-release.
    LoadAcquire "load-acquire and store-release" 6 . 15,
}

/// The instruction set level (1 to 4) that a kernel takes.
pub fn isa_level(kernel: KernelVersion) -> u8 {
    [Feature::IsaV2, Feature::IsaV3, Feature::IsaV4]
        .iter()
        .filter(|level| kernel >= level.since())
        .count() as u8
        + 1
}
