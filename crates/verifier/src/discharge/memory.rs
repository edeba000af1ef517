//! Memory accesses, by instructions and by helpers: `check_mem_access` and
//! `check_helper_mem_access` (Linux 6.12 `kernel/bpf/verifier.c`).

use super::argument::packet_may_be_written;
use super::{dynptr, typed};
use crate::fault::{Argument, Bounds, Denied, FaultKind, KernelFault, SectionFault, Use};
use crate::obligation::{Access, AccessKind};
use crate::program::{MapInfo, Program};
use crate::state::{Byte, Kind, PacketRange, State, Value};
use bpfc_kabi::limits::{MAX_STACK_BYTES, MAX_VAR_OFFSET};
use bpfc_kabi::{
    AccessOp, ContextKind, CtxValue, ObjectKind, access_ctx, access_object, context_of,
};

/// A stretch of memory that is accessed.
#[derive(Clone, Copy, Debug)]
pub struct Region<'a> {
    /// The pointer.
    pub value: &'a Value,
    /// What is added to it.
    pub off: i64,
    /// The number of bytes.
    pub n_bytes: u64,
    /// What is done.
    pub kind: AccessKind,
    /// Set where a helper does it.
    pub by_helper: Option<Argument>,
    /// Whether what is read must have been written before.
    pub must_be_init: bool,
}

/// Whether an instruction may access memory.
pub fn access(program: &Program<'_>, state: &State, access: &Access) -> Result<(), FaultKind> {
    let value = state.reg(access.base);
    if value.kind == Kind::Unknown {
        return Ok(());
    }
    if value.is_nullable {
        return Err(FaultKind::MaybeNull(Use::Access(access.kind)));
    }
    let is_stack = matches!(value.kind, Kind::Stack { .. });
    if value.kind == Kind::Arena {
        return Ok(());
    }
    let is_strict = program.aligns_strictly && value.is_pointer();
    if is_stack || is_strict || access.kind == AccessKind::Update {
        aligned(value, access)?;
    }
    if access.kind == AccessKind::Update {
        let works = is_stack
            || matches!(
                value.kind,
                Kind::MapValue(_)
                    | Kind::Mem { .. }
                    | Kind::Arena
                    | Kind::Btf
                    | Kind::Typed(_)
                    | Kind::Scalar
            );
        if !works {
            return Err(FaultKind::Denied(Denied::Atomic, access.kind));
        }
    }
    match value.kind {
        Kind::Ctx => context(program, value, access),
        Kind::Object(object) => fields(value, object, access),
        Kind::Stack { frame } => {
            let region = region_of(value, access);
            stack_bounds(&region)?;
            // `check_stack_read` in `kernel/bpf/verifier.c`: only reads into a register may vary.
            if access.kind == AccessKind::Update && value.number.as_constant().is_none() {
                return Err(FaultKind::Denied(Denied::AtomicPlace, access.kind));
            }
            if access.kind != AccessKind::Write {
                stack_read(program, state, frame, &region)?;
            }
            if access.kind != AccessKind::Read {
                let (min, max) = stack_range(value, region.off);
                dynptr::overwritten(state, frame, min, max + i64::from(access.n_bytes))?;
            }
            match access.stored {
                Some(stored) => stack_store(state, frame, value, access, state.reg(stored)),
                None => Ok(()),
            }
        }
        Kind::MapValue(map) => {
            region(program, state, &region_of(value, access))?;
            typed::kptr_access(program, state, value, map, access)
        }
        _ => region(program, state, &region_of(value, access)),
    }
}

fn region_of<'a>(value: &'a Value, access: &Access) -> Region<'a> {
    Region {
        value,
        off: access.off.into(),
        n_bytes: access.n_bytes.into(),
        kind: access.kind,
        by_helper: None,
        must_be_init: true,
    }
}

