//! Which numbers mattered for safety.

use super::Path;
use super::checkpoint::Checkpoints;
use crate::program::Program;
use bpfc_isa::Reg;

impl Checkpoints {
    /// The exact range of a register, as it was before the running instruction, mattered.
    pub fn mark_precise(&mut self, program: &Program<'_>, path: &Path, frame: u8, reg: Reg) {
        let _ = (program, path, frame, reg);
    }

    /// What mattered after the kept state `idx` matters on `path` too.
    pub fn propagate_precision(&mut self, program: &Program<'_>, idx: usize, path: &Path) {
        let _ = (program, idx, path);
    }
}
