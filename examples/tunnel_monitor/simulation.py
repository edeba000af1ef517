"""Hosts with VXLAN tunnels between them, in network namespaces of this machine.

Each host is a namespace with one "physical" interface, `phys0`, a veth whose other end is in a namespace that routes between them.
A guest is a namespace whose only interface, `vxlan0`, is a port of one VXLAN network: its packets leave through the host's `phys0`.

    guest ── vxlan0 ┄┄ host ── phys0 ════ router ════ phys0 ── host ┄┄ vxlan0 ── guest

The kernel's VXLAN device does it where there is one; elsewhere `forwarder.py` does, in user space: the packets on `phys0` are the same.
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from forwarder import Forwarder

NAMESPACES = "/run/netns"
PREFIX = "bpfc-tunnel-"
CLONE_NEWNET = 0x40000000
VXLAN_PORT = 4789

LIBC = ctypes.CDLL(None, use_errno=True)


class SimulationError(Exception):
    """What keeps the simulation from running here."""


@dataclass(frozen=True)
class Tenant:
    """A VXLAN network: which hosts have a guest in it, and the inner addresses of a host's guest (`{}` is the host's number)."""

    vni: int
    hosts: tuple[int, ...]
    addresses: tuple[str, ...]
    outer_version: int = 4


# The second has some of the addresses of the first: only the network's number tells them apart.
TENANTS = (
    Tenant(100, (1, 2, 3, 4), ("10.1.1.{}/16", "10.1.2.{}/16")),
    Tenant(200, (1, 2, 3), ("10.1.1.{}/16", "10.2.7.{}/24")),
    Tenant(300, (2, 3, 4), ("fd00:300::{}/64",), outer_version=6),
)


@dataclass(frozen=True)
class Guest:
    """A namespace with a port of one VXLAN network."""

    namespace: str
    host: int
    tenant: Tenant

    @property
    def mac(self) -> str:
        return f"02:00:00:{self.tenant.vni >> 8:02x}:{self.tenant.vni & 255:02x}:{self.host:02x}"

    @property
    def addresses(self) -> list[str]:
        return [address.format(self.host) for address in self.tenant.addresses]

    @property
    def outer(self) -> str:
        return outer_address(self.host, self.tenant.outer_version)


def outer_address(host: int, version: int) -> str:
    return f"172.16.{host}.1" if version == 4 else f"2001:db8:{host}::1"


def hosts() -> list[int]:
    return sorted({host for tenant in TENANTS for host in tenant.hosts})


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Has this thread in a network namespace meanwhile: sockets and taps that are made there stay there."""
    # Of the thread: another one's namespace is not ours.
    with open("/proc/thread-self/ns/net") as before, open(os.path.join(NAMESPACES, namespace)) as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(before.fileno())


def _enter(descriptor: int) -> None:
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")


