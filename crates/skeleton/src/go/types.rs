//! Types in Go. Blank fields stand for padding; what Go cannot align is bytes.

use super::camel;
use crate::layout::{BitField, Body, Definition, Part, PartKind, Scalar, Ty, Types};
use crate::model::Model;
use crate::names::Scope;
use crate::text::Text;
use bpfc_btf::Endian;

/// What is needed to write the types.
struct Writer<'a> {
    definitions: &'a [Definition],
    /// What types are called.
    names: Vec<String>,
    /// The order of bytes, in words.
    order: &'static str,
    /// What the object is called.
    object: &'a str,
}

/// Writes all types but those of whole sections, whose variables Go knows one by one.
pub(super) fn define(text: &mut Text, model: &Model<'_>, types: &Types, name: &str) {
    let mut scope = Scope::default();
    let reserved =
        ["Specs", "Objects", "Programs", "Maps", "Variables", "ProgramSpecs", "MapSpecs"];
    for reserved in reserved.iter().chain(&["VariableSpecs"]) {
        scope.reserve(&[&format!("{name}{reserved}")]);
    }
    let definitions = &types.definitions;
    let names = definitions.iter().map(|d| scope.unique(format!("{name}{}", camel(&d.name))));
    let names = names.collect();
    let order = match model.btf.endian() {
        Endian::Little => "little",
        Endian::Big => "big",
    };
    let writer = Writer { definitions, names, order, object: name };
    let mut needs_bits = false;
    for (idx, definition) in definitions.iter().enumerate() {
        if types.sections.contains(&idx) {
            continue;
        }
        text.blank();
        needs_bits |= writer.define(text, idx, definition);
    }
    if needs_bits {
        text.blank();
        let bits = match model.btf.endian() {
            Endian::Little => include_str!("bits_little.go.in"),
            Endian::Big => include_str!("bits_big.go.in"),
        };
        text.lines(bits.replace("NAME", name));
    }
    if !definitions.is_empty() {
        text.lines("\nvar _ unsafe.Pointer");
    }
}

