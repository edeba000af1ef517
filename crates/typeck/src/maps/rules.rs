//! What the kernel demands of each map type.
//!
//! Source: the `map_alloc_check` functions of `kernel/bpf/*.c` (Linux 6.12).

use crate::checker::Checker;
use crate::hir::MapSpec;
use bpfc_base::Span;
use bpfc_kabi::MapType;

/// What a map type demands of keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    /// An index of 4 bytes.
    Index,
    /// None: its size is 0.
    None,
    /// Any size but 0.
    Any,
}

fn key_rule(ty: MapType) -> Key {
    match ty {
        MapType::Array
        | MapType::PercpuArray
        | MapType::ProgArray
        | MapType::PerfEventArray
        | MapType::CgroupArray
        | MapType::ArrayOfMaps
        | MapType::Devmap
        | MapType::Cpumap
        | MapType::Xskmap
        | MapType::Sockmap
        | MapType::ReuseportSockarray
        | MapType::SkStorage
        | MapType::InodeStorage
        | MapType::TaskStorage
        | MapType::CgrpStorage
        | MapType::StackTrace => Key::Index,
        MapType::Ringbuf
        | MapType::UserRingbuf
        | MapType::Queue
        | MapType::Stack
        | MapType::BloomFilter
        | MapType::Arena => Key::None,
        _ => Key::Any,
    }
}

/// Values of these are 4 bytes: a number of a file descriptor, or an index.
fn has_fd_value(ty: MapType) -> bool {
    matches!(
        ty,
        MapType::ProgArray
            | MapType::PerfEventArray
            | MapType::CgroupArray
            | MapType::ArrayOfMaps
            | MapType::HashOfMaps
            | MapType::Xskmap
    )
}

fn has_no_value(ty: MapType) -> bool {
    matches!(ty, MapType::Ringbuf | MapType::UserRingbuf | MapType::Arena)
}

/// The loader, or the kernel, chooses the number of entries.
fn may_omit_entries(ty: MapType) -> bool {
    ty.is_local_storage()
        || matches!(
            ty,
            MapType::PerfEventArray
                | MapType::CgroupStorage
                | MapType::PercpuCgroupStorage
                | MapType::Ringbuf
                | MapType::UserRingbuf
                | MapType::StructOps
                | MapType::Arena
        )
}

impl Checker<'_> {
    /// Completes `spec` with what its type implies, and reports what the kernel would
    /// refuse.
    pub(crate) fn check_map_rules(&mut self, spec: &mut MapSpec, span: Span) {
        if spec.map_type == 0 {
            self.map_error(span, "the map has no type: `__uint(type, BPF_MAP_TYPE_…)` is missing");
            return;
        }
        let Some(ty) = MapType::from_number(spec.map_type) else {
            self.map_error(span, format!("there is no map type {}", spec.map_type));
            return;
        };
        let name = ty.name();
        match key_rule(ty) {
            Key::Index if spec.key_size == 0 && has_fd_value(ty) => spec.key_size = 4,
            Key::Index if spec.key_size == 0 => {
                self.map_gap(
                    span,
                    format!("a `{name}` needs a key: `__type(key, __u32)` is missing"),
                );
            }
            Key::Index if spec.key_size != 4 => {
                let found = spec.key_size;
                self.map_error(span, format!("the key of a `{name}` has 4 bytes, found {found}"));
                return;
            }
            Key::None if spec.key_size != 0 => {
                self.map_error(span, format!("a `{name}` has no key"));
                return;
            }
            Key::Any if spec.key_size == 0 => {
                self.map_gap(span, format!("a `{name}` needs a key: `__type(key, …)` is missing"));
            }
            _ => {}
        }
        if has_fd_value(ty) && spec.value_size == 0 {
            spec.value_size = 4;
        }
        if has_no_value(ty) && spec.value_size != 0 {
            self.map_gap(span, format!("a `{name}` has no value"));
        } else if has_fd_value(ty) && spec.value_size != 4 {
            let found = spec.value_size;
            self.map_gap(span, format!("the value of a `{name}` has 4 bytes, found {found}"));
        } else if !has_no_value(ty) && spec.value_size == 0 {
            self.map_gap(span, format!("a `{name}` needs a value: `__type(value, …)` is missing"));
        } else if spec.max_entries == 0 && !may_omit_entries(ty) {
            let message = format!("a `{name}` needs a size: `__uint(max_entries, …)` is missing");
            self.map_gap(span, message);
        } else if ty.is_map_in_map()
            && spec.inner.is_none()
            && spec.style == crate::hir::MapStyle::Btf
        {
            let message =
                format!("a `{name}` needs to know its maps: `__array(values, …)` is missing");
            self.map_gap(span, message);
        }
        self.check_ring_size(spec, ty, span);
    }

    /// The kernel wants a power of two, in whole pages; the smallest page has 4 KiB.
    fn check_ring_size(&mut self, spec: &MapSpec, ty: MapType, span: Span) {
        let size = spec.max_entries;
        let is_ring = matches!(ty, MapType::Ringbuf | MapType::UserRingbuf);
        if is_ring && size != 0 && (!size.is_power_of_two() || size < 4096) {
            let message = format!(
                "a ring buffer's size is a power of two and a multiple of 4096 bytes, found {size}"
            );
            self.map_gap(span, message);
        }
    }
}
