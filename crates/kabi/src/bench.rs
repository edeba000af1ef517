//! What test functions call beside the kernel's helpers: functions that the virtual machine honours when it runs a test
//! (`bpfc/test.h`). Kernels know none of them.

/// The section of test functions.
pub const TEST_SECTION: &str = "bpfc/test";
/// The section of functions that run before each test.
pub const SETUP_SECTION: &str = "bpfc/setup";
/// Defined where tests are compiled.
pub const TEST_MACRO: &str = "__BPFC_TEST__";

/// Numbers of calls begin behind all that kernels will have.
const FIRST: u32 = 0x6270_0000;

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A call of the test bench, in the order of their numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum BenchCall {
            $($(#[$doc])* $name,)*
        }

        const CALLS: &[BenchCall] = &[$(BenchCall::$name,)*];
    };
}

calls! {
    /// `(text, left, right, flags)`: an assertion that failed.
    Fail,
    /// `(format, n_bytes, args, n_args_bytes)`: what failures that follow are about.
    Case,
    /// `(format, n_bytes, args, n_args_bytes)`: the packet of runs that follow, described.
    Packet,
    /// `(bytes, n_bytes)`: the packet of runs that follow.
    PacketBytes,
    /// `(offset, to, n_bytes)`: bytes of the packet as it is now; 0 or `-EFAULT`.
    PacketRead,
    /// `()`: bytes of the packet as it is now.
    PacketLen,
    /// `(format, n_bytes, args, n_args_bytes)`: fails unless the packet is as described.
    PacketIs,
    /// `(bytes, n_bytes)`: the context of runs that follow.
    Context,
    /// `(offset, to, n_bytes)`: bytes of the context as the last run left it.
    ContextRead,
    /// `(args, n_bytes)`: arguments of the traced function in runs that follow.
    Args,
    /// `(value)`: what the traced function returned in runs that follow.
    Returned,
    /// `(name, flags)`: runs a program; its result.
    Run,
    /// `(map, to, n_bytes)`: the next record of a ring buffer or perf event array; its length or `-ENOENT`.
    Event,
    /// `(to, n_bytes)`: the next line that a program printed; its length or `-ENOENT`.
    Printed,
    /// `()`: the interface that the last run redirected to, or `-ENOENT`.
    Redirected,
    /// `(ns)`: the time now.
    Time,
    /// `(pid, tgid, uid, comm)`: the current task; a null `comm` keeps its name.
    Task,
    /// `(cpu)`: the current CPU.
    Cpu,
    /// `(text, left, right, n_bytes, flags)`: fails unless the bytes are equal, or the strings with flag 2; whether they are.
    Compare,
    /// `(helper, values, n_bytes)`: what a helper, by its name, returns to programs, one value after the other.
    Mock,
    /// `(helper)`: how often a mocked helper was called.
    MockCalls,
}

impl BenchCall {
    /// The call with this helper number.
    pub fn from_helper(id: u32) -> Option<BenchCall> {
        let idx = id.checked_sub(FIRST + 1)?;
        CALLS.get(idx as usize).copied()
    }

    /// Its helper number.
    pub fn helper(self) -> u32 {
        FIRST + 1 + self as u32
    }
}

/// Flags of [`BenchCall::Fail`] and [`BenchCall::Compare`].
pub mod flag {
    /// The values are signed.
    pub const SIGNED: u64 = 1;
    /// Strings that end with a null byte are compared.
    pub const STRING: u64 = 2;
    /// Only truth was asked for: values say nothing.
    pub const TRUTH: u64 = 4;
    /// The run must end with a fault ([`BenchCall::Run`]).
    pub const FAULT: u64 = 8;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header_text;

    #[test]
    fn the_header_has_every_call_by_its_number() {
        let text = header_text("bpfc/test.h").unwrap();
        for &call in CALLS {
            let number = format!("(void *){:#x};", call.helper());
            assert_eq!(text.matches(&number).count(), 1, "{call:?} is {number}");
            assert_eq!(BenchCall::from_helper(call.helper()), Some(call));
        }
        assert_eq!(text.matches("(void *)0x").count(), CALLS.len());
        assert_eq!(BenchCall::from_helper(FIRST), None);
        assert_eq!(BenchCall::from_helper(1), None);
    }
}
