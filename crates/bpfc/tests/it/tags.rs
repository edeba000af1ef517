//! `btf_decl_tag`s: the same in BTF as clang's.

use crate::compilers::clang_object;
use crate::support::{compile, options, scratch};
use bpfc::{Cpu, Object, OptLevel};
use bpfc_testkit::Failure;
use std::collections::BTreeSet;

const PROGRAM: &str = r#"
#define tag(text) __attribute__((btf_decl_tag(text)))
struct tagged { int *p tag("member"); int x tag("a") tag("b"); } tag("record");
typedef struct tagged typed tag("typedef");
int variable tag("variable");
typed *typed_pointer;
__attribute__((noinline)) int called(void *ctx tag("arg:ctx"), int *p tag("arg:nonnull")) tag("function");
int called(void *ctx tag("arg:ctx"), int *p tag("arg:nonnull")) { return *p; }
__attribute__((section("xdp"), used)) int program(void *ctx)
{
	int x = variable;
	return called(ctx, &x) + typed_pointer->x;
}
"#;

/// Tags: of what, of which member or parameter, and the text.
fn tags(object: &Object) -> BTreeSet<(String, Option<u32>, String)> {
    let btf = object.btf.to_bytes(bpfc_btf::Endian::Little).expect("it is small");
    let btf = bpfc::Btf::parse(btf).expect("it was made by us");
    let mut all = BTreeSet::new();
    for id in btf.ids() {
        if let Ok(bpfc_btf::Type::DeclTag { name, target, component_idx, .. }) = btf.ty(id) {
            all.insert((btf.name(target).to_owned(), component_idx, name.to_owned()));
        }
    }
    all
}

#[test]
fn are_those_of_clang() {
    let source = scratch("tags").join("tags.c");
    std::fs::write(&source, PROGRAM).expect("the folder is writable");
    let compiled = compile("tags.c", PROGRAM.as_bytes(), &options(OptLevel::O2, Cpu::V3));
    let ours = tags(compiled.object.as_ref().expect("it compiles"));
    assert_eq!(ours.len(), 9, "{ours:?}");
    match clang_object(&source, &[]) {
        Ok(object) => assert_eq!(ours, tags(&object)),
        Err(Failure::Skipped(reason)) => bpfc_testkit::skipped(reason),
        Err(other) => panic!("{other:?}"),
    }
}
