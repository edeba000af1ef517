//! Modules: types, globals, functions.

use super::{Func, FuncId, QualType, TypeId, Types};
use bpfc_base::{IndexVec, Span, Symbol, index_type};
use bpfc_btf::Endian;

index_type! {
    /// An object with static storage: variables, maps, string literals, externs.
    pub struct GlobalId, "global"
}

/// A checked translation unit.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The byte order of the content of objects.
    pub endian: Endian,
    /// All types.
    pub types: Types,
    /// All objects with static storage, unused kernel externs left out.
    pub globals: IndexVec<GlobalId, Global>,
    /// All functions, declared and defined.
    pub funcs: IndexVec<FuncId, Func>,
}

/// An object with static storage.
#[derive(Clone, Debug)]
pub struct Global {
    /// Its name; string literals get `.str`, `.str.1`, …
    pub name: Symbol,
    /// Its type.
    pub ty: QualType,
    /// What it is.
    pub kind: GlobalKind,
    /// Who sees it.
    pub linkage: Linkage,
    /// Its first content.
    pub init: GlobalInit,
    /// `section("…")` if given; [`GlobalKind`] and constness decide otherwise.
    pub section: Option<Symbol>,
    /// Alignment in bytes, at least its type's.
    pub align: u32,
    /// `btf_decl_tag`s.
    pub decl_tags: Vec<Symbol>,
    /// Its name in the source.
    pub span: Span,
}

/// What an object with static storage is.
#[derive(Clone, Debug)]
pub enum GlobalKind {
    /// A variable: `.rodata`, `.data`, `.bss` or a section of its own.
    Data,
    /// A string literal: read-only, not named in BTF.
    StringLiteral,
    /// A map.
    Map(MapSpec),
    /// `extern … __kconfig`: the kernel's configuration.
    Kconfig,
    /// `extern … __ksym`: a kernel symbol.
    Ksym,
}

/// Who sees a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// This object only.
    Static,
    /// Every object.
    Global,
    /// Every object, unless another defines it too.
    Weak,
    /// Defined elsewhere.
    Extern,
    /// Defined elsewhere or nowhere.
    ExternWeak,
}

impl Linkage {
    /// The same with `weak`.
    pub fn weakened(self) -> Self {
        match self {
            Linkage::Extern => Linkage::ExternWeak,
            Linkage::Global => Linkage::Weak,
            Linkage::Static | Linkage::Weak | Linkage::ExternWeak => self,
        }
    }
}

/// First content of a global.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlobalInit {
    /// Defined elsewhere.
    None,
    /// All zero.
    Zero,
    /// As many bytes as the object has, with addresses to be filled in.
    Data {
        /// Content, in the byte order of the module.
        bytes: Vec<u8>,
        /// In ascending order of offset.
        relocs: Vec<InitReloc>,
    },
}

/// An address inside a global's content, 8 bytes wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitReloc {
    /// Where, in bytes from the start of the object.
    pub offset: u64,
    /// The address of what.
    pub target: InitTarget,
    /// Added to it.
    pub addend: i64,
}

/// What an address in a global's content points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitTarget {
    /// An object.
    Global(GlobalId),
    /// A function.
    Func(FuncId),
}

/// A map's definition.
#[derive(Clone, Debug, Default)]
pub struct MapSpec {
    /// `BPF_MAP_TYPE_*`, as the kernel numbers them.
    pub map_type: u32,
    /// Type of the key, if it was given as a type.
    pub key: Option<TypeId>,
    /// Size of the key in bytes.
    pub key_size: u32,
    /// Type of the value, if it was given as a type.
    pub value: Option<TypeId>,
    /// Size of the value in bytes.
    pub value_size: u32,
    /// Number of entries, or bytes of a ring buffer. 0 where the loader decides.
    pub max_entries: u32,
    /// `BPF_F_*`
    pub map_flags: u32,
    /// NUMA node.
    pub numa_node: u32,
    /// `map_extra`
    pub map_extra: u64,
    /// True for `LIBBPF_PIN_BY_NAME`.
    pub is_pinned_by_name: bool,
    /// What each element of a map of maps is.
    pub inner: Option<Box<MapSpec>>,
    /// Initial elements of a map of maps or of programs: index and what it holds.
    pub values: Vec<(u32, InitTarget)>,
    /// How the definition was written.
    pub style: MapStyle,
    /// Type of the events that the program puts into a ring buffer or perf event array, as
    /// seen where it reserves or submits them: the reader decodes events by it.
    pub event: Option<TypeId>,
    /// To be shown as log2 bars: `BPF_HISTOGRAM`, or a `btf_decl_tag("bpfc:histogram")`.
    pub is_histogram: bool,
    /// Where it is pinned, if not by its name.
    pub pin_path: Option<String>,
    /// Who else uses it.
    pub role: MapRole,
}

/// How a table of BCC's dialect is shared with other programs of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapRole {
    /// Not at all.
    #[default]
    Own,
    /// By its name.
    Public,
    /// By its name, in a name space.
    Shared,
    /// It is the table of another program.
    Extern,
}

/// How a map's definition was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapStyle {
    /// Members of a struct in `.maps`.
    #[default]
    Btf,
    /// `struct bpf_map_def` in `maps`.
    Legacy,
    /// A macro of BCC's dialect.
    Bcc,
}

impl Module {
    /// The license string: the content of the global in section `license`, without its
    /// terminator.
    pub fn license(&self, names: &bpfc_base::Interner) -> Option<(String, Span)> {
        let in_license =
            |g: &&Global| g.section.is_some_and(|section| names.resolve(section) == "license");
        let global = self.globals.iter().find(in_license)?;
        let GlobalInit::Data { bytes, .. } = &global.init else {
            return None;
        };
        let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        Some((String::from_utf8_lossy(&bytes[..end]).into_owned(), global.span))
    }
}
