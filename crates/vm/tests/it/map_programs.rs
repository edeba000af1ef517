//! Random programs that use maps through helpers: every result, and the maps afterwards, are the same on both engines
//! and under `BPF_PROG_TEST_RUN`.

use crate::common::Builder;
use crate::map_calls::{definition, kernel, setting};
use crate::random::Random;
use bpfc_base::Idx;
use bpfc_kabi::MapType;
use bpfc_loader::{Kernel, LoadOptions, TestInput, load};
use bpfc_object::{Map, MapId};
use bpfc_vm::{Input, PacketStart, Vm};
use std::fmt::Write;

const TYPES: [MapType; 11] = [
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
    MapType::Ringbuf,
];

/// Where keys and values are on the stack.
const KEY: i32 = -16;
const VALUE: i32 = -48;

struct Writer<'a> {
    random: &'a mut Random,
    map: &'a Map,
    text: String,
    n_results: u32,
    n_labels: u32,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    /// Stores `r0` as the next result.
    fn keep(&mut self) {
        let line = format!("*(u64 *)(r9 + {}) = r0", 8 * self.n_results);
        self.line(&line);
        self.n_results += 1;
    }

    fn map_in_r1(&mut self) {
        self.line("r1 = subject ll");
    }

    fn pointer(&mut self, reg: u32, offset: i32) {
        self.line(&format!("r{reg} = r10\nr{reg} += {offset}"));
    }

    fn key(&mut self) {
        let number = match self.map.kind() {
            Some(MapType::LpmTrie) => self.random.pick(&[0, 1, 8, 9, 16, 24, 31, 32, 33]),
            _ => self.random.below(u64::from(self.map.max_entries.min(8)) + 2),
        };
        let rest = self.random.pick(&[0, 0, 1, 0x80]);
        let rest = if self.map.kind() == Some(MapType::LpmTrie) { rest } else { 0 };
        self.line(&format!("*(u32 *)(r10 {KEY}) = {number}\n*(u32 *)(r10 {}) = {rest}", KEY + 4));
    }

    fn value(&mut self) {
        let few = self.map.kind() == Some(MapType::BloomFilter);
        for word in 0..4 {
            let value = if few { self.random.below(6) } else { self.random.next() & 0x7fff_ffff };
            self.line(&format!("*(u32 *)(r10 {}) = {value}", VALUE + 4 * word));
        }
    }

    fn flags(&mut self, reg: u32) {
        let flags = self.random.pick(&[0, 0, 0, 1, 2, 3, 4, 5, 8, 1 << 20]);
        self.line(&format!("r{reg} = {flags}"));
    }

    /// A lookup: whether there is a value, and its first bytes.
    fn lookup(&mut self, helper: &str) {
        let label = self.n_labels;
        self.n_labels += 1;
        self.key();
        self.map_in_r1();
        self.pointer(2, KEY);
        if helper == "bpf_map_lookup_percpu_elem" {
            self.line("r3 = 4096");
        }
        self.line(&format!("call {helper}"));
        self.line(&format!("if r0 == 0 goto none{label}\nr1 = *(u32 *)(r0 + 0)"));
        if self.random.below(3) == 0 {
            self.line("*(u8 *)(r0 + 1) = 77");
        }
        self.line(&format!("r0 = 1\nr0 <<= 32\nr0 |= r1\nnone{label}:"));
        self.keep();
    }

    fn keyed(&mut self) {
        match self.random.below(6) {
            0..=2 => {
                self.key();
                self.value();
                self.map_in_r1();
                self.pointer(2, KEY);
                self.pointer(3, VALUE);
                self.flags(4);
                self.line("call bpf_map_update_elem");
                self.keep();
            }
            3 => {
                self.key();
                self.map_in_r1();
                self.pointer(2, KEY);
                self.line("call bpf_map_delete_elem");
                self.keep();
            }
            4 if self.map.kind().is_some_and(MapType::is_per_cpu) => {
                self.lookup("bpf_map_lookup_percpu_elem");
            }
            _ => self.lookup("bpf_map_lookup_elem"),
        }
    }

    fn keyless(&mut self, is_bloom: bool) {
        self.value();
        self.map_in_r1();
        self.pointer(2, VALUE);
        match self.random.below(5) {
            0..=1 => {
                self.flags(3);
                self.line("call bpf_map_push_elem");
            }
            2 | 3 if !is_bloom => self.line("call bpf_map_pop_elem"),
            _ => self.line("call bpf_map_peek_elem"),
        }
        self.keep();
        // What was written, or zeros.
        self.line(&format!("r0 = *(u32 *)(r10 {VALUE})"));
        self.keep();
    }

    fn ringbuf(&mut self) {
        let size = self.random.pick(&[0, 1, 8, 16]);
        let large = self.random.pick(&[8, 24, 1000, 2000, 4080, 4088, 5000]);
        let flags = self.random.pick(&[0, 0, 1, 2, 3, 4, 7]);
        let label = self.n_labels;
        self.n_labels += 1;
        match self.random.below(4) {
            0 => {
                self.value();
                self.map_in_r1();
                self.pointer(2, VALUE);
                self.line(&format!("r3 = {size}\nr4 = {flags}\ncall bpf_ringbuf_output"));
            }
            1 | 2 => {
                let end = self.random.pick(&["submit", "discard"]);
                let flags = self.random.pick(&[0, 0, 0, 1]);
                self.map_in_r1();
                self.line(&format!(
                    "r2 = {large}\nr3 = {flags}\ncall bpf_ringbuf_reserve\nif r0 == 0 goto none{label}
                     *(u64 *)(r0 + 0) = 5\nr1 = r0\nr2 = 1\ncall bpf_ringbuf_{end}\nr0 = 9\nnone{label}:"
                ));
            }
            _ => {
                let what = self.random.below(5);
                self.map_in_r1();
                self.line(&format!("r2 = {what}\ncall bpf_ringbuf_query"));
            }
        }
        self.keep();
    }
}

