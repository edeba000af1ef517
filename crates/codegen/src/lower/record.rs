//! Records as values, and how functions pass them: up to 8 bytes in a register, larger
//! ones through memory that the caller owns.

use super::Ctx;
use super::convert::scalar;
use crate::ir::*;
use bpfc_typeck::hir;

/// How a parameter or result is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passing {
    /// Not at all.
    Void,
    /// As a value.
    Scalar(Type),
    /// A record of so many bytes in the low bytes of an `i64`.
    Packed(u32),
    /// A record through a pointer; for results it is the first argument.
    Memory,
}

impl Passing {
    pub(super) fn is_memory(self) -> bool {
        matches!(self, Passing::Memory)
    }
}

pub(super) fn passing(types: &hir::Types, ty: hir::TypeId) -> Passing {
    match scalar(types, ty) {
        Some(scalar) if scalar.ty() == Type::Ptr => Passing::Scalar(Type::Ptr),
        Some(_) => Passing::Scalar(Type::I64),
        None => match types.size_of(ty) {
            None | Some(0) => Passing::Void,
            Some(size @ 1..=8) => Passing::Packed(size as u32),
            Some(_) => Passing::Memory,
        },
    }
}

/// Types of the parameters and of the result of a function of type `ty`.
pub(super) fn signature(types: &hir::Types, ty: hir::TypeId) -> (Vec<Type>, Type) {
    let hir::Type::Func(func) = types.resolve(ty) else {
        return (Vec::new(), Type::Void);
    };
    let mut params = Vec::new();
    let ret = match passing(types, func.ret.ty) {
        Passing::Void => Type::Void,
        Passing::Scalar(ty) => ty,
        Passing::Packed(_) => Type::I64,
        Passing::Memory => {
            params.push(Type::Ptr);
            Type::Void
        }
    };
    for param in &func.params {
        match passing(types, param.ty) {
            Passing::Void => {}
            Passing::Scalar(ty) => params.push(ty),
            Passing::Packed(_) => params.push(Type::I64),
            Passing::Memory => params.push(Type::Ptr),
        }
    }
    (params, ret)
}

