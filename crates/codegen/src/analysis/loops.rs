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
    let mut inside = vec![false; body.blocks.len()];
    for &header in &dominators.order {
        let is_back = |&&pred: &&BlockId| dominators.dominates(header, pred);
        let mut latches: Vec<BlockId> =
            dominators.preds[header].iter().filter(is_back).copied().collect();
        latches.dedup();
        if latches.is_empty() {
            continue;
        }
        inside[header.index()] = true;
        let mut blocks = vec![header];
        let mut todo = latches.clone();
        while let Some(block) = todo.pop() {
            if !std::mem::replace(&mut inside[block.index()], true) {
                blocks.push(block);
                todo.extend(&dominators.preds[block]);
            }
        }
        for block in &blocks {
            inside[block.index()] = false;
        }
        blocks.sort_unstable_by_key(|&block| dominators.position(block));
        loops.push(Loop { header, latches, blocks });
    }
    loops.sort_by_key(|l| l.blocks.len());
    loops
}
