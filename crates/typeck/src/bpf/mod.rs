//! What BPF forbids of C: checks over the HIR of a whole module.

mod abi;
mod calls;
mod helpers;
mod recursion;
mod sections;

use crate::hir::Module;
use crate::prune::Used;
use bpfc_base::Session;
use bpfc_kabi::ProgType;
use calls::CallGraph;

/// Reports what BPF cannot do in `module`. Static functions whose parameters do not fit in
/// registers are marked to be inlined, as a compiler would have to.
pub(crate) fn constrain(session: &mut Session, module: &mut Module, used: &Used) {
    let graph = CallGraph::of(module);
    let recursive = recursion::check(session, module, &graph);
    abi::check(session, module, &graph, &recursive, used);
    let programs = sections::check(session, module);
    helpers::check_license(session, module, &graph);
    helpers::check_availability(session, module, &graph, &programs);
    let per_packet = [ProgType::Xdp, ProgType::SchedCls, ProgType::SchedAct];
    let hot = programs.iter().filter(|program| per_packet.contains(&program.ty));
    let hot = hot.flat_map(|program| graph.reachable(program.func)).collect();
    crate::lint::check(session, module, used, &hot);
}
