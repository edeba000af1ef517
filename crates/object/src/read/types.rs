//! `.BTF` and `.BTF.ext`: types without their `DATASEC`s, and what those said.

use super::ReadError;
use crate::elf::Elf;
use crate::sections_btf::{KCONFIG_SECTION, KSYMS_SECTION, MAPS_SECTION};
use crate::{Extern, ExternKind};
use bpfc_btf::{Btf, BtfBuilder, BtfError, BtfExt, Linkage, SecVar, StrOff, Type, TypeDef, TypeId};
use std::collections::HashMap;

/// Longest string taken; source lines are the longest ones.
const MAX_STRING_BYTES: usize = 1 << 15;
/// Types may spell their names in this many bytes together.
const MAX_NAME_BYTES: u64 = 1 << 26;

/// The type information of a file. Ids are those of `builder`.
pub(super) struct Types {
    /// The types, without any `DATASEC`.
    pub builder: BtfBuilder,
    /// The same, to ask questions.
    pub btf: Option<Btf>,
    /// Variables of each `DATASEC` by its name.
    pub sections: HashMap<String, Vec<SecVar>>,
    /// The blob as it was found, for its strings.
    original: Option<Btf>,
    /// `.BTF.ext` with ids of `original`.
    pub ext: BtfExt,
    /// Where `.BTF.ext` is in the file.
    pub ext_offset: u64,
    /// Ids of `original` to ids of `builder`; `DATASEC`s have none.
    ids: Vec<Option<TypeId>>,
}

impl Types {
    pub fn parse(elf: &Elf<'_>) -> Result<Types, ReadError> {
        let mut types = Types {
            builder: BtfBuilder::new(),
            btf: None,
            sections: HashMap::new(),
            original: None,
            ext: BtfExt::default(),
            ext_offset: 0,
            ids: vec![Some(TypeId::VOID)],
        };
        let find = |name: &str| {
            let sections = elf.sections.iter();
            let mut found = sections.filter(|section| section.name == name);
            found.find(|section| !section.bytes.is_empty())
        };
        let Some(section) = find(".BTF") else {
            return Ok(types);
        };
        let at = section.file_offset;
        let bad =
            |section, offset_bytes| move |error| ReadError::BadBtf { section, offset_bytes, error };
        let btf = Btf::parse(section.bytes.to_vec()).map_err(bad(".BTF", at))?;
        check_strings(&btf)?;
        types.split(&btf).map_err(bad(".BTF", at))??;
        if let Some(section) = find(".BTF.ext") {
            types.ext_offset = section.file_offset;
            let error = bad(".BTF.ext", section.file_offset);
            types.ext = BtfExt::parse(section.bytes).map_err(error)?;
        }
        types.original = Some(btf);
        Ok(types)
    }

    /// Takes the types of `btf` over, and its `DATASEC`s apart.
    fn split(&mut self, btf: &Btf) -> Result<Result<(), ReadError>, BtfError> {
        let mut next = 1;
        for id in btf.ids() {
            let is_section = matches!(btf.ty(id)?, Type::DataSec(_));
            self.ids.push((!is_section).then_some(TypeId(next)));
            next += u32::from(!is_section);
        }
        let mut n_bytes = 0;
        for id in btf.ids() {
            if let Type::DataSec(section) = btf.ty(id)? {
                let vars = section.vars().filter_map(|var| {
                    let id = self.new_id(var.var)?;
                    Some(SecVar { var: id, ..var })
                });
                let vars = vars.collect();
                self.sections.insert(section.name().to_owned(), vars);
                continue;
            }
            n_bytes += name_bytes(btf, id)?;
            if n_bytes > MAX_NAME_BYTES {
                return Ok(Err(ReadError::TooLarge { what: "type names" }));
            }
            let mut def = TypeDef::from_btf(btf, id)?;
            let mut bad = None;
            def.for_each_reference(|target| match self.ids.get(target.0 as usize) {
                Some(Some(new)) => *target = *new,
                _ => bad = Some(*target),
            });
            if let Some(id) = bad {
                return Err(BtfError::NoSuchType { id });
            }
            self.builder.push(def);
        }
        let endian = btf.endian();
        let rebuilt = self.builder.to_bytes(endian);
        let Ok(blob) = rebuilt else {
            return Ok(Err(ReadError::TooLarge { what: "types" }));
        };
        self.btf = Some(Btf::parse(blob)?);
        Ok(Ok(()))
    }

