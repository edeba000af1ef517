//! Types for languages that are not C: structs and unions with every byte accounted for, so that the layout does not
//! rest on the rules of the other language.
//!
//! Input: the types that a loader exchanges with the programs. Output: [`Types`], definitions in an order in which each
//! stands after those it contains. What cannot be said in the other language is bytes.

mod fields;

pub(crate) use fields::align_of;

use crate::error::SkeletonError;
use crate::model::{MapItem, MapOrigin, Model};
use crate::names::{Scope, identifier};
use bpfc_btf::{Btf, BtfError, Enumeration, Int, IntEncoding, Type, TypeId};
use std::collections::HashMap;

/// Structs in structs that are followed; deeper ones are refused.
const MAX_DEPTH: u32 = 64;

/// The types of a skeleton.
pub(crate) struct Types {
    /// Definitions, each after those that it needs.
    pub definitions: Vec<Definition>,
    /// The definition of each section of variables, as in [`Model::sections`].
    pub sections: Vec<usize>,
    /// Keys and values of maps, as in [`Model::maps`].
    pub maps: Vec<MapTypes>,
}

/// What a map holds, as far as its definition says it by types.
#[derive(Clone, Debug, Default)]
pub(crate) struct MapTypes {
    /// Of the keys.
    pub key: Option<Ty>,
    /// Of the values.
    pub value: Option<Ty>,
    /// Of the events that programs put into it.
    pub event: Option<Ty>,
}

/// A type with a name.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    /// Its name in C, or one made of where it is used.
    pub name: String,
    /// Its size.
    pub size_bytes: u32,
    /// Its alignment in C.
    pub align: u32,
    /// What it is.
    pub body: Body,
}

/// What a named type is.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// A struct: parts by ascending offset, without gaps.
    Struct {
        /// Whether parts lie where alignment does not put them.
        is_packed: bool,
        /// Its parts.
        parts: Vec<Part>,
    },
    /// A union: every part begins at its offset, nearly always 0.
    Union {
        /// Its parts.
        parts: Vec<Part>,
    },
    /// An enumeration.
    Enumeration {
        /// The integer that holds it.
        repr: Scalar,
        /// Names and values.
        enumerators: Vec<(String, i128)>,
    },
}

/// A part of a struct or union.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Where it begins.
    pub offset: u32,
    /// How long it is.
    pub size_bytes: u32,
    /// What it is.
    pub kind: PartKind,
}

/// What a part is.
#[derive(Clone, Debug)]
pub(crate) enum PartKind {
    /// A member.
    Field {
        /// Its name; `__anon_N` for a member without one.
        name: String,
        /// Its type.
        ty: Ty,
    },
    /// Bytes with bit-fields in them.
    Bits(Vec<BitField>),
    /// Nothing.
    Padding,
}

/// A bit-field.
#[derive(Clone, Debug)]
pub(crate) struct BitField {
    /// Its name.
    pub name: String,
    /// Its first bit, counted from the beginning of its part as BTF counts: from the least significant bit of a byte
    /// in a little-endian object, from the most significant one in a big-endian object.
    pub offset_bits: u32,
    /// How many it has.
    pub n_bits: u8,
    /// What it is read as.
    pub scalar: Scalar,
}

/// The type of a member.
#[derive(Clone, Debug)]
pub(crate) enum Ty {
    /// A number.
    Scalar(Scalar),
    /// An address in the kernel: 8 bytes on every machine.
    Pointer,
    /// An array.
    Array(Box<Ty>, u32),
    /// Position in [`Types::definitions`].
    Named(usize),
    /// Bytes that the language has no type for.
    Bytes(u32),
}

/// A number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// An integer of 1, 2, 4, 8 or 16 bytes.
    Int {
        /// Its size.
        size_bytes: u8,
        /// Whether it may be negative.
        is_signed: bool,
    },
    /// `char`, also behind `signed` and `unsigned`.
    Char,
    /// `_Bool`
    Bool,
    /// A number of 4 or 8 bytes with a point.
    Float {
        /// Its size.
        size_bytes: u8,
    },
}

impl Scalar {
    pub(crate) fn size_bytes(self) -> u32 {
        match self {
            Scalar::Int { size_bytes, .. } | Scalar::Float { size_bytes } => size_bytes.into(),
            Scalar::Char | Scalar::Bool => 1,
        }
    }
}

impl Types {
    /// The types of a model, in whose language nothing may be called by the `reserved` names.
    pub(crate) fn new(model: &Model<'_>, reserved: &[&str]) -> Result<Types, SkeletonError> {
        let mut names = Scope::default();
        names.reserve(reserved);
        for section in &model.sections {
            names.reserve(&[&section.ident]);
        }
        let mut collector =
            Collector { btf: &model.btf, definitions: Vec::new(), known: HashMap::new(), names };
        let maps = model.maps.iter().map(|map| collector.map(model, map));
        let maps = maps.collect::<Result<Vec<_>, _>>()?;
        let mut sections = Vec::new();
        for section in &model.sections {
            sections.push(collector.section(section)?);
        }
        Ok(Types { definitions: collector.definitions, sections, maps })
    }
}

