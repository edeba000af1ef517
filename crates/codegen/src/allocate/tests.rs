//! The checker finds what is wrong, and nothing is wrong.

use super::*;
use crate::mach::BlockId;
use crate::passes::tests::generate;
use crate::select::{Conventions, select};
use bpfc_base::Session;
use bpfc_isa::Cpu;

/// Functions with calls and loops, allocated with registers so few that many are spilled.
fn allocations() -> Vec<(Allocation, Coloring)> {
    let few = RegSet::from_iter([Reg::R4, Reg::R5, Reg::R10]);
    let reserved = few.union(RegSet::CALLEE_SAVED);
    let mut found = Vec::new();
    for seed in 1000..1020 {
        let mut module = generate::module(seed);
        crate::optimize(&mut module, crate::OptLevel::O2);
        for id in module.funcs.ids() {
            if module.funcs[id].body.is_some() {
                let func = select(
                    &mut Session::default(),
                    &module,
                    &Conventions::new(&module),
                    id,
                    Cpu::V3,
                );
                found.push(assign(func, reserved));
            }
        }
    }
    found
}

/// Every change of one step by `change` that it calls a mistake.
fn mistakes(
    mut change: impl FnMut(&mut Vec<Step>, usize) -> bool,
    mut is_found: impl FnMut(&Allocation, &Coloring),
) -> usize {
    let mut n = 0;
    for (allocation, coloring) in allocations() {
        assert_eq!(check(&allocation, &coloring), Ok(()));
        let places: Vec<(BlockId, usize)> = allocation
            .func
            .layout
            .iter()
            .flat_map(|&id| (0..allocation.steps[id].len()).map(move |at| (id, at)))
            .collect();
        for (id, at) in places {
            let mut changed = allocation.clone();
            if change(&mut changed.steps[id], at) {
                n += 1;
                is_found(&changed, &coloring);
            }
        }
    }
    n
}

#[test]
fn spills_and_reloads_are_needed() {
    let leave_out = |steps: &mut Vec<Step>, at: usize| {
        let is_inserted = !matches!(steps[at].origin, Origin::Original(_));
        if is_inserted {
            steps.remove(at);
        }
        is_inserted
    };
    // A register may happen to hold already what is loaded into it.
    let mut n_found = 0;
    let n = mistakes(leave_out, |allocation, coloring| {
        n_found += usize::from(check(allocation, coloring).is_err());
    });
    assert!(n > 50 && n_found * 10 > n * 9, "{n_found} of {n}");
}

#[test]
fn spills_and_reloads_must_match() {
    let other_slot = |steps: &mut Vec<Step>, at: usize| {
        let step = &mut steps[at];
        let (Op::Load { address, .. } | Op::Store { address, .. }) = &mut step.inst.op else {
            return false;
        };
        if !matches!(step.origin, Origin::Reload | Origin::Spill) {
            return false;
        }
        address.base = crate::mach::Base::Slot(SlotId::new(9999));
        true
    };
    let n = mistakes(other_slot, |allocation, coloring| {
        assert!(check(allocation, coloring).is_err());
    });
    assert!(n > 20, "{n}");
}

#[test]
fn operands_must_be_where_they_are_looked_for() {
    let mut n_found = 0;
    let swap = |steps: &mut Vec<Step>, at: usize| {
        let step = &mut steps[at];
        let mut changed = false;
        if let (Origin::Original(_), false) = (step.origin, step.is_dropped) {
            step.inst.op.for_each_reg_mut(|reg, role| {
                if role.is_use() && reg.as_machine().is_none() {
                    *reg = VReg::machine(Reg::R10);
                    changed = true;
                }
            });
        }
        changed
    };
    let n = mistakes(swap, |allocation, coloring| {
        n_found += usize::from(check(allocation, coloring).is_err());
    });
    assert!(n > 500 && n_found == n, "{n_found} of {n}");
}

#[test]
fn crowds_of_registers_are_split() {
    // All sums are live at once, within one stretch without calls, and across a call.
    let mut text = String::from(
        "func fn0 \"f\" section \"socket\" (ptr, i64) -> i64 {\nblock0(v0: ptr, v1: i64):\n",
    );
    let n = 600;
    for i in 0..n {
        text += &format!("  v{}: i64 = mul v{}, {}\n", i + 2, i + 1, i + 3);
    }
    text += &format!("  v{}: i64 = call helper 5()\n", n + 2);
    for i in 0..n {
        text += &format!("  v{}: i64 = xor v{}, v{}\n", n + 3 + i, n + 2 + i, i + 2);
    }
    text += &format!("  return v{}\n}}\n", 2 * n + 2);
    let module = crate::ir::parse::parse(&text).unwrap();
    let id = module.funcs.ids().next().unwrap();
    let func = select(&mut Session::default(), &module, &Conventions::new(&module), id, Cpu::V3);
    assert!(!graph::crowded(&Allocation::new(func.clone(), RegSet::EMPTY)).is_empty());
    let (allocation, coloring) = assign(func, RegSet::of(Reg::FP));
    assert_eq!(check(&allocation, &coloring), Ok(()));
}
