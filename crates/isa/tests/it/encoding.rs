//! Encoding and decoding are inverse, and decoding is strict.

use std::collections::BTreeSet;

use bpfc_isa::{
    Callee, DecodeError, Endian, Insn, Malformed, Reg, Wide, decode, decode_program, encode,
    encode_program,
};

use crate::forms::{Random, every_form};

const ENDIANS: [Endian; 2] = [Endian::Little, Endian::Big];

#[test]
fn every_form_survives_the_round_trip() {
    let mut random = Random::new(1);
    for _ in 0..200 {
        let insns = every_form(&mut random);
        for endian in ENDIANS {
            for insn in &insns {
                let bytes = encode(insn, endian);
                assert_eq!(bytes.len() as u32, 8 * insn.slots());
                assert_eq!(decode(&bytes, endian).as_ref(), Ok(insn), "{bytes:02x?}");
            }
            let bytes = encode_program(&insns, endian);
            assert_eq!(decode_program(&bytes, endian).as_ref(), Ok(&insns));
        }
    }
}

/// For every opcode, with fields that are often zero and sometimes not.
#[test]
fn whatever_decodes_encodes_to_the_same_bytes() {
    let mut random = Random::new(2);
    let mut accepted = BTreeSet::new();
    for opcode in 0..=u8::MAX {
        for _ in 0..3000 {
            let mut bytes = [0; 16];
            bytes[0] = opcode;
            for _ in 0..random.below(6) {
                let at = 1 + random.below(15) as usize;
                let any = random.u64() as u8;
                bytes[at] = random.pick(&[0, 1, 8, 16, 0x21, any]);
            }
            for endian in ENDIANS {
                if let Ok(insn) = decode(&bytes, endian) {
                    accepted.insert(opcode);
                    let again = encode(&insn, endian);
                    assert_eq!(*again, bytes[..again.len()], "{insn:?}");
                }
            }
        }
    }
    let forms = every_form(&mut random);
    let expected: BTreeSet<u8> = forms.iter().map(|insn| encode(insn, Endian::Little)[0]).collect();
    assert_eq!(accepted, expected);
}

#[test]
fn byte_order_reaches_registers_offset_and_immediates() {
    let load = Insn::LoadImm64 { dst: Reg::R1, value: Wide::Value(0x1122_3344_5566_7788) };
    assert_eq!(
        *encode(&load, Endian::Little),
        [0x18, 0x01, 0, 0, 0x88, 0x77, 0x66, 0x55, 0, 0, 0, 0, 0x44, 0x33, 0x22, 0x11]
    );
    assert_eq!(
        *encode(&load, Endian::Big),
        [0x18, 0x10, 0, 0, 0x55, 0x66, 0x77, 0x88, 0, 0, 0, 0, 0x11, 0x22, 0x33, 0x44]
    );
    let kfunc = Insn::Call(Callee::Kfunc { id: 0x0102, off: 3 });
    assert_eq!(*encode(&kfunc, Endian::Little), [0x85, 0x20, 3, 0, 2, 1, 0, 0]);
    assert_eq!(*encode(&kfunc, Endian::Big), [0x85, 0x02, 0, 3, 0, 0, 1, 2]);
}

