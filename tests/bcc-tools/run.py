"""Runs the tools of Debian's bpfcc-tools as they are, on bpfc, and says of each how far it comes: a line of JSON each.

usage: run.py [--seconds N] [--module NAME] [TOOL...]

With `--module bcc`, `import bcc` is that of the system: real BCC, if it is installed.
"""

import argparse
import glob
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
    "biolatpcts": ["-i", "1", "sda"],
    "biosnoop": ["-Q"],
    "biotop": ["1", "2"],
    "bitesize": [],
    "cachestat": ["1", "2"],
    "cachetop": ["1"],
    "cpudist": ["1", "2"],
    "dcstat": ["1", "2"],
    "dirtop": ["-d", "/tmp", "1", "2"],
    "ext4dist": ["1", "1"],
    "filetop": ["1", "2"],
    "funccount": ["-d", "2", "vfs_*"],
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
    "tcpsynbl": [],
    "tcptop": ["1", "2"],
    "tplist": ["sched:*"],
    "trace": ["do_sys_openat2 \"%s\", arg2"],
    "vfsstat": ["1"],
    "virtiostat": ["1", "2"],
    "wakeuptime": ["2"],
}

#: What tools print of themselves, which is no output of the kernel's.
_HEADERS = re.compile(
    rb"^(Tracing|Tracking|Hit|Ctrl|Attaching|Attached|\s*$|TIME|PID|COMM|#|Instrument|Detaching|Sampling|Collecting|Summarize)",
    re.I,
)


def work(stop):
    """Does a little of everything that tools watch."""
    server = socket.create_server(("127.0.0.1", 0))
    while not stop.is_set():
        with tempfile.TemporaryDirectory() as folder:
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
        subprocess.run(["true"], check=False)
        child = subprocess.Popen(["sleep", "10"])
        os.kill(child.pid, signal.SIGTERM)
        child.wait()
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
        listener = socket.create_server(("127.0.0.1", 0))
        listener.close()
        os.sync()
        threading.Thread(target=lambda: None).start()
        time.sleep(0.05)


def run(path, module, seconds):
    """How far a tool comes."""
    name = os.path.basename(path).removesuffix("-bpfcc")
    command = [sys.executable] + (["-m", "bpfc"] if module == "bpfc" else []) + [path] + ARGUMENTS.get(name, [])
    environment = dict(os.environ, PYTHONUNBUFFERED="1", TERM=os.environ.get("TERM", "xterm"))
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment)
        interrupted = False
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            interrupted = True
            process.send_signal(signal.SIGINT)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        out.seek(0)
        err.seek(0)
        printed, said = out.read(), err.read().decode(errors="replace")
    lines = [line for line in printed.splitlines() if not _HEADERS.match(line)]
    said = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in said if "rror" in line or "Exception" in line or "ailed" in line]
    # Some tools take the interruption for a failure of theirs.
    ended_well = process.returncode == 0 or interrupted and (process.returncode < 0 or not errors)
    ended_well = ended_well or interrupted and "KeyboardInterrupt" in " ".join(said[-2:])
    return {
        "tool": name,
        "ran": bool(ended_well),
        "lines": len(lines),
        "status": process.returncode,
        "seconds": round(time.monotonic() - started, 1),
        "said": (errors or said or [printed.decode(errors="replace").strip()[:200]])[-1][:300] if not lines or not ended_well else "",
        "sample": (lines[len(lines) // 2] if lines else b"").decode(errors="replace")[:100],
    }


def is_script(path):
    with open(path, "rb") as file:
        return b"python" in file.readline()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--module", default="bpfc")
    parser.add_argument("tools", nargs="*")
    arguments = parser.parse_args()
    found = sorted(path for path in glob.glob("/usr/sbin/*-bpfcc") if is_script(path))
    wanted = [path for path in found if not arguments.tools or os.path.basename(path)[:-6] in arguments.tools]
    stop = threading.Event()
    worker = subprocess.Popen([sys.executable, "-c", f"import sys; sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})\n"
                               "import run, threading; run.work(threading.Event())"])
    try:
        for path in wanted:
            print(json.dumps(run(path, arguments.module, arguments.seconds)), flush=True)
    finally:
        stop.set()
        worker.kill()
        worker.wait()


if __name__ == "__main__":
    main()
