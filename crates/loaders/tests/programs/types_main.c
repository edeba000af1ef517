/* Loads `types.c` through its skeleton. */
#include <linux/types.h>
#define types__TYPES
#include "types.skel.h"
#include <bpf/bpf.h>
#include <stdio.h>

static int show(void *unused, void *data, size_t n_bytes)
{
	struct event *e = data;

	printf("%llu %d %u %d %d\n", e->time, e->flags.b, e->packed.b, e->halves.high,
	       e->points[1][2].y);
	return e->wide != HUGE_ONE || n_bytes != sizeof(*e);
}

int main(void)
{
	struct types *skel = types__open();
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	struct flags *flags;
	struct ring_buffer *events;
	struct event value = { .time = 77, .flags = { .b = -16, .c = 5 } };
	point_t key = { 1, 2 };
	int fd;

	if (!skel)
		return 1;
	skel->rodata->wanted.points[1][0].x = 42;
	skel->rodata->wanted.time = 1234;
	if (types__load(skel))
		return 2;
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.move), &run))
		return 3;
	printf("%u\n", run.retval);
	flags = &skel->data->flags;
	printf("%llu %d %d %llu %d %d\n", skel->bss->counter, flags->a, flags->b,
	       (unsigned long long)flags->c, flags->k, flags->tail);
	events = ring_buffer__new(bpf_map__fd(skel->maps.events), show, NULL, NULL);
	if (!events || ring_buffer__consume(events) != 1)
		return 4;
	fd = bpf_map__fd(skel->maps.match);
	if (bpf_map_update_elem(fd, &key, &value, 0) || bpf_map_lookup_elem(fd, &key, &value))
		return 5;
	printf("%d %d %llu %d %d %llu\n", key.x, key.y, value.time, value.flags.a, value.flags.b,
	       (unsigned long long)value.flags.c);
	if (skel->data->packed.c != 4 || skel->bss->anonymous[2].b != 7)
		return 6;
	ring_buffer__free(events);
	if (types__attach(skel) || skel->links.move)
		return 7;
	types__destroy(skel);
	return 0;
}
