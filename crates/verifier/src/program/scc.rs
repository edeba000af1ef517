//! Which instructions form loops: strongly connected components of the control flow inside each function
//! (`compute_scc`, Linux 6.16 `kernel/bpf/verifier.c`; R. Tarjan, "Depth-First Search and Linear Graph Algorithms").

use super::{Op, Repeats};

/// Instructions that may follow `insn_idx` in its function.
pub fn successors(code: &[Op], insn_idx: u32) -> impl Iterator<Item = u32> {
    let op = &code[insn_idx as usize];
    let next = insn_idx + 1;
    let follows = code.get(next as usize).is_some_and(|after| after.func == op.func);
    let next = (follows && !op.insn.is_terminator()).then_some(next);
    next.into_iter().chain(op.target)
}

/// Sets [`Op::scc`]: one number for all instructions of a component, and none for those that are not in a loop. A call that
/// calls back is a loop of its own.
pub fn mark(code: &mut [Op]) {
    let n_insns = code.len();
    let mut order = vec![0_u32; n_insns];
    let mut low = vec![0_u32; n_insns];
    let (mut next_order, mut next_scc) = (1, 1);
    let (mut stack, mut way) = (Vec::new(), Vec::new());
    for root in 0..n_insns {
        if order[root] != 0 {
            continue;
        }
        way.push(root as u32);
        while let Some(&insn_idx) = way.last() {
            let at = insn_idx as usize;
            if order[at] == 0 {
                (order[at], low[at]) = (next_order, next_order);
                next_order += 1;
                stack.push(insn_idx);
            }
            let mut deeper = None;
            for next in successors(code, insn_idx) {
                if order[next as usize] == 0 {
                    deeper = Some(next);
                    break;
                }
                low[at] = low[at].min(low[next as usize]);
            }
            if let Some(next) = deeper {
                way.push(next);
                continue;
            }
            way.pop();
            if low[at] < order[at] {
                continue;
            }
            let is_loop = stack.last() != Some(&insn_idx)
                || successors(code, insn_idx).any(|next| next == insn_idx)
                || code[at].repeats == Some(Repeats::Callback);
            while let Some(member) = stack.pop() {
                low[member as usize] = u32::MAX;
                code[member as usize].scc = if is_loop { next_scc } else { 0 };
                if member == insn_idx {
                    break;
                }
            }
            next_scc += u32::from(is_loop);
        }
    }
}
