//! Interned names: equal strings get equal [`Symbol`]s, compared as one integer.

use crate::Idx;
use rustc_hash::FxHashMap;
use std::sync::Arc;

crate::index_type! {
    /// An interned string of one [`Interner`].
    pub struct Symbol, "sym"
}

/// Maps strings to symbols and back. Symbols are dense and stable.
#[derive(Clone, Debug, Default)]
pub struct Interner {
    map: FxHashMap<Arc<str>, Symbol>,
    names: Vec<Arc<str>>,
}

impl Interner {
    /// The symbol of `name`, new or old.
    pub fn intern(&mut self, name: &str) -> Symbol {
        if let Some(&symbol) = self.map.get(name) {
            return symbol;
        }
        let symbol = Symbol::new(self.names.len());
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.map.insert(name, symbol);
        symbol
    }

    /// The symbol of `name` if it was interned before.
    pub fn get(&self, name: &str) -> Option<Symbol> {
        self.map.get(name).copied()
    }

    /// The string of `symbol`.
    pub fn resolve(&self, symbol: Symbol) -> &str {
        &self.names[symbol.index()]
    }

    /// The string of `symbol`, shared: for code that must keep interning meanwhile.
    pub fn resolve_shared(&self, symbol: Symbol) -> Arc<str> {
        self.names[symbol.index()].clone()
    }
}
