//! Programs that no verifier saw: random instructions with addresses of everything there is. Runs end, with a result or
//! a fault, and never in a panic. `cargo xtask fuzz vm [N] [SEED]` runs many.

use crate::common::Builder;
use crate::map_calls::setting;
use crate::random::Random;
use bpfc_base::Idx;
use bpfc_isa::{
    AluOp, AtomicOp, Callee, Extension, Insn, JmpOp, LoadType, Narrow, Reg, Size, Src, SwapBits,
    SwapOp, Wide, Width,
};
use bpfc_kabi::{MapType, helpers};
use bpfc_object::{DataKind, FuncId, Function, Map, MapId, MapInit, ObjInsn, Object, Reloc, link};
use bpfc_vm::{ArgValue, EngineChoice, Environment, Input, Options, PacketStart, RunError, Vm};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Instructions that a run may take.
const FUEL: u64 = 3000;
/// Runs on one machine, which keeps its maps.
const RUNS_OF_ONE: u64 = 64;
const N_FUNCTIONS: u64 = 3;
const SECTIONS: [&str; 10] = [
    "xdp",
    "tc",
    "socket",
    "kprobe/f",
    "raw_tp/f",
    "fentry/f",
    "tracepoint/a/b",
    "cgroup_skb/egress",
    "sk_msg",
    "perf_event",
];

/// A map of every type, small.
fn maps() -> Vec<Map> {
    let number = |number| MapType::from_number(number);
    let mut maps: Vec<Map> = (1..40).filter_map(number).map(one).collect();
    maps.push(Map { name: "large".into(), value_size_bytes: 300, ..one(MapType::Array) });
    maps
}

fn one(ty: MapType) -> Map {
    let (key, value, max) = match ty {
        MapType::Queue | MapType::Stack | MapType::BloomFilter => (0, 8, 2),
        MapType::Ringbuf | MapType::UserRingbuf => (0, 0, 4096),
        MapType::LpmTrie => (8, 16, 3),
        MapType::Hash | MapType::LruHash | MapType::PercpuHash => (8, 12, 3),
        MapType::CgroupStorage | MapType::PercpuCgroupStorage => (16, 8, 0),
        MapType::StackTrace => (4, 80, 3),
        ty if ty.is_map_in_map() || ty == MapType::ProgArray => (4, 4, 3),
        MapType::SkStorage
        | MapType::TaskStorage
        | MapType::InodeStorage
        | MapType::CgrpStorage => (4, 24, 0),
        MapType::Devmap | MapType::DevmapHash | MapType::Cpumap => (4, 4, 3),
        MapType::Xskmap | MapType::PerfEventArray | MapType::CgroupArray => (4, 4, 3),
        _ => (4, 16, 3),
    };
    let is_outer = ty.is_map_in_map();
    let inner = is_outer.then(|| Box::new(one(MapType::Array)));
    let values = match ty {
        MapType::ProgArray => vec![(0, MapInit::Program(FuncId::new(0)))],
        _ if is_outer => vec![(1, MapInit::Map(MapId::new(1)))],
        _ => Vec::new(),
    };
    Map {
        name: format!("map{}", ty.number()),
        map_type: ty.number(),
        key_size_bytes: key,
        value_size_bytes: value,
        max_entries: max,
        map_flags: u32::from(ty == MapType::LpmTrie),
        inner,
        values,
        ..Map::default()
    }
}

struct Hostile<'a> {
    random: &'a mut Random,
    insns: Vec<ObjInsn>,
    n_maps: u64,
}

