"""VXLAN in user space, for kernels that have none: a tap in each guest, UDP sockets in each host."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import socket
import struct
import threading
import typing

if typing.TYPE_CHECKING:
    from simulation import Guest, Network

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
VALID_VNI = 0x08000000


def open_tap(name: str) -> int:
    """A tap of this namespace: what is read from the descriptor was sent by the interface, what is written is received."""
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    except BaseException:
        os.close(tap)
        raise
    return tap


class Forwarder:
    """Packs what guests send and unpacks what hosts receive, from `start` to `close`."""

    def __init__(self, network: Network, port: int) -> None:
        from simulation import inside

        self._port = port
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = os.pipe()
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._taps: dict[tuple[int, int, int], int] = {}
        self._sockets: dict[tuple[int, int], socket.socket] = {}
        # Where a network's Ethernet addresses are.
        self._places: dict[tuple[int, bytes], str] = {}
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)
        for guest in network.guests:
            with inside(guest.namespace):
                tap = open_tap("vxlan0")
            version = guest.tenant.outer_version
            self._taps[guest.host, version, guest.tenant.vni] = tap
            self._places[guest.tenant.vni, bytes.fromhex(guest.mac.replace(":", ""))] = guest.outer
            if (guest.host, version) not in self._sockets:
                self._open(network, guest)
            outside = self._sockets[guest.host, version]
            self._selector.register(tap, selectors.EVENT_READ, self._packer(tap, guest.tenant.vni, outside))

    def _open(self, network: Network, guest: Guest) -> None:
        version = guest.tenant.outer_version
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        made = network.socket(network.host(guest.host), family, socket.SOCK_DGRAM)
        made.bind((guest.outer, self._port))
        self._sockets[guest.host, version] = made
        self._selector.register(made, selectors.EVENT_READ, self._unpacker(made, guest.host, version))

    def _packer(self, tap: int, vni: int, outside: socket.socket) -> typing.Callable[[], None]:
        header = struct.pack("!II", VALID_VNI, vni << 8)

        def pack() -> None:
            frame = os.read(tap, 65536)
            place = self._places.get((vni, frame[:6]))
            if place:
                outside.sendto(header + frame, (place, self._port))

        return pack

    def _unpacker(self, outside: socket.socket, host: int, version: int) -> typing.Callable[[], None]:
        def unpack() -> None:
            # Sending waits for room, receiving waits for nothing.
            packet = outside.recv(65536, socket.MSG_DONTWAIT)
            if len(packet) < 8:
                return
            flags, vni = struct.unpack("!II", packet[:8])
            tap = self._taps.get((host, version, vni >> 8))
            if flags & VALID_VNI and tap is not None:
                os.write(tap, packet[8:])

        return unpack

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                # As on a wire, what finds no room is lost.
                with contextlib.suppress(OSError):
                    key.data()

    def close(self) -> None:
        os.write(self._woken, b"x")
        if self._thread.is_alive():
            self._thread.join()
        self._selector.close()
        for opened in self._sockets.values():
            opened.close()
        for tap in (*self._taps.values(), self._wake, self._woken):
            os.close(tap)