/// Whether what is behind a pointer may be accessed. Not for the context and kernel objects.
pub fn region(program: &Program<'_>, state: &State, region: &Region<'_>) -> Result<(), FaultKind> {
    let writes = region.kind != AccessKind::Read;
    let denied = |why| Err(FaultKind::Denied(why, region.kind));
    match region.value.kind {
        Kind::Unknown | Kind::Arena => Ok(()),
        // `__check_buffer_access` (Linux 6.12 `kernel/bpf/verifier.c`).
        Kind::TracepointBuffer => match region.value.fixed_offset() {
            Some(off) if off + region.off >= 0 => Ok(()),
            _ => denied(Denied::BufferPlace),
        },
        Kind::Uninit => Err(FaultKind::Uninit),
        Kind::Scalar => Err(FaultKind::NotAPointer),
        Kind::MapValue(map_idx) => {
            let map = &program.maps[map_idx];
            if writes && map.is_read_only {
                return denied(Denied::ReadOnly);
            }
            if region.kind != AccessKind::Write && map.is_write_only {
                return denied(Denied::WriteOnly);
            }
            inside(region, map.value_bytes.into())?;
            if region.by_helper.is_some() {
                typed::kptr_by_helper(program, region.value, map_idx, region.off, region.n_bytes)?;
            }
            untouched(region, map)
        }
        Kind::MapKey(map) => {
            if writes {
                return denied(Denied::ReadOnly);
            }
            inside(region, program.maps[map].key_bytes.into())
        }
        Kind::Mem { size_bytes, is_read_only, .. } => {
            if writes && is_read_only {
                return denied(Denied::ReadOnly);
            }
            inside(region, size_bytes.into())
        }
        Kind::Packet | Kind::PacketMeta => {
            if writes && !packet_may_be_written(program) {
                return denied(Denied::ReadOnly);
            }
            packet(region)
        }
        Kind::Stack { frame } => {
            stack_bounds(region)?;
            match region.kind {
                AccessKind::Write => {
                    if program.is_unprivileged {
                        let (value, n_bytes) = (region.value, region.n_bytes);
                        super::unprivileged::stack_argument(state, frame, value, n_bytes)?;
                    }
                    let (min, max) = stack_range(region.value, region.off);
                    dynptr::is_fillable(state, frame, min, max + region.n_bytes as i64)
                }
                _ => stack_read(program, state, frame, region),
            }
        }
        Kind::Typed(_) => {
            let (value, off) = (region.value, region.off);
            typed::object(program, state, value, off, region.n_bytes, region.kind).map(|_| ())
        }
        // Objects of unknown type may be read; what is there is not modelled. A map's own fields likewise.
        // In front of a map there is nothing of it (`check_ptr_to_map_access`).
        Kind::Map(_) if i64::from(region.value.off) + region.off < 0 => denied(Denied::Opaque),
        Kind::Btf | Kind::Map(_) => match writes && region.value.kind != Kind::Btf {
            true => denied(Denied::ReadOnly),
            false => Ok(()),
        },
        Kind::Ctx | Kind::Object(_) | Kind::PacketEnd | Kind::Dynptr | Kind::Func(_) => {
            denied(Denied::Opaque)
        }
    }
}

/// Memory passed to a function that is verified by itself: it may read and write all of it.
pub fn contract_region(
    program: &Program<'_>,
    state: &State,
    value: &Value,
    size_bytes: u32,
) -> Result<(), FaultKind> {
    for kind in [AccessKind::Read, AccessKind::Write] {
        // Kernel objects are only read.
        if kind == AccessKind::Write && value.kind == Kind::Btf {
            continue;
        }
        region(
            program,
            state,
            &Region {
                value,
                off: 0,
                n_bytes: size_bytes.into(),
                kind,
                by_helper: None,
                must_be_init: true,
            },
        )?;
    }
    Ok(())
}

fn aligned(value: &Value, access: &Access) -> Result<(), FaultKind> {
    // Frames start two bytes into a word, so that the headers behind Ethernet's are aligned (`NET_IP_ALIGN`).
    let start = if value.is_packet() { 2 } else { 0 };
    let off = start + i64::from(value.off) + i64::from(access.off);
    let address = value.number.bits + crate::domain::Tnum::constant(off as u64);
    match address.is_aligned(access.n_bytes.into()) {
        true => Ok(()),
        false => Err(FaultKind::Denied(Denied::Misaligned, access.kind)),
    }
}

/// Fields that belong to the kernel are for its helpers: `check_map_access`.
fn untouched(region: &Region<'_>, map: &MapInfo) -> Result<(), FaultKind> {
    let number = &region.value.number;
    let off = i64::from(region.value.off) + region.off;
    let first = number.smin.saturating_add(off);
    let last = i64::try_from(number.umax).unwrap_or(i64::MAX).saturating_add(off);
    let end = last.saturating_add(region.n_bytes as i64);
    let touched = map.fields.iter().find(|field| {
        let start = i64::from(field.offset);
        first < start + i64::from(field.kind.size_bytes()) && start < end
    });
    match touched {
        Some(field) => Err(FaultKind::Field(SectionFault::Touched(field.kind))),
        None => Ok(()),
    }
}

