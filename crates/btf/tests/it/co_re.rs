//! CO-RE: hand-made pairs for each rule, and clang's and the kernel's word for the numbers.

use bpfc_btf::core::{
    AccessSize, Candidate, CoreError, CoreKind, CoreRelocation, CoreResult, CoreValue,
    PoisonReason, candidates, describe, essential_name, relocate, relocate_among,
};
use bpfc_btf::{
    Btf, BtfBuilder, BtfExt, Endian, EnumeratorDef, FwdKind, IntEncoding, Kind, KindSet, Linkage,
    MemberDef, ParamDef, TypeDef, TypeId,
};

use crate::common::{enumerator, int, kernel, member, parsed, structure};
use crate::kernel::{clang_sections, section};

/// A relocation of the first type called `root`, whatever its kind, of the local BTF.
fn ask(local: &Btf, root: &str, access: &str, kind: CoreKind, target: &Btf) -> CoreAnswer {
    let ty = local.find_by_name(root, KindSet::ALL).unwrap();
    relocate(local, &CoreRelocation { ty, access, kind }, target)
}

type CoreAnswer = Result<CoreResult, CoreError>;

/// The target's number, or `None` if poisoned.
fn value(answer: CoreAnswer) -> Option<u64> {
    match answer.unwrap() {
        CoreResult::Value(CoreValue { target, .. }) => Some(target),
        CoreResult::Poison(_) => None,
    }
}

#[test]
fn flavors_end_names() {
    for (name, essential) in [
        ("task_struct___old", "task_struct"),
        ("a___b___c", "a___b"),
        ("a____b", "a____b"),
        ("___b", "___b"),
        ("a___", "a___"),
        ("a___b", "a"),
        ("a__b", "a__b"),
        ("", ""),
    ] {
        assert_eq!(essential_name(name), essential);
    }
}

/// `struct s { int a; struct { long b; struct in in; }; int arr[4]; struct in many[2]; int tail[]; }`
/// with `pad` ints in front, so that every offset moves.
fn sample(name: &str, pad: u32, n_elements: u32) -> Btf {
    let mut b = BtfBuilder::new();
    let i = b.push(int("int", 4));
    let l = b.push(int("long", 8));
    let inner = b.push(structure("in", 8, vec![member("x", i, 0), member("y", i, 32)]));
    let anonymous = b.push(structure("", 16, vec![member("b", l, 0), member("in", inner, 64)]));
    let array = |element, n_elements| TypeDef::Array { element, index: i, n_elements };
    let ints = b.push(array(i, n_elements));
    let many = b.push(array(inner, 2));
    let tail = b.push(array(i, 0));
    let mut members = Vec::new();
    let mut at = 0;
    for idx in 0..pad {
        members.push(member(&format!("pad{idx}"), i, at));
        at += 32;
    }
    members.push(member("a", i, at));
    at = (at + 32).next_multiple_of(64);
    members.push(member("", anonymous, at));
    members.push(member("arr", ints, at + 128));
    members.push(member("many", many, at + 128 + n_elements * 32));
    members.push(member("tail", tail, at + 256 + n_elements * 32));
    b.push(structure(name, at / 8 + 32 + n_elements * 4, members));
    parsed(&b)
}

