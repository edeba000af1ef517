// A bit-field of a relocated struct is written where the running kernel has it, and its neighbours stay.
#include "expect.h"

struct tcphdr___mine {
	u16 source, dest;
	u32 seq, ack_seq;
	u16 : 4, doff : 4, fin : 1, syn : 1, rst : 1, psh : 1, ack : 1, urg : 1, ece : 1, cwr : 1;
	u16 window;
} __attribute__((preserve_access_index));

noinline void set(struct tcphdr___mine *h, u32 n)
{
	h->doff = n;
	h->syn = n;
	h->urg = n + 1;
}

SEC("socket") int test(void *ctx)
{
	u32 bytes[6];
	struct tcphdr___mine *h = (void *)bytes;

	__builtin_memset(bytes, 0xff, sizeof(bytes));
	set(h, 0x15);
	EXPECT(5, h->doff);
	EXPECT(1, h->syn);
	EXPECT(0, h->urg);
	EXPECT(1, h->fin);
	EXPECT(1, h->rst);
	EXPECT(1, h->cwr);
	EXPECT(0xffff, h->window);
	set(h, 2);
	EXPECT(2, h->doff);
	EXPECT(0, h->syn);
	EXPECT(1, h->urg);
	return 0;
}
//~ run == 0
