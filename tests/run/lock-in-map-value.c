// A spin lock inside a map value.
//@ since: 5.1 (bpf_spin_lock)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct account {
	struct bpf_spin_lock lock;
	__u32 balance;
	__u64 n_changes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct account);
} accounts SEC(".maps");

SEC("tc") int test(struct __sk_buff *skb)
{
	__u32 i = 1, balance;
	struct account *account = bpf_map_lookup_elem(&accounts, &i);

	if (!account)
		return __LINE__;
	bpf_spin_lock(&account->lock);
	account->balance += 50;
	account->n_changes++;
	balance = account->balance;
	bpf_spin_unlock(&account->lock);
	return balance;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 50
//~ run == 100
//~ map accounts[1u32].balance == 100u32
//~ map accounts[1u32].n_changes == 2u64
