//! Maps of every listable kind, on the running kernel.

use crate::support::{array, kernel, map};
use bpfc_kabi::{MapType, UpdateFlag};
use bpfc_loader::{Errno, LoadError, Map};
use bpfc_object::Map as Definition;
use std::os::fd::AsFd;

fn u32s(numbers: impl IntoIterator<Item = u32>) -> Vec<Vec<u8>> {
    numbers.into_iter().map(|n| n.to_ne_bytes().to_vec()).collect()
}

#[test]
fn hashes_hold_what_is_written() {
    let Some(kernel) = kernel() else { return };
    for ty in [MapType::Hash, MapType::LruHash] {
        let map = Map::create(&map("h", ty, 4, 8, 5000), &kernel).unwrap();
        for n in 0..3000_u32 {
            let value = u64::from(n) * 3;
            map.update(&n.to_ne_bytes(), &value.to_ne_bytes(), UpdateFlag::Any).unwrap();
        }
        assert!(map.delete(&7_u32.to_ne_bytes()).unwrap());
        assert!(!map.delete(&7_u32.to_ne_bytes()).unwrap());
        assert_eq!(map.lookup(&7_u32.to_ne_bytes()).unwrap(), None);
        let found = map.lookup(&8_u32.to_ne_bytes()).unwrap().unwrap();
        assert_eq!(found, [24_u64.to_ne_bytes().to_vec()]);
        let mut dump = map.dump().unwrap();
        dump.sort_by_key(|(key, _)| u32::from_ne_bytes(key[..].try_into().unwrap()));
        let expected = (0..3000_u32).filter(|n| *n != 7).map(|n| {
            let value = (u64::from(n) * 3).to_ne_bytes().to_vec();
            (n.to_ne_bytes().to_vec(), vec![value])
        });
        assert_eq!(dump, expected.collect::<Vec<_>>());
        assert_eq!(map.keys().map(Result::unwrap).count(), 2999);
    }
}

#[test]
fn flags_of_updates_are_kept() {
    let Some(kernel) = kernel() else { return };
    let map = Map::create(&map("h", MapType::Hash, 4, 4, 2), &kernel).unwrap();
    let update = |key: u32, flag| map.update(&key.to_ne_bytes(), &[0; 4], flag);
    let errno = |outcome: Result<(), LoadError>| outcome.unwrap_err().errno();
    assert_eq!(errno(update(1, UpdateFlag::Exist)), Some(Errno::ENOENT));
    update(1, UpdateFlag::NoExist).unwrap();
    assert_eq!(errno(update(1, UpdateFlag::NoExist)), Some(Errno::EEXIST));
    update(2, UpdateFlag::Any).unwrap();
    assert_eq!(errno(update(3, UpdateFlag::Any)), Some(Errno::E2BIG));
}

#[test]
fn arrays_are_full_of_zeros() {
    let Some(kernel) = kernel() else { return };
    let map = Map::create(&array("a", 4, 5), &kernel).unwrap();
    map.update(&2_u32.to_ne_bytes(), &9_u32.to_ne_bytes(), UpdateFlag::Any).unwrap();
    let values = map.dump().unwrap().into_iter().map(|(_, mut values)| values.remove(0));
    assert_eq!(values.collect::<Vec<_>>(), u32s([0, 0, 9, 0, 0]));
    assert!(map.delete(&2_u32.to_ne_bytes()).is_err());
    assert!(map.lookup(&5_u32.to_ne_bytes()).unwrap().is_none());
}

#[test]
fn per_cpu_maps_have_a_value_for_each_cpu() {
    let Some(kernel) = kernel() else { return };
    let n_cpus = kernel.n_possible_cpus().unwrap();
    for ty in [MapType::PercpuArray, MapType::PercpuHash, MapType::LruPercpuHash] {
        // 12 bytes: the kernel pads each value to 16.
        let map = Map::create(&map("p", ty, 4, 12, 2), &kernel).unwrap();
        assert_eq!(map.n_values(), n_cpus);
        let values: Vec<Vec<u8>> = (0..n_cpus).map(|cpu| vec![cpu as u8 + 1; 12]).collect();
        map.update_values(&1_u32.to_ne_bytes(), &values, UpdateFlag::Any).unwrap();
        assert_eq!(map.lookup(&1_u32.to_ne_bytes()).unwrap(), Some(values.clone()));
        let dump = map.dump().unwrap();
        assert!(dump.contains(&(1_u32.to_ne_bytes().to_vec(), values)));
        map.update(&1_u32.to_ne_bytes(), &[5; 12], UpdateFlag::Any).unwrap();
        let found = map.lookup(&1_u32.to_ne_bytes()).unwrap().unwrap();
        assert_eq!(found, vec![vec![5; 12]; n_cpus as usize]);
    }
}

