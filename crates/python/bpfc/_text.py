"""Keys and values as BCC writes them, `{ 0x1 [ 0x2 0x3 ] "text" }`, and as plain data."""

from __future__ import annotations

import ctypes as ct
import re

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

_TOKEN = re.compile(r'\s*([{}\[\]]|"(?:[^"\\]|\\.)*"|-?0x[0-9a-fA-F]+|-?\d+)')


def _is_padding(name: str) -> bool:
    return name.startswith(("__pad_", "__bits_"))


def _members(kind: Any) -> list[tuple[str, Any]]:
    return [(name, ty) for name, ty, *_ in kind._fields_ if not _is_padding(name)]


def shown(kind: Any, raw: bytes) -> str:
    """A key or value as text."""
    return _shown(kind.from_buffer_copy(raw), kind)


def _shown(value: Any, kind: Any) -> str:
    if issubclass(kind, (ct.Structure, ct.Union)):
        parts = [_shown(getattr(value, name), ty) for name, ty in _members(kind)]
        parts += [hex(getattr(value, name)) for name in getattr(kind, "__bpfc_bits__", {}) if name]
        return "{ " + " ".join(parts) + " }"
    if issubclass(kind, ct.Array):
        if kind._type_ is ct.c_char:
            text = value if isinstance(value, bytes) else value.value
            return '"' + text.decode(errors="replace") + '"'
        return "[ " + " ".join(_shown(item, kind._type_) for item in value) + " ]"
    number = getattr(value, "value", value)
    number = number[0] if isinstance(number, bytes) else int(number)
    return hex(number & ((1 << 8 * ct.sizeof(kind)) - 1))


def scanned(kind: Any, text: Union[str, bytes]) -> Any:
    """A key or value from text."""
    text = text.decode() if isinstance(text, bytes) else text
    tokens = _TOKEN.findall(text)
    if "".join(text.split()) != "".join("".join(tokens).split()):
        raise ValueError(f"{text!r} is no {kind.__name__}")
    value, rest = _scanned(kind, tokens)
    if rest:
        raise ValueError(f"{text!r} has more than a {kind.__name__}")
    return value


def _scanned(kind: Any, tokens: list[str]) -> tuple[Any, list[str]]:
    if not tokens:
        raise ValueError(f"too little text for a {kind.__name__}")
    first, rest = tokens[0], tokens[1:]
    if issubclass(kind, (ct.Structure, ct.Union)):
        value = kind()
        _expect(first, "{")
        for name, ty in _members(kind):
            item, rest = _scanned(ty, rest)
            is_text = issubclass(ty, ct.Array) and ty._type_ is ct.c_char
            setattr(value, name, item.value if is_text else item)
        for name in getattr(kind, "__bpfc_bits__", {}):
            item, rest = _scanned(ct.c_ulonglong, rest)
            setattr(value, name, item.value)
        _expect(rest[0] if rest else "", "}")
        return value, rest[1:]
    if issubclass(kind, ct.Array):
        value = kind()
        if kind._type_ is ct.c_char:
            value.value = first[1:-1].encode()
            return value, rest
        _expect(first, "[")
        for index in range(kind._length_):
            value[index], rest = _scanned(kind._type_, rest)
        _expect(rest[0] if rest else "", "]")
        return value, rest[1:]
    number = int(first, 0)
    return kind(bytes([number]) if kind is ct.c_char else number), rest


def _expect(found: str, wanted: str) -> None:
    if found != wanted:
        raise ValueError(f"`{wanted}` is missing" + (f" in front of `{found}`" if found else ""))


def as_data(value: Any) -> Any:
    """An object of `ctypes` as numbers, text, lists and dictionaries."""
    if isinstance(value, (ct.Structure, ct.Union)):
        kind = type(value)
        found: dict[str, Any] = {}
        for name, _ in _members(kind):
            item = as_data(getattr(value, name))
            if name.startswith("__anon_") and isinstance(item, dict):
                found.update(item)
            else:
                found[name] = item
        found.update((name, getattr(value, name)) for name in getattr(kind, "__bpfc_bits__", {}) if name)
        return found
    if isinstance(value, ct.Array):
        if value._type_ is ct.c_char:
            return value.value.decode(errors="replace")
        return [as_data(item) for item in value]
    value = getattr(value, "value", value)
    return value.decode(errors="replace") if isinstance(value, bytes) else value
