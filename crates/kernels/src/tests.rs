use crate::{Pack, PackInput, bundled, pack};
use bpfc_btf::{
    Btf, BtfBuilder, Endian, EnumeratorDef, IntEncoding, KindSet, Linkage, MemberDef, ParamDef,
    TypeDef, TypeId,
};
use bpfc_kabi::KernelVersion;

fn kernel(seed: u32) -> Btf {
    let mut builder = BtfBuilder::new();
    let int = builder.push(TypeDef::int("int", 4, IntEncoding::Signed));
    let long = builder.push(TypeDef::int("long", 8, IntEncoding::Signed));
    for idx in 0..200_u32 {
        let nth = idx.wrapping_mul(seed);
        let ty = if nth.is_multiple_of(3) { int } else { TypeId(nth % (long.0 + idx) + 1) };
        let ptr = builder.push(TypeDef::Ptr { target: ty });
        let member = |name: &str, ty, at| MemberDef {
            name: name.into(),
            ty,
            bit_offset: at,
            bitfield_bits: None,
        };
        builder.push(TypeDef::Struct {
            name: format!("record{}", nth % 150),
            size_bytes: 16,
            members: vec![member("next", ptr, 0), member(&format!("f{nth}"), int, 64)],
        });
        let proto = builder.push(TypeDef::FuncProto {
            ret: int,
            params: vec![ParamDef { name: "next".into(), ty: ptr }],
            is_variadic: false,
        });
        builder.push(TypeDef::Func { name: format!("call{idx}"), proto, linkage: Linkage::Static });
        builder.push(TypeDef::Enum {
            name: String::new(),
            size_bytes: 4,
            is_signed: true,
            enumerators: vec![EnumeratorDef { name: format!("E{nth}"), value: -i128::from(idx) }],
        });
    }
    Btf::parse(builder.to_bytes(Endian::Little).unwrap()).unwrap()
}

fn two() -> (Btf, Btf, Vec<u8>) {
    let (old, new) = (kernel(7), kernel(11));
    let input =
        |minor, release, btf| PackInput { version: KernelVersion::new(5, minor), release, btf };
    let kernels = [input(10, "5.10.1-x", &old), input(15, "5.15.0", &new)];
    let packed = pack(&kernels, |bytes| miniz_oxide::deflate::compress_to_vec(bytes, 6)).unwrap();
    (old, new, packed)
}

#[test]
fn unpacks_what_was_packed() {
    let (old, new, packed) = two();
    let pack = Pack::open(&packed).unwrap();
    assert_eq!(pack.kernels()[0].release, "5.10.1-x");
    for (idx, btf) in [old, new].iter().enumerate() {
        let unpacked = pack.btf(idx).unwrap();
        assert_eq!(bpfc_btf::dump_raw(&unpacked), bpfc_btf::dump_raw(btf));
    }
}

#[test]
fn damage_is_an_error() {
    let (_, _, packed) = two();
    let mut seed = 1_u32;
    for _ in 0..500 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mut broken = packed.clone();
        let at = seed as usize % broken.len();
        broken[at] ^= 1 << (seed >> 29);
        if let Ok(pack) = Pack::open(&broken) {
            (0..pack.kernels().len()).for_each(|idx| drop(pack.btf(idx)));
        }
    }
    for end in (0..packed.len()).step_by(7) {
        assert!(Pack::open(&packed[..end]).is_err());
    }
}

#[test]
fn bundled_kernels_are_complete() {
    let pack = bundled();
    let versions: Vec<String> = pack.kernels().iter().map(|k| k.version.to_string()).collect();
    assert_eq!(versions, ["5.10", "6.1", "6.12"]);
    for (idx, kernel) in pack.kernels().iter().enumerate() {
        let btf = pack.btf(idx).unwrap();
        assert!(kernel.release.starts_with(&kernel.version.to_string()));
        assert!(btf.end_id() > 80_000);
        let task = btf.find_by_name("task_struct", KindSet::STRUCT).unwrap();
        assert!(btf.find_field(task, "pid").unwrap().is_some());
        assert_eq!(btf.find_field(task, "__state").unwrap().is_some(), idx > 0);
        assert!(btf.find_func("tcp_v4_connect").is_some());
        assert!(btf.find_by_name("btf_trace_sched_switch", KindSet::TYPEDEF).is_some());
    }
}
