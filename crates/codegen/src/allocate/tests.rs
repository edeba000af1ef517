//! The checker finds what is wrong, and nothing is wrong.

use super::*;
use crate::ir::Callee;
use crate::mach::{Address, Base, BlockId, Source, Term};
use crate::passes::tests::generate;
use crate::select::{Conventions, select};
use bpfc_base::Session;
use bpfc_isa::{AluOp, Cpu, LoadType, Size, Width};

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

/// What random functions over few registers are made of.
struct Random {
    state: u64,
    func: Func<VReg>,
    /// Registers that hold something on every way.
    made: Vec<VReg>,
}

impl Random {
    fn below(&mut self, n: usize) -> usize {
        // Xorshift.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 20) as usize % n
    }

    fn any(&mut self) -> VReg {
        let at = self.below(self.made.len());
        self.made[at]
    }

    fn new_register(&mut self) -> VReg {
        self.func.n_vregs += 1;
        let reg = VReg::new(self.func.n_vregs - 1);
        self.made.push(reg);
        reg
    }

    fn emit(&mut self, block: BlockId, op: Op<VReg>) {
        self.func.blocks[block].insts.push(Inst::new(op, bpfc_base::Span::NONE));
    }

    /// One instruction: two-address arithmetic, memory, constants, copies, or a call.
    fn inst(&mut self, block: BlockId) {
        let width = [Width::W32, Width::W64][self.below(2)];
        match self.below(12) {
            0..4 => {
                let (dst, src) = (self.any(), Source::Reg(self.any()));
                self.emit(block, Op::Alu { width, op: AluOp::Add, dst, src });
            }
            4 | 5 => {
                let address = Address { base: Base::Reg(self.any()), offset: 8 };
                let dst = self.new_register();
                self.emit(block, Op::Load { ty: LoadType::U64, dst, address, is_volatile: false });
            }
            6 => {
                let address = Address { base: Base::Reg(self.any()), offset: 8 };
                let src = Source::Reg(self.any());
                self.emit(block, Op::Store { size: Size::DW, address, src });
            }
            7 => {
                let (value, is_long) = (self.below(3) as i32, self.below(2) == 0);
                let dst = self.new_register();
                self.emit(
                    block,
                    match is_long {
                        true => Op::LoadImm { dst, value: 1 << 40 | value as u64 },
                        false => Op::Alu { width, op: AluOp::Mov, dst, src: Source::Imm(value) },
                    },
                );
            }
            8 => {
                let src = self.any();
                let dst = self.new_register();
                self.emit(block, Op::copy(dst, src));
            }
            9 => {
                let src = self.any();
                let address = Address { base: Base::Reg(self.any()), offset: 0 };
                let op = bpfc_isa::AtomicOp::FetchAdd;
                self.emit(block, Op::Atomic { op, width: Width::W64, address, src });
            }
            _ => {
                for reg in [Reg::R1, Reg::R2] {
                    let src = self.any();
                    self.emit(block, Op::copy(VReg::machine(reg), src));
                }
                self.emit(block, Op::Call { callee: Callee::Helper(5), n_args: 2 });
                let dst = self.new_register();
                self.emit(block, Op::copy(dst, VReg::machine(Reg::R0)));
            }
        }
    }
}

/// A function of several blocks, with branches forwards and backwards.
fn random_function(seed: u64) -> Func<VReg> {
    let text = "func fn0 \"f\" section \"tc\" (ptr) -> i64 {\nblock0(v0: ptr):\n  return 0\n}\n";
    let module = crate::ir::parse::parse(text).unwrap();
    let id = module.funcs.ids().next().unwrap();
    let mut func =
        select(&mut Session::default(), &module, &Conventions::new(&module), id, Cpu::V3);
    func.blocks = bpfc_base::IndexVec::new();
    func.layout.clear();
    let mut random = Random { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), func, made: vec![] };
    let n_blocks = 3 + random.below(6);
    for _ in 0..n_blocks {
        let id = random.func.blocks.push(Block::default());
        random.func.layout.push(id);
    }
    let layout = random.func.layout.clone();
    let entry = layout[0];
    let param = random.new_register();
    random.emit(entry, Op::copy(param, VReg::machine(Reg::R1)));
    let n_more = 4 + random.below(16);
    for _ in 0..n_more {
        let address = Address { base: Base::Reg(param), offset: 16 };
        let dst = random.new_register();
        random.emit(entry, Op::Load { ty: LoadType::U64, dst, address, is_volatile: false });
    }
    let n_everywhere = random.made.len();
    for (at, &id) in layout.iter().enumerate() {
        // What other blocks make is not made on every way.
        random.made.truncate(n_everywhere);
        for _ in 0..random.below(14) {
            random.inst(id);
        }
        let (lhs, rhs) = (random.any(), Source::Reg(random.any()));
        let (op, width) = (bpfc_isa::JmpOp::Gt, Width::W64);
        let mut target = || layout[1 + random.below(n_blocks - 1)];
        let term = match layout.get(at + 1) {
            Some(&otherwise) => Term::Branch { op, width, lhs, rhs, then: target(), otherwise },
            None => {
                random.emit(id, Op::copy(VReg::machine(Reg::R0), lhs));
                Term::Exit { has_value: true }
            }
        };
        random.func.blocks[id].term = term;
    }
    random.func
}

#[test]
fn random_functions_are_allocated() {
    let mut n_spilled = 0;
    for seed in 1..300 {
        let mut func = random_function(seed);
        let errors = crate::mach::validate(&func, func.n_vregs, Cpu::V3);
        assert!(errors.is_empty(), "{errors:#?}\n{func}");
        reuse::reuse_constants(&mut func);
        let (allocation, coloring) = assign(func, RegSet::of(Reg::FP));
        assert_eq!(check(&allocation, &coloring), Ok(()), "seed {seed}");
        n_spilled += usize::from(allocation.func.slots.len() > allocation.first_spill.index());
    }
    assert!(n_spilled > 100, "{n_spilled}");
}

#[test]
fn registers_in_use_are_not_given_away() {
    // A register that was chosen for one is taken for another while its content is needed.
    let (mut n, mut n_found) = (0, 0);
    for seed in 1..40 {
        let (allocation, coloring) = assign(random_function(seed), RegSet::of(Reg::FP));
        let graph = graph::build(&allocation, Joins::Most);
        for &node in graph.nodes.iter().step_by(3) {
            let Some(&neighbour) = graph.adjacent[node].first() else {
                continue;
            };
            let mut changed = coloring.clone();
            if changed.recolor(node, coloring.reg(neighbour)) {
                n += 1;
                n_found += usize::from(check(&allocation, &changed).is_err());
            }
        }
    }
    // Both may hold the same.
    assert!(n > 300 && n_found * 20 > n * 19, "{n_found} of {n}");
}
