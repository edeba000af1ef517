// Tables: their types, their methods, what they hold.
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
#include <linux/bpf.h>

#define N_ENTRIES 8
enum side { LEFT, RIGHT = 3, N_SIDES };

// BCC behaviour 11: a value without a name, with bit-fields and a struct inside.
BPF_HASH(unnamed, int, struct { u64 a; u64 b; u64 c : 36; u64 d : 28; struct { u32 a; u32 b; } e; }, 10);
int fills_unnamed(struct pt_regs *ctx, int key)
{
	typeof(unnamed.leaf) value = {.a = 1, .c = 2, .e = {3, 4}}, *found;
	unnamed.update(&key, &value);
	found = unnamed.lookup(&key);
	return found ? found->c + found->e.b : 0;
}

// BCC behaviour 12
BPF_HASH(with_array, int, struct { u32 a[3]; u32 b; }, 10);
// BCC behaviour 13
struct names {
	u32 n;
	u32 last;
	struct { char name[128]; char alias[128]; } all[4];
};
BPF_HASH(with_names, int, struct names, 10);
int touches_arrays(struct pt_regs *ctx, int key)
{
	struct names *names = with_names.lookup(&key);
	typeof(with_array.leaf) zero = {}, *found = with_array.lookup_or_try_init(&key, &zero);
	return (names ? names->all[1].name[2] : 0) + (found ? found->a[2] : 0);
}

// BCC behaviour 16: keys and values that are left out are u64.
BPF_HASH(one);
BPF_HASH(two, u32);
BPF_HASH(three, u32, int);
_Static_assert(sizeof(one.key) == 8 && sizeof(one.leaf) == 8, "a table of u64");
_Static_assert(sizeof(two.key) == 4 && sizeof(two.leaf) == 8, "values of u64");
_Static_assert(sizeof(three.leaf) == 4, "values of int");

// BCC behaviour 40: a struct that points to its own kind, pointers, unions with empty structs.
struct chain { int n; struct chain *next; };
union empty_or_not { struct {} nothing; u64 something; struct {} more; };
BPF_HASH(chains, int, struct chain, 4);
BPF_HASH(tasks, u32, struct task_struct *, 4);
BPF_HASH(maybe, int, union empty_or_not, 4);
_Static_assert(sizeof(maybe.leaf) == 8 && sizeof(chains.leaf) == 16, "as in C");
int chained(struct pt_regs *ctx, int key)
{
	struct chain *found = chains.lookup(&key);
	return found ? found->next != 0 : 0;
}

// BCC behaviour 42: tables of other programs, and for them.
BPF_TABLE_PUBLIC("hash", int, int, lent, 10);
BPF_TABLE("extern", int, int, borrowed, 10);
int lends(struct pt_regs *ctx, int key)
{
	int *found = borrowed.lookup(&key);
	if (found)
		lent.update(&key, found);
	return 0;
}

// BCC behaviour 44: unions in keys.
BPF_HASH(tunnels, struct bpf_tunnel_key, u64, 4);
int tunnel(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = {};
	u64 one = 1;
	bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0);
	key.remote_ipv4 &= 0xffffff;
	tunnels.update(&key, &one);
	return 0;
}

// BCC behaviour 46: enumerators and macros as arguments.
BPF_PROG_ARRAY(jumps, N_ENTRIES);
int jumps_on(struct pt_regs *ctx)
{
	jumps.call(ctx, RIGHT);
	jumps.call(ctx, N_ENTRIES - 1);
	return 0;
}

// BCC behaviour 47
BPF_TABLE("array", u32, u64, numbers, N_ENTRIES);
int counts(struct pt_regs *ctx)
{
	numbers.increment(N_SIDES, RIGHT);
	numbers.increment(N_ENTRIES - 1);
	return 0;
}

// BCC behaviour 58: a program without a result; what `insert` finds stays, what `update` finds does not.
void keeps_first(struct pt_regs *ctx, u64 key)
{
	u64 first = 1, second = 2;
	one.insert(&key, &first);
	one.insert(&key, &second);
	one.update(&key, &second);
}

// BCC behaviour 59: what is called may not be there.
int calls_nothing(struct __sk_buff *skb)
{
	jumps.call((struct pt_regs *)(void *)skb, 1);
	return 2;
}

// BCC behaviour 62: an enumeration in a key.
struct sided { enum side side; u32 n; };
BPF_HASH(sides, struct sided, u64);
int on_side(struct pt_regs *ctx, int n)
{
	struct sided key = {.side = n > 0 ? RIGHT : LEFT, .n = n};
	sides.increment(key);
	return 0;
}

// BCC behaviour 63: numbers of 128 bits.
BPF_HASH(wide, unsigned __int128, __int128, 4);
int is_wide(struct pt_regs *ctx, u64 low)
{
	unsigned __int128 key = ((unsigned __int128)1 << 64) | low;
	__int128 value = -(__int128)low;
	wide.update(&key, &value);
	return 0;
}

// BCC behaviour 64: padding and alignment that are asked for.
struct padded {
	struct { u8 a; __int128 b; } inner;
	u32 c __attribute__((aligned(8)));
	u16 d __attribute__((aligned(8)));
	struct { u8 e; unsigned __int128 f; } more;
};
BPF_HASH(aligned, struct padded, struct { u32 x __attribute__((aligned(8))); u32 y __attribute__((aligned(8))); }, 4);
_Static_assert(sizeof(aligned.key) == 80 && sizeof(aligned.leaf) == 16, "as in C");
int pads(struct pt_regs *ctx, u32 n)
{
	struct padded key;
	typeof(aligned.leaf) value;
	__builtin_memset(&key, 0, sizeof(key));
	__builtin_memset(&value, 0, sizeof(value));
	key.inner.b = n;
	key.more.f = n;
	value.y = n;
	aligned.update(&key, &value);
	return 0;
}

// BCC behaviour 82: numbers to count by, keys that are values.
BPF_HASH(sums, int, int, 16);
int by_five(struct pt_regs *ctx)
{
	sums.increment(42, 5);
	sums.atomic_increment(42, 5);
	return 0;
}

// BCC behaviour 83: structs without padding.
struct packet_like {
	u8 kind;
	u64 at;
	u16 port;
} __packed;
BPF_TABLE("hash", u32, struct packet_like, tight, 16);
_Static_assert(sizeof(tight.leaf) == 11, "no padding");
TRACEPOINT_PROBE(sched, sched_process_exit)
{
	u32 key = 1;
	struct packet_like value = {.kind = 5, .at = bpf_ktime_get_ns(), .port = 80};
	tight.update(&key, &value);
	return 0;
}
