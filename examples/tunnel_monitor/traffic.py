"""What the guests of the simulation send each other: TCP, UDP and ICMP, from plain sockets.

All sockets are this process's: a socket stays in the network namespace that it was made in.
"""

from __future__ import annotations

import contextlib
import ipaddress
import math
import selectors
import socket
import struct
import threading
import time
import typing
from dataclasses import dataclass

if typing.TYPE_CHECKING:
    from simulation import Network

TICK_SECONDS = 0.05


@dataclass(frozen=True)
class Flow:
    """Requests from one guest to another, and answers."""

    vni: int
    src: str
    dst: str
    protocol: str
    port: int
    per_second: float
    request_bytes: int
    answer_bytes: int = 0
    # How many seconds the rate takes from low to high and back.
    period: float = 20


FLOWS = (
    Flow(100, "10.1.1.1", "10.1.2.3", "tcp", 443, 12, 400, 24_000, 17),
    Flow(100, "10.1.1.4", "10.1.2.3", "tcp", 443, 7, 400, 16_000, 23),
    Flow(100, "10.1.2.3", "10.1.2.2", "tcp", 5432, 25, 250, 6_000, 17),
    Flow(100, "10.1.1.1", "10.1.1.2", "udp", 53, 30, 60, 180, 11),
    Flow(100, "10.1.1.4", "10.1.1.2", "udp", 53, 15, 60, 180, 13),
    Flow(100, "10.1.2.1", "10.1.2.4", "udp", 8125, 10, 220, 0, 60),
    Flow(100, "10.1.2.2", "10.1.2.4", "udp", 8125, 10, 220, 0, 60),
    Flow(100, "10.1.2.3", "10.1.2.4", "udp", 8125, 10, 220, 0, 60),
    Flow(200, "10.1.1.2", "10.1.1.1", "udp", 5004, 160, 1200, 0, 31),
    Flow(200, "10.1.1.3", "10.1.1.1", "udp", 5004, 60, 1200, 0, 19),
    Flow(200, "10.2.7.3", "10.2.7.1", "tcp", 6379, 60, 120, 900, 14),
    Flow(200, "10.1.1.1", "10.1.1.3", "icmp", 0, 5, 56),
    Flow(300, "fd00:300::2", "fd00:300::4", "udp", 443, 90, 120, 1150, 27),
    Flow(300, "fd00:300::3", "fd00:300::2", "tcp", 22, 20, 90, 300, 9),
    Flow(300, "fd00:300::4", "fd00:300::3", "icmp", 0, 4, 56),
)


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET if ipaddress.ip_address(address).version == 4 else socket.AF_INET6


def _made(network: Network, vni: int, address: str, kind: int, port: int = 0, protocol: int = 0) -> socket.socket:
    """A socket of the guest that has an address, bound to it."""
    made = network.socket(network.guest(vni, address).namespace, family(address), kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
    except BaseException:
        made.close()
        raise
    return made


def send(network: Network, vni: int, src: str, dst: str, count: int, size: int, port: int = 9) -> None:
    """Sends so many datagrams of so many bytes."""
    # Somebody must listen, or the other side would answer by ICMP.
    with _made(network, vni, dst, socket.SOCK_DGRAM, port), _made(network, vni, src, socket.SOCK_DGRAM) as sender:
        for sent in range(count):
            sender.sendto(bytes(size), (dst, port))
            if sent % 25 == 24:
                # Not more at once than queues have room for.
                time.sleep(0.005)
        time.sleep(0.05)


class Traffic:
    """Flows that go on from `start` to `close`, at rates that rise and fall."""

    def __init__(self, network: Network, flows: tuple[Flow, ...] = FLOWS) -> None:
        self._network = network
        self._flows = [flow for flow in flows if flow.vni in {tenant.vni for tenant in network.tenants}]
        self._selector = selectors.DefaultSelector()
        self._opened: list[socket.socket] = []
        self._servers: set[tuple[int, str, str, int]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)
        self._due = [0.0] * len(self._flows)
        self._senders = [self._open(flow) for flow in self._flows]

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._selector.close()
        for opened in self._opened:
            opened.close()

    def _keep(self, made: socket.socket, on_readable: typing.Callable[[], None]) -> None:
        made.setblocking(False)
        self._opened.append(made)
        self._selector.register(made, selectors.EVENT_READ, on_readable)

    def _open(self, flow: Flow) -> typing.Callable[[], None]:
        """Opens both ends of a flow; what sends one request."""
        if flow.protocol == "icmp":
            return self._open_icmp(flow)
        kind = socket.SOCK_STREAM if flow.protocol == "tcp" else socket.SOCK_DGRAM
        if (flow.vni, flow.dst, flow.protocol, flow.port) not in self._servers:
            self._servers.add((flow.vni, flow.dst, flow.protocol, flow.port))
            server = _made(self._network, flow.vni, flow.dst, kind, flow.port)
            if kind == socket.SOCK_STREAM:
                server.listen()
                self._keep(server, lambda: self._accept(server, flow))
            else:
                self._keep(server, lambda: self._answer_datagram(server, flow))
        client = _made(self._network, flow.vni, flow.src, kind)
        client.settimeout(5)
        client.connect((flow.dst, flow.port))
        self._keep(client, lambda: self._drain(client))
        request = bytes(flow.request_bytes)
        return lambda: typing.cast(None, client.send(request))

    def _open_icmp(self, flow: Flow) -> typing.Callable[[], None]:
        """Echo requests, which the kernel of the other side answers."""
        if family(flow.src) == socket.AF_INET:
            protocol, echo_request = socket.IPPROTO_ICMP, 8
        else:
            # Its checksum is the kernel's work.
            protocol, echo_request = socket.IPPROTO_ICMPV6, 128
        client = _made(self._network, flow.vni, flow.src, socket.SOCK_RAW, 0, protocol)
        self._keep(client, lambda: self._drain(client))
        header = struct.pack("!BBHHH", echo_request, 0, 0xFFFF - (echo_request << 8), 0, 0)
        packet = header + bytes(flow.request_bytes)
        return lambda: typing.cast(None, client.sendto(packet, (flow.dst, 0)))

    def _accept(self, server: socket.socket, flow: Flow) -> None:
        connection, _ = server.accept()
        self._keep(connection, lambda: self._answer_stream(connection, flow))

    def _answer_stream(self, connection: socket.socket, flow: Flow) -> None:
        if connection.recv(65536):
            connection.send(bytes(flow.answer_bytes))
        else:
            self._selector.unregister(connection)

    @staticmethod
    def _answer_datagram(server: socket.socket, flow: Flow) -> None:
        _, client = server.recvfrom(65536)
        if flow.answer_bytes:
            server.sendto(bytes(flow.answer_bytes), client)

    def _drain(self, client: socket.socket) -> None:
        if not client.recv(1 << 20) and client.type == socket.SOCK_STREAM:
            self._selector.unregister(client)

    def _run(self) -> None:
        start = before = time.monotonic()
        while not self._stop.is_set():
            now = time.monotonic()
            for index, flow in enumerate(self._flows):
                swing = 1 + 0.7 * math.sin(2 * math.pi * (now - start) / flow.period + index)
                self._due[index] += flow.per_second * swing * (now - before)
                while self._due[index] >= 1:
                    self._due[index] -= 1
                    # As in real networks, what finds no room is lost.
                    with contextlib.suppress(OSError):
                        self._senders[index]()
            before = now
            while (wait := now + TICK_SECONDS - time.monotonic()) > 0:
                for key, _ in self._selector.select(wait):
                    with contextlib.suppress(OSError):
                        key.data()
