// Shows the lines that are typed into bash, in all shells.
//
//   bpfc run --kernel examples/tools/bashreadline.c
//   bpfc run --kernel examples/tools/bashreadline.c --attach 'on_line=uretprobe:readline:readline'
//
// With clang it needs libbpf 1.2.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct line {
	u32 pid;
	char text[200];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} lines SEC(".maps");

SEC("uretprobe//bin/bash:readline")
int BPF_URETPROBE(on_line, const char *text)
{
	struct line *line;

	if (!text)
		return 0;
	line = bpf_ringbuf_reserve(&lines, sizeof(*line), 0);
	if (!line)
		return 0;
	line->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_user_str(line->text, sizeof(line->text), text);
	bpf_ringbuf_submit(line, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