impl Writer<'_> {
    /// Writes a type; whether it has bit-fields.
    fn define(&self, text: &mut Text, idx: usize, definition: &Definition) -> bool {
        let name = &self.names[idx];
        let mut bits = Vec::new();
        match &definition.body {
            Body::Struct { is_packed, parts } => {
                self.structure(text, name, definition, parts, *is_packed, &mut bits);
            }
            Body::Union { parts } => self.union(text, name, definition, parts, &mut bits),
            Body::Enumeration { repr, enumerators } => {
                text.lines(format!("type {name} {}", scalar_name(*repr)));
                text.blank();
                let mut scope = Scope::default();
                let constants = enumerators.iter().map(|(enumerator, value)| {
                    let value = format!("{name} = {}", in_range(*value, *repr));
                    (scope.unique(format!("{name}{enumerator}")), value)
                });
                let constants: Vec<_> = constants.collect();
                if !constants.is_empty() {
                    text.open("const (");
                    aligned(text, &constants);
                    text.close(")");
                }
                return false;
            }
        }
        let size = definition.size_bytes;
        text.blank();
        text.lines(format!("var _ [unsafe.Sizeof({name}{{}})]byte = [{size}]byte{{}}"));
        !bits.is_empty()
    }

    fn structure(
        &self,
        text: &mut Text,
        name: &str,
        definition: &Definition,
        parts: &[Part],
        is_packed: bool,
        bits: &mut Vec<(String, BitField)>,
    ) {
        let mut scope = Scope::default();
        let (mut rows, mut places, mut notes) = (Vec::new(), Vec::new(), String::new());
        let has_align = |part: &Part| self.part_align(part, is_packed) >= definition.align;
        if !parts.iter().any(has_align) && definition.align > 1 {
            rows.push(("_".to_owned(), format!("[0]{}", unit(definition.align))));
        }
        for Part { offset, size_bytes: size, kind } in parts {
            match kind {
                // Go makes a struct longer if its last field has no size.
                PartKind::Field { name, ty } if *size == 0 => {
                    let ty = self.name_of(ty);
                    notes += &format!("// At its end is {}, of any length: {ty}.\n", camel(name));
                }
                PartKind::Field { name: member, ty } => {
                    let field = scope.unique(camel(member));
                    let ty_name = self.name_of(ty);
                    let is_misplaced = is_packed && self.align_of(ty) > 1;
                    if is_misplaced {
                        let order = self.order;
                        notes += &format!(
                            "// {field} is a {order}-endian {ty_name} that is not aligned.\n"
                        );
                    }
                    let ty = if is_misplaced { format!("[{size}]byte") } else { ty_name };
                    places.push((field.clone(), offset));
                    rows.push((field, ty));
                }
                PartKind::Bits(fields) => {
                    let field = scope.unique(format!("Bits{offset}"));
                    bits.extend(fields.iter().map(|bits| (field.clone(), bits.clone())));
                    places.push((field.clone(), offset));
                    rows.push((field, format!("[{size}]byte")));
                }
                PartKind::Padding => rows.push(("_".to_owned(), format!("[{size}]byte"))),
            }
        }
        text.lines(notes);
        text.open(format!("type {name} struct {{"));
        aligned(text, &rows);
        text.close("}");
        text.blank();
        for (field, offset) in places {
            text.lines(format!(
                "var _ [unsafe.Offsetof({name}{{}}.{field})]byte = [{offset}]byte{{}}"
            ));
        }
        self.bit_fields(text, name, bits, &mut scope);
    }

    /// Go has no unions: bytes, and methods that see them as each member.
    fn union(
        &self,
        text: &mut Text,
        name: &str,
        definition: &Definition,
        parts: &[Part],
        bits: &mut Vec<(String, BitField)>,
    ) {
        text.lines(format!("// {name} is a union: its methods give its members."));
        text.open(format!("type {name} struct {{"));
        let mut rows = vec![("Bytes".to_owned(), format!("[{}]byte", definition.size_bytes))];
        if definition.align > 1 {
            rows.insert(0, ("_".to_owned(), format!("[0]{}", unit(definition.align))));
        }
        aligned(text, &rows);
        text.close("}");
        let mut scope = Scope::default();
        scope.reserve(&["Bytes"]);
        for part in parts {
            match &part.kind {
                PartKind::Field { name: member, ty } => {
                    let method = scope.unique(camel(member));
                    let ty = self.name_of(ty);
                    text.blank();
                    text.open(format!("func (u *{name}) {method}() *{ty} {{"));
                    text.lines(format!("return (*{ty})(unsafe.Pointer(&u.Bytes))"));
                    text.close("}");
                }
                PartKind::Bits(fields) => {
                    bits.extend(fields.iter().map(|field| ("Bytes".to_owned(), field.clone())));
                }
                PartKind::Padding => {}
            }
        }
        self.bit_fields(text, name, bits, &mut scope);
    }

    fn bit_fields(
        &self,
        text: &mut Text,
        name: &str,
        bits: &[(String, BitField)],
        scope: &mut Scope,
    ) {
        let object = self.object;
        for (bytes, BitField { name: field, offset_bits, n_bits, scalar }) in bits {
            let (get, set) =
                (scope.unique(camel(field)), scope.unique(format!("Set{}", camel(field))));
            let ty = scalar_name(*scalar);
            let is_signed = matches!(scalar, Scalar::Int { is_signed: true, .. });
            let (value, new) = match scalar {
                Scalar::Bool => ("value != 0".to_owned(), "map[bool]uint64{true: 1}[value]"),
                _ if is_signed => {
                    let unused = 64 - n_bits;
                    (format!("{ty}(int64(value<<{unused}) >> {unused})"), "uint64(value)")
                }
                _ => (format!("{ty}(value)"), "uint64(value)"),
            };
            text.blank();
            text.open(format!("func (s *{name}) {get}() {ty} {{"));
            text.lines(format!("value := _{object}Bits(s.{bytes}[:], {offset_bits}, {n_bits})"));
            text.lines(format!("return {value}"));
            text.close("}");
            text.blank();
            text.open(format!("func (s *{name}) {set}(value {ty}) {{"));
            text.lines(format!("_{object}SetBits(s.{bytes}[:], {offset_bits}, {n_bits}, {new})"));
            text.close("}");
        }
    }

    /// A type, mentioned.
    fn name_of(&self, ty: &Ty) -> String {
        match ty {
            Ty::Scalar(scalar) => scalar_name(*scalar),
            Ty::Pointer => "uint64".to_owned(),
            Ty::Array(element, n) => format!("[{n}]{}", self.name_of(element)),
            Ty::Named(idx) => self.names[*idx].clone(),
            Ty::Bytes(n) => format!("[{n}]byte"),
        }
    }

    /// The alignment in Go, on machines with 64 bits.
    fn align_of(&self, ty: &Ty) -> u32 {
        match ty {
            Ty::Scalar(Scalar::Int { size_bytes: 16, .. }) | Ty::Bytes(_) => 1,
            Ty::Scalar(scalar) => scalar.size_bytes(),
            Ty::Pointer => 8,
            Ty::Array(element, _) => self.align_of(element),
            Ty::Named(idx) => self.definitions[*idx].align.min(8),
        }
    }

    fn part_align(&self, part: &Part, is_packed: bool) -> u32 {
        match &part.kind {
            PartKind::Field { ty, .. } if !is_packed && part.size_bytes > 0 => self.align_of(ty),
            _ => 1,
        }
    }
}

/// Lines of two columns, as `gofmt` wants them.
fn aligned(text: &mut Text, rows: &[(String, String)]) {
    let width = rows.iter().map(|(first, _)| first.len()).max().unwrap_or(0);
    for (first, second) in rows {
        text.lines(format!("{first:width$} {second}"));
    }
}

/// An integer with this alignment; Go has none above 8.
fn unit(align: u32) -> String {
    format!("uint{}", align.min(8) * 8)
}

fn scalar_name(scalar: Scalar) -> String {
    match scalar {
        Scalar::Int { size_bytes: 16, .. } => "[16]byte".to_owned(),
        Scalar::Int { size_bytes, is_signed } => {
            format!("{}int{}", if is_signed { "" } else { "u" }, u32::from(size_bytes) * 8)
        }
        Scalar::Char => "int8".to_owned(),
        Scalar::Bool => "bool".to_owned(),
        Scalar::Float { size_bytes } => format!("float{}", u32::from(size_bytes) * 8),
    }
}

/// The value as its type has it: objects before `BTF_KIND_ENUM64` do not record signs.
fn in_range(value: i128, repr: Scalar) -> i128 {
    let Scalar::Int { size_bytes, is_signed } = repr else { return value };
    let n_bits = u32::from(size_bytes) * 8;
    let value = value & ((1i128 << n_bits) - 1);
    if is_signed && value >> (n_bits - 1) != 0 { value - (1i128 << n_bits) } else { value }
}
