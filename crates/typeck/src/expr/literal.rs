//! Constants and string literals (C11 6.4.4, 6.4.5).

use super::Operand;
use crate::bytes;
use crate::checker::Checker;
use crate::hir::{
    ExprId, FloatKind, Global, GlobalId, GlobalInit, GlobalKind, IntKind, Linkage, PlaceKind,
    QualType, Type, TypeId,
};
use bpfc_base::Span;
use bpfc_parser::ast::{IntLit, StrLit, StrPrefix};

impl Checker<'_> {
    /// C11 6.4.4.1p5: the first type of the list that holds the value.
    pub fn int_literal(&mut self, literal: IntLit, span: Span) -> ExprId {
        use IntKind::*;
        let value = literal.value;
        let fits = |kind: IntKind| {
            let bits = kind.bits() - u32::from(kind.is_signed());
            bits >= 64 || value >> bits == 0
        };
        let candidates: &[IntKind] = match literal.n_long {
            0 => &[Int, UInt, Long, ULong],
            1 => &[Long, ULong],
            _ => &[LongLong, ULongLong],
        };
        let is_allowed = |kind: IntKind| {
            if literal.is_unsigned {
                !kind.is_signed()
            } else {
                kind.is_signed() || !literal.is_decimal
            }
        };
        let fitting = candidates.iter().copied().find(|&kind| is_allowed(kind) && fits(kind));
        // A decimal constant past `long` has no type in C; GNU C takes the unsigned one.
        let kind = fitting.unwrap_or(if literal.n_long == 2 { ULongLong } else { ULong });
        let ty = self.int_type(kind);
        self.int(i128::from(value), ty, span)
    }

    /// C11 6.4.4.2p4: the suffix, which only the spelling has, says which type.
    pub fn float_literal(&mut self, value: f64, span: Span) -> ExprId {
        let text = self.session.sources.text(span);
        let kind = match text.as_bytes().last() {
            Some(b'f' | b'F') => FloatKind::Float,
            Some(b'l' | b'L') => FloatKind::LongDouble,
            _ => FloatKind::Double,
        };
        let ty = self.derive(Type::Float(kind), span);
        self.float(value, ty, span)
    }

    /// C11 6.3.1.8p1: the floating type in which `a op b` is computed.
    pub fn common_float(&mut self, a: TypeId, b: TypeId, span: Span) -> TypeId {
        let has = |kind| [a, b].iter().any(|&ty| *self.resolved(ty) == Type::Float(kind));
        let kinds = [FloatKind::LongDouble, FloatKind::Double, FloatKind::Float];
        let kind = kinds.into_iter().find(|&kind| has(kind)).unwrap_or(FloatKind::Double);
        self.derive(Type::Float(kind), span)
    }

    pub fn char_literal(&mut self, value: i64, prefix: StrPrefix, span: Span) -> ExprId {
        let kind = match prefix {
            StrPrefix::None | StrPrefix::Wide => IntKind::Int,
            StrPrefix::Utf8 => IntKind::UChar,
            StrPrefix::Char16 => IntKind::UShort,
            StrPrefix::Char32 => IntKind::UInt,
        };
        let ty = self.int_type(kind);
        self.int(i128::from(value), ty, span)
    }

    /// The type of a string literal's elements.
    pub fn string_elem(&mut self, prefix: StrPrefix) -> TypeId {
        self.int_type(match prefix {
            StrPrefix::None | StrPrefix::Utf8 => IntKind::Char,
            StrPrefix::Char16 => IntKind::UShort,
            StrPrefix::Char32 => IntKind::UInt,
            StrPrefix::Wide => IntKind::Int,
        })
    }

    /// The bytes of a string literal, terminator included.
    pub fn string_bytes(&self, literal: &StrLit) -> Vec<u8> {
        let unit_bytes = match literal.prefix {
            StrPrefix::None | StrPrefix::Utf8 => 1,
            StrPrefix::Char16 => 2,
            StrPrefix::Char32 | StrPrefix::Wide => 4,
        };
        let units = literal.units.iter().chain(std::iter::once(&0));
        units
            .flat_map(|&unit| bytes::of_number(self.module.endian, unit.into(), unit_bytes))
            .collect()
    }

    /// C11 6.4.5p6: a string literal is an array with static storage.
    pub fn string_expr(&mut self, literal: &StrLit) -> Operand {
        let span = literal.span;
        let elem = self.string_elem(literal.prefix);
        let len = literal.units.len() as u64 + 1;
        let ty = self.array_of(QualType::plain(elem), Some(len), span);
        let bytes = self.string_bytes(literal);
        let global = self.string_global(bytes, QualType::plain(ty), span);
        let place = self.place(PlaceKind::Global(global), QualType::plain(ty), span);
        Operand::place(place, span)
    }

    /// A global for the string `bytes`.
    pub fn string_global(&mut self, bytes: Vec<u8>, ty: QualType, span: Span) -> GlobalId {
        let name = match self.n_strings {
            0 => ".str".to_owned(),
            n => format!(".str.{n}"),
        };
        self.n_strings += 1;
        let name = self.session.intern(&name);
        let align = self.module.types.align_of(ty.ty).unwrap_or(1);
        self.module.globals.push(Global {
            name,
            ty,
            kind: GlobalKind::StringLiteral,
            linkage: Linkage::Static,
            init: GlobalInit::Data { bytes, relocs: Vec::new() },
            section: None,
            align,
            decl_tags: Vec::new(),
            span,
        })
    }
}
