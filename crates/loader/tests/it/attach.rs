//! Attaching, counting what happens, detaching, on the running kernel.

use crate::support::{add, array, kernel, loaded, object, program, skip_without};
use bpfc_kabi::ProgType;
use bpfc_loader::{AttachSpec, Kernel, LoadError, LoadOptions, Loaded, ProgKind, attach, load};
use bpfc_object::Object;
use std::process::Command;
use std::time::{Duration, Instant};

/// Adds 1 to element 0 of `counts`.
pub const COUNT: &str = "*(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = counts ll
    call bpf_map_lookup_elem
    if r0 == 0 goto .Lout
    r1 = 1
    lock *(u64 *)(r0 + 0) += r1
    .Lout:
    r0 = 0
    exit";

fn counter(section: &str) -> Object {
    program([array("counts", 8, 1)], section, COUNT)
}

pub fn count(loaded: &Loaded) -> u64 {
    let counts = loaded.map("counts").unwrap();
    let value = counts.lookup(&[0; 4]).unwrap().unwrap().remove(0);
    u64::from_ne_bytes(value.try_into().unwrap())
}

/// Attaches where the section says.
fn attach_default(loaded: &Loaded, kernel: &Kernel) -> Result<bpfc_loader::Link, LoadError> {
    let program = &loaded.programs[0];
    let spec = AttachSpec::of(program.name(), program.kind()).unwrap();
    attach(program, &spec, kernel)
}

