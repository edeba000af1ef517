//! The backward slice over the path: what made a value, what was compared with what, what was known.

use super::Writer;
use super::source::{Site, is_identifier};
use super::text::Code;
use crate::domain::Scalar;
use crate::program::Operand;
use crate::state::Value;
use bpfc_isa::{AluOp, Callee, Insn, Reg, Src};

/// Instructions of the slice, at most.
const MAX_DEFINITIONS: usize = 24;

/// A comparison on the path.
pub struct Comparison {
    /// Its instruction.
    pub insn_idx: u32,
    /// The operand that was of interest, as it was before.
    pub value: Value,
}

impl Writer<'_, '_> {
    /// The moment at which what `reg` holds before moment `at`, in frame `depth`, was computed.
    fn origin_of(&self, mut reg: Reg, at: usize, mut depth: u8) -> Option<usize> {
        let moments = &self.replay.moments;
        let mut at = at;
        while at > 0 {
            at -= 1;
            let step = &moments[at].step;
            let op = &self.program.code[step.insn_idx as usize];
            let is_call = matches!(
                (op.insn, op.operand),
                (Insn::Call(Callee::Local { .. }), Operand::Func(_))
            );
            if step.frame + 1 == depth && is_call {
                // What a parameter holds is what was passed.
                Reg::ARGS.contains(&reg).then_some(())?;
                depth = step.frame;
                continue;
            }
            if step.frame == depth + 1 && matches!(op.insn, Insn::Exit) && reg == Reg::R0 {
                depth += 1;
                continue;
            }
            if step.frame != depth || is_call || !op.insn.defs().contains(reg) {
                continue;
            }
            match (op.insn, step.slot) {
                (Insn::Alu { op: AluOp::Mov, src: Src::Reg(src), .. }, _) => reg = src,
                (Insn::Load { .. }, Some(slot)) => {
                    let stored = (0..at).rev().find(|&idx| {
                        let step = &moments[idx].step;
                        let insn = self.program.code[step.insn_idx as usize].insn;
                        step.slot == Some(slot) && matches!(insn, Insn::Store { .. })
                    })?;
                    let step = &moments[stored].step;
                    match self.program.code[step.insn_idx as usize].insn {
                        Insn::Store { src: Src::Reg(src), .. } => {
                            (reg, depth, at) = (src, step.frame, stored);
                        }
                        _ => return Some(stored),
                    }
                }
                _ => return Some(at),
            }
        }
        None
    }

    /// All that the value in `reg` at the fault was computed from, nearest first.
    pub fn ancestors(&self, reg: Reg) -> Vec<u32> {
        let mut all = Vec::new();
        let Some(last) = &self.replay.last else {
            return all;
        };
        let mut open = vec![(reg, self.replay.moments.len(), last.depth())];
        while let Some((reg, before, depth)) = open.pop() {
            let Some(at) = self.origin_of(reg, before, depth) else {
                continue;
            };
            let step = &self.replay.moments[at].step;
            if all.len() >= MAX_DEFINITIONS || all.contains(&step.insn_idx) {
                continue;
            }
            all.push(step.insn_idx);
            let insn = self.program.code[step.insn_idx as usize].insn;
            if matches!(insn, Insn::Alu { .. } | Insn::Neg { .. } | Insn::SignExtend { .. }) {
                open.extend(insn.uses().iter().map(|reg| (reg, at, step.frame)));
            }
        }
        all
    }

    /// The last comparison on the path of a value that one of `origins` made, if there is one.
    pub fn comparison_of(
        &self,
        origins: &[u32],
        is_wanted: impl Fn(&Value) -> bool,
    ) -> Option<Comparison> {
        self.replay.moments.iter().rev().find_map(|moment| {
            let Insn::JumpIf { dst, src, .. } =
                self.program.code[moment.step.insn_idx as usize].insn
            else {
                return None;
            };
            let others = match src {
                Src::Reg(src) => vec![dst, src],
                Src::Imm(_) => vec![dst],
            };
            let value = others
                .into_iter()
                .map(|reg| *moment.state.reg(reg))
                .find(|value| origins.contains(&value.origin) && is_wanted(value))?;
            Some(Comparison { insn_idx: moment.step.insn_idx, value })
        })
    }

    /// The number that was added last to the pointer in `reg`, before it was scaled.
    pub fn added_number(&self, reg: Reg) -> Option<(u32, Scalar)> {
        let moments = &self.replay.moments;
        let depth = self.replay.last.as_ref()?.depth();
        let (mut reg, mut before, mut depth) = (reg, moments.len(), depth);
        for _ in 0..MAX_DEFINITIONS {
            let at = self.origin_of(reg, before, depth)?;
            let step = &moments[at].step;
            depth = step.frame;
            let state = &moments[at].state;
            match self.program.code[step.insn_idx as usize].insn {
                Insn::Alu { op: AluOp::Add, dst, src: Src::Reg(src), .. } => {
                    let is_number = state.reg(src).is_scalar();
                    reg = if is_number { src } else { dst };
                    if !state.reg(reg).is_scalar() {
                        return None;
                    }
                    before = at;
                }
                Insn::Alu { op: AluOp::Add, src: Src::Imm(_), dst, .. } => {
                    (reg, before) = (dst, at)
                }
                Insn::Alu { op: AluOp::Lsh | AluOp::Mul, dst, src: Src::Imm(_), .. } => {
                    let value = state.reg(dst);
                    return value.is_scalar().then_some((value.origin, value.number));
                }
                _ => {
                    let next = moments.get(at + 1).map(|moment| &moment.state);
                    let value = match next {
                        Some(state) if state.depth() == depth => *state.reg(reg),
                        _ => return None,
                    };
                    return value.is_scalar().then_some((value.origin, value.number));
                }
            }
        }
        None
    }

    /// What the source calls the value that an instruction makes: the variable it is given to, or its expression.
    pub fn name_of(&self, insn_idx: u32) -> Option<String> {
        let site = Site::of(self.program, self.sources, insn_idx);
        let root = self.sources.root(site.span);
        let (file, range) = self.sources.locate(root)?;
        let file = self.sources.file(file);
        if file.is_user
            && let Some(name) = Code::new(&file.text).assigned_to(range.start)
        {
            return Some(name.to_owned());
        }
        (!site.text.is_empty()).then(|| match is_identifier(&site.text) {
            true => site.text.clone(),
            false => site.text.trim_end_matches(';').to_owned(),
        })
    }
}

/// `0..=65535`, or what else is known of a number, in words.
pub fn range_of(number: &Scalar) -> String {
    if let Some(constant) = number.as_constant() {
        return format!("{}", constant as i64);
    }
    let (min, max) = match number.smin < 0 {
        true => (number.smin, number.smax),
        false => (number.umin as i64, number.umax as i64),
    };
    match (min, max) {
        (i64::MIN, i64::MAX) => "any 64-bit number".to_owned(),
        (-0x8000_0000, 0x7fff_ffff) => "any `int`".to_owned(),
        (0, 0xffff_ffff) => "any 32-bit number".to_owned(),
        (i64::MIN, max) => format!("{max} or less"),
        (min, i64::MAX) => format!("{min} or more"),
        (min, max) => format!("{min}..={max}"),
    }
}
