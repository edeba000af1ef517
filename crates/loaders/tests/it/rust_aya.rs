//! `aya`, which shares no code with libbpf.

use crate::network::{N_PINGS, PING_BYTES, with_veth};
use crate::support::{may_load, object, skip};
use aya::maps::{Array, HashMap, RingBuf};
use aya::programs::{FEntry, RawTracePoint, SchedClassifier, TcAttachType, Xdp, XdpMode};
use aya::{Btf, Ebpf, EbpfLoader};
use std::time::Duration;

/// Loads `packets.c` with its constants set.
fn packets() -> Ebpf {
    let mut loader = EbpfLoader::new();
    loader.override_global("weight", &3u32, true);
    loader.override_global("wanted_length", &PING_BYTES, true);
    loader.load(&object("packets.c")).unwrap()
}

/// What the pings leave in maps, variables and the ring buffer.
fn assert_counted(mut ebpf: Ebpf) {
    let lengths: HashMap<_, u32, u64> = ebpf.map("lengths").unwrap().try_into().unwrap();
    assert_eq!(lengths.get(&PING_BYTES, 0).unwrap(), N_PINGS);
    let bss: Array<_, u64> = ebpf.map(".bss").unwrap().try_into().unwrap();
    assert_eq!(bss.get(&0, 0).unwrap(), 3 * N_PINGS);
    let data: Array<_, u32> = ebpf.map(".data").unwrap().try_into().unwrap();
    assert_eq!(data.get(&0, 0).unwrap(), 100 + N_PINGS as u32);
    let mut events: RingBuf<_> = ebpf.take_map("events").unwrap().try_into().unwrap();
    for number in 0..N_PINGS as u32 {
        let event = events.next().unwrap();
        assert_eq!(event[..4], (100 + number).to_ne_bytes());
        assert_eq!(event[4..], PING_BYTES.to_ne_bytes());
    }
    assert!(events.next().is_none());
}

#[test]
fn aya_runs_xdp() {
    with_veth(|far| {
        let mut ebpf = packets();
        let program: &mut Xdp = ebpf.program_mut("count").unwrap().try_into().unwrap();
        program.load().unwrap();
        program.attach("near", XdpMode::default()).unwrap();
        far.ping();
        assert_counted(ebpf);
    });
}

#[test]
fn aya_runs_a_classifier() {
    with_veth(|far| {
        let mut ebpf = packets();
        let program = ebpf.program_mut("classify").unwrap();
        let program: &mut SchedClassifier = program.try_into().unwrap();
        program.load().unwrap();
        program.attach("near", TcAttachType::Ingress).unwrap();
        far.ping();
        assert_counted(ebpf);
    });
}

#[test]
fn aya_runs_a_raw_tracepoint() {
    if !may_load() {
        return;
    }
    let mut loader = EbpfLoader::new();
    let pid = std::process::id();
    let call = libc::SYS_getpgid as u64;
    loader.override_global("wanted_pid", &pid, true);
    loader.override_global("wanted_call", &call, true);
    let mut ebpf = loader.load(&object("calls.c")).unwrap();
    let program: &mut RawTracePoint = ebpf.program_mut("enter").unwrap().try_into().unwrap();
    program.load().unwrap();
    program.attach("sys_enter").unwrap();
    for _ in 0..5 {
        nix::unistd::getpgid(None).unwrap();
    }
    let bss: Array<_, u64> = ebpf.map(".bss").unwrap().try_into().unwrap();
    assert!(bss.get(&0, 0).unwrap() >= 5);
}

#[test]
fn aya_runs_fentry() {
    if !may_load() {
        return;
    }
    let mut loader = EbpfLoader::new();
    let pid = std::process::id();
    loader.override_global("wanted_pid", &pid, true);
    let mut ebpf = loader.load(&object("sleeps.c")).unwrap();
    let program: &mut FEntry = ebpf.program_mut("nap").unwrap().try_into().unwrap();
    let types = Btf::from_sys_fs().unwrap();
    if let Err(error) = program.load("hrtimer_nanosleep", &types) {
        // Some machines refuse trampolines from time to time, for root and without a word in the log.
        let text = format!("{error:?}");
        assert!(text.contains("PermissionDenied") || text.contains("code: 1,"), "{text}");
        return skip("the kernel refuses fentry: EPERM");
    }
    program.attach().unwrap();
    std::thread::sleep(Duration::from_millis(1));
    let bss: Array<_, u64> = ebpf.map(".bss").unwrap().try_into().unwrap();
    assert!(bss.get(&0, 0).unwrap() >= 1);
}
