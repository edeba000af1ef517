"""What is around programs: symbols, what the kernel has, small things of tools."""

import argparse
import ctypes
import io
import os
import unittest

import bpfc
from bpfc import BPF, utils
from bpfc.containers import filter_by_containers
from bpfc.syscall import syscall_name, syscalls
from support import kernel


class Utilities(unittest.TestCase):
    @kernel
    def test_symbols_of_the_kernel(self):
        address = BPF.ksymname("schedule")
        self.assertGreater(address, 2**63)
        self.assertEqual(BPF.ksym(address), b"schedule")
        self.assertEqual(BPF.ksym(address + 3, show_module=True, show_offset=True), b"schedule+0x3 [kernel]")
        self.assertEqual(BPF.ksymname("no_such_symbol"), -1)
        self.assertEqual(BPF.ksym(8), b"[unknown]")
        cache = bpfc.SymbolCache(-1)
        self.assertEqual(cache.resolve(address, True)[:2], (b"schedule", 0))
        self.assertEqual(cache.resolve_name(None, b"schedule"), address)
        self.assertIsNone(cache.resolve(8)[0])

    def test_symbols_of_processes(self):
        libc = ctypes.CDLL(None)
        address = ctypes.cast(libc.getpgid, ctypes.c_void_p).value
        self.assertRegex(BPF.sym(address, os.getpid()), b"getpgid$")
        shown = BPF.sym(address + 1, os.getpid(), show_module=True, show_offset=True)
        self.assertRegex(shown, rb"getpgid\+0x1 \[libc.*\]$")

    def test_what_the_kernel_has(self):
        self.assertEqual(BPF.kernel_struct_has_field("task_struct", "tgid"), 1)
        self.assertEqual(BPF.kernel_struct_has_field(b"task_struct", b"no_such_member"), 0)
        self.assertEqual(BPF.kernel_struct_has_field("no_such_struct", "x"), -1)
        self.assertEqual(BPF.kernel_enum_has_val("bpf_map_type", "BPF_MAP_TYPE_HASH"), 1)
        self.assertEqual(BPF.kernel_enum_has_val("bpf_map_type", "BPF_MAP_TYPE_NONSENSE"), 0)
        self.assertIn(BPF.get_syscall_prefix(), [b"__x64_sys_", b"__arm64_sys_", b"sys_"])
        self.assertEqual(BPF.get_syscall_fnname("clone"), BPF.get_syscall_prefix() + b"clone")
        self.assertEqual(BPF.fix_syscall_fnname(b"sys_clone"), BPF.get_syscall_fnname(b"clone"))
        self.assertEqual(BPF.fix_syscall_fnname("vfs_read"), b"vfs_read")
        self.assertTrue(BPF.support_raw_tracepoint())
        self.assertIsInstance(BPF.support_kfunc(), bool)
        self.assertGreater(BPF.monotonic_time(), 0)
        self.assertEqual(BPF.get_probe_limit(), 1000)

    @kernel
    def test_what_there_is_to_trace(self):
        self.assertIn(b"vfs_read", BPF.get_kprobe_functions(b"^vfs_re.*"))
        self.assertEqual(BPF.get_kprobe_functions("no_such_function$"), set())
        self.assertTrue(BPF.tracepoint_exists("syscalls", "sys_enter_read"))
        self.assertFalse(BPF.tracepoint_exists("syscalls", "no_such_event"))
        self.assertIn(b"sched:sched_switch", BPF.get_tracepoints("sched:sched_sw.*"))
        self.assertRegex(BPF.find_library("c"), rb"libc\.so")
        self.assertIsNone(BPF.find_library("no_such_library"))
        self.assertRegex(BPF.find_exe("sh"), rb"/sh$")
        self.assertIsNone(BPF.find_exe("no_such_command"))

    def test_printb(self):
        class Out(io.StringIO):
            buffer = io.BytesIO()

        utils.printb(b"\xff bytes", file=Out())
        utils.printb(b"more", file=Out(), nl=0)
        self.assertEqual(Out.buffer.getvalue(), b"\xff bytes\nmore")

    def test_cpus(self):
        self.assertIn(0, utils.get_online_cpus())
        self.assertGreaterEqual(len(utils.get_possible_cpus()), len(utils.get_online_cpus()))

    def test_arguments(self):
        self.assertEqual(bytes(utils.ArgString("näme")), "näme".encode())
        self.assertEqual(str(utils.ArgString("x")), "x")

    def test_language(self):
        self.assertEqual(utils.detect_language(["python", "ruby"], os.getpid()), "python")
        self.assertIsNone(utils.detect_language(["ruby"], os.getpid()))
        self.assertIsNone(utils.detect_language(["python"], 2**22 + 1))

    def test_comparisons_of_text(self):
        made = bpfc.StrcmpRewrite.rewrite_expr('STRCMP("sh", arg1) && x', False, False, [], "", 0)
        self.assertEqual((made["expr"], made["probeid"]), ("streq_0(\"sh\", arg1) && x", 1))
        text = made["streq_functions"] + "int f(struct pt_regs *ctx, char *arg1) { return streq_0(\"sh\", (uintptr_t)arg1); }"
        BPF(text=text, target="vm")

    def test_containers(self):
        text = filter_by_containers(argparse.Namespace(cgroupmap=None, mntnsmap=None))
        b = BPF(text=text + "int f(void *ctx) { return container_should_be_filtered(); }", target="vm")
        self.assertEqual(list(b), [])
        text = filter_by_containers(argparse.Namespace(cgroupmap="/sys/fs/bpf/a", mntnsmap="/sys/fs/bpf/b"))
        b = BPF(text=text + "int f(void *ctx) { return container_should_be_filtered(); }", target="vm")
        self.assertEqual(sorted(b), ["cgroupset", "mount_ns_set"])

    def test_system_calls(self):
        number = {name: number for number, name in syscalls.items()}
        self.assertEqual(syscall_name(number[b"openat"]), b"openat")
        self.assertEqual(number[b"io_uring_setup"], 425)
        self.assertEqual(syscall_name(99999), b"[unknown: 99999]")

    def test_tcp(self):
        self.assertEqual(bpfc.tcp.flags2str(0x12), "SYN|ACK")
        self.assertEqual(bpfc.tcp.tcpstate[1], "ESTABLISHED")

    def test_disassembler(self):
        b = BPF(text="BPF_HASH(t, u32, u64); int f(void *ctx) { return 3; }", target="vm")
        self.assertEqual(b.disassemble_func("f").splitlines(),
                         ["Disassemble of BPF program f:", "   0: (b7) r0 = 3", "   1: (95) exit"])
        self.assertIn("  unsigned long long value;", b.decode_table("t").splitlines())


if __name__ == "__main__":
    unittest.main()
