//! The same programs on this machine's kernel, through `BPF_PROG_TEST_RUN`: results and packets must
//! be equal. Needs root, `bpftool`, `unshare` and a kernel that lets programs be loaded.

use crate::common::Builder;
use crate::random::Random;
use bpfc_base::Idx;
use bpfc_isa::{AluOp, Extension, Insn, JmpOp, Reg, Src, SwapBits, SwapOp, Syntax, Width};
use bpfc_kabi::MapType;
use bpfc_object::{DataKind, FuncId, Object};
use bpfc_vm::{Input, PacketStart, Vm};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

/// What the kernel made of one program.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    ret: u32,
    packet: Vec<u8>,
}

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Why the kernel cannot be asked, if so.
fn obstacle() -> Option<&'static str> {
    let succeeds = |tool: &str, args: &[&str]| {
        let output = Command::new(tool).args(args).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !succeeds("unshare", &["-m", "true"]) {
        return Some("mounting bpffs needs root");
    }
    (!succeeds("bpftool", &["prog", "show"])).then_some("no bpftool, or the kernel refuses bpf(2)")
}

/// Runs every program of `object` on `packet` in the kernel; none, with a note, if that is not
/// possible here.
fn ask_kernel(object: &Object, packet: &[u8], name: &str) -> Option<Vec<Answer>> {
    if let Some(reason) = obstacle() {
        assert!(std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "{reason}");
        bpfc_testkit::skipped(reason);
        return None;
    }
    let dir = std::env::temp_dir().join(format!("bpfc-vm-{name}-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("fs")).unwrap();
    let scratch = Scratch(dir);
    let dir = scratch.0.display();
    std::fs::write(scratch.0.join("o.o"), bpfc_object::write(object).unwrap()).unwrap();
    std::fs::write(scratch.0.join("in"), packet).unwrap();
    let mut script = format!(
        "set -e; mount -t bpf bpf {dir}/fs; bpftool prog loadall {dir}/o.o {dir}/fs/p >&2\n"
    );
    for (_, function) in object.programs() {
        let program = &function.name;
        let _ = writeln!(
            script,
            "bpftool -j prog run pinned {dir}/fs/p/{program} data_in {dir}/in data_out {dir}/{program} data_size_out 20000; echo",
        );
    }
    let output = Command::new("unshare").args(["-m", "sh", "-c", &script]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.matches("retval").count(), object.programs().count(), "{errors}{lines}");
    let answers = object.programs().zip(lines.lines().filter(|line| line.contains("retval"))).map(
        |((_, function), line)| {
            let ret = line.split("\"retval\":").nth(1).unwrap();
            let ret = ret.split([',', '}']).next().unwrap();
            Answer {
                ret: ret.trim().parse().unwrap(),
                packet: std::fs::read(scratch.0.join(&function.name)).unwrap(),
            }
        },
    );
    Some(answers.collect())
}

/// Asks both and compares, program by program, each on a fresh machine.
fn agree(object: &Object, packet: &[u8], name: &str) {
    let Some(answers) = ask_kernel(object, packet, name) else {
        return;
    };
    let input =
        Input { packet: Some(packet.to_vec()), start: PacketStart::TestRun, ..Input::default() };
    let mut differences = String::new();
    for ((id, function), answer) in object.programs().zip(answers) {
        let mut vm = Vm::new(object, Default::default()).unwrap();
        let listing = || {
            let insns = function.insns.iter().map(|insn| insn.insn.text(Syntax::Plain));
            insns.fold(String::new(), |text, insn| format!("{text}  {insn}\n"))
        };
        let outcome = match vm.run(id, &input) {
            Ok(outcome) => outcome,
            Err(error) => panic!("{error} in `{}`\n{}", function.name, listing()),
        };
        let ours = Answer {
            ret: outcome.ret as u32,
            packet: [outcome.metadata, outcome.packet.unwrap()].concat(),
        };
        if ours != answer {
            let text = |answer: &Answer| String::from_utf8_lossy(&answer.packet).into_owned();
            let _ = writeln!(
                differences,
                "`{}`\n kernel {} {:?}\n vm     {} {:?}",
                function.name,
                answer.ret as i32,
                text(&answer),
                ours.ret as i32,
                text(&ours),
            );
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

/// A UDP datagram in IPv4 in Ethernet.
fn datagram() -> Vec<u8> {
    let mut packet: Vec<u8> = (0..80).collect();
    packet[12..14].copy_from_slice(&[8, 0]);
    packet[14..34].copy_from_slice(&[
        0x45, 0, 0, 66, 0x1c, 0x46, 0x40, 0, 0x40, 17, 0xb1, 0xe6, 10, 0, 0, 1, 10, 0, 0, 2,
    ]);
    packet
}

/// Straight-line arithmetic and forward jumps on numbers, which the verifier accepts.
fn arithmetic(random: &mut Random) -> Vec<Insn> {
    let mut insns = Vec::new();
    for dst in &Reg::ALL[..10] {
        let value = bpfc_isa::Wide::Value(random.corner());
        insns.push(Insn::LoadImm64 { dst: *dst, value });
    }
    let n = 60;
    for idx in 0..n {
        let (width, dst, src) = (random.width(), random.reg(), random.reg());
        insns.push(match random.below(8) {
            0..=3 => {
                let op = random.pick(&AluOp::ALL);
                let src = match (random.below(2), op) {
                    (0, AluOp::Lsh | AluOp::Rsh | AluOp::Arsh) => {
                        Src::Imm(random.below(u64::from(width.bits())) as i32)
                    }
                    // The verifier refuses an immediate zero as divisor.
                    (0, _) => Src::Imm(random.imm() | 1),
                    _ => Src::Reg(src),
                };
                Insn::Alu { width, op, dst, src }
            }
            4 => Insn::Neg { width, dst },
            5 => Insn::SignExtend { extension: random.pick(&Extension::ALL), dst, src },
            6 => Insn::ByteSwap {
                op: random.pick(&SwapOp::ALL),
                bits: random.pick(&SwapBits::ALL),
                dst,
            },
            _ => Insn::JumpIf {
                width,
                op: random.pick(&JmpOp::ALL),
                dst,
                src: random.pick(&[Src::Reg(src), Src::Imm(-1), Src::Imm(7)]),
                off: random.below((n - idx).min(6)) as i16,
            },
        });
    }
    // All registers count, and both halves.
    for &reg in &Reg::ALL[1..10] {
        for op in [AluOp::Add, AluOp::Xor] {
            insns.push(Insn::Alu { width: Width::W64, op, dst: Reg::R0, src: Src::Reg(reg) });
        }
    }
    let high = [
        (AluOp::Mov, Reg::R1, Src::Reg(Reg::R0)),
        (AluOp::Rsh, Reg::R1, Src::Imm(32)),
        (AluOp::Xor, Reg::R0, Src::Reg(Reg::R1)),
    ];
    insns.extend(high.map(|(op, dst, src)| Insn::Alu { width: Width::W64, op, dst, src }));
    insns.push(Insn::Exit);
    insns
}

#[test]
fn random_arithmetic() {
    let mut builder = Builder::new();
    let n_programs = 40;
    for number in 0..n_programs {
        builder = builder.func(&format!("prog{number}"), "xdp", "exit");
    }
    let mut object = builder.build();
    for number in 0..n_programs {
        let insns = arithmetic(&mut Random(number as u64));
        let function = &mut object.functions[FuncId::new(number)];
        function.insns = insns.into_iter().map(Into::into).collect();
    }
    agree(&object, &datagram(), "arithmetic");
}

/// Functions named by their number from lines of `section: text`.
fn programs(builder: Builder, texts: &[(&str, &str)]) -> Object {
    let mut builder = builder;
    for (number, (section, text)) in texts.iter().enumerate() {
        builder = builder.func(&format!("prog{number}"), section, text);
    }
    builder.build()
}

#[test]
fn packets_and_their_fields() {
    let field = |offset| format!("r0 = *(u32 *)(r1 + {offset})\nexit");
    let tc_fields =
        [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 64, 68, 72, 84, 160, 164, 176];
    let socket_fields = [0, 4, 8, 16, 20, 40, 44, 48];
    let mut texts: Vec<(&str, String)> = Vec::new();
    texts.extend(tc_fields.map(|offset| ("tc", field(offset))));
    texts.extend(socket_fields.map(|offset| ("socket", field(offset))));
    texts.extend([12, 16].map(|offset| ("xdp", field(offset))));
    for load in [
        "*(u8 *)skb[9]",
        "*(u16 *)skb[2]",
        "*(u32 *)skb[12]",
        "*(u32 *)skb[62]",
        "*(u32 *)skb[63]",
        "*(u8 *)skb[-0x100000]",
        "*(u16 *)skb[-0x1ffff4]",
        "*(u8 *)skb[-1]",
    ] {
        texts.push(("socket", format!("r6 = r1\nr0 = {load}\nexit")));
        texts.push(("tc", format!("r6 = r1\nr0 = {load}\nexit")));
    }
    let texts: Vec<(&str, &str)> =
        texts.iter().map(|(section, text)| (*section, &**text)).collect();
    agree(&programs(Builder::new(), &texts), &datagram(), "fields");
}

/// Calls `helper` with numbers in `r2` and up; `r1` is the context.
fn call(helper: &str, args: &[i64]) -> String {
    let args: String = (2..).zip(args).map(|(reg, arg)| format!("r{reg} = {arg}\n")).collect();
    format!("{args}call {helper}\nexit")
}

#[test]
fn helpers_that_change_packets() {
    let mut texts = Vec::new();
    let mut add = |section: &'static str, helper: &str, args: &[i64]| {
        texts.push((section, call(helper, args)));
    };
    for delta in [-4, -216, -217, 5, 66, 67] {
        add("xdp", "bpf_xdp_adjust_head", &[delta]);
    }
    for delta in [-66, -67, 4, 1000, 4000] {
        add("xdp", "bpf_xdp_adjust_tail", &[delta]);
    }
    for delta in [-4, -3, -252, -256, 4] {
        add("xdp", "bpf_xdp_adjust_meta", &[delta]);
    }
    for (delta, mode) in [(4, 0), (4, 1), (-4, 0), (-4, 1), (-46, 0), (-47, 1), (0x1000, 0), (8, 2)]
    {
        add("tc", "bpf_skb_adjust_room", &[delta, mode, 0]);
    }
    for flags in [2, 4, 6, 2 | 8, 2 | 8 | 16, 128, 512] {
        add("tc", "bpf_skb_adjust_room", &[40, 1, flags]);
        add("tc", "bpf_skb_adjust_room", &[-20, 1, flags]);
    }
    for (proto, tci) in [(0x81, 5), (0xa888, 6), (0, 7)] {
        add("tc", "bpf_skb_vlan_push", &[proto, tci]);
    }
    for len in [13, 14, 40, 80, 100, 2000, 16_064, 16_065] {
        add("tc", "bpf_skb_change_tail", &[len, 0]);
    }
    for len in [0, 14, 200, 20_000] {
        add("tc", "bpf_skb_change_head", &[len, 0]);
    }
    for proto in [0xdd86, 8, 0] {
        add("tc", "bpf_skb_change_proto", &[proto, 0]);
    }
    for kind in [0, 1, 4] {
        add("tc", "bpf_skb_change_type", &[kind]);
    }
    for len in [0, 80, 81] {
        add("tc", "bpf_skb_pull_data", &[len]);
    }
    for (offset, from, to, flags) in [
        (24, 0x0640, 0x063f, 2),
        (24, 0x0640_0001, 0x063f_0002, 4),
        (24, 0, 0x1234_5678, 0),
        (24, 1, 2, 0),
        (25, 1, 2, 2),
        (80, 1, 2, 2),
        (24, 1, 2, 3),
    ] {
        add("tc", "bpf_l3_csum_replace", &[offset, from, to, flags]);
        add("tc", "bpf_l4_csum_replace", &[offset, from, to, flags | 0x10]);
        add("tc", "bpf_l4_csum_replace", &[offset, from, to, flags | 0x20]);
    }
    let twice = "r6 = r1\nr2 = 0x81\nr3 = 5\ncall bpf_skb_vlan_push\nr1 = r6\nr2 = 0xa888\nr3 = 6\n\
                 call bpf_skb_vlan_push\n";
    let ends = [
        "r0 = *(u32 *)(r6 + 24)\nexit".to_owned(),
        "r0 = *(u32 *)(r6 + 28)\nexit".to_owned(),
        "r0 = *(u32 *)(r6 + 16)\nexit".to_owned(),
        "r1 = r6\ncall bpf_skb_vlan_pop\nr0 = *(u32 *)(r6 + 24)\nexit".to_owned(),
        "r1 = r6\ncall bpf_skb_vlan_pop\nr1 = r6\ncall bpf_skb_vlan_pop\nr0 = *(u32 *)(r6 + 16)\nexit"
            .to_owned(),
    ];
    texts.extend(ends.map(|end| ("tc", format!("{twice}{end}"))));
    let texts: Vec<(&str, &str)> =
        texts.iter().map(|(section, text)| (*section, &**text)).collect();
    agree(&programs(Builder::new(), &texts), &datagram(), "packets");
}

#[test]
fn helpers_that_compute() {
    let mut texts = Vec::new();
    for (text, flags) in [("42", 0), (" -12x", 10), ("0x1F", 0), ("0x1F", 16), ("077", 0), ("9", 8)]
    {
        let word = |chunk: &[u8]| {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(bytes)
        };
        for helper in ["bpf_strtol", "bpf_strtoul"] {
            texts.push(format!(
                "r1 = {:#x} ll
                 *(u64 *)(r10 - 8) = r1
                 r1 = r10
                 r1 += -8
                 r2 = {}
                 r3 = {flags}
                 r4 = r10
                 r4 += -16
                 call {helper}
                 r1 = *(u64 *)(r10 - 16)
                 r1 <<= 8
                 r0 += r1
                 exit",
                word(text.as_bytes()),
                text.len(),
            ));
        }
    }
    for (from, to, seed) in
        [(0, 8, 0), (8, 0, 0xffff_ffffu32), (4, 8, 0x1234), (0, 0, 77), (3, 4, 0)]
    {
        let seed = seed as i32;
        texts.push(format!(
            "r1 = 0xfedcba9876543210 ll
             *(u64 *)(r10 - 8) = r1
             r1 = r10
             r1 += -8
             r2 = {from}
             r3 = r10
             r3 += -8
             r4 = {to}
             r5 = {seed}
             call bpf_csum_diff
             exit"
        ));
    }
    for size in [0, 1, 3, 8, 32] {
        texts.push(format!(
            "*(u64 *)(r10 - 8) = -1
             *(u64 *)(r10 - 16) = -1
             *(u64 *)(r10 - 24) = -1
             *(u64 *)(r10 - 32) = -1
             *(u64 *)(r10 - 48) = -5
             *(u64 *)(r10 - 40) = 300
             r1 = r10
             r1 += -32
             r2 = {size}
             r3 = .rodata ll
             r4 = r10
             r4 += -48
             r5 = 16
             call bpf_snprintf
             r1 = *(u64 *)(r10 - 32)
             r0 += r1
             r1 = *(u64 *)(r10 - 24)
             r0 ^= r1
             exit"
        ));
    }
    for word in ["0x006f6c6c6568", "0x00706c6c6568", "0x0000006c6568", "0x786f6c6c6568"] {
        texts.push(format!(
            "r1 = {word} ll
             *(u64 *)(r10 - 8) = r1
             r1 = r10
             r1 += -8
             r2 = 8
             r3 = .rodata.str ll
             call bpf_strncmp
             exit"
        ));
    }
    let builder = Builder::new().data(".rodata", DataKind::ReadOnly, b"%-5d|%+lld;%%\0").data(
        ".rodata.str",
        DataKind::ReadOnly,
        b"hello\0",
    );
    let texts: Vec<(&str, &str)> = texts.iter().map(|text| ("tc", &**text)).collect();
    agree(&programs(builder, &texts), &datagram(), "compute");
}

#[test]
fn formatted_text() {
    let formats = [
        "%d|%i|%u|%x|%X",
        "%ld|%lld|%llu|%llx",
        "%5d|%-5d|%05d|%+d|% d",
        "%+5d|%-+5d|%+05d|%0-5d",
        "%c%c|%3c|%-3c|",
        "%s|%8s|%-8s|",
        "%pI4|%pi4|%pI6|%pi6",
        "%p|%px|%20px|%-20px",
        "%p|%020px|%3px|%+px",
        "%%|%5x|%-5x|%05X|%lu",
        "%pks|%5s",
        "\u{e4} %s\n",
    ];
    let mut builder = Builder::new();
    let mut texts = Vec::new();
    for (number, format) in formats.iter().enumerate() {
        let section = format!(".rodata.f{number}");
        builder = builder.data(&section, DataKind::ReadOnly, &[format.as_bytes(), &[0]].concat());
        // Numbers for all, or the address of text: five of either.
        let is_text = format.contains('s') || format.contains("pi");
        let set: String = (1..6)
            .map(|idx| {
                let value = if is_text {
                    "r1 = r10\nr1 += -112\n".to_owned()
                } else {
                    let value = [0, 0x41, u64::MAX - 41, 0x1_8000_0042, 65, 0][idx];
                    format!("r1 = {value:#x} ll\n")
                };
                format!("{value}*(u64 *)(r10 - {}) = r1\n", 8 * idx)
            })
            .collect();
        let clear: String =
            (6..15).map(|idx| format!("*(u64 *)(r10 - {}) = 0\n", 8 * idx)).collect();
        texts.push(format!(
            "r6 = r1
             {clear}{set}
             r1 = 0x6c6c6548 ll
             *(u64 *)(r10 - 112) = r1
             r1 = r10
             r1 += -104
             r2 = 64
             r3 = {section} ll
             r4 = r10
             r4 += -40
             r5 = 40
             call bpf_snprintf
             r7 = r0
             r1 = r6
             r2 = 16
             r3 = r10
             r3 += -104
             r4 = 64
             r5 = 0
             call bpf_skb_store_bytes
             r0 = r7
             exit"
        ));
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|text| ("tc", &**text)).collect();
    agree(&programs(builder, &texts), &datagram(), "formats");
}

#[test]
fn what_map_operations_answer() {
    let update = |map: &str, key: i32, flags: i32| {
        format!(
            "*(u32 *)(r10 - 4) = {key}
             *(u64 *)(r10 - 16) = {key}
             r1 = {map} ll
             r2 = r10
             r2 += -4
             r3 = r10
             r3 += -16
             r4 = {flags}
             call bpf_map_update_elem
             r6 *= 31
             r6 -= r0
             "
        )
    };
    let delete = |map: &str, key: i32| {
        format!(
            "*(u32 *)(r10 - 4) = {key}
             r1 = {map} ll
             r2 = r10
             r2 += -4
             call bpf_map_delete_elem
             r6 *= 31
             r6 -= r0
             "
        )
    };
    let mut texts = Vec::new();
    for map in ["hash", "array", "percpu", "lru", "small"] {
        let mut text = "r6 = 0\n".to_owned();
        for flags in [2, 1, 1, 2, 3, 0] {
            text += &update(map, 1, flags);
        }
        if map != "lru" {
            for key in 2..6 {
                text += &update(map, key, 0);
            }
        }
        text += &delete(map, 1);
        text += &delete(map, 1);
        texts.push(text + "r0 = r6\nexit");
    }
    for (map, flags) in [("queue", 0), ("queue", 2), ("stack", 0), ("stack", 1)] {
        let mut text = "r6 = 0\n".to_owned();
        for number in 1..6 {
            text += &format!(
                "*(u64 *)(r10 - 8) = {number}
                 r1 = {map} ll
                 r2 = r10
                 r2 += -8
                 r3 = {flags}
                 call bpf_map_push_elem
                 r6 *= 31
                 r6 -= r0
                 "
            );
        }
        for helper in ["peek", "pop", "pop", "pop", "pop", "peek"] {
            text += &format!(
                "r1 = {map} ll
                 r2 = r10
                 r2 += -8
                 call bpf_map_{helper}_elem
                 r6 *= 31
                 r6 -= r0
                 r0 = *(u64 *)(r10 - 8)
                 r6 += r0
                 "
            );
        }
        texts.push(text + "r0 = r6\nexit");
    }
    let builder = Builder::new()
        .map("hash", MapType::Hash, 4, 8, 4)
        .map("array", MapType::Array, 4, 8, 4)
        .map("percpu", MapType::PercpuHash, 4, 8, 4)
        .map("lru", MapType::LruHash, 4, 8, 100)
        .map("small", MapType::PercpuArray, 4, 8, 2)
        .map("queue", MapType::Queue, 0, 8, 3)
        .map("stack", MapType::Stack, 0, 8, 3);
    let texts: Vec<(&str, &str)> = texts.iter().map(|text| ("tc", &**text)).collect();
    agree(&programs(builder, &texts), &datagram(), "maps");
}

#[test]
fn marks_of_packets() {
    let level = |levels: &[u32]| {
        let calls = levels.iter().map(|level| {
            format!("r1 = r6\nr2 = {level}\ncall bpf_csum_level\nr7 *= 31\nr7 += r0\n")
        });
        format!("r6 = r1\nr7 = 0\n{}r0 = r7\nexit", calls.collect::<String>())
    };
    let nothing = |helper: &str, args: &str| {
        format!(
            "r2 = -1\n*(u64 *)(r10 - 8) = r2\nr2 = r10\nr2 += -8\nr3 = 8\n{args}call {helper}\n\
             r1 = *(u64 *)(r10 - 8)\nr0 += r1\nexit"
        )
    };
    let mut texts = vec![
        ("tc", level(&[0, 1, 0, 1, 0, 1, 1, 1, 0])),
        ("tc", level(&[1, 1, 2, 0, 2, 0, 2, 0])),
        ("tc", level(&[1, 1, 3, 0, 4])),
        ("tc", nothing("bpf_skb_get_tunnel_opt", "")),
        ("tc", nothing("bpf_skb_get_xfrm_state", "r3 = r2\nr2 = 0\nr4 = 8\nr5 = 0\n")),
        ("cgroup_skb/ingress", "call bpf_skb_ecn_set_ce\nr0 &= 1\nexit".to_owned()),
    ];
    texts.push(("tc", "call bpf_skb_cgroup_classid\nexit".to_owned()));
    let texts: Vec<(&str, &str)> =
        texts.iter().map(|(section, text)| (*section, &**text)).collect();
    for tos in 0..4 {
        let mut packet = datagram();
        packet[15] = tos;
        agree(&programs(Builder::new(), &texts), &packet, "marks");
    }
    let mut packet = datagram();
    packet[12..16].copy_from_slice(&[0x86, 0xdd, 0x60, 0x20]);
    agree(&programs(Builder::new(), &texts), &packet, "marks");
}