#[test]
fn malformed_encodings_are_named() {
    let field = |opcode, field, value| Malformed::Field { opcode, field, value };
    for (bytes, expected) in [
        (vec![], Malformed::Truncated { bytes: 0 }),
        (vec![0x95, 0, 0, 0, 0, 0, 0], Malformed::Truncated { bytes: 7 }),
        (vec![0x18, 0, 0, 0, 0, 0, 0, 0, 0, 0], Malformed::Truncated { bytes: 10 }),
        (vec![0x00, 0, 0, 0, 0, 0, 0, 0], Malformed::Opcode { opcode: 0 }),
        (vec![0x8d, 0, 0, 0, 0, 0, 0, 0], Malformed::Opcode { opcode: 0x8d }),
        (vec![0x8f, 0, 0, 0, 0, 0, 0, 0], Malformed::Opcode { opcode: 0x8f }),
        (vec![0x96, 0, 0, 0, 0, 0, 0, 0], Malformed::Opcode { opcode: 0x96 }),
        (vec![0x99, 0, 0, 0, 0, 0, 0, 0], Malformed::Opcode { opcode: 0x99 }),
        (vec![0xb7, 0x0b, 0, 0, 0, 0, 0, 0], Malformed::Register { field: "dst", number: 11 }),
        (vec![0xbf, 0xf0, 0, 0, 0, 0, 0, 0], Malformed::Register { field: "src", number: 15 }),
        (vec![0xb7, 0x10, 0, 0, 0, 0, 0, 0], field(0xb7, "src", 1)),
        (vec![0xbf, 0, 0, 0, 1, 0, 0, 0], field(0xbf, "imm", 1)),
        (vec![0xbc, 0, 32, 0, 0, 0, 0, 0], field(0xbc, "off", 32)),
        (vec![0xbf, 0, 1, 0, 0, 0, 0, 0], field(0xbf, "off", 1)),
        (vec![0xb7, 0, 8, 0, 0, 0, 0, 0], field(0xb7, "off", 8)),
        (vec![0x0f, 0, 1, 0, 0, 0, 0, 0], field(0x0f, "off", 1)),
        (vec![0x3f, 0, 2, 0, 0, 0, 0, 0], field(0x3f, "off", 2)),
        (vec![0xdc, 0, 0, 0, 8, 0, 0, 0], field(0xdc, "imm", 8)),
        (vec![0x61, 0, 0, 0, 0, 0, 0, 1], field(0x61, "imm", 1 << 24)),
        (vec![0x05, 1, 0, 0, 0, 0, 0, 0], field(0x05, "dst", 1)),
        (vec![0x06, 0, 1, 0, 0, 0, 0, 0], field(0x06, "off", 1)),
        (vec![0x85, 0x30, 0, 0, 0, 0, 0, 0], field(0x85, "src", 3)),
        (vec![0x85, 0x10, 1, 0, 0, 0, 0, 0], field(0x85, "off", 1)),
        (vec![0xdb, 0, 0, 0, 0x02, 0, 0, 0], field(0xdb, "imm", 2)),
        (vec![0xd3, 0, 0, 0, 0x01, 0, 0, 0], field(0xd3, "imm", 1)),
        (vec![0xe5, 0x10, 0, 0, 0, 0, 0, 0], field(0xe5, "src", 1)),
    ] {
        assert_eq!(decode(&bytes, Endian::Little), Err(expected), "{bytes:02x?}");
    }
}

#[test]
fn malformed_second_slots_are_named() {
    for (at, value, field) in [
        (8, 1, "opcode of the second slot"),
        (9, 1, "dst of the second slot"),
        (9, 0x10, "src of the second slot"),
        (10, 1, "off of the second slot"),
        (12, 1, "imm of the second slot"),
    ] {
        let insn = Insn::LoadImm64 { dst: Reg::R1, value: Wide::MapFd(5) };
        let mut bytes = encode(&insn, Endian::Little).to_vec();
        bytes[at] = value;
        let value = 1;
        let expected = Malformed::Field { opcode: 0x18, field, value };
        assert_eq!(decode(&bytes, Endian::Little), Err(expected));
    }
}

#[test]
fn errors_say_where() {
    let mut bytes = encode_program(
        &[Insn::LoadImm64 { dst: Reg::R0, value: Wide::Value(1) }, Insn::Exit],
        Endian::Little,
    );
    bytes.push(0x95);
    let error = decode_program(&bytes, Endian::Little).unwrap_err();
    assert_eq!(error, DecodeError { offset: 24, reason: Malformed::Truncated { bytes: 1 } });
    assert_eq!(error.to_string(), "at byte 24: instruction is cut off after 1 bytes");
}

#[test]
fn arbitrary_bytes_do_not_panic() {
    let mut random = Random::new(3);
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..random.below(40)).map(|_| random.u64() as u8).collect();
        for endian in ENDIANS {
            if let Ok(insns) = decode_program(&bytes, endian) {
                assert_eq!(encode_program(&insns, endian), bytes);
            }
        }
    }
}
