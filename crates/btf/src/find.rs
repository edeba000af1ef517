//! Look-up by name without an index: one scan over the name offsets, comparing first bytes.
//!
//! A scan of a kernel's 126,000 types costs a fraction of a millisecond and ends at the first that
//! is found, so a compilation that asks for a few names never builds an index. [`NameIndex`] is for those that ask for thousands.

use std::ops::ControlFlow;

use crate::format::{KindSet, StrOff, TypeId};
use crate::index::{Row, TAGS_AND_TYPEDEFS};
use crate::reader::Btf;
use crate::types::{FuncProto, Type};

/// Up to the first eight bytes of a name, zero-filled: decides most comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Head(u64);

impl Head {
    /// The head of a NUL-terminated string at the start of `tail`.
    #[inline]
    fn of(tail: &[u8]) -> Head {
        let Some(&first) = tail.first_chunk::<8>() else {
            return Head::of_short(tail);
        };
        let word = u64::from_le_bytes(first);
        // The lowest set bit of `zeros` is bit 7 of the first NUL byte (exact for the first one).
        let zeros = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
        let keep = (zeros & zeros.wrapping_neg()).wrapping_sub(1) >> 7;
        Head(if zeros == 0 { word } else { word & keep })
    }

    #[cold]
    fn of_short(tail: &[u8]) -> Head {
        let mut bytes = [0; 8];
        let length = tail.iter().position(|&byte| byte == 0).unwrap_or(tail.len());
        bytes[..length].copy_from_slice(&tail[..length]);
        Head(u64::from_le_bytes(bytes))
    }

    /// The head of a name that is not followed by a NUL.
    fn of_name(name: &str) -> Head {
        let mut bytes = [0; 8];
        let length = name.len().min(8);
        bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
        Head(u64::from_le_bytes(bytes))
    }

    /// A bit in a filter of 1024 bits.
    #[inline]
    fn filter_bit(self) -> (usize, u64) {
        let hash = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
        ((hash >> 6) as usize, 1 << (hash & 63))
    }
}

/// The wanted names, arranged so that a name from the blob is rejected in a few instructions.
struct Wanted<'n> {
    /// Sorted by head; the second is the position in the caller's list.
    names: Vec<(Head, &'n str, usize)>,
    filter: [u64; 16],
}

impl<'n> Wanted<'n> {
    fn new(names: &[&'n str]) -> Self {
        let mut wanted = Wanted { names: Vec::new(), filter: [0; 16] };
        for (position, &name) in names.iter().enumerate() {
            // The empty name is not a name, and a NUL cannot occur in one.
            if name.is_empty() || name.as_bytes().contains(&0) {
                continue;
            }
            let head = Head::of_name(name);
            let (word, bit) = head.filter_bit();
            wanted.filter[word] |= bit;
            wanted.names.push((head, name, position));
        }
        wanted.names.sort_unstable();
        wanted
    }

    /// Calls `found` with the position of every wanted name that equals the string at `tail`.
    #[inline]
    fn matches(&self, tail: &[u8], found: impl FnMut(usize)) {
        let head = Head::of(tail);
        let (word, bit) = head.filter_bit();
        if self.filter[word] & bit != 0 {
            self.compare(head, tail, found);
        }
    }

    fn compare(&self, head: Head, tail: &[u8], mut found: impl FnMut(usize)) {
        let start = self.names.partition_point(|&(other, _, _)| other < head);
        for &(other, name, position) in &self.names[start..] {
            if other != head {
                break;
            }
            if tail.get(name.len()) == Some(&0) && tail.starts_with(name.as_bytes()) {
                found(position);
            }
        }
    }
}

/// [`Btf::string_tail`] for many offsets.
struct Tails<'b> {
    btf: &'b Btf,
    own: &'b [u8],
    first: u32,
}

impl<'b> Tails<'b> {
    fn new(btf: &'b Btf) -> Self {
        Tails { btf, own: btf.own_strings(), first: btf.first_string() }
    }

    /// All string bytes from this offset on; none if there is no such offset.
    #[inline]
    fn at(&self, offset: u32) -> &'b [u8] {
        let tail = match offset.checked_sub(self.first) {
            Some(local) => self.own.get(local as usize..),
            None => self.btf.string_tail(offset),
        };
        tail.unwrap_or_default()
    }
}

impl Btf {
    /// The first type with this name and one of these kinds, in the base first.
    pub fn find_by_name(&self, name: &str, kinds: KindSet) -> Option<TypeId> {
        if let Some(id) = self.base().and_then(|base| base.find_by_name(name, kinds)) {
            return Some(id);
        }
        let wanted = Wanted::new(&[name]);
        let mut first = None;
        self.scan_names(&wanted, kinds, |_, id| {
            first = Some(id);
            false
        });
        first
    }

    /// For each name, every type with this name and one of these kinds, in ascending order.
    /// One scan for all names.
    pub fn find_all(&self, names: &[&str], kinds: KindSet) -> Vec<Vec<TypeId>> {
        let mut found = match self.base() {
            Some(base) => base.find_all(names, kinds),
            None => vec![Vec::new(); names.len()],
        };
        self.scan_names(&Wanted::new(names), kinds, |position, id| {
            found[position].push(id);
            true
        });
        found
    }

    /// The type of a function, by the function's name.
    pub fn find_func(&self, name: &str) -> Option<(TypeId, FuncProto<'_>)> {
        let id = self.find_by_name(name, KindSet::FUNC)?;
        let Ok(Type::Func { proto, .. }) = self.ty(id) else {
            return None;
        };
        match self.ty(proto) {
            Ok(Type::FuncProto(proto)) => Some((id, proto)),
            _ => None,
        }
    }

