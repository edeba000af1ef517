//! Objects from assembly text.

use bpfc_base::Idx;
use bpfc_isa::{Callee, Insn, Symbols, Wide, assemble};
use bpfc_kabi::{MapType, helper};
use bpfc_object::{
    DataId, DataKind, DataSection, Extern, ExternId, ExternKind, FuncId, Function, Map, MapId,
    MapInit, ObjInsn, Object, Reloc,
};
use bpfc_vm::{Input, Options, Outcome, RunError, Vm};

/// An object in the making. Functions, maps, data sections and externs are named in the text.
#[derive(Default)]
pub struct Builder {
    object: Object,
    texts: Vec<String>,
}

impl Builder {
    pub fn new() -> Builder {
        Builder::default()
    }

    pub fn map(self, name: &str, ty: MapType, key: u32, value: u32, max_entries: u32) -> Builder {
        self.map_with(Map {
            name: name.into(),
            map_type: ty.number(),
            key_size_bytes: key,
            value_size_bytes: value,
            max_entries,
            map_flags: u32::from(ty == MapType::LpmTrie),
            ..Map::default()
        })
    }

    pub fn map_with(mut self, map: Map) -> Builder {
        self.object.maps.push(map);
        self
    }

    /// Sets the initial values of the map made last.
    pub fn values(mut self, values: &[(u32, MapInit)]) -> Builder {
        let last = MapId::new(self.object.maps.len() - 1);
        self.object.maps[last].values = values.to_vec();
        self
    }

    pub fn data(mut self, name: &str, kind: DataKind, bytes: &[u8]) -> Builder {
        let mut section = DataSection::new(name, kind);
        section.push(bytes, 8);
        self.object.data.push(section);
        self
    }

    pub fn kconfig(mut self, name: &str, size_bytes: u32) -> Builder {
        self.object.externs.push(Extern {
            name: name.into(),
            kind: ExternKind::Kconfig { size_bytes },
            is_hidden: false,
            section: None,
            is_weak: false,
            btf: None,
        });
        self
    }

    pub fn func(mut self, name: &str, section: &str, text: &str) -> Builder {
        self.object.functions.push(Function {
            name: name.into(),
            section: section.into(),
            ..Function::default()
        });
        self.texts.push(text.into());
        self
    }

    pub fn build(mut self) -> Object {
        self.object.license = Some("GPL".into());
        for (idx, text) in self.texts.iter().enumerate() {
            let names = Names(&self.object);
            let assembly = assemble(text, &names).unwrap_or_else(|errors| {
                panic!("{errors:?} in\n{text}");
            });
            let insns = assembly.insns.into_iter().map(relocated).collect();
            self.object.functions[FuncId::new(idx)].insns = insns;
        }
        self.object
    }
}

/// Stands for relocations while they are text.
struct Names<'a>(&'a Object);

const MAP: u32 = 1;
const FUNC: u32 = 2;
const DATA: u32 = 3;
const EXTERN: u32 = 4;

impl Symbols for Names<'_> {
    fn callee(&self, name: &str) -> Option<Callee> {
        if let Some(helper) = helper(name) {
            return Some(Callee::Helper(helper.id));
        }
        let func = self.0.function(name)?;
        Some(Callee::Kfunc { id: func.index() as u32, off: 0 })
    }

    fn wide(&self, name: &str) -> Option<Wide> {
        let externs = self.0.externs.iter_enumerated();
        let (fd, id) = if let Some(map) = self.0.map(name) {
            (MAP, map.index())
        } else if let Some(func) = self.0.function(name) {
            (FUNC, func.index())
        } else if let Some(data) = self.0.data_section(name) {
            (DATA, data.index())
        } else {
            let mut named = externs.filter(|(_, symbol)| symbol.name == name);
            (EXTERN, named.next()?.0.index())
        };
        let id = id as u32;
        Some(Wide::BtfId { id, fd })
    }
}

fn relocated(insn: Insn) -> ObjInsn {
    match insn {
        Insn::Call(Callee::Kfunc { id, .. }) => {
            ObjInsn::call(Reloc::Call(FuncId::new(id as usize)))
        }
        Insn::LoadImm64 { dst, value: Wide::BtfId { id, fd } } => {
            let idx = id as usize;
            let reloc = match fd {
                MAP => Reloc::Map(MapId::new(idx)),
                FUNC => Reloc::FuncAddr(FuncId::new(idx)),
                DATA => Reloc::Data { section: DataId::new(idx), offset: 0 },
                _ => Reloc::Extern(ExternId::new(idx)),
            };
            ObjInsn::load_address(dst, reloc)
        }
        insn => ObjInsn::new(insn),
    }
}

/// Both engines, default environment, little fuel.
pub fn vm(object: &Object) -> Vm {
    let options = Options { fuel: 100_000, ..Options::default() };
    Vm::new(object, options).unwrap()
}

/// Runs the function called `prog`.
pub fn run(vm: &mut Vm, object: &Object, input: &Input) -> Result<Outcome, RunError> {
    let program = object.function("prog").unwrap();
    let outcome = vm.run(program, input)?;
    assert_eq!(outcome.unsupported, None, "both engines run it");
    Ok(outcome)
}

/// Runs `text` as an XDP program on a frame of 60 zeros.
pub fn run_text(text: &str) -> Result<Outcome, RunError> {
    let object = Builder::new().func("prog", "xdp", text).build();
    run(&mut vm(&object), &object, &Input::default())
}

/// The value of `r0` at the end of `text`.
pub fn result(text: &str) -> u64 {
    run_text(text).unwrap_or_else(|error| panic!("{error} in\n{text}")).ret
}

/// What goes wrong in `text`.
pub fn failure(text: &str) -> bpfc_vm::Fault {
    match run_text(text) {
        Err(RunError::Fault(fault)) => *fault,
        other => panic!("{other:?} in\n{text}"),
    }
}
