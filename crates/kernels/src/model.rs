//! What writer and reader both expect next, so that the expected costs one small number.

use crate::columns::{fold_sign, unfold_sign};
use bpfc_btf::Kind;

/// Words of a record of this kind behind the first three, and words of each element.
pub(crate) const fn n_words(kind: Kind) -> (usize, usize) {
    let (fixed, each) = kind.trailing_bytes();
    (fixed as usize / 4, each as usize / 4)
}

/// Whether the number of elements is used; a function keeps its linkage there.
pub(crate) const fn has_vlen(kind: Kind) -> bool {
    n_words(kind).1 != 0 || matches!(kind, Kind::Func)
}

/// Names by number, 0 for none, as the writer tells them: a name that a kernel mentions for the first time is most
/// often the one behind the last such name in the table; others are told by how long ago they were first mentioned.
#[derive(Debug)]
pub(crate) struct NameWriter {
    /// By name: 1 more than its place in the order of first mentions, or 0.
    places: Vec<u32>,
    n_mentioned: u32,
    /// The name that would come next.
    expected: u32,
}

impl NameWriter {
    /// No name of 1 to `n_names` has been mentioned.
    pub fn new(n_names: u32) -> Self {
        Self { places: vec![0; n_names as usize + 1], n_mentioned: 0, expected: 1 }
    }

    /// The number that stands for `name` here.
    pub fn encode(&mut self, name: u32) -> u64 {
        if name == 0 {
            return 0;
        }
        match self.places[name as usize] {
            0 => {
                let distance = i64::from(name) - i64::from(self.expected);
                self.n_mentioned += 1;
                self.places[name as usize] = self.n_mentioned;
                let is_known = |name| self.places.get(name as usize).is_some_and(|at| *at != 0);
                self.expected = name + 1;
                while is_known(self.expected) {
                    self.expected += 1;
                }
                if distance == 0 { 1 } else { fold_sign(distance) * 2 + 1 }
            }
            place => u64::from(self.n_mentioned - place) * 2 + 2,
        }
    }
}

/// A name and where its text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// From 1; 0 for none.
    pub number: u32,
    /// In the strings.
    pub offset: u32,
}

/// The reader's side of [`NameWriter`].
#[derive(Debug)]
pub(crate) struct NameReader<'a> {
    /// By name, 0 for none first.
    offsets: &'a [u32],
    /// A bit for each name that was mentioned.
    mentioned: Vec<u64>,
    /// Names in the order in which they were first mentioned.
    order: Vec<Name>,
    expected: u32,
}

impl<'a> NameReader<'a> {
    /// No name has been mentioned; `offsets` has where each is.
    pub fn new(offsets: &'a [u32]) -> Self {
        let mentioned = vec![0; offsets.len() / 64 + 1];
        Self { offsets, mentioned, order: Vec::with_capacity(offsets.len()), expected: 1 }
    }

    /// The name that `number` stands for here; `None` if it stands for none.
    #[inline(always)]
    pub fn decode(&mut self, number: u64) -> Option<Name> {
        if number == 0 {
            return Some(Name { number: 0, offset: 0 });
        }
        if number.is_multiple_of(2) {
            let back = usize::try_from(number / 2).ok()?;
            return self.order.get(self.order.len().checked_sub(back)?).copied();
        }
        self.first_mention(unfold_sign(number / 2))
    }

    #[inline]
    fn first_mention(&mut self, distance: i64) -> Option<Name> {
        let number = u32::try_from(i64::from(self.expected).checked_add(distance)?).ok()?;
        let offset = *self.offsets.get(number as usize)?;
        let name = Name { number, offset };
        if number == 0 || self.is_mentioned(number) {
            return None;
        }
        self.mentioned[number as usize / 64] |= 1 << (number % 64);
        self.order.push(name);
        self.expected = number + 1;
        while self.is_mentioned(self.expected) {
            self.expected += 1;
        }
        Some(name)
    }

    #[inline]
    fn is_mentioned(&self, number: u32) -> bool {
        let word = self.mentioned.get(number as usize / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 != 0)
    }
}

/// Types of members and parameters: those of one name tend to have one type.
#[derive(Debug)]
pub(crate) struct ElementTypes {
    last: Vec<u32>,
}

impl ElementTypes {
    /// Nothing is known of the names up to `n_names`.
    pub fn new(n_names: u32) -> Self {
        Self { last: vec![0; n_names as usize + 1] }
    }

    /// The number that stands for type `ty` of an element `name` of the type `owner`.
    pub fn encode(&mut self, owner: u32, name: u32, ty: u32) -> u64 {
        let last = std::mem::replace(&mut self.last[name as usize], ty);
        if name != 0 && last == ty {
            return 0;
        }
        fold_sign(i64::from(owner) - i64::from(ty)) + 1
    }

    /// The type that `number` stands for.
    #[inline(always)]
    pub fn decode(&mut self, owner: u32, name: u32, number: u64) -> u32 {
        let last = &mut self.last[name as usize];
        if number != 0 {
            *last = (i64::from(owner).wrapping_sub(unfold_sign(number - 1))) as u32;
        }
        *last
    }
}
