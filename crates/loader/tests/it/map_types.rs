//! Every type of map that the tables know is made on the running kernel, filled and read where the kernel lets us.

use crate::support::{kernel, map, object, program, skip_without};
use bpfc_base::Idx;
use bpfc_btf::{IntEncoding, TypeDef};
use bpfc_kabi::{MapType, UpdateFlag, map_types};
use bpfc_loader::{Kernel, LoadOptions, Loaded, Map, load};
use bpfc_object::{FuncId, Map as Definition, MapId, MapInit};
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};

const NO_PREALLOC: u32 = 1;
const MMAPABLE: u32 = 1 << 10;
/// The first key of four bytes.
const ZERO: [u8; 4] = [0; 4];

/// A definition that the kernel takes; `None` where another test makes the map.
fn definition(ty: MapType) -> Option<Definition> {
    let page = 4096;
    let plain = |key, value, entries| map("m", ty, key, value, entries);
    let flagged = |flags, definition| Definition { map_flags: flags, ..definition };
    Some(match ty {
        // `struct bpf_insn_array_value` (6.19).
        MapType::InsnArray => plain(4, 16, 2),
        MapType::Rhash => flagged(NO_PREALLOC, plain(4, 8, 8)),
        MapType::LpmTrie => flagged(NO_PREALLOC, plain(8, 4, 8)),
        MapType::StackTrace => plain(4, 8 * 16, 8),
        MapType::ProgArray | MapType::PerfEventArray | MapType::CgroupArray => plain(4, 4, 2),
        MapType::ArrayOfMaps | MapType::HashOfMaps => {
            let inner = Some(Box::new(map("", MapType::Array, 4, 4, 1)));
            Definition { inner, ..plain(4, 4, 2) }
        }
        MapType::Devmap | MapType::DevmapHash | MapType::Cpumap | MapType::Xskmap => plain(4, 4, 2),
        MapType::Sockmap | MapType::Sockhash | MapType::ReuseportSockarray => plain(4, 8, 2),
        MapType::CgroupStorage | MapType::PercpuCgroupStorage => plain(8, 8, 0),
        MapType::Queue | MapType::Stack | MapType::BloomFilter => plain(0, 8, 4),
        MapType::SkStorage
        | MapType::InodeStorage
        | MapType::TaskStorage
        | MapType::CgrpStorage => flagged(NO_PREALLOC, plain(4, 8, 0)),
        MapType::Ringbuf | MapType::UserRingbuf => plain(0, 0, page),
        MapType::Arena => flagged(MMAPABLE, plain(0, 0, 2)),
        // Made from the kernel's own types (see the tests of structs of operations).
        MapType::StructOps => return None,
        _ => plain(4, 8, 8),
    })
}

/// Makes the map through an object, with types where the kernel wants some.
fn made(definition: Definition, kernel: &Kernel) -> Result<Loaded, bpfc_loader::LoadError> {
    let mut object = object([definition]);
    let is_typed = object.maps.iter().all(|map| map.key_size_bytes > 0);
    if is_typed {
        let unsigned = |size| TypeDef::int("n", size, IntEncoding::Unsigned);
        let id = MapId::new(0);
        let (key, value) = (object.maps[id].key_size_bytes, object.maps[id].value_size_bytes);
        let is_int = |size| matches!(size, 4 | 8);
        if is_int(key) && is_int(value) {
            object.maps[id].key_type = Some(object.btf.intern(unsigned(key)));
            object.maps[id].value_type = Some(object.btf.intern(unsigned(value)));
        }
    }
    load(&object, kernel, &LoadOptions::default())
}

/// The map, or `None` (said) where this kernel is built without its type.
fn make(ty: MapType, kernel: &Kernel) -> Option<Loaded> {
    match made(definition(ty)?, kernel) {
        Ok(loaded) => Some(loaded),
        Err(error) => {
            // What is newer than the kernel, or left out of it, is told as such.
            let diagnostic = error.to_diagnostic();
            let notes = diagnostic.notes.iter().map(|note| note.text.as_str());
            let text = std::iter::once(diagnostic.message.as_str()).chain(notes);
            let text = text.collect::<Vec<_>>().join("; ");
            let is_lacking = ["appeared in Linux", "CONFIG_"];
            let is_lacking = is_lacking.iter().any(|part| text.contains(part));
            assert!(is_lacking, "{}: {text}", ty.name());
            bpfc_testkit::skipped(text);
            None
        }
    }
}

