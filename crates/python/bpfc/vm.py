"""Tables in the virtual machine."""

from __future__ import annotations

import ctypes as ct
from typing import Any, Optional


class VmMap:
    """A map of the virtual machine, which looks like one of the kernel."""

    fd = -1
    id = -1

    def __init__(self, machine: Any, info: dict[str, Any]) -> None:
        self._machine = machine
        self._name: str = info["name"]
        self.kind: int = info["type"]
        self.max_entries: int = info["max_entries"]
        self.n_values: int = 1
        for _, value in machine.dump(self._name) if self.kind in (5, 6, 10) else []:
            # The number of CPUs that the machine has.
            self.n_values = max(1, len(value) // max(8, -(-_size(info["leaf"]) // 8) * 8))
            break

    def lookup(self, key: Any) -> Optional[bytes]:
        found: Optional[bytes] = self._machine.lookup(self._name, bytes(key))
        return found

    def update(self, key: bytes, value: bytes, flags: int) -> None:
        self._machine.update(self._name, key, value, flags)

    def delete(self, key: bytes) -> bool:
        return bool(self._machine.delete(self._name, key))

    def dump(self) -> list[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = self._machine.dump(self._name)
        return found

    def keys(self) -> list[bytes]:
        return [key for key, _ in self.dump()]

    def drain(self) -> list[tuple[bytes, bytes]]:
        found = self.dump()
        for key, _ in found:
            self.delete(key)
        return found

    def next_key(self, previous: Optional[bytes]) -> Optional[bytes]:
        keys = self.keys()
        if previous not in keys:
            return keys[0] if keys else None
        at = keys.index(previous) + 1
        return keys[at] if at < len(keys) else None

    def update_many(self, pairs: list[tuple[bytes, bytes]], flags: int) -> None:
        for key, value in pairs:
            self.update(key, value, flags)

    def delete_many(self, keys: list[bytes]) -> int:
        return sum(self.delete(key) for key in keys)


def _size(tree: tuple[Any, ...]) -> int:
    from ._types import ctype

    return ct.sizeof(ctype(tree))


def deliver(table: Any, record: bytes) -> None:
    """Hands a record to the function that was given to `open_perf_buffer` or `open_ring_buffer`."""
    callback = table._cbs.get("vm")
    if callback is not None:
        held = ct.create_string_buffer(record, len(record))
        callback(ct.addressof(held), len(record))
