//! Constant parts of addresses move into the offset that a load or store has.
//!
//! Runs for programs that are not optimised too, as the verifier takes an access to the
//! context only if its offset is in the instruction (`check_ptr_off_reg` in Linux 6.12
//! `kernel/bpf/verifier.c`). [`simplify`](super::simplify) does the same, and more.

use crate::ir::*;

/// Folds `ptradd p, constant` under loads and stores; true if there was any.
///
/// Ensures: offsets fit the 16 bits of an instruction.
pub fn fold_offsets(body: &mut Body) -> bool {
    let mut changed = false;
    for block in body.reverse_postorder() {
        for inst in body.blocks[block].insts.clone() {
            let (Op::Load(access) | Op::Store(access, _)) = body.op(inst) else {
                continue;
            };
            let mut address = access.address;
            while let Some(folded) = fold(body, address) {
                address = folded;
            }
            if address == access.address {
                continue;
            }
            changed = true;
            if let Op::Load(access) | Op::Store(access, _) = &mut body.values[inst].op {
                access.address = address;
            }
        }
    }
    changed
}

/// The same address from one pointer further back, if there is one.
fn fold(body: &Body, address: Address) -> Option<Address> {
    let Op::PtrAdd(base, offset) = body.op(address.base) else {
        return None;
    };
    if address.core.is_some() {
        return None;
    }
    let offset = body.as_const(offset)?.checked_add(address.offset.into())?;
    let offset = i16::try_from(offset).ok()?;
    Some(Address::new(base, offset.into()))
}
