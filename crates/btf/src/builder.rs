//! Collects types and writes a `.BTF` blob. The bytes depend only on the calls and their order.

use std::collections::HashMap;

use crate::error::BtfError;
use crate::format::{
    Endian, FwdKind, HEADER_BYTES, Kind, MAGIC, MAX_NAME_OFFSET, MAX_TYPE_ID, MAX_WRITTEN_VLEN,
    StrOff, TypeId, VERSION,
};
use crate::reader::Btf;
use crate::typedef::{EnumeratorDef, MemberDef, TypeDef};

/// Why a set of types cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A reserved id was never defined.
    #[error("type {id} was reserved and not defined")]
    Undefined {
        /// The id.
        id: TypeId,
    },
    /// A type refers to an id that does not exist.
    #[error("type {id} refers to {target}, which does not exist")]
    BadReference {
        /// The referring type.
        id: TypeId,
        /// The missing one.
        target: TypeId,
    },
    /// A number does not fit in its field.
    #[error("type {id}: {what} does not fit")]
    TooLarge {
        /// The type.
        id: TypeId,
        /// The field.
        what: &'static str,
    },
    /// A name contains a NUL.
    #[error("the name `{name}` contains a NUL", name = name.escape_debug())]
    NulInName {
        /// The name.
        name: String,
    },
    /// More than 16 MiB of strings or a million types.
    #[error("too many {what}")]
    TooMany {
        /// `strings` or `types`.
        what: &'static str,
    },
}

/// The strings of a blob, each once.
#[derive(Debug, Clone)]
struct Strings {
    bytes: Vec<u8>,
    offsets: HashMap<String, StrOff>,
}

impl Strings {
    fn intern(&mut self, text: &str) -> StrOff {
        if text.is_empty() {
            return StrOff(0);
        }
        if let Some(&offset) = self.offsets.get(text) {
            return offset;
        }
        let offset = StrOff(self.bytes.len() as u32);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        self.offsets.insert(text.to_owned(), offset);
        offset
    }
}

/// Types and strings on their way to a `.BTF` blob.
///
/// A type may refer to ids that are defined later: [`BtfBuilder::reserve`] an id,
/// [`BtfBuilder::define`] it when it is known, and change anything until the bytes are written.
#[derive(Debug, Clone)]
pub struct BtfBuilder {
    types: Vec<Option<TypeDef>>,
    known: HashMap<TypeDef, TypeId>,
    strings: Strings,
}

impl Default for BtfBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal if the types are; strings interned besides do not count.
impl PartialEq for BtfBuilder {
    fn eq(&self, other: &Self) -> bool {
        self.types == other.types
    }
}

impl Eq for BtfBuilder {}

impl BtfBuilder {
    /// No types, and the empty string.
    pub fn new() -> Self {
        let strings = Strings { bytes: vec![0], offsets: HashMap::new() };
        BtfBuilder { types: Vec::new(), known: HashMap::new(), strings }
    }

    /// Appends a type.
    pub fn push(&mut self, def: TypeDef) -> TypeId {
        self.types.push(Some(def));
        TypeId(self.types.len() as u32)
    }

    /// The id of an equal type appended by this method before, or a new one. Definitions are
    /// compared by their own words, not by what their ids mean.
    pub fn intern(&mut self, def: TypeDef) -> TypeId {
        if let Some(&id) = self.known.get(&def) {
            // A definition may have been changed since.
            if self.get(id) == Some(&def) {
                return id;
            }
        }
        let id = self.push(def.clone());
        self.known.insert(def, id);
        id
    }

    /// Appends an id to be defined later.
    pub fn reserve(&mut self) -> TypeId {
        self.types.push(None);
        TypeId(self.types.len() as u32)
    }

    /// Defines a reserved id, or changes a type.
    ///
    /// # Panics
    /// If the id is not one of this builder's.
    pub fn define(&mut self, id: TypeId, def: TypeDef) {
        let slot = self.slot(id).expect("an id from this builder");
        *slot = Some(def);
    }

    /// The definition of a type, to be changed in place; `None` for void and undefined ids.
    pub fn get_mut(&mut self, id: TypeId) -> Option<&mut TypeDef> {
        self.slot(id)?.as_mut()
    }

    /// The definition of a type; `None` for void and undefined ids.
    pub fn get(&self, id: TypeId) -> Option<&TypeDef> {
        self.types.get((id.0 as usize).checked_sub(1)?)?.as_ref()
    }

    fn slot(&mut self, id: TypeId) -> Option<&mut Option<TypeDef>> {
        self.types.get_mut((id.0 as usize).checked_sub(1)?)
    }

    /// Number of types, without void.
    pub fn n_types(&self) -> u32 {
        self.types.len() as u32
    }

    /// The offset of a string in the blob's string section, for `.BTF.ext`. Offsets stay valid.
    pub fn string(&mut self, text: &str) -> StrOff {
        self.strings.intern(text)
    }

