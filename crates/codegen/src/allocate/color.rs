//! Coalesces copies and colours the graph.
//!
//! The worklists are those of the paper: nodes of low degree are removed and coloured last
//! to first; copies are coalesced where the result is sure to be colourable still (Briggs:
//! fewer than K neighbours of high degree; George: the neighbours of one are harmless or
//! already neighbours of the other); then copies are given up; then nodes are pushed in the
//! hope that a colour is left, and spilled if not.

use super::Allocation;
use super::graph::{Graph, N_COLORS};
use crate::mach::VReg;
use bpfc_base::IndexVec;
use bpfc_isa::{Reg, RegSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The result.
#[derive(Clone, Debug)]
pub struct Coloring {
    /// The register that each was coalesced with; itself if with none.
    alias: IndexVec<VReg, VReg>,
    color: IndexVec<VReg, Option<Reg>>,
    /// Those for which no register is left.
    pub spilled: Vec<VReg>,
}

impl Coloring {
    /// The register that stands for `vreg`.
    pub fn representative(&self, mut vreg: VReg) -> VReg {
        while self.alias[vreg] != vreg {
            vreg = self.alias[vreg];
        }
        vreg
    }

    /// As [`Coloring::representative`], but never a machine register.
    pub fn virtual_representative(&self, mut vreg: VReg) -> VReg {
        while self.alias[vreg] != vreg && self.alias[vreg].as_machine().is_none() {
            vreg = self.alias[vreg];
        }
        vreg
    }

    /// The machine register for `vreg`.
    pub fn reg(&self, vreg: VReg) -> Reg {
        let representative = self.representative(vreg);
        match representative.as_machine() {
            Some(reg) => reg,
            None => self.color[representative].expect("everything is coloured"),
        }
    }
}

#[cfg(test)]
impl Coloring {
    /// Gives `vreg` another colour; false if it has none of its own, or this one.
    pub fn recolor(&mut self, vreg: VReg, reg: Reg) -> bool {
        let old = self.color[vreg].filter(|&old| old != reg);
        if old.is_some() {
            self.color[vreg] = Some(reg);
        }
        old.is_some()
    }
}

/// Registers in the order in which they are handed out: those that calls overwrite first.
const ORDER: [Reg; N_COLORS] =
    [Reg::R1, Reg::R2, Reg::R3, Reg::R4, Reg::R5, Reg::R0, Reg::R6, Reg::R7, Reg::R8, Reg::R9];

/// Copies of a node whose ends come first when it is coalesced: only their order changes, and
/// large nodes are coalesced often.
const MAX_REVISITED: usize = 128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the graph.
    Present,
    /// On the stack.
    Removed,
    /// Part of another node.
    Coalesced,
}

struct Ctx {
    graph: Graph,
    state: IndexVec<VReg, State>,
    /// Neighbours in the graph, machine registers included.
    degree: IndexVec<VReg, usize>,
    alias: IndexVec<VReg, VReg>,
    /// Copies of each node, by position.
    copies_of: IndexVec<VReg, Vec<usize>>,
    /// Those that are open, and some that were.
    open_of: IndexVec<VReg, Vec<usize>>,
    /// Copies that may still be coalesced.
    is_open: Vec<bool>,
    /// Copies to look at, last first.
    todo: Vec<usize>,
    is_queued: Vec<bool>,
    /// Nodes of low degree, and some that were: candidates to give up copies of, first first.
    freezable: BinaryHeap<Reverse<VReg>>,
    stack: Vec<VReg>,
}

/// Coalesces and colours.
pub fn color(allocation: &Allocation, graph: Graph) -> Coloring {
    let n = allocation.func.n_vregs;
    let mut copies_of = IndexVec::from_elem(Vec::new(), n);
    for (at, &(dst, src, _)) in graph.copies.iter().enumerate() {
        copies_of[dst].push(at);
        copies_of[src].push(at);
    }
    let mut degree = IndexVec::from_elem(0, n);
    for &node in &graph.nodes {
        degree[node] = graph.adjacent[node].len() + n_forbidden(&graph, node);
    }
    let is_low = |node: &&VReg| degree[**node] < N_COLORS;
    let freezable = graph.nodes.iter().filter(is_low);
    let mut ctx = Ctx {
        state: IndexVec::from_elem(State::Present, n),
        freezable: freezable.map(|&node| Reverse(node)).collect(),
        degree,
        alias: identity(n),
        open_of: copies_of.clone(),
        copies_of,
        is_open: vec![true; graph.copies.len()],
        todo: (0..graph.copies.len()).rev().collect(),
        is_queued: vec![true; graph.copies.len()],
        stack: Vec::new(),
        graph,
    };
    ctx.run();
    ctx.assign()
}

fn identity(n: usize) -> IndexVec<VReg, VReg> {
    (0..n).map(<VReg as bpfc_base::Idx>::new).collect()
}

