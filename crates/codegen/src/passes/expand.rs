//! What has no instruction becomes several: copies and fills of memory, accesses to the
//! frame that are not aligned, signed division, constants that a store cannot hold.
//!
//! Runs for every program, optimised or not, before instruction selection.

use crate::analysis::{Region, regions};
use crate::ir::*;
use bpfc_base::{IndexVec, Span};
use bpfc_isa::Cpu;

/// Expands every instruction that the back end does not know.
///
/// Ensures: no `memcopy`, `memset`, nor before v4 `sdiv` and `srem`; accesses to slots are aligned; `u64`
/// stores of constants have an immediate that fits (RFC 9669 §5.3).
pub fn expand(module: &Module, id: FuncId, body: &mut Body) {
    align_slots(body);
    let regions = regions(module, id, body);
    for block in body.reverse_postorder() {
        let insts = std::mem::take(&mut body.blocks[block].insts);
        let cpu = module.cpu;
        let mut ctx = Ctx { body, regions: &regions, cpu, block, span: Span::NONE };
        for inst in insts {
            ctx.span = ctx.body.values[inst].span;
            ctx.expand_inst(inst);
        }
    }
}

/// Larger alignment than declared lets wide accesses fill and copy arrays of bytes.
fn align_slots(body: &mut Body) {
    for slot in body.slots.iter_mut() {
        let natural = match slot.size {
            0 => 1,
            1 => 1,
            2 | 3 => 2,
            4..=7 => 4,
            _ => 8,
        };
        slot.align = slot.align.max(natural);
    }
}

struct Ctx<'a> {
    body: &'a mut Body,
    regions: &'a IndexVec<Value, Region>,
    cpu: Cpu,
    block: BlockId,
    span: Span,
}

