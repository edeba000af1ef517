"""What becomes of a function: its instructions, as bytes and as text, its license, and what the kernel says of it."""

import ctypes as ct
import os
import struct
import tempfile
import unittest

from bpfc import BPF, CompileError, LoadError, disassembler
from support import complaints, kernel

#: Opcodes, and BCC's text for each with registers 3 and 5, offset -2 and the number 9; `@` stands for the target.
WORDS = """
04 r3 += 9|05 goto @|07 r3 += 9|0c r3 += r5|0f r3 += r5|14 r3 -= 9|15 if r3 == 9 goto pc@|17 r3 -= 9|1c r3 -= r5
1d if r3 == r5 goto pc@|1f r3 -= r5|20 r0 = *(u32*)skb[9]|24 r3 *= 9|25 if r3 > 9 goto pc@|27 r3 *= 9
28 r0 = *(u16*)skb[9]|2c r3 *= r5|2d if r3 > r5 goto pc@|2f r3 *= r5|30 r0 = *(u8*)skb[9]
35 if r3 >= 9 goto pc@|38 r0 = *(u64*)skb[9]|3d if r3 >= r5 goto pc@|40 r0 = *(u32*)skb[r5 +9]|44 r3 |= 0x9
45 if r3 & 9 goto pc@|47 r3 |= 0x9|48 r0 = *(u16*)skb[r5 +9]|4c r3 |= r5|4d if r3 & r5 goto pc@|4f r3 |= r5
50 r0 = *(u8*)skb[r5 +9]|54 r3 &= 0x9|55 if r3 != 9 goto pc@|57 r3 &= 0x9|58 r0 = *(u64*)skb[r5 +9]|5c r3 &= r5
5d if r3 != r5 goto pc@|5f r3 &= r5|61 r3 = *(u32*)(r5 -2)|62 *(u32*)(r3 -2) = 9|63 *(u32*)(r3 -2) = r5
64 r3 <<= 9|65 if r3 s> 9 goto pc@|67 r3 <<= 9|69 r3 = *(u16*)(r5 -2)|6a *(u16*)(r3 -2) = 9|6b *(u16*)(r3 -2) = r5
6c r3 <<= r5|6d if r3 s> r5 goto pc@|6f r3 <<= r5|71 r3 = *(u8*)(r5 -2)|72 *(u8*)(r3 -2) = 9|73 *(u8*)(r3 -2) = r5
74 r3 >>= 9|75 if r3 s>= 9 goto pc@|77 r3 >>= 9|79 r3 = *(u64*)(r5 -2)|7a *(u64*)(r3 -2) = 9|7b *(u64*)(r3 -2) = r5
7c r3 >>= r5|7d if r3 s>= r5 goto pc@|7f r3 >>= r5|84 r3 = ~ (u32)r3|87 r3 = ~ (u64)r3|95 exit
a4 r3 ^= 0x9|a5 if r3 < 9 goto pc@|a7 r3 ^= 0x9|ac r3 ^= r5|ad if r3 < r5 goto pc@|af r3 ^= r5
b5 if r3 <= 9 goto pc@|bd if r3 <= r5 goto pc@|c4 r3 s>>= 9|c5 if r3 s< 9 goto pc@|c7 r3 s>>= 9|cc r3 s>>= r5
cd if r3 s< r5 goto pc@|cf r3 s>>= r5|d5 if r3 s<= 9 goto pc@|dc r3 endian r5|dd if r3 s<= r5 goto pc@
"""
#: The same for those whose offset says what they do since Linux 6.6, and is 0 before.
WORDS_WITHOUT_OFFSET = """
34 r3 /= 9|37 r3 /= 9|3c r3 /= r5|3f r3 /= r5|94 r3 %= 9|97 r3 %= 9|9c r3 %= r5|9f r3 %= r5|b4 r3 = 9|b7 r3 = 9|bc r3 = r5|bf r3 = r5
"""


def words(text):
    """Opcodes and texts; the sign of `or` is no separator."""
    for part in text.replace("|=", "\0=").replace("\n", "|").split("|"):
        if part:
            yield int(part[:2], 16), part[3:].replace("\0", "|").replace("@", "-2 <-1>")


def insn(opcode, dst=3, src=5, offset=0, imm=9):
    return struct.pack("=BBhi", opcode, dst | src << 4, offset, imm)


