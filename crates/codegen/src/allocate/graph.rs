//! The interference graph: which registers are live at the same time.

use super::{Allocation, Kind};
use crate::mach::{AsmRegs, BitSet, Inst, Liveness, Op, VReg, for_each_term_use};
use bpfc_base::{Idx, IndexVec};
use bpfc_isa::RegSet;
use rustc_hash::FxHashSet;

/// Number of registers to choose from: all but the frame pointer.
pub const N_COLORS: usize = 10;

/// Which copies may be coalesced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joins {
    /// All but those of registers of single instructions.
    Most,
    /// Only those with machine registers: short registers stay short.
    Machine,
}

/// The interference graph of an [`Allocation`].
pub struct Graph {
    /// Neighbours that are virtual registers.
    pub adjacent: IndexVec<VReg, Vec<VReg>>,
    pairs: FxHashSet<(VReg, VReg)>,
    /// Neighbours that are machine registers.
    pub forbidden: IndexVec<VReg, RegSet>,
    /// Copies: destination, source, and how often they are executed.
    pub copies: Vec<(VReg, VReg, f32)>,
    /// What it costs to have the register in memory; infinite where that is no help.
    pub cost: IndexVec<VReg, f32>,
    /// Registers that occur.
    pub nodes: Vec<VReg>,
}

impl Graph {
    /// Are both live at some point, with contents that may differ?
    pub fn interferes(&self, a: VReg, b: VReg) -> bool {
        match (a.as_machine(), b.as_machine()) {
            (Some(a), Some(b)) => a != b,
            (Some(a), None) => self.forbidden[b].contains(a),
            (None, Some(b)) => self.forbidden[a].contains(b),
            (None, None) => self.pairs.contains(&(a.min(b), a.max(b))),
        }
    }

    /// Records that they interfere; whether that is new.
    pub fn add_edge(&mut self, a: VReg, b: VReg) -> bool {
        if a == b {
            return false;
        }
        match (a.as_machine(), b.as_machine()) {
            (Some(_), Some(_)) => false,
            (Some(a), None) => self.forbidden[b].insert(a),
            (None, Some(b)) => self.forbidden[a].insert(b),
            (None, None) => {
                let is_new = self.pairs.insert((a.min(b), a.max(b)));
                if is_new {
                    self.adjacent[a].push(b);
                    self.adjacent[b].push(a);
                }
                is_new
            }
        }
    }

    /// Adds what an instruction writes; `live` is what is live after it, then before it.
    fn add_inst(&mut self, inst: &Inst<VReg>, live: &mut LiveSet) {
        inst.op.for_each_reg(|reg, role| {
            if role.is_def() {
                live.iter().for_each(|other| {
                    self.add_edge(reg, VReg::new(other));
                });
            }
        });
        for reg in inst.op.implicit_defs().iter() {
            live.iter().for_each(|other| {
                self.add_edge(VReg::machine(reg), VReg::new(other));
            });
        }
        if let Op::Asm { regs, uses, defs, .. } = &inst.op {
            self.add_asm(regs, *uses, *defs);
        }
        inst.op.for_each_reg(|reg, role| {
            if role.is_def() {
                live.remove(reg.index());
            }
        });
        for reg in inst.op.implicit_defs().iter() {
            live.remove(usize::from(reg.number()));
        }
        inst.op.for_each_reg(|reg, role| {
            if role.is_use() {
                live.insert(reg.index());
            }
        });
        for reg in inst.op.implicit_uses().iter() {
            live.insert(usize::from(reg.number()));
        }
    }

    /// What inline assembly overwrites has no operand in it; what it writes early has no other.
    fn add_asm(&mut self, regs: &AsmRegs<VReg>, uses: RegSet, defs: RegSet) {
        for (reg, role, is_early) in regs.iter() {
            let others = if is_early { uses.union(defs) } else { defs };
            for other in others.iter() {
                self.add_edge(VReg::machine(other), reg);
            }
            for (other, other_role, _) in regs.iter() {
                if is_early || role.is_def() && other_role.is_def() {
                    self.add_edge(reg, other);
                }
            }
        }
    }

    /// Short registers are of little help in memory, constants cost little there.
    fn adjust_costs(&mut self, allocation: &Allocation) {
        for &node in &self.nodes {
            match allocation.origins[node] {
                Kind::Point => self.cost[node] = f32::INFINITY,
                Kind::Region(_) => self.cost[node] *= 2.0,
                Kind::Stretch(_) => self.cost[node] *= 4.0,
                Kind::Whole => {}
            }
        }
        for node in super::spill::constants(allocation) {
            self.cost[node.0] *= 0.1;
        }
    }
}

