"""Lines that programs print with `bpf_trace_printk`."""

from __future__ import annotations

import fcntl
import os
import select
from typing import Optional, Union

Fields = tuple[Optional[bytes], Optional[int], Optional[int], Optional[bytes], Optional[float], Optional[bytes]]


class TracePipe:
    """The pipe of the kernel, which has the lines of all programs."""

    def __init__(self) -> None:
        from .probing import tracefs

        self._file = open(os.path.join(tracefs(), "trace_pipe"), "rb", buffering=0)
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        fcntl.fcntl(self._file, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        self._pending = b""

    def readline(self, nonblocking: bool) -> Optional[bytes]:
        """The next line without its end; none if there is none yet."""
        while b"\n" not in self._pending:
            if not nonblocking:
                select.select([self._file], [], [])
            try:
                more = self._file.read(65536)
            except BlockingIOError:
                more = None
            if more:
                self._pending += more
            elif nonblocking:
                return None
        line, self._pending = self._pending.split(b"\n", 1)
        return line

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()


def fields(line: bytes) -> Optional[Fields]:
    """Task, process, CPU, flags, seconds and message of a line; none for what is no line of a program."""
    if line.startswith(b"CPU:"):
        return None
    head, _, rest = line[17:].partition(b":")
    words = head.split()
    # Since 4.17 the thread group stands between, if it is asked for: `task-pid (tgid) [cpu] flags time`.
    words = [word for word in words if not word.startswith(b"(") and word != b")"]
    if len(words) != 4:
        return None
    try:
        pid, cpu, seconds = int(words[0]), int(words[1].strip(b"[]")), float(words[3])
    except ValueError:
        return None
    message = rest.partition(b":")[2][1:]
    return line[:16].lstrip(), pid, cpu, words[2], seconds, message


def formatted(fmt: Union[str, bytes], found: Fields) -> str:
    """A line as `trace_print` prints it."""
    pattern = fmt.decode() if isinstance(fmt, bytes) else fmt
    return pattern.format(*found)
