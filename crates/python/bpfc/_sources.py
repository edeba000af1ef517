"""Buffers that are waited on and read together."""

from __future__ import annotations

import os
import select
import sys

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from collections.abc import Callable


class Sources:
    """Readers, and what reads each."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._readers: list[tuple[Any, Callable[[], int]]] = []
        self._by_fd: dict[int, Callable[[], int]] = {}

    def add(self, reader: Any, consume: Callable[[], int]) -> None:
        self._readers.append((reader, consume))
        for fd in reader.fds():
            self._poll.register(fd, select.POLLIN)
            self._by_fd[fd] = consume

    def poll(self, timeout: int = -1) -> int:
        """Waits for records for so many milliseconds, -1 for ever, and hands them out: how many there were."""
        ready = self._poll.poll(None if timeout < 0 else timeout)
        # Several CPUs of a buffer are read at once.
        return sum(_quietly(consume) for consume in {self._by_fd[fd]: None for fd, _ in ready})

    def consume(self) -> int:
        """Hands out what is there."""
        return sum(_quietly(consume) for _, consume in self._readers)

    def clear(self) -> None:
        for fd in self._by_fd:
            self._poll.unregister(fd)
        self._readers.clear()
        self._by_fd.clear()

    def __len__(self) -> int:
        return len(self._readers)


def _quietly(consume: Callable[[], int]) -> int:
    """Ends the script, as BCC does, when nobody reads its output any more (`tool | head`)."""
    try:
        return consume()
    except BrokenPipeError:
        # What is still to be written has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