impl Ctx<'_> {
    fn push(&mut self, op: Op, ty: Type) -> Value {
        self.body.push(self.block, op, ty, self.span)
    }

    fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        let ty = self.body.ty(a);
        self.push(Op::Binary(op, a, b), ty)
    }

    fn binary_const(&mut self, op: BinaryOp, a: Value, n: i64) -> Value {
        let ty = self.body.ty(a);
        let n = self.body.constant(ty, n);
        self.push(Op::Binary(op, a, n), ty)
    }

    fn expand_inst(&mut self, inst: Value) {
        match self.body.op(inst) {
            Op::MemSet { dst, byte, n_bytes, align } => self.expand_fill(dst, byte, n_bytes, align),
            Op::MemCopy { dst, src, n_bytes, align } => self.expand_copy(dst, src, n_bytes, align),
            Op::Load(access) => match self.split_width(access) {
                Some(width) => self.split_load(inst, access, width),
                None => self.keep(inst),
            },
            Op::Store(access, value) => self.expand_store(inst, access, value),
            Op::Binary(op @ (BinaryOp::SDiv | BinaryOp::SRem), a, b) => {
                self.expand_division(inst, op, a, b);
            }
            _ => self.keep(inst),
        }
    }

    fn keep(&mut self, inst: Value) {
        self.body.blocks[self.block].insts.push(inst);
    }

    /// Makes `inst` what `op` is, at the end of the block.
    fn finish(&mut self, inst: Value, op: Op) {
        self.body.values[inst].op = op;
        self.keep(inst);
    }

    /// What alignment accesses at this address need: the kernel's verifier insists on it
    /// for the stack (`check_ptr_alignment`, Linux 6.12) and, in the `is_valid_access` of
    /// most program types, for the context; of unknown pointers the type is all that is known.
    fn usable_align(&self, address: Address, declared: u32) -> u32 {
        if let Some((slot, offset)) = self.body.as_slot(address) {
            let align = self.body.slots[slot].align.min(8);
            return match offset {
                0 => align,
                n => align.min(1 << n.trailing_zeros().min(3)),
            };
        }
        match self.regions.get(address.base).copied().unwrap_or(Region::Unknown) {
            Region::Data(_) | Region::Result(_) | Region::FromCtx => 8,
            Region::Ctx | Region::Stack(_) | Region::Unknown | Region::None => declared,
        }
    }

    /// The width in which an access must be made, if not its own.
    fn split_width(&self, access: Access) -> Option<Width> {
        let align = self.usable_align(access.address, access.align);
        if access.is_volatile || align >= access.width.bytes() {
            return None;
        }
        Width::from_bytes(align.into())
    }

    fn split_load(&mut self, inst: Value, access: Access, width: Width) {
        let ty = self.body.ty(inst);
        let int = if ty == Type::I32 { Type::I32 } else { Type::I64 };
        let mut all = None;
        for start in (0..access.width.bytes()).step_by(width.bytes() as usize) {
            let piece = self.push(Op::Load(part(access, start, width)), int);
            let total = access.width.bytes();
            let piece = match self.body.shift_of_bytes(start, width.bytes(), total) {
                0 => piece,
                shift => self.binary_const(BinaryOp::Shl, piece, shift.into()),
            };
            all = Some(match all {
                None => piece,
                Some(all) => self.binary(BinaryOp::Or, all, piece),
            });
        }
        let all = all.expect("an access has at least one byte");
        let op = match ty {
            Type::Ptr => Op::IntToPtr(all),
            // The last operation gives its place to the load's own id.
            _ => {
                let insts = &mut self.body.blocks[self.block].insts;
                insts.pop();
                self.body.op(all)
            }
        };
        self.finish(inst, op);
    }

    fn expand_store(&mut self, inst: Value, access: Access, value: Value) {
        if let Some(width) = self.split_width(access) {
            let value = match self.body.ty(value) {
                Type::Ptr => self.push(Op::PtrToInt(value), Type::I64),
                _ => value,
            };
            return self.store_pieces(access, value, width);
        }
        let is_long = |n: i64| access.width == Width::W64 && i32::try_from(n).is_err();
        match self.body.as_const(value) {
            // Two immediates are shorter than a 64-bit constant in a register.
            Some(n) if is_long(n) && !access.is_volatile => {
                self.store_pieces(access, value, Width::W32);
            }
            _ => self.finish(inst, Op::Store(access, value)),
        }
    }

    /// The constant whose low bits are those of `n`, sign-extended.
    fn immediate(&mut self, n: i64, width: Width) -> Value {
        let shift = 64 - width.bits();
        self.body.constant(Type::I64, n << shift >> shift)
    }

    fn store_pieces(&mut self, access: Access, value: Value, width: Width) {
        for start in (0..access.width.bytes()).step_by(width.bytes() as usize) {
            let total = access.width.bytes();
            let shift = i64::from(self.body.shift_of_bytes(start, width.bytes(), total));
            let piece = match self.body.as_const(value) {
                Some(n) => self.immediate(n >> shift, width),
                None if shift == 0 => value,
                None => self.binary_const(BinaryOp::LShr, value, shift),
            };
            self.push(Op::Store(part(access, start, width), piece), Type::Void);
        }
    }

    /// Widest accesses for the rest of a block of memory.
    fn next_width(n_left: u32, align: u32) -> Width {
        let fits = |width: &Width| width.bytes() <= n_left && width.bytes() <= align;
        Width::ALL.into_iter().rev().find(fits).unwrap_or(Width::W8)
    }

    fn at(&mut self, address: Address, offset: u32) -> Address {
        let moved = i64::from(address.offset) + i64::from(offset);
        match i16::try_from(moved) {
            Ok(moved) if address.core.is_none() => Address::new(address.base, moved.into()),
            _ => {
                let moved = match address.core {
                    Some(core) => {
                        let core = self.body.leaf(Op::Core(core), Type::I64);
                        let base = self.push(Op::PtrAdd(address.base, core), Type::Ptr);
                        return Address::new(base, offset as i32);
                    }
                    None => self.body.constant(Type::I64, moved),
                };
                Address::new(self.push(Op::PtrAdd(address.base, moved), Type::Ptr), 0)
            }
        }
    }

    fn expand_fill(&mut self, dst: Address, byte: Value, n_bytes: u32, align: u32) {
        let dst = self.at(dst, 0);
        let byte = match self.body.as_const(byte) {
            Some(n) => self.body.constant(Type::I64, i64::from_ne_bytes([n as u8; 8])),
            None => {
                let wide = self.push(Op::Zext(byte), Type::I64);
                let low = self.binary_const(BinaryOp::And, wide, 0xff);
                self.binary_const(BinaryOp::Mul, low, i64::from_ne_bytes([1; 8]))
            }
        };
        let mut start = 0;
        while start < n_bytes {
            let address = self.at(dst, start);
            let width = Self::next_width(n_bytes - start, self.usable_align(address, align));
            let access = Access { align: width.bytes(), ..Access::new(address, width) };
            let value = match self.body.as_const(byte) {
                Some(n) => self.immediate(n, width),
                None => byte,
            };
            match self.body.as_const(value) {
                Some(n) if width == Width::W64 && i32::try_from(n).is_err() => {
                    self.store_pieces(access, value, Width::W32);
                }
                _ => {
                    self.push(Op::Store(access, value), Type::Void);
                }
            }
            start += width.bytes();
        }
    }

    fn expand_copy(&mut self, dst: Address, src: Address, n_bytes: u32, align: u32) {
        let (dst, src) = (self.at(dst, 0), self.at(src, 0));
        let mut start = 0;
        while start < n_bytes {
            let (to, from) = (self.at(dst, start), self.at(src, start));
            let align = self.usable_align(to, align).min(self.usable_align(from, align));
            let width = Self::next_width(n_bytes - start, align);
            let access = |address| Access::new(address, width);
            let ty = if width == Width::W64 { Type::I64 } else { Type::I32 };
            let value = self.push(Op::Load(access(from)), ty);
            self.push(Op::Store(access(to), value), Type::Void);
            start += width.bytes();
        }
    }

    /// On magnitudes, with the sign put back; BPF divides signed from ISA v4 on only.
    fn expand_division(&mut self, inst: Value, op: BinaryOp, a: Value, b: Value) {
        let ty = self.body.ty(inst);
        let top = i64::from(ty.bits()) - 1;
        if let (Some(n), BinaryOp::SDiv) = (self.body.as_const(b), op)
            && n > 1
            && n.count_ones() == 1
        {
            // Rounding is towards zero: n - 1 is added to negative numbers.
            let shift = i64::from(n.trailing_zeros());
            let sign = self.binary_const(BinaryOp::AShr, a, top);
            let bias = self.binary_const(BinaryOp::LShr, sign, top + 1 - shift);
            let biased = self.binary(BinaryOp::Add, a, bias);
            let shift = self.body.constant(ty, shift);
            return self.finish(inst, Op::Binary(BinaryOp::AShr, biased, shift));
        }
        if self.cpu >= Cpu::V4 {
            return self.keep(inst);
        }
        let (sign_a, size_a) = self.magnitude(a, top);
        let (sign_b, size_b) = match self.body.as_const(b) {
            Some(n) => (self.body.constant(ty, n >> 63), self.body.constant(ty, n.wrapping_abs())),
            None => self.magnitude(b, top),
        };
        let (unsigned, sign) = match op {
            BinaryOp::SDiv if self.body.as_const(sign_b) == Some(0) => (BinaryOp::UDiv, sign_a),
            BinaryOp::SDiv => (BinaryOp::UDiv, self.binary(BinaryOp::Xor, sign_a, sign_b)),
            _ => (BinaryOp::URem, sign_a),
        };
        let result = self.binary(unsigned, size_a, size_b);
        let result = self.binary(BinaryOp::Xor, result, sign);
        self.finish(inst, Op::Binary(BinaryOp::Sub, result, sign));
    }

    /// All ones if negative, and the absolute value.
    fn magnitude(&mut self, value: Value, top: i64) -> (Value, Value) {
        let sign = self.binary_const(BinaryOp::AShr, value, top);
        let flipped = self.binary(BinaryOp::Xor, value, sign);
        (sign, self.binary(BinaryOp::Sub, flipped, sign))
    }
}

fn part(access: Access, start: u32, width: Width) -> Access {
    let mut part = Access { width, align: width.bytes(), ..access };
    part.address.offset += start as i32;
    part
}
