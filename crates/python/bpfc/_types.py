"""Classes of `ctypes` for trees of types, as `_native` gives them."""

from __future__ import annotations

import ctypes as ct
import sys

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

#: What `ctypes` has for numbers, by bytes and sign.
_INTEGERS: dict[tuple[int, bool], Any] = {
    (1, False): ct.c_ubyte, (1, True): ct.c_byte,
    (2, False): ct.c_ushort, (2, True): ct.c_short,
    (4, False): ct.c_uint, (4, True): ct.c_int,
    (8, False): ct.c_ulonglong, (8, True): ct.c_longlong,
    # As BCC has it: the lower half first on little-endian machines.
    (16, False): ct.c_ulonglong * 2, (16, True): ct.c_longlong * 2,
}


def ctype(tree: tuple[Any, ...]) -> Any:
    """The class for a tree. Structs and unions are classes with members of C's names, in C's places."""
    kind = tree[0]
    if kind == "int":
        _, size, is_signed, name = tree
        if name == "char":
            return ct.c_char
        if name in ("_Bool", "bool"):
            return ct.c_bool
        return _INTEGERS.get((size, is_signed)) or ct.c_ubyte * size
    if kind == "pointer":
        return ct.c_ulonglong if tree[1] == 8 else ct.c_uint
    if kind == "enum":
        return _INTEGERS[tree[1], tree[2]]
    if kind == "array":
        return ctype(tree[1]) * tree[2]
    if kind in ("struct", "union"):
        return _record(*tree)
    if kind == "float":
        return ct.c_float if tree[1] == 4 else ct.c_double
    return ct.c_ubyte * tree[1]


def _record(kind: str, name: str, size: int, members: tuple[Any, ...]) -> Any:
    base: Any = ct.Structure if kind == "struct" else ct.Union
    fields: list[Any] = []
    anonymous: list[str] = []
    bits: dict[str, BitField] = {}
    end = 0

    def put(label: str, made: Any, at: int) -> None:
        nonlocal end
        if kind == "struct" and at > end:
            fields.append((f"__pad_{len(fields)}", ct.c_ubyte * (at - end)))
        fields.append((label, made))
        end = max(end, at + ct.sizeof(made))

    for label, ty, first_bit, n_bits in members:
        at = first_bit // 8
        if n_bits:
            # Bytes that bit-fields share are there once, under no name of the program's.
            last = -(-(first_bit + n_bits) // 8)
            bits[label] = BitField(first_bit, n_bits, ty[0] in ("int", "enum") and ty[2])
            if kind == "union":
                put(f"__bits_{len(fields)}", ct.c_ubyte * last, 0)
            elif last > end:
                at = max(at, end)
                put(f"__bits_{len(fields)}", ct.c_ubyte * (last - at), at)
            continue
        made = ctype(ty)
        if not label:
            label = f"__anon_{len(fields)}"
            anonymous.append(label)
            inner: dict[str, BitField] = getattr(made, "__bpfc_bits__", {})
            bits.update((name, field.moved(first_bit)) for name, field in inner.items())
        put(label, made, at)
    if kind == "struct" and size > end:
        fields.append(("__pad_end", ct.c_ubyte * (size - end)))
    if kind == "union" and all(ct.sizeof(field[1]) < size for field in fields):
        fields.append(("__pad_end", ct.c_ubyte * size))
    body: dict[str, Any] = {"__bpfc_bits__": bits, "__module__": "bpfc", "_pack_": 1, "_layout_": "ms"}
    if anonymous:
        body["_anonymous_"] = anonymous
    body["_fields_"] = fields
    body.update(bits)
    return type(name or kind, (base,), body)


class BitField:
    """A member of some bits. `ctypes` has its own idea of where such are, which is not that of the compiler."""

    __slots__ = ("first_bit", "n_bits", "is_signed")

    def __init__(self, first_bit: int, n_bits: int, is_signed: bool) -> None:
        self.first_bit, self.n_bits, self.is_signed = first_bit, n_bits, is_signed

    def moved(self, n_bits: int) -> BitField:
        """The same in an object that has its object `n_bits` from its start."""
        return BitField(self.first_bit + n_bits, self.n_bits, self.is_signed)

    def _place(self, owner: Any) -> tuple[Any, int, int]:
        first, last = self.first_bit // 8, -(-(self.first_bit + self.n_bits) // 8)
        held = (ct.c_ubyte * (last - first)).from_address(ct.addressof(owner) + first)
        is_little = sys.byteorder == "little"
        shift = self.first_bit % 8 if is_little else last * 8 - self.first_bit - self.n_bits
        return held, shift, (1 << self.n_bits) - 1

    def __get__(self, owner: Any, _owner_type: Optional[type] = None) -> Any:
        if owner is None:
            return self
        held, shift, mask = self._place(owner)
        value = (int.from_bytes(bytes(held), sys.byteorder) >> shift) & mask
        return value - mask - 1 if self.is_signed and value > mask >> 1 else value

    def __set__(self, owner: Any, value: int) -> None:
        held, shift, mask = self._place(owner)
        whole = int.from_bytes(bytes(held), sys.byteorder) & ~(mask << shift)
        whole |= (value & mask) << shift
        held[:] = list(whole.to_bytes(ct.sizeof(held), sys.byteorder))
