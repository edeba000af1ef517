//! Notes on programs that are too complex: which loop takes the time, and what makes its rounds differ.

use super::Writer;
use crate::explore::{Difference, Mismatch};
use crate::state::Value;

impl Writer<'_, '_> {
    /// Where the time went, and why states differ there.
    pub(super) fn hot_notes(&self) -> Vec<(u32, String)> {
        let Some(hot) = &self.found.hot else {
            return Vec::new();
        };
        let times = hot.n_visits;
        let text = match hot.is_loop {
            true => format!(
                "this loop takes {} of the instructions; this one was looked at {times} times",
                hot.n_total
            ),
            false => format!("this was looked at {times} times, more than anything else"),
        };
        let mut notes = vec![(hot.insn_idx, text)];
        notes.extend(hot.difference.as_ref().map(|difference| self.difference_note(difference)));
        notes
    }

    fn difference_note(&self, difference: &Difference) -> (u32, String) {
        let place = match difference.place {
            Mismatch::Reg(_, reg) => format!("register {reg}"),
            Mismatch::Slot(slot) => {
                format!("the stack at {}", -8 * (i64::from(slot.slot) + 1))
            }
        };
        let what = match (&difference.old, &difference.new) {
            (Some(old), Some(new)) if old.is_scalar() && new.is_scalar() => {
                format!(": {} in one round, {} in another", range(old), range(new))
            }
            _ => String::new(),
        };
        let text = format!(
            "rounds are not alike, so that each is followed by itself: they differ in {place}{what}"
        );
        let origin = difference.new.map(|value| value.origin);
        let is_known = |&origin: &u32| origin > 0 && (origin as usize) < self.program.code.len();
        (origin.filter(is_known).unwrap_or(difference.insn_idx), text)
    }
}

fn range(value: &Value) -> String {
    let number = &value.number;
    match number.as_constant() {
        Some(constant) => format!("{}", constant as i64),
        None if number.smin >= 0 => format!("{}..={}", number.umin, number.umax),
        None => format!("{}..={}", number.smin, number.smax),
    }
}
