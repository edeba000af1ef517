//! The sections that a path is in: locks, RCU, preemption and interrupts switched off.
//!
//! As `struct bpf_verifier_state` (Linux 6.18 `include/linux/bpf_verifier.h`).

use super::value::MapIdx;

/// The sections entered and not left, on one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// The locks held, the first one taken first.
    pub locks: Vec<Lock>,
    /// How many calls of `bpf_rcu_read_lock` wait for their end.
    pub n_rcu: u32,
    /// How many calls of `bpf_preempt_disable` wait for their end.
    pub n_preempt: u32,
    /// The saved states of interrupts that must be restored, the last one first restored.
    pub irqs: Vec<Irq>,
    /// Whether the path may sleep as far as the running function is concerned: not in the callback of a timer of a
    /// program that may sleep.
    pub is_sleepable: bool,
}

/// A lock that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Which lock it is.
    pub kind: LockKind,
    /// The id of the pointer to the object that holds the lock.
    pub id: u32,
    /// What it is in.
    pub owner: LockOwner,
    /// The call that took it.
    pub insn_idx: u32,
}

/// The kinds of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// `bpf_spin_lock`.
    Spin,
    /// `bpf_res_spin_lock`.
    Resilient,
    /// `bpf_res_spin_lock_irqsave`.
    ResilientIrq,
}

/// What a lock is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockOwner {
    /// A value of a map.
    Map(MapIdx),
    /// An object of this program's own BTF, by the id of its type.
    Object(u32),
}

/// A saved state of interrupts, on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Irq {
    /// Its number, as of a reference.
    pub id: u32,
    /// Whether `bpf_res_spin_lock_irqsave` saved it.
    pub is_of_lock: bool,
    /// The call that saved it.
    pub insn_idx: u32,
}

impl Scopes {
    /// Whether the spin lock is held, in which next to nothing may be called.
    pub fn holds_lock(&self) -> bool {
        !self.locks.is_empty()
    }

    /// Whether the path may sleep here (`in_sleepable_context`, Linux 6.18 `kernel/bpf/verifier.c`).
    pub fn may_sleep(&self) -> bool {
        self.is_sleepable
            && self.n_rcu == 0
            && self.n_preempt == 0
            && self.locks.is_empty()
            && self.irqs.is_empty()
    }

    /// Whether objects protected by RCU are safe to use (`in_rcu_cs`).
    pub fn is_in_rcu(&self) -> bool {
        self.n_rcu > 0 || !self.locks.is_empty() || !self.is_sleepable
    }
}
