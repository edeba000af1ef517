//! Build, write, read, compare; and the same text as bpftool.

use std::collections::HashMap;
use std::sync::Arc;

use bpfc_btf::{
    Btf, BtfBuilder, BuildError, Endian, IntEncoding, Kind, KindSet, NameIndex, Type, TypeDef,
    TypeId, dump_raw,
};

use crate::common::{
    enumerator, every_kind, int, kernel, member, parsed, structure, temporary, tool,
};

/// The types of a BTF as definitions.
fn definitions(btf: &Btf) -> Vec<TypeDef> {
    btf.ids().map(|id| TypeDef::from_btf(btf, id).unwrap()).collect()
}

#[test]
fn every_kind_survives_writing_and_reading_in_both_byte_orders() {
    let builder = every_kind();
    let wanted: Vec<TypeDef> =
        (1..=builder.n_types()).map(|id| builder.get(TypeId(id)).unwrap().clone()).collect();
    for endian in [Endian::Little, Endian::Big] {
        let bytes = builder.to_bytes(endian).unwrap();
        let btf = Btf::parse(bytes.clone()).unwrap();
        assert_eq!(btf.endian(), endian);
        assert_eq!(definitions(&btf), wanted);
        let mut again = BtfBuilder::new();
        definitions(&btf).into_iter().for_each(|def| _ = again.push(def));
        assert_eq!(again.to_bytes(endian).unwrap(), bytes, "the bytes depend only on the types");
    }
    let kinds: Vec<Kind> =
        parsed(&builder).ids().filter_map(|id| parsed(&builder).kind(id)).collect();
    for number in 1..=19 {
        assert!(kinds.contains(&Kind::from_number(number).unwrap()), "kind {number} is covered");
    }
}

#[test]
fn bpftool_prints_a_built_blob_as_we_do() {
    let path = temporary("every_kind.btf");
    let builder = every_kind();
    std::fs::write(&path, builder.to_bytes(Endian::Little).unwrap()).unwrap();
    let Some(theirs) = tool("bpftool", &["btf", "dump", "file", path.to_str().unwrap()]) else {
        return;
    };
    assert_eq!(dump_raw(&parsed(&builder)), theirs);
}

#[test]
fn a_copied_part_of_the_kernel_prints_the_same_in_bpftool() {
    let Some(kernel) = kernel() else { return };
    let mut builder = BtfBuilder::new();
    let mut copied = HashMap::new();
    for name in ["task_struct", "sk_buff", "bpf_attr"] {
        let kinds = KindSet::of(&[Kind::Struct, Kind::Union]);
        let id = kernel.find_by_name(name, kinds).unwrap();
        builder.copy_from(&kernel, id, &mut copied).unwrap();
    }
    let bytes = builder.to_bytes(Endian::Little).unwrap();
    let copy = Btf::parse(bytes.clone()).unwrap();
    assert!(copied.len() > 1000);
    for (&from, &to) in &copied {
        assert_eq!(kernel.name(from), copy.name(to));
        assert_eq!(kernel.size_of(from).ok(), copy.size_of(to).ok());
    }
    let path = temporary("subset.btf");
    std::fs::write(&path, bytes).unwrap();
    let Some(theirs) = tool("bpftool", &["btf", "dump", "file", path.to_str().unwrap()]) else {
        return;
    };
    assert!(dump_raw(&copy) == theirs, "the dumps differ");
}

#[test]
fn a_split_blob_continues_ids_and_strings_of_its_base() {
    // A split blob is a whole one whose first part is cut off into the base.
    let mut whole = BtfBuilder::new();
    let base_int = whole.push(int("int", 4));
    let base_bytes = whole.to_bytes(Endian::Little).unwrap();
    let base = Arc::new(Btf::parse(base_bytes).unwrap());
    whole.push(structure("module", 4, vec![member("int", base_int, 0)]));
    let bytes = whole.to_bytes(Endian::Little).unwrap();
    let (types, strings) = bytes[24..].split_at(bytes.len() - 24 - 12);
    assert_eq!(strings, b"\0int\0module\0");
    let split_types = &types[16..];
    let mut blob = bytes[..8].to_vec();
    let lengths = [0, split_types.len() as u32, split_types.len() as u32, 7];
    lengths.into_iter().for_each(|word| blob.extend(word.to_le_bytes()));
    blob.extend(split_types);
    blob.extend(b"module\0");

    assert!(Btf::parse(blob.clone()).is_err(), "it needs its base");
    let split = Btf::parse_split(blob, Arc::clone(&base)).unwrap();
    assert_eq!(split.ids().collect::<Vec<_>>(), [TypeId(2)]);
    assert_eq!(split.find_by_name("int", KindSet::ALL), Some(base_int));
    assert_eq!(split.find_by_name("module", KindSet::STRUCT), Some(TypeId(2)));
    assert_eq!(split.size_of(TypeId(2)), Ok(4));
    let field = split.find_field(TypeId(2), "int").unwrap().unwrap();
    assert_eq!((field.member.ty, field.member.name), (base_int, "int"));
    let index = NameIndex::build(&split);
    assert_eq!(index.find(&split, "module").collect::<Vec<_>>(), [TypeId(2)]);
    assert_eq!(index.find(&split, "int").collect::<Vec<_>>(), [base_int]);
}

