/* A program with its tests: packets of each size class are counted, and large ones dropped once there were too many. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfc/test.h>

enum size { SMALL, LARGE, N_SIZES };

struct event {
    __u32 size;
    __u32 n_seen;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, N_SIZES);
    __type(key, __u32);
    __type(value, __u64);
} seen SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} drops SEC(".maps");

const volatile __u64 limit = 2;
__u64 n_bytes;
__u64 last_ns;

SEC("xdp")
int limiter(struct xdp_md *ctx)
{
    __u32 length = ctx->data_end - ctx->data;
    __u32 size = length < 100 ? SMALL : LARGE;
    __u64 *count = bpf_map_lookup_elem(&seen, &size);

    if (!count)
        return XDP_ABORTED;
    (*count)++;
    n_bytes += length;
    last_ns = bpf_ktime_get_ns();
    if (size == SMALL || *count <= limit)
        return XDP_PASS;
    struct event *event = bpf_ringbuf_reserve(&drops, sizeof(*event), 0);
    if (event) {
        event->size = length;
        event->n_seen = *count;
        bpf_ringbuf_submit(event, 0);
    }
    bpf_printk("dropped %d", *count);
    return XDP_DROP;
}

SETUP(a_hundred_bytes_were_seen)
{
    n_bytes = 100;
}

TEST(small_packets_pass)
{
    static const struct { int length; __u64 n_small; } rows[] = {{14, 1}, {60, 2}, {99, 3}};

    for (int i = 0; i < 3; i++) {
        char packet[99] = {};
        __u32 size = SMALL;
        CASE("%d bytes", rows[i].length);
        PACKET_BYTES(packet, rows[i].length);
        ASSERT_EQ(RUN(limiter), XDP_PASS);
        __u64 *count = bpf_map_lookup_elem(&seen, &size);
        ASSERT_TRUE(count);
        EXPECT_EQ(*count, rows[i].n_small);
    }
    EXPECT_EQ(n_bytes, 100 + 14 + 60 + 99);
}

TEST(large_packets_are_limited)
{
    char packet[200] = {}, line[32];
    struct event event;

    PACKET_BYTES(packet, sizeof(packet));
    EXPECT_EQ(RUN(limiter), XDP_PASS);
    EXPECT_EQ(RUN(limiter), XDP_PASS);
    EXPECT_EQ(EVENT(drops, &event), -2);
    EXPECT_EQ(RUN(limiter), XDP_DROP);
    ASSERT_EQ(EVENT(drops, &event), sizeof(event));
    EXPECT_EQ(event.size, 200);
    EXPECT_EQ(event.n_seen, 3);
    ASSERT_GT(printed(line, sizeof(line)), 0);
    ASSERT_STREQ(line, "dropped 3");
    EXPECT_EQ(packet_length(), 200);
}

TEST(time_is_what_tests_say)
{
    set_time(5000000000);
    RUN(limiter);
    EXPECT_GE(last_ns, 5000000000);
    EXPECT_LT(last_ns, 5000100000);
}

//~ test a limit of zero
//~ set limit = 0
//~ set seen[1] = 7
//~ given time=1000000
//~ run packet=hex"0202020202020303030303030800" == XDP_PASS
//~ var n_bytes == 14
//~ run packet=hex"02 02 02 02 02 02 03 03 03 03 03 03 08 00 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50 51 52 53 54 55 56 57 58" == XDP_DROP
//~ map seen[0] == 1
//~ map seen[1] == 8
//~ event drops == {size = 103u32, n_seen = 8u32}
//~ printk "dropped 8"
char _license[] SEC("license") = "GPL";
