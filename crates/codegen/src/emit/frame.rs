//! The stack frame: where each slot is.

use crate::ir::SlotId;
use crate::mach::{Base, Func, Op};
use bpfc_base::{Diagnostic, IndexVec, codes::bpf::E0403};
use bpfc_isa::Reg;

/// `MAX_BPF_STACK` (Linux 3.18 `include/linux/filter.h`).
pub const MAX_FRAME_BYTES: u32 = 512;

/// The verifier remembers a number that is stored at a multiple of this
/// (`check_stack_write_fixed_off` in Linux 6.12 `kernel/bpf/verifier.c`).
const SPILL_ALIGN: u64 = 8;

/// Frames count in multiples of this (`round_up_stack_depth`, same file): padding up to it
/// costs nothing.
const FRAME_ROUNDING: u64 = 16;

/// Frames may be padded up to this size at any rate: two of them are a whole stack.
const MAX_PADDED_BYTES: u64 = 256;

/// Largest pieces that a report lists.
const MAX_LISTED: usize = 3;

/// Offsets from the frame pointer; `None` for slots that nothing uses.
pub struct Frame {
    offsets: IndexVec<SlotId, Option<i32>>,
}

impl Frame {
    /// The offset of a used slot.
    pub fn offset(&self, slot: SlotId) -> i32 {
        self.offsets[slot].expect("slots in instructions are used")
    }
}

/// How deep the frame is.
pub fn n_bytes(frame: &Frame) -> u32 {
    frame.offsets.iter().flatten().map(|offset| offset.unsigned_abs()).max().unwrap_or(0)
}

/// Places the used slots below the frame pointer, the most aligned first.
///
/// # Errors
/// `E0403` if they do not fit into `max_bytes`.
pub fn lay_out(func: &Func<Reg>, max_bytes: u32) -> Result<Frame, Box<Diagnostic>> {
    let mut offsets = IndexVec::from_elem(None, func.slots.len());
    let mut used: Vec<SlotId> = Vec::new();
    for &id in &func.layout {
        for inst in &func.blocks[id].insts {
            for slot in slots_of(func, &inst.op) {
                if !used.contains(&slot) {
                    used.push(slot);
                }
            }
        }
    }
    used.sort_by_key(|&slot| (std::cmp::Reverse(func.slots[slot].align), slot));
    let natural = place(func, &used, 1, &mut offsets);
    let mut depth = place(func, &used, SPILL_ALIGN, &mut offsets);
    if depth > MAX_PADDED_BYTES && depth > natural.next_multiple_of(FRAME_ROUNDING) {
        depth = place(func, &used, 1, &mut offsets);
    }
    if depth > u64::from(max_bytes) {
        return Err(Box::new(report(func, &used, depth, max_bytes)));
    }
    Ok(Frame { offsets })
}

/// Places slots, aligned at least so; the depth of the frame.
fn place(
    func: &Func<Reg>,
    used: &[SlotId],
    min_align: u64,
    offsets: &mut IndexVec<SlotId, Option<i32>>,
) -> u64 {
    let mut depth = 0_u64;
    for &id in used {
        let slot = &func.slots[id];
        let align = u64::from(slot.align).max(min_align);
        // `fp+0` is no place of the stack, not even for nothing
        // (`check_stack_access_within_bounds` in Linux 6.12 `kernel/bpf/verifier.c`).
        depth = (depth + u64::from(slot.size.max(1))).next_multiple_of(align);
        offsets[id] = i32::try_from(depth).ok().map(|depth| -depth);
    }
    depth
}

/// The slots that an instruction names.
pub fn slots_of(func: &Func<Reg>, op: &Op<Reg>) -> Vec<SlotId> {
    match op {
        Op::SlotAddr { slot, .. } => vec![*slot],
        Op::Load { address, .. }
        | Op::Store { address, .. }
        | Op::LoadAcquire { address, .. }
        | Op::StoreRelease { address, .. }
        | Op::Atomic { address, .. } => match address.base {
            Base::Slot(slot) => vec![slot],
            Base::Reg(_) => Vec::new(),
        },
        Op::Asm { asm, .. } => {
            let operands = func.asms[*asm].operands.iter();
            operands.filter_map(|operand| operand.slot()).collect()
        }
        _ => Vec::new(),
    }
}

fn report(func: &Func<Reg>, used: &[SlotId], depth: u64, max_bytes: u32) -> Diagnostic {
    use bpfc_base::Idx;
    let name = &func.name;
    let message =
        format!("the stack frame of `{name}` takes {depth} bytes, {max_bytes} are allowed");
    let mut diagnostic = Diagnostic::new(E0403, func.span, message);
    let (mut variables, spills): (Vec<SlotId>, Vec<SlotId>) =
        used.iter().partition(|slot| slot.index() < func.n_variables);
    variables.sort_by_key(|&slot| std::cmp::Reverse(func.slots[slot].size));
    for &id in variables.iter().take(MAX_LISTED) {
        let slot = &func.slots[id];
        let size = slot.size;
        diagnostic = diagnostic.with_note(match &slot.name {
            Some(name) => format!("`{name}` takes {size} bytes"),
            None => format!("a temporary object takes {size} bytes"),
        });
    }
    if !spills.is_empty() {
        let bytes = 8 * spills.len();
        let note = format!("values that do not fit in registers take {bytes} bytes");
        diagnostic = diagnostic.with_note(note);
    }
    diagnostic.with_help("move large variables into a per-CPU array map with one element")
}
