//! Calls, parameters, and loads from the packet.

use super::Ctx;
use crate::ir::{Callee, Type, Value, Width as MemoryWidth};
use crate::mach::{Op, Source, VReg};
use bpfc_base::codes::bpf::E0402;
use bpfc_isa::{AluOp, Narrow, Reg, Width};

impl Ctx<'_> {
    /// Takes the function's parameters out of `r1` to `r5`.
    pub fn receive_params(&mut self, params: &[Value]) {
        if params.len() > Reg::ARGS.len() {
            let (name, n_params) = (&self.func.name, params.len());
            self.span = self.func.span;
            let message = format!("`{name}` has {n_params} parameters, BPF passes five");
            self.report_as(E0402, message);
        }
        for (&param, reg) in params.iter().zip(Reg::ARGS) {
            if self.facts.n_uses[param] > 0 {
                let dst = self.define(param);
                self.receive(param, dst, reg);
            }
        }
    }

    pub fn select_call(&mut self, value: Value, callee: Callee, args: &[Value]) {
        debug_assert!(
            matches!(callee, Callee::Func(_) | Callee::Helper(_)),
            "others are reported before instructions are selected"
        );
        if args.len() > Reg::ARGS.len() {
            let n_args = args.len();
            self.report_as(E0402, format!("call with {n_args} arguments, BPF has five"));
        }
        // Registers first: a leaf needs none before it is where it should be.
        let passed = args
            .iter()
            .enumerate()
            .map(|(nth, &arg)| self.conventions.passed(self.body, callee, nth, arg));
        let (leaves, others): (Vec<_>, Vec<_>) =
            passed.zip(Reg::ARGS).partition(|&(arg, _)| self.body.op(arg).is_leaf());
        for (arg, reg) in others.into_iter().chain(leaves) {
            self.put(Self::machine(reg), arg);
        }
        let n_args = args.len().min(Reg::ARGS.len()) as u8;
        self.emit(Op::Call { callee, n_args });
        if self.facts.n_uses[value] > 0 && self.body.ty(value) != Type::Void {
            self.receive_result(value);
        }
    }

    fn receive_result(&mut self, value: Value) {
        let dst = self.define(value);
        self.receive(value, dst, Reg::R0);
    }

    /// Moves what others made out of its register.
    fn receive(&mut self, value: Value, dst: VReg, from: Reg) {
        let from = Self::machine(from);
        match self.facts.must_be_clean[value] {
            true => self.emit_alu(Width::W32, AluOp::Mov, dst, Source::Reg(from)),
            false => self.emit_copy(dst, from),
        }
    }

    pub fn select_load_packet(
        &mut self,
        value: Value,
        skb: Value,
        offset: Value,
        width: MemoryWidth,
    ) {
        let size = match width {
            MemoryWidth::W8 => Narrow::B,
            MemoryWidth::W16 => Narrow::H,
            MemoryWidth::W32 => Narrow::W,
            MemoryWidth::W64 => {
                self.report("packet loads of 64 bits do not exist");
                Narrow::W
            }
        };
        let constant = self.body.as_const(offset);
        let constant = constant.and_then(|n| i32::try_from(n).ok().filter(|&n| n >= 0));
        let (index, off): (Option<VReg>, i32) = match constant {
            Some(off) => (None, off),
            None => (Some(self.reg(offset)), 0),
        };
        self.put(Self::machine(Reg::R6), skb);
        self.emit(Op::LoadPacket { size, index, off });
        if self.facts.n_uses[value] > 0 {
            self.receive_result(value);
        }
    }
}
