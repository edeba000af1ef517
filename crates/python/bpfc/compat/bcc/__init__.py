"""BCC's package, by bpfc: for scripts that are run as they are (`bpfc py SCRIPT`, `python3 -m bpfc SCRIPT`)."""

import bpfc
from bpfc import BPF, __version__  # noqa: F401

__all__ = bpfc.__all__


def __getattr__(name):
    # What most scripts do without is read when it is used.
    import importlib

    if name in ("containers", "disassembler", "perf", "syscall", "table", "tcp", "usdt", "utils", "libbcc"):
        return importlib.import_module(f".{name}", __name__)
    if name == "lib":
        from .libbcc import lib

        return lib
    try:
        return getattr(bpfc, name)
    except AttributeError:
        return getattr(importlib.import_module("bpfc.table"), name)
