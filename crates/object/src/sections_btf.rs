//! The `DATASEC`s of an object: which variable lies where in which section.

use crate::map_btf::map_places;
use crate::{ExternId, ExternKind, Object};
use bpfc_btf::{
    Btf, BtfBuilder, BtfError, BuildError, IntEncoding, Linkage, SecVarDef, TypeDef, TypeId,
};
use bpfc_isa::Endian;
use std::collections::BTreeMap;

/// Section of map definitions.
pub(crate) const MAPS_SECTION: &str = ".maps";
/// Section of kernel symbols, which exists in BTF only.
pub(crate) const KSYMS_SECTION: &str = ".ksyms";
/// Section of configuration values, which exists in BTF only.
pub(crate) const KCONFIG_SECTION: &str = ".kconfig";

/// Why the types of an object cannot be asked questions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypesError {
    /// They cannot be written.
    #[error("BTF cannot be written: {0}")]
    Write(#[from] BuildError),
    /// What was written contradicts the format.
    #[error("BTF is not well-formed: {0}")]
    Read(#[from] BtfError),
}

impl Object {
    /// [`Object::btf`] opened for questions; the ids are the same. Worth keeping: it costs a pass
    /// over all types.
    ///
    /// # Errors
    /// [`TypesError`], for types that contradict BTF.
    pub fn open_btf(&self) -> Result<Btf, TypesError> {
        let endian = match self.endian {
            Endian::Little => bpfc_btf::Endian::Little,
            Endian::Big => bpfc_btf::Endian::Big,
        };
        Ok(Btf::parse(self.btf.to_bytes(endian)?)?)
    }

    /// The BTF as it stands in an ELF file: [`Object::btf`] and, after it, a `DATASEC` each for
    /// the data sections, `.maps`, `.ksyms` and `.kconfig`, as far as their variables have BTF.
    /// Ids of [`Object::btf`] stay valid.
    ///
    /// Sizes and offsets are filled in, but those of `.ksyms` and `.kconfig` are 0, and their
    /// members have linkage `extern`: the kernel takes neither, see [`Object::btf_for_kernel`].
    pub fn btf_with_sections(&self) -> BtfBuilder {
        let mut btf = self.btf_with_definitions(Declared::Too);
        push_section(&mut btf, KSYMS_SECTION, 0, self.extern_vars(is_symbol));
        push_section(&mut btf, KCONFIG_SECTION, 0, self.extern_vars(is_config));
        btf
    }

    /// The BTF for `BPF_BTF_LOAD`: like [`Object::btf_with_sections`], but without `.ksyms`, with
    /// `.kconfig` as [`Object::kconfig_layout`] places it, and with everything defined as the
    /// kernel wants it: no `extern` (`btf_var_check_meta`, `btf_func_check_meta`) and no parameter
    /// without a name (`btf_func_check`, all Linux 6.1 `kernel/bpf/btf.c`).
    ///
    /// Hidden functions become static. It may contain kinds that an older kernel does not know.
    pub fn btf_for_kernel(&self) -> BtfBuilder {
        let mut btf = self.btf_with_definitions(Declared::No);
        let int = match self.externs.is_empty() {
            true => TypeId::VOID,
            false => btf.intern(TypeDef::int("int", 4, IntEncoding::Signed)),
        };
        for function in self.functions.iter().filter(|function| function.is_hidden) {
            if let Some(TypeDef::Func { linkage, .. }) = function.btf.and_then(|id| btf.get_mut(id))
            {
                *linkage = Linkage::Static;
            }
        }
        for item in &self.externs {
            match item.btf.and_then(|id| btf.get_mut(id)) {
                Some(TypeDef::Var { ty, linkage, .. }) => {
                    *linkage = Linkage::Global;
                    // Any type that has a size will do; the declared one, often `void`, has none.
                    if is_symbol(item.kind) {
                        *ty = int;
                    }
                }
                Some(TypeDef::Func { proto, linkage, .. }) => {
                    *linkage = Linkage::Global;
                    let proto = *proto;
                    name_params(&mut btf, proto);
                }
                _ => {}
            }
        }
        let (places, size_bytes) = self.kconfig_layout();
        let vars = places.into_iter().filter_map(|(id, offset_bytes)| {
            let item = &self.externs[id];
            let ExternKind::Kconfig { size_bytes } = item.kind else {
                return None;
            };
            let var = item.btf?;
            Some(SecVarDef { var, offset_bytes, size_bytes })
        });
        push_section(&mut btf, KCONFIG_SECTION, size_bytes, vars.collect());
        btf
    }

    /// Where each configuration value lies in the map `.kconfig`, and the map's size: in order,
    /// each at a multiple of the largest power of two that divides its size, up to 8.
    pub fn kconfig_layout(&self) -> (Vec<(ExternId, u32)>, u32) {
        let mut places = Vec::new();
        let mut end: u32 = 0;
        for (id, item) in self.externs.iter_enumerated() {
            if let ExternKind::Kconfig { size_bytes } = item.kind {
                let align = 1 << size_bytes.trailing_zeros().min(3);
                let offset = end.saturating_add(align - 1) / align * align;
                places.push((id, offset));
                end = offset.saturating_add(size_bytes);
            }
        }
        (places, end)
    }

    fn btf_with_definitions(&self, declared: Declared) -> BtfBuilder {
        let mut btf = self.btf.clone();
        let mut elsewhere = match declared {
            Declared::Too => self.declared_vars(&btf),
            Declared::No => BTreeMap::new(),
        };
        for section in &self.data {
            let vars = section.variables.iter().filter_map(|variable| {
                Some(SecVarDef {
                    var: variable.btf?,
                    offset_bytes: variable.offset,
                    size_bytes: variable.size_bytes,
                })
            });
            let mut vars: Vec<SecVarDef> = vars.collect();
            vars.extend(elsewhere.remove(section.name.as_str()).unwrap_or_default());
            push_section(&mut btf, &section.name, section.size_bytes, vars);
        }
        let places = map_places(self).unwrap_or_default();
        let end = places.last().map_or(0, |last| last.offset + last.size_bytes);
        let vars = self.maps.iter().zip(&places).filter_map(|(map, place)| {
            Some(SecVarDef {
                var: map.btf?,
                offset_bytes: place.offset,
                size_bytes: place.size_bytes,
            })
        });
        let mut vars: Vec<SecVarDef> = vars.collect();
        vars.extend(elsewhere.remove(MAPS_SECTION).unwrap_or_default());
        push_section(&mut btf, MAPS_SECTION, end, vars);
        for (name, vars) in elsewhere {
            push_section(&mut btf, name, 0, vars);
        }
        btf
    }

    /// The variables and maps of other objects by the section that they are declared in, at offset
    /// 0, as clang has them.
    fn declared_vars(&self, btf: &BtfBuilder) -> BTreeMap<&str, Vec<SecVarDef>> {
        let mut declared: BTreeMap<&str, Vec<SecVarDef>> = BTreeMap::new();
        for (_, item) in self.undefined() {
            let section = match item.kind {
                ExternKind::Map => MAPS_SECTION,
                _ => match &item.section {
                    Some(section) => section,
                    None => continue,
                },
            };
            if let Some(var) = item.btf {
                let size_bytes = declared_bytes(btf, var);
                let def = SecVarDef { var, offset_bytes: 0, size_bytes };
                declared.entry(section).or_default().push(def);
            }
        }
        declared
    }

    fn extern_vars(&self, wanted: impl Fn(ExternKind) -> bool) -> Vec<SecVarDef> {
        let externs = self.externs.iter().filter(|item| wanted(item.kind));
        let externs = externs.filter(|item| !item.kind.is_of_object());
        let vars = externs.filter_map(|item| {
            Some(SecVarDef {
                var: item.btf?,
                offset_bytes: 0,
                size_bytes: match item.kind {
                    ExternKind::Kconfig { size_bytes } => size_bytes,
                    _ => 0,
                },
            })
        });
        vars.collect()
    }
}

/// Whether variables that other objects define have a place in sections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declared {
    Too,
    No,
}

