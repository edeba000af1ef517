//! Data sections: static storage. The loader and the VM make each an array map with one element.

use super::{DataId, FuncId, Linkage, Map, MapId};
use bpfc_base::Span;
use bpfc_btf::TypeId;
use bpfc_kabi::MapType;
/// `BPF_F_RDONLY_PROG`: programs cannot write (Linux 5.2 `include/uapi/linux/bpf.h`).
const READ_ONLY_FOR_PROGRAMS: u32 = 1 << 7;
/// `BPF_F_MMAPABLE` (Linux 5.5).
const MMAPABLE: u32 = 1 << 10;

/// The largest alignment of a section, in bytes: the largest page that Linux has on machines with BPF. Files
/// are padded to it.
pub(crate) const MAX_ALIGN: u32 = 1 << 16;

/// One section of variables and string literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSection {
    /// `.rodata`, `.data`, `.bss`, `.rodata.str1.1`, `.data.custom`, ….
    pub name: String,
    /// Who may write, and whether there is content.
    pub kind: DataKind,
    /// Alignment of the section.
    pub align: u32,
    /// Size; bytes that `bytes` does not give are zero.
    pub size_bytes: u32,
    /// First content: empty for [`DataKind::Bss`], otherwise `size_bytes` long.
    pub bytes: Vec<u8>,
    /// Named variables by ascending offset. String literals are not among them.
    pub variables: Vec<Variable>,
    /// Addresses inside the content, by ascending offset.
    pub relocs: Vec<DataReloc>,
}

/// What kind of static storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataKind {
    /// Constant: frozen before programs load, so that the verifier knows the values.
    ReadOnly,
    /// Initialised variables.
    Data,
    /// Variables that start as zero.
    Bss,
}

/// A named variable in a data section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Where it is in the section.
    pub offset: u32,
    /// Its size.
    pub size_bytes: u32,
    /// Who sees it.
    pub linkage: Linkage,
    /// Its `VAR` in [`Object::btf`](super::Object::btf).
    pub btf: Option<TypeId>,
    /// Its name in the source; not kept in ELF.
    pub span: Span,
}

/// An address inside a section's content, 8 bytes wide. The content there holds zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataReloc {
    /// Where, in bytes from the start of the section.
    pub offset: u32,
    /// The address of what.
    pub target: DataTarget,
}

/// What an address in a section's content points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataTarget {
    /// A place in a data section.
    Data {
        /// The section.
        section: DataId,
        /// Offset in the section, in bytes.
        offset: u32,
    },
    /// A function.
    Func(FuncId),
    /// A map.
    Map(MapId),
}

impl DataSection {
    /// An empty section.
    pub fn new(name: impl Into<String>, kind: DataKind) -> DataSection {
        DataSection {
            name: name.into(),
            kind,
            align: 1,
            size_bytes: 0,
            bytes: Vec::new(),
            variables: Vec::new(),
            relocs: Vec::new(),
        }
    }

    /// Appends `bytes` at the next multiple of `align` (a power of two); their offset. A
    /// [`DataKind::Bss`] section takes only their number.
    ///
    /// # Panics
    /// If the section grows to 4 GiB.
    pub fn push(&mut self, bytes: &[u8], align: u32) -> u32 {
        let offset = self.size_bytes.next_multiple_of(align.max(1));
        let n_bytes = u32::try_from(bytes.len()).expect("less than 4 GiB of data");
        let end = offset.checked_add(n_bytes);
        self.size_bytes = end.expect("less than 4 GiB of data");
        self.align = self.align.max(align);
        if self.kind != DataKind::Bss {
            self.bytes.resize(offset as usize, 0);
            self.bytes.extend_from_slice(bytes);
        }
        offset
    }

    /// Whether programs cannot write to it.
    pub fn is_read_only(&self) -> bool {
        self.kind == DataKind::ReadOnly
    }

    /// The whole content, zeros included. [`DataSection::size_bytes`] long.
    pub fn content(&self) -> Vec<u8> {
        let mut content = self.bytes.clone();
        content.resize(self.size_bytes as usize, 0);
        content
    }

    /// The map that holds the section: an array with one element, as libbpf makes it. Its first
    /// value is [`DataSection::content`]; the map of a read-only section is frozen after that.
    pub fn as_map(&self) -> Map {
        let read_only = if self.is_read_only() { READ_ONLY_FOR_PROGRAMS } else { 0 };
        Map {
            name: self.name.clone(),
            map_type: MapType::Array.number(),
            key_size_bytes: 4,
            value_size_bytes: self.size_bytes,
            max_entries: 1,
            map_flags: MMAPABLE | read_only,
            ..Map::default()
        }
    }
}
