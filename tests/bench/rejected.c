/* What kernels refuse is refused, and tests say so. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int reads_past_the_end(struct xdp_md *ctx)
{
    char *data = (void *)(long)ctx->data;
    return data[0]; //~ rejected E0706
}

//~ rejected

char _license[] SEC("license") = "GPL";
