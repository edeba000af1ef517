//! Declarations in headers that wait: which do, which names they declare, and that they
//! give the same tree as when they are parsed at once.

use crate::support::{reports, session};
use bpfc_base::Idx;
use bpfc_base::Session;
use bpfc_parser::ast::{Item, TranslationUnit};
use bpfc_parser::deferred::{DeferredId, DeferredKind};
use bpfc_parser::{
    Deferral, FileProvider, IncludeRequest, LoadedFile, NoTypeNames, PpOptions, dump_ast, parse,
};

/// Serves one header.
struct Header<'t>(&'t str);

impl FileProvider for Header<'_> {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        (request.name == "h.h").then(|| LoadedFile {
            name: "h.h".into(),
            text: self.0.into(),
            is_user: true,
            directory: 0,
        })
    }
}

fn parse_with(header: &str, program: &str, deferral: Deferral) -> (Session, TranslationUnit) {
    let text = format!("#include <h.h>\n{program}");
    let (mut session, file) = session("test.c", &text);
    let options = PpOptions { deferral, ..PpOptions::default() };
    let unit = parse(&mut session, file, &options, &mut Header(header), &mut NoTypeNames);
    (session, unit)
}

/// The names that wait, in order.
fn names(header: &str) -> Vec<String> {
    let (session, unit) = parse_with(header, "", Deferral::Headers);
    assert_eq!(reports(&session), [""; 0], "in {header}");
    let show = |(name, kind)| {
        let name = session.name(name);
        match kind {
            DeferredKind::Typedef => format!("typedef {name}"),
            DeferredKind::Enumerator => name.to_owned(),
            DeferredKind::Tag(kind) => format!("{kind:?} {name}"),
        }
    };
    unit.deferred.names().map(show).collect()
}

/// How many declarations wait, of how many.
fn n_deferred(header: &str) -> (usize, usize) {
    let (_, unit) = parse_with(header, "", Deferral::Headers);
    let n_others = unit.items.iter().filter(|item| !matches!(item, Item::Deferred(_))).count();
    (unit.deferred.len(), unit.deferred.len() + n_others)
}

/// The tree with everything that waited put in its place.
fn dump_all(header: &str, program: &str) -> String {
    let (mut session, unit) = parse_with(header, program, Deferral::Headers);
    let mut out = String::new();
    for item in &unit.items {
        match item {
            Item::Deferred(range) => {
                for at in range.clone() {
                    let id = DeferredId::new(at as usize);
                    let parsed = unit.deferred.parse(&mut session, id, &mut NoTypeNames);
                    out += &dump_ast(&session, parsed);
                }
            }
            item => {
                let one = TranslationUnit { items: vec![item.clone()], ..unit.clone() };
                out += &dump_ast(&session, &one);
            }
        }
    }
    out + &reports(&session).join("\n")
}

fn dump_at_once(header: &str, program: &str) -> String {
    let (session, unit) = parse_with(header, program, Deferral::None);
    dump_ast(&session, &unit) + &reports(&session).join("\n")
}

#[test]
fn names_of_usual_declarations() {
    for (header, expected) in [
        ("struct s { int a; };", "Struct s"),
        ("struct s;", ""),
        ("struct s { struct t *p; union u { int x; } v; };", "Struct s|Union u"),
        ("enum e { A, B = 2, C = B + sizeof(int[2]), };", "Enum e|A|B|C"),
        ("enum { A __attribute__((unused)), B };", "A|B"),
        (
            "struct __attribute__((packed)) s { enum { X, Y } e; } __attribute__((aligned(8)));",
            "Struct s|X|Y",
        ),
        ("typedef int T;", "typedef T"),
        ("typedef unsigned long long T, *P;", ""),
        ("typedef struct s T;", "typedef T"),
        ("typedef struct s { int a; } *T;", "Struct s|typedef T"),
        ("typedef struct { int a; } T __attribute__((aligned(8)));", "typedef T"),
        ("typedef int (*F)(int, struct s *);", "typedef F"),
        ("typedef void F(struct s *, int (*)(void));", "typedef F"),
        ("typedef struct s *F(void);", "typedef F"),
        ("typedef int A[4][N];", "typedef A"),
        ("typedef enum { A, B } E;", "A|B|typedef E"),
        ("typedef u32 (*F)(u8);", "typedef F"),
        ("typedef __attribute__((mode(DI))) int T;", "typedef T"),
        ("struct s { char *t; } /* c */ ; // d\nenum e { A }\n;", "Struct s|Enum e|A"),
    ] {
        let mut header = header.to_owned();
        header.insert_str(0, "typedef unsigned u32; typedef char u8; enum { N = 1, };\n");
        let found = names(&header);
        assert_eq!(found[3..].join("|"), expected, "in {header}");
    }
}

