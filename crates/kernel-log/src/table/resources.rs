//! References, locks, RCU, and what else must be given back.

use super::{Row, row};
use bpfc_base::codes::verifier::{E0707, E0708, E0718, E0719, E0722, E0730, E0737};

pub const ROWS: &[Row] = &[
    row(
        "Unreleased reference id={id} alloc_insn={insn}",
        E0708,
        "what was acquired at instruction {insn} is not given back on this path",
        "submit or discard a ring buffer record, release a socket, on every path",
    ),
    row(
        "reference has not been acquired before",
        E0707,
        "what is given back was never acquired",
        "",
    ),
    row(
        "tail_call would lead to reference leak",
        E0708,
        "a reference is held when the program ends in a tail call",
        "give it back before the call",
    ),
    row(
        "BPF_LD_[ABS|IND] cannot be mixed with socket references",
        E0708,
        "a reference is held at a load that may end the program",
        "give it back first",
    ),
    row(
        "bpf_spin_unlock is missing",
        E0730,
        "a lock is held when the program ends",
        "release it with `bpf_spin_unlock` on every path",
    ),
    row(
        "BPF_EXIT instruction in main prog would lead to reference leak",
        E0708,
        "a reference is held when the program ends",
        "give it back on every path",
    ),
    row(
        "BPF_EXIT instruction {what} cannot be used inside bpf_spin_lock-ed region",
        E0730,
        "a lock is held when the program ends",
        "release it with `bpf_spin_unlock` on every path",
    ),
    row(
        "BPF_EXIT instruction {what} cannot be used inside bpf_rcu_read_lock-ed region",
        E0719,
        "the RCU read lock is held when the program ends",
        "call `bpf_rcu_read_unlock` on every path",
    ),
    row(
        "BPF_EXIT instruction {what} cannot be used inside bpf_preempt_disable-ed region",
        E0737,
        "preemption is disabled when the program ends",
        "call `bpf_preempt_enable` on every path",
    ),
    row(
        "BPF_EXIT instruction {what} cannot be used inside bpf_local_irq_save-ed region",
        E0737,
        "interrupts are disabled when the program ends",
        "call `bpf_local_irq_restore` on every path",
    ),
    row(
        "{what} cannot be used inside bpf_spin_lock-ed region",
        E0730,
        "a lock is held at `{what}`",
        "release it before",
    ),
    row(
        "{what} cannot be used inside bpf_rcu_read_lock-ed region",
        E0737,
        "the RCU read lock is held at `{what}`",
        "call `bpf_rcu_read_unlock` before",
    ),
    row(
        "{what} cannot be used inside bpf_preempt_disable-ed region",
        E0737,
        "preemption is disabled at `{what}`",
        "call `bpf_preempt_enable` before",
    ),
    row(
        "bpf_rcu_read_unlock is missing",
        E0737,
        "the RCU read lock is held when the program ends",
        "call `bpf_rcu_read_unlock` on every path",
    ),
    row(
        "{n} bpf_preempt_enable{s} missing",
        E0737,
        "preemption is disabled when the program ends",
        "call `bpf_preempt_enable` on every path",
    ),
    row(
        "Locking two bpf_spin_locks are not allowed",
        E0730,
        "a second lock is taken while one is held",
        "release the first one before",
    ),
    row("bpf_spin_unlock without taking a lock", E0730, "a lock is released that is not held", ""),
    row(
        "bpf_spin_unlock of different lock",
        E0730,
        "another lock is released than the one that is held",
        "",
    ),
    row("nested rcu read lock", E0719, "the RCU read lock is held already", ""),
    row("unmatched rcu read unlock", E0719, "the RCU read lock is not held here", ""),
    row("unmatched attempt to enable preemption", E0737, "preemption is not disabled here", ""),
    row(
        "expected an RCU CS when using {what}",
        E0718,
        "`{what}` must be called under RCU",
        "call `bpf_rcu_read_lock` before",
    ),
    row(
        "held lock and object are not in the same allocation",
        E0722,
        "the lock that is held is not the one that protects this object",
        "",
    ),
    row(
        "bpf_spin_lock at off={off} must be held for {what}",
        E0722,
        "`{what}` is reached while its lock is held only",
        "take the lock before",
    ),
    row(
        "operation on {what} expects arg#1 {rest}",
        E0722,
        "the node is not the one that `{what}` declares: {rest}",
        "",
    ),
    row(
        "can't spin_{what} in rbtree cb",
        E0722,
        "no lock is taken or released in the function that orders a tree",
        "",
    ),
    row("rbtree_remove {rest}", E0722, "the node cannot be removed here: {rest}", ""),
    row("{field} not found at offset={off}", E0722, "there is no `{field}` at offset {off}", ""),
];
