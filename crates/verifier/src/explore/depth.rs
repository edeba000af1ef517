//! How much stack chains of calls use: `check_max_stack_depth` (Linux 6.18 `kernel/bpf/verifier.c`).

use crate::fault::{ExceptionFault, Fault, FaultKind, Limit, TailCallFault};
use crate::program::{Operand, Program};
use bpfc_isa::{Callee, Insn};
use bpfc_kabi::limits::{
    MAX_CALL_FRAMES, MAX_STACK_BYTES, MAX_STACK_BYTES_WITH_TAIL_CALL, STACK_FRAME_ALIGN,
    STACK_FRAME_ALIGN_JIT,
};
use bpfc_kabi::{AttachType, Callback, ProgType, helper_by_id};

/// A function with less has no stack of its own (`BPF_PRIV_STACK_MIN_SIZE`).
const MIN_PRIVATE_BYTES: u32 = 64;

/// Whether the helper is the one that ends the program in favour of another.
pub fn is_tail_call(helper: u32) -> bool {
    helper_by_id(helper).is_some_and(|helper| helper.name == "bpf_tail_call")
}

/// What is known of a function.
#[derive(Clone, Default)]
struct Info {
    has_tail_call: bool,
    has_packet_load: bool,
    throws: bool,
    is_callback: bool,
    is_async: bool,
    /// Calls and addresses of functions, in the order of the code.
    callees: Vec<Edge>,
}

/// A function that another one calls, or whose address it takes.
#[derive(Clone, Copy)]
struct Edge {
    insn_idx: u32,
    func: usize,
    is_call: bool,
}

/// The walk over chains of calls.
struct Walk<'p, 'a> {
    program: &'p Program<'a>,
    infos: Vec<Info>,
    /// Bytes of each function, rounded up.
    bytes: Vec<u32>,
    /// Whether the kernel gives large functions stacks of their own.
    is_private: bool,
    /// Whether a function must use the common stack.
    is_common: Vec<bool>,
    /// Steps left, so that damaged objects end.
    n_steps: u32,
}

/// Whether no chain of calls needs too much stack, given each function's own.
pub fn check(program: &Program<'_>, stack_bytes: &[u32]) -> Result<(), (u32, Fault)> {
    let align = match program.is_since(6, 9) {
        true => STACK_FRAME_ALIGN_JIT,
        false => STACK_FRAME_ALIGN,
    };
    let infos = infos(program);
    let has_tail_call = infos.iter().any(|info| info.has_tail_call);
    let mut walk = Walk {
        program,
        bytes: stack_bytes.iter().map(|bytes| bytes.max(&1).next_multiple_of(align)).collect(),
        is_private: !has_tail_call && has_private_stack(program),
        is_common: vec![false; infos.len()],
        infos,
        n_steps: 1 << 20,
    };
    // Functions that are called later first: what they call uses the common stack.
    for func in (0..program.funcs.len()).rev() {
        if func == 0 || walk.infos[func].is_async {
            let is_private = walk.is_private && func == 0;
            walk.chain(func, is_private)?;
        }
    }
    Ok(())
}

/// `bpf_enable_priv_stack` (Linux 6.13), on a machine whose JIT can.
fn has_private_stack(program: &Program<'_>) -> bool {
    program.is_since(6, 13)
        && match program.prog_type {
            Some(
                ProgType::Kprobe
                | ProgType::Tracepoint
                | ProgType::PerfEvent
                | ProgType::RawTracepoint,
            ) => true,
            Some(ProgType::Tracing) => program.attach_type != Some(AttachType::TraceIter),
            _ => false,
        }
}

