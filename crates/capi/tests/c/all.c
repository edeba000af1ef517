// Uses everything that the library has: `all` in the virtual machine, `all kernel` in the kernel as well.

#include <bpfc.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

static struct bpfc_error *error;

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			printf("%s:%d: %s\n%s\n", __FILE__, __LINE__, #condition, error ? bpfc_error_text(error) : ""); \
			exit(1); \
		} \
	} while (0)

/* What a call must refuse, and with which status. */
#define REFUSED(status, call) \
	do { \
		(void)!(call); \
		CHECK(bpfc_error_status(error) == (status)); \
		CHECK(strlen(bpfc_error_text(error)) > 0); \
		bpfc_error_free(error); \
		error = NULL; \
	} while (0)

static const char source[] =
	"#include \"own.h\"\n"
	"#include \"vmlinux.h\"\n"
	"#include <bpf/bpf_helpers.h>\n"
	"enum protocol { TCP, UDP };\n"
	"struct flow { enum protocol protocol; __u32 port; };\n"
	"struct count { __u64 packets; __u64 bytes; };\n"
	"struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4096); __type(key, struct flow); __type(value, struct count); } flows SEC(\".maps\");\n"
	"struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u32); } each SEC(\".maps\");\n"
	"struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 2); __type(value, __u32); } queue SEC(\".maps\");\n"
	"struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(\".maps\");\n"
	"struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } samples SEC(\".maps\");\n"
	"struct event { __u32 number; char text[4]; };\n"
	"const volatile int verdict = 1;\n"
	"struct { int level; char name[8]; } options = { 3, \"web\" };\n"
	"__u64 n_runs;\n"
	"SEC(\"xdp\") int count(struct xdp_md *ctx)\n"
	"{\n"
	"	struct event event = { 7, \"hey\" };\n"
	"	__u32 zero = 0, *mine = bpf_map_lookup_elem(&each, &zero);\n"
	"	if (mine) *mine += 1;\n"
	"	bpf_map_peek_elem(&queue, &zero);\n"
	"	bpf_printk(\"run %d\", LIMIT);\n"
	"	bpf_ringbuf_output(&events, &event, sizeof(event), 0);\n"
	"	bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &event, sizeof(event));\n"
	"	n_runs++;\n"
	"	return verdict;\n"
	"}\n"
	"SEC(\"tc\") int other(struct __sk_buff *skb) { return bpf_map_lookup_elem(&flows, &(struct flow){}) != 0; }\n"
	"SEC(\"raw_tp/sys_enter\") int on_enter(void *ctx) { n_runs++; return 0; }\n"
	"char LICENSE[] SEC(\"license\") = \"GPL\";\n";

static int count_elements(void *user, const void *key, size_t key_size, const void *value, size_t value_size)
{
	CHECK(key && value && key_size == 8 && value_size == 16);
	*(int *)user += 1;
	return 0;
}

static int stop_at_once(void *user, const void *key, size_t key_size, const void *value, size_t value_size)
{
	(void)user, (void)key, (void)key_size, (void)value, (void)value_size;
	return 1;
}

