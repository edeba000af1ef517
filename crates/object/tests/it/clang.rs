//! Objects made by clang: read, written again, and loaded by libbpf.

use crate::tools::{Scratch, load_all, run};
use bpfc_btf::{Btf, Linkage, Type};
use bpfc_isa::{Callee, Insn};
use bpfc_object::{DataKind, ExternKind, MapInit, Object, link, read, write};

/// The object clang makes of a test program; none if clang is not installed.
pub fn compile(name: &str, source: &str) -> Option<Vec<u8>> {
    compile_for(name, source, ["-target", "bpf", "-mcpu=v3"])
}

fn compile_for(name: &str, source: &str, flags: [&str; 3]) -> Option<Vec<u8>> {
    let scratch = Scratch::new(&format!("clang-{name}"));
    scratch.file("helpers.h", include_str!("../c/helpers.h"));
    let source = scratch.file("input.c", source);
    let object = scratch.path("output.o");
    let (source, path) = (source.to_str().unwrap(), object.to_str().unwrap());
    let args = [&flags[..], &["-g", "-O2", "-c", source, "-o", path]].concat();
    run("clang-19", &args)?;
    Some(std::fs::read(object).unwrap())
}

/// Reads, writes, reads again: nothing changes, and libbpf loads what was written.
fn round_trip(name: &str, bytes: &[u8]) -> Object {
    let object = read(bytes).unwrap();
    let written = write(&object).unwrap();
    let again = read(&written).unwrap();
    assert_eq!(again, object);
    let scratch = Scratch::new(&format!("written-{name}"));
    let file = scratch.file("written.o", &written);
    load_all(&file, name, |_| ());
    object
}

#[test]
fn every_feature_survives() {
    let Some(bytes) = compile("all", include_str!("../c/all.c")) else {
        return;
    };
    let object = round_trip("all", &bytes);
    assert_eq!(object.license.as_deref(), Some("GPL"));
    let names = |iter: Vec<&str>| iter.join(" ");
    assert_eq!(
        names(object.functions.iter().map(|f| &*f.name).collect()),
        "weigh add callback prog trace"
    );
    assert_eq!(names(object.maps.iter().map(|m| &*m.name).collect()), "first table hits");
    let table = &object.maps[object.map("table").unwrap()];
    let first = object.map("first").unwrap();
    assert_eq!(table.values, [(1, MapInit::Map(first))]);
    assert_eq!(table.inner.as_ref().unwrap().value_size_bytes, 8);
    let externs: Vec<_> = object.externs.iter().map(|e| (&*e.name, e.kind)).collect();
    assert_eq!(
        externs,
        [
            ("LINUX_KERNEL_VERSION", ExternKind::Kconfig { size_bytes: 4 }),
            ("bpf_rcu_read_lock", ExternKind::Kfunc),
            ("bpf_rcu_read_unlock", ExternKind::Kfunc),
        ]
    );
    let sections: Vec<_> = object.data.iter().map(|d| (&*d.name, d.kind)).collect();
    assert_eq!(
        sections,
        [
            (".data", DataKind::Data),
            (".rodata", DataKind::ReadOnly),
            (".rodata.str1.1", DataKind::ReadOnly),
            (".bss", DataKind::Bss),
        ]
    );
    let trace = &object.functions[object.function("trace").unwrap()];
    let core: Vec<_> = trace.insns.iter().filter_map(|insn| insn.core.as_ref()).collect();
    assert_eq!((core.len(), &*core[0].access, core[0].kind), (1, "0:1", 0));
    let prog = &object.functions[object.function("prog").unwrap()];
    assert!(prog.insns.iter().all(|insn| insn.line.is_some()));
    assert!(&*prog.insns[0].line.as_ref().unwrap().text == "\tu32 key = limit;");
}

