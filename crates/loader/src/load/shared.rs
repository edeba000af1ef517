//! Maps that are shared through a pin: found there if they are what the object would make, otherwise made and pinned.

use crate::kernel::Kernel;
use crate::map::{Map, MapTypes, request};
use crate::{Errno, LoadError};
use bpfc_kabi::{MapType, map_flags};
use bpfc_object::Map as Definition;
use std::fmt;
use std::path::PathBuf;

/// `BPF_F_NO_COMMON_LRU` (4.10).
const NO_COMMON_LRU: u32 = 1 << 1;
/// `BPF_F_RDONLY_PROG` (5.2).
const RDONLY_PROG: u32 = 1 << 7;
/// `BPF_F_MMAPABLE` (5.5).
const MMAPABLE: u32 = 1 << 10;

/// Pins that a load made. They go away again unless it succeeds.
#[derive(Debug, Default)]
pub(super) struct Pins(Vec<PathBuf>);

impl Pins {
    /// The load succeeded.
    pub(super) fn keep(&mut self) {
        self.0.clear();
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        for path in &self.0 {
            // Who removed it before wanted the same.
            drop(std::fs::remove_file(path));
        }
    }
}

/// What two maps must agree on to be used for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `BPF_MAP_TYPE_*`.
    pub map_type: u32,
    /// Size of a key.
    pub key_size_bytes: u32,
    /// Size of a value of one CPU.
    pub value_size_bytes: u32,
    /// Number of entries; bytes of a ring buffer.
    pub max_entries: u32,
    /// `BPF_F_*`.
    pub flags: u32,
}

impl Shape {
    /// What the kernel would say of a map made as defined.
    fn wanted(definition: &Definition, kernel: &Kernel) -> Result<Shape, LoadError> {
        let request = request(definition, kernel)?;
        let mut shape = Shape {
            map_type: request.map_type,
            key_size_bytes: request.key_size_bytes,
            value_size_bytes: request.value_size_bytes,
            max_entries: request.max_entries,
            flags: request.flags,
        };
        let kind = definition.kind();
        // `htab_map_alloc`, `kernel/bpf/hashtab.c` (6.12): lists of each CPU are equally long.
        if kind.is_some_and(|kind| matches!(kind, MapType::LruHash | MapType::LruPercpuHash))
            && shape.flags & NO_COMMON_LRU != 0
        {
            let n_cpus = kernel.n_possible_cpus()?.max(1);
            let rounded = shape.max_entries.checked_next_multiple_of(n_cpus);
            shape.max_entries = rounded.unwrap_or(shape.max_entries / n_cpus * n_cpus);
        }
        // `dev_map_alloc_check`, `kernel/bpf/devmap.c` (6.12): programs never write there.
        if kind.is_some_and(|kind| matches!(kind, MapType::Devmap | MapType::DevmapHash)) {
            shape.flags |= RDONLY_PROG;
        }
        Ok(shape)
    }

    fn found(map: &Map) -> Shape {
        Shape {
            map_type: map.map_type(),
            key_size_bytes: map.key_size_bytes(),
            value_size_bytes: map.value_size_bytes(),
            max_entries: map.max_entries(),
            flags: map.flags(),
        }
    }

    /// Whether a map of this shape does what one of `found` is asked for.
    fn accepts(&self, found: &Shape) -> bool {
        // Kernels before 5.5 make the map without it.
        let flags = if found.flags & MMAPABLE == 0 { self.flags & !MMAPABLE } else { self.flags };
        let max_entries = if self.max_entries == 0 { found.max_entries } else { self.max_entries };
        Shape { flags, max_entries, ..*self } == *found
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match MapType::from_number(self.map_type) {
            Some(kind) => f.write_str(kind.name().trim_start_matches("BPF_MAP_TYPE_"))?,
            None => write!(f, "type {}", self.map_type)?,
        }
        let Shape { key_size_bytes, value_size_bytes, max_entries, .. } = self;
        write!(f, ", key {key_size_bytes} bytes, value {value_size_bytes} bytes, ")?;
        write!(f, "{max_entries} entries")?;
        let (mut rest, mut separator) = (self.flags, ", ");
        for flag in map_flags().iter().filter(|flag| self.flags & flag.value != 0) {
            write!(f, "{separator}{}", flag.name)?;
            (rest, separator) = (rest & !flag.value, " | ");
        }
        if rest != 0 { write!(f, "{separator}{rest:#x}") } else { Ok(()) }
    }
}

/// The map that is pinned at `path`, or a new one that is pinned there.
pub(super) fn open_or_create(
    definition: &Definition,
    kernel: &Kernel,
    types: Option<MapTypes<'_>>,
    path: PathBuf,
    pins: &mut Pins,
) -> Result<Map, LoadError> {
    if let Some(map) = open(definition, kernel, &path)? {
        return Ok(map);
    }
    let map = Map::create_with(definition, kernel, types)?;
    match map.pin(&path) {
        Ok(()) => {
            pins.0.push(path);
            Ok(map)
        }
        // Someone else was faster.
        Err(error) if error.errno() == Some(Errno::EEXIST) => {
            open(definition, kernel, &path)?.ok_or(error)
        }
        Err(error) => Err(error),
    }
}

fn open(
    definition: &Definition,
    kernel: &Kernel,
    path: &std::path::Path,
) -> Result<Option<Map>, LoadError> {
    let map = match Map::open_pinned(path, kernel) {
        Ok(map) => map.named(definition.name.clone()),
        Err(error) if error.errno() == Some(Errno::ENOENT) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (wanted, found) = (Shape::wanted(definition, kernel)?, Shape::found(&map));
    if wanted.accepts(&found) {
        return Ok(Some(map));
    }
    Err(LoadError::OtherShape {
        name: definition.name.clone(),
        path: path.to_owned(),
        found,
        wanted,
        span: definition.span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape =
        Shape { map_type: 1, key_size_bytes: 4, value_size_bytes: 8, max_entries: 16, flags: 0 };

    #[test]
    fn shapes_differ_in_every_member() {
        assert!(SHAPE.accepts(&SHAPE));
        for other in [
            Shape { map_type: 2, ..SHAPE },
            Shape { key_size_bytes: 8, ..SHAPE },
            Shape { value_size_bytes: 4, ..SHAPE },
            Shape { max_entries: 17, ..SHAPE },
            Shape { flags: 1, ..SHAPE },
        ] {
            assert!(!SHAPE.accepts(&other), "{other}");
        }
        assert!(Shape { max_entries: 0, ..SHAPE }.accepts(&SHAPE));
        assert!(Shape { flags: MMAPABLE, ..SHAPE }.accepts(&SHAPE));
        assert!(!SHAPE.accepts(&Shape { flags: MMAPABLE, ..SHAPE }));
    }

    #[test]
    fn shapes_are_told() {
        let text = Shape { flags: 1 | RDONLY_PROG | 1 << 31, ..SHAPE }.to_string();
        assert_eq!(
            text,
            "HASH, key 4 bytes, value 8 bytes, 16 entries, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG | 0x80000000"
        );
        let unknown = Shape { map_type: 999, ..SHAPE };
        assert_eq!(unknown.to_string(), "type 999, key 4 bytes, value 8 bytes, 16 entries");
    }
}
