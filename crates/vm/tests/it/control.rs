//! Calls, callbacks and tail calls.

use crate::common::{Builder, run, vm};
use bpfc_base::Idx;
use bpfc_kabi::MapType;
use bpfc_object::{FuncId, MapInit};
use bpfc_vm::{Effect, EngineChoice, FaultKind, Input, Options, Place, RunError, Vm};

#[test]
fn callees_have_frames_of_their_own() {
    let object = Builder::new()
        .func(
            "prog",
            "xdp",
            "*(u64 *)(r10 - 400) = 5
             r1 = r10
             r1 += -400
             r7 = 3
             call fill
             r0 = *(u64 *)(r10 - 400)
             r0 += r7
             exit",
        )
        .func(
            "fill",
            ".text",
            "*(u64 *)(r10 - 400) = 77
             r7 = 1000
             r0 = *(u64 *)(r1 + 0)
             r0 += 1
             *(u64 *)(r1 + 0) = r0
             exit",
        )
        .build();
    let outcome = run(&mut vm(&object), &object, &Input::default()).unwrap();
    assert_eq!(outcome.ret, 9);
}

/// Assembly may keep several functions under one name: both engines find where the inner ones start.
#[test]
fn callees_may_be_inside_of_a_function() {
    let text =
        "r1 = 5\ncall double\nr6 = r0\nr1 = r6\ncall double\nexit\ndouble: r0 = r1\nr0 += r1\nexit";
    let object = Builder::new().func("prog", "xdp", text).build();
    let outcome = run(&mut vm(&object), &object, &Input::default()).unwrap();
    assert_eq!((outcome.ret, outcome.unsupported), (20, None));
}

#[test]
fn pointers_into_a_frame_that_is_gone_fault() {
    let object = Builder::new()
        .func("prog", "xdp", "call local\nr0 = *(u64 *)(r0 + 0)\nexit")
        .func("local", ".text", "r0 = r10\nr0 += -8\nexit")
        .build();
    let error = run(&mut vm(&object), &object, &Input::default()).unwrap_err();
    let RunError::Fault(fault) = error else {
        panic!("{error}");
    };
    let place = Place::Stack { depth: 1 };
    assert!(matches!(fault.kind, FaultKind::OutOfBounds { place: at, .. } if at == place));
}

/// A chain of functions that is `depth` frames deep.
fn chain(depth: usize) -> Builder {
    let mut builder = Builder::new();
    for number in (1..depth).rev() {
        let next = number + 1;
        let call = if next < depth { format!("call f{next}\n") } else { String::new() };
        builder =
            builder.func(&format!("f{number}"), ".text", &format!("r0 = 0\n{call}r0 += 1\nexit"));
    }
    builder.func("prog", "xdp", "call f1\nr0 += 1\nexit")
}

#[test]
fn eight_frames_and_no_more() {
    let object = chain(8).build();
    assert_eq!(run(&mut vm(&object), &object, &Input::default()).unwrap().ret, 8);
    let object = chain(9).build();
    let error = run(&mut vm(&object), &object, &Input::default()).unwrap_err();
    assert!(
        matches!(&error, RunError::Fault(fault) if fault.kind == FaultKind::CallDepth { limit: 8 }),
        "{error}"
    );
}

#[test]
fn recursion_is_left_to_the_reference_interpreter() {
    let object = Builder::new()
        .func("prog", "xdp", "r1 = 3\ncall down\nexit")
        .func(
            "down",
            ".text",
            "r0 = 0\nif r1 == 0 goto out\nr1 += -1\ncall down\nr0 += 1\nout: exit",
        )
        .build();
    let mut machine = vm(&object);
    let outcome = machine.run(FuncId::new(0), &Input::default()).unwrap();
    assert_eq!(outcome.ret, 3);
    assert_eq!(outcome.engines, ["reference"]);
    assert!(outcome.unsupported.unwrap().contains("recursive"));
    let options = Options { engine: EngineChoice::Rbpf, ..Options::default() };
    let mut machine = Vm::new(&object, options).unwrap();
    let error = machine.run(FuncId::new(0), &Input::default()).unwrap_err();
    assert!(error.to_string().contains("recursive"), "{error}");
}

#[test]
fn loops_call_back() {
    let object = Builder::new()
        .func(
            "prog",
            "xdp",
            "*(u64 *)(r10 - 8) = 0
             r1 = 10
             r2 = add ll
             r3 = r10
             r3 += -8
             r4 = 0
             call bpf_loop
             r6 = r0
             r0 = *(u64 *)(r10 - 8)
             r0 <<= 8
             r0 |= r6
             exit",
        )
        .func(
            "add",
            ".text",
            "r3 = *(u64 *)(r2 + 0)
             r3 += r1
             *(u64 *)(r2 + 0) = r3
             r0 = 0
             if r1 < 6 goto out
             r0 = 1
             out: exit",
        )
        .build();
    let outcome = run(&mut vm(&object), &object, &Input::default()).unwrap();
    // 0 + … + 6, stopped in the seventh round.
    assert_eq!(outcome.ret, 21 << 8 | 7);
}