/// Machine registers that a node cannot have, the frame pointer not counted.
fn n_forbidden(graph: &Graph, node: VReg) -> usize {
    let forbidden = graph.forbidden[node].difference(RegSet::of(Reg::FP));
    forbidden.len() as usize
}

impl Ctx {
    fn run(&mut self) {
        let mut low: Vec<VReg> = self.graph.nodes.iter().rev().copied().collect();
        let mut remaining = self.graph.nodes.clone();
        loop {
            // Simplify, coalesce, freeze, spill: in this order.
            if let Some(node) = low.pop() {
                if self.is_simple(node) {
                    self.remove(node, &mut low);
                }
                continue;
            }
            if let Some(copy) = self.todo.pop() {
                self.is_queued[copy] = false;
                self.coalesce(copy, &mut low);
                continue;
            }
            if let Some(node) = self.next_freezable() {
                self.freeze(node, &mut low);
                low.push(node);
                continue;
            }
            remaining.retain(|&node| self.state[node] == State::Present);
            let cheapest = remaining.iter().copied().min_by(|&a, &b| {
                let price = |node| self.graph.cost[node] / self.degree[node] as f32;
                price(a).total_cmp(&price(b))
            });
            let Some(node) = cheapest else { break };
            self.freeze(node, &mut low);
            self.remove(node, &mut low);
        }
    }

    /// The first node of low degree. Every present one is in the heap.
    fn next_freezable(&mut self) -> Option<VReg> {
        while let Some(Reverse(node)) = self.freezable.pop() {
            if self.state[node] == State::Present && self.degree[node] < N_COLORS {
                return Some(node);
            }
        }
        None
    }

    fn is_simple(&mut self, node: VReg) -> bool {
        self.state[node] == State::Present
            && self.degree[node] < N_COLORS
            && !self.is_copy_related(node)
    }

    fn is_copy_related(&mut self, node: VReg) -> bool {
        let open = &mut self.open_of[node];
        while let Some(&copy) = open.last() {
            if self.is_open[copy] {
                return true;
            }
            open.pop();
        }
        false
    }

    /// The node that `vreg` is part of. Leaves short chains behind: the last virtual
    /// register before a machine register stays on the way (`virtual_representative`).
    fn representative(&mut self, mut vreg: VReg) -> VReg {
        let mut last = vreg;
        while self.alias[last] != last && self.alias[last].as_machine().is_none() {
            last = self.alias[last];
        }
        while vreg != last && vreg.as_machine().is_none() {
            vreg = std::mem::replace(&mut self.alias[vreg], last);
        }
        self.alias[last]
    }

