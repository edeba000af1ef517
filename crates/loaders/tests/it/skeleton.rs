//! `bpftool gen skeleton`, and a program in C that includes what it makes.

use crate::network::{N_PINGS, PING_BYTES, run_with_pings, with_veth};
use crate::support::{Folder, has, may_load, object, run, skip};
use std::path::Path;

/// The program built with the skeleton of `object`; `None` if a tool is missing.
pub fn build(files: &Folder, name: &str, source: &str) -> Option<String> {
    if !has("bpftool") || !has("gcc") {
        return None;
    }
    if !Path::new("/usr/include/bpf/libbpf.h").exists() {
        skip("no headers of libbpf");
        return None;
    }
    let path = files.file(&format!("{name}.o"), object(&format!("{name}.c")));
    let skeleton = run(&format!("bpftool gen skeleton {path} name {name}"));
    files.file(&format!("{name}.skel.h"), skeleton);
    let main = files.file("main.c", source);
    let program = files.0.join("main").to_str().unwrap().to_owned();
    run(&format!("gcc -Wall -Werror -O1 -o {program} {main} -lbpf -lelf -lz"));
    Some(program)
}

const PACKETS: &str = r#"
#include <bpf/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include "packets.skel.h"

static int show(void *unused, void *data, size_t n_bytes)
{
	unsigned int *event = data;
	printf("event %u %u\n", event[0], event[1]);
	return 0;
}

int main(int argc, char **argv)
{
	struct packets *skel = packets__open();
	struct bpf_link *link;
	struct ring_buffer *events;
	unsigned int key = atoi(argv[2]);
	unsigned long long count = 0;

	if (!skel)
		return 1;
	skel->rodata->weight = 3;
	skel->rodata->wanted_length = key;
	skel->data->next_number = 200;
	if (packets__load(skel))
		return 2;
	link = bpf_program__attach_xdp(skel->progs.count, if_nametoindex(argv[1]));
	events = ring_buffer__new(bpf_map__fd(skel->maps.events), show, NULL, NULL);
	if (!link || !events)
		return 3;
	puts("attached");
	fflush(stdout);
	getchar();
	ring_buffer__consume(events);
	bpf_map_lookup_elem(bpf_map__fd(skel->maps.lengths), &key, &count);
	printf("count %llu weighted %llu next %u\n", count, (unsigned long long)skel->bss->weighted,
	       skel->data->next_number);
	bpf_link__destroy(link);
	ring_buffer__free(events);
	packets__destroy(skel);
	return 0;
}
"#;

#[test]
fn a_skeleton_runs_xdp() {
    with_veth(|far| {
        let files = Folder::new();
        let Some(program) = build(&files, "packets", PACKETS) else { return };
        let text = run_with_pings(&program, &["near", &PING_BYTES.to_string()], far);
        let mut expected = "attached\n".to_owned();
        for number in 0..N_PINGS {
            expected += &format!("event {} {PING_BYTES}\n", 200 + number);
        }
        expected += &format!("count {N_PINGS} weighted {} next {}\n", 3 * N_PINGS, 200 + N_PINGS);
        assert_eq!(text, expected);
    });
}

const CALLS: &str = r#"
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "calls.skel.h"

int main(void)
{
	struct calls *skel = calls__open();

	if (!skel)
		return 1;
	skel->rodata->wanted_pid = getpid();
	skel->rodata->wanted_call = SYS_getpgid;
	if (calls__load(skel) || calls__attach(skel))
		return 2;
	for (int i = 0; i < 5; i++)
		getpgid(0);
	printf("%llu\n", (unsigned long long)skel->bss->n_calls);
	calls__destroy(skel);
	return 0;
}
"#;

#[test]
fn a_skeleton_attaches_a_raw_tracepoint() {
    if !may_load() {
        return;
    }
    let files = Folder::new();
    if let Some(program) = build(&files, "calls", CALLS) {
        assert_eq!(run(&program), "5\n");
    }
}