static void maps(struct bpfc_map *flows, struct bpfc_map *each)
{
	struct { uint32_t protocol, port; } key = { 1, 53 }, next;
	struct { uint64_t packets, bytes; } value = { 3, 180 };
	int n = 0;
	char *json = NULL;

	CHECK(!strcmp(bpfc_map_name(flows), "flows") && bpfc_map_type(flows) == 1);
	CHECK(bpfc_map_key_size(flows) == 8 && bpfc_map_value_size(flows) == 16);
	CHECK(bpfc_map_n_values(flows) == 1 && bpfc_map_max_entries(flows) == 4096);
	CHECK(bpfc_map_lookup(flows, &key, sizeof(key), &value, sizeof(value), &error) == 0);
	CHECK(bpfc_map_next_key(flows, NULL, &next, sizeof(next), &error) == 0);
	CHECK(!bpfc_map_update(flows, &key, sizeof(key), &value, sizeof(value), BPFC_UPDATE_NEW, &error));
	REFUSED(BPFC_ERROR_USE, bpfc_map_update(flows, &key, sizeof(key), &value, sizeof(value), BPFC_UPDATE_NEW, &error));
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_map_update(flows, &key, 3, &value, sizeof(value), 0, &error));
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_map_update(flows, &key, sizeof(key), &value, 3, 0, &error));
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_map_update(flows, &key, sizeof(key), &value, sizeof(value), 9, &error));
	memset(&value, 0, sizeof(value));
	CHECK(bpfc_map_lookup(flows, &key, sizeof(key), &value, sizeof(value), &error) == 1 && value.bytes == 180);
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_map_lookup(flows, &key, sizeof(key), &value, 8, &error));
	CHECK(bpfc_map_get_json(flows, "{\"protocol\": \"UDP\", \"port\": 53}", &json, &error) == 1);
	CHECK(strstr(json, "\"packets\":3"));
	bpfc_free(json);
	CHECK(bpfc_map_get_json(flows, "{\"port\": 1}", &json, &error) == 0 && !json);
	CHECK(!bpfc_map_set_json(flows, "{\"protocol\": \"UDP\", \"port\": 53}", "{\"packets\": 4}", BPFC_UPDATE_EXISTING, &error));
	CHECK(bpfc_map_lookup(flows, &key, sizeof(key), &value, sizeof(value), &error) == 1);
	CHECK(value.packets == 4 && value.bytes == 180);
	CHECK(bpfc_map_set_json(flows, "{\"port\": 2}", "{}", BPFC_UPDATE_EXISTING, NULL) == BPFC_ERROR_USE);
	CHECK(bpfc_map_set_json(flows, "{\"prt\": 2}", "{}", BPFC_UPDATE_ANY, NULL) < 0);
	json = bpfc_map_dump_json(flows, &error);
	CHECK(json && !strcmp(json, "[{\"key\":{\"port\":53,\"protocol\":\"UDP\"},\"value\":{\"bytes\":180,\"packets\":4}}]"));
	bpfc_free(json);
	CHECK(bpfc_map_delete_json(flows, "{\"protocol\": \"UDP\", \"port\": 53}", &error) == 1);
	CHECK(bpfc_map_delete_json(flows, "{\"protocol\": \"UDP\", \"port\": 53}", &error) == 0);

	uint32_t keys[2000];
	uint64_t values[2000];
	for (unsigned i = 0; i < 1000; i++) {
		keys[2 * i] = 0;
		keys[2 * i + 1] = i;
		values[2 * i] = i;
		values[2 * i + 1] = 2 * i;
	}
	CHECK(!bpfc_map_update_batch(flows, keys, values, 1000, BPFC_UPDATE_ANY, &error));
	CHECK(bpfc_map_each(flows, count_elements, &n, &error) == 1000 && n == 1000);
	CHECK(bpfc_map_each(flows, stop_at_once, NULL, &error) == 1);
	n = 0;
	for (void *at = NULL; bpfc_map_next_key(flows, at, &next, sizeof(next), &error) == 1; at = &next)
		n++;
	CHECK(n == 1000);
	CHECK(bpfc_map_delete(flows, keys, 8, &error) == 1 && bpfc_map_delete(flows, keys, 8, &error) == 0);
	CHECK(bpfc_map_delete_batch(flows, keys, 1000, &error) == 999);
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_map_update_batch(flows, keys, values, SIZE_MAX / 4, 0, &error));

	uint32_t zero = 0, one = 5;
	size_t size = bpfc_map_n_values(each) * bpfc_map_value_size(each);
	uint32_t *all = (uint32_t *)malloc(size);
	CHECK(!bpfc_map_update(each, &zero, 4, &one, 4, BPFC_UPDATE_ANY, &error));
	CHECK(bpfc_map_lookup(each, &zero, 4, all, size, &error) == 1);
	for (size_t i = 0; i < bpfc_map_n_values(each); i++)
		CHECK(all[i] == 5);
	all[bpfc_map_n_values(each) - 1] = 6;
	CHECK(!bpfc_map_update(each, &zero, 4, all, size, BPFC_UPDATE_ANY, &error));
	json = NULL;
	CHECK(bpfc_map_get_json(each, "0", &json, &error) == 1 && strstr(json, "6]"));
	bpfc_free(json);
	free(all);
}

static int take(void *user, const struct bpfc_event *event)
{
	CHECK(event->data && event->size >= 8 && event->n_lost == 0);
	CHECK(!memcmp(event->data, "\7\0\0\0hey", 8));
	*(int *)user += 1;
	return 0;
}

static struct bpfc_object *compiled(void)
{
	struct bpfc_options *options = bpfc_options_new(&error);