#[test]
fn what_cannot_wait() {
    for header in [
        "int x;",
        "struct s { int a; } x;",
        "struct s f(void);",
        "struct s *f(void) { return 0; }",
        "#define M int\ntypedef M T;",
        "#define A 1\nenum e { B = A };",
        "struct s {\n#ifdef X\nint a;\n#endif\nint b;\n};",
        "typedef int (T)(int);",
        "typedef int *(*(*T)(void))(int);",
        "typedef __typeof__(1) T;",
        "typedef int T = 1;",
        "struct s { int a; }; # stray",
        "struct s <% int a; %>;",
    ] {
        assert_eq!(n_deferred(header).0, 0, "in {header}");
    }
    assert_eq!(n_deferred("typedef int A;\nint x;\ntypedef int B; typedef int C;"), (3, 4));
}

#[test]
fn the_tree_is_the_same() {
    let header = "typedef unsigned u32;\n\
        #pragma pack(push, 1)\nstruct p { char c; u32 x; };\n#pragma pack(pop)\n\
        #pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n\
        struct q { struct p p; u32 (*f)(u32 u32, struct q *); int b : 3, : 0; };\n\
        static inline u32 g(struct q *q) { return q->b; }\n\
        #pragma clang attribute pop\n\
        typedef struct { u32 u32[N]; } T;\nenum e { N = 2 };\n#define N 3\n\
        typedef u32 A[N];\ntypedef A *B;\n";
    let program = "B b; T *t; struct q q; int x = N; int f(T *T) { return T->u32[0]; }\n";
    let renumber = |text: String| text.replace("<tag0>", "<tag>").replace("<tag5>", "<tag>");
    assert_eq!(renumber(dump_all(header, program)), renumber(dump_at_once(header, program)));
    let (session, unit) = parse_with(header, program, Deferral::Headers);
    assert_eq!(unit.deferred.len(), 6, "{}", dump_ast(&session, &unit));
}

#[test]
fn names_are_types_from_their_declaration_on() {
    let (session, _) =
        parse_with("typedef int T;\n", "T x; int f(void) { T * y; }", Deferral::Headers);
    assert_eq!(reports(&session), [""; 0]);
    let (session, _) = parse_with("T x;\ntypedef int T;\n", "", Deferral::Headers);
    assert_eq!(reports(&session), ["h.h:1:1: E0315: unknown type name `T`"]);
}

#[test]
fn a_header_in_the_middle_of_something() {
    for (program, expected) in [
        ("int f(void) {\n#include <h.h>\nT x = 1; return x; }\n", ""),
        (
            "struct s { int a; }\n#include <h.h>\nT x;\n",
            "test.c:1:20: E0201: expected `;` after the definition of a type",
        ),
    ] {
        let (mut session, file) = session("test.c", program);
        let options = PpOptions { deferral: Deferral::Headers, ..PpOptions::default() };
        let mut header = Header("typedef int T;\nstruct t { T a; };\n");
        parse(&mut session, file, &options, &mut header, &mut NoTypeNames);
        assert_eq!(reports(&session).join("\n"), expected, "in {program}");
    }
}
