//! Initialisers of objects with static storage: bytes, and addresses for the linker.

use super::{Content, LeafValue};
use crate::bytes;
use crate::checker::Checker;
use crate::hir::{
    ExprId, ExprKind, Global, GlobalInit, GlobalKind, InitReloc, Linkage, PlaceId, PlaceKind,
    QualType,
};
use bpfc_base::Span;
use bpfc_base::codes::types::{E0309, E0310, E0311};
use bpfc_btf::Endian;
use bpfc_parser::ast::{InitList, Initializer};

/// The largest object with content other than zeros, in bytes.
const MAX_DATA_BYTES: u64 = 64 << 20;

/// Content under construction.
#[derive(Debug, Default)]
struct Image {
    bytes: Vec<u8>,
    relocs: Vec<InitReloc>,
}

impl Checker<'_> {
    /// The content that `init` gives a global of type `ty`, and the type completed.
    pub fn global_init(
        &mut self,
        ty: QualType,
        init: &Initializer,
        span: Span,
    ) -> (QualType, GlobalInit) {
        let (ty, content) = self.content(ty, init, span);
        if content.is_bad {
            return (ty, GlobalInit::Zero);
        }
        let init = self.content_bytes(ty, content, span).unwrap_or(GlobalInit::Zero);
        (ty, init)
    }

    fn content_bytes(&mut self, ty: QualType, content: Content, span: Span) -> Option<GlobalInit> {
        let size = self.module.types.size_of(ty.ty)?.max(content.flexible_end);
        let is_zero = content.leaves.iter().all(|leaf| match &leaf.value {
            LeafValue::Expr(value) => self.const_int(*value) == Some(0),
            LeafValue::Bytes(bytes) => bytes.iter().all(|&byte| byte == 0),
        });
        if is_zero && size == self.module.types.size_of(ty.ty)? {
            return Some(GlobalInit::Zero);
        }
        if size > MAX_DATA_BYTES {
            self.error(E0311, span, "this object is too large to have content");
            return None;
        }
        let mut image = Image { bytes: vec![0; size as usize], relocs: Vec::new() };
        for leaf in content.leaves {
            match leaf.value {
                LeafValue::Bytes(bytes) => {
                    let at = (leaf.offset_bits / 8) as usize;
                    image.write(at, &bytes);
                }
                LeafValue::Expr(value) => {
                    self.put_constant(value, leaf.offset_bits, leaf.bits, &mut image)?;
                }
            }
        }
        image.relocs.sort_by_key(|reloc| reloc.offset);
        Some(GlobalInit::Data { bytes: image.bytes, relocs: image.relocs })
    }

    /// Writes the constant `value`; `None`, reported, if it is not constant.
    fn put_constant(
        &mut self,
        value: ExprId,
        offset_bits: u64,
        bits: Option<u32>,
        image: &mut Image,
    ) -> Option<()> {
        let at = (offset_bits / 8) as usize;
        let ty = self.type_of(value);
        let size = self.module.types.size_of(ty)? as usize;
        if let Some(number) = self.const_int(value) {
            match bits {
                Some(bits) => image.write_bits(self.module.endian, offset_bits, bits, number),
                None => image.write(at, &bytes::of_number(self.module.endian, number, size)),
            }
            return Some(());
        }
        if let Some(number) = self.const_float(value) {
            let span = self.span_of(value);
            match size {
                4 => image.write(
                    at,
                    &bytes::of_number(self.module.endian, (number as f32).to_bits().into(), 4),
                ),
                8 => image
                    .write(at, &bytes::of_number(self.module.endian, number.to_bits().into(), 8)),
                _ => {
                    self.float_error(span, span);
                    return None;
                }
            }
            return Some(());
        }
        if size == 8
            && bits.is_none()
            && let Some(address) = self.const_address(value)
        {
            match address.base {
                None => image.write(at, &bytes::of_number(self.module.endian, address.offset, 8)),
                Some(target) => {
                    let addend = i64::try_from(address.offset).unwrap_or(0);
                    image.write(at, &[0; 8]);
                    image.relocs.retain(|reloc| reloc.offset != at as u64);
                    image.relocs.push(InitReloc { offset: at as u64, target, addend });
                }
            }
            return Some(());
        }
        if let ExprKind::Load(place) = self.body.exprs[value].kind {
            return self.copy_constant(place, at, size, image);
        }
        self.report_not_constant_init(value);
        None
    }

    fn report_not_constant_init(&mut self, value: ExprId) {
        let span = self.span_of(value);
        let message = "the initialiser of an object with static storage must be constant";
        self.error(E0309, span, message);
    }

    /// `static struct s a = (struct s){ … }` and `static const int b = a`: GNU C copies the
    /// content of a constant object.
    fn copy_constant(
        &mut self,
        place: PlaceId,
        at: usize,
        size: usize,
        image: &mut Image,
    ) -> Option<()> {
        let value_span = self.body.places[place].span;
        let found = self.constant_bytes(place, size);
        let Some((bytes, relocs)) = found else {
            let message = "the initialiser of an object with static storage must be constant";
            self.error(E0309, value_span, message);
            return None;
        };
        image.write(at, &bytes);
        for reloc in relocs {
            image.relocs.push(InitReloc { offset: reloc.offset + at as u64, ..reloc });
        }
        Some(())
    }

    /// The content of a constant global at `place`.
    fn constant_bytes(&self, place: PlaceId, size: usize) -> Option<(Vec<u8>, Vec<InitReloc>)> {
        let PlaceKind::Global(global) = self.body.places[place].kind else {
            return None;
        };
        let global = &self.module.globals[global];
        if !self.is_const_object(global.ty) && global.name != self.literal_symbol {
            return None;
        }
        match &global.init {
            GlobalInit::None => None,
            GlobalInit::Zero => Some((vec![0; size], Vec::new())),
            GlobalInit::Data { bytes, relocs } => {
                Some((bytes.get(..size)?.to_vec(), relocs.clone()))
            }
        }
    }

    /// The bytes of a literal that [`Checker::static_literal`] made, if they are numbers.
    pub fn literal_bytes(&self, place: PlaceId, size: usize) -> Option<Vec<u8>> {
        let (bytes, relocs) = self.constant_bytes(place, size)?;
        relocs.is_empty().then_some(bytes)
    }

    /// A compound literal outside functions: an object with static storage.
    pub fn static_literal(&mut self, ty: QualType, list: &InitList, span: Span) -> PlaceId {
        if self.is_error(ty.ty) {
            return self.poison_place(span);
        }
        let (ty, init) = self.global_init(ty, &Initializer::List(list.clone()), span);
        if !self.complete_deeply(ty.ty) {
            self.error(E0310, span, "this literal has an incomplete type");
            return self.poison_place(span);
        }
        let align = self.declared_align(ty.ty);
        let global = self.module.globals.push(Global {
            name: self.literal_symbol,
            ty,
            kind: GlobalKind::Data,
            linkage: Linkage::Static,
            init,
            section: None,
            align,
            decl_tags: Vec::new(),
            span,
        });
        self.place(PlaceKind::Global(global), ty, span)
    }
}

impl Image {
    /// Writes `bytes` at `at`; what an earlier initialiser put there is overridden.
    fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = (at + bytes.len()).min(self.bytes.len());
        if let Some(target) = self.bytes.get_mut(at..end) {
            target.copy_from_slice(&bytes[..end - at]);
        }
        let covered = at as u64..end as u64;
        self.relocs.retain(|reloc| !covered.contains(&reloc.offset));
    }

    /// Writes the low `bits` bits of `number` at bit `offset`.
    fn write_bits(&mut self, endian: Endian, offset: u64, bits: u32, number: i128) {
        for bit in 0..u64::from(bits) {
            // Big-endian machines count from the highest bit of the first byte on.
            let at = match endian {
                Endian::Little => offset + bit,
                Endian::Big => (offset + u64::from(bits) - 1 - bit) ^ 7,
            };
            let Some(byte) = self.bytes.get_mut((at / 8) as usize) else {
                return;
            };
            let mask = 1u8 << (at % 8);
            if number >> bit & 1 == 1 {
                *byte |= mask;
            } else {
                *byte &= !mask;
            }
        }
    }
}
