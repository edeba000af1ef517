//! Calls of helpers and of the program's own functions.

use super::{Machine, Mark, Next, forget};
use crate::discharge::{
    Place, initialised_dynptr, map_of_call, proto_of, size_of_argument, stack_range,
};
use crate::domain::Scalar;
use crate::program::{Param, Program};
use crate::state::{
    Byte, DynptrType, Frame, Held, Kind, PtrFlags, Stack, State, Typed, Types, Value,
};
use bpfc_isa::{Reg, RegSet};
use bpfc_kabi::{
    Arg, ArgFlags, ArgKind, DynptrKind, Helper, MapType, ObjectKind, Proto, RetKind, helper_by_id,
};
use std::rc::Rc;

/// `MAX_ERRNO` (`include/linux/err.h`).
const MAX_ERRNO: i64 = 4095;

impl Machine<'_> {
    /// Calls the helper with this number.
    pub(super) fn call_helper(&mut self, state: &mut State, id: u32) -> Next {
        let insn_idx = state.insn_idx;
        let helper = helper_by_id(id).expect("an obligation of the call");
        let proto = proto_of(self.program, helper);
        let result = self.result(state, helper, proto);
        let dynptr = (proto.args.iter().zip(Reg::ARGS))
            .find(|(arg, _)| matches!(arg.kind, ArgKind::Dynptr(_)))
            .and_then(|(_, reg)| initialised_dynptr(state, state.reg(reg)).ok());
        for idx in 0..proto.args.len() {
            self.argument(state, proto, idx);
        }
        let other = helper.effects.callback.and_then(|callback| self.called_back(state, callback));
        self.helper_scope(state, helper.name);
        if let Some(idx) = helper.released_arg()
            && !matches!(proto.args[idx].kind, ArgKind::Dynptr(_))
        {
            let ref_id = state.reg(Reg::ARGS[idx]).ref_id;
            release(state, ref_id, insn_idx);
        }
        forget(state, RegSet::CALLER_SAVED);
        let writes_packet = helper.name == "bpf_dynptr_write"
            && dynptr
                .is_some_and(|dynptr| matches!(dynptr.ty, DynptrType::Skb | DynptrType::SkbMeta));
        if helper.effects.changes_packet || writes_packet {
            forget_packet(state, insn_idx);
        }
        let mut result = result;
        if helper.name == "bpf_dynptr_data"
            && let Some(dynptr) = dynptr
        {
            result.dynptr_id = dynptr.id;
            result.ref_id = dynptr.ref_id;
        }
        if helper.effects.acquires || self.acquires(&result) {
            result.ref_id = self.fresh_id();
            if result.is_nullable {
                result.id = result.ref_id;
            }
            state.held.push(Held { id: result.ref_id, insn_idx });
        }
        state.set(Reg::R0, result);
        match other {
            Some(other) if other.n_async > state.n_async => Next::Spawn(other),
            Some(other) => Next::Fork { next: insn_idx + 1, other },
            None => Next::Goto(insn_idx + 1),
        }
    }

    /// Sockets from socket maps are acquired by the lookup.
    fn acquires(&self, result: &Value) -> bool {
        result.kind == Kind::Object(ObjectKind::Socket) && result.ref_id == u32::MAX
    }

    /// What a helper does to the memory of an argument.
    fn argument(&mut self, state: &mut State, proto: &Proto, idx: usize) {
        let arg = proto.args[idx];
        let value = *state.reg(Reg::ARGS[idx]);
        match arg.kind {
            ArgKind::ConstSize | ArgKind::ConstSizeOrZero | ArgKind::ConstAllocSize => {
                self.marks.push(Mark::Precise(Reg::ARGS[idx]));
            }
            // Where a pointer is wanted, the number can only be null.
            kind if kind != ArgKind::Anything && value.is_scalar() => {
                self.marks.push(Mark::Precise(Reg::ARGS[idx]));
            }
            ArgKind::Dynptr(kind) if self.program.of_kernel.is_some() => {
                self.dynptr_argument(state, arg, kind, &value);
            }
            ArgKind::Dynptr(_) => {
                self.gaps.insert("dynptrs".to_owned());
                self.havoc_behind(state, &value);
            }
            _ => {}
        }
        let Kind::Stack { frame } = value.kind else {
            return;
        };
        let Some((n_bytes, _)) = size_of_argument(self.program, proto, state, idx) else {
            return;
        };
        let (min, max) = stack_range(&value, 0);
        let n_bytes = (max - min) as u64 + n_bytes;
        if !(-512..0).contains(&min) || n_bytes > (-min) as u64 {
            return;
        }
        let n_bytes = n_bytes as u32;
        let writes = arg.flags.has(ArgFlags::WRITE) || arg.flags.has(ArgFlags::UNINIT);
        if !arg.flags.has(ArgFlags::UNINIT) {
            self.read_stack(frame, min, n_bytes);
        }
        if writes && n_bytes > 0 && usize::from(frame) < state.frames.len() {
            let stack = &mut state.frame_mut(frame).stack;
            stack.fill(min, n_bytes, Byte::Misc);
        }
    }

    /// What a helper does to a dynptr.
    fn dynptr_argument(&mut self, state: &mut State, arg: Arg, kind: DynptrKind, value: &Value) {
        if arg.flags.has(ArgFlags::UNINIT) {
            let Some(place) = Place::of(value, 2) else {
                return;
            };
            let ty = match kind {
                DynptrKind::Ringbuf => DynptrType::Ringbuf,
                _ => DynptrType::Local,
            };
            let low = -8 * (place.slot as i64 + 1);
            self.destroy_dynptrs(state, place.frame, low, low + 16);
            self.make_dynptr(state, place.frame, place.slot, ty, 0);
            return;
        }
        let Ok(dynptr) = initialised_dynptr(state, value) else {
            return;
        };
        if let Some(place) = dynptr.place {
            self.read_slots(place.frame, place.slot, 2);
        }
        if arg.flags.has(ArgFlags::RELEASE) {
            self.release_dynptr(state, dynptr);
        }
    }

    /// What a pointer to a variable of one CPU leads to.
    fn percpu_variable(&self, state: &State) -> Option<Kind> {
        let typed = state.reg(Reg::R1).typed()?;
        let kernel = self.program.of_kernel.as_ref()?;
        let btf = kernel.types(typed.types)?;
        let is_struct = btf.resolved(typed.ty).is_ok_and(|(_, ty)| ty.composite().is_some());
        let flags = match typed.types {
            Types::Program => PtrFlags::ALLOCATED.with(PtrFlags::RCU),
            Types::Kernel => PtrFlags::NONE,
        };
        let kind = match is_struct {
            true => Kind::Typed(Typed { flags, ..typed }),
            false => Kind::Mem {
                size_bytes: btf.size_of(typed.ty).ok()?,
                is_read_only: true,
                is_record: false,
            },
        };
        Some(kind)
    }

    /// What a helper returns.
    fn result(&mut self, state: &State, helper: &Helper, proto: &Proto) -> Value {
        let origin = state.insn_idx;
        let map = map_of_call(proto, state);
        let alloc_bytes = proto.args.iter().zip(Reg::ARGS).find_map(|(arg, reg)| {
            (arg.kind == ArgKind::ConstAllocSize).then(|| state.reg(reg).number.umax)
        });
        let mem = |is_record| {
            let size_bytes = alloc_bytes.and_then(|bytes| u32::try_from(bytes).ok());
            Kind::Mem {
                size_bytes: size_bytes.unwrap_or(0),
                is_read_only: proto.ret.is_read_only,
                is_record,
            }
        };
        let mut is_nullable = proto.ret.is_nullable;
        let kind = match proto.ret.kind {
            RetKind::Void => return Value::UNINIT,
            RetKind::Integer => return integer(self.program, state, helper, proto),
            RetKind::MapValue => match map {
                None => return Value::unknown(origin),
                Some(map) => {
                    let info = &self.program.maps[map];
                    if self.lookup_never_fails(state, helper, map) {
                        is_nullable = false;
                    }
                    match (info.kind, info.inner) {
                        (Some(kind), inner) if kind.is_map_in_map() => match inner {
                            Some(inner) => Kind::Map(inner),
                            None => return Value::unknown(origin),
                        },
                        (Some(MapType::Sockmap | MapType::Sockhash), _) => {
                            // The marker makes the call acquire it.
                            return Value {
                                is_nullable,
                                id: self.fresh_id(),
                                ref_id: u32::MAX,
                                ..Value::pointer(Kind::Object(ObjectKind::Socket), origin)
                            };
                        }
                        (Some(MapType::Xskmap), _) => Kind::Object(ObjectKind::XdpSock),
                        _ => Kind::MapValue(map),
                    }
                }
            },
            RetKind::Socket => Kind::Object(ObjectKind::Socket),
            RetKind::TcpSock => Kind::Object(ObjectKind::TcpSock),
            RetKind::SockCommon => Kind::Object(ObjectKind::SockCommon),
            RetKind::RingbufMem => mem(true),
            RetKind::DynptrMem => mem(false),
            RetKind::PercpuVariable => match self.percpu_variable(state) {
                Some(kind) => kind,
                None => return Value::unknown(origin),
            },
            RetKind::Kptr => match crate::discharge::kptr_taken(self.program, state) {
                Some(typed) => Kind::Typed(typed),
                None => return Value::unknown(origin),
            },
            RetKind::BtfId(name) => {
                let kernel = self.program.of_kernel.as_ref();
                match kernel.and_then(|kernel| kernel.find_struct(name)) {
                    Some(ty) => {
                        let flags = match proto.ret.is_trusted {
                            true => PtrFlags::TRUSTED,
                            false => PtrFlags::NONE,
                        };
                        Kind::Typed(Typed { types: Types::Kernel, ty, flags })
                    }
                    None => Kind::Btf,
                }
            }
        };
        let mut uid = map.map_or(0, |_| self.map_argument_uid(proto, state));
        let has_id = is_nullable
            || matches!(kind, Kind::MapValue(map) if self.program.maps[map].holds_lock());
        let id = if has_id { self.fresh_id() } else { 0 };
        // Each element of a map of maps counts as a map of its own where it matters.
        if let Kind::Map(inner) = kind {
            uid = if self.program.maps[inner].holds_timer() { id } else { 0 };
        }
        Value {
            is_nullable,
            id,
            uid,
            ref_id: match helper.effects.shares_reference {
                true => state.reg(Reg::R1).ref_id,
                false => 0,
            },
            ..Value::pointer(kind, origin)
        }
    }

    fn map_argument_uid(&self, proto: &Proto, state: &State) -> u32 {
        let idx = proto.args.iter().position(|arg| arg.kind == ArgKind::ConstMapPtr);
        idx.map_or(0, |idx| state.reg(Reg::ARGS[idx]).uid)
    }

    /// A lookup in an array by a constant below its length (Linux 6.14).
    fn lookup_never_fails(
        &mut self,
        state: &State,
        helper: &Helper,
        map: crate::state::MapIdx,
    ) -> bool {
        let info = &self.program.maps[map];
        let is_array = matches!(info.kind, Some(MapType::Array | MapType::PercpuArray));
        if helper.name != "bpf_map_lookup_elem" || !is_array || !self.program.is_since(6, 14) {
            return false;
        }
        let key = state.reg(Reg::R2);
        let (Kind::Stack { frame: frame_idx }, Some(off)) = (key.kind, key.fixed_offset()) else {
            return false;
        };
        let Some(frame) = state.frames.get(usize::from(frame_idx)) else {
            return false;
        };
        if off % 4 != 0 || !(-512..=-4).contains(&off) {
            return false;
        }
        let is_zero = (off..off + 4).all(|off| frame.stack.byte(off) == Byte::Zero);
        let slot =
            crate::state::StackSlot { frame: frame_idx, slot: crate::state::place(off).0 as u8 };
        let key = match frame.stack.slot(off) {
            _ if is_zero => Some(0),
            Some(slot) if off % 8 == 0 && slot.spill_bytes() == 4 => slot
                .spill
                .as_ref()
                .filter(|spill| spill.is_scalar())
                .and_then(|spill| spill.number.as_constant32()),
            _ => None,
        };
        let never_fails = key.is_some_and(|key| key < info.max_entries);
        if never_fails {
            self.marks.push(Mark::PreciseSlot(slot));
        }
        never_fails
    }

    /// Calls a function of the program.
    pub(super) fn call_function(&mut self, state: &mut State, func: u32) -> Next {
        let insn_idx = state.insn_idx;
        let program = self.program;
        let info = &program.funcs[func as usize];
        if let Some(contract) = &info.contract {
            self.called.insert(func);
            for (param, reg) in contract.params.iter().zip(Reg::ARGS) {
                let value = *state.reg(reg);
                if value.is_scalar() && *param != Param::Scalar {
                    self.marks.push(Mark::Precise(reg));
                }
                match param {
                    Param::Mem { size_bytes, .. } => self.pass_memory(state, &value, *size_bytes),
                    Param::Unknown => self.havoc_behind(state, &value),
                    Param::Scalar | Param::Ctx | Param::Arena | Param::Object { .. } => {}
                    Param::Dynptr => {
                        if let Ok(dynptr) = initialised_dynptr(state, &value)
                            && let Some(place) = dynptr.place
                        {
                            self.read_slots(place.frame, place.slot, 2);
                        }
                    }
                }
            }
            forget(state, RegSet::CALLER_SAVED);
            if info.changes_packet {
                forget_packet(state, insn_idx);
            }
            let result = match info.is_void {
                true => Value::UNINIT,
                false => Value::scalar(Scalar::UNKNOWN, insn_idx),
            };
            state.set(Reg::R0, result);
            return Next::Goto(insn_idx + 1);
        }
        let mut regs = [Value::UNINIT; 11];
        for reg in Reg::ARGS {
            regs[usize::from(reg.number())] = *state.reg(reg);
        }
        let frame = state.frames.len() as u8;
        regs[10] = Value::pointer(Kind::Stack { frame }, insn_idx);
        forget(state, RegSet::CALLER_SAVED);
        state.frames.push(Rc::new(Frame {
            func,
            call_site: insn_idx,
            regs,
            stack: Stack::default(),
            callback: None,
            n_called_back: 0,
        }));
        self.marks.push(Mark::NewFrame(frame));
        Next::Goto(info.start)
    }

    /// A function that is verified by itself may read and write the memory it is given.
    pub(super) fn pass_memory(&mut self, state: &mut State, value: &Value, size_bytes: u32) {
        let Kind::Stack { frame } = value.kind else {
            return;
        };
        let (min, max) = stack_range(value, 0);
        let n_bytes = (max - min) as u64 + u64::from(size_bytes);
        if !(-512..0).contains(&min) || n_bytes > (-min) as u64 {
            return;
        }
        self.read_stack(frame, min, n_bytes as u32);
        if usize::from(frame) < state.frames.len() {
            let stack = &mut state.frame_mut(frame).stack;
            stack.fill(min, n_bytes as u32, Byte::Misc);
        }
    }
}

