// Records in order; what was discarded never arrives.
//@ since: 5.8 (ring buffer)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event {
	__u32 id;
	__u16 kind;
	__u8 name[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp") int test(struct xdp_md *ctx)
{
	struct event *event, copied = { 9, 3, "copy" };
	__u64 number = 0x1122334455667788;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return __LINE__;
	event->id = 7;
	event->kind = 1;
	__builtin_memcpy(event->name, "first", 6);
	bpf_ringbuf_submit(event, 0);

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return __LINE__;
	event->id = 8;
	bpf_ringbuf_discard(event, 0);

	if (bpf_ringbuf_output(&events, &copied, sizeof(copied), 0))
		return __LINE__;
	if (bpf_ringbuf_output(&events, &number, sizeof(number), 0))
		return __LINE__;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
//~ event events == {id = 7u32, kind = 1u16, name = "first\0"}
//~ event events == {id = 9u32, kind = 3u16, name = "copy\0\0"}
//~ event events == hex"8877665544332211"