#[test]
fn fields_are_found_by_name_wherever_they_moved() {
    use CoreKind::*;
    let (local, target) = (sample("s", 0, 4), sample("s", 3, 4));
    let offset = |access| value(ask(&local, "s", access, FieldByteOffset, &target));
    assert_eq!(offset("0:0"), Some(12), "a");
    assert_eq!(offset("0:1:0"), Some(16), "b");
    assert_eq!(offset("0:1:1:1"), Some(28), "in.y");
    assert_eq!(offset("0:2:3"), Some(44), "arr[3]");
    assert_eq!(offset("0:3:1:1"), Some(60), "many[1].y");
    assert_eq!(offset("0:4:9"), Some(64 + 36), "tail[9], which has no bound");
    assert_eq!(offset("2:0"), Some(2 * 64 + 12), "the third struct's a");
    let size = |access| value(ask(&local, "s", access, FieldByteSize, &target));
    assert_eq!((size("0:2"), size("0:2:1"), size("0:1:1")), (Some(16), Some(4), Some(8)));
    assert_eq!(value(ask(&local, "s", "0:0", FieldExists, &target)), Some(1));
    assert_eq!(value(ask(&local, "s", "0:0", FieldSigned, &target)), Some(1));
    assert_eq!(value(ask(&local, "s", "0:0", FieldRshiftU64, &target)), Some(32));
    assert_eq!(value(ask(&local, "s", "0", TypeSize, &target)), Some(64));
    let shorter = sample("s", 3, 2);
    assert_eq!(value(ask(&local, "s", "0:2:3", FieldByteOffset, &shorter)), None, "arr[3] of 2");
    let ty = local.find_by_name("s", KindSet::STRUCT).unwrap();
    let text = describe(&local, &CoreRelocation { ty, access: "0:3:1:1", kind: FieldExists });
    assert_eq!(text.unwrap(), "struct s.many[1].y");
}

#[test]
fn absent_fields_and_types_are_zero_or_poison() {
    use CoreKind::*;
    let (local, target) = (sample("s", 3, 4), sample("s", 0, 4));
    let none = parsed(&BtfBuilder::new());
    for kind in [FieldByteOffset, FieldByteSize, FieldSigned, FieldLshiftU64, FieldRshiftU64] {
        let no_match = CoreResult::Poison(PoisonReason::NoMatch);
        assert_eq!(ask(&local, "s", "0:0", kind, &target), Ok(no_match));
        let no_type = CoreResult::Poison(PoisonReason::NoType);
        assert_eq!(ask(&local, "s", "0:0", kind, &none), Ok(no_type));
    }
    for kind in [TypeIdTarget, TypeExists, TypeSize, TypeMatches] {
        assert_eq!(value(ask(&local, "s", "0", kind, &none)), Some(0), "{kind:?}");
    }
    assert_eq!(value(ask(&local, "s", "0:0", FieldExists, &target)), Some(0));
    let id = local.find_by_name("s", KindSet::STRUCT).unwrap();
    assert_eq!(value(ask(&local, "s", "0", TypeIdLocal, &none)), Some(id.0.into()));
    let there = target.find_by_name("s", KindSet::STRUCT).unwrap();
    assert_eq!(value(ask(&local, "s", "0", TypeIdTarget, &target)), Some(there.0.into()));
    assert_eq!(value(ask(&local, "s", "0", TypeMatches, &target)), Some(0), "pads are missing");
    assert_eq!(value(ask(&target, "s", "0", TypeMatches, &local)), Some(1), "more is fine");
}

#[test]
fn flavors_are_candidates_and_must_agree() {
    use CoreKind::*;
    let local = sample("s___mine", 0, 4);
    let target = sample("s", 3, 4);
    assert_eq!(value(ask(&local, "s___mine", "0:0", FieldByteOffset, &target)), Some(12));

    let mut b = BtfBuilder::new();
    let i = b.push(int("int", 4));
    let first = b.push(structure("s", 4, vec![member("a", i, 0)]));
    b.push(structure("s___x", 8, vec![member("zz", i, 0)]));
    b.push(structure("s_x", 8, vec![member("a", i, 32)]));
    let ty = local.find_by_name("s___mine", KindSet::STRUCT).unwrap();
    assert_eq!(candidates(&local, ty, &parsed(&b)).unwrap().len(), 2);
    let read = |b: &BtfBuilder| ask(&local, "s___mine", "0:0", FieldByteOffset, &parsed(b));
    assert_eq!(value(read(&b)), Some(0), "only one has the field");
    let second = b.push(structure("s", 8, vec![member("a", i, 32)]));
    let name = "s".to_owned();
    assert_eq!(read(&b), Err(CoreError::Ambiguous { name, first, second }));
}