    /// The first enumeration that has an enumerator of this name, and the value.
    pub fn find_enumerator(&self, name: &str) -> Option<(TypeId, i128)> {
        self.find_enumerators(&[name]).pop().flatten()
    }

    /// As [`Btf::find_enumerator`], for many names in one scan.
    pub fn find_enumerators(&self, names: &[&str]) -> Vec<Option<(TypeId, i128)>> {
        let mut found = match self.base() {
            Some(base) => base.find_enumerators(names),
            None => vec![None; names.len()],
        };
        let mut n_left = found.iter().filter(|found| found.is_none()).count();
        let (wanted, tails) = (Wanted::new(names), Tails::new(self));
        let (blob, endian) = (self.bytes(), self.endian());
        let mut enumerations =
            self.tags_and_typedefs().filter(|(_, row)| KindSet::ENUM.contains_number(row.kind));
        while n_left > 0
            && let Some((id, row)) = enumerations.next()
            && let Some(enumeration) = Type::decode(self, row).enumeration()
        {
            for idx in 0..enumeration.n_enumerators() {
                let name = endian.u32_at(blob, enumeration.place(idx) as usize);
                wanted.matches(tails.at(name), |position| {
                    if found[position].is_none() {
                        found[position] = Some((id, enumeration.value(idx)));
                        n_left -= 1;
                    }
                });
            }
        }
        found
    }

    /// Own types (not the base's) of these kinds whose name is `essential` or continues it with a
    /// flavor suffix `___...`; the caller decides which suffixes count.
    pub(crate) fn find_flavors(&self, essential: &str, kinds: KindSet) -> Vec<TypeId> {
        let mut found = Vec::new();
        self.scan_tails(kinds, |id, tail| {
            if let Some(rest) = tail.strip_prefix(essential.as_bytes())
                && (rest.first() == Some(&0) || rest.starts_with(b"___"))
            {
                found.push(id);
            }
            ControlFlow::Continue(())
        });
        found
    }

    /// Calls `found` for each own type with a wanted name, in order, until it returns false.
    fn scan_names(
        &self,
        wanted: &Wanted<'_>,
        kinds: KindSet,
        mut found: impl FnMut(usize, TypeId) -> bool,
    ) {
        if wanted.names.is_empty() {
            return;
        }
        self.scan_tails(kinds, |id, tail| {
            let mut flow = ControlFlow::Continue(());
            wanted.matches(tail, |position| {
                if !found(position, id) {
                    flow = ControlFlow::Break(());
                }
            });
            flow
        });
    }

    /// Calls `visit` for each own type of these kinds that has a name, in order, with the strings
    /// from its name on, until it breaks.
    fn scan_tails(&self, kinds: KindSet, mut visit: impl FnMut(TypeId, &[u8]) -> ControlFlow<()>) {
        let tails = Tails::new(self);
        let mut visit = |(id, row): (TypeId, Row)| {
            if row.name == 0 || !kinds.contains_number(row.kind) {
                return ControlFlow::Continue(());
            }
            visit(id, tails.at(row.name))
        };
        let _ = match kinds.is_within(TAGS_AND_TYPEDEFS) {
            true => self.tags_and_typedefs().try_for_each(&mut visit),
            false => self.rows().try_for_each(&mut visit),
        };
    }
}

/// Every name of a BTF and its base, sorted; for those who ask for thousands of names.
#[derive(Debug, Clone)]
pub struct NameIndex {
    /// Name offset and id, ordered by name bytes, then id.
    entries: Vec<(StrOff, TypeId)>,
}

impl NameIndex {
    /// Sorts the names: tens of milliseconds for a kernel.
    pub fn build(btf: &Btf) -> NameIndex {
        let mut keyed = Vec::with_capacity(btf.end_id() as usize);
        let mut chain = vec![btf];
        while let Some(base) = chain[chain.len() - 1].base() {
            chain.push(base);
        }
        for part in chain.iter().rev() {
            for (id, row) in part.rows().filter(|(_, row)| row.name != 0) {
                let tail = btf.string_tail(row.name).unwrap_or_default();
                keyed.push((Head::of(tail).0.swap_bytes(), StrOff(row.name), id));
            }
        }
        let text = |offset: StrOff| btf.string_bytes(offset.0).unwrap_or_default();
        keyed.sort_unstable_by(|a, b| {
            (a.0.cmp(&b.0))
                .then_with(|| if a.1 == b.1 { a.2.cmp(&b.2) } else { text(a.1).cmp(text(b.1)) })
                .then(a.2.cmp(&b.2))
        });
        let entries = keyed.into_iter().map(|(_, offset, id)| (offset, id)).collect();
        NameIndex { entries }
    }

    /// Every type of this name, ascending. `btf` is the one the index was built from.
    pub fn find<'i>(&'i self, btf: &Btf, name: &str) -> impl Iterator<Item = TypeId> + use<'i> {
        let text = |offset: StrOff| btf.string_bytes(offset.0).unwrap_or_default();
        let start = self.entries.partition_point(|&(offset, _)| text(offset) < name.as_bytes());
        let length =
            self.entries[start..].partition_point(|&(offset, _)| text(offset) == name.as_bytes());
        self.entries[start..start + length].iter().map(|&(_, id)| id)
    }

    /// The names in order, each with its type; for completion lists.
    pub fn iter<'b>(&'b self, btf: &'b Btf) -> impl Iterator<Item = (&'b str, TypeId)> {
        self.entries.iter().map(|&(offset, id)| (btf.name_at(offset.0), id))
    }
}
