// What the methods of tables do.
struct key { u32 a; u32 b; };
BPF_HASH(hash, u32, u64, 16);
BPF_PERCPU_HASH(cpu_hash, u32, u64, 16);
BPF_TABLE("lru_hash", u32, u64, recent, 16);
BPF_ARRAY(array, u64, 4);
BPF_PERCPU_ARRAY(cpu_array, u64, 4);
BPF_HISTOGRAM(slots);
BPF_HISTOGRAM(keyed, struct key, 16);
BPF_HASH(pairs, struct key, struct { u64 n; u32 last; }, 16);
BPF_QUEUE(queue, u32, 4);
BPF_STACK(stack, u32, 4);
BPF_PERF_OUTPUT(events);
BPF_RINGBUF_OUTPUT(ring, 1);
BPF_LPM_TRIE(prefixes, struct { u32 length; u32 address; }, u32, 16);

int update_and_lookup(struct __sk_buff *skb)
{
	u32 key = 7;
	u64 value = 70, *found;
	if (hash.lookup(&key))
		return 1;
	hash.update(&key, &value);
	found = hash.lookup(&key);
	if (!found)
		return 2;
	*found += 1;
	value = 5;
	return hash.insert(&key, &value) ? 100 : 3;
}

int delete(struct __sk_buff *skb)
{
	u32 key = 7;
	return hash.delete(&key) ? 1 : hash.lookup(&key) ? 2 : 3;
}

int try_init(struct __sk_buff *skb)
{
	u32 key = 9;
	u64 zero = 40, *value = hash.lookup_or_try_init(&key, &zero);
	if (!value)
		return -1;
	return ++*value;
}

int init(struct __sk_buff *skb)
{
	u32 key = 10;
	u64 zero = 3;
	return *hash.lookup_or_init(&key, &zero) += 1;
}

int increments(struct __sk_buff *skb)
{
	hash.increment(1);
	hash.increment(1, 4);
	hash.atomic_increment(2);
	hash.atomic_increment(2, 10);
	cpu_hash.increment(1);
	cpu_hash.increment(1);
	recent.atomic_increment(1, 6);
	array.increment(2);
	array.increment(9);
	cpu_array.atomic_increment(3, 8);
	slots.increment(bpf_log2l(1000));
	slots.atomic_increment(bpf_log2(1), 2);
	struct key key = { 1, 2 };
	keyed.increment(key);
	keyed.increment(key);
	return 0;
}

int leaf_of_the_table(struct __sk_buff *skb)
{
	struct key key = { 1, 2 };
	typeof(pairs.leaf) zero = {}, *leaf = pairs.lookup_or_try_init(&key, &zero);
	if (!leaf)
		return 0;
	leaf->n += 2;
	leaf->last = 9;
	return sizeof(pairs.leaf) + sizeof(pairs.key);
}

int queues(struct __sk_buff *skb)
{
	u32 value, got = 0;
	for (value = 1; value <= 3; value++) {
		queue.push(&value, 0);
		stack.push(&value, BPF_EXIST);
	}
	if (queue.peek(&value) == 0)
		got = value;
	if (queue.pop(&value) == 0)
		got = got * 10 + value;
	if (stack.pop(&value) == 0)
		got = got * 10 + value;
	if (stack.peek(&value) == 0)
		got = got * 10 + value;
	return got;
}

int outputs(struct __sk_buff *skb)
{
	struct key data = { 3, 4 };
	ring.ringbuf_output(&data, sizeof(data), 0);
	u32 *place = ring.ringbuf_reserve(sizeof(u32));
	if (!place)
		return 1;
	*place = 55;
	ring.ringbuf_submit(place, 0);
	place = ring.ringbuf_reserve(4);
	if (place)
		ring.ringbuf_discard(place, 0);
	return events.perf_submit(skb, &data, sizeof(data));
}

int prefix(struct __sk_buff *skb)
{
	typeof(prefixes.key) key = { 16, bpf_htonl(0x0a010000) };
	u32 value = 4, *found;
	prefixes.update(&key, &value);
	key.length = 32;
	key.address = bpf_htonl(0x0a010203);
	found = prefixes.lookup(&key);
	return found ? *found : 0;
}

int cpus(struct __sk_buff *skb) { return bpf_num_cpus(); }

//~ run update_and_lookup == 100
//~ map hash[7u32] == 71u64
//~ run delete == 3
//~ run try_init == 41
//~ run try_init == 42
//~ run init == 4
//~ run increments == 0
//~ map hash[1u32] == 5u64
//~ map hash[2u32] == 11u64
//~ map recent[1u32] == 6u64
//~ map array[2u32] == 1u64
//~ map slots[10u32] == 1u64
//~ map slots[0u32] == 2u64
//~ map keyed[{a = 1u32, b = 2u32}] == 2u64
//~ run leaf_of_the_table == 24
//~ map pairs[{a = 1u32, b = 2u32}].n == 2u64
//~ run queues == 1132
//~ run outputs == 0
//~ event ring == {a = 3u32, b = 4u32}
//~ event ring == 55u32
//~ event events == {a = 3u32, b = 4u32}
//~ run prefix == 4
//~ run cpus == 2