    /// The id in `builder` of a type in the file.
    pub fn new_id(&self, id: TypeId) -> Option<TypeId> {
        *self.ids.get(id.0 as usize)?
    }

    /// A string that `.BTF.ext` names.
    pub fn string(&self, offset: StrOff) -> Option<&str> {
        self.original.as_ref()?.string(offset)
    }

    /// The variables of a section by their names, later ones first.
    pub fn variables(&self, section: &str) -> HashMap<&str, SecVar> {
        let (Some(vars), Some(btf)) = (self.sections.get(section), &self.btf) else {
            return HashMap::new();
        };
        vars.iter().map(|var| (btf.name(var.var), *var)).collect()
    }

    /// What the kernel or another object must provide, by its name.
    ///
    /// The kernel's is in `.ksyms` and `.kconfig`. What else is declared `extern` another object
    /// defines, whether the declaration gives a section or not.
    pub fn externs(&self) -> HashMap<&str, Extern> {
        let mut found = HashMap::new();
        let Some(btf) = &self.btf else {
            return found;
        };
        let mut add = |id: TypeId, kind, section: Option<&String>| {
            let (btf_id, section) = (Some(id), section.cloned());
            let item = Extern { btf: btf_id, section, ..Extern::new("", kind) };
            found.insert(btf.name(id), item);
        };
        for id in btf.ids() {
            match btf.ty(id) {
                Ok(Type::Func { linkage: Linkage::Extern, .. }) => add(id, ExternKind::Func, None),
                Ok(Type::Var { linkage: Linkage::Extern, .. }) => {
                    add(id, ExternKind::Variable, None);
                }
                _ => {}
            }
        }
        let mut sections: Vec<_> = self.sections.iter().collect();
        // A name in a section of the kernel's wins.
        sections.sort_by_key(|&(name, _)| (is_of_kernel(name), name));
        for (section, vars) in sections {
            for &SecVar { var, .. } in vars {
                let named = Some(section).filter(|_| !is_of_kernel(section));
                match (section.as_str(), btf.ty(var)) {
                    (KSYMS_SECTION, Ok(Type::Func { .. })) => add(var, ExternKind::Kfunc, None),
                    (KSYMS_SECTION, _) => add(var, ExternKind::Ksym, None),
                    (KCONFIG_SECTION, Ok(Type::Var { ty, .. })) => {
                        if let Ok(size_bytes) = btf.size_of(ty) {
                            add(var, ExternKind::Kconfig { size_bytes }, None);
                        }
                    }
                    (MAPS_SECTION, Ok(Type::Var { linkage: Linkage::Extern, .. })) => {
                        add(var, ExternKind::Map, None);
                    }
                    (_, Ok(Type::Var { linkage: Linkage::Extern, .. })) => {
                        add(var, ExternKind::Variable, named);
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

fn is_of_kernel(section: &str) -> bool {
    matches!(section, KSYMS_SECTION | KCONFIG_SECTION)
}

/// Refuses strings so long that types and lines sharing them would cost too much.
fn check_strings(btf: &Btf) -> Result<(), ReadError> {
    let mut offset = 0;
    while let Some(text) = btf.string(StrOff(offset)) {
        if text.len() > MAX_STRING_BYTES {
            return Err(ReadError::TooLarge { what: "BTF strings" });
        }
        offset += text.len() as u32 + 1;
    }
    Ok(())
}

/// How many bytes an owned copy of a type needs for names.
fn name_bytes(btf: &Btf, id: TypeId) -> Result<u64, BtfError> {
    let inner: usize = match btf.ty(id)? {
        Type::Struct(composite) | Type::Union(composite) => {
            composite.members().map(|member| member.name.len()).sum()
        }
        Type::Enum(values) | Type::Enum64(values) => {
            values.enumerators().map(|value| value.name.len()).sum()
        }
        Type::FuncProto(proto) => proto.params().map(|param| param.name.len()).sum(),
        _ => 0,
    };
    Ok((inner + btf.name(id).len()) as u64)
}
