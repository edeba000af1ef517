"""Addresses as names."""

from __future__ import annotations

import os

from . import _native

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional


def resolve(address: int, pid: int, show_module: bool = False, show_offset: bool = False) -> bytes:
    """The function that an address is in, of a process or, for numbers below 0, of the kernel."""
    found = _native.kernel_symbol(address) if pid < 0 else _native.user_symbol(pid, address)
    name, offset, module = found if found else (None, 0, None)
    shown = name or "[unknown]"
    if show_offset and name:
        shown += f"+0x{offset:x}"
    if show_module and module:
        shown += f" [{os.path.basename(module)}]"
    return shown.encode()


class SymbolCache:
    """The symbols of a process, or of the kernel for numbers below 0."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def resolve(self, addr: int, demangle: bool = True) -> tuple[Optional[bytes], int, Optional[bytes]]:
        """Name, offset in the function, and module; no name and the address if it is not known."""
        del demangle
        found = _native.kernel_symbol(addr) if self.pid < 0 else _native.user_symbol(self.pid, addr)
        name, offset, module = found if found else (None, 0, None)
        if name is None:
            return None, addr, module.encode() if module else None
        return name.encode(), offset, module.encode() if module else None

    def resolve_name(self, module: Any, name: Any) -> int:
        """The address of a symbol of the kernel, -1 if there is none."""
        from ._text_args import text

        del module
        found = _native.kernel_address(text(name)) if self.pid < 0 else None
        return -1 if found is None else found
