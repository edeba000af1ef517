"""`examples/tunnel_monitor`: its program on packets made by hand, without rights; all of it, with real tunnels and a browser."""

import importlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from bpfc import BPF
from support import kernel
from vxlan import ethernet, ip, ports, tunnelled, vxlan

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../examples/tunnel_monitor")
sys.path.insert(0, FOLDER)
monitor = importlib.import_module("monitor")
simulation = importlib.import_module("simulation")
history = importlib.import_module("history")

INNER = ethernet(*ip("10.1.1.1", "10.1.2.3", 17, ports(40000, 53, b"question")))


class Packets(unittest.TestCase):
    """One packet after the other, in the virtual machine."""

    def setUp(self):
        self.start()

    def start(self, *flags):
        self.program = BPF(src_file=os.path.join(FOLDER, "tunnel_monitor.c"), cflags=flags, target="vm")

    def run_on(self, *packets):
        for packet in packets:
            self.assertEqual(self.program.test_run("count_tunnels", packet).ret, 0)

    def table(self, name):
        return {monitor.KEYS[name](key): (leaf.packets, leaf.bytes) for key, leaf in self.program[name].items()}

    def outcomes(self):
        counts = {name: sum(self.program["outcomes"].getvalue(index)) for index, name in enumerate(monitor.OUTCOMES)}
        return {name: count for name, count in counts.items() if count}

    def check(self, packet, vni, src, dst, service, outer=("172.16.1.1", "172.16.2.1"), inner_bytes=len(INNER)):
        """A packet is in all tables, once."""
        self.start()
        self.run_on(packet)
        self.assertEqual(self.outcomes(), {"counted": 1})
        self.assertEqual(self.table("hosts"), {outer: (1, len(packet))})
        self.assertEqual(self.table("pairs"), {(vni, src, dst): (1, inner_bytes)})
        self.assertEqual(self.table("services"), {(vni, *service): (1, inner_bytes)})

    def test_ipv4_in_ipv4(self):
        self.check(tunnelled(100, INNER), 100, "10.1.1.1", "10.1.2.3", ("UDP", 53))

    def test_ipv6_inside(self):
        inner = ethernet(*ip("fd00:300::2", "fd00:300::4", 6, ports(22, 50123) + bytes(12)))
        self.check(tunnelled(300, inner), 300, "fd00:300::2", "fd00:300::4", ("TCP", 22), inner_bytes=len(inner))

    def test_ipv6_outside(self):
        outer = ("2001:db8:1::1", "2001:db8:2::1")
        self.check(tunnelled(0xFFFFFF, INNER, *outer), 0xFFFFFF, "10.1.1.1", "10.1.2.3", ("UDP", 53), outer)

    def test_options_and_extensions(self):
        self.check(tunnelled(1, INNER, options=bytes([1] * 40)), 1, "10.1.1.1", "10.1.2.3", ("UDP", 53))
        # Hop by hop, 16 bytes long, and destination options, 8 bytes long, before TCP.
        extensions = bytes([60, 1]) + bytes(14) + bytes([6, 0]) + bytes(6)
        inner = ethernet(*ip("fd00::1", "fd00::2", 0, extensions + ports(443, 50000) + bytes(12)))
        self.check(tunnelled(1, inner), 1, "fd00::1", "fd00::2", ("TCP", 443), inner_bytes=len(inner))

    def test_vlan_tags(self):
        inner = ethernet(*ip("10.0.0.1", "10.0.0.2", 1, bytes(8)), tags=[(0x8100, 7)])
        kind, packet = ip("172.16.1.1", "172.16.2.1", 17, ports(1, 4789, vxlan(5, inner)))
        for tags in ([(0x8100, 10)], [(0x88A8, 10), (0x8100, 20)]):
            self.check(ethernet(kind, packet, tags), 5, "10.0.0.1", "10.0.0.2", ("ICMP", 0), inner_bytes=len(inner))
        self.start()
        self.run_on(ethernet(kind, packet, [(0x88A8, 1)] * 3))
        self.assertEqual(self.outcomes(), {"not_vxlan": 1})

    def test_other_packets(self):
        self.run_on(
            tunnelled(1, INNER, port=4790), INNER, ethernet(0x806, bytes(28)),
            ethernet(*ip("10.0.0.1", "10.0.0.2", 6, struct.pack("!HH", 1, 4789) + bytes(16))),
        )
        self.assertEqual(self.outcomes(), {"not_vxlan": 4})
        self.assertEqual((self.table("hosts"), self.table("pairs"), self.table("services")), ({}, {}, {}))

    def test_cut_at_each_byte(self):
        whole = tunnelled(100, INNER)
        start = len(whole) - len(INNER)
        # Outer headers up to VXLAN's end; inner ones up to the ports. What is behind them is not read.
        needed = start + 14 + 20 + 4
        expected = {}
        for size in range(14, len(whole) + 1):
            self.run_on(whole[:size])
            outcome = "cut_short" if size < start else "inner_cut_short" if size < needed else "counted"
            expected[outcome] = expected.get(outcome, 0) + 1
            self.assertEqual(self.outcomes(), expected, size)
            self.assertEqual(sum(packets for packets, _ in self.table("hosts").values()), max(0, size - start + 1), size)
            self.assertEqual(sum(packets for packets, _ in self.table("pairs").values()), max(0, size - needed + 1), size)

    def test_bad_headers(self):
        kind, packet = ip("10.0.0.1", "10.0.0.2", 17, ports(1, 4789, vxlan(1, INNER)))
        short = ethernet(kind, b"\x44" + packet[1:])
        wrong = ethernet(0x86DD, b"\x45" + bytes(60))
        unset = ethernet(*ip("10.0.0.1", "10.0.0.2", 17, ports(1, 4789, vxlan(1, INNER, flags=0))))
        self.run_on(short, wrong, unset)
        self.assertEqual(self.outcomes(), {"bad_header": 3})
        self.run_on(tunnelled(1, short), tunnelled(1, wrong))
        self.assertEqual(self.outcomes(), {"bad_header": 3, "inner_bad_header": 2})
        self.assertEqual([packets for packets, _ in self.table("hosts").values()], [2])
        self.assertEqual(self.table("pairs"), {})

    def test_fragments(self):
        self.run_on(tunnelled(1, INNER, fragment=0x2000), tunnelled(1, INNER, fragment=100))
        self.assertEqual(self.outcomes(), {"counted": 1, "later_fragment": 1})
        self.start()
        # A later fragment has no ports, whatever its bytes are.
        inner = ethernet(*ip("10.0.0.1", "10.0.0.2", 17, ports(53, 53), fragment=100))
        extension = bytes([17, 0]) + struct.pack("!H", 100 << 3) + bytes(4)
        inner6 = ethernet(*ip("fd00::1", "fd00::2", 44, extension + ports(53, 53)))
        self.run_on(tunnelled(1, inner), tunnelled(1, inner6))
        self.assertEqual(self.outcomes(), {"counted": 2})
        self.assertEqual(self.table("services"), {(1, "UDP", 0): (2, len(inner) + len(inner6))})

    def test_inner_arp_counts_between_hosts(self):
        packet = tunnelled(7, ethernet(0x806, bytes(28)))
        self.run_on(packet)
        self.assertEqual(self.outcomes(), {"inner_not_ip": 1})
        self.assertEqual(self.table("hosts"), {("172.16.1.1", "172.16.2.1"): (1, len(packet))})

    def test_same_addresses_in_two_networks(self):
        self.run_on(*[tunnelled(100, INNER)] * 3, *[tunnelled(200, INNER)] * 2)
        self.assertEqual(self.table("pairs"), {
            (100, "10.1.1.1", "10.1.2.3"): (3, 3 * len(INNER)), (200, "10.1.1.1", "10.1.2.3"): (2, 2 * len(INNER)),
        })

    def test_full_tables_forget_and_say_so(self):
        self.start("-DMAX_KEYS=8")
        for number in range(20):
            inner = ethernet(*ip(f"10.0.0.{number}", "10.1.0.1", 1, bytes(8)))
            self.run_on(tunnelled(1, inner))
        created = [sum(self.program["created"].getvalue(index)) for index in range(3)]
        self.assertEqual(created, [1, 20, 1])
        pairs = self.table("pairs")
        self.assertLessEqual(len(pairs), 8)
        self.assertIn((1, "10.0.0.19", "10.1.0.1"), pairs)
        self.assertEqual(self.outcomes(), {"counted": 20})

    def test_other_ports(self):
        self.start("-DVXLAN_PORT=8472")
        self.run_on(tunnelled(1, INNER), tunnelled(1, INNER, port=8472))
        self.assertEqual(self.outcomes(), {"counted": 1, "not_vxlan": 1})


