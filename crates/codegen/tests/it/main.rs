//! The file tests of `tests/ir`: IR text, one pass or all of them, the result.
//!
//! Settings: `pass` names what to run (`lower` nothing, `O0`, `O2` and `Os` a whole level, else
//! passes, separated by spaces); `args` are the arguments behind the context for a run of
//! `fn0`, whose result must be the same before and after; `cpu` is the instruction set.
//! Snapshots: `errors` of the validator, `after`, `result`.

use bpfc_codegen::interpret::{Fault, Host, Machine, Memory};
use bpfc_codegen::ir::{Body, FuncId, Module, parse, validate::validate};
use bpfc_codegen::passes::*;
use bpfc_codegen::{OptLevel, PASS_NAMES, optimize};
use bpfc_isa::Cpu;
use bpfc_testkit::{Failure, Suite, Test};

type Pass = fn(&Module, FuncId, &mut Body) -> bool;

const PASSES: &[(&str, Pass)] = &[
    ("decide_constants", decide_constants),
    ("dispatch_calls", dispatch_calls),
    ("expand_compares", expand_compares),
    ("fold_offsets", |_, _, b| fold_offsets(b)),
    ("resolve_calls", resolve_calls),
    ("share_slots", share_slots),
    ("share_slots_at_need", share_slots_at_need),
    ("split_frame_atomics", split_frame_atomics),
    ("widen_conditions", widen_conditions),
    ("simplify_cfg", |_, _, b| simplify_cfg(b)),
    ("remove_dead_code", |_, _, b| remove_dead_code(b)),
    ("simplify", |m, _, b| simplify(m, b)),
    ("decide_comparisons", |_, _, b| decide_comparisons(b)),
    ("drop_unseen_bits", |_, _, b| drop_unseen_bits(b)),
    ("promote_slots", |_, _, b| promote_slots(b)),
    ("split_slots", |_, _, b| split_slots(b)),
    ("forward_loads", forward_loads),
    ("fill_in_place", fill_in_place),
    ("remove_dead_stores", remove_dead_stores),
    ("combine_stores", |_, _, b| combine_stores(b)),
    ("thread_jumps", |_, _, b| thread_jumps(b)),
    ("sink_common", |m, _, b| sink_common(m, b)),
    ("propagate_ranges", |_, _, b| propagate_ranges(b)),
    ("hoist_invariants", |_, _, b| hoist_invariants(b)),
    ("sink_to_uses", |_, _, b| sink_to_uses(b)),
    ("promote_in_loops", promote_in_loops),
    ("infer_alignment", infer_alignment),
    ("branch_on_conditions", |_, _, b| branch_on_conditions(b)),
    ("rotate_loops", |_, _, b| rotate_loops(b)),
    ("unroll_loops", unroll_loops),
    ("expand", |m, id, b| {
        expand(m, id, b);
        true
    }),
];

type ModulePass = fn(&mut Module);

/// Passes that look at several functions.
const MODULE_PASSES: &[(&str, ModulePass)] = &[
    ("inline_calls", |m| inline(m, InlinePolicy::Profitable)),
    ("inline_required_calls", |m| inline(m, InlinePolicy::Required)),
    ("inline_short_calls", |m| inline(m, InlinePolicy::Short)),
    ("remove_dead_params", |m| {
        let calls = count_calls(m);
        for id in callees_first(m) {
            remove_dead_params(m, id, &calls);
        }
    }),
    ("remove_unused_funcs", remove_unused_funcs),
];

fn inline(module: &mut Module, policy: InlinePolicy) {
    let calls = count_calls(module);
    for id in callees_first(module) {
        inline_calls(module, id, policy, &calls);
    }
}

/// Every pass is shown at work by a test that names it.
#[test]
fn every_pass_has_a_test() {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let dir = root.join("tests/ir");
    let mut named = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix(";@ pass:"));
        named.extend(lines.flat_map(str::split_whitespace).map(str::to_owned));
    }
    let all = PASS_NAMES.iter().chain(MODULE_PASSES.iter().map(|(name, _)| name));
    let missing: Vec<_> = all.filter(|name| !named.contains(**name)).collect();
    assert!(missing.is_empty(), "no file of tests/ir has a `;@ pass:` line with {missing:?}");
}

#[test]
fn ir() {
    Suite::in_workspace("tests/ir")
        .extensions(&["bir"])
        .keys(&["pass", "args", "cpu"])
        .run(check)
        .finish();
}

fn check(t: &mut Test) -> Result<(), Failure> {
    let mut module = match parse(t.text()) {
        Ok(module) => module,
        Err(error) => {
            t.snapshot("errors", &error.to_string());
            return Ok(());
        }
    };
    let errors: Vec<String> = validate(&module).iter().map(ToString::to_string).collect();
    if !errors.is_empty() || t.has_snapshot("errors") {
        t.snapshot("errors", &errors.join("\n"));
        return Ok(());
    }
    if let Some(cpu) = t.setting("cpu") {
        match Cpu::ALL.into_iter().find(|known| known.to_string() == cpu) {
            Some(cpu) => module.cpu = cpu,
            None => t.fail(format!("there is no instruction set `{cpu}`")),
        }
    }
    let before = module.clone();
    let names = t.setting("pass").unwrap_or("O2").to_owned();
    for name in names.split_whitespace() {
        run_pass(t, name, &mut module);
    }
    t.snapshot("after", module.to_string().trim_end());
    for error in validate(&module) {
        t.fail(error.to_string());
    }
    if let Some(args) = t.setting("args") {
        let args: Vec<u64> = args
            .split_whitespace()
            .filter_map(|arg| arg.parse::<i64>().ok())
            .map(|arg| arg as u64)
            .collect();
        let (old, new) = (run(&before, &args), run(&module, &args));
        if old != new {
            t.fail(format!("{old} before, {new} after"));
        }
        t.snapshot("result", &old);
    }
    Ok(())
}

fn run_pass(t: &mut Test, name: &str, module: &mut Module) {
    match name {
        "O0" => return optimize(module, OptLevel::O0),
        "O2" => return optimize(module, OptLevel::O2),
        "Os" => return optimize(module, OptLevel::Os),
        _ => {}
    }
    if let Some((_, pass)) = MODULE_PASSES.iter().find(|(known, _)| *known == name) {
        return pass(module);
    }
    let Some((_, pass)) = PASSES.iter().find(|(known, _)| *known == name) else {
        return t.fail(format!("there is no pass `{name}`"));
    };
    for id in module.funcs.ids() {
        if let Some(mut body) = module.funcs[id].body.take() {
            pass(module, id, &mut body);
            module.funcs[id].body = Some(body);
        }
    }
}

/// A kernel whose helpers return null.
struct Nothing;

impl Host for Nothing {
    fn helper(&mut self, _: u32, _: &[u64], _: &mut Memory) -> Result<u64, Fault> {
        Ok(0)
    }
}

fn run(module: &Module, args: &[u64]) -> String {
    let mut machine = Machine::new(module, 1 << 20);
    let ctx = machine.memory.allocate((0..64).collect());
    let args: Vec<u64> = std::iter::once(ctx).chain(args.iter().copied()).collect();
    let main = module.funcs.ids().next().expect("a test has a function");
    match machine.call(&mut Nothing, main, &args) {
        Ok(result) => (result as i64).to_string(),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn the_book_names_every_pass() {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let text = std::fs::read_to_string(root.join("docs/optimiser.md")).expect("the page exists");
    for name in bpfc_codegen::PASS_NAMES {
        assert!(text.contains(&format!("| `{name}` |")), "{name} is not in docs/optimiser.md");
    }
}
