//! The back end against the interpreter of IR: random programs must do the same as IR and
//! as instructions, on every version of the instruction set, with few registers and many.

mod engine;

use super::Surroundings;
use super::frame::lay_out;
use crate::allocate::allocate_with;
use crate::interpret::{Fault, Host, Machine, Memory};
use crate::ir::{CoreId, FuncId, Global, GlobalId, GlobalInit, Module, Op, Width};
use crate::mach::{Symbol, VReg, validate};
use crate::passes::tests::generate;
use crate::peephole::improve;
use crate::select::select;
use crate::{OptLevel, optimize};
use bpfc_base::{Idx, Session, Span};
use bpfc_isa::{Cpu, Reg, RegSet, encode_program};
use bpfc_object as object;
use engine::Engine;
use std::sync::Arc;

/// What a program did: its result, what it left in the globals, and its calls.
#[derive(Debug, PartialEq)]
struct Outcome {
    result: Result<u64, Fault>,
    globals: Vec<Vec<u8>>,
    calls: Vec<(u32, u64, u64)>,
}

/// Records calls of helpers. All take a number and a pointer to something of 8 bytes,
/// which they change.
#[derive(Default)]
struct Recorder {
    calls: Vec<(u32, u64, u64)>,
}

impl Host for Recorder {
    fn helper(&mut self, number: u32, args: &[u64], memory: &mut Memory) -> Result<u64, Fault> {
        let content = memory.load(args[1], Width::W64)?;
        let mix = args[0] ^ content.rotate_left(number);
        let hash = mix.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        memory.store(args[1], Width::W64, hash)?;
        self.calls.push((number, args[0], content));
        Ok(hash.rotate_left(32))
    }
}

const ARGS: [[u64; 2]; 4] = [
    [0, 1],
    [5, 0xffff_ffff_ffff_fffe],
    [0x1_0000_0007, 8],
    [u64::MAX, 1 << 31],
];

fn content(memory: &Memory, (id, global): (u64, &Global)) -> Vec<u8> {
    memory.read(id, global.size as u32).unwrap().to_vec()
}

fn run_ir(module: &Module, args: &[u64]) -> Outcome {
    let mut machine = Machine::new(module, 20_000);
    let mut host = Recorder::default();
    let ctx = machine.memory.allocate((0..64).collect());
    let args: Vec<u64> = std::iter::once(ctx).chain(args.iter().copied()).collect();
    let result = machine.call(&mut host, FuncId::new(0), &args);
    let address = |(id, global): (GlobalId, _)| (machine.globals[id], global);
    let globals = module.globals.iter_enumerated().map(address);
    Outcome {
        result,
        globals: globals
            .map(|global| content(&machine.memory, global))
            .collect(),
        calls: host.calls,
    }
}

/// One section per global, functions by their ids.
struct Plain;

impl Surroundings for Plain {
    fn address(&mut self, symbol: Symbol) -> object::Reloc {
        match symbol {
            Symbol::Global(id, offset) => object::Reloc::Data {
                section: object::DataId::new(id.index()),
                offset: offset as u32,
            },
            Symbol::Func(id) => object::Reloc::FuncAddr(object::FuncId::new(id.index())),
        }
    }

    fn callee(&mut self, func: FuncId) -> object::Reloc {
        object::Reloc::Call(object::FuncId::new(func.index()))
    }

    fn core(&mut self, core: CoreId) -> object::CoreReloc {
        panic!("no {core} in these programs")
    }

    fn line(&mut self, _: Span) -> Option<Arc<object::Line>> {
        None
    }
}

/// Compiles a module; `None` if a stack frame is too large.
fn compile(module: &Module, cpu: Cpu, reserved: RegSet) -> Option<object::Object> {
    let mut session = Session::default();
    let mut out = object::Object::default();
    for global in &module.globals {
        let mut section = object::DataSection::new(&global.name, object::DataKind::Data);
        match &global.init {
            GlobalInit::Data { bytes, .. } => section.push(bytes, global.align),
            _ => section.push(&vec![0; global.size as usize], global.align),
        };
        out.data.push(section);
    }
    for (id, func) in module.funcs.iter_enumerated() {
        let selected = select(&mut session, module, id, cpu);
        assert!(!session.diagnostics.has_errors());
        let mut allocated = allocate_with(selected, reserved);
        let errors = validate(&allocated, VReg::FIRST, cpu);
        assert!(errors.is_empty(), "{errors:#?}\n{allocated}");
        improve(&mut allocated);
        let errors = validate(&allocated, VReg::FIRST, cpu);
        assert!(errors.is_empty(), "{errors:#?}\n{allocated}");
        let frame = lay_out(&allocated).ok()?;
        let insns = super::code::emit(&allocated, &frame, cpu, &mut Plain).unwrap();
        assert!(insns.iter().all(|insn| insn.insn.min_cpu() <= cpu));
        out.functions.push(object::Function {
            name: func.name.clone(),
            section: func.section.clone().unwrap_or(".text".into()),
            insns,
            ..object::Function::default()
        });
    }
    Some(out)
}

