/* The tests of the firewall: `bpfc test`. */
#include "firewall.c"
#include <bpfc/test.h>

static __u8 yes = 1;

static void open_port(__u16 port)
{
    bpf_map_update_elem(&open_ports, &port, &yes, BPF_ANY);
}

static void block(__u32 address, __u32 n_bits)
{
    struct network network = {n_bits, bpf_htonl(address)};
    bpf_map_update_elem(&blocked, &network, &yes, BPF_ANY);
}

/* How many packets ended like this, on all CPUs. */
static __u64 count(__u32 reason)
{
    __u64 sum = 0;

    for (__u32 cpu = 0; cpu < 256; cpu++) {
        __u64 *value = bpf_map_lookup_percpu_elem(&verdicts, &reason, cpu);
        if (!value)
            break;
        sum += *value;
    }
    return sum;
}

SETUP(web_and_dns_are_open)
{
    open_port(53);
    open_port(80);
    open_port(443);
}

TEST(open_tcp_ports_pass)
{
    static const __u16 ports[] = {80, 443};

    for (int i = 0; i < 2; i++) {
        CASE("port %d", ports[i]);
        PACKET("eth/ipv4(src=10.0.0.%d)/tcp(dport=%d,syn)", i + 1, ports[i]);
        EXPECT_EQ(RUN(firewall), XDP_PASS);
    }
    EXPECT_EQ(count(PASSED), 2);
}

TEST(closed_tcp_ports_are_dropped)
{
    static const __u16 ports[] = {21, 22, 23, 81, 8080, 65535};

    for (int i = 0; i < 6; i++) {
        CASE("port %d", ports[i]);
        PACKET("eth/ipv4/tcp(dport=%d,syn)", ports[i]);
        EXPECT_EQ(RUN(firewall), XDP_DROP);
    }
    EXPECT_EQ(count(CLOSED_PORT), 6);
}

TEST(a_drop_is_told)
{
    struct drop drop;

    PACKET("eth/ipv4(src=198.51.100.7)/tcp(dport=22,syn)");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    ASSERT_EQ(EVENT(drops, &drop), sizeof(drop));
    EXPECT_EQ(drop.reason, CLOSED_PORT);
    EXPECT_EQ(drop.source, bpf_htonl(0xc6336407));
    EXPECT_LT(EVENT(drops, &drop), 0);
}

TEST(what_passes_is_not_told)
{
    struct drop drop;

    PACKET("eth/ipv4/tcp(dport=80,syn)");
    RUN(firewall);
    EXPECT_LT(EVENT(drops, &drop), 0);
}

TEST(packets_are_left_as_they_are)
{
    PACKET("eth/vlan(id=3)/ipv4(ttl=9)/udp(dport=53)/\"question\"");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
    EXPECT_PACKET("eth/vlan(id=3)/ipv4(ttl=9)/udp(dport=53)/\"question\"");
}

TEST(connections_that_stand_pass)
{
    PACKET("eth/ipv4/tcp(dport=22,ack)");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
    PACKET("eth/ipv4/tcp(dport=22,syn,ack)");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
    PACKET("eth/ipv4/tcp(dport=22,rst)");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
}

TEST(the_fourth_connection_is_too_many)
{
    PACKET("eth/ipv4/tcp(dport=443,syn)");
    for (int i = 0; i < 3; i++) {
        CASE("connection %d", i + 1);
        EXPECT_EQ(RUN(firewall), XDP_PASS);
    }
    CASE("connection 4");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    EXPECT_EQ(count(TOO_MANY_CONNECTIONS), 1);
}

TEST(each_source_has_its_own_limit)
{
    for (int i = 1; i <= 10; i++) {
        PACKET("eth/ipv4(src=10.1.1.%d)/tcp(dport=443,syn)", i);
        EXPECT_EQ(RUN(firewall), XDP_PASS);
    }
    EXPECT_EQ(count(PASSED), 10);
}

TEST(connections_are_counted)
{
    __be32 source = bpf_htonl(0x0a000001);
    __u32 *n;

    PACKET("eth/ipv4(src=10.0.0.1)/tcp(dport=80,syn)");
    RUN(firewall);
    RUN(firewall);
    n = bpf_map_lookup_elem(&connections, &source);
    ASSERT_TRUE(n);
    EXPECT_EQ(*n, 2);
}

TEST(blocked_networks_are_dropped)
{
    block(0xcb007100, 24);
    PACKET("eth/ipv4(src=203.0.113.200)/tcp(dport=443,syn)");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    PACKET("eth/ipv4(src=203.0.114.1)/tcp(dport=443,syn)");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
    EXPECT_EQ(count(BLOCKED_NETWORK), 1);
}

