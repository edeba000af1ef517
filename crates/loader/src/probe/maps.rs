//! Map types.

use super::programs::short_name;
use super::verdict::{Finding, Group, Needs, Prober, Verdict};
use crate::Errno;
use crate::explain::{map_options, of_map};
use crate::sys::bpf::btf_load;
use crate::sys::map::{Create, create};
use crate::sys::memory;
use bpfc_btf::{BtfBuilder, Endian, IntEncoding, TypeDef};
use bpfc_kabi::{MapType, map_types};
use std::os::fd::{AsFd, OwnedFd};

/// `BPF_F_NO_PREALLOC`.
const NO_PREALLOC: u32 = 1 << 0;
/// `BPF_F_MMAPABLE`.
const MMAPABLE: u32 = 1 << 10;

/// Creates a small map of each type.
pub(super) fn probe(prober: &Prober<'_>) -> Vec<Finding> {
    let int = int_btf();
    let inner = create(&plain(MapType::Array)).ok();
    let findings = map_types().iter().map(|row| Finding {
        group: Group::Map,
        name: short_name(row.name),
        title: None,
        verdict: verdict(prober, row.ty, int.as_ref(), inner.as_ref()),
        since: Some(row.since),
    });
    findings.collect()
}

fn plain(ty: MapType) -> Create<'static> {
    Create {
        map_type: ty.number(),
        key_size_bytes: 4,
        value_size_bytes: 4,
        max_entries: 1,
        ..Create::default()
    }
}

/// BTF with `int` as its only type.
fn int_btf() -> Option<OwnedFd> {
    let mut builder = BtfBuilder::new();
    builder.push(TypeDef::int("int", 4, IntEncoding::Signed));
    let endian = match bpfc_isa::Endian::NATIVE {
        bpfc_isa::Endian::Little => Endian::Little,
        bpfc_isa::Endian::Big => Endian::Big,
    };
    btf_load(&builder.to_bytes(endian).ok()?, &mut []).ok()
}

fn verdict(
    prober: &Prober<'_>,
    ty: MapType,
    int: Option<&OwnedFd>,
    inner: Option<&OwnedFd>,
) -> Verdict {
    let mut request = plain(ty);
    match ty {
        MapType::LpmTrie => (request.key_size_bytes, request.flags) = (8, NO_PREALLOC),
        MapType::StackTrace => request.value_size_bytes = 8,
        MapType::CgroupStorage | MapType::PercpuCgroupStorage => {
            // `struct bpf_cgroup_storage_key`; there is one entry for each attachment.
            (request.key_size_bytes, request.max_entries) = (16, 0);
        }
        MapType::Queue | MapType::Stack | MapType::BloomFilter => request.key_size_bytes = 0,
        MapType::Ringbuf | MapType::UserRingbuf => {
            (request.key_size_bytes, request.value_size_bytes) = (0, 0);
            request.max_entries = u32::try_from(memory::page_bytes()).unwrap_or(4096);
        }
        MapType::Arena => {
            (request.key_size_bytes, request.value_size_bytes) = (0, 0);
            request.flags = MMAPABLE;
        }
        MapType::InsnArray => request.value_size_bytes = 16,
        MapType::Rhash => request.flags = NO_PREALLOC,
        MapType::StructOps => request.vmlinux_value_type = 1,
        _ if ty.is_map_in_map() => request.inner = inner.map(AsFd::as_fd),
        _ if ty.is_local_storage() => {
            (request.max_entries, request.flags) = (0, NO_PREALLOC);
            request.btf = int.map(|btf| (btf.as_fd(), 1, 1));
        }
        _ => {}
    }
    match create(&request) {
        Ok(_) => Verdict::Yes,
        // Type 1 is no struct of operations, but the kernel knows what that would be.
        Err(Errno::ENOTSUPP) if ty == MapType::StructOps => Verdict::Yes,
        Err(errno) => prober.refused(errno, needs(ty)),
    }
}

fn needs(ty: MapType) -> Needs {
    Needs { since: Some(ty.since()), options: map_options(ty), capabilities: of_map(ty) }
}
