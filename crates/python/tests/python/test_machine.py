"""Programs in user space, without rights."""

import unittest

from bpfc import BPF, RunError


class Machine(unittest.TestCase):
    def test_packets(self):
        b = BPF(text="""
            BPF_ARRAY(sizes, u64, 2);
            int drop_short(struct xdp_md *ctx) {
                u64 size = ctx->data_end - ctx->data;
                sizes.increment(size < 60, size);
                return size < 60 ? XDP_DROP : XDP_PASS;
            }""", target="vm")
        self.assertEqual(b.test_run("drop_short", bytes(59)).ret, BPF.XDP_DROP)
        self.assertEqual(b.test_run("drop_short", bytes(100)).ret, BPF.XDP_PASS)
        self.assertEqual([v.value for v in b["sizes"].values()], [100, 59])
        b["sizes"][0] = 5
        self.assertEqual(b["sizes"][0].value, 5)

    def test_changed_packets(self):
        b = BPF(text="""
            int set(struct xdp_md *ctx) {
                char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;
                if (data + 1 > end) return XDP_ABORTED;
                *data = 9;
                return XDP_TX;
            }""", target="vm")
        result = b.test_run("set", bytes(64))
        self.assertEqual((result.ret, result.data[0], len(result.data)), (BPF.XDP_TX, 9, 64))
        self.assertGreater(result.n_insns, 3)

    def test_tables(self):
        b = BPF(text="BPF_HASH(t, u32, u64, 2); int f(struct __sk_buff *skb) { t.increment(skb->len); return 0; }", target="vm")
        t = b["t"]
        for size in (64, 64, 80):
            b.test_run("f", bytes(size))
        self.assertEqual({k.value: v.value for k, v in t.items()}, {64: 2, 80: 1})
        with self.assertRaises(OSError) as caught:
            t[1] = 1
        self.assertEqual(caught.exception.errno, 7)
        del t[64]
        with self.assertRaises(KeyError):
            del t[64]
        self.assertEqual([k.value for k, _ in t.items_lookup_and_delete_batch()], [80])
        self.assertEqual(len(t), 0)

    def test_events_and_printed_lines(self):
        b = BPF(text="""
            struct event { u32 a; u32 b; };
            BPF_PERF_OUTPUT(events);
            int f(struct __sk_buff *skb) {
                struct event e = { .a = skb->len, .b = 2 };
                events.perf_submit(skb, &e, sizeof(e));
                bpf_trace_printk("sent %d\\n", e.b);
                return 0;
            }""", target="vm")
        seen = []
        b["events"].open_perf_buffer(lambda cpu, data, size: seen.append((cpu, b["events"].event(data).a, size)))
        result = b.test_run("f", bytes(64))
        self.assertEqual([(cpu, a) for cpu, a, _ in seen], [(0, 64)])
        self.assertEqual(result.printed, ["sent 2"])

    def test_probes(self):
        b = BPF(text="""
            BPF_HASH(sizes, u64, u64);
            int kprobe__vfs_read(struct pt_regs *ctx, void *file, char *buf, size_t count) {
                sizes.increment(count);
                return 0;
            }""", target="vm")
        b.test_run("kprobe__vfs_read", args=[1, 2, 4096])
        self.assertEqual([(k.value, v.value) for k, v in b["sizes"].items()], [(4096, 1)])

    def test_mistakes_have_a_place(self):
        b = BPF(text="int f(struct __sk_buff *skb) {\n  return *(int *)8;\n}", target="vm")
        with self.assertRaises(RunError) as caught:
            b.test_run("f", bytes(64))
        self.assertIn("main.c:2:", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