fn wait_for(mut happens: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        if happens() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

#[test]
fn tracepoints_count_executions() {
    let Some(kernel) = kernel() else { return };
    let loaded = loaded(&counter("tp/sched/sched_process_exec"), &kernel);
    let link = attach_default(&loaded, &kernel).unwrap();
    assert_eq!(link.spec(), "tp:sched:sched_process_exec");
    for _ in 0..3 {
        assert!(Command::new("true").status().unwrap().success());
    }
    assert!(count(&loaded) >= 3, "{}", count(&loaded));
    link.detach().unwrap();
    let before = count(&loaded);
    Command::new("true").status().unwrap();
    assert_eq!(count(&loaded), before);
}

#[test]
fn raw_tracepoints_count_switches() {
    let Some(kernel) = kernel() else { return };
    let loaded = loaded(&counter("raw_tp/sched_switch"), &kernel);
    let link = attach_default(&loaded, &kernel).unwrap();
    assert!(wait_for(|| count(&loaded) > 0));
    drop(link);
    let before = count(&loaded);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(count(&loaded), before);
}

#[test]
fn cpu_clocks_tick() {
    let Some(kernel) = kernel() else { return };
    let loaded = loaded(&counter("perf_event"), &kernel);
    let spec: AttachSpec = "perf_event:1000".parse().unwrap();
    let _link = attach(&loaded.programs[0], &spec, &kernel).unwrap();
    assert!(wait_for(|| count(&loaded) > 0));
}

#[test]
fn user_functions_are_probed() {
    let Some(kernel) = kernel() else { return };
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc = maps
        .lines()
        .find_map(|line| line.split_whitespace().nth(5).filter(|path| path.contains("/libc.so")));
    if skip_without(libc.is_some(), "this test is linked statically") {
        return;
    }
    let object = counter(&format!("uprobe/{}:getpgid", libc.unwrap()));
    let loaded = loaded(&object, &kernel);
    let link = match attach_default(&loaded, &kernel) {
        Ok(link) => link,
        Err(error) => {
            skip_without(false, &error.to_string());
            return;
        }
    };
    let before = count(&loaded);
    for _ in 0..7 {
        nix::unistd::getpgid(None).unwrap();
    }
    assert!(count(&loaded) >= before + 7);
    drop(link);
    let spec: AttachSpec = format!("uprobe:{}:getpgidd", libc.unwrap()).parse().unwrap();
    let error = attach(&loaded.programs[0], &spec, &kernel).unwrap_err();
    assert!(error.to_string().ends_with("did you mean `getpgid`?"), "{error}");
}

#[test]
fn kernel_functions_are_probed_or_the_reason_is_given() {
    let Some(kernel) = kernel() else { return };
    let mut object = object([array("counts", 8, 1)]);
    add(&mut object, "kprobe/sys_getpgid", "prog", COUNT);
    let loaded = loaded(&object, &kernel);
    match attach_default(&loaded, &kernel) {
        Ok(link) => {
            assert!(link.spec().ends_with("sys_getpgid"), "{}", link.spec());
            nix::unistd::getpgid(None).unwrap();
            assert!(count(&loaded) > 0);
        }
        Err(error) => {
            assert_eq!(kernel.config_value("CONFIG_KPROBES"), Some("n"));
            assert_eq!(
                error.to_string(),
                "`prog` cannot be attached to kprobe:__x64_sys_getpgid: this kernel is built \
                 without kprobes (CONFIG_KPROBES is not set)"
            );
            assert_eq!(error.to_diagnostic().code.name(), "E0905");
        }
    }
    let spec: AttachSpec = "kprobe:no_such_function_anywhere".parse().unwrap();
    let error = attach(&loaded.programs[0], &spec, &kernel).unwrap_err();
    assert_eq!(error.code().name(), "E0906");
}

#[test]
fn programs_may_be_attached_elsewhere_than_declared() {
    let Some(kernel) = kernel() else { return };
    let object = counter("kprobe/finish_task_switch");
    let func = object.function("prog").unwrap();
    let declared = ProgKind::of(&object.functions[func]);
    let spec: AttachSpec = "raw_tp:sched_switch".parse().unwrap();
    let options =
        LoadOptions { kinds: vec![(func, spec.kind(declared.as_ref()))], ..LoadOptions::default() };
    let loaded = load(&object, &kernel, &options).unwrap();
    assert_eq!(loaded.programs[0].kind().prog_type, ProgType::RawTracepoint);
    let _link = attach(&loaded.programs[0], &spec, &kernel).unwrap();
    assert!(wait_for(|| count(&loaded) > 0));
    let elsewhere: AttachSpec = "tp:sched:sched_switch".parse().unwrap();
    let error = attach(&loaded.programs[0], &elsewhere, &kernel).unwrap_err();
    assert!(error.to_string().contains("it was loaded as BPF_PROG_TYPE_RAW_TRACEPOINT"), "{error}");
}

#[test]
fn misspelt_places_have_suggestions() {
    let Some(kernel) = kernel() else { return };
    let point = loaded(&counter("tp/a/b"), &kernel);
    let raw = loaded(&counter("raw_tp/a"), &kernel);
    let xdp = loaded(&counter("xdp"), &kernel);
    for (loaded, spec, expected) in [
        (
            &point,
            "tp:shed:sched_switch",
            "there is no tracepoint `shed:sched_switch`; did you mean `sched:sched_switch`?",
        ),
        (
            &point,
            "tp:sched:sched_swich",
            "there is no tracepoint `sched:sched_swich`; did you mean `sched:sched_switch`?",
        ),
        (
            &raw,
            "raw_tp:sched_swich",
            "there is no raw tracepoint `sched_swich`; did you mean `sched_switch`?",
        ),
        (&xdp, "xdp:l0", "there is no network interface `l0`; did you mean `lo`?"),
    ] {
        let spec: AttachSpec = spec.parse().unwrap();
        let error = attach(&loaded.programs[0], &spec, &kernel).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.code().name(), "E0906");
    }
}