fn first(loaded: &Loaded) -> &Map {
    loaded.maps.iter().next().unwrap()
}

/// Writes 7, reads it, finds it among all.
fn keeps(map: &Map, key: &[u8]) {
    let name = map.kind().unwrap().name();
    map.update(key, &7_u64.to_ne_bytes(), UpdateFlag::Any)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let values = map.lookup(key).unwrap().unwrap();
    assert_eq!(values, vec![7_u64.to_ne_bytes().to_vec(); map.n_values() as usize], "{name}");
    let dump = map.dump().unwrap();
    assert!(dump.contains(&(key.to_vec(), values)), "{name}: {dump:?}");
}

#[test]
fn every_type_is_made() {
    let Some(kernel) = kernel() else { return };
    for row in map_types() {
        let Some(loaded) = make(row.ty, &kernel) else { continue };
        assert_eq!(first(&loaded).kind(), Some(row.ty));
        // Whether it can be listed or not, an empty map holds nothing wrong.
        if let Err(error) = first(&loaded).dump() {
            panic!("{}: {error}", row.name);
        }
    }
}

#[test]
fn values_are_kept() {
    let Some(kernel) = kernel() else { return };
    for ty in [
        MapType::Hash,
        MapType::Array,
        MapType::PercpuHash,
        MapType::PercpuArray,
        MapType::LruHash,
        MapType::LruPercpuHash,
    ] {
        let Some(loaded) = make(ty, &kernel) else { continue };
        keeps(first(&loaded), &3_u32.to_ne_bytes());
    }
}

#[test]
fn queues_and_stacks_and_filters_take_values() {
    let Some(kernel) = kernel() else { return };
    let value = |n: u64| n.to_ne_bytes().to_vec();
    for (ty, expected) in [(MapType::Queue, [1, 2]), (MapType::Stack, [2, 1])] {
        let Some(loaded) = make(ty, &kernel) else { continue };
        let map = first(&loaded);
        map.push(&value(1)).unwrap();
        map.push(&value(2)).unwrap();
        assert_eq!(map.lookup(&[]).unwrap(), Some(vec![value(expected[0])]), "a look");
        assert_eq!(map.pop().unwrap(), Some(value(expected[0])));
        assert_eq!(map.pop().unwrap(), Some(value(expected[1])));
        assert_eq!(map.pop().unwrap(), None);
        assert!(map.may_contain(&value(1)).is_err());
    }
    let Some(loaded) = make(MapType::BloomFilter, &kernel) else { return };
    let filter = first(&loaded);
    assert!(!filter.may_contain(&value(1)).unwrap());
    filter.push(&value(1)).unwrap();
    assert!(filter.may_contain(&value(1)).unwrap());
    assert!(filter.may_contain(&[0; 3]).is_err());
}

#[test]
fn devices_and_processors_are_kept() {
    let Some(kernel) = kernel() else { return };
    // Interface 1 is the loopback; a queue of 64 packets.
    for (ty, number) in [(MapType::Devmap, 1), (MapType::DevmapHash, 1), (MapType::Cpumap, 64)] {
        let Some(loaded) = make(ty, &kernel) else { continue };
        let map = first(&loaded);
        let value = u32::to_ne_bytes(number);
        map.update(&ZERO, &value, UpdateFlag::Any)
            .unwrap_or_else(|error| panic!("{}: {error}", ty.name()));
        assert_eq!(map.lookup(&ZERO).unwrap(), Some(vec![value.to_vec()]));
        assert_eq!(map.dump().unwrap().len(), 1, "{}", ty.name());
    }
}

#[test]
fn sockets_are_kept() {
    let Some(kernel) = kernel() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    for ty in [MapType::Sockmap, MapType::Sockhash] {
        let Some(loaded) = make(ty, &kernel) else { continue };
        let map = first(&loaded);
        map.insert(&ZERO, stream.as_fd()).unwrap_or_else(|error| panic!("{}: {error}", ty.name()));
        let cookie = map.lookup(&ZERO).unwrap().unwrap();
        assert_ne!(cookie, [vec![0; 8]], "{}", ty.name());
        assert_eq!(map.dump().unwrap(), [(ZERO.to_vec(), cookie)], "{}", ty.name());
        assert!(map.delete(&ZERO).unwrap());
    }
}

