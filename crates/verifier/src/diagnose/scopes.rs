//! The words for what concerns locks, sections, callbacks, tail calls and functions verified by themselves.

use super::Writer;
use super::wording::{Words, describe};
use crate::fault::{
    CallbackFault, Ending, ExceptionFault, FaultKind, Leak, LockFault, Section, SectionFault,
    TailCallFault,
};
use crate::program::FieldKind;
use bpfc_isa::{Callee, Insn};
use bpfc_kabi::helper_by_id;

/// What ends the program at the place of the fault.
pub fn ends_here(by: Ending) -> &'static str {
    match by {
        Ending::Exit => "the program ends here",
        Ending::TailCall => "the program ends here if the tail call succeeds",
        Ending::Throw => "the program ends here",
        Ending::PacketLoad => "the program ends here if the packet is too short",
    }
}

impl Writer<'_, '_> {
    /// The words for such a fault.
    pub fn scope_words(&self) -> Words {
        let fault = &self.found.fault;
        match &fault.kind {
            FaultKind::Lock(why) => self.lock(*why),
            FaultKind::SectionOpen { section, by } => {
                let (begin, end) = begin_end(*section);
                Words::new(format!("`{begin}` is not followed by `{end}` on this path"))
                    .label(ends_here(*by))
                    .help(format!("call `{end}` on every path"))
            }
            FaultKind::Sleeps { name, section } => {
                let place = match section {
                    Section::Lock => "while a lock is held",
                    Section::Rcu => "between `bpf_rcu_read_lock` and `bpf_rcu_read_unlock`",
                    Section::Preempt => "while preemption is disabled",
                    Section::Irq => "while interrupts are disabled",
                    Section::Program => "in this program, which may not sleep",
                };
                Words::new(format!("`{name}` may sleep, but is called {place}"))
                    .help("call it outside of the section")
            }
            FaultKind::Field(why) => self.field(*why),
            FaultKind::Callback(CallbackFault::NoElements) => {
                Words::new("the elements of this map cannot be walked over")
                    .note("`bpf_for_each_map_elem` takes arrays and hash maps")
            }
            FaultKind::Callback(CallbackFault::NeverRun) => Words::new(
                "the address of a function is taken, but nothing calls it",
            )
            .note("the kernel drops functions that no path runs, and then cannot find this one")
            .help("call it, or drop what takes its address"),
            FaultKind::Callback(CallbackFault::Result { min, max }) => self.result_of(*min, *max),
            FaultKind::TailCall(why) => self.tail_call(*why),
            FaultKind::Leak(why) => self.leak(*why),
            FaultKind::Unprivileged(why) => Words::new((*why).to_owned())
                .note("users without `CAP_BPF` may load simple programs only"),
            FaultKind::Exception(why) => match why {
                ExceptionFault::InCallback => {
                    Words::new("`bpf_throw` in a function that is called back")
                        .help("return 1 to stop, and look at what happened behind the call")
                }
                ExceptionFault::HandlerCalled => {
                    Words::new("the handler of exceptions is called like a function")
                }
                ExceptionFault::HandlerType => {
                    Words::new("the handler of exceptions must be `int f(u64 cookie)`, not static")
                }
                ExceptionFault::SeveralHandlers => {
                    Words::new("the program names several handlers of exceptions")
                }
            },
            FaultKind::MapNotForProgram { map, why } => {
                let name = &self.program.maps[*map].name;
                Words::new(format!("this program cannot use map `{name}`")).note(*why)
            }
            FaultKind::NoContract { func, why } => {
                let name = &self.program.funcs[*func as usize].name;
                Words::new(format!("`{name}` cannot be verified by itself: {why}"))
                    .note("global functions are verified once, for every caller that their types allow")
                    .help(format!("make `{name}` static"))
            }
            _ => Words::default(),
        }
    }

    fn lock(&self, why: LockFault) -> Words {
        match why {
            LockFault::Call { .. } => {
                let called = self.callee().unwrap_or_else(|| "the function".to_owned());
                Words::new(format!("{called} cannot be called while a lock is held"))
                    .help("give the lock back first; keep the section short")
            }
            LockFault::Open { by, .. } => Words::new("the lock is not given back on this path")
                .label(ends_here(by))
                .help("call `bpf_spin_unlock` on every path"),
            LockFault::Second { .. } => Words::new("a second lock is taken while one is held")
                .note("with two locks, two processors could wait for each other for ever")
                .help("give the first lock back before"),
            LockFault::NotTaken => Words::new("a lock is given back that was not taken"),
            LockFault::Other { .. } => {
                Words::new("the lock given back is not the one that was taken last")
                    .note("results of two lookups are two different locks, even for the same key")
            }
        }
    }