#[test]
fn control_groups_take_programs() {
    let Some(kernel) = kernel() else { return };
    let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
    let root = roots
        .iter()
        .find(|root| std::fs::exists(format!("{root}/cgroup.controllers")).unwrap_or(false));
    if skip_without(root.is_some(), "there is no cgroup v2 file system") {
        return;
    }
    let folder = format!("{}/bpfc-test-{}", root.unwrap(), std::process::id());
    if let Err(error) = std::fs::create_dir(&folder) {
        skip_without(false, &format!("no control group can be made: {error}"));
        return;
    }
    let object = program([], "cgroup_skb/egress", "r0 = 1\nexit");
    let loaded = loaded(&object, &kernel);
    let spec: AttachSpec = format!("cgroup:{folder}").parse().unwrap();
    let outcome = attach(&loaded.programs[0], &spec, &kernel).and_then(|link| link.detach());
    std::fs::remove_dir(&folder).unwrap();
    outcome.unwrap();
}

#[test]
fn libraries_are_found_by_name_and_probes_keep_to_their_process() {
    let Some(kernel) = kernel() else { return };
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    if skip_without(maps.contains("/libc.so.6"), "this test is linked statically") {
        return;
    }
    let loaded = loaded(&counter("uprobe"), &kernel);
    let program = &loaded.programs[0];
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let attach_for = |pid: u32| {
        let spec: AttachSpec = format!("uprobe:c:getpgid,pid={pid}").parse().unwrap();
        attach(program, &spec, &kernel).unwrap()
    };
    let other = attach_for(child.id());
    nix::unistd::getpgid(None).unwrap();
    assert_eq!(count(&loaded), 0);
    drop(other);
    let own = attach_for(std::process::id());
    nix::unistd::getpgid(None).unwrap();
    assert_eq!(count(&loaded), 1);
    drop(own);
    child.kill().unwrap();
    child.wait().unwrap();
    for (spec, expected) in [
        ("uprobe:no_such_library:f", "there is no library or program `no_such_library`"),
        ("uprobe:/no/such/file:f", "cannot read `/no/such/file`"),
        ("uprobe:c:getpgidd", "did you mean `getpgid`?"),
        ("uprobe:c:memcpy", "is chosen when a program starts"),
        ("usdt:c:libc:no_such_marker", "there is no USDT marker"),
        ("uprobe:c:0x10,pid=4194304", "there is no such process"),
    ] {
        let spec: AttachSpec = spec.parse().unwrap();
        let error = attach(program, &spec, &kernel).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn patterns_have_limits() {
    let Some(kernel) = kernel() else { return };
    let loaded = loaded(&counter("tp"), &kernel);
    let error = |spec: &str| {
        let spec: AttachSpec = spec.parse().unwrap();
        attach(&loaded.programs[0], &spec, &kernel).unwrap_err().to_string()
    };
    let many = error("tp:sched:sched_*,limit=2");
    assert!(many.contains("more than the limit of 2: narrow it, or add `,limit="), "{many}");
    assert_eq!(error("tp:sched:nothing*"), "there is no tracepoint `sched:nothing*`");
    let spec: AttachSpec = "tp:sched:sched_switc?".parse().unwrap();
    let link = attach(&loaded.programs[0], &spec, &kernel).unwrap();
    assert_eq!((link.n_places(), link.n_refused()), (1, 0));
    assert!(wait_for(|| count(&loaded) > 0));
}

#[test]
fn iterators_want_to_know_their_map() {
    let Some(kernel) = kernel() else { return };
    let loaded = loaded(&program([], "iter/bpf_map_elem", "r0 = 0\nexit"), &kernel);
    let error = |spec: &str| {
        let spec: AttachSpec = spec.parse().unwrap();
        attach(&loaded.programs[0], &spec, &kernel).unwrap_err().to_string()
    };
    assert!(error("iter:bpf_map_elem").contains("say which, `,map=NAME`"));
    assert!(error("iter:bpf_map_elem,map=no_such_map").contains("there is no map `no_such_map`"));
    assert!(error("iter:bpf_map_elem,map=/no/such/pin").contains("ENOENT"));
}
