//! Interned names: equal strings get equal [`Symbol`]s, compared as one integer.

use crate::Idx;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::sync::Arc;

crate::index_type! {
    /// An interned string of one [`Interner`].
    pub struct Symbol, "sym"
}

/// Maps strings to symbols and back. Symbols are dense and stable.
///
/// All names stand in one text: a compilation interns thousands of them, most of which it only ever compares.
#[derive(Clone, Debug, Default)]
pub struct Interner {
    text: String,
    /// Where each name ends in `text`, by symbol; it begins where the one before ends.
    ends: Vec<u32>,
    /// A hash table with linear probing; its length is a power of two, and half of it or more is free.
    slots: Vec<Slot>,
}

/// A place in the hash table.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u32,
    /// One more than the number of the symbol; 0 if the place is free.
    symbol: u32,
}

/// Slots of the first table.
const FIRST_SLOTS: usize = 1 << 10;

impl Interner {
    /// The symbol of `name`, new or old.
    pub fn intern(&mut self, name: &str) -> Symbol {
        if self.ends.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = hash(name);
        let slot_idx = self.slot(name, hash);
        if let Some(symbol) = self.slots[slot_idx].symbol.checked_sub(1) {
            return Symbol::new(symbol as usize);
        }
        let symbol = Symbol::new(self.ends.len());
        self.text.push_str(name);
        let end =
            u32::try_from(self.text.len()).expect("sources, and so all names, are below 4 GiB");
        self.ends.push(end);
        self.slots[slot_idx] = Slot { hash, symbol: self.ends.len() as u32 };
        symbol
    }

    /// The symbol of `name` if it was interned before.
    pub fn get(&self, name: &str) -> Option<Symbol> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.slots[self.slot(name, hash(name))];
        slot.symbol.checked_sub(1).map(|symbol| Symbol::new(symbol as usize))
    }

    /// The string of `symbol`.
    pub fn resolve(&self, symbol: Symbol) -> &str {
        let symbol = symbol.index();
        let start = symbol.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[symbol] as usize]
    }

    /// The string of `symbol`, shared: for code that must keep interning meanwhile.
    pub fn resolve_shared(&self, symbol: Symbol) -> Arc<str> {
        self.resolve(symbol).into()
    }

    /// Where `name` is in the table, or the free place where it belongs.
    fn slot(&self, name: &str, hash: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            let is_here = slot.hash == hash
                && slot
                    .symbol
                    .checked_sub(1)
                    .is_some_and(|symbol| self.resolve(Symbol::new(symbol as usize)) == name);
            if slot.symbol == 0 || is_here {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// Doubles the table.
    fn grow(&mut self) {
        let n_slots = (self.slots.len() * 2).max(FIRST_SLOTS);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); n_slots]);
        for slot in old.into_iter().filter(|slot| slot.symbol != 0) {
            let mut at = slot.hash as usize & (n_slots - 1);
            while self.slots[at].symbol != 0 {
                at = (at + 1) & (n_slots - 1);
            }
            self.slots[at] = slot;
        }
    }
}

fn hash(name: &str) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(name.as_bytes());
    hasher.finish() as u32
}
