//! Passes against the interpreter: random programs must mean the same before and after.

pub(crate) mod generate;
pub(crate) mod rules;

use super::*;
use crate::interpret::{Fault, Host, Machine, Memory};
use crate::ir::validate::validate;
use crate::ir::*;
use crate::{OptLevel, optimize};
use bpfc_base::Idx;

/// What a program did: its result, what it left in the globals, and its calls.
#[derive(Debug, PartialEq)]
struct Outcome {
    result: Result<u64, Fault>,
    globals: Vec<Vec<u8>>,
    calls: Vec<(u32, Vec<u64>)>,
}

/// `bpf_map_lookup_elem` and `bpf_map_delete_elem`.
pub(crate) const READERS: [u32; 2] = [1, 3];

/// Records calls; helper 1 returns null or a buffer, the others a number.
#[derive(Default)]
struct Recorder {
    calls: Vec<(u32, Vec<u64>)>,
}

impl Host for Recorder {
    fn helper(&mut self, number: u32, args: &[u64], memory: &mut Memory) -> Result<u64, Fault> {
        // Addresses depend on the order of slots; what they point to does not.
        let shown = args.iter().map(|&arg| match memory.read(arg, 8) {
            Ok(bytes) if arg >> 32 != 0 => u64::from_le_bytes(bytes.try_into().unwrap()),
            _ => arg,
        });
        let shown: Vec<u64> = shown.collect();
        let hash =
            shown.iter().fold(u64::from(number), |h, a| (h ^ a).wrapping_mul(0x9E3779B97F4A7C15));
        // As `helper_touch` says: these only read.
        let writes = !READERS.contains(&number);
        if let Some(&pointer) = args.iter().find(|&&arg| writes && memory.read(arg, 8).is_ok()) {
            memory.store(pointer, Width::W64, hash).unwrap();
        }
        self.calls.push((number, shown));
        Ok(hash)
    }
}

fn run(module: &Module, fuel: u64, args: &[u64]) -> Outcome {
    let mut machine = Machine::new(module, fuel);
    let mut host = Recorder::default();
    let ctx = machine.memory.allocate((0..64).collect());
    let args: Vec<u64> = std::iter::once(ctx).chain(args.iter().copied()).collect();
    let result = machine.call(&mut host, FuncId::new(0), &args);
    let content = |(id, global): (GlobalId, &Global)| {
        machine.memory.read(machine.globals[id], global.size as u32).unwrap().to_vec()
    };
    let globals = module.globals.iter_enumerated().map(content).collect();
    Outcome { result, globals, calls: host.calls }
}

type Pass = fn(&mut Module);

fn each_body(module: &mut Module, pass: impl Fn(&mut Body) -> bool) {
    each_func(module, |_, _, body| {
        pass(body);
    });
}

fn each_func(module: &mut Module, pass: impl Fn(&Module, FuncId, &mut Body)) {
    for id in module.funcs.ids() {
        if let Some(mut body) = module.funcs[id].body.take() {
            pass(module, id, &mut body);
            module.funcs[id].body = Some(body);
        }
    }
}