#[test]
fn bitfields_move_and_change_width() {
    use CoreKind::*;
    let with = |at, bits, encoding| {
        let mut b = BtfBuilder::new();
        let i = b.push(TypeDef::int("int", 4, encoding));
        let field =
            MemberDef { name: "f".into(), ty: i, bit_offset: at, bitfield_bits: Some(bits) };
        b.push(structure("s", 12, vec![field]));
        b
    };
    let local = parsed(&with(3, 5, IntEncoding::Signed));
    let all = |b: &BtfBuilder, endian| {
        let target = Btf::parse(b.to_bytes(endian).unwrap()).unwrap();
        [FieldByteOffset, FieldByteSize, FieldLshiftU64, FieldRshiftU64, FieldSigned]
            .map(|kind| value(ask(&local, "s", "0:0", kind, &target)).unwrap())
    };
    let b = with(37, 9, IntEncoding::Unsigned);
    assert_eq!(all(&b, Endian::Little), [4, 4, 64 - 14, 64 - 9, 0]);
    assert_eq!(all(&b, Endian::Big), [4, 4, 32 + 5, 64 - 9, 0]);
    // Across a 4-byte boundary: an 8-byte load is needed.
    let b = with(28, 9, IntEncoding::Signed);
    assert_eq!(all(&b, Endian::Little), [0, 8, 64 - 37, 64 - 9, 1]);
    // Across an 8-byte boundary: none will do.
    let target = parsed(&with(60, 9, IntEncoding::Signed));
    let answer = ask(&local, "s", "0:0", FieldByteSize, &target);
    assert!(matches!(answer, Err(CoreError::Unsupported { .. })), "{answer:?}");
}

#[test]
fn accesses_may_be_resized_only_without_sign() {
    let with = |ty: TypeDef| {
        let mut b = BtfBuilder::new();
        let ty = b.push(ty);
        b.push(structure("s", 8, vec![member("f", ty, 0)]));
        parsed(&b)
    };
    let unsigned = |size| with(TypeDef::int("u", size, IntEncoding::Unsigned));
    let signed = |size| with(TypeDef::int("i", size, IntEncoding::Signed));
    let access =
        |local: &Btf, target: &Btf| match ask(local, "s", "0:0", CoreKind::FieldByteOffset, target)
            .unwrap()
        {
            CoreResult::Value(value) => value.access.unwrap(),
            poison => panic!("{poison:?}"),
        };
    let sizes = |local_bytes, target_bytes, is_resizable| AccessSize {
        local_bytes,
        target_bytes,
        is_resizable,
    };
    assert_eq!(access(&unsigned(4), &unsigned(8)), sizes(4, 8, true));
    assert_eq!(access(&unsigned(4), &signed(8)), sizes(4, 8, false));
    assert_eq!(access(&signed(4), &signed(4)), sizes(4, 4, true));
    let pointer = with(TypeDef::Ptr { target: TypeId(0) });
    let answer = ask(&unsigned(8), "s", "0:0", CoreKind::FieldExists, &pointer);
    assert_eq!(value(answer), Some(0), "an integer is no pointer");
}

