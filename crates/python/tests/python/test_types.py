"""Layouts: what C's compiler and Python make of the same struct."""

import ctypes as ct
import unittest

from bpfc import BPF


def layout(definition, kind="struct s"):
    b = BPF(text=definition + f"\nBPF_HASH(t, {kind}, u64); int f(struct __sk_buff *skb) {{ return 0; }}", target="vm")
    return b["t"].Key


class Types(unittest.TestCase):
    def test_numbers(self):
        s = layout("struct s { char c; s8 d; u8 e; short f; u16 g; int h; u32 i; long j; u64 k; bool l; void *m; };")
        sizes = {name: ct.sizeof(kind) for name, kind in s._fields_ if not name.startswith("__pad")}
        self.assertEqual(sizes, dict(c=1, d=1, e=1, f=2, g=2, h=4, i=4, j=8, k=8, l=1, m=8))
        value = s()
        value.c, value.d, value.h, value.k, value.l, value.m = b"x", -1, -5, 2**64 - 1, True, 2**63
        self.assertEqual((value.c, value.d, value.h, value.k, value.l, value.m), (b"x", -1, -5, 2**64 - 1, True, 2**63))
        self.assertEqual(ct.sizeof(s), 48)

    def test_padding_is_explicit(self):
        s = layout("struct s { u8 a; u64 b; u8 c; };")
        self.assertEqual([name for name, _ in s._fields_], ["a", "__pad_1", "b", "c", "__pad_end"])
        self.assertEqual((s.a.offset, s.b.offset, s.c.offset, ct.sizeof(s)), (0, 8, 16, 24))

    def test_packed(self):
        s = layout("struct s { u8 a; u64 b; u16 c; } __attribute__((packed));")
        self.assertEqual((s.b.offset, s.c.offset, ct.sizeof(s)), (1, 9, 11))

    def test_aligned(self):
        s = layout("struct s { u8 a __attribute__((aligned(8))); u8 b __attribute__((aligned(8))); unsigned __int128 c; };")
        self.assertEqual((s.b.offset, s.c.offset, ct.sizeof(s)), (8, 16, 32))
        value = s()
        value.c[0], value.c[1] = 1, 2
        self.assertEqual(bytes(value)[16:], (1 + (2 << 64)).to_bytes(16, "little"))

    def test_bit_fields(self):
        s = layout("struct s { u32 a : 3; u32 b : 17; u32 c : 12; int d : 5; u64 e : 40; u8 f; };")
        value = s()
        value.a, value.b, value.c, value.d, value.e, value.f = 5, 100000, 4000, -7, 2**40 - 2, 200
        self.assertEqual((value.a, value.b, value.c, value.d, value.e, value.f), (5, 100000, 4000, -7, 2**40 - 2, 200))
        raw = int.from_bytes(bytes(value)[:4], "little")
        self.assertEqual(raw, 5 | 100000 << 3 | 4000 << 20)

    def test_bit_fields_of_anonymous_members(self):
        s = layout("struct s { u32 x; struct { u8 lo : 4; u8 hi : 4; }; union { u32 whole; struct { u16 a; u16 b; }; }; };")
        value = s()
        value.lo, value.hi, value.whole = 1, 15, 0x20001
        self.assertEqual((bytes(value)[4], value.a, value.b), (0xF1, 1, 2))

    def test_arrays(self):
        s = layout("struct p { u16 x, y; }; struct s { u8 m[2][3]; struct p points[4]; char names[2][8]; };")
        value = s()
        value.m[1][2], value.points[3].y, value.names[1].value = 7, 9, b"abc"
        raw = bytes(value)
        self.assertEqual((raw[5], raw[20], raw[30:33]), (7, 9, b"abc"))

    def test_unions_and_enums(self):
        s = layout("enum e { A, B = 5, C = -1 }; union u { u64 whole; u8 bytes[8]; enum e e; }; struct s { union u u; enum e e; };")
        value = s()
        value.u.whole = 5
        value.e = -1
        self.assertEqual((value.u.e, value.u.bytes[0], value.e), (5, 5, -1))

    def test_of_the_kernel(self):
        s = layout("#include <linux/bpf.h>\n#include <net/sock.h>", "struct bpf_tunnel_key")
        self.assertTrue(hasattr(s, "remote_ipv4"))
        self.assertEqual(s.remote_ipv4.offset, 4)

    def test_empty_and_self_referential(self):
        b = BPF(text="""
            struct empty {};
            struct node { struct node *next; union { struct empty a; u64 b; }; };
            BPF_HASH(t, u64, struct node);
            int f(struct __sk_buff *skb) { return 0; }""", target="vm")
        self.assertEqual(ct.sizeof(b["t"].Leaf), 16)


if __name__ == "__main__":
    unittest.main()
