//! Program types and helpers.

use super::{Finding, Group, Verdict};
use crate::Errno;
use crate::kernel::Kernel;
use crate::sys::bpf::{ProgLoad, prog_load};
use bpfc_btf::KindSet;
use bpfc_isa::{Callee, Endian, Insn, encode_program};
use bpfc_kabi::{AttachType, ProgType, prog_types, sections};
use std::os::fd::OwnedFd;

/// `BPF_F_SLEEPABLE`.
const SLEEPABLE: u32 = 1 << 4;
const LOG_BYTES: usize = 16 << 10;

/// Loads a program of some type under the GPL, with what the kernel wants to know of such.
pub(super) fn load(
    kernel: &Kernel,
    ty: ProgType,
    insns: &[Insn],
    log: &mut [u8],
) -> Result<OwnedFd, Errno> {
    let mut section = sections().iter().filter(|section| section.prog == ty);
    let attach = section.find_map(|section| section.attach);
    let attach = match ty {
        ProgType::Tracing => Some(AttachType::TraceRawTp),
        ProgType::Kprobe | ProgType::SchedCls | ProgType::Xdp | ProgType::StructOps => None,
        _ => attach,
    };
    let find = |name: &str, kinds| {
        let found = kernel.btf().and_then(|btf| btf.find_by_name(name, kinds));
        found.map_or(0, |id| id.0)
    };
    let bytes = encode_program(insns, Endian::NATIVE);
    let load = ProgLoad {
        prog_type: ty.number(),
        insns: &bytes,
        license: Some(c"GPL"),
        kernel_version: kernel.version_code(),
        flags: if ty == ProgType::Syscall { SLEEPABLE } else { 0 },
        expected_attach_type: attach.map_or(0, AttachType::number),
        attach_btf_id: match ty {
            ProgType::Tracing => find("btf_trace_sched_switch", KindSet::TYPEDEF),
            ProgType::Lsm => find("bpf_lsm_file_open", KindSet::FUNC),
            ProgType::StructOps => find("tcp_congestion_ops", KindSet::STRUCT),
            // No function: what replaces programs must say of which.
            ProgType::Ext => 1,
            _ => 0,
        },
        ..ProgLoad::default()
    };
    prog_load(&load, 1, log)
}

/// `r0 = 0; exit`
pub(super) fn trivial() -> Vec<Insn> {
    bpfc_isa::assemble("r0 = 0\nexit", &()).map_or_else(|_| Vec::new(), |assembly| assembly.insns)
}

fn text(log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    String::from_utf8_lossy(&log[..end]).into_owned()
}

/// Loads `r0 = 0; exit` as each type.
pub(super) fn probe(kernel: &Kernel) -> Vec<Finding> {
    let findings = prog_types().iter().map(|row| Finding {
        group: Group::Program,
        name: row.name.to_owned(),
        verdict: verdict(kernel, row.ty),
        since: Some(row.since),
    });
    findings.collect()
}

fn verdict(kernel: &Kernel, ty: ProgType) -> Verdict {
    let mut log = vec![0; LOG_BYTES];
    match load(kernel, ty, &trivial(), &mut log) {
        Ok(_) => Verdict::Yes,
        // The verifier looked at it, so it knows the type; it wants more than this program has.
        Err(errno) if errno.is_unsupported() && !text(&log).trim().is_empty() => Verdict::Yes,
        Err(Errno::ENOTSUPP) if ty == ProgType::StructOps => Verdict::Yes,
        Err(errno) => Verdict::refused(errno),
    }
}

/// Whether a program of type `ty` may call helper `id`; `None` if it cannot be told.
pub(super) fn may_call(kernel: &Kernel, ty: ProgType, id: u32) -> Option<bool> {
    let insns = [Insn::Call(Callee::Helper(id)), Insn::Exit];
    let mut log = vec![0; LOG_BYTES];
    match load(kernel, ty, &insns, &mut log) {
        Ok(_) => Some(true),
        Err(_) => {
            let text = text(&log);
            // Words of `check_helper_call`, `kernel/bpf/verifier.c` (4.4 to 6.12).
            let denials = ["invalid func ", "unknown func ", "cannot use helper "];
            let is_judged = text.contains("call ");
            is_judged.then(|| !denials.iter().any(|words| text.contains(words)))
        }
    }
}
