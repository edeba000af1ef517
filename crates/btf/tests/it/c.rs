//! The C dump: compilers accept it and lay it out as the BTF says.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use bpfc_btf::c::{Pointees, definition, definitions, type_name};
use bpfc_btf::{Btf, Kind, KindSet, Type, TypeId};

use crate::common::{every_kind, kernel, parsed, temporary, tool};
use crate::kernel::{SAMPLE, clang_sections};

#[test]
fn declarators_read_inside_out() {
    let source = r#"
        typedef int (*handler)(const char *const, ...);
        const char *(*argv)[3]; handler table[2]; int *const volatile p; int (*(*get)(void))[4];
        struct s { void *restrict r; struct { int x; } in; enum { A } e; } v; int f();
    "#;
    let Some((_, btf, _)) = clang_sections_without_ext("declarators", source) else {
        return;
    };
    let btf = Btf::parse(btf).unwrap();
    let show = |name| match btf.ty(btf.find_by_name(name, KindSet::VAR).unwrap()).unwrap() {
        Type::Var { ty, .. } => type_name(&btf, ty, name).unwrap(),
        _ => unreachable!("only variables were asked for"),
    };
    assert_eq!(show("argv"), "const char *(*argv)[3]");
    assert_eq!(show("table"), "handler table[2]");
    assert_eq!(show("p"), "int *const volatile p");
    assert_eq!(show("get"), "int (*(*get)(void))[4]");
    assert_eq!(show("v"), "struct s v");
    let handler = btf.find_by_name("handler", KindSet::TYPEDEF).unwrap();
    let text = "typedef int (*handler)(const char *const, ...);\n\n";
    assert_eq!(definition(&btf, handler).unwrap(), text);
    let anonymous =
        btf.ids().find(|&id| btf.kind(id) == Some(Kind::Struct) && btf.name(id).is_empty());
    assert_eq!(type_name(&btf, anonymous.unwrap(), "").unwrap(), "struct { ... }");
}

fn clang_sections_without_ext(name: &str, source: &str) -> Option<(String, Vec<u8>, Vec<u8>)> {
    let with_code = format!("{source}\nint main(void) {{ return 0; }}");
    clang_sections(name, &with_code).map(|(path, btf, ext)| (path.display().to_string(), btf, ext))
}

#[test]
fn every_kind_has_a_form() {
    let btf = parsed(&every_kind());
    let ids: Vec<TypeId> = btf.ids().collect();
    let text = definitions(&btf, &ids, Pointees::Define).unwrap();
    let expected = "\
struct node {
\tint a: 3;
\tint b: 7;
\tstruct node *next;
\tint data[3];
\tunion {
\t\tint u;
\t\tint v: 5;
\t};
};

enum color {
\tRED = -1,
\tBLUE = 2147483647,
};

enum wide {
\tMAX = 18446744073709551615ULL,
\tONE = 1,
};

union opaque;

typedef struct node node_t;

extern int print(struct node *format, int, ...);

extern const volatile node_t shared;

";
    assert_eq!(text, expected);
}

/// Source that compiles only if every struct and union in `text` has the size and offsets of `btf`.
fn layout_checks(btf: &Btf, text: &str) -> (String, u32) {
    let printed: HashSet<&str> = text.lines().filter_map(|line| line.strip_suffix(" {")).collect();
    let mut tags: BTreeMap<&str, Vec<TypeId>> = BTreeMap::new();
    for id in btf.all_ids() {
        if matches!(btf.kind(id), Some(Kind::Struct | Kind::Union)) {
            tags.entry(btf.name(id)).or_default().push(id);
        }
    }
    let mut checks = String::new();
    let mut n_checks = 0;
    for (name, ids) in tags {
        let [id] = ids[..] else { continue };
        let (keyword, composite) = match btf.ty(id).unwrap() {
            Type::Union(composite) => ("union", composite),
            ty => ("struct", ty.composite().unwrap()),
        };
        let tag = format!("{keyword} {name}");
        if !printed.contains(tag.as_str()) {
            continue;
        }
        let size = composite.size_bytes();
        writeln!(checks, "_Static_assert(sizeof({tag}) == {size}, \"{tag}\");").unwrap();
        n_checks += 1;
        for member in composite.members().filter(|member| !member.name.is_empty()) {
            if btf.member_bits(&composite, &member).unwrap().1.is_none() {
                let (name, offset) = (member.name, member.bit_offset / 8);
                let what = format!("__builtin_offsetof({tag}, {name}) == {offset}");
                writeln!(checks, "_Static_assert({what}, \"{tag} {name}\");").unwrap();
                n_checks += 1;
            }
        }
    }
    (checks, n_checks)
}

#[test]
fn clang_lays_out_the_kernels_types_as_its_btf_says() {
    let Some(btf) = kernel() else { return };
    let names = ["task_struct", "sk_buff", "tcp_sock", "bpf_prog", "request", "xdp_buff"];
    let ids: Vec<TypeId> =
        names.iter().map(|name| btf.find_by_name(name, KindSet::STRUCT).unwrap()).collect();
    let text = definitions(&btf, &ids, Pointees::Define).unwrap();
    let (checks, n_checks) = layout_checks(&btf, &text);
    assert!(n_checks > 5000, "{n_checks}");
    let path = temporary("kernel_types.c");
    std::fs::write(&path, format!("{text}{checks}")).unwrap();
    let path = path.to_str().unwrap();
    let flags = ["-target", "bpf", "-fsyntax-only", "-w", "-ferror-limit=5", path];
    tool("clang-19", &flags);
}

#[test]
fn only_what_is_needed_by_value_is_defined_for_declared_pointees() {
    let Some((_, btf, _)) = clang_sections("c_sample", SAMPLE) else {
        return;
    };
    let btf = Btf::parse(btf).unwrap();
    let foo = btf.find_by_name("foo", KindSet::STRUCT).unwrap();
    let text = definitions(&btf, &[foo], Pointees::Declare).unwrap();
    assert!(text.starts_with("typedef unsigned int u32;\n\nstruct foo {\n"), "{text}");
    let path = temporary("sample_types.c");
    let (checks, _) = layout_checks(&btf, &text);
    std::fs::write(&path, format!("{text}{checks}")).unwrap();
    tool("clang-19", &["-target", "bpf", "-fsyntax-only", "-Werror", path.to_str().unwrap()]);
}