#[test]
fn interning_finds_equal_types_and_not_changed_ones() {
    let mut builder = BtfBuilder::new();
    let a = builder.intern(int("int", 4));
    assert_eq!(builder.intern(int("int", 4)), a);
    *builder.get_mut(a).unwrap() = int("long", 8);
    let b = builder.intern(int("int", 4));
    assert_ne!(a, b);
    assert_eq!(builder.intern(int("int", 4)), b);
}

#[test]
fn what_the_format_cannot_say_is_an_error() {
    let fails = |def: TypeDef| {
        let mut builder = BtfBuilder::new();
        builder.push(def);
        builder.to_bytes(Endian::Little).unwrap_err()
    };
    let id = TypeId(1);
    let enumeration = |value| TypeDef::Enum {
        name: "e".into(),
        size_bytes: 4,
        is_signed: false,
        enumerators: vec![enumerator("A", value)],
    };
    let what = "an enumerator's value";
    assert_eq!(fails(enumeration(-1)), BuildError::TooLarge { id, what });
    assert_eq!(fails(enumeration(1 << 32)), BuildError::TooLarge { id, what });
    let target = TypeId(2);
    assert_eq!(fails(TypeDef::Ptr { target }), BuildError::BadReference { id, target });
    assert_eq!(fails(int("a\0b", 4)), BuildError::NulInName { name: "a\0b".into() });
    let members = (0..70_000).map(|_| member("m", TypeId(1), 0)).collect();
    let what = "the number of elements";
    assert_eq!(fails(structure("s", 4, members)), BuildError::TooLarge { id, what });
    let mut builder = BtfBuilder::new();
    builder.reserve();
    assert_eq!(builder.to_bytes(Endian::Little), Err(BuildError::Undefined { id }));
}

#[test]
fn queries_see_through_typedefs_bitfields_and_anonymous_members() {
    let btf = parsed(&every_kind());
    let node = btf.find_by_name("node", KindSet::STRUCT).unwrap();
    let typedef = btf.find_by_name("node_t", KindSet::TYPEDEF).unwrap();
    let constant = btf.ids().find(|&id| btf.kind(id) == Some(Kind::Const)).unwrap();
    assert_eq!(btf.resolve_typedefs(constant), Ok(node));
    assert_eq!(btf.strip_modifiers(constant), Ok(typedef));
    assert_eq!((btf.size_of(constant), btf.align_of(constant)), (Ok(32), Ok(8)));
    let field = btf.find_field(typedef, "v").unwrap().unwrap();
    assert_eq!((field.path.0.as_slice(), field.bit_offset), ([4, 1].as_slice(), 224));
    assert_eq!(field.member.bitfield_bits, Some(5));
    assert_eq!(btf.find_field(typedef, "absent"), Ok(None));
    assert!(btf.find_field(TypeId(1), "x").is_err());
    assert_eq!(btf.find_enumerator("RED").map(|found| found.1), Some(-1));
    assert_eq!(btf.find_enumerator("MAX").map(|found| found.1), Some(u64::MAX.into()));
    assert_eq!(btf.find_enumerator("RE"), None);
    assert_eq!(btf.find_enumerator(""), None);
    let (_, proto) = btf.find_func("print").unwrap();
    assert!(proto.is_variadic());
    assert_eq!(proto.params().map(|param| param.name).collect::<Vec<_>>(), ["format", ""]);
    assert_eq!(btf.find_by_name("print", KindSet::STRUCT), None);
    let all = btf.find_all(&["nod", "int", "print", "int", ""], KindSet::ALL);
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 1, 1, 0]);
    assert!(matches!(btf.ty(all[1][0]), Ok(Type::Int(i)) if i.encoding == IntEncoding::Signed));
}

