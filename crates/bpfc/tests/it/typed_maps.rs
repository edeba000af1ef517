//! Maps and variables by their types, in the kernel and in the virtual machine.

#![allow(clippy::unwrap_used, reason = "a test")]

use bpfc::vm::Input;
use bpfc::{Loaded, Program, Stage};
use serde_json::json;

const SOURCE: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
enum verdict { KEPT, DROPPED };
struct flow { enum verdict verdict; __u16 port; };
struct count { __u64 packets; __u64 bytes; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 10000); __type(key, struct flow); __type(value, struct count); } flows SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); } hits SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 2); __type(value, __u32); } queue SEC(".maps");
struct { int level; char name[8]; __u16 ports[2]; } options = { 3, "web", { 80, 443 } };
const volatile int wanted = 5;
__u64 n_runs;
SEC("xdp") int count(struct xdp_md *ctx)
{
    struct flow flow = { DROPPED, options.ports[1] };
    __u32 zero = 0;
    struct count *found = bpf_map_lookup_elem(&flows, &flow);
    if (found) found->packets += wanted;
    __u64 *n = bpf_map_lookup_elem(&hits, &zero);
    if (n) *n += 1;
    bpf_map_peek_elem(&queue, &zero);
    n_runs += 1;
    return options.level;
}
char LICENSE[] SEC("license") = "GPL";
"#;

fn loaded() -> Option<Loaded> {
    if !bpfc_tester::is_root() {
        return None;
    }
    match Program::compile(SOURCE).unwrap().set("wanted=7").unwrap().check().unwrap().load() {
        Ok(loaded) => Some(loaded),
        Err(error) if error.load_error().is_some_and(|e| e.code().to_string() == "E0902") => None,
        Err(error) => panic!("{error}"),
    }
}

fn run(loaded: &Loaded) -> u32 {
    let input = bpfc::loader::TestInput { data: &[0; 64], ..Default::default() };
    loaded.test_run("count", &input).unwrap().retval
}

#[test]
fn json_goes_in_and_out() {
    let Some(loaded) = loaded() else { return };
    let flows = loaded.map("flows").unwrap();
    let dropped = || json!({"verdict": "DROPPED", "port": 443});
    assert_eq!(flows.get(dropped()).unwrap(), None);
    flows.set(dropped(), json!({"packets": 3, "bytes": 99})).unwrap();
    assert_eq!(run(&loaded), 3);
    flows.set(dropped(), json!({"bytes": 100})).unwrap();
    assert_eq!(flows.get(dropped()).unwrap(), Some(json!({"packets": 10, "bytes": 100})));
    let element = |port: u16| (json!({"port": port}), json!({"bytes": port}));
    flows.set_all((0..5000).map(element)).unwrap();
    assert_eq!(flows.entries().unwrap().count(), 5001);
    let kept = flows.entries().unwrap().filter(|(key, _)| key["verdict"] == "KEPT");
    assert!(kept.into_iter().all(|(key, value)| key["port"] == value["bytes"]));
    assert_eq!(flows.delete_all((4000..6000).map(|port| element(port).0)).unwrap(), 1000);
    assert!(flows.delete(dropped()).unwrap() && !flows.delete(dropped()).unwrap());
    let error = flows.set(json!({"prot": 1}), json!({})).unwrap_err();
    assert_eq!((error.stage(), error.diagnostics()[0].code.name()), (Stage::Use, "E0920"));
    assert!(error.to_string().contains("did you mean `port`"), "{error}");
    assert!(loaded.map("flow").is_err());
    let queue = loaded.map("queue").unwrap();
    queue.push(5).unwrap();
    queue.push(6).unwrap();
    assert_eq!((queue.pop().unwrap(), queue.pop().unwrap()), (Some(5.into()), Some(6.into())));
    assert_eq!(queue.pop().unwrap(), None);
}

