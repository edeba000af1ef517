//! The words for each fault.

use super::Writer;
use crate::fault::{
    ArgFault, Argument, Arithmetic, Bounds, Denied, Ending, FaultKind, HelperFault, Limit,
    Malformed, Use,
};
use crate::obligation::AccessKind;
use crate::state::{Kind, Value};
use bpfc_isa::{AluOp, Reg};
use bpfc_kabi::{CtxFault, helper_by_id};

/// The parts of a diagnostic that are text.
#[derive(Default)]
pub struct Words {
    /// The message.
    pub message: String,
    /// The words beside the primary span.
    pub label: Option<String>,
    /// Notes without a place.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Words {
    pub(super) fn new(message: impl Into<String>) -> Words {
        Words { message: message.into(), ..Words::default() }
    }

    pub(super) fn label(mut self, text: impl Into<String>) -> Words {
        self.label = Some(text.into());
        self
    }

    pub(super) fn note(mut self, text: impl Into<String>) -> Words {
        self.notes.push(text.into());
        self
    }

    pub(super) fn help(mut self, text: impl Into<String>) -> Words {
        self.help = Some(text.into());
        self
    }
}

impl Writer<'_, '_> {
    /// The words for the fault.
    pub fn words(&self) -> Words {
        let fault = &self.found.fault;
        match &fault.kind {
            FaultKind::Uninit => self.uninit(),
            FaultKind::FramePointer => Words::new("the frame pointer `r10` cannot be changed"),
            FaultKind::UninitStack { off, by_helper } => {
                self.uninit_stack(*off, by_helper.as_ref())
            }
            FaultKind::MaybeNull(usage) => self.maybe_null(usage),
            FaultKind::OutOfBounds { .. } => self.out_of_bounds(),
            FaultKind::Packet { .. } => self.packet(),
            FaultKind::Arithmetic(why) => self.arithmetic(*why),
            FaultKind::NotAPointer => self.not_a_pointer(),
            FaultKind::Denied(why, kind) => self.denied(*why, *kind),
            FaultKind::Ctx { why, off, access } => {
                self.ctx(*why, *off, access.n_bytes, access.kind)
            }
            FaultKind::CtxModified => {
                match (self.site.text.is_empty(), fault.value.number.as_constant()) {
                    (false, None) => Words::new(format!(
                        "`{}` accesses the context at an offset that is not constant",
                        self.shown()
                    )),
                    _ => Words::new("the context is accessed through a changed pointer")
                        .label("an offset was added before"),
                }
                .note("each field of the context is translated when the program is loaded")
                .help(
                    "access the field through the context parameter itself, with a constant offset",
                )
            }
            FaultKind::MixedKinds => {
                let text = match self.site.text.is_empty() {
                    true => "this access".to_owned(),
                    false => format!("`{}`", self.site.text),
                };
                Words::new(format!("{text} goes through different kinds of pointers"))
                    .label(format!("here to {}, on another path to something else", describe(self, &fault.value)))
                    .note("accesses to the context and to kernel objects are rewritten when the program is loaded, so one instruction serves one kind of pointer only")
                    .help("access each of them in its own branch, and choose between the values")
            }
            FaultKind::Object { why, off, .. } => {
                let name = describe(self, &fault.value);
                Words::new(format!("{name} has no such field at offset {off}"))
                    .note(ctx_reason(*why))
            }
            FaultKind::Argument(argument, why) => self.argument(*argument, why),
            FaultKind::Contract { func, idx, wanted } => {
                let name = &self.program.funcs[*func as usize].name;
                let got = describe(self, &fault.value);
                Words::new(format!("argument {} of `{name}` is {got}", idx + 1))
                    .label(format!("{wanted} is expected"))
                    .note(format!(
                        "`{name}` is a global function: it is verified once, for every caller that its types allow"
                    ))
                    .help(format!("make `{name}` static, or pass {wanted}"))
            }
            FaultKind::Helper(id, why) => self.helper(*id, *why),
            FaultKind::Unreleased(held, by) => self.unreleased(held.insn_idx, *by),
            FaultKind::Lock(_)
            | FaultKind::SectionOpen { .. }
            | FaultKind::Sleeps { .. }
            | FaultKind::Field(_)
            | FaultKind::Callback(_)
            | FaultKind::TailCall(_)
            | FaultKind::Exception(_)
            | FaultKind::Leak(_)
            | FaultKind::Unprivileged(_)
            | FaultKind::MapNotForProgram { .. }
            | FaultKind::NoContract { .. } => self.scope_words(),
            FaultKind::PointerReturned => {
                let what = describe(self, &fault.value);
                Words::new(format!("a global function returns {what}"))
                    .note("functions that are verified by themselves return numbers only")
                    .help("make the function static")
            }
            FaultKind::Kernel(fault) => self.kernel(fault),
            FaultKind::Return { min, max } => self.result(*min, *max),
            FaultKind::StackReturned => {
                Words::new("a function returns the address of its own local variable")
            }
            FaultKind::TooComplex(limit) => too_complex(*limit),
            FaultKind::EndlessLoop => Words::new("this loop has no end that the verifier can see")
                .label("comes back here with nothing changed")
                .help("let the loop count to a constant bound, or use `bpf_loop`"),
            FaultKind::Malformed(why) => malformed(*why),
            FaultKind::Recursion(name) => Words::new(format!("`{name}` calls itself"))
                .note("BPF functions have a fixed stack: recursion is not allowed"),
            FaultKind::StackTooDeep(total) => Words::new(format!(
                "the functions called from `{}` need {total} bytes of stack, over the limit of 512",
                self.program.linked.name
            ))
            .help("keep large local variables in a per-CPU array map"),
        }
    }