impl Ctx<'_> {
    /// Stores the parameters into their locals.
    pub(super) fn lower_params(&mut self) {
        let entry = self.out.entry;
        if let hir::Type::Func(func) = self.types.resolve(self.module.funcs[self.func].ty) {
            self.ret = passing(self.types, func.ret.ty);
        }
        if self.ret == Passing::Memory {
            self.ret_ptr = Some(self.out.push_param(entry, Type::Ptr, self.span));
        }
        let hir = self.hir;
        for (id, local) in hir.locals.iter_enumerated().take(hir.n_params) {
            self.span = local.span;
            let home = self.slots[id];
            let home = Address::new(self.out.slot_addr(home, 0), 0);
            let ty = local.ty.ty;
            match passing(self.types, ty) {
                Passing::Void => {}
                Passing::Scalar(register) => {
                    let param = self.out.push_param(entry, register, self.span);
                    let scalar = self.scalar(ty, local.span);
                    let value = self.scalar_from_register(param, scalar);
                    self.emit(Op::Store(Access::new(home, scalar.width()), value), Type::Void);
                }
                Passing::Packed(n_bytes) => {
                    let param = self.out.push_param(entry, Type::I64, self.span);
                    self.unpack(home, param, n_bytes);
                }
                Passing::Memory => {
                    let param = self.out.push_param(entry, Type::Ptr, self.span);
                    self.copy_record(home, Address::new(param, 0), ty);
                }
            }
        }
    }

    /// Copies a record of type `ty`.
    pub(super) fn copy_record(&mut self, dst: Address, src: Address, ty: hir::TypeId) {
        let align = self.types.align_of(ty).unwrap_or(1);
        let n_bytes = self.types.size_of(ty).unwrap_or(0);
        self.mem_copy(dst, src, n_bytes, align);
    }

    pub(super) fn mem_copy(&mut self, dst: Address, src: Address, n_bytes: u64, align: u32) {
        let Ok(n_bytes) = u32::try_from(n_bytes) else {
            let span = self.span;
            return self.report(span, "the object is too large to be copied");
        };
        if n_bytes != 0 && dst != src {
            self.emit(Op::MemCopy { dst, src, n_bytes, align }, Type::Void);
        }
    }

    /// Evaluates a record; where it is afterwards.
    pub(super) fn lower_record(&mut self, id: hir::ExprId) -> Address {
        let expr = &self.hir.exprs[id];
        self.span = expr.span;
        match &expr.kind {
            hir::ExprKind::Load(place) => self.lower_place(*place).address,
            hir::ExprKind::Assign { place, value } => {
                let dst = self.lower_place(*place);
                let src = self.lower_record(*value);
                self.span = expr.span;
                let n_bytes = self.types.size_of(expr.ty).unwrap_or(0);
                self.mem_copy(dst.address, src, n_bytes, dst.align);
                dst.address
            }
            hir::ExprKind::Comma(first, second) => {
                self.lower_effect(*first);
                self.lower_record(*second)
            }
            hir::ExprKind::StmtExpr { stmts, value: Some(value) } => {
                self.lower_stmts(stmts);
                self.lower_record(*value)
            }
            hir::ExprKind::Cast(inner) if self.types.record_of(expr.ty).is_some() => {
                self.lower_record(*inner)
            }
            hir::ExprKind::Conditional { cond, then, otherwise } => {
                let temp = self.temp_address(expr.ty);
                let (yes, no, join) = (self.new_block(), self.new_block(), self.new_block());
                self.lower_cond(*cond, yes, no);
                for (block, arm) in [(yes, *then), (no, *otherwise)] {
                    self.start_block(block);
                    let src = self.lower_record(arm);
                    self.copy_record(temp, src, expr.ty);
                    self.jump(join);
                }
                self.start_block(join);
                temp
            }
            hir::ExprKind::Call { callee, args } => {
                let temp = self.temp_address(expr.ty);
                match passing(self.types, expr.ty) {
                    Passing::Memory => {
                        let temp = self.address_value(temp);
                        self.lower_call(*callee, args, Some(temp), Type::Void);
                    }
                    Passing::Packed(n_bytes) => {
                        let value = self.lower_call(*callee, args, None, Type::I64);
                        self.unpack(temp, value, n_bytes);
                    }
                    _ => {
                        self.lower_call(*callee, args, None, Type::Void);
                    }
                }
                temp
            }
            _ => {
                let span = expr.span;
                self.report(span, "this record cannot be computed in BPF");
                self.temp_address(expr.ty)
            }
        }
    }

    fn temp_address(&mut self, ty: hir::TypeId) -> Address {
        let slot = self.new_temp(ty);
        Address::new(self.out.slot_addr(slot, 0), 0)
    }

    /// A record argument as it is passed. Callees copy what they get through memory, so
    /// nobody needs a copy here.
    pub(super) fn lower_record_arg(&mut self, id: hir::ExprId) -> Option<Value> {
        let ty = self.hir.exprs[id].ty;
        let address = match self.is_wide(id) {
            true => self.wide_in_memory(id),
            false => self.lower_record(id),
        };
        match passing(self.types, ty) {
            Passing::Packed(n_bytes) => Some(self.pack(address, n_bytes)),
            Passing::Memory => Some(self.address_value(address)),
            Passing::Void | Passing::Scalar(_) => None,
        }
    }

    /// Returns a record.
    pub(super) fn return_record(&mut self, id: hir::ExprId) {
        let ty = self.hir.exprs[id].ty;
        let src = match self.is_wide(id) {
            true => self.wide_in_memory(id),
            false => self.lower_record(id),
        };
        let value = match (self.ret, self.ret_ptr) {
            (Passing::Packed(n_bytes), _) => Some(self.pack(src, n_bytes)),
            (Passing::Memory, Some(ptr)) => {
                self.copy_record(Address::new(ptr, 0), src, ty);
                None
            }
            _ => None,
        };
        self.end_block(Term::Return(value));
    }

    /// Reads up to 8 bytes into one value, in pieces whose sizes are powers of two.
    fn pack(&mut self, address: Address, n_bytes: u32) -> Value {
        let mut all = self.zero(Type::I64);
        for (offset, width) in pieces(n_bytes) {
            let access = self.piece(address, offset, width);
            let piece = self.emit(Op::Load(access), Type::I64);
            let piece = self.binary_const(BinaryOp::Shl, piece, i64::from(offset) * 8);
            all = self.binary(BinaryOp::Or, piece, all);
        }
        all
    }

    fn unpack(&mut self, address: Address, value: Value, n_bytes: u32) {
        for (offset, width) in pieces(n_bytes) {
            let piece = self.binary_const(BinaryOp::LShr, value, i64::from(offset) * 8);
            let access = self.piece(address, offset, width);
            self.emit(Op::Store(access, piece), Type::Void);
        }
    }

    fn piece(&mut self, address: Address, offset: u32, width: Width) -> Access {
        let base = self.address_value(address);
        Access { align: 1, ..Access::new(Address::new(base, offset as i32), width) }
    }
}

/// Cuts up to 8 bytes into pieces: offsets and widths.
fn pieces(n_bytes: u32) -> Vec<(u32, Width)> {
    let mut pieces = Vec::new();
    let mut offset = 0;
    for width in Width::ALL.into_iter().rev() {
        while n_bytes - offset >= width.bytes() {
            pieces.push((offset, width));
            offset += width.bytes();
        }
    }
    pieces
}
