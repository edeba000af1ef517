"""`BPF`: a compiled program, its tables, and where its functions are attached."""

from __future__ import annotations

import atexit
import os
import sys

# That of `weakref`, without the rest of it.
from _weakref import ref

from . import _native, probing, symbols
from ._sources import Sources
from ._text_args import Text, text
from .attaching import Attaching
from .constants import TABLE_TYPES, BPFProgType, XDPAction, XDPFlags
from .errors import Diagnostic, LoadError, parse

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional
    from collections.abc import Iterator
    from types import TracebackType

#: Whether warnings are printed. Scripts that were not written for bpfc are run without them.
SHOW_WARNINGS = True

#: Programs that are still there when the interpreter ends.
_ALIVE: set[ref[BPF]] = set()

#: Tables that other programs of this process may use by name.
_PUBLIC: dict[str, ref[Any]] = {}


class LoadedFunction:
    """A loaded function."""

    def __init__(self, bpf: Any, name: bytes, program: Any) -> None:
        self.bpf = bpf
        self.name = name
        self._program = program
        #: Set by `attach_raw_socket`.
        self.sock: int = -1

    @property
    def fd(self) -> int:
        return int(self._program.fd)

    def test_run(self, data: bytes = b"", ctx: bytes = b"", repeat: int = 1) -> TestResult:
        """Runs it in the kernel on a packet."""
        return TestResult(*self._program.test_run(data, ctx, repeat))


class TestResult:
    """What a run gave: the result, the packet and the context afterwards, the time of one run in nanoseconds; in the virtual
    machine also the number of instructions, and lines that were printed."""

    __test__ = False

    def __init__(
        self, ret: int, data: bytes, ctx: bytes, duration_ns: int = 0, n_insns: int = 0, printed: Optional[list[str]] = None
    ) -> None:
        self.ret, self.data, self.ctx, self.duration_ns = ret, data, ctx, duration_ns
        self.n_insns = n_insns
        self.printed: list[str] = printed or []

    def __repr__(self) -> str:
        return f"<ret {self.ret}, {len(self.data)} bytes>"


