//! Garbage in: an error or a smaller truth out, never a panic or a hang.

use bpfc_btf::c::{Pointees, definitions, type_name};
use bpfc_btf::core::{CoreKind, CoreRelocation, relocate};
use bpfc_btf::{Btf, BtfError, BtfExt, Endian, KindSet, NameIndex, TypeDef, TypeId, dump_raw};

use crate::common::{every_kind, kernel};

/// xorshift64*, so that failures repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }
}

/// Asks everything of a blob that was accepted.
fn exercise(btf: &Btf) {
    for id in btf.ids() {
        let _ = (btf.size_of(id), btf.align_of(id), btf.resolve_typedefs(id));
        let _ = (btf.find_field(id, "v"), TypeDef::from_btf(btf, id));
    }
    let _ = (dump_raw(btf).len(), btf.find_enumerator("RED"), btf.pointer_bytes());
    let _ = btf.find_all(&["node", "int", "print"], KindSet::ALL);
    let _ = NameIndex::build(btf);
    let ids: Vec<TypeId> = btf.ids().collect();
    let _ = definitions(btf, &ids, Pointees::Define);
    ids.iter().for_each(|&id| _ = type_name(btf, id, "x"));
    for (ty, kind) in ids.iter().flat_map(|&ty| (0..13).map(move |kind| (ty, kind))) {
        let kind = CoreKind::from_number(kind).unwrap();
        for access in ["0", "0:3:1", "0:4:0", "1:1"] {
            let _ = relocate(btf, &CoreRelocation { ty, access, kind }, btf);
        }
    }
}

#[test]
fn every_truncation_is_an_error() {
    let blob = every_kind().to_bytes(Endian::Little).unwrap();
    for length in 0..blob.len() {
        assert!(Btf::parse(blob[..length].to_vec()).is_err(), "{length} bytes");
    }
}

#[test]
fn random_changes_never_panic() {
    let blob = every_kind().to_bytes(Endian::Little).unwrap();
    let mut random = Random(0x5eed);
    let mut n_accepted = 0;
    for _ in 0..1_500 {
        let mut bytes = blob.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = match random.below(4) {
                0 => 0,
                1 => 0xff,
                2 => bytes[at] ^ 1 << random.below(8),
                _ => random.below(256) as u8,
            };
        }
        if let Ok(btf) = Btf::parse(bytes.clone()) {
            n_accepted += 1;
            exercise(&btf);
        } else if let Ok(btf) = Btf::trust(bytes.clone()) {
            exercise(&btf);
        }
        let _ = BtfExt::parse(&bytes);
    }
    assert!(n_accepted > 100, "most accepted blobs are interesting: {n_accepted}");
}

#[test]
fn a_damaged_kernel_blob_never_panics() {
    let Some(kernel) = kernel() else { return };
    let mut random = Random(0xcafe);
    for _ in 0..10 {
        let mut bytes = kernel.bytes().to_vec();
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
        let trusted = Btf::trust(bytes.clone());
        for btf in Btf::parse(bytes).into_iter().chain(trusted) {
            let _ = btf.find_by_name("task_struct", KindSet::STRUCT);
            let _ = btf.find_enumerator("TASK_COMM_LEN");
        }
    }
}

#[test]
fn trusted_types_end_where_the_damage_is() {
    let mut blob = every_kind().to_bytes(Endian::Little).unwrap();
    let whole = Btf::parse(blob.clone()).unwrap();
    assert_eq!(dump_raw(&Btf::trust(blob.clone()).unwrap()), dump_raw(&whole));
    // The first two types are of 16 bytes; the third has no kind any more.
    blob[24 + 16 + 16 + 7] = 0x1e;
    assert!(matches!(Btf::parse(blob.clone()), Err(BtfError::UnknownKind { kind: 0x1e, .. })));
    let damaged = Btf::trust(blob).unwrap();
    assert_eq!(damaged.end_id(), 3);
    assert!(matches!(damaged.ty(TypeId(3)), Err(BtfError::NoSuchType { .. })));
    exercise(&damaged);
}

#[test]
fn errors_say_where() {
    let blob = every_kind().to_bytes(Endian::Little).unwrap();
    let with = |at: usize, value: u32| {
        let mut bytes = blob.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        Btf::parse(bytes).unwrap_err()
    };
    assert_eq!(with(24, 0x7fff), BtfError::BadStringOffset { value: 0x7fff, offset_bytes: 24 });
    assert!(matches!(
        with(28, 0x1e00_0000),
        BtfError::UnknownKind { offset_bytes: 28.., .. }
            | BtfError::UnknownKind { offset_bytes: 24, kind: 0x1e, .. }
    ));
    assert!(matches!(with(28, 0x0100_0001), BtfError::BadRecord { offset_bytes: 24, .. }));
    assert!(matches!(with(0, 0), BtfError::BadMagic { magic: 0 }));
    assert!(matches!(with(4, 4), BtfError::BadHeader { offset_bytes: 4, .. }));
    assert!(matches!(with(16, 1), BtfError::BadHeader { what: "str_off", .. }));
    // The third type is the struct's pointer: 16 (int) + 16 (bool) + record of the struct.
    let pointer = 24 + 16 + 16 + 12 + 5 * 12;
    let error = with(pointer + 8, 9999);
    assert_eq!(error, BtfError::BadReference { value: 9999, offset_bytes: pointer as u64 + 8 });
    assert_eq!(error.to_string(), "type id 9999 used at offset 0x88 does not exist");
}
