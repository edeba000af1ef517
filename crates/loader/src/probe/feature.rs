//! Instruction sets, features and ways to attach.

use super::programs::{load, trivial};
use super::{Finding, Group, Verdict};
use crate::Errno;
use crate::attach::{kprobe_obstacle, uprobe_obstacle};
use crate::kernel::Kernel;
use crate::sys::bpf::{self, ProgLoad, TestRun, prog_load};
use crate::sys::map::{Create, MapFd, create};
use crate::tracefs::Tracefs;
use bpfc_isa::{Cpu, Endian, Insn, Wide, assemble, encode_program};
use bpfc_kabi::{AttachType, Feature, KernelVersion, MapType, ProgType};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Loads assembly as a program of some type.
fn loads(kernel: &Kernel, ty: ProgType, text: &str) -> Result<OwnedFd, Errno> {
    match assemble(text, &Helpers) {
        Ok(assembly) => load(kernel, ty, &assembly.insns, &mut []),
        Err(errors) => unreachable!("probe programs are correct: {errors:?}"),
    }
}

struct Helpers;

impl bpfc_isa::Symbols for Helpers {
    fn callee(&self, name: &str) -> Option<bpfc_isa::Callee> {
        bpfc_kabi::helper(name).map(|helper| bpfc_isa::Callee::Helper(helper.id))
    }
}

/// The verdict on a feature that a program uses. The verifier's "no" (`EACCES`) is a no, too.
fn of<T>(outcome: Result<T, Errno>) -> Verdict {
    match outcome {
        Ok(_) => Verdict::Yes,
        Err(Errno::EACCES) => Verdict::no("the verifier rejects it"),
        Err(errno) => Verdict::refused(errno),
    }
}

/// The versions of the instruction set.
const LEVELS: [(Cpu, &str, KernelVersion, &str); 4] = [
    (Cpu::V1, "v1", KernelVersion::new(3, 18), "r0 = 0\nexit"),
    (Cpu::V2, "v2", Feature::IsaV2.since(), "r0 = 0\nif r0 < 1 goto +0\nexit"),
    (Cpu::V3, "v3", Feature::IsaV3.since(), "r0 = 0\nif w0 < 1 goto +0\nexit"),
    (Cpu::V4, "v4", Feature::IsaV4.since(), "r0 = 0\nr0 = (s8)r0\nexit"),
];

/// A program of each level.
pub(super) fn instruction_sets() -> Vec<Finding> {
    let kernel = Kernel::new();
    let findings = LEVELS.into_iter().map(|(_, name, since, text)| Finding {
        group: Group::InstructionSet,
        name: name.into(),
        verdict: of(loads(&kernel, ProgType::SocketFilter, text)),
        since: Some(since),
    });
    findings.collect()
}

/// The newest instruction set that the running kernel takes: what it loads, or, where this user may not load programs,
/// what Linux of its version has. Version 1 where that is unknown, too.
pub fn newest_cpu(kernel: &Kernel) -> Cpu {
    let is_there =
        |text: &str, since: KernelVersion| match of(loads(kernel, ProgType::SocketFilter, text)) {
            Verdict::Yes => true,
            Verdict::Unknown { .. } => kernel.version().is_some_and(|version| version >= since),
            Verdict::No { .. } | Verdict::Value(_) => false,
        };
    let newest = LEVELS.into_iter().rev().find(|&(_, _, since, text)| is_there(text, since));
    newest.map_or(Cpu::V1, |(cpu, ..)| cpu)
}

/// Features, in the order of their age.
pub(super) fn features(kernel: &Kernel) -> Vec<Finding> {
    let filter = |text: &str| of(loads(kernel, ProgType::SocketFilter, text));
    let found = |feature: Feature, verdict| Finding {
        group: Group::Feature,
        name: feature.name().into(),
        verdict,
        since: Some(feature.since()),
    };
    let reads_kernel = "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_probe_read_kernel\nexit";
    let probe_read = Finding {
        group: Group::Feature,
        name: "bpf_probe_read_kernel".into(),
        verdict: of(loads(kernel, ProgType::Kprobe, reads_kernel)),
        since: bpfc_kabi::helper("bpf_probe_read_kernel").map(|helper| helper.since),
    };
    let calls = "call .Lf\nexit\n.Lf:\nr0 = 0\nexit";
    let loops = "r0 = 0\n.Lagain:\nr0 += 1\nif r0 < 10 goto .Lagain\nr0 = 0\nexit";
    let atomics =
        "r1 = 1\n*(u64 *)(r10 - 8) = r1\nr1 = atomic_fetch_add((u64 *)(r10 - 8), r1)\nr0 = 0\nexit";
    let large = format!("{}r0 = 0\nexit", "r0 = 0\n".repeat(5000));
    vec![
        found(Feature::TestRun, of(test_run(kernel))),
        found(Feature::SubprogCalls, filter(calls)),
        found(Feature::Btf, btf()),
        found(Feature::GlobalData, of(global_data())),
        found(Feature::LargePrograms, filter(&large)),
        found(Feature::BoundedLoops, filter(loops)),
        probe_read,
        found(Feature::RingBuffer, of(ring_buffer())),
        found(Feature::FetchingAtomics, filter(atomics)),
        found(Feature::Trampolines, of(trampoline(kernel))),
    ]
}