impl Hostile<'_> {
    fn push(&mut self, insn: Insn) {
        self.insns.push(ObjInsn::new(insn));
    }

    fn any_reg(&mut self) -> Reg {
        Reg::ALL[self.random.below(11) as usize]
    }

    fn offset(&mut self) -> i16 {
        let any = self.random.next() as i16;
        let near = self.random.below(80) as i16 - 64;
        self.random.pick(&[near, near, near & !7, near & !7, 0, any, i16::MIN, i16::MAX])
    }

    fn operand(&mut self) -> Src {
        match self.random.below(2) {
            0 => Src::Imm(self.random.imm()),
            _ => Src::Reg(self.any_reg()),
        }
    }

    /// Something worth having in a register.
    fn load(&mut self, dst: Reg) {
        let number = self.random.below(self.n_maps) as usize;
        let small = self.random.below(80);
        match self.random.below(10) {
            0..=2 => {
                self.insns.push(ObjInsn::load_address(dst, Reloc::Map(MapId::new(number))));
            }
            3 => {
                let func = FuncId::new(self.random.below(N_FUNCTIONS) as usize);
                self.insns.push(ObjInsn::load_address(dst, Reloc::FuncAddr(func)));
            }
            4 => {
                let section = bpfc_object::DataId::new(0);
                let reloc = Reloc::Data { section, offset: small as u32 };
                self.insns.push(ObjInsn::load_address(dst, reloc));
            }
            5 | 6 => {
                let width = Width::W64;
                self.push(Insn::Alu { width, op: AluOp::Mov, dst, src: Src::Reg(Reg::FP) });
                let src = Src::Imm(-8 * (small as i32 % 65));
                self.push(Insn::Alu { width, op: AluOp::Add, dst, src });
            }
            7 => {
                // The numbers of regions lie in the upper half.
                let region = self.random.below(140) << 32;
                let value = Wide::Value(region | 0x1000_0000 | small);
                self.push(Insn::LoadImm64 { dst, value });
            }
            8 => {
                let value = Wide::Value(self.random.corner());
                self.push(Insn::LoadImm64 { dst, value });
            }
            _ => {
                let (width, src) = (Width::W64, Src::Imm(small as i32));
                self.push(Insn::Alu { width, op: AluOp::Mov, dst, src });
            }
        }
    }

    /// A helper with arguments; `r6` to `r9` keep what it gave.
    fn call(&mut self) {
        let all = helpers();
        let id = match self.random.below(40) {
            0 => self.random.next() as u32,
            _ => all[self.random.below(all.len() as u64) as usize].id,
        };
        if self.random.below(3) == 0 {
            let number = self.random.below(self.n_maps) as usize;
            let map = Reloc::Map(MapId::new(number));
            self.insns.push(ObjInsn::load_address(Reg::R1, map));
        } else {
            let src = Src::Reg(self.random.pick(&[Reg::R6, Reg::R7]));
            self.push(Insn::Alu { width: Width::W64, op: AluOp::Mov, dst: Reg::R1, src });
        }
        for dst in [Reg::R2, Reg::R3, Reg::R4, Reg::R5] {
            self.load(dst);
        }
        self.push(Insn::Call(Callee::Helper(id)));
        let dst = self.random.pick(&[Reg::R7, Reg::R8, Reg::R9]);
        if self.random.below(2) == 0 {
            let src = Src::Reg(Reg::R0);
            self.push(Insn::Alu { width: Width::W64, op: AluOp::Mov, dst, src });
        }
    }

    fn insn(&mut self) {
        let (width, dst, off) = (self.random.width(), self.any_reg(), self.offset());
        let base = self.any_reg();
        let near = self.random.below(24) as i16 - 6;
        let random = &mut *self.random;
        let insn = match random.below(26) {
            0..=5 => return self.call(),
            6 | 7 => return self.load(dst),
            8..=10 => Insn::Alu { width, op: random.pick(&AluOp::ALL), dst, src: self.operand() },
            11 => Insn::Neg { width, dst },
            12 => Insn::SignExtend { extension: random.pick(&Extension::ALL), dst, src: base },
            13 => {
                let bits = random.pick(&SwapBits::ALL);
                Insn::ByteSwap { op: random.pick(&SwapOp::ALL), bits, dst }
            }
            14 | 15 => Insn::Load { ty: random.pick(&LoadType::ALL), dst, base, off },
            16 | 17 => {
                let size = random.pick(&Size::ALL);
                Insn::Store { size, base, off, src: self.operand() }
            }
            18 => Insn::Atomic { op: random.pick(&AtomicOp::ALL), width, base, off, src: dst },
            19 | 20 => {
                let op = random.pick(&JmpOp::ALL);
                Insn::JumpIf { width, op, dst, src: self.operand(), off: near }
            }
            21 => Insn::Jump { off: random.pick(&[near, near, near, i16::MIN]) },
            22 => {
                let (size, off) = (random.pick(&Narrow::ALL), random.imm());
                Insn::LoadPacket { size, index: random.pick(&[None, Some(dst)]), off }
            }
            23 => Insn::MayGoto { off: near },
            24 => {
                let func = FuncId::new(random.below(N_FUNCTIONS) as usize);
                return self.insns.push(ObjInsn::call(Reloc::Call(func)));
            }
            _ => match random.below(6) {
                0 => Insn::Call(Callee::Local { off: i32::from(near) }),
                1 => Insn::Call(Callee::Kfunc { id: 7, off: 0 }),
                2 => Insn::JumpLong { off: random.imm() },
                3 => Insn::LoadAcquire { size: random.pick(&Size::ALL), dst, base, off },
                4 => Insn::StoreRelease { size: random.pick(&Size::ALL), base, off, src: dst },
                _ => Insn::Exit,
            },
        };
        self.push(insn);
    }
}

