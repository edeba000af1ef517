"""What there is to probe: functions of the kernel and of programs, tracepoints, system calls."""

from __future__ import annotations

import os

from . import _native
from ._text_args import Text, text

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

#: How names of system calls begin in the kernel, by architecture and version.
SYSCALL_PREFIXES = [
    b"sys_",
    b"__x64_sys_",
    b"__x32_compat_sys_",
    b"__ia32_compat_sys_",
    b"__arm64_sys_",
    b"__s390x_sys_",
    b"__s390_sys_",
    b"__riscv_sys_",
]


def tracefs() -> str:
    """Where tracefs is, mounted if need be."""
    return _native.tracefs()


_prefix: Optional[bytes] = None


def syscall_prefix() -> bytes:
    """How names of system calls begin on this kernel."""
    global _prefix
    if _prefix is None:
        found = (prefix for prefix in SYSCALL_PREFIXES if _native.has_function((prefix + b"bpf").decode()))
        _prefix = next(found, b"sys_")
    return _prefix


def syscall_function(name: Text) -> bytes:
    """The kernel's function for a system call."""
    raw = name.encode() if isinstance(name, str) else name
    return syscall_prefix() + raw


def fix_syscall_function(name: Text) -> bytes:
    """The same for a name that begins as on some kernel."""
    raw = name.encode() if isinstance(name, str) else name
    for prefix in SYSCALL_PREFIXES:
        if raw.startswith(prefix):
            return syscall_function(raw[len(prefix):])
    return raw


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def kprobe_functions(pattern: Text) -> set[bytes]:
    """Functions of the kernel that match a regular expression from their start, and take probes."""
    import re

    wanted = re.compile(text(pattern))
    kprobes = "/sys/kernel/debug/kprobes/blacklist"
    blacklist = {line.split()[1] for line in _lines(kprobes) if len(line.split()) > 1}
    traceable = _lines(os.path.join(tracefs(), "available_filter_functions")) if _has_tracefs() else []
    names = (line.split(None, 1)[0] for line in traceable if line) if traceable else iter(_native.functions())
    unfit = re.compile(r"_kbl_addr_|__perf|perf_|__SCT__|__SCK__|.*\.cold(\.\d+)?$")
    found = (name for name in names if wanted.match(name) and name not in blacklist and not unfit.match(name))
    return {name.encode() for name in found}


def _has_tracefs() -> bool:
    try:
        tracefs()
        return True
    except OSError:
        return False


def tracepoints(pattern: Text) -> list[bytes]:
    """Tracepoints, `category:event`, that match a regular expression from their start."""
    import re

    wanted = re.compile(text(pattern))
    events = os.path.join(tracefs(), "events")
    found = []
    for category in sorted(os.listdir(events)):
        folder = os.path.join(events, category)
        if not os.path.isdir(folder):
            continue
        for event in sorted(os.listdir(folder)):
            name = f"{category}:{event}"
            if os.path.isdir(os.path.join(folder, event)) and wanted.match(name):
                found.append(name.encode())
    return found


def tracepoint_exists(category: Text, event: Text) -> bool:
    """Whether there is such a tracepoint."""
    try:
        return os.path.isdir(os.path.join(tracefs(), "events", text(category), text(event)))
    except OSError:
        return False


def _functions(path: Text, pattern: Text) -> list[tuple[bytes, int, int]]:
    import re

    wanted = re.compile(text(pattern))
    found: dict[int, tuple[bytes, int, int]] = {}
    for name, address, offset in _native.functions_of_file(text(path)):
        if wanted.match(name):
            found.setdefault(offset, (name.encode(), address, offset))
    return list(found.values())


def user_functions(path: Text, pattern: Text) -> list[tuple[bytes, int]]:
    """Functions of a program or library that match a regular expression from their start, and their addresses as the file has
    them; one for each place."""
    return [(name, address) for name, address, _ in _functions(path, pattern)]


def file_offset(name: str, address: int, pid: int) -> int:
    """Where in a file an address is, as the file has it."""
    path = _native.find_file(name, pid if pid > 0 else None)
    offset = _native.offset_in_file(path, address) if path else None
    if offset is None:
        raise Exception(f"could not determine where {address:#x} is in {name}")
    return int(offset)


def find_library(name: Text, pid: int = 0) -> Optional[bytes]:
    """The path of a library such as `c`, as a process has it, or as programs get it."""
    path = _native.find_file(text(name), pid if pid and pid > 0 else None)
    return path.encode() if path and ".so" in os.path.basename(path) else None


def find_exe(name: Text) -> Optional[bytes]:
    """The path of a command."""
    import shutil

    found = shutil.which(text(name))
    return found.encode() if found else None
