/* Tests that fail, each in its own way. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfc/test.h>

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4);
    __type(key, int);
    __type(value, long);
} hits SEC(".maps");

volatile int divisor;

SEC("xdp")
int program(struct xdp_md *ctx)
{
    char *data = (void *)(long)ctx->data;
    int key = 1;
    long one = 1;

    bpf_map_update_elem(&hits, &key, &one, BPF_ANY);
    if (divisor < 0) {
        for (int i = 0; i < 100000; i++)
            divisor ^= i;
        // Faults in the machine only: kernels refuse a null pointer.
        return *(volatile int *)&divisor;
    }
    return data + 20 <= (char *)(long)ctx->data_end ? XDP_PASS : XDP_DROP;
}

TEST(equality)
{
    CASE("row %d of \"%s\"", 3, (long)"table");
    EXPECT_EQ(RUN(program), XDP_TX);
    EXPECT_STREQ("left", "right");
    EXPECT_BYTES("\1\2", "\1\3", 2);
    EXPECT_TRUE(divisor);
    ASSERT_LT(divisor, -1);
    EXPECT_EQ(1, 2);
}

TEST(no_such_packet)
{
    PACKET("eth/ipv5");
    RUN(program);
}

//~ test scenario
//~ run packet=hex"00000000000000000000000000000800" == XDP_PASS
//~ map hits[1] == 2
//~ map hits[2] == 1
//~ map hit[1] == 1
//~ var divisr == 0
//~ redirect == 3
//~ printk "x"
//~ given pod=7
//~ run packet=hex"0102"

char _license[] SEC("license") = "GPL";