/// `check_mem_region_access`.
fn inside(region: &Region<'_>, size: u64) -> Result<(), FaultKind> {
    let number = &region.value.number;
    let off = i64::from(region.value.off) + region.off;
    let min = number.smin.saturating_add(off);
    let max = i64::try_from(number.umax).map_or(i64::MAX, |max| max.saturating_add(off));
    let fault = |why| {
        Err(FaultKind::OutOfBounds {
            min,
            max,
            n_bytes: region.n_bytes,
            size,
            why,
            by_helper: region.by_helper,
        })
    };
    let fits =
        |at: i64| u64::try_from(at).is_ok_and(|at| at.saturating_add(region.n_bytes) <= size);
    if number.smin < 0 && min < 0 {
        return fault(Bounds::Negative);
    }
    if !fits(min) {
        return fault(Bounds::TooLarge);
    }
    if number.umax >= MAX_VAR_OFFSET.into() {
        return fault(Bounds::Unbounded);
    }
    match fits(max) {
        true => Ok(()),
        false => fault(Bounds::TooLarge),
    }
}

/// `check_packet_access`.
fn packet(region: &Region<'_>) -> Result<(), FaultKind> {
    let value = region.value;
    let off = i64::from(value.off) + region.off;
    let known = match value.range {
        PacketRange::Bytes(known) => u64::from(known),
        PacketRange::AtEnd | PacketRange::BeyondEnd => 0,
    };
    if value.number.smin < 0 {
        return Err(FaultKind::OutOfBounds {
            min: value.number.smin.saturating_add(off),
            max: value.number.smax.saturating_add(off),
            n_bytes: region.n_bytes,
            size: known,
            why: Bounds::Negative,
            by_helper: region.by_helper,
        });
    }
    let fits = u64::try_from(off).is_ok_and(|off| off.saturating_add(region.n_bytes) <= known);
    match fits {
        true => Ok(()),
        false => Err(FaultKind::Packet {
            off,
            n_bytes: region.n_bytes,
            known,
            by_helper: region.by_helper,
        }),
    }
}

/// The offsets of the first byte of an access to the stack, from the frame pointer.
pub fn stack_range(value: &Value, off: i64) -> (i64, i64) {
    match value.fixed_offset() {
        Some(fixed) => (fixed.saturating_add(off), fixed.saturating_add(off)),
        None => {
            let off = i64::from(value.off) + off;
            (value.number.smin.saturating_add(off), value.number.smax.saturating_add(off))
        }
    }
}

/// `check_stack_access_within_bounds`.
fn stack_bounds(region: &Region<'_>) -> Result<(), FaultKind> {
    let number = &region.value.number;
    let (min, max) = stack_range(region.value, region.off);
    let fault = |why| {
        Err(FaultKind::OutOfBounds {
            min,
            max,
            n_bytes: region.n_bytes,
            size: MAX_STACK_BYTES.into(),
            why,
            by_helper: region.by_helper,
        })
    };
    let limit = i64::from(MAX_VAR_OFFSET);
    let is_fixed = number.as_constant().is_some();
    if !is_fixed && (number.smax >= limit || number.smin <= -limit) {
        return fault(Bounds::Unbounded);
    }
    let end = max.saturating_add(region.n_bytes.try_into().unwrap_or(i64::MAX));
    if min < -i64::from(MAX_STACK_BYTES) {
        return fault(Bounds::Negative);
    }
    if min > -1 || end > 0 {
        return fault(Bounds::TooLarge);
    }
    Ok(())
}

