//! One program and what it calls.

use crate::sample;
use bpfc_isa::{Callee, Insn, Wide};
use bpfc_object::*;

#[test]
fn functions_follow_in_the_order_they_are_mentioned() {
    let object = sample::full();
    let program = object.function("prog").unwrap();
    let linked = link(&object, program).unwrap();
    let names: Vec<_> = linked.subprogs.iter().map(|s| &*s.name).collect();
    assert_eq!(names, ["prog", "callback", "get_limit", "sum"]);
    assert_eq!(linked.prog_type, Some(bpfc_kabi::ProgType::Xdp));
    assert_eq!(linked.maps(), [object.map("hits").unwrap()]);
    // Every instruction knows where it comes from.
    for insn in &linked.insns {
        let origin = &object.functions[insn.func].insns[insn.insn_idx as usize];
        assert_eq!(insn.line, origin.line);
    }
    // prog has 17 instructions in 20 slots, callback 2, get_limit 4 slots.
    let insns = linked.plain_insns();
    let callback = Insn::LoadImm64 { dst: bpfc_isa::Reg::R2, value: Wide::Func { off: 8 } };
    assert_eq!(insns[9], callback);
    assert_eq!(insns[13], Insn::Call(Callee::Local { off: 5 }));
    assert_eq!(insns[15], Insn::Call(Callee::Local { off: 7 }));
    assert_eq!(linked.subprog_at(16).unwrap().name, "prog");
    assert_eq!(linked.subprog_at(17).unwrap().name, "callback");
    assert_eq!(linked.subprog_at(1000), None);
}

#[test]
fn recursion_ends() {
    let mut object = sample::full();
    let program = object.function("prog").unwrap();
    let sum = object.function("sum").unwrap();
    object.functions[sum].insns[3] = ObjInsn::call(Reloc::Call(sum));
    let linked = link(&object, program).unwrap();
    assert_eq!(linked.subprogs.len(), 4);
}

#[test]
fn missing_functions_are_errors() {
    let mut object = sample::full();
    let program = object.function("prog").unwrap();
    let sum = object.function("sum").unwrap();
    object.functions[sum].insns.clear();
    let name = "sum".to_owned();
    assert_eq!(link(&object, program), Err(LinkError::Undefined { name }));
}
