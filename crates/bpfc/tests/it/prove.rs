//! Code that is refused although its source is right is bpfc's mistake, and told so. The mistake is made here: the
//! jump of a null check is taken out of the optimised code.

use crate::support::{TestHost, compile};
use bpfc::{Object, OptLevel, Options};
use bpfc_isa::Insn;

const CHECKED: &str = "\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#define FIRST 0
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} m SEC(\".maps\");
SEC(\"xdp\") int prog(struct xdp_md *ctx)
{
	__u32 key = FIRST;
	__u64 *value = bpf_map_lookup_elem(&m, &key);
	if (value)
		*value += 1;
	return XDP_PASS;
}
";

/// The object without its conditional jumps.
fn without_checks(mut object: Object) -> Object {
    for function in object.functions.iter_mut() {
        for insn in &mut function.insns {
            if let Insn::JumpIf { off, .. } = &mut insn.insn {
                *off = 0;
            }
        }
    }
    object
}

fn bugs(text: &str, options: &Options, change: impl Fn(Object) -> Object) -> Vec<bpfc::Bug> {
    let mut compiled = compile("prog.c", text.as_bytes(), options);
    let object = change(compiled.object.take().expect("a sound source"));
    let file = compiled.file.expect("a short source");
    bpfc::prove(&compiled.session, file, &object, options, &mut TestHost::default())
}

#[test]
fn wrong_code_of_right_sources() {
    let options = Options::default();
    assert!(bugs(CHECKED, &options, |object| object).is_empty());
    let found = bugs(CHECKED, &options, without_checks);
    let [bug] = &found[..] else { panic!("{found:?}") };
    assert_eq!((bug.program.as_str(), bug.diagnostic.code.name()), ("prog", "E0790"));
    assert!(bug.diagnostic.notes[0].text.contains("E070"), "{:?}", bug.diagnostic);
    assert!(!bug.diagnostic.span().is_none());
    assert!(bug.source.contains("key = 0;") && !bug.source.contains("#include"), "{}", bug.source);
}

#[test]
fn wrong_sources_are_no_bugs() {
    let wrong = CHECKED.replace("	if (value)\n	", "");
    assert!(bugs(&wrong, &Options::default(), |object| object).is_empty());
    let plain = Options { opt_level: OptLevel::O0, ..Options::default() };
    assert!(bugs(CHECKED, &plain, without_checks).is_empty());
}
