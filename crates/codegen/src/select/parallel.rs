//! Copies that happen at once, one after the other.

use crate::mach::VReg;

/// A copy of one register to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Where to; no two copies have the same.
    pub dst: VReg,
    /// Where from.
    pub src: VReg,
    /// Clears the upper half.
    pub is_zext: bool,
}

/// Orders `copies` so that none overwrites what a later one reads; breaks cycles with
/// registers from `new_register`.
pub fn sequentialize(mut copies: Vec<Copy>, mut new_register: impl FnMut() -> VReg) -> Vec<Copy> {
    copies.retain(|copy| copy.dst != copy.src || copy.is_zext);
    let mut ordered = Vec::with_capacity(copies.len());
    while !copies.is_empty() {
        let is_free = |copy: &Copy| {
            let readers = copies.iter().filter(|other| other.src == copy.dst);
            readers.clone().all(|reader| reader.dst == copy.dst)
        };
        match copies.iter().position(is_free) {
            Some(at) => ordered.push(copies.swap_remove(at)),
            None => {
                // Every destination is still to be read: move one out of the way.
                let saved = new_register();
                let busy = copies[0].dst;
                ordered.push(Copy { dst: saved, src: busy, is_zext: false });
                for copy in copies.iter_mut().filter(|copy| copy.src == busy) {
                    copy.src = saved;
                }
            }
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfc_base::Idx;

    /// All maps of four registers to their new contents.
    #[test]
    fn every_small_case() {
        for code in 0..5_usize.pow(4) {
            let sources: Vec<usize> = (0..4).map(|i| code / 5_usize.pow(i) % 5).collect();
            let vreg = |i: usize| VReg::new(VReg::FIRST + i);
            let copies = sources.iter().enumerate().map(|(dst, &src)| Copy {
                dst: vreg(dst),
                src: vreg(src),
                is_zext: dst == 2,
            });
            let mut next = 5;
            let ordered = sequentialize(copies.collect(), || {
                next += 1;
                vreg(next - 1)
            });
            let mut content: Vec<(usize, bool)> = (0..16).map(|i| (i, false)).collect();
            for copy in ordered {
                let (from, was_zext) = content[copy.src.index() - VReg::FIRST];
                content[copy.dst.index() - VReg::FIRST] = (from, was_zext || copy.is_zext);
            }
            for (dst, &src) in sources.iter().enumerate() {
                assert_eq!(content[dst], (src, dst == 2), "{sources:?}");
            }
        }
    }
}
