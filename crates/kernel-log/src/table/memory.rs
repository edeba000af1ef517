//! Accesses: bounds, packets, the stack, the context, maps, kernel memory.

use super::{Row, row};
use bpfc_base::codes::verifier::{
    E0701, E0702, E0703, E0705, E0706, E0707, E0710, E0713, E0716, E0717, E0720, E0730, E0733,
    E0747, E0748, E0750, E0751, E0752,
};

const BOUND: &str = "check the index or length against the size on the way here";
const PACKET: &str =
    "compare the end of the access with `data_end` first, and leave if it is too far";
const NULL: &str = "leave the path if the pointer is null before it is used";
const PROBE: &str = "kernel memory is read with `bpf_probe_read_kernel` or `BPF_CORE_READ`, user memory with `bpf_probe_read_user`";

pub const ROWS: &[Row] = &[
    // Packets.
    row(
        "invalid access to packet, off={off} size={size}, R{r}(",
        E0706,
        "no check shows that {size} bytes at offset {off} are inside the packet",
        PACKET,
    ),
    row(
        "R{r} offset is outside of the packet",
        E0706,
        "`r{r}` may lead outside the packet",
        PACKET,
    )
    .detail(),
    row("cannot write into packet", E0705, "programs of this type may not write to the packet", ""),
    row(
        "the prog does not allow writes to packet data",
        E0705,
        "programs of this type may not write to the packet",
        "",
    ),
    row(
        "helper access to the packet is not allowed",
        E0750,
        "this helper does not take packet data, or not in programs of this type",
        "copy the data to the stack first",
    ),
    row(
        "misaligned packet access off {off} size {size}",
        E0747,
        "an access of {size} bytes to the packet is not aligned",
        "copy the bytes with `__builtin_memcpy`, or mark the structure as packed",
    ),
    row(
        "misaligned {what}access off {off} size {size}",
        E0747,
        "an access of {size} bytes is not aligned",
        "align the variable, or copy the bytes with `__builtin_memcpy`",
    ),
    // Null.
    row("R{r} invalid mem access '{kind}_or_null'", E0703, "`r{r}` may be null here", NULL),
    row("R{r} invalid mem access '{kind}_or_null_", E0703, "`r{r}` may be null here", NULL),
    row(
        "R{r} invalid mem access 'scalar'",
        E0705,
        "`r{r}` is a number to the verifier, not a pointer that may be dereferenced",
        PROBE,
    ),
    row(
        "R{r} invalid mem access 'inv'",
        E0705,
        "`r{r}` is a number to the verifier, not a pointer that may be dereferenced",
        PROBE,
    ),
    row(
        "R{r} invalid mem access '{kind}'",
        E0705,
        "`r{r}` leads to no memory that may be accessed: it is `{kind}`",
        "",
    ),
    // Maps and memory with a size.
    row(
        "invalid access to map value pointer, value_size={n} off={off}",
        E0702,
        "the address at offset {off} is outside the map value of {n} bytes",
        BOUND,
    ),
    row(
        "invalid access to map value, value_size={n} off={off} size={size}",
        E0702,
        "{size} bytes at offset {off} are outside the map value of {n} bytes",
        BOUND,
    )
    .in_call(E0707),
    row(
        "invalid access to map key, key_size={n} off={off} size={size}",
        E0702,
        "{size} bytes at offset {off} are outside the map key of {n} bytes",
        BOUND,
    )
    .in_call(E0707),
    row(
        "invalid access to memory, mem_size={n} off={off} size={size}",
        E0702,
        "{size} bytes at offset {off} are outside the memory of {n} bytes",
        BOUND,
    )
    .in_call(E0707),
    row(
        "write into map forbidden, value_size={n} off={off} size={size}",
        E0705,
        "the program may not write to this map",
        "",
    ),
    row("write into map forbidden", E0707, "the program may not write to this map", ""),
    row(
        "read from map forbidden, value_size={n} off={off} size={size}",
        E0705,
        "the program may not read from this map",
        "",
    ),
    row("write to change key R{r} not allowed", E0705, "the key of a map element is read-only", ""),
    row(
        "R{r} min value is negative, either use unsigned index or do a if (index >=0) check",
        E0702,
        "the offset in `r{r}` may be negative",
        "make the index unsigned, or leave if it is below 0",
    )
    .in_call(E0707),
    row(
        "R{r} min value is negative, either use unsigned or 'var &= const'",
        E0748,
        "the size in `r{r}` may be negative",
        "use an unsigned type, or check that the size is not negative",
    ),
    row("R{r} min value is negative", E0702, "the offset in `r{r}` may be negative", BOUND)
        .in_call(E0707),
    row(
        "R{r} min value is outside of the {what} range",
        E0702,
        "the smallest offset that `r{r}` may lead to is outside",
        BOUND,
    )
    .in_call(E0707)
    .detail(),
    row(
        "R{r} max value is outside of the {what} range",
        E0702,
        "the largest offset that `r{r}` may lead to is outside",
        BOUND,
    )
    .in_call(E0707)
    .detail(),
    row(
        "R{r} unbounded memory access, make sure to bounds check any such",
        E0702,
        "the offset in `r{r}` has no upper bound that the kernel can see",
        BOUND,
    )
    .in_call(E0707),
    row(
        "R{r} unbounded memory access, use 'var &= const' or 'if (var < const)'",
        E0748,
        "the size in `r{r}` has no upper bound that the kernel can see",
        "compare the size with the size of the buffer first",
    ),
    row(
        "R{r} invalid zero-sized read",
        E0748,
        "the size in `r{r}` may be zero",
        "leave the path if the size is zero",
    ),
    row(
        "invalid zero-sized read",
        E0707,
        "the size may be zero",
        "leave the path if the size is zero",
    ),
    row(
        "R{r} invalid {what} buffer access: off={off}, size={size}",
        E0702,
        "{size} bytes at offset {off} are outside the buffer",
        "",
    )
    .in_call(E0707),
    row(
        "R{r} invalid variable buffer offset: ",
        E0702,
        "the offset into the buffer must be a constant",
        "",
    )
    .in_call(E0707),
    // The stack.
    row(
        "invalid{what} stack R{r} off={off} size={size}",
        E0702,
        "{size} bytes at offset {off} are outside the stack frame of 512 bytes",
        BOUND,
    )
    .in_call(E0707),
    row(
        "variable offset stack pointer cannot be passed into helper function",
        E0705,
        "the place on the stack must be known when the program is loaded",
        "use a constant index",
    )
    .in_call(E0707),
    row(
        "invalid indirect read from stack ",
        E0713,
        "a helper reads stack memory that was never written",
        "initialise the whole object, its padding too",
    ),
    row(
        "invalid read from stack R{r} ",
        E0701,
        "stack memory is read that was never written",
        "initialise the whole object, its padding too",
    )
    .in_call(E0713),
    row(
        "invalid read from stack off ",
        E0701,
        "a variable on the stack is read before it has a value",
        "initialise it where it is declared",
    )
    .in_call(E0713),
    row(
        "invalid read from stack",
        E0701,
        "stack memory is read that was never written",
        "initialise the whole object, its padding too",
    )
    .in_call(E0713),
    row(
        "invalid stack type R{r} off={off} access_size={size}",
        E0707,
        "{size} bytes at offset {off} are outside the stack frame",
        BOUND,
    ),
    row(
        "invalid unbounded variable-offset{what} stack R{r}",
        E0702,
        "the index into an array on the stack has no bounds",
        BOUND,
    )
    .in_call(E0707),
    row(
        "invalid variable-offset{what} stack R{r} ",
        E0702,
        "the index into an array on the stack may lead outside",
        BOUND,
    )
    .in_call(E0707),
    row(
        "variable stack read R{r} var_off",
        E0702,
        "the index into an array on the stack must be a constant before Linux 5.12",
        "",
    ),
    row(
        "variable stack access var_off",
        E0702,
        "the index into an array on the stack must be a constant before Linux 5.12",
        "",
    ),
    row(
        "invalid stack off={off} size={size}",
        E0702,
        "{size} bytes at offset {off} are outside the stack frame of 512 bytes",
        BOUND,
    ),
    row("corrupted spill memory", E0705, "a part of a pointer on the stack was overwritten", ""),
    row(
        "attempt to corrupt spilled pointer on stack",
        E0705,
        "a part of a pointer on the stack is overwritten",
        "",
    ),
    row("invalid size of register spill", E0705, "only a part of a pointer is stored", ""),
    row("invalid size of register fill", E0705, "only a part of a stored pointer is loaded", ""),
    row(
        "cannot spill pointers to stack into stack frame of the caller",
        E0705,
        "the address of a local variable is stored in the caller's stack frame",
        "",
    ),
    row(
        "cannot return stack pointer to the caller",
        E0705,
        "the address of a local variable is returned",
        "",
    ),
    row("frame pointer is read only", E0705, "the frame pointer is written", ""),
    // The context.
    row(
        "invalid bpf_context access off={off} size={size}",
        E0710,
        "{size} bytes at offset {off} of the context may not be accessed like this",
        "use the fields of the context's type as they are declared, and only those of this program type",
    ),
    row(
        "dereference of modified ctx ptr R{r} off={off} disallowed",
        E0751,
        "the pointer to the context was moved by {off} bytes before the access",
        "read the fields through the context itself",
    ),
    row(
        "dereference of modified ctx ptr",
        E0751,
        "the pointer to the context was moved before the access",
        "read the fields through the context itself",
    ),
    row("variable ctx access var_off", E0751, "the offset into the context must be a constant", ""),
    row("R{r} leaks addr into ctx", E0710, "a pointer is stored in the context", ""),
    row(
        "invalid access to flow keys off={off} size={size}",
        E0705,
        "{size} bytes at offset {off} are outside the flow keys",
        "",
    ),
    row(
        "R{r} invalid {what} access off={off} size={size}",
        E0705,
        "{size} bytes at offset {off} of the `{what}` may not be accessed like this",
        "",
    ),
    // Kernel objects.
    row(
        "access beyond struct {what} at off {off} size {size}",
        E0716,
        "{size} bytes at offset {off} are outside `struct {what}`",
        PROBE,
    ),
    row(
        "access beyond the end of member {member}",
        E0716,
        "the access goes beyond member `{member}`",
        "",
    ),
    row(
        "only read is supported",
        E0716,
        "kernel objects may only be read",
        "what may be written is written by helpers and kernel functions",
    ),
    row("only read from {what} is supported", E0705, "`{what}` may only be read", ""),
    row(
        "R{r} is ptr_{what} invalid negative access: off={off}",
        E0716,
        "the access is {off} bytes before the start of `{what}`",
        "",
    ),
    row(
        "R{r} is ptr_{what} invalid variable offset: ",
        E0716,
        "the offset into `{what}` must be a constant",
        "",
    ),
    row(
        "R{r} is ptr_{what} access user memory",
        E0716,
        "`r{r}` leads to memory of the user",
        "it is read with `bpf_probe_read_user`",
    ),
    row(
        "R{r} is ptr_{what} access percpu memory",
        E0716,
        "`r{r}` leads to memory that each CPU has of its own",
        "its address on one CPU is found with `bpf_per_cpu_ptr` or `bpf_this_cpu_ptr`",
    ),
    row(
        "R{r} is {what} invalid negative access: off={off}",
        E0705,
        "the access is {off} bytes before the start of `{what}`",
        "",
    ),
    row("R{r} cannot write into {what}", E0705, "`{what}` may only be read", ""),
    row(
        "'struct {what}' access is allowed only to CAP_PERFMON",
        E0716,
        "`struct {what}` may be read by programs with CAP_PERFMON only",
        "load the program as root",
    ),
    row(
        "Cannot access kernel 'struct {what}' from non-GPL compatible program",
        E0716,
        "`struct {what}` may be read by programs under the GPL only",
        "declare the license: `char LICENSE[] SEC(\"license\") = \"GPL\";`",
    ),
    row(
        "bpf_spin_lock cannot be accessed directly by load/store",
        E0730,
        "a lock is reached through its functions only",
        "",
    ),
    row(
        "bpf_timer cannot be accessed directly by load/store",
        E0733,
        "a timer is reached through its functions only",
        "",
    ),
    row(
        "{what} cannot be accessed directly by load/store",
        E0705,
        "`{what}` is reached through its functions only",
        "",
    ),
    row("kptr ", E0720, "a kernel pointer in a map is not accessed as it must be", ""),
    row(
        "store to referenced kptr disallowed",
        E0720,
        "a kernel pointer that a map owns is overwritten",
        "exchange it with `bpf_kptr_xchg`",
    ),
    row("invalid kptr access, R{r} type={got}", E0720, "`r{r}` is no such kernel pointer", ""),
    // Atomic operations.
    row(
        "BPF_ATOMIC stores into R{r} {what} is not allowed",
        E0705,
        "atomic operations do not work on `{what}`",
        "",
    ),
    row(
        "BPF_XADD stores into R{r} {what} is not allowed",
        E0705,
        "atomic operations do not work on `{what}`",
        "",
    ),
    row("invalid atomic operand size", E0705, "atomic operations work on 4 or 8 bytes", ""),
    // Addresses that leave the program.
    row(
        "R{r} leaks addr into map",
        E0705,
        "a pointer is stored in a map",
        "store a number that is no address",
    ),
    row("R{r} leaks addr into mem", E0705, "a pointer is stored where others can read it", ""),
    row("R{r} leaks addr into packet", E0705, "a pointer is stored in the packet", ""),
    row("R{r} leaks addr into flow keys", E0705, "a pointer is stored in the flow keys", ""),
    row(
        "R{r} leaks addr into helper function",
        E0705,
        "a pointer is passed where it can be read",
        "",
    ),
    row("R{r} leaks addr as return value", E0705, "a pointer is returned", "return a number"),
    row("leaking pointer from stack off", E0705, "a part of a pointer is read from the stack", ""),
    // Uninitialised.
    row(
        "R{r} !read_ok",
        E0701,
        "`r{r}` is read before it has a value",
        "give the variable a value on every path; a function must return one; nothing but the result of a call is left in `r0` to `r5`",
    ),
    row(
        "R{r} variable offset stack access prohibited for !root",
        E0702,
        "unprivileged programs use constant indices on the stack only",
        "",
    ),
    row(
        "same insn cannot be used with different pointers",
        E0752,
        "one load or store is reached with pointers of different kinds",
        "keep the accesses apart: the compiler joined the branches, so put `asm volatile(\"\")` into one of them",
    ),
    row(
        "potential write to dynptr at off={off} disallowed",
        E0717,
        "stack memory that holds a dynptr may be overwritten",
        "",
    ),
    row(
        "cannot overwrite referenced dynptr",
        E0717,
        "a dynptr that must be released is overwritten",
        "",
    ),
];