	CHECK(options);
	CHECK(!bpfc_options_define(options, "LIMIT=OWN", &error));
	CHECK(!bpfc_options_header(options, "own.h", "#define OWN 42\n", &error));
	CHECK(!bpfc_options_include_dir(options, "/nowhere", &error));
	CHECK(!bpfc_options_dialect(options, BPFC_DIALECT_C, &error));
	CHECK(!bpfc_options_opt_level(options, "s", &error));
	CHECK(!bpfc_options_cpu(options, "v3", &error));
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_options_kernel(options, "eleven", &error));
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_options_cpu(options, "v9", &error));
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_options_dialect(options, 77, &error));
	REFUSED(BPFC_ERROR_SYSTEM, bpfc_options_btf(options, "/nowhere", &error));
	struct bpfc_object *object = bpfc_compile("all.c", source, sizeof(source) - 1, options, &error);
	CHECK(object);
	bpfc_options_free(options);
	return object;
}

static void objects(void)
{
	struct bpfc_object *object = compiled();
	size_t size = 0;

	CHECK(bpfc_object_n_programs(object) == 3 && bpfc_object_n_maps(object) == 5);
	CHECK(!strcmp(bpfc_object_program(object, 0), "count") && !bpfc_object_program(object, 3));
	CHECK(!strcmp(bpfc_object_section(object, 1), "tc") && !strcmp(bpfc_object_map(object, 0), "flows"));
	struct bpfc_report *report = bpfc_object_report(object, &error);
	CHECK(report);
	bpfc_report_free(report);
	CHECK(!bpfc_object_set(object, "verdict=2", &error));
	REFUSED(BPFC_ERROR_CONFIGURE, bpfc_object_set(object, "verdct=2", &error));
	void *elf = bpfc_object_elf(object, &size, &error);
	CHECK(elf && size > 500 && !memcmp(elf, "\177ELF", 4));
	bpfc_object_free(object);
	object = bpfc_object_open("all.o", elf, size, &error);
	CHECK(object && bpfc_object_n_programs(object) == 3);
	bpfc_object_free(object);
	REFUSED(BPFC_ERROR_COMPILE, bpfc_object_open("half.o", elf, size / 2, &error));
	bpfc_free(elf);
	CHECK(!bpfc_compile("x.c", NULL, BPFC_NUL_TERMINATED, NULL, &error));
	CHECK(!strcmp(bpfc_error_text(error), "`source` is NULL"));
	bpfc_error_free(error);
	error = NULL;
	REFUSED(BPFC_ERROR_SYSTEM, bpfc_compile_file("/nowhere", NULL, &error));
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_compile("x.c", "int x\xff;", BPFC_NUL_TERMINATED, NULL, &error));

	CHECK(!bpfc_compile("wrong.c", "int f(void) { return mising; }\nint missing;", BPFC_NUL_TERMINATED, NULL, &error));
	const struct bpfc_report *wrong = bpfc_error_report(error);
	CHECK(bpfc_report_count(wrong) == 1 && !bpfc_report_diagnostic(wrong, 1));
	const struct bpfc_diagnostic *first = bpfc_report_diagnostic(wrong, 0);
	CHECK(first->severity == BPFC_ERROR && !strcmp(first->code, "E0301") && first->n_spans > 0);
	CHECK(!strcmp(first->file, "wrong.c") && first->line == 1 && first->column == 22);
	const struct bpfc_span *span = bpfc_report_span(wrong, 0, 0);
	CHECK(span->start == 21 && span->end == 27 && span->end_column == 28 && span->label);
	CHECK(!bpfc_report_span(wrong, 0, 99) && !bpfc_report_note(wrong, 5, 0) && !bpfc_report_edit(wrong, 0, 9, 9));
	const char *texts[] = { "wrong.c:1:22", "\33[", "wrong.c:1:22", "\"code\":\"E0301\"", "2.1.0" };
	for (int format = 0; format < 5; format++) {
		char *text = bpfc_report_render(wrong, format, NULL);
		CHECK(text && strstr(text, texts[format]));
		bpfc_free(text);
	}
	CHECK(!bpfc_report_render(wrong, 5, NULL));
	bpfc_error_free(error);
	error = NULL;
}

