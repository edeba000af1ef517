//! How often values are used.

use crate::ir::{Body, Value};
use bpfc_base::IndexVec;

/// For every value, the number of operands in reachable blocks that it is.
pub fn count_uses(body: &Body) -> IndexVec<Value, u32> {
    let mut uses = IndexVec::from_elem(0, body.values.len());
    for block in body.reverse_postorder() {
        let block = &body.blocks[block];
        for &inst in &block.insts {
            body.op(inst).for_each_operand(|value| uses[value] += 1);
        }
        block.term.for_each_operand(|value| uses[value] += 1);
    }
    uses
}
