// Packet access through helpers, which check the bounds themselves.
//@ since: 5.18 (bpf_xdp_load_bytes)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int swap_ends(struct xdp_md *ctx)
{
	__u8 first[2], last[2];
	__u32 length = ctx->data_end - ctx->data;

	if (bpf_xdp_load_bytes(ctx, 0, first, sizeof(first)))
		return XDP_ABORTED;
	if (bpf_xdp_load_bytes(ctx, length - 2, last, sizeof(last)))
		return XDP_DROP;
	bpf_xdp_store_bytes(ctx, 0, last, sizeof(last));
	bpf_xdp_store_bytes(ctx, length - 2, first, sizeof(first));
	return XDP_PASS;
}

SEC("xdp") int beyond(struct xdp_md *ctx)
{
	__u8 bytes[4];

	return bpf_xdp_load_bytes(ctx, 13, bytes, sizeof(bytes)) ? XDP_DROP : bytes[3];
}

char LICENSE[] SEC("license") = "GPL";

//~ run swap_ends packet=hex"0102030405060708090a0b0c0d0e0f10" == XDP_PASS
//~ packet == hex"0f10030405060708090a0b0c0d0e0102"
//~ run beyond packet=hex"0102030405060708090a0b0c0d0e0f10" == XDP_DROP
//~ run beyond packet=hex"0102030405060708090a0b0c0d0e0f1011" == 17
