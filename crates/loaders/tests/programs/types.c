/* Types that are laid out in every way, and names that other languages do not take. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
typedef _Bool bool;
enum kind { NONE, OPEN = 5, BIG = 7 };
enum wide { MINUS = -1, HUGE_ONE = 0x100000000ULL };
struct flags { __u32 a : 3; __s32 b : 5; __u64 c : 33; enum kind k : 3; __u8 tail; };
struct packed { __u8 a; __u32 b; __u64 c; } __attribute__((packed));
typedef struct { int x, y; } point_t;
struct event {
	__u64 time;
	char name[16];
	enum kind kind;
	bool yes;
	struct packed packed;
	struct flags flags;
	union { __u32 word; __u8 bytes[6]; struct { __u16 low, high; } halves; };
	struct { int type; void *self; } inner;
	point_t points[2][3];
	union both { __u64 one; double two; unsigned b3 : 3; } both;
	__int128 big;
	int (*function)(int);
	enum wide wide;
	__u8 end;
};
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, point_t); __type(value, struct event); } match SEC(".maps");
const volatile struct event wanted = {};
const volatile bool type = 1;
struct flags flags = { 1, -2, 3, OPEN, 9 };
struct packed packed = { 1, 2, 3 };
struct { int a; char b; } anonymous[3];
__u64 counter;
static int hidden = 3;
SEC("tc") int move(struct __sk_buff *skb)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	counter += hidden++ + flags.a;
	flags.b--;
	flags.c += 1ull << 32;
	packed.c++;
	anonymous[2].b = 7;
	if (e) {
		__builtin_memset(e, 0, sizeof(*e));
		e->time = wanted.time;
		e->flags = flags;
		e->packed.b = 77;
		e->halves.high = 0x1234;
		e->both.one = 0;
		e->wide = HUGE_ONE;
		e->points[1][2].y = -9;
		bpf_ringbuf_submit(e, 0);
	}
	return type ? wanted.points[1][0].x : 3;
}
char LICENSE[] SEC("license") = "GPL";
