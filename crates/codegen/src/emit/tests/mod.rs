//! The back end against the interpreter of IR: random programs must do the same as IR and
//! as instructions, on every version of the instruction set, with few registers and many.

mod engine;

use super::Surroundings;
use super::frame::{MAX_FRAME_BYTES, lay_out};
use crate::allocate::allocate_with;
use crate::interpret::{Fault, Host, Machine, Memory};
use crate::ir::{CoreId, FuncId, Global, GlobalId, GlobalInit, Module, Op, Width};
use crate::mach::{Symbol, VReg, validate};
use crate::passes::tests::generate;
use crate::peephole::improve;
use crate::select::{Conventions, select};
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

const ARGS: [[u64; 2]; 4] =
    [[0, 1], [5, 0xffff_ffff_ffff_fffe], [0x1_0000_0007, 8], [u64::MAX, 1 << 31]];

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
        globals: globals.map(|global| content(&machine.memory, global)).collect(),
        calls: host.calls,
    }
}

/// One section per global, functions by their ids.
struct Plain;

impl Surroundings for Plain {
    fn load_address(&mut self, dst: Reg, symbol: Symbol) -> object::ObjInsn {
        let reloc = match symbol {
            Symbol::Global(id, offset) => object::Reloc::Data {
                section: object::DataId::new(id.index()),
                offset: offset as u32,
            },
            Symbol::Func(id) => object::Reloc::FuncAddr(object::FuncId::new(id.index())),
        };
        object::ObjInsn::load_address(dst, reloc)
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
        let selected = select(&mut session, module, &Conventions::new(module), id, cpu);
        assert!(!session.diagnostics.has_errors());
        let mut allocated = allocate_with(selected, reserved);
        let errors = validate(&allocated, VReg::FIRST, cpu);
        assert!(errors.is_empty(), "{errors:#?}\n{allocated}");
        improve(&mut allocated);
        let errors = validate(&allocated, VReg::FIRST, cpu);
        assert!(errors.is_empty(), "{errors:#?}\n{allocated}");
        let frame = lay_out(&allocated, MAX_FRAME_BYTES).ok()?;
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
        globals: globals.map(|global| content(&engine.memory, global)).collect(),
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
    let bodies = module.funcs.iter_mut().filter_map(|func| func.body.as_mut());
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
    check_all(0..40, FP);
}

#[test]
fn spilled_registers_keep_their_values() {
    let few = RegSet::from_iter([Reg::R7, Reg::R8, Reg::R9, Reg::R10]);
    check_all(400..420, few);
    let fewer = RegSet::from_iter([Reg::R5, Reg::R4]).union(RegSet::CALLEE_SAVED).union(FP);
    check_all(550..570, fewer);
}

/// A function of one block that does `n` things which cannot go, around which `br` jumps.
fn long_function(n: usize) -> Module {
    let mut text = String::from(
        "func fn0 \"long\" section \"xdp\" (ptr, i64) -> i64 {\n  slot0: size 8 align 8\n",
    );
    text += "block0(v0: ptr, v1: i64):\n  store.u64 [slot0], v1\n  br eq v1, 0, block2, block1\nblock1:\n";
    for at in 0..n {
        text += &format!("  store.u64.volatile [slot0], {}\n", at % 1000);
    }
    text += "  jump block2\nblock2:\n  v2: i64 = load.u64 [slot0]\n  return v2\n}\n";
    crate::ir::parse::parse(&text).unwrap()
}

fn emit_one(module: &Module, cpu: Cpu) -> Result<Vec<object::ObjInsn>, Box<bpfc_base::Diagnostic>> {
    let func =
        select(&mut Session::default(), module, &Conventions::new(module), FuncId::new(0), cpu);
    let mut func = allocate_with(func, FP);
    improve(&mut func);
    let frame = lay_out(&func, MAX_FRAME_BYTES)?;
    super::code::emit(&func, &frame, cpu, &mut Plain)
}

#[test]
fn long_jumps_need_v4() {
    let short = long_function(30_000);
    assert!(emit_one(&short, Cpu::V1).is_ok());
    let long = long_function(33_000);
    let report = emit_one(&long, Cpu::V3).unwrap_err();
    assert_eq!(report.code.name(), "E0413");
    let out = object::Object {
        functions: [object::Function {
            name: "long".into(),
            section: "xdp".into(),
            insns: emit_one(&long, Cpu::V4).unwrap(),
            ..object::Function::default()
        }]
        .into_iter()
        .collect(),
        ..object::Object::default()
    };
    for (arg, wanted) in [(0, 0), (7, 999)] {
        let linked = object::link(&out, object::FuncId::new(0)).unwrap();
        let mut engine =
            Engine { linked: &linked, memory: Memory::default(), data: Vec::new(), fuel: 100_000 };
        let result = engine.run(&mut Recorder::default(), &[0, arg]);
        assert_eq!(result, Ok(wanted));
    }
}

#[test]
fn stack_frames_are_limited() {
    let module = |size: u32| {
        crate::ir::parse::parse(&format!(
            "func fn0 \"f\" section \"xdp\" (ptr) -> i64 {{\n  slot0: size 8 align 8\n  slot1: size {size} align 8 \"buffer\"\n  slot2: size 4096 align 8 \"unused\"\nblock0(v0: ptr):\n  store.u64 [slot0], 1\n  v1: i64 = call helper 16(slot1, {size})\n  v2: i64 = load.u64 [slot0]\n  return v2\n}}\n"
        ))
        .unwrap()
    };
    assert!(emit_one(&module(504), Cpu::V3).is_ok());
    let report = emit_one(&module(505), Cpu::V3).unwrap_err();
    assert_eq!(report.code.name(), "E0403");
    assert!(report.notes[0].text.contains("`buffer` takes 505 bytes"), "{report:?}");
}

/// Instructions of one function from IR text, as text.
fn assembly(text: &str, cpu: Cpu) -> String {
    let module = crate::ir::parse::parse(text).unwrap();
    let insns = emit_one(&module, cpu).unwrap();
    let insns: Vec<bpfc_isa::Insn> = insns.into_iter().map(|insn| insn.insn).collect();
    bpfc_isa::disassemble(&insns, &()).replace('\t', "")
}

#[test]
fn checks_and_accesses_share_registers() {
    // The verifier learns from the check what the access needs.
    let text = "func fn0 \"f\" section \"tc\" (ptr) -> i64 {
  slot0: size 64 align 8
block0(v0: ptr):
  memset [slot0], 0i32, 64 align 8
  v1: i32 = load.u32 [v0 + 4]
  br ult v1, 64i32, block1, block2
block1:
  v2: i64 = zext v1
  v3: ptr = ptradd slot0, v2
  v4: i64 = load.u8 [v3]
  return v4
block2:
  return 0
}
";
    let out = assembly(text, Cpu::V3);
    let check = out.lines().find(|line| line.starts_with("if")).unwrap();
    let checked = check.split_whitespace().nth(1).unwrap();
    assert!(checked.starts_with('r'), "{out}");
    assert!(out.contains(&format!("+= {checked}")), "{out}");
    assert!(!out.contains("<<="), "{out}");
}