/// The size of what a `VAR` declares, 0 where it has none.
fn declared_bytes(btf: &BtfBuilder, var: TypeId) -> u32 {
    let (mut id, mut factor) = (var, 1u32);
    // No declaration nests deeper.
    for _ in 0..64 {
        match btf.get(id) {
            Some(
                TypeDef::Var { ty: target, .. }
                | TypeDef::Typedef { target, .. }
                | TypeDef::Const { target }
                | TypeDef::Volatile { target }
                | TypeDef::Restrict { target }
                | TypeDef::TypeTag { target, .. },
            ) => id = *target,
            Some(TypeDef::Array { element, n_elements, .. }) => {
                factor = factor.saturating_mul(*n_elements);
                id = *element;
            }
            Some(
                TypeDef::Int { size_bytes, .. }
                | TypeDef::Float { size_bytes, .. }
                | TypeDef::Struct { size_bytes, .. }
                | TypeDef::Union { size_bytes, .. }
                | TypeDef::Enum { size_bytes, .. }
                | TypeDef::Enum64 { size_bytes, .. },
            ) => return factor.saturating_mul(*size_bytes),
            Some(TypeDef::Ptr { .. }) => return factor.saturating_mul(8),
            _ => return 0,
        }
    }
    0
}

/// Gives every parameter of a function type a name.
fn name_params(btf: &mut BtfBuilder, proto: TypeId) {
    if let Some(TypeDef::FuncProto { params, .. }) = btf.get_mut(proto) {
        for (idx, param) in params.iter_mut().enumerate() {
            if param.name.is_empty() {
                param.name = format!("arg{idx}");
            }
        }
    }
}

fn is_config(kind: ExternKind) -> bool {
    matches!(kind, ExternKind::Kconfig { .. })
}

fn is_symbol(kind: ExternKind) -> bool {
    !is_config(kind)
}

fn push_section(
    btf: &mut BtfBuilder,
    name: &str,
    size_bytes: u32,
    vars: Vec<SecVarDef>,
) -> Option<TypeId> {
    let name = name.to_owned();
    (!vars.is_empty()).then(|| btf.push(TypeDef::DataSec { name, size_bytes, vars }))
}
