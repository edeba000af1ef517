#!/usr/bin/env python3
"""Tests of a packet filter in the virtual machine: they need no rights and no kernel. `python3 firewall_test.py`"""

import unittest

from bpfc import BPF

TEXT = """
#include <linux/if_ether.h>
#include <linux/ip.h>

BPF_HASH(blocked, u32, u64);

int filter(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = (void *)(eth + 1);
    if ((void *)(ip + 1) > end || eth->h_proto != htons(ETH_P_IP))
        return XDP_PASS;
    u32 source = ip->saddr;
    u64 *hits = blocked.lookup(&source);
    if (!hits)
        return XDP_PASS;
    (*hits)++;
    return XDP_DROP;
}
"""


def packet(source: bytes) -> bytes:
    """An IPv4 packet from an address."""
    return bytes(12) + b"\x08\x00" + bytes([0x45]) + bytes(11) + source + bytes([10, 0, 0, 2]) + bytes(30)


class Firewall(unittest.TestCase):
    def setUp(self) -> None:
        self.program = BPF(text=TEXT, target="vm")
        self.address = int.from_bytes(bytes([10, 0, 0, 1]), "little")

    def test_others_pass(self) -> None:
        result = self.program.test_run("filter", packet(bytes([10, 0, 0, 1])))
        self.assertEqual(result.ret, BPF.XDP_PASS)

    def test_blocked_addresses_are_dropped_and_counted(self) -> None:
        self.program["blocked"][self.address] = 0
        for _ in range(3):
            result = self.program.test_run("filter", packet(bytes([10, 0, 0, 1])))
            self.assertEqual(result.ret, BPF.XDP_DROP)
        self.assertEqual(self.program["blocked"][self.address].value, 3)

    def test_short_packets_pass(self) -> None:
        self.assertEqual(self.program.test_run("filter", bytes(20)).ret, BPF.XDP_PASS)


if __name__ == "__main__":
    unittest.main()
