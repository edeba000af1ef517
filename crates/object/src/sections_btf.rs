//! The `DATASEC`s of an object: which variable lies where in which section.

use crate::map_btf::map_places;
use crate::{ExternKind, Object};
use bpfc_btf::{Btf, BtfBuilder, BtfError, BuildError, SecVarDef, TypeDef, TypeId};
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
    /// members have linkage `extern`: the kernel takes neither, a loader must rewrite both.
    pub fn btf_with_sections(&self) -> BtfBuilder {
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
        let end = places
            .last()
            .map_or(0, |last| last.offset + last.size_bytes);
        let vars = self.maps.iter().zip(&places).filter_map(|(map, place)| {
            Some(SecVarDef {
                var: map.btf?,
                offset_bytes: place.offset,
                size_bytes: place.size_bytes,
            })
        });
        push_section(&mut btf, MAPS_SECTION, end, vars.collect());
        push_section(&mut btf, KSYMS_SECTION, 0, self.extern_vars(is_symbol));
        push_section(&mut btf, KCONFIG_SECTION, 0, self.extern_vars(is_config));
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
    (!vars.is_empty()).then(|| {
        btf.push(TypeDef::DataSec {
            name,
            size_bytes,
            vars,
        })
    })
}
