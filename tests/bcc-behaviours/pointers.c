// Kernel pointers that went through variables, other pointers, functions, tables.
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/mount.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>

BPF_HASH(sockets, u32, struct sock *);
BPF_HASH(backwards, u32, struct sock *);
BPF_HASH(sizes, u32, struct { u64 size; u64 n; });

struct seen {
	struct task_struct *task;
	struct sk_buff *skb;
	u32 pid;
};

// BCC behaviour 19: a pointer in a struct that the program defines itself.
struct my_sock {
	u32 *address;
	u16 family;
};
int redefined(struct pt_regs *ctx, struct my_sock *sk) { return *(sk->address) + sk->family; }

// BCC behaviour 24: parameters that are kept in a struct. A semicolon behind a function is nothing.
int keeps(struct pt_regs *ctx, struct task_struct *task, u32 pid)
{
	struct seen seen = {};
	seen.task = task;
	seen.pid = pid;
	bpf_trace_printk("%d\n", seen.pid);
	return 0;
};

// BCC behaviour 26: values of tables are the program's own.
int adds(struct pt_regs *ctx, struct file *file, char *buffer, size_t size)
{
	u32 pid = bpf_get_current_pid_tgid();
	typeof(sizes.leaf) none = {}, *leaf = sizes.lookup_or_try_init(&pid, &none);
	if (leaf) {
		leaf->size += size;
		leaf->n++;
	}
	return 0;
}

// BCC behaviour 27: a member of the program's own struct is written, not the kernel's.
int assigns(struct pt_regs *ctx, struct sk_buff *skb)
{
	struct seen seen = {}, *where = &seen;
	where->skb = skb;
	return where->skb != 0;
}

// BCC behaviour 28
int assigns_and_reads(struct pt_regs *ctx, struct sk_buff *skb)
{
	struct seen seen = {}, *where = &seen;
	where->skb = skb;
	return where->skb->priority;
}

// BCC behaviour 29
int assigns_and_reads_directly(struct pt_regs *ctx, struct sk_buff *skb)
{
	struct seen seen = {}, *where = &seen;
	where->skb = skb;
	return seen.skb->priority;
}

// BCC behaviour 31: stored through a pointer to a pointer.
int stored(struct pt_regs *ctx, struct sock *sk)
{
	struct sock *mine = 0, **at = &mine;
	*at = sk;
	return ((struct inet_sock *)(*at))->inet_dport;
}

// BCC behaviour 32: and one more.
int stored_deeper(struct pt_regs *ctx, struct sock *sk)
{
	struct sock *mine = 0, **at = &mine, ***at_at = &at;
	**at_at = sk;
	return ((struct inet_sock *)(**at_at))->inet_dport + (*at)->sk_family;
}

// BCC behaviour 33
int address_of_parameter(struct pt_regs *ctx, struct sock *sk)
{
	struct sock **at = &sk, **other;
	other = &sk;
	return (*at)->sk_daddr + (*other)->sk_dport;
}

// BCC behaviour 34: a function that returns a pointer to the pointer.
static struct sock **same(struct sock **at) { return at; }
int through_result(struct pt_regs *ctx, struct sock *sk)
{
	struct sock **at = same(&sk);
	return (*at)->sk_daddr;
}

// BCC behaviour 35: a function that reads through three.
static u32 address_behind(struct sock ***at) { return (**at)->sk_daddr; }
int through_argument(struct pt_regs *ctx, struct sock *sk)
{
	struct sock **at = &sk;
	return address_behind(&at);
}

// BCC behaviour 36: the address of a member, read later.
int member_address(struct pt_regs *ctx, struct sock *sk)
{
	u32 *address = &sk->sk_daddr;
	return *address;
}

// BCC behaviour 37: what a member points to.
int member_behind(struct pt_regs *ctx, struct my_sock *sk)
{
	u32 *address = sk->address;
	return *address + *(sk->address);
}

// BCC behaviour 38: `*&`, and a function that returns the pointer.
static struct net *net_of(struct sock *sk) { return *(&sk->sk_net.net); }
int address_and_back(struct pt_regs *ctx, struct sock *sk) { return net_of(sk)->ifindex; }

