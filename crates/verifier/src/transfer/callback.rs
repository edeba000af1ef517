//! Functions of the program that a helper calls back, at once or later: `push_callback_call` and
//! `prepare_func_exit` (Linux 6.18 `kernel/bpf/verifier.c`).
//!
//! A call that calls back has two ways: on without the callback, and into it. From the callback's end control goes
//! back to the call, which starts anew with what the callback left behind, until nothing new comes of it.

use super::{Machine, Mark, Next};
use crate::domain::Scalar;
use crate::state::{CallbackFrame, Frame, Kind, PtrFlags, Scopes, Stack, State, Value};
use bpfc_isa::Reg;
use bpfc_kabi::Callback;
use std::rc::Rc;

impl Machine<'_> {
    /// The state that enters the callback of the running call, if it may be called once more.
    pub(super) fn called_back(
        &mut self,
        state: &mut State,
        callback: Callback,
    ) -> Option<Box<State>> {
        let func = Reg::ARGS.iter().find_map(|&reg| match state.reg(reg).kind {
            Kind::Func(func) => Some(func),
            _ => None,
        })?;
        if callback == Callback::Timer {
            return Some(self.later(state, func));
        }
        if callback == Callback::Loop {
            self.marks.push(Mark::Precise(Reg::R1));
            let count = state.reg(Reg::R1);
            let is_over =
                count.is_scalar() && u64::from(state.top().n_called_back) >= count.number.umax;
            if is_over {
                state.top_mut().n_called_back = 0;
                return None;
            }
        }
        Some(self.at_once(state, func, callback))
    }

    fn at_once(&mut self, state: &mut State, func: u32, callback: Callback) -> Box<State> {
        let insn_idx = state.insn_idx;
        let mut other = Box::new(state.clone());
        state.top_mut().n_called_back = 0;
        other.n_unrolled += 1;
        other.top_mut().n_called_back += 1;
        let (min, max) = callback.return_range();
        let mut regs = [Value::UNINIT; 11];
        for (reg, value) in Reg::ARGS.into_iter().zip(self.parameters(state, callback)) {
            regs[usize::from(reg.number())] = value;
        }
        let frame = other.frames.len() as u8;
        regs[10] = Value::pointer(Kind::Stack { frame }, insn_idx);
        other.frames.push(Rc::new(Frame {
            func,
            call_site: insn_idx,
            regs,
            stack: Stack::default(),
            callback: Some(CallbackFrame { min, max, is_async: false, is_exception: false }),
            n_called_back: 0,
        }));
        other.insn_idx = self.program.funcs[func as usize].start;
        self.marks.push(Mark::NewFrame(frame));
        other
    }

    /// What a helper passes to the function that it calls back before it returns.
    fn parameters(&mut self, state: &State, callback: Callback) -> Vec<Value> {
        let insn_idx = state.insn_idx;
        let arg = |idx: usize| *state.reg(Reg::ARGS[idx]);
        match callback {
            Callback::Loop => vec![Value::scalar(Scalar::UNKNOWN, insn_idx), arg(2)],
            Callback::ForEachMapElem => {
                let map = arg(0);
                let (key, value) = self.element(&map, insn_idx);
                vec![map, key, value, arg(2)]
            }
            Callback::FindVma => {
                let kernel = self.program.of_kernel.as_ref();
                let ty = kernel.and_then(|kernel| kernel.find_struct("vm_area_struct"));
                let vma = match ty {
                    Some(ty) => Value::object(ty, PtrFlags::NONE, insn_idx),
                    None => Value::pointer(Kind::Btf, insn_idx),
                };
                vec![arg(0), vma, arg(3)]
            }
            Callback::UserRingbufDrain => {
                let id = self.fresh_id();
                vec![Value { id, ..Value::pointer(Kind::Dynptr, insn_idx) }, arg(2)]
            }
            Callback::Timer => Vec::new(),
        }
    }

    /// The key and the value of an element of a map.
    fn element(&self, map: &Value, insn_idx: u32) -> (Value, Value) {
        let Kind::Map(idx) = map.kind else {
            return (Value::unknown(insn_idx), Value::unknown(insn_idx));
        };
        let of = |kind| Value { uid: map.uid, ..Value::pointer(kind, insn_idx) };
        (of(Kind::MapKey(idx)), of(Kind::MapValue(idx)))
    }

    /// A function that the kernel calls later, for the element of a map that the first argument points into.
    pub(super) fn later(&mut self, state: &State, func: u32) -> Box<State> {
        let timer = *state.reg(Reg::R1);
        let is_wq = !matches!(
            self.program.code[state.insn_idx as usize].insn,
            bpfc_isa::Insn::Call(bpfc_isa::Callee::Helper(_))
        );
        let start = self.program.funcs[func as usize].start;
        let map = match timer.kind {
            Kind::MapValue(map) => {
                Value { uid: timer.uid, ..Value::pointer(Kind::Map(map), start) }
            }
            _ => Value::unknown(start),
        };
        let (key, value) = self.element(&map, start);
        let mut regs = [Value::UNINIT; 11];
        (regs[1], regs[2], regs[3]) = (map, key, value);
        regs[10] = Value::pointer(Kind::Stack { frame: 0 }, start);
        Box::new(State {
            frames: vec![Rc::new(Frame {
                func,
                call_site: 0,
                regs,
                stack: Stack::default(),
                callback: Some(CallbackFrame {
                    min: 0,
                    max: 0,
                    is_async: true,
                    is_exception: false,
                }),
                n_called_back: 0,
            })],
            held: Vec::new(),
            scopes: Scopes { is_sleepable: is_wq, ..Scopes::default() },
            n_unrolled: 0,
            n_may_goto: 0,
            n_async: state.n_async + 1,
            insn_idx: start,
            rounds: Vec::new(),
        })
    }

    /// The end of a function that was called back: the call starts anew.
    pub(super) fn leave_callback(&mut self, state: &mut State) -> Next {
        let call_site = state.top().call_site;
        self.marks.push(Mark::Precise(Reg::R0));
        self.marks.push(Mark::Widen);
        state.frames.pop();
        Next::Goto(call_site)
    }
}