fn test_run(kernel: &Kernel) -> Result<(), Errno> {
    let program = load(kernel, ProgType::SocketFilter, &trivial(), &mut [])?;
    let mut run = TestRun { data_in: &[0; 64], repeat: 1, ..TestRun::default() };
    bpf::test_run(program.as_fd(), &mut run).0
}

fn btf() -> Verdict {
    use bpfc_btf::{BtfBuilder, IntEncoding, TypeDef};
    let mut builder = BtfBuilder::new();
    builder.push(TypeDef::int("int", 4, IntEncoding::Signed));
    let endian = match Endian::NATIVE {
        Endian::Little => bpfc_btf::Endian::Little,
        Endian::Big => bpfc_btf::Endian::Big,
    };
    match builder.to_bytes(endian) {
        Ok(bytes) => of(bpf::btf_load(&bytes, &mut [])),
        Err(error) => unreachable!("a single integer can be written: {error}"),
    }
}

fn array() -> Result<OwnedFd, Errno> {
    create(&Create {
        map_type: MapType::Array.number(),
        key_size_bytes: 4,
        value_size_bytes: 8,
        max_entries: 1,
        ..Create::default()
    })
}

/// The address of a map's value in an instruction.
fn global_data() -> Result<(), Errno> {
    let map = array()?;
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
    prog_load(&load, 0, &mut []).map(|_| ())
}

fn ring_buffer() -> Result<(), Errno> {
    let n_bytes = u32::try_from(crate::sys::memory::page_bytes()).unwrap_or(4096);
    let map = create(&Create {
        map_type: MapType::Ringbuf.number(),
        max_entries: n_bytes,
        ..Create::default()
    })?;
    MapFd::new(map, 1).map(|_| ())
}

/// A program at the entry of a kernel function.
fn trampoline(kernel: &Kernel) -> Result<(), Errno> {
    let function = kernel.btf().and_then(|btf| btf.find_func("vfs_read"));
    let (id, _) = function.ok_or(Errno::ENOENT)?;
    let bytes = encode_program(&trivial(), Endian::NATIVE);
    let load = ProgLoad {
        prog_type: ProgType::Tracing.number(),
        insns: &bytes,
        license: Some(c"GPL"),
        expected_attach_type: AttachType::TraceFentry.number(),
        attach_btf_id: id.0,
        ..ProgLoad::default()
    };
    prog_load(&load, 0, &mut []).map(|_| ())
}

/// Ways to attach, as far as they can be tried without attaching anything.
pub(super) fn attaching(kernel: &Kernel) -> Vec<Finding> {
    let found = |name: &str, since, verdict| Finding {
        group: Group::Attach,
        name: name.into(),
        verdict,
        since: Some(since),
    };
    let obstacle = |obstacle: Option<String>| match obstacle {
        None => Verdict::Yes,
        Some(reason) => Verdict::no(reason),
    };
    let tracefs = Tracefs::open().err().map(|error| error.to_string());
    let link = |ty, attach| link(kernel, ty, attach);
    let v = KernelVersion::new;
    vec![
        found("kprobes", v(4, 1), obstacle(kprobe_obstacle(kernel))),
        found("uprobes", v(4, 1), obstacle(uprobe_obstacle())),
        found("tracepoints", v(4, 7), obstacle(tracefs)),
        found("raw tracepoints", v(4, 17), raw_tracepoint(kernel)),
        found("XDP links", v(5, 9), link(ProgType::Xdp, AttachType::Xdp)),
        found("perf event links", v(5, 15), link(ProgType::PerfEvent, AttachType::PerfEvent)),
        found("tcx links", v(6, 6), link(ProgType::SchedCls, AttachType::TcxIngress)),
    ]
}

/// Asks for a link that cannot be: a kernel that knows such links says so in other words than one
/// that does not. XDP is asked for in the driver of the loopback interface, which has none; the
/// others on an interface or file that does not exist.
fn link(kernel: &Kernel, ty: ProgType, attach: AttachType) -> Verdict {
    const LOOPBACK: u32 = 1;
    const DRV_MODE: u32 = 1 << 2;
    const NOTHING: u32 = i32::MAX as u32;
    let program = match load(kernel, ty, &trivial(), &mut []) {
        Ok(program) => program,
        Err(errno) => return Verdict::refused(errno),
    };
    let (target, flags) = match ty {
        ProgType::Xdp => (LOOPBACK, DRV_MODE),
        _ => (NOTHING, 0),
    };
    match bpf::link_create(program.as_fd(), target, attach.number(), flags) {
        Ok(_) => Verdict::Yes,
        Err(Errno::ENODEV | Errno(libc::EBADF) | Errno::EEXIST | Errno::EBUSY) => Verdict::Yes,
        Err(Errno::EOPNOTSUPP) if ty == ProgType::Xdp => Verdict::Yes,
        Err(errno) => Verdict::refused(errno),
    }
}

/// Asks for a tracepoint that does not exist.
fn raw_tracepoint(kernel: &Kernel) -> Verdict {
    let program = match load(kernel, ProgType::RawTracepoint, &trivial(), &mut []) {
        Ok(program) => program,
        Err(errno) => return Verdict::refused(errno),
    };
    match bpf::raw_tracepoint_open(program.as_fd(), Some(c"bpfc_no_such_tracepoint")) {
        Ok(_) | Err(Errno::ENOENT) => Verdict::Yes,
        Err(errno) => Verdict::refused(errno),
    }
}
