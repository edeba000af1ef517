// A counter: the CPU clock unless said otherwise, as in `--attach on_sample=perf_event:page-faults:p1`.
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
