//! Inline assembly: operands to registers, constants and addresses; `asm goto` to jumps.

use super::Ctx;
use crate::ir::{
    ArgList, Asm, AsmHome, AsmId, AsmOperand, BlockId as IrBlock, Cond, Op as IrOp, Term as IrTerm,
    Type, Value,
};
use crate::lower::asm::spelled_constant;
use crate::mach::{AsmArg, AsmExits, AsmRegs, AsmUse, Op, Role, Term, VReg};
use bpfc_base::codes::bpf::E0415;
use bpfc_base::{Diagnostic, Span};
use bpfc_isa::{Reg, RegSet};
use std::sync::Arc;

/// Registers of inline assembly under construction.
struct Registers {
    regs: AsmRegs<VReg>,
    /// Machine registers that it reads, and that it overwrites.
    uses: RegSet,
    defs: RegSet,
    /// Machine registers that nothing else takes yet.
    free: RegSet,
    /// Copies to machine registers, just in front of it, and from them, just behind it.
    before: Vec<(VReg, VReg)>,
    after: Vec<(VReg, VReg)>,
    /// There are more operands than registers.
    is_full: bool,
}

impl Registers {
    fn new(asm: &Asm) -> Self {
        let fixed = asm.operands.iter().filter_map(|operand| operand.fixed);
        let taken = asm.clobbers.union(fixed.collect());
        // Callee-saved registers last: others cost nothing.
        let all: RegSet = Reg::ALL.into_iter().filter(|&reg| reg != Reg::FP).collect();
        Self {
            regs: AsmRegs::new(VReg::machine(Reg::R0)),
            uses: RegSet::EMPTY,
            defs: asm.clobbers,
            free: all.difference(taken),
            before: Vec::new(),
            after: Vec::new(),
            is_full: false,
        }
    }

    /// Takes a register that holds an operand.
    fn take(&mut self, reg: VReg, role: Role, is_early: bool) -> AsmPlace {
        if let Some(at) = self.regs.push(reg, role, is_early) {
            return AsmPlace::Operand(at);
        }
        // The last operands of a long list are bound here, those of the list later.
        let Some(fixed) = self.free.iter().last() else {
            self.is_full = true;
            return AsmPlace::Fixed(Reg::R0);
        };
        self.fix(reg, fixed, role);
        AsmPlace::Fixed(fixed)
    }

    /// Binds an operand to a machine register.
    fn fix(&mut self, reg: VReg, fixed: Reg, role: Role) {
        self.free.remove(fixed);
        let machine = VReg::machine(fixed);
        if role.is_use() {
            self.uses.insert(fixed);
            self.before.push((machine, reg));
        }
        if role.is_def() {
            self.defs.insert(fixed);
            self.after.push((reg, machine));
        }
    }

    /// True if all operands find a register: those in the list, besides what is bound.
    fn fits(&self) -> bool {
        let bound = self.uses.union(self.defs);
        let n = |wanted: &dyn Fn(Role, bool) -> bool| {
            self.regs.iter().filter(|(_, role, is_early)| wanted(*role, *is_early)).count()
        };
        let before = n(&|role, is_early| role.is_use() || is_early);
        let after = n(&|role, is_early| role.is_def() || is_early);
        !self.is_full && before.max(after) + bound.len() as usize <= 10
    }
}

/// Where an operand in a register is.
enum AsmPlace {
    Operand(u8),
    Fixed(Reg),
}

impl AsmPlace {
    fn arg(self) -> AsmArg {
        match self {
            AsmPlace::Operand(at) => AsmArg::Reg(at),
            AsmPlace::Fixed(reg) => AsmArg::Fixed(reg),
        }
    }

    fn memory(self, offset: i32) -> AsmArg {
        match self {
            AsmPlace::Operand(at) => AsmArg::Memory(at, offset),
            AsmPlace::Fixed(reg) => AsmArg::FixedMemory(reg, offset),
        }
    }
}

