//! Questions about types: what lies behind qualifiers and typedefs, sizes, alignments, fields.
//!
//! Every walk is bounded, so cyclic or enormous input ends in [`BtfError::TooDeep`].

use crate::error::BtfError;
use crate::format::{Kind, MAX_DEPTH, MAX_VISITS, TypeId};
use crate::reader::Btf;
use crate::types::{Composite, Member, Type};

/// A limit on the steps of one walk.
pub(crate) struct Budget {
    root: TypeId,
    n_left: u32,
}

impl Budget {
    pub(crate) fn new(root: TypeId) -> Self {
        Budget { root, n_left: MAX_VISITS }
    }

    /// Pays for one step at this depth.
    pub(crate) fn spend(&mut self, depth: u32) -> Result<(), BtfError> {
        if depth >= MAX_DEPTH || self.n_left == 0 {
            return Err(BtfError::TooDeep { id: self.root });
        }
        self.n_left -= 1;
        Ok(())
    }
}

/// A member found by name, possibly inside anonymous structs and unions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// Member indices from the outer composite to the member.
    pub path: FieldPath,
    /// The member in its own composite.
    pub member: Member<'a>,
    /// The composite that holds the member.
    pub composite: TypeId,
    /// Offset of the member's first bit in the outer composite.
    pub bit_offset: u32,
}

/// Member indices, outermost first; the tail of a CO-RE access string.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldPath(pub Vec<u32>);

impl Btf {
    /// What lies behind `const`, `volatile`, `restrict` and type tags; typedefs stay.
    ///
    /// # Errors
    /// [`BtfError::TooDeep`] for an endless chain, [`BtfError::NoSuchType`].
    pub fn strip_modifiers(&self, id: TypeId) -> Result<TypeId, BtfError> {
        self.strip(id, |ty| match *ty {
            Type::Const { target }
            | Type::Volatile { target }
            | Type::Restrict { target }
            | Type::TypeTag { target, .. } => Some(target),
            _ => None,
        })
    }

    /// What lies behind qualifiers, type tags and typedefs.
    ///
    /// # Errors
    /// [`BtfError::TooDeep`] for an endless chain, [`BtfError::NoSuchType`].
    pub fn resolve_typedefs(&self, id: TypeId) -> Result<TypeId, BtfError> {
        self.strip(id, |ty| match *ty {
            Type::Const { target }
            | Type::Volatile { target }
            | Type::Restrict { target }
            | Type::Typedef { target, .. }
            | Type::TypeTag { target, .. } => Some(target),
            _ => None,
        })
    }

    /// The view of what [`Btf::resolve_typedefs`] finds, with its id.
    ///
    /// # Errors
    /// As [`Btf::resolve_typedefs`].
    pub fn resolved(&self, id: TypeId) -> Result<(TypeId, Type<'_>), BtfError> {
        let id = self.resolve_typedefs(id)?;
        Ok((id, self.ty(id)?))
    }

