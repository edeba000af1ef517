//! The running kernel's BTF, and objects made by clang, against bpftool.

use bpfc_btf::{Btf, Kind, KindSet, NameIndex, Type, TypeId, dump_raw};

use crate::common::{kernel, temporary, tool};

#[test]
fn the_kernel_dump_equals_bpftools() {
    let Some(btf) = kernel() else { return };
    let file = "/sys/kernel/btf/vmlinux";
    let Some(theirs) = tool("bpftool", &["btf", "dump", "file", file]) else {
        return;
    };
    let ours = dump_raw(&btf);
    if let Some((ours, theirs)) = ours.lines().zip(theirs.lines()).find(|(a, b)| a != b) {
        panic!("ours:   {ours}\ntheirs: {theirs}");
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn every_look_up_agrees_with_the_index() {
    let Some(btf) = kernel() else { return };
    let index = NameIndex::build(&btf);
    let names: Vec<&str> = btf.ids().step_by(997).map(|id| btf.name(id)).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    let all = btf.find_all(&names, KindSet::ALL);
    for (name, found) in names.iter().zip(&all) {
        assert!(found.iter().all(|&id| btf.name(id) == *name));
        assert_eq!(index.find(&btf, name).collect::<Vec<_>>(), *found, "{name}");
    }
    for (name, found) in names.iter().zip(&all).take(10) {
        assert_eq!(btf.find_by_name(name, KindSet::ALL), found.first().copied());
    }
    assert_eq!(index.iter(&btf).count(), btf.ids().filter(|&id| !btf.name(id).is_empty()).count());
}

#[test]
fn well_known_facts_of_every_kernel() {
    let Some(btf) = kernel() else { return };
    let task = btf.find_by_name("task_struct", KindSet::STRUCT).unwrap();
    let comm = btf.find_field(task, "comm").unwrap().unwrap();
    assert_eq!(btf.size_of(comm.member.ty), Ok(16));
    assert_eq!(btf.find_enumerator("TASK_COMM_LEN").unwrap().1, 16);
    assert_eq!(btf.find_enumerator("IPPROTO_TCP").unwrap().1, 6);
    let found = btf.find_enumerators(&["IPPROTO_UDP", "NO_SUCH_CONSTANT", "TCP_ESTABLISHED"]);
    assert_eq!(found.iter().map(|f| f.map(|f| f.1)).collect::<Vec<_>>(), [Some(17), None, Some(1)]);
    assert_eq!(btf.pointer_bytes(), 8);
    let (_, proto) = btf.find_func("vfs_read").unwrap();
    let names: Vec<&str> = proto.params().map(|param| param.name).collect();
    assert_eq!(names, ["file", "buf", "count", "pos"]);
    let sock = btf.find_by_name("sock", KindSet::STRUCT).unwrap();
    let common = btf.find_field(sock, "__sk_common").unwrap().unwrap().member.ty;
    let port = btf.find_field(common, "skc_dport").unwrap().unwrap();
    assert!(port.path.0.len() > 1, "it lies in an anonymous member");
    for id in btf.ids().filter(|&id| btf.kind(id) == Some(Kind::Struct)) {
        let (size, align) = (btf.size_of(id).unwrap(), btf.align_of(id).unwrap());
        assert!(align.is_power_of_two() && size % align == 0, "{id}: {size} {align}");
    }
}

/// Compiles C with clang and returns the `.BTF` and `.BTF.ext` sections.
pub fn clang_sections(name: &str, source: &str) -> Option<(std::path::PathBuf, Vec<u8>, Vec<u8>)> {
    let (c, o) = (temporary(&format!("{name}.c")), temporary(&format!("{name}.o")));
    std::fs::write(&c, source).unwrap();
    let (c, path) = (c.to_str().unwrap(), o.to_str().unwrap());
    tool("clang-19", &["-g", "-O2", "-target", "bpf", "-c", c, "-o", path])?;
    let elf = std::fs::read(&o).unwrap();
    let (btf, ext) = (section(&elf, ".BTF"), section(&elf, ".BTF.ext"));
    Some((o, btf?, ext?))
}

/// A section of a little-endian ELF64 file.
pub fn section(elf: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let number = |at: usize, n: usize| {
        elf[at..at + n].iter().rev().fold(0, |value, &byte| value << 8 | usize::from(byte))
    };
    let (table, n, names) = (number(0x28, 8), number(0x3c, 2), number(0x3e, 2));
    let range = |idx: usize| {
        let header = table + idx * 64;
        (number(header, 4), number(header + 0x18, 8), number(header + 0x20, 8))
    };
    let strings = range(names).1;
    (0..n).map(range).find_map(|(name, offset, length)| {
        let name = elf[strings + name..].split(|&byte| byte == 0).next()?;
        (name == wanted.as_bytes()).then(|| elf[offset..offset + length].to_vec())
    })
}

pub const SAMPLE: &str = r#"
typedef unsigned int u32;
struct fw;
struct foo {
    int a : 3; unsigned b : 5; u32 *p; char arr[3];
    enum { X = -1, Y = 2 } e; enum { BIG = 0x1ffffffffULL } g;
    struct foo *next; double d; void (*call)(const volatile char *restrict, ...);
} __attribute__((preserve_access_index));
float ff;
static volatile const int sv = 3;
extern struct fw *ext __attribute__((section(".ksyms")));
struct foo gl __attribute__((section(".maps"), btf_decl_tag("tt")));
__attribute__((noinline)) static int helper(int v) { return v * 3 + sv; }
int __attribute__((section("xdp"))) prog(struct foo *c __attribute__((btf_decl_tag("arg")))) {
    int __attribute__((btf_type_tag("user"))) *q = (void *)c->p;
    return helper(c->a) + sv + (long)ext + c->next->e + *q;
}
int __attribute__((section("tc"))) other(struct foo *c) { return c->next->arr[1]; }
"#;

#[test]
fn clang_objects_dump_as_in_bpftool() {
    let Some((path, btf, _)) = clang_sections("sample", SAMPLE) else {
        return;
    };
    let btf = Btf::parse(btf).unwrap();
    let Some(theirs) = tool("bpftool", &["btf", "dump", "file", path.to_str().unwrap()]) else {
        return;
    };
    assert_eq!(dump_raw(&btf), theirs);
    assert!(matches!(btf.ty(TypeId(0)), Ok(Type::Void)));
}
