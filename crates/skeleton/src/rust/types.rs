//! `mod types`

use super::ident;
use crate::layout::{BitField, Body, Definition, Part, PartKind, Scalar, Ty, Types, align_of};
use crate::model::Model;
use crate::names::Scope;
use crate::text::Text;
use bpfc_btf::Endian;

/// What no type may be called.
pub(super) const RESERVED: &[&str] = &[
    "bits", "bool", "char", "core", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "str", "u128",
    "u16", "u32", "u64", "u8", "usize", "isize", "Default", "Option", "Plain", "Self", "_",
];

/// The module.
pub(super) fn module(text: &mut Text, model: &Model<'_>, types: &Types) {
    text.lines(
        "/// Types that loaders share with the programs, with the layout that they have there.",
    );
    text.open("pub mod types {");
    text.lines(include_str!("plain.rs.in"));
    let bits = match model.btf.endian() {
        Endian::Little => include_str!("bits_little.rs.in"),
        Endian::Big => include_str!("bits_big.rs.in"),
    };
    text.lines(bits);
    for definition in &types.definitions {
        text.blank();
        define(text, &types.definitions, definition);
    }
    for (map, item) in types.maps.iter().zip(&model.maps) {
        for (what, ty) in [("key", &map.key), ("value", &map.value), ("event", &map.event)] {
            let Some(ty) = ty else { continue };
            let (name, ty) = (&item.ident, name_of(&types.definitions, ty));
            text.blank();
            text.lines(format!(
                "/// The {what}s of the map `{name}`.\npub type {name}__{what} = {ty};"
            ));
        }
    }
    text.close("}");
}

/// A type, mentioned.
fn name_of(definitions: &[Definition], ty: &Ty) -> String {
    match ty {
        Ty::Scalar(scalar) => scalar_name(*scalar),
        Ty::Pointer => "u64".to_owned(),
        Ty::Array(element, n) => format!("[{}; {n}]", name_of(definitions, element)),
        Ty::Named(idx) => ident(&definitions[*idx].name),
        Ty::Bytes(n) => format!("[u8; {n}]"),
    }
}

fn scalar_name(scalar: Scalar) -> String {
    match scalar {
        Scalar::Int { size_bytes, is_signed } => {
            format!("{}{}", if is_signed { 'i' } else { 'u' }, u32::from(size_bytes) * 8)
        }
        Scalar::Char => "i8".to_owned(),
        // Not every byte is a `bool`, and programs may write any.
        Scalar::Bool => "u8".to_owned(),
        Scalar::Float { size_bytes } => format!("f{}", u32::from(size_bytes) * 8),
    }
}

fn define(text: &mut Text, definitions: &[Definition], definition: &Definition) {
    let name = ident(&definition.name);
    match &definition.body {
        Body::Struct { is_packed, parts } => {
            let repr = if *is_packed { "C, packed" } else { "C" };
            text.lines(format!("#[repr({repr})]\n#[derive(Clone, Copy)]"));
            text.open(format!("pub struct {name} {{"));
            members(text, definitions, definition, parts, *is_packed);
            text.close("}");
            bit_fields(text, &name, parts);
        }
        Body::Union { parts } => {
            text.lines("#[repr(C)]\n#[derive(Clone, Copy)]");
            text.open(format!("pub union {name} {{"));
            members(text, definitions, definition, parts, false);
            text.lines(format!("pub _bytes: [u8; {}],", definition.size_bytes));
            text.close("}");
            bit_fields(text, &name, parts);
        }
        Body::Enumeration { repr, enumerators } => {
            let repr = scalar_name(*repr);
            text.lines("#[repr(transparent)]\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]");
            text.lines(format!("pub struct {name}(pub {repr});"));
            text.open(format!("impl {name} {{"));
            for (enumerator, value) in enumerators {
                let enumerator = ident(enumerator);
                // Values of old objects do not know their sign.
                text.lines(format!("pub const {enumerator}: Self = Self({value}_i128 as {repr});"));
            }
            text.close("}");
        }
    }
    plain(text, definitions, definition, &name);
}

/// The members of a struct or union.
fn members(
    text: &mut Text,
    definitions: &[Definition],
    definition: &Definition,
    parts: &[Part],
    is_packed: bool,
) {
    let mut align = 1;
    for Part { offset, size_bytes, kind } in parts {
        match kind {
            PartKind::Field { name, ty } => {
                align = align.max(align_of(definitions, ty));
                if matches!(ty, Ty::Pointer) {
                    text.lines("/// An address in the kernel.");
                }
                if matches!(ty, Ty::Scalar(Scalar::Bool)) {
                    text.lines("/// `bool`");
                }
                text.lines(format!("pub {}: {},", ident(name), name_of(definitions, ty)));
            }
            PartKind::Bits(fields) => {
                text.lines(format!("pub {}: [u8; {size_bytes}],", bits_name(*offset, fields)));
            }
            PartKind::Padding => text.lines(format!("pub __pad_{offset}: [u8; {size_bytes}],")),
        }
    }
    if align < definition.align && !is_packed {
        let unit = definition.align.min(16) * 8;
        text.lines(format!("pub __align: [u{unit}; 0],"));
    }
}

