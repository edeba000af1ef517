//! Records as values, and how functions pass them. As with clang, parameters of up to 16 bytes
//! take one or two registers, and larger ones go through memory that the caller owns. Results of
//! up to 8 bytes take a register; larger ones go through memory, too, which clang has only for
//! calls that it inlines.

use super::Ctx;
use super::convert::scalar;
use crate::ir::*;
use bpfc_isa::Endian;
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
    /// A parameter of 9 to 16 bytes, so many, in two `i64`.
    Pair(u32),
    /// A record through a pointer; for results it is the first argument.
    Memory,
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

/// [`passing`] of a parameter.
fn param_passing(types: &hir::Types, ty: hir::TypeId) -> Passing {
    match (passing(types, ty), types.size_of(ty)) {
        (Passing::Memory, Some(size @ 9..=16)) => Passing::Pair(size as u32),
        (passing, _) => passing,
    }
}

/// Values of a call beyond which the rest goes through memory. Only calls that are inlined have as
/// many; one more is the pointer that is called.
const MAX_DIRECT: usize = ArgList::MAX - 1;

/// Types of the parameters and of the result of a function of type `ty`.
pub(super) fn signature(types: &hir::Types, ty: hir::TypeId) -> (Vec<Type>, Type) {
    let (mut params, ret) = signature_parts(types, ty);
    if params.len() > MAX_DIRECT {
        params.truncate(MAX_DIRECT - 1);
        params.push(Type::Ptr);
    }
    (params, ret)
}

/// The same, of any number of parameters.
fn signature_parts(types: &hir::Types, ty: hir::TypeId) -> (Vec<Type>, Type) {
    let hir::Type::Func(func) = types.resolve(ty) else {
        return (Vec::new(), Type::Void);
    };
    let mut params = Vec::new();
    let ret = match passing(types, func.ret.ty) {
        Passing::Void => Type::Void,
        Passing::Scalar(ty) => ty,
        Passing::Packed(_) => Type::I64,
        Passing::Memory | Passing::Pair(_) => {
            params.push(Type::Ptr);
            Type::Void
        }
    };
    for param in &func.params {
        match param_passing(types, param.ty) {
            Passing::Void => {}
            Passing::Scalar(ty) => params.push(ty),
            Passing::Packed(_) => params.push(Type::I64),
            Passing::Pair(_) => params.extend([Type::I64; 2]),
            Passing::Memory => params.push(Type::Ptr),
        }
    }
    (params, ret)
}

/// The parameters of a function, one after the other.
struct Incoming {
    /// How many are passed as values.
    n_direct: usize,
    n_taken: usize,
    /// Where the others are.
    rest: Option<Value>,
}

