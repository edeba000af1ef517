//! Dominators, by the iterative algorithm (Cooper, Harvey, Kennedy: "A Simple, Fast
//! Dominance Algorithm").

use crate::ir::{BlockId, Body};
use bpfc_base::IndexVec;

/// Predecessors of every block among the reachable ones, once for each edge.
pub fn predecessors(body: &Body, order: &[BlockId]) -> IndexVec<BlockId, Vec<BlockId>> {
    let mut preds = IndexVec::from_elem(Vec::new(), body.blocks.len());
    for &block in order {
        for next in body.successors(block) {
            preds[next].push(block);
        }
    }
    preds
}

/// The dominator tree of the reachable blocks.
#[derive(Clone, Debug)]
pub struct Dominators {
    /// Reachable blocks in reverse postorder.
    pub order: Vec<BlockId>,
    /// Predecessors of every block, once for each edge.
    pub preds: IndexVec<BlockId, Vec<BlockId>>,
    /// Position in `order`; `u32::MAX` for unreachable blocks.
    position: IndexVec<BlockId, u32>,
    /// By position: position of the immediate dominator. The entry has itself.
    idom: Vec<u32>,
    /// By position: first and last number of a preorder walk over the tree below.
    interval: Vec<(u32, u32)>,
}

impl Dominators {
    /// Computes the tree.
    pub fn new(body: &Body) -> Self {
        let order = body.reverse_postorder();
        let preds = predecessors(body, &order);
        let mut position = IndexVec::from_elem(u32::MAX, body.blocks.len());
        for (idx, &block) in order.iter().enumerate() {
            position[block] = idx as u32;
        }
        let idom = immediate_dominators(&order, &preds, &position);
        let interval = number_tree(&idom);
        Self { order, preds, position, idom, interval }
    }

    /// True if control can reach `block`.
    pub fn is_reachable(&self, block: BlockId) -> bool {
        self.position[block] != u32::MAX
    }

    /// Position of a reachable block in reverse postorder.
    pub fn position(&self, block: BlockId) -> usize {
        self.position[block] as usize
    }

    /// The closest other block that all paths to the reachable `block` go through; `None`
    /// for the entry.
    pub fn immediate(&self, block: BlockId) -> Option<BlockId> {
        let position = self.position(block);
        (position != 0).then(|| self.order[self.idom[position] as usize])
    }

    /// True if all paths to `b` go through `a`; blocks dominate themselves. Both are
    /// reachable.
    pub fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        let (first, last) = self.interval[self.position(a)];
        let (b, _) = self.interval[self.position(b)];
        first <= b && b <= last
    }

    /// For every block those that it dominates immediately, in reverse postorder.
    pub fn children(&self) -> IndexVec<BlockId, Vec<BlockId>> {
        let mut children = IndexVec::from_elem(Vec::new(), self.position.len());
        for &block in &self.order[1..] {
            if let Some(parent) = self.immediate(block) {
                children[parent].push(block);
            }
        }
        children
    }
}

fn immediate_dominators(
    order: &[BlockId],
    preds: &IndexVec<BlockId, Vec<BlockId>>,
    position: &IndexVec<BlockId, u32>,
) -> Vec<u32> {
    let mut idom = vec![u32::MAX; order.len()];
    idom[0] = 0;
    let mut changed = true;
    while changed {
        changed = false;
        for (idx, &block) in order.iter().enumerate().skip(1) {
            let mut new = u32::MAX;
            for &pred in &preds[block] {
                let pred = position[pred];
                if idom[pred as usize] == u32::MAX {
                    continue;
                }
                new = if new == u32::MAX { pred } else { intersect(&idom, pred, new) };
            }
            if idom[idx] != new {
                idom[idx] = new;
                changed = true;
            }
        }
    }
    idom
}

fn intersect(idom: &[u32], mut a: u32, mut b: u32) -> u32 {
    while a != b {
        while a > b {
            a = idom[a as usize];
        }
        while b > a {
            b = idom[b as usize];
        }
    }
    a
}

/// Preorder numbers; parents come before children in reverse postorder.
fn number_tree(idom: &[u32]) -> Vec<(u32, u32)> {
    let n = idom.len();
    let mut size = vec![1u32; n];
    for idx in (1..n).rev() {
        size[idom[idx] as usize] += size[idx];
    }
    let mut interval = vec![(0, 0); n];
    let mut next = vec![0u32; n];
    interval[0] = (0, size[0] - 1);
    next[0] = 1;
    for idx in 1..n {
        let parent = idom[idx] as usize;
        let first = next[parent];
        next[parent] += size[idx];
        interval[idx] = (first, first + size[idx] - 1);
        next[idx] = first + 1;
    }
    interval
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Target, Term};
    use bpfc_base::Idx;

    #[test]
    fn agrees_with_the_definition() {
        // Random graphs; a dominates b if b is unreachable without a.
        let mut seed = 1u64;
        let mut random = |n: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % n
        };
        for _ in 0..200 {
            let mut body = Body::new();
            let n = 2 + random(10);
            for _ in 1..n {
                body.blocks.push(Default::default());
            }
            let zero = body.constant(crate::ir::Type::I64, 0);
            for id in body.blocks.ids() {
                let mut target = || Target::new(BlockId::new(1 + random(n - 1)));
                let (then, otherwise) = (target(), target());
                body.blocks[id].term = match random(4) {
                    0 => Term::Return(None),
                    1 => Term::Jump(then),
                    _ => Term::Branch {
                        cond: crate::ir::Cond::Eq,
                        lhs: zero,
                        rhs: zero,
                        then,
                        otherwise,
                    },
                };
            }
            let dominators = Dominators::new(&body);
            for &a in &dominators.order {
                let mut without = body.clone();
                without.blocks[a].term = Term::Return(None);
                let reached = without.reverse_postorder();
                for &b in &dominators.order {
                    let expected = a == b || !reached.contains(&b);
                    assert_eq!(dominators.dominates(a, b), expected, "{a} {b}\n{body}");
                }
            }
        }
    }
}