class Instructions(unittest.TestCase):
    def test_bytes(self):
        b = BPF(text="int entry(void) { return 1; }", target="vm")
        self.assertEqual(b.dump_func("entry").hex(" "), "b7 00 00 00 01 00 00 00 95 00 00 00 00 00 00 00")
        with self.assertRaisesRegex(ValueError, "there is no `missing`"):
            b.dump_func("missing")

    @kernel
    def test_bytes_name_maps_by_descriptor(self):
        b = BPF(text="BPF_HASH(t); int f(void *ctx) { u64 key = 1; return t.lookup(&key) != 0; }")
        text = b.disassemble_func("f").splitlines()
        loads = [at for at, line in enumerate(text) if line.endswith(f" = <map at fd #{b['t'].map_fd}>")]
        self.assertEqual(len(loads), 1)
        self.assertRegex(text[loads[0]], r"\(18\) r1 = <map")
        self.assertRegex(text[loads[0] + 1], r"^ +\d+:      \(64-bit upper word\)$")
        self.assertTrue(any(line.endswith("(85) call bpf_map_lookup_elem#1") for line in text))

    def test_words_of_bcc(self):
        known = list(words(WORDS)) + list(words(WORDS_WITHOUT_OFFSET))
        self.assertEqual(len({opcode for opcode, _ in known}), 95)
        for opcode, text in words(WORDS):
            self.assertEqual(disassembler.disassemble_str(insn(opcode, offset=-2)), [f"   0: ({opcode:02x}) {text}"])
        for opcode, text in words(WORDS_WITHOUT_OFFSET):
            self.assertEqual(disassembler.disassemble_str(insn(opcode)), [f"   0: ({opcode:02x}) {text}"])
        # Negative numbers are patterns of bits where bits are what it is about.
        self.assertEqual(disassembler.disassemble_str(insn(0x57, imm=-8)), ["   0: (57) r3 &= 0xfffffff8"])
        self.assertEqual(disassembler.disassemble_str(insn(0x07, imm=-8)), ["   0: (07) r3 += -8"])

    def test_what_bcc_has_no_words_for(self):
        found = disassembler.disassemble_str(insn(0xD4, src=0, imm=16) + insn(0x3F, dst=1, src=2, offset=1, imm=0) + insn(0xFF))
        self.assertEqual(found, ["   0: (d4) r3 = le16 r3", "   1: (3f) r1 s/= r2", "   2: (ff) unknown <0xff>"])
        wide = insn(0x18, dst=2, src=0, imm=0x55667788) + insn(0, dst=0, src=0, imm=0x11223344) + insn(0x95, 0, 0, 0, 0)
        self.assertEqual(disassembler.disassemble_str(wide),
                         ["   0: (18) r2 = 0x1122334455667788", "   1:      (64-bit upper word)", "   2: (95) exit"])

    def test_words_of_the_kernel(self):
        b = BPF(text="int f(struct __sk_buff *skb) { return (int)bpf_get_prandom_u32() >> 1; }", target="vm")
        self.assertEqual(b.disassemble_func("f").splitlines()[:3], [
            "Disassemble of BPF program f:", "   0: (85) call bpf_get_prandom_u32#7", "   1: (c4) r0 s>>= 1"])
        self.assertIn("(c4) w0 s>>= 1", b.disassemble_func("f", syntax="kernel"))
        with self.assertRaisesRegex(ValueError, "no syntax 'att'"):
            b.disassemble_func("f", syntax="att")

    @kernel
    def test_layouts(self):
        b = BPF(text="""
            struct key { int a; short b; struct { int c : 4; int d : 8; } e; } __attribute__((packed));
            struct leaf { u8 first; u64 second; char name[16]; union { u32 whole; u16 halves[2]; }; int grid[2][3]; };
            BPF_HASH(plain, struct key);
            BPF_HASH(rich, u32, struct leaf);""")
        lines = b.decode_table("plain").splitlines()
        table = b["plain"]
        self.assertEqual(lines[0], f"Layout of BPF map plain (type HASH, FD {table.map_fd}, ID {table.map_id}):")
        self.assertEqual(lines[1:], [
            "  struct {", "    int a;", "    short b;", "    struct {", "      int c:4;", "      int d:8;", "    } e;", "  } key;",
            "  unsigned long long value;"])
        self.assertEqual(b.decode_table("rich").splitlines()[1:], [
            "  unsigned int key;", "  struct {", "    unsigned char first;", "    char[7] __pad_1;",
            "    unsigned long long second;", "    char[16] name;", "    union {", "      unsigned int whole;",
            "      unsigned short[2] halves;", "    };", "    int[2][3] grid;", "    char[4] __pad_end;", "  } value;"])
        sized = b.decode_table("plain", sizeinfo=True)
        self.assertIn("    [4 +2] short b;\n    [6 +4] struct {\n      [6,0 +4 bit] int c:4;\n      [6,4 +8 bit] int d:8;", sized)

    @kernel
    def test_layouts_of_a_script_s_own_classes(self):
        class Leaf(ct.Structure):
            _fields_ = [("low", ct.c_uint, 4), ("rest", ct.c_uint, 28), ("more", ct.c_short * 2)]

        b = BPF(text="BPF_ARRAY(t, u64, 2);")
        b.get_table("t", leaftype=Leaf)
        self.assertEqual(b.decode_table("t").splitlines()[1:], [
            "  int key;", "  struct {", "    unsigned int low:4;", "    unsigned int rest:28;", "    short[2] more;", "  } value;"])


