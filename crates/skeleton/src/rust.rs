//! A module for Rust on the crate `libbpf-rs`, with the interface of `libbpf-cargo`: `NAMESkelBuilder`, `OpenNAMESkel`
//! and `NAMESkel` with `maps`, `progs` and `links`, and a module `types`.
//!
//! What libbpf-cargo does not have: types do not rest on Rust's layout (no byte of padding is left to it), and can be
//! read from and written to bytes through the trait `types::Plain`.

mod types;

use crate::error::SkeletonError;
use crate::layout::Types;
use crate::model::{Access, MapItem, MapOrigin, Model, Section};
use crate::text::Text;

/// The module.
pub(crate) fn skeleton(model: &Model<'_>) -> Result<String, SkeletonError> {
    let types = Types::new(model, types::RESERVED)?;
    let name = camel(model.name.strip_suffix("_bpf").unwrap_or(&model.name));
    let mut text = Text::new("    ");
    text.lines(format!(
        "// The skeleton of {}, made by bpfc. Changes are lost when it is made again.",
        model.name
    ));
    text.lines(HEAD);
    text.open("mod imp {");
    text.lines(IMPORTS);
    object(&mut text, model);
    text.blank();
    let parts = include_str!("rust/parts.rs.in");
    let (n_maps, n_progs) = (model.maps.len(), model.programs.len());
    let links = if model.maps.iter().any(is_operations) { MAP_LINKS } else { "" };
    let parts = parts.replace("N_MAPS", &n_maps.to_string());
    let parts = parts.replace("N_PROGS", &n_progs.to_string());
    text.lines(parts.replace("                // MAP_LINKS\n", links));
    text.blank();
    maps(&mut text, model, &name, "Open");
    maps(&mut text, model, &name, "");
    programs(&mut text, model, &name, "Open");
    programs(&mut text, model, &name, "");
    links_struct(&mut text, model, &name);
    text.lines(include_str!("rust/skeletons.rs.in").replace("NAME", &name));
    text.blank();
    types::module(&mut text, model, &types);
    text.close("}");
    Ok(text.finish())
}

const HEAD: &str = "
#[allow(unused_imports)]
pub use self::imp::*;

#[allow(dead_code, missing_docs, non_camel_case_types, non_snake_case, non_upper_case_globals)]
#[allow(unused_imports, unused_unsafe, unused_variables, clippy::all, clippy::pedantic)]";

const IMPORTS: &str = "\
use libbpf_rs::skel::{OpenSkel, Skel, SkelBuilder};
use libbpf_rs::{libbpf_sys, AsRawLibbpf as _, Error, Link, MapMut, Object, ObjectBuilder};
use libbpf_rs::{OpenMapMut, OpenObject, OpenProgramMut, ProgramMut, Result};
use std::ffi::{c_int, c_void, CStr};
use std::marker::PhantomData;
use std::mem::{size_of, zeroed, MaybeUninit};
use std::ptr::{addr_of_mut, null, null_mut, NonNull};
";

const MAP_LINKS: &str = "                map.link = addr_of_mut!((*this).map_link[idx]);\n";

fn is_operations(map: &MapItem) -> bool {
    matches!(map.origin, MapOrigin::StructOps(_))
}

/// `my_prog` as `MyProg`.
fn camel(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        camel += &first.to_ascii_uppercase();
        camel += rest;
    }
    if camel.starts_with(|first: char| !first.is_ascii_alphabetic()) || camel.is_empty() {
        camel.insert_str(0, "Bpf");
    }
    camel
}

/// A name that Rust takes.
pub(super) fn ident(name: &str) -> String {
    match name {
        "self" | "Self" | "super" | "crate" | "_" => format!("{name}_"),
        _ if KEYWORDS.contains(&name) => format!("r#{name}"),
        _ => name.to_owned(),
    }
}

/// Keywords of all editions up to 2024, also those kept for the future (Rust reference, "Keywords").
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// The object, and the names in it.
fn object(text: &mut Text, model: &Model<'_>) {
    text.blank();
    text.lines(format!("const NAME: &CStr = c\"{}\";", model.name));
    let is_mapped = |idx: usize| model.sections.iter().any(|section| section.map == idx);
    text.open(format!("const MAPS: [(&CStr, bool); {}] = [", model.maps.len()));
    for (idx, map) in model.maps.iter().enumerate() {
        text.lines(format!("(c\"{}\", {}),", map.name.escape_default(), is_mapped(idx)));
    }
    text.close("];");
    text.open(format!("const PROGS: [&CStr; {}] = [", model.programs.len()));
    for program in &model.programs {
        let section = program.section.escape_default();
        text.lines(format!("c\"{}\", // {section}", program.name.escape_default()));
    }
    text.close("];");
    text.blank();
    text.lines("#[repr(C, align(8))]\nstruct Aligned<T>(T);\n");
    text.open(format!("static OBJECT: Aligned<[u8; {}]> = Aligned(*b\"\\", model.bytes.len()));
    for chunk in model.bytes.chunks(24) {
        let digits: String = chunk.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        text.raw(&(digits + "\\\n"));
    }
    text.close("\");");
}