/// Nothing in the instructions mentions a handler of exceptions.
#[test]
fn programs_link_with_their_handlers_of_exceptions() {
    let source = r#"
        __attribute__((noinline)) int handle(unsigned long long cookie) { return cookie + 1; }
        __attribute__((noinline)) int other(int x) { return x; }
        __attribute__((section("tc"), btf_decl_tag("exception_callback:handle")))
        int prog(void *ctx) { return 0; }
    "#;
    let Some(bytes) = compile("handlers", source) else {
        return;
    };
    let object = read(&bytes).unwrap();
    let linked = link(&object, object.function("prog").unwrap()).unwrap();
    let names: Vec<_> = linked.subprogs.iter().map(|s| &*s.name).collect();
    assert_eq!(names, ["prog", "handle"]);
}

#[test]
fn programs_link_with_what_they_call() {
    let Some(bytes) = compile("link", include_str!("../c/all.c")) else {
        return;
    };
    let object = read(&bytes).unwrap();
    let linked = link(&object, object.function("prog").unwrap()).unwrap();
    let names: Vec<_> = linked.subprogs.iter().map(|s| &*s.name).collect();
    assert_eq!(names, ["prog", "callback", "add", "weigh"]);
    let insns = linked.plain_insns();
    let slots = bpfc_isa::SlotMap::new(&insns);
    let starts: Vec<_> = linked.subprogs.iter().map(|s| s.start).collect();
    for (idx, insn) in insns.iter().enumerate() {
        if insn.function_offset().is_some() && linked.insns[idx].reference.is_none() {
            let target = slots.target(idx as u32, insn).unwrap();
            assert!(starts.contains(&target));
        }
        assert!(!matches!(insn, Insn::Call(Callee::Local { off: -1 })));
    }
}

#[test]
fn program_arrays_keep_their_programs() {
    let Some(bytes) = compile("tail", include_str!("../c/tail.c")) else {
        return;
    };
    let object = round_trip("tail", &bytes);
    let jumps = &object.maps[object.map("jumps").unwrap()];
    let one = object.function("one").unwrap();
    assert_eq!(jumps.values, [(2, MapInit::Program(one))]);
    let wide = &object.maps[object.map("wide").unwrap()];
    assert_eq!((wide.value_size_bytes, wide.map_flags), (24, 1024));
}

#[test]
fn every_instruction_set_and_byte_order_is_read() {
    for target in ["bpfel", "bpfeb"] {
        for cpu in ["-mcpu=v1", "-mcpu=v2", "-mcpu=v3", "-mcpu=v4"] {
            let flags = ["-target", target, cpu];
            let name = format!("{target}{cpu}");
            let Some(bytes) = compile_for(&name, include_str!("../c/all.c"), flags) else {
                return;
            };
            let object = read(&bytes).unwrap();
            assert_eq!(read(&write(&object).unwrap()).unwrap(), object, "{name}");
            let linked = link(&object, object.function("prog").unwrap()).unwrap();
            assert_eq!(linked.subprogs.len(), 4);
        }
    }
}

#[test]
fn the_kernel_gets_defined_variables_only() {
    let Some(bytes) = compile("kernel-btf", include_str!("../c/all.c")) else {
        return;
    };
    let object = read(&bytes).unwrap();
    let blob = object.btf_for_kernel().to_bytes(bpfc_btf::Endian::Little).unwrap();
    let btf = Btf::parse(blob).unwrap();
    let mut sections = Vec::new();
    for id in btf.ids() {
        match btf.ty(id).unwrap() {
            Type::Var { name, linkage, .. } => assert_ne!(linkage, Linkage::Extern, "{name}"),
            Type::Func { name, linkage, .. } => assert_ne!(linkage, Linkage::Extern, "{name}"),
            Type::DataSec(section) => {
                assert_ne!(section.size_bytes(), 0);
                sections.push(section.name().to_owned());
            }
            _ => {}
        }
    }
    assert_eq!(sections, [".data", ".rodata", ".bss", ".maps", ".kconfig"]);
    assert_eq!(object.kconfig_layout().1, 4);
}
