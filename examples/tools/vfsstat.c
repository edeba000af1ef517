// Counts what is done with files, by operation and process.
//
//   bpfc run --kernel examples/tools/vfsstat.c --duration 5
//   bpfc run --kernel examples/tools/vfsstat.c --watch --set target=1234
//
// It needs a kernel with kprobes.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

enum operation { reading, writing, syncing, opening, creating, removing, renaming, making_folders };

struct who {
	enum operation operation;
	char comm[TASK_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct who);
	__type(value, u64);
} operations SEC(".maps");

// Only this process, if it is not 0.
const volatile u32 target;

static int count(enum operation operation)
{
	struct who who = { .operation = operation };
	u64 one = 1, *n;

	if (target && bpf_get_current_pid_tgid() >> 32 != target)
		return 0;
	bpf_get_current_comm(who.comm, sizeof(who.comm));
	n = bpf_map_lookup_elem(&operations, &who);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&operations, &who, &one, BPF_NOEXIST);
	return 0;
}

SEC("kprobe/vfs_read")
int on_read(struct pt_regs *ctx)
{
	return count(reading);
}

SEC("kprobe/vfs_write")
int on_write(struct pt_regs *ctx)
{
	return count(writing);
}

SEC("kprobe/vfs_fsync_range")
int on_sync(struct pt_regs *ctx)
{
	return count(syncing);
}

SEC("kprobe/vfs_open")
int on_open(struct pt_regs *ctx)
{
	return count(opening);
}

// Opening with O_CREAT does not come through vfs_create.
SEC("kprobe/security_inode_create")
int on_create(struct pt_regs *ctx)
{
	return count(creating);
}

SEC("kprobe/vfs_unlink")
int on_remove(struct pt_regs *ctx)
{
	return count(removing);
}

SEC("kprobe/vfs_rename")
int on_rename(struct pt_regs *ctx)
{
	return count(renaming);
}

SEC("kprobe/vfs_mkdir")
int on_folder(struct pt_regs *ctx)
{
	return count(making_folders);
}

char LICENSE[] SEC("license") = "GPL";
