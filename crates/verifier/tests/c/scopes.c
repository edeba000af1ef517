// Callbacks, locks, timers, sections, tail calls and functions verified by themselves: the code that is wanted stands
// behind the section, none where the kernel accepts the program.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))

char LICENSE[] SEC("license") = "GPL";

extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern void bpf_throw(__u64 cookie) __ksym;

struct locked {
	struct bpf_spin_lock lock;
	__u32 n;
	__u64 total;
};

struct timed {
	__u64 n;
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct locked);
} locks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct timed);
} timers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4);
	__uint(map_flags, 1);
	__type(key, __u64);
	__type(value, __u64);
} trie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");


static __always_inline struct locked *get(__u32 key)
{
	return bpf_map_lookup_elem(&locks, &key);
}

SEC("tc")
int lock_of_value(struct __sk_buff *ctx)
{
	struct locked *v = get(ctx->mark);

	if (!v)
		return 0;
	bpf_spin_lock(&v->lock);
	v->total += ctx->len;
	bpf_spin_unlock(&v->lock);
	return 0;
}

static __noinline void add(struct locked *v, __u64 n)
{
	v->total += n;
}

SEC("tc")
int static_function_under_lock(struct __sk_buff *ctx)
{
	struct locked *v = get(1);

	if (!v)
		return 0;
	bpf_spin_lock(&v->lock);
	add(v, ctx->len);
	bpf_spin_unlock(&v->lock);
	return 0;
}

SEC("tc") // E0730
int lock_kept(struct __sk_buff *ctx)
{
	struct locked *v = get(ctx->mark);

	if (!v)
		return 0;
	bpf_spin_lock(&v->lock);
	if (v->n > 3)
		return 1;
	bpf_spin_unlock(&v->lock);
	return 0;
}

SEC("tc") // E0730
int call_under_lock(struct __sk_buff *ctx)
{
	struct locked *v = get(ctx->mark);

	if (!v)
		return 0;
	bpf_spin_lock(&v->lock);
	v->total = bpf_ktime_get_ns();
	bpf_spin_unlock(&v->lock);
	return 0;
}

SEC("tc") // E0730
int other_lock(struct __sk_buff *ctx)
{
	struct locked *a = get(ctx->mark), *b = get(ctx->mark);

	if (!a || !b)
		return 0;
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&b->lock);
	return 0;
}

SEC("tc") // E0730
int lock_read(struct __sk_buff *ctx)
{
	struct locked *v = get(ctx->mark);

	return v ? *(volatile int *)&v->lock : 0;
}

SEC("kprobe/do_unlinkat") // E0739
int lock_while_tracing(void *ctx)
{
	struct locked *v = get(1);

	return v ? v->n : 0;
}

SEC("tc") // E0737
int preemption_off(struct __sk_buff *ctx)
{
	bpf_preempt_disable();
	if (ctx->mark == 7)
		return 1;
	bpf_preempt_enable();
	return 0;
}

SEC("tc") // E0737
int preemption_never_off(struct __sk_buff *ctx)
{
	bpf_preempt_enable();
	return 0;
}

SEC("syscall") // E0731
int sleeps_without_preemption(void *ctx)
{
	char text[8] = "";

	bpf_preempt_disable();
	bpf_copy_from_user(text, sizeof(text), (void *)8);
	bpf_preempt_enable();
	return text[0];
}

struct loop {
	__u64 sum;
	int limit;
};

static long sum_up(__u32 i, struct loop *loop)
{
	loop->sum += i;
	return loop->sum > loop->limit;
}

SEC("tc")
int loop_with_context(struct __sk_buff *ctx)
{
	struct loop loop = { .limit = ctx->mark };

	bpf_loop(1000, sum_up, &loop, 0);
	return loop.sum > 10;
}

static long too_far(__u32 i, void *ctx)
{
	char text[8] = "";

	return ((volatile char *)text)[i & 15] & 1;
}

SEC("tc") // E0702
int loop_out_of_bounds(struct __sk_buff *ctx)
{
	return bpf_loop(4, too_far, (void *)0, 0);
}

static long any_result(__u32 i, void *ctx)
{
	return i;
}

SEC("tc") // E0732
int loop_result(struct __sk_buff *ctx)
{
	return bpf_loop(4, any_result, (void *)0, 0);
}

static long count_one(struct bpf_map *map, __u32 *key, __u64 *value, __u64 *sum)
{
	*value += *key;
	*sum += *value;
	return 0;
}

SEC("tc")
int each_element(struct __sk_buff *ctx)
{
	__u64 sum = 0;

	bpf_for_each_map_elem(&counts, count_one, &sum, 0);
	return sum > 3;
}

static long change_key(struct bpf_map *map, __u32 *key, __u64 *value, void *ctx)
{
	*key = 1;
	return 0;
}

SEC("tc") // E0705
int key_changed(struct __sk_buff *ctx)
{
	return bpf_for_each_map_elem(&counts, change_key, (void *)0, 0);
}

