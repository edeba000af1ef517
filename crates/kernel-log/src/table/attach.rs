//! Where programs attach, what the machine must have, and the kernel's own mistakes.

use super::{Row, row};
use bpfc_base::codes::bpf::E0409;
use bpfc_base::codes::btf::{E0601, E0607};
use bpfc_base::codes::load::E0904;
use bpfc_base::codes::object::E0803;
use bpfc_base::codes::verifier::{
    E0705, E0707, E0709, E0710, E0714, E0721, E0722, E0732, E0734, E0738,
};

const JIT: &str = "enable the kernel's compiler: `sysctl net.core.bpf_jit_enable=1`";
const BUG: &str =
    "report it with the program to bpf@vger.kernel.org; a newer kernel may know better";

pub const ROWS: &[Row] = &[
    row(
        "verifier internal error",
        E0904,
        "the kernel's verifier has run into a bug of its own",
        BUG,
    ),
    row(
        "verifier bug: No program to jit",
        E0732,
        "the address of a function is taken, but nothing calls it",
        "call it, or drop what takes its address",
    ),
    row("verifier bug", E0904, "the kernel's verifier has run into a bug of its own", BUG),
    row(
        "REG INVARIANTS VIOLATION",
        E0904,
        "the kernel's verifier has run into a bug of its own",
        BUG,
    ),
    row("kernel subsystem misconfigured", E0904, "the kernel has run into a bug of its own", BUG),
    row("bpf verifier is misconfigured", E0904, "the kernel has run into a bug of its own", BUG),
    row(
        "bpf verifier narrow ctx",
        E0710,
        "a part of a field of the context is accessed, which this kernel cannot",
        "read the whole field",
    ),
    row("map_ptr access not supported", E0705, "the inside of this map cannot be read", ""),
    row(
        "callback function not allowed for map",
        E0732,
        "a map of this type does not take this callback",
        "",
    ),
    row("R{r} is not a pointer to arena or scalar", E0707, "`r{r}` must lead into the arena", ""),
    row("R{r} rdonly/rdwr_buf_size exceeds u32 max", E0707, "the size in `r{r}` is too large", ""),
    row(
        "Function {name} has {n} > {max} args",
        E0707,
        "`{name}` has {n} parameters, and {max} is the limit",
        "",
    ),
    row(
        "Unrecognized arg#{n} type {ty}",
        E0738,
        "argument {n}, from 0, has a type that functions verified by themselves cannot have",
        "declare the function `static`",
    ),
    row(
        "kfunc {name}#{id} failed callback verification",
        E0721,
        "the callback of `{name}` is not taken",
        "",
    ),
    row(
        "Calling bpf_rcu_read_",
        E0722,
        "the RCU read lock is held already in the function that orders a tree",
        "",
    ),
    row(
        "local type ID argument must be in range",
        E0721,
        "the type of the new object is not known",
        "pass `typeof(struct name)`",
    ),
    row(
        "bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct",
        E0721,
        "a new object must be a structure",
        "",
    ),
    row(
        "bpf_obj_new/bpf_percpu_obj_new requires prog BTF",
        E0601,
        "new objects need types in the object file",
        "compile with `-g`",
    ),
    row("bpf_percpu_obj_new type {what}", E0721, "a new object per CPU cannot be this: {what}", ""),
    row(
        "kfunc bpf_rdonly_cast type ID argument must be of a struct",
        E0721,
        "what is cast to must be a structure",
        "",
    ),
    row("max struct nesting depth exceeded", E0707, "structures are nested too deep", ""),
    row(
        "exception callback '{name}' could not be found",
        E0734,
        "there is no function `{name}` for exceptions",
        "",
    ),
    row(
        "exception callback '{name}' must have global linkage",
        E0734,
        "`{name}`, which handles exceptions, must not be `static`",
        "",
    ),
    row(
        "exception cb only supports single integer argument",
        E0734,
        "what handles exceptions takes one integer",
        "",
    ),
    row("multiple exception callback tags", E0734, "a program has one function for exceptions", ""),
    row(
        "insn {n} cannot call exception cb directly",
        E0734,
        "what handles exceptions cannot be called",
        "",
    ),
    row(
        "cannot tail call within exception cb",
        E0734,
        "what handles exceptions cannot end in a tail call",
        "",
    ),
    row(
        "BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value",
        E0709,
        "this hook has no result to change",
        "return 1",
    ),
    row(
        "kernel function {name} returns pointer type {ty} is not supported",
        E0409,
        "`{name}` returns what a program cannot hold: {ty}",
        "",
    ),
    row(
        "ldimm64 failed to find the address for kernel symbol '{name}'",
        E0607,
        "the kernel does not have `{name}`",
        "",
    ),
    row("ldimm64 {what}", E0607, "a symbol of the kernel cannot be used: {what}", ""),
    row(
        "pseudo btf_id {n} in ldimm64 isn't",
        E0607,
        "what is referred to is no variable or function of the kernel",
        "",
    ),
    row("invalid module BTF", E0607, "the types of a module are missing", "load the module first"),
    row(
        "BTF fd for kfunc is not a module BTF",
        E0607,
        "the types of a module are missing",
        "load the module first",
    ),
    row(
        "kernel is missing BTF",
        E0409,
        "this kernel has no types",
        "use one that was built with CONFIG_DEBUG_INFO_BTF",
    ),
    row("JIT doesn't support {what}", E0409, "this machine has no {what}", ""),
    row("JIT is required to use arena", E0409, "arenas need the kernel's compiler", JIT),
    row(
        "CAP_BPF and CAP_PERFMON are required to use arena",
        E0409,
        "arenas need CAP_BPF and CAP_PERFMON",
        "load the program as root",
    ),
    row(
        "arena's user address must be set",
        E0705,
        "the arena has no address in user space",
        "map it, or set `map_extra`",
    ),
    row(
        "sign extending loads from arena are not supported yet",
        E0705,
        "signed values are not loaded from an arena by this kernel",
        "compile with `--cpu v3`",
    ),
    row(
        "calling kernel functions are not allowed in non-JITed programs",
        E0409,
        "kernel functions need the kernel's compiler",
        JIT,
    ),
    row(
        "callbacks are not allowed in non-JITed programs",
        E0409,
        "callbacks need the kernel's compiler",
        JIT,
    ),
    row(
        "insn {n} cannot be patched due to 16-bit range",
        E0714,
        "a jump over instruction {n} becomes too long",
        "make the function smaller",
    ),
    row(
        "stack size {n}(extra {m}) is too large",
        E0714,
        "the kernel's own variables do not fit the stack",
        "use less of it",
    ),
    row(
        "offload device mismatch between prog and map",
        E0705,
        "program and map are on different devices",
        "",
    ),
    row("invalid func info rec size", E0601, "the types of functions are malformed", ""),
    row(
        "nonzero tailing record in ",
        E0601,
        "the types in the object are newer than the kernel",
        "",
    ),
    row("Invalid core_relo[{n}]", E0601, "a CO-RE relocation is malformed", ""),
    row("struct_ops module {name} is not found", E0803, "the kernel has no module `{name}`", ""),
    row(
        "attach to invalid member {what} of struct {name}",
        E0803,
        "`struct {name}` has no member that a program can stand for here",
        "",
    ),
    row(
        "attach to unsupported member {what} of struct {name}",
        E0803,
        "member `{what}` of `struct {name}` cannot be a program",
        "",
    ),
    row(
        "attach_btf_id {n} doesn't have a name",
        E0803,
        "the program attaches to what has no name",
        "",
    ),
    row(
        "attach_btf_id {n} points to wrong type name {name}",
        E0803,
        "the program attaches to `{name}`, which is no tracepoint",
        "",
    ),
    row(
        "FENTRY/FEXIT program can only be attached to another program annotated with BTF",
        E0803,
        "the program that is traced has no types",
        "",
    ),
    row(
        "Subprog {name} doesn't exist",
        E0803,
        "the program that is traced or replaced has no function `{name}`",
        "",
    ),
    row("Cannot replace static functions", E0803, "only global functions can be replaced", ""),
    row(
        "Extension programs should be JITed",
        E0803,
        "programs that replace functions need the kernel's compiler",
        JIT,
    ),
    row(
        "Can attach to only JITed progs",
        E0803,
        "the program that is traced was not compiled by the kernel",
        JIT,
    ),
    row(
        "Extension program changes packet data, while original does not",
        E0803,
        "the function that replaces changes the packet, the original does not",
        "",
    ),
    row(
        "Cannot nest tracing program attach more than once",
        E0803,
        "a tracing program that is traced cannot be traced again",
        "",
    ),
    row(
        "Cannot recursively attach",
        E0803,
        "a program that replaces a function cannot be replaced",
        "",
    ),
    row("Cannot extend fentry/fexit", E0803, "a tracing program cannot be extended", ""),
    row(
        "Cannot replace kernel functions",
        E0803,
        "only functions of BPF programs can be replaced",
        "",
    ),
    row(
        "Only FENTRY/FEXIT progs are attachable to another BPF prog",
        E0803,
        "programs of this type cannot attach to a program",
        "",
    ),
    row(
        "Syscall programs can only be sleepable",
        E0803,
        "programs of this type must sleep",
        "use the section `syscall`",
    ),
    row(
        "Attaching fexit/fmod_ret to __noreturn functions is rejected",
        E0803,
        "the function never returns",
        "",
    ),
];