#[test]
fn queues_and_stacks_give_back() {
    let Some(kernel) = kernel() else { return };
    for (ty, expected) in [(MapType::Queue, [1, 2]), (MapType::Stack, [2, 1])] {
        let map = Map::create(&map("q", ty, 0, 4, 4), &kernel).unwrap();
        map.push(&1_u32.to_ne_bytes()).unwrap();
        map.push(&2_u32.to_ne_bytes()).unwrap();
        let popped: Vec<u32> = std::iter::from_fn(|| map.pop().unwrap())
            .map(|value| u32::from_ne_bytes(value.try_into().unwrap()))
            .collect();
        assert_eq!(popped, expected);
        assert_eq!(map.dump().unwrap(), []);
    }
}

#[test]
fn tries_match_prefixes() {
    let Some(kernel) = kernel() else { return };
    let definition = Definition {
        map_flags: 1, // BPF_F_NO_PREALLOC, which tries demand.
        ..map("t", MapType::LpmTrie, 8, 4, 10)
    };
    let map = Map::create(&definition, &kernel).unwrap();
    let key = |bits: u32, address: [u8; 4]| [bits.to_ne_bytes(), address].concat();
    map.update(&key(8, [10, 0, 0, 0]), &[1; 4], UpdateFlag::Any).unwrap();
    map.update(&key(24, [10, 1, 2, 0]), &[2; 4], UpdateFlag::Any).unwrap();
    let found = map.lookup(&key(32, [10, 1, 2, 9])).unwrap();
    assert_eq!(found, Some(vec![vec![2; 4]]));
    assert_eq!(map.dump().unwrap().len(), 2);
}

#[test]
fn maps_hold_maps() {
    let Some(kernel) = kernel() else { return };
    let inner = Map::create(&array("inner", 4, 1), &kernel).unwrap();
    let definition = Definition {
        inner: Some(Box::new(array("", 4, 1))),
        ..map("outer", MapType::HashOfMaps, 4, 4, 4)
    };
    let outer = Map::create(&definition, &kernel).unwrap();
    outer.insert(&3_u32.to_ne_bytes(), inner.as_fd()).unwrap();
    let dump = outer.dump().unwrap();
    assert_eq!(dump, [(3_u32.to_ne_bytes().to_vec(), u32s([inner.id()]))]);
}

#[test]
fn machine_dependent_sizes_are_filled_in() {
    let Some(kernel) = kernel() else { return };
    let events = map("events", MapType::PerfEventArray, 0, 0, 0);
    let events = Map::create(&events, &kernel).unwrap();
    assert_eq!(events.max_entries(), kernel.n_possible_cpus().unwrap());
    let ring = Map::create(&map("ring", MapType::Ringbuf, 0, 0, 5000), &kernel).unwrap();
    assert!(ring.max_entries().is_power_of_two() && ring.max_entries() >= 5000);
}

#[test]
fn wrong_sizes_are_errors_and_not_crashes() {
    let Some(kernel) = kernel() else { return };
    let map = Map::create(&map("h", MapType::Hash, 4, 8, 1), &kernel).unwrap();
    for outcome in [
        map.lookup(&[0; 3]).map(|_| ()),
        map.update(&[0; 4], &[0; 9], UpdateFlag::Any),
        map.delete(&[]).map(|_| ()),
        map.pop().map(|_| ()),
    ] {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("instead of"), "{error}");
    }
}