#[test]
fn enumerators_are_found_by_name_in_either_width() {
    use CoreKind::*;
    let narrow = |enumerators: Vec<EnumeratorDef>| {
        let mut b = BtfBuilder::new();
        let (name, size_bytes, is_signed) = ("e".into(), 4, true);
        b.push(TypeDef::Enum { name, size_bytes, is_signed, enumerators });
        parsed(&b)
    };
    let local = narrow(vec![enumerator("A", 0), enumerator("B___v2", -1), enumerator("C", 2)]);
    let mut b = BtfBuilder::new();
    let enumerators = vec![enumerator("B", i128::from(u64::MAX)), enumerator("A", 7)];
    let (name, size_bytes, is_signed) = ("e".into(), 8, false);
    b.push(TypeDef::Enum64 { name, size_bytes, is_signed, enumerators });
    let target = parsed(&b);
    let get = |access, kind| value(ask(&local, "e", access, kind, &target));
    assert_eq!(get("0", EnumvalValue), Some(7));
    assert_eq!(get("1", EnumvalValue), Some(u64::MAX));
    assert_eq!(get("2", EnumvalValue), None);
    assert_eq!((get("0", EnumvalExists), get("2", EnumvalExists)), (Some(1), Some(0)));
    assert_eq!(value(ask(&local, "e", "0", TypeExists, &target)), Some(1));
    assert_eq!(value(ask(&local, "e", "0", TypeMatches, &target)), Some(0), "size and C differ");
    let reordered = narrow(vec![enumerator("C", 9), enumerator("A", 9), enumerator("B", 9)]);
    assert_eq!(value(ask(&local, "e", "0", TypeMatches, &reordered)), Some(1));
}

#[test]
fn matching_compares_definitions_but_behind_pointers_only_tags() {
    use CoreKind::*;
    let with = |target_of: &dyn Fn(&mut BtfBuilder) -> TypeId, param: &dyn Fn() -> TypeDef| {
        let mut b = BtfBuilder::new();
        let target = target_of(&mut b);
        let pointer = b.push(TypeDef::Ptr { target });
        let ty = b.push(param());
        let params = vec![ParamDef { name: "p".into(), ty }];
        let proto = b.push(TypeDef::FuncProto { ret: pointer, params, is_variadic: false });
        let call = b.push(TypeDef::Ptr { target: proto });
        b.push(structure("s", 16, vec![member("next", pointer, 0), member("call", call, 64)]));
        b.push(TypeDef::Typedef { name: "proto_t".into(), target: proto });
        let _ = b.push(TypeDef::Func { name: "f".into(), proto, linkage: Linkage::Global });
        parsed(&b)
    };
    let empty = |b: &mut BtfBuilder| b.push(structure("other", 0, vec![]));
    let filled = |b: &mut BtfBuilder| {
        let i = b.push(int("int", 4));
        b.push(structure("other", 4, vec![member("x", i, 0)]))
    };
    let forward = |b: &mut BtfBuilder| {
        b.push(TypeDef::Fwd { name: "other".into(), fwd_kind: FwdKind::Struct })
    };
    let forward_union = |b: &mut BtfBuilder| {
        b.push(TypeDef::Fwd { name: "other".into(), fwd_kind: FwdKind::Union })
    };
    let long = || int("long", 8);
    let unsigned = || TypeDef::int("long", 8, IntEncoding::Unsigned);
    let local = with(&filled, &long);
    let matches = |target: &Btf| value(ask(&local, "s", "0", TypeMatches, target)).unwrap();
    assert_eq!(matches(&with(&empty, &long)), 1);
    assert_eq!(matches(&with(&forward, &long)), 1);
    assert_eq!(matches(&with(&forward_union, &long)), 0);
    assert_eq!(matches(&with(&filled, &unsigned)), 0);
    let exists = |target: &Btf| value(ask(&local, "proto_t", "0", TypeExists, target)).unwrap();
    assert_eq!(exists(&with(&empty, &unsigned)), 1, "integers are interchangeable");
    assert_eq!(exists(&with(&empty, &|| TypeDef::Ptr { target: TypeId(0) })), 0);
}

