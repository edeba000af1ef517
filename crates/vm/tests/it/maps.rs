//! Maps give the results of the kernel.

use crate::common::{Builder, run, vm};
use bpfc_base::Idx;
use bpfc_kabi::MapType;
use bpfc_object::{Map, MapId, MapInit, Object};
use bpfc_vm::{Effect, Environment, Input, MapError, Options, SetupError, Vm};

const EEXIST: i64 = -17;
const ENOENT: i64 = -2;
const E2BIG: i64 = -7;
const EINVAL: i64 = -22;
const ENOSPC: i64 = -28;
const ANY: u64 = 0;
const NOEXIST: u64 = 1;
const EXIST: u64 = 2;

fn one(ty: MapType, key: u32, value: u32, max_entries: u32) -> (Object, Vm, MapId) {
    let object = Builder::new().map("m", ty, key, value, max_entries).build();
    let vm = vm(&object);
    (object, vm, MapId::new(0))
}

fn value(vm: &Vm, map: MapId, key: u32) -> Option<Vec<u8>> {
    let entry = vm.map_lookup(map, &key.to_le_bytes())?;
    entry.values.into_iter().next()
}

#[test]
fn update_flags_of_arrays() {
    let (_, mut vm, map) = one(MapType::Array, 4, 4, 2);
    let key = |key: u32| key.to_le_bytes();
    assert_eq!(vm.map_update(map, &key(1), &[1; 4], ANY), Ok(()));
    assert_eq!(vm.map_update(map, &key(1), &[2; 4], EXIST), Ok(()));
    assert_eq!(vm.map_update(map, &key(1), &[1; 4], NOEXIST), Err(EEXIST));
    assert_eq!(vm.map_update(map, &key(2), &[1; 4], ANY), Err(E2BIG));
    assert_eq!(vm.map_update(map, &key(1), &[1; 4], 8), Err(EINVAL));
    assert_eq!(vm.map_update(map, &key(1), &[1; 3], ANY), Err(EINVAL));
    assert_eq!(vm.map_delete(map, &key(1)), Err(EINVAL));
    assert_eq!(value(&vm, map, 1), Some(vec![2; 4]));
    assert_eq!(value(&vm, map, 2), None);
    assert_eq!(vm.map(map).entries.len(), 2);
}

#[test]
fn update_flags_of_hashes() {
    for ty in [MapType::Hash, MapType::LruHash, MapType::PercpuHash] {
        let (_, mut vm, map) = one(ty, 4, 8, 2);
        let key = |key: u32| key.to_le_bytes();
        assert_eq!(vm.map_update(map, &key(1), &[1; 8], EXIST), Err(ENOENT));
        assert_eq!(vm.map_update(map, &key(1), &[1; 8], NOEXIST), Ok(()));
        assert_eq!(vm.map_update(map, &key(1), &[1; 8], NOEXIST), Err(EEXIST));
        assert_eq!(vm.map_update(map, &key(2), &[2; 8], ANY), Ok(()));
        assert_eq!(vm.map_update(map, &key(1), &[3; 8], 3), Err(EINVAL));
        assert_eq!(vm.map_update(map, &key(1), &[3; 8], EXIST), Ok(()));
        let full = vm.map_update(map, &key(3), &[4; 8], ANY);
        if ty == MapType::LruHash {
            assert_eq!(full, Ok(()));
            assert_eq!(value(&vm, map, 2), None, "the oldest element gives way");
        } else {
            assert_eq!(full, Err(E2BIG));
            assert_eq!(vm.map_delete(map, &key(2)), Ok(()));
            assert_eq!(vm.map_delete(map, &key(2)), Err(ENOENT));
        }
        assert_eq!(value(&vm, map, 1), Some(vec![3; 8]));
    }
}

