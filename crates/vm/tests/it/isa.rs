//! Every instruction against RFC 9669, computed here in another way, on both engines.

use crate::common::{Builder, run, vm};
use bpfc_isa::{
    AluOp, AtomicOp, Extension, Insn, JmpOp, LoadType, Reg, Size, Src, SwapBits, SwapOp, Wide,
    Width,
};
use bpfc_object::{Function, ObjInsn, Object};
use bpfc_vm::Input;

pub fn object(insns: Vec<Insn>) -> Object {
    let mut object = Builder::new().build();
    object.functions.push(Function {
        name: "prog".into(),
        section: "xdp".into(),
        insns: insns.into_iter().map(ObjInsn::new).collect(),
        ..Function::default()
    });
    object
}

fn outcome(insns: Vec<Insn>) -> u64 {
    let object = object(insns);
    run(&mut vm(&object), &object, &Input::default()).unwrap().ret
}

fn load(dst: Reg, value: u64) -> Insn {
    let value = Wide::Value(value);
    Insn::LoadImm64 { dst, value }
}

fn copy(dst: Reg, src: Reg) -> Insn {
    Insn::Alu { width: Width::W64, op: AluOp::Mov, dst, src: Src::Reg(src) }
}

/// Numbers at which something changes.
const CORNERS: [u64; 16] = [
    0,
    1,
    2,
    7,
    31,
    32,
    63,
    64,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_0000_0003,
    u64::MAX,
];

fn signed(value: u64, bits: u32) -> i128 {
    let value = i128::from(value) & ((1 << bits) - 1);
    if value >> (bits - 1) != 0 { value - (1 << bits) } else { value }
}

fn unsigned(value: u64, bits: u32) -> i128 {
    i128::from(value) & ((1 << bits) - 1)
}

/// RFC 9669 §4.1, in integers that do not overflow.
fn alu(op: AluOp, width: Width, a: u64, b: u64) -> u64 {
    let bits = width.bits();
    let (ua, ub) = (unsigned(a, bits), unsigned(b, bits));
    let (sa, sb) = (signed(a, bits), signed(b, bits));
    let count = (b % u64::from(bits)) as u32;
    let result = match op {
        AluOp::Add => ua + ub,
        AluOp::Sub => ua - ub,
        AluOp::Mul => {
            let product = (ua as u128).wrapping_mul(ub as u128);
            (product & u128::from(u64::MAX)) as i128
        }
        AluOp::Div if ub == 0 => 0,
        AluOp::Div => ua / ub,
        AluOp::SDiv if sb == 0 => 0,
        AluOp::SDiv => sa / sb,
        AluOp::Mod if ub == 0 => ua,
        AluOp::Mod => ua % ub,
        AluOp::SMod if sb == 0 => sa,
        AluOp::SMod => sa % sb,
        AluOp::Or => ua | ub,
        AluOp::And => ua & ub,
        AluOp::Xor => ua ^ ub,
        AluOp::Lsh => ua << count,
        AluOp::Rsh => ua >> count,
        AluOp::Arsh => sa >> count,
        AluOp::Mov => ub,
    };
    (result & ((1 << bits) - 1)) as u64
}

const WIDTHS: [Width; 2] = [Width::W32, Width::W64];

#[test]
fn arithmetic() {
    for op in AluOp::ALL {
        for width in WIDTHS {
            for a in CORNERS {
                for b in CORNERS {
                    let insn = |src| Insn::Alu { width, op, dst: Reg::R0, src };
                    let reg = vec![
                        load(Reg::R0, a),
                        load(Reg::R2, b),
                        insn(Src::Reg(Reg::R2)),
                        Insn::Exit,
                    ];
                    let context = format!("{op:?} {width:?} {a:#x} {b:#x}");
                    assert_eq!(outcome(reg), alu(op, width, a, b), "{context}");
                    let imm = vec![load(Reg::R0, a), insn(Src::Imm(b as i32)), Insn::Exit];
                    let b = b as i32 as i64 as u64;
                    assert_eq!(outcome(imm), alu(op, width, a, b), "{context} immediate");
                }
            }
        }
    }
}

