//! Moves registers to the stack frame, or to where they are used if they are constant.

use super::color::Coloring;
use super::reuse::reuse_fills;
use super::{Allocation, Home, Kind, Origin, Step};
use crate::ir::{Slot, SlotId};
use crate::mach::{Address, Base, BlockId, Inst, Op, Role, Source, VReg};
use bpfc_base::{IndexVec, Span};
use bpfc_isa::{LoadType, RegSet, Size};
use rustc_hash::FxHashMap;

/// Makes coalesced registers one in the code, and drops the copies between them.
pub fn rename_coalesced(allocation: &mut Allocation, coloring: &Coloring) {
    for id in allocation.func.blocks.ids() {
        for step in &mut allocation.steps[id] {
            step.inst = step.inst.map(|vreg| coloring.virtual_representative(vreg));
            if step.inst.op.as_copy().is_some_and(|(dst, src)| dst == src) {
                step.is_dropped = true;
            }
        }
        let term = &mut allocation.func.blocks[id].term;
        *term = term.map(|vreg| coloring.virtual_representative(vreg));
    }
    for vreg in allocation.origins.ids() {
        if vreg.as_machine().is_none() {
            // Several registers in one: it has no home yet.
            let representative = coloring.virtual_representative(vreg);
            if representative != vreg {
                allocation.origins[representative] = Kind::Whole;
            }
        }
    }
}

/// Registers with one definition, which is constant: that register of the original, and
/// the instruction.
pub fn constants(allocation: &Allocation) -> Vec<(VReg, Home)> {
    let mut n_defs: IndexVec<VReg, u32> = IndexVec::from_elem(0, allocation.func.n_vregs);
    let mut found = Vec::new();
    for &id in &allocation.func.layout {
        for step in allocation.steps[id].iter().filter(|step| !step.is_dropped) {
            step.inst.op.for_each_reg(|reg, role| {
                n_defs[reg] += u32::from(role.is_def());
                if !step.inst.op.is_constant() || reg.as_machine().is_some() {
                    return;
                }
                let original = match step.origin {
                    Origin::Original(at) => {
                        defined(&allocation.original.blocks[id].insts[at as usize])
                    }
                    Origin::Constant(original) => Some(original),
                    Origin::Spill | Origin::Reload => None,
                };
                if let Some(original) = original {
                    let home = Home::Constant(original, step.inst.op, step.inst.core);
                    found.push((reg, home));
                }
            });
        }
    }
    found.retain(|&(reg, _)| n_defs[reg] == 1);
    found
}

fn defined(inst: &Inst<VReg>) -> Option<VReg> {
    let mut found = None;
    inst.op.for_each_reg(|reg, role| {
        if role.is_def() {
            found = Some(reg);
        }
    });
    found
}

/// Splits `spilled` registers into short ones that are loaded and stored.
pub fn spill(allocation: &mut Allocation, spilled: &[VReg]) {
    if spilled.is_empty() {
        return;
    }
    let constants: FxHashMap<VReg, Home> = constants(allocation).into_iter().collect();
    let mut homes: IndexVec<VReg, Option<Home>> =
        IndexVec::from_elem(None, allocation.func.n_vregs);
    for &vreg in spilled {
        homes[vreg] = Some(match allocation.origins[vreg] {
            Kind::Region(home) | Kind::Stretch(home) => home,
            Kind::Whole | Kind::Point => match constants.get(&vreg) {
                Some(home) => *home,
                None => Home::Slot(new_slot(allocation)),
            },
        });
    }
    for at in 0..allocation.func.layout.len() {
        let id = allocation.func.layout[at];
        rewrite_block(allocation, id, &homes);
    }
    reuse_fills(allocation);
}

fn new_slot(allocation: &mut Allocation) -> SlotId {
    allocation.func.slots.push(Slot { size: 8, align: 8, name: None })
}

/// A block being rewritten.
struct Ctx<'a> {
    allocation: &'a mut Allocation,
    homes: &'a IndexVec<VReg, Option<Home>>,
    out: Vec<Step>,
    /// Where each spilled register is in this stretch.
    current: FxHashMap<VReg, VReg>,
    /// Some of them may be for one instruction only.
    has_points: bool,
}

fn rewrite_block(allocation: &mut Allocation, id: BlockId, homes: &IndexVec<VReg, Option<Home>>) {
    let steps = std::mem::take(&mut allocation.steps[id]);
    let mut term = allocation.func.blocks[id].term;
    let mut ctx = Ctx {
        allocation,
        homes,
        out: Vec::with_capacity(steps.len()),
        current: FxHashMap::default(),
        has_points: false,
    };
    for step in steps {
        ctx.rewrite_step(step);
    }
    let span = ctx.allocation.func.blocks[id].term_span;
    term.for_each_reg_mut(|reg| *reg = ctx.read(*reg, span));
    let out = ctx.out;
    allocation.steps[id] = out;
    allocation.func.blocks[id].term = term;
}

