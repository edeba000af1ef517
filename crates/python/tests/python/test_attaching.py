"""Attaching for real, and detaching."""

import ctypes
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import bpfc
from bpfc import BPF, AttachError, PerfSWConfig, PerfType, USDT, USDTException
from support import kernel

COUNT = "BPF_HASH(seen, u32, u64);\n"
BODY = "{ u32 pid = bpf_get_current_pid_tgid() >> 32; seen.increment(pid); return 0; }\n"


def seen(b):
    return {k.value: v.value for k, v in b["seen"].items()}.get(os.getpid(), 0)


class Attaching(unittest.TestCase):
    @kernel
    def test_by_name(self):
        b = BPF(text=COUNT + "TRACEPOINT_PROBE(syscalls, sys_enter_getcwd)" + BODY +
                "RAW_TRACEPOINT_PROBE(sys_enter) { return 0; }")
        self.assertEqual((b.num_open_tracepoints(), len(b.raw_tracepoint_fds)), (1, 1))
        os.getcwd()
        self.assertEqual(seen(b), 1)
        b.detach_tracepoint("syscalls:sys_enter_getcwd")
        os.getcwd()
        self.assertEqual(seen(b), 1)
        with self.assertRaisesRegex(Exception, "is not attached"):
            b.detach_tracepoint("syscalls:sys_enter_getcwd")
        b.detach_raw_tracepoint("sys_enter")
        b.close()

    @kernel
    def test_tracepoints(self):
        with BPF(text=COUNT + "int f(void *ctx)" + BODY) as b:
            b.attach_tracepoint(tp="syscalls:sys_enter_getcwd", fn_name="f")
            os.getcwd()
            self.assertEqual(seen(b), 1)
        with BPF(text=COUNT + "int f(void *ctx)" + BODY) as b:
            b.attach_tracepoint(tp_re=b"syscalls:sys_enter_get(cwd|uid)$", fn_name=b"f")
            self.assertEqual(b.num_open_tracepoints(), 2)
            os.getcwd()
            os.getuid()
            self.assertEqual(seen(b), 2)
            with self.assertRaises(AttachError) as caught:
                b.attach_tracepoint(tp="syscalls:sys_enter_getcwdd", fn_name="f")
            self.assertIn("did you mean", str(caught.exception))

    @kernel
    def test_tracepoints_that_only_tracefs_knows(self):
        b = BPF(text=COUNT + "TRACEPOINT_PROBE(syscalls, sys_enter_getpgid) { if (args->pid != 1) return 0;" + BODY[1:])
        for pid in (1, 2, 0):
            ctypes.CDLL(None).getpgid(pid)
        self.assertEqual(seen(b), 1)
        with self.assertRaisesRegex(bpfc.CompileError, "E0504"):
            BPF(text="TRACEPOINT_PROBE(syscalls, sys_enter_no_such_call) { return 0; }")

    @kernel
    def test_options_of_the_kernel(self):
        text = "#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER\nint f(void *ctx) { return CONFIG_HZ; }\n#endif"
        b = BPF(text=text, cflags=["-DCONFIG_HZ=77"])
        self.assertIn("r0 = 77", b.disassemble_func("f"))

    @kernel
    def test_raw_tracepoints(self):
        b = BPF(text=COUNT + "int f(struct bpf_raw_tracepoint_args *ctx) { if (ctx->args[1] != %d) return 0; " % 79 + BODY[1:])
        b.attach_raw_tracepoint("sys_enter", "f")
        os.getcwd()
        self.assertEqual(seen(b), 1)
        with self.assertRaisesRegex(Exception, "has been attached"):
            b.attach_raw_tracepoint("sys_enter", "f")

    @kernel
    def test_uprobes(self):
        libc = ctypes.CDLL(None)
        with BPF(text=COUNT + "int f(struct pt_regs *ctx)" + BODY) as b:
            b.attach_uprobe(name="c", sym="getpgid", fn_name="f", pid=os.getpid())
            b.attach_uretprobe(name=b"c", sym=b"getpgid", fn_name=b"f")
            self.assertEqual(b.num_open_uprobes(), 2)
            libc.getpgid(0)
            self.assertEqual(seen(b), 2)
            b.detach_uprobe(name="c", sym="getpgid", pid=os.getpid())
            libc.getpgid(0)
            self.assertEqual(seen(b), 3)
            b.detach_uretprobe(name="c", sym="getpgid")
            libc.getpgid(0)
            self.assertEqual(seen(b), 3)
            with self.assertRaises(AttachError) as caught:
                b.attach_uprobe(name="c", sym="getpgidd", fn_name="f")
            self.assertIn("did you mean `getpgid`", str(caught.exception))
            with self.assertRaises(Exception):
                b.detach_uprobe(name="c", sym="getpgid")

    @kernel
    def test_uprobes_by_pattern_and_address(self):
        libc = ctypes.CDLL(None)
        names = BPF.get_user_functions("c", "getp(gid|riority)$")
        self.assertEqual(names & {b"getpgid", b"getpriority"}, {b"getpgid", b"getpriority"})
        places = dict(BPF.get_user_functions_and_addresses("c", "getpgid$"))
        with BPF(text=COUNT + "int f(struct pt_regs *ctx)" + BODY) as b:
            b.attach_uprobe(name="c", sym_re="getpgid$|getpriority$", fn_name="f")
            libc.getpgid(0)
            libc.getpriority(0, 0)
            self.assertEqual(seen(b), 2)
        with BPF(text=COUNT + "int f(struct pt_regs *ctx)" + BODY) as b:
            b.attach_uprobe(name="c", addr=places[b"getpgid"], fn_name="f")
            libc.getpgid(0)
            self.assertEqual(seen(b), 1)

    @kernel
    def test_markers(self):
        gcc = shutil.which("gcc")
        if not gcc or os.uname().machine != "x86_64":
            raise unittest.SkipTest("needs gcc on x86-64")
        source = r"""
            #include <unistd.h>
            unsigned short sema __attribute__((section(".probes")));
            static void fire(int a, long b) {
                __asm__ volatile("990: nop\n"
                    ".pushsection .note.stapsdt,\"?\",\"note\"\n.balign 4\n.4byte 992f-991f, 994f-993f, 3\n"
                    "991: .asciz \"stapsdt\"\n992: .balign 4\n993: .8byte 990b\n.8byte _.stapsdt.base\n.8byte sema\n"
                    ".asciz \"mine\"\n.asciz \"fired\"\n.asciz \"-4@%%edi 8@%%rsi\"\n994: .balign 4\n.popsection\n"
                    ".ifndef _.stapsdt.base\n.pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
                    ".weak _.stapsdt.base\n.hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n"
                    ".size _.stapsdt.base,1\n.popsection\n.endif\n" : : "D"(a), "S"(b));
            }
            int main(void) { for (int n = 0; n < 100; n++) { if (sema) fire(n, 7000L); usleep(20000); } return 0; }"""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "target")
            subprocess.run([gcc, "-O1", "-x", "c", "-", "-o", path], input=source.encode(), check=True)
            target = subprocess.Popen([path])
            self.addCleanup(target.wait)
            self.addCleanup(target.kill)
            probe = None
            for _ in range(100):
                # It may not have become the program yet.
                usdt = USDT(pid=target.pid)
                probe = next((p for p in usdt.enumerate_probes() if p.name == b"fired"), None)
                if probe:
                    break
                time.sleep(0.05)
            with open(f"/proc/{target.pid}/maps") as maps:
                self.assertIsNotNone(probe, maps.read())
            self.assertEqual((probe.provider, probe.num_arguments, probe.num_locations), (b"mine", 2, 1))
            self.assertEqual(str(probe.get_location(0).get_argument(0)), "4 signed   bytes @ edi")
            self.assertEqual(usdt.get_probe_arg_ctype("fired", 1), "uint64_t")
            usdt.enable_probe("mine:fired", "on_fired")
            with self.assertRaises(USDTException):
                usdt.enable_probe("nothing", "on_fired")
            b = BPF(text="""
                BPF_ARRAY(last, u64, 2);
                int on_fired(struct pt_regs *ctx) {
                    int a; u64 b;
                    bpf_usdt_readarg(1, ctx, &a);
                    bpf_usdt_readarg(2, ctx, &b);
                    last.atomic_increment(0); int one = 1; last.update(&one, &b);
                    return 0;
                }""", usdt_contexts=[usdt])
            for _ in range(100):
                time.sleep(0.05)
                if b["last"][0].value > 2:
                    break
            self.assertGreater(b["last"][0].value, 2)
            self.assertEqual(b["last"][1].value, 7000)
            self.assertEqual(b.num_open_uprobes(), 1)
            b.close()
            self.assertEqual(USDT(path=path).enumerate_probes()[0].short_name(), "mine:fired")
        with self.assertRaises(USDTException):
            USDT()
        with self.assertRaises(USDTException):
            USDT(path="/no/such/file")
        with self.assertRaises(USDTException):
            USDT(pid=2**22 + 1)

    @kernel
    def test_counters(self):
        b = BPF(text="BPF_ARRAY(n, u64, 1); int f(struct bpf_perf_event_data *ctx) { n.atomic_increment(0); return 0; }")
        b.attach_perf_event(ev_type=PerfType.SOFTWARE, ev_config=PerfSWConfig.CPU_CLOCK, fn_name="f", sample_freq=499)
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            pass
        self.assertGreater(b["n"][0].value, 5)
        b.detach_perf_event(PerfType.SOFTWARE, PerfSWConfig.CPU_CLOCK)
        before = b["n"][0].value
        time.sleep(0.05)
        self.assertEqual(b["n"][0].value, before)
        with self.assertRaises(Exception):
            b.detach_perf_event(PerfType.SOFTWARE, PerfSWConfig.CPU_CLOCK)
        attr = bpfc.perf.Perf.perf_event_attr(type=1, config=0, sample_freq=499, freq=1)
        b.attach_perf_event_raw(attr, "f", cpu=0)

    @kernel
    def test_counters_that_programs_read(self):
        b = BPF(text="""
            BPF_PERF_ARRAY(clock, 64);
            BPF_ARRAY(value, u64, 1);
            TRACEPOINT_PROBE(syscalls, sys_enter_getcwd) {
                struct bpf_perf_event_value v = {};
                int zero = 0;
                if (!clock.perf_counter_value(bpf_get_smp_processor_id(), &v, sizeof(v)))
                    value.update(&zero, &v.counter);
                return 0;
            }""")
        b["clock"].open_perf_event(PerfType.SOFTWARE, PerfSWConfig.CPU_CLOCK)
        time.sleep(0.01)
        os.getcwd()
        self.assertGreater(b["value"][0].value, 0)

    @kernel
    def test_packets(self):
        b = BPF(text="""
            BPF_ARRAY(n, u64, 1);
            int drop(struct xdp_md *ctx) { n.atomic_increment(0); return XDP_DROP; }
            int filter(struct __sk_buff *skb) { return 0; }
            int shape(struct __sk_buff *skb) { return 2; }""")
        drop = b.load_func("drop", BPF.XDP)
        result = drop.test_run(bytes(64), repeat=10)
        self.assertEqual((result.ret, b["n"][0].value), (BPF.XDP_DROP, 10))
        self.assertEqual(b.load_func("shape", BPF.SCHED_CLS).test_run(bytes(64)).ret, 2)
        b.attach_xdp("lo", drop, BPF.XDP_FLAGS_SKB_MODE)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"x", ("127.0.0.1", 9))
            self.assertEqual(b["n"][0].value, 11)
        finally:
            b.remove_xdp("lo")
        b.remove_xdp("lo")
        filter_ = b.load_func("filter", BPF.SOCKET_FILTER)
        b.attach_raw_socket(filter_, "lo")
        self.assertGreater(filter_.sock, 2)
        with self.assertRaises(AttachError) as caught:
            b.attach_xdp("no_such_if", drop)
        self.assertIn("no_such_if", str(caught.exception))

    @kernel
    def test_functions_of_the_kernel(self):
        b = BPF(text=COUNT + "int f(struct pt_regs *ctx)" + BODY)
        try:
            b.attach_kprobe(event=b.get_syscall_fnname("getcwd"), fn_name="f")
        except AttachError as error:
            if "without kprobes" not in str(error):
                raise
            self.assertIn("CONFIG_KPROBES", str(error))
            self.assertEqual(b.num_open_kprobes(), 0)
        else:
            b.attach_kretprobe(event_re="^" + b.get_syscall_fnname("getcwd").decode() + "$", fn_name="f")
            os.getcwd()
            self.assertEqual((seen(b), b.num_open_kprobes()), (2, 2))
            b.detach_kprobe(b.get_syscall_fnname("getcwd"))
            os.getcwd()
            self.assertEqual(seen(b), 3)
        with self.assertRaisesRegex(Exception, "is not attached"):
            b.detach_kprobe("no_such_function")
        with self.assertRaises(Exception):
            b.attach_kprobe(event_re="^no_such_function_[0-9]*$", fn_name="f")

    @kernel
    def test_nothing_stays(self):
        from bpfc._native import find_file

        self.assertIsNotNone(find_file("c", None))
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            b = BPF(text=COUNT + "TRACEPOINT_PROBE(syscalls, sys_enter_getcwd)" + BODY)
            b.close()
            b.close()
            del b
        self.assertLessEqual(len(os.listdir("/proc/self/fd")), before + 8)


if __name__ == "__main__":
    unittest.main()
