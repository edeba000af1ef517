//! `ip` and `tc` load objects by themselves, with libbpf or, when built without it, with code of their own.

use crate::network::{N_PINGS, PING_BYTES, with_veth};
use crate::support::{Folder, has, object, run};

/// The map `lengths` of a program that `bpftool` shows, as JSON.
fn lengths(shown: &str) -> String {
    let ids = shown.split_whitespace().skip_while(|word| *word != "map_ids").nth(1).unwrap();
    let mut ids = ids.split(',');
    let is_it = |id: &&str| run(&format!("bpftool map show id {id}")).contains("name lengths");
    run(&format!("bpftool --json map dump id {}", ids.find(is_it).unwrap()))
}

/// What `lengths` shows of the pings.
fn pings() -> String {
    format!(r#""formatted":{{"key":{PING_BYTES},"value":{N_PINGS}}}"#)
}

/// The program behind `id` in what `ip` or `tc` shows.
fn program(shown: &str) -> String {
    let id = shown.split_whitespace().skip_while(|word| *word != "id").nth(1);
    run(&format!("bpftool prog show id {}", id.unwrap_or_else(|| panic!("{shown}"))))
}

#[test]
fn ip_loads_xdp() {
    if !has("ip") || !has("bpftool") {
        return;
    }
    with_veth(|far| {
        let files = Folder::new();
        let path = files.file("packets.o", object("packets.c"));
        run(&format!("ip link set dev near xdp obj {path} sec xdp"));
        far.ping();
        let program = program(&run("ip link show dev near"));
        assert!(program.contains("xdp  name count"), "{program}");
        let maps = lengths(&program);
        assert!(maps.contains(&pings()), "{maps}");
        run("ip link set dev near xdp off");
    });
}

#[test]
fn tc_loads_a_classifier() {
    if !has("tc") || !has("bpftool") {
        return;
    }
    with_veth(|far| {
        let files = Folder::new();
        let path = files.file("packets.o", object("packets.c"));
        run("tc qdisc add dev near clsact");
        run(&format!("tc filter add dev near ingress bpf direct-action obj {path} sec classifier"));
        far.ping();
        let program = program(&run("tc filter show dev near ingress"));
        assert!(program.contains("sched_cls  name classify"), "{program}");
        let maps = lengths(&program);
        assert!(maps.contains(&pings()), "{maps}");
    });
}
