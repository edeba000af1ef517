//! A whole program as assembly text.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::{Insn, SlotMap, Syntax};

/// Names for a listing. Every method may answer `None`, and does by default. A listing can be read back
/// if names consist of letters, digits, `_`, `.` and `$`, and do not start with a digit.
pub trait Names {
    /// The name of the place before the instruction with this index, as for the start of a function.
    fn label(&self, insn_idx: u32) -> Option<String> {
        let _ = insn_idx;
        None
    }

    /// The name of what this instruction calls or loads the address of, such as a helper or a map.
    fn operand(&self, insn_idx: u32, insn: &Insn) -> Option<String> {
        let _ = (insn_idx, insn);
        None
    }
}

/// No names.
impl Names for () {}

/// The program in [`Syntax::Plain`]: an instruction per line, and a label before each that is jumped
/// to. [`crate::assemble`] reads it back, given the meaning of the operand names. A label without a
/// name of its own is called `.L` and the number of its slot.
pub fn disassemble(insns: &[Insn], names: &dyn Names) -> String {
    let mut text = String::new();
    write_listing(&mut text, insns, names).expect("writing to a string does not fail");
    text
}

fn write_listing(out: &mut String, insns: &[Insn], names: &dyn Names) -> fmt::Result {
    let slots = SlotMap::new(insns);
    let labels = labels(insns, &slots, names);
    for (insn_idx, insn) in (0..).zip(insns) {
        if let Some(label) = labels.get(&insn_idx) {
            writeln!(out, "{label}:")?;
        }
        let operand = names.operand(insn_idx, insn);
        let target = slots.target(insn_idx, insn).and_then(|target| labels.get(&target));
        let symbol = operand.as_ref().or(target).map(String::as_str);
        writeln!(out, "\t{}", insn.text(Syntax::Plain).with_symbol(symbol))?;
    }
    Ok(())
}

/// The label of every instruction that has one, by index.
fn labels(insns: &[Insn], slots: &SlotMap, names: &dyn Names) -> BTreeMap<u32, String> {
    let mut labels = BTreeMap::new();
    for (insn_idx, insn) in (0..).zip(insns) {
        if let Some(label) = names.label(insn_idx) {
            labels.insert(insn_idx, label);
        }
        if let Some(target) = slots.target(insn_idx, insn) {
            let slot = slots.slot(target).unwrap_or_default();
            let label = || names.label(target).unwrap_or_else(|| format!(".L{slot}"));
            labels.entry(target).or_insert_with(label);
        }
    }
    labels
}
