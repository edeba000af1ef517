//! What is known of the locals of a function at one point of it.

use crate::hir::LocalId;
use bpfc_base::{Idx, Span};
use std::collections::BTreeMap;

/// A set of locals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LocalSet(Vec<u64>);

impl LocalSet {
    pub fn contains(&self, local: LocalId) -> bool {
        let at = local.index();
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 != 0)
    }

    pub fn insert(&mut self, local: LocalId) {
        let at = local.index();
        if self.0.len() <= at / 64 {
            self.0.resize(at / 64 + 1, 0);
        }
        self.0[at / 64] |= 1 << (at % 64);
    }

    pub fn remove(&mut self, local: LocalId) {
        let at = local.index();
        if let Some(word) = self.0.get_mut(at / 64) {
            *word &= !(1 << (at % 64));
        }
    }

    pub fn extend(&mut self, other: &LocalSet) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// The locals of `self` that are not in `other`.
    pub fn without<'a>(&'a self, other: &'a LocalSet) -> impl Iterator<Item = LocalId> + 'a {
        self.0.iter().enumerate().flat_map(move |(at, &word)| {
            let rest = word & !other.0.get(at).copied().unwrap_or(0);
            (0..64)
                .filter(move |bit| rest >> bit & 1 != 0)
                .map(move |bit| LocalId::new(at * 64 + bit))
        })
    }
}

/// Why a local has no value: what happened before on that path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The condition was true, or false.
    Condition(Span, bool),
    /// Control came by this jump.
    Jump(Span),
}

/// A point that control can reach.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Locals without a value on some path.
    pub empty: LocalSet,
    /// Locals with a value on some path.
    pub filled: LocalSet,
    /// Of locals that are in both: a choice on the way here after which they have no value
    /// for sure, and after which control gets here for sure.
    pub causes: BTreeMap<LocalId, Cause>,
}

impl State {
    pub fn declare(&mut self, local: LocalId) {
        self.empty.insert(local);
        self.filled.remove(local);
        self.causes.remove(&local);
    }

    pub fn fill(&mut self, local: LocalId) {
        self.empty.remove(local);
        self.filled.insert(local);
        self.causes.remove(&local);
    }

    /// True if `local` has no value on any path.
    pub fn is_empty(&self, local: LocalId) -> bool {
        self.empty.contains(local) && !self.filled.contains(local)
    }

    /// A copy behind a choice: it is not sure any more that control gets there.
    pub fn chosen(&self) -> State {
        State { causes: BTreeMap::new(), ..self.clone() }
    }
}

/// Two ways to one point, and what each of them says if it leaves a local empty.
pub(super) fn join(
    a: Option<State>,
    b: Option<State>,
    cause_a: Option<Cause>,
    cause_b: Option<Cause>,
) -> Option<State> {
    let (a, b) = match (a, b) {
        (Some(a), Some(b)) => (a, b),
        (Some(one), None) | (None, Some(one)) => return Some(one),
        (None, None) => return None,
    };
    let mut causes = BTreeMap::new();
    for (one, other, cause) in [(&a, &b, cause_a), (&b, &a, cause_b)] {
        for local in one.empty.without(&one.filled) {
            if other.filled.contains(local)
                && let Some(cause) = cause
            {
                causes.entry(local).or_insert(cause);
            }
        }
        for (&local, &cause) in &one.causes {
            causes.entry(local).or_insert(cause);
        }
    }
    let mut joined = State { causes, ..a };
    joined.empty.extend(&b.empty);
    joined.filled.extend(&b.filled);
    Some(joined)
}
