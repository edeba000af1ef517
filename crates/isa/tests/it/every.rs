//! Every opcode with every register and with the numbers at which something could change: what decodes has a text, and
//! that text assembles to the same bytes. Also in the listing of a program.

use crate::forms::{Random, every_form};
use bpfc_isa::{
    Cpu, Endian, Insn, Malformed, assemble, decode, disassemble, encode, encode_program,
};
use std::collections::BTreeSet;

/// Offsets: zero, both ends, sizes of extensions, and neighbours of powers of two.
const OFFS: [i16; 13] = [0, 1, -1, 8, 16, 32, -8, 127, 128, 255, -256, i16::MIN, i16::MAX];

/// Immediates: the same, and whatever means an operation or a width.
const IMMS: [i32; 27] = [
    0,
    1,
    -1,
    16,
    32,
    64,
    0x40,
    0x50,
    0xa0,
    0xe0,
    0x41,
    0x51,
    0xa1,
    0xe1,
    0xf1,
    0x100,
    0x110,
    127,
    128,
    255,
    0x7fff,
    0x8000,
    -0x8000,
    -0x8001,
    0x1_0000,
    i32::MIN,
    i32::MAX,
];

/// One past the registers, so that those are refused.
const REGISTERS: u8 = 12;

/// All instructions with the opcode and the fields above, through the decoder.
fn insns(opcode: u8) -> Vec<Insn> {
    let mut insns = Vec::new();
    for registers in 0..REGISTERS * REGISTERS {
        let (dst, src) = (registers % REGISTERS, registers / REGISTERS);
        for off in OFFS {
            for imm in IMMS {
                let mut bytes = [0; 16];
                bytes[..2].copy_from_slice(&[opcode, src << 4 | dst]);
                bytes[2..4].copy_from_slice(&off.to_le_bytes());
                bytes[4..8].copy_from_slice(&imm.to_le_bytes());
                match decoded(&bytes) {
                    Ok(insn) => insns.push(insn),
                    Err(Malformed::Opcode { .. }) => return Vec::new(),
                    Err(Malformed::Register { .. }) => break,
                    Err(_) => {}
                }
                // The second slot of a 64-bit immediate load.
                if opcode == 0x18 && off == 0 {
                    for high in IMMS.into_iter().filter(|high| *high != 0) {
                        bytes[12..].copy_from_slice(&high.to_le_bytes());
                        insns.extend(decoded(&bytes));
                    }
                }
            }
        }
    }
    insns
}

/// The instruction of these bytes, which must also be its own in both byte orders.
fn decoded(bytes: &[u8]) -> Result<Insn, Malformed> {
    let insn = decode(bytes, Endian::Little)?;
    let again = encode(&insn, Endian::Little);
    assert_eq!(*again, bytes[..again.len()], "{insn:?}");
    let big = encode(&insn, Endian::Big);
    assert_eq!(decode(&big, Endian::Big), Ok(insn), "{big:02x?}");
    Ok(insn)
}

/// The text of each is read alone, as it stands in a log; a failure names the first.
fn assert_text_is_enough(insns: &[Insn]) {
    let text: String = insns.iter().map(|insn| format!("{insn}\n")).collect();
    let assembly = assemble(&text, &()).unwrap_or_else(|errors| panic!("{}", errors[0]));
    for (insn, again) in insns.iter().zip(&assembly.insns) {
        assert_eq!(encode(again, Endian::Little)[..], encode(insn, Endian::Little)[..], "{insn}");
    }
    assert_eq!(assembly.insns.len(), insns.len());
}

/// In a listing, jumps inside of the program go to labels, those that leave it keep their distance.
fn assert_listing_is_enough(insns: &[Insn]) {
    for program in insns.chunks(2000) {
        let text = disassemble(program, &());
        let again = assemble(&text, &()).unwrap_or_else(|errors| panic!("{}", errors[0]));
        let bytes = |insns: &[Insn]| encode_program(insns, Endian::Little);
        assert!(bytes(&again.insns) == bytes(program), "{}", program[0]);
    }
}

#[test]
fn every_instruction_assembles_from_its_text() {
    let forms = every_form(&mut Random::new(9));
    let known: BTreeSet<u8> = forms.iter().map(|insn| encode(insn, Endian::Little)[0]).collect();
    let mut versions = BTreeSet::new();
    for opcode in 0..=u8::MAX {
        let insns = insns(opcode);
        assert_eq!(!insns.is_empty(), known.contains(&opcode), "{opcode:#x}");
        assert_text_is_enough(&insns);
        assert_listing_is_enough(&insns);
        versions.extend(insns.iter().map(Insn::min_cpu));
    }
    assert_eq!(versions, BTreeSet::from(Cpu::ALL));
}