#[test]
fn bad_access_strings_are_errors() {
    let btf = sample("s", 0, 4);
    for access in ["", ":", "0:", "0:99", "x", "0:0:0", "-1", "0:2:4", "0:1:9"] {
        let answer = ask(&btf, "s", access, CoreKind::FieldByteOffset, &btf);
        assert!(matches!(answer, Err(CoreError::BadAccess { .. })), "{access}: {answer:?}");
    }
    let long = vec!["0"; 65].join(":");
    assert!(ask(&btf, "s", &long, CoreKind::FieldExists, &btf).is_err());
    assert!(ask(&btf, "s", "4294967295:0", CoreKind::FieldByteOffset, &btf).is_ok());
    assert!(ask(&btf, "s", "1", CoreKind::TypeExists, &btf).is_err());
    assert!(ask(&btf, "s", "0", CoreKind::EnumvalValue, &btf).is_err());
    let answer = ask(&btf, "s", "0:2:1", CoreKind::FieldSigned, &btf);
    assert!(matches!(answer, Err(CoreError::Unsupported { .. })));
    let anonymous =
        btf.ids().find(|&id| btf.kind(id) == Some(Kind::Struct) && btf.name(id).is_empty());
    let relocation =
        CoreRelocation { ty: anonymous.unwrap(), access: "0:0", kind: CoreKind::FieldExists };
    assert!(matches!(relocate(&btf, &relocation, &btf), Err(CoreError::Anonymous { .. })));
    let ty = TypeId(9999);
    let relocation = CoreRelocation { ty, access: "0", kind: CoreKind::TypeExists };
    assert!(matches!(relocate(&btf, &relocation, &btf), Err(CoreError::Btf(_))));
}

/// Every relocation kind on types that the kernel has too.
const PROGRAM: &str = r#"
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
enum own { BIG = 0xfffffff0u, WIDE = 0x123456789abcULL };
enum negative { MINUS = -5 };
typedef int pid_t;
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct list_head { struct list_head *next, *prev; };
struct sock_common { union { struct { unsigned skc_daddr, skc_rcv_saddr; }; };
    unsigned char skc_reuse : 4; unsigned char skc_ipv6only : 1; unsigned short skc_family; };
struct sock { struct sock_common __sk_common; };
struct task_struct { int pid; pid_t tgid; char comm[16]; struct task_struct *group_leader;
    struct list_head tasks; unsigned sched_reset_on_fork : 1; unsigned in_iowait : 1; };
struct absent { int x; };
struct task_struct___old { long state; };
#pragma clang attribute pop
#define F(what, kind) r += __builtin_preserve_field_info(what, kind)
#define T(type, kind) r += __builtin_preserve_type_info(*(type *)0, kind)
#define E(type, value, kind) r += __builtin_preserve_enum_value(*(typeof(type) *)value, kind)
int __attribute__((section("raw_tp"))) prog(void *context) {
    struct task_struct *t = context; struct sock *s = context; struct absent *a = context;
    struct task_struct___old *o = context;
    volatile long r = 0;
    r += t->pid; r += t->comm[3]; r += t->group_leader->tgid; r += (long)t->tasks.next;
    r += s->__sk_common.skc_rcv_saddr; r += s->__sk_common.skc_family;
    F(t->comm, 0); F(t->comm, 1); F(t->comm, 2); F(t->pid, 3); F(t->pid, 4); F(t->pid, 5);
    F(t->in_iowait, 0); F(t->in_iowait, 1); F(t->in_iowait, 2); F(t->in_iowait, 3);
    F(t->in_iowait, 4); F(t->in_iowait, 5); F(t[1].pid, 0); F(s->__sk_common.skc_ipv6only, 0);
    F(s->__sk_common.skc_ipv6only, 4); F(s->__sk_common.skc_ipv6only, 5);
    F(a->x, 2); F(a->x, 0); F(o->state, 2); F(o->state, 1);
    r += __builtin_btf_type_id(*(struct task_struct *)0, 0);
    r += __builtin_btf_type_id(*(struct task_struct *)0, 1);
    T(struct task_struct, 0); T(struct task_struct, 1); T(struct list_head, 2); T(pid_t, 0);
    T(pid_t, 1); T(struct task_struct, 2); T(struct absent, 0); T(struct absent, 1);
    T(enum pid_type, 2); T(enum own, 0);
    r += __builtin_preserve_enum_value(*(enum pid_type *)PIDTYPE_SID, 0);
    r += __builtin_preserve_enum_value(*(enum pid_type *)PIDTYPE_SID, 1);
    r += __builtin_preserve_enum_value(*(enum own *)BIG, 1);
    r += __builtin_preserve_enum_value(*(enum own *)WIDE, 1);
    r += __builtin_preserve_enum_value(*(enum negative *)MINUS, 1);
    r += __builtin_preserve_enum_value(*(enum negative *)MINUS, 0);
    return r;
}
"#;

