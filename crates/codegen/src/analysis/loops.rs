//! Natural loops.

use super::Dominators;
use crate::ir::{BlockId, Body};
use bpfc_base::Idx;

/// A natural loop.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The only block through which control enters.
    pub header: BlockId,
    /// Blocks that jump back to the header.
    pub latches: Vec<BlockId>,
    /// All its blocks in reverse postorder, inner loops included; the header first.
    pub blocks: Vec<BlockId>,
}

/// The natural loops of a function, inner ones before those around them. Back edges to
/// one header are one loop; irreducible cycles are none.
pub fn find_loops(body: &Body, dominators: &Dominators) -> Vec<Loop> {
    let mut loops = Vec::new();
    for &header in &dominators.order {
        let is_back = |&&pred: &&BlockId| dominators.dominates(header, pred);
        let mut latches: Vec<BlockId> = dominators.preds[header]
            .iter()
            .filter(is_back)
            .copied()
            .collect();
        latches.dedup();
        if latches.is_empty() {
            continue;
        }
        let mut inside = vec![false; body.blocks.len()];
        inside[header.index()] = true;
        let mut todo = latches.clone();
        while let Some(block) = todo.pop() {
            if !std::mem::replace(&mut inside[block.index()], true) {
                todo.extend(&dominators.preds[block]);
            }
        }
        let blocks = dominators.order.iter().copied();
        loops.push(Loop {
            header,
            latches,
            blocks: blocks.filter(|&b| inside[b.index()]).collect(),
        });
    }
    loops.sort_by_key(|l| l.blocks.len());
    loops
}