    fn strip(
        &self,
        id: TypeId,
        target_of: impl Fn(&Type<'_>) -> Option<TypeId>,
    ) -> Result<TypeId, BtfError> {
        let mut at = id;
        for _ in 0..MAX_DEPTH {
            match target_of(&self.ty(at)?) {
                Some(target) => at = target,
                None => return Ok(at),
            }
        }
        Err(BtfError::TooDeep { id })
    }

    /// Size of a pointer on the machine this BTF describes: the size of C's `long`, which the BTF
    /// does not otherwise record; 8 if there is no `long`.
    pub fn pointer_bytes(&self) -> u32 {
        if let Some(base) = self.base() {
            return base.pointer_bytes();
        }
        *self.pointer_bytes.get_or_init(|| {
            let longs = ["long", "long int", "unsigned long", "long unsigned int"];
            let size_of = |row| match Type::decode(self, row) {
                Type::Int(int) if longs.contains(&int.name) => Some(int.size_bytes),
                _ => None,
            };
            let mut rows = self.rows().filter(|(_, row)| row.kind == Kind::Int as u8);
            let size = rows.find_map(|(_, row)| size_of(row));
            size.filter(|&size| size == 4 || size == 8).unwrap_or(8)
        })
    }

    /// Size of a type in bytes.
    ///
    /// # Errors
    /// [`BtfError::NoSize`] for void, functions and forwards, [`BtfError::TooLarge`],
    /// [`BtfError::TooDeep`].
    pub fn size_of(&self, id: TypeId) -> Result<u32, BtfError> {
        let mut n_elements = 1u32;
        let mut at = id;
        for _ in 0..MAX_DEPTH {
            let ty = self.ty(at)?;
            let size = match ty {
                Type::Int(int) => int.size_bytes,
                Type::Struct(composite) | Type::Union(composite) => composite.size_bytes(),
                Type::Enum(enumeration) | Type::Enum64(enumeration) => enumeration.size_bytes(),
                Type::DataSec(section) => section.size_bytes(),
                Type::Float { size_bytes, .. } => size_bytes,
                Type::Ptr { .. } => self.pointer_bytes(),
                Type::Typedef { target, .. }
                | Type::Volatile { target }
                | Type::Const { target }
                | Type::Restrict { target }
                | Type::DeclTag { target, .. }
                | Type::TypeTag { target, .. }
                | Type::Var { ty: target, .. } => {
                    at = target;
                    continue;
                }
                Type::Array { element, n_elements: n, .. } => {
                    n_elements = n_elements.checked_mul(n).ok_or(BtfError::TooLarge { id })?;
                    at = element;
                    continue;
                }
                Type::Void
                | Type::Fwd { .. }
                | Type::Func { .. }
                | Type::FuncProto(_)
                | Type::Unknown { .. } => {
                    return Err(BtfError::NoSize { id: at, kind: ty.kind() });
                }
            };
            return n_elements.checked_mul(size).ok_or(BtfError::TooLarge { id });
        }
        Err(BtfError::TooDeep { id })
    }

    /// Natural alignment of a type in bytes; 1 for a packed struct, which is recognised by
    /// misaligned members or a size that is no multiple of its alignment.
    ///
    /// # Errors
    /// As [`Btf::size_of`].
    pub fn align_of(&self, id: TypeId) -> Result<u32, BtfError> {
        self.align_within(id, 0, &mut Budget::new(id))
    }

    fn align_within(&self, id: TypeId, depth: u32, budget: &mut Budget) -> Result<u32, BtfError> {
        budget.spend(depth)?;
        let ty = self.ty(id)?;
        match ty {
            Type::Int(_) | Type::Enum(_) | Type::Enum64(_) | Type::Float { .. } => {
                Ok(self.size_of(id)?.clamp(1, self.max_scalar_align(&ty)))
            }
            Type::Ptr { .. } => Ok(self.pointer_bytes()),
            Type::Typedef { target, .. }
            | Type::Volatile { target }
            | Type::Const { target }
            | Type::Restrict { target }
            | Type::TypeTag { target, .. }
            | Type::Var { ty: target, .. }
            | Type::Array { element: target, .. } => self.align_within(target, depth + 1, budget),
            Type::Struct(composite) | Type::Union(composite) => {
                let (align, is_packed) = self.composite_align(&composite, depth, budget)?;
                Ok(if is_packed { 1 } else { align })
            }
            _ => Err(BtfError::NoSize { id, kind: ty.kind() }),
        }
    }

    /// The largest alignment of a member, and whether the layout contradicts it.
    fn composite_align(
        &self,
        composite: &Composite<'_>,
        depth: u32,
        budget: &mut Budget,
    ) -> Result<(u32, bool), BtfError> {
        let (mut align, mut is_packed) = (1, false);
        for member in composite.members() {
            let member_align = self.align_within(member.ty, depth + 1, budget)?;
            let (offset, bits) = self.member_bits(composite, &member)?;
            is_packed |= match bits {
                None => !offset.is_multiple_of(8 * member_align),
                // Without packing a bit-field lies in one unit of its type.
                Some(bits) => {
                    let unit = self.size_of(member.ty)?.clamp(1, 16) * 8;
                    offset / unit != offset.saturating_add(u32::from(bits).max(1) - 1) / unit
                }
            };
            align = align.max(member_align);
        }
        Ok((align, is_packed || !composite.size_bytes().is_multiple_of(align)))
    }

    /// Whether members lie where only `__attribute__((packed))` puts them.
    pub(crate) fn is_packed(&self, composite: &Composite<'_>) -> Result<bool, BtfError> {
        let mut budget = Budget::new(TypeId::VOID);
        Ok(self.composite_align(composite, 0, &mut budget)?.1)
    }

    /// 16 for 128-bit integers, the pointer size for everything wider than a pointer.
    fn max_scalar_align(&self, ty: &Type<'_>) -> u32 {
        match ty {
            Type::Int(int) if int.size_bytes == 16 => 16,
            _ => self.pointer_bytes(),
        }
    }

    /// Where a member's bits are: first bit in the composite, and the width if it is a bit-field.
    /// Also understands the INT-encoded bit-fields of compilers before `kind_flag` (4.20).
    ///
    /// # Errors
    /// As [`Btf::resolve_typedefs`].
    pub fn member_bits(
        &self,
        composite: &Composite<'_>,
        member: &Member<'_>,
    ) -> Result<(u32, Option<u8>), BtfError> {
        if composite.has_bitfields() || member.bitfield_bits.is_some() {
            return Ok((member.bit_offset, member.bitfield_bits));
        }
        match self.resolved(member.ty)?.1 {
            Type::Int(int)
                if int.bit_offset != 0
                    || u32::from(int.n_bits) < int.size_bytes.saturating_mul(8) =>
            {
                let bits = (int.encoding != crate::IntEncoding::Bool).then_some(int.n_bits);
                Ok((member.bit_offset.saturating_add(int.bit_offset.into()), bits))
            }
            _ => Ok((member.bit_offset, None)),
        }
    }

    /// Finds a member by name in a struct or union (behind typedefs and qualifiers), looking into
    /// anonymous structs and unions as C does.
    ///
    /// # Errors
    /// [`BtfError::WrongKind`] if `id` is no struct or union; [`BtfError::TooDeep`].
    pub fn find_field(&self, id: TypeId, name: &str) -> Result<Option<Field<'_>>, BtfError> {
        let (id, ty) = self.resolved(id)?;
        if ty.composite().is_none() {
            let expected = "struct or union";
            return Err(BtfError::WrongKind { id, kind: ty.kind(), expected });
        }
        let mut path = Vec::new();
        let found = self.field_at_depth(id, name, 0, 0, &mut path, &mut Budget::new(id))?;
        Ok(found.map(|(composite, member, bit_offset)| {
            path.reverse();
            Field { path: FieldPath(path), member, composite, bit_offset }
        }))
    }

    /// On success pushes the member indices innermost first.
    fn field_at_depth(
        &self,
        id: TypeId,
        name: &str,
        bit_offset: u32,
        depth: u32,
        path: &mut Vec<u32>,
        budget: &mut Budget,
    ) -> Result<Option<(TypeId, Member<'_>, u32)>, BtfError> {
        let (id, ty) = self.resolved(id)?;
        let Some(composite) = ty.composite() else {
            return Ok(None);
        };
        for (idx, member) in composite.members().enumerate() {
            budget.spend(depth)?;
            let at = bit_offset.saturating_add(member.bit_offset);
            let found = if member.name.is_empty() {
                self.field_at_depth(member.ty, name, at, depth + 1, path, budget)?
            } else {
                (member.name == name).then_some((id, member, at))
            };
            if found.is_some() {
                path.push(idx as u32);
                return Ok(found);
            }
        }
        Ok(None)
    }
}
