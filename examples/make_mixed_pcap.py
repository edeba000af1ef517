#!/usr/bin/env python3
"""Writes mixed.pcap: a small capture with one or more packets of each protocol that the
examples look at. Everything is fixed, so the file is the same at every run.

    python3 examples/make_mixed_pcap.py examples/mixed.pcap
"""

import struct
import sys

CLIENT_MAC, SERVER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
CLIENT, SERVER = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
CLIENT6 = bytes.fromhex("20010db8000000000000000000000001")
SERVER6 = bytes.fromhex("20010db8000000000000000000000002")


def checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(ethertype: int, payload: bytes) -> bytes:
    frame = SERVER_MAC + CLIENT_MAC + struct.pack("!H", ethertype) + payload
    return frame.ljust(60, b"\0")


def ipv4(protocol: int, payload: bytes) -> bytes:
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0,
                         CLIENT, SERVER)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return ethernet(0x0800, header + payload)


def ipv6(next_header: int, payload: bytes) -> bytes:
    header = struct.pack("!IHBB16s16s", 6 << 28, len(payload), next_header, 64, CLIENT6, SERVER6)
    return ethernet(0x86DD, header + payload)


def pseudo(protocol: int, length: int) -> bytes:
    return CLIENT + SERVER + struct.pack("!BBH", 0, protocol, length)


def tcp(destination: int, flags: int, data: bytes = b"", source: int = 40000) -> bytes:
    header = struct.pack("!HHIIBBHHH", source, destination, 1000, 0, 5 << 4, flags, 64240, 0, 0)
    total = checksum(pseudo(6, len(header) + len(data)) + header + data)
    return ipv4(6, header[:16] + struct.pack("!H", total) + header[18:] + data)


def udp(destination: int, data: bytes) -> bytes:
    length = 8 + len(data)
    header = struct.pack("!HHHH", 40000, destination, length, 0)
    total = checksum(pseudo(17, length) + header + data) or 0xFFFF
    return ipv4(17, header[:6] + struct.pack("!H", total) + data)


def icmp_echo(sequence: int) -> bytes:
    body = struct.pack("!BBHHH", 8, 0, 0, 7, sequence) + bytes(range(32))
    return ipv4(1, body[:2] + struct.pack("!H", checksum(body)) + body[4:])


def icmpv6_echo() -> bytes:
    body = struct.pack("!BBHHH", 128, 0, 0, 7, 1) + bytes(range(16))
    fake = CLIENT6 + SERVER6 + struct.pack("!IHBB", len(body), 0, 0, 58)
    return ipv6(58, body[:2] + struct.pack("!H", checksum(fake + body)) + body[4:])


def arp_request() -> bytes:
    return ethernet(0x0806, struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, CLIENT_MAC, CLIENT,
                                        bytes(6), SERVER))


SYN, PUSH_ACK = 0x02, 0x18

PACKETS = [
    arp_request(),
    icmp_echo(1),
    icmp_echo(2),
    tcp(80, SYN),
    tcp(80, PUSH_ACK, b"GET /index.html HTTP/1.1\r\nHost: example.org\r\n\r\n"),
    tcp(40000, PUSH_ACK, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", source=80),
    tcp(80, PUSH_ACK, b"POST /form HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1"),
    tcp(23, SYN),
    tcp(443, SYN),
    udp(53, bytes.fromhex("000101000001000000000000076578616d706c65036f72670000010001")),
    udp(5353, b"to be rewritten to port 53"),
    udp(5353, b"this one too"),
    icmpv6_echo(),
    ethernet(0x88CC, bytes(20)),
    bytes(20),
]


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for second, packet in enumerate(PACKETS):
            out.write(struct.pack("<IIII", 1_700_000_000 + second, 0, len(packet), len(packet)))
            out.write(packet)


if __name__ == "__main__":
    main()