    fn uninit(&self) -> Words {
        let reg = self.found.fault.reg.unwrap_or(Reg::R0);
        let is_exit =
            matches!(self.program.code[self.found.insn_idx as usize].insn, bpfc_isa::Insn::Exit);
        if is_exit {
            return Words::new("the return value is not set on this path")
                .help("return a value on every path");
        }
        match super::source::is_identifier(&self.site.text) {
            true => Words::new(format!("`{}` is read before it is set", self.site.text))
                .help("give the variable a value where it is declared"),
            false => Words::new(format!("register `{reg}` is read before it is set"))
                .help("give the variable a value on every path"),
        }
    }

    fn uninit_stack(&self, off: i64, by_helper: Option<&Argument>) -> Words {
        let Some(argument) = by_helper else {
            let what = match super::source::is_identifier(&self.site.text) {
                true => format!("`{}`", self.site.text),
                false => "a local variable".to_owned(),
            };
            return Words::new(format!("{what} is read before it is set"))
                .note(format!("nothing was stored at offset {off} of the stack frame on this path"))
                .help("give the variable a value where it is declared");
        };
        let helper = helper_name(argument);
        let what = match self.argument_text(argument) {
            Some(text) => format!("`{text}`"),
            None => format!("argument `{}`", parameter(argument)),
        };
        let byte = self.found.fault.value.fixed_offset().map_or(0, |start| off - start);
        let words = Words::new(format!("{what} is not fully initialised when `{helper}` reads it"))
            .label("uninitialised memory is passed");
        let words = match byte {
            0 => words,
            byte => {
                words.note(format!("byte {byte} was never stored; padding between members counts"))
            }
        };
        words.help("initialise the whole variable where it is declared, with `= {}` or `= 0`")
    }

    fn maybe_null(&self, usage: &Use) -> Words {
        let name = self.pointer_name();
        let subject = match &name {
            Some(name) => format!("`{name}`"),
            None => "this pointer".to_owned(),
        };
        let label = match usage {
            Use::Access(_) => "dereferenced without a check".to_owned(),
            Use::Arithmetic => "used in arithmetic without a check".to_owned(),
            Use::Argument(argument) => {
                format!("passed to `{}` without a check", helper_name(argument))
            }
        };
        Words::new(format!("{subject} may be null here")).label(label).help(match &name {
            Some(name) => format!("guard the access with `if ({name})`"),
            None => "compare the pointer with null first".to_owned(),
        })
    }

