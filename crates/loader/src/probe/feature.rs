//! Instruction sets, and features that are neither types nor helpers.

use super::attaching::{HARDWARE, counter, sleepable};
use super::facts::Capability;
use super::helpers::may_call_helper;
use super::programs::{load, load_as, short_slug, template, text, trivial};
use super::verdict::{Finding, Group, Needs, Prober, Verdict};
use crate::Errno;
use crate::explain::of_program;
use crate::kernel::Kernel;
use crate::sys::ask;
use crate::sys::attr::object_name;
use crate::sys::bpf::{self, ProgLoad, TestRun, prog_load};
use crate::sys::map::{Create, MapFd, create};
use bpfc_isa::{Cpu, Endian, Insn, Wide, assemble, encode_program};
use bpfc_kabi::{AttachType, Feature, KernelVersion, MapType, ProgType};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// `BPF_F_XDP_HAS_FRAGS`.
const XDP_HAS_FRAGS: u32 = 1 << 5;
/// `BPF_F_MMAPABLE`.
const MMAPABLE: u32 = 1 << 10;

fn assembled(text: &str) -> Vec<Insn> {
    match assemble(text, &Helpers) {
        Ok(assembly) => assembly.insns,
        Err(errors) => unreachable!("probe programs are correct: {errors:?}"),
    }
}

/// Loads assembly as a program of some type.
fn loads(kernel: &Kernel, ty: ProgType, text: &str) -> Result<OwnedFd, Errno> {
    load(kernel, ty, &assembled(text), &mut [])
}

struct Helpers;

impl bpfc_isa::Symbols for Helpers {
    fn callee(&self, name: &str) -> Option<bpfc_isa::Callee> {
        bpfc_kabi::helper(name).map(|helper| bpfc_isa::Callee::Helper(helper.id))
    }
}

/// The versions of the instruction set.
const LEVELS: [(Cpu, &str, KernelVersion, &str); 4] = [
    (Cpu::V1, "v1", KernelVersion::new(3, 18), "r0 = 0\nexit"),
    (Cpu::V2, "v2", Feature::IsaV2.since(), "r0 = 0\nif r0 < 1 goto +0\nexit"),
    (Cpu::V3, "v3", Feature::IsaV3.since(), "r0 = 0\nif w0 < 1 goto +0\nexit"),
    (Cpu::V4, "v4", Feature::IsaV4.since(), "r0 = 0\nr0 = (s8)r0\nexit"),
];

/// Instructions that no level of the instruction set promises, or that came one by one.
const EXTRAS: [(&str, &str, KernelVersion, &str); 6] = [
    (
        "atomics",
        "atomic fetch, exchange and compare-exchange",
        Feature::FetchingAtomics.since(),
        "r1 = 1\n*(u64 *)(r10 - 8) = r1\nr1 = atomic_fetch_add((u64 *)(r10 - 8), r1)\nr0 = 0\nexit",
    ),
    ("gotol", "jumps of 32 bits", Feature::IsaV4.since(), "r0 = 0\ngotol +0\nexit"),
    ("sdiv", "signed division", Feature::IsaV4.since(), "r0 = 4\nr1 = 2\nr0 s/= r1\nexit"),
    (
        "may_goto",
        "loops that the kernel ends",
        Feature::MayGoto.since(),
        "r0 = 0\nmay_goto +0\nexit",
    ),
    (
        "load_acquire",
        "load-acquire and store-release",
        Feature::LoadAcquire.since(),
        "r1 = 1\n*(u64 *)(r10 - 8) = r1\nr0 = load_acquire((u64 *)(r10 - 8))\nexit",
    ),
    (
        "addr_space_cast",
        "pointers into arenas",
        Feature::Arena.since(),
        "r1 = 0\nr1 = addr_space_cast(r1, 0, 1)\nr0 = 0\nexit",
    ),
];

/// What a socket filter needs that was there from the release on.
fn filter_since(since: KernelVersion) -> Needs {
    Needs { since: Some(since), capabilities: of_program(ProgType::SocketFilter), options: &[] }
}