const PASSES: &[(&str, Pass)] = &[
    ("simplify_cfg", |m| each_body(m, simplify_cfg)),
    ("remove_dead_code", |m| each_body(m, remove_dead_code)),
    ("simplify", |m| {
        each_func(m, |m, _, b| {
            simplify(m, b);
        })
    }),
    ("resolve_calls", |m| {
        each_func(m, |m, id, b| {
            resolve_calls(m, id, b);
        })
    }),
    ("split_frame_atomics", |m| {
        each_func(m, |m, id, b| {
            split_frame_atomics(m, id, b);
        })
    }),
    ("promote_slots", |m| each_body(m, promote_slots)),
    ("split_slots", |m| each_body(m, split_slots)),
    ("forward_loads", |m| {
        each_func(m, |m, id, b| {
            forward_loads(m, id, b);
        })
    }),
    ("fill_in_place", |m| {
        each_func(m, |m, id, b| {
            fill_in_place(m, id, b);
        })
    }),
    ("remove_dead_stores", |m| {
        each_func(m, |m, id, b| {
            remove_dead_stores(m, id, b);
        })
    }),
    ("combine_stores", |m| each_body(m, combine_stores)),
    ("sink_common", |m| {
        each_func(m, |m, _, b| {
            sink_common(m, b);
        })
    }),
    ("expand", |m| each_func(m, expand)),
    ("decide_comparisons", |m| each_body(m, decide_comparisons)),
    ("drop_unseen_bits", |m| each_body(m, drop_unseen_bits)),
    ("thread_jumps", |m| each_body(m, thread_jumps)),
    ("propagate_ranges", |m| each_body(m, propagate_ranges)),
    ("hoist_invariants", |m| each_body(m, hoist_invariants)),
    ("sink_to_uses", |m| each_body(m, sink_to_uses)),
    ("promote_in_loops", |m| {
        each_func(m, |m, id, b| {
            promote_in_loops(m, id, b);
        })
    }),
    ("infer_alignment", |m| {
        each_func(m, |m, id, b| {
            infer_alignment(m, id, b);
        })
    }),
    ("branch_on_conditions", |m| each_body(m, branch_on_conditions)),
    ("rotate_loops", |m| each_body(m, rotate_loops)),
    ("unroll_loops", |m| {
        each_func(m, |m, id, b| {
            unroll_loops(m, id, b);
        })
    }),
    ("widen_conditions", |m| {
        m.cpu = bpfc_isa::Cpu::V2;
        each_func(m, |m, id, b| {
            widen_conditions(m, id, b);
        })
    }),
    ("remove_dead_params", |m| {
        let calls = count_calls(m);
        for id in m.funcs.ids() {
            remove_dead_params(m, id, &calls);
        }
    }),
    ("inline", |m| {
        let calls = count_calls(m);
        for id in callees_first(m) {
            inline_calls(m, id, InlinePolicy::Profitable, &calls);
        }
        remove_unused_funcs(m);
    }),
];

const ARGS: [[u64; 2]; 4] =
    [[0, 1], [5, 0xffff_ffff_ffff_fffe], [0x1_0000_0007, 8], [u64::MAX, 1 << 31]];

/// Runs `pass`, and fails if the module means something else afterwards.
fn check(name: &str, seed: u64, module: &mut Module, pass: impl FnOnce(&mut Module)) {
    let before = module.clone();
    pass(module);
    let invalid = validate(module);
    assert!(invalid.is_empty(), "{name}, seed {seed}: {invalid:#?}\n{before}\n=>\n{module}");
    for args in ARGS {
        let old = run(&before, 20_000, &args);
        if old.result == Err(Fault::OutOfFuel) {
            continue;
        }
        let new = run(module, 100_000, &args);
        assert_eq!(old, new, "{name}, seed {seed}, {args:?}\n{before}\n=>\n{module}");
    }
}

#[test]
fn every_pass_keeps_the_meaning() {
    for seed in 0..150 {
        let mut module = generate::module(seed);
        let invalid = validate(&module);
        assert!(invalid.is_empty(), "{invalid:#?}\n{module}");
        // In changing orders, until each pass saw what every other one leaves behind.
        for step in 0..3 * PASSES.len() {
            let (name, pass) =
                PASSES[(seed as usize + step * (1 + seed as usize % 5)) % PASSES.len()];
            check(name, seed, &mut module, pass);
        }
    }
}

#[test]
fn every_level_keeps_the_meaning() {
    for seed in 1000..1200 {
        for level in [OptLevel::O0, OptLevel::O2, OptLevel::Os] {
            let mut module = generate::module(seed);
            check("optimize", seed, &mut module, |module| optimize(module, level));
        }
    }
}
