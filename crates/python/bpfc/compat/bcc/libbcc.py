"""What scripts call of BCC's C library."""

import ctypes as ct
import os

from bpfc import _native


class bcc_symbol(ct.Structure):
    _fields_ = [
        ("name", ct.c_char_p), ("demangle_name", ct.c_char_p), ("module", ct.c_char_p), ("offset", ct.c_ulonglong),
    ]


class bcc_symbol_option(ct.Structure):
    _fields_ = [
        ("use_debug_file", ct.c_int), ("check_debug_file_crc", ct.c_int), ("lazy_symbolize", ct.c_int),
        ("use_symbol_type", ct.c_uint),
    ]


class _Library:
    """Functions by their names in C."""

    def bcc_resolve_symname(self, module, symname, addr, pid, option, sym):
        """Where a symbol is in a library or program: 0 and the answer in `sym`, or -1."""
        del option
        found = _native.find_file(os.fsdecode(module), pid if pid and pid > 0 else None)
        if not found:
            return -1
        answer = ct.cast(sym, ct.POINTER(bcc_symbol)).contents
        wanted = symname.decode() if symname else None
        for name, address, offset in _native.functions_of_file(found):
            if name == wanted or (wanted is None and address == addr):
                answer.name, answer.module, answer.offset = name.encode(), os.fsencode(found), offset
                return 0
        return -1

    def bcc_procutils_free(self, _pointer):
        """Nothing to give back."""

    def bpf_attach_cgroup(self, prog_fd, cgroup_fd, attach_type):
        raise NotImplementedError("BPF.attach_func does that")

    def __getattr__(self, name):
        raise AttributeError(f"bpfc has no {name} of BCC's C library")


lib = _Library()