fn compare(op: JmpOp, width: Width, a: u64, b: u64) -> bool {
    let bits = width.bits();
    let (ua, ub) = (unsigned(a, bits), unsigned(b, bits));
    let (sa, sb) = (signed(a, bits), signed(b, bits));
    match op {
        JmpOp::Eq => ua == ub,
        JmpOp::Ne => ua != ub,
        JmpOp::Set => ua & ub != 0,
        JmpOp::Gt => ua > ub,
        JmpOp::Ge => ua >= ub,
        JmpOp::Lt => ua < ub,
        JmpOp::Le => ua <= ub,
        JmpOp::SGt => sa > sb,
        JmpOp::SGe => sa >= sb,
        JmpOp::SLt => sa < sb,
        JmpOp::SLe => sa <= sb,
    }
}

#[test]
fn conditional_jumps() {
    for op in JmpOp::ALL {
        for width in WIDTHS {
            for a in CORNERS {
                for b in CORNERS {
                    let program = |src| {
                        vec![
                            load(Reg::R3, a),
                            load(Reg::R2, b),
                            load(Reg::R0, 1),
                            Insn::JumpIf { width, op, dst: Reg::R3, src, off: 2 },
                            load(Reg::R0, 0),
                            Insn::Exit,
                        ]
                    };
                    let context = format!("{op:?} {width:?} {a:#x} {b:#x}");
                    let expected = u64::from(compare(op, width, a, b));
                    assert_eq!(outcome(program(Src::Reg(Reg::R2))), expected, "{context}");
                    let expected = compare(op, width, a, b as i32 as i64 as u64);
                    let ret = outcome(program(Src::Imm(b as i32)));
                    assert_eq!(ret, u64::from(expected), "{context} immediate");
                }
            }
        }
    }
}

#[test]
fn unary_operations() {
    for a in CORNERS.into_iter().chain([0x0123_4567_89ab_cdef, 0x8080]) {
        let on_r0 = |insn| outcome(vec![load(Reg::R0, a), insn, Insn::Exit]);
        for width in WIDTHS {
            let mask = (1 << width.bits()) - 1;
            let negated = -unsigned(a, width.bits()) & mask;
            let insn = Insn::Neg { width, dst: Reg::R0 };
            assert_eq!(on_r0(insn), negated as u64, "-{a:#x} {width:?}");
        }
        for extension in Extension::ALL {
            let insn = Insn::SignExtend { extension, dst: Reg::R0, src: Reg::R0 };
            let mask = (1 << extension.width().bits()) - 1;
            let expected = signed(a, extension.bits()) & mask;
            assert_eq!(on_r0(insn), expected as u64, "{extension:?} {a:#x}");
        }
        for bits in SwapBits::ALL {
            let low = unsigned(a, bits.bits()) as u64;
            let n_bytes = (bits.bits() / 8) as usize;
            let reversed = low.to_le_bytes()[..n_bytes]
                .iter()
                .fold(0, |sum, &byte| sum << 8 | u64::from(byte));
            for op in SwapOp::ALL {
                let insn = Insn::ByteSwap { op, bits, dst: Reg::R0 };
                let expected = if op == SwapOp::Le { low } else { reversed };
                assert_eq!(on_r0(insn), expected, "{op:?} {bits:?} {a:#x}");
            }
        }
    }
}

#[test]
fn loads_and_stores() {
    for value in CORNERS.into_iter().chain([0x0123_4567_89ab_cdef, 0x8182_8384_8586_8788]) {
        for size in Size::ALL {
            let store = |src| Insn::Store { size, base: Reg::R10, off: -16, src };
            let types = LoadType::ALL.into_iter().filter(|ty| ty.size() == size);
            for ty in types {
                let read = Insn::Load { ty, dst: Reg::R0, base: Reg::R10, off: -16 };
                let bits = size.bytes() * 8;
                let expected = |value| match ty.is_signed() {
                    true => signed(value, bits) as u64,
                    false => unsigned(value, bits) as u64,
                };
                let by_reg = vec![load(Reg::R3, value), store(Src::Reg(Reg::R3)), read, Insn::Exit];
                assert_eq!(outcome(by_reg), expected(value), "{ty:?} {value:#x}");
                let by_imm = vec![store(Src::Imm(value as i32)), read, Insn::Exit];
                let value = value as i32 as i64 as u64;
                assert_eq!(outcome(by_imm), expected(value), "{ty:?} {value:#x}");
            }
        }
    }
}