/// Storage is reached through a file descriptor of what it belongs to.
#[test]
fn storage_belongs_to_objects() {
    let Some(kernel) = kernel() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let file = File::open("/proc/self/exe").unwrap();
    let control_group = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        .into_iter()
        .find(|path| std::path::Path::new(path).join("cgroup.procs").exists())
        .map(|path| File::open(path).unwrap());
    let owners = [
        (MapType::SkStorage, Some(listener.as_raw_fd())),
        (MapType::InodeStorage, Some(file.as_raw_fd())),
        (MapType::CgrpStorage, control_group.as_ref().map(AsRawFd::as_raw_fd)),
    ];
    for (ty, fd) in owners {
        let (Some(loaded), Some(fd)) = (make(ty, &kernel), fd) else { continue };
        let (map, key, name) = (first(&loaded), fd.to_ne_bytes(), ty.name());
        assert_eq!(map.lookup(&key).unwrap(), None, "{name}");
        map.update(&key, &[5; 8], UpdateFlag::NoExist)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(map.lookup(&key).unwrap(), Some(vec![vec![5; 8]]), "{name}");
        assert!(map.delete(&key).unwrap(), "{name}");
        assert!(map.dump().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn arrays_of_programs_and_maps_begin_as_defined() {
    let Some(kernel) = kernel() else { return };
    let calls = Definition {
        values: vec![(1, MapInit::Program(FuncId::new(0)))],
        ..map("calls", MapType::ProgArray, 4, 4, 2)
    };
    let inner = map("inner", MapType::Array, 4, 4, 1);
    let outer = Definition {
        inner: Some(Box::new(map("", MapType::Array, 4, 4, 1))),
        values: vec![(1, MapInit::Map(MapId::new(1)))],
        ..map("outer", MapType::ArrayOfMaps, 4, 4, 2)
    };
    let object = program([calls, inner, outer], "socket", "r0 = 0\nexit");
    let loaded = load(&object, &kernel, &LoadOptions::default()).unwrap();
    let one = 1_u32.to_ne_bytes();
    let calls = loaded.map("calls").unwrap();
    assert!(calls.lookup(&one).unwrap().is_some());
    assert_eq!(calls.lookup(&ZERO).unwrap(), None);
    let outer = loaded.map("outer").unwrap();
    let id = loaded.map("inner").unwrap().id().to_ne_bytes().to_vec();
    assert_eq!(outer.lookup(&one).unwrap(), Some(vec![id]));
    assert!(outer.delete(&one).unwrap());
    assert_eq!(outer.lookup(&one).unwrap(), None);
}

#[test]
fn control_groups_go_into_arrays() {
    let Some(kernel) = kernel() else { return };
    let Some(loaded) = make(MapType::CgroupArray, &kernel) else { return };
    let group = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        .into_iter()
        .find(|path| std::path::Path::new(path).join("cgroup.procs").exists());
    let Some(group) = group else {
        skip_without(false, "cgroup2 is not mounted");
        return;
    };
    let folder = File::open(group).unwrap();
    let map = first(&loaded);
    let outcome = map.insert(&ZERO, folder.as_fd());
    // A folder of the first version is no control group of the second.
    if let Err(error) = outcome {
        skip_without(false, &error.to_string());
        return;
    }
    assert!(map.delete(&ZERO).unwrap());
}

/// Others delete while we read: what stays all the time is found all the same.
#[test]
fn dumps_are_whole_while_others_delete() {
    let Some(kernel) = kernel() else { return };
    let hash = Map::create(&map("h", MapType::Hash, 4, 8, 2048), &kernel).unwrap();
    let write = |n: u32| hash.update(&n.to_ne_bytes(), &[1; 8], UpdateFlag::Any).unwrap();
    (0..1000).for_each(write);
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                (1000..1200).for_each(write);
                for n in 1000_u32..1200 {
                    hash.delete(&n.to_ne_bytes()).unwrap();
                }
            }
        });
        let dumps: Vec<_> = (0..50).map(|_| hash.dump()).collect();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        for dump in dumps {
            let dump = dump.unwrap();
            let mut keys: Vec<u32> = dump
                .iter()
                .map(|(key, _)| u32::from_ne_bytes(key[..].try_into().unwrap()))
                .collect();
            keys.sort_unstable();
            assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "a key twice");
            assert_eq!(keys.iter().filter(|n| **n < 1000).count(), 1000);
        }
    });
}
