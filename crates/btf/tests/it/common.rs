//! What is on this machine, and a small blob with every kind.

use std::path::PathBuf;
use std::process::Command;

use bpfc_btf::{
    Btf, BtfBuilder, Endian, EnumeratorDef, FwdKind, IntEncoding, Linkage, MemberDef, ParamDef,
    SecVar, TypeDef, TypeId,
};

/// The running kernel's BTF, or `None` with the reason printed. Where a kernel is required
/// (`BPFC_REQUIRE_KERNEL=1`) a missing one is a failure.
pub fn kernel() -> Option<Btf> {
    match std::fs::read("/sys/kernel/btf/vmlinux") {
        Ok(bytes) => Some(Btf::parse(bytes).expect("the kernel's BTF is valid")),
        Err(error) => skip(&format!("/sys/kernel/btf/vmlinux: {error}")),
    }
}

/// Runs a tool and returns what it printed, or `None` if it is not installed.
pub fn tool(name: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(name).args(arguments).output() {
        Ok(output) if output.status.success() => {
            Some(String::from_utf8(output.stdout).expect("tools print UTF-8"))
        }
        Ok(output) => panic!("{name} failed: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => skip(&format!("{name}: {error}")),
    }
}

fn skip<T>(reason: &str) -> Option<T> {
    assert!(
        std::env::var_os("BPFC_REQUIRE_KERNEL").is_none_or(|value| value != "1"),
        "required but missing: {reason}"
    );
    bpfc_testkit::skipped(reason);
    None
}

/// A path in cargo's folder for the files of tests.
pub fn temporary(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

pub fn int(name: &str, size_bytes: u32) -> TypeDef {
    TypeDef::int(name, size_bytes, IntEncoding::Signed)
}

pub fn member(name: &str, ty: TypeId, bit_offset: u32) -> MemberDef {
    MemberDef { name: name.into(), ty, bit_offset, bitfield_bits: None }
}

pub fn structure(name: &str, size_bytes: u32, members: Vec<MemberDef>) -> TypeDef {
    TypeDef::Struct { name: name.into(), size_bytes, members }
}

pub fn enumerator(name: &str, value: i128) -> EnumeratorDef {
    EnumeratorDef { name: name.into(), value }
}

pub fn parsed(builder: &BtfBuilder) -> Btf {
    Btf::parse(builder.to_bytes(Endian::Little).unwrap()).unwrap()
}

/// Every kind at least once, with bit-fields, negative and large enumerators, and `...`.
pub fn every_kind() -> BtfBuilder {
    let mut b = BtfBuilder::new();
    let int_id = b.push(int("int", 4));
    let bool_id = b.push(TypeDef::int("_Bool", 1, IntEncoding::Bool));
    let node = b.reserve();
    let pointer = b.push(TypeDef::Ptr { target: node });
    let array = b.push(TypeDef::Array { element: int_id, index: int_id, n_elements: 3 });
    let bits = |name: &str, ty, bit_offset, bits| MemberDef {
        name: name.into(),
        ty,
        bit_offset,
        bitfield_bits: Some(bits),
    };
    let inner = b.push(TypeDef::Union {
        name: String::new(),
        size_bytes: 4,
        members: vec![member("u", int_id, 0), bits("v", int_id, 0, 5)],
    });
    b.define(
        node,
        structure(
            "node",
            32,
            vec![
                bits("a", int_id, 0, 3),
                bits("b", int_id, 3, 7),
                member("next", pointer, 64),
                member("data", array, 128),
                member("", inner, 224),
            ],
        ),
    );
    b.push(TypeDef::Enum {
        name: "color".into(),
        size_bytes: 4,
        is_signed: true,
        enumerators: vec![enumerator("RED", -1), enumerator("BLUE", i128::from(i32::MAX))],
    });
    b.push(TypeDef::Enum64 {
        name: "wide".into(),
        size_bytes: 8,
        is_signed: false,
        enumerators: vec![enumerator("MAX", i128::from(u64::MAX)), enumerator("ONE", 1)],
    });
    b.push(TypeDef::Fwd { name: "opaque".into(), fwd_kind: FwdKind::Union });
    let typedef = b.push(TypeDef::Typedef { name: "node_t".into(), target: node });
    let volatile = b.push(TypeDef::Volatile { target: typedef });
    let constant = b.push(TypeDef::Const { target: volatile });
    b.push(TypeDef::Restrict { target: pointer });
    let param = |name: &str, ty| ParamDef { name: name.into(), ty };
    let proto = b.push(TypeDef::FuncProto {
        ret: int_id,
        params: vec![param("format", pointer), param("", int_id)],
        is_variadic: true,
    });
    let func = b.push(TypeDef::Func { name: "print".into(), proto, linkage: Linkage::Global });
    let var =
        b.push(TypeDef::Var { name: "shared".into(), ty: constant, linkage: Linkage::Static });
    b.push(TypeDef::DataSec {
        name: ".rodata".into(),
        size_bytes: 32,
        vars: vec![SecVar { var, offset_bytes: 0, size_bytes: 32 }],
    });
    b.push(TypeDef::Float { name: "double".into(), size_bytes: 8 });
    let tag = |name: &str, target, component_idx| TypeDef::DeclTag {
        name: name.into(),
        target,
        component_idx,
        is_attribute: false,
    };
    b.push(tag("bpf_kfunc", func, None));
    b.push(tag("arg:ctx", func, Some(1)));
    b.push(TypeDef::TypeTag { name: "user".into(), target: bool_id, is_attribute: false });
    b
}