#[test]
fn queues_stacks_and_filters() {
    let text = "
        r6 = 0
        again: r6 += 1
        *(u32 *)(r10 - 4) = 0
        *(u8 *)(r10 - 4) = r6
        r1 = m ll
        r2 = r10
        r2 += -4
        r3 = 0
        call bpf_map_push_elem
        if r0 != 0 goto full
        goto again
        full: r7 = r0
        r1 = m ll
        r2 = r10
        r2 += -4
        call bpf_map_peek_elem
        r8 = *(u32 *)(r10 - 4)
        r1 = m ll
        r2 = r10
        r2 += -4
        call bpf_map_pop_elem
        r0 = *(u32 *)(r10 - 4)
        r0 <<= 8
        r0 |= r8
        r0 <<= 8
        r7 = -r7
        r0 |= r7
        exit";
    for (ty, first) in [(MapType::Queue, 1), (MapType::Stack, 3)] {
        let object = Builder::new().map("m", ty, 0, 4, 3).func("prog", "xdp", text).build();
        let mut vm = vm(&object);
        let ret = run(&mut vm, &object, &Input::default()).unwrap().ret;
        assert_eq!(ret, first << 16 | first << 8 | 7);
        let left: Vec<u8> = vm.map(MapId::new(0)).entries.iter().map(|e| e.values[0][0]).collect();
        assert_eq!(left, if ty == MapType::Queue { [2, 3] } else { [2, 1] });
        // A full one makes room if asked.
        assert_eq!(vm.map_update(MapId::new(0), &[], &[9, 0, 0, 0], ANY), Ok(()));
        assert_eq!(vm.map_update(MapId::new(0), &[], &[9, 0, 0, 0], ANY), Err(E2BIG));
        assert_eq!(vm.map_update(MapId::new(0), &[], &[9, 0, 0, 0], EXIST), Ok(()));
    }
}

#[test]
fn the_longest_prefix_wins() {
    let (_, mut vm, map) = one(MapType::LpmTrie, 8, 4, 3);
    let key = |length: u32, ip: [u8; 4]| [length.to_le_bytes(), ip].concat();
    for (length, ip, name) in [(8, [10, 9, 9, 9], 1), (24, [10, 1, 2, 77], 2), (0, [0; 4], 3)] {
        assert_eq!(vm.map_update(map, &key(length, ip), &[name; 4], ANY), Ok(()));
    }
    let find = |vm: &Vm, ip| {
        let entry = vm.map_lookup(map, &key(32, ip));
        entry.map(|entry| entry.values[0][0])
    };
    assert_eq!(find(&vm, [10, 1, 2, 3]), Some(2));
    assert_eq!(find(&vm, [10, 1, 3, 3]), Some(1));
    assert_eq!(find(&vm, [11, 1, 3, 3]), Some(3));
    assert_eq!(vm.map_update(map, &key(9, [1; 4]), &[0; 4], ANY), Err(ENOSPC));
    assert_eq!(vm.map_update(map, &key(33, [1; 4]), &[0; 4], ANY), Err(EINVAL));
    assert_eq!(vm.map_delete(map, &key(0, [5; 4])), Ok(()));
    assert_eq!(vm.map_delete(map, &key(0, [5; 4])), Err(ENOENT));
    assert_eq!(vm.map_lookup(map, &key(32, [11, 1, 3, 3])), None);
    // The key stays as it was given.
    assert_eq!(vm.map(map).entries[0].key, key(8, [10, 9, 9, 9]));
}

