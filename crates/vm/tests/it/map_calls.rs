//! Random sequences of `bpf(2)` on maps give the same values and error numbers in the machine and in this machine's
//! kernel. `cargo xtask maps` runs many; `BPFC_MAP_SEQUENCES` and `BPFC_MAP_SEED` say how many and which.

use crate::random::Random;
use bpfc_base::Idx;
use bpfc_kabi::MapType;
use bpfc_loader::{ElementCommand, Kernel, Map as KernelMap};
use bpfc_object::{Map, MapId, Object};
use bpfc_vm::{EngineChoice, Environment, MapError, Options, SetupError, Vm, errno_name};
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, AsRawFd};

const ENOENT: i64 = -2;
const NO_PREALLOC: u32 = 1;
const NO_COMMON_LRU: u32 = 2;

/// The kernel, if it can be asked.
pub fn kernel() -> Option<Kernel> {
    let kernel = Kernel::new();
    let probe = definition("probe", MapType::Array, 4, 4, 1);
    match KernelMap::create(&probe, &kernel) {
        Ok(_) => Some(kernel),
        Err(error) => {
            assert!(std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "{error}");
            bpfc_testkit::skipped("the kernel makes no maps for this user");
            None
        }
    }
}

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.replace('_', "").parse().expect("a number"))
}

pub fn definition(name: &str, ty: MapType, key: u32, value: u32, max_entries: u32) -> Map {
    Map {
        name: name.into(),
        map_type: ty.number(),
        key_size_bytes: key,
        value_size_bytes: value,
        max_entries,
        map_flags: if ty == MapType::LpmTrie { NO_PREALLOC } else { 0 },
        ..Map::default()
    }
}

const TYPES: [MapType; 18] = [
    MapType::Hash,
    MapType::Array,
    MapType::PercpuHash,
    MapType::PercpuArray,
    MapType::LruHash,
    MapType::LruPercpuHash,
    MapType::LpmTrie,
    MapType::Queue,
    MapType::Stack,
    MapType::BloomFilter,
    MapType::ArrayOfMaps,
    MapType::HashOfMaps,
    MapType::Ringbuf,
    MapType::Devmap,
    MapType::PerfEventArray,
    MapType::CgroupArray,
    MapType::StackTrace,
    MapType::Cpumap,
];

fn is_lru(ty: MapType) -> bool {
    matches!(ty, MapType::LruHash | MapType::LruPercpuHash)
}

/// The map under test, mostly one that the kernel makes.
fn random_definition(random: &mut Random, ty: MapType, n_cpus: u32) -> Map {
    let value = random.pick(&[1, 3, 4, 8, 12, 16, 40]);
    let max = random.pick(&[1, 2, 3, 8, 20]);
    let key = random.pick(&[1, 4, 5, 8, 12, 31]);
    let (key, value, max) = match ty {
        MapType::Array | MapType::PercpuArray => (4, value, max),
        MapType::Hash | MapType::PercpuHash => (key, value, max),
        MapType::LruHash | MapType::LruPercpuHash => (key, value, 32 * n_cpus),
        MapType::LpmTrie => (random.pick(&[5, 6, 8, 20]), value, max),
        MapType::Queue | MapType::Stack | MapType::BloomFilter => (0, value, max),
        MapType::HashOfMaps => (key, 4, max),
        MapType::Ringbuf => (0, 0, 4096),
        MapType::StackTrace => (4, 8 * max, max),
        // The machine takes CPUs that are not there.
        MapType::Cpumap => (4, 4, n_cpus),
        _ => (4, 4, max),
    };
    let mut map = definition("subject", ty, key, value, max);
    if matches!(ty, MapType::Hash | MapType::PercpuHash | MapType::HashOfMaps) {
        map.map_flags |= random.pick(&[0, NO_PREALLOC]);
    }
    if is_lru(ty) {
        map.map_flags |= random.pick(&[0, 0, NO_COMMON_LRU]);
    }
    if ty.is_map_in_map() {
        map.inner = Some(Box::new(definition("inner", MapType::Array, 4, 8, 2)));
    }
    match random.below(24) {
        0 => map.key_size_bytes = random.pick(&[0, 1, 4, 5, 260, 261, 512, 513, 600]),
        1 => map.value_size_bytes = random.pick(&[0, 4, 8, 1024, 32 << 10, (32 << 10) + 1]),
        // How many CPUs a kernel is built for is its own.
        2 if ty != MapType::Cpumap => {
            map.max_entries = random.pick(&[0, 1, 4095, 4096, 5000, 8192])
        }
        3 | 4 => map.map_flags ^= 1 << random.pick(&[0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 20]),
        5 => map.map_flags |= random.pick(&[1 << 3, 1 << 4, 3 << 3, 3 << 7]),
        6 => map.map_extra = random.pick(&[1, 3, 15, 16]),
        7 if ty.is_map_in_map() => {
            map.inner = match random.below(4) {
                0 => None,
                1 => Some(Box::new(definition("inner", MapType::ProgArray, 4, 4, 2))),
                2 => Some(Box::new(definition("inner", MapType::Hash, 0, 4, 2))),
                _ => Some(Box::new(Map {
                    inner: Some(Box::new(definition("leaf", MapType::Array, 4, 8, 2))),
                    ..definition("inner", MapType::ArrayOfMaps, 4, 4, 2)
                })),
            }
        }
        _ => {}
    }
    map
}