    fn neighbours(&self, node: VReg) -> impl Iterator<Item = VReg> + '_ {
        let present = |vreg: &VReg| self.state[*vreg] == State::Present;
        self.graph.adjacent[node].iter().copied().filter(present)
    }

    fn remove(&mut self, node: VReg, low: &mut Vec<VReg>) {
        self.state[node] = State::Removed;
        self.stack.push(node);
        let neighbours: Vec<VReg> = self.neighbours(node).collect();
        for neighbour in neighbours {
            self.decrement(neighbour, low);
        }
    }

    fn decrement(&mut self, node: VReg, low: &mut Vec<VReg>) {
        self.degree[node] -= 1;
        if self.degree[node] == N_COLORS - 1 {
            // What failed may work now.
            self.retry_copies(node);
            let neighbours: Vec<VReg> = self.neighbours(node).collect();
            for neighbour in neighbours {
                self.retry_copies(neighbour);
            }
            low.push(node);
            self.freezable.push(Reverse(node));
        }
    }

    fn retry_copies(&mut self, node: VReg) {
        self.open_of[node].retain(|&copy| self.is_open[copy]);
        for &copy in &self.open_of[node] {
            if !std::mem::replace(&mut self.is_queued[copy], true) {
                self.todo.push(copy);
            }
        }
    }

    /// Gives up the copies of a node.
    fn freeze(&mut self, node: VReg, low: &mut Vec<VReg>) {
        for at in 0..self.copies_of[node].len() {
            let copy = self.copies_of[node][at];
            self.close(copy, low);
        }
    }

    fn close(&mut self, copy: usize, low: &mut Vec<VReg>) {
        if !std::mem::replace(&mut self.is_open[copy], false) {
            return;
        }
        let (dst, src, _) = self.graph.copies[copy];
        for end in [dst, src] {
            let node = self.representative(end);
            if node.as_machine().is_none() && self.is_simple(node) {
                low.push(node);
            }
        }
    }

    fn coalesce(&mut self, copy: usize, low: &mut Vec<VReg>) {
        if !self.is_open[copy] {
            return;
        }
        let (dst, src, _) = self.graph.copies[copy];
        let (a, b) = (self.representative(dst), self.representative(src));
        // `a` stays; it is the machine register, if one is.
        let (a, b) = match b.as_machine() {
            Some(_) => (b, a),
            None => (a, b),
        };
        let is_gone =
            |vreg: VReg| vreg.as_machine().is_none() && self.state[vreg] != State::Present;
        if a == b || b.as_machine().is_some() || is_gone(a) || is_gone(b) {
            return self.close(copy, low);
        }
        if self.graph.interferes(a, b) || a.as_machine() == Some(Reg::FP) {
            return self.close(copy, low);
        }
        let is_safe = match a.as_machine() {
            Some(reg) => self.is_harmless_to(b, reg),
            None => self.is_colorable_together(a, b),
        };
        if is_safe {
            self.is_open[copy] = false;
            self.combine(a, b, low);
        }
    }

    /// George's test.
    fn is_harmless_to(&self, node: VReg, reg: Reg) -> bool {
        self.neighbours(node).all(|neighbour| {
            self.degree[neighbour] < N_COLORS || self.graph.forbidden[neighbour].contains(reg)
        })
    }

    /// Briggs's test, or George's in either direction.
    fn is_colorable_together(&self, a: VReg, b: VReg) -> bool {
        let forbidden = self.graph.forbidden[a].union(self.graph.forbidden[b]);
        let mut n_high = forbidden.difference(RegSet::of(Reg::FP)).len() as usize;
        for neighbour in self.neighbours(a) {
            let is_common = self.graph.interferes(neighbour, b);
            n_high += usize::from(self.degree[neighbour] - usize::from(is_common) >= N_COLORS);
        }
        for neighbour in self.neighbours(b) {
            let is_common = self.graph.interferes(neighbour, a);
            n_high += usize::from(!is_common && self.degree[neighbour] >= N_COLORS);
        }
        n_high < N_COLORS || self.is_subsumed(a, b) || self.is_subsumed(b, a)
    }

    /// True if the neighbours of `node` are harmless or neighbours of `other`.
    fn is_subsumed(&self, node: VReg, other: VReg) -> bool {
        let forbidden = &self.graph.forbidden;
        forbidden[node].difference(forbidden[other]).is_empty()
            && self.neighbours(node).all(|neighbour| {
                self.degree[neighbour] < N_COLORS || self.graph.interferes(neighbour, other)
            })
    }

    /// Makes `b` a part of `a`.
    fn combine(&mut self, a: VReg, b: VReg, low: &mut Vec<VReg>) {
        self.state[b] = State::Coalesced;
        self.alias[b] = a;
        let moved = std::mem::take(&mut self.copies_of[b]);
        if a.as_machine().is_none() {
            self.copies_of[a].extend(&moved);
            let open = std::mem::take(&mut self.open_of[b]);
            self.open_of[a].extend(open);
            self.graph.cost[a] += self.graph.cost[b];
            for reg in self.graph.forbidden[b].iter() {
                let is_new = self.graph.forbidden[a].insert(reg);
                self.degree[a] += usize::from(is_new);
            }
        }
        let neighbours: Vec<VReg> = self.neighbours(b).collect();
        for neighbour in neighbours {
            // It loses `b`, and gains `a` unless it had it.
            if self.graph.add_edge(a, neighbour) {
                if a.as_machine().is_none() {
                    self.degree[a] += 1;
                }
            } else {
                self.decrement(neighbour, low);
            }
        }
        if a.as_machine().is_none() {
            self.retry_copies(a);
            low.push(a);
        }
        if moved.len() > MAX_REVISITED {
            return;
        }
        for copy in moved {
            let (dst, src, _) = self.graph.copies[copy];
            for end in [dst, src] {
                let end = self.representative(end);
                if end.as_machine().is_none() {
                    low.push(end);
                }
            }
        }
    }

    fn assign(mut self) -> Coloring {
        let n = self.alias.len();
        let mut color: IndexVec<VReg, Option<Reg>> = IndexVec::from_elem(None, n);
        let mut spilled = Vec::new();
        let color_of =
            |color: &IndexVec<VReg, Option<Reg>>, vreg: VReg| vreg.as_machine().or(color[vreg]);
        while let Some(node) = self.stack.pop() {
            let mut taken = self.graph.forbidden[node];
            for neighbour in std::mem::take(&mut self.graph.adjacent[node]) {
                let neighbour = self.representative(neighbour);
                if let Some(reg) = color_of(&color, neighbour) {
                    taken.insert(reg);
                }
            }
            let free = |reg: &Reg| !taken.contains(*reg);
            let copies = std::mem::take(&mut self.copies_of[node]);
            let mut hints = copies.into_iter().filter_map(|copy| {
                let (dst, src, _) = self.graph.copies[copy];
                let (dst, src) = (self.representative(dst), self.representative(src));
                color_of(&color, if dst == node { src } else { dst })
            });
            let found = hints.find(free);
            color[node] = found.or_else(|| ORDER.into_iter().find(free));
            if color[node].is_none() {
                spilled.push(node);
            }
        }
        Coloring { alias: self.alias, color, spilled }
    }
}
