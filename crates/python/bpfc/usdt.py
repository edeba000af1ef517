"""Markers in programs of user space (USDT)."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import Any, Optional

from . import _native
from ._text_args import Text, text

_NOT_ENABLED = """Failed to enable USDT probe '{}': {}.
The program, or the runtime of its language, may have been built without markers (--enable-dtrace, --with-dtrace).
`tplist`, or `readelf -n`, shows which there are.
"""

#: An argument as compilers write it: size, then where it is.
_ARGUMENT = re.compile(r"(?:(-?\d+)f?@)?(\S+(?:\s*,[^\s@]+\])?)")
_MEMORY = re.compile(r"(-?(?:0x)?[0-9a-fA-F]*)(?:\+?([A-Za-z_.$][\w.$]*))?\((%\w+)(?:,(%\w+))?(?:,(\d+))?\)$")


class USDTException(Exception):
    """A marker that there is not, or a process that cannot be looked into."""


class USDTProbeArgument:
    """An argument: its size, and where it is."""

    def __init__(self, size: int, operand: str) -> None:
        self.signed = size < 0
        self.size = abs(size)
        self.operand = operand
        if operand.startswith("$") or re.fullmatch(r"-?\d+", operand):
            self.constant = int(operand.lstrip("$"), 0)
        elif memory := _MEMORY.match(operand):
            offset, name, base, index, scale = memory.groups()
            self.deref_offset = int(offset or "0", 0)
            self.base_register_name = base.lstrip("%").encode()
            if name:
                self.deref_ident = name.encode()
            if index:
                self.index_register_name = index.lstrip("%").encode()
            if scale:
                self.scale = int(scale)
        else:
            self.base_register_name = operand.lstrip("%").encode()

    def _place(self) -> str:
        if hasattr(self, "constant"):
            return str(self.constant)
        base = self.base_register_name.decode()
        if not hasattr(self, "deref_offset"):
            return base
        sign = "+" if self.deref_offset >= 0 else "-"
        if hasattr(self, "deref_ident"):
            return f"*(&{self.deref_ident.decode()} {sign} {abs(self.deref_offset)})"
        index = ""
        if hasattr(self, "index_register_name"):
            index = f" + {self.index_register_name.decode()}"
            index += f" * {self.scale}" if hasattr(self, "scale") else ""
        return f"*({base} {sign} {abs(self.deref_offset)}{index})"

    def __str__(self) -> str:
        return f"{self.size} {'signed  ' if self.signed else 'unsigned'} bytes @ {self._place()}"


def _arguments(written: str) -> list[USDTProbeArgument]:
    return [USDTProbeArgument(int(size or 8), operand) for size, operand in _ARGUMENT.findall(written)]


@dataclass
class _Place:
    """A marker at one place of a file."""

    path: str
    address: int
    semaphore: int
    written: str


class USDTProbeLocation:
    """One of the places of a marker."""

    def __init__(self, probe: USDTProbe, index: int, place: _Place) -> None:
        self.probe = probe
        self.index = index
        self.address = place.address
        self.bin_path = place.path.encode()
        self._arguments = _arguments(place.written)
        self.num_arguments = len(self._arguments)

    def get_argument(self, index: int) -> USDTProbeArgument:
        if not 0 <= index < len(self._arguments):
            raise USDTException(f"error retrieving probe argument {index} location {self.index}")
        return self._arguments[index]

    def __str__(self) -> str:
        return f"{self.bin_path.decode()} 0x{self.address:x}"


class USDTProbe:
    """A marker."""

    def __init__(self, provider: str, name: str, places: list[_Place]) -> None:
        self.provider = provider.encode()
        self.name = name.encode()
        self.bin_path = places[0].path.encode()
        self.semaphore = places[0].semaphore
        self._places = places
        self.num_locations = len(places)
        self.num_arguments = len(_arguments(places[0].written))

    def short_name(self) -> str:
        return f"{self.provider.decode()}:{self.name.decode()}"

    def get_location(self, index: int) -> USDTProbeLocation:
        if not 0 <= index < len(self._places):
            raise USDTException(f"error retrieving probe location {index}")
        return USDTProbeLocation(self, index, self._places[index])

    def __str__(self) -> str:
        return f"{self.short_name()} [sema 0x{self.semaphore:x}]"


class USDT:
    """The markers of a process, or of a program or library; those of a process of one file, if both are given."""

    def __init__(self, pid: Optional[int] = None, path: Optional[Text] = None) -> None:
        self.pid: Optional[int] = pid if pid and pid != -1 else None
        self.path: Optional[str] = text(path) if path else None
        if self.pid is None and self.path is None:
            raise USDTException("either a pid or a binary path must be specified")
        self._probes: Optional[list[USDTProbe]] = None
        #: Markers that are to be watched, and the function for each.
        self._enabled: list[tuple[USDTProbe, str]] = []
        if self.pid is not None and not os.path.exists(f"/proc/{self.pid}"):
            raise USDTException(f"USDT failed to instrument PID {self.pid}")
        if self.pid is None and not self._file(self.path or ""):
            raise USDTException(f"USDT failed to instrument path {self.path}")

    def _file(self, name: str) -> Optional[str]:
        return name if os.path.isfile(name) else _native.find_file(name, self.pid)

    def _files(self) -> list[str]:
        if self.path is not None:
            found = self._file(self.path)
            return [found] if found else []
        files: dict[str, None] = {}
        with open(f"/proc/{self.pid}/maps", encoding="utf-8", errors="replace") as maps:
            for line in maps:
                words = line.split(None, 5)
                # What is executed, from a file.
                if len(words) == 6 and "x" in words[1] and words[5].startswith("/"):
                    files[words[5].strip()] = None
        return [file for file in files if os.path.exists(self._seen(file))]

    def _seen(self, path: str) -> str:
        """The same file as this process sees it, which may have other mounts."""
        rooted = f"/proc/{self.pid}/root{path}"
        return rooted if self.pid is not None and not os.path.exists(path) and os.path.exists(rooted) else path

    def enumerate_probes(self) -> list[USDTProbe]:
        if self._probes is None:
            found: dict[tuple[str, str, str], list[_Place]] = {}
            for path in self._files():
                try:
                    markers = _native.markers(self._seen(path))
                except OSError:
                    continue
                for provider, name, address, semaphore, written in markers:
                    place = _Place(self._seen(path), address, semaphore, written)
                    found.setdefault((provider, name, path), []).append(place)
            self._probes = [USDTProbe(provider, name, places) for (provider, name, _), places in found.items()]
        return self._probes

    def _find(self, probe: str) -> USDTProbe:
        provider, _, name = probe.rpartition(":")
        found = [
            each for each in self.enumerate_probes()
            if each.name.decode() == name and (not provider or each.provider.decode() == provider)
        ]
        if not found:
            raise USDTException(_NOT_ENABLED.format(probe, "there is no such marker"))
        if len({each.provider for each in found}) > 1:
            raise USDTException(_NOT_ENABLED.format(probe, "several providers have it: say which"))
        return found[0]

    def enable_probe(self, probe: Text, fn_name: Text) -> None:
        """Has the function called at a marker, `name` or `provider:name`, once the program is loaded."""
        self._enabled.append((self._find(text(probe)), text(fn_name)))

    def enable_probe_or_bail(self, probe: Text, fn_name: Text) -> None:
        """The same; ends this program if there is no such marker."""
        try:
            self.enable_probe(probe, fn_name)
        except USDTException as error:
            print(error, file=sys.stderr)
            sys.exit(1)

    def get_context(self) -> USDT:
        return self

    def get_text(self) -> str:
        """What stands in front of a program that reads arguments: nothing, as the compiler knows where they are."""
        return ""

    def get_probe_arg_ctype(self, probe_name: Text, arg_index: int) -> Optional[str]:
        """The C type of an argument's size and sign."""
        arguments = _arguments(self._find(text(probe_name))._places[0].written)
        if not 0 <= arg_index < len(arguments):
            return None
        argument = arguments[arg_index]
        return f"{'' if argument.signed else 'u'}int{argument.size * 8}_t"

    def _markers(self) -> list[tuple[str, list[tuple[int, str]]]]:
        """For the compiler: where the arguments are that a function reads."""
        return [(fn, [(place.address, place.written) for place in probe._places]) for probe, fn in self._enabled]

    def enumerate_active_probes(self) -> list[tuple[bytes, bytes, int, int]]:
        """Path, function, address and process of each place that is watched."""
        return [
            (place.path.encode(), fn.encode(), place.address, self.pid or -1)
            for probe, fn in self._enabled
            for place in probe._places
        ]

    def attach_uprobes(self, bpf: Any, attach_usdt_ignore_pid: bool) -> None:
        """Attaches the functions to their markers."""
        pid = None if attach_usdt_ignore_pid else self.pid
        for probe, fn in self._enabled:
            bpf._attach_marker(fn, probe, pid)
