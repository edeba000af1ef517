//! What the optimiser did, for people who ask (`-Rpass`): remarks at places of the source.
//!
//! Most of them say what a pass removed and added at a place, which is found by comparing
//! functions before and after it. What became of calls and loops is told with the reason.

use crate::analysis::{Dominators, Loop, find_loops};
use crate::emit::frame::{lay_out, n_bytes};
use crate::ir::*;
use crate::mach::{self, Base};
use crate::passes::{Decision, MAX_SMALL, n_turns};
use crate::pipeline::{Observe, OptLevel};
use bpfc_base::{IndexVec, RemarkKind, Span};
use bpfc_isa::Reg;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// The name of the register allocator in remarks.
pub const REGALLOC: &str = "regalloc";

/// What the optimiser did, or did not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Which of them.
    pub kind: RemarkKind,
    /// The pass.
    pub pass: &'static str,
    /// The place in the source.
    pub span: Span,
    /// What, in words.
    pub message: String,
}

/// Things that are counted.
const N_KINDS: usize = 5;
const NAMES: [[&str; 2]; N_KINDS] = [
    ["load", "loads"],
    ["store", "stores"],
    ["call", "calls"],
    ["branch", "branches"],
    ["computation", "computations"],
];

/// How many of each kind there are, or are more.
type Counts = [i64; N_KINDS];

