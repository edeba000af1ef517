// Names beyond ASCII around the fault.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct größen {
	__u32 zähler[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct größen);
} tabelle SEC(".maps");

SEC("xdp")
int zählen(struct xdp_md *ctx)
{
	__u32 schlüssel = 0, é = ctx->rx_queue_index; /* é */
	struct größen *größe = bpf_map_lookup_elem(&tabelle, &schlüssel);

	if (!größe)
		return XDP_PASS;
	größe->zähler[ctx->rx_queue_index] = é;
      //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0702: `größe->zähler[ctx->rx_queue_index]` may be outside the value of map `tabelle`, which has 32 bytes
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	größe->zähler[ctx->rx_queue_index] = é;
//| +	__u64 index = ctx->rx_queue_index;
//| +	if (index >= sizeof(größe->zähler) / sizeof(größe->zähler[0]))
//| +		return XDP_PASS;
//| +	größe->zähler[index] = é;
