/* Helpers that tests answer for. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfc/test.h>

__u32 sampled, opened;
char last[16];

SEC("tc")
int samples(struct __sk_buff *skb)
{
    if (bpf_get_prandom_u32() % 4)
        return 0;
    sampled++;
    return bpf_set_hash_invalid == 0;
}

SEC("kprobe/do_sys_openat2")
int BPF_KPROBE(opens, int dfd, const char *filename)
{
    bpf_get_current_comm(last, sizeof(last));
    opened += dfd;
    return bpf_override_return == 0;
}

TEST(one_of_four_is_sampled)
{
    MOCK(bpf_get_prandom_u32, 4, 5, 6, 7, 8);
    for (int i = 0; i < 5; i++)
        RUN(samples);
    EXPECT_EQ(sampled, 2);
    EXPECT_EQ(MOCK_CALLS(bpf_get_prandom_u32), 5);
    /* The test's own calls are not mocked. */
    MOCK(bpf_ktime_get_ns, 3);
    EXPECT_NE(bpf_ktime_get_ns(), 3);
}

TEST(arguments_are_given)
{
    set_task(7, 7, 1000, "shell");
    ARGS(40, (unsigned long)"/etc/passwd");
    EXPECT_EQ(RUN(opens), 0);
    EXPECT_EQ(opened, 40);
    EXPECT_STREQ(last, "shell");
}

//~ test scenarios mock
//~ mock bpf_get_prandom_u32 = [1, 8]
//~ run samples == 0
//~ var sampled == 0
//~ run samples == 0
//~ var sampled == 1

//~ test and give arguments
//~ given comm="cat" pid=9
//~ run opens args=[2, 0] == 0
//~ var opened == 2
//~ var last == "cat"

char _license[] SEC("license") = "GPL";
