//! `i32` arithmetic without 32-bit instructions (v1 and v2): in 64-bit registers of which
//! only the lower half counts. Operations whose lower half depends on the upper halves of
//! their operands get these extended first.

use super::Ctx;
use super::arith::alu_op;
use crate::ir::{BinaryOp, Value};
use crate::mach::{Op, Source, VReg};
use bpfc_isa::{AluOp, Width};

impl Ctx<'_> {
    pub fn select_narrow(&mut self, value: Value, op: BinaryOp, a: Value, b: Value) {
        let dst = self.define(value);
        match op {
            BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::And
            | BinaryOp::Or
            | BinaryOp::Xor => self.arith(Width::W64, op, dst, a, b),
            BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr => {
                let count = self.shift_count(b);
                match op {
                    BinaryOp::Shl => self.put(dst, a),
                    BinaryOp::LShr => self.zero_extend(dst, a),
                    _ => self.put_sign_extended(dst, a),
                }
                if count != Source::Imm(0) {
                    self.emit_alu(Width::W64, alu_op(op), dst, count);
                }
            }
            BinaryOp::UDiv | BinaryOp::URem => {
                let divisor = self.unsigned_source(b);
                self.zero_extend(dst, a);
                self.arith_source(Width::W64, op, dst, divisor);
            }
            BinaryOp::SDiv | BinaryOp::SRem => {
                let (left, right) = (self.new_register(), self.new_register());
                self.put_sign_extended(left, a);
                self.put_sign_extended(right, b);
                self.divide_signed(Width::W64, op, dst, left, right);
            }
        }
    }

    /// The count modulo 32.
    fn shift_count(&mut self, count: Value) -> Source<VReg> {
        if let Some(n) = self.body.as_const(count) {
            return Source::Imm((n & 31) as i32);
        }
        let register = self.copy_of(count);
        self.emit_imm(AluOp::And, register, 31);
        Source::Reg(register)
    }

    /// An `i32` as 64-bit number, zero-extended.
    pub fn unsigned_source(&mut self, value: Value) -> Source<VReg> {
        if let Some(n) = self.body.as_const(value) {
            if let Ok(imm) = i32::try_from(n as u32) {
                return Source::Imm(imm);
            }
        } else if !self.facts.is_clean[value] {
            let register = self.new_register();
            self.zero_extend(register, value);
            return Source::Reg(register);
        }
        Source::Reg(self.reg(value))
    }

    /// An `i32` as 64-bit number, sign-extended.
    pub fn signed_source(&mut self, value: Value) -> Source<VReg> {
        if let Some(n) = self.body.as_const(value) {
            return Source::Imm(n as i32);
        }
        let register = self.new_register();
        self.put_sign_extended(register, value);
        Source::Reg(register)
    }

    pub fn put_sign_extended(&mut self, dst: VReg, value: Value) {
        if let Some(n) = self.body.as_const(value) {
            return self.emit_imm(AluOp::Mov, dst, n as i32);
        }
        self.put(dst, value);
        self.sign_extend_by_shifts(Width::W64, dst, 32);
    }

    /// The register of an operand, immediates included.
    pub fn source_register(&mut self, source: Source<VReg>) -> VReg {
        match source {
            Source::Reg(register) => register,
            Source::Imm(imm) => {
                let register = self.new_register();
                self.emit(Op::Alu {
                    width: Width::W64,
                    op: AluOp::Mov,
                    dst: register,
                    src: Source::Imm(imm),
                });
                register
            }
        }
    }
}