    /// Copies a type and everything it needs from another BTF; `copied` remembers what was copied
    /// from that BTF before. Structs and unions come with everything their members mention.
    ///
    /// # Errors
    /// A kind that cannot be written, or an id that does not exist.
    pub fn copy_from(
        &mut self,
        btf: &Btf,
        id: TypeId,
        copied: &mut HashMap<TypeId, TypeId>,
    ) -> Result<TypeId, BtfError> {
        let mut todo = Vec::new();
        let root = self.copied_id(id, copied, &mut todo);
        while let Some((from, to)) = todo.pop() {
            let mut def = TypeDef::from_btf(btf, from)?;
            def.for_each_reference(|id| *id = self.copied_id(*id, copied, &mut todo));
            self.define(to, def);
        }
        Ok(root)
    }

    fn copied_id(
        &mut self,
        id: TypeId,
        copied: &mut HashMap<TypeId, TypeId>,
        todo: &mut Vec<(TypeId, TypeId)>,
    ) -> TypeId {
        if id.is_void() {
            return id;
        }
        *copied.entry(id).or_insert_with(|| {
            let new = self.reserve();
            todo.push((id, new));
            new
        })
    }

    /// Writes the blob.
    ///
    /// # Errors
    /// [`BuildError`]; the format's own limits are checked here, not when types are added.
    pub fn to_bytes(&self, endian: Endian) -> Result<Vec<u8>, BuildError> {
        if self.types.len() > MAX_TYPE_ID as usize {
            return Err(BuildError::TooMany { what: "types" });
        }
        let n_types = self.types.len() as u32;
        let mut writer = Writer { endian, types: Vec::new(), strings: self.strings.clone() };
        for (idx, def) in self.types.iter().enumerate() {
            let id = TypeId(idx as u32 + 1);
            let def = def.as_ref().ok_or(BuildError::Undefined { id })?;
            check_references(id, def, n_types)?;
            writer.write_type(id, def)?;
        }
        let Writer { types, strings, .. } = writer;
        if let Some(name) = strings.offsets.keys().filter(|name| name.contains('\0')).min() {
            return Err(BuildError::NulInName { name: name.clone() });
        }
        if strings.bytes.len() > MAX_NAME_OFFSET as usize {
            return Err(BuildError::TooMany { what: "strings" });
        }
        let mut blob = Vec::with_capacity(24 + types.len() + strings.bytes.len());
        blob.extend(endian.u16_bytes(MAGIC));
        blob.extend([VERSION, 0]);
        let (types_bytes, strings_bytes) = (types.len() as u32, strings.bytes.len() as u32);
        for word in [HEADER_BYTES, 0, types_bytes, types_bytes, strings_bytes] {
            blob.extend(endian.u32_bytes(word));
        }
        blob.extend(types);
        blob.extend(strings.bytes);
        Ok(blob)
    }
}

fn check_references(id: TypeId, def: &TypeDef, n_types: u32) -> Result<(), BuildError> {
    let mut missing = None;
    def.clone().for_each_reference(|target| {
        if target.0 > n_types {
            missing.get_or_insert(*target);
        }
    });
    match missing {
        Some(target) => Err(BuildError::BadReference { id, target }),
        None => Ok(()),
    }
}

/// The sections under construction.
struct Writer {
    endian: Endian,
    types: Vec<u8>,
    strings: Strings,
}

impl Writer {
    fn word(&mut self, word: u32) {
        self.types.extend(self.endian.u32_bytes(word));
    }

    fn name(&mut self, name: &str) {
        let offset = self.strings.intern(name);
        self.word(offset.0);
    }

    /// The 12 bytes in front of every type.
    fn record(&mut self, name: &str, kind: Kind, kind_flag: bool, vlen: u32, third: u32) {
        self.name(name);
        self.word(u32::from(kind_flag) << 31 | (kind as u32) << 24 | vlen);
        self.word(third);
    }