#[test]
fn values_of_all_cpus() {
    let Some(loaded) = loaded() else { return };
    let hits = loaded.map("hits").unwrap();
    run(&loaded);
    let n_cpus = hits.raw().n_values() as usize;
    let found = hits.get(0).unwrap().unwrap();
    assert_eq!(found.as_array().unwrap().len(), n_cpus);
    assert_eq!(found.as_array().unwrap().iter().filter_map(|n| n.as_u64()).sum::<u64>(), 1);
    hits.set(1, 4).unwrap();
    assert_eq!(hits.get(1).unwrap(), Some(vec![4; n_cpus].into()));
    let each: Vec<usize> = (0..n_cpus).collect();
    hits.set(1, each.clone()).unwrap();
    assert_eq!(hits.get(1).unwrap(), Some(each.into()));
    let typed = hits.typed::<u32, u64>().unwrap();
    assert_eq!(typed.get_per_cpu(&1).unwrap().unwrap().len(), n_cpus);
    assert_eq!(typed.get(&5).unwrap(), None);
}

#[test]
fn rust_types_go_in_and_out() {
    let Some(loaded) = loaded() else { return };
    let flows = loaded.map("flows").unwrap();
    // A map keeps itself.
    drop(loaded);
    let typed = flows.typed::<[u32; 2], [u64; 2]>().unwrap();
    typed.set(&[1, 80], &[2, 3]).unwrap();
    assert_eq!(flows.get(json!({"verdict": "DROPPED", "port": 80})).unwrap().unwrap()["bytes"], 3);
    let more: Vec<([u32; 2], [u64; 2])> = (100..200).map(|n| ([0, n], [0, n.into()])).collect();
    typed.set_all(&more).unwrap();
    assert_eq!(typed.entries().unwrap().map(|(_, [_, bytes])| bytes).sum::<u64>(), 3 + 14950);
    assert!(typed.delete(&[1, 80]).unwrap());
    assert_eq!(typed.delete_all(&[[0, 100], [0, 7], [0, 101]]).unwrap(), 2);
    assert!(flows.typed::<u32, [u64; 2]>().unwrap_err().to_string().contains("8 bytes, not 4"));
}

#[test]
fn variables_are_read_and_set_while_loaded() {
    let Some(loaded) = loaded() else { return };
    let read = |place: &str| loaded.variable(place).unwrap().to_json();
    assert_eq!((run(&loaded), read("n_runs"), read("wanted")), (3, 1.into(), 7.into()));
    loaded.set_variable("options.level=2").unwrap();
    loaded.set_variable("options.name=\"proxy\"").unwrap();
    assert_eq!(run(&loaded), 2);
    assert_eq!(read("options"), json!({"level": 2, "name": "proxy", "ports": [80, 443]}));
    assert_eq!((read("options.ports[1]"), read("options.name[1]")), (443.into(), b'r'.into()));
    let problem = |place: &str| loaded.variable(place).unwrap_err().to_string();
    assert!(problem("n_run").contains("did you mean `n_runs`"));
    assert!(problem("options.port").contains("did you mean `ports`"));
    assert!(problem("options.ports[2]").contains("2 elements"));
    assert!(loaded.set_variable("wanted=1").unwrap_err().to_string().contains("constant"));
    assert!(loaded.set_variable("n_runs=x").is_err());
}

#[test]
fn the_virtual_machine_has_the_same() {
    let mut machine = Program::compile(SOURCE).unwrap().machine().unwrap();
    let key = || json!({"verdict": "DROPPED", "port": 443});
    machine.set("flows", key(), json!({"packets": 1, "bytes": 2})).unwrap();
    machine.run("count", &Input::default()).unwrap();
    assert_eq!(machine.get("flows", key()).unwrap(), Some(json!({"packets": 6, "bytes": 2})));
    assert_eq!(machine.entries("flows").unwrap().len(), 1);
    machine.delete_key("flows", key()).unwrap();
    assert!(machine.delete_key("flows", key()).is_err());
    assert_eq!(machine.variable("n_runs").unwrap().to_json(), 1);
    assert_eq!(machine.variable("options.name").unwrap().to_json(), "web");
    assert!(machine.set("flows", 5, 5).is_err() && machine.get("flow", 5).is_err());
    assert_eq!(machine.get("hits", 0).unwrap().unwrap()[0], 1);
}

