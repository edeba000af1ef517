//! From HIR to an object.

use crate::allocate::allocate;
use crate::emit::emit;
use crate::ir::{Callee, FuncId, MemoryOp, Module, Op};
use crate::lower::lower;
use crate::mach::{Func, VReg};
use crate::passes::unresolved_calls;
use crate::peephole::{improve, tidy};
use crate::remarks::{self, REGALLOC, Recorder, Remark};
use crate::select::{Conventions, select};
use crate::{OptLevel, optimize, optimize_observed};
use bpfc_base::codes::bpf::{E0412, E0413, W0409};
use bpfc_base::{Diagnostic, IndexVec, RemarkKind, Session, Span};
use bpfc_isa::{Cpu, Reg};
use bpfc_object::Object;
use bpfc_typeck::hir;

/// How to generate code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The instruction set.
    pub cpu: Cpu,
    /// How hard to try.
    pub opt_level: OptLevel,
    /// Bytes that the stack frame of a function may take. The kernel allows
    /// [`MAX_FRAME_BYTES`](crate::emit::MAX_FRAME_BYTES).
    pub frame_bytes: u32,
    /// In what order the machine does plain loads and stores.
    pub memory_order: MemoryOrder,
}

/// In what order a machine does plain loads and stores, as others see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryOrder {
    /// A store may come after a later load, and nothing else is reordered: x86-64 and s390x. Every load is an acquire
    /// and every store a release.
    #[default]
    Total,
    /// Any.
    Weak,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cpu: Cpu::default(),
            opt_level: OptLevel::default(),
            frame_bytes: crate::emit::MAX_FRAME_BYTES,
            memory_order: MemoryOrder::default(),
        }
    }
}

/// Compiles a module. `None` if BPF cannot express it, or it does not fit: `session` has
/// the reasons.
pub fn compile(session: &mut Session, module: &hir::Valid, options: &Options) -> Option<Object> {
    compile_with_remarks(session, module, options, &[])
}

/// [`compile`], with remarks of these kinds about these passes (`-Rpass`) in `session`.
pub fn compile_with_remarks(
    session: &mut Session,
    module: &hir::Valid,
    options: &Options,
    wanted: &[(RemarkKind, &'static str)],
) -> Option<Object> {
    let mut ir = lower(session, module);
    if session.diagnostics.has_errors() {
        return None;
    }
    ir.cpu = options.cpu;
    if options.cpu < Cpu::V4 && options.memory_order == MemoryOrder::Weak {
        warn_of_order(session, &ir);
    }
    let mut remarks = Vec::new();
    if wanted.is_empty() {
        optimize(&mut ir, options.opt_level);
    } else {
        let mut recorder = Recorder::new(&ir, wanted);
        optimize_observed(&mut ir, options.opt_level, &mut recorder);
        remarks = recorder.finish(&ir, options.opt_level);
    }
    report_unresolved(session, &ir);
    if session.diagnostics.has_errors() {
        return None;
    }
    let selected = select_all(session, &ir, options.cpu);
    if session.diagnostics.has_errors() {
        return None;
    }
    let funcs: IndexVec<FuncId, _> =
        selected.into_iter().map(|func| func.map(|func| finish(func, options.opt_level))).collect();
    if wanted.contains(&(RemarkKind::Analysis, REGALLOC)) {
        remarks.extend(funcs.iter().flatten().map(remarks::allocation));
    }
    remarks.sort_by_key(|remark| session.sources.root(remark.span).lo);
    for Remark { kind, pass, span, message } in remarks {
        session.report(Diagnostic::remark(kind, pass, span, message));
    }
    emit(session, module, &funcs, options)
}

/// Warns of acquires and releases that become plain accesses where that makes a difference.
fn warn_of_order(session: &mut Session, module: &Module) {
    for body in module.funcs.iter().filter_map(|func| func.body.as_ref()) {
        for inst in body.values.iter() {
            let what = match inst.op {
                Op::Load(access) if access.is_ordered => "acquires",
                Op::Store(access, _) if access.is_ordered => "releases",
                _ => continue,
            };
            let message =
                format!("this {what} nothing: the instruction set has only plain accesses");
            session.report(
                Diagnostic::new(W0409, inst.span, message).with_help(
                    "`--cpu v4` has `load_acquire` and `store_release`, since Linux 6.15",
                ),
            );
        }
    }
}

/// Reports calls that BPF does not have, and that nothing else came of.
fn report_unresolved(session: &mut Session, module: &Module) {
    for body in module.funcs.iter().filter_map(|func| func.body.as_ref()) {
        for call in unresolved_calls(body) {
            let span = body.values[call].span;
            session.report(match body.op(call) {
                Op::Call(Callee::Memory(op), _) => memory_report(op, span),
                _ => Diagnostic::new(E0412, span, "BPF cannot call through a pointer")
                    .with_note("the callee must be known when the program is compiled"),
            });
        }
    }
}

fn memory_report(op: MemoryOp, span: Span) -> Diagnostic {
    let message = format!("the size that `{}` gets must be a constant", op.name());
    Diagnostic::new(E0413, span, message)
        .with_note("BPF has no such function to call: the copy is expanded in place")
        .with_help("for a size known only at run time, use a loop or a helper such as `bpf_probe_read_kernel`")
}

/// Selects instructions for every function that has a body.
pub fn select_all(
    session: &mut Session,
    module: &Module,
    cpu: Cpu,
) -> IndexVec<FuncId, Option<Func<VReg>>> {
    let has_body = |id: &FuncId| module.funcs[*id].body.is_some();
    let conventions = Conventions::new(module);
    let ids = module.funcs.ids();
    ids.map(|id| has_body(&id).then(|| select(session, module, &conventions, id, cpu))).collect()
}

/// Allocates registers, and improves the result.
pub fn finish(func: Func<VReg>, level: OptLevel) -> Func<Reg> {
    let mut func = allocate(func);
    match level {
        OptLevel::O0 => tidy(&mut func),
        OptLevel::O2 | OptLevel::Os => improve(&mut func),
    }
    func
}
