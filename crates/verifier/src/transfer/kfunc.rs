//! Calls of kernel functions: `check_kfunc_call` and `process_iter_next_call` (Linux 6.18 `kernel/bpf/verifier.c`).

use super::call::{forget_packet, release};
use super::typed::{forget_dynptrs, leave_rcu, unknown_memory};
use super::{Machine, Mark, Next, forget};
use crate::discharge::{Dynptr, KfuncCall, kfunc_call};
use crate::domain::Scalar;
use crate::program::{Kernel, KfuncInfo, KfuncRet, Managed, section_call};
use crate::state::{
    CallbackFrame, DynptrType, Frame, Guard, Held, Kind, PtrFlags, Stack, StackObject, State,
    Typed, Types, Value,
};
use bpfc_btf::TypeId;
use bpfc_isa::{Reg, RegSet};
use bpfc_kabi::KfuncFlags;
use std::rc::Rc;

/// Kernel functions that move the packet (`bpf_xdp_pull_data`, Linux 6.18).
const MOVES_PACKET: [&str; 1] = ["bpf_xdp_pull_data"];

impl Machine<'_> {
    /// Calls the kernel function with this number.
    pub(super) fn call_kfunc(&mut self, state: &mut State, func: u32) -> Next {
        let insn_idx = state.insn_idx;
        let program = self.program;
        let (Some(kernel), Ok(call)) = (&program.of_kernel, kfunc_call(program, state, func))
        else {
            return self.call_kernel(state);
        };
        let info = &kernel.kfuncs[func as usize];
        if section_call(info.row.name).is_some() || info.row.name == "bpf_throw" {
            return self.call_kernel(state);
        }
        let name = info.row.name;
        if name.starts_with("bpf_res_spin") || name.starts_with("bpf_local_irq") {
            self.gaps.insert(format!("the section of `{name}`"));
        }
        let other = self.kfunc_callback(state, info, &call);
        let mut result = self.kfunc_result(state, kernel, info, &call);
        self.kfunc_arguments(state, info, &call);
        let name = info.row.name;
        match name {
            "bpf_rcu_read_lock" => state.scopes.n_rcu += 1,
            "bpf_rcu_read_unlock" => {
                state.scopes.n_rcu = state.scopes.n_rcu.saturating_sub(1);
                if state.scopes.n_rcu == 0 {
                    leave_rcu(state);
                }
            }
            _ => {}
        }
        if let Some(reg) = call.released {
            let ref_id = state.reg(reg).ref_id;
            release(state, ref_id, insn_idx);
        }
        let inserts = matches!(
            name,
            "bpf_list_push_front_impl" | "bpf_list_push_back_impl" | "bpf_rbtree_add_impl"
        );
        if inserts {
            self.give_up(state, kernel, call.ref_id);
        }
        let iterator = call.iterator.filter(|_| info.has(KfuncFlags::ITER_NEXT));
        forget(state, RegSet::CALLER_SAVED);
        if MOVES_PACKET.contains(&name) {
            forget_packet(state, insn_idx);
        }
        if info.has(KfuncFlags::ACQUIRE) && result.is_pointer() {
            result.ref_id = self.fresh_id();
            if result.is_nullable {
                result.id = result.ref_id;
            }
            state.held.push(Held { id: result.ref_id, insn_idx });
        }
        state.set(Reg::R0, result);
        match iterator {
            Some((place, _, Some(object))) => self.next_of(state, place, object),
            _ => match other {
                Some(other) if other.n_async > state.n_async => Next::Spawn(other),
                Some(other) => Next::Fork { next: insn_idx + 1, other },
                None => Next::Goto(insn_idx + 1),
            },
        }
    }

    /// The state that enters the function that is called back, at once or later.
    fn kfunc_callback(
        &mut self,
        state: &mut State,
        info: &KfuncInfo,
        call: &KfuncCall,
    ) -> Option<Box<State>> {
        let func = call.callback?;
        if info.row.name != "bpf_rbtree_add_impl" {
            return Some(self.later(state, func));
        }
        let (ty, node_off) = call.root?;
        let insn_idx = state.insn_idx;
        let is_counted = self.program.of_kernel.as_ref().is_some_and(|kernel| {
            kernel.record(ty).iter().any(|field| field.what == Managed::Refcount)
        });
        let more = if is_counted { PtrFlags::REFCOUNTED } else { PtrFlags::NON_OWNING };
        let typed = Typed { types: Types::Program, ty, flags: PtrFlags::ALLOCATED.with(more) };
        let node =
            |id| Value { off: node_off as i32, id, ..Value::pointer(Kind::Typed(typed), insn_idx) };
        let mut other = Box::new(state.clone());
        state.top_mut().n_called_back = 0;
        other.n_unrolled += 1;
        other.top_mut().n_called_back += 1;
        let frame = other.frames.len() as u8;
        let mut regs = [Value::UNINIT; 11];
        (regs[1], regs[2]) = (node(self.fresh_id()), node(self.fresh_id()));
        regs[10] = Value::pointer(Kind::Stack { frame }, insn_idx);
        other.frames.push(Rc::new(Frame {
            func,
            call_site: insn_idx,
            regs,
            stack: Stack::default(),
            callback: Some(CallbackFrame { min: 0, max: 1, is_async: false, is_exception: false }),
            n_called_back: 0,
        }));
        other.insn_idx = self.program.funcs[func as usize].start;
        self.marks.push(Mark::NewFrame(frame));
        Some(other)
    }

    /// What the call does to the memory of its arguments.
    fn kfunc_arguments(&mut self, state: &mut State, info: &KfuncInfo, call: &KfuncCall) {
        for &reg in &call.precise {
            if state.reg(reg).is_scalar() {
                self.marks.push(Mark::Precise(reg));
            }
        }
        for &(reg, n_bytes) in &call.memory {
            let value = *state.reg(reg);
            self.pass_memory(state, &value, n_bytes.min(512) as u32);
        }
        if let Some(Dynptr { place: Some(place), .. }) = call.dynptr {
            self.read_slots(place.frame, place.slot, 2);
        }
        if let Some((place, ty, shared)) = call.made {
            let low = -8 * (place.slot as i64 + 1);
            self.destroy_dynptrs(state, place.frame, low, low + 16);
            self.make_dynptr(state, place.frame, place.slot, ty, shared);
        }
        let Some((place, ty, object)) = call.iterator else {
            return;
        };
        if info.has(KfuncFlags::ITER_NEW) {
            let low = -8 * (place.slot as i64 + 1);
            self.destroy_dynptrs(state, place.frame, low, low + 8 * place.n_slots as i64);
            let ref_id = self.fresh_id();
            state.held.push(Held { id: ref_id, insn_idx: state.insn_idx });
            let guard = match (info.is_rcu_protected(), state.scopes.is_in_rcu()) {
                (false, _) => Guard::None,
                (true, true) => Guard::InSection,
                (true, false) => Guard::Lost,
            };
            let part = move |idx: usize| StackObject::Iterator {
                ty,
                is_active: true,
                depth: 0,
                ref_id: if idx == 0 { ref_id } else { 0 },
                guard,
            };
            self.set_slots(state, place.frame, place.slot, (0..place.n_slots).map(part));
            return;
        }
        self.read_slots(place.frame, place.slot, place.n_slots);
        if info.has(KfuncFlags::ITER_DESTROY)
            && let Some(StackObject::Iterator { ref_id, .. }) = object
        {
            release(state, ref_id, state.insn_idx);
            self.clear_slots(state, place.frame, place.slot, place.n_slots);
        }
    }

    /// Notes that slots of the stack were read, from the one with this number and the lowest address on.
    pub(super) fn read_slots(&mut self, frame: u8, slot: usize, n_slots: usize) {
        let low = -8 * (slot as i64 + 1);
        self.read_stack(frame, low, 8 * n_slots as u32);
    }

    /// Makes a dynptr, with a reference of its own if it needs one and shares none.
    pub(super) fn make_dynptr(
        &mut self,
        state: &mut State,
        frame: u8,
        slot: usize,
        ty: DynptrType,
        shared: u32,
    ) {
        let id = self.fresh_id();
        let ref_id = match ty.is_counted() {
            true if shared != 0 => shared,
            true => {
                let ref_id = self.fresh_id();
                state.held.push(Held { id: ref_id, insn_idx: state.insn_idx });
                ref_id
            }
            false => 0,
        };
        let part = |is_first| StackObject::Dynptr { ty, is_first, id, ref_id };
        self.set_slots(state, frame, slot, [part(true), part(false)]);
    }

    /// Gives back a dynptr and all that share its reference.
    pub(super) fn release_dynptr(&mut self, state: &mut State, dynptr: Dynptr) {
        release(state, dynptr.ref_id, state.insn_idx);
        forget_dynptrs(state, dynptr.ref_id);
        if let Some(place) = dynptr.place.filter(|_| dynptr.ref_id == 0) {
            self.clear_slots(state, place.frame, place.slot, 2);
        }
    }

    /// The object now belongs to a list or tree: it may be used as long as the lock is held
    /// (`ref_convert_owning_non_owning`).
    fn give_up(&mut self, state: &mut State, kernel: &Kernel, ref_id: u32) {
        if ref_id == 0 {
            return;
        }
        state.held.retain(|held| held.id != ref_id);
        let is_counted = |ty| kernel.record(ty).iter().any(|f| f.what == Managed::Refcount);
        state.for_each(
            |value| value.ref_id == ref_id,
            |value| {
                value.ref_id = 0;
                if let Kind::Typed(typed) = &mut value.kind {
                    let more = match is_counted(typed.ty) {
                        true => PtrFlags::REFCOUNTED,
                        false => PtrFlags::NON_OWNING,
                    };
                    typed.flags = typed.flags.with(more);
                }
            },
        );
    }

    /// The iterator gives something in one state, and nothing any more in the other, which goes first.
    fn next_of(
        &mut self,
        state: &mut State,
        place: crate::discharge::Place,
        object: StackObject,
    ) -> Next {
        let next = state.insn_idx + 1;
        let StackObject::Iterator { is_active, .. } = object else {
            return Next::Goto(next);
        };
        let change = |state: &mut State, active: bool| {
            for slot in place.slots() {
                let slots = &mut state.frame_mut(place.frame).stack.slots;
                if let Some(StackObject::Iterator { is_active, depth, ref_id, .. }) =
                    slots.get_mut(slot).and_then(|slot| slot.object.as_mut())
                    && *ref_id != 0
                {
                    *is_active = active;
                    *depth += u32::from(active);
                }
            }
        };
        let origin = state.insn_idx;
        let other = is_active.then(|| {
            let mut other = Box::new(state.clone());
            other.insn_idx = next;
            change(&mut other, true);
            let value = other.reg_mut(Reg::R0);
            value.is_nullable = false;
            value.id = 0;
            other
        });
        change(state, false);
        state.set(Reg::R0, Value::scalar(Scalar::ZERO, origin));
        match other {
            Some(other) => {
                self.marks.push(Mark::Widen);
                Next::Fork { next, other }
            }
            None => Next::Goto(next),
        }
    }

    /// What the function returns, before references are counted.
    fn kfunc_result(
        &mut self,
        state: &State,
        kernel: &Kernel,
        info: &KfuncInfo,
        call: &KfuncCall,
    ) -> Value {
        let origin = state.insn_idx;
        let object =
            |types, ty, flags| Value::pointer(Kind::Typed(Typed { types, ty, flags }), origin);
        let memory = |size_bytes, is_read_only| {
            Value::pointer(Kind::Mem { size_bytes, is_read_only, is_record: false }, origin)
        };
        let constant = call.constant.unwrap_or(0);
        let own = TypeId(u32::try_from(constant).unwrap_or(0));
        let mut is_nullable = info.has(KfuncFlags::RET_NULL);
        let mut value = match info.row.name {
            "bpf_obj_new_impl" => object(Types::Program, own, PtrFlags::ALLOCATED),
            "bpf_percpu_obj_new_impl" => {
                object(Types::Program, own, PtrFlags::ALLOCATED.with(PtrFlags::PERCPU))
            }
            "bpf_refcount_acquire_impl" => {
                is_nullable &= !call.is_owner;
                match call.object {
                    Some((types, ty)) => object(types, ty, PtrFlags::ALLOCATED),
                    None => return Value::unknown(origin),
                }
            }
            "bpf_list_pop_front" | "bpf_list_pop_back" | "bpf_rbtree_remove"
            | "bpf_rbtree_first" | "bpf_rbtree_left" | "bpf_rbtree_right" | "bpf_rbtree_root"
            | "bpf_list_front" | "bpf_list_back" => {
                let Some((ty, node_off)) = call.root else {
                    return Value::unknown(origin);
                };
                let mut flags = PtrFlags::ALLOCATED;
                if !info.has(KfuncFlags::ACQUIRE) {
                    let is_counted = kernel.record(ty).iter().any(|f| f.what == Managed::Refcount);
                    flags = flags.with(match is_counted {
                        true => PtrFlags::REFCOUNTED,
                        false => PtrFlags::NON_OWNING,
                    });
                }
                Value { off: node_off as i32, ..object(Types::Program, ty, flags) }
            }
            "bpf_cast_to_kern_ctx" => {
                let context = self.program.prog_type.and_then(|prog| kernel.kernel_context(prog));
                match context {
                    Some(ty) => object(Types::Kernel, ty, PtrFlags::TRUSTED),
                    None => return Value::unknown(origin),
                }
            }
            "bpf_rdonly_cast" if own == TypeId::VOID => {
                Value::pointer(unknown_memory(true), origin)
            }
            "bpf_rdonly_cast" => object(Types::Kernel, own, PtrFlags::UNTRUSTED),
            "bpf_dynptr_slice" | "bpf_dynptr_slice_rdwr" => {
                let is_read_only = info.row.name == "bpf_dynptr_slice";
                let slice = memory(u32::try_from(constant).unwrap_or(0), is_read_only);
                Value {
                    dynptr_id: call.dynptr.map_or(0, |dynptr| dynptr.id),
                    is_packet_slice: call.dynptr.is_some_and(|dynptr| dynptr.ty.is_packet()),
                    ..slice
                }
            }
            "bpf_session_cookie" => memory(8, false),
            name => match (info.ret, call.buffer) {
                (KfuncRet::Void, _) => return Value::UNINIT,
                (KfuncRet::Number, _) => return Value::scalar(Scalar::UNKNOWN, origin),
                (KfuncRet::Data(_), Some((size, is_read_only))) => {
                    Value { ref_id: call.ref_id, ..memory(size, is_read_only) }
                }
                (KfuncRet::Data(size), None) => {
                    let ref_id = match call.iterator {
                        Some((_, _, Some(StackObject::Iterator { ref_id, .. }))) => ref_id,
                        _ => call.ref_id,
                    };
                    Value { ref_id, ..memory(size, true) }
                }
                (KfuncRet::Struct(ty), _) => {
                    let flags = match call.iterator {
                        Some((_, _, Some(StackObject::Iterator { guard, .. })))
                            if info.has(KfuncFlags::ITER_NEXT) =>
                        {
                            match guard {
                                Guard::InSection => PtrFlags::RCU,
                                _ => PtrFlags::TRUSTED,
                            }
                        }
                        _ if name == "bpf_get_kmem_cache" => PtrFlags::UNTRUSTED,
                        _ if info.is_rcu_protected() => PtrFlags::RCU,
                        _ => PtrFlags::NONE,
                    };
                    object(Types::Kernel, ty, flags)
                }
            },
        };
        let may_hold_lock = matches!(
            value.kind,
            Kind::Typed(typed) if typed.types == Types::Program
        );
        value.is_nullable = is_nullable;
        if is_nullable || may_hold_lock {
            value.id = self.fresh_id();
        }
        value
    }
}
