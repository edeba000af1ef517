"""Runs a tool written for BCC and records the programs that it would compile.

    extract.py OUT KERNEL WORDS TOOL ARGUMENT…

OUT gets a JSON object per program text. KERNEL is a file that says what the kernel has, a line
each: `field STRUCT.MEMBER`, `event NAME`, `function NAME`. WORDS steer what the tool is told:
`no-kfunc` (kprobes are all there is), `fails=N` (the first N texts do not compile), `tests` (it has
unit tests, each of which goes on until it waits for something), `upstream` (it may be beside its files).
"""

import builtins
import importlib.abc
import importlib.machinery
import io
import os
import runpy
import signal
import subprocess
import sys
import time
import types

out, kernel, words, tool = sys.argv[1:5]
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bcc  # noqa: E402

bcc.start(out, kernel, words.split())

# What a tool looks for on the machine is there.
KALLSYMS = "".join(
    "0000000000000000 d %s\n" % name
    for name in ("btrfs_file_operations", "ext4_file_operations", "vm_stat", "vm_zone_stat")
)
real_open, real_exists, real_access = builtins.open, os.path.exists, os.access


def fake_open(path, *args, **kwargs):
    if path == "/proc/kallsyms":
        return io.StringIO(KALLSYMS)
    return real_open(path, *args, **kwargs)


def fake_exists(path):
    name = path.decode() if isinstance(path, bytes) else str(path)
    return "/events/" in name or real_exists(path)


builtins.open = fake_open
os.path.exists = fake_exists
os.access = lambda path, mode: path == "/dev/kvm" or real_access(path, mode)
subprocess.check_output = lambda *args, **kwargs: b"vendor_id : GenuineIntel"
time.sleep = bcc.finish
curses = types.ModuleType("curses")
curses.__getattr__ = lambda name: bcc.Anything()
curses.wrapper = lambda function, *args: function(bcc.Anything(), *args)
sys.modules["curses"] = curses



class Missing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules that are not installed have everything."""

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("bcc", "org", "java", "nt", "winreg", "msvcrt", "_winapi"):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__getattr__ = lambda name: bcc.Anything
        return module

    def exec_module(self, module):
        pass


if "upstream" in words.split():
    sys.meta_path.append(Missing())
    os.chdir(os.path.dirname(tool))
    sys.path.insert(0, os.path.dirname(tool))
signal.signal(signal.SIGALRM, bcc.end)
signal.alarm(30)
sys.argv = [tool] + sys.argv[5:]
try:
    runpy.run_path(tool, run_name="__main__")
finally:
    bcc.end()