    fn out_of_bounds(&self) -> Words {
        let fault = &self.found.fault;
        let FaultKind::OutOfBounds { min, max, n_bytes, size, why, by_helper } = &fault.kind else {
            return Words::default();
        };
        let object = match &fault.value.kind {
            Kind::Stack { .. } | Kind::Packet | Kind::PacketMeta => describe(self, &fault.value),
            _ => {
                let bytes = if *size == 1 { "byte" } else { "bytes" };
                format!("{}, which has {size} {bytes}", describe(self, &fault.value))
            }
        };
        let who = by_helper.as_ref().map(|argument| format!("`{}`", helper_name(argument)));
        let memory = by_helper.as_ref().and_then(|argument| self.argument_text(argument));
        let subject = match (&who, self.site.text.is_empty()) {
            (Some(who), _) => match memory {
                Some(memory) => format!("{who} accesses memory at `{memory}` that"),
                None => format!("{who} accesses memory that"),
            },
            (None, false) => format!("`{}`", self.shown()),
            (None, true) => "the access".to_owned(),
        };
        let has_variable_size = by_helper.is_some() && self.known_label().is_some();
        let is_certain = min == max && !has_variable_size;
        let verb = if is_certain { "is" } else { "may be" };
        let is_stack = matches!(fault.value.kind, Kind::Stack { .. });
        let bytes = if *n_bytes == 1 { "byte" } else { "bytes" };
        let words = Words::new(format!("{subject} {verb} outside {object}"));
        let words = match why {
            _ if has_variable_size && min == max => {
                words.note(format!("up to {n_bytes} {bytes} are accessed, from offset {min} of {size}"))
            }
            _ if is_certain && is_stack => words.note(format!(
                "it takes {n_bytes} {bytes} at offset {min} from the frame pointer; the frame spans -512..0"
            )),
            _ if is_certain => {
                words.note(format!("it takes {n_bytes} {bytes} at offset {min} of {size}"))
            }
            Bounds::Negative => words.note(format!("the offset may be negative, down to {min}")),
            Bounds::Unbounded => words.note("nothing bounds the offset from above".to_owned()),
            Bounds::TooLarge => words.note(format!(
                "it takes {n_bytes} {bytes} at an offset between {min} and {max}, of {size} bytes"
            )),
        };
        match (by_helper, is_certain) {
            (Some(_), _) => words.help("pass a size that fits the memory, such as its `sizeof`"),
            (None, true) => words,
            (None, false) if *why == Bounds::Negative => {
                words.help("use an unsigned index, or check that it is not negative")
            }
            (None, false) => {
                words.help("compare the index with the number of elements right before the access")
            }
        }
    }

    fn packet(&self) -> Words {
        let FaultKind::Packet { off, n_bytes, known, by_helper } = &self.found.fault.kind else {
            return Words::default();
        };
        let subject = match (by_helper, self.site.text.is_empty()) {
            (Some(argument), _) => format!("`{}` accesses packet data that", helper_name(argument)),
            (None, false) => format!("`{}`", self.shown()),
            (None, true) => "the access".to_owned(),
        };
        let need = off + *n_bytes as i64;
        let words = Words::new(format!("{subject} may be outside the packet"))
            .note(match known {
                0 => format!("bytes {off} to {need} are accessed, but no comparison with the packet's end covers them"),
                _ => format!("bytes {off} to {need} are accessed, but only {known} are known to exist"),
            });
        match self.pointer_name() {
            Some(name) => words.help(format!(
                "leave the path if the packet is too short: `if ((void *){name} + {need} > data_end) return …;`"
            )),
            None => words.help(format!(
                "leave the path if the start plus {need} is greater than `data_end`"
            )),
        }
    }