static void *work(void *map)
{
	struct bpfc_error *own = NULL;
	uint32_t key[2] = { 0, 1 };
	uint64_t value[2] = { 5, 6 };

	for (int i = 0; i < 5; i++) {
		struct bpfc_object *object = bpfc_compile("t.c", "__attribute__((section(\"xdp\"))) int f(void *ctx) { return 2; }", BPFC_NUL_TERMINATED, NULL, &own);
		struct bpfc_machine *machine = bpfc_object_machine(object, &own);
		struct bpfc_run *run = bpfc_machine_run(machine, "f", NULL, 0, NULL, 0, &own);
		if (bpfc_run_result(run) != 2)
			return map;
		bpfc_run_free(run);
		bpfc_machine_free(machine);
		bpfc_object_free(object);
		if (bpfc_compile("t.c", "int x = y;", BPFC_NUL_TERMINATED, NULL, &own))
			return map;
		bpfc_error_free(own);
		own = NULL;
		if (bpfc_map_update((struct bpfc_map *)map, key, 8, value, 16, BPFC_UPDATE_ANY, &own))
			return map;
		if (bpfc_map_lookup((struct bpfc_map *)map, key, 8, value, 16, &own) != 1 || value[1] != 6)
			return map;
	}
	return NULL;
}

static void in_threads(struct bpfc_map *map)
{
	pthread_t threads[4];
	void *failed = NULL;

	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, work, map));
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_join(threads[i], &failed) && !failed);
}

static int n_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int n = 0;

	CHECK(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static void in_the_machine(void)
{
	struct bpfc_object *object = compiled();
	struct bpfc_machine *machine = bpfc_object_machine(object, &error);
	size_t size = 99;

	CHECK(machine);
	bpfc_object_free(object);
	struct bpfc_map *flows = bpfc_machine_map(machine, "flows", &error);
	struct bpfc_map *each = bpfc_machine_map(machine, "each", &error);
	CHECK(flows && each);
	REFUSED(BPFC_ERROR_RUN, bpfc_machine_map(machine, "flow", &error));
	REFUSED(BPFC_ERROR_RUN, bpfc_machine_run(machine, "cont", NULL, 0, NULL, 0, &error));
	char packet[60] = { 0 };
	struct bpfc_run *run = bpfc_machine_run(machine, "count", packet, sizeof(packet), NULL, 0, &error);
	CHECK(run && bpfc_run_result(run) == 1 && bpfc_run_n_insns(run) > 10 && bpfc_run_duration_ns(run) == 0);
	CHECK(bpfc_run_packet(run, &size) && size == sizeof(packet));
	CHECK(bpfc_run_context(run, &size));
	CHECK(bpfc_run_n_effects(run) == 3 && !bpfc_run_effect(run, 3));
	const struct bpfc_effect *effect = bpfc_run_effect(run, 0);
	CHECK(effect->kind == BPFC_EFFECT_PRINTK && !strcmp((const char *)effect->data, "run 42"));
	effect = bpfc_run_effect(run, 1);
	CHECK(effect->kind == BPFC_EFFECT_EVENT && !strcmp(effect->map, "events") && effect->size == 8);
	bpfc_run_free(run);
	char *json = bpfc_machine_variable(machine, "options", &error);
	CHECK(json && !strcmp(json, "{\"level\":3,\"name\":\"web\"}"));
	bpfc_free(json);
	REFUSED(BPFC_ERROR_RUN, bpfc_machine_variable(machine, "optins", &error));
	CHECK(bpfc_map_fd(flows) == -1);
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_map_pin(flows, "/sys/fs/bpf/x", &error));
	bpfc_machine_free(machine);
	maps(flows, each);
	in_threads(flows);
	bpfc_map_free(flows);
	bpfc_map_free(each);
}