class Histories(unittest.TestCase):
    def test_windows(self):
        kept = history.History(0.0)
        for second in range(1, 1001):
            kept.update(float(second), {"a": (second, 10 * second), "b": (second // 500, 0)})
        self.assertEqual(kept.counts(10), {"a": (10, 100), "b": (1, 0)})
        self.assertEqual(kept.counts(60)["a"], (60, 600))
        self.assertEqual(kept.counts(None), {"a": (1000, 10000), "b": (2, 0)})
        buckets = kept.samples(None)
        self.assertLessEqual(len(buckets), history.N_BUCKETS)
        self.assertEqual((buckets[0].start, buckets[-1].end), (0.0, 1000.0))
        self.assertEqual(sum(bucket.counts["a"][0] for bucket in buckets), 1000)
        self.assertTrue(all(one.end == other.start for one, other in zip(buckets, buckets[1:])))

    def test_forgotten_keys_that_come_back(self):
        kept = history.History(0.0)
        for second, table in enumerate(({"a": (5, 50)}, {}, {"a": (2, 20)}, {"a": (1, 10)}), 1):
            kept.update(float(second), table)
        self.assertEqual(kept.totals, {"a": (8, 80)})

    def test_too_many_keys(self):
        kept = history.History(0.0)
        kept.update(1.0, {number: (1, number) for number in range(history.MAX_KEYS + 5)})
        self.assertEqual(len(kept.totals), history.MAX_KEYS + 1)
        self.assertEqual(kept.totals[None][0], 5)
        self.assertEqual(len(kept.samples(None)[0].counts), history.MAX_BUCKET_KEYS + 1)


SENT = (
    # Network, from, to, datagrams, bytes, port; the outer addresses.
    (100, "10.1.1.1", "10.1.2.3", 17, 200, 53, ("172.16.1.1", "172.16.3.1")),
    (200, "10.1.1.1", "10.1.1.3", 1234, 900, 5004, ("172.16.1.1", "172.16.3.1")),
    (300, "fd00:300::2", "fd00:300::4", 29, 64, 443, ("2001:db8:2::1", "2001:db8:4::1")),
)


class Running:
    """The monitor, on hosts that it simulates."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(FOLDER, "monitor.py"), "--simulate", "--port", "0", "--interval", "0.2", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.lines = []

    def __enter__(self):
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith("http://"):
                self.url = line.split()[0]
                return self
        self.process.wait(10)
        raise AssertionError("".join(self.lines) + self.process.stderr.read())

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.process.stdout.close()
        self.process.stderr.close()

    def get(self, path, **headers):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=10) as answer:
            return answer.read().decode()

    def data(self, window="all"):
        return json.loads(self.get(f"data.json?window={window}"))

    def data_with(self, packets):
        """The data once so many packets have been counted."""
        for _ in range(100):
            data = self.data()
            if data["outcomes"]["counted"] >= packets:
                break
            time.sleep(0.1)
        return data

    def namespaces(self):
        """Those of this simulation."""
        return [name for name in os.listdir(simulation.NAMESPACES) if name.startswith(f"{simulation.PREFIX}{self.process.pid}.")]


def rows(data, kind, *members):
    return {tuple(row[member] for member in members): (row["packets"], row["bytes"]) for row in data[kind]["rows"]}


class Tunnels(unittest.TestCase):
    maxDiff = None

    def check_counts(self, data):
        # Ethernet, IP and UDP headers around each datagram; and those of VXLAN around that.
        inner, outer = {}, {}
        for vni, src, dst, count, size, port, hosts in SENT:
            within = size + 14 + (40 if ":" in src else 20) + 8
            inner[vni, src, dst] = (count, count * within)
            before = outer.get(hosts, (0, 0))
            around = 14 + (40 if ":" in hosts[0] else 20) + 8 + 8
            outer[hosts] = (before[0] + count, before[1] + count * (within + around))
        self.assertEqual(rows(data, "pairs", "vni", "src", "dst"), inner)
        self.assertEqual(rows(data, "hosts", "src", "dst"), outer)
        self.assertEqual(rows(data, "networks", "vni"), {(key[0],): count for key, count in inner.items()})
        self.assertEqual(rows(data, "services", "vni", "protocol", "port"), {
            (vni, "UDP", port): inner[vni, src, dst] for vni, src, dst, _, _, port, _ in SENT
        })
        self.assertEqual(rows(data, "subnets", "vni", "src", "dst"), {
            (100, "10.1.1.0/24", "10.1.2.0/24"): inner[100, "10.1.1.1", "10.1.2.3"],
            (200, "10.1.1.0/24", "10.1.1.0/24"): inner[200, "10.1.1.1", "10.1.1.3"],
            (300, "fd00:300::/64", "fd00:300::/64"): inner[300, "fd00:300::2", "fd00:300::4"],
        })
        self.assertEqual(rows(data, "addresses", "vni", "address")[200, "10.1.1.1"], inner[200, "10.1.1.1", "10.1.1.3"])
        self.assertEqual(sum(sum(series["packets"]) for series in data["series"]["hosts"]), sum(sent[3] for sent in SENT))
        # The neighbours' own packets are seen, and are no tunnels.
        self.assertEqual({name for name, count in data["outcomes"].items() if count} - {"not_vxlan"}, {"counted"})
        self.assertEqual(data["forgotten"], {"hosts": 0, "pairs": 0, "services": 0})

    def check_exactly(self, encapsulation):
        sends = [f"--send={','.join(map(str, sent[:6]))}" for sent in SENT]
        with Running("--no-traffic", "--encapsulation", encapsulation, *sends) as running:
            self.assertEqual(len(running.namespaces()), 15)
            data = running.data_with(sum(sent[3] for sent in SENT))
            # None comes later.
            time.sleep(0.5)
            self.check_counts(data)
            self.check_counts(running.data())
            self.check_page(running)
            running.process.send_signal(signal.SIGINT)
            self.assertEqual((running.process.wait(20), running.process.stderr.read()), (0, ""))
            self.assertEqual(running.namespaces(), [])

    def check_page(self, running):
        browser = shutil.which("chromium")
        if not browser:
            self.assertNotEqual(os.environ.get("BPFC_REQUIRE_KERNEL"), "1", "there is no chromium")
            self.skipTest("there is no chromium: the numbers are right, the page was not drawn")
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}", "--virtual-time-budget=3000",
                 "--window-size=1400,1200", "--dump-dom", running.url + "#window=all&by=pairs"],
                capture_output=True, text=True, timeout=120,
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        page = done.stdout
        for text in ("live", "VNI 100", "10.1.1.1 → 10.1.2.3", "10.1.1.1 → 10.1.1.3", "fd00:300::2 → fd00:300::4", "172.16.1.1 → 172.16.3.1",
                     "10.1.1.0/24 → 10.1.2.0/24", "UDP 5004"):
            self.assertIn(f">{text}<", page)
        for packets in ("17", "1,234", "29", "1,251"):
            self.assertIn(f'<span class="number packets">{packets}</span>', page)
        self.assertIn("<b>1,280</b> counted", page)
        # The chart: an area that is drawn for each of the three pairs.
        self.assertEqual(page.count('<path d="M'), 3, page)

    @kernel
    def test_exactly_what_was_sent(self):
        try:
            with simulation.Network("kernel"):
                pass
        except simulation.SimulationError as error:
            self.skipTest(str(error))
        self.check_exactly("kernel")

    @kernel
    def test_exactly_what_was_sent_without_vxlan_devices(self):
        self.check_exactly("user")

    @kernel
    def test_traffic(self):
        with Running() as running:
            for _ in range(100):
                data = running.data_with(2000)
                protocols = {row["protocol"] for row in data["services"]["rows"]}
                if protocols == {"TCP", "UDP", "ICMP", "ICMPv6"}:
                    break
                time.sleep(0.1)
            self.assertEqual(protocols, {"TCP", "UDP", "ICMP", "ICMPv6"})
            self.assertEqual(sorted(row["vni"] for row in data["networks"]["rows"]), [100, 200, 300])
            self.assertEqual({name for name, count in data["outcomes"].items() if count} - {"not_vxlan"}, {"counted"})
            # Tables are read in this order, while packets go on.
            totals = [data["outer"]["packets"], data["inner"]["packets"],
                      sum(row["packets"] for row in data["services"]["rows"]), data["outcomes"]["counted"]]
            self.assertEqual(totals, sorted(totals))
            self.assertLess(totals[3] - totals[0], 0.2 * totals[3])
            self.assertGreaterEqual(running.data("60")["outer"]["packets"], totals[0])
            self.assertGreater(running.data("10")["outer"]["packets"], 0)
            running.process.send_signal(signal.SIGTERM)
            self.assertEqual((running.process.wait(20), running.process.stderr.read()), (0, ""))
            self.assertEqual(running.namespaces(), [])

    @kernel
    def test_killed_ones_are_removed_by_the_next(self):
        with Running("--no-traffic") as running:
            with self.assertRaises(urllib.error.HTTPError) as caught:
                running.get("data.json?window=5")
            self.assertEqual(caught.exception.code, 400)
            with self.assertRaises(urllib.error.HTTPError) as caught:
                running.get("", Host="example.com")
            self.assertEqual(caught.exception.code, 421)
            with Running("--no-traffic") as other:
                # Two at once leave each other alone.
                self.assertEqual((len(running.namespaces()), len(other.namespaces())), (15, 15))
                other.process.send_signal(signal.SIGINT)
                self.assertEqual(other.process.wait(20), 0)
            running.process.kill()
            running.process.wait(10)
            self.assertEqual(len(running.namespaces()), 15)
            with Running("--no-traffic") as other:
                self.assertEqual(running.namespaces(), [])
                other.process.send_signal(signal.SIGINT)
                self.assertEqual(other.process.wait(20), 0)

    @kernel
    def test_mistakes(self):
        def run(*arguments):
            done = subprocess.run([sys.executable, os.path.join(FOLDER, "monitor.py"), *arguments], capture_output=True, text=True)
            return done.returncode, done.stderr

        self.assertEqual(run()[0], 2)
        self.assertIn("no UDP port", run("lo", "--vxlan-port", "70000")[1])
        self.assertIn("is wanted", run("--simulate", "--send", "1,2")[1])
        code, text = run("no-such-interface", "--port", "0")
        self.assertEqual((code, "Traceback" in text), (1, False))
        self.assertIn("no-such-interface", text)
        code, text = run("--simulate", "--port", "0", "--send", "100,10.9.9.9,10.1.1.1,1,1")
        self.assertEqual((code, text), (1, "no guest of network 100 has the address 10.9.9.9\n"))


if __name__ == "__main__":
    unittest.main()