/// The same map on both sides.
struct Pair {
    ty: MapType,
    vm: Vm,
    kernel: KernelMap,
    /// What elements of a map of maps may be, by their index in the object.
    inner: Vec<KernelMap>,
    n_cpus: usize,
    definition: Map,
}

const SUBJECT: usize = 2;

/// Creates both; none if both refuse, with the same error number.
fn create(subject: &Map, kernel: &Kernel) -> Result<Option<Pair>, String> {
    let ty = subject.kind().expect("a known type");
    let n_cpus = kernel.n_possible_cpus().unwrap();
    let inner = || definition("inner", MapType::Array, 4, 8, 2);
    let mut object = Object::default();
    for map in [inner(), inner(), subject.clone()] {
        object.maps.push(map);
    }
    let environment = Environment { n_cpus, ..Environment::default() };
    let options = Options { environment, engine: EngineChoice::Reference, ..Options::default() };
    let vm = Vm::new(&object, options);
    let ours = match &vm {
        Ok(_) => 0,
        Err(SetupError::Map(MapError::Invalid { errno, .. })) => *errno,
        Err(other) => return Err(format!("the machine: {other}")),
    };
    let theirs = KernelMap::create(subject, kernel);
    let error = match &theirs {
        Ok(_) => 0,
        Err(error) => -i64::from(error.errno().ok_or(error.to_string())?.0),
    };
    if ours != error {
        return Err(format!("creating: kernel {error}, machine {ours}"));
    }
    let (Ok(vm), Ok(theirs)) = (vm, theirs) else {
        return Ok(None);
    };
    let n_inner = if ty.is_map_in_map() { SUBJECT } else { 0 };
    Ok(Some(Pair {
        ty,
        vm,
        kernel: theirs,
        inner: (0..n_inner).map(|_| KernelMap::create(&inner(), kernel).unwrap()).collect(),
        n_cpus: n_cpus as usize,
        definition: subject.clone(),
    }))
}

/// All keys of a map.
type Listing = Result<BTreeSet<Vec<u8>>, i64>;
/// A value that a call gives: of each CPU.
type Answer = Result<Vec<Vec<u8>>, i64>;

impl Pair {
    fn subject() -> MapId {
        MapId::new(SUBJECT)
    }

    fn holds_maps(&self) -> bool {
        self.ty.is_map_in_map()
    }