/// A program of each level, and one with each further instruction.
pub(super) fn instruction_sets(prober: &Prober<'_>) -> Vec<Finding> {
    let levels = LEVELS.into_iter().map(|(_, name, since, text)| (name, None, since, text));
    let extras =
        EXTRAS.into_iter().map(|(name, title, since, text)| (name, Some(title), since, text));
    let findings = levels.chain(extras).map(|(name, title, since, source)| {
        let mut log = [0; 1024];
        let kernel = prober.kernel;
        let outcome = load(kernel, ProgType::SocketFilter, &assembled(source), &mut log);
        let verdict = match outcome {
            // It knows the instruction, and misses the arena.
            Err(_) if text(&log).contains("associated arena") => Verdict::Yes,
            outcome => prober.judge(outcome, filter_since(since)),
        };
        Finding { group: Group::Isa, name: name.into(), title, verdict, since: Some(since) }
    });
    findings.collect()
}

/// The newest instruction set that the running kernel takes: what it loads, or, where this user may not load programs,
/// what Linux of its version has. Version 1 where that is unknown, too.
pub fn newest_cpu(kernel: &Kernel) -> Cpu {
    let is_there =
        |text: &str, since: KernelVersion| match loads(kernel, ProgType::SocketFilter, text) {
            Ok(_) => true,
            Err(Errno::EPERM | Errno::EACCES) => {
                kernel.version().is_some_and(|version| version >= since)
            }
            Err(_) => false,
        };
    let newest = LEVELS.into_iter().rev().find(|&(_, _, since, text)| is_there(text, since));
    newest.map_or(Cpu::V1, |(cpu, ..)| cpu)
}

/// Features, in the order of their age.
pub(super) fn features(prober: &Prober<'_>) -> Vec<Finding> {
    let kernel = prober.kernel;
    let found = |feature: Feature, ty: ProgType, outcome: Result<OwnedFd, Errno>| {
        let needs =
            Needs { since: Some(feature.since()), capabilities: of_program(ty), options: &[] };
        finding(feature, prober.judge(outcome, needs))
    };
    let filter = |feature, text: &str| {
        found(feature, ProgType::SocketFilter, loads(kernel, ProgType::SocketFilter, text))
    };
    let of_helper = |feature: Feature, ty: ProgType, name: &str| {
        let id = bpfc_kabi::helper(name).map_or(0, |helper| helper.id);
        let needs =
            Needs { since: Some(feature.since()), capabilities: of_program(ty), options: &[] };
        let verdict = match may_call_helper(kernel, ty, id) {
            Some(true) => Verdict::Yes,
            Some(false) => prober.absent(needs, &format!("this kernel has no `{name}`")),
            None => prober.refused(Errno::EPERM, needs),
        };
        finding(feature, verdict)
    };
    let calls = "call .Lf\nexit\n.Lf:\nr0 = 0\nexit";
    let loops = "r0 = 0\n.Lagain:\nr0 += 1\nif r0 < 10 goto .Lagain\nr0 = 0\nexit";
    let packet = "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr0 = r2\nr0 += 1\n\
        if r0 > r3 goto +1\nr0 = *(u8 *)(r2 + 0)\nr0 = 2\nexit";
    let reads_kernel = "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_probe_read_kernel\nexit";
    let large = format!("{}r0 = 0\nexit", "r0 = 0\n".repeat(5000));
    let xdp = ProgType::Xdp;
    vec![
        of_helper(Feature::TailCalls, xdp, "bpf_tail_call"),
        found(Feature::DirectPacketAccess, xdp, loads(kernel, xdp, packet)),
        found(Feature::TestRun, ProgType::SocketFilter, test_run(kernel)),
        found(Feature::ObjNames, ProgType::SocketFilter, named_map()),
        filter(Feature::SubprogCalls, calls),
        found(Feature::GlobalData, ProgType::SocketFilter, global_data()),
        found(Feature::MapFreeze, ProgType::SocketFilter, frozen_map()),
        filter(Feature::LargePrograms, &large),
        filter(Feature::BoundedLoops, loops),
        found(Feature::MmapArray, ProgType::SocketFilter, array(MMAPABLE)),
        Finding {
            name: "probe_read_kernel".into(),
            title: Some("reads of kernel and user memory told apart"),
            since: bpfc_kabi::helper("bpf_probe_read_kernel").map(|helper| helper.since),
            ..found(
                Feature::CapBpf,
                ProgType::Kprobe,
                loads(kernel, ProgType::Kprobe, reads_kernel),
            )
        },
        found(Feature::RingBuffer, ProgType::SocketFilter, ring_buffer()),
        found(Feature::Sleepable, ProgType::Lsm, sleepable(prober, ProgType::Lsm)),
        finding(Feature::MemcgAccounting, accounting(prober)),
        of_helper(Feature::Callbacks, xdp, "bpf_for_each_map_elem"),
        found(Feature::XdpFrags, xdp, xdp_frags(kernel)),
        of_helper(Feature::Dynptr, xdp, "bpf_dynptr_from_mem"),
        of_helper(Feature::Kptr, xdp, "bpf_kptr_xchg"),
        found(Feature::SleepableUprobes, ProgType::Kprobe, sleepable(prober, ProgType::Kprobe)),
        kfunc(prober, Feature::Kfuncs, None),
        kfunc(prober, Feature::OpenCodedIterators, Some("bpf_iter_num_new")),
        kfunc(prober, Feature::Exceptions, Some("bpf_throw")),
        finding(Feature::Token, asked(prober, Feature::Token.since(), ask::token_of_nothing())),
        Finding {
            name: "streams".into(),
            title: Some("output of programs to streams of their own"),
            since: Some(STREAMS),
            ..finding(Feature::Token, asked(prober, STREAMS, ask::stream_of_nothing()))
        },
        hardware_counters(prober),
        sched_ext(prober),
    ]
}