def _start_of(pid: int) -> int | None:
    """When a process was started, which tells it from a later one with the same number."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except OSError:
        return None


def remove_stale() -> list[str]:
    """Removes namespaces of simulations whose process is gone; their names."""
    removed = []
    with contextlib.suppress(FileNotFoundError):
        for name in sorted(os.listdir(NAMESPACES)):
            found = re.fullmatch(re.escape(PREFIX) + r"(\d+)\.([0-9a-f]+)-\w+", name)
            if found and _start_of(int(found[1])) != int(found[2], 16):
                _remove(name)
                removed.append(name)
    return removed


def _remove(name: str) -> None:
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def ip(namespace: str | None, *commands: str) -> None:
    """Has `ip` run commands in a namespace."""
    where = ["-n", namespace] if namespace else []
    text = "".join(command + "\n" for command in commands)
    done = subprocess.run(["ip", *where, "-batch", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SimulationError(f"ip {' '.join(where)}: {done.stderr.strip()}")


class Network:
    """The hosts, from `with` to its end. `encapsulation` is `kernel`, `user`, or `auto`: what there is."""

    def __init__(self, encapsulation: str = "auto") -> None:
        self.encapsulation = encapsulation
        self._prefix = f"{PREFIX}{os.getpid()}.{_start_of(os.getpid()) or 0:x}-"
        self._made: list[str] = []
        self._lock = threading.Lock()
        self._forwarder: Forwarder | None = None
        self.tenants = TENANTS if os.path.exists("/proc/net/if_inet6") else tuple(t for t in TENANTS if t.outer_version == 4)
        self.guests = [
            Guest(f"{self._prefix}host{host}vni{tenant.vni}", host, tenant) for tenant in self.tenants for host in tenant.hosts
        ]

    def host(self, number: int) -> str:
        """The namespace of a host."""
        return f"{self._prefix}host{number}"

    def guest(self, vni: int, address: str) -> Guest:
        """The guest that has an inner address."""
        wanted = ipaddress.ip_address(address)
        for guest in self.guests:
            if guest.tenant.vni == vni and any(ipaddress.ip_interface(a).ip == wanted for a in guest.addresses):
                return guest
        raise SimulationError(f"no guest of network {vni} has the address {address}")

    def socket(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket in a namespace."""
        with inside(namespace):
            return socket.socket(family, kind, protocol)

    def __enter__(self) -> Network:
        if os.geteuid() != 0:
            raise SimulationError("network namespaces need root")
        if not shutil.which("ip"):
            raise SimulationError("there is no `ip`: it is in the package iproute2")
        remove_stale()
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Removes all that was made."""
        if self._forwarder:
            self._forwarder.close()
        while self._made:
            _remove(self._made.pop())

    def _add(self, name: str) -> str:
        # First, as an interrupt may come when it is made and not yet noted.
        self._made.append(name)
        ip(None, f"netns add {name}")
        ip(name, "link set lo up")
        return name

    def _build(self) -> None:
        router = self._add(f"{self._prefix}router")
        with inside(router):
            for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                with contextlib.suppress(FileNotFoundError), open(f"/proc/sys/net/{name}", "w") as file:
                    file.write("1")
        for number in hosts():
            self._build_host(number, router)
        has_vxlan = self._probe_vxlan(router)
        if self.encapsulation == "auto":
            self.encapsulation = "kernel" if has_vxlan else "user"
        elif self.encapsulation == "kernel" and not has_vxlan:
            raise SimulationError("this kernel has no VXLAN devices")
        for guest in self.guests:
            self._add(guest.namespace)
        if self.encapsulation == "kernel":
            for guest in self.guests:
                local = f"local {guest.outer} dstport {VXLAN_PORT} nolearning"
                ip(self.host(guest.host), f"link add vxlan0 netns {guest.namespace} type vxlan id {guest.tenant.vni} {local}")
        else:
            self._forwarder = Forwarder(self, VXLAN_PORT)
        for guest in self.guests:
            self._build_guest(guest)
        if self._forwarder:
            self._forwarder.start()

    @staticmethod
    def _probe_vxlan(namespace: str) -> bool:
        try:
            ip(namespace, f"link add probe0 type vxlan id 1 dstport {VXLAN_PORT}", "link del probe0")
        except SimulationError:
            return False
        return True

    def _build_host(self, number: int, router: str) -> None:
        """A host, and the port of the router that it is connected to. Neighbours are fixed: no packets ask for them."""
        host = self._add(self.host(number))
        port, here, there = f"port{number}", f"02:00:00:00:01:{number:02x}", f"02:00:00:00:02:{number:02x}"
        ip(router, f"link add {port} mtu 1600 address {there} type veth peer name phys0 mtu 1600 address {here} netns {host}")
        versions = {tenant.outer_version for tenant in self.tenants}
        sides: tuple[list[str], list[str]] = (["link set phys0 up"], [f"link set {port} up"])
        for version in sorted(versions):
            address = outer_address(number, version)
            gateway = address[:-1] + "ff" if version == 6 else address[:-1] + "254"
            length, nodad, everywhere = (64, " nodad", "::/0") if version == 6 else (24, "", "0.0.0.0/0")
            sides[0].append(f"addr add {address}/{length} dev phys0{nodad}")
            sides[0].append(f"neigh replace {gateway} lladdr {there} dev phys0 nud permanent")
            sides[0].append(f"route add {everywhere} via {gateway}")
            sides[1].append(f"addr add {gateway}/{length} dev {port}{nodad}")
            sides[1].append(f"neigh replace {address} lladdr {here} dev {port} nud permanent")
        ip(host, *sides[0])
        ip(router, *sides[1])

    def _build_guest(self, guest: Guest) -> None:
        """Addresses, and where the others of the network are, as a controller would tell it."""
        commands = [f"link set vxlan0 address {guest.mac} mtu 1450 addrgenmode none gso_max_segs 1", "link set vxlan0 up"]
        for address in guest.addresses:
            commands.append(f"addr add {address} dev vxlan0" + (" nodad" if ":" in address else ""))
        others = [other for other in self.guests if other.tenant == guest.tenant and other != guest]
        for other in others:
            for address in other.addresses:
                commands.append(f"neigh replace {address.partition('/')[0]} lladdr {other.mac} dev vxlan0 nud permanent")
        ip(guest.namespace, *commands)
        if self.encapsulation == "kernel":
            entries = "".join(f"fdb append {other.mac} dev vxlan0 dst {other.outer}\n" for other in others)
            done = subprocess.run(["bridge", "-n", guest.namespace, "-batch", "-"], input=entries, capture_output=True, text=True)
            if done.returncode != 0:
                raise SimulationError(f"bridge: {done.stderr.strip()}")
