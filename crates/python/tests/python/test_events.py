"""Perf buffers, ring buffers, printed lines."""

import ctypes as ct
import errno
import os
import time
import unittest

from bpfc import BPF
from support import complaints, kernel

NESTED = """
    enum kind { SMALL, LARGE = 7 };
    typedef struct { s16 x; s16 y; } point_t;
    struct event {
        u32 pid; enum kind kind; bool flag; char comm[16]; point_t points[2];
        union { u64 whole; u32 halves[2]; }; unsigned a : 3; unsigned b : 5; __int128 big; void *pointer; u8 raw[4];
    };
"""
FILL = """
    struct event e = {};
    e.pid = 42; e.kind = LARGE; e.flag = 1; e.points[1].y = -3; e.whole = 0x500000004; e.a = 5; e.b = 17; e.big = -2;
    e.pointer = (void *)0x1000; e.raw[3] = 9; __builtin_memcpy(e.comm, "probe", 6);
"""


class Events(unittest.TestCase):
    def check(self, event):
        self.assertEqual((event.pid, event.kind, event.flag, event.comm), (42, 7, True, b"probe"))
        self.assertEqual((event.points[1].x, event.points[1].y), (0, -3))
        self.assertEqual((event.whole, list(event.halves)), (0x500000004, [4, 5]))
        self.assertEqual((event.a, event.b), (5, 17))
        self.assertEqual(list(event.big), [-2, -1])
        self.assertEqual((event.pointer, list(event.raw)), (0x1000, [0, 0, 0, 9]))

    @kernel
    def test_perf_buffer(self):
        b = BPF(text=NESTED + "BPF_PERF_OUTPUT(events); int f(struct __sk_buff *skb) {" + FILL +
                "events.perf_submit(skb, &e, sizeof(e)); return 0; }")
        f = b.load_func("f", BPF.SCHED_CLS)
        seen = []
        table = b["events"]

        def take(cpu, data, size):
            self.assertGreaterEqual(size, ct.sizeof(table._event_class or ct.c_char))
            self.check(table.event(data))
            seen.append(cpu)

        table.open_perf_buffer(take, page_cnt=4)
        for _ in range(3):
            f.test_run(bytes(64))
        b.perf_buffer_poll(1000)
        b.perf_buffer_consume()
        self.assertEqual(len(seen), 3)
        self.assertTrue(all(0 <= cpu < os.cpu_count() for cpu in seen))
        with self.assertRaises(Exception):
            table.open_perf_buffer(take, page_cnt=3)

    @kernel
    def test_lost_samples_are_counted(self):
        b = BPF(text="""
            struct big { char bytes[400]; };
            BPF_PERF_OUTPUT(events);
            int f(struct __sk_buff *skb) { struct big e = {}; events.perf_submit(skb, &e, sizeof(e)); return 0; }""")
        f = b.load_func("f", BPF.SCHED_CLS)
        got, lost = [], []
        b["events"].open_perf_buffer(lambda cpu, data, size: got.append(size), page_cnt=1, lost_cb=lost.append)
        f.test_run(bytes(64), repeat=1000)
        b.perf_buffer_poll(100)
        # The kernel tells of what it lost with the next record that there is room for.
        f.test_run(bytes(64))
        b.perf_buffer_poll(100)
        b.perf_buffer_consume()
        self.assertEqual(len(got) + sum(lost), 1001)
        self.assertGreater(sum(lost), 0)

    @kernel
    def test_lost_samples_are_said(self):
        b = BPF(text="BPF_PERF_OUTPUT(events); int f(struct __sk_buff *skb) { u64 e = 1; return 0; }")
        with complaints() as said:
            b._lost("events", 5)
        self.assertIn("lost 5 samples", said.getvalue())

    @kernel
    def test_ring_buffer(self):
        b = BPF(text=NESTED + "BPF_RINGBUF_OUTPUT(events, 4); int f(struct __sk_buff *skb) {" + FILL +
                "events.ringbuf_output(&e, sizeof(e), 0); return 0; }")
        f = b.load_func("f", BPF.SCHED_CLS)
        seen = []

        def take(ctx, data, size):
            self.check(b["events"].event(data))
            seen.append((ctx, size))

        b["events"].open_ring_buffer(take, "mine")
        f.test_run(bytes(64), repeat=2)
        b.ring_buffer_poll(1000)
        self.assertEqual([ctx for ctx, _ in seen], ["mine"] * 2)
        f.test_run(bytes(64))
        b.ring_buffer_consume()
        self.assertEqual(len(seen), 3)

    @kernel
    def test_ring_buffer_reserve(self):
        b = BPF(text="""
            struct event { u32 a; u64 b; };
            BPF_RINGBUF_OUTPUT(events, 1);
            int f(struct __sk_buff *skb) {
                struct event *e = events.ringbuf_reserve(sizeof(struct event));
                if (!e) return 1;
                e->a = 1; e->b = skb->len;
                if (skb->len > 100) events.ringbuf_discard(e, 0); else events.ringbuf_submit(e, 0);
                return 0;
            }""")
        f = b.load_func("f", BPF.SCHED_CLS)
        seen = []
        b["events"].open_ring_buffer(lambda ctx, data, size: seen.append(b["events"].event(data).b))
        f.test_run(bytes(64))
        f.test_run(bytes(200))
        b.ring_buffer_consume()
        self.assertEqual(len(seen), 1)

    @kernel
    def test_exceptions_come_through(self):
        b = BPF(text="BPF_PERF_OUTPUT(events); int f(struct __sk_buff *skb) { u64 e = 1; "
                     "events.perf_submit(skb, &e, sizeof(e)); return 0; }")
        f = b.load_func("f", BPF.SCHED_CLS)

        def take(cpu, data, size):
            raise ZeroDivisionError

        b["events"].open_perf_buffer(take)
        f.test_run(bytes(64))
        with self.assertRaises(ZeroDivisionError):
            b.perf_buffer_poll(1000)

    @kernel
    def test_reading_while_reading(self):
        b = BPF(text="BPF_PERF_OUTPUT(events); int f(struct __sk_buff *skb) { u64 e = 1; "
                     "events.perf_submit(skb, &e, sizeof(e)); return 0; }")
        f = b.load_func("f", BPF.SCHED_CLS)
        b["events"].open_perf_buffer(lambda cpu, data, size: b.perf_buffer_consume())
        f.test_run(bytes(64))
        with self.assertRaises(RuntimeError):
            b.perf_buffer_poll(1000)

    @kernel
    def test_unknown_events(self):
        b = BPF(text="BPF_PERF_OUTPUT(events); int f(struct __sk_buff *skb) { return 0; }")
        with self.assertRaisesRegex(TypeError, "cast `data` yourself"):
            b["events"].event(0)

    @kernel
    def test_printed_lines(self):
        b = BPF(text="""
            TRACEPOINT_PROBE(syscalls, sys_enter_getcwd) { bpf_trace_printk("printed %d\\n", 5); return 0; }""")
        for _ in range(200):
            try:
                b.trace_open()
                break
            except OSError as error:
                # One process at a time reads the pipe: another test does.
                self.assertEqual(error.errno, errno.EBUSY)
                time.sleep(0.1)
        while b.trace_fields(nonblocking=True)[0] is not None:
            pass
        os.getcwd()
        for _ in range(100):
            task, pid, cpu, flags, seconds, message = b.trace_fields()
            if message == b"printed 5":
                break
        self.assertEqual(pid, os.getpid())
        self.assertGreater(seconds, 0)
        self.assertLess(cpu, os.cpu_count())
        self.assertTrue(task and flags)


if __name__ == "__main__":
    unittest.main()