/// `bpf_stream_vprintk` and `BPF_PROG_STREAM_READ_BY_FD`.
const STREAMS: KernelVersion = KernelVersion::new(6, 17);

fn finding(feature: Feature, verdict: Verdict) -> Finding {
    Finding {
        group: Group::Feature,
        name: short_slug(feature.name()),
        title: Some(feature.name()),
        verdict,
        since: Some(feature.since()),
    }
}

/// A kernel that knows the question complains of what it was asked about.
fn asked(prober: &Prober<'_>, since: KernelVersion, outcome: Result<(), Errno>) -> Verdict {
    match outcome {
        Err(Errno(libc::EBADF)) | Ok(()) => Verdict::Yes,
        Err(errno) => prober.refused(errno, filter_since(since)),
    }
}

/// Whether there are kernel functions for programs, or a certain one.
fn kfunc(prober: &Prober<'_>, feature: Feature, name: Option<&str>) -> Finding {
    let verdict = match prober.kernel.btf() {
        None => super::btf::no_types(),
        Some(_) => {
            let functions = prober.kfuncs();
            let is_there = match name {
                None => !functions.is_empty(),
                Some(name) => functions.iter().any(|function| function.name == name),
            };
            if is_there {
                Verdict::Yes
            } else {
                let needs = Needs { since: Some(feature.since()), ..Needs::default() };
                prober.absent(needs, "the kernel's types have no such function")
            }
        }
    };
    finding(feature, verdict)
}

fn hardware_counters(prober: &Prober<'_>) -> Finding {
    let verdict = match counter(HARDWARE) {
        Ok(_) => Verdict::Yes,
        Err(Errno::ENOENT | Errno::EOPNOTSUPP) => Verdict::no(
            "this machine counts no cycles, as many virtual ones",
            "sample the CPU clock instead: `perf_event:99`",
        ),
        Err(errno) => prober
            .refused(errno, Needs { capabilities: &[Capability::Perfmon], ..Needs::default() }),
    };
    Finding {
        name: "hardware_counters".into(),
        title: Some("perf events of the processor"),
        since: None,
        ..finding(Feature::BpfSyscall, verdict)
    }
}

