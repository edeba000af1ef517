"""Attaching and detaching, as BCC's `BPF` has it."""

from __future__ import annotations

import os

from . import probing
from ._text_args import Text, text
from .constants import BPFProgType, XDPFlags

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union
    from collections.abc import Callable, Iterable

#: `PERF_TYPE_*` and numbers of counters.
CounterKey = tuple[int, int]


class Attaching:
    """What is attached, by the names that events have, and how it gets there."""

    _load_for: Callable[[Text, str], Any]
    load_func: Callable[..., Any]
    _programs: dict[str, tuple[str, Optional[str]]]

    def __init__(self) -> None:
        #: By event, and then by function.
        self.kprobe_fds: dict[bytes, dict[bytes, Any]] = {}
        self.uprobe_fds: dict[bytes, Any] = {}
        self.tracepoint_fds: dict[bytes, Any] = {}
        self.raw_tracepoint_fds: dict[bytes, Any] = {}
        self.kfunc_entry_fds: dict[bytes, Any] = {}
        self.kfunc_exit_fds: dict[bytes, Any] = {}
        self.lsm_fds: dict[bytes, Any] = {}
        self.open_perf_events: dict[CounterKey, list[Any]] = {}
        self._xdp: dict[str, Any] = {}
        self._markers: list[Any] = []
        self._others: list[Any] = []

    def _attach(self, fn_name: Text, spec: str) -> Any:
        return self._load_for(fn_name, spec)._program.attach(spec)

    def _check_probe_quota(self, n_new: int) -> None:
        limit = self.get_probe_limit()
        if self._n_probes() + n_new > limit:
            raise Exception(
                f"Number of open probes would exceed global quota of {limit}: set BCC_PROBE_LIMIT to raise it"
            )

    def _n_probes(self) -> int:
        return self.num_open_kprobes() + self.num_open_uprobes() + self.num_open_tracepoints()

    @staticmethod
    def get_probe_limit() -> int:
        raise NotImplementedError

    # Functions of the kernel.

    def _attach_kprobe(self, kind: str, event: Text, fn_name: Text, event_re: Text, offset: int) -> None:
        if event_re:
            functions = sorted(probing.kprobe_functions(event_re))
            self._check_probe_quota(len(functions))
            failed: Optional[Exception] = None
            n_attached = 0
            for function in functions:
                try:
                    self._attach_kprobe(kind, function, fn_name, b"", 0)
                    n_attached += 1
                except Exception as error:  # Some functions take no probes, which the kernel only says then.
                    failed = error
            if not n_attached:
                reason = failed or "there is no such function"
                raise Exception(f"Failed to attach BPF program {text(fn_name)} to {kind} {text(event_re)}: {reason}")
            return
        self._check_probe_quota(1)
        spec = f"{kind}:{text(event)}" + (f"+0x{offset:x}" if offset else "")
        prefix = "p_" if kind == "kprobe" else "r_"
        key = (prefix + text(event).replace("+", "_").replace(".", "_") + (f"_0x{offset:x}" if offset else "")).encode()
        link = self._attach(fn_name, spec)
        self.kprobe_fds.setdefault(key, {})[text(fn_name).encode()] = link

    def attach_kprobe(
        self, event: Text = b"", event_off: int = 0, fn_name: Text = b"", event_re: Text = b""
    ) -> None:
        """Runs a function at each call of a function of the kernel, or of all that match a regular expression."""
        self._attach_kprobe("kprobe", event, fn_name, event_re, event_off)

    def attach_kretprobe(
        self, event: Text = b"", fn_name: Text = b"", event_re: Text = b"", maxactive: int = 0
    ) -> None:
        """Runs a function at each return of a function of the kernel."""
        del maxactive
        self._attach_kprobe("kretprobe", event, fn_name, event_re, 0)

    def detach_kprobe_event(self, ev_name: Text) -> None:
        """Detaches all functions from an event, `p_NAME` or `r_NAME`."""
        for fn_name in list(self.kprobe_fds.get(text(ev_name).encode(), {})):
            self.detach_kprobe_event_by_fn(ev_name, fn_name)

    def detach_kprobe_event_by_fn(self, ev_name: Text, fn_name: Text) -> None:
        """Detaches one function from an event."""
        event, function = text(ev_name).encode(), text(fn_name).encode()
        attached = self.kprobe_fds.get(event, {})
        if function not in attached:
            raise Exception(f"Kprobe {text(ev_name)} is not attached")
        attached.pop(function).detach()
        if not attached:
            del self.kprobe_fds[event]

    def _detach_kprobe(self, prefix: str, event: Text, fn_name: Optional[Text]) -> None:
        key = prefix + text(event).replace("+", "_").replace(".", "_")
        if key.encode() not in self.kprobe_fds:
            raise Exception(f"Kprobe {key} is not attached")
        if fn_name:
            self.detach_kprobe_event_by_fn(key, fn_name)
        else:
            self.detach_kprobe_event(key)

    def detach_kprobe(self, event: Text, fn_name: Optional[Text] = None) -> None:
        self._detach_kprobe("p_", event, fn_name)

    def detach_kretprobe(self, event: Text, fn_name: Optional[Text] = None) -> None:
        self._detach_kprobe("r_", event, fn_name)

    def num_open_kprobes(self) -> int:
        """How many probes there are at functions of the kernel."""
        return sum(len(functions) for functions in self.kprobe_fds.values())

    # Tracepoints.

    def attach_tracepoint(self, tp: Text = b"", tp_re: Text = b"", fn_name: Text = b"") -> None:
        """Runs a function at a tracepoint, `category:event`, or at all that match a regular expression."""
        if tp_re:
            found = probing.tracepoints(tp_re)
            if not found:
                raise Exception(f"there is no tracepoint that matches {text(tp_re)!r}")
            self._check_probe_quota(len(found))
            for each in found:
                self.attach_tracepoint(tp=each, fn_name=fn_name)
            return
        self._check_probe_quota(1)
        self.tracepoint_fds[text(tp).encode()] = self._attach(fn_name, f"tp:{text(tp)}")

    def detach_tracepoint(self, tp: Text = b"") -> None:
        self._detach(self.tracepoint_fds, tp, "Tracepoint")

    def num_open_tracepoints(self) -> int:
        return len(self.tracepoint_fds)

    def attach_raw_tracepoint(self, tp: Text = b"", fn_name: Text = b"") -> None:
        """Runs a function at a tracepoint, with the kernel's own arguments."""
        name = text(tp).encode()
        if name in self.raw_tracepoint_fds:
            raise Exception(f"Raw tracepoint {text(tp)} has been attached")
        self.raw_tracepoint_fds[name] = self._attach(fn_name, f"raw_tp:{text(tp)}")

    def detach_raw_tracepoint(self, tp: Text = b"") -> None:
        self._detach(self.raw_tracepoint_fds, tp, "Raw tracepoint")

    @staticmethod
    def _detach(attached: dict[bytes, Any], name: Text, what: str) -> None:
        link = attached.pop(text(name).encode(), None)
        if link is None:
            raise Exception(f"{what} {text(name)} is not attached")
        link.detach()

    # What the kernel's types describe.

    def _attach_typed(self, attached: dict[bytes, Any], prefixes: tuple[str, ...], fn_name: Text) -> None:
        """Attaches a function where its name says."""
        name = text(fn_name)
        if not name.startswith(prefixes):
            name = prefixes[0] + name
        if name.encode() in attached:
            raise Exception(f"{name} has been attached")
        spec = self._programs[name][1] if name in self._programs else None
        if spec is None:
            raise Exception(f"Unknown program {name!r}")
        attached[name.encode()] = self._attach(name, spec)

    def attach_kfunc(self, fn_name: Text = b"") -> None:
        """Attaches a function that `KFUNC_PROBE` defines."""
        self._attach_typed(self.kfunc_entry_fds, ("kfunc__",), fn_name)

    def attach_kretfunc(self, fn_name: Text = b"") -> None:
        self._attach_typed(self.kfunc_exit_fds, ("kretfunc__",), fn_name)

    def attach_fmod_ret(self, fn_name: Text = b"") -> None:
        self._attach_typed(self.kfunc_entry_fds, ("kmod_ret__",), fn_name)

    def attach_lsm(self, fn_name: Text = b"") -> None:
        self._attach_typed(self.lsm_fds, ("lsm__",), fn_name)

    def detach_kfunc(self, fn_name: Text = b"") -> None:
        self._detach(self.kfunc_entry_fds, _prefixed("kfunc__", fn_name), "Kernel entry func")

    def detach_kretfunc(self, fn_name: Text = b"") -> None:
        self._detach(self.kfunc_exit_fds, _prefixed("kretfunc__", fn_name), "Kernel exit func")

    def detach_fmod_ret(self, fn_name: Text = b"") -> None:
        self._detach(self.kfunc_entry_fds, _prefixed("kmod_ret__", fn_name), "Modify return func")

    def detach_lsm(self, fn_name: Text = b"") -> None:
        self._detach(self.lsm_fds, _prefixed("lsm__", fn_name), "LSM")

    # Functions of programs.

    def _attach_uprobe(
        self, is_return: bool, name: Text, sym: Text, sym_re: Text, addr: Optional[int], fn_name: Text, pid: int, sym_off: int
    ) -> None:
        if sym_re:
            places = {address for _, address in probing.user_functions(name, sym_re)}
            if not places:
                raise Exception(f"no function of {text(name)} matches {text(sym_re)!r}")
            self._check_probe_quota(len(places))
            for place in sorted(places):
                self._attach_uprobe(is_return, name, b"", b"", place, fn_name, pid, 0)
            return
        self._check_probe_quota(1)
        spec = "uretprobe:x:y" if is_return else "uprobe:x:y"
        program = self._load_for(fn_name, spec)._program
        offset = sym_off if addr is None else probing.file_offset(text(name), addr, pid)
        link = program.attach_uprobe(text(name), text(sym) if addr is None else "", offset, is_return, _pid(pid))
        self.uprobe_fds[_uprobe_key(is_return, name, sym, addr, pid, sym_off)] = link

    def attach_uprobe(
        self,
        name: Text = b"",
        sym: Text = b"",
        sym_re: Text = b"",
        addr: Optional[int] = None,
        fn_name: Text = b"",
        pid: int = -1,
        sym_off: int = 0,
    ) -> None:
        """Runs a function at each call of a function of a program or library: by name, by a regular expression, or by the
        address in the file."""
        self._attach_uprobe(False, name, sym, sym_re, addr, fn_name, pid, sym_off)

    def attach_uretprobe(
        self,
        name: Text = b"",
        sym: Text = b"",
        sym_re: Text = b"",
        addr: Optional[int] = None,
        fn_name: Text = b"",
        pid: int = -1,
    ) -> None:
        """Runs a function at each return."""
        self._attach_uprobe(True, name, sym, sym_re, addr, fn_name, pid, 0)

    def detach_uprobe_event(self, ev_name: Text) -> None:
        self._detach(self.uprobe_fds, ev_name, "Uprobe")

    def detach_uprobe(
        self, name: Text = b"", sym: Text = b"", addr: Optional[int] = None, pid: int = -1, sym_off: int = 0
    ) -> None:
        self.detach_uprobe_event(_uprobe_key(False, name, sym, addr, pid, sym_off))

    def detach_uretprobe(self, name: Text = b"", sym: Text = b"", addr: Optional[int] = None, pid: int = -1) -> None:
        self.detach_uprobe_event(_uprobe_key(True, name, sym, addr, pid, 0))

    def num_open_uprobes(self) -> int:
        return len(self.uprobe_fds) + len(self._markers)

    def _attach_marker(self, fn_name: str, probe: Any, pid: Optional[int]) -> None:
        """Attaches a function to a USDT marker."""
        path, provider, name = probe.bin_path.decode(), probe.provider.decode(), probe.name.decode()
        program = self._load_for(fn_name, "uprobe:x:y")._program
        self._markers.append(program.attach_marker(path, provider, name, pid))

    # Counters.

    def attach_perf_event(
        self,
        ev_type: int = -1,
        ev_config: int = -1,
        fn_name: Text = b"",
        sample_period: int = 0,
        sample_freq: int = 0,
        pid: int = -1,
        cpu: int = -1,
        group_fd: int = -1,
    ) -> None:
        """Runs a function by a counter: once in `sample_period` events, or `sample_freq` times a second."""
        del group_fd
        program = self._load_for(fn_name, "perf_event:cpu-clock:99")._program
        rate, scope = (sample_freq, sample_period or 1), (_pid(pid), None if cpu < 0 else cpu)
        link = program.attach_counter((ev_type, ev_config), rate, scope)
        self.open_perf_events.setdefault((ev_type, ev_config), []).append(link)

    def attach_perf_event_raw(
        self, attr: Any, fn_name: Text = b"", pid: int = -1, cpu: int = -1, group_fd: int = -1
    ) -> None:
        """The same with the kernel's `struct perf_event_attr` (`perf.Perf.perf_event_attr`)."""
        rate = attr.sample_freq
        self.attach_perf_event(
            attr.type, attr.config, fn_name, 0 if attr.freq else rate, rate if attr.freq else 0, pid, cpu, group_fd
        )

    def detach_perf_event(self, ev_type: int = -1, ev_config: int = -1) -> None:
        links = self.open_perf_events.pop((ev_type, ev_config), None)
        if links is None:
            raise Exception(f"Perf event type {ev_type} config {ev_config} not attached")
        for link in links:
            link.detach()

    # Networks.

    def attach_xdp(self, dev: Text, fn: Any, flags: int = 0) -> None:
        """Runs a function on each packet that an interface receives."""
        mode = ""
        for flag, name in ((XDPFlags.SKB_MODE, "generic"), (XDPFlags.DRV_MODE, "native"), (XDPFlags.HW_MODE, "offload")):
            mode = f":{name}" if flags & flag else mode
        device = text(dev)
        if device in self._xdp:
            self._xdp.pop(device).detach()
        self._xdp[device] = fn._program.attach(f"xdp:{device}{mode}")

    def remove_xdp(self, dev: Text, flags: int = 0) -> None:
        """Detaches what `attach_xdp` attached."""
        del flags
        link = self._xdp.pop(text(dev), None)
        if link is not None:
            link.detach()

    def attach_raw_socket(self, fn: Any, dev: Text) -> None:
        """Runs a socket filter on what an interface sees: `fn.sock` is then a socket that has what it lets through."""
        device = text(dev)
        link = fn._program.attach(f"socket:{device}" if device else "socket")
        self._others.append(link)
        fn.sock = link.socket()

    def attach_func(self, fn: Any, attachable_fd: Any, attach_type: int, flags: int = 0) -> None:
        """Attaches a function by `BPF_PROG_ATTACH`: to a control group or a sockmap, which a descriptor stands for."""
        fn._program.attach_raw(_fileno(attachable_fd), attach_type, flags)

    def detach_func(self, fn: Any, attachable_fd: Any, attach_type: int) -> None:
        fn._program.detach_raw(_fileno(attachable_fd), attach_type)

    # All.

    def _trace_autoload(self) -> None:
        """Attaches the functions whose names say where."""
        from .bpf import BPF

        for name, (section, spec) in self._programs.items():
            if name.startswith("kprobe__"):
                self.attach_kprobe(event=BPF.fix_syscall_fnname(name[8:]), fn_name=name)
            elif name.startswith("kretprobe__"):
                self.attach_kretprobe(event=BPF.fix_syscall_fnname(name[11:]), fn_name=name)
            elif name.startswith("tracepoint__"):
                self.attach_tracepoint(tp=section.partition("/")[2].replace("/", ":"), fn_name=name)
            elif name.startswith("raw_tracepoint__"):
                self.attach_raw_tracepoint(tp=name[16:], fn_name=name)
            elif name.startswith("kfunc__"):
                self.attach_kfunc(fn_name=name)
            elif name.startswith("kretfunc__"):
                self.attach_kretfunc(fn_name=name)
            elif name.startswith("lsm__"):
                self.attach_lsm(fn_name=name)
            elif section and spec and "/" in section and not name.startswith(("kmod_ret__", "bpf_iter__", "syscall__")):
                # A section of libbpf's that says all.
                self._others.append(self._attach(name, spec))

    def _links(self) -> Iterable[Any]:
        for functions in self.kprobe_fds.values():
            yield from functions.values()
        for attached in (
            self.uprobe_fds, self.tracepoint_fds, self.raw_tracepoint_fds, self.kfunc_entry_fds, self.kfunc_exit_fds,
            self.lsm_fds, self._xdp,
        ):
            yield from attached.values()
        for links in self.open_perf_events.values():
            yield from links
        yield from self._markers
        yield from self._others

    def _detach_all(self) -> None:
        for link in list(self._links()):
            try:
                link.detach()
            except OSError:
                # What is gone is detached.
                pass
        for attached in (
            self.kprobe_fds, self.uprobe_fds, self.tracepoint_fds, self.raw_tracepoint_fds, self.kfunc_entry_fds,
            self.kfunc_exit_fds, self.lsm_fds, self._xdp, self.open_perf_events,
        ):
            attached.clear()
        self._markers.clear()
        self._others.clear()


def _pid(pid: int) -> Optional[int]:
    return pid if pid > 0 else None


def _fileno(given: Any) -> int:
    return int(given.fileno()) if hasattr(given, "fileno") else int(getattr(given, "map_fd", given))


def _prefixed(prefix: str, name: Text) -> str:
    name = text(name)
    return name if name.startswith(prefix) else prefix + name


def _uprobe_key(
    is_return: bool, name: Text, sym: Text, addr: Optional[int], pid: int, sym_off: int
) -> bytes:
    place: Union[str, int] = text(sym) if addr is None else addr
    where = f"{os.path.basename(text(name))}_{place}" + (f"_{sym_off}" if sym_off else "")
    return f"{'r' if is_return else 'p'}_{where}_{pid}".encode()


__all__ = ["Attaching", "BPFProgType"]
