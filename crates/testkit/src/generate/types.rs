//! Types of generated programs.

use super::random::Random;
use std::fmt::Write;

/// An integer type. A `_Bool` has one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int {
    pub bits: u32,
    pub is_signed: bool,
}

/// The index of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordId(pub usize);

/// The type of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Int(Int),
    /// An `enum`, by its number.
    Enum(u32),
    /// Elements and their number, a power of two.
    Array(Box<Type>, u64),
    Record(RecordId),
    /// To this many objects in a row.
    Pointer(Box<Type>, u64),
    Void,
}

/// A member of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// Empty for members without a name.
    pub name: String,
    pub ty: Type,
    /// The width of a bit-field.
    pub width: Option<u32>,
}

/// A structure or union.
#[derive(Clone, Debug)]
pub struct Record {
    pub tag: String,
    pub is_union: bool,
    pub is_packed: bool,
    /// Bytes that `aligned` asks for.
    aligned: Option<u32>,
    pub fields: Vec<Field>,
    /// At least this many bytes.
    pub min_bytes: u64,
}

impl Int {
    pub const BOOL: Int = Int { bits: 1, is_signed: false };
    pub const S32: Int = Int { bits: 32, is_signed: true };
    pub const U32: Int = Int { bits: 32, is_signed: false };
    pub const S64: Int = Int { bits: 64, is_signed: true };
    pub const U64: Int = Int { bits: 64, is_signed: false };

    pub fn any(random: &mut Random) -> Int {
        if random.one_in(12) {
            return Int::BOOL;
        }
        Int { bits: 8 << random.below(4), is_signed: random.one_in(2) }
    }

    pub fn name(self) -> String {
        let letter = match (self.bits, self.is_signed) {
            (1, _) => 'b',
            (_, true) => 's',
            (_, false) => 'u',
        };
        format!("{letter}{}", self.bits)
    }

    /// C11 6.3.1.1p2.
    pub fn promoted(self) -> Int {
        if self.bits < 32 { Int::S32 } else { self }
    }

    /// C11 6.3.1.8p1.
    pub fn common(self, other: Int) -> Int {
        let (a, b) = (self.promoted(), other.promoted());
        match a.bits.cmp(&b.bits) {
            std::cmp::Ordering::Greater => a,
            std::cmp::Ordering::Less => b,
            std::cmp::Ordering::Equal => {
                Int { bits: a.bits, is_signed: a.is_signed && b.is_signed }
            }
        }
    }
}

impl Type {
    /// A declarator of an object of the type.
    pub fn declare(&self, name: &str, records: &[Record]) -> String {
        match self {
            Type::Int(int) => format!("{} {name}", int.name()),
            Type::Enum(id) => format!("enum e{id} {name}"),
            Type::Record(id) => format!("{} {name}", records[id.0].full_name()),
            Type::Array(element, n) => element.declare(&format!("{name}[{n}]"), records),
            Type::Pointer(pointee, _) => match **pointee {
                Type::Array(..) => pointee.declare(&format!("(*{name})"), records),
                _ => pointee.declare(&format!("*{name}"), records),
            },
            Type::Void => format!("void {name}"),
        }
    }

    /// The name of a type that is no array.
    pub fn name(&self, records: &[Record]) -> String {
        self.declare("", records).trim_end().to_owned()
    }

    /// At least this many bytes.
    pub fn min_bytes(&self, records: &[Record]) -> u64 {
        match self {
            Type::Int(int) => u64::from(int.bits.div_ceil(8)),
            Type::Enum(_) => 4,
            Type::Array(element, n) => n * element.min_bytes(records),
            Type::Record(id) => records[id.0].min_bytes,
            Type::Pointer(..) => 8,
            Type::Void => 0,
        }
    }

    /// Whether an array or a member of it is volatile or has padding: only integers have none.
    pub fn is_plain(&self) -> bool {
        match self {
            Type::Int(int) => int.bits > 1,
            Type::Array(element, _) => element.is_plain(),
            _ => false,
        }
    }
}

impl Record {
    /// A record of fields that scalars, arrays and earlier records are.
    pub fn generate(random: &mut Random, earlier: &[Record], n_enums: u32, id: RecordId) -> Record {
        let tag = format!("s{}", id.0 + 1);
        if random.one_in(4) {
            return Record::union(random, tag);
        }
        let is_packed = random.one_in(4);
        let aligned = random.one_in(6).then(|| 8 << random.below(2));
        let mut record =
            Record { tag, is_union: false, is_packed, aligned, fields: Vec::new(), min_bytes: 0 };
        for idx in 0..1 + random.below(6) {
            record.field(random, earlier, n_enums, idx);
        }
        record.named_field();
        record.min_bytes = record.fields.iter().map(|f| f.min_bytes(earlier)).sum();
        record
    }

