"""From text to instructions, and what is said of mistakes."""

import os
import tempfile
import unittest

import bpfc
from bpfc import BPF, CompileError
from support import complaints, kernel


class Compiling(unittest.TestCase):
    @kernel
    def test_two_instructions(self):
        b = BPF(text="int entry(void) { return 1; }")
        self.assertEqual(b.dump_func("entry"), bytes.fromhex("b700000001000000" "9500000000000000"))

    def test_errors_point_into_the_text(self):
        with self.assertRaises(CompileError) as caught:
            BPF(text="\n\nint f(void *ctx) {\n  return missing;\n}\n")
        error = caught.exception
        self.assertIn("error[E0301]: `missing` is not declared", str(error))
        self.assertIn("--> main.c:4:10", str(error))
        found = error.diagnostics[0]
        self.assertEqual((found.code, found.severity, found.line, found.column), ("E0301", "error", 4, 10))
        self.assertIsInstance(error, Exception)
        self.assertEqual(repr(found), "<main.c:4:10: error[E0301]: `missing` is not declared>")

    def test_all_mistakes_are_reported(self):
        with self.assertRaises(CompileError) as caught:
            BPF(text="int f(void *ctx) { return one + two; }")
        self.assertEqual([d.message for d in caught.exception.diagnostics],
                         ["`one` is not declared", "`two` is not declared"])

    @kernel
    def test_cflags(self):
        text = "#ifndef FLAG\n#error no flag\n#endif\nint f(void *ctx) { return FLAG + OTHER; }"
        with self.assertRaises(CompileError):
            BPF(text=text)
        b = BPF(text=text, cflags=["-DFLAG=4", "-D", "OTHER=3", "-w", "-O2"])
        self.assertIn("r0 = 7", b.disassemble_func("f"))

    @kernel
    def test_bytes_are_text(self):
        b = BPF(text=b"BPF_HASH(h); int f(void *ctx) { return 0; }", cflags=[b"-DX"])
        self.assertEqual(list(b), ["h"])
        self.assertIs(b[b"h"], b["h"])

    @kernel
    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            source, header = os.path.join(folder, "a.c"), os.path.join(folder, "a.h")
            with open(header, "w") as file:
                file.write("#define VALUE 9\n")
            with open(source, "w") as file:
                file.write("int f(void *ctx) { return VALUE; }\n")
            b = BPF(src_file=source, hdr_file=header.encode())
            self.assertIn("r0 = 9", b.disassemble_func("f"))
            with open(source, "w") as file:
                file.write("int f(void *ctx) { return 1 }\n")
            with self.assertRaises(CompileError) as caught:
                BPF(src_file=source)
            self.assertEqual(caught.exception.diagnostics[0].file, source)
        with self.assertRaises(ValueError):
            BPF()
        with self.assertRaises(FileNotFoundError):
            BPF(src_file="no/such/file.c")

    @kernel
    def test_warnings(self):
        text = 'int f(void *ctx) { bpf_trace_printk("%f\\n", 1); return 0; }'
        with complaints() as said:
            b = BPF(text=text)
        self.assertIn("warning", said.getvalue())
        self.assertEqual([d.severity for d in b.warnings], ["warning"])
        with complaints() as said:
            BPF(text=text, cflags=["-w"])
        self.assertEqual(said.getvalue(), "")

    @kernel
    def test_what_the_kernel_refuses_has_a_place(self):
        b = BPF(text="BPF_HASH(h, int, long);\nint f(struct __sk_buff *skb) {\n  int k = 0;\n  return *h.lookup(&k);\n}")
        with self.assertRaises(bpfc.CompileError) as caught:
            b.check()
        self.assertEqual(caught.exception.diagnostics[0].line, 4)
        with self.assertRaises(bpfc.LoadError) as refused:
            b.load_func("f", BPF.SOCKET_FILTER)
        self.assertIn("main.c:4:", str(refused.exception))

    @kernel
    def test_debug_output(self):
        with complaints() as said:
            BPF(text="int f(void *ctx) { return 0; }", debug=bpfc.DEBUG_BPF | bpfc.DEBUG_SOURCE)
        self.assertIn("int f(void *ctx)", said.getvalue())
        self.assertIn("(95) exit", said.getvalue())

    @kernel
    def test_licenses(self):
        gpl_only = 'int license_program(struct pt_regs *ctx) { bpf_trace_printk("x"); return 0; }'
        BPF(text=gpl_only).load_func("license_program", BPF.KPROBE)
        BPF(text="#define BPF_LICENSE Dual BSD/GPL\n" + gpl_only).load_func("license_program", BPF.KPROBE)
        with self.assertRaisesRegex(CompileError, "GPL only"):
            BPF(text="#define BPF_LICENSE Proprietary\n" + gpl_only)

    @kernel
    def test_libbpf_style(self):
        b = BPF(text="""
            #include "vmlinux.h"
            #include <bpf/bpf_helpers.h>
            struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, long); } hits SEC(".maps");
            SEC("xdp") int count(struct xdp_md *ctx) {
                int zero = 0;
                long *n = bpf_map_lookup_elem(&hits, &zero);
                if (n) *n += 1;
                return XDP_PASS;
            }
            char LICENSE[] SEC("license") = "GPL";""")
        self.assertEqual(b.test_run("count", bytes(64)).ret, BPF.XDP_PASS)
        self.assertEqual(b["hits"][0].value, 1)

    def test_unknown_things(self):
        b = BPF(text="int f(struct __sk_buff *skb) { return 0; }", target="vm")
        with self.assertRaisesRegex(Exception, "Unknown program 'g': there is f"):
            b.load_func("g", BPF.SOCKET_FILTER)
        with self.assertRaises(KeyError):
            b["no_table"]
        with self.assertRaises(ValueError):
            BPF(text="", target="toaster")


if __name__ == "__main__":
    unittest.main()
