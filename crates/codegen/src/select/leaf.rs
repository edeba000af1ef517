//! Operands: registers, immediates, and leaves on their way into registers.

use super::Ctx;
use crate::ir::{CoreId, CoreKind, GlobalId, GlobalKind, Op as IrOp, Type, Value};
use crate::mach::{Op, Source, Symbol, VReg};
use bpfc_isa::{AluOp, Width};

impl Ctx<'_> {
    /// The register that holds `value`; leaves are put into one.
    pub fn reg(&mut self, value: Value) -> VReg {
        if !self.body.op(value).is_leaf() {
            return self.define(value);
        }
        if let Some(&register) = self.made.get(&value) {
            return register;
        }
        let register = self.new_register();
        self.put(register, value);
        self.made.insert(value, register);
        register
    }

    /// `value` as second operand of an instruction of this width.
    pub fn source(&mut self, width: Width, value: Value) -> Source<VReg> {
        match self.immediate(width, value) {
            Some(imm) => Source::Imm(imm),
            None => Source::Reg(self.reg(value)),
        }
    }

    /// The immediate that `value` is.
    pub fn immediate(&self, width: Width, value: Value) -> Option<i32> {
        let n = match self.body.op(value) {
            IrOp::Const(n) => n,
            IrOp::Undef => 0,
            _ => return None,
        };
        match width {
            Width::W32 => Some(n as i32),
            Width::W64 => i32::try_from(n).ok(),
        }
    }

    /// The relocated constant that `value` is, if it fits where immediates go.
    pub fn core_immediate(&self, value: Value) -> Option<(CoreId, i32)> {
        let IrOp::Core(core) = self.body.op(value) else {
            return None;
        };
        let imm = i32::try_from(self.body.cores[core].local).ok()?;
        (!self.is_wide(core)).then_some((core, imm))
    }

    /// Answers that may need 64 bits: ids of types in modules (their upper half is the
    /// module's, as libbpf has it) and values of enumerators.
    fn is_wide(&self, core: CoreId) -> bool {
        matches!(
            self.body.cores[core].query.kind,
            CoreKind::TypeIdLocal
                | CoreKind::TypeIdTarget
                | CoreKind::EnumvalExists
                | CoreKind::EnumvalValue
        )
    }

    /// `dst = value`, for any value.
    pub fn put(&mut self, dst: VReg, value: Value) {
        match self.body.op(value) {
            IrOp::Const(n) => self.put_constant(dst, self.body.ty(value), n),
            IrOp::Undef => self.emit_imm(AluOp::Mov, dst, 0),
            IrOp::SlotAddr(slot, offset) => self.emit(Op::SlotAddr { dst, slot, offset }),
            IrOp::GlobalAddr(global, offset) => self.put_global_addr(dst, global, offset),
            IrOp::FuncAddr(func) => {
                let symbol = Symbol::Func(func);
                self.emit(Op::LoadSymbol { dst, symbol });
            }
            IrOp::Core(core) => self.put_core(dst, core),
            _ => {
                let src = self.define(value);
                self.emit_copy(dst, src);
            }
        }
    }

    /// The kernel refuses a program in which the address of a place outside of its object is
    /// loaded (`array_map_direct_value_addr` in Linux 6.12 `kernel/bpf/arraymap.c`), although
    /// nothing may ever come there.
    fn put_global_addr(&mut self, dst: VReg, global: GlobalId, offset: i32) {
        let object = &self.module.globals[global];
        let is_variable = matches!(object.kind, GlobalKind::Data | GlobalKind::Constant);
        let is_inside = u64::try_from(offset).is_ok_and(|offset| offset < object.size.max(1));
        match is_variable && !is_inside {
            true => {
                let symbol = Symbol::Global(global, 0);
                self.emit(Op::LoadSymbol { dst, symbol });
                self.emit_imm(AluOp::Add, dst, offset);
            }
            false => {
                let symbol = Symbol::Global(global, offset);
                self.emit(Op::LoadSymbol { dst, symbol });
            }
        }
    }

    fn put_constant(&mut self, dst: VReg, ty: Type, n: i64) {
        let (width, imm) = if ty == Type::I32 {
            (Width::W32, n as i32)
        } else if let Ok(imm) = i32::try_from(n) {
            (Width::W64, imm)
        } else if let Ok(low) = u32::try_from(n) {
            // A 32-bit move clears the upper half.
            (Width::W32, low as i32)
        } else {
            let value = n as u64;
            return self.emit(Op::LoadImm { dst, value });
        };
        self.emit_alu(width, AluOp::Mov, dst, Source::Imm(imm));
    }

    fn put_core(&mut self, dst: VReg, core: CoreId) {
        let local = self.body.cores[core].local;
        let op = match i32::try_from(local) {
            Ok(imm) if !self.is_wide(core) => {
                Op::Alu { width: Width::W64, op: AluOp::Mov, dst, src: Source::Imm(imm) }
            }
            _ => {
                let value = local as u64;
                Op::LoadImm { dst, value }
            }
        };
        self.emit_core(op, Some(core));
    }

    /// A register to be changed that starts as a copy of `value`.
    pub fn copy_of(&mut self, value: Value) -> VReg {
        let copy = self.new_register();
        self.put(copy, value);
        copy
    }
}