    fn field(&mut self, random: &mut Random, earlier: &[Record], n_enums: u32, idx: u64) {
        let name = format!("m{idx}");
        let (ty, width) = match random.below(10) {
            0..4 => {
                let int = Int::any(random);
                let width = 1 + random.below(u64::from(int.bits)) as u32;
                if random.one_in(8) && int.bits > 1 {
                    let width = if random.one_in(2) { 0 } else { width };
                    self.fields.push(Field {
                        name: String::new(),
                        ty: Type::Int(int),
                        width: Some(width),
                    });
                    return;
                }
                (Type::Int(int), Some(width))
            }
            4 => {
                let element = Type::Int(Int::any(random));
                (Type::Array(Box::new(element), 1 << (1 + random.below(2))), None)
            }
            5 if !earlier.is_empty() => {
                let id = random.below(earlier.len() as u64) as usize;
                let fits = earlier[id].min_bytes <= 24;
                (if fits { Type::Record(RecordId(id)) } else { Type::Int(Int::U32) }, None)
            }
            6 if n_enums > 0 => (Type::Enum(1 + random.below(u64::from(n_enums)) as u32), None),
            _ => (Type::Int(Int::any(random)), None),
        };
        self.fields.push(Field { name, ty, width });
    }

    /// A record needs something to be named by.
    fn named_field(&mut self) {
        if self.fields.iter().all(|field| field.name.is_empty()) {
            self.fields.push(Field { name: "m".into(), ty: Type::Int(Int::U32), width: None });
        }
    }

    /// Eight bytes in several ways, none with padding: what one member leaves, another reads.
    fn union(random: &mut Random, tag: String) -> Record {
        let int = |bits, is_signed| Type::Int(Int { bits, is_signed });
        let mut fields = vec![("whole", Int { bits: 64, is_signed: random.one_in(2) })]
            .into_iter()
            .map(|(name, int)| Field { name: name.into(), ty: Type::Int(int), width: None })
            .collect::<Vec<_>>();
        for bits in [8, 16, 32] {
            if random.one_in(2) {
                let ty = Type::Array(Box::new(int(bits, random.one_in(2))), u64::from(64 / bits));
                fields.push(Field { name: format!("in{bits}"), ty, width: None });
            }
        }
        if random.one_in(2) {
            fields.push(Field { name: "byte".into(), ty: int(8, random.one_in(2)), width: None });
        }
        if random.one_in(2) {
            let width = Some(1 + random.below(63) as u32);
            fields.push(Field { name: "part".into(), ty: int(64, random.one_in(2)), width });
        }
        Record { tag, is_union: true, is_packed: false, aligned: None, fields, min_bytes: 8 }
    }

    /// With its keyword.
    pub fn full_name(&self) -> String {
        format!("{} {}", if self.is_union { "union" } else { "struct" }, self.tag)
    }

    /// The definition, on several lines. Members of earlier records are named by tag only.
    pub fn definition(&self, earlier: &[Record]) -> String {
        let mut text = format!("{} {{\n", self.full_name());
        for field in &self.fields {
            let _ = match field.width {
                Some(width) if field.name.is_empty() => {
                    writeln!(text, "\t{} : {width};", field.ty.name(earlier))
                }
                Some(width) => {
                    writeln!(text, "\t{} : {width};", field.ty.declare(&field.name, earlier))
                }
                None => writeln!(text, "\t{};", field.ty.declare(&field.name, earlier)),
            };
        }
        let mut attributes = Vec::new();
        if self.is_packed {
            attributes.push("packed".to_owned());
        }
        attributes.extend(self.aligned.map(|bytes| format!("aligned({bytes})")));
        match attributes.is_empty() {
            true => text + "};\n",
            false => format!("{text}}} __attribute__(({}));\n", attributes.join(", ")),
        }
    }

    /// The members that have names, which are those that hold something.
    pub fn named(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.name.is_empty())
    }
}

impl Field {
    fn min_bytes(&self, records: &[Record]) -> u64 {
        match self.width {
            Some(width) => u64::from(width.div_ceil(8)),
            None => self.ty.min_bytes(records),
        }
    }
}
