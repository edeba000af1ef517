//! A module for Python that needs nothing but `ctypes` and libbpf's shared library: a class for the object, with maps,
//! programs and variables, and `ctypes` structures for the types.

use crate::error::SkeletonError;
use crate::layout::{BitField, Body, Definition, Part, PartKind, Scalar, Ty, Types};
use crate::model::{Access, MapOrigin, Model};
use crate::names::Scope;
use crate::text::{Text, octal_lines};
use bpfc_btf::Endian;

/// What no type may be called.
const RESERVED: &[&str] = &[
    "Link",
    "Map",
    "Program",
    "RingBuffer",
    "ctypes",
    "enum",
    "os",
    "_",
    "_Bits",
    "_MapSkeleton",
    "_MapSkeletonWithLink",
    "_Named",
    "_OBJECT",
    "_ObjectSkeleton",
    "_OpenOptions",
    "_ProgSkeleton",
    "_Skeleton",
    "_TestRun",
    "_check",
    "_lib",
    "_not_null",
    "_pointer",
];

/// Python's words (3.13, `keyword.kwlist`).
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// What a skeleton's own attributes are called, so that no section may be.
const ATTRIBUTES: &[&str] =
    &["maps", "progs", "links", "load", "attach", "detach", "close", "is_attached"];

/// The module.
pub(crate) fn skeleton(model: &Model<'_>) -> Result<String, SkeletonError> {
    let mut reserved = RESERVED.to_vec();
    let name = model.name.strip_suffix("_bpf").unwrap_or(&model.name);
    reserved.push(name);
    let types = Types::new(model, &reserved)?;
    let mut text = Text::new("    ");
    let name = ident(name);
    text.lines(format!(
        "\"\"\"The skeleton of {name}, made by bpfc. Changes are lost when it is made again.\"\"\"\n"
    ));
    let (order, shift) = match model.btf.endian() {
        Endian::Little => ("little", "self.offset"),
        Endian::Big => ("big", "8 * len(data) - self.offset - self.n_bits"),
    };
    let runtime = include_str!("python/runtime.py.in").replace("@NAME@", &name);
    text.raw(&runtime.replace("@ORDER@", order).replace("@SHIFT@", shift));
    for definition in &types.definitions {
        define(&mut text, &types.definitions, definition);
    }
    class(&mut text, model, &types, &name);
    text.raw("\n\n_OBJECT = (\n");
    for line in octal_lines(model.bytes) {
        text.raw(&format!("    b{line}\n"));
    }
    text.raw(&format!(")\n{name}._OBJECT = _OBJECT\n"));
    Ok(text.finish())
}