// BCC behaviour 48: one program stores, another one reads; as an assignment.
int stores(struct pt_regs *ctx, struct sock *sk)
{
	u32 pid = bpf_get_current_pid_tgid();
	sockets.update(&pid, &sk);
	return 0;
}
int finds(struct pt_regs *ctx)
{
	u32 pid = bpf_get_current_pid_tgid();
	struct sock **found, *sk;
	found = sockets.lookup(&pid);
	if (!found)
		return 0;
	sk = *found;
	return sk->sk_daddr;
}

// BCC behaviour 49: as an initialiser.
int finds_at_once(struct pt_regs *ctx)
{
	u32 pid = bpf_get_current_pid_tgid();
	struct sock **found = sockets.lookup(&pid);
	if (!found)
		return 0;
	struct sock *sk = *found;
	return sk->sk_daddr;
}

// BCC behaviour 50: the reader is in front.
int finds_early(struct pt_regs *ctx)
{
	u32 pid = bpf_get_current_pid_tgid();
	struct sock **found = backwards.lookup(&pid);
	return found ? (*found)->sk_dport : 0;
}

// BCC behaviour 51: by a pointer to the pointer.
int stores_indirectly(struct pt_regs *ctx, struct sock *sk)
{
	u32 pid = bpf_get_current_pid_tgid();
	struct sock **at = &sk;
	backwards.update(&pid, at);
	return 0;
}

// BCC behaviour 69: functions that return an address behind a kernel pointer.
static unsigned char *transport(struct sk_buff *skb) { return skb->head + skb->transport_header; }
int returned(struct pt_regs *ctx, struct sock *sk, struct sk_buff *skb)
{
	struct tcphdr *tcp = (struct tcphdr *)transport(skb);
	return tcp->seq;
}

// BCC behaviour 70: one of several.
static unsigned char *either(struct sk_buff *skb)
{
	if (skb->network_header)
		return skb->head + skb->network_header;
	return skb->head + skb->transport_header;
}
int returned_either(struct pt_regs *ctx, struct sock *sk, struct sk_buff *skb)
{
	struct tcphdr *tcp = (struct tcphdr *)either(skb);
	return tcp->seq;
}

// BCC behaviour 71: sums with what was returned.
int returned_and_added(struct pt_regs *ctx, struct sock *sk, struct sk_buff *skb)
{
	u32 *words = (u32 *)(transport(skb) + 4);
	return *words + *(transport(skb) + 13);
}

// BCC behaviour 72: members of what was returned.
static struct tcphdr *tcp_of(struct sk_buff *skb) { return (struct tcphdr *)transport(skb); }
int returned_member(struct pt_regs *ctx, struct sock *sk, struct sk_buff *skb) { return tcp_of(skb)->seq; }

// BCC behaviours 74 to 76: elements of arrays, however it is written.
int element(struct pt_regs *ctx, struct filename *file) { return file->name[1]; }
int element_spaced(struct pt_regs *ctx, struct filename *file) { return file->name [ 1 ] + file -> name[2 ]; }
int element_in_parens(struct pt_regs *ctx, struct filename *file) { return (file->name)[1]; }

// BCC behaviour 77
int character(struct pt_regs *ctx, char *text) { return text[1] == 'a'; }

// BCC behaviour 78
int behind_pointer(struct pt_regs *ctx, char **text) { return (*text)[1]; }

// BCC behaviour 79
struct with_table { u32 n; u64 table[4]; };
int address_of_element(struct pt_regs *ctx, struct with_table *object) { return *(&object->table[1]); }

// BCC behaviour 80
int element_of_union(struct pt_regs *ctx, struct sock *sk)
{
	return sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[0];
}

// BCC behaviour 81: a member of an element, whose number is not known before.
int member_of_element(struct pt_regs *ctx, struct mm_struct *mm, int member)
{
	return member >= 0 && member < 4 ? mm->rss_stat[member].count : 0;
}
