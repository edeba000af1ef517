"""Packets that programs rewrite, hand on and count: by test runs, and between network namespaces."""

import os
import shutil
import socket
import struct
import subprocess
import unittest

from bpfc import BPF
from support import kernel


def folded(data):
    """The sum of the internet checksum: 0xffff over what holds a right one."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def ethernet(kind, payload, vlan=None):
    tag = struct.pack("!HHH", 0x8100, vlan, kind) if vlan is not None else struct.pack("!H", kind)
    return bytes.fromhex("0200000000020200000000 01".replace(" ", "")) + tag + payload


def ipv4(source, target, protocol, payload, sums_at):
    """A packet whose sums are right; `sums_at` is where the payload has its own."""
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!HH", protocol, len(payload))
    if sums_at is not None:
        found = 0xFFFF - folded(pseudo + payload)
        payload = payload[:sums_at] + struct.pack("!H", found) + payload[sums_at + 2:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0, 64, protocol, 0)
    head += socket.inet_aton(source) + socket.inet_aton(target)
    return head[:10] + struct.pack("!H", 0xFFFF - folded(head)) + head[12:] + payload


def udp(source, target, data):
    return ipv4(source, target, 17, struct.pack("!HHHH", 1000, 53, 8 + len(data), 0) + data, 6)


def tcp(source, target, data):
    head = struct.pack("!HHIIBBHHH", 1000, 80, 5, 6, 0x50, 0x18, 1024, 0, 0)
    return ipv4(source, target, 6, head + data, 16)


def arp(source, target):
    return struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + b"\2" * 6 + socket.inet_aton(source) + b"\0" * 6 + socket.inet_aton(target)


def number(address):
    return struct.unpack("!I", socket.inet_aton(address))[0]


TRANSLATE = """
#include <bcc/proto.h>
struct pair { u32 to; u32 from; };
struct change { u32 to; u32 from; u64 n_ip; u64 n_arp; };
BPF_HASH(changes, struct pair, struct change, 16);

