//! Makes one type of all that say the same, however they refer to each other.
//!
//! Two types are the same if no chain of questions about kinds, names, sizes and references tells
//! them apart: the types are divided into classes by what they say themselves, and classes by the
//! classes that their members refer to, until nothing divides any more. A forward declaration
//! is the structure or union of its name, if all of that name look alike.
//!
//! Functions and variables stay apart: two static ones may have the same name and type.

use crate::builder::BtfBuilder;
use crate::format::{FwdKind, TypeId};
use crate::typedef::TypeDef;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// How many references the division may follow. Real types need a few rounds; what would need
/// more (a long chain of pointers) is left as it is.
const MAX_STEPS: usize = 1 << 23;

/// Types without repetition.
#[derive(Debug, Clone)]
pub struct Deduplicated {
    /// The types.
    pub builder: BtfBuilder,
    /// By old id: the new one, none for types that were left out.
    ids: Vec<Option<TypeId>>,
}

impl Deduplicated {
    /// The new id of a type.
    pub fn id(&self, old: TypeId) -> Option<TypeId> {
        self.ids.get(old.0 as usize).copied().flatten()
    }
}

impl BtfBuilder {
    /// The types that `is_kept` names, which must need no others, each once; in the order in
    /// which each was first defined. Types reserved and never defined are left out.
    pub fn deduplicate(&self, is_kept: impl Fn(TypeId) -> bool) -> Deduplicated {
        let ids = (1..=self.n_types()).map(TypeId);
        let kept = |id: &TypeId| is_kept(*id) && self.get(*id).is_some();
        let kept: Vec<TypeId> = ids.filter(kept).collect();
        let defs: Vec<&TypeDef> = kept.iter().filter_map(|&id| self.get(id)).collect();
        let mut graph = Graph::new(&defs, self.n_types(), &kept);
        graph.resolve_forwards(&defs);
        let class = graph.classes();
        // The first type of each class stands for it.
        let mut new_ids: HashMap<u32, TypeId> = HashMap::new();
        let mut ids = vec![None; self.n_types() as usize + 1];
        ids[0] = Some(TypeId::VOID);
        let mut first = Vec::new();
        for (node, &id) in kept.iter().enumerate() {
            if graph.forward[node].is_some() {
                continue;
            }
            let next = TypeId(first.len() as u32 + 1);
            let new = *new_ids.entry(class[node]).or_insert(next);
            if new == next {
                first.push(id);
            }
            ids[id.0 as usize] = Some(new);
        }
        for (node, &id) in kept.iter().enumerate() {
            if let Some(whole) = graph.forward[node] {
                ids[id.0 as usize] = ids[kept[whole].0 as usize];
            }
        }
        let mut builder = BtfBuilder::new();
        for id in first {
            if let Some(mut def) = self.get(id).cloned() {
                def.for_each_reference(|target| {
                    let new = ids.get(target.0 as usize).copied().flatten();
                    *target = new.unwrap_or(TypeId::VOID);
                });
                builder.push(def);
            }
        }
        Deduplicated { builder, ids }
    }
}

/// The types as nodes, numbered without gaps.
struct Graph {
    /// What a type says itself, without its references, as a number. Equal numbers are equal
    /// texts.
    shape: Vec<u32>,
    /// Nodes that a type refers to, in order; `None` for void and what is not kept.
    references: Vec<Vec<Option<usize>>>,
    /// For a forward declaration the node of what it declares.
    forward: Vec<Option<usize>>,
}

impl Graph {
    fn new(defs: &[&TypeDef], n_types: u32, kept: &[TypeId]) -> Graph {
        let mut nodes = vec![None; n_types as usize + 1];
        for (node, id) in kept.iter().enumerate() {
            nodes[id.0 as usize] = Some(node);
        }
        let mut known: HashMap<TypeDef, u32> = HashMap::new();
        let mut graph = Graph {
            shape: Vec::with_capacity(kept.len()),
            references: Vec::with_capacity(kept.len()),
            forward: vec![None; kept.len()],
        };
        let mut n_shapes = 0;
        for &def in defs {
            let mut shape = def.clone();
            let mut references = Vec::new();
            shape.for_each_reference(|target| {
                references.push(nodes.get(target.0 as usize).copied().flatten());
                *target = TypeId::VOID;
            });
            let is_unique = matches!(
                shape,
                TypeDef::Func { .. } | TypeDef::Var { .. } | TypeDef::DataSec { .. }
            );
            let number = match known.entry(shape) {
                Entry::Occupied(entry) if !is_unique => *entry.get(),
                Entry::Occupied(_) => n_shapes,
                Entry::Vacant(entry) => *entry.insert(n_shapes),
            };
            n_shapes += u32::from(number == n_shapes);
            graph.shape.push(number);
            graph.references.push(references);
        }
        graph
    }

    /// Finds what forward declarations declare, and lets references to them lead there.
    fn resolve_forwards(&mut self, defs: &[&TypeDef]) {
        let mut whole: HashMap<(&str, FwdKind), (usize, bool)> = HashMap::new();
        let mut forwards = Vec::new();
        for (node, &def) in defs.iter().enumerate() {
            let key = match def {
                TypeDef::Struct { name, .. } if !name.is_empty() => {
                    (name.as_str(), FwdKind::Struct)
                }
                TypeDef::Union { name, .. } if !name.is_empty() => (name.as_str(), FwdKind::Union),
                TypeDef::Fwd { name, fwd_kind } => {
                    forwards.push((node, (name.as_str(), *fwd_kind)));
                    continue;
                }
                _ => continue,
            };
            let (first, is_one) = whole.entry(key).or_insert((node, true));
            *is_one &= self.shape[*first] == self.shape[node];
        }
        for (node, key) in forwards {
            if let Some(&(target, true)) = whole.get(&key) {
                self.forward[node] = Some(target);
            }
        }
        let forward = &self.forward;
        for reference in self.references.iter_mut().flatten().flatten() {
            *reference = forward[*reference].unwrap_or(*reference);
        }
    }

    /// The class of each node.
    fn classes(&self) -> Vec<u32> {
        let mut class = self.shape.clone();
        let mut n_classes = 0;
        let per_round = self.references.iter().map(|references| references.len() + 1);
        let per_round = per_round.sum::<usize>().max(1);
        for _ in 0..MAX_STEPS / per_round {
            let mut known: HashMap<(u32, Vec<Option<u32>>), u32> = HashMap::new();
            let mut next = Vec::with_capacity(class.len());
            for (node, references) in self.references.iter().enumerate() {
                let classes = references.iter().map(|target| target.map(|target| class[target]));
                let key = (class[node], classes.collect());
                let new = known.len() as u32;
                next.push(*known.entry(key).or_insert(new));
            }
            let found = known.len();
            class = next;
            if found == n_classes {
                return class;
            }
            n_classes = found;
        }
        (0..class.len() as u32).collect()
    }
}