const N_CALLS: u32 = 24;

fn subject(random: &mut Random, ty: MapType, n_cpus: u32) -> Map {
    let value = random.pick(&[4, 8, 12, 16]);
    let max = random.pick(&[1, 2, 5]);
    match ty {
        MapType::Queue | MapType::Stack | MapType::BloomFilter => {
            definition("subject", ty, 0, value, max)
        }
        MapType::Ringbuf => definition("subject", ty, 0, 0, 4096),
        MapType::LpmTrie => definition("subject", ty, 8, value, max),
        MapType::LruHash | MapType::LruPercpuHash => {
            definition("subject", ty, random.pick(&[4, 8]), value, 64 * n_cpus)
        }
        MapType::Hash | MapType::PercpuHash => Map {
            map_flags: random.pick(&[0, 1]),
            ..definition("subject", ty, random.pick(&[4, 8]), value, max)
        },
        _ => definition("subject", ty, 4, value, max),
    }
}

/// Compares program `seed`; how many results.
fn compare(seed: u64, kernel: &Kernel) -> Result<u64, String> {
    let mut random = Random(seed);
    let ty = TYPES[(seed % TYPES.len() as u64) as usize];
    let map = subject(&mut random, ty, kernel.n_possible_cpus().unwrap());
    let out = definition("out", MapType::Array, 4, 16 * N_CALLS, 1);
    let mut writer =
        Writer { random: &mut random, map: &map, text: String::new(), n_results: 0, n_labels: 0 };
    // Keys and values are 16 and 32 bytes that the verifier saw written.
    writer.line("r1 = 0");
    for offset in [-8, KEY, VALUE, VALUE + 8, VALUE + 16, VALUE + 24] {
        writer.line(&format!("*(u64 *)(r10 {offset}) = r1"));
    }
    writer.line(
        "r2 = r10\nr2 += -8\nr1 = out ll\ncall bpf_map_lookup_elem\nif r0 == 0 goto end\nr9 = r0",
    );
    for _ in 0..N_CALLS {
        match ty {
            MapType::Queue | MapType::Stack => writer.keyless(false),
            MapType::BloomFilter => writer.keyless(true),
            MapType::Ringbuf => writer.ringbuf(),
            _ => writer.keyed(),
        }
    }
    writer.line("end: r0 = 1\nexit");
    let text = writer.text;
    let object = Builder::new().map_with(map).map_with(out).func("prog", "xdp", &text).build();
    let loaded = load(&object, kernel, &LoadOptions::default())
        .map_err(|error| format!("seed {seed}: {error}\n{text}"))?;
    let program = loaded.program("prog").unwrap();
    let packet = [0; 64];
    let input =
        Input { packet: Some(packet.to_vec()), start: PacketStart::TestRun, ..Input::default() };
    let mut vm = Vm::new(&object, Default::default()).unwrap();
    let mut n_results = 0;
    for run in 0..2 {
        program.test_run(&TestInput { data: &packet, ..TestInput::default() }).unwrap();
        let func = object.function("prog").unwrap();
        vm.run(func, &input).map_err(|error| format!("seed {seed}: {error}\n{text}"))?;
        let theirs = loaded.map("out").unwrap().lookup(&[0; 4]).unwrap().unwrap().remove(0);
        let ours = vm.map_lookup(MapId::new(1), &[0; 4]).unwrap().values.remove(0);
        for (idx, (theirs, ours)) in theirs.chunks(8).zip(ours.chunks(8)).enumerate() {
            // A filter may take one value for another.
            let may_guess = ty == MapType::BloomFilter && theirs == [0; 8];
            if theirs != ours && !may_guess {
                let [theirs, ours] =
                    [theirs, ours].map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()));
                return Err(format!(
                    "seed {seed}, run {run}, {ty:?}: result {idx}: kernel {theirs}, machine {ours}\n{text}"
                ));
            }
            n_results += 1;
        }
        // The ring buffer has a reader here and none in the kernel, whose second run may be on another CPU.
        if ty == MapType::Ringbuf || ty.is_per_cpu() {
            break;
        }
    }
    Ok(n_results)
}

#[test]
fn random_programs_with_maps() {
    let Some(kernel) = kernel() else { return };
    let n_programs = setting("BPFC_MAP_SEQUENCES", 720) / 4;
    let first = setting("BPFC_MAP_SEED", 1);
    let mut n_results = 0;
    let mut failures = Vec::new();
    for seed in first..first + n_programs {
        match compare(seed, &kernel) {
            Ok(n) => n_results += n,
            Err(text) => failures.push(text),
        }
        if failures.len() >= 4 {
            break;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    println!("{n_programs} programs, {n_results} results: the machine and the kernel agree");
}
