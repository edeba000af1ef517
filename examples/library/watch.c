// Counts the system calls of this process in the kernel, prints the first ones as they come, and the map at the end.
// Needs root.
//
//   cc watch.c $(pkg-config --cflags --libs bpfc) -o watch && sudo ./watch

#include <bpfc.h>
#include <stdio.h>
#include <unistd.h>

static const char source[] =
	"#include \"vmlinux.h\"\n"
	"#include <bpf/bpf_helpers.h>\n"
	"struct call { long id; char comm[16]; };\n"
	"struct {\n"
	"	__uint(type, BPF_MAP_TYPE_RINGBUF);\n"
	"	__uint(max_entries, 65536);\n"
	"} calls SEC(\".maps\");\n"
	"struct {\n"
	"	__uint(type, BPF_MAP_TYPE_HASH);\n"
	"	__uint(max_entries, 512);\n"
	"	__type(key, __u32);\n"
	"	__type(value, __u64);\n"
	"} counts SEC(\".maps\");\n"
	"const volatile __u32 wanted;\n"
	"SEC(\"raw_tp/sys_enter\") int on_enter(struct bpf_raw_tracepoint_args *ctx)\n"
	"{\n"
	"	__u32 id = ctx->args[1];\n"
	"	__u64 one = 1;\n"
	"\n"
	"	if (bpf_get_current_pid_tgid() >> 32 != wanted)\n"
	"		return 0;\n"
	"	__u64 *count = bpf_map_lookup_elem(&counts, &id);\n"
	"	if (count)\n"
	"		__sync_fetch_and_add(count, 1);\n"
	"	else\n"
	"		bpf_map_update_elem(&counts, &id, &one, BPF_ANY);\n"
	"	struct call *call = bpf_ringbuf_reserve(&calls, sizeof(*call), 0);\n"
	"	if (!call)\n"
	"		return 0;\n"
	"	call->id = id;\n"
	"	bpf_get_current_comm(call->comm, sizeof(call->comm));\n"
	"	bpf_ringbuf_submit(call, 0);\n"
	"	return 0;\n"
	"}\n"
	"char LICENSE[] SEC(\"license\") = \"GPL\";\n";

struct watch {
	const struct bpfc_events *events;
	int n_events;
};

static int print_event(void *user, const struct bpfc_event *event)
{
	struct watch *watch = (struct watch *)user;
	char *json = bpfc_events_json(watch->events, event->data, event->size, NULL);

	if (json)
		printf("call %s\n", json);
	bpfc_free(json);
	// Any result but 0 ends the call of `bpfc_events_poll`.
	return ++watch->n_events >= 5;
}

static int print_count(void *user, const void *key, size_t key_size, const void *value, size_t value_size)
{
	(void)user;
	(void)key_size;
	(void)value_size;
	printf("system call %u: %llu times\n", *(const unsigned *)key, *(const unsigned long long *)value);
	return 0;
}

int main(void)
{
	struct bpfc_error *error = NULL;
	struct bpfc_loaded *loaded = NULL;
	struct bpfc_events *events = NULL;
	struct bpfc_map *counts = NULL;
	struct watch watch = { NULL, 0 };
	char wanted[32];
	struct bpfc_object *object = bpfc_compile("calls.c", source, BPFC_NUL_TERMINATED, NULL, &error);

	// Constants are set before the program is loaded: the kernel's verifier knows their values.
	snprintf(wanted, sizeof(wanted), "wanted=%d", (int)getpid());
	if (!object || bpfc_object_set(object, wanted, &error) || bpfc_object_verify(object, NULL, &error))
		goto out;
	loaded = bpfc_object_load(object, &error);
	if (!loaded || bpfc_loaded_attach(loaded, &error))
		goto out;
	events = bpfc_loaded_events(loaded, "calls", &error);
	counts = bpfc_loaded_map(loaded, "counts", &error);
	if (!events || !counts)
		goto out;
	watch.events = events;
	while (watch.n_events < 5 && bpfc_events_poll(events, 1000, print_event, &watch, &error) >= 0)
		;
	if (!error && !bpfc_loaded_detach(loaded, &error))
		bpfc_map_each(counts, print_count, NULL, &error);
out:
	if (error)
		fprintf(stderr, "%s\n", bpfc_error_text(error));
	int status = error ? 1 : 0;

	bpfc_error_free(error);
	bpfc_map_free(counts);
	bpfc_events_free(events);
	bpfc_loaded_free(loaded);
	bpfc_object_free(object);
	return status;
}