static void in_the_kernel(void)
{
	struct bpfc_object *object = compiled();
	char packet[64] = { 0 };
	uint32_t value = 0, seven = 7;
	int n = 0;
	char *json;

	CHECK(!bpfc_object_verify(object, NULL, &error));
	CHECK(!bpfc_object_select(object, "count", &error) && !bpfc_object_select(object, "on_enter", &error));
	REFUSED(BPFC_ERROR_CONFIGURE, bpfc_object_select(object, "nobody", &error));
	CHECK(!bpfc_object_set(object, "verdict=2", &error));
	CHECK(!bpfc_object_attach_to(object, "count", "xdp:lo", &error));
	REFUSED(BPFC_ERROR_CONFIGURE, bpfc_object_attach_to(object, "count", "nowhere", &error));
	CHECK(!bpfc_object_pin_folder(object, "/sys/fs/bpf", &error));
	struct bpfc_loaded *again = bpfc_object_load(object, &error);
	CHECK(again);
	bpfc_loaded_free(again);
	struct bpfc_loaded *loaded = bpfc_object_load(object, &error);
	CHECK(loaded);
	bpfc_object_free(object);
	struct bpfc_events *events = bpfc_loaded_events(loaded, "events", &error);
	struct bpfc_events *samples = bpfc_loaded_events(loaded, "samples", &error);
	CHECK(events && samples);
	REFUSED(BPFC_ERROR_USE, bpfc_loaded_events(loaded, "flows", &error));
	CHECK(bpfc_events_poll(events, 0, take, &n, &error) == 0);
	CHECK(bpfc_events_poll(events, 5, take, &n, &error) == 0 && n == 0);
	struct bpfc_run *run = bpfc_loaded_test_run(loaded, "count", packet, sizeof(packet), NULL, 0, 3, &error);
	CHECK(run && bpfc_run_result(run) == 2 && bpfc_run_n_effects(run) == 0);
	bpfc_run_free(run);
	REFUSED(BPFC_ERROR_RUN, bpfc_loaded_test_run(loaded, "count", packet, 3, NULL, 0, 1, &error));
	struct pollfd fds[] = { { bpfc_events_fd(events), POLLIN, 0 }, { bpfc_events_fd(samples), POLLIN, 0 } };
	CHECK(poll(fds, 2, 1000) == 2);
	CHECK(bpfc_events_poll(events, 0, take, &n, &error) == 3 && n == 3);
	CHECK(bpfc_events_poll(samples, -1, take, &n, &error) == 3 && n == 6);
	CHECK(bpfc_events_n_lost(events) == 0);
	json = bpfc_events_json(events, "\7\0\0\0hey", 8, &error);
	CHECK(json && !strcmp(json, "{\"number\":7,\"text\":\"hey\"}"));
	bpfc_free(json);

	json = bpfc_loaded_variable(loaded, "n_runs", &error);
	CHECK(json && !strcmp(json, "3"));
	bpfc_free(json);
	CHECK(!bpfc_loaded_set(loaded, "options.name=\"proxy\"", &error));
	json = bpfc_loaded_variable(loaded, "options.name", &error);
	CHECK(json && !strcmp(json, "\"proxy\""));
	bpfc_free(json);
	REFUSED(BPFC_ERROR_USE, bpfc_loaded_set(loaded, "verdict=1", &error));

	CHECK(!bpfc_loaded_attach(loaded, &error));
	json = bpfc_loaded_variable(loaded, "n_runs", &error);
	CHECK(json && atol(json) > 3);
	bpfc_free(json);
	CHECK(!bpfc_loaded_detach(loaded, &error));
	struct bpfc_link *link = bpfc_loaded_attach_program(loaded, "on_enter", NULL, &error);
	CHECK(link && strstr(bpfc_link_spec(link), "sys_enter") && bpfc_link_n_places(link) == 1);
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_link_pin(link, NULL, &error));
	REFUSED(BPFC_ERROR_USE, bpfc_link_iterate(link, NULL, &error));
	CHECK(!bpfc_link_detach(link, &error));
	bpfc_link_free(link);
	link = bpfc_loaded_attach_program(loaded, "count", "xdp:lo", &error);
	CHECK(link && !strncmp(bpfc_link_spec(link), "xdp:lo", 6));
	bpfc_link_free(link);
	REFUSED(BPFC_ERROR_ATTACH, bpfc_loaded_attach_program(loaded, "count", "xdp:nowhere0", &error));
	REFUSED(BPFC_ERROR_USE, bpfc_loaded_attach_program(loaded, "other", NULL, &error));
	CHECK(bpfc_loaded_program_fd(loaded, "count", &error) >= 0);
	CHECK(bpfc_loaded_program_fd(loaded, "other", NULL) == BPFC_ERROR_USE);
	REFUSED(BPFC_ERROR_ATTACH, bpfc_loaded_pin(loaded, "/nowhere/x", &error));
	CHECK(bpfc_loaded_pin_program(loaded, "count", "/nowhere/x", NULL) == BPFC_ERROR_USE);

	struct bpfc_map *flows = bpfc_loaded_map(loaded, "flows", &error);
	struct bpfc_map *each = bpfc_loaded_map(loaded, "each", &error);
	struct bpfc_map *queue = bpfc_loaded_map(loaded, "queue", &error);
	CHECK(flows && each && queue && bpfc_map_fd(flows) >= 0);
	/* In any order. */
	bpfc_loaded_free(loaded);
	bpfc_events_free(samples);
	bpfc_events_free(events);
	maps(flows, each);
	CHECK(!bpfc_map_update(queue, NULL, 0, &seven, 4, BPFC_UPDATE_ANY, &error));
	CHECK(!bpfc_map_set_json(queue, "null", "8", BPFC_UPDATE_ANY, &error));
	CHECK(bpfc_map_pop(queue, &value, 4, &error) == 1 && value == 7);
	CHECK(bpfc_map_pop(queue, &value, 4, &error) == 1 && value == 8);
	CHECK(bpfc_map_pop(queue, &value, 4, &error) == 0);
	REFUSED(BPFC_ERROR_ARGUMENT, bpfc_map_pop(queue, &value, 3, &error));
	REFUSED(BPFC_ERROR_USE, bpfc_map_pin(flows, "/nowhere/x", &error));
	CHECK(bpfc_map_open("/nowhere/x", &error) == NULL && bpfc_error_errno(error) == 2);
	bpfc_error_free(error);
	error = NULL;
	CHECK(!bpfc_map_freeze(flows, &error));
	CHECK(bpfc_map_set_json(flows, "{}", "{}", BPFC_UPDATE_ANY, NULL) == BPFC_ERROR_USE);
	bpfc_map_free(flows);
	bpfc_map_free(each);
	bpfc_map_free(queue);
}

