"""BPF without LLVM and kernel headers, with the API of BCC.

>>> from bpfc import BPF
>>> b = BPF(text="int kprobe__sys_clone(void *ctx) { bpf_trace_printk(\"hello\\\\n\"); return 0; }")  # doctest: +SKIP
>>> b.trace_print()  # doctest: +SKIP

`BPF(text=…, target="vm")` runs programs in user space, without rights. What goes wrong is a `BpfcError`, whose text is what
`bpfc` prints, with places in the source, and whose `diagnostics` are the same as data.
"""

from __future__ import annotations


from .bpf import BPF
from .constants import (
    BPFAttachType,
    BPFProgType,
    MapType,
    PerfEventSampleFormat,
    PerfHWConfig,
    PerfSWConfig,
    PerfType,
    XDPAction,
    XDPFlags,
)
from .errors import AttachError, BpfcError, CompileError, Diagnostic, LoadError, RunError
from .version import __version__

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "ArgString",
    "AttachError",
    "BPF",
    "BPFAttachType",
    "BPFProgType",
    "BpfcError",
    "CompileError",
    "DEBUG_BPF",
    "DEBUG_BPF_REGISTER_STATE",
    "DEBUG_BTF",
    "DEBUG_LLVM_IR",
    "DEBUG_PREPROCESSOR",
    "DEBUG_SOURCE",
    "Diagnostic",
    "LoadError",
    "MapType",
    "PerfEventSampleFormat",
    "PerfHWConfig",
    "PerfSWConfig",
    "PerfType",
    "RunError",
    "StrcmpRewrite",
    "SymbolCache",
    "USDT",
    "USDTException",
    "XDPAction",
    "XDPFlags",
    "__version__",
]

DEBUG_LLVM_IR = 0x1
DEBUG_BPF = 0x2
DEBUG_PREPROCESSOR = 0x4
DEBUG_SOURCE = 0x8
DEBUG_BPF_REGISTER_STATE = 0x10
DEBUG_BTF = 0x20

#: Names that most scripts do without, and where they are: a script starts sooner if they are read when they are used.
_LATER = {
    "ArgString": "utils",
    "StrcmpRewrite": "utils",
    "SymbolCache": "symbols",
    "USDT": "usdt",
    "USDTException": "usdt",
    "USDTProbe": "usdt",
    "USDTProbeArgument": "usdt",
    "USDTProbeLocation": "usdt",
    "printb": "utils",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name in _LATER:
        return getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    if name in ("containers", "disassembler", "perf", "symbols", "syscall", "table", "tcp", "usdt", "utils"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
