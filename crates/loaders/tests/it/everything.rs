//! What an object can hold besides code, through the system's libbpf (a skeleton) and the one of `libbpf-rs`.

use crate::skeleton::{MAKERS, build};
use crate::support::{Folder, may_load, run, skip};
use std::path::Path;

/// What `results` holds after a run, but for the first two, which are the kernel's version and `CONFIG_HZ`.
pub const RESULTS: [u64; 9] = [
    0,                      // a weak configuration value that there is not
    1,                      // a function of the kernel by address
    1,                      // a weak variable that there is not
    (4 * 10 + 3) + (1 + 1), // functions of all linkages: `inside(1)` is 0
    1 + 2 + 3 + 4,          // calls back
    11 + 13 + 7,            // three sections of data
    0,                      // a weak function that there is not
    1,                      // a function of the kernel, whose result has the kernel's fields
    10 + 3,                 // a tail call
];

const MAIN: &str = r#"
#include <bpf/bpf.h>
#include <stdio.h>
#include "everything.skel.h"

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, open, .pin_root_path = argv[1]);
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, input, .data_in = packet, .data_size_in = sizeof(packet));
	struct everything *skel = everything__open_opts(&open);
	unsigned int key = 0, id = 0;
	unsigned long long value = 0;

	if (!skel)
		return 1;
	skel->data_custom->custom += 100;
	if (everything__load(skel))
		return 2;
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.all), &input))
		return 3;
	printf("%u", input.retval);
	for (int i = 2; i < 11; i++)
		printf(" %llu", (unsigned long long)skel->bss->results[i]);
	bpf_map_lookup_elem(bpf_map__fd(skel->maps.first), &key, &value);
	key = 3;
	printf(" %llu %d", value, bpf_map_lookup_elem(bpf_map__fd(skel->maps.outer), &key, &id));
	printf(" %d\n", bpf_program__fd(skel->progs.optional) < 0);
	everything__destroy(skel);
	return 0;
}
"#;

/// A folder for pins, where pins can be.
pub fn pins() -> Option<Folder> {
    let root = Path::new("/sys/fs/bpf");
    if !run("mount").contains("on /sys/fs/bpf type bpf") {
        skip("no file system of pins");
        return None;
    }
    Some(Folder::below(root))
}

#[test]
fn libbpf_loads_everything() {
    if !may_load() {
        return;
    }
    for maker in MAKERS {
        let files = Folder::new();
        let Some(pins) = pins() else { return };
        let Some(program) = build(&files, "everything", MAIN, maker) else { continue };
        check_everything(&program, &pins);
    }
}

fn check_everything(program: &str, pins: &Folder) {
    let at = pins.0.to_str().unwrap();
    let mut expected = RESULTS;
    expected[5] += 100;
    let expected: Vec<String> = expected.map(|result| result.to_string()).to_vec();
    // What the program returns, the results, a value in an inner map, whether the other map is there and the
    // optional program is not.
    assert_eq!(run(&format!("{program} {at}")), format!("5 {} 99 0 1\n", expected.join(" ")));
    assert!(pins.0.join("bpfc_pinned").exists());
}