impl Walk<'_, '_> {
    /// Follows the calls of `root`.
    fn chain(&mut self, root: usize, is_private: bool) -> Result<(), (u32, Fault)> {
        // The functions of the chain, the callee looked at in each, and the bytes used up to there.
        let mut chain: Vec<(usize, usize, u32)> = Vec::new();
        self.enter(&mut chain, root, 0, is_private)?;
        while let Some((func, next, depth)) = chain.last_mut() {
            let Some(callee) = self.infos[*func].callees.get(*next).copied() else {
                chain.pop();
                continue;
            };
            *next += 1;
            let depth = *depth;
            let is_handler = self.program.exception_callback
                == Some(self.program.funcs[callee.func].name.as_str());
            if callee.is_call && is_handler {
                let kind = FaultKind::Exception(ExceptionFault::HandlerCalled);
                return Err((callee.insn_idx, Fault::alone(kind)));
            }
            // What runs later needs no stack here.
            if self.infos[callee.func].is_async && !callee.is_call {
                continue;
            }
            if chain.len() >= MAX_CALL_FRAMES as usize {
                let limit = FaultKind::TooComplex(Limit::Frames(MAX_CALL_FRAMES));
                return Err((callee.insn_idx, Fault::alone(limit)));
            }
            self.n_steps = self.n_steps.saturating_sub(1);
            if self.n_steps == 0 {
                return Ok(());
            }
            self.enter(&mut chain, callee.func, depth, is_private)?;
        }
        Ok(())
    }

    fn enter(
        &mut self,
        chain: &mut Vec<(usize, usize, u32)>,
        func: usize,
        depth: u32,
        is_private: bool,
    ) -> Result<(), (u32, Fault)> {
        let info = &self.infos[func];
        let start = self.program.funcs[func].start;
        let fault = |kind| Err((start, Fault::alone(kind)));
        let is_called_back =
            info.is_callback || chain.iter().any(|(func, ..)| self.infos[*func].is_callback);
        if info.has_packet_load && is_called_back {
            return fault(FaultKind::TailCall(TailCallFault::Callback));
        }
        if info.throws && is_called_back {
            return fault(FaultKind::Exception(ExceptionFault::InCallback));
        }
        if func > 0 && info.has_tail_call && depth >= MAX_STACK_BYTES_WITH_TAIL_CALL {
            return fault(FaultKind::TailCall(TailCallFault::Stack(depth)));
        }
        if !is_private {
            self.is_common[func] = true;
        }
        let own = self.bytes[func];
        let has_own_stack = is_private && !self.is_common[func] && own >= MIN_PRIVATE_BYTES;
        let total = if has_own_stack { own } else { depth + own };
        if total > MAX_STACK_BYTES {
            let root = chain.first().map_or(func, |(root, ..)| *root);
            let kind = FaultKind::StackTooDeep(total);
            return Err((self.program.funcs[root].start, Fault::alone(kind)));
        }
        chain.push((func, 0, if has_own_stack { depth } else { total }));
        Ok(())
    }
}

fn infos(program: &Program<'_>) -> Vec<Info> {
    let mut infos = vec![Info::default(); program.funcs.len()];
    let mut last_address = None;
    for (insn_idx, op) in (0..).zip(&program.code) {
        let info = &mut infos[op.func as usize];
        match (op.insn, op.operand) {
            (Insn::LoadPacket { .. }, _) => info.has_packet_load = true,
            (insn, Operand::Func(func)) => {
                let is_call = matches!(insn, Insn::Call(_));
                info.callees.push(Edge { insn_idx, func: func as usize, is_call });
                if !is_call {
                    last_address = Some(func as usize);
                }
            }
            (Insn::Call(callee), _) => {
                let helper = match callee {
                    Callee::Helper(id) => helper_by_id(id),
                    _ => None,
                };
                info.has_tail_call |= helper.is_some_and(|helper| is_tail_call(helper.id));
                let callback = helper.and_then(|helper| helper.effects.callback);
                let kfunc = program.kfunc_name(insn_idx);
                info.throws |= kfunc == Some("bpf_throw");
                let is_wq = kfunc.is_some_and(|name| name.starts_with("bpf_wq_set_callback"));
                if let Some(func) = last_address
                    && (callback.is_some() || is_wq)
                {
                    infos[func].is_callback = true;
                    infos[func].is_async |= is_wq || callback == Some(Callback::Timer);
                }
            }
            _ => {}
        }
    }
    // `mark_subprog_exc_cb`: it is called back, with the stack to itself.
    let is_handler = |name: &str| program.exception_callback == Some(name);
    if let Some(func) = program.funcs.iter().position(|func| is_handler(&func.name)) {
        infos[func].is_callback = true;
        infos[func].is_async = true;
    }
    infos
}