fn run_object(module: &Module, out: &object::Object, args: &[u64]) -> Outcome {
    let linked = object::link(out, object::FuncId::new(0)).unwrap();
    // It is encodable, too.
    encode_program(&linked.plain_insns(), bpfc_isa::Endian::Little);
    let machine = Machine::new(module, 0);
    let mut engine = Engine {
        linked: &linked,
        memory: machine.memory,
        data: machine.globals.iter().copied().collect(),
        fuel: 1_000_000,
    };
    let ctx = engine.memory.allocate((0..64).collect());
    let args: Vec<u64> = std::iter::once(ctx).chain(args.iter().copied()).collect();
    let mut host = Recorder::default();
    let result = engine.run(&mut host, &args);
    let address = |(id, global): (GlobalId, _)| (machine.globals[id], global);
    let globals = module.globals.iter_enumerated().map(address);
    Outcome {
        result,
        globals: globals
            .map(|global| content(&engine.memory, global))
            .collect(),
        calls: host.calls,
    }
}

/// Number of programs compared, and of their instructions.
fn compare(seed: u64, module: &Module, cpu: Cpu, reserved: RegSet) -> (u32, usize) {
    let Some(out) = compile(module, cpu, reserved) else {
        return (0, 0);
    };
    let mut n = 0;
    for args in ARGS {
        let wanted = run_ir(module, &args);
        if wanted.result == Err(Fault::OutOfFuel) {
            continue;
        }
        let found = run_object(module, &out, &args);
        if wanted != found {
            let linked = object::link(&out, object::FuncId::new(0)).unwrap();
            let listing = bpfc_isa::disassemble(&linked.plain_insns(), &());
            panic!(
                "seed {seed}, {cpu:?}, {args:?}, {reserved:?}\n{module}\n{listing}\n{wanted:#?}\n{found:#?}"
            );
        }
        n += 1;
    }
    let n_insns = out.functions.iter().map(|func| func.insns.len()).sum();
    (n, n_insns)
}

/// Before v3 there are no atomic operations but addition without result: makes loads of
/// them.
fn without_atomics(module: &Module) -> Module {
    let mut module = module.clone();
    let bodies = module
        .funcs
        .iter_mut()
        .filter_map(|func| func.body.as_mut());
    for inst in bodies.flat_map(|body| body.values.iter_mut()) {
        if let Op::Atomic { access, .. } = inst.op {
            inst.op = Op::Load(access);
        }
    }
    module
}

fn check_all(seeds: std::ops::Range<u64>, reserved: RegSet) {
    let mut total = [(0, 0); 8];
    for seed in seeds {
        let plain = generate::module(seed);
        let mut optimized = plain.clone();
        optimize(&mut optimized, OptLevel::O2);
        let old = [without_atomics(&plain), without_atomics(&optimized)];
        for (at, cpu) in Cpu::ALL.into_iter().enumerate() {
            let modules = match cpu {
                Cpu::V1 | Cpu::V2 => [&old[0], &old[1]],
                Cpu::V3 | Cpu::V4 => [&plain, &optimized],
            };
            for (module, at) in modules.into_iter().zip([at, at + 4]) {
                let (n, n_insns) = compare(seed, module, cpu, reserved);
                total[at].0 += n;
                total[at].1 += n_insns;
            }
        }
    }
    println!("runs and instructions: {total:?}");
    assert!(total.iter().all(|(n, _)| *n > 20), "{total:?}");
}

const FP: RegSet = RegSet::of(Reg::FP);

#[test]
fn instructions_mean_what_ir_means() {
    check_all(0..60, FP);
}

#[test]
fn spilled_registers_keep_their_values() {
    let few = RegSet::from_iter([Reg::R7, Reg::R8, Reg::R9, Reg::R10]);
    check_all(400..430, few);
    let fewer = RegSet::from_iter([Reg::R5, Reg::R4])
        .union(RegSet::CALLEE_SAVED)
        .union(FP);
    check_all(550..580, fewer);
}
