/* Kernel objects, kernel functions, dynptrs, iterators and kptrs. The comment behind a section is the code that is
 * expected; none for acceptance. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define __ksym __attribute__((section(".ksyms")))
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define __contains(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct cgroup;
struct css_set {
	struct cgroup *dfl_cgrp;
};
struct task_struct {
	int prio;
	int pid;
	struct task_struct *last_wakee;
	struct task_struct *real_parent;
	struct css_set *cgroups;
};
#pragma clang attribute pop

struct bpf_spin_lock {
	u32 val;
};
struct bpf_list_head {
	u64 a, b;
} __attribute__((aligned(8)));
struct bpf_list_node {
	u64 a, b, c;
} __attribute__((aligned(8)));
struct bpf_dynptr {
	u64 a, b;
} __attribute__((aligned(8)));
struct bpf_iter_num {
	u64 a;
} __attribute__((aligned(8)));
struct bpf_iter_task {
	u64 a, b, c;
} __attribute__((aligned(8)));

static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const reserve_dynptr)(void *map, u32 n, u64 flags, struct bpf_dynptr *p) = (void *)198;
static void (*const submit_dynptr)(struct bpf_dynptr *p, u64 flags) = (void *)199;
static long (*const dynptr_read)(void *to, u32 n, const struct bpf_dynptr *p, u32 off, u64 flags) = (void *)201;
static void *(*const dynptr_data)(const struct bpf_dynptr *p, u32 off, u32 n) = (void *)203;
static void *(*const kptr_xchg)(void *at, void *p) = (void *)194;
static void (*const spin_lock)(struct bpf_spin_lock *lock) = (void *)93;
static void (*const spin_unlock)(struct bpf_spin_lock *lock) = (void *)94;

struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
void bpf_task_release(struct task_struct *p) __ksym;
struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_rcu_read_lock(void) __ksym;
void bpf_rcu_read_unlock(void) __ksym;
int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, u32 flags) __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;
void *bpf_obj_new_impl(u64 id, void *meta) __ksym;
void bpf_obj_drop_impl(void *p, void *meta) __ksym;
int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, u64 off) __ksym;
struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __ksym;

struct slot {
	struct task_struct __kptr *task;
};
struct {
	__uint(type, 2);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct slot);
} slots SEC(".maps");

struct item {
	struct bpf_list_node node;
	u64 n;
};
struct queue {
	struct bpf_spin_lock lock;
	struct bpf_list_head head __contains(item, node);
};
struct {
	__uint(type, 2);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct queue);
} queues SEC(".maps");

struct {
	__uint(type, 27);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("tp_btf/task_newtask")
int walks_fields(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	return task->real_parent->pid + task->last_wakee->pid;
}

SEC("tp_btf/task_newtask") // E0716
int writes_a_field(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	task->prio = 1;
	return 0;
}

SEC("tp_btf/task_newtask") // E0710
int reads_too_many_arguments(u64 *ctx)
{
	return ctx[2];
}

SEC("tp_btf/task_newtask")
int acquires_an_argument(u64 *ctx)
{
	struct task_struct *held = bpf_task_acquire((void *)ctx[0]);

	if (held)
		bpf_task_release(held);
	return 0;
}

SEC("tp_btf/task_newtask")
int acquires_a_parent(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task_struct *held = bpf_task_acquire(task->real_parent);

	if (held)
		bpf_task_release(held);
	return 0;
}

SEC("tp_btf/task_newtask") // E0715
int acquires_any_field(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task_struct *held = bpf_task_acquire(task->last_wakee);

	if (held)
		bpf_task_release(held);
	return 0;
}

SEC("tp_btf/task_newtask") // E0703
int releases_null(u64 *ctx)
{
	bpf_task_release(bpf_task_from_pid(1));
	return 0;
}

SEC("tp_btf/task_newtask") // E0708
int keeps_a_reference(u64 *ctx)
{
	struct task_struct *held = bpf_task_from_pid(1);

	return held ? held->pid : 0;
}

SEC("syscall") // E0719
int leaves_no_section(void *ctx)
{
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall") // E0715
int uses_a_parent_after_the_section(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1), *parent, *held;

	if (!task)
		return 0;
	bpf_rcu_read_lock();
	parent = task->real_parent;
	bpf_rcu_read_unlock();
	held = bpf_task_acquire(parent);
	if (held)
		bpf_task_release(held);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
int uses_a_parent_in_the_section(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1), *held;

	if (!task)
		return 0;
	bpf_rcu_read_lock();
	held = bpf_task_acquire(task->real_parent);
	bpf_rcu_read_unlock();
	if (held)
		bpf_task_release(held);
	bpf_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
int counts(u64 *ctx)
{
	struct bpf_iter_num it;
	int *n, sum = 0;

	bpf_iter_num_new(&it, 0, 1000000);
	while ((n = bpf_iter_num_next(&it)))
		sum += *n;
	bpf_iter_num_destroy(&it);
	return sum;
}

SEC("tp_btf/task_newtask") // E0718
int counts_without_a_start(u64 *ctx)
{
	struct bpf_iter_num it;

	bpf_iter_num_next(&it);
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("tp_btf/task_newtask") // E0708
int counts_without_an_end(u64 *ctx)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 10);
	return 0;
}

SEC("syscall") // E0718
int walks_tasks_in_no_section(void *ctx)
{
	struct bpf_iter_task it;

	bpf_iter_task_new(&it, 0, 0);
	bpf_iter_task_next(&it);
	bpf_iter_task_destroy(&it);
	return 0;
}

SEC("syscall")
int walks_tasks(void *ctx)
{
	struct bpf_iter_task it;
	struct task_struct *task;
	int sum = 0;

	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, 0, 0);
	while ((task = bpf_iter_task_next(&it)))
		sum += task->pid;
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	return sum > 0;
}

SEC("tp_btf/task_newtask")
int fills_a_record(u64 *ctx)
{
	struct bpf_dynptr record;
	u32 *data;

	reserve_dynptr(&events, 4, 0, &record);
	data = dynptr_data(&record, 0, 4);
	if (data)
		*data = 1;
	submit_dynptr(&record, 0);
	return 0;
}

SEC("tp_btf/task_newtask") // E0705
int fills_a_record_that_is_gone(u64 *ctx)
{
	struct bpf_dynptr record;
	u32 *data;

	reserve_dynptr(&events, 4, 0, &record);
	data = dynptr_data(&record, 0, 4);
	submit_dynptr(&record, 0);
	if (data)
		*data = 1;
	return 0;
}

SEC("tp_btf/task_newtask") // E0708
int keeps_a_record(u64 *ctx)
{
	struct bpf_dynptr record;

	reserve_dynptr(&events, 4, 0, &record);
	return 0;
}

SEC("tp_btf/task_newtask") // E0717
int reads_a_dynptr_that_is_gone(u64 *ctx)
{
	struct bpf_dynptr record;
	u32 n;

	reserve_dynptr(&events, 4, 0, &record);
	submit_dynptr(&record, 0);
	dynptr_read(&n, 4, &record, 0, 0);
	return 0;
}

SEC("tp_btf/task_newtask") // E0721
int releases_an_argument(u64 *ctx)
{
	bpf_task_release((void *)ctx[0]);
	return 0;
}

SEC("tp_btf/task_newtask")
int exchanges(u64 *ctx)
{
	u32 key = 0;
	struct slot *slot = map_lookup(&slots, &key);
	struct task_struct *held;

	if (!slot)
		return 0;
	held = bpf_task_acquire((void *)ctx[0]);
	if (!held)
		return 0;
	held = kptr_xchg(&slot->task, held);
	if (held)
		bpf_task_release(held);
	return 0;
}

SEC("tp_btf/task_newtask") // E0720
int stores_in_a_kptr(u64 *ctx)
{
	u32 key = 0;
	struct slot *slot = map_lookup(&slots, &key);

	if (slot)
		slot->task = (void *)ctx[0];
	return 0;
}

SEC("tc")
int moves_items(void *ctx)
{
	u32 key = 0;
	struct queue *queue = map_lookup(&queues, &key);
	struct item *item = bpf_obj_new_impl(__builtin_btf_type_id(*(struct item *)0, 0), 0);
	struct bpf_list_node *node;

	if (!item)
		return 0;
	item->n = 1;
	if (!queue) {
		bpf_obj_drop_impl(item, 0);
		return 0;
	}
	spin_lock(&queue->lock);
	bpf_list_push_front_impl(&queue->head, &item->node, 0, 0);
	node = bpf_list_pop_front(&queue->head);
	spin_unlock(&queue->lock);
	if (node)
		bpf_obj_drop_impl((void *)node, 0);
	return 0;
}

SEC("tc") // E0722
int takes_without_the_lock(void *ctx)
{
	u32 key = 0;
	struct queue *queue = map_lookup(&queues, &key);
	struct bpf_list_node *node;

	if (!queue)
		return 0;
	node = bpf_list_pop_front(&queue->head);
	if (node)
		bpf_obj_drop_impl((void *)node, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