#[test]
fn endless_chains_are_errors() {
    let mut b = BtfBuilder::new();
    let one = b.push(TypeDef::Const { target: TypeId(2) });
    b.push(TypeDef::Typedef { name: "t".into(), target: one });
    let array = b.reserve();
    b.define(array, TypeDef::Array { element: array, index: one, n_elements: 1 });
    let s = b.reserve();
    b.define(s, structure("s", 8, (0..500).map(|_| member("", s, 0)).collect()));
    let btf = parsed(&b);
    assert!(btf.resolve_typedefs(one).is_err());
    for id in [one, array] {
        assert!(btf.size_of(id).is_err());
        assert!(btf.align_of(id).is_err());
    }
    assert!(btf.align_of(s).is_err());
    assert!(btf.find_field(s, "x").is_err());
}

#[test]
fn names_may_be_any_utf8_but_not_half_a_character() {
    let mut builder = BtfBuilder::new();
    builder.push(int("größe", 4));
    let mut bytes = builder.to_bytes(Endian::Little).unwrap();
    let btf = Btf::parse(bytes.clone()).unwrap();
    assert_eq!(btf.name(TypeId(1)), "größe");
    assert_eq!(btf.find_by_name("größe", KindSet::ALL), Some(TypeId(1)));
    // The second byte of `ö`.
    bytes[24] = 4;
    assert!(Btf::parse(bytes.clone()).is_err());
    bytes[24] = 1;
    let last = bytes.len() - 2;
    bytes[last] = 0xff;
    assert!(Btf::parse(bytes).is_err());
}

#[test]
fn later_kinds_are_skipped_by_the_layout_table() {
    let mut layout = vec![0u8; 4 * 22];
    // Kind 21 has 4 bytes and 8 for each element.
    layout[84] = 4;
    layout[85] = 8;
    let types: Vec<u32> = vec![0, 21 << 24 | 2, 0, 7, 7, 7, 7, 7, 1, 1 << 24, 4, 32];
    let mut blob = vec![0x9f, 0xeb, 1, 0];
    let lengths = [types.len() as u32 * 4, 5, layout.len() as u32];
    let header = [32, 0, lengths[0], lengths[0], lengths[1], lengths[0] + 8, lengths[2]];
    header.iter().chain(&types).for_each(|word| blob.extend(word.to_le_bytes()));
    blob.extend(b"\0int\0\0\0\0");
    blob.extend(&layout);
    let btf = Btf::parse(blob.clone()).unwrap();
    assert!(matches!(btf.ty(TypeId(1)), Ok(Type::Unknown { kind_number: 21, .. })));
    assert_eq!((btf.name(TypeId(2)), btf.size_of(TypeId(2))), ("int", Ok(4)));
    blob[35 + 4] = 22;
    assert!(Btf::parse(blob).is_err(), "kind 22 is not in the table");
}

#[test]
fn trusted_types_are_the_same_in_whichever_order_they_are_asked_for() {
    for n_types in [0, 1, 4095, 4096, 4097, 8192, 8193, 9000] {
        let mut builder = BtfBuilder::new();
        let int = if n_types > 0 { builder.push(int("int", 4)) } else { TypeId::VOID };
        for idx in 1..n_types {
            let (name, target) = (format!("t{idx}"), int);
            builder.push(TypeDef::Typedef { name, target });
        }
        let blob = builder.to_bytes(Endian::Little).unwrap();
        let open = || Btf::trust(blob.clone()).unwrap();
        assert_eq!(Btf::parse(blob.clone()).unwrap().end_id(), n_types + 1);
        assert_eq!(open().end_id(), n_types + 1);
        for id in [1, 2, 4095, 4096, 4097, 8192, 8193, 9000, 9001] {
            let btf = open();
            assert_eq!(btf.ty(TypeId(id)).is_ok(), id <= n_types, "{id} of {n_types}");
            let name = format!("t{}", id - 1);
            let found = (2..=n_types).contains(&id).then_some(TypeId(id));
            assert_eq!(open().find_by_name(&name, KindSet::TYPEDEF), found);
            assert_eq!(btf.find_by_name("int", KindSet::ALL).is_some(), n_types > 0);
            assert_eq!(btf.ids().len() as u32, n_types);
        }
    }
}