/// A pass, a function, and a place in the source.
type Place = (&'static str, FuncId, (u32, u32));

/// Looks on while passes run, and remembers what is wanted.
pub(crate) struct Recorder {
    wanted: Vec<(RemarkKind, &'static str)>,
    /// Functions as they were after the last pass.
    bodies: IndexVec<FuncId, Option<Body>>,
    /// What became more or less, by pass, function and place.
    changes: BTreeMap<Place, (Span, Counts)>,
    /// The last decision about each call, in the order of the first.
    decisions: Vec<(FuncId, Decision)>,
    /// Places of loops that were unrolled.
    unrolled: FxHashSet<Span>,
    remarks: Vec<Remark>,
}

impl Recorder {
    /// Before the first pass.
    pub(crate) fn new(module: &Module, wanted: &[(RemarkKind, &'static str)]) -> Self {
        Self {
            wanted: wanted.to_vec(),
            bodies: module.funcs.iter().map(|func| func.body.clone()).collect(),
            changes: BTreeMap::new(),
            decisions: Vec::new(),
            unrolled: FxHashSet::default(),
            remarks: Vec::new(),
        }
    }

    /// All remarks about the module as it is now, behind the last pass.
    pub(crate) fn finish(mut self, module: &Module, level: OptLevel) -> Vec<Remark> {
        for (func, Decision { callee, span, is_inlined, reason }) in
            std::mem::take(&mut self.decisions)
        {
            let [callee, caller] = [callee, func].map(|id| &module.funcs[id].name);
            let (kind, not) = match is_inlined {
                true => (RemarkKind::Passed, ""),
                false => (RemarkKind::Missed, "not "),
            };
            let message = format!("`{callee}` {not}inlined into `{caller}`: {reason}");
            self.add(kind, "inline_calls", span, message);
        }
        for ((pass, ..), (span, counts)) in std::mem::take(&mut self.changes) {
            if let Some(message) = describe(counts) {
                self.add(RemarkKind::Passed, pass, span, message);
            }
        }
        if level != OptLevel::O0 && self.wants(RemarkKind::Missed, "unroll_loops") {
            for body in module.funcs.iter().filter_map(|func| func.body.as_ref()) {
                self.look_for_loops(body);
            }
        }
        self.remarks
    }

    fn wants(&self, kind: RemarkKind, pass: &str) -> bool {
        self.wanted.iter().any(|&(k, p)| k == kind && p == pass)
    }

    fn add(&mut self, kind: RemarkKind, pass: &'static str, span: Span, message: String) {
        if self.wants(kind, pass) {
            self.remarks.push(Remark { kind, pass, span, message });
        }
    }

    /// Loops that were unrolled, between two states of a function.
    fn compare_loops(&mut self, old: &Body, new: &Body) {
        let dominators = Dominators::new(old);
        for l in find_loops(old, &dominators) {
            let hint = old.blocks[l.header].unroll;
            let is_new = new.blocks[l.header].unroll == Unroll::Disable && hint != Unroll::Disable;
            let span = place_of(old, &l);
            if !is_new || !self.unrolled.insert(span) {
                continue;
            }
            let n_turns = n_turns(old, &dominators, &l);
            let message = match (hint, n_turns) {
                (Unroll::Count(n @ 2..), turns) if turns.is_none_or(|turns| turns > n) => {
                    format!("loop unrolled by {n}")
                }
                (_, Some(0)) => "loop removed: there is no turn".to_owned(),
                (_, Some(1)) => "loop removed: there is one turn".to_owned(),
                (_, Some(n)) => format!("loop unrolled: {n} turns"),
                (_, None) => "loop unrolled".to_owned(),
            };
            self.add(RemarkKind::Passed, "unroll_loops", span, message);
        }
    }

    /// Loops that are left, and why.
    fn look_for_loops(&mut self, body: &Body) {
        let dominators = Dominators::new(body);
        for l in find_loops(body, &dominators) {
            let span = place_of(body, &l);
            if self.unrolled.contains(&span) {
                continue;
            }
            let size: usize = l.blocks.iter().map(|&b| body.blocks[b].insts.len() + 1).sum();
            let message = match (body.blocks[l.header].unroll, n_turns(body, &dominators, &l)) {
                (Unroll::Disable, _) => "loop not unrolled: the source says so".to_owned(),
                (_, None) => "loop not unrolled: the number of its turns is not known".to_owned(),
                // What is known behind the last pass only.
                (_, Some(n)) => format!(
                    "loop not unrolled: about {n} turns of {size} instructions, limit {MAX_SMALL} \
                     in all"
                ),
            };
            self.add(RemarkKind::Missed, "unroll_loops", span, message);
        }
    }
}

impl Observe for Recorder {
    fn changed(&mut self, pass: &'static str, _: &Module, func: FuncId, body: &Body) {
        let old = self.bodies[func].replace(body.clone());
        let Some(old) = old.filter(|_| self.wants(RemarkKind::Passed, pass)) else {
            return;
        };
        match pass {
            // What became of each call is known better.
            "inline_calls" => {}
            "unroll_loops" => self.compare_loops(&old, body),
            "hoist_invariants" | "sink_to_uses" => {
                let message = match pass {
                    "sink_to_uses" => "computed where it is needed",
                    _ => "computed in front of the loop",
                };
                for span in moved(&old, body) {
                    self.add(RemarkKind::Passed, pass, span, message.to_owned());
                }
            }
            _ => {
                for (sign, body) in [(-1, &old), (1, body)] {
                    count(body, &mut |span, kind| {
                        let key = (pass, func, (span.lo, span.hi));
                        let change = self.changes.entry(key).or_insert((span, [0; N_KINDS]));
                        change.1[kind] += sign;
                    });
                }
            }
        }
    }

    fn decided(&mut self, func: FuncId, decision: Decision) {
        let key = |decision: &Decision| (decision.callee, decision.span);
        let known = self
            .decisions
            .iter_mut()
            .find(|(known, other)| *known == func && key(other) == key(&decision));
        match known {
            Some((_, known)) => *known = decision,
            None => self.decisions.push((func, decision)),
        }
    }
}

/// Tells `visit` the place and the kind of everything in the source that is counted.
fn count(body: &Body, visit: &mut dyn FnMut(Span, usize)) {
    let mut see = |span: Span, kind: usize| {
        if !span.is_none() {
            visit(span, kind);
        }
    };
    for id in body.reverse_postorder() {
        let block = &body.blocks[id];
        for &inst in &block.insts {
            let Inst { op, span, .. } = body.values[inst];
            match op {
                Op::Load(_) => see(span, 0),
                Op::Store(..) => see(span, 1),
                Op::Call(..) => see(span, 2),
                op if op.is_pure() => see(span, 4),
                _ => {}
            }
        }
        if matches!(block.term, Term::Branch { .. }) {
            see(block.term_span, 3);
        }
    }
}

/// `2 loads and 1 store removed, 1 branch added`; `None` if nothing changed.
fn describe(counts: Counts) -> Option<String> {
    let list = |sign: i64, word: &str| {
        let parts = counts.iter().zip(NAMES).filter(|&(&n, _)| n * sign > 0);
        let parts: Vec<String> = parts
            .map(|(n, names)| format!("{} {}", n.abs(), names[usize::from(n.abs() != 1)]))
            .collect();
        let (last, first) = parts.split_last()?;
        Some(match first {
            [] => format!("{last} {word}"),
            _ => format!("{} and {last} {word}", first.join(", ")),
        })
    };
    match (list(-1, "removed"), list(1, "added")) {
        (Some(removed), Some(added)) => Some(format!("{removed}, {added}")),
        (removed, added) => removed.or(added),
    }
}

/// Places of instructions that are in another block than before.
fn moved(old: &Body, new: &Body) -> Vec<Span> {
    let homes = |body: &Body| {
        let mut homes = FxHashMap::default();
        for id in body.reverse_postorder() {
            homes.extend(body.blocks[id].insts.iter().map(|&inst| (inst, id)));
        }
        homes
    };
    let (before, after) = (homes(old), homes(new));
    let is_moved = |inst: &Value| {
        before.get(inst).is_some_and(|home| after.get(inst).is_some_and(|now| now != home))
    };
    let spans = new.values.ids().filter(is_moved).map(|inst| new.values[inst].span);
    spans.filter(|span| !span.is_none()).collect()
}

/// Where a loop is in the source: its test, or else its first instruction.
fn place_of(body: &Body, l: &Loop) -> Span {
    let block = &body.blocks[l.header];
    let insts = block.insts.iter().map(|&inst| body.values[inst].span);
    let spans = std::iter::once(block.term_span).chain(insts);
    spans.into_iter().find(|span| !span.is_none()).unwrap_or(Span::NONE)
}

/// What registers cost a function: values that are kept in its frame.
pub(crate) fn allocation(func: &mach::Func<Reg>) -> Remark {
    let is_spill = |base: Base<Reg>| match base {
        Base::Slot(slot) => bpfc_base::Idx::index(slot) >= func.n_variables,
        Base::Reg(_) => false,
    };
    let (mut n_spills, mut n_reloads) = (0, 0);
    for inst in func.layout.iter().flat_map(|&id| &func.blocks[id].insts) {
        match inst.op {
            mach::Op::Load { address, .. } => n_reloads += usize::from(is_spill(address.base)),
            mach::Op::Store { address, .. } => n_spills += usize::from(is_spill(address.base)),
            _ => {}
        }
    }
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let n_bytes = lay_out(func, u32::MAX).map_or(0, |frame| n_bytes(&frame));
    let message = format!(
        "`{}` has {n_spills} spill{} and {n_reloads} reload{}, and a frame of {n_bytes} bytes",
        func.name,
        plural(n_spills),
        plural(n_reloads),
    );
    Remark { kind: RemarkKind::Analysis, pass: REGALLOC, span: func.span, message }
}
