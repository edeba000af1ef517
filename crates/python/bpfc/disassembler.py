"""Instructions and layouts of tables as text, as BCC writes them."""

from __future__ import annotations

import ctypes as ct
import sys
from typing import TYPE_CHECKING, Any, Optional

from . import _native
from ._text_args import Text, text
from .constants import MapType

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Operations of arithmetic by the upper four bits of the opcode; `None` is negation.
_ARITHMETIC = ("+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", None, "%=", "^=", "=", "s>>=")
#: Those whose number is a pattern of bits.
_BITWISE = ("|=", "&=", "^=")
#: Comparisons of jumps.
_COMPARISONS = (None, "==", ">", ">=", "&", "!=", "s>", "s>=", None, None, "<", "<=", "s<", "s<=")
#: Bits of what loads and stores move.
_WIDTHS = {0x00: 32, 0x08: 16, 0x10: 8, 0x18: 64}


class _Insn:
    """The fields of an instruction."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.opcode = raw[0]
        registers = raw[1] & 15, raw[1] >> 4
        self.dst, self.src = registers if sys.byteorder == "little" else registers[::-1]
        self.offset = int.from_bytes(raw[2:4], sys.byteorder, signed=True)
        self.imm = int.from_bytes(raw[4:8], sys.byteorder, signed=True)

    @property
    def bits(self) -> int:
        return self.imm & 0xFFFFFFFF

    def _arithmetic(self) -> Optional[str]:
        operation = self.opcode >> 4
        width = 64 if self.opcode & 7 == 7 else 32
        if self.opcode in (0x84, 0x87):
            return f"r{self.dst} = ~ (u{width})r{self.dst}"
        if self.opcode == 0xDC:
            return f"r{self.dst} endian r{self.src}"
        sign = _ARITHMETIC[operation] if operation < len(_ARITHMETIC) else None
        # Moves and divisions that extend signs came later than BCC's text.
        if sign is None or self.offset and operation in (0x3, 0x9, 0xB):
            return None
        if self.opcode & 8:
            return f"r{self.dst} {sign} r{self.src}"
        return f"r{self.dst} {sign} " + (f"{self.bits:#x}" if sign in _BITWISE else str(self.imm))

    def _jump(self, slot: int) -> Optional[str]:
        operation = self.opcode >> 4
        target = f"{self.offset:+d} <{slot + self.offset + 1}>"
        if self.opcode == 0x05:
            return f"goto {target}"
        if self.opcode == 0x95:
            return "exit"
        sign = _COMPARISONS[operation] if operation < len(_COMPARISONS) else None
        if sign is None:
            return None
        other = f"r{self.src}" if self.opcode & 8 else str(self.imm)
        return f"if r{self.dst} {sign} {other} goto pc{target}"

    def _access(self) -> Optional[str]:
        width = _WIDTHS[self.opcode & 0x18]
        kind, mode = self.opcode & 7, self.opcode & 0xE0
        if kind == 0 and mode == 0x20:
            return f"r0 = *(u{width}*)skb[{self.imm}]"
        if kind == 0 and mode == 0x40:
            return f"r0 = *(u{width}*)skb[r{self.src} {self.imm:+d}]"
        if mode != 0x60:
            return None
        if kind == 1:
            return f"r{self.dst} = *(u{width}*)(r{self.src} {self.offset:+d})"
        if kind == 2:
            return f"*(u{width}*)(r{self.dst} {self.offset:+d}) = {self.imm}"
        if kind == 3:
            return f"*(u{width}*)(r{self.dst} {self.offset:+d}) = r{self.src}"
        return None

    def text(self, slot: int) -> Optional[str]:
        """In BCC's words; `None` for what it has no words for."""
        kind = self.opcode & 7
        if kind in (4, 7):
            return self._arithmetic()
        return self._jump(slot) if kind == 5 else None if kind == 6 else self._access()


def _in_words_of_the_kernel(raw: bytes) -> str:
    try:
        return _native.disassemble(raw)[0][2]
    except (ValueError, IndexError):
        return f"unknown <{raw[0]:#x}>"


