"""Tables as mappings."""

import ctypes as ct
import os
import tempfile
import unittest

from bpfc import BPF, LoadError
from bpfc.table import HashTable, PerCpuArray
from support import kernel, printed

PROGRAM = "int f(struct __sk_buff *skb) { return 0; }\n"


def table(definition, name="t"):
    b = BPF(text=definition + "\n" + PROGRAM)
    return b, b[name]


class Tables(unittest.TestCase):
    @kernel
    def test_hash(self):
        b, t = table("BPF_HASH(t, u32, u64, 16);")
        self.assertIsInstance(t, HashTable)
        t[t.Key(1)] = t.Leaf(10)
        t[ct.c_uint(2)] = ct.c_ulonglong(20)
        t[ct.c_int(3)] = ct.c_int(30)
        self.assertEqual(t[1].value, 10)
        self.assertEqual(len(t), 3)
        self.assertIn(2, t)
        self.assertNotIn(9, t)
        self.assertEqual(sorted((k.value, v.value) for k, v in t.items()), [(1, 10), (2, 20), (3, 30)])
        self.assertEqual(sorted(k.value for k in t), [1, 2, 3])
        self.assertEqual(sorted(v.value for v in t.values()), [10, 20, 30])
        self.assertEqual(sorted(k.value for k in t.keys()), [1, 2, 3])
        del t[1]
        with self.assertRaises(KeyError):
            t[1]
        with self.assertRaises(KeyError):
            del t[1]
        self.assertEqual(t.get(1, "none"), "none")
        t.zero()
        self.assertEqual([v.value for v in t.values()], [0, 0])
        t.clear()
        self.assertEqual(len(t), 0)
        self.assertEqual(b.get_table("t", reducer=None).max_entries, 16)
        self.assertGreater(t.map_fd, 2)
        self.assertGreater(t.map_id, 0)
        self.assertEqual(t.get_fd(), t.map_fd)
        self.assertEqual(t, t)

    @kernel
    def test_full_hash(self):
        _, t = table("BPF_HASH(t, u32, u64, 2);")
        t[1] = t[2] = 5
        with self.assertRaises(OSError) as caught:
            t[3] = 5
        self.assertEqual(caught.exception.errno, 7)
        self.assertIn("full", str(caught.exception).lower())

    @kernel
    def test_wrong_values(self):
        _, t = table("struct k { u32 a; u32 b; }; BPF_HASH(t, struct k, u64, 2);")
        with self.assertRaises(TypeError):
            t["x" * 20] = 1
        with self.assertRaises(TypeError):
            t[object()] = 1
        t[t.Key(1, 2)] = 3
        t[(3, 4)] = 5
        self.assertEqual(sorted((k.a, k.b, v.value) for k, v in t.items()), [(1, 2, 3), (3, 4, 5)])

    @kernel
    def test_array(self):
        _, t = table("BPF_ARRAY(t, u32, 4);")
        t[0], t[-1] = 7, 9
        self.assertEqual([v.value for v in t.values()], [7, 0, 0, 9])
        self.assertEqual(len(t), 4)
        self.assertEqual([k.value for k in t], [0, 1, 2, 3])
        for outside in (4, -5):
            with self.assertRaises(IndexError):
                t[outside]
        del t[3]
        self.assertEqual(t[3].value, 0)
        t.clearitem(0)
        self.assertEqual(t[0].value, 0)
        t[1] = 3
        t.clear()
        self.assertEqual([v.value for v in t.values()], [0] * 4)

    @kernel
    def test_per_cpu(self):
        b, t = table("BPF_PERCPU_ARRAY(t, u64, 2); BPF_PERCPU_HASH(h, u32, u32);")
        self.assertIsInstance(t, PerCpuArray)
        values = t.getvalue(0)
        self.assertEqual(len(values), t.total_cpu)
        values[0] = 5
        t[0] = values
        self.assertEqual(t.sum(0).value, 5)
        self.assertEqual(t.max(0).value, 5)
        self.assertEqual(t.average(0), 5 / t.total_cpu)
        reduced = b.get_table("t", reducer=lambda a, b: a + b)
        self.assertEqual(reduced[0], 5)
        self.assertEqual([total for _, total in reduced.items()], [5, 0])
        h = b["h"]
        h[3] = h.Leaf(*range(h.total_cpu))
        self.assertEqual(h.sum(3).value, sum(range(h.total_cpu)))

    @kernel
    def test_batches(self):
        _, t = table("BPF_HASH(t, int, int, 4096);")
        keys = (t.Key * 2000)(*range(2000))
        values = (t.Leaf * 2000)(*(10 * n for n in range(2000)))
        t.items_update_batch(keys, values)
        self.assertEqual(len(t), 2000)
        self.assertEqual(sum(v.value for _, v in t.items_lookup_batch()), sum(range(2000)) * 10)
        t.items_delete_batch((t.Key * 500)(*range(500)))
        self.assertEqual(len(t), 1500)
        drained = {k.value: v.value for k, v in t.items_lookup_and_delete_batch()}
        self.assertEqual(drained, {n: 10 * n for n in range(500, 2000)})
        self.assertEqual(len(t), 0)
        t[1] = 1
        t.items_delete_batch()
        self.assertEqual(len(t), 0)
        with self.assertRaises(ValueError):
            t.items_update_batch(keys, (t.Leaf * 1)())

    @kernel
    def test_queue_and_stack(self):
        b, q = table('BPF_QUEUE(t, u64, 4); BPF_STACK(s, u64, 4);')
        s = b["s"]
        for n in (1, 2, 3):
            q.push(n)
            s.push(s.Leaf(n))
        self.assertEqual((q.peek().value, s.peek().value), (1, 3))
        self.assertEqual((q.pop().value, s.pop().value), (1, 3))
        self.assertEqual([v.value for v in q.values()], [2, 3])
        with self.assertRaises(KeyError):
            q.pop()

    @kernel
    def test_lpm_trie(self):
        _, t = table("struct k { u32 bits; u8 data[4]; }; BPF_LPM_TRIE(t, struct k, u32, 16);")
        data = ct.c_ubyte * 4
        t[t.Key(16, data(10, 1, 0, 0))] = 1
        t[t.Key(24, data(10, 1, 2, 0))] = 2
        self.assertEqual(t[t.Key(32, data(10, 1, 2, 3))].value, 2)
        self.assertEqual(t[t.Key(32, data(10, 1, 9, 9))].value, 1)
        with self.assertRaises(KeyError):
            t[t.Key(32, data(10, 2, 0, 0))]
        with self.assertRaises(NotImplementedError):
            len(t)

    @kernel
    def test_map_in_map(self):
        b = BPF(text="""
            BPF_ARRAY(inner_a, u32, 1);
            BPF_ARRAY(inner_b, u32, 1);
            BPF_ARRAY_OF_MAPS(outer, "inner_a", 2);
            """ + PROGRAM)
        b["outer"][0] = b["inner_a"]
        b["outer"][1] = ct.c_int(b["inner_b"].map_fd)
        del b["outer"][0]
        with self.assertRaises(KeyError):
            del b["outer"][0]

    @kernel
    def test_program_arrays(self):
        b = BPF(text="""
            BPF_PROG_ARRAY(jumps, 4);
            BPF_ARRAY(count, u32, 1);
            int target(struct __sk_buff *skb) { count.increment(0); return 7; }
            int f(struct __sk_buff *skb) { jumps.call(skb, 2); return 1; }""")
        f = b.load_func("f", BPF.SOCKET_FILTER)
        self.assertEqual(f.test_run(bytes(64)).ret, 1)
        b["jumps"][2] = b.load_func("target", BPF.SOCKET_FILTER)
        self.assertEqual(f.test_run(bytes(64)).ret, 7)
        self.assertEqual(b["count"][0].value, 1)
        del b["jumps"][2]
        with self.assertRaises(KeyError):
            del b["jumps"][2]
        self.assertEqual(f.test_run(bytes(64)).ret, 1)

    @kernel
    def test_text_of_keys_and_values(self):
        _, t = table("""
            struct leaf { u32 a[3]; u32 b; struct { char name[8]; u16 x; } c; };
            BPF_HASH(t, int, struct leaf, 4);""")
        leaf = t.Leaf()
        leaf.a[0], leaf.a[1], leaf.a[2], leaf.b = 1, 2, 3, 4
        leaf.c.name, leaf.c.x = b"abc", 5
        text = t.leaf_sprintf(leaf)
        self.assertEqual(text, b'{ [ 0x1 0x2 0x3 ] 0x4 { "abc" 0x5 } }')
        again = t.leaf_scanf(text)
        self.assertEqual(bytes(again), bytes(leaf))
        self.assertEqual(t.key_sprintf(2), b"0x2")
        self.assertEqual(t.key_scanf(b"0x2").value, 2)
        for bad in ("{", "{ [ 0x1 ] }", "{ [ 0x1 0x2 0x3 ] 0x4 { \"abc\" 0x5 } } 0x1", "nonsense"):
            with self.assertRaises(ValueError):
                t.leaf_scanf(bad)

    @kernel
    def test_histograms(self):
        b = BPF(text="BPF_HISTOGRAM(h); struct k { char name[4]; u64 slot; }; BPF_HISTOGRAM(s, struct k);" + PROGRAM)
        h = b["h"]
        h[1], h[2], h[4] = 1, 4, 2
        with printed() as out:
            h.print_log2_hist("usecs")
        self.assertEqual(out.getvalue().splitlines(), [
            "     usecs               : count     distribution",
            "         0 -> 1          : 1        |**********                              |",
            "         2 -> 3          : 4        |****************************************|",
            "         4 -> 7          : 0        |                                        |",
            "         8 -> 15         : 2        |********************                    |",
        ])
        with printed() as out:
            h.print_linear_hist("n")
        self.assertEqual(out.getvalue().splitlines()[0], "     n             : count     distribution")
        self.assertEqual(out.getvalue().splitlines()[3],
                         "        2          : 4        |****************************************|")
        s = b["s"]
        s[s.Key(name=b"b", slot=1)] = 3
        with printed() as out:
            s.print_log2_hist("n", "name", section_print_fn=lambda name: name.decode().upper())
        self.assertIn("\nname = B\n", out.getvalue())
        with printed() as out:
            s.print_json_hist("n", "name", bucket_fn=lambda name: name.decode())
        self.assertIn("'name': 'b'", out.getvalue())
        with printed() as out:
            h.print_log2_hist("usecs", strip_leading_zero=True)
        self.assertEqual(len(out.getvalue().splitlines()), 5)

    @kernel
    def test_pinned(self):
        folder = tempfile.mkdtemp(dir="/sys/fs/bpf") if os.path.ismount("/sys/fs/bpf") else None
        if folder is None:
            raise unittest.SkipTest("no bpffs is mounted")
        path = os.path.join(folder, "shared")
        try:
            text = f'BPF_TABLE_PINNED("hash", u32, u32, t, 8, "{path}");\n' + PROGRAM
            first = BPF(text=text)
            first["t"][1] = 2
            second = BPF(text=text)
            self.assertEqual(second["t"][1].value, 2)
            other = os.path.join(folder, "other")
            _, t = table("BPF_HASH(t);")
            t.pin(other)
            self.assertTrue(os.path.exists(other))
        finally:
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            os.rmdir(folder)

    @kernel
    def test_shared_between_programs(self):
        other = 'BPF_TABLE("extern", u32, u64, counts, 16);\n'
        with self.assertRaisesRegex(LoadError, "no program of this process has a public table `counts`"):
            BPF(text=other + PROGRAM)
        first = BPF(text='BPF_TABLE_PUBLIC("hash", u32, u64, counts, 16);\n' + PROGRAM)
        second = BPF(text=other + "int g(struct __sk_buff *skb) { counts.increment(1); return 0; }")
        second.load_func("g", BPF.SOCKET_FILTER).test_run(bytes(64))
        self.assertEqual(first["counts"][1].value, 1)
        self.assertEqual(first["counts"].map_id, second["counts"].map_id)

    @kernel
    def test_as_data(self):
        _, t = table("struct k { u32 pid; char comm[16]; }; BPF_HASH(t, struct k, u64);")
        t[t.Key(7, b"sh")] = 3
        self.assertEqual(t.to_dicts(), [{"pid": 7, "comm": "sh", "value": 3}])

    @kernel
    def test_as_arrays(self):
        try:
            import numpy
        except ImportError:
            raise unittest.SkipTest("there is no numpy")
        _, t = table("BPF_ARRAY(t, u32, 4);")
        t[2] = 9
        keys, values = t.to_numpy()
        self.assertEqual((keys.tolist(), values.tolist()), ([0, 1, 2, 3], [0, 0, 9, 0]))
        self.assertEqual(values.dtype, numpy.uint32)


if __name__ == "__main__":
    unittest.main()