SUBMITS = "BPF_PERF_OUTPUT(out); int f(struct pt_regs *ctx) { u64 now = bpf_ktime_get_ns(); " \
          "out.perf_submit(ctx, &now, sizeof(now)); return 0; }\n"
COUNTS = "BPF_HASH(n); int f(struct pt_regs *ctx) { n.increment(bpf_get_current_uid_gid()); return 0; }\n"


class Licenses(unittest.TestCase):
    def load(self, text, license=None, cflags=()):
        if license is not None:
            text += f"#define BPF_LICENSE {license}\n"
        b = BPF(text=text, cflags=cflags)
        self.assertGreater(b.load_func("f", BPF.KPROBE).fd, 2)

    @kernel
    def test_gpl_is_the_default(self):
        self.load(SUBMITS)

    @kernel
    def test_licenses_that_go_with_the_gpl(self):
        self.load(SUBMITS, "GPL")
        self.load(SUBMITS, "Dual BSD/GPL")
        self.load(SUBMITS, '"GPL v2"')

    @kernel
    def test_other_licenses(self):
        self.load(COUNTS, "Proprietary")
        self.load(COUNTS, "Proprietary license")

    def test_helpers_for_the_gpl_only(self):
        for license in ("", "Proprietary", "Proprietary license"):
            with self.assertRaisesRegex(CompileError, "`bpf_perf_event_output` is for programs under the GPL only"):
                self.load(SUBMITS, license)

    def test_licenses_are_no_flags(self):
        for text, license, flag in (
            (SUBMITS, None, "GPL"), (SUBMITS, "GPL", "GPL"), (COUNTS, None, "Proprietary"), (SUBMITS, None, "Dual BSD/GPL"),
        ):
            with self.assertRaisesRegex(CompileError, "define BPF_LICENSE in its text, not by a flag"):
                self.load(text, license, [f"-DBPF_LICENSE={flag}"])


class Headers(unittest.TestCase):
    def test_folders_of_headers(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("limit.h", '#include "other.h"\n'), ("other.h", "#define LIMIT 77\n")):
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
            for flags in ([f"-I{folder}"], ["-I", folder]):
                b = BPF(text='#include <limit.h>\nint f(void) { return LIMIT; }', cflags=flags, target="vm")
                self.assertEqual(b.test_run("f").ret, 77)
            path = os.path.join(folder, "main.c")
            with open(path, "w") as file:
                file.write('#include "limit.h"\nint f(void) { return LIMIT + 1; }')
            self.assertEqual(BPF(src_file=path, target="vm").test_run("f").ret, 78)
        with self.assertRaisesRegex(CompileError, "limit.h"):
            BPF(text="#include <limit.h>\nint f(void) { return LIMIT; }", target="vm")


class Logs(unittest.TestCase):
    LONG = "BPF_HASH(t, int, int, 10); int f(struct __sk_buff *skb) { int x = 0, *y;" + \
           "y = t.lookup(&x); if (!y) return 0; x = *y;\n" * 300 + "y = t.lookup(&x); return *y; }"

    @kernel
    def test_logs_are_complete(self):
        b = BPF(text=self.LONG)
        with complaints() as said, self.assertRaises(LoadError) as caught:
            b.load_func("f", BPF.SCHED_CLS)
        log = caught.exception.log
        self.assertIn("R0 invalid mem access 'map_value_or_null'", log)
        # From the first instruction to the 301st lookup.
        self.assertIn("\n0: ", "\n" + log)
        self.assertGreaterEqual(log.count("call bpf_map_lookup_elem#1"), 301)
        self.assertEqual(caught.exception.diagnostics[0].code, "E0703")
        self.assertEqual(caught.exception.diagnostics[0].line, 301)
        self.assertIn("R0 invalid mem access 'map_value_or_null'", str(caught.exception))
        self.assertEqual(said.getvalue(), "")

    @kernel
    def test_logs_are_printed_for_debugging(self):
        with complaints() as said:
            b = BPF(text=self.LONG, debug=2)
            with self.assertRaises(LoadError):
                b.load_func("f", BPF.SCHED_CLS)
        self.assertIn("Disassemble of BPF program f:", said.getvalue())
        self.assertIn("R0 invalid mem access 'map_value_or_null'", said.getvalue())


if __name__ == "__main__":
    unittest.main()