    fn arithmetic(&self, why: Arithmetic) -> Words {
        let object = describe(self, &self.found.fault.value);
        match why {
            Arithmetic::Operation(op) => {
                Words::new(format!("`{}` cannot be applied to {object}", symbol(op)))
                    .note("only adding and subtracting numbers keeps a pointer a pointer")
            }
            Arithmetic::Narrow => Words::new(format!("32-bit arithmetic on {object}"))
                .note("a pointer has 64 bits; half of it points nowhere")
                .help("use a 64-bit type such as `unsigned long`"),
            Arithmetic::TwoPointers(op) => {
                Words::new(format!("`{}` cannot be applied to two pointers", symbol(op)))
            }
            Arithmetic::NumberMinusPointer => {
                Words::new("a pointer cannot be subtracted from a number")
            }
            Arithmetic::StackMinus => Words::new("subtraction from a pointer to the stack")
                .help("add a negative number instead"),
            Arithmetic::Fixed => Words::new(format!("arithmetic on {object} is not allowed")),
            Arithmetic::Unbounded => {
                Words::new(format!("an unbounded number is added to {object}"))
                    .label("may be any number")
                    .help("check the number against a bound first, as an unsigned number")
            }
            Arithmetic::TooFar => {
                Words::new(format!("the offset makes {object} point too far away"))
                    .note("offsets of 2^29 and more are not followed")
            }
        }
    }

    fn not_a_pointer(&self) -> Words {
        let fault = &self.found.fault;
        let text = match self.site.text.is_empty() {
            true => "this access".to_owned(),
            false => format!("`{}`", self.shown()),
        };
        if self.moves_packet(fault.value.origin) {
            let called = self.called(fault.value.origin).unwrap_or("a call");
            return Words::new(format!(
                "{text} uses a pointer into the packet from before `{called}`"
            ))
            .note("after such a call the packet may be somewhere else")
            .help("read `data` and `data_end` from the context again, and compare them again");
        }
        if let Some(called) = self.released_by(fault.value.origin) {
            return Words::new(format!("{text} uses memory that was given back by `{called}`"))
                .note("after such a call it may belong to somebody else")
                .help(format!("use it before `{called}`"));
        }
        if self.is_kernel_pointer() {
            return Words::new(format!("{text} accesses kernel memory directly"))
                .note("the address is a number to the verifier: what is there may be gone")
                .help("read it with `BPF_CORE_READ` or `bpf_probe_read_kernel`");
        }
        let words = match self.found.fault.value.as_null() {
            true => Words::new("a null pointer is dereferenced"),
            false if self.site.text.is_empty() => {
                Words::new("memory is accessed through a number, not a pointer")
            }
            false => Words::new(format!(
                "`{}` accesses memory through a number, not a pointer",
                self.site.text
            )),
        };
        words
            .note("the verifier follows pointers to the stack, maps, packets and the context; other addresses are numbers to it")
            .help("read kernel memory with `bpf_probe_read_kernel` or `BPF_CORE_READ`, user memory with `bpf_probe_read_user`")
    }

    fn denied(&self, why: Denied, kind: AccessKind) -> Words {
        let object = describe(self, &self.found.fault.value);
        match why {
            Denied::ReadOnly => Words::new(format!("{object} may only be read")),
            Denied::WriteOnly => Words::new(format!("{object} may only be written")),
            Denied::Opaque => Words::new(match kind {
                AccessKind::Read => format!("{object} cannot be read from"),
                _ => format!("{object} cannot be written to"),
            }),
            Denied::Misaligned => Words::new(format!("a misaligned access to {object}"))
                .note("the address must be a multiple of the size")
                .help("copy the bytes with `__builtin_memcpy`, or align the variable"),
            Denied::PartOfPointer => {
                Words::new("a part of a pointer is stored or read back on the stack")
                    .note("pointers are kept on the stack only as a whole, in 8 bytes")
            }
            Denied::EscapingStack => {
                Words::new("the address of a local variable is stored in the caller's stack frame")
            }
            Denied::Atomic => Words::new(format!("atomic operations do not work on {object}")),
            Denied::BufferPlace => {
                Words::new(format!("an access to {object} at a variable or negative offset"))
                    .note("its size is known only where the program is attached, so that offsets must be constants")
            }
            Denied::AtomicPlace => {
                Words::new("an atomic operation on a local array at a variable index")
                    .note("on the stack, atomic operations need an offset that is a constant")
                    .help("nothing else sees a local variable: an ordinary assignment will do")
            }
        }
    }