/// The number in an instruction that a relocation patches.
fn patched_number(insn: &[u8]) -> u64 {
    let imm = i32::from_le_bytes(insn[4..8].try_into().unwrap());
    match insn[0] & 7 {
        1..=3 => i16::from_le_bytes([insn[2], insn[3]]) as u64,
        0 => {
            let high = u32::from_le_bytes(insn[12..16].try_into().unwrap());
            u64::from(high) << 32 | u64::from(imm as u32)
        }
        _ => imm as u64,
    }
}

#[test]
fn clang_put_the_same_numbers_into_its_instructions() {
    let Some((path, btf, ext)) = clang_sections("co_re", PROGRAM) else {
        return;
    };
    let local = Btf::parse(btf).unwrap();
    let code = section(&std::fs::read(path).unwrap(), "raw_tp").unwrap();
    let records = BtfExt::parse(&ext).unwrap().relocations.remove(0).records;
    let mut kinds = Vec::new();
    for record in &records {
        let access = local.string(record.access).unwrap();
        let kind = CoreKind::from_number(record.kind).unwrap();
        kinds.push(kind);
        let relocation = CoreRelocation { ty: record.ty, access, kind };
        let text = describe(&local, &relocation).unwrap();
        let itself = Candidate { btf: &local, id: record.ty };
        let answer = relocate_among(&local, &relocation, &[itself]).unwrap();
        let CoreResult::Value(value) = answer else {
            panic!("{text}: poison");
        };
        assert_eq!(value.local, value.target, "{text}");
        if value.is_checked {
            let number = patched_number(&code[record.insn_offset_bytes as usize..]);
            assert_eq!(value.local, number, "{kind:?} of {text}");
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 13, "every kind is tried: {kinds:?}");
}

#[test]
fn the_kernel_answers_as_its_own_fields_say() {
    let Some(target) = kernel() else { return };
    let Some((_, btf, ext)) = clang_sections("co_re_kernel", PROGRAM) else {
        return;
    };
    let local = Btf::parse(btf).unwrap();
    let records = BtfExt::parse(&ext).unwrap().relocations.remove(0).records;
    let task = target.find_by_name("task_struct", KindSet::STRUCT).unwrap();
    let mut n_offsets = 0;
    for record in &records {
        let access = local.string(record.access).unwrap();
        let kind = CoreKind::from_number(record.kind).unwrap();
        let relocation = CoreRelocation { ty: record.ty, access, kind };
        let text = describe(&local, &relocation).unwrap();
        let answer = value(relocate(&local, &relocation, &target));
        println!("{kind:?} {text}: {answer:?}");
        let is_absent = text.starts_with("struct absent");
        match kind {
            CoreKind::FieldByteOffset if is_absent => assert_eq!(answer, None),
            CoreKind::FieldExists | CoreKind::TypeExists if is_absent => {
                assert_eq!(answer, Some(0));
            }
            CoreKind::TypeSize if text == "struct task_struct" => {
                assert_eq!(answer, Some(target.size_of(task).unwrap().into()));
            }
            CoreKind::FieldByteOffset => {
                let Some(name) = text.strip_prefix("struct task_struct.") else {
                    continue;
                };
                let Ok(Some(field)) = target.find_field(task, name) else {
                    continue;
                };
                if field.member.bitfield_bits.is_none() {
                    assert_eq!(answer, Some(u64::from(field.bit_offset / 8)), "{text}");
                    n_offsets += 1;
                }
            }
            _ => {}
        }
    }
    assert!(n_offsets >= 3);
}
