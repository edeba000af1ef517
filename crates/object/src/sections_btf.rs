//! The `DATASEC`s of an object: which variable lies where in which section.

use crate::map_btf::map_places;
use crate::{ExternId, ExternKind, Object};
use bpfc_btf::{
    Btf, BtfBuilder, BtfError, BuildError, IntEncoding, Linkage, SecVarDef, TypeDef, TypeId,
};
use bpfc_isa::Endian;

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
        let mut btf = self.btf_with_definitions();
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
        let mut btf = self.btf_with_definitions();
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

    fn btf_with_definitions(&self) -> BtfBuilder {
        let mut btf = self.btf.clone();
        for section in &self.data {
            let vars = section.variables.iter().filter_map(|variable| {
                Some(SecVarDef {
                    var: variable.btf?,
                    offset_bytes: variable.offset,
                    size_bytes: variable.size_bytes,
                })
            });
            push_section(&mut btf, &section.name, section.size_bytes, vars.collect());
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
        push_section(&mut btf, MAPS_SECTION, end, vars.collect());
        btf
    }

    fn extern_vars(&self, wanted: impl Fn(ExternKind) -> bool) -> Vec<SecVarDef> {
        let externs = self.externs.iter().filter(|item| wanted(item.kind));
        let vars = externs.filter_map(|item| {
            Some(SecVarDef {
                var: item.btf?,
                offset_bytes: 0,
                size_bytes: match item.kind {
                    ExternKind::Kconfig { size_bytes } => size_bytes,
                    ExternKind::Ksym | ExternKind::Kfunc => 0,
                },
            })
        });
        vars.collect()
    }
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