    fn ctx(&self, why: CtxFault, off: i64, n_bytes: u32, kind: AccessKind) -> Words {
        let verb = match kind {
            AccessKind::Read => "read",
            _ => "written",
        };
        let prog = self.program.prog_type.map_or("this type", |prog| prog.name());
        let field = match why {
            CtxFault::Denied(field) | CtxFault::ReadOnly(field) | CtxFault::Size(field) => {
                Some(field.name)
            }
            _ => None,
        };
        let message = match (why, field) {
            (CtxFault::ReadOnly(_), Some(name)) => {
                format!("context field `{name}` may only be read")
            }
            (CtxFault::Denied(_), Some(name)) => {
                format!("context field `{name}` is not for programs of type `{prog}`")
            }
            (CtxFault::Size(_), Some(name)) => {
                format!("context field `{name}` cannot be {verb} with {n_bytes} bytes")
            }
            (CtxFault::ReadOnlyContext, _) => "the context may only be read".to_owned(),
            (CtxFault::Misaligned, _) => {
                format!("misaligned access of {n_bytes} bytes at offset {off} of the context")
            }
            _ => format!(
                "the context has nothing that can be {verb} at offset {off} with {n_bytes} bytes"
            ),
        };
        Words::new(message).note(format!("the program is of type `{prog}`"))
    }

    fn argument(&self, argument: Argument, why: &ArgFault) -> Words {
        let helper = helper_name(&argument);
        let parameter = parameter(&argument);
        let got = describe(self, &self.found.fault.value);
        let words = |message: String| {
            let signature = helper_by_id(argument.helper).map(|helper| helper.to_string());
            match signature {
                Some(signature) => Words::new(message).note(format!("the helper is `{signature}`")),
                None => Words::new(message),
            }
        };
        match why {
            ArgFault::Kind(wanted) => {
                words(format!("argument `{parameter}` of `{helper}` is {got}"))
                    .label(format!("{wanted} is expected"))
            }
            ArgFault::NotConstant => {
                words(format!("argument `{parameter}` of `{helper}` must be a constant"))
            }
            ArgFault::Displaced => {
                words(format!("`{helper}` needs the pointer as it was acquired, without an offset"))
            }
            ArgFault::NegativeSize => {
                words(format!("size `{parameter}` of `{helper}` may be negative"))
                    .help("use an unsigned type, or check that the size is not negative")
            }
            ArgFault::ZeroSize => words(format!("size `{parameter}` of `{helper}` may be zero"))
                .help("leave the path if the size is zero"),
            ArgFault::UnboundedSize => {
                words(format!("size `{parameter}` of `{helper}` has no upper bound"))
                    .help("compare the size with the size of the buffer first")
            }
            ArgFault::NoMemory => words(format!("argument `{parameter}` of `{helper}` is {got}"))
                .label("a pointer to memory is expected"),
            ArgFault::MapType(ty) => {
                words(format!("`{helper}` does not take a map of type `{ty}`"))
            }
            ArgFault::NotHeld => words(format!("`{helper}` gives back what was never acquired")),
            ArgFault::Unterminated => {
                words(format!("argument `{parameter}` of `{helper}` has no terminating zero"))
            }
            ArgFault::NotZero => {
                words(format!("argument `{parameter}` of `{helper}` must be the constant 0"))
            }
            ArgFault::Format(why) => {
                words(format!("`{helper}` does not take this format")).note(*why)
            }
            ArgFault::NoPacket => {
                words(format!("`{helper}` does not take packet data as `{parameter}`"))
                    .help("copy the data to the stack first")
            }
        }
    }

    fn helper(&self, id: u32, why: HelperFault) -> Words {
        let name = helper_by_id(id).map_or("?", |helper| helper.name);
        let prog = self.program.prog_type.map_or("this type", |prog| prog.name());
        match why {
            HelperFault::NoSuch => Words::new(format!("there is no helper with number {id}")),
            HelperFault::NotHere => {
                let words = Words::new(format!("programs of type `{prog}` cannot call `{name}`"));
                match (self.program.kernel, helper_by_id(id)) {
                    (Some(kernel), Some(helper)) if kernel < helper.since => words.note(format!(
                        "the helper appeared in Linux {}; the program is for {kernel}",
                        helper.since
                    )),
                    _ => words,
                }
            }
            HelperFault::Gpl => Words::new(format!("`{name}` is for GPL-compatible programs only"))
                .help("declare the license: `char LICENSE[] SEC(\"license\") = \"GPL\";`"),
            HelperFault::Sleeps => {
                Words::new(format!("`{name}` may sleep, but this program may not"))
                    .help("use a sleepable section, such as `fentry.s`")
            }
        }
    }

