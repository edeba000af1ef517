//! `bpftool prog loadall`: libbpf loads and pins all programs and maps of an object.

use crate::everything::pins;
use crate::network::{N_PINGS, PING_BYTES, with_veth};
use crate::support::{Folder, has, may_load, object, run};

#[test]
fn bpftool_loads_and_attaches() {
    if !has("bpftool") {
        return;
    }
    with_veth(|far| {
        let Some(pins) = pins() else { return };
        let files = Folder::new();
        let path = files.file("packets.o", object("packets.c"));
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

#[test]
fn bpftool_links_objects() {
    if !has("bpftool") || !may_load() {
        return;
    }
    let Some(pins) = pins() else { return };
    let at = pins.0.to_str().unwrap();
    let files = Folder::new();
    let mut parts = String::new();
    for name in ["packets", "calls", "everything"] {
        parts += &format!(" {}", files.file(&format!("{name}.o"), object(&format!("{name}.c"))));
    }
    let all = files.0.join("all.o");
    run(&format!("bpftool gen object {}{parts}", all.display()));
    // Without the object that has an optional program, which bpftool cannot pin.
    let (two, _) = parts.rsplit_once(' ').unwrap();
    let linked = files.0.join("linked.o");
    run(&format!("bpftool gen object {}{two}", linked.display()));
    run(&format!("bpftool prog loadall {} {at}/programs", linked.display()));
    for (name, shown) in [("count", "xdp  name count"), ("enter", "raw_tracepoint  name enter")] {
        let program = run(&format!("bpftool prog show pinned {at}/programs/{name}"));
        assert!(program.contains(shown) && program.contains("gpl"), "{program}");
    }
}