#[test]
fn each_cpu_has_its_value() {
    let text = "
        *(u32 *)(r10 - 4) = 1
        r1 = m ll
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
        if r0 == 0 goto out
        *(u32 *)(r0 + 0) = 77
        r1 = m ll
        r2 = r10
        r2 += -4
        r3 = 0
        call bpf_map_lookup_percpu_elem
        if r0 == 0 goto out
        r0 = *(u32 *)(r0 + 0)
        out: exit";
    let object =
        Builder::new().map("m", MapType::PercpuArray, 4, 4, 2).func("prog", "xdp", text).build();
    let environment = Environment { n_cpus: 4, cpu: 2, ..Environment::default() };
    let options = Options { environment, ..Options::default() };
    let mut vm = Vm::new(&object, options).unwrap();
    let map = MapId::new(0);
    vm.map_update(map, &1u32.to_le_bytes(), &5u32.to_le_bytes(), ANY).unwrap();
    assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret, 5);
    let values = &vm.map(map).entries[1].values;
    let numbers: Vec<u8> = values.iter().map(|value| value[0]).collect();
    assert_eq!(numbers, [5, 5, 77, 5]);
}

#[test]
fn an_update_leaves_the_old_value_where_it_is() {
    // The kernel writes a new element; a pointer to the old one keeps seeing the old value.
    let text = "
        *(u32 *)(r10 - 4) = 1
        *(u32 *)(r10 - 8) = 50
        r1 = m ll
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
        if r0 == 0 goto out
        r6 = r0
        r1 = m ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -8
        r4 = 0
        call bpf_map_update_elem
        r0 = *(u32 *)(r6 + 0)
        out: exit";
    let object = Builder::new().map("m", MapType::Hash, 4, 4, 2).func("prog", "xdp", text).build();
    let mut vm = vm(&object);
    let map = MapId::new(0);
    vm.map_update(map, &1u32.to_le_bytes(), &9u32.to_le_bytes(), ANY).unwrap();
    assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret, 9);
    assert_eq!(value(&vm, map, 1), Some(50u32.to_le_bytes().to_vec()));
}

#[test]
fn maps_in_maps_and_their_first_values() {
    let text = "
        *(u32 *)(r10 - 4) = 1
        r1 = outer ll
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
        if r0 == 0 goto none
        *(u32 *)(r10 - 4) = 0
        r1 = r0
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
        if r0 == 0 goto none
        r0 = *(u32 *)(r0 + 0)
        exit
        none: r0 = 99
        exit";
    let inner = Map {
        map_type: MapType::Array.number(),
        key_size_bytes: 4,
        value_size_bytes: 4,
        max_entries: 1,
        ..Map::default()
    };
    for ty in [MapType::ArrayOfMaps, MapType::HashOfMaps] {
        let object = Builder::new()
            .map("in", MapType::Array, 4, 4, 1)
            .map_with(Map {
                name: "outer".into(),
                map_type: ty.number(),
                key_size_bytes: 4,
                value_size_bytes: 4,
                max_entries: 4,
                inner: Some(Box::new(inner.clone())),
                ..Map::default()
            })
            .values(&[(1, MapInit::Map(MapId::new(0)))])
            .func("prog", "xdp", text)
            .build();
        let mut vm = vm(&object);
        vm.map_update(MapId::new(0), &[0; 4], &7u32.to_le_bytes(), ANY).unwrap();
        assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret, 7);
        let entry = vm.map_lookup(MapId::new(1), &1u32.to_le_bytes()).unwrap();
        assert_eq!(entry.values, [vec![0; 4]], "the index of the inner map");
    }
}