#[test]
fn elements_are_visited() {
    let object = Builder::new()
        .map("m", MapType::Hash, 4, 8, 8)
        .func(
            "prog",
            "xdp",
            "*(u64 *)(r10 - 8) = 0
             r1 = m ll
             r2 = visit ll
             r3 = r10
             r3 += -8
             r4 = 0
             call bpf_for_each_map_elem
             r6 = r0
             r0 = *(u64 *)(r10 - 8)
             r0 <<= 8
             r0 |= r6
             exit",
        )
        .func(
            "visit",
            ".text",
            "r5 = *(u32 *)(r2 + 0)
             r0 = *(u64 *)(r3 + 0)
             r5 *= r0
             r0 = *(u64 *)(r4 + 0)
             r0 += r5
             *(u64 *)(r4 + 0) = r0
             r0 = 0
             exit",
        )
        .build();
    let mut vm = vm(&object);
    let map = object.map("m").unwrap();
    for (key, value) in [(2u32, 10u64), (3, 100)] {
        vm.map_update(map, &key.to_le_bytes(), &value.to_le_bytes(), 0).unwrap();
    }
    let outcome = run(&mut vm, &object, &Input::default()).unwrap();
    assert_eq!(outcome.ret, 320 << 8 | 2);
}

fn with_programs(text: &str, target: &str) -> bpfc_object::Object {
    Builder::new()
        .map("progs", MapType::ProgArray, 4, 4, 4)
        .values(&[(2, MapInit::Program(FuncId::new(1)))])
        .func("prog", "xdp", text)
        .func("target", "xdp", target)
        .build()
}

#[test]
fn tail_calls_replace_the_program() {
    let text = "r6 = r1\nr2 = progs ll\nr3 = 2\ncall bpf_tail_call\nr0 = 1\nexit";
    let object = with_programs(text, "r0 = *(u32 *)(r1 + 12)\nr0 += 41\nexit");
    let outcome = run(&mut vm(&object), &object, &Input::default()).unwrap();
    assert_eq!(outcome.ret, 42);
    assert_eq!(outcome.effects, [Effect::TailCall("target".into())]);
    for missing in [1, 4, 1000] {
        let text = text.replace("r3 = 2", &format!("r3 = {missing}"));
        let object = with_programs(&text, "r0 = 42\nexit");
        assert_eq!(run(&mut vm(&object), &object, &Input::default()).unwrap().ret, 1);
    }
}

#[test]
fn thirty_three_tail_calls_and_no_more() {
    let count = "
        r6 = r1
        *(u32 *)(r10 - 4) = 0
        r1 = hits ll
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
        if r0 == 0 goto out
        r1 = *(u32 *)(r0 + 0)
        r1 += 1
        *(u32 *)(r0 + 0) = r1
        r1 = r6
        r2 = progs ll
        r3 = 2
        call bpf_tail_call
        out: r0 = 7
        exit";
    let object = Builder::new()
        .map("progs", MapType::ProgArray, 4, 4, 4)
        .values(&[(2, MapInit::Program(FuncId::new(0)))])
        .map("hits", MapType::Array, 4, 4, 1)
        .func("prog", "xdp", count)
        .build();
    let mut vm = vm(&object);
    assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret, 7);
    let hits = vm.map(object.map("hits").unwrap());
    assert_eq!(hits.entries[0].values[0], 34u32.to_le_bytes());
}

#[test]
fn a_tail_call_of_a_function_returns_to_its_caller() {
    let object = Builder::new()
        .map("progs", MapType::ProgArray, 4, 4, 4)
        .values(&[(2, MapInit::Program(FuncId::new(2)))])
        .func("prog", "xdp", "call sub\nr0 += 1\nexit")
        .func("sub", ".text", "r2 = progs ll\nr3 = 2\ncall bpf_tail_call\nr0 = 100\nexit")
        .func("target", "xdp", "r0 = 41\nexit")
        .build();
    assert_eq!(run(&mut vm(&object), &object, &Input::default()).unwrap().ret, 42);
}

#[test]
fn fuel_counts_callbacks_and_ends_both_engines_at_the_same_instruction() {
    let text = "r1 = 1000\nr2 = f ll\nr3 = 0\nr4 = 0\ncall bpf_loop\nexit";
    let object = Builder::new()
        .func("prog", "xdp", text)
        .func("f", ".text", "r0 = 0\nr0 += 0\nexit")
        .build();
    let full = vm(&object).run(FuncId::new(0), &Input::default()).unwrap();
    assert_eq!(full.n_insns, 6 + 3000);
    for fuel in [0, 1, 4, 5, 6, 7, 100, 3003, 3004, 3005] {
        let options = Options { fuel, ..Options::default() };
        let mut vm = Vm::new(&object, options).unwrap();
        let error = vm.run(FuncId::new(0), &Input::default()).unwrap_err();
        let RunError::Fault(fault) = error else {
            panic!("fuel {fuel}: {error:?}");
        };
        assert_eq!(fault.kind, FaultKind::OutOfFuel { limit: fuel });
        assert_eq!(fault.to_diagnostic().code.name(), "E0909");
    }
}