    /// What the kernel gave, in the machine's terms.
    fn answer(&self, value: &[u8]) -> Vec<Vec<u8>> {
        if self.holds_maps() {
            let id = u32::from_ne_bytes(value.try_into().unwrap());
            let index = self.inner.iter().position(|inner| inner.id() == id).unwrap();
            return vec![(index as u32).to_ne_bytes().to_vec()];
        }
        let n_bytes = self.definition.value_size_bytes as usize;
        match self.ty.is_per_cpu() {
            true => {
                value.chunks(n_bytes.next_multiple_of(8)).map(|v| v[..n_bytes].to_vec()).collect()
            }
            false => vec![value.to_vec()],
        }
    }

    /// One command on both sides. `value` is as the machine takes it.
    fn command(
        &mut self,
        command: ElementCommand,
        key: &[u8],
        value: &[u8],
        flags: u64,
    ) -> (Answer, Answer) {
        let map = Self::subject();
        let mut buffer = vec![0; self.kernel.transfer_bytes()];
        let goes_in = command == ElementCommand::Update || self.ty == MapType::BloomFilter;
        match goes_in {
            true if self.holds_maps() => {
                let index = u32::from_ne_bytes(value.try_into().unwrap()) as usize;
                let fd = self.inner.get(index).map_or(-1, |inner| inner.as_fd().as_raw_fd());
                buffer.copy_from_slice(&fd.to_ne_bytes());
            }
            true => buffer.copy_from_slice(value),
            false => {}
        }
        let theirs = self.kernel.command(command, key, &mut buffer, flags);
        let shows = matches!(command, ElementCommand::Lookup | ElementCommand::Take)
            && self.ty != MapType::BloomFilter;
        let theirs = match theirs {
            Ok(()) if shows => Ok(self.answer(&buffer)),
            Ok(()) => Ok(Vec::new()),
            Err(errno) => Err(-i64::from(errno.0)),
        };
        let none = |()| Vec::new();
        let ours = match command {
            ElementCommand::Lookup if self.ty == MapType::BloomFilter => {
                self.vm.map_contains(map, value, flags).map(none)
            }
            ElementCommand::Lookup => self.vm.map_read(map, key, flags),
            ElementCommand::Update => self.vm.map_update(map, key, value, flags).map(none),
            ElementCommand::Delete => self.vm.map_delete(map, key).map(none),
            ElementCommand::Take => self.vm.map_take(map, key, flags),
        };
        (theirs, ours)
    }

    /// All keys on both sides, or how listing them fails.
    fn keys(&self) -> (Listing, Listing) {
        let theirs = walk(|previous| match self.kernel.next_key(previous) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(ENOENT),
            Err(error) => Err(-i64::from(error.errno().unwrap().0)),
        });
        (theirs, walk(|previous| self.vm.map_next_key(Self::subject(), previous)))
    }
}

fn walk(mut next: impl FnMut(Option<&[u8]>) -> Result<Vec<u8>, i64>) -> Listing {
    let mut keys = BTreeSet::new();
    let mut previous: Option<Vec<u8>> = None;
    loop {
        match next(previous.as_deref()) {
            Ok(key) => {
                assert!(keys.insert(key.clone()), "a key comes twice");
                previous = Some(key);
            }
            Err(ENOENT) => return Ok(keys),
            Err(errno) => return Err(errno),
        }
    }
}

/// One of few keys.
fn random_key(random: &mut Random, map: &Map, n_keys: u64) -> Vec<u8> {
    let n_bytes = map.key_size_bytes as usize;
    let number = random.below(n_keys.max(1));
    match map.kind() {
        Some(MapType::LpmTrie) => {
            let n_bits = (n_bytes as u64 - 4) * 8;
            let some =
                random.pick(&[0, 1, 7, 8, 9, n_bits / 2, n_bits - 1, n_bits, n_bits, n_bits + 1]);
            let data = (4..n_bytes).map(|_| random.pick(&[0, 0, 0x80, 0xff, 1]));
            let data: Vec<u8> = data.collect();
            [(some as u32).to_ne_bytes().to_vec(), data].concat()
        }
        Some(ty) if is_hash(ty) => {
            let mut bytes = Random(number);
            (0..n_bytes).map(|_| bytes.next() as u8).collect()
        }
        _ if n_bytes == 4 => (number as u32).to_ne_bytes().to_vec(),
        _ => vec![0; n_bytes],
    }
}