/// A name that Python takes.
fn ident(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// A type, mentioned.
fn name_of(definitions: &[Definition], ty: &Ty) -> String {
    match ty {
        Ty::Scalar(scalar) => scalar_name(*scalar),
        Ty::Pointer => "ctypes.c_uint64".to_owned(),
        Ty::Array(element, n) => format!("({} * {n})", name_of(definitions, element)),
        Ty::Named(idx) => match definitions[*idx].body {
            Body::Enumeration { repr, .. } => scalar_name(repr),
            Body::Struct { .. } | Body::Union { .. } => ident(&definitions[*idx].name),
        },
        Ty::Bytes(n) => format!("(ctypes.c_ubyte * {n})"),
    }
}

fn scalar_name(scalar: Scalar) -> String {
    match scalar {
        Scalar::Int { size_bytes: 16, .. } => "(ctypes.c_ubyte * 16)".to_owned(),
        Scalar::Int { size_bytes, is_signed } => {
            let sign = if is_signed { "" } else { "u" };
            format!("ctypes.c_{sign}int{}", u32::from(size_bytes) * 8)
        }
        Scalar::Char => "ctypes.c_char".to_owned(),
        Scalar::Bool => "ctypes.c_bool".to_owned(),
        Scalar::Float { size_bytes: 4 } => "ctypes.c_float".to_owned(),
        Scalar::Float { .. } => "ctypes.c_double".to_owned(),
    }
}

fn define(text: &mut Text, definitions: &[Definition], definition: &Definition) {
    let name = ident(&definition.name);
    text.raw("\n\n");
    match &definition.body {
        Body::Struct { is_packed, parts } => {
            text.open(format!("class {name}(ctypes.Structure):"));
            if *is_packed {
                text.lines("_pack_ = 1\n_layout_ = \"ms\"");
            }
            fields(text, definitions, parts);
            text.close("");
        }
        Body::Union { parts } => {
            text.open(format!("class {name}(ctypes.Union):"));
            fields(text, definitions, parts);
            text.close("");
        }
        Body::Enumeration { enumerators, .. } => {
            text.open(format!("{name} = enum.IntEnum(\"{name}\", ["));
            let mut names = Scope::default();
            for (enumerator, value) in enumerators {
                // Names like `_x_` and `mro` are not for enumerations.
                let is_taken =
                    enumerator == "mro" || enumerator.starts_with('_') && enumerator.ends_with('_');
                let end = if is_taken { "x" } else { "" };
                text.lines(format!(
                    "(\"{}\", {value}),",
                    names.unique(format!("{enumerator}{end}"))
                ));
            }
            text.close("])");
            return;
        }
    }
    text.lines(format!("assert ctypes.sizeof({name}) == {}", definition.size_bytes));
    if let Body::Struct { parts, .. } = &definition.body {
        for part in parts {
            if let PartKind::Field { name: field, .. } = &part.kind {
                text.lines(format!("assert {name}.{}.offset == {}", member(field), part.offset));
            }
        }
    }
}

/// What a member is called: `_anon_N` without a name.
fn member(name: &str) -> String {
    match name.strip_prefix("__anon_") {
        Some(number) => format!("_anon_{number}"),
        None => ident(name),
    }
}

/// `_fields_`, and what bit-fields need.
fn fields(text: &mut Text, definitions: &[Definition], parts: &[Part]) {
    let mut anonymous = String::new();
    let mut bits = Vec::new();
    let mut lines = Vec::new();
    for Part { offset, size_bytes, kind } in parts {
        match kind {
            PartKind::Field { name, ty } => {
                if name.starts_with("__anon_") && matches!(ty, Ty::Named(_)) {
                    anonymous += &format!("\"{}\", ", member(name));
                }
                lines.push(format!("(\"{}\", {}),", member(name), name_of(definitions, ty)));
            }
            PartKind::Bits(fields) => {
                let bytes = format!("_bits_{offset}_{}", fields[0].name);
                lines.push(format!("(\"{bytes}\", ctypes.c_ubyte * {size_bytes}),"));
                bits.extend(fields.iter().map(|field| bit_field(&bytes, field)));
            }
            PartKind::Padding => {
                lines.push(format!("(\"_pad_{offset}\", ctypes.c_ubyte * {size_bytes}),"));
            }
        }
    }
    if !anonymous.is_empty() {
        text.lines(format!("_anonymous_ = ({})", anonymous.trim_end()));
    }
    text.open("_fields_ = [");
    lines.iter().for_each(|line| text.lines(line));
    text.close("]");
    bits.iter().for_each(|line| text.lines(line));
}

fn bit_field(bytes: &str, BitField { name, offset_bits, n_bits, scalar }: &BitField) -> String {
    let is_signed = match scalar {
        Scalar::Int { is_signed: true, .. } => "True",
        _ => "False",
    };
    format!("{} = _Bits(\"{bytes}\", {offset_bits}, {n_bits}, {is_signed})", ident(name))
}

/// The class of the object.
fn class(text: &mut Text, model: &Model<'_>, types: &Types, name: &str) {
    let attribute = |ident_: &str| {
        if ATTRIBUTES.contains(&ident_) { format!("{ident_}_") } else { ident(ident_) }
    };
    text.raw("\n\n");
    text.open(format!("class {name}(_Skeleton):"));
    text.lines("\"\"\"The object.\"\"\"\n");
    for (section, definition) in model.sections.iter().zip(&types.sections) {
        let definition = &types.definitions[*definition];
        text.lines(format!("{}: {}", attribute(&section.ident), ident(&definition.name)));
    }
    text.lines(format!("_NAME = b\"{}\"", model.name));
    let is_operations =
        |map: &&crate::model::MapItem| matches!(map.origin, MapOrigin::StructOps(_));
    let links = model.maps.iter().filter(is_operations);
    let links: String = links.map(|map| format!("b\"{}\", ", map.name)).collect();
    text.lines(format!("_MAP_LINKS = ({})", links.trim_end()));
    text.lines("# Name, attribute, types of keys, values, events and variables, whether those can be written.");
    text.open("_MAPS = [");
    for (idx, (map, map_types)) in model.maps.iter().zip(&types.maps).enumerate() {
        let of = |ty: &Option<Ty>| match ty {
            Some(ty) => name_of(&types.definitions, ty),
            None => "None".to_owned(),
        };
        let section = model.sections.iter().position(|section| section.map == idx);
        let variables = section.map_or("None".to_owned(), |section| {
            ident(&types.definitions[types.sections[section]].name)
        });
        let is_writable =
            section.is_some_and(|section| model.sections[section].access == Access::Write);
        text.lines(format!(
            "(b\"{}\", \"{}\", {}, {}, {}, {variables}, {}),",
            map.name.escape_default(),
            attribute(&map.ident),
            of(&map_types.key),
            of(&map_types.value),
            of(&map_types.event),
            if is_writable { "True" } else { "False" },
        ));
    }
    text.close("]");
    text.open("_PROGS = [");
    for program in &model.programs {
        text.lines(format!(
            "(b\"{}\", \"{}\"),  # {}",
            program.name.escape_default(),
            ident(&program.name),
            program.section.escape_default()
        ));
    }
    text.close("]");
    text.close("");
}
