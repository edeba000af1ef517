//! What another object has to define: kept in files as clang keeps it.

use bpfc_base::Idx;
use bpfc_btf::{IntEncoding, Linkage as BtfLinkage, ParamDef, TypeDef};
use bpfc_isa::{Insn, Reg, Wide};
use bpfc_object::*;

/// A program that calls `add`, and uses the variable `values` and the map `shared`.
fn object() -> Object {
    let mut object = Object { license: Some("GPL".into()), ..Object::default() };
    let int = object.btf.intern(TypeDef::int("int", 4, IntEncoding::Signed));
    let params = vec![ParamDef { name: String::new(), ty: int }];
    let proto = object.btf.push(TypeDef::FuncProto { ret: int, params, is_variadic: false });
    let func = |name: &str, linkage| TypeDef::Func { name: name.into(), proto, linkage };
    let prog = object.btf.push(func("prog", BtfLinkage::Global));
    let add = object.btf.push(func("add", BtfLinkage::Extern));
    let array = object.btf.intern(TypeDef::Array { element: int, index: int, n_elements: 4 });
    let linkage = BtfLinkage::Extern;
    let values = object.btf.push(TypeDef::Var { name: "values".into(), ty: array, linkage });
    let map = Map { name: "shared".into(), map_type: 2, max_entries: 4, ..Map::default() };
    let shared = map.declare(&mut object.btf);
    let add = Extern { btf: Some(add), is_hidden: true, ..Extern::new("add", ExternKind::Func) };
    let values = Extern {
        btf: Some(values),
        is_weak: true,
        section: Some(".data.custom".into()),
        ..Extern::new("values", ExternKind::Variable)
    };
    let shared = Extern { btf: Some(shared), ..Extern::new("shared", ExternKind::Map) };
    for item in [add, values, shared] {
        object.externs.push(item);
    }
    let address = |id| ObjInsn::load_address(Reg::R1, Reloc::Extern(ExternId::new(id)));
    let inside = Insn::LoadImm64 { dst: Reg::R1, value: Wide::Value(12) };
    object.functions.push(Function {
        name: "prog".into(),
        section: "xdp".into(),
        btf: Some(prog),
        insns: vec![
            ObjInsn { insn: inside, ..address(1) },
            address(2),
            ObjInsn::call(Reloc::Extern(ExternId::new(0))),
            Insn::Exit.into(),
        ],
        ..Function::default()
    });
    object
}

#[test]
fn undefined_symbols_survive_a_file() {
    let object = object();
    let again = read(&write(&object).unwrap()).unwrap();
    assert_eq!(again.externs, object.externs);
    assert_eq!(again.functions, object.functions);
    assert_eq!(again.undefined().count(), 3);
}

#[test]
fn nothing_runs_before_it_is_defined() {
    let object = object();
    let error = link(&object, FuncId::new(0)).unwrap_err();
    assert_eq!(error.to_string(), "`prog` uses the variable `values`, which is not defined");
}
