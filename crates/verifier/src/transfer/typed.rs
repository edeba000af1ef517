//! Loads through pointers to typed objects, from contexts that BTF describes, and of pointers in map values; what
//! happens to dynptrs and iterators when the stack is written; the end of RCU sections and of references.

use super::{Machine, Mark};
use crate::discharge::{Loaded, kptr_loaded, kptr_touched, typed_object};
use crate::domain::Scalar;
use crate::obligation::AccessKind;
use crate::program::{HookSlot, KptrTag, Managed};
use crate::state::{
    Byte, Guard, Kind, MapIdx, PtrFlags, Slot, StackObject, StackSlot, State, Typed, Value, place,
};
use std::rc::Rc;

/// Memory whose size nobody knows here: the kernel checks it when the program is attached or runs.
const UNKNOWN_BYTES: u32 = 1 << 28;

impl Machine<'_> {
    /// A pointer to an object, with an id of its own if it may be null.
    pub(super) fn typed(&mut self, typed: Typed, is_nullable: bool, origin: u32) -> Value {
        Value {
            is_nullable,
            id: if is_nullable { self.fresh_id() } else { 0 },
            ..Value::pointer(Kind::Typed(typed), origin)
        }
    }

    /// A load of `n_bytes` at `off` from an object.
    pub(super) fn load_object(
        &mut self,
        state: &State,
        value: &Value,
        off: i16,
        n_bytes: u32,
    ) -> Value {
        let origin = state.insn_idx;
        let loaded =
            typed_object(self.program, state, value, off.into(), n_bytes.into(), AccessKind::Read);
        match loaded {
            Ok(Loaded::Object(typed, is_nullable)) => self.typed(typed, is_nullable, origin),
            _ => Value::scalar(Scalar::of_bytes(n_bytes), origin),
        }
    }

    /// A load from a context that BTF describes; none if the hook is not known.
    pub(super) fn load_hook(&mut self, off: i16, n_bytes: u32, origin: u32) -> Option<Value> {
        let hook = self.program.of_kernel.as_ref()?.hook.as_ref()?;
        let slot = hook.slot(u32::try_from(off).ok()?, n_bytes).ok()?;
        Some(match *slot {
            HookSlot::Object { ty, flags, is_nullable } => {
                let typed = Typed { types: crate::state::Types::Kernel, ty, flags };
                self.typed(typed, is_nullable, origin)
            }
            HookSlot::Buffer { is_read_only } => Value {
                is_nullable: true,
                id: self.fresh_id(),
                ..Value::pointer(unknown_memory(is_read_only), origin)
            },
            HookSlot::Number | HookSlot::WholeNumber | HookSlot::Refused(_) => {
                Value::scalar(Scalar::of_bytes(n_bytes), origin)
            }
        })
    }

    /// A load of a pointer to an object from a map value; none if there is no pointer.
    pub(super) fn load_kptr(
        &mut self,
        state: &State,
        value: &Value,
        map: MapIdx,
        off: i16,
        n_bytes: u32,
    ) -> Option<Value> {
        let field = kptr_touched(self.program, value, map, off.into(), n_bytes.into())?;
        if let Managed::Kptr { tag: KptrTag::User, ty, .. } = field.what {
            let own = self.program.of_kernel.as_ref()?.own.as_ref()?;
            let size_bytes = own.size_of(ty).ok()?;
            let kind = Kind::Mem { size_bytes, is_read_only: false, is_record: false };
            let id = self.fresh_id();
            return Some(Value { is_nullable: true, id, ..Value::pointer(kind, state.insn_idx) });
        }
        let typed = kptr_loaded(self.program, state, field)?;
        Some(self.typed(typed, true, state.insn_idx))
    }

    /// Bytes of the stack are overwritten: dynptrs there are no more, nor are slices of them.
    pub(super) fn destroy_dynptrs(&mut self, state: &mut State, frame: u8, min: i64, end: i64) {
        if min >= end || usize::from(frame) >= state.frames.len() {
            return;
        }
        let (first, last) = (place(end.min(0) - 1).0, place(min.clamp(-512, -1)).0);
        for slot in first..=last {
            let object = state.frames[usize::from(frame)].stack.slots.get(slot);
            if let Some(StackObject::Dynptr { is_first, id, .. }) =
                object.and_then(|slot| slot.object)
            {
                let first = if is_first { slot } else { slot + 1 };
                self.clear_slots(state, frame, first, 2);
                forget_slices(state, id);
            }
        }
    }

    /// Makes slots empty, from the one with this number and the lowest address on.
    pub(super) fn clear_slots(&mut self, state: &mut State, frame: u8, slot: usize, n: usize) {
        for idx in 0..n.min(slot + 1) {
            let slot = slot - idx;
            *state.frame_mut(frame).stack.slot_mut(slot) = Slot::UNINIT;
            self.marks.push(Mark::StackWritten(StackSlot { frame, slot: slot as u8 }));
        }
    }

    /// Puts an object on the stack, one part in each slot.
    pub(super) fn set_slots(
        &mut self,
        state: &mut State,
        frame: u8,
        slot: usize,
        parts: impl IntoIterator<Item = StackObject>,
    ) {
        for (idx, part) in parts.into_iter().enumerate() {
            let Some(slot) = slot.checked_sub(idx) else {
                return;
            };
            *state.frame_mut(frame).stack.slot_mut(slot) =
                Slot { bytes: [Byte::Object; 8], spill: None, object: Some(part) };
            self.marks.push(Mark::StackWritten(StackSlot { frame, slot: slot as u8 }));
        }
    }
}

