//! Stacks of maps with `BPF_F_STACK_BUILD_ID`: each entry is a build id and an offset in that file.

use std::fmt;
use std::path::Path;

/// Bytes of `struct bpf_stack_build_id`, `include/uapi/linux/bpf.h` (6.12).
const ENTRY_BYTES: usize = 32;
/// `BPF_BUILD_ID_SIZE`: shorter ids end with zeros.
const ID_BYTES: usize = 20;

/// What identifies a build of a program or library: the note `NT_GNU_BUILD_ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuildId([u8; ID_BYTES]);

impl BuildId {
    /// The build id of a file.
    pub fn of_file(path: &Path) -> Option<BuildId> {
        let found = blazesym::helper::read_elf_build_id(path).ok()??;
        BuildId::new(&found)
    }

    /// From bytes, up to 20.
    pub fn new(bytes: &[u8]) -> Option<BuildId> {
        let mut id = [0; ID_BYTES];
        id.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(BuildId(id))
    }
}

/// In hexadecimal.
impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An entry of such a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuildIdEntry {
    /// A file and an offset in it.
    Offset(BuildId, u64),
    /// An address: the kernel found no build id.
    Address(u64),
}

impl BuildIdEntry {
    /// Size of an entry.
    pub const BYTES: usize = ENTRY_BYTES;

    /// Reads the entries of a stack, up to the first empty one.
    pub fn read_all(bytes: &[u8]) -> Vec<BuildIdEntry> {
        let entries = bytes.chunks_exact(ENTRY_BYTES).map_while(|entry| {
            let (status, rest) = entry.split_first_chunk::<4>()?;
            let (id, number) = rest.split_first_chunk::<ID_BYTES>()?;
            let number = u64::from_ne_bytes(*number.first_chunk()?);
            match i32::from_ne_bytes(*status) {
                1 => Some(BuildIdEntry::Offset(BuildId(*id), number)),
                2 => Some(BuildIdEntry::Address(number)),
                _ => None,
            }
        });
        entries.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_entries_up_to_the_first_empty_one() {
        let mut bytes = Vec::new();
        for (status, id, number) in
            [(1_i32, 7_u8, 0x1234_u64), (2, 0, 0x7f00), (0, 0, 9), (1, 1, 1)]
        {
            bytes.extend(status.to_ne_bytes());
            bytes.extend([id; 20]);
            bytes.extend(number.to_ne_bytes());
        }
        let id = BuildId::new(&[7; 20]).unwrap();
        let expected = [BuildIdEntry::Offset(id, 0x1234), BuildIdEntry::Address(0x7f00)];
        assert_eq!(BuildIdEntry::read_all(&bytes), expected);
        assert_eq!(BuildIdEntry::read_all(&bytes[..31]), []);
        assert_eq!(BuildId::new(&[0; 21]), None);
    }
}
