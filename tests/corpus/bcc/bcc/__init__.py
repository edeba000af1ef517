"""Stands in for BCC's Python module: records what a tool would compile and attach."""

import json
import os
import re
import sys
import traceback

# Modules that need nothing from BCC's library come from the installed package, or from BCC's repository.
__path__.append("/usr/lib/python3/dist-packages/bcc")
if os.path.sep + "tools" + os.path.sep in sys.argv[4]:
    __path__.append(sys.argv[4].split(os.path.sep + "tools" + os.path.sep)[0] + "/src/python/bcc")
__version__ = "0.26.0"

_records = []
_words = []
_kernel_lines = set()
_out = None


def start(out, kernel, words):
    """Records to `out` from here on."""
    global _out, _kernel_lines
    _out = out
    _words.extend(words)
    with open(kernel) as lines:
        _kernel_lines = set(lines.read().split("\n"))


class Stop(Exception):
    """Ends a unit test."""


def finish(*_):
    """There is nothing more to record: ends the process, or the unit test."""
    if "tests" in _words:
        raise Stop
    end()


def end(*_):
    """Writes the records and ends the process."""
    if not _records:
        traceback.print_exc()
    else:
        with open(_out, "w") as out:
            for record in _records:
                out.write(json.dumps(record) + "\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if _records else 9)


class Everything(type):
    """What is said of `Anything` itself."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __iter__(cls):
        return iter(())


class Anything(metaclass=Everything):
    """A value that takes part in everything."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return Anything()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __getitem__(self, key):
        return Anything()

    def __setitem__(self, key, value):
        pass

    def __delitem__(self, key):
        pass

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __int__(self):
        return 0

    def __index__(self):
        return 0

    def __float__(self):
        return 0.0

    def __add__(self, other):
        return other

    __radd__ = __add__

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return False


def _caller():
    """The unit test that runs."""
    frame = sys._getframe()
    while frame:
        name = frame.f_code.co_name
        if name.startswith("test") or name == "setUp":
            return name
        frame = frame.f_back
    return ""


def _found(path):
    """A file, which may be beside the script."""
    beside = os.path.join(os.path.dirname(sys.argv[0]), path)
    return path if os.path.exists(path) else beside


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _matching(kind, pattern):
    """Names of a kind that match."""
    matcher = re.compile(_text(pattern))
    names = (line[len(kind) + 1 :] for line in _kernel_lines if line.startswith(kind + " "))
    return sorted(name.encode() for name in names if matcher.match(name))


class PerfType:
    HARDWARE, SOFTWARE, TRACEPOINT, HW_CACHE, RAW, BREAKPOINT = range(6)


class PerfHWConfig:
    (CPU_CYCLES, INSTRUCTIONS, CACHE_REFERENCES, CACHE_MISSES, BRANCH_INSTRUCTIONS, BRANCH_MISSES,
     BUS_CYCLES, STALLED_CYCLES_FRONTEND, STALLED_CYCLES_BACKEND, REF_CPU_CYCLES) = range(10)


class PerfSWConfig:
    (CPU_CLOCK, TASK_CLOCK, PAGE_FAULTS, CONTEXT_SWITCHES, CPU_MIGRATIONS, PAGE_FAULTS_MIN,
     PAGE_FAULTS_MAJ, ALIGNMENT_FAULTS, EMULATION_FAULTS, DUMMY, BPF_OUTPUT) = range(11)


from .utils import ArgString, StrcmpRewrite, printb  # noqa: E402

PerfEventSampleFormat = XDPAction = XDPFlags = Anything()


class BPFAttachType:
    (CGROUP_INET_INGRESS, CGROUP_INET_EGRESS, CGROUP_INET_SOCK_CREATE, CGROUP_SOCK_OPS, SK_SKB_STREAM_PARSER,
     SK_SKB_STREAM_VERDICT, CGROUP_DEVICE, SK_MSG_VERDICT, CGROUP_INET4_BIND, CGROUP_INET6_BIND, CGROUP_INET4_CONNECT,
     CGROUP_INET6_CONNECT, CGROUP_INET4_POST_BIND, CGROUP_INET6_POST_BIND, CGROUP_UDP4_SENDMSG, CGROUP_UDP6_SENDMSG,
     LIRC_MODE2, FLOW_DISSECTOR, CGROUP_SYSCTL, CGROUP_UDP4_RECVMSG, CGROUP_UDP6_RECVMSG, CGROUP_GETSOCKOPT,
     CGROUP_SETSOCKOPT) = range(23)


class USDT:
    """Markers of a process or a file."""

    def __init__(self, pid=None, path=None):
        self.probes = []

    def enable_probe(self, probe, fn_name):
        self.probes.append([_text(probe), _text(fn_name)])

    enable_probe_or_bail = enable_probe

    def get_text(self):
        return ""

    def get_context(self):
        return 0

    def get_probe_arg_ctype(self, probe_name, arg_index):
        return "unsigned long"

    def enumerate_probes(self):
        return []


class BPF(metaclass=Everything):
    """A program: its text and what is attached where."""

    (SOCKET_FILTER, KPROBE, SCHED_CLS, SCHED_ACT, TRACEPOINT, XDP, PERF_EVENT, CGROUP_SKB, CGROUP_SOCK,
     LWT_IN, LWT_OUT, LWT_XMIT, SOCK_OPS, SK_SKB, CGROUP_DEVICE, SK_MSG, RAW_TRACEPOINT,
     CGROUP_SOCK_ADDR) = range(1, 19)
    (LWT_SEG6LOCAL, LIRC_MODE2, SK_REUSEPORT, FLOW_DISSECTOR, CGROUP_SYSCTL, RAW_TRACEPOINT_WRITABLE, CGROUP_SOCKOPT,
     TRACING) = range(19, 27)
    LSM = 29
    XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT = range(5)
    XDP_FLAGS_UPDATE_IF_NOEXIST, XDP_FLAGS_SKB_MODE, XDP_FLAGS_DRV_MODE, XDP_FLAGS_HW_MODE = 1, 2, 4, 8

    tracefs = "/sys/kernel/tracing"

    def __init__(self, src_file=b"", hdr_file=b"", text=None, debug=0, cflags=[], usdt_contexts=[],
                 allow_rlimit=True, device=None, attach_usdt_ignore_pid=False):
        if text is None:
            with open(_found(_text(src_file))) as source:
                text = source.read()
        self.record = {
            "name": _caller(),
            "text": _text(text),
            "cflags": [_text(flag) for flag in cflags],
            "usdt": [probe for context in usdt_contexts for probe in context.probes],
            "attached": [],
        }
        _records.append(self.record)
        if any("fails=%d" % n in _words for n in range(len(_records), 9)):
            raise Exception("Failed to compile BPF module <text>")

    def _attach(self, kind, fn_name):
        entry = [kind, _text(fn_name)]
        if entry not in self.record["attached"]:
            self.record["attached"].append(entry)

    def load_func(self, func_name, prog_type, device=None, attach_type=-1):
        self._attach("type %d %d" % (prog_type, attach_type), func_name)
        return Anything()

    def attach_kprobe(self, event=b"", event_off=0, fn_name=b"", event_re=b""):
        self._attach("kprobe", fn_name)

    def attach_kretprobe(self, event=b"", fn_name=b"", event_re=b"", maxactive=0):
        self._attach("kprobe", fn_name)

    def attach_uprobe(self, name=b"", sym=b"", sym_re=b"", addr=None, fn_name=b"", pid=-1, sym_off=0):
        self._attach("kprobe", fn_name)

    def attach_uretprobe(self, name=b"", sym=b"", sym_re=b"", addr=None, fn_name=b"", pid=-1):
        self._attach("kprobe", fn_name)

    def attach_tracepoint(self, tp=b"", tp_re=b"", fn_name=b""):
        self._attach("tracepoint", fn_name)

    def attach_raw_tracepoint(self, tp=b"", fn_name=b""):
        self._attach("raw_tracepoint", fn_name)

    def attach_perf_event(self, ev_type=-1, ev_config=-1, fn_name=b"", *args, **kwargs):
        self._attach("perf_event", fn_name)

    def attach_perf_event_raw(self, attr=-1, fn_name=b"", *args, **kwargs):
        self._attach("perf_event", fn_name)

    def attach_raw_socket(self, fn, dev):
        pass

    def get_syscall_prefix(self):
        return b"__x64_sys_"

    def get_syscall_fnname(self, name):
        return b"__x64_sys_" + (name if isinstance(name, bytes) else name.encode())

    @staticmethod
    def get_kprobe_functions(event_re):
        return _matching("function", event_re)

    @staticmethod
    def get_tracepoints(tp_re):
        return [b"sched:sched_switch"]

    @staticmethod
    def get_user_functions(name, sym_re):
        return [b"function"]

    @staticmethod
    def get_user_addresses(name, sym_re):
        return {1}

    @staticmethod
    def get_user_functions_and_addresses(name, sym_re):
        return [(b"function", 1)]

    @staticmethod
    def kernel_struct_has_field(struct_name, field_name):
        return int("field %s.%s" % (_text(struct_name), _text(field_name)) in _kernel_lines)

    @staticmethod
    def tracepoint_exists(category, event):
        return "event " + _text(event) in _kernel_lines

    @staticmethod
    def ksymname(name):
        return 1 if "function " + _text(name) in _kernel_lines else -1

    @staticmethod
    def find_library(libname):
        return "/usr/lib/lib%s.so" % _text(libname)

    @staticmethod
    def find_exe(bin_path):
        return "/usr/bin/" + _text(bin_path)

    @staticmethod
    def support_kfunc():
        return "no-kfunc" not in _words

    support_fmod_ret = support_lsm = support_raw_tracepoint = support_raw_tracepoint_in_module = support_kfunc

    @staticmethod
    def get_probe_limit():
        return 1000

    @staticmethod
    def monotonic_time():
        return 0

    @classmethod
    def generate_auto_includes(cls, program_words):
        return ""

    def num_open_kprobes(self):
        return 1

    num_open_uprobes = num_open_tracepoints = num_open_kprobes

    def perf_buffer_poll(self, *args):
        finish()

    perf_buffer_consume = kprobe_poll = ring_buffer_poll = ring_buffer_consume = perf_buffer_poll
    trace_fields = trace_readline = trace_print = trace_open = perf_buffer_poll

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return False

    def __getitem__(self, key):
        return Anything()

    def __getattr__(self, name):
        return Anything()


BPFProgType = BPF


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return Anything