fn is_hash(ty: MapType) -> bool {
    is_lru(ty) || matches!(ty, MapType::Hash | MapType::PercpuHash | MapType::HashOfMaps)
}

fn random_value(random: &mut Random, pair: &Pair) -> Vec<u8> {
    let n_bytes = pair.kernel.transfer_bytes();
    let mut value = match pair.ty {
        MapType::ArrayOfMaps | MapType::HashOfMaps => {
            random.pick(&[0, 1, 0, 1, 9u32]).to_ne_bytes().to_vec()
        }
        // No device, or the loopback.
        MapType::Devmap => random.pick(&[0, 1u32]).to_ne_bytes().to_vec(),
        MapType::Cpumap => random.pick(&[0u32, 64, 16_385]).to_ne_bytes().to_vec(),
        // No file descriptor.
        MapType::PerfEventArray | MapType::CgroupArray => u32::MAX.to_ne_bytes().to_vec(),
        MapType::BloomFilter => vec![random.below(30) as u8; n_bytes],
        _ => (0..n_bytes).map(|_| random.next() as u8).collect(),
    };
    // Of 8 bytes, the second number is a program, or none.
    value.resize(n_bytes, 0);
    value
}

/// Runs sequence `seed`; how many calls were compared.
fn sequence(seed: u64, kernel: &Kernel) -> Result<u64, String> {
    let mut random = Random(seed);
    let ty = TYPES[(seed % TYPES.len() as u64) as usize];
    let n_cpus = kernel.n_possible_cpus().unwrap();
    let subject = random_definition(&mut random, ty, n_cpus);
    let evicts = is_lru(ty) && subject.map_flags & !NO_COMMON_LRU == 0 && random.below(2) == 0;
    let within = |text: String| format!("{text}\nseed {seed}: {subject:?}");
    let Some(mut pair) = create(&subject, kernel).map_err(&within)? else {
        return Ok(1);
    };
    if is_lru(ty) && !evicts && subject.max_entries < 16 * n_cpus {
        // A write forgets even its own key where there is no room to spare (`htab_lru_map_update_elem`).
        return Ok(1);
    }
    // Beyond an LRU map's room only what it may forget is specified, and it forgets early: CPUs take room in advance.
    let n_keys = match is_lru(ty) {
        true if evicts => 3 * u64::from(subject.max_entries),
        true => u64::from(subject.max_entries / (4 * n_cpus)),
        false => u64::from(subject.max_entries) + 3,
    };
    let n_calls = if evicts { 4 * n_keys } else { 20 + random.below(60) };
    match evicts {
        true => forgetting(&mut pair, &mut random, n_keys, n_calls).map_err(within),
        false => exact(&mut pair, &mut random, n_keys, n_calls).map_err(within),
    }
}