TEST(single_addresses_can_be_blocked)
{
    block(0x0a000005, 32);
    PACKET("eth/ipv4(src=10.0.0.5)/icmp");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    PACKET("eth/ipv4(src=10.0.0.6)/icmp");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
}

TEST(everything_can_be_blocked)
{
    block(0, 0);
    PACKET("eth/ipv4(src=192.0.2.77)/icmp");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
}

TEST(a_source_is_blocked_in_its_vlan)
{
    block(0x0a000005, 32);
    PACKET("eth/vlan(id=7)/ipv4(src=10.0.0.5)/icmp");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
}

TEST(two_tags_are_looked_through)
{
    PACKET("eth/qinq(id=2)/vlan(id=3)/ipv4/tcp(dport=22,syn)");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
}

TEST(three_tags_are_too_deep_to_judge)
{
    PACKET("eth/qinq/vlan/vlan/ipv4/tcp(dport=22,syn)");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
}

TEST(udp_is_judged_by_its_port)
{
    PACKET("eth/ipv4/udp(dport=53)");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
    PACKET("eth/ipv4/udp(dport=161)");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
}

TEST(ipv6_is_judged_too)
{
    PACKET("eth/ipv6/tcp(dport=22,syn)");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    PACKET("eth/ipv6/udp(dport=53)");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
}

TEST(options_of_ip_are_skipped)
{
    PACKET("eth/ipv4(options=0x01010101)/tcp(dport=22,syn)");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    PACKET("eth/ipv4(options=0x01010101)/tcp(dport=80,syn)");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
}

TEST(other_protocols_pass)
{
    PACKET("eth/ipv4/icmp");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
    PACKET("eth/arp");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
    PACKET("eth/ipv6/icmpv6");
    EXPECT_EQ(RUN(firewall), XDP_PASS);
}

TEST(cut_packets_are_malformed)
{
    static const int lengths[] = {14 + 19, 14 + 20 + 19};
    char whole[54];

    for (int i = 0; i < 2; i++) {
        PACKET("eth/ipv4/tcp(dport=80,syn)");
        ASSERT_EQ(packet_read(0, whole, sizeof(whole)), 0);
        CASE("%d bytes", lengths[i]);
        PACKET_BYTES(whole, lengths[i]);
        EXPECT_EQ(RUN(firewall), XDP_DROP);
    }
    EXPECT_EQ(count(MALFORMED), 2);
}

TEST(cut_udp_is_malformed)
{
    PACKET("eth/ipv4(proto=17)/\"short\"");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    EXPECT_EQ(count(MALFORMED), 1);
}

TEST(cut_ipv6_is_malformed)
{
    PACKET("eth(type=0x86dd)/\"short\"");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    EXPECT_EQ(count(MALFORMED), 1);
}

TEST(a_cut_tag_is_malformed)
{
    PACKET("eth(type=0x8100)/hex(00)");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    EXPECT_EQ(count(MALFORMED), 1);
}

TEST(headers_of_impossible_length_are_malformed)
{
    PACKET("eth/ipv4(ihl=4)/tcp(dport=80,syn)");
    EXPECT_EQ(RUN(firewall), XDP_DROP);
    EXPECT_EQ(count(MALFORMED), 1);
}

//~ test fragments are dropped
//~ run packet="eth/ipv4(offset=100,proto=17)/zeros(64)" == XDP_DROP
//~ map verdicts[5] == 1

//~ test fragments may be let in
//~ set lets_fragments_in = 1
//~ run packet="eth/ipv4(offset=100,proto=17)/zeros(64)" == XDP_PASS

//~ test first fragments are judged
//~ run packet="eth/ipv4(mf)/udp(dport=161)/zeros(64)" == XDP_DROP
//~ map verdicts[3] == 1

//~ test the limit can be set
//~ set max_connections = 1
//~ set open_ports[22] = 1
//~ run packet="eth/ipv4(src=10.0.0.1)/tcp(dport=22,syn)" == XDP_PASS
//~ run packet="eth/ipv4(src=10.0.0.1)/tcp(dport=22,syn)" == XDP_DROP
//~ map connections[ip"10.0.0.1"] == 2
//~ event drops == {source = ip"10.0.0.1", reason = 4u32}

//~ test many ports at once
//~ set open_ports[80] = 1
//~ run packet="eth/ipv4/tcp(dport={1..79},syn)" == XDP_DROP
//~ run packet="eth/ipv4/tcp(dport=80,syn)" == XDP_PASS
//~ map verdicts[3] == 79

//~ test blocked networks come from outside
//~ set blocked[{n_bits = 8, address = ip"10.0.0.0"}] = 1
//~ run packet="eth/ipv4(src=10.200.0.1)/icmp" == XDP_DROP
//~ run packet="eth/ipv4(src=11.200.0.1)/icmp" == XDP_PASS
