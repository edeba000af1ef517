// Grows the packet at its head and shrinks it at its tail.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct tag {
	__u8 bytes[4];
};

SEC("xdp") int push(struct xdp_md *ctx)
{
	void *data, *end;
	struct tag *tag;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*tag)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	tag = data;
	if ((void *)(tag + 1) > end)
		return XDP_ABORTED;
	*tag = (struct tag){ { 0xde, 0xad, 0xbe, 0xef } };
	return XDP_PASS;
}

SEC("xdp") int pop(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, 2) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp") int cut(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_tail(ctx, -3) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp") int cut_too_much(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, 8) ? XDP_ABORTED : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

//~ run push packet=hex"000102030405060708090a0b0c0d0e0f" == XDP_PASS
//~ packet == hex"deadbeef 000102030405060708090a0b0c0d0e0f"
//~ run pop packet=hex"000102030405060708090a0b0c0d0e0f 1011" == XDP_PASS
//~ packet == hex"02030405060708090a0b0c0d0e0f 1011"
//~ run cut packet=hex"000102030405060708090a0b0c0d0e0f 1011" == XDP_PASS
//~ packet == hex"000102030405060708090a0b0c0d0e"
// An Ethernet header must remain.
//~ run cut_too_much packet=hex"000102030405060708090a0b0c0d0e0f" == XDP_ABORTED
//~ packet == hex"000102030405060708090a0b0c0d0e0f"
