//! What helpers do with their arguments.

use bpfc_kabi::{ArgKind, helper_by_id};

/// Helpers of which some kernel looks at all bits of an argument of 32 bits: a jump or an address
/// is computed in place of the call (`do_misc_fixups`, `kernel/bpf/verifier.c`: `bpf_loop`,
/// `bpf_get_func_arg`, `bpf_map_lookup_percpu_elem`; `bpf_tail_call` in `arch/riscv/net`), or the
/// argument has grown (those of dynptrs).
const WIDE_HELPERS: [u32; 8] = [12, 181, 183, 195, 198, 201, 202, 203];

/// True if the helper itself drops the upper half of this argument when that has 32 bits in C:
/// kernels cast to the type of the parameter (`BPF_CALL_n`, `include/linux/filter.h`), and what
/// `bpf_trace_printk` prints to the type that the format says. Sizes are different: the verifier
/// wants to know all of the register.
pub(super) fn ignores_upper_half(number: u32, nth: usize) -> bool {
    let Some(helper) = helper_by_id(number) else {
        return false;
    };
    let arg = helper.proto.args.get(nth);
    match helper.signature.params.get(nth) {
        None => helper.signature.is_variadic,
        Some(param) => {
            param.ty.size_bytes().is_some_and(|n| n <= 4)
                && arg.is_some_and(|arg| arg.kind == ArgKind::Anything)
                && !WIDE_HELPERS.contains(&number)
        }
    }
}