/// The section of the variables of a map.
fn section<'a>(model: &'a Model<'_>, map: usize) -> Option<&'a Section> {
    model.sections.iter().find(|section| section.map == map)
}

/// `OpenNAMEMaps` and `NAMEMaps`
fn maps(text: &mut Text, model: &Model<'_>, name: &str, open: &str) {
    let is_open = !open.is_empty();
    text.lines(format!("/// The maps{}.", if is_open { ", before they are made" } else { "" }));
    text.open(format!("pub struct {open}{name}Maps<'obj> {{"));
    let data = |section: &Section| {
        let may_write = match section.access {
            Access::Write => true,
            Access::BeforeLoad => is_open,
            Access::Never => false,
        };
        if may_write { ("&'obj mut ", "mut") } else { ("&'obj ", "ref") }
    };
    for (idx, map) in model.maps.iter().enumerate() {
        text.lines(format!("pub {}: {open}MapMut<'obj>,", ident(&map.ident)));
        if let Some(section) = section(model, idx) {
            text.lines(format!("/// The variables in `{}`.", section.name.escape_default()));
            let (reference, _) = data(section);
            let ty = ident(&section.ident);
            text.lines(format!("pub {}_data: Option<{reference}types::{ty}>,", map.ident));
        }
    }
    text.lines("_object: PhantomData<&'obj ()>,");
    text.close("}");
    text.blank();
    text.open(format!("impl {open}{name}Maps<'_> {{"));
    text.lines("/// # Safety\n/// The object is open, or loaded, and outlives the result.");
    text.open("unsafe fn new(parts: &Parts) -> Self {");
    text.open("Self {");
    for (idx, map) in model.maps.iter().enumerate() {
        let field = ident(&map.ident);
        text.lines(format!("{field}: {open}MapMut::new_mut(unsafe {{ &mut *parts.map({idx}) }}),"));
        if let Some(section) = section(model, idx) {
            let (_, how) = data(section);
            let ty = ident(&section.ident);
            text.lines(format!(
                "{}_data: unsafe {{ parts.mapped({idx}).cast::<types::{ty}>().as_{how}() }},",
                map.ident
            ));
        }
    }
    text.lines("_object: PhantomData,");
    text.close("}");
    text.close("}");
    text.close("}");
    text.blank();
}

/// `OpenNAMEProgs` and `NAMEProgs`
fn programs(text: &mut Text, model: &Model<'_>, name: &str, open: &str) {
    let when = if open.is_empty() { "" } else { ", before they are loaded" };
    text.lines(format!("/// The programs{when}."));
    text.open(format!("pub struct {open}{name}Progs<'obj> {{"));
    for program in &model.programs {
        let section = program.section.escape_default();
        text.lines(format!("/// `SEC(\"{section}\")`"));
        text.lines(format!("pub {}: {open}ProgramMut<'obj>,", ident(&program.name)));
    }
    text.lines("_object: PhantomData<&'obj ()>,");
    text.close("}");
    text.blank();
    text.open(format!("impl {open}{name}Progs<'_> {{"));
    text.lines("/// # Safety\n/// The object is open, or loaded, and outlives the result.");
    text.open("unsafe fn new(parts: &Parts) -> Self {");
    text.open("Self {");
    for (idx, program) in model.programs.iter().enumerate() {
        let field = ident(&program.name);
        text.lines(format!(
            "{field}: {open}ProgramMut::new_mut(unsafe {{ &mut *parts.prog({idx}) }}),"
        ));
    }
    text.lines("_object: PhantomData,");
    text.close("}");
    text.close("}");
    text.close("}");
    text.blank();
}

/// `NAMELinks`
fn links_struct(text: &mut Text, model: &Model<'_>, name: &str) {
    text.lines(
        "/// What `attach` attached. A link is gone when it is dropped.\n#[derive(Default)]",
    );
    text.open(format!("pub struct {name}Links {{"));
    let operations = || model.maps.iter().enumerate().filter(|(_, map)| is_operations(map));
    for program in &model.programs {
        text.lines(format!("pub {}: Option<Link>,", ident(&program.name)));
    }
    for (_, map) in operations() {
        text.lines(format!("pub {}: Option<Link>,", ident(&map.ident)));
    }
    text.close("}");
    text.blank();
    text.open(format!("impl {name}Links {{"));
    text.open("fn take(parts: &Parts) -> Self {");
    text.open("Self {");
    for (idx, program) in model.programs.iter().enumerate() {
        text.lines(format!("{}: parts.take_prog_link({idx}),", ident(&program.name)));
    }
    for (idx, map) in operations() {
        text.lines(format!("{}: parts.take_map_link({idx}),", ident(&map.ident)));
    }
    text.close("}");
    text.close("}");
    text.close("}");
    text.blank();
}