#[test]
fn jumps_are_those_of_the_instruction_set() {
    let text = "func fn0 \"f\" section \"tc\" (ptr) -> i64 {
block0(v0: ptr):
  v1: i64 = load.u64 [v0]
  v2: i64 = load.u64 [v0 + 8]
  br slt v1, v2, block1(1), block1(2)
block1(v3: i64):
  br ule v1, 5, block2(v3), block2(7)
block2(v4: i64):
  return v4
}
";
    let old = assembly(text, Cpu::V1);
    assert!(!old.contains("s<") && !old.contains("<="), "{old}");
    let new = assembly(text, Cpu::V2);
    assert!(new.lines().count() <= old.lines().count(), "{old}\n{new}");
}

#[test]
fn unread_upper_halves_are_passed_as_they_are() {
    let text = "func fn0 \"f\" section \"tc\" (ptr) -> i64 {
block0(v0: ptr):
  v1: i64 = load.u64 [v0]
  v2: i32 = trunc v1
  v3: i64 = zext v2
  v4: i64 = call helper 34(v0, v2)
  v5: i64 = call fn1(v3, 7)
  v6: i32 = trunc v5
  v7: i64 = zext v6
  return v7
}
func fn1 \"g\" static (i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  v2: i32 = trunc v0
  v3: i32 = add v2, 5
  v4: i64 = zext v3
  v5: i64 = xor v1, v4
  v6: i64 = and v5, 255
  return v6
}
";
    let out = assembly(text, Cpu::V3);
    assert!(!out.contains("= w"), "{out}");
    let global = assembly(&text.replace(" static", ""), Cpu::V3);
    assert!(global.matches("= w").count() == 2, "{global}");
}

