//! Layout of structs and unions, as clang lays them out for x86-64 and BPF (the System V
//! ABI with GNU bit-fields): pure arithmetic.

/// A member to be placed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Size of its type in bytes; 0 for a flexible array.
    pub size: u64,
    /// Alignment of its type in bytes.
    pub align: u32,
    /// Width, if it is a bit-field.
    pub bits: Option<u32>,
    /// Whether a bit-field has a name: others do not align the record.
    pub is_named: bool,
    /// `packed` on the member.
    pub is_packed: bool,
    /// `aligned` or `_Alignas` on the member.
    pub explicit_align: Option<u32>,
}

/// What holds for the record as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecordRules {
    pub is_union: bool,
    /// `packed`
    pub is_packed: bool,
    /// `aligned`
    pub explicit_align: Option<u32>,
    /// `#pragma pack(n)`, in bytes.
    pub pack: Option<u32>,
}

/// Where everything went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Of each field, in bits.
    pub offsets: Vec<u64>,
    /// In bytes.
    pub size: u64,
    /// In bytes.
    pub align: u32,
}

/// The largest record, in bytes: what a 32-bit offset in bits can address in BTF.
pub(crate) const MAX_RECORD_BYTES: u64 = (1 << 32) / 8;

/// Lays out `fields`; `None` if the record is larger than [`MAX_RECORD_BYTES`].
pub(crate) fn layout(fields: &[Field], rules: RecordRules) -> Option<Layout> {
    let mut end_bits: u64 = 0;
    let mut align: u32 = 1;
    let mut offsets = Vec::with_capacity(fields.len());
    for field in fields {
        let start = if rules.is_union { 0 } else { end_bits };
        let (offset, field_align) = match field.bits {
            Some(bits) => place_bits(field, bits, start, rules),
            None => place_whole(field, start, rules),
        };
        let width = match field.bits {
            Some(bits) => u64::from(bits),
            None => field.size.checked_mul(8)?,
        };
        end_bits = end_bits.max(offset.checked_add(width)?);
        if end_bits / 8 > MAX_RECORD_BYTES {
            return None;
        }
        align = align.max(field_align);
        offsets.push(offset);
    }
    align = align.max(rules.explicit_align.unwrap_or(1));
    let size = end_bits.div_ceil(8).next_multiple_of(u64::from(align));
    (size <= MAX_RECORD_BYTES).then_some(Layout { offsets, size, align })
}

/// Offset in bits and alignment in bytes of a member that is no bit-field.
fn place_whole(field: &Field, start: u64, rules: RecordRules) -> (u64, u32) {
    let mut align = if rules.is_packed || field.is_packed { 1 } else { field.align };
    align = align.max(field.explicit_align.unwrap_or(1));
    if let Some(pack) = rules.pack {
        align = align.min(pack);
    }
    let bytes = start.div_ceil(8).next_multiple_of(u64::from(align));
    (bytes * 8, align)
}

/// Offset in bits and alignment in bytes of a bit-field.
///
/// A bit-field starts at the next bit, unless it would then straddle a boundary of its
/// type's size. One of width 0 starts at the next such boundary. Packed bit-fields may
/// straddle.
fn place_bits(field: &Field, bits: u32, start: u64, rules: RecordRules) -> (u64, u32) {
    let unit_bits = field.size * 8;
    let explicit_bits = field.explicit_align.map(|align| u64::from(align) * 8);
    let natural_bits = (u64::from(field.align) * 8).max(explicit_bits.unwrap_or(1));
    let is_packed = (rules.is_packed || field.is_packed) && bits != 0;
    let mut align_bits = if is_packed { explicit_bits.unwrap_or(1) } else { natural_bits };
    let pack_bits = rules.pack.map(|pack| u64::from(pack) * 8);
    if let Some(pack) = pack_bits
        && bits != 0
    {
        // Under `#pragma pack`, compilers forget that a bit-field is packed.
        align_bits = natural_bits.min(pack);
    }
    let straddles = start % align_bits + u64::from(bits) > unit_bits;
    let offset = if bits == 0 || (pack_bits.is_none() && straddles) {
        start.next_multiple_of(align_bits)
    } else {
        match explicit_bits {
            Some(explicit) if pack_bits.is_none_or(|pack| explicit <= pack) => {
                start.next_multiple_of(explicit)
            }
            _ => start,
        }
    };
    let align = if field.is_named { (align_bits / 8).max(1) as u32 } else { 1 };
    (offset, align)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(size: u64) -> Field {
        Field {
            size,
            align: size as u32,
            bits: None,
            is_named: true,
            is_packed: false,
            explicit_align: None,
        }
    }

    fn bits(size: u64, width: u32) -> Field {
        Field { bits: Some(width), is_named: width != 0, ..whole(size) }
    }

    #[test]
    fn pads_members() {
        let result = layout(&[whole(1), whole(8), whole(2)], RecordRules::default()).unwrap();
        assert_eq!(result, Layout { offsets: vec![0, 64, 128], size: 24, align: 8 });
        let packed = RecordRules { is_packed: true, ..RecordRules::default() };
        let result = layout(&[whole(1), whole(8), whole(2)], packed).unwrap();
        assert_eq!(result, Layout { offsets: vec![0, 8, 72], size: 11, align: 1 });
        let pack = RecordRules { pack: Some(2), ..RecordRules::default() };
        let result = layout(&[whole(1), whole(8), whole(2)], pack).unwrap();
        assert_eq!(result, Layout { offsets: vec![0, 16, 80], size: 12, align: 2 });
    }

    #[test]
    fn places_bit_fields_in_units() {
        let fields = [bits(4, 20), bits(4, 20), whole(1)];
        let result = layout(&fields, RecordRules::default()).unwrap();
        assert_eq!(result, Layout { offsets: vec![0, 32, 56], size: 8, align: 4 });
        let packed = RecordRules { is_packed: true, ..RecordRules::default() };
        let result = layout(&fields, packed).unwrap();
        assert_eq!(result, Layout { offsets: vec![0, 20, 40], size: 6, align: 1 });
        let fields = [bits(1, 3), bits(4, 0), bits(1, 2)];
        let result = layout(&fields, RecordRules::default()).unwrap();
        assert_eq!(result, Layout { offsets: vec![0, 32, 32], size: 5, align: 1 });
    }

    #[test]
    fn refuses_giants() {
        assert_eq!(layout(&[whole(1 << 40)], RecordRules::default()), None);
        let union = RecordRules { is_union: true, ..RecordRules::default() };
        assert_eq!(layout(&[whole(4), whole(8)], union).unwrap().size, 8);
    }
}
