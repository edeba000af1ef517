//! Kernel functions that open or close a section.

use crate::state::LockKind;

/// What a call does to the sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionCall {
    /// `bpf_preempt_disable` (Linux 6.10).
    PreemptDisable,
    /// `bpf_preempt_enable`.
    PreemptEnable,
    #[allow(dead_code)]
    /// Takes a lock.
    Lock(LockKind),
    #[allow(dead_code)]
    /// Gives a lock back.
    Unlock(LockKind),
}

/// What the kernel function of this name does to the sections, if that is all it does.
pub fn section_call(name: &str) -> Option<SectionCall> {
    Some(match name {
        "bpf_preempt_disable" => SectionCall::PreemptDisable,
        "bpf_preempt_enable" => SectionCall::PreemptEnable,
        _ => return None,
    })
}
