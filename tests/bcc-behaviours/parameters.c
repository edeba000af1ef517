// Parameters of probed functions and contexts: reading through them.
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <net/inet_sock.h>
#include <net/tcp.h>

BPF_HASH(begins, struct request *);
BPF_HASH(mounts, struct vfsmount *, u64);
BPF_HASH(unused_key, struct flow_of_nobody { u32 cpu; u64 ip; });

// BCC behaviour 3
int switches(struct pt_regs *ctx, struct task_struct *before) { return before->pid > 1 && before->tgid; }

// BCC behaviour 5
int sum(struct pt_regs *ctx, int left, unsigned long right) { return left + (int)right; }

#define PEEK(object) ({ typeof(object) copy = 0; bpf_probe_read_kernel(&copy, sizeof(copy), &(object)); copy; })

// BCC behaviour 6: a macro that reads, around a macro that has the pointer.
int peeks(struct pt_regs *ctx, struct sock *sk, struct sk_buff *skb) { return PEEK(TCP_SKB_CB(skb)->tcp_gso_size); }

// BCC behaviour 7
int peeks_and_reads(struct pt_regs *ctx, struct sock *sk, struct sk_buff *skb)
{
	return PEEK(TCP_SKB_CB(skb)->tcp_gso_size) + skb->protocol + TCP_SKB_CB(skb)->seq;
}

// BCC behaviour 8: what is read explicitly is read once.
int explicit_read(struct pt_regs *ctx, struct sock *sk, struct sk_buff *skb)
{
	u16 size = 0;
	bpf_probe_read_kernel(&size, sizeof(size), &(TCP_SKB_CB(skb)->tcp_gso_size));
	return size;
}

// BCC behaviour 9
int explicit_and_implicit(struct pt_regs *ctx, struct sock *sk, struct sk_buff *skb)
{
	u32 sequence = 0;
	bpf_probe_read_kernel(&sequence, sizeof(sequence), &(TCP_SKB_CB(skb)->seq));
	return sequence + skb->len + sk->sk_sndbuf;
}

// BCC behaviour 10: the pointer itself is a key.
int starts(struct pt_regs *ctx, struct request *request)
{
	u64 now = bpf_ktime_get_ns();
	begins.update(&request, &now);
	return 0;
}
int completes(struct pt_regs *ctx, struct request *request)
{
	u64 *begin = begins.lookup(&request);
	if (begin) {
		bpf_trace_printk("%d bytes, %x, %d us\n", request->__data_len, request->cmd_flags,
				 (bpf_ktime_get_ns() - *begin) / 1000);
		begins.delete(&request);
	}
	return 0;
}

// BCC behaviour 14: members as arguments of other calls.
int prints(struct pt_regs *ctx, struct request *request)
{
	bpf_trace_printk("%d bytes\n", request->__data_len);
	return 0;
}

// BCC behaviour 15
int prints_number(struct pt_regs *ctx, int flags)
{
	bpf_trace_printk("flags 0x%x\n", flags);
	return 0;
}

// BCC behaviour 17: reads one behind the other.
int reads_in_turn(struct pt_regs *ctx, struct file *file)
{
	struct vfsmount *mount = file->f_path.mnt;
	struct super_block *first = mount->mnt_sb, *second = mount->mnt_sb;
	u64 none = 0, *n = mounts.lookup_or_try_init(&mount, &none);
	if (n && first == second)
		(*n)++;
	return 0;
}

// BCC behaviour 18: members of members of what they point to.
int reads_deep(struct pt_regs *ctx, struct file *file)
{
	bpf_trace_printk("%s\n", file->f_path.dentry->d_name.name);
	return 0;
}

// BCC behaviour 20: an array of characters behind pointers is its address.
int kprobe__blk_mq_start_request(struct pt_regs *ctx, struct request *request)
{
	bpf_trace_printk("%s\n", request->q->disk->disk_name);
	return 0;
}

// BCC behaviour 22: what functions of the program's own do with what they are given.
static void report(int kind, struct task_struct *task)
{
	bpf_trace_printk("%d: %d\n", kind, task->pid);
}
static void report_parent(struct task_struct *task, int kind) { report(kind, task->real_parent); }
int tells_others(struct pt_regs *ctx, struct task_struct *task, struct task_struct *next)
{
	report(1, task);
	report_parent(next, 2);
	return 0;
}

// BCC behaviour 23: unions without a name.
struct with_unnamed {
	union {
		struct {
			int a;
			struct with_unnamed *next;
		};
		long b;
	};
};
int unnamed(struct pt_regs *ctx, struct with_unnamed *object) { return object->a + object->next->b; }

// BCC behaviour 30: under other operators and needless parentheses.
int negated(struct pt_regs *ctx, struct request *request)
{
	return !(request->bio->bi_flags & 1) + -((request)->__data_len) + ~(((request->bio)))->bi_flags;
}

// BCC behaviour 39
int casts(struct pt_regs *ctx, struct sock *sk) { return ((struct inet_sock *)sk)->inet_sport; }

// BCC behaviour 53: what a helper returns.
int current(struct pt_regs *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	return task->prio + ((struct task_struct *)bpf_get_current_task())->real_parent->prio;
}

// BCC behaviour 54
int is_readable(struct pt_regs *ctx, struct file *file) { return !file->f_op->read_iter; }

// BCC behaviour 65: addresses in the records of tracepoints.
TRACEPOINT_PROBE(net, net_dev_start_xmit)
{
	struct sk_buff *skb = (struct sk_buff *)args->skbaddr;
	return skb->protocol;
}

// BCC behaviour 66: addresses in registers.
int by_register(struct pt_regs *ctx)
{
	struct sock *sk = (struct sock *)PT_REGS_PARM1(ctx);
	return sk->sk_dport + ((struct sock *)PT_REGS_RC(ctx))->sk_family;
}

// BCC behaviour 67: the same, of arrays.
RAW_TRACEPOINT_PROBE(sched_switch)
{
	struct task_struct *next = (struct task_struct *)ctx->args[2];
	return next->comm[1] + next->pid;
}

// BCC behaviour 73: addresses of members are not read.
int address(struct pt_regs *ctx, struct sock *sk)
{
	u16 port = 0, other = sk->sk_dport;
	bpf_probe_read_kernel(&port, sizeof(port), &sk->sk_dport);
	return port == other;
}
