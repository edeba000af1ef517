//! `.BTF.ext` round trips and what clang writes.

use bpfc_btf::{
    Btf, BtfError, BtfExt, CoreRecord, Endian, FuncRecord, LineRecord, StrOff, Type, TypeId,
};

use crate::kernel::{SAMPLE, clang_sections};

fn sample() -> BtfExt {
    let mut ext = BtfExt::default();
    for (section, insn) in [(StrOff(5), 0), (StrOff(9), 0), (StrOff(5), 64)] {
        ext.push_func(section, FuncRecord { insn_offset_bytes: insn, func: TypeId(insn + 3) });
        let (file, text) = (StrOff(20), StrOff(30));
        let (line, column) = (4_194_303, 1023);
        let line = LineRecord { insn_offset_bytes: insn, file, text, line, column };
        ext.push_line(section, line);
    }
    let access = StrOff(40);
    let core = CoreRecord { insn_offset_bytes: 8, ty: TypeId(7), access, kind: 12 };
    ext.push_relocation(StrOff(9), core);
    ext
}

#[test]
fn tables_survive_writing_and_reading() {
    for endian in [Endian::Little, Endian::Big] {
        for ext in [sample(), BtfExt::default()] {
            assert_eq!(BtfExt::parse(&ext.to_bytes(endian)), Ok(ext));
        }
    }
}

#[test]
fn longer_records_and_shorter_headers_are_understood() {
    // A 24-byte header without CO-RE table, and func records of 12 bytes.
    let words = [24u32, 0, 24, 24, 0, 12, 1, 1, 16, 5, 99];
    let mut blob = vec![0x9f, 0xeb, 1, 0];
    words.iter().for_each(|word| blob.extend(word.to_le_bytes()));
    let fixed =
        |blob: &mut Vec<u8>, length: u32| blob[12..16].copy_from_slice(&length.to_le_bytes());
    fixed(&mut blob, 24);
    let ext = BtfExt::parse(&blob).unwrap();
    assert_eq!(ext.funcs[0].records, [FuncRecord { insn_offset_bytes: 16, func: TypeId(5) }]);
    assert!(ext.relocations.is_empty());
    blob[24] = 4;
    assert!(matches!(BtfExt::parse(&blob), Err(BtfError::BadExt { value: 4, .. })));
}

#[test]
fn every_truncation_is_an_error_or_a_shorter_table() {
    let blob = sample().to_bytes(Endian::Little);
    for length in 0..blob.len() {
        assert!(BtfExt::parse(&blob[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn clangs_tables_make_sense_and_are_rewritten_byte_for_byte() {
    let Some((_, btf, ext_bytes)) = clang_sections("ext", SAMPLE) else {
        return;
    };
    let btf = Btf::parse(btf).unwrap();
    let ext = BtfExt::parse(&ext_bytes).unwrap();
    assert_eq!(ext.to_bytes(Endian::Little), ext_bytes);
    let mut funcs: Vec<(&str, &str)> = ext
        .funcs
        .iter()
        .flat_map(|section| section.records.iter().map(|record| (section.name, record.func)))
        .map(|(section, func)| (btf.string(section).unwrap(), btf.name(func)))
        .collect();
    funcs.sort_unstable();
    assert_eq!(funcs, [(".text", "helper"), ("tc", "other"), ("xdp", "prog")]);
    for record in ext.relocations.iter().flat_map(|section| &section.records) {
        assert!(btf.string(record.access).unwrap().starts_with("0:"));
        assert!(matches!(btf.ty(record.ty), Ok(Type::Struct(s)) if s.name() == "foo"));
    }
    let texts = ext.lines.iter().flat_map(|section| &section.records);
    let mut texts = texts.map(|record| btf.string(record.text).unwrap());
    assert!(texts.any(|text| text.contains("return helper(c->a)")));
}