#[test]
fn atomics() {
    let interesting = [0, 5, 0x8000_0000, 0xffff_ffff_0000_0001, u64::MAX];
    for op in AtomicOp::ALL {
        for width in WIDTHS {
            for old in interesting {
                for operand in interesting {
                    for expected_old in [old, 5] {
                        atomic(op, width, old, operand, expected_old);
                    }
                }
            }
        }
    }
}

fn atomic(op: AtomicOp, width: Width, old: u64, operand: u64, r0: u64) {
    let bits = width.bits();
    let mask = (unsigned(u64::MAX, bits)) as u64;
    let at = |insns: &mut Vec<Insn>, dst, result| {
        insns.push(Insn::Load { ty: LoadType::U64, dst, base: Reg::R10, off: -8 });
        insns.push(copy(Reg::R0, result));
        insns.push(Insn::Exit);
    };
    let start = || {
        vec![
            load(Reg::R1, old),
            Insn::Store { size: Size::DW, base: Reg::R10, off: -8, src: Src::Reg(Reg::R1) },
            load(Reg::R0, r0),
            load(Reg::R2, operand),
            Insn::Atomic { op, width, base: Reg::R10, off: -8, src: Reg::R2 },
            copy(Reg::R6, Reg::R0),
        ]
    };
    let fits = old & mask;
    let new = match op {
        AtomicOp::Add | AtomicOp::FetchAdd => fits.wrapping_add(operand),
        AtomicOp::Or | AtomicOp::FetchOr => fits | operand,
        AtomicOp::And | AtomicOp::FetchAnd => fits & operand,
        AtomicOp::Xor | AtomicOp::FetchXor => fits ^ operand,
        AtomicOp::Xchg => operand,
        AtomicOp::CmpXchg if fits == r0 & mask => operand,
        AtomicOp::CmpXchg => fits,
    };
    let new = (old & !mask) | (new & mask);
    let r2 = if op.fetches() && op != AtomicOp::CmpXchg { fits } else { operand };
    let r0_after = if op == AtomicOp::CmpXchg { fits } else { r0 };
    for (result, expected) in [(Reg::R7, new), (Reg::R2, r2), (Reg::R6, r0_after)] {
        let mut insns = start();
        at(&mut insns, Reg::R7, result);
        let context = format!("{op:?} {width:?} {old:#x} {operand:#x} {r0:#x} in {result}");
        assert_eq!(outcome(insns), expected, "{context}");
    }
}

#[test]
fn packet_loads_are_in_network_order() {
    let mut packet: Vec<u8> = (0..64).collect();
    packet[13] = 0;
    let input = Input { packet: Some(packet), ..Input::default() };
    let run_filter = |text: &str| {
        let object = Builder::new().func("prog", "socket", text).build();
        run(&mut vm(&object), &object, &input).unwrap().ret
    };
    assert_eq!(run_filter("r6 = r1\nr0 = *(u8 *)skb[20]\nexit"), 20);
    assert_eq!(run_filter("r6 = r1\nr0 = *(u16 *)skb[20]\nexit"), 0x1415);
    assert_eq!(run_filter("r6 = r1\nr0 = *(u32 *)skb[60]\nexit"), 0x3c3d_3e3f);
    assert_eq!(run_filter("r6 = r1\nr2 = 10\nr0 = *(u8 *)skb[r2]\nexit"), 10);
    // Outside the packet the program returns 0.
    assert_eq!(run_filter("r6 = r1\nr0 = *(u32 *)skb[61]\nr0 = 9\nexit"), 0);
    // SKF_NET_OFF and SKF_LL_OFF.
    assert_eq!(run_filter("r6 = r1\nr0 = *(u8 *)skb[-0x100000]\nexit"), 14);
    assert_eq!(run_filter("r6 = r1\nr0 = *(u8 *)skb[-0x1ffffe]\nexit"), 2);
}

#[test]
fn long_jumps_and_loops_with_a_budget() {
    let text = "r0 = 1\ngotol end\nr0 = 2\nend: exit";
    assert_eq!(crate::common::result(text), 1);
    let text = "r0 = 0\nagain: r0 += 1\nmay_goto out\nif r0 != 50 goto again\nout: exit";
    assert_eq!(crate::common::result(text), 50);
}