    fn unreleased(&self, insn_idx: u32, by: Ending) -> Words {
        let name = self.called(insn_idx).unwrap_or_default();
        let destroy;
        let (what, how) = match name {
            "bpf_ringbuf_reserve" => {
                ("the ring buffer record", "`bpf_ringbuf_submit` or `bpf_ringbuf_discard`")
            }
            "bpf_ringbuf_reserve_dynptr" => (
                "the ring buffer record",
                "`bpf_ringbuf_submit_dynptr` or `bpf_ringbuf_discard_dynptr`",
            ),
            "bpf_get_task_exe_file" => ("the file", "`bpf_put_file`"),
            "bpf_obj_new_impl" => ("the object", "`bpf_obj_drop`"),
            "bpf_percpu_obj_new_impl" => ("the object", "`bpf_percpu_obj_drop`"),
            _ if name.starts_with("bpf_task_") => ("the task", "`bpf_task_release`"),
            _ if name.starts_with("bpf_cgroup_") => ("the cgroup", "`bpf_cgroup_release`"),
            _ if name.starts_with("bpf_cpumask_") => ("the CPU mask", "`bpf_cpumask_release`"),
            _ if name.contains("_ct_") => ("the connection", "`bpf_ct_release`"),
            _ if name.starts_with("bpf_sk") || name == "bpf_map_lookup_elem" => {
                ("the socket", "`bpf_sk_release`")
            }
            _ if name.starts_with("bpf_iter_") && name.ends_with("_new") => {
                destroy = format!("`{}_destroy`", name.trim_end_matches("_new"));
                ("the iterator", destroy.as_str())
            }
            _ => ("the reference", "the function that releases it"),
        };
        Words::new(format!("{what} is not given back on this path"))
            .label(super::scopes::ends_here(by))
            .help(format!("call {how} on every path"))
    }

    fn result(&self, min: i64, max: i64) -> Words {
        let value = &self.found.fault.value;
        let got = match value.number.as_constant() {
            // The kernel looks at the low half: an `int`.
            Some(number) if value.is_scalar() => format!("{}", number as i32),
            _ if value.is_scalar() => super::slice::range_of(&value.number),
            _ => describe(self, value),
        };
        let allowed = match min == max {
            true => format!("only {min} is allowed"),
            false => format!("{min} to {max} are allowed"),
        };
        let prog = self.program.prog_type.map_or("this type", |prog| prog.name());
        Words::new(format!("the program returns a value that `{prog}` does not allow"))
            .label(format!("the value is {got}"))
            .note(allowed)
    }
}

impl Value {
    /// Whether it is the constant 0, a null pointer.
    fn as_null(&self) -> bool {
        self.is_zero()
    }
}

/// What a value is, in words.
pub(super) fn describe(writer: &Writer<'_, '_>, value: &Value) -> String {
    let maps = &writer.program.maps;
    match value.kind {
        Kind::Uninit => "uninitialised".to_owned(),
        Kind::Scalar => match value.number.as_constant() {
            Some(number) => format!("the number {}", number as i64),
            None => "a number".to_owned(),
        },
        Kind::Unknown => "an unknown value".to_owned(),
        Kind::Ctx => "the program's context".to_owned(),
        Kind::Map(map) => format!("the map `{}`", maps[map].name),
        Kind::MapKey(map) => format!("a key of map `{}`", maps[map].name),
        Kind::MapValue(map) => {
            let name = &maps[map].name;
            match name.starts_with('.') {
                true => format!("section `{name}`"),
                false => format!("the value of map `{name}`"),
            }
        }
        Kind::Stack { .. } => "the stack frame".to_owned(),
        Kind::Packet => "packet data".to_owned(),
        Kind::PacketMeta => "the packet's metadata".to_owned(),
        Kind::PacketEnd => "the packet's end".to_owned(),
        Kind::Object(_) => "the socket or flow".to_owned(),
        Kind::Mem { is_record: true, .. } => "the ring buffer record".to_owned(),
        Kind::Mem { .. } => "the memory".to_owned(),
        Kind::Btf => "a kernel object".to_owned(),
        Kind::Typed(typed) => {
            let kernel = writer.program.of_kernel.as_ref();
            let name = kernel.map_or("", |kernel| kernel.name(typed.types, typed.ty));
            format!("a pointer to `struct {name}`")
        }
        Kind::TracepointBuffer => "the tracepoint's buffer".to_owned(),
        Kind::Arena => "an address in the arena".to_owned(),
        Kind::Dynptr => "a dynptr of the caller".to_owned(),
        Kind::Func(func) => format!("the function `{}`", writer.program.funcs[func as usize].name),
    }
}