    fn field(&self, why: SectionFault) -> Words {
        let object = describe(self, &self.found.fault.value);
        match why {
            SectionFault::NotAField(kind) => {
                Words::new(format!("a `struct {}` is expected, not {object}", kind.type_name()))
                    .help("put it into the value of a map")
            }
            SectionFault::VariableOffset(kind) => Words::new(format!(
                "where the `struct {}` is, is known only at run time",
                kind.type_name()
            )),
            SectionFault::NoField(kind) => {
                Words::new(format!("{object} has no member `struct {}`", kind.type_name())).note(
                    "the member is found by the type that the map's definition gives its values",
                )
            }
            SectionFault::OtherOffset { kind, offset } => Words::new(format!(
                "the pointer does not lead to the `struct {}` at offset {offset} of {object}",
                kind.type_name()
            )),
            SectionFault::Touched(kind) => {
                let name = kind.type_name();
                let words =
                    Words::new(format!("the `struct {name}` in {object} is accessed directly"))
                        .note("only the kernel's functions for it may read and write it");
                match kind {
                    FieldKind::SpinLock => {
                        words.help("copy the members beside the lock one by one")
                    }
                    _ => words,
                }
            }
            SectionFault::OtherMap => Words::new("the timer is not in this map")
                .help("pass the map whose value holds the timer"),
            SectionFault::NotOpen(section) => {
                let (begin, end) = begin_end(section);
                Words::new(format!("`{end}` without `{begin}` before it"))
            }
        }
    }

    fn result_of(&self, min: i64, max: i64) -> Words {
        let value = &self.found.fault.value;
        let got = match value.number.as_constant() {
            Some(number) if value.is_scalar() => format!("{}", number as i64),
            _ if value.is_scalar() => {
                format!("between {} and {}", value.number.smin, value.number.smax)
            }
            _ => describe(self, value),
        };
        let name = &self.program.funcs[self.function()].name;
        let words = Words::new(format!("`{name}` returns a value that its caller does not allow"))
            .label(format!("the value is {got}"));
        match min == max {
            true => words.help(format!("return {min}")),
            false => words.help("return 0 to go on, or 1 to stop"),
        }
    }

    fn leak(&self, why: Leak) -> Words {
        let object = describe(self, &self.found.fault.value);
        let message = match why {
            Leak::Arithmetic => format!("arithmetic on the address of {object}"),
            Leak::Part => "a part of an address is copied or overwritten".to_owned(),
            Leak::Compared => format!("the address of {object} is compared"),
            Leak::Memory => format!("the address of {object} is stored outside of the stack"),
            Leak::Returned => format!("the address of {object} is returned"),
            Leak::Passed => "a helper is told an address".to_owned(),
            Leak::OutOfStack => "a pointer to the stack may leave it".to_owned(),
            Leak::OutOfValue => "a pointer into a map value may leave it".to_owned(),
            Leak::Speculation => {
                "what is added to this pointer cannot be limited for a processor that guesses"
                    .to_owned()
            }
            Leak::Paths => "the same instruction works on different objects".to_owned(),
        };
        Words::new(message)
            .note("users without `CAP_PERFMON` must not learn, or guess, addresses of the kernel")
    }

    fn tail_call(&self, why: TailCallFault) -> Words {
        match why {
            TailCallFault::NoNumber => {
                let name = &self.program.funcs[self.function()].name;
                Words::new(format!("`{name}` may end early here, but does not return a number"))
                    .help("let the function return `int`")
            }
            TailCallFault::Stack(bytes) => Words::new(format!(
                "a tail call in a function whose callers have {bytes} bytes of stack"
            ))
            .note("callers of a function with a tail call may have less than 256 bytes together")
            .help("keep large local variables in a per-CPU array map"),
            TailCallFault::Callback => {
                Words::new("a function that is called back cannot end the program here")
            }
        }
    }

    /// What the instruction at fault calls.
    fn callee(&self) -> Option<String> {
        let op = self.program.code.get(self.found.insn_idx as usize)?;
        let name = match (op.insn, op.operand) {
            (Insn::Call(Callee::Helper(id)), _) => helper_by_id(id)?.name,
            (Insn::Call(_), crate::program::Operand::Func(func)) => {
                &self.program.funcs[func as usize].name
            }
            (Insn::Call(_), _) => self.program.kfunc_name(self.found.insn_idx)?,
            _ => return None,
        };
        Some(format!("`{name}`"))
    }
}

/// What opens and what closes a section.
fn begin_end(section: Section) -> (&'static str, &'static str) {
    match section {
        Section::Rcu => ("bpf_rcu_read_lock", "bpf_rcu_read_unlock"),
        Section::Preempt | Section::Program => ("bpf_preempt_disable", "bpf_preempt_enable"),
        Section::Irq => ("bpf_local_irq_save", "bpf_local_irq_restore"),
        Section::Lock => ("bpf_spin_lock", "bpf_spin_unlock"),
    }
}
