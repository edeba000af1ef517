//! Inline assembly with all registers known: its text becomes instructions.

use super::code::{Ctx, Goal, Surroundings};
use crate::assembly::{Expansion, Spelled, expand};
use crate::ir::{Asm, AsmSymbol, FuncId, GlobalId};
use crate::mach::{AsmArg, AsmExits, AsmRegs, AsmUse, AsmUseId, BlockId, Symbol, asm_targets};
use bpfc_base::{Diagnostic, Idx, Span};
use bpfc_isa::{AluOp, FragmentInsn, FragmentTarget, Insn, Reg, Src, Width, assemble_fragment};
use bpfc_object::ObjInsn;

impl<S: Surroundings> Ctx<'_, S> {
    /// Emits the assembly at the end of `block`, or inside it.
    pub fn emit_asm(
        &mut self,
        block: BlockId,
        id: AsmUseId,
        regs: &AsmRegs<Reg>,
        span: Span,
    ) -> Result<(), Box<Diagnostic>> {
        let func = self.func;
        let AsmUse { asm, operands, exits } = &func.asms[id];
        let spelled: Vec<Spelled> = operands.iter().map(|arg| self.spell(arg, regs)).collect();
        self.n_unique += 1;
        let expansion = expand(asm, &spelled, self.n_unique);
        let fragment = assemble_fragment(&expansion.text, asm.endian).map_err(|errors| {
            let first = errors.first().map(|error| expansion.report(asm, error));
            Box::new(first.expect("failure has an error"))
        })?;
        let start = self.out.len();
        let n_insns = fragment.insns.len();
        let targets = match exits {
            AsmExits::Direct => {
                let targets = asm_targets(func, block, asm.n_labels);
                targets.into_iter().map(Goal::Block).collect()
            }
            // What follows: `selector = 0; goto end`, then `selector = n; goto end` for each.
            AsmExits::Selector(_) => {
                let stub = |label| Goal::Item(start + n_insns + 2 * (label as usize + 1));
                (0..asm.n_labels).map(stub).collect()
            }
            AsmExits::None => Vec::new(),
        };
        for insn in &fragment.insns {
            let goal = match &insn.target {
                Some(FragmentTarget::Insn(at)) => Some(Goal::Item(start + *at as usize)),
                Some(FragmentTarget::Name { name, .. }) => {
                    let label = name.strip_prefix("$l").and_then(|idx| idx.parse().ok());
                    label.and_then(|label: usize| targets.get(label).copied())
                }
                None => None,
            };
            let at = expansion.span(asm, &insn.range);
            let at = if at.is_none() { span } else { at };
            let insn = self.refer(asm, insn, &expansion)?;
            self.push(insn, at).target = goal;
        }
        if let AsmExits::Selector(at) = exits {
            let end = Goal::Item(start + n_insns + 2 * (asm.n_labels as usize + 1));
            let dst = regs.get(*at);
            for label in 0..=asm.n_labels {
                let src = Src::Imm(label as i32);
                self.push(Insn::Alu { width: Width::W64, op: AluOp::Mov, dst, src }, span);
                self.push(Insn::Jump { off: 0 }, span).target = Some(end);
            }
        }
        Ok(())
    }

    fn spell(&self, arg: &AsmArg, regs: &AsmRegs<Reg>) -> Spelled {
        match arg {
            AsmArg::Reg(at) => Spelled::Reg(regs.get(*at)),
            AsmArg::Half(at) => Spelled::Half(regs.get(*at)),
            AsmArg::Fixed(reg) => Spelled::Reg(*reg),
            AsmArg::FixedHalf(reg) => Spelled::Half(*reg),
            AsmArg::Text(spelled) => spelled.clone(),
            AsmArg::Memory(at, offset) => Spelled::Memory(regs.get(*at), *offset),
            AsmArg::FixedMemory(reg, offset) => Spelled::Memory(*reg, *offset),
            AsmArg::Slot(slot, offset) => {
                Spelled::Memory(Reg::FP, self.frame.offset(*slot) + offset)
            }
        }
    }

    /// The instruction with what it refers to.
    fn refer(
        &mut self,
        asm: &Asm,
        insn: &FragmentInsn,
        expansion: &Expansion,
    ) -> Result<ObjInsn, Box<Diagnostic>> {
        let Some(FragmentTarget::Name { name, addend, range }) = &insn.target else {
            return Ok(insn.insn.into());
        };
        if insn.insn.jump_offset().is_some() {
            return Ok(insn.insn.into());
        }
        let symbol = named(asm, name);
        let addend = *addend as i32;
        let insn = match (insn.insn, symbol) {
            (Insn::Call(_), Some(AsmSymbol::Func(func))) => ObjInsn::call(self.around.callee(func)),
            (Insn::LoadImm64 { dst, .. }, Some(AsmSymbol::Func(func))) => {
                self.around.load_address(dst, Symbol::Func(func))
            }
            (Insn::LoadImm64 { dst, .. }, Some(AsmSymbol::Global(global))) => {
                self.around.load_address(dst, Symbol::Global(global, addend))
            }
            _ => {
                let at = expansion.span(asm, range);
                let message = "this operand is neither called nor loaded";
                return Err(Box::new(crate::assembly::report(asm, at, message, None)));
            }
        };
        Ok(insn)
    }
}

/// What a name in assembly means.
pub fn named(asm: &Asm, name: &str) -> Option<AsmSymbol> {
    let number = |rest: &str| rest.parse().ok();
    if let Some(func) = name.strip_prefix("$f").and_then(number) {
        return Some(AsmSymbol::Func(FuncId::new(func)));
    }
    if let Some(global) = name.strip_prefix("$g").and_then(number) {
        return Some(AsmSymbol::Global(GlobalId::new(global)));
    }
    asm.symbols.get(name).copied()
}

/// Functions and objects that a use of assembly refers to.
pub fn referred(asm_use: &AsmUse) -> impl Iterator<Item = AsmSymbol> + '_ {
    let operands = asm_use.operands.iter().filter_map(|operand| match operand {
        AsmArg::Text(Spelled::Symbol(name, _)) => named(&asm_use.asm, name),
        _ => None,
    });
    asm_use.asm.symbols.values().copied().chain(operands)
}
