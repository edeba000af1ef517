//! Kinds of programs that are not attached to a place in the kernel: operations of a struct, and replacements of
//! functions.

use crate::skeleton::{MAKERS, Maker, build_with, skeleton};
use crate::support::{Folder, has, may_load, object, output, run, skip};
use std::path::Path;

/// Congestion controls that there are.
const CONTROLS: &str = "/proc/sys/net/ipv4/tcp_available_congestion_control";

const CONGESTION: &str = r#"
#include <stdio.h>
#include "congestion.skel.h"

int main(void)
{
	struct congestion *skel = congestion__open();
	struct bpf_link *link;

	if (!skel)
		return 1;
#ifdef CHANGES
	/* Known to newer versions of libbpf. */
	if (skel->struct_ops.bpfc_cong)
		skel->struct_ops.bpfc_cong->flags = 0;
#endif
	if (congestion__load(skel))
		return 2;
	link = bpf_map__attach_struct_ops(skel->maps.bpfc_cong);
	if (!link)
		return 3;
	if (system("cat /proc/sys/net/ipv4/tcp_available_congestion_control"))
		return 4;
	bpf_link__destroy(link);
	congestion__destroy(skel);
	return 0;
}
"#;

/// One after the other: a name can be registered once.
#[test]
fn operations_are_registered() {
    if !may_load() {
        return;
    }
    if !Path::new(CONTROLS).exists() {
        return skip("no congestion controls");
    }
    if has("bpftool") {
        let files = Folder::new();
        let path = files.file("congestion.o", object("congestion.c"));
        run(&format!("bpftool struct_ops register {path}"));
        let controls = run(&format!("cat {CONTROLS}"));
        run("bpftool struct_ops unregister name bpfc_cong");
        assert!(controls.contains("bpfc_cong"), "{controls}");
    }
    for maker in MAKERS {
        let files = Folder::new();
        let source = match maker {
            Maker::Bpfc => format!("#define CHANGES\n{CONGESTION}"),
            Maker::Bpftool => CONGESTION.to_owned(),
        };
        let Some(program) = build_with(&files, &["congestion"], &source, maker) else { continue };
        let controls = run(&program);
        assert!(controls.contains("bpfc_cong"), "{maker:?}: {controls}");
    }
}

const REPLACEMENT: &str = r#"
#include <bpf/bpf.h>
#include <stdio.h>
#include "replaced.skel.h"
#include "replacement.skel.h"

static int ask(struct replaced *skel)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));

	return bpf_prog_test_run_opts(bpf_program__fd(skel->progs.ask), &run) ? -1 : (int)run.retval;
}

int main(void)
{
	struct replaced *old = replaced__open_and_load();
	struct replacement *new = replacement__open();
	int before, after;

	if (!old || !new)
		return 1;
	bpf_program__set_attach_target(new->progs.new_answer, bpf_program__fd(old->progs.ask), "answer");
	if (replacement__load(new))
		return 77;
	before = ask(old);
	if (replacement__attach(new))
		return 77;
	after = ask(old);
	printf("%d %d %d\n", before, after, !!new->links.new_answer);
	replacement__destroy(new);
	replaced__destroy(old);
	return 0;
}
"#;

#[test]
fn a_skeleton_replaces_a_function() {
    if !may_load() {
        return;
    }
    let files = Folder::new();
    let names = ["replaced", "replacement"];
    let Some(program) = build_with(&files, &names, REPLACEMENT, Maker::Bpfc) else { return };
    let result = output(&program);
    let errors = String::from_utf8_lossy(&result.stderr).into_owned();
    if result.status.code() == Some(77) && errors.contains("-1") {
        // Some machines refuse trampolines from time to time, for root and without a word in the log.
        return skip("the kernel refuses freplace: EPERM");
    }
    assert!(result.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&result.stdout), "1 42 1\n");
}

#[test]
fn other_skeletons_have_operations() {
    use bpfc::Language::{Go, Python, Rust};
    for (language, has) in
        [(Rust, "pub bpfc_cong: Option<Link>"), (Python, "b\"bpfc_cong\","), (Go, "bpfc_init")]
    {
        let text = crate::languages::skeleton("congestion", language);
        assert!(text.contains(has), "{has}");
    }
    let Some(text) = skeleton(&Folder::new(), "congestion", Maker::Bpfc) else { return };
    assert!(text.contains("struct congestion__bpfc_cong__tcp_congestion_ops {"));
}
