/* A test that fails: the program decrements what the test wants kept. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>
#include <bpfc/test.h>

SEC("xdp")
int decrements(struct xdp_md *ctx)
{
    struct iphdr *ip = (void *)(long)ctx->data + sizeof(struct ethhdr);
    if ((void *)(ip + 1) <= (void *)(long)ctx->data_end)
        ip->ttl--;
    return XDP_TX;
}

TEST(the_ttl_is_kept)
{
    PACKET("eth/ipv4(ttl=9)/udp/\"x\"");
    RUN(decrements);
    EXPECT_PACKET("eth/ipv4(ttl=9)/udp/\"x\"");
}

char _license[] SEC("license") = "GPL";
