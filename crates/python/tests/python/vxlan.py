"""Packets of VXLAN tunnels, made by hand."""

import ipaddress
import struct


def ethernet(kind, payload, tags=()):
    tagged = b"".join(struct.pack("!HH", protocol, number) for protocol, number in tags)
    return bytes.fromhex("020000000002020000000001") + tagged + struct.pack("!H", kind) + payload


def ip(src, dst, protocol, payload, options=b"", fragment=0):
    """An IPv4 or IPv6 packet in its Ethernet type's company: (type, packet)."""
    src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    if src.version == 6:
        return 0x86DD, struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + src.packed + dst.packed + payload
    header = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), 0, fragment, 64, protocol, 0)
    return 0x800, header + src.packed + dst.packed + options + payload


def ports(src, dst, payload=b""):
    """A UDP header; that of TCP begins the same way."""
    return struct.pack("!HHHH", src, dst, 8 + len(payload), 0) + payload


def vxlan(vni, frame, flags=0x08):
    return struct.pack("!II", flags << 24, vni << 8) + frame


def tunnelled(vni, frame, src="172.16.1.1", dst="172.16.2.1", port=4789, **options):
    """A frame from host to host."""
    return ethernet(*ip(src, dst, 17, ports(50000, port, vxlan(vni, frame)), **options))
