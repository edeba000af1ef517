"""Runs the tools of Debian's bpfcc-tools as they are, on bpfc, and says of each how far it comes: a line of JSON each.

usage: run.py [--seconds N] [--jobs N] [--module NAME] [TOOL...]

With `--module bcc`, `import bcc` is that of the system: real BCC, if it is installed.
"""

import argparse
import concurrent.futures
import contextlib
import ctypes
import glob
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

#: What a tool needs to be told, where its default arguments are not enough or print nothing in a few seconds.
ARGUMENTS = {
    "argdist": ["-C", "p::do_sys_openat2(int dfd):int:dfd", "-i", "1"],
    "biolatpcts": ["-i", "1", "loop0"],
    "biosnoop": ["-Q"],
    "biotop": ["1", "2"],
    "cachestat": ["1", "2"],
    "cachetop": ["1"],
    "btrfsdist": ["1", "2"],
    "cpudist": ["1", "2"],
    "dcstat": ["1", "2"],
    "dirtop": ["-d", "/tmp", "1", "2"],
    "dbslower": ["mysql"],
    "dbstat": ["mysql"],
    "deadlock": ["1"],
    "ext4dist": ["1", "2"],
    "ext4slower": ["0"],
    "filetop": ["1", "2"],
    "funccount": ["-d", "2", "vfs_re*"],
    "funcinterval": ["-d", "2", "vfs_read"],
    "funclatency": ["-d", "2", "vfs_read"],
    "funcslower": ["-u", "1", "vfs_read"],
    "hardirqs": ["1", "2"],
    "inject": ["kmalloc", "-P", "0.001", "vfs_read()"],
    "klockstat": ["-d", "2"],
    "llcstat": ["2"],
    "memleak": ["1", "2"],
    "netqtop": ["-n", "lo", "-i", "1"],
    "offcputime": ["2"],
    "offwaketime": ["2"],
    "profile": ["2"],
    "readahead": ["-d", "2"],
    "runqlat": ["1", "2"],
    "runqlen": ["1", "2"],
    "slabratetop": ["1", "2"],
    "softirqs": ["1", "2"],
    "stackcount": ["-D", "2", "vfs_read"],
    "syscount": ["-d", "2"],
    "tcprtt": ["-i", "1", "-d", "2"],
    "tcptop": ["1", "2"],
    "tplist": ["sched:*"],
    "ttysnoop": ["/dev/console"],
    "trace": ["do_sys_openat2 \"%s\", arg2"],
    "vfsstat": ["1"],
    "vfscount": ["1"],
    "virtiostat": ["1", "2"],
    "wakeuptime": ["2"],
    "xfsdist": ["1", "2"],
    "xfsslower": ["0"],
}

#: Tools that ask their terminal.
TERMINAL = ("cachetop",)

#: What tools print of themselves, which is no output of the kernel's: a line of data has a number in it.
_OWN_WORDS = re.compile(
    rb"^(Tracing|Tracking|Hit|Ctrl|Attaching|Attached|#|Instrument|Detaching|Sampling|Collecting|Summarize|\[?(\d\d/\d\d/\d\d )?\d\d:\d\d:\d\d\]?:?\s*$)"
    rb"|^(?!.*\d)"
    rb"|Ctrl-C|unrecognized",
    re.I,
)
#: What is data of a tool whose data has no numbers.
_WORDS = {"tplist": re.compile(rb"^\w+:\w+$")}
#: How they say that they cannot, and end well.
_REFUSALS = re.compile(rb"^(ERROR|HINT|USAGE|Failed|Make sure)", re.M)


def work():
    """Does a little of everything that tools watch, until it is killed."""
    folder = machine() if os.environ.get("OWN_MACHINE") else None
    server = socket.create_server(("127.0.0.1", 0))
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = []
    for n in itertools.count():
        for doing in (lambda: files(folder), processes, lambda: connections(server)):
            with contextlib.suppress(OSError):
                doing()
        if n % 16 == 0:
            with contextlib.suppress(OSError):
                readline()
            shared_memory()
            # More than the server keeps: what comes now is sent again and again.
            waiting = [socket.socket() for _ in range(4)]
            for client in waiting:
                client.setblocking(False)
                client.connect_ex(full.getsockname())
        if n % 16 == 8 and folder:
            subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=False)
            subprocess.run(["umount", "/mnt"], check=False)
            out_of_memory()
        os.sync()
        threading.Thread(target=lambda: None).start()
        time.sleep(0.05)


def machine():
    """A disk with a file system in a machine that is ours, and a group with little memory."""
    with open("/tmp/disk", "wb") as disk:
        disk.truncate(64 << 20)
    os.makedirs("/mnt", exist_ok=True)
    os.makedirs("/disk", exist_ok=True)
    for command in (
        ["losetup", "/dev/loop0", "/tmp/disk"],
        ["mkfs.ext4", "-q", "/dev/loop0"],
        ["mount", "-t", "ext4", "/dev/loop0", "/disk"],
    ):
        subprocess.run(command, check=False)
    try:
        with open("/sys/fs/cgroup/cgroup.subtree_control", "w") as file:
            file.write("+memory")
        os.makedirs("/sys/fs/cgroup/small")
        with open("/sys/fs/cgroup/small/memory.max", "w") as file:
            file.write("8M")
    except OSError:
        pass
    return "/disk"


