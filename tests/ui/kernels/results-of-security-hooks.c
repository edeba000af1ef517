//@ flags: --kernel=6.12
// Since Linux 6.12, hooks of the security module return 0 or an error number, and few of them a truth value.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

SEC("lsm/file_open")
int BPF_PROG(positive, struct file *file)
{
	return 1; //~ E0709: the program returns a value that `BPF_PROG_TYPE_LSM` does not allow
}

SEC("lsm/file_mprotect")
int BPF_PROG(any_number, struct vm_area_struct *vma)
{
	return bpf_get_prandom_u32(); //~ E0709: the program returns a value that `BPF_PROG_TYPE_LSM` does not allow
}

SEC("lsm/file_open")
int BPF_PROG(refused, struct file *file)
{
	return -13;
}

SEC("lsm/task_free")
void BPF_PROG(nothing, struct task_struct *task)
{
}

SEC("lsm/inode_xattr_skipcap")
int BPF_PROG(truth, const char *name)
{
	return 1;
}
