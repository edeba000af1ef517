#!/usr/bin/env python3
"""Shows live in a browser what VXLAN tunnels carry: between which hosts, in which networks, between which inner addresses.

    sudo python3 monitor.py --simulate     on hosts that it simulates in network namespaces
    sudo python3 monitor.py eth0           on an interface of this machine

The counting is done by a BPF program, `tunnel_monitor.c`; this script reads its tables once a second, remembers what was when, and
serves `page.html` and `/data.json` to this machine only.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import ipaddress
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import simulation
import traffic
from history import Count, History, add

try:
    from bpfc import BPF, AttachError, CompileError, LoadError
except ImportError:
    sys.exit("There is no Python package `bpfc`: `pip install .` in the source folder of bpfc installs it.")

FOLDER = os.path.dirname(os.path.abspath(__file__))

# As in tunnel_monitor.c.
OUTCOMES = (
    "counted", "not_vxlan", "cut_short", "later_fragment", "bad_header", "inner_not_ip", "inner_cut_short", "inner_bad_header", "no_room",
)
TABLES = ("hosts", "pairs", "services")

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

WINDOWS: dict[str, float | None] = {"10": 10, "60": 60, "all": None}
MAX_ROWS = 100
MAX_SERIES = 7

#: A granularity's key, and the names of its members.
Key = tuple[Any, ...]
Counts = dict["Key | None", Count]


def address(raw: bytes) -> str:
    """An address of the tables as text."""
    found = ipaddress.IPv6Address(raw)
    return str(found.ipv4_mapped or found)


def subnet(text: str) -> str:
    """The /24 of an IPv4 address, the /64 of an IPv6 address."""
    found = ipaddress.ip_address(text)
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 64), strict=False))


def protocol_name(number: int) -> str:
    return {1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "ICMPv6", 132: "SCTP"}.get(number, f"protocol {number}")


def host_key(key: Any) -> Key:
    return address(bytes(key.src)), address(bytes(key.dst))


def pair_key(key: Any) -> Key:
    return key.vni, address(bytes(key.src)), address(bytes(key.dst))


def service_key(key: Any) -> Key:
    return key.vni, protocol_name(key.protocol), key.port


KEYS: dict[str, Callable[[Any], Key]] = {"hosts": host_key, "pairs": pair_key, "services": service_key}

#: What is shown: the table that it is made of, the members of its keys, and how a key of the table becomes one of its own.
GRANULARITIES: dict[str, tuple[str, tuple[str, ...], Callable[[Key], Key]]] = {
    "hosts": ("hosts", ("src", "dst"), lambda key: key),
    "networks": ("pairs", ("vni",), lambda key: (key[0],)),
    "subnets": ("pairs", ("vni", "src", "dst"), lambda key: (key[0], subnet(key[1]), subnet(key[2]))),
    "pairs": ("pairs", ("vni", "src", "dst"), lambda key: key),
    "services": ("services", ("vni", "protocol", "port"), lambda key: key),
}


class Monitor:
    """The BPF program, attached, and the history of its tables."""

    def __init__(self, interfaces: list[tuple[str | None, str]], vxlan_port: int, arriving_only: bool, about: str) -> None:
        flags = [f"-DVXLAN_PORT={vxlan_port}"] + ["-DARRIVING_ONLY"] * arriving_only
        self.about = about
        self._interfaces = interfaces
        self._lock = threading.Lock()
        self._outcomes = dict.fromkeys(OUTCOMES, 0)
        self._forgotten = dict.fromkeys(TABLES, 0)
        self._bpf = BPF(src_file=os.path.join(FOLDER, "tunnel_monitor.c"), cflags=flags)
        function = self._bpf.load_func("count_tunnels", BPF.SOCKET_FILTER)
        for namespace, interface in interfaces:
            with simulation.inside(namespace) if namespace else contextlib.nullcontext():
                self._bpf.attach_raw_socket(function, interface)
        self._start = self._now = time.monotonic()
        self._histories: dict[str, History[Key]] = {name: History(self._start) for name in TABLES}

    def close(self) -> None:
        self._bpf.close()

    def sample(self) -> None:
        """Reads the tables."""
        with self._lock:
            now = time.monotonic()
            for index, name in enumerate(TABLES):
                # First, as keys may come meanwhile: what is forgotten would be negative.
                created = sum(self._bpf["created"].getvalue(index))
                table = {KEYS[name](key): (leaf.packets, leaf.bytes) for key, leaf in self._bpf[name].items()}
                self._histories[name].update(now, table)
                self._forgotten[name] = max(0, created - len(table))
            self._outcomes = {name: sum(self._bpf["outcomes"].getvalue(index)) for index, name in enumerate(OUTCOMES)}
            self._now = now

    def document(self, seconds: float | None) -> dict[str, Any]:
        """All that the page shows, of so many last seconds or of all time."""
        with self._lock:
            samples = self._histories["hosts"].samples(seconds)
            counts = {name: history.counts(seconds) for name, history in self._histories.items()}
            document: dict[str, Any] = {
                "about": self.about,
                "interfaces": [f"{name} of {namespace}" if namespace else name for namespace, name in self._interfaces],
                "uptime": self._now - self._start,
                "seconds": samples[-1].end - samples[0].start if samples else 0,
                "outcomes": self._outcomes,
                "forgotten": self._forgotten,
                "outer": _count(_sum(counts["hosts"])),
                "inner": _count(_sum(counts["pairs"])),
                "times": [[sample.start - self._now, sample.end - self._now] for sample in samples],
                "addresses": _addresses(counts["pairs"]),
                "series": {},
            }
            for name, (table, members, convert) in GRANULARITIES.items():
                merged = _merged(counts[table], convert)
                document[name] = _rows(members, merged)
                parts = [_merged(sample.counts, convert) for sample in self._histories[table].samples(seconds)]
                document["series"][name] = _series(members, merged, parts)
            return document


def _count(count: Count) -> dict[str, int]:
    return {"packets": count[0], "bytes": count[1]}


def _sum(counts: Counts) -> Count:
    return sum(count[0] for count in counts.values()), sum(count[1] for count in counts.values())


def _merged(counts: Counts, convert: Callable[[Key], Key]) -> Counts:
    merged: Counts = {}
    add(merged, ((None if key is None else convert(key), count) for key, count in counts.items()), sys.maxsize)
    return merged


def _largest(counts: Counts, limit: int) -> list[Key]:
    keys = [key for key in counts if key is not None]
    return sorted(keys, key=lambda key: (-counts[key][1], key))[:limit]


def _rows(members: tuple[str, ...], counts: Counts) -> dict[str, Any]:
    """The largest as rows, and the others as one."""
    keys = _largest(counts, MAX_ROWS)
    rest = _sum({key: count for key, count in counts.items() if key not in set(keys)})
    rows = [{**dict(zip(members, key)), **_count(counts[key])} for key in keys]
    return {"rows": rows, "n_keys": len(counts) - (None in counts), "others": _count(rest)}


def _series(members: tuple[str, ...], counts: Counts, parts: list[Counts]) -> list[dict[str, Any]]:
    """The largest over time, and all others as a last one without members."""
    keys = _largest(counts, MAX_SERIES)
    rows: list[dict[str, Any]] = []
    for key in keys:
        found = [part.get(key, (0, 0)) for part in parts]
        rows.append({**dict(zip(members, key)), "packets": [each[0] for each in found], "bytes": [each[1] for each in found]})
    rest = [_sum({key: count for key, count in part.items() if key not in set(keys)}) for part in parts]
    rows.append({"packets": [each[0] for each in rest], "bytes": [each[1] for each in rest]})
    return rows


def _addresses(counts: Counts) -> dict[str, Any]:
    """Inner addresses, with what they sent and received."""
    sent: Counts = _merged(counts, lambda key: (key[0], key[1]))
    received: Counts = _merged(counts, lambda key: (key[0], key[2]))
    both: Counts = {}
    add(both, sent.items(), sys.maxsize)
    add(both, received.items(), sys.maxsize)
    table = _rows(("vni", "address"), both)
    for row in table["rows"]:
        key = row["vni"], row["address"]
        row["sent"], row["received"] = _count(sent.get(key, (0, 0))), _count(received.get(key, (0, 0)))
    return table


class Handler(http.server.BaseHTTPRequestHandler):
    """The page and its data, for browsers of this machine."""

    monitor: Monitor
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        # A page elsewhere could have its own name lead here.
        host = urllib.parse.urlsplit(f"//{self.headers.get('Host', '')}").hostname
        if host not in ("127.0.0.1", "localhost"):
            return self._answer(421, "text/plain", b"ask for 127.0.0.1\n")
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/":
            with open(os.path.join(FOLDER, "page.html"), "rb") as file:
                return self._answer(200, "text/html; charset=utf-8", file.read())
        if url.path == "/data.json":
            window = urllib.parse.parse_qs(url.query).get("window", ["10"])[0]
            if window not in WINDOWS:
                return self._answer(400, "text/plain", f"window is one of {', '.join(WINDOWS)}\n".encode())
            return self._answer(200, "application/json", json.dumps(self.monitor.document(WINDOWS[window])).encode())
        return self._answer(404, "text/plain", b"there is / and /data.json\n")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        inline = "'unsafe-inline'"
        self.send_header("Content-Security-Policy", f"default-src 'none'; style-src {inline}; script-src {inline}; connect-src 'self'")
        self.end_headers()
        # The reader may be gone.
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@contextlib.contextmanager
def served(monitor: Monitor, port: int) -> Iterator[str]:
    """Serves meanwhile; the address."""
    handler = type("BoundHandler", (Handler,), {"monitor": monitor})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def datagrams(text: str) -> tuple[int, str, str, int, int, int]:
    """VNI,SRC,DST,COUNT,BYTES[,PORT]"""
    parts = text.split(",")
    if len(parts) not in (5, 6):
        raise argparse.ArgumentTypeError("VNI,SRC,DST,COUNT,BYTES or VNI,SRC,DST,COUNT,BYTES,PORT is wanted")
    try:
        src, dst = (str(ipaddress.ip_address(part)) for part in parts[1:3])
        vni, count, size, port = (int(part) for part in (parts[0], *parts[3:], *(["9"] if len(parts) == 5 else [])))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not (count >= 0 and 0 <= size <= 1400 and 1 <= port <= 32767):
        raise argparse.ArgumentTypeError("at most 1400 bytes, and a port from 1 to 32767, are possible")
    return vni, src, dst, count, size, port


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Shows in a browser what VXLAN tunnels carry.")
    parser.add_argument("interfaces", nargs="*", metavar="INTERFACE", help="interfaces of this machine to watch")
    parser.add_argument("--simulate", action="store_true", help="hosts with tunnels and traffic, in network namespaces")
    parser.add_argument("--encapsulation", choices=("auto", "kernel", "user"), default="auto", help="who makes the simulated VXLAN packets")
    parser.add_argument("--no-traffic", action="store_true", help="simulated guests send nothing by themselves")
    parser.add_argument(
        "--send", type=datagrams, action="append", default=[], metavar="VNI,SRC,DST,COUNT,BYTES[,PORT]",
        help="have a simulated guest send so many UDP datagrams; repeatable",
    )
    parser.add_argument("--arriving", action="store_true", help="count only what the interfaces receive")
    parser.add_argument("--vxlan-port", type=int, default=simulation.VXLAN_PORT, metavar="PORT", help="the UDP port of VXLAN (4789)")
    parser.add_argument("--port", type=int, default=8470, help="where the page is served (8470); 0: any free port")
    parser.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="how often tables are read (1)")
    options = parser.parse_args()
    if options.simulate == bool(options.interfaces):
        parser.error("give interfaces, or --simulate")
    if not options.simulate and (options.send or options.no_traffic):
        parser.error("--send and --no-traffic go with --simulate")
    if options.simulate and options.vxlan_port != simulation.VXLAN_PORT:
        parser.error(f"simulated hosts use the port {simulation.VXLAN_PORT}")
    if not 1 <= options.vxlan_port <= 65535:
        parser.error(f"{options.vxlan_port} is no UDP port")
    if not 0.1 <= options.interval <= 10:
        parser.error("the interval is from 0.1 to 10 seconds")
    return options


def simulated(options: argparse.Namespace, stack: contextlib.ExitStack) -> tuple[simulation.Network, str]:
    """Starts the simulation; it, and what it is."""
    stale = simulation.remove_stale()
    if stale:
        print(f"Removed {len(stale)} namespaces of a simulation that did not end by itself.")
    network = stack.enter_context(simulation.Network(options.encapsulation))
    by = "the kernel" if network.encapsulation == "kernel" else "user space"
    about = f"{len(simulation.hosts())} simulated hosts, {len(network.guests)} guests, VXLAN by {by}"
    print(f"{about}. Namespaces: {', '.join(network.host(number) for number in simulation.hosts())}", flush=True)
    return network, about


def run(options: argparse.Namespace, stack: contextlib.ExitStack) -> None:
    network = None
    interfaces: list[tuple[str | None, str]] = [(None, name) for name in options.interfaces]
    about = f"{', '.join(options.interfaces)} of {socket.gethostname()}"
    if options.simulate:
        network, about = simulated(options, stack)
        interfaces = [(network.host(number), "phys0") for number in simulation.hosts()]
    monitor = Monitor(interfaces, options.vxlan_port, options.simulate or options.arriving, about)
    stack.callback(monitor.close)
    url = stack.enter_context(served(monitor, options.port))
    print(f"{url} shows it; Ctrl-C ends it.", flush=True)
    if network:
        for each in options.send:
            traffic.send(network, *each)
        if not options.no_traffic:
            flows = traffic.Traffic(network)
            stack.callback(flows.close)
            flows.start()
    due = time.monotonic()
    while True:
        due = max(due + options.interval, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
        monitor.sample()


def interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    options = arguments()
    # Also that of Ctrl-C, which shells have programs in the background ignore.
    for number in ENDING:
        signal.signal(number, interrupted)
    stack = contextlib.ExitStack()
    try:
        run(options, stack)
    except KeyboardInterrupt:
        pass
    except (simulation.SimulationError, AttachError, CompileError, LoadError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        # What is begun is ended, however often it is asked for.
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        stack.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
