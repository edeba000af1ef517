//! How addresses are aligned, whatever their types say: members of packed structs, of which
//! network headers are made, need not be read byte by byte then.
//!
//! What is known is what the kernel's verifier would prove where it is strict
//! (`check_ptr_alignment`, Linux 6.12 `kernel/bpf/verifier.c`): packets start two bytes behind a
//! multiple of four (`NET_IP_ALIGN`), values of maps and records of ring buffers at multiples of
//! eight.

use super::known_bits::known_zeros;
use crate::analysis::{Dominators, Region, regions};
use crate::ir::*;
use bpfc_base::IndexVec;

/// Raises the alignment of accesses to what is known of their addresses; true if any was.
pub fn infer_alignment(module: &Module, id: FuncId, body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let regions = regions(module, id, body);
    let places = Ctx { module, body, regions: &regions }.solve(&dominators);
    let mut changed = false;
    for &block in &dominators.order {
        for inst in body.blocks[block].insts.clone() {
            let (Op::Load(access) | Op::Store(access, _)) = body.op(inst) else {
                continue;
            };
            let known = places[access.address.base].filter(|_| access.address.core.is_none());
            let align = known.map_or(1, |place| place.plus(access.address.offset.into()).align());
            if align <= access.align || access.is_volatile || access.align >= access.width.bytes() {
                continue;
            }
            if let Op::Load(access) | Op::Store(access, _) = &mut body.values[inst].op {
                access.align = align;
                changed = true;
            }
        }
    }
    changed
}

/// A number modulo a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    modulus: u32,
    rest: u32,
}

impl Place {
    /// Nothing is known.
    const ANY: Place = Place { modulus: 1, rest: 0 };
    /// Where packets start (`NET_IP_ALIGN`).
    const PACKET: Place = Place { modulus: 4, rest: 2 };
    /// Where values of maps and records start.
    const MEMORY: Place = Place { modulus: 8, rest: 0 };

    fn multiple_of(modulus: u32) -> Self {
        Self { modulus: modulus.min(8), rest: 0 }
    }

    fn constant(n: i64) -> Self {
        Self { modulus: 8, rest: (n & 7) as u32 }
    }

    fn sum(self, other: Self) -> Self {
        let modulus = self.modulus.min(other.modulus);
        Self { modulus, rest: (self.rest + other.rest) % modulus }
    }

    fn plus(self, n: i64) -> Self {
        self.sum(Self::constant(n))
    }

    /// What both are.
    fn join(self, other: Self) -> Self {
        let mut modulus = self.modulus.min(other.modulus);
        while self.rest % modulus != other.rest % modulus {
            modulus /= 2;
        }
        Self { modulus, rest: self.rest % modulus }
    }

    fn align(self) -> u32 {
        match self.rest {
            0 => self.modulus,
            rest => 1 << rest.trailing_zeros(),
        }
    }
}

/// Helpers that return addresses of memory: values of maps, records, local storage.
const ALLOCATORS: [&str; 8] = [
    "bpf_map_lookup_elem",
    "bpf_map_lookup_percpu_elem",
    "bpf_ringbuf_reserve",
    "bpf_get_local_storage",
    "bpf_sk_storage_get",
    "bpf_task_storage_get",
    "bpf_inode_storage_get",
    "bpf_cgrp_storage_get",
];

struct Ctx<'a> {
    module: &'a Module,
    body: &'a Body,
    regions: &'a IndexVec<Value, Region>,
}

impl Ctx<'_> {
    /// The place of every address and number; `None` where control does not come.
    fn solve(&self, dominators: &Dominators) -> IndexVec<Value, Option<Place>> {
        let mut places = IndexVec::from_elem(None, self.body.values.len());
        for (value, inst) in self.body.values.iter_enumerated() {
            if inst.op.is_leaf() {
                places[value] = Some(self.leaf(inst.op));
            }
        }
        for &param in &self.body.blocks[self.body.entry].params {
            places[param] = Some(Place::ANY);
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &block in &dominators.order {
                for &inst in &self.body.blocks[block].insts {
                    let new = self.transfer(inst, &places);
                    changed |= places[inst] != new;
                    places[inst] = new;
                }
                for target in self.body.blocks[block].term.targets() {
                    let params = &self.body.blocks[target.block].params;
                    for (&param, &arg) in params.iter().zip(&target.args) {
                        let Some(arg) = places[arg] else {
                            continue;
                        };
                        let new = Some(places[param].map_or(arg, |old: Place| old.join(arg)));
                        changed |= places[param] != new;
                        places[param] = new;
                    }
                }
            }
        }
        places
    }

    fn leaf(&self, op: Op) -> Place {
        match op {
            Op::Const(n) => Place::constant(n),
            Op::GlobalAddr(global, offset) => {
                Place::multiple_of(self.module.globals[global].align).plus(offset.into())
            }
            Op::SlotAddr(slot, offset) => {
                Place::multiple_of(self.body.slots[slot].align).plus(offset.into())
            }
            _ => Place::ANY,
        }
    }

    fn transfer(&self, inst: Value, places: &IndexVec<Value, Option<Place>>) -> Option<Place> {
        Some(match self.body.op(inst) {
            Op::PtrToInt(a) | Op::IntToPtr(a) | Op::Zext(a) | Op::Trunc(a) | Op::Opaque(a) => {
                places[a]?
            }
            Op::PtrAdd(a, b) | Op::Binary(BinaryOp::Add, a, b) => places[a]?.sum(places[b]?),
            Op::Load(access) if self.is_packet(access) => Place::PACKET,
            Op::Call(Callee::Helper(number), _) => {
                let helper = bpfc_kabi::helper_by_id(number);
                match helper.is_some_and(|helper| ALLOCATORS.contains(&helper.name)) {
                    true => Place::MEMORY,
                    false => Place::ANY,
                }
            }
            op if op.is_pure() => {
                let zeros = known_zeros(self.body, inst).trailing_ones().min(3);
                Place::multiple_of(1 << zeros)
            }
            _ => Place::ANY,
        })
    }

    /// A number of 32 bits in the context, which is made an address of only if it says where the
    /// packet is.
    fn is_packet(&self, access: Access) -> bool {
        let region = self.regions.get(access.address.base);
        access.width == Width::W32 && region == Some(&Region::Ctx)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn headers_are_aligned_behind_the_ethernet_header() {
        assert_eq!(Place::PACKET.plus(12).align(), 2);
        assert_eq!(Place::PACKET.plus(14).align(), 4);
        assert_eq!(Place::PACKET.plus(15).align(), 1);
        assert_eq!(Place::PACKET.sum(Place::multiple_of(2)).plus(14).align(), 2);
    }

    #[test]
    fn joined_places_have_what_both_have() {
        let join = |a: i64, b: i64| Place::constant(a).join(Place::constant(b));
        assert_eq!(join(4, 12), Place { modulus: 8, rest: 4 });
        assert_eq!(join(2, 4), Place { modulus: 2, rest: 0 });
        assert_eq!(join(1, 4), Place::ANY);
    }
}