#[test]
fn programs_for_other_kernels() {
    let source = "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n\
        SEC(\"tc\") int f(struct __sk_buff *skb) { return bpf_get_current_task_btf() != 0; }\n\
        char LICENSE[] SEC(\"license\") = \"GPL\";";
    let target = |version: &str| {
        let version = bpfc::KernelVersion::parse(version).unwrap();
        bpfc::TargetKernel { version, btf: bpfc_kernels::open(version), unprivileged: false }
    };
    let compiled = |versions: &[&str]| {
        let source = Program::source(source);
        let source = versions.iter().fold(source, |source, version| source.target(target(version)));
        source.compile().unwrap()
    };
    assert!(compiled(&["6.12"]).verify().is_ok());
    let error = compiled(&["6.12", "5.10"]).verify().unwrap_err();
    assert_eq!(error.diagnostics()[0].targets, ["5.10"], "{error}");
}

#[test]
fn what_is_shown_is_taken_back() {
    let source = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
enum state { CLOSED, OPEN = 7 };
struct all {
    __be32 saddr; __be16 dport; __u16 port; __u64 duration_ns; __u64 ts; char comm[16]; enum state state; bool is_new;
    struct in6_addr from; __u8 mac[6]; __s32 change; __u64 low : 5, high : 59; union { __u32 number; __u8 bytes[4]; };
    int pair[2]; void *address; char letter;
};
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, struct all); } all SEC(".maps");
SEC("xdp") int f(struct xdp_md *ctx) { __u32 zero = 0; return bpf_map_lookup_elem(&all, &zero) ? 2 : 1; }
char LICENSE[] SEC("license") = "GPL";"#;
    let mut machine = Program::compile(source).unwrap().machine().unwrap();
    let n_bytes = machine.lookup("all", &[0; 4]).unwrap().unwrap()[0].len();
    let mut state = 1_u64;
    for round in 0..200 {
        let random = |_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8
        };
        let mut bytes: Vec<u8> = (0..n_bytes).map(random).collect();
        if round == 0 {
            bytes.fill(0);
        }
        // Bytes that are no text cannot be shown as one.
        bytes[24..40].copy_from_slice(b"a \"text\"\\\n\0\0\0\0\0\0");
        machine.update("all", &[0; 4], &bytes).unwrap();
        let shown = machine.get("all", 0).unwrap().unwrap();
        machine.update("all", &[1, 0, 0, 0], &vec![0; n_bytes]).unwrap();
        machine.set("all", 1, shown.clone()).unwrap();
        assert_eq!(machine.get("all", 1).unwrap().unwrap(), shown);
    }
}

#[test]
fn setting_a_variable_leaves_those_beside_it_alone() {
    if !bpfc_tester::is_root() {
        return;
    }
    let source = "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n\
        struct { __u8 low : 3, high : 5; __u16 port; } bits = { 1, 2, 3 };\n\
        __u64 n_runs = 1; int level = 3;\n\
        SEC(\"xdp\") int f(struct xdp_md *ctx) { __sync_fetch_and_add(&n_runs, 1); return level; }\n\
        char LICENSE[] SEC(\"license\") = \"GPL\";";
    let Ok(loaded) = Program::compile(source).unwrap().check().unwrap().load() else { return };
    let read = |place: &str| loaded.variable(place).unwrap().to_json();
    const N: u32 = 1_000_000;
    std::thread::scope(|scope| {
        let runs = scope.spawn(|| {
            let data = &[0; 64];
            let input = bpfc::loader::TestInput { data, repeat: N, ..Default::default() };
            loaded.test_run("f", &input).unwrap();
        });
        let mut n = 0;
        while !runs.is_finished() {
            loaded.set_variable(&format!("level={}", n % 2 + 1)).unwrap();
            n += 1;
        }
    });
    assert_eq!(read("n_runs"), N + 1);
    loaded.set_variable("bits.high=9").unwrap();
    loaded.set_variable("bits.port=0x1234").unwrap();
    assert_eq!(read("bits"), json!({"low": 1, "high": 9, "port": 0x1234}));
}