#[test]
fn impossible_maps_are_explained() {
    let Some(kernel) = kernel() else { return };
    let create = |definition: &Definition| Map::create(definition, &kernel).unwrap_err();
    let empty = create(&map("empty", MapType::Hash, 4, 4, 0));
    assert_eq!(empty.code().name(), "E0907");
    assert_eq!(
        empty.to_string(),
        "map `empty` cannot be created: EINVAL: Invalid argument (`max_entries` is 0)"
    );
    let unknown = create(&Definition { map_type: 9999, max_entries: 1, ..Definition::default() });
    assert!(unknown.to_string().contains("9999 is unknown"), "{unknown}");
}

#[test]
fn frozen_maps_do_not_change() {
    let Some(kernel) = kernel() else { return };
    let map = Map::create(&array("a", 4, 1), &kernel).unwrap();
    map.freeze().unwrap();
    let error = map.update(&[0; 4], &[1; 4], UpdateFlag::Any).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EPERM));
}

#[test]
fn many_elements_change_at_once() {
    let Some(kernel) = kernel() else { return };
    let n_cpus = kernel.n_possible_cpus().unwrap();
    for ty in [MapType::Hash, MapType::LruHash, MapType::PercpuHash, MapType::LpmTrie] {
        let mut definition = map("b", ty, 8, 12, 300_000);
        definition.map_flags = u32::from(ty == MapType::LpmTrie);
        let map = Map::create(&definition, &kernel).unwrap();
        let key = |n: u32| {
            // As of a trie: how many bits count, then those bits.
            [32_u32.to_ne_bytes(), n.to_be_bytes()].concat()
        };
        // More than go into one call.
        let n = if ty == MapType::Hash { 100_000 } else { 1000 };
        let n_values = if ty == MapType::PercpuHash { n_cpus } else { 1 };
        let element = |n: u32| (key(n), vec![vec![n as u8; 12]; n_values as usize]);
        let elements: Vec<_> = (0..n).map(element).collect();
        map.update_batch(&elements, UpdateFlag::Any).unwrap();
        assert_eq!(map.dump().unwrap().len(), n as usize, "{ty:?}");
        assert_eq!(map.lookup(&key(n - 1)).unwrap(), Some(element(n - 1).1));
        // Some are absent, at the edges and in between.
        let keys: Vec<_> = (0..n + 2).filter(|n| n % 2 == 0 || n % 5 == 0).map(key).collect();
        assert!(map.delete(&key(0)).unwrap() && map.delete(&key(10)).unwrap());
        let there = (0..n).filter(|n| n % 2 == 0 || n % 5 == 0).count() - 2;
        assert_eq!(map.delete_batch(&keys).unwrap(), there, "{ty:?}");
        assert_eq!(map.dump().unwrap().len(), n as usize - there - 2);
        assert_eq!(map.delete_batch(&keys).unwrap(), 0);
    }
}

#[test]
fn many_elements_where_the_kernel_has_no_batches() {
    let Some(kernel) = kernel() else { return };
    let map = Map::create(&map("h", MapType::Hash, 4, 4, 4), &kernel).unwrap();
    let element = |n: u32| (n.to_ne_bytes().to_vec(), vec![vec![7; 4]]);
    let elements: Vec<_> = (0..3).map(element).collect();
    // The kernel's batches take no conditions.
    map.update_batch(&elements, UpdateFlag::NoExist).unwrap();
    let error = map.update_batch(&elements, UpdateFlag::NoExist).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST));
    // What fits before the map is full is there.
    let elements: Vec<_> = (1..9).map(element).collect();
    let error = map.update_batch(&elements, UpdateFlag::Any).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::E2BIG));
    assert_eq!(map.dump().unwrap().len(), 4);
    assert!(map.update_batch(&[(vec![0; 3], vec![vec![0; 4]])], UpdateFlag::Any).is_err());
    assert!(map.update_batch(&[(vec![0; 4], Vec::new())], UpdateFlag::Any).is_err());
    let array = Map::create(&array("a", 4, 3), &kernel).unwrap();
    array.update_batch(&(0..3).map(element).collect::<Vec<_>>(), UpdateFlag::Any).unwrap();
    assert_eq!(array.lookup(&[2, 0, 0, 0]).unwrap(), Some(vec![vec![7; 4]]));
    assert!(array.delete_batch(&[[0; 4]]).is_err());
}