def disassemble_str(bpfstr: bytes) -> list[str]:
    """A line for each slot: its number, the opcode and the instruction in BCC's words, which name halves of registers like the
    whole; the kernel's where BCC has none."""
    lines = []
    is_upper = False
    for slot in range(len(bpfstr) // 8):
        raw = bytes(bpfstr[slot * 8:slot * 8 + 8])
        insn = _Insn(raw)
        if is_upper:
            lines.append(f"{slot:4}:      (64-bit upper word)")
            is_upper = False
            continue
        if insn.opcode == 0x18:
            upper = _Insn(bytes(bpfstr[slot * 8 + 8:slot * 8 + 16]).ljust(8, b"\0"))
            is_map = insn.src in (1, 2)
            shown = f"<map at fd #{insn.imm}>" if is_map else f"{upper.bits << 32 | insn.bits:#x}"
            found: Optional[str] = f"r{insn.dst} = {shown}"
            is_upper = True
        else:
            found = insn.text(slot)
        lines.append(f"{slot:4}: ({insn.opcode:02x}) {found or _in_words_of_the_kernel(raw)}")
    return lines


def disassemble_prog(func_name: Text, bpfstr: bytes, syntax: str = "bcc") -> str:
    """The instructions of a function in BCC's words, or those of the kernel's verifier (`syntax="kernel"`)."""
    lines = [f"Disassemble of BPF program {text(func_name)}:"]
    if syntax == "kernel":
        lines += [f"{slot:4}: ({opcode:02x}) {shown}" for slot, opcode, shown in _native.disassemble(bpfstr)]
    elif syntax == "bcc":
        lines += disassemble_str(bpfstr)
    else:
        raise ValueError(f"there is no syntax {syntax!r}: bcc or kernel")
    return "\n".join(lines)


_NAMES: dict[tuple[int, bool], str] = {
    (1, False): "unsigned char", (1, True): "signed char", (2, False): "unsigned short", (2, True): "short",
    (4, False): "unsigned int", (4, True): "int", (8, False): "unsigned long long", (8, True): "long long",
    (16, False): "unsigned __int128", (16, True): "__int128",
}


def _size(tree: tuple[Any, ...]) -> int:
    if tree[0] == "array":
        return _size(tree[1]) * int(tree[2])
    return int(tree[2] if tree[0] in ("struct", "union") else tree[1])


def _type_name(tree: tuple[Any, ...]) -> str:
    kind = tree[0]
    if kind == "int":
        return {"char": "char", "_Bool": "_Bool", "bool": "_Bool"}.get(tree[3]) or _NAMES[tree[1], tree[2]]
    if kind == "enum":
        return _NAMES[tree[1], tree[2]]
    if kind == "pointer":
        return _NAMES[tree[1], False]
    if kind == "float":
        return "float" if tree[1] == 4 else "double"
    if kind == "array":
        lengths = f"[{tree[2]}]"
        element = tree[1]
        while element[0] == "array":
            lengths += f"[{element[2]}]"
            element = element[1]
        return (element[0] if element[0] in ("struct", "union") else _type_name(element)) + lengths
    return f"unsigned char[{tree[1]}]"


def _members(tree: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...], int, int]]:
    """Name, type, first bit and width (0: all of it) of members, and of the bytes that lie between them."""
    _, _, size, members = tree
    has_pads = tree[0] == "struct" and not any(bits for *_, bits in members)
    end = 0
    n_pads = 0
    for index, (name, ty, at, bits) in enumerate(members):
        if has_pads and at > end:
            n_pads += 1
            yield f"__pad_{index}", ("array", ("int", 1, False, "char"), (at - end) // 8), end, 0
        yield name, ty, at, bits
        end = at + (bits or 8 * _size(ty))
    if has_pads and 8 * size > end:
        yield "__pad_end", ("array", ("int", 1, False, "char"), size - end // 8), end, 0


def _layout(name: str, tree: tuple[Any, ...], indent: str, place: Optional[tuple[int, int]], has_sizes: bool) -> Iterator[str]:
    """Lines for something named; `place` is its first bit and, if that is not all of its type, its width."""
    first, bits = place or (0, 0)
    size = ""
    if has_sizes and place:
        byte, bit = divmod(first, 8)
        size = f"[{byte},{bit} +{bits} bit] " if bits else f"[{byte} +{_size(tree)}] "
    if tree[0] not in ("struct", "union"):
        yield f"{indent}{size}{_type_name(tree)} {name}" + (f":{bits};" if bits else ";")
        return
    yield f"{indent}{size}{tree[0]} {{"
    for label, ty, at, width in _members(tree):
        yield from _layout(label, ty, indent + "  ", (first + at, width), has_sizes)
    yield f"{indent}}}" + (f" {name};" if name else ";")


def _tree(kind: Any) -> tuple[Any, ...]:
    """The tree of a class of `ctypes` that a script made."""
    if issubclass(kind, (ct.Structure, ct.Union)):
        members = []
        for name, ty, *bits in kind._fields_:
            place = getattr(kind, name)
            low = place.size & 0xFFFF if bits else 0
            members.append((name, _tree(ty), place.offset * 8 + low, bits[0] if bits else 0))
        return "union" if issubclass(kind, ct.Union) else "struct", kind.__name__, ct.sizeof(kind), tuple(members)
    if issubclass(kind, ct.Array):
        return "array", _tree(kind._type_), kind._length_
    if kind in (ct.c_float, ct.c_double):
        return "float", ct.sizeof(kind)
    named = {ct.c_char: "char", ct.c_bool: "_Bool"}.get(kind, "")
    is_signed = kind not in (ct.c_char, ct.c_bool) and kind(-1).value == -1
    return "int", ct.sizeof(kind), is_signed, named


def decode_map(map_name: Text, map_obj: Any, map_type: Any = None, sizeinfo: bool = False) -> str:
    """The layout of a table's keys and values; with `sizeinfo` also where members are and how large they are."""
    number = map_obj.ttype if map_type is None else map_type
    kinds = {value: name for name, value in vars(MapType).items() if isinstance(value, int)}
    shown = kinds.get(number, "<unknown>") if isinstance(number, int) else number
    lines = [f"Layout of BPF map {text(map_name)} (type {shown}, FD {map_obj.map_fd}, ID {map_obj.map_id}):"]
    for name, label, attribute in (("key", "key", "Key"), ("leaf", "value", "Leaf")):
        if hasattr(map_obj, attribute):
            kind = getattr(map_obj, attribute)
            # Classes that a script brought, or that have a value for each CPU, are their own description.
            tree = map_obj._info[name] if map_obj._is_own(name) else _tree(kind)
            lines += _layout(label, tree, "  ", None, sizeinfo)
    return "\n".join(lines)