fn bits_name(offset: u32, fields: &[BitField]) -> String {
    // Several of a union begin at the same place.
    format!("__bits_{offset}_{}", fields[0].name)
}

/// Functions that read and write bit-fields.
fn bit_fields(text: &mut Text, name: &str, parts: &[Part]) {
    if !parts.iter().any(|part| matches!(part.kind, PartKind::Bits(_))) {
        return;
    }
    let mut names = Scope::default();
    text.open(format!("impl {name} {{"));
    for part in parts {
        let PartKind::Bits(fields) = &part.kind else { continue };
        let bytes = bits_name(part.offset, fields);
        for BitField { name, offset_bits, n_bits, scalar } in fields {
            let getter = ident(&names.unique(name.clone()));
            let setter = names.unique(format!("set_{name}"));
            let ty = scalar_name(*scalar);
            let is_signed = matches!(scalar, Scalar::Int { is_signed: true, .. });
            let get = if is_signed { "get_signed" } else { "get" };
            text.open(format!("pub fn {getter}(&self) -> {ty} {{"));
            text.lines(format!(
                "bits::{get}(unsafe {{ &self.{bytes} }}, {offset_bits}, {n_bits}) as {ty}"
            ));
            text.close("}");
            text.open(format!("pub fn {setter}(&mut self, value: {ty}) {{"));
            text.lines(format!(
                "bits::set(unsafe {{ &mut self.{bytes} }}, {offset_bits}, {n_bits}, value as u64);"
            ));
            text.close("}");
        }
    }
    text.close("}");
}

/// Everything is bytes, and as long and where it is in the program.
fn plain(text: &mut Text, definitions: &[Definition], definition: &Definition, name: &str) {
    text.lines(format!("unsafe impl Plain for {name} {{}}"));
    text.open("const _: () = {");
    text.lines(format!("assert!(size_of::<{name}>() == {});", definition.size_bytes));
    if let Body::Struct { is_packed, parts } = &definition.body {
        if !is_packed {
            text.lines(format!("assert!(align_of::<{name}>() <= {});", definition.align.max(1)));
        }
        for part in parts {
            if let PartKind::Field { name: field, .. } = &part.kind {
                let field = ident(field);
                text.lines(format!("assert!(offset_of!({name}, {field}) == {});", part.offset));
            }
        }
    }
    text.close("};");
    text.open(format!("impl Default for {name} {{"));
    text.lines("/// All bytes zero.");
    text.open("fn default() -> Self {");
    text.lines("unsafe { core::mem::zeroed() }");
    text.close("}");
    text.close("}");
    if let (true, Body::Struct { parts, .. }) = (has_debug(definition), &definition.body) {
        debug(text, definitions, definition, name, parts);
    }
}

/// Structs show their members as far as these can be shown; unions do not know what they hold.
fn debug(
    text: &mut Text,
    definitions: &[Definition],
    definition: &Definition,
    name: &str,
    parts: &[Part],
) {
    text.open(format!("impl core::fmt::Debug for {name} {{"));
    text.open("fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {");
    text.lines(format!("let mut text = f.debug_struct({:?});", definition.name));
    for part in parts {
        match &part.kind {
            PartKind::Field { name, ty } if is_shown(definitions, ty) => {
                text.lines(format!("text.field({name:?}, &self.{});", ident(name)));
            }
            PartKind::Field { .. } | PartKind::Padding => {}
            PartKind::Bits(fields) => {
                for field in fields {
                    let name = &field.name;
                    text.lines(format!("text.field({name:?}, &self.{}());", ident(name)));
                }
            }
        }
    }
    text.lines("text.finish_non_exhaustive()");
    text.close("}");
    text.close("}");
}

fn is_shown(definitions: &[Definition], ty: &Ty) -> bool {
    match ty {
        Ty::Scalar(_) | Ty::Pointer | Ty::Bytes(_) => true,
        Ty::Array(element, _) => is_shown(definitions, element),
        Ty::Named(idx) => has_debug(&definitions[*idx]),
    }
}

fn has_debug(definition: &Definition) -> bool {
    !matches!(definition.body, Body::Union { .. } | Body::Struct { is_packed: true, .. })
}