static void iterators(void)
{
	static const char lists[] =
		"#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n"
		"struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } kept SEC(\".maps\");\n"
		"SEC(\"iter/bpf_map\") int list(struct bpf_iter__bpf_map *ctx) { __u32 zero = 0; char m = 'm'; bpf_map_lookup_elem(&kept, &zero); if (ctx->map) bpf_seq_write(ctx->meta->seq, &m, 1); return 0; }\n"
		"char LICENSE[] SEC(\"license\") = \"GPL\";\n";
	struct bpfc_object *object = bpfc_compile("list.c", lists, BPFC_NUL_TERMINATED, NULL, &error);
	struct bpfc_loaded *loaded = bpfc_object_load(object, &error);
	struct bpfc_link *link = bpfc_loaded_attach_program(loaded, "list", NULL, &error);
	size_t size = 0;
	char folder[64], file[128];
	struct statfs fs;

	CHECK(link);
	char *output = (char *)bpfc_link_iterate(link, &size, &error);
	CHECK(output && size > 0 && strlen(output) == size && strspn(output, "m") == size);
	bpfc_free(output);
	bpfc_link_free(link);
	if (!statfs("/sys/fs/bpf", &fs) && fs.f_type == 0xcafe4a11) {
		snprintf(folder, sizeof(folder), "/sys/fs/bpf/capi-%d", (int)getpid());
		CHECK(!bpfc_loaded_attach(loaded, &error));
		CHECK(!bpfc_loaded_pin(loaded, folder, &error));
		REFUSED(BPFC_ERROR_ATTACH, bpfc_loaded_pin(loaded, folder, &error));
		snprintf(file, sizeof(file), "%s/maps/kept", folder);
		struct bpfc_map *map = bpfc_map_open(file, &error);
		CHECK(map && !bpfc_map_set_json(map, "0", "5", BPFC_UPDATE_ANY, &error));
		bpfc_map_free(map);
		map = bpfc_loaded_map(loaded, "kept", &error);
		char *json = bpfc_map_dump_json(map, &error);
		CHECK(json && !strcmp(json, "[{\"key\":0,\"value\":5}]"));
		bpfc_free(json);
		bpfc_map_free(map);
		const char *pinned[] = { "/maps/kept", "/programs/list", "/links/list", "/maps", "/programs", "/links", "" };
		for (int i = 0; i < 7; i++) {
			snprintf(file, sizeof(file), "%s%s", folder, pinned[i]);
			CHECK(!(i < 3 ? unlink(file) : rmdir(file)));
		}
	}
	bpfc_loaded_free(loaded);
	bpfc_object_free(object);
}

int main(int argc, char **argv)
{
	CHECK(bpfc_version_number() == (BPFC_VERSION_MAJOR << 16 | BPFC_VERSION_MINOR << 8 | BPFC_VERSION_PATCH));
	char version[32];
	snprintf(version, sizeof(version), "%d.%d.%d", BPFC_VERSION_MAJOR, BPFC_VERSION_MINOR, BPFC_VERSION_PATCH);
	CHECK(!strcmp(bpfc_version(), version));
	objects();
	in_the_machine();
	if (argc > 1 && !strcmp(argv[1], "kernel")) {
		in_the_kernel();
		iterators();
		int before = n_descriptors();
		for (int round = 0; round < 3; round++)
			in_the_kernel();
		CHECK(n_descriptors() == before);
	}
	puts("all is well");
	return 0;
}