    fn write_type(&mut self, id: TypeId, def: &TypeDef) -> Result<(), BuildError> {
        match def {
            TypeDef::Int { name, size_bytes, encoding, bit_offset, n_bits } => {
                self.record(name, Kind::Int, false, 0, *size_bytes);
                let encoding = u32::from(encoding.bits()) << 24;
                self.word(encoding | u32::from(*bit_offset) << 16 | u32::from(*n_bits));
            }
            TypeDef::Ptr { target } => self.record("", Kind::Ptr, false, 0, target.0),
            TypeDef::Array { element, index, n_elements } => {
                self.record("", Kind::Array, false, 0, 0);
                [element.0, index.0, *n_elements].into_iter().for_each(|word| self.word(word));
            }
            TypeDef::Struct { name, size_bytes, members } => {
                self.composite(id, Kind::Struct, name, *size_bytes, members)?;
            }
            TypeDef::Union { name, size_bytes, members } => {
                self.composite(id, Kind::Union, name, *size_bytes, members)?;
            }
            TypeDef::Enum { name, size_bytes, is_signed, enumerators } => {
                let vlen = vlen(id, enumerators.len())?;
                self.record(name, Kind::Enum, *is_signed, vlen, *size_bytes);
                let (low, high) = range(*is_signed, 32);
                for enumerator in enumerators {
                    let bits = value_bits(id, enumerator, low, high)?;
                    self.name(&enumerator.name);
                    self.word(bits as u32);
                }
            }
            TypeDef::Enum64 { name, size_bytes, is_signed, enumerators } => {
                let vlen = vlen(id, enumerators.len())?;
                self.record(name, Kind::Enum64, *is_signed, vlen, *size_bytes);
                let (low, high) = range(*is_signed, 64);
                for enumerator in enumerators {
                    let bits = value_bits(id, enumerator, low, high)?;
                    self.name(&enumerator.name);
                    self.word(bits as u32);
                    self.word((bits >> 32) as u32);
                }
            }
            TypeDef::Fwd { name, fwd_kind } => {
                self.record(name, Kind::Fwd, *fwd_kind == FwdKind::Union, 0, 0);
            }
            TypeDef::Typedef { name, target } => {
                self.record(name, Kind::Typedef, false, 0, target.0);
            }
            TypeDef::Volatile { target } => self.record("", Kind::Volatile, false, 0, target.0),
            TypeDef::Const { target } => self.record("", Kind::Const, false, 0, target.0),
            TypeDef::Restrict { target } => self.record("", Kind::Restrict, false, 0, target.0),
            TypeDef::Func { name, proto, linkage } => {
                let vlen = vlen(id, linkage.number() as usize)?;
                self.record(name, Kind::Func, false, vlen, proto.0);
            }
            TypeDef::FuncProto { ret, params, is_variadic } => {
                let vlen = vlen(id, params.len() + usize::from(*is_variadic))?;
                self.record("", Kind::FuncProto, false, vlen, ret.0);
                for param in params {
                    self.name(&param.name);
                    self.word(param.ty.0);
                }
                if *is_variadic {
                    self.word(0);
                    self.word(0);
                }
            }
            TypeDef::Var { name, ty, linkage } => {
                self.record(name, Kind::Var, false, 0, ty.0);
                self.word(linkage.number());
            }
            TypeDef::DataSec { name, size_bytes, vars } => {
                let vlen = vlen(id, vars.len())?;
                self.record(name, Kind::DataSec, false, vlen, *size_bytes);
                for var in vars {
                    self.word(var.var.0);
                    self.word(var.offset_bytes);
                    self.word(var.size_bytes);
                }
            }
            TypeDef::Float { name, size_bytes } => {
                self.record(name, Kind::Float, false, 0, *size_bytes);
            }
            TypeDef::DeclTag { name, target, component_idx, is_attribute } => {
                self.record(name, Kind::DeclTag, *is_attribute, 0, target.0);
                self.word(component_idx.unwrap_or(u32::MAX));
            }
            TypeDef::TypeTag { name, target, is_attribute } => {
                self.record(name, Kind::TypeTag, *is_attribute, 0, target.0);
            }
        }
        Ok(())
    }

    /// `kind_flag` is set if there is a bit-field; offsets then have 24 bits.
    fn composite(
        &mut self,
        id: TypeId,
        kind: Kind,
        name: &str,
        size_bytes: u32,
        members: &[MemberDef],
    ) -> Result<(), BuildError> {
        let kind_flag = members.iter().any(|member| member.bitfield_bits.is_some());
        self.record(name, kind, kind_flag, vlen(id, members.len())?, size_bytes);
        for member in members {
            if kind_flag && member.bit_offset > 0x00ff_ffff {
                return Err(BuildError::TooLarge { id, what: "a bit offset beside a bit-field" });
            }
            self.name(&member.name);
            self.word(member.ty.0);
            let bits = u32::from(member.bitfield_bits.unwrap_or(0));
            self.word(bits << 24 | member.bit_offset);
        }
        Ok(())
    }
}

fn vlen(id: TypeId, n: usize) -> Result<u32, BuildError> {
    let too_large = BuildError::TooLarge { id, what: "the number of elements" };
    if n > MAX_WRITTEN_VLEN { Err(too_large) } else { Ok(n as u32) }
}

/// The smallest and largest value of an enumeration's storage.
fn range(is_signed: bool, n_bits: u32) -> (i128, i128) {
    if is_signed { (-(1 << (n_bits - 1)), (1 << (n_bits - 1)) - 1) } else { (0, (1 << n_bits) - 1) }
}

fn value_bits(
    id: TypeId,
    enumerator: &EnumeratorDef,
    low: i128,
    high: i128,
) -> Result<u64, BuildError> {
    let in_range = (low..=high).contains(&enumerator.value);
    let too_large = BuildError::TooLarge { id, what: "an enumerator's value" };
    if in_range { Ok(enumerator.value as u64) } else { Err(too_large) }
}