fn exact(pair: &mut Pair, random: &mut Random, n_keys: u64, n_calls: u64) -> Result<u64, String> {
    let subject = pair.definition.clone();
    let mut history = String::new();
    for number in 0..n_calls {
        let key = random_key(random, &subject, n_keys);
        let value = random_value(random, pair);
        let flags = random.pick(&[0, 0, 0, 1, 2, 3, 4, 5, 6, 8, 1 << 40]);
        let command = random.pick(&[
            ElementCommand::Update,
            ElementCommand::Update,
            ElementCommand::Update,
            ElementCommand::Lookup,
            ElementCommand::Lookup,
            ElementCommand::Delete,
            ElementCommand::Take,
        ]);
        let flags = match command {
            ElementCommand::Lookup | ElementCommand::Take if random.below(4) > 0 => 0,
            _ => flags,
        };
        history += &format!("\n  {command:?} {key:02x?} {value:02x?} flags {flags}");
        let (theirs, ours) = pair.command(command, &key, &value, flags);
        // The kernel's filter may say yes to what it was never given.
        let may_guess = pair.ty == MapType::BloomFilter && ours == Err(ENOENT) && theirs.is_ok();
        if theirs != ours && !may_guess {
            let (theirs, ours) = (shown(&theirs), shown(&ours));
            return Err(format!("{history}\n  kernel {theirs}\n  machine {ours}"));
        }
        if number % 16 == 15 || number + 1 == n_calls {
            let (theirs, ours) = pair.keys();
            // The kernel lists prefixes as they were given; so does the machine.
            if theirs != ours {
                return Err(format!(
                    "{history}\n keys: kernel {theirs:02x?}\n  machine {ours:02x?}"
                ));
            }
        }
    }
    Ok(n_calls + 1)
}

fn shown(answer: &Answer) -> String {
    match answer {
        Ok(values) => format!("{values:02x?}"),
        Err(errno) => errno_name(*errno).map_or(errno.to_string(), str::to_owned),
    }
}

/// A map that forgets holds what was written last, and not more than it has room for.
fn forgetting(
    pair: &mut Pair,
    random: &mut Random,
    n_keys: u64,
    n_calls: u64,
) -> Result<u64, String> {
    let subject = pair.definition.clone();
    let mut model: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for _ in 0..n_calls {
        let key = random_key(random, &subject, n_keys);
        let value = random_value(random, pair);
        match random.below(5) {
            0 => {
                let answers = pair.command(ElementCommand::Delete, &key, &value, 0);
                for answer in <[Answer; 2]>::from(answers) {
                    if !matches!(answer, Ok(_) | Err(ENOENT)) {
                        return Err(format!("deleting: {answer:?}"));
                    }
                }
                model.remove(&key);
            }
            1 => {
                let (theirs, ours) = pair.command(ElementCommand::Lookup, &key, &value, 0);
                for answer in [theirs, ours] {
                    let is_right = match &answer {
                        Ok(values) => model.get(&key) == Some(values),
                        Err(errno) => *errno == ENOENT,
                    };
                    if !is_right {
                        return Err(format!("{key:x?} has {answer:x?} for {:x?}", model.get(&key)));
                    }
                }
            }
            _ => {
                let (theirs, ours) = pair.command(ElementCommand::Update, &key, &value, 0);
                if theirs != ours {
                    return Err(format!("updating: kernel {theirs:?}, machine {ours:?}"));
                }
                if theirs.is_ok() {
                    model.insert(key, pair.answer(&value));
                }
            }
        }
    }
    let room = subject.max_entries as usize;
    let (theirs, ours) = pair.keys();
    for (who, keys) in [("kernel", theirs), ("machine", ours)] {
        let keys = keys.map_err(|errno| format!("{who}: {errno}"))?;
        let known = keys.iter().all(|key| model.contains_key(key));
        let n_wanted = model.len().min(room) / 4 / pair.n_cpus;
        if !known || keys.len() > room || keys.len() < n_wanted {
            return Err(format!("{who} has {} of {} keys, room {room}", keys.len(), model.len()));
        }
    }
    Ok(n_calls + 1)
}

#[test]
fn random_sequences_of_calls() {
    let Some(kernel) = kernel() else { return };
    let n_sequences = setting("BPFC_MAP_SEQUENCES", 720);
    let first = setting("BPFC_MAP_SEED", 1);
    let mut n_calls = 0;
    let mut failures = Vec::new();
    for seed in first..first + n_sequences {
        match sequence(seed, &kernel) {
            Ok(n) => n_calls += n,
            Err(text) => failures.push(text),
        }
        if failures.len() >= 5 {
            break;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(n_calls > n_sequences, "most maps are made");
    println!("{n_sequences} sequences, {n_calls} calls: the machine and the kernel agree");
}
