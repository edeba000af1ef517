//! Types that say the same become one; others do not.

use crate::common::{int, kernel, member, structure};
use bpfc_btf::{BtfBuilder, Deduplicated, FwdKind, KindSet, Linkage, TypeDef, TypeId};
use std::collections::HashMap;
use std::time::{Duration, Instant};

fn all(types: &BtfBuilder) -> Deduplicated {
    types.deduplicate(|_| true)
}

fn list(types: &BtfBuilder) -> Vec<&TypeDef> {
    (1..=types.n_types()).map(|id| types.get(TypeId(id)).unwrap()).collect()
}

/// `struct node { struct node *next; int value; }`, and how `value` is called.
fn node(types: &mut BtfBuilder, value: &str) -> TypeId {
    let node = types.reserve();
    let pointer = types.push(TypeDef::Ptr { target: node });
    let int = types.push(int("int", 4));
    let members = vec![member("next", pointer, 0), member(value, int, 64)];
    types.define(node, structure("node", 16, members));
    node
}

#[test]
fn rings_of_types_become_one() {
    let mut types = BtfBuilder::new();
    let (first, second) = (node(&mut types, "value"), node(&mut types, "value"));
    let joined = all(&types);
    assert_eq!(joined.id(first), joined.id(second));
    assert_eq!(joined.builder.n_types(), 3);
    // Again, nothing changes.
    assert_eq!(list(&all(&joined.builder).builder), list(&joined.builder));
}

#[test]
fn one_different_name_keeps_a_ring_apart() {
    let mut types = BtfBuilder::new();
    let (first, second) = (node(&mut types, "value"), node(&mut types, "other"));
    let joined = all(&types);
    assert_ne!(joined.id(first), joined.id(second));
    // Two structures, the pointers to them, one `int`.
    assert_eq!(joined.builder.n_types(), 5);
}

#[test]
fn forward_declarations_are_what_they_declare() {
    let mut types = BtfBuilder::new();
    let whole = node(&mut types, "value");
    let fwd_kind = FwdKind::Struct;
    let forward = types.push(TypeDef::Fwd { name: "node".into(), fwd_kind });
    let pointer = types.push(TypeDef::Ptr { target: forward });
    let other = types.push(TypeDef::Fwd { name: "node".into(), fwd_kind: FwdKind::Union });
    let joined = all(&types);
    assert_eq!(joined.id(forward), joined.id(whole));
    assert_ne!(joined.id(other), joined.id(whole));
    let pointer = joined.builder.get(joined.id(pointer).unwrap());
    assert_eq!(pointer, Some(&TypeDef::Ptr { target: joined.id(whole).unwrap() }));
    // Which of two is meant, nobody can say.
    node(&mut types, "another");
    let joined = all(&types);
    assert_ne!(joined.id(forward), joined.id(whole));
}

#[test]
fn functions_and_variables_stay_apart() {
    let mut types = BtfBuilder::new();
    let ty = types.push(int("int", 4));
    let var = || TypeDef::Var { name: "x".into(), ty, linkage: Linkage::Static };
    let (first, second) = (types.push(var()), types.push(var()));
    let tag = |target| TypeDef::DeclTag {
        name: "tag".into(),
        target,
        component_idx: None,
        is_attribute: false,
    };
    for target in [first, first, second] {
        types.push(tag(target));
    }
    let joined = all(&types);
    assert_ne!(joined.id(first), joined.id(second));
    assert_eq!(joined.builder.n_types(), 5);
    let without = types.deduplicate(|id| id.0 <= second.0);
    assert_eq!((without.builder.n_types(), without.id(TypeId(4))), (3, None));
}

/// What would take too long stays as it is, soon.
#[test]
fn long_chains_end() {
    let mut types = BtfBuilder::new();
    for _ in 0..2 {
        let mut target = types.push(int("int", 4));
        for _ in 0..20_000 {
            target = types.push(TypeDef::Ptr { target });
        }
    }
    let start = Instant::now();
    let joined = all(&types);
    assert_eq!(joined.builder.n_types(), types.n_types());
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

/// The kernel's `struct sk_buff` with all that it needs, twice, is what it is once.
#[test]
fn types_of_the_kernel_twice() {
    let Some(btf) = kernel() else { return };
    let root = btf.find_by_name("sk_buff", KindSet::of(&[bpfc_btf::Kind::Struct])).unwrap();
    let mut once = BtfBuilder::new();
    once.copy_from(&btf, root, &mut HashMap::new()).unwrap();
    let mut twice = once.clone();
    let copy = twice.copy_from(&btf, root, &mut HashMap::new()).unwrap();
    let (once, joined) = (all(&once), all(&twice));
    assert_eq!(list(&joined.builder), list(&once.builder));
    assert_eq!(joined.id(copy), joined.id(TypeId(1)));
}