def files(folder):
    with tempfile.TemporaryDirectory(dir=folder) as folder:
        path = os.path.join(folder, "file")
        with open(path, "w") as file:
            file.write("x" * 5000)
            file.flush()
            os.fsync(file.fileno())
        os.stat(path)
        with open(path) as file:
            file.read()
        os.rename(path, path + "2")
        for name in ("no-such-file", path):
            try:
                os.open(name, os.O_RDONLY)
            except OSError:
                pass


def processes():
    subprocess.run(["true"], check=False)
    child = subprocess.Popen(["sleep", "10"])
    os.kill(child.pid, signal.SIGTERM)
    child.wait()


def connections(server):
    try:
        client = socket.create_connection(server.getsockname())
        peer, _ = server.accept()
        client.sendall(b"x" * 1000)
        peer.recv(1000)
        client.close()
        peer.close()
        socket.create_connection(("127.0.0.1", 1))
    except OSError:
        pass
    socket.create_server(("127.0.0.1", 0)).close()


def readline():
    """A shell that somebody types into."""
    ours, theirs = os.openpty()
    os.write(ours, b"echo typed\nexit\n")
    try:
        subprocess.run(["bash", "--norc", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        pass
    os.close(ours)
    os.close(theirs)


def shared_memory():
    libc = ctypes.CDLL(None)
    memory = libc.shmget(0, 4096, 0o1600)
    libc.shmctl(memory, 0, None)


def out_of_memory():
    eater = "open('/sys/fs/cgroup/small/cgroup.procs', 'w').write('0'); all = b'x' * (64 << 20)"
    subprocess.run([sys.executable, "-c", eater], stderr=subprocess.DEVNULL, check=False)


def run(path, module, seconds):
    """How far a tool comes."""
    name = os.path.basename(path).removesuffix("-bpfcc")
    command = [sys.executable] + (["-m", "bpfc"] if module == "bpfc" else []) + [path] + ARGUMENTS.get(name, [])
    environment = dict(os.environ, PYTHONUNBUFFERED="1", TERM=os.environ.get("TERM", "xterm"))
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        terminal = os.openpty() if name in TERMINAL else ()
        drain(terminal[:1], out)
        streams = (terminal[1], terminal[1]) if terminal else (subprocess.DEVNULL, out)
        process = subprocess.Popen(command, stdin=streams[0], stdout=streams[1], stderr=err, env=environment)
        interrupted = wait(name, process, out, seconds)
        out.seek(0)
        err.seek(0)
        printed, said = out.read(), err.read().decode(errors="replace")
    return outcome(name, process.returncode, interrupted, printed, said, time.monotonic() - started)


def drain(terminals, out):
    """Copies what is shown on the terminals."""
    def copy(terminal):
        with contextlib.suppress(OSError):
            while data := os.read(terminal, 4096):
                out.write(data)
                out.flush()

    for terminal in terminals:
        threading.Thread(target=copy, args=(terminal,), daemon=True).start()


def wait(name, process, out, seconds):
    """Until it ends, or has printed something and had a little more time, or had all its time. Whether it was interrupted."""
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        try:
            process.wait(0.5)
            return False
        except subprocess.TimeoutExpired:
            if data_lines(name, os.pread(out.fileno(), 1 << 20, 0)):
                end = min(end, now + 3)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return True


def data_lines(name, printed):
    def is_data(line):
        return name in _WORDS and _WORDS[name].match(line) or not _OWN_WORDS.search(line) and not _REFUSALS.match(line)

    return [line for line in printed.splitlines() if is_data(line)]


def outcome(name, status, interrupted, printed, said, seconds):
    lines = data_lines(name, printed)
    said = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in said if "rror" in line or "Exception" in line or "ailed" in line]
    # Some tools take the interruption for a failure of theirs.
    ended_well = status == 0 or interrupted and (status < 0 or not errors)
    ended_well = ended_well or interrupted and "KeyboardInterrupt" in " ".join(said[-2:])
    if not lines and any("KeyboardInterrupt" in line for line in said):
        ended_well, errors = False, ["it had not begun when it was interrupted"]
    refused = [] if lines else [line.decode(errors="replace") for line in printed.splitlines() if _REFUSALS.match(line)]
    return {
        "tool": name,
        "ran": bool(ended_well and not refused),
        "lines": len(lines),
        "status": status,
        "seconds": round(seconds, 1),
        "said": (refused or errors or said or [printed.decode(errors="replace").strip()[:200]])[-1][:300] if not lines or not ended_well else "",
        "sample": (lines[len(lines) // 2] if lines else b"").decode(errors="replace")[:100],
    }


def is_script(path):
    with open(path, "rb") as file:
        return b"python" in file.readline()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--jobs", type=int, default=1, help="tools that run at once")
    parser.add_argument("--module", default="bpfc")
    parser.add_argument("tools", nargs="*")
    arguments = parser.parse_args()
    found = sorted(path for path in glob.glob("/usr/sbin/*-bpfcc") if is_script(path))
    wanted = [path for path in found if not arguments.tools or os.path.basename(path)[:-6] in arguments.tools]
    here = os.path.dirname(os.path.abspath(__file__))
    worker = subprocess.Popen([sys.executable, "-c", f"import sys; sys.path.insert(0, {here!r})\nimport run; run.work()"])
    try:
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            for found in pool.map(lambda path: run(path, arguments.module, arguments.seconds), wanted):
                print(json.dumps(found), flush=True)
    finally:
        worker.kill()
        worker.wait()


if __name__ == "__main__":
    main()