fn helper_name(argument: &Argument) -> &'static str {
    helper_by_id(argument.helper).map_or("?", |helper| helper.name)
}

fn parameter(argument: &Argument) -> &'static str {
    let helper = helper_by_id(argument.helper);
    let param = helper.and_then(|helper| helper.signature.params.get(argument.idx));
    param.map_or("?", |param| param.name)
}

fn symbol(op: AluOp) -> &'static str {
    match op {
        AluOp::Add => "+",
        AluOp::Sub => "-",
        AluOp::Mul => "*",
        AluOp::Div | AluOp::SDiv => "/",
        AluOp::Mod | AluOp::SMod => "%",
        AluOp::Or => "|",
        AluOp::And => "&",
        AluOp::Xor => "^",
        AluOp::Lsh => "<<",
        AluOp::Rsh | AluOp::Arsh => ">>",
        AluOp::Mov => "=",
    }
}

fn ctx_reason(why: CtxFault) -> String {
    match why {
        CtxFault::NoField => "there is no field".to_owned(),
        CtxFault::Misaligned => "the offset is not a multiple of the size".to_owned(),
        CtxFault::Denied(field) => format!("field `{}` is not for this kind of object", field.name),
        CtxFault::ReadOnly(field) => format!("field `{}` may only be read", field.name),
        CtxFault::Size(field) => {
            format!("field `{}` cannot be accessed with this size", field.name)
        }
        CtxFault::ReadOnlyContext => "it may only be read".to_owned(),
    }
}

fn too_complex(limit: Limit) -> Words {
    let what = match limit {
        Limit::Insns(n) => format!("more than {n} instructions along all paths"),
        Limit::Jumps(n) => format!("more than {n} branches wait to be followed"),
        Limit::Frames(n) => format!("calls nest more than {n} deep"),
        Limit::Memory(n) => format!("its states take more than {n} MiB"),
    };
    Words::new(format!("the program is too complex to verify: {what}"))
        .help("use fewer branches inside loops, global `__noinline` functions, or `bpf_loop`")
}

fn malformed(why: Malformed) -> Words {
    match why {
        Malformed::Jump => Words::new("a jump leads out of its function"),
        Malformed::Unreachable => Words::new("no path leads to this instruction"),
        Malformed::FallsOff => Words::new("the function does not end with `exit` or a jump"),
        Malformed::ClosesLoop => Words::new("a loop is closed without a jump")
            .note("Linux before 6.7 takes such a loop for one without end"),
        Malformed::Call => Words::new("this call leads to no function"),
        Malformed::NoMap => {
            Words::new("this instruction names a map by a number, not one of the object's maps")
        }
        Malformed::NoArena => Words::new(
            "an address is cast to or from an arena, but the program uses none",
        )
        .note(
            "the arena is found by the map of type BPF_MAP_TYPE_ARENA that the program refers to",
        ),
        Malformed::GlobalCallback => Words::new("the address of a global function cannot be used")
            .note("only static functions are called back")
            .help("declare the function `static`"),
        Malformed::DivisionByZero => Words::new("division by the constant zero"),
        Malformed::Shift => Words::new("the shift count is not below the operand's width"),
        Malformed::PacketLoad => {
            Words::new("programs of this type cannot load from the packet in this way")
        }
    }
}