#[test]
fn addresses_stay_in_registers_until_a_call() {
    let text = "global0: data \"limit\" size 16 align 8 hex 00000000000000000000000000000000
func fn0 \"f\" section \"tc\" (ptr) -> i64 {
block0(v0: ptr):
  v1: i64 = load.u64 [global0]
  br eq v1, 0, block1, block2
block1:
  v2: i64 = load.u64 [global0]
  br eq v2, 7, block3, block2
block2:
  v3: i64 = call helper 5()
  v4: i64 = load.u64 [global0 + 8]
  v5: i64 = add v3, v4
  return v5
block3:
  v6: i64 = load.u64 [global0 + 8]
  return v6
}
";
    let out = assembly(text, Cpu::V3);
    // Once in front of the call, for three accesses, and once behind it.
    assert_eq!(out.matches(" ll").count(), 2, "{out}");
}

/// Two ways that look up a key in a map and read what is found.
fn two_lookups(second: &str) -> String {
    format!(
        "global0: map \"a\" size 0 align 8
global1: map \"b\" size 0 align 8
func fn0 \"f\" section \"tc\" (ptr) -> i64 {{
  slot0: size 8 align 8
block0(v0: ptr):
  v1: i32 = load.u32 [v0]
  store.u32 [slot0], v1
  br eq v1, 0i32, block1, block2
block1:
  v2: i64 = call helper 7()
  store.u64 [slot0], v2
  v3: ptr = call helper 1(global0, slot0)
  br eq v3, 0, block3, block4
block2:
  v4: ptr = call helper 1({second}, slot0)
  br eq v4, 0, block3, block5
block3:
  return 0
block4:
  v5: i64 = load.u64 [v3 + 8]
  return v5
block5:
  v6: i64 = load.u64 [v4 + 8]
  return v6
}}
"
    )
}

#[test]
fn ends_of_ways_are_one() {
    let out = assembly(&two_lookups("global0"), Cpu::V3);
    assert_eq!(out.matches("call 0x1").count(), 1, "{out}");
    assert_eq!(out.matches("+ 0x8)").count(), 1, "{out}");
}

#[test]
fn other_maps_are_other_ways() {
    // The verifier notes the map at the call, and the kind of the pointer at the load.
    let out = assembly(&two_lookups("global1"), Cpu::V3);
    assert_eq!(out.matches("call 0x1").count(), 2, "{out}");
}

#[test]
fn spilled_registers_are_loaded_once_per_call() {
    let mut text = String::from(
        "func fn0 \"f\" section \"tc\" (ptr) -> i64 {\nblock0(v0: ptr):\n  v100: i64 = call helper 5()\n",
    );
    for at in 1..7 {
        text += &format!("  v{at}: i64 = call helper 5()\n");
    }
    text += "  v7: i64 = call helper 5()\n  br eq v1, v7, block1, block2\nblock1:\n  return 0\nblock2:\n";
    text += "  br eq v1, v100, block1, block3\nblock3:\n";
    for at in 1..7 {
        text += &format!("  v1{at}: i64 = xor v{}, v{at}\n", if at == 1 { 1 } else { at + 9 });
    }
    text += "  v20: i64 = xor v16, v1\n  v21: i64 = xor v20, v100\n  return v21\n}\n";
    let out = assembly(&text, Cpu::V3);
    let stores: Vec<&str> = out.lines().filter(|line| line.starts_with("*(u64 *)(r10")).collect();
    assert!(stores.len() > 1, "{out}");
    for store in stores {
        let slot = store.split(" = ").next().unwrap();
        assert_eq!(out.matches(&format!("= {slot}")).count(), 1, "{slot}\n{out}");
    }
}