/// Finds types and names them.
struct Collector<'a> {
    btf: &'a Btf,
    definitions: Vec<Definition>,
    /// The definition of a type; `None` while it is being made.
    known: HashMap<TypeId, Option<usize>>,
    names: Scope,
}

impl Collector<'_> {
    fn map(&mut self, model: &Model<'_>, item: &MapItem) -> Result<MapTypes, BtfError> {
        let MapOrigin::Map(id) = item.origin else { return Ok(MapTypes::default()) };
        let map = &model.object.maps[id];
        let mut ty = |id: Option<TypeId>, what: &str| {
            let id = id.filter(|id| !id.is_void());
            id.map(|id| self.ty(id, &format!("{}_{what}", item.ident), 0)).transpose()
        };
        let mut inner = map.inner.as_deref();
        while let Some(map) = inner {
            ty(map.key_type, "inner_key")?;
            ty(map.value_type, "inner_value")?;
            inner = map.inner.as_deref();
        }
        Ok(MapTypes {
            key: ty(map.key_type, "key")?,
            value: ty(map.value_type, "value")?,
            event: ty(map.event_type, "event")?,
        })
    }

    /// The type `id`; one without a name is called `hint`.
    fn ty(&mut self, id: TypeId, hint: &str, depth: u32) -> Result<Ty, BtfError> {
        if depth > MAX_DEPTH {
            return Err(BtfError::TooDeep { id });
        }
        let hint = self.typedef_name(id)?.unwrap_or(hint).to_owned();
        let (id, ty) = self.btf.resolved(id)?;
        Ok(match ty {
            Type::Int(int) => scalar(&int).map_or(Ty::Bytes(int.size_bytes), Ty::Scalar),
            Type::Float { size_bytes: size @ (4 | 8), .. } => {
                Ty::Scalar(Scalar::Float { size_bytes: size as u8 })
            }
            Type::Ptr { .. } => Ty::Pointer,
            Type::Array { element, n_elements, .. } => {
                Ty::Array(Box::new(self.ty(element, &hint, depth + 1)?), n_elements)
            }
            Type::Enum(enumeration) | Type::Enum64(enumeration)
                if matches!(enumeration.size_bytes(), 1 | 2 | 4 | 8) =>
            {
                Ty::Named(self.enumeration(id, &enumeration, &hint))
            }
            Type::Struct(_) | Type::Union(_) => {
                let name = if ty.name().is_empty() { &hint } else { ty.name() };
                match self.known.get(&id) {
                    Some(Some(known)) => Ty::Named(*known),
                    // A damaged type that contains itself.
                    Some(None) => return Err(BtfError::TooDeep { id }),
                    None => Ty::Named(self.composite(id, name, depth)?),
                }
            }
            _ => Ty::Bytes(self.btf.size_of(id)?),
        })
    }

    /// The last typedef before a type that may have no name of its own.
    fn typedef_name(&self, id: TypeId) -> Result<Option<&str>, BtfError> {
        let id = self.btf.strip_modifiers(id)?;
        Ok(match self.btf.ty(id)? {
            Type::Typedef { name, .. } => Some(name),
            _ => None,
        })
    }

    fn enumeration(&mut self, id: TypeId, enumeration: &Enumeration<'_>, hint: &str) -> usize {
        if let Some(Some(known)) = self.known.get(&id) {
            return *known;
        }
        let size_bytes = enumeration.size_bytes();
        let mut names = Scope::default();
        let enumerators = enumeration.enumerators();
        let enumerators: Vec<_> =
            enumerators.map(|e| (names.unique(identifier(e.name)), e.value)).collect();
        // Before `BTF_KIND_ENUM64` nobody recorded signs.
        let is_signed = enumeration.is_signed();
        let repr = Scalar::Int { size_bytes: size_bytes as u8, is_signed };
        let name = if enumeration.name().is_empty() { hint } else { enumeration.name() };
        let body = Body::Enumeration { repr, enumerators };
        self.define(id, name, size_bytes, size_bytes, body)
    }

    fn define(&mut self, id: TypeId, name: &str, size_bytes: u32, align: u32, body: Body) -> usize {
        let name = self.names.unique(identifier(name));
        let position = self.definitions.len();
        self.definitions.push(Definition { name, size_bytes, align, body });
        self.known.insert(id, Some(position));
        position
    }
}

/// The number that an INT is; `None` for those that no language has.
fn scalar(int: &Int<'_>) -> Option<Scalar> {
    let is_char = |name: &str| matches!(name, "char" | "signed char" | "unsigned char");
    match (int.size_bytes, int.encoding) {
        (1, IntEncoding::Bool) => Some(Scalar::Bool),
        (1, _) if int.name == "char" && is_char(int.name) => Some(Scalar::Char),
        (size @ (1 | 2 | 4 | 8 | 16), encoding) => {
            Some(Scalar::Int { size_bytes: size as u8, is_signed: encoding.is_signed() })
        }
        _ => None,
    }
}
