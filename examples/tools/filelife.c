// Shows files that did not live long: when one is removed that was created meanwhile, its name and its age.
//
//   bpfc run --kernel examples/tools/filelife.c
//
// It needs a kernel with kprobes.

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct life {
	u32 pid;
	char comm[TASK_COMM_LEN];
	u64 age_ns;
	char creator[TASK_COMM_LEN];
	char name[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} lives SEC(".maps");

struct birth {
	u64 at_ns;
	char comm[TASK_COMM_LEN];
};

// By the directory entry, which stays the same as long as the file has its name.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct birth);
} births SEC(".maps");

// What asks for permission has had the same parameters in all kernels, unlike vfs_create and vfs_unlink.
SEC("kprobe/security_inode_create")
int BPF_KPROBE(on_create, struct inode *folder, struct dentry *entry)
{
	struct birth birth = { .at_ns = bpf_ktime_get_ns() };
	u64 key = (u64)entry;

	bpf_get_current_comm(birth.comm, sizeof(birth.comm));
	bpf_map_update_elem(&births, &key, &birth, BPF_ANY);
	return 0;
}

SEC("kprobe/security_inode_unlink")
int BPF_KPROBE(on_unlink, struct inode *folder, struct dentry *entry)
{
	u64 key = (u64)entry;
	struct birth *birth = bpf_map_lookup_elem(&births, &key);
	struct life *life;

	if (!birth)
		return 0;
	life = bpf_ringbuf_reserve(&lives, sizeof(*life), 0);
	if (life) {
		life->pid = bpf_get_current_pid_tgid() >> 32;
		bpf_get_current_comm(life->comm, sizeof(life->comm));
		life->age_ns = bpf_ktime_get_ns() - birth->at_ns;
		__builtin_memcpy(life->creator, birth->comm, sizeof(life->creator));
		bpf_probe_read_kernel_str(life->name, sizeof(life->name), BPF_CORE_READ(entry, d_name.name));
		bpf_ringbuf_submit(life, 0);
	}
	bpf_map_delete_elem(&births, &key);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
