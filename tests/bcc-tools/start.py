"""How long a tool takes to start, on bpfc or on BCC: until it waits for the first time. Prints a line of JSON.

usage: start.py MODULE TOOL [ARGUMENT...]     MODULE: bpfc or bcc
       start.py --compare N TOOL...           both, N times each, as a table

BCC needs the headers of a kernel: `BCC_KERNEL_SOURCE=/usr/src/linux-headers-…`.
"""

# What is measured imports no more than this.
import os
import resource
import sys
import time

STARTED = time.clock_gettime(time.CLOCK_MONOTONIC)


def process_started():
    """When this process was started, on the monotonic clock."""
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rsplit(")", 1)[1].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK")


def tell(*_args, **_options):
    """What a tool calls when it waits: the end."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "wall_ms": round((time.clock_gettime(time.CLOCK_BOOTTIME) - float(os.environ["STARTED"])) * 1000, 1),
        "cpu_ms": round((usage.ru_utime + usage.ru_stime) * 1000, 1),
        "compile_ms": round(SPENT["compile"] * 1000, 2),
        "object_ms": round(SPENT["object"] * 1000, 2),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
    }
    os.write(3, repr(found).encode())
    os._exit(0)


#: Seconds in `BPF(...)`, and in what makes bytecode of the text there.
SPENT = {"object": 0.0, "compile": 0.0}


def timed(function, what):
    def call(*args, **options):
        before = time.perf_counter()
        try:
            return function(*args, **options)
        finally:
            SPENT[what] += time.perf_counter() - before

    return call


def patched(module, kind):
    """The class with the waits replaced, and its making timed."""
    kind.__init__ = timed(kind.__init__, "object")
    if module == "bpfc":
        import bpfc._native as native

        native.compile = timed(native.compile, "compile")
    else:
        import bcc

        create = "bpf_module_create_c_from_string"
        setattr(bcc.lib, create, timed(getattr(bcc.lib, create), "compile"))
    for name in ("perf_buffer_poll", "ring_buffer_poll", "trace_print", "trace_fields"):
        setattr(kind, name, tell)


def run(module, path, arguments):
    import runpy

    if module == "bpfc":
        import bpfc.__main__
        import bpfc.bpf

        bpfc.bpf.SHOW_WARNINGS = False
        sys.path.insert(0, bpfc.__main__.COMPAT)
    import bcc

    patched(module, bcc.BPF)
    time.sleep = tell
    sys.argv = [path, *arguments]
    runpy.run_path(path, run_name="__main__")


def measure(module, path):
    import ast
    import subprocess

    read, write = os.pipe()
    environment = dict(os.environ, STARTED=str(time.clock_gettime(time.CLOCK_BOOTTIME)))
    os.set_inheritable(write, True)
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"exec 3>&{write}; exec \"$@\"", "sh", "/usr/bin/python3", os.path.abspath(__file__), module, path],
        env=environment, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )
    os.close(write)
    with os.fdopen(read) as file:
        text = file.read()
    _, said = process.communicate()
    if not text:
        raise SystemExit(f"{module} {path}: {said.decode(errors='replace')[-300:]}")
    return ast.literal_eval(text)


def compare(times, paths):
    import statistics

    print("| tool | whole start, BCC | bpfc | ratio | compiling, BCC | bpfc | ratio | memory, BCC | bpfc | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for path in paths:
        cells = [os.path.basename(path).removesuffix("-bpfcc").removesuffix(".py")]
        runs = {module: [measure(module, path) for _ in range(times)] for module in ("bcc", "bpfc")}
        for key, unit in (("wall_ms", "ms"), ("compile_ms", "ms"), ("peak_mb", "MB")):
            bcc, ours = (statistics.median(run[key] for run in runs[module]) for module in ("bcc", "bpfc"))
            cells += [f"{bcc:.0f} {unit}", f"{ours:.1f} {unit}" if ours < 10 else f"{ours:.0f} {unit}", f"{bcc / ours:.1f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--compare":
        compare(int(sys.argv[2]), sys.argv[3:])
    else:
        run(sys.argv[1], sys.argv[2], sys.argv[3:])
