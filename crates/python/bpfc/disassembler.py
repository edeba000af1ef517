"""Instructions and layouts of tables as text."""

from __future__ import annotations

import ctypes as ct
from typing import Any, Optional

from . import _native
from ._text_args import Text, text


def disassemble_prog(func_name: Text, bpfstr: bytes) -> str:
    """Instructions as the kernel's verifier shows them."""
    lines = [f"Disassemble of BPF program {text(func_name)}:"]
    lines += [f"{slot:4}: ({opcode:02x}) {shown}" for slot, opcode, shown in _native.disassemble(bpfstr)]
    return "\n".join(lines)


def _layout(name: str, kind: Any, depth: int, lines: list[str]) -> None:
    indent = "  " * depth
    if issubclass(kind, (ct.Structure, ct.Union)):
        word = "union" if issubclass(kind, ct.Union) else "struct"
        lines.append(f"{indent}{word} {kind.__name__} {{")
        for label, ty, *_ in kind._fields_:
            _layout(label, ty, depth + 1, lines)
        lines.append(f"{indent}}} {name};")
        return
    length = ""
    while issubclass(kind, ct.Array):
        length += f"[{kind._length_}]"
        kind = kind._type_
    lines.append(f"{indent}{kind.__name__.removeprefix('c_')} {name}{length};")


def decode_map(map_name: Text, map_obj: Any, map_type: Optional[str], sizeinfo: bool = False) -> str:
    """The layout of a table's keys and values."""
    lines = [f"Layout of BPF map {text(map_name)} (type {map_type or map_obj.ttype}, FD {map_obj.map_fd}, ID {map_obj.map_id}):"]
    for what in ("Key", "Leaf"):
        if not hasattr(map_obj, what):
            continue
        kind = getattr(map_obj, what)
        size = f" ({ct.sizeof(kind)} bytes)" if sizeinfo else ""
        _layout(what.lower() + size, kind, 1, lines)
    return "\n".join(lines)