impl Ctx<'_> {
    pub fn select_asm(&mut self, value: Value, id: AsmId, args: ArgList) {
        let asm = Arc::clone(&self.module.asms[id]);
        let mut registers = Registers::new(&asm);
        let mut operands: Vec<AsmArg> = Vec::new();
        for operand in &asm.operands {
            let arg = operand.input.map(|input| args.as_slice()[input as usize]);
            let arg = match operand.home {
                AsmHome::Same(other) => operands[other as usize].clone(),
                _ => self.select_operand(value, operand, arg, &mut registers),
            };
            operands.push(if operand.is_half { arg.halved() } else { arg });
        }
        let exits = self.select_exits(value, &asm, &mut registers);
        if !registers.fits() {
            let message = "this assembly wants more registers than there are";
            let note = "there are ten, those that it overwrites included";
            self.reports.push(Diagnostic::new(E0415, asm.span, message).with_note(note));
        }
        let Registers { regs, uses, defs, before, after, .. } = registers;
        for (machine, reg) in before {
            self.emit_copy(machine, reg);
        }
        let asm = self.out.asms.push(AsmUse { asm, operands, exits });
        self.emit(Op::Asm { asm, regs, uses, defs });
        for (reg, machine) in after {
            self.emit_copy(reg, machine);
        }
    }

    fn select_operand(
        &mut self,
        asm: Value,
        operand: &AsmOperand,
        arg: Option<Value>,
        registers: &mut Registers,
    ) -> AsmArg {
        match (operand.home, arg) {
            (AsmHome::Memory, Some(address)) => return self.select_address(address, registers),
            (AsmHome::Text | AsmHome::RegisterOrText, Some(arg)) => {
                match spelled_constant(self.body, operand, arg) {
                    Some(constant) => return AsmArg::Text(constant),
                    None if operand.home == AsmHome::Text => {
                        self.report_not_constant(operand.span);
                        return AsmArg::Fixed(Reg::R0);
                    }
                    None => {}
                }
            }
            _ => {}
        }
        let role = match (arg, operand.output) {
            (Some(_), Some(_)) => Role::UseDef,
            (None, Some(_)) => Role::Def,
            (_, None) => Role::Use,
        };
        if operand.fixed == Some(Reg::FP) {
            if role != Role::Use {
                let message = "the frame pointer cannot be written";
                self.reports.push(Diagnostic::new(E0415, operand.span, message));
            }
            return AsmArg::Fixed(Reg::FP);
        }
        let reg = match (role, arg) {
            (Role::Use, Some(arg)) => self.clean_reg(arg),
            _ => {
                let reg = self.new_register();
                if let Some(arg) = arg {
                    self.put_clean(reg, arg);
                }
                reg
            }
        };
        if let Some(result) = operand.output {
            self.asm_results.insert((asm, result), reg);
        }
        match operand.fixed {
            Some(fixed) => {
                registers.fix(reg, fixed, role);
                AsmArg::Fixed(fixed)
            }
            None => registers.take(reg, role, operand.is_early).arg(),
        }
    }

    /// An object in memory; constant offsets stay in the text.
    fn select_address(&mut self, address: Value, registers: &mut Registers) -> AsmArg {
        let (base, offset) = match self.body.op(address) {
            IrOp::SlotAddr(slot, offset) => return AsmArg::Slot(slot, offset),
            IrOp::PtrAdd(base, offset) => match self.body.as_const(offset).map(i16::try_from) {
                Some(Ok(offset)) => (base, i32::from(offset)),
                _ => (address, 0),
            },
            _ => (address, 0),
        };
        if let IrOp::SlotAddr(slot, from) = self.body.op(base) {
            return AsmArg::Slot(slot, from + offset);
        }
        let base = self.reg(base);
        registers.take(base, Role::Use, false).memory(offset)
    }

    /// A register that holds `value`, whose upper half is zero if it has 32 bits.
    fn clean_reg(&mut self, value: Value) -> VReg {
        if self.body.ty(value) != Type::I32 || self.facts.is_clean[value] {
            return self.reg(value);
        }
        let reg = self.new_register();
        self.zero_extend(reg, value);
        reg
    }

    fn put_clean(&mut self, reg: VReg, value: Value) {
        match self.body.ty(value) {
            Type::I32 => self.zero_extend(reg, value),
            _ => self.put(reg, value),
        }
    }

    fn report_not_constant(&mut self, span: Span) {
        let report = Diagnostic::new(E0415, span, "this operand must be constant, and is not")
            .with_note("its constraint `i` puts it into the text of the assembly");
        self.reports.push(report);
    }

    /// How the assembly leaves to its labels. Without outputs it jumps by itself, if the branches
    /// that ask where it went follow at once.
    fn select_exits(&mut self, value: Value, asm: &Asm, registers: &mut Registers) -> AsmExits {
        if asm.n_labels == 0 {
            return AsmExits::None;
        }
        let has_outputs = asm.operands.iter().any(|operand| operand.output.is_some());
        if let Some(blocks) = self.exit_branches(value, asm.n_labels)
            && !has_outputs
            && registers.after.is_empty()
        {
            self.asm_branches.extend(blocks);
            return AsmExits::Direct;
        }
        let selector = self.define(value);
        match registers.take(selector, Role::Def, true) {
            AsmPlace::Operand(at) => AsmExits::Selector(at),
            AsmPlace::Fixed(_) => {
                registers.is_full = true;
                AsmExits::Selector(0)
            }
        }
    }

    /// The blocks that do nothing but branch on each of the labels, from that of the assembly on.
    fn exit_branches(&self, value: Value, n_labels: u32) -> Option<Vec<IrBlock>> {
        let mut block = self.ir_block;
        if self.body.blocks[block].insts.last() != Some(&value)
            || self.facts.n_uses[value] != n_labels
        {
            return None;
        }
        let mut found: Vec<(IrBlock, i64)> = Vec::new();
        loop {
            let (label, miss) = self.exit_branch(value, block)?;
            let is_new = found.iter().all(|(_, known)| *known != label);
            if !is_new || label < 1 || label > i64::from(n_labels) {
                return None;
            }
            found.push((block, label));
            if found.len() == n_labels as usize {
                return Some(found.into_iter().map(|(block, _)| block).collect());
            }
            let next = &self.body.blocks[miss];
            let n_preds = self.body.blocks.iter().flat_map(|block| block.term.targets());
            let n_preds = n_preds.filter(|target| target.block == miss).count();
            if !next.insts.is_empty() || !next.params.is_empty() || n_preds != 1 {
                return None;
            }
            block = miss;
        }
    }

    /// The label that the branch of `block` asks about, and where it goes if not there.
    fn exit_branch(&self, value: Value, block: IrBlock) -> Option<(i64, IrBlock)> {
        let IrTerm::Branch { cond, lhs, rhs, then, otherwise } = &self.body.blocks[block].term
        else {
            return None;
        };
        let label = self.body.as_const(*rhs).filter(|_| *lhs == value)?;
        match cond {
            Cond::Eq => Some((label, otherwise.block)),
            Cond::Ne => Some((label, then.block)),
            _ => None,
        }
    }

    /// The end of a block whose assembly jumps by itself.
    pub fn select_exit(&mut self, id: IrBlock, term: &IrTerm) {
        let IrTerm::Branch { cond, rhs, then, otherwise, .. } = term else {
            unreachable!("`exit_branches` looked at it");
        };
        let (hit, miss) = match cond {
            Cond::Eq => (then, otherwise),
            _ => (otherwise, then),
        };
        let label = self.body.as_const(*rhs).map_or(0, |n| n as u32 - 1);
        let (from, made) = (self.block, (self.made.clone(), self.made_globals.clone()));
        let then = self.edge(id, hit);
        (self.made, self.made_globals) = made;
        let otherwise = self.edge(id, miss);
        self.block = from;
        self.out.blocks[from].term = Term::AsmExit { label, then, otherwise };
    }

    /// An output of assembly, which was selected just before.
    pub fn select_asm_result(&mut self, value: Value, asm: Value, result: u32) {
        let reg = self.asm_results.get(&(asm, result)).copied();
        self.registers[value] = reg.or_else(|| Some(self.new_register()));
    }
}