int translate(struct __sk_buff *skb)
{
    u8 *cursor = 0;
    struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
    u16 type = frame->type;
    if (type == ETH_P_8021Q) {
        struct dot1q_t *tag = cursor_advance(cursor, sizeof(*tag));
        type = tag->type;
        if (type == ETH_P_IP)
            goto ip;
        return 0;
    }
    if (type == ETH_P_IP)
        goto ip;
    if (type != ETH_P_ARP)
        return 0;
    struct arp_t *arp = cursor_advance(cursor, sizeof(*arp));
    struct pair asked = { .to = arp->tpa, .from = arp->spa };
    struct change *answer = changes.lookup(&asked);
    if (answer) {
        arp->tpa = answer->to;
        arp->spa = answer->from;
        lock_xadd(&answer->n_arp, 1);
    }
    return 0;
ip: {
    struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
    struct pair old = { .to = ip->dst, .from = ip->src };
    struct change *found = changes.lookup(&old), new;
    if (!found)
        return 0;
    new = *found;
    lock_xadd(&found->n_ip, 1);
    ip->dst = new.to;
    incr_cksum_l3(&ip->hchecksum, old.to, new.to);
    ip->src = new.from;
    incr_cksum_l3(&ip->hchecksum, old.from, new.from);
    if (ip->nextp == IPPROTO_UDP) {
        struct udp_t *udp = cursor_advance(cursor, sizeof(*udp));
        incr_cksum_l4(&udp->crc, old.to, new.to, 1);
        incr_cksum_l4(&udp->crc, old.from, new.from, 1);
        incr_cksum_l4(&udp->crc, udp->dport, 5353, 0);
        udp->dport = 5353;
    } else if (ip->nextp == IPPROTO_TCP) {
        struct tcp_t *tcp = cursor_advance(cursor, sizeof(*tcp));
        incr_cksum_l4(&tcp->cksum, old.to, new.to, 1);
        incr_cksum_l4(&tcp->cksum, old.from, new.from, 1);
    }
    return 0;
}
}
"""


class Rewriting(unittest.TestCase):
    def check(self, result, expected):
        """The bytes, and that all sums are right."""
        self.assertEqual(result.hex(), expected.hex())
        at = 18 if result[12:14] == b"\x81\0" else 14
        head, payload = result[at:at + 20], result[at + 20:]
        self.assertEqual(folded(head), 0xFFFF)
        pseudo = head[12:20] + struct.pack("!HH", head[9], len(payload))
        self.assertEqual(folded(pseudo + payload), 0xFFFF)

    def translate(self, b, run):
        changes = b["changes"]
        old, new = ("172.16.1.1", "172.16.1.2"), ("192.168.1.1", "10.255.0.254")
        key = changes.Key(number(old[1]), number(old[0]))
        changes[key] = changes.Leaf(number(new[1]), number(new[0]), 0, 0)
        n_ip = 0
        for data in (b"", b"x", b"odd", b"even", bytes(range(199)), b"\xff" * 64):
            for vlan in (None, 100):
                given, wanted = (ethernet(0x800, tcp(*ends, data), vlan) for ends in (old, new))
                self.check(run(given), wanted)
                given, wanted = (ethernet(0x800, udp(*ends, data), vlan) for ends in (old, new))
                # The port changes, too, and the sum with it.
                at = given.index(struct.pack("!HH", 1000, 53)) + 2
                wanted = wanted[:at] + struct.pack("!H", 5353) + wanted[at + 2:]
                head = wanted[at - 22:at - 2]
                sums = wanted[at - 2:at + 4] + b"\0\0" + wanted[at + 6:]
                found = 0xFFFF - folded(head[12:20] + struct.pack("!HH", 17, len(sums)) + sums)
                self.check(run(given), wanted[:at + 4] + struct.pack("!H", found) + wanted[at + 6:])
                n_ip += 2
        self.assertEqual(run(ethernet(0x806, arp(*old))), ethernet(0x806, arp(*new)))
        for other in (ethernet(0x800, tcp(*new, b"abc")), ethernet(0x806, arp(*new)), ethernet(0x86DD, bytes(60))):
            self.assertEqual(run(other), other)
        self.assertEqual((changes[key].n_ip, changes[key].n_arp), (n_ip, 1))

    @kernel
    def test_translation_of_addresses(self):
        b = BPF(text=TRANSLATE)
        function = b.load_func("translate", BPF.SCHED_ACT)
        self.translate(b, lambda packet: function.test_run(packet).data)

    def test_translation_of_addresses_in_the_virtual_machine(self):
        b = BPF(text=TRANSLATE, target="vm")
        self.translate(b, lambda packet: b.test_run("translate", packet).data)


class Handing(unittest.TestCase):
    @kernel
    def test_jumps_between_programs(self):
        b = BPF(text="""
            #include <bcc/proto.h>
            BPF_PROG_ARRAY(jump, 8);
            BPF_ARRAY(stats, u64, 8);
            enum { EOP = 1, ETHER, ARP, IP };
            int parse_ether(struct __sk_buff *skb) {
                u8 *cursor = 0;
                stats.atomic_increment(ETHER);
                struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
                switch (frame->type) {
                case ETH_P_IP: jump.call(skb, IP); break;
                case ETH_P_ARP: jump.call(skb, ARP);
                }
                jump.call(skb, EOP);
                return 99;
            }
            int parse_arp(struct __sk_buff *skb) {
                u8 *cursor = 0;
                struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
                struct arp_t *arp = cursor_advance(cursor, sizeof(*arp));
                if (arp->oper == 1)
                    stats.atomic_increment(ARP);
                jump.call(skb, EOP);
                return 99;
            }
            int parse_ip(struct __sk_buff *skb) {
                u8 *cursor = 0;
                struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
                struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
                if (ip->ver == 4)
                    stats.atomic_increment(IP);
                jump.call(skb, EOP);
                return 99;
            }
            int eop(struct __sk_buff *skb) { stats.atomic_increment(EOP); return 1; }""")
        functions = {name: b.load_func(name, BPF.SCHED_CLS) for name in ("parse_ether", "parse_arp", "parse_ip", "eop")}
        packets = ethernet(0x806, arp("1.2.3.4", "1.2.3.5")), ethernet(0x800, udp("1.2.3.4", "1.2.3.5", b"x")), ethernet(0x88CC, bytes(60))
        # Jumps that lead nowhere fall through.
        self.assertEqual([functions["parse_ether"].test_run(packet).ret for packet in packets], [99] * 3)
        b["jump"][1], b["jump"][3], b["jump"][4] = functions["eop"].fd, functions["parse_arp"], functions["parse_ip"]
        self.assertEqual([functions["parse_ether"].test_run(packet).ret for packet in packets], [1] * 3)
        self.assertEqual([b["stats"][at].value for at in range(1, 5)], [3, 6, 1, 1])


STATISTICS = """
#include <bcc/proto.h>
struct flow { u32 low; u32 high; };
struct count { u64 n_up; u64 n_down; };
BPF_HASH(stats, struct flow, struct count, 1024);
int on_packet(struct __sk_buff *skb)
{
    u8 *cursor = 0;
    struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
    if (frame->type != ETH_P_IP)
        return 0;
    struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
    struct flow flow = {};
    bool is_up = ip->src < ip->dst;
    flow.low = is_up ? ip->src : ip->dst;
    flow.high = is_up ? ip->dst : ip->src;
    struct count none = {}, *count = stats.lookup_or_try_init(&flow, &none);
    if (count)
        lock_xadd(is_up ? &count->n_up : &count->n_down, 1);
    return 0;
}
"""


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Namespaces(unittest.TestCase):
    """Network namespaces with an interface each, whose other ends are here."""

    def host(self, name, address):
        """Name and number of the end that is here."""
        if not shutil.which("ip"):
            raise unittest.SkipTest("there is no `ip`")
        here, space = f"{name}{os.getpid()}", f"bpfc-{name}-{os.getpid()}"
        run("ip", "netns", "add", space)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", space], stderr=subprocess.DEVNULL)
        run("ip", "link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", space)
        self.addCleanup(subprocess.run, ["ip", "link", "del", here], stderr=subprocess.DEVNULL)
        for words in (f"link set {here} up", f"-n {space} addr add {address} dev eth0", f"-n {space} link set eth0 up",
                      f"-n {space} link set lo up"):
            run("ip", *words.split())
        return here, space, socket.if_nametoindex(here)

    def ping(self, space, address, n=3):
        if not shutil.which("ping"):
            raise unittest.SkipTest("there is no `ping`")
        done = subprocess.run(["ip", "netns", "exec", space, "ping", "-c", str(n), "-i", "0.1", "-W", "2", address],
                              capture_output=True, text=True)
        return f"{n} received" in done.stdout

    @kernel
    def test_what_an_interface_sees(self):
        here, space, _ = self.host("s", "10.77.1.2/24")
        run("ip", "addr", "add", "10.77.1.1/24", "dev", here)
        with BPF(text=STATISTICS) as b:
            function = b.load_func("on_packet", BPF.SOCKET_FILTER)
            b.attach_raw_socket(function, here)
            self.assertTrue(self.ping(space, "10.77.1.1"))
            stats = b["stats"]
            key = stats.Key(number("10.77.1.1"), number("10.77.1.2"))
            leaf = stats[key]
            self.assertEqual((leaf.n_up, leaf.n_down), (3, 3))
            del stats[key]
            for act in (stats.__getitem__, stats.__delitem__):
                with self.assertRaises(KeyError):
                    act(key)
            stats.clear()
            stats[stats.Key()] = stats.Leaf(100, 200)
            self.assertEqual(stats.popitem()[1].n_down, 200)
            self.assertNotIn(stats.Key(), stats)
            with self.assertRaises(KeyError):
                stats.popitem()
            stats[key] = leaf
            self.assertEqual(len(stats), 1)

    @kernel
    def test_bridge(self):
        """Hosts that a program bridges: it learns who is where, and floods what is for all."""
        hosts = [self.host(f"b{n}", f"10.77.2.{n}/24") for n in (1, 2, 3)]
        with BPF(text="""
            #include <bcc/proto.h>
            #include <linux/pkt_cls.h>
            BPF_HASH(places, u64, u32, 64);
            BPF_ARRAY(ports, u32, 4);
            BPF_ARRAY(n_flooded, u64, 1);
            BPF_ARRAY(n_known, u64, 1);
            BPF_PROG_ARRAY(next, 2);
            int flood(struct __sk_buff *skb) {
                n_flooded.atomic_increment(0);
                for (int at = 0; at < 4; at++) {
                    int key = at;
                    u32 *port = ports.lookup(&key);
                    if (port && *port && *port != skb->ingress_ifindex)
                        bpf_clone_redirect(skb, *port, 0);
                }
                return TC_ACT_SHOT;
            }
            int bridge(struct __sk_buff *skb) {
                u8 *cursor = 0;
                struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
                u64 from = frame->src, to = frame->dst;
                u32 port = skb->ingress_ifindex, *place;
                places.update(&from, &port);
                place = places.lookup(&to);
                if (!place)
                    next.call(skb, 0);
                else
                    n_known.atomic_increment(0);
                return place ? bpf_redirect(*place, 0) : TC_ACT_SHOT;
            }""") as b:
            bridge = b.load_func("bridge", BPF.SCHED_CLS)
            b["next"][0] = b.load_func("flood", BPF.SCHED_CLS)
            links = [bridge._program.attach(f"tc:{here}:ingress") for here, _, _ in hosts]
            for at, (_, _, number_) in enumerate(hosts):
                b["ports"][at] = number_
            self.assertTrue(self.ping(hosts[0][1], "10.77.2.2"))
            self.assertTrue(self.ping(hosts[2][1], "10.77.2.1"))
            places = {key.value: leaf.value for key, leaf in b["places"].items()}
            for _, space, number_ in hosts:
                address = run("ip", "netns", "exec", space, "cat", "/sys/class/net/eth0/address").strip().replace(":", "")
                if space != hosts[1][1] or int(address, 16) in places:
                    self.assertEqual(places[int(address, 16)], number_)
            # Requests and answers of two times three, answers of ARP; requests of ARP are for all.
            self.assertGreaterEqual(b["n_known"][0].value, 14)
            self.assertGreaterEqual(b["n_flooded"][0].value, 2)
            for link in links:
                link.detach()
            self.assertFalse(self.ping(hosts[0][1], "10.77.2.2", n=1))

    @kernel
    def test_relay(self):
        """Two hosts that a program joins port by port; UDP both ways arrives with right sums."""
        (first, near, near_number), (second, far, far_number) = self.host("r1", "10.77.3.1/24"), self.host("r2", "10.77.3.2/24")
        with BPF(text="""
            #include <bcc/proto.h>
            #include <linux/pkt_cls.h>
            BPF_HASH(ports, u32, u32, 8);
            BPF_ARRAY(n, u32, 2);
            int relay(struct __sk_buff *skb) {
                u8 *cursor = 0;
                struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
                u32 from = skb->ingress_ifindex, *to = ports.lookup(&from);
                if (!to)
                    return TC_ACT_OK;
                n.atomic_increment(frame->type == ETH_P_ARP);
                bpf_clone_redirect(skb, *to, 0);
                return TC_ACT_SHOT;
            }""") as b:
            relay = b.load_func("relay", BPF.SCHED_CLS)
            b["ports"][near_number], b["ports"][far_number] = far_number, near_number
            links = [relay._program.attach(f"tc:{name}:ingress") for name in (first, second)]
            self.assertTrue(self.ping(near, "10.77.3.2"))
            script = "import socket; s = socket.socket(2, 2); s.bind(('', 5000)); s.settimeout(20); print('ready', flush=True); " \
                     "data, who = s.recvfrom(9000); s.sendto(data[::-1], who)"
            server = subprocess.Popen(["ip", "netns", "exec", far, "python3", "-c", script], stdout=subprocess.PIPE, text=True)
            self.addCleanup(server.stdout.close)
            self.addCleanup(server.wait)
            self.addCleanup(server.kill)
            self.assertEqual(server.stdout.readline(), "ready\n")
            script = "import socket; s = socket.socket(2, 2); s.settimeout(20); s.sendto(b'forth', ('10.77.3.2', 5000)); print(s.recv(99))"
            self.assertEqual(run("ip", "netns", "exec", near, "python3", "-c", script), "b'htrof'\n")
            self.assertGreaterEqual(b["n"][0].value, 8)
            self.assertGreaterEqual(b["n"][1].value, 2)
            for link in links:
                link.detach()


if __name__ == "__main__":
    unittest.main()