SEC("tc") // E0732
int each_element_of_trie(struct __sk_buff *ctx)
{
	return bpf_for_each_map_elem(&trie, count_one, (void *)0, 0);
}

static int tick(void *map, __u32 *key, struct timed *value)
{
	value->n += *key;
	bpf_timer_start(&value->timer, 1000, 0);
	return 0;
}

SEC("tc")
int timer_of_value(struct __sk_buff *ctx)
{
	__u32 key = 1;
	struct timed *v = bpf_map_lookup_elem(&timers, &key);

	if (!v)
		return 0;
	bpf_timer_init(&v->timer, &timers, 1);
	bpf_timer_set_callback(&v->timer, tick);
	bpf_timer_start(&v->timer, 1000, 0);
	return 0;
}

static int wrong_tick(void *map, __u32 *key, struct timed *value)
{
	return value->n;
}

SEC("tc") // E0732
int timer_result(struct __sk_buff *ctx)
{
	__u32 key = 1;
	struct timed *v = bpf_map_lookup_elem(&timers, &key);

	if (v)
		bpf_timer_set_callback(&v->timer, wrong_tick);
	return 0;
}

SEC("tc") // E0733
int timer_of_other_map(struct __sk_buff *ctx)
{
	__u32 key = 1;
	struct timed *v = bpf_map_lookup_elem(&timers, &key);

	if (v)
		bpf_timer_init(&v->timer, &counts, 1);
	return 0;
}

SEC("tc") // E0733
int timer_elsewhere(struct __sk_buff *ctx)
{
	__u32 key = 1;
	struct timed *v = bpf_map_lookup_elem(&timers, &key);

	if (v)
		bpf_timer_cancel((void *)&v->n);
	return 0;
}

SEC("tc") // E0708
int record_and_tail_call(struct __sk_buff *ctx)
{
	__u64 *record = bpf_ringbuf_reserve(&events, 8, 0);

	if (!record)
		return 0;
	bpf_tail_call(ctx, &programs, 1);
	bpf_ringbuf_discard(record, 0);
	return 0;
}

static __noinline int next(struct __sk_buff *ctx)
{
	char text[40] = "";

	bpf_skb_load_bytes(ctx, 0, text, sizeof(text));
	bpf_tail_call(ctx, &programs, 1);
	return text[3];
}

SEC("tc")
int tail_call_of_function(struct __sk_buff *ctx)
{
	return next(ctx);
}

SEC("tc") // E0735
int tail_call_below_large_frame(struct __sk_buff *ctx)
{
	char text[300];

	if (bpf_skb_load_bytes(ctx, 0, text, sizeof(text)))
		return 0;
	return next(ctx) + text[ctx->mark & 255];
}

__noinline int of_bytes(const char *text)
{
	return text ? text[0] : 0;
}

__noinline int of_nothing(const void *text)
{
	return text != 0;
}

__noinline int of_context(struct __sk_buff *ctx)
{
	return ctx->len;
}

__noinline int of_value(struct locked *v __arg_nonnull)
{
	return v->n;
}

SEC("tc")
int contracts(struct __sk_buff *ctx)
{
	char text[8] = "abc";

	return of_bytes(text) + of_context(ctx);
}

SEC("tc") // E0738
int contract_of_void(struct __sk_buff *ctx)
{
	char text[8] = "abc";

	return of_nothing(text);
}

SEC("tc") // E0749
int contract_of_pointer(struct __sk_buff *ctx)
{
	return of_bytes((void *)(long)ctx->mark);
}

SEC("tc") // E0708
int exception_with_record(struct __sk_buff *ctx)
{
	__u64 *record = bpf_ringbuf_reserve(&events, 8, 0);

	if (!record)
		return 0;
	if (ctx->mark)
		bpf_throw(1);
	bpf_ringbuf_discard(record, 0);
	return 0;
}

static long throwing(__u32 i, void *ctx)
{
	if (i > 2)
		bpf_throw(1);
	return 0;
}

SEC("tc") // E0734
int exception_in_callback(struct __sk_buff *ctx)
{
	return bpf_loop(4, throwing, (void *)0, 0);
}

SEC("tc")
int text(struct __sk_buff *ctx)
{
	static const char format[] = "%d %s";
	char out[16];
	__u64 args[] = { ctx->len, (long)format };

	bpf_snprintf(out, sizeof(out), format, args, sizeof(args));
	return out[0];
}

SEC("tc") // E0707
int text_of_too_few(struct __sk_buff *ctx)
{
	static const char format[] = "%d %d";
	char out[16];
	__u64 args[] = { ctx->len };

	bpf_snprintf(out, sizeof(out), format, args, sizeof(args));
	return out[0];
}

SEC("tc")
int exception_of_assertion(struct __sk_buff *ctx)
{
	if (ctx->mark > 10)
		bpf_throw(2);
	return ctx->mark;
}