/// Whether the bytes hold something, and no part of a pointer is read as data.
fn stack_read(
    program: &Program<'_>,
    state: &State,
    frame_idx: u8,
    region: &Region<'_>,
) -> Result<(), FaultKind> {
    let Some(frame) = state.frames.get(usize::from(frame_idx)) else {
        return Ok(());
    };
    let stack = &frame.stack;
    let (min, max) = stack_range(region.value, region.off);
    let end = max + region.n_bytes as i64;
    dynptr::is_data(state, frame_idx, min, end)?;
    let is_load = region.by_helper.is_none() && min == max;
    if is_load
        && let Some(slot) = stack.slot(min)
        && let Some(spill) = &slot.spill
    {
        let first = crate::state::place(min).1;
        let touches_spill = slot.bytes[first] == Byte::Spill;
        let is_whole = region.n_bytes == 8 && slot.spill_bytes() == 8;
        if touches_spill && !is_whole && !spill.is_scalar() && spill.kind != Kind::Unknown {
            return Err(FaultKind::Denied(Denied::PartOfPointer, region.kind));
        }
    }
    // Since Linux 6.3 programs loaded with CAP_PERFMON may read what nobody wrote.
    if program.is_unprivileged && region.by_helper.is_some() {
        let (frame_idx, n_bytes) = (frame_idx, region.n_bytes);
        super::unprivileged::stack_argument(state, frame_idx, region.value, n_bytes)?;
    }
    if !region.must_be_init || program.is_since(6, 3) && !program.is_unprivileged {
        return Ok(());
    }
    match (min..end).find(|&off| stack.byte(off) == Byte::Uninit) {
        None => Ok(()),
        Some(off) => Err(FaultKind::UninitStack { off, by_helper: region.by_helper }),
    }
}

/// Whether a register may be stored on the stack in this way.
fn stack_store(
    state: &State,
    frame: u8,
    value: &Value,
    access: &Access,
    stored: &Value,
) -> Result<(), FaultKind> {
    if !stored.is_pointer() {
        return Ok(());
    }
    let is_fixed = value.fixed_offset().is_some();
    if is_fixed && access.n_bytes != 8 {
        return Err(FaultKind::Denied(Denied::PartOfPointer, access.kind));
    }
    let is_stack = matches!(stored.kind, Kind::Stack { .. });
    if is_fixed && is_stack && frame != state.depth() {
        return Err(FaultKind::Denied(Denied::EscapingStack, access.kind));
    }
    Ok(())
}

fn context(program: &Program<'_>, value: &Value, access: &Access) -> Result<(), FaultKind> {
    // `check_ptr_off_reg`: the register must hold the context itself.
    if value.fixed_offset() != Some(0) {
        return Err(FaultKind::CtxModified);
    }
    let Some(prog_type) = program.prog_type else {
        return Ok(());
    };
    let op = match access.kind {
        AccessKind::Read => AccessOp::Read,
        AccessKind::Write | AccessKind::Update => AccessOp::Write,
    };
    let off = i64::from(access.off);
    let fault = |why| FaultKind::Ctx { why, off, access: *access };
    let Ok(offset) = u32::try_from(off) else {
        return Err(fault(bpfc_kabi::CtxFault::NoField));
    };
    if context_of(prog_type) == ContextKind::Btf
        && let Some(hook) = program.of_kernel.as_ref().and_then(|kernel| kernel.hook.as_ref())
    {
        let refuse = |why: String| Err(FaultKind::Kernel(KernelFault::Context(why)));
        return match op {
            AccessOp::Read => hook.slot(offset, access.n_bytes).map(|_| ()).or_else(refuse),
            AccessOp::Write => refuse("it cannot be written".to_owned()),
        };
    }
    // A function pointer of a struct_ops may write to its arguments; their types are not modelled.
    if context_of(prog_type) == ContextKind::Btf && op == AccessOp::Write {
        return Ok(());
    }
    let value = access_ctx(prog_type, program.attach_type, offset, access.n_bytes, op);
    let is_packet =
        matches!(value, Ok(CtxValue::Packet | CtxValue::PacketEnd | CtxValue::PacketMeta));
    // Half of an address, with its sign, is no address (`is_ldsx` in `*_is_valid_access`).
    match value {
        Ok(_) if is_packet && access.is_signed => Err(fault(bpfc_kabi::CtxFault::Misaligned)),
        Ok(_) => Ok(()),
        Err(why) => Err(fault(why)),
    }
}

fn fields(value: &Value, object: ObjectKind, access: &Access) -> Result<(), FaultKind> {
    let op = match access.kind {
        AccessKind::Read => AccessOp::Read,
        AccessKind::Write | AccessKind::Update => AccessOp::Write,
    };
    let off = value.fixed_offset().unwrap_or(i64::MIN).saturating_add(access.off.into());
    let fault = |why| FaultKind::Object { object, why, off };
    let Ok(offset) = u32::try_from(off) else {
        return Err(fault(bpfc_kabi::CtxFault::NoField));
    };
    access_object(object, offset, access.n_bytes, op).map_err(fault)
}
