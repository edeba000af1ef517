//! `libbpf-rs`, with the libbpf that it brings.

use crate::everything::{RESULTS, pins};
use crate::network::{N_PINGS, PING_BYTES, with_veth};
use crate::support::{may_load, object, offset, skip};
use libbpf_rs::{
    ErrorKind, MapCore, MapFlags, Object, ObjectBuilder, OpenObject, ProgramInput,
    RingBufferBuilder,
};
use std::cell::RefCell;
use std::time::Duration;

/// An object with variables of `.rodata` set.
fn open(bytes: &[u8], constants: &[(&str, &[u8])]) -> OpenObject {
    let mut open = ObjectBuilder::default().open_memory(bytes).unwrap();
    let is_constants = |name: &str| name.ends_with(".rodata");
    let mut map = open.maps_mut().find(|map| is_constants(map.name().to_str().unwrap())).unwrap();
    let values = map.initial_value_mut().unwrap();
    for (name, value) in constants {
        let at = offset(bytes, name);
        values[at..at + value.len()].copy_from_slice(value);
    }
    open
}

/// The only value of the map with this end of its name.
fn value(object: &Object, suffix: &str) -> u64 {
    let mut maps = object.maps();
    let map = maps.find(|map| map.name().to_str().unwrap().ends_with(suffix)).unwrap();
    let bytes = map.lookup(&[0; 4], MapFlags::ANY).unwrap().unwrap();
    u64::from_ne_bytes(bytes[..8].try_into().unwrap())
}

#[test]
fn libbpf_rs_runs_xdp() {
    with_veth(|far| {
        let constants: [(&str, &[u8]); 2] =
            [("weight", &3u32.to_ne_bytes()), ("wanted_length", &PING_BYTES.to_ne_bytes())];
        let object = open(&object("packets.c"), &constants).load().unwrap();
        let near = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
        assert!(near.contains("near:"));
        let index = nix::net::if_::if_nametoindex("near").unwrap();
        let program = object.progs_mut().find(|program| program.name() == "count").unwrap();
        let _link = program.attach_xdp(index as i32).unwrap();
        far.ping();
        let lengths = object.maps().find(|map| map.name() == "lengths").unwrap();
        let counted = lengths.lookup(&PING_BYTES.to_ne_bytes(), MapFlags::ANY).unwrap().unwrap();
        assert_eq!(counted, N_PINGS.to_ne_bytes());
        assert_eq!(value(&object, ".bss"), 3 * N_PINGS);
        let seen = RefCell::new(Vec::new());
        let events = object.maps().find(|map| map.name() == "events").unwrap();
        let mut builder = RingBufferBuilder::new();
        let note = |event: &[u8]| {
            seen.borrow_mut().push(u32::from_ne_bytes(event[..4].try_into().unwrap()));
            0
        };
        builder.add(&events, note).unwrap();
        builder.build().unwrap().consume().unwrap();
        assert_eq!(*seen.borrow(), [100, 101, 102, 103]);
    });
}

#[test]
fn libbpf_rs_runs_a_raw_tracepoint() {
    if !may_load() {
        return;
    }
    let constants: [(&str, &[u8]); 2] = [
        ("wanted_pid", &std::process::id().to_ne_bytes()),
        ("wanted_call", &(libc::SYS_getpgid as u64).to_ne_bytes()),
    ];
    let object = open(&object("calls.c"), &constants).load().unwrap();
    let _link = object.progs_mut().next().unwrap().attach().unwrap();
    for _ in 0..5 {
        nix::unistd::getpgid(None).unwrap();
    }
    assert!(value(&object, ".bss") >= 5);
}

#[test]
fn libbpf_rs_runs_fentry() {
    if !may_load() {
        return;
    }
    let pid = std::process::id().to_ne_bytes();
    let object = match open(&object("sleeps.c"), &[("wanted_pid", &pid)]).load() {
        Ok(object) => object,
        // Some machines refuse trampolines from time to time, for root and without a word in the log.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return skip("the kernel refuses fentry: EPERM");
        }
        Err(error) => panic!("{error:?}"),
    };
    let _link = object.progs_mut().next().unwrap().attach().unwrap();
    std::thread::sleep(Duration::from_millis(1));
    assert!(value(&object, ".bss") >= 1);
}

#[test]
fn libbpf_rs_loads_everything() {
    if !may_load() {
        return;
    }
    let Some(pins) = pins() else { return };
    let bytes = object("everything.c");
    let mut builder = ObjectBuilder::default();
    let open = builder.pin_root_path(&pins.0).unwrap().open_memory(&bytes).unwrap();
    let object = open.load().unwrap();
    let program = object.progs_mut().find(|program| program.name() == "all").unwrap();
    let input = ProgramInput { data_in: Some(&[0; 64]), ..ProgramInput::default() };
    assert_eq!(program.test_run(input).unwrap().return_value, 5);
    let mut maps = object.maps();
    let bss = maps.find(|map| map.name().to_str().unwrap().ends_with(".bss")).unwrap();
    let values = bss.lookup(&[0; 4], MapFlags::ANY).unwrap().unwrap();
    let at = offset(&bytes, "results") + 2 * 8;
    let results = values[at..].chunks_exact(8).take(RESULTS.len());
    let results: Vec<u64> = results.map(|b| u64::from_ne_bytes(b.try_into().unwrap())).collect();
    assert_eq!(results, RESULTS);
    assert!(pins.0.join("bpfc_pinned").exists());
}
