//! String literals: BCC's programs copy a literal into an array by the array's size
//! (`__builtin_memcpy(&key.op, "read", sizeof(key.op))`), and read behind its end.

use crate::checker::Checker;
use crate::hir::{GlobalId, GlobalInit, GlobalKind};

/// Literals are filled up with zeros to a multiple of this.
const STEP_BYTES: usize = 8;

impl Checker<'_> {
    /// Fills up all string literals.
    pub(super) fn pad_literals(&mut self) {
        let ids: Vec<GlobalId> = self.module.globals.ids().collect();
        for id in ids {
            let global = &mut self.module.globals[id];
            let GlobalKind::StringLiteral = global.kind else {
                continue;
            };
            let GlobalInit::Data { bytes, .. } = &mut global.init else {
                continue;
            };
            bytes.resize(bytes.len().next_multiple_of(STEP_BYTES), 0);
            let n_bytes = bytes.len() as u64;
            let (ty, span) = (global.ty, global.span);
            let Some((elem, Some(_))) = self.as_array(ty.ty) else {
                continue;
            };
            let Some(size) = self.module.types.size_of(elem.ty).filter(|&size| size > 0) else {
                continue;
            };
            let ty = self.array_of(elem, Some(n_bytes / size), span);
            self.module.globals[id].ty.ty = ty;
        }
    }
}