/// Builds the graph.
pub fn build(allocation: &Allocation, joins: Joins) -> Graph {
    let func = allocation.whole();
    let n = func.n_vregs;
    let mut graph = Graph {
        adjacent: IndexVec::from_elem(Vec::new(), n),
        pairs: FxHashSet::default(),
        forbidden: IndexVec::from_elem(allocation.reserved, n),
        copies: Vec::new(),
        cost: IndexVec::from_elem(0.0, n),
        nodes: Vec::new(),
    };
    let mut occurs = BitSet::new(n);
    let liveness = Liveness::new(&func, n);
    let mut live = LiveSet::new(n);
    for &id in &func.layout {
        let block = &func.blocks[id];
        let weight = 10_f32.powi(block.depth.min(6) as i32);
        live.clear();
        liveness.live_out[id].iter().for_each(|&reg| live.insert(reg as usize));
        for_each_term_use(&block.term, |reg| {
            live.insert(reg);
            occurs.insert(reg);
            graph.cost[VReg::new(reg)] += weight;
        });
        for inst in block.insts.iter().rev() {
            if let Some((dst, src)) = inst.op.as_copy() {
                // The source has the same content: no reason to keep them apart.
                live.remove(src.index());
                if may_join(allocation, joins, dst, src) {
                    graph.copies.push((dst, src, weight));
                }
            }
            inst.op.for_each_reg(|reg, _| {
                occurs.insert(reg.index());
                graph.cost[reg] += weight;
            });
            graph.add_inst(inst, &mut live);
        }
    }
    graph.nodes = occurs.iter().filter(|&reg| reg >= VReg::FIRST).map(VReg::new).collect();
    graph.copies.sort_by(|a, b| b.2.total_cmp(&a.2));
    graph.adjust_costs(allocation);
    graph
}

/// Registers that are live where more than [`MAX_LIVE`] are, unless they are as short as
/// can be. The graph is quadratic in this number, and the stack frame has 64 words.
pub fn crowded(allocation: &Allocation) -> Vec<VReg> {
    let func = allocation.whole();
    let liveness = Liveness::new(&func, func.n_vregs);
    let mut live = BitSet::new(func.n_vregs);
    let mut found = BitSet::new(func.n_vregs);
    for &id in &func.layout {
        let mut n_live = 0;
        let mut members: Vec<u32> = liveness.live_out[id].clone();
        for &reg in &members {
            n_live += usize::from(live.insert(reg as usize));
        }
        let mut is_counted = n_live > MAX_LIVE;
        for inst in func.blocks[id].insts.iter().rev() {
            inst.op.for_each_reg(|reg, role| {
                if role.is_def() && live.contains(reg.index()) {
                    live.remove(reg.index());
                    n_live -= 1;
                }
            });
            inst.op.for_each_reg(|reg, role| {
                if role.is_use() && live.insert(reg.index()) {
                    n_live += 1;
                    members.push(reg.index() as u32);
                }
            });
            is_counted |= n_live > MAX_LIVE;
        }
        // All that is live somewhere in the block: it is far too much anyway.
        for reg in members {
            live.remove(reg as usize);
            if is_counted {
                found.insert(reg as usize);
            }
        }
    }
    let found = found.iter().map(VReg::new);
    let is_long =
        |vreg: &VReg| vreg.as_machine().is_none() && allocation.origins[*vreg] != Kind::Point;
    found.filter(is_long).collect()
}

/// Live registers of which it is no use to make a graph.
const MAX_LIVE: usize = 256;

fn may_join(allocation: &Allocation, joins: Joins, dst: VReg, src: VReg) -> bool {
    if dst.as_machine().is_some() || src.as_machine().is_some() {
        return true;
    }
    let is_point = |vreg: VReg| allocation.origins[vreg] == Kind::Point;
    joins == Joins::Most && !is_point(dst) && !is_point(src)
}

/// A set of register numbers that is quick to iterate over.
struct LiveSet {
    members: Vec<u32>,
    /// Position in `members`, plus one.
    position: Vec<u32>,
}

impl LiveSet {
    fn new(n: usize) -> Self {
        Self { members: Vec::new(), position: vec![0; n] }
    }

    fn clear(&mut self) {
        for reg in self.members.drain(..) {
            self.position[reg as usize] = 0;
        }
    }

    fn insert(&mut self, reg: usize) {
        if self.position[reg] == 0 {
            self.members.push(reg as u32);
            self.position[reg] = self.members.len() as u32;
        }
    }

    fn remove(&mut self, reg: usize) {
        let position = std::mem::take(&mut self.position[reg]);
        if position == 0 {
            return;
        }
        self.members.swap_remove(position as usize - 1);
        if let Some(&moved) = self.members.get(position as usize - 1) {
            self.position[moved as usize] = position;
        }
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.members.iter().map(|&reg| reg as usize)
    }
}