class BPF(Attaching):
    """A program in BCC's dialect (or in libbpf's, if it says so), compiled, with its tables in the kernel. Functions whose names
    say where they belong (`kprobe__…`, `tracepoint__…`) are loaded and attached.

    `target="vm"` has it all in user space: `test_run` runs functions, and tables are those of the virtual machine.
    """

    SOCKET_FILTER = BPFProgType.SOCKET_FILTER
    KPROBE = BPFProgType.KPROBE
    SCHED_CLS = BPFProgType.SCHED_CLS
    SCHED_ACT = BPFProgType.SCHED_ACT
    TRACEPOINT = BPFProgType.TRACEPOINT
    XDP = BPFProgType.XDP
    PERF_EVENT = BPFProgType.PERF_EVENT
    CGROUP_SKB = BPFProgType.CGROUP_SKB
    CGROUP_SOCK = BPFProgType.CGROUP_SOCK
    LWT_IN = BPFProgType.LWT_IN
    LWT_OUT = BPFProgType.LWT_OUT
    LWT_XMIT = BPFProgType.LWT_XMIT
    SOCK_OPS = BPFProgType.SOCK_OPS
    SK_SKB = BPFProgType.SK_SKB
    CGROUP_DEVICE = BPFProgType.CGROUP_DEVICE
    SK_MSG = BPFProgType.SK_MSG
    RAW_TRACEPOINT = BPFProgType.RAW_TRACEPOINT
    CGROUP_SOCK_ADDR = BPFProgType.CGROUP_SOCK_ADDR
    CGROUP_SOCKOPT = BPFProgType.CGROUP_SOCKOPT
    TRACING = BPFProgType.TRACING
    LSM = BPFProgType.LSM

    XDP_ABORTED = XDPAction.XDP_ABORTED
    XDP_DROP = XDPAction.XDP_DROP
    XDP_PASS = XDPAction.XDP_PASS
    XDP_TX = XDPAction.XDP_TX
    XDP_REDIRECT = XDPAction.XDP_REDIRECT
    XDP_FLAGS_UPDATE_IF_NOEXIST = XDPFlags.UPDATE_IF_NOEXIST
    XDP_FLAGS_SKB_MODE = XDPFlags.SKB_MODE
    XDP_FLAGS_DRV_MODE = XDPFlags.DRV_MODE
    XDP_FLAGS_HW_MODE = XDPFlags.HW_MODE
    XDP_FLAGS_REPLACE = XDPFlags.REPLACE

    Function = LoadedFunction

    def __init__(
        self,
        src_file: Text = b"",
        hdr_file: Text = b"",
        text: Optional[Text] = None,
        debug: int = 0,
        cflags: Any = (),
        usdt_contexts: Any = (),
        allow_rlimit: bool = True,
        device: Optional[Text] = None,
        attach_usdt_ignore_pid: bool = False,
        *,
        target: str = "kernel",
        dialect: Optional[str] = None,
        name: Optional[str] = None,
    ) -> None:
        super().__init__()
        if target not in ("kernel", "vm"):
            raise ValueError(f"there is no target {target!r}: kernel or vm")
        self.debug = debug
        self.funcs: dict[bytes, LoadedFunction] = {}
        self.tables: dict[str, Any] = {}
        self._sources = Sources()
        self._rings = Sources()
        self._maps: dict[str, Any] = {}
        self._trace: Any = None
        self._closed = False
        self._lost_counts: dict[str, int] = {}
        source, shown = _source(text, src_file, hdr_file)
        if debug & 0x8 or debug & 0x4:
            print(source, file=sys.stderr)
        markers = [marker for context in usdt_contexts for marker in context._markers()]
        flags = [flag if isinstance(flag, str) else flag.decode() for flag in cflags]
        tables = [(table, TABLE_TYPES.get(native.kind, "hash")) for table, native in _public_tables().items()]
        self._unit = _native.compile(source, name or shown, flags, markers, tables, dialect or _dialect(source))
        warnings, self._warnings = self._unit.warnings()
        if warnings and SHOW_WARNINGS and "-w" not in flags:
            sys.stderr.write(warnings)
        self._programs = {name: (section, spec) for name, section, spec in self._unit.programs()}
        self._infos = {info["name"]: info for info in self._unit.tables()}
        if debug & 0x2:
            for function in self._programs:
                print(self.disassemble_func(function, "kernel"), file=sys.stderr)
        self._machine: Any = self._unit.machine() if target == "vm" else None
        if self._machine is None:
            self._maps = self._prepared_maps()
        _ALIVE.add(ref(self, _ALIVE.discard))
        if self._machine is None:
            try:
                for context in usdt_contexts:
                    context.attach_uprobes(self, attach_usdt_ignore_pid)
                self._trace_autoload()
            except BaseException:
                self.cleanup()
                raise
        del allow_rlimit, device

    def _prepared_maps(self) -> dict[str, Any]:
        """Makes the tables, except those that other programs of this process have made public."""
        foreign = [table for table, info in self._infos.items() if info["role"] == "extern"]
        public = _public_tables()
        missing = [table for table in foreign if table not in public]
        if missing:
            raise LoadError(f"no program of this process has a public table `{missing[0]}` (BPF_TABLE_PUBLIC)")
        maps = dict(zip(self._infos, self._unit.prepare([(table, public[table]) for table in foreign])))
        for table, info in self._infos.items():
            if info["role"] in ("public", "shared"):
                _PUBLIC[table] = ref(maps[table])
        return maps

    # Programs.

    @property
    def warnings(self) -> list[Diagnostic]:
        """What the compiler warned of."""
        return parse(self._warnings)

    def check(self) -> list[Diagnostic]:
        """Verifies all functions in user space, for the running kernel: warnings; CompileError if it would refuse one."""
        return parse(self._unit.verify()[1])

    def load_func(self, func_name: Text, prog_type: int, device: Any = None, attach_type: int = -1) -> LoadedFunction:
        """Loads a function as a type of programs."""
        del device
        return self._load(text(func_name), None, prog_type, attach_type)

    def _load_for(self, func_name: Text, spec: str) -> LoadedFunction:
        """Loads a function as what goes to an attach point."""
        return self._load(text(func_name), spec, None, -1)

    def _load(self, name: str, spec: Optional[str], prog_type: Optional[int], attach_type: int) -> LoadedFunction:
        found = self.funcs.get(name.encode())
        if found is not None:
            return found
        if name not in self._programs:
            raise Exception(f"Unknown program {name!r}: there is {', '.join(self._programs) or 'none'}")
        try:
            program = self._unit.load(name, spec, prog_type, attach_type)
        except LoadError as error:
            if self.debug & 0x2 and error.log:
                sys.stderr.write(error.log)
            raise
        found = self.funcs[name.encode()] = LoadedFunction(self, name.encode(), program)
        return found

    def load_funcs(self, prog_type: int = BPFProgType.KPROBE) -> list[LoadedFunction]:
        """Loads all functions as one type."""
        return [self.load_func(name, prog_type) for name in self._programs]

    def dump_func(self, func_name: Text) -> bytes:
        """The instructions of a function."""
        return bytes(self._unit.insns(text(func_name), {name: native.fd for name, native in self._maps.items()}))

    def disassemble_func(self, func_name: Text, syntax: str = "bcc") -> str:
        """The instructions of a function as text: as BCC writes them, or the kernel's verifier (`syntax="kernel"`), which tells
        halves of registers from the whole."""
        from .disassembler import disassemble_prog

        return disassemble_prog(text(func_name), self.dump_func(func_name), syntax)

    def decode_table(self, table_name: Text, sizeinfo: bool = False) -> str:
        """The layout of a table's keys and values as text."""
        from .disassembler import decode_map

        table = self[table_name]
        return decode_map(text(table_name), table, None, sizeinfo=sizeinfo)

    def test_run(self, func_name: Text, data: bytes = b"", ctx: bytes = b"", repeat: int = 1, args: Any = (),
                 prog_type: Optional[int] = None) -> TestResult:
        """Runs a function on a packet (`data`) or a context, in the virtual machine or in the kernel."""
        name = text(func_name)
        if self._machine is None:
            return self._load(name, None, prog_type, -1).test_run(data, ctx, repeat)
        outcome = self._machine.run(name, data or None, ctx or None, list(args))
        printed = [effect[1] for effect in outcome["effects"] if effect[0] == "printk"]
        for effect in outcome["effects"]:
            if effect[0] == "event":
                self._deliver(effect[1], effect[2])
        return TestResult(outcome["ret"], outcome["packet"] or b"", outcome["context"], 0, outcome["n_insns"], printed)

    def _deliver(self, table: str, record: bytes) -> None:
        """Hands a record of the virtual machine to whoever opened its buffer."""
        from .vm import deliver

        deliver(self.get_table(table), record)

    # Tables.

    def get_table(self, name: Text, keytype: Any = None, leaftype: Any = None, reducer: Any = None) -> Any:
        """A table by its name."""
        name = text(name)
        if name not in self._infos:
            raise KeyError(name)
        table = self.tables.get(name)
        if table is None or keytype or leaftype or reducer:
            if self._machine is not None:
                from .vm import VmMap

                native: Any = VmMap(self._machine, self._infos[name])
            else:
                native = self._maps[name]
            # Read when a table is used: with `ctypes`, it is half of the package.
            from .table import make_table

            table = make_table(self, self._infos[name], native, keytype=keytype, leaftype=leaftype, reducer=reducer)
            self.tables[name] = table
        return table

    def __getitem__(self, key: Text) -> Any:
        return self.get_table(key)

    def __setitem__(self, key: Text, table: Any) -> None:
        self.tables[text(key)] = table

    def __len__(self) -> int:
        return len(self._infos)

    def __delitem__(self, key: Text) -> None:
        del self.tables[text(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __contains__(self, key: object) -> bool:
        return text(key) in self._infos

    # Output.

    def perf_buffer_poll(self, timeout: int = -1) -> None:
        """Waits for records of perf buffers for so many milliseconds, -1 for ever, and hands them out."""
        self._sources.poll(timeout)

    def perf_buffer_consume(self) -> None:
        """Hands out the records of perf buffers that are there."""
        self._sources.consume()

    def kprobe_poll(self, timeout: int = -1) -> None:
        """An older name of `perf_buffer_poll`."""
        self.perf_buffer_poll(timeout)

    def ring_buffer_poll(self, timeout: int = -1) -> None:
        """Waits for records of ring buffers, and hands them out."""
        self._rings.poll(timeout)

    def ring_buffer_consume(self) -> None:
        """Hands out the records of ring buffers that are there."""
        self._rings.consume()

    def _lost(self, table: str, count: int) -> None:
        """Says that records were lost, for whom nobody else is told."""
        self._lost_counts[table] = self._lost_counts.get(table, 0) + count
        print(f"Possibly lost {count} samples", file=sys.stderr)

    def trace_open(self, nonblocking: bool = False) -> Any:
        """The pipe of printed lines."""
        from ._trace_pipe import TracePipe

        del nonblocking
        if self._trace is None:
            self._trace = TracePipe()
        return self._trace

    def trace_readline(self, nonblocking: bool = False) -> Optional[bytes]:
        """The next printed line."""
        line = self.trace_open().readline(nonblocking)
        return line.rstrip() if line is not None else None

    def trace_fields(self, nonblocking: bool = False) -> Any:
        """Task, process, CPU, flags, seconds and message of the next printed line."""
        from ._trace_pipe import fields

        while True:
            line = self.trace_open().readline(nonblocking)
            if line is None:
                return (None,) * 6
            found = fields(line)
            if found:
                return found

    def trace_print(self, fmt: Optional[Text] = None) -> None:
        """Prints printed lines, by a pattern over their fields if one is given, for ever."""
        from ._trace_pipe import formatted

        while True:
            if fmt:
                print(formatted(fmt, self.trace_fields()), flush=True)
            else:
                line = self.trace_readline()
                print((line or b"").decode(errors="replace"), flush=True)

    # Symbols and the kernel.

    @staticmethod
    def sym(addr: Any, pid: int, show_module: bool = False, show_offset: bool = False, demangle: bool = True) -> bytes:
        """The function of a process that an address is in, as bytes."""
        del demangle
        return symbols.resolve(addr, pid, show_module, show_offset)

    @staticmethod
    def ksym(addr: int, show_module: bool = False, show_offset: bool = False) -> bytes:
        """The function of the kernel that an address is in, as bytes."""
        return symbols.resolve(addr, -1, show_module, show_offset)

    @staticmethod
    def ksymname(name: Text) -> int:
        """The address of a symbol of the kernel, -1 if there is none."""
        found = _native.kernel_address(text(name))
        return -1 if found is None else found

    @staticmethod
    def _sym_cache(pid: int) -> symbols.SymbolCache:
        return symbols.SymbolCache(pid)

    @staticmethod
    def add_module(modname: Text) -> None:
        """Symbols of build ids are looked for in this file, too: found without being told, wherever it is mapped."""
        del modname

    @staticmethod
    def kernel_struct_has_field(struct_name: Text, field_name: Text) -> int:
        """1 if a struct of the kernel has a member, 0 if not, -1 if there is no such struct or the kernel has no types."""
        found = _native.member_exists(text(struct_name), text(field_name))
        return -1 if found is None else int(found)

    @staticmethod
    def kernel_enum_has_val(enum_name: Text, val_name: Text) -> int:
        """1 if the kernel has an enumerator, 0 if not."""
        del enum_name
        return int(_native.enumerator(text(val_name)) is not None)

    @staticmethod
    def get_syscall_prefix() -> bytes:
        return probing.syscall_prefix()

    @staticmethod
    def get_syscall_fnname(name: Text) -> bytes:
        return probing.syscall_function(name)

    @staticmethod
    def fix_syscall_fnname(name: Text) -> bytes:
        return probing.fix_syscall_function(name)

    @staticmethod
    def get_kprobe_functions(event_re: Text) -> set[bytes]:
        return probing.kprobe_functions(event_re)

    @staticmethod
    def get_tracepoints(tp_re: Text) -> list[bytes]:
        return probing.tracepoints(tp_re)

    @staticmethod
    def tracepoint_exists(category: Text, event: Text) -> bool:
        return probing.tracepoint_exists(category, event)

    @staticmethod
    def get_user_functions_and_addresses(name: Text, sym_re: Text) -> list[tuple[bytes, int]]:
        return probing.user_functions(name, sym_re)

    @staticmethod
    def get_user_functions(name: Text, sym_re: Text) -> set[bytes]:
        return {function for function, _ in probing.user_functions(name, sym_re)}

    @staticmethod
    def get_user_addresses(name: Text, sym_re: Text) -> set[int]:
        return {address for _, address in probing.user_functions(name, sym_re)}

    @staticmethod
    def find_library(library: Text, pid: int = 0) -> Optional[bytes]:
        return probing.find_library(library, pid)

    @staticmethod
    def find_exe(bin_path: Text) -> Optional[bytes]:
        return probing.find_exe(bin_path)

    @staticmethod
    def generate_auto_includes(program_words: Any) -> str:
        """Headers that a program with these words needs: none, as the compiler knows the kernel's types."""
        del program_words
        return ""

    @staticmethod
    def support_raw_tracepoint() -> bool:
        return _native.has_function("bpf_raw_tp_link_attach") or _native.has_function("bpf_find_raw_tracepoint")

    @staticmethod
    def support_raw_tracepoint_in_module() -> bool:
        return _native.kernel_address("bpf_trace_modules") is not None

    @staticmethod
    def support_kfunc() -> bool:
        """Whether the kernel attaches programs to its functions directly (fentry)."""
        return _native.supports("fentry")

    @staticmethod
    def support_fmod_ret() -> bool:
        return _native.supports("fmod_ret")

    @staticmethod
    def support_lsm() -> bool:
        return _native.supports("lsm")

    @staticmethod
    def monotonic_time() -> int:
        """Nanoseconds on the clock of `bpf_ktime_get_ns`."""
        import time

        return time.clock_gettime_ns(time.CLOCK_MONOTONIC)

    @staticmethod
    def get_probe_limit() -> int:
        """How many probes one program may have: `BCC_PROBE_LIMIT`, or 1000."""
        limit = os.environ.get("BCC_PROBE_LIMIT", "")
        return int(limit) if limit.isdigit() else 1000

    # The end.

    def free_bcc_memory(self) -> int:
        """Gives back what only compiling needs: nothing is kept."""
        return 0

    def donothing(self) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Detaches all, and gives tables and functions back."""
        self.cleanup()

    def cleanup(self) -> None:
        """Detaches all."""
        if self._closed:
            return
        self._closed = True
        self._detach_all()
        self._sources.clear()
        self._rings.clear()
        self.funcs.clear()
        if self._trace is not None:
            self._trace.close()
            self._trace = None

    def __enter__(self) -> BPF:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.cleanup()


def _source(given: Optional[Text], src_file: Text, hdr_file: Text) -> tuple[str, str]:
    """The text of a program, and the name of its file."""
    if given is not None:
        if isinstance(given, bytes):
            return given.decode(errors="replace"), "main.c"
        return given, "main.c"
    path = _found(text(src_file))
    if not path:
        raise ValueError("there is nothing to compile: say text= or src_file=")
    with open(path, encoding="utf-8", errors="replace") as file:
        source = file.read()
    if hdr_file:
        with open(_found(text(hdr_file)), encoding="utf-8", errors="replace") as file:
            source = file.read() + "\n" + source
    return source, path


def _found(name: str) -> str:
    """A file of this folder, or beside the script."""
    if not name or os.path.exists(name) or os.path.isabs(name):
        return name
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), name)
    return beside if os.path.exists(beside) else name


def _public_tables() -> dict[str, Any]:
    """`_PUBLIC`, without those that are gone."""
    tables = {name: table() for name, table in _PUBLIC.items()}
    return {name: table for name, table in tables.items() if table is not None}


def _dialect(source: str) -> Optional[str]:
    """BCC's, unless the program has sections of its own."""
    return None if "SEC(" in source else "bcc"


def _cleanup_all() -> None:
    for alive in list(_ALIVE):
        program = alive()
        if program is not None:
            program.cleanup()


atexit.register(_cleanup_all)
