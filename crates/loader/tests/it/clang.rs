//! Objects that clang made of the examples, where clang and libbpf's headers are installed.

use crate::support::kernel;
use bpfc_loader::{
    AttachSpec, Ended, EventLoop, Kernel, Link, LoadOptions, Loaded, RingBuffer, StopFlag,
    TestInput, attach, load,
};
use bpfc_object::Object;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A folder with `vmlinux.h` of the running kernel; `None` if it cannot be made.
fn headers() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clang");
        std::fs::create_dir_all(&folder).ok()?;
        let arguments = "btf dump file /sys/kernel/btf/vmlinux format c".split(' ');
        let output = Command::new("bpftool").args(arguments).output().ok()?;
        let is_made = output.status.success();
        std::fs::write(folder.join("vmlinux.h"), output.stdout).ok()?;
        is_made.then_some(folder)
    });
    folder.as_deref()
}

/// Compiles an example with clang 19 and reads the object.
fn compiled(name: &str) -> Option<Object> {
    compiled_file(name, &format!("{}/../../examples/{name}.c", env!("CARGO_MANIFEST_DIR")))
}

/// Compiles a file with clang 19 and reads the object, which is kept as `name`.
fn compiled_file(name: &str, source: &str) -> Option<Object> {
    let Some(folder) = headers() else {
        bpfc_testkit::skipped("bpftool is not installed");
        return None;
    };
    let object = folder.join(format!("{name}.o"));
    let output = Command::new("clang-19")
        .args(["-O2", "-g", "-target", "bpf", "-c", source, "-o"])
        .arg(&object)
        .arg("-I")
        .arg(folder)
        .arg(format!("-I/usr/include/{}-linux-gnu", std::env::consts::ARCH))
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            bpfc_testkit::skipped(format!("clang-19 or libbpf-dev does not compile {name}: {why}"));
            return None;
        }
        Err(_) => {
            bpfc_testkit::skipped("clang-19 is not installed");
            return None;
        }
    }
    let bytes = std::fs::read(&object).unwrap();
    Some(bpfc_object::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn loaded(name: &str) -> Option<(Kernel, Loaded)> {
    let kernel = kernel()?;
    let object = compiled(name)?;
    let loaded = load(&object, &kernel, &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{name}: {:#?}", error.to_diagnostic()));
    assert_eq!(loaded.btf_complaint, None, "{name}");
    Some((kernel, loaded))
}

fn attach_all(loaded: &Loaded, kernel: &Kernel) -> Vec<Link> {
    let attach = |program: &bpfc_loader::Program| {
        let spec = AttachSpec::of(program.name(), program.kind()).unwrap();
        attach(program, &spec, kernel).unwrap()
    };
    loaded.programs.iter().map(attach).collect()
}

/// An Ethernet frame with IPv4 and UDP to `port`.
fn udp(port: u16) -> Vec<u8> {
    let mut frame = vec![0; 60];
    frame[12..14].copy_from_slice(&[8, 0]);
    frame[14] = 0x45;
    frame[16..18].copy_from_slice(&46_u16.to_be_bytes());
    frame[23] = 17;
    frame[36..38].copy_from_slice(&port.to_be_bytes());
    frame[38..40].copy_from_slice(&26_u16.to_be_bytes());
    frame
}

fn run(loaded: &Loaded, data: &[u8]) -> bpfc_loader::TestOutput {
    let input = TestInput { data, ..TestInput::default() };
    loaded.programs[0].test_run(&input).unwrap()
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_ne_bytes(bytes[..4].try_into().unwrap())
}

fn long(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(bytes[..8].try_into().unwrap())
}

#[test]
fn xdp_count_counts_protocols() {
    let Some((_, loaded)) = loaded("xdp_count") else {
        return;
    };
    for _ in 0..3 {
        assert_eq!(run(&loaded, &udp(53)).retval, 2);
    }
    let dump = loaded.map("counters").unwrap().dump().unwrap();
    let [(key, values)] = &dump[..] else { panic!("{dump:?}") };
    // `enum protocol`: UDP is 4.
    assert_eq!(word(key), 4);
    assert_eq!((long(&values[0]), long(&values[0][8..])), (3, 180));
}

#[test]
fn xdp_firewall_drops_by_port() {
    let Some((_, loaded)) = loaded("xdp_firewall") else {
        return;
    };
    assert_eq!(run(&loaded, &udp(23)).retval, 1);
    assert_eq!(run(&loaded, &udp(24)).retval, 2);
    let verdicts = loaded.map("verdicts").unwrap().dump().unwrap();
    let verdicts: Vec<u64> = verdicts.iter().map(|(_, values)| long(&values[0])).collect();
    assert_eq!(verdicts, [1, 1]);
}

#[test]
fn tc_rewrite_rewrites_ports() {
    let Some((_, loaded)) = loaded("tc_rewrite") else {
        return;
    };
    let output = run(&loaded, &udp(5353));
    assert_eq!(output.data[36..38], 53_u16.to_be_bytes());
    let output = run(&loaded, &udp(5354));
    assert_eq!(output.data[36..38], 5354_u16.to_be_bytes());
}

#[test]
fn socket_http_drops_the_rest() {
    let Some((_, loaded)) = loaded("socket_http") else {
        return;
    };
    assert_eq!(run(&loaded, &udp(80)).retval, 0);
    let seen = loaded.map("seen").unwrap().dump().unwrap();
    assert_eq!(long(&seen[0].1[0]), 1);
}

#[test]
fn execsnoop_sees_programs_start() {
    let Some((kernel, loaded)) = loaded("execsnoop") else {
        return;
    };
    let _links = attach_all(&loaded, &kernel);
    let mut child = Command::new("/bin/true").spawn().unwrap();
    let pid = child.id();
    let mut events = EventLoop::new();
    let ring = RingBuffer::new(loaded.map("events").unwrap()).unwrap();
    events.ring(ring, |event| {
        if word(event) != pid {
            return ControlFlow::Continue(());
        }
        assert_eq!(word(&event[4..]), std::process::id());
        assert!(event[28..].starts_with(b"/bin/true\0"));
        ControlFlow::Break(())
    });
    let deadline = Instant::now() + Duration::from_secs(5);
    let ended = events.run(Some(deadline), &StopFlag::new()).unwrap();
    child.wait().unwrap();
    assert_eq!(ended, Ended::Broken);
}

#[test]
fn runqlat_measures_waits() {
    let Some((kernel, loaded)) = loaded("runqlat") else {
        return;
    };
    let links = attach_all(&loaded, &kernel);
    assert_eq!(links.len(), 3);
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        std::thread::sleep(Duration::from_millis(10));
        let dump = loaded.map("wait_us").unwrap().dump().unwrap();
        let total: u64 = dump.iter().map(|(_, values)| long(&values[0])).sum();
        if total > 0 {
            break;
        }
        assert!(Instant::now() < end, "nobody waited for a CPU");
    }
}

/// An element of a map of maps has the types of its template, or the kernel does not take it.
#[test]
fn elements_with_locks_fit_their_map() {
    let source = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("locks.c");
    let text = r#"
        #include "vmlinux.h"
        #include <bpf/bpf_helpers.h>
        struct entry { struct bpf_spin_lock lock; int n; };
        struct table {
            __uint(type, BPF_MAP_TYPE_ARRAY);
            __uint(max_entries, 1);
            __type(key, int);
            __type(value, struct entry);
        } table SEC(".maps");
        struct {
            __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
            __uint(max_entries, 1);
            __type(key, int);
            __array(values, struct table);
        } outer SEC(".maps") = { .values = { [0] = &table } };
        SEC("tc") int prog(void *ctx) {
            int key = 0;
            return bpf_map_lookup_elem(&outer, &key) ? 7 : 1;
        }
        char LICENSE[] SEC("license") = "GPL";
    "#;
    std::fs::write(&source, text).unwrap();
    let Some(kernel) = kernel() else { return };
    let Some(object) = compiled_file("locks", source.to_str().unwrap()) else { return };
    let loaded = load(&object, &kernel, &LoadOptions::default()).unwrap();
    assert_eq!(run(&loaded, &udp(53)).retval, 7);
}