fn body(random: &mut Random, n_maps: u64) -> Vec<ObjInsn> {
    let n_insns = random.below(40) + 4;
    let mut hostile = Hostile { random, insns: Vec::new(), n_maps };
    let (width, op) = (Width::W64, AluOp::Mov);
    hostile.push(Insn::Alu { width, op, dst: Reg::R6, src: Src::Reg(Reg::R1) });
    hostile.push(Insn::Load {
        ty: LoadType::unsigned(Size::W),
        dst: Reg::R8,
        base: Reg::R1,
        off: 0,
    });
    for reg in [Reg::R0, Reg::R7, Reg::R9] {
        hostile.load(reg);
    }
    for _ in 0..n_insns {
        hostile.insn();
    }
    hostile.push(Insn::Exit);
    hostile.insns
}

/// How runs ended.
#[derive(Default)]
struct Tally {
    n_results: u64,
    n_faults: u64,
    n_unlinked: u64,
}

fn object() -> Object {
    let mut builder = Builder::new();
    for map in maps() {
        builder = builder.map_with(map);
    }
    builder = builder.data(".data", DataKind::Data, &[7; 64]);
    let mut object = builder.build();
    for number in 0..N_FUNCTIONS {
        let name = format!("f{number}");
        object.functions.push(Function { name, ..Function::default() });
    }
    object
}

fn input(random: &mut Random) -> Input {
    let packet = random.pick(&[0, 14, 60, 300]);
    let packet: Vec<u8> = (0..packet).map(|_| random.next() as u8).collect();
    Input {
        packet: (!packet.is_empty()).then_some(packet),
        start: random.pick(&[PacketStart::Attached, PacketStart::TestRun]),
        args: vec![ArgValue::Number(random.next()), ArgValue::Task, ArgValue::Kernel(vec![1; 40])],
        ..Input::default()
    }
}

/// Runs the programs of one machine, from `first` on.
fn batch(first: u64, n_runs: u64, tally: &mut Tally) -> Result<(), String> {
    let mut object = object();
    // Programs that tail calls lead to.
    let n_maps = object.maps.len() as u64;
    for number in 0..N_FUNCTIONS as usize {
        let random = &mut Random(first << 8 | number as u64);
        let function = &mut object.functions[FuncId::new(number)];
        function.section = if number == 0 { "xdp" } else { ".text" }.into();
        function.insns = body(random, n_maps);
    }
    // rbpf, which must agree, takes longer.
    let engine = if first.is_multiple_of(8 * RUNS_OF_ONE) {
        EngineChoice::Both
    } else {
        EngineChoice::Reference
    };
    let environment = Environment { n_cpus: 2, ..Environment::default() };
    let options = Options { fuel: FUEL, engine, environment, ..Options::default() };
    let mut vm = Vm::new(&object, options).map_err(|error| format!("{error}"))?;
    for seed in first..first + n_runs {
        let random = &mut Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let section = random.pick(&SECTIONS);
        object.functions[FuncId::new(0)].section = section.into();
        object.functions[FuncId::new(0)].insns = body(random, n_maps);
        let Ok(linked) = link(&object, FuncId::new(0)) else {
            tally.n_unlinked += 1;
            continue;
        };
        let input = input(random);
        match catch_unwind(AssertUnwindSafe(|| vm.run_linked(&linked, &input))) {
            Ok(Ok(outcome)) => {
                assert!(outcome.n_insns <= FUEL);
                tally.n_results += 1;
            }
            Ok(Err(RunError::Fault(_) | RunError::Input(_))) => tally.n_faults += 1,
            Ok(Err(error)) => return Err(format!("seed {seed}: {error:?}")),
            Err(_) => return Err(format!("seed {seed}: a panic")),
        }
    }
    Ok(())
}

#[test]
fn hostile_programs() {
    let n_runs = setting("BPFC_FUZZ_INPUTS", 6400);
    let first = setting("BPFC_FUZZ_SEED", 1) << 20;
    let n_threads = setting("BPFC_FUZZ_THREADS", 1).max(1);
    let n_batches = n_runs.div_ceil(RUNS_OF_ONE);
    let one = |thread: u64| {
        let mut tally = Tally::default();
        let mut failures = Vec::new();
        for number in (thread..n_batches).step_by(n_threads as usize) {
            let batch = batch(first + number * RUNS_OF_ONE, RUNS_OF_ONE, &mut tally);
            failures.extend(batch.err());
        }
        (tally, failures)
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..n_threads).map(|thread| scope.spawn(move || one(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let failures: Vec<&String> = results.iter().flat_map(|(_, failures)| failures).collect();
    assert!(failures.is_empty(), "{} fail: {failures:#?}", failures.len());
    let sum = |count: fn(&Tally) -> u64| results.iter().map(|(tally, _)| count(tally)).sum::<u64>();
    let (n_results, n_faults) = (sum(|tally| tally.n_results), sum(|tally| tally.n_faults));
    assert!(n_results * 50 > n_runs, "{n_results} of {n_runs} programs end well");
    println!(
        "{n_results} results, {n_faults} faults, {} not linked",
        sum(|tally| tally.n_unlinked)
    );
}
