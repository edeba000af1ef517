//! Records that a ring buffer has no room for: the kernel tells the program and nobody else, so the program counts them where a
//! variable for that is defined.

use super::Ctx;
use crate::ir::*;
use bpfc_base::Interner;
use bpfc_typeck::hir;

/// The variable, a `__u64`.
pub const LOST: &str = "__bpfc_lost";

/// `bpf_ringbuf_output`: a negative number says that it failed.
const RINGBUF_OUTPUT: u32 = 130;
/// `bpf_ringbuf_reserve`: NULL says so.
const RINGBUF_RESERVE: u32 = 131;
/// `bpf_ringbuf_reserve_dynptr`: as the first.
const RINGBUF_RESERVE_DYNPTR: u32 = 198;

/// The variable of a module, if it has one.
pub(super) fn counter(names: &Interner, module: &hir::Module) -> Option<hir::GlobalId> {
    let is_it = |global: &hir::Global| {
        matches!(global.kind, hir::GlobalKind::Data)
            && global.init != hir::GlobalInit::None
            && names.resolve(global.name) == LOST
            && module.types.size_of(global.ty.ty) == Some(8)
    };
    module.globals.iter_enumerated().find(|(_, global)| is_it(global)).map(|(id, _)| id)
}

impl Ctx<'_> {
    /// Counts a call of a helper that failed because there is no room.
    pub(super) fn count_lost(&mut self, helper: u32, result: Value) {
        let Some(counter) = self.lost else { return };
        let ty = self.out.ty(result);
        let cond = match (helper, ty) {
            (RINGBUF_RESERVE, Type::Ptr) => Cond::Eq,
            (RINGBUF_OUTPUT | RINGBUF_RESERVE_DYNPTR, Type::I64 | Type::I32) => Cond::SLt,
            _ => return,
        };
        let (count, rest) = (self.new_block(), self.new_block());
        let zero = self.zero(ty);
        self.branch((cond, result, zero), count, rest);
        self.start_block(count);
        let address = self.out.leaf(Op::GlobalAddr(counter, 0), Type::Ptr);
        let access = Access { align: 8, ..Access::new(Address::new(address, 0), Width::W64) };
        let value = self.int(Type::I64, 1);
        self.emit(Op::Atomic { op: AtomicOp::Add, access, value, expected: None }, Type::Void);
        self.jump(rest);
        self.start_block(rest);
    }
}
