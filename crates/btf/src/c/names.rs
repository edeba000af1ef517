//! Makes names unique: C has one name space for tags and one for typedefs and enumerators.

use std::collections::HashMap;

use crate::format::TypeId;

/// A name space of C (C11 6.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Space {
    Tag,
    Ordinary,
}

/// The names given so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// How often a name was asked for.
    n_uses: HashMap<(Space, String), u32>,
    /// The name of a type, or of an enumerator of it.
    given: HashMap<(TypeId, Option<u32>), String>,
}

impl Names {
    /// The name of a type, or of the enumerator `idx` of it: `wanted`, if nothing else has it.
    pub(super) fn give(
        &mut self,
        space: Space,
        id: TypeId,
        idx: Option<u32>,
        wanted: &str,
    ) -> String {
        if let Some(name) = self.given.get(&(id, idx)) {
            return name.clone();
        }
        let n_uses = self.n_uses.entry((space, wanted.to_owned())).or_insert(0);
        *n_uses += 1;
        let name = match *n_uses {
            1 => wanted.to_owned(),
            n => format!("{wanted}___{n}"),
        };
        self.given.insert((id, idx), name.clone());
        name
    }
}
