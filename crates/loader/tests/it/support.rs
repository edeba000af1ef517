//! Objects made by hand, and the rule for machines that cannot run them.

use bpfc_base::{Idx, Span};
use bpfc_btf::{IntEncoding, Linkage, ParamDef, TypeDef, TypeId};
use bpfc_isa::{Callee, Insn, Symbols, Wide, assemble};
use bpfc_kabi::MapType;
use bpfc_loader::{Kernel, LoadOptions, Loaded, load};
use bpfc_object::{Function, Line, Map, MapId, ObjInsn, Object, Reloc};
use std::sync::{Arc, OnceLock};

/// Why tests on the kernel cannot run here.
fn obstacle() -> Option<&'static str> {
    static OBSTACLE: OnceLock<Option<String>> = OnceLock::new();
    let found = OBSTACLE.get_or_init(|| {
        let outcome = bpfc_loader::Map::create(&array("probe", 4, 1), &Kernel::new());
        outcome.err().map(|error| error.to_string())
    });
    found.as_deref()
}

/// True if the test is to be left out, which is said; a failure where the kernel is required.
pub fn skip_without(condition: bool, reason: &str) -> bool {
    if condition {
        return false;
    }
    let is_required = std::env::var_os("BPFC_REQUIRE_KERNEL").is_some_and(|value| value == "1");
    assert!(!is_required, "BPFC_REQUIRE_KERNEL=1, but: {reason}");
    bpfc_testkit::skipped(reason);
    true
}

/// The running kernel, or `None` if it may not be used.
pub fn kernel() -> Option<Kernel> {
    match obstacle() {
        None => Some(Kernel::new()),
        Some(reason) => {
            skip_without(false, reason);
            None
        }
    }
}

/// An array map.
pub fn array(name: &str, value_size_bytes: u32, max_entries: u32) -> Map {
    map(name, MapType::Array, 4, value_size_bytes, max_entries)
}

/// A map.
pub fn map(name: &str, ty: MapType, key: u32, value: u32, max_entries: u32) -> Map {
    Map {
        name: name.into(),
        map_type: ty.number(),
        key_size_bytes: key,
        value_size_bytes: value,
        max_entries,
        ..Map::default()
    }
}

struct Names<'a>(&'a Object);

impl Symbols for Names<'_> {
    fn callee(&self, name: &str) -> Option<Callee> {
        if let Some(helper) = bpfc_kabi::helper(name) {
            return Some(Callee::Helper(helper.id));
        }
        let func = self.0.function(name)?;
        Some(Callee::Kfunc { id: func.index() as u32, off: 0 })
    }

    fn wide(&self, name: &str) -> Option<Wide> {
        self.0.map(name).map(|map| Wide::MapIdx(map.index() as u32))
    }
}

/// An object under the GPL with these maps.
pub fn object(maps: impl IntoIterator<Item = Map>) -> Object {
    Object { license: Some("GPL".into()), maps: maps.into_iter().collect(), ..Object::default() }
}

/// Adds a function in assembly, with BTF and a source line for each instruction. Maps and
/// functions already in the object are known by name.
pub fn add(object: &mut Object, section: &str, name: &str, text: &str) {
    let assembly = assemble(text, &Names(object)).unwrap_or_else(|errors| panic!("{errors:?}"));
    let lines: Vec<&str> = text.lines().collect();
    let insns = assembly.insns.iter().zip(&assembly.lines).map(|(insn, line)| {
        let mut insn = match *insn {
            Insn::LoadImm64 { dst, value: Wide::MapIdx(idx) } => {
                ObjInsn::load_address(dst, Reloc::Map(MapId::new(idx as usize)))
            }
            Insn::Call(Callee::Kfunc { id, .. }) => {
                ObjInsn::call(Reloc::Call(Idx::new(id as usize)))
            }
            insn => ObjInsn::new(insn),
        };
        let source = lines[*line as usize - 1];
        insn.line = Some(Arc::new(Line {
            file: "test.s".into(),
            line: *line,
            column: 1,
            text: source.trim().into(),
        }));
        insn.span = Span::new(*line * 10, *line * 10 + 5);
        insn
    });
    let insns = insns.collect();
    let int = object.btf.intern(TypeDef::int("int", 4, IntEncoding::Signed));
    let ptr = object.btf.intern(TypeDef::Ptr { target: TypeId::VOID });
    let param = ParamDef { name: "ctx".into(), ty: ptr };
    let is_program = section != Function::SUBPROGRAM_SECTION;
    let proto = object.btf.push(TypeDef::FuncProto {
        ret: int,
        params: if is_program { vec![param] } else { Vec::new() },
        is_variadic: false,
    });
    let linkage = if is_program { Linkage::Global } else { Linkage::Static };
    let btf = object.btf.push(TypeDef::Func { name: name.into(), proto, linkage });
    object.functions.push(Function {
        name: name.into(),
        section: section.into(),
        btf: Some(btf),
        insns,
        span: Span::new(1, 4),
        ..Function::default()
    });
}

/// An object with one program.
pub fn program(maps: impl IntoIterator<Item = Map>, section: &str, text: &str) -> Object {
    let mut object = object(maps);
    add(&mut object, section, "prog", text);
    object
}

/// Loads with the defaults.
pub fn loaded(object: &Object, kernel: &Kernel) -> Loaded {
    load(object, kernel, &LoadOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}