impl Ctx<'_> {
    /// Stores the parameters into their locals.
    pub(super) fn lower_params(&mut self) {
        let func = self.module.funcs[self.func].ty;
        let n_params = signature_parts(self.types, func).0.len();
        let n_direct = if n_params > MAX_DIRECT { MAX_DIRECT - 1 } else { n_params };
        let mut incoming = Incoming { n_direct, n_taken: 0, rest: None };
        if let hir::Type::Func(func) = self.types.resolve(func) {
            self.ret = passing(self.types, func.ret.ty);
        }
        if self.ret == Passing::Memory {
            self.ret_ptr = Some(self.next_param(&mut incoming, Type::Ptr));
        }
        let hir = self.hir;
        for (id, local) in hir.locals.iter_enumerated().take(hir.n_params) {
            self.span = local.span;
            let home = self.slots[id];
            let home = Address::new(self.out.slot_addr(home, 0), 0);
            let ty = local.ty.ty;
            match param_passing(self.types, ty) {
                Passing::Void => {}
                Passing::Scalar(register) => {
                    let param = self.next_param(&mut incoming, register);
                    let scalar = self.scalar(ty, local.span);
                    let value = self.scalar_from_register(param, scalar);
                    self.emit(Op::Store(Access::new(home, scalar.width()), value), Type::Void);
                }
                Passing::Packed(n_bytes) => {
                    let param = self.next_param(&mut incoming, Type::I64);
                    let bytes = self.bytes(home, ty, n_bytes);
                    self.unpack(bytes, param);
                }
                Passing::Pair(n_bytes) => {
                    let halves = [(); 2].map(|()| self.next_param(&mut incoming, Type::I64));
                    let bytes = self.bytes(home, ty, n_bytes);
                    self.unpack_pair(bytes, halves);
                }
                Passing::Memory => {
                    let param = self.next_param(&mut incoming, Type::Ptr);
                    self.copy_record(home, Address::new(param, 0), ty);
                }
            }
        }
    }

    fn next_param(&mut self, incoming: &mut Incoming, ty: Type) -> Value {
        let (entry, span) = (self.out.entry, self.span);
        let idx = incoming.n_taken;
        incoming.n_taken += 1;
        let Some(nth) = idx.checked_sub(incoming.n_direct) else {
            return self.out.push_param(entry, ty, span);
        };
        let out = &mut self.out;
        let rest = *incoming.rest.get_or_insert_with(|| out.push_param(entry, Type::Ptr, span));
        let at = Address::new(rest, nth as i32 * 8);
        self.emit(Op::Load(Access::new(at, Width::W64)), ty)
    }

    /// Puts what is too much for a list of arguments into memory.
    pub(super) fn pass_rest(&mut self, values: &mut Vec<Value>) {
        if values.len() <= MAX_DIRECT {
            return;
        }
        let rest = values.split_off(MAX_DIRECT - 1);
        let size = rest.len() as u32 * 8;
        let slot = self.out.slots.push(Slot { size, align: 8, name: None });
        let base = self.out.slot_addr(slot, 0);
        for (nth, value) in rest.into_iter().enumerate() {
            let at = Address::new(base, nth as i32 * 8);
            self.emit(Op::Store(Access::new(at, Width::W64), value), Type::Void);
        }
        values.push(base);
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
                        let bytes = self.bytes(temp, expr.ty, n_bytes);
                        self.unpack(bytes, value);
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
    pub(super) fn lower_record_arg(&mut self, id: hir::ExprId, values: &mut Vec<Value>) {
        let ty = self.hir.exprs[id].ty;
        let address = match self.is_wide(id) {
            true => self.wide_in_memory(id),
            false => self.lower_record(id),
        };
        match param_passing(self.types, ty) {
            Passing::Packed(n_bytes) => {
                let bytes = self.bytes(address, ty, n_bytes);
                values.push(self.pack(bytes));
            }
            Passing::Pair(n_bytes) => {
                let bytes = self.bytes(address, ty, n_bytes);
                values.extend(self.pack_pair(bytes));
            }
            Passing::Memory => values.push(self.address_value(address)),
            Passing::Void | Passing::Scalar(_) => {}
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
            (Passing::Packed(n_bytes), _) => {
                let bytes = self.bytes(src, ty, n_bytes);
                Some(self.pack(bytes))
            }
            (Passing::Memory, Some(ptr)) => {
                self.copy_record(Address::new(ptr, 0), src, ty);
                None
            }
            _ => None,
        };
        self.end_block(Term::Return(value));
    }

    /// The bytes of a record of type `ty` at `address`.
    fn bytes(&mut self, address: Address, ty: hir::TypeId, n_bytes: u32) -> Bytes {
        let address = match address.core {
            Some(_) => Address::new(self.address_value(address), 0),
            None => address,
        };
        let align = self.types.align_of(ty).unwrap_or(1).min(8);
        Bytes { address, n_bytes, align }
    }

    /// Reads up to 8 bytes into one value, in pieces whose sizes are powers of two.
    fn pack(&mut self, bytes: Bytes) -> Value {
        let mut all = None;
        for (offset, width) in pieces(bytes.n_bytes) {
            let access = self.piece(bytes, offset, width);
            let piece = self.emit(Op::Load(access), Type::I64);
            // What fills a register may be a pointer: nothing is done to that.
            let piece = match self.piece_shift(bytes, offset, width) {
                0 => piece,
                shift => self.binary_const(BinaryOp::Shl, piece, shift),
            };
            all = Some(match all {
                None => piece,
                Some(all) => self.binary(BinaryOp::Or, piece, all),
            });
        }
        all.unwrap_or_else(|| self.zero(Type::I64))
    }

    fn unpack(&mut self, bytes: Bytes, value: Value) {
        for (offset, width) in pieces(bytes.n_bytes) {
            let piece = match self.piece_shift(bytes, offset, width) {
                0 => value,
                shift => self.binary_const(BinaryOp::LShr, value, shift),
            };
            let access = self.piece(bytes, offset, width);
            self.emit(Op::Store(access, piece), Type::Void);
        }
    }

    /// Where a piece is in the register.
    fn piece_shift(&self, bytes: Bytes, offset: u32, width: Width) -> i64 {
        let n_bytes = match self.out.endian {
            Endian::Little => offset,
            Endian::Big => bytes.n_bytes - offset - width.bytes(),
        };
        i64::from(n_bytes) * 8
    }

    fn pack_pair(&mut self, bytes: Bytes) -> [Value; 2] {
        let [first, second] = bytes.halves();
        let [first, second] = [self.pack(first), self.pack(second)];
        let second = match self.pair_shift(bytes) {
            0 => second,
            shift => self.binary_const(BinaryOp::Shl, second, shift),
        };
        [first, second]
    }

    fn unpack_pair(&mut self, bytes: Bytes, [first, second]: [Value; 2]) {
        let second = match self.pair_shift(bytes) {
            0 => second,
            shift => self.binary_const(BinaryOp::LShr, second, shift),
        };
        let halves = bytes.halves();
        self.unpack(halves[0], first);
        self.unpack(halves[1], second);
    }

    /// The second register is filled as if it had been read from memory.
    fn pair_shift(&self, bytes: Bytes) -> i64 {
        match self.out.endian {
            Endian::Little => 0,
            Endian::Big => i64::from(16 - bytes.n_bytes) * 8,
        }
    }

    fn piece(&mut self, bytes: Bytes, offset: u32, width: Width) -> Access {
        let offset = bytes.address.offset + offset as i32;
        let address = self.fit(Address { offset, ..bytes.address });
        let align = bytes.align.min(width.bytes());
        Access { align, ..Access::new(address, width) }
    }
}

/// A record in memory, of which up to 16 bytes are passed.
#[derive(Clone, Copy)]
struct Bytes {
    address: Address,
    n_bytes: u32,
    align: u32,
}

impl Bytes {
    /// What goes into the first and into the second register.
    fn halves(self) -> [Bytes; 2] {
        let offset = self.address.offset + 8;
        let second = Address { offset, ..self.address };
        [Bytes { n_bytes: 8, ..self }, Bytes { address: second, n_bytes: self.n_bytes - 8, ..self }]
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