#[test]
fn ring_buffers_deliver_in_order() {
    let text = "
        r1 = events ll
        r2 = 8
        r3 = 0
        call bpf_ringbuf_reserve
        if r0 == 0 goto out
        r6 = r0
        *(u64 *)(r6 + 0) = 1
        *(u64 *)(r10 - 8) = 2
        r1 = events ll
        r2 = r10
        r2 += -8
        r3 = 5
        r4 = 0
        call bpf_ringbuf_output
        r1 = events ll
        r2 = 16
        r3 = 0
        call bpf_ringbuf_reserve
        r1 = r0
        r2 = 0
        call bpf_ringbuf_discard
        r1 = r6
        r2 = 0
        call bpf_ringbuf_submit
        r1 = events ll
        r2 = 0
        call bpf_ringbuf_query
        out: exit";
    let object = Builder::new()
        .map("events", MapType::Ringbuf, 0, 0, 4096)
        .func("prog", "xdp", text)
        .build();
    let mut vm = vm(&object);
    for _ in 0..200 {
        let outcome = run(&mut vm, &object, &Input::default()).unwrap();
        // 8 + 8, 8 + 5 rounded up, 8 + 16.
        assert_eq!(outcome.ret, 16 + 16 + 24);
        let map = MapId::new(0);
        let bytes = |effect: &Effect| match effect {
            Effect::Ringbuf { map: of, bytes } if *of == map => bytes.clone(),
            other => panic!("{other:?}"),
        };
        let records: Vec<_> = outcome.effects.iter().map(bytes).collect();
        assert_eq!(records, [vec![1, 0, 0, 0, 0, 0, 0, 0], vec![2, 0, 0, 0, 0]]);
    }
}

#[test]
fn a_full_ring_buffer_refuses() {
    let text = "
        r6 = 0
        again: r1 = events ll
        r2 = 56
        r3 = 0
        call bpf_ringbuf_reserve
        if r0 == 0 goto out
        r6 += 1
        goto again
        out: r0 = r6
        exit";
    let object = Builder::new()
        .map("events", MapType::Ringbuf, 0, 0, 4096)
        .func("prog", "xdp", text)
        .build();
    // 64 bytes each; the buffer is never filled to the last byte.
    let ret = run(&mut vm(&object), &object, &Input::default()).unwrap().ret;
    assert_eq!(ret, 63);
}

#[test]
fn definitions_that_the_kernel_refuses() {
    for (ty, key, value, max) in [
        (MapType::Array, 8, 4, 1),
        (MapType::Array, 4, 0, 1),
        (MapType::Array, 4, 4, 0),
        (MapType::Hash, 0, 4, 1),
        (MapType::Queue, 4, 4, 1),
        (MapType::PercpuArray, 4, 40_000, 1),
        (MapType::HashOfMaps, 4, 4, 1),
    ] {
        let object = Builder::new().map("m", ty, key, value, max).build();
        let error = Vm::new(&object, Options::default()).unwrap_err();
        assert!(matches!(error, SetupError::Map(MapError::Invalid { .. })), "{ty:?} {error}");
        assert_eq!(error.to_diagnostic().code.name(), "E0907");
    }
    let object = Builder::new().map("m", MapType::Array, 4, 1 << 20, 1 << 20).build();
    let error = Vm::new(&object, Options::default()).unwrap_err();
    assert!(matches!(error, SetupError::Map(MapError::TooLarge { .. })), "{error}");
}

#[test]
fn hash_maps_agree_with_a_model() {
    use std::collections::BTreeMap;
    let (_, mut vm, map) = one(MapType::Hash, 4, 4, 50);
    let mut model: BTreeMap<u32, u32> = BTreeMap::new();
    let mut state = 1u32;
    for _ in 0..5000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (key, value) = (state >> 16 & 63, state >> 8);
        let bytes = key.to_le_bytes();
        if state & 0x80 == 0 {
            let expected = model.remove(&key).map(|_| ()).ok_or(ENOENT);
            assert_eq!(vm.map_delete(map, &bytes), expected);
        } else {
            let fits = model.len() < 50 || model.contains_key(&key);
            let result = vm.map_update(map, &bytes, &value.to_le_bytes(), ANY);
            assert_eq!(result, if fits { Ok(()) } else { Err(E2BIG) });
            if fits {
                model.insert(key, value);
            }
        }
    }
    let mut entries: Vec<(u32, u32)> = vm
        .map(map)
        .entries
        .iter()
        .map(|entry| {
            let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
            (number(&entry.key), number(&entry.values[0]))
        })
        .collect();
    entries.sort_unstable();
    assert_eq!(entries, model.into_iter().collect::<Vec<_>>());
}
