//! CO-RE relocations: of every kind, the same in `.BTF.ext` as clang's.

use crate::compilers::clang_object;
use crate::support::{compile, options, scratch};
use bpfc::{Cpu, Object, OptLevel};
use bpfc_testkit::Failure;

/// One question a function, so that no compiler can answer two with one.
const PROGRAM: &str = r#"
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
enum kind { NONE, SOME = 7 };
enum wide { WIDE = 0x123456789abcULL };
struct inner { int first; long second[4]; struct { short third; }; };
struct outer {
	int head;
	unsigned int low : 3, high : 9;
	struct inner inner;
	struct inner many[3];
	union { char *text; unsigned long number; };
	enum kind kind;
};
struct flavoured___v2 { int field; };
typedef struct outer outer_t;
typedef int (*function_t)(int);
#pragma clang attribute pop
struct plain { int x; struct inner y; };

#define NOINLINE __attribute__((noinline))
#define INFO(field, what) __builtin_preserve_field_info(field, what)

NOINLINE long read_member(struct outer *o) { return o->kind; }
NOINLINE long read_nested(struct outer *o) { return o->inner.second[2]; }
NOINLINE long read_anonymous(struct outer *o) { return o->inner.third; }
NOINLINE long read_element(struct outer *o) { return o->many[2].first; }
NOINLINE long read_second(struct outer *o) { return o[1].head; }
NOINLINE long read_union(struct outer *o) { return o->number; }
NOINLINE void write_member(struct outer *o) { o->head = 5; }
NOINLINE void *address(struct outer *o) { return &o->inner.first; }
NOINLINE long flavour(struct flavoured___v2 *f) { return f->field; }
NOINLINE long by_builtin(struct plain *p) { return *__builtin_preserve_access_index(&p->y.first); }
NOINLINE long field_offset(struct outer *o) { return INFO(o->inner.first, 0); }
NOINLINE long field_size(struct outer *o) { return INFO(o->inner.second, 1); }
NOINLINE long field_exists(struct outer *o) { return INFO(o->kind, 2); }
NOINLINE long field_signed(struct outer *o) { return INFO(o->head, 3); }
NOINLINE long field_left(struct outer *o) { return INFO(o->high, 4); }
NOINLINE long field_right(struct outer *o) { return INFO(o->high, 5); }
NOINLINE long id_local(void) { return __builtin_btf_type_id(*(struct outer *)0, 0); }
NOINLINE long id_target(void) { return __builtin_btf_type_id(*(outer_t *)0, 1); }
NOINLINE long type_exists(void) { return __builtin_preserve_type_info(*(struct outer *)0, 0); }
NOINLINE long type_size(void) { return __builtin_preserve_type_info(*(outer_t *)0, 1); }
NOINLINE long type_matches(void) { return __builtin_preserve_type_info(*(struct inner *)0, 2); }
NOINLINE long enum_exists(void) { return __builtin_preserve_type_info(*(enum kind *)0, 0); }
NOINLINE long typedef_exists(void) { return __builtin_preserve_type_info(*(function_t *)0, 0); }
NOINLINE long value_exists(void) { return __builtin_preserve_enum_value(*(enum kind *)SOME, 0); }
NOINLINE long value(void) { return __builtin_preserve_enum_value(*(enum kind *)SOME, 1); }
NOINLINE long wide_value(void) { return __builtin_preserve_enum_value(*(enum wide *)WIDE, 1); }
"#;

/// For every function with questions: kinds, access strings, kinds and names of the types asked about.
fn questions(object: &Object) -> Vec<String> {
    let btf = object.open_btf().expect("types");
    let mut all = Vec::new();
    for function in &object.functions {
        for core in function.insns.iter().filter_map(|insn| insn.core.as_ref()) {
            let ty = btf.ty(core.root).expect("a type");
            let (kind, name) = (ty.kind(), ty.name());
            let function = &function.name;
            all.push(format!("{function}: kind {} {kind:?} {name} {}", core.kind, core.access));
        }
    }
    all.sort();
    all
}

#[test]
fn are_those_of_clang() {
    let source = scratch("core").join("core.c");
    std::fs::write(&source, PROGRAM).expect("the folder is writable");
    for level in [OptLevel::O0, OptLevel::O2] {
        let compiled = compile("core.c", PROGRAM.as_bytes(), &options(level, Cpu::V3));
        let messages = compiled.messages();
        let object = compiled.object.unwrap_or_else(|| panic!("{messages}"));
        let ours = questions(&object);
        let kinds = (0..13)
            .filter(|kind| ours.iter().any(|line| line.contains(&format!(": kind {kind} "))));
        assert_eq!(kinds.count(), 13, "every kind: {ours:#?}");
        match clang_object(&source, &[]) {
            Ok(object) => assert_eq!(ours, questions(&object)),
            Err(Failure::Skipped(reason)) => bpfc_testkit::skipped(reason),
            Err(other) => panic!("{other:?}"),
        }
    }
}
