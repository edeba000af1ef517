//! Skeletons in C, those of `bpftool gen skeleton` and ours, and programs that include the one or the other.

use crate::languages;
use crate::network::{N_PINGS, PING_BYTES, run_with_pings, with_veth};
use crate::support::{Folder, has, may_load, object, run, skip};
use bpfc::Language;
use std::path::Path;

/// Who makes a skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Bpftool,
    Bpfc,
}

/// Both, for programs that must not see a difference.
pub const MAKERS: [Maker; 2] = [Maker::Bpftool, Maker::Bpfc];

/// The program built with the skeleton of `name`; `None` if a tool is missing.
pub fn build(files: &Folder, name: &str, source: &str, maker: Maker) -> Option<String> {
    build_with(files, &[name], source, maker)
}

/// The program built with several skeletons; `None` if a tool is missing.
pub fn build_with(files: &Folder, names: &[&str], source: &str, maker: Maker) -> Option<String> {
    if !has("gcc") {
        return None;
    }
    if !Path::new("/usr/include/bpf/libbpf.h").exists() {
        skip("no headers of libbpf");
        return None;
    }
    for name in names {
        let skeleton = skeleton(files, name, maker)?;
        files.file(&format!("{name}.skel.h"), skeleton);
    }
    let main = files.file("main.c", source);
    let program = files.0.join("main").to_str().unwrap().to_owned();
    run(&format!("gcc -Wall -Werror -O1 -o {program} {main} -lbpf -lelf -lz"));
    Some(program)
}

/// The skeleton of a program in `tests/programs`; `None` if a tool is missing.
pub fn skeleton(files: &Folder, name: &str, maker: Maker) -> Option<String> {
    let bytes = object(&format!("{name}.c"));
    match maker {
        Maker::Bpfc => Some(languages::skeleton(name, Language::C)),
        Maker::Bpftool if !has("bpftool") => None,
        Maker::Bpftool => {
            let path = files.file(&format!("{name}.o"), bytes);
            Some(run(&format!("bpftool gen skeleton {path} name {name}")))
        }
    }
}

/// The members of the struct that users of a skeleton see.
fn interface<'a>(skeleton: &'a str, name: &str) -> Vec<&'a str> {
    let start = skeleton.find(&format!("struct {name} {{")).unwrap();
    let end = start + skeleton[start..].find("#ifdef").unwrap();
    skeleton[start..end].split_whitespace().collect()
}

#[test]
fn skeletons_are_alike() {
    for name in ["packets", "calls", "everything"] {
        let files = Folder::new();
        let Some(theirs) = skeleton(&files, name, Maker::Bpftool) else { return };
        let ours = skeleton(&files, name, Maker::Bpfc).unwrap();
        assert_eq!(interface(&ours, name), interface(&theirs, name));
        let functions = ["open_opts", "open", "load", "open_and_load", "attach", "detach"];
        for function in functions.iter().chain(&["destroy", "elf_bytes", "create_skeleton"]) {
            let name = format!("{name}__{function}(");
            assert!(ours.contains(&name) && theirs.contains(&name), "{name}");
        }
    }
}

#[test]
fn a_skeleton_suits_cpp() {
    if !has("g++") || !Path::new("/usr/include/bpf/libbpf.h").exists() {
        return;
    }
    for name in ["packets", "calls", "everything"] {
        let files = Folder::new();
        files.file("skel.h", skeleton(&files, name, Maker::Bpfc).unwrap());
        let source = format!(
            "#define {name}__TYPES\n#include \"skel.h\"\nint main() {{ return !{name}::open(); }}\n"
        );
        let main = files.file("main.cc", source);
        let program = files.0.join("main");
        run(&format!("g++ -Wall -Wextra -Werror -o {} {main} -lbpf -lelf -lz", program.display()));
    }
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
        for maker in MAKERS {
            let files = Folder::new();
            let Some(program) = build(&files, "packets", PACKETS, maker) else { continue };
            let text = run_with_pings(&program, &["near", &PING_BYTES.to_string()], far);
            let mut expected = "attached\n".to_owned();
            for number in 0..N_PINGS {
                expected += &format!("event {} {PING_BYTES}\n", 200 + number);
            }
            let next = 200 + N_PINGS;
            expected += &format!("count {N_PINGS} weighted {} next {next}\n", 3 * N_PINGS);
            assert_eq!(text, expected, "{maker:?}");
        }
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
    for maker in MAKERS {
        let files = Folder::new();
        if let Some(program) = build(&files, "calls", CALLS, maker) {
            assert_eq!(run(&program), "5\n", "{maker:?}");
        }
    }
}