/// Memory of unknown size.
pub(super) fn unknown_memory(is_read_only: bool) -> Kind {
    Kind::Mem { size_bytes: UNKNOWN_BYTES, is_read_only, is_record: false }
}

/// The memory of a dynptr is not to be used any more.
fn forget_slices(state: &mut State, id: u32) {
    let origin = state.insn_idx;
    state.for_each(
        |value| value.dynptr_id == id && id != 0,
        |value| *value = Value::scalar(Scalar::UNKNOWN, origin),
    );
}

/// Dynptrs that share a reference are gone with it.
pub(super) fn forget_dynptrs(state: &mut State, released: u32) {
    if released == 0 {
        return;
    }
    let is_it = |slot: &Slot| matches!(slot.object, Some(StackObject::Dynptr { ref_id, .. }) if ref_id == released);
    for frame in &mut state.frames {
        if frame.stack.slots.iter().any(is_it) {
            let frame = Rc::make_mut(frame);
            frame.stack.slots.iter_mut().filter(|slot| is_it(slot)).for_each(|slot| {
                *slot = Slot::UNINIT;
            });
        }
    }
}

/// An RCU section ends: what it kept may be gone.
pub(super) fn leave_rcu(state: &mut State) {
    state.for_each(
        |value| value.typed().is_some_and(|typed| typed.flags.has(PtrFlags::RCU)),
        |value| {
            if let Kind::Typed(typed) = &mut value.kind {
                typed.flags = typed.flags.without(PtrFlags::RCU).with(PtrFlags::UNTRUSTED);
            }
            value.is_nullable = false;
        },
    );
    let is_it = |slot: &Slot| {
        matches!(slot.object, Some(StackObject::Iterator { guard: Guard::InSection, .. }))
    };
    for frame in &mut state.frames {
        if frame.stack.slots.iter().any(is_it) {
            for slot in &mut Rc::make_mut(frame).stack.slots {
                if let Some(StackObject::Iterator { guard, .. }) = &mut slot.object
                    && *guard == Guard::InSection
                {
                    *guard = Guard::Lost;
                }
            }
        }
    }
}

/// The lock of lists and trees is given back: what they hold may be gone (`invalidate_non_owning_refs`).
pub(super) fn forget_members(state: &mut State) {
    let origin = state.insn_idx;
    state.for_each(
        |value| value.typed().is_some_and(|typed| typed.flags.has(PtrFlags::NON_OWNING)),
        |value| *value = Value::scalar(Scalar::UNKNOWN, origin),
    );
}