impl Ctx<'_> {
    fn rewrite_step(&mut self, mut step: Step) {
        if step.is_dropped {
            return self.out.push(step);
        }
        let mut touched = Vec::new();
        step.inst.op.for_each_reg(|reg, role| {
            if let Some(home) = self.homes.get(reg).copied().flatten() {
                touched.push((reg, role, home));
            }
        });
        if touched.is_empty() {
            self.forget_at_call(&step);
            return self.out.push(step);
        }
        // What brought a stretch home, or from home, is made anew.
        let is_constant = |home: &Home| matches!(home, Home::Constant(..));
        if touched.iter().any(|(_, role, home)| *role == Role::Def && is_constant(home)) {
            if let Origin::Original(_) = step.origin {
                step.is_dropped = true;
                self.out.push(step);
            }
            return;
        }
        if let Some(slot) = slot_of(&step)
            && touched.iter().any(|(_, _, home)| *home == Home::Slot(slot))
        {
            return;
        }
        let span = step.inst.span;
        let mut written = Vec::new();
        let mut replaced: Vec<(VReg, VReg)> = Vec::new();
        for &(reg, role, home) in touched.iter().filter(|(_, role, _)| role.is_use()) {
            let register = self.read(reg, span);
            replaced.push((reg, register));
            if role.is_def() {
                written.push((register, home));
            }
        }
        for &(reg, role, home) in &touched {
            if role != Role::Def {
                continue;
            }
            // Reads and writes of one instruction need not share a register.
            let register = self.fresh(reg, home);
            self.set_current(reg, register);
            written.push((register, home));
        }
        step.inst.op.for_each_reg_mut(|reg, role| {
            let found = match role {
                Role::Def => self.current.get(reg),
                Role::Use | Role::UseDef => {
                    let found = replaced.iter().find(|(old, _)| old == reg);
                    found.map(|(_, register)| register)
                }
            };
            if let Some(register) = found {
                *reg = *register;
            }
        });
        self.forget_at_call(&step);
        self.out.push(step);
        for (register, home) in written {
            if let Home::Slot(slot) = home {
                self.out.push(store(register, slot, span));
            }
        }
        self.forget_points();
    }

    /// The register that holds `reg` here, filled if needed.
    fn read(&mut self, reg: VReg, span: Span) -> VReg {
        let Some(home) = self.homes.get(reg).copied().flatten() else {
            return reg;
        };
        if let Some(register) = self.current.get(&reg) {
            return *register;
        }
        let register = self.fresh(reg, home);
        self.set_current(reg, register);
        self.out.push(fill(register, home, span));
        register
    }

    fn fresh(&mut self, reg: VReg, home: Home) -> VReg {
        let kind = match self.allocation.origins[reg] {
            Kind::Whole => Kind::Region(home),
            Kind::Region(_) => Kind::Stretch(home),
            Kind::Stretch(_) | Kind::Point => Kind::Point,
        };
        self.allocation.new_register(kind)
    }

    fn set_current(&mut self, reg: VReg, register: VReg) {
        self.current.insert(reg, register);
        self.has_points |= self.allocation.origins[register] == Kind::Point;
    }

    fn forget_at_call(&mut self, step: &Step) {
        if RegSet::CALLER_SAVED.difference(step.inst.op.implicit_defs()).is_empty() {
            self.current.clear();
        }
        self.forget_points();
    }

    fn forget_points(&mut self) {
        if std::mem::take(&mut self.has_points) {
            let origins = &self.allocation.origins;
            self.current.retain(|_, register| origins[*register] != Kind::Point);
        }
    }
}

/// The slot that a spill or reload is about.
pub fn slot_of(step: &Step) -> Option<SlotId> {
    match (step.origin, step.inst.op) {
        (Origin::Spill, Op::Store { address, .. }) | (Origin::Reload, Op::Load { address, .. }) => {
            match address.base {
                Base::Slot(slot) => Some(slot),
                Base::Reg(_) => None,
            }
        }
        _ => None,
    }
}

fn home_address(slot: SlotId) -> Address<VReg> {
    Address { base: Base::Slot(slot), offset: 0 }
}

fn store(register: VReg, slot: SlotId, span: Span) -> Step {
    let op = Op::Store { size: Size::DW, address: home_address(slot), src: Source::Reg(register) };
    Step { inst: Inst::new(op, span), origin: Origin::Spill, is_dropped: false }
}

fn fill(register: VReg, home: Home, span: Span) -> Step {
    match home {
        Home::Slot(slot) => {
            let (ty, address) = (LoadType::U64, home_address(slot));
            let op = Op::Load { ty, dst: register, address, is_volatile: false };
            Step { inst: Inst::new(op, span), origin: Origin::Reload, is_dropped: false }
        }
        Home::Constant(original, op, core) => {
            let op = op.map(|_| register);
            Step {
                inst: Inst { op, core, span },
                origin: Origin::Constant(original),
                is_dropped: false,
            }
        }
    }
}
