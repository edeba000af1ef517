//! `bpftool prog loadall`: libbpf loads and pins all programs and maps of an object.

use crate::network::{N_PINGS, PING_BYTES, with_veth};
use crate::support::{Folder, has, object, run, skip};
use std::path::Path;

/// Where pins are, as everybody mounts it.
const PINS: &str = "/sys/fs/bpf";

#[test]
fn bpftool_loads_and_attaches() {
    if !has("bpftool") {
        return;
    }
    with_veth(|far| {
        if !run("mount").contains(&format!(" {PINS} type bpf")) {
            return skip(&format!("no file system of pins at {PINS}"));
        }
        let files = Folder::new();
        let path = files.file("packets.o", object("packets.c"));
        let pins = Folder::below(Path::new(PINS));
        let at = pins.0.to_str().unwrap();
        run(&format!("bpftool prog loadall {path} {at}/programs pinmaps {at}/maps"));
        let programs = run(&format!("bpftool prog show pinned {at}/programs/count"));
        assert!(programs.contains("xdp  name count"), "{programs}");
        assert!(programs.contains("btf_id"), "{programs}");
        let classify = run(&format!("bpftool prog show pinned {at}/programs/classify"));
        assert!(classify.contains("sched_cls  name classify"), "{classify}");
        run(&format!("bpftool net attach xdp pinned {at}/programs/count dev near"));
        far.ping();
        run("bpftool net detach xdp dev near");
        let map = run(&format!("bpftool --json map dump pinned {at}/maps/lengths"));
        let expected = format!(r#""formatted":{{"key":{PING_BYTES},"value":{N_PINGS}}}"#);
        assert!(map.contains(&expected), "{map}");
        let listing = run(&format!("bpftool prog dump xlated pinned {at}/programs/count linum"));
        assert!(listing.contains("note(ctx->data_end - ctx->data);"), "source: {listing}");
        assert!(listing.contains("packets.c"), "source lines: {listing}");
    });
}