/// The most processors that a kernel is made for (`CONFIG_NR_CPUS`): how many there are is the machine's business, and
/// nobody knows it here.
fn max_cpus(program: &Program<'_>) -> u64 {
    let kernel = program.of_kernel.as_ref();
    let bytes = kernel.and_then(|kernel| {
        let mask = kernel.find_struct("cpumask")?;
        kernel.btf.size_of(mask).ok()
    });
    bytes.map_or(8192, |bytes| u64::from(bytes).max(1) * 8)
}

/// A number from a helper: `do_refine_retval_range` (Linux 6.12 `kernel/bpf/verifier.c`).
fn integer(program: &Program<'_>, state: &State, helper: &Helper, proto: &Proto) -> Value {
    let origin = state.insn_idx;
    let number = match helper.name {
        "bpf_get_stack"
        | "bpf_get_task_stack"
        | "bpf_probe_read_str"
        | "bpf_probe_read_kernel_str"
        | "bpf_probe_read_user_str" => {
            let is_size = |kind| matches!(kind, ArgKind::ConstSize | ArgKind::ConstSizeOrZero);
            let size = proto.args.iter().position(|arg| is_size(arg.kind));
            let size = size.map(|idx| state.reg(Reg::ARGS[idx]));
            match size {
                Some(size) if size.is_scalar() => {
                    let max = i64::try_from(size.number.umax).unwrap_or(i64::MAX);
                    let mut number = Scalar::UNKNOWN;
                    (number.smin, number.smax) = (-MAX_ERRNO, max);
                    number.smin32 = -MAX_ERRNO as i32;
                    number.smax32 = i32::try_from(max).unwrap_or(i32::MAX);
                    number.sync();
                    number
                }
                _ => return Value::unknown(origin),
            }
        }
        "bpf_get_smp_processor_id" => Scalar::unsigned(0, max_cpus(program) - 1),
        _ => Scalar::UNKNOWN,
    };
    Value::scalar(number, origin)
}

/// Gives back a reference: what it kept alive is gone.
pub(super) fn release(state: &mut State, ref_id: u32, insn_idx: u32) {
    if ref_id == 0 {
        return;
    }
    state.held.retain(|held| held.id != ref_id);
    state.for_each(
        |value| value.ref_id == ref_id,
        |value| *value = Value::scalar(Scalar::UNKNOWN, insn_idx),
    );
}

/// The packet may have moved: pointers to it are gone.
pub(super) fn forget_packet(state: &mut State, insn_idx: u32) {
    state.for_each(
        |value| value.is_packet() || value.kind == Kind::PacketEnd || value.is_packet_slice,
        |value| *value = Value::scalar(Scalar::UNKNOWN, insn_idx),
    );
}