fn sched_ext(prober: &Prober<'_>) -> Finding {
    let needs = Needs {
        since: Some(Feature::SchedExt.since()),
        options: &["CONFIG_SCHED_CLASS_EXT"],
        capabilities: &[],
    };
    let verdict = match std::path::Path::new("/sys/kernel/sched_ext").exists() {
        true => Verdict::Yes,
        false => prober.absent(needs, "there is no `/sys/kernel/sched_ext`"),
    };
    finding(Feature::SchedExt, verdict)
}

/// Since 5.11 memory is charged to the cgroup. `bpf_ktime_get_coarse_ns` came with the same
/// release, so that having it says so even of backports (libbpf's `probe_memcg_account`).
fn accounting(prober: &Prober<'_>) -> Verdict {
    let helper = bpfc_kabi::helper("bpf_ktime_get_coarse_ns").map_or(0, |helper| helper.id);
    let needs = filter_since(Feature::MemcgAccounting.since());
    match may_call_helper(prober.kernel, ProgType::SocketFilter, helper) {
        Some(true) => Verdict::Yes,
        Some(false) => match prober.facts().locked_memory_limit {
            None => Verdict::no("memory counts against RLIMIT_MEMLOCK, which is unlimited", None),
            Some(limit) => Verdict::no(
                format!("memory counts against RLIMIT_MEMLOCK, which is {limit} bytes"),
                "raise it: `ulimit -l unlimited`",
            ),
        },
        None => prober.refused(Errno::EPERM, needs),
    }
}

fn test_run(kernel: &Kernel) -> Result<OwnedFd, Errno> {
    let program = load(kernel, ProgType::SocketFilter, &trivial(), &mut [])?;
    let mut run = TestRun { data_in: &[0; 64], repeat: 1, ..TestRun::default() };
    bpf::test_run(program.as_fd(), &mut run).0.map(|()| program)
}

fn array(flags: u32) -> Result<OwnedFd, Errno> {
    create(&Create {
        map_type: MapType::Array.number(),
        key_size_bytes: 4,
        value_size_bytes: 8,
        max_entries: 1,
        flags,
        ..Create::default()
    })
}

fn named_map() -> Result<OwnedFd, Errno> {
    create(&Create {
        map_type: MapType::Array.number(),
        name: object_name("bpfc_probe"),
        key_size_bytes: 4,
        value_size_bytes: 8,
        max_entries: 1,
        ..Create::default()
    })
}

fn frozen_map() -> Result<OwnedFd, Errno> {
    let map = array(0)?;
    MapFd::new(map.try_clone().map_err(|error| Errno::from(&error))?, 1)?.freeze()?;
    Ok(map)
}

/// The address of a map's value in an instruction.
fn global_data() -> Result<OwnedFd, Errno> {
    let map = array(0)?;
    let fd = map.as_raw_fd();
    let value = Wide::MapValue { fd, off: 0 };
    let dst = bpfc_isa::Reg::R1;
    let mut insns = vec![Insn::LoadImm64 { dst, value }];
    insns.extend(trivial());
    let bytes = encode_program(&insns, Endian::NATIVE);
    let load = ProgLoad {
        prog_type: ProgType::SocketFilter.number(),
        insns: &bytes,
        license: Some(c"GPL"),
        ..ProgLoad::default()
    };
    prog_load(&load, 0, &mut [])
}

fn ring_buffer() -> Result<OwnedFd, Errno> {
    let n_bytes = u32::try_from(crate::sys::memory::page_bytes()).unwrap_or(4096);
    create(&Create {
        map_type: MapType::Ringbuf.number(),
        max_entries: n_bytes,
        ..Create::default()
    })
}

fn xdp_frags(kernel: &Kernel) -> Result<OwnedFd, Errno> {
    let load = ProgLoad {
        flags: XDP_HAS_FRAGS,
        expected_attach_type: AttachType::Xdp.number(),
        ..template(kernel, ProgType::Xdp)
    };
    load_as(&load, &trivial(), &mut [])
}
