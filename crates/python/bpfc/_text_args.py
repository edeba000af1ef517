"""Arguments that may be text or bytes."""

from __future__ import annotations

import os

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    Text = Union[str, bytes]
else:
    Text = str


def text(value: Any) -> str:
    """Text, whatever it was given as."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode(errors="surrogateescape")
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if hasattr(value, "__bytes__"):
        return bytes(value).decode(errors="surrogateescape")
    raise TypeError(f"{value!r} is no text")
