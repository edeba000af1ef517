//! Limits of programs and of the objects around them.
//!
//! Source, if not said otherwise: `include/linux/bpf_verifier.h`, `kernel/bpf/verifier.c`, `include/linux/filter.h` (6.12).

use crate::version::KernelVersion;

/// Bytes of stack of one call chain (`MAX_BPF_STACK`).
pub const MAX_STACK_BYTES: u32 = 512;
/// Bytes to which a frame is rounded up when frames of a call chain are added, without the JIT.
pub const STACK_FRAME_ALIGN: u32 = 32;
/// Bytes to which a frame is rounded up with the JIT (`round_up_stack_depth`).
pub const STACK_FRAME_ALIGN_JIT: u32 = 16;
/// Frames of a call chain (`MAX_CALL_FRAMES`).
pub const MAX_CALL_FRAMES: u32 = 8;
/// Functions of a program (`BPF_MAX_SUBPROGS`).
pub const MAX_SUBPROGS: u32 = 256;
/// Tail calls in a row (`MAX_TAIL_CALL_CNT`; 32 before 5.16 on some architectures).
pub const MAX_TAIL_CALLS: u32 = 33;
/// Bytes of stack of a caller chain that makes a tail call from a subprogram (`check_max_stack_depth_subprog`).
pub const MAX_STACK_BYTES_WITH_TAIL_CALL: u32 = 256;
/// Maps of a program (`MAX_USED_MAPS`).
pub const MAX_MAPS: u32 = 64;
/// BTF objects of a program (`MAX_USED_BTFS`).
pub const MAX_BTFS: u32 = 64;
/// Different kernel functions that a program may call (`MAX_KFUNC_DESCS`).
pub const MAX_KFUNCS: u32 = 256;
/// Arguments in registers of a function, helper or kernel function (`MAX_BPF_FUNC_REG_ARGS`).
pub const MAX_REG_ARGS: u32 = 5;
/// Arguments of a traced function (`MAX_BPF_FUNC_ARGS`).
pub const MAX_TRACED_ARGS: u32 = 12;
/// The largest offset of a packet pointer (`MAX_PACKET_OFF`).
pub const MAX_PACKET_OFFSET: u32 = 0xffff;
/// The largest variable offset of a pointer (`BPF_MAX_VAR_OFF`).
pub const MAX_VAR_OFFSET: u32 = 1 << 29;
/// The largest variable size of a memory access (`BPF_MAX_VAR_SIZ`).
pub const MAX_VAR_SIZE: u32 = 1 << 29;
/// Branches that wait to be verified (`BPF_COMPLEXITY_LIMIT_JMP_SEQ`).
pub const MAX_JUMP_SEQUENCE: u32 = 8192;
/// Bytes of an object's name with its zero (`BPF_OBJ_NAME_LEN`, uapi).
pub const OBJ_NAME_BYTES: u32 = 16;
/// Bytes of one BTF object (`BTF_MAX_SIZE`, `include/uapi/linux/btf.h`).
pub const MAX_BTF_BYTES: u32 = 16 * 1024 * 1024;
/// Levels of nested `bpf_loop` and other callbacks are bounded by [`MAX_CALL_FRAMES`]; iterations of one call by this
/// (`BPF_MAX_LOOPS`).
pub const MAX_LOOP_ITERATIONS: u32 = 8 * 1024 * 1024;

/// Limits that grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instructions of a program that a privileged user loads.
    pub max_insns: u32,
    /// Instructions of a program that an unprivileged user loads (`BPF_MAXINSNS`).
    pub max_insns_unprivileged: u32,
    /// Instructions that the verifier looks at, counted once per state (`BPF_COMPLEXITY_LIMIT_INSNS`).
    pub max_processed_insns: u32,
}

/// The limits of a kernel.
pub fn limits(kernel: KernelVersion) -> Limits {
    let max_processed_insns = if kernel >= KernelVersion::new(5, 2) {
        1_000_000
    } else if kernel >= KernelVersion::new(4, 14) {
        131_072
    } else if kernel >= KernelVersion::new(4, 12) {
        98_304
    } else if kernel >= KernelVersion::new(4, 8) {
        65_536
    } else {
        32_768
    };
    let max_insns = if kernel >= KernelVersion::new(5, 2) { 1_000_000 } else { 4096 };
    Limits { max_insns, max_insns_unprivileged: 4096, max_processed_insns }
}
