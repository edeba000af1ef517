//! Loads, stores and atomic operations.

use super::{Machine, Mark};
use crate::domain::Scalar;
use crate::program::Content;
use crate::state::{Byte, Kind, MapIdx, PtrFlags, Slot, StackSlot, State, Value, place};
use bpfc_isa::{AtomicOp, Insn, LoadType, Reg, Size, Src};
use bpfc_kabi::{AccessOp, CtxValue, ObjectKind, access_ctx};

/// Which bytes of the stack an access touches.
#[derive(Clone, Copy)]
struct StackAccess {
    frame: u8,
    /// Offset of the first byte, from the frame pointer.
    min: i64,
    /// The largest offset of the first byte.
    max: i64,
    n_bytes: u32,
}

impl StackAccess {
    fn is_fixed(&self) -> bool {
        self.min == self.max
    }

    /// The number of bytes that may be touched.
    fn span(&self) -> u32 {
        (self.max - self.min) as u32 + self.n_bytes
    }

    fn slot(&self) -> StackSlot {
        StackSlot { frame: self.frame, slot: place(self.min).0 as u8 }
    }
}

impl Machine<'_> {
    /// An instruction that loads or stores.
    pub(super) fn memory(&mut self, state: &mut State, insn: Insn) {
        match insn {
            Insn::Load { ty, dst, base, off } => {
                let mut value = self.load(state, base, off, ty.size());
                let signed_bits = match ty {
                    LoadType::S8 => Some(8),
                    LoadType::S16 => Some(16),
                    LoadType::S32 => Some(32),
                    _ => None,
                };
                if let (Some(bits), Kind::Scalar) = (signed_bits, value.kind) {
                    value.number.sign_extend(bits, 64);
                    value.id = 0;
                }
                state.set(dst, value);
            }
            Insn::LoadAcquire { size, dst, base, off } => {
                let value = self.load(state, base, off, size);
                state.set(dst, value);
            }
            Insn::Store { size, base, off, src } => self.store(state, base, off, size, src),
            Insn::StoreRelease { size, base, off, src } => {
                self.store(state, base, off, size, Src::Reg(src))
            }
            Insn::Atomic { op, width, base, off, src } => {
                self.atomic(state, op, width.size(), base, off, src)
            }
            _ => unreachable!("the caller selects"),
        }
    }

    /// What a load gives, zero-extended.
    fn load(&mut self, state: &mut State, base: Reg, off: i16, size: Size) -> Value {
        let origin = state.insn_idx;
        let pointer = *state.reg(base);
        let n_bytes = size.bytes();
        let number = || Value::scalar(Scalar::of_bytes(n_bytes), origin);
        match pointer.kind {
            Kind::Stack { frame } => {
                let access = stack_access(&pointer, frame, off, n_bytes);
                self.load_stack(state, &access, origin)
            }
            Kind::Ctx => self.load_ctx(off, n_bytes, origin),
            Kind::Typed(_) => self.load_object(state, &pointer, off, n_bytes),
            Kind::MapValue(map) => match self.load_kptr(state, &pointer, map, off, n_bytes) {
                Some(value) => value,
                None => self.load_map(&pointer, map, off, n_bytes, origin),
            },
            // This may be the context, whose packet pointers are 4 bytes wide.
            Kind::Unknown if n_bytes >= 4 => Value::unknown(origin),
            // What is behind these may be a pointer.
            Kind::Unknown | Kind::Btf | Kind::Map(_)
                if n_bytes == 8 || self.program.prog_type.is_none() =>
            {
                Value::unknown(origin)
            }
            _ => number(),
        }
    }

    fn load_ctx(&mut self, off: i16, n_bytes: u32, origin: u32) -> Value {
        let Some(prog_type) = self.program.prog_type else {
            return Value::unknown(origin);
        };
        if bpfc_kabi::context_of(prog_type) == bpfc_kabi::ContextKind::Btf {
            if let Some(value) = self.load_hook(off, n_bytes, origin) {
                return value;
            }
            self.gaps.insert("arguments of programs whose context is described by BTF".to_owned());
            return Value::unknown(origin);
        }
        let offset = u32::try_from(off).unwrap_or(u32::MAX);
        let attach = self.program.attach_type;
        let value = access_ctx(prog_type, attach, offset, n_bytes, AccessOp::Read);
        let nullable = |machine: &mut Self, kind| Value {
            is_nullable: true,
            id: machine.fresh_id(),
            ..Value::pointer(kind, origin)
        };
        match value {
            Ok(CtxValue::Packet) => Value::pointer(Kind::Packet, origin),
            Ok(CtxValue::PacketEnd) => Value::pointer(Kind::PacketEnd, origin),
            Ok(CtxValue::PacketMeta) => Value::pointer(Kind::PacketMeta, origin),
            Ok(CtxValue::Socket) => Value::pointer(Kind::Object(ObjectKind::Socket), origin),
            Ok(CtxValue::SocketOrNull) => nullable(self, Kind::Object(ObjectKind::Socket)),
            Ok(CtxValue::SockCommonOrNull) => nullable(self, Kind::Object(ObjectKind::SockCommon)),
            Ok(CtxValue::FlowKeys) => Value::pointer(Kind::Object(ObjectKind::FlowKeys), origin),
            Ok(CtxValue::Btf(name)) => {
                let kernel = self.program.of_kernel.as_ref();
                match kernel.and_then(|kernel| kernel.find_struct(name)) {
                    Some(ty) => Value::object(ty, PtrFlags::TRUSTED, origin),
                    None => Value::unknown(origin),
                }
            }
            Ok(CtxValue::TracepointBuffer) => Value::pointer(Kind::TracepointBuffer, origin),
            Ok(CtxValue::Scalar) | Err(_) => Value::scalar(Scalar::of_bytes(n_bytes), origin),
        }
    }

    fn load_map(
        &mut self,
        pointer: &Value,
        map: MapIdx,
        off: i16,
        n_bytes: u32,
        origin: u32,
    ) -> Value {
        let info = &self.program.maps[map];
        if n_bytes == 8 && info.may_hold_pointers && self.program.of_kernel.is_none() {
            return Value::unknown(origin);
        }
        let unknown = Value::scalar(Scalar::of_bytes(n_bytes), origin);
        let at = pointer.fixed_offset().map(|fixed| fixed + i64::from(off));
        let Some(at) = at.and_then(|at| u32::try_from(at).ok()) else {
            return unknown;
        };
        let number = match info.content {
            Content::Frozen(data) => {
                let data = &self.program.object.data[data];
                let range = at..at.saturating_add(n_bytes);
                let is_address = |reloc: &bpfc_object::DataReloc| {
                    reloc.offset < range.end && range.start < reloc.offset.saturating_add(8)
                };
                if data.relocs.iter().any(is_address) {
                    return unknown;
                }
                // Bytes that the section does not spell out are zero.
                let byte = |at: u32| u64::from(data.bytes.get(at as usize).copied().unwrap_or(0));
                let is_little = self.program.object.endian == bpfc_isa::Endian::Little;
                let number = range.fold(0_u64, |number, at| match is_little {
                    true => number >> 8 | byte(at) << 56,
                    false => number << 8 | byte(at),
                });
                match is_little {
                    true => number >> (64 - 8 * n_bytes),
                    false => number,
                }
            }
            Content::Number(number) if at == 0 => number,
            _ => return unknown,
        };
        Value::scalar(Scalar::constant(number), origin)
    }

    fn load_stack(&mut self, state: &mut State, access: &StackAccess, origin: u32) -> Value {
        let unknown = Value::scalar(Scalar::of_bytes(access.n_bytes), origin);
        self.read_stack(access.frame, access.min, access.span());
        let Some(frame) = state.frames.get(usize::from(access.frame)) else {
            return Value::unknown(origin);
        };
        let stack = &frame.stack;
        let bytes =
            || (access.min..access.min + i64::from(access.span())).map(|off| stack.byte(off));
        if bytes().any(|byte| byte == Byte::Unknown) {
            return Value::unknown(origin);
        }
        let all_are_zero = bytes().all(|byte| byte == Byte::Zero);
        if !access.is_fixed() {
            return match all_are_zero {
                true => Value::scalar(Scalar::ZERO, origin),
                false => unknown,
            };
        }
        if let Some(slot) = stack.slot(access.min)
            && let Some(spill) = &slot.spill
        {
            let first = place(access.min).1;
            let n_bytes = access.n_bytes as usize;
            let spill_bytes = slot.spill_bytes();
            if first == 0 && n_bytes <= spill_bytes {
                self.slot = Some(access.slot());
                self.is_noted = true;
                return fill(spill, access.n_bytes);
            }
            if first < spill_bytes {
                if spill.kind == Kind::Unknown {
                    return Value::unknown(origin);
                }
                let is_inside = first + n_bytes <= spill_bytes;
                return match is_inside && spill.is_zero() {
                    true => {
                        self.slot = Some(access.slot());
                        self.is_noted = true;
                        Value::scalar(Scalar::ZERO, origin)
                    }
                    false => unknown,
                };
            }
        }
        match all_are_zero {
            true => Value::scalar(Scalar::ZERO, origin),
            false => unknown,
        }
    }

    fn store(&mut self, state: &mut State, base: Reg, off: i16, size: Size, src: Src) {
        let origin = state.insn_idx;
        let pointer = *state.reg(base);
        let Kind::Stack { frame } = pointer.kind else {
            return;
        };
        let access = stack_access(&pointer, frame, off, size.bytes());
        let value = match src {
            Src::Imm(imm) => Value::scalar(Scalar::constant(i64::from(imm) as u64), origin),
            Src::Reg(reg) => {
                let id = match state.reg(reg).number.width_bits() <= size.bytes() * 8 {
                    true => self.link(state, reg),
                    false => 0,
                };
                let mut value = *state.reg(reg);
                if value.is_scalar() {
                    match id {
                        0 => value.unlink(),
                        _ => value.id = id,
                    }
                }
                value
            }
        };
        match self.is_forgotten(&value, src, size) {
            true => {
                let is_known = self.program.is_unprivileged || matches!(src, Src::Reg(_));
                let is_zero = value.is_zero() && is_known;
                let byte = if is_zero { Byte::Zero } else { Byte::Misc };
                self.store_byte(state, &access, byte);
            }
            false => self.store_stack(state, &access, Some(value)),
        }
    }

    /// Whether the kernel that the program is for takes no note of the number that is stored. Numbers of less than 8
    /// bytes are known since Linux 5.16 (354e8f1970f8), immediate ones since 6.3 (ecdf985d7615).
    fn is_forgotten(&self, value: &Value, src: Src, size: Size) -> bool {
        let is_immediate = matches!(src, Src::Imm(_));
        value.is_scalar()
            && (self.program.is_unprivileged
                || is_immediate && self.program.is_before(6, 3)
                || size.bytes() < 8 && self.program.is_before(5, 16))
    }

    /// Stores data of which nothing is known but, perhaps, that it is zero.
    fn store_byte(&mut self, state: &mut State, access: &StackAccess, byte: Byte) {
        if usize::from(access.frame) >= state.frames.len() {
            return;
        }
        self.destroy_dynptrs(
            state,
            access.frame,
            access.min,
            access.min + i64::from(access.span()),
        );
        if access.is_fixed() {
            let slot = access.slot();
            self.slot = Some(slot);
            if access.n_bytes == 8 {
                self.marks.push(Mark::StackWritten(slot));
            }
            let stack = &mut state.frame_mut(access.frame).stack;
            stack.fill(access.min, access.n_bytes, byte);
            if byte == Byte::Zero
                && let Src::Reg(reg) = self.stored_operand(state)
            {
                self.marks.push(Mark::Precise(reg));
            }
        } else {
            let stack = &mut state.frame_mut(access.frame).stack;
            let keeps_zero = stack.fill_some(access.min, access.span(), byte == Byte::Zero);
            self.mark_zero(state, keeps_zero);
        }
    }

    /// Stores a register, or unknown data.
    fn store_stack(&mut self, state: &mut State, access: &StackAccess, value: Option<Value>) {
        if usize::from(access.frame) >= state.frames.len() {
            return;
        }
        self.destroy_dynptrs(
            state,
            access.frame,
            access.min,
            access.min + i64::from(access.span()),
        );
        let is_zero = value.is_some_and(|value| value.is_zero());
        let is_unknown = value.is_some_and(|value| value.kind == Kind::Unknown);
        if !access.is_fixed() {
            let stack = &mut state.frame_mut(access.frame).stack;
            let keeps_zero = stack.fill_some(access.min, access.span(), is_zero);
            self.mark_zero(state, keeps_zero);
            return;
        }
        let slot = access.slot();
        self.slot = Some(slot);
        if access.n_bytes == 8 {
            self.marks.push(Mark::StackWritten(slot));
        }
        let stack = &mut state.frame_mut(access.frame).stack;
        let is_at_start = place(access.min).1 == 0;
        match value {
            Some(value) if is_at_start => {
                self.is_noted = true;
                stack.spill(access.min, access.n_bytes, value);
            }
            _ => {
                let byte = match (is_zero, is_unknown) {
                    (true, _) => Byte::Zero,
                    (_, true) => Byte::Unknown,
                    _ => Byte::Misc,
                };
                stack.fill(access.min, access.n_bytes, byte);
            }
        }
        if is_zero && let (Src::Reg(reg), true) = (self.stored_operand(state), !is_at_start) {
            // A zero byte is more than just data: the register's value mattered.
            self.marks.push(Mark::Precise(reg));
        }
    }

    /// Where zero was stored over zero, that the register is zero mattered.
    fn mark_zero(&mut self, state: &State, keeps_zero: bool) {
        if let (true, Src::Reg(reg)) = (keeps_zero, self.stored_operand(state)) {
            self.marks.push(Mark::Precise(reg));
        }
    }

    /// The operand that the running instruction stores.
    fn stored_operand(&self, state: &State) -> Src {
        match self.program.code[state.insn_idx as usize].insn {
            Insn::Store { src, .. } => src,
            Insn::StoreRelease { src, .. } => Src::Reg(src),
            _ => Src::Imm(0),
        }
    }

    fn atomic(
        &mut self,
        state: &mut State,
        op: AtomicOp,
        size: Size,
        base: Reg,
        off: i16,
        src: Reg,
    ) {
        let pointer = *state.reg(base);
        let result = match op.fetches() {
            true => {
                let mut value = self.load(state, base, off, size);
                if !value.is_scalar() && size != Size::DW {
                    value = Value::scalar(Scalar::of_bytes(size.bytes()), state.insn_idx);
                }
                Some(value)
            }
            false => {
                if let Kind::Stack { frame } = pointer.kind {
                    let access = stack_access(&pointer, frame, off, size.bytes());
                    self.read_stack(frame, access.min, access.span());
                }
                None
            }
        };
        if let Kind::Stack { frame } = pointer.kind {
            let access = stack_access(&pointer, frame, off, size.bytes());
            self.store_stack(state, &access, None);
        }
        match (result, op) {
            (Some(value), AtomicOp::CmpXchg) => state.set(Reg::R0, value),
            (Some(value), _) => state.set(src, value),
            (None, _) => {}
        }
    }

    /// Notes that stack bytes were read.
    pub(super) fn read_stack(&mut self, frame: u8, off: i64, n_bytes: u32) {
        if n_bytes == 0 || off >= 0 {
            return;
        }
        let end = (off + i64::from(n_bytes)).min(0);
        self.marks.push(Mark::StackRead {
            frame,
            first: place(end - 1).0 as u8,
            last: place(off.max(-512)).0 as u8,
        });
    }

    /// Whoever got this pointer to the stack may have stored anything from there on.
    pub(super) fn havoc_behind(&mut self, state: &mut State, value: &Value) {
        let Kind::Stack { frame } = value.kind else {
            return;
        };
        if usize::from(frame) >= state.frames.len() {
            return;
        }
        let (min, _) = crate::discharge::stack_range(value, 0);
        let min = min.clamp(-512, -1);
        self.read_stack(frame, min, (-min) as u32);
        let stack = &mut state.frame_mut(frame).stack;
        for slot in 0..=place(min).0 {
            *stack.slot_mut(slot) = Slot { bytes: [Byte::Unknown; 8], spill: None, object: None };
        }
    }
}

fn stack_access(pointer: &Value, frame: u8, off: i16, n_bytes: u32) -> StackAccess {
    let (min, max) = crate::discharge::stack_range(pointer, off.into());
    StackAccess { frame, min, max, n_bytes }
}

/// A load of the low `n_bytes` bytes of a stored register.
fn fill(spill: &Value, n_bytes: u32) -> Value {
    if n_bytes == 8 || !spill.is_scalar() {
        return *spill;
    }
    let mut value = *spill;
    if value.number.width_bits() > n_bytes * 8 {
        value.unlink();
    }
    value.number.truncate(n_bytes);
    value
}
