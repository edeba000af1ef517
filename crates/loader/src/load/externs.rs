//! What the kernel provides to a program by name: configuration values, symbols, functions.

use crate::LoadError;
use crate::kernel::{Kernel, version_code};
use bpfc_base::{IndexVec, Span};
use bpfc_btf::{Btf, IntEncoding, KindSet, Type, TypeId, core};
use bpfc_object::{Extern, ExternId, ExternKind, Object};
use std::collections::BTreeMap;

/// More than all configuration values of a program.
const MAX_KCONFIG_BYTES: u32 = 1 << 20;

/// What an extern became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// A place in `.kconfig`.
    Kconfig { offset: u32 },
    /// A kernel variable or function by its BTF id.
    Typed(TypeId),
    /// An address.
    Address(u64),
    /// Weak, and not there.
    Absent,
}

/// Finds every extern, and the content of `.kconfig`.
pub(super) fn resolve(
    object: &Object,
    types: Option<&Btf>,
    kernel: &Kernel,
) -> Result<(IndexVec<ExternId, Resolved>, Vec<u8>), LoadError> {
    let (places, size_bytes) = object.kconfig_layout();
    if size_bytes > MAX_KCONFIG_BYTES {
        return Err(LoadError::Unsupported {
            subject: "section `.kconfig`".into(),
            what: "it is too large".into(),
            span: Span::NONE,
        });
    }
    let mut places = places.into_iter();
    let mut content = vec![0; size_bytes as usize];
    let mut resolved = IndexVec::new();
    for item in &object.externs {
        let found = match item.kind {
            ExternKind::Kconfig { size_bytes } => {
                let offset = places.next().map_or(0, |(_, offset)| offset);
                let place = &mut content[offset as usize..][..size_bytes as usize];
                config_value(item, types, kernel, place)?;
                Some(Resolved::Kconfig { offset })
            }
            ExternKind::Kfunc => find_in_btf(kernel, &item.name, KindSet::FUNC),
            ExternKind::Ksym if is_typed(item, types) => {
                find_in_btf(kernel, &item.name, KindSet::VAR)
            }
            ExternKind::Ksym => find_address(kernel, &item.name)?,
            ExternKind::Func | ExternKind::Variable | ExternKind::Map => return Err(missing(item)),
        };
        let found = match found {
            Some(found) => found,
            None if item.is_weak => Resolved::Absent,
            None => return Err(missing(item)),
        };
        resolved.push(found);
    }
    Ok((resolved, content))
}

/// What the object's `__kconfig` variables of up to 8 bytes are on this kernel, by name; those that cannot be found out
/// are left out.
pub fn config_values(object: &Object, kernel: &Kernel) -> BTreeMap<String, u64> {
    let types = object.open_btf().ok();
    let value = |item: &Extern| {
        let ExternKind::Kconfig { size_bytes } = item.kind else { return None };
        let mut bytes = [0; 8];
        let place = bytes.get_mut(..size_bytes as usize)?;
        config_value(item, types.as_ref(), kernel, place).ok()?;
        Some((item.name.clone(), u64::from_le_bytes(bytes)))
    };
    object.externs.iter().filter_map(value).collect()
}

fn missing(item: &Extern) -> LoadError {
    let what = match item.kind {
        ExternKind::Kconfig { .. } => "configuration option",
        kind if kind.is_of_object() => "definition of",
        kind => kind.noun(),
    };
    LoadError::Missing {
        needed: "the program".into(),
        feature: format!("the {what} `{}`", item.name),
        span: Span::NONE,
    }
}

/// Whether a symbol was declared with a type other than `void`.
fn is_typed(item: &Extern, types: Option<&Btf>) -> bool {
    let Some((types, id)) = types.zip(item.btf) else {
        return false;
    };
    let Ok(Type::Var { ty, .. }) = types.ty(id) else {
        return false;
    };
    types.resolved(ty).is_ok_and(|(_, ty)| !matches!(ty, Type::Void))
}

fn find_in_btf(kernel: &Kernel, name: &str, kinds: KindSet) -> Option<Resolved> {
    let btf = kernel.btf()?;
    btf.find_by_name(core::essential_name(name), kinds).map(Resolved::Typed)
}

fn find_address(kernel: &Kernel, name: &str) -> Result<Option<Resolved>, LoadError> {
    let unsupported = |what: &str| LoadError::Unsupported {
        subject: format!("kernel symbol `{name}`"),
        what: what.into(),
        span: Span::NONE,
    };
    let Some(symbols) = kernel.symbols() else {
        return Err(unsupported("`/proc/kallsyms` cannot be read"));
    };
    match symbols.address(name) {
        Ok(Some(0)) => {
            Err(unsupported("the kernel hides addresses from this user (`kernel.kptr_restrict`)"))
        }
        Ok(address) => Ok(address.map(Resolved::Address)),
        Err(_) => Err(unsupported("several symbols have this name")),
    }
}

/// How a configuration value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConfigType {
    /// 0 or 1; `m` does not fit.
    Bool,
    /// `enum libbpf_tristate`: `n` 0, `y` 1, `m` 2.
    Tristate,
    /// The letter, or a small number.
    Char,
    /// A number.
    Int { is_signed: bool },
    /// A string with its NUL, cut to size.
    String,
}

fn config_type(item: &Extern, types: Option<&Btf>, n_bytes: usize) -> Option<ConfigType> {
    let declared = types.zip(item.btf).and_then(|(types, id)| {
        let Ok(Type::Var { ty, .. }) = types.ty(id) else {
            return None;
        };
        types.resolved(ty).ok().map(|(_, ty)| ty)
    });
    match declared {
        None => Some(ConfigType::Int { is_signed: false }),
        Some(Type::Int(int)) if int.encoding == IntEncoding::Bool => Some(ConfigType::Bool),
        Some(Type::Int(_)) if n_bytes == 1 => Some(ConfigType::Char),
        Some(Type::Int(int)) if matches!(n_bytes, 2 | 4 | 8) => {
            Some(ConfigType::Int { is_signed: int.encoding.is_signed() })
        }
        Some(Type::Enum(_) | Type::Enum64(_)) => Some(ConfigType::Tristate),
        Some(Type::Array { .. }) => Some(ConfigType::String),
        _ => None,
    }
}

/// Writes the value of a configuration option to its place.
fn config_value(
    item: &Extern,
    types: Option<&Btf>,
    kernel: &Kernel,
    place: &mut [u8],
) -> Result<(), LoadError> {
    let bad = |what: String| LoadError::Unsupported {
        subject: format!("configuration value `{}`", item.name),
        what,
        span: Span::NONE,
    };
    let Some(ty) = config_type(item, types, place.len()) else {
        return Err(bad("its type is none that an option can have".into()));
    };
    let value = match item.name.as_str() {
        "LINUX_KERNEL_VERSION" => version_code(&kernel.release()).map(|code| code.to_string()),
        "LINUX_HAS_BPF_COOKIE" => {
            let has = kernel.version() >= Some(bpfc_kabi::KernelVersion::new(5, 15));
            Some(u8::from(has).to_string())
        }
        "LINUX_HAS_SYSCALL_WRAPPER" => {
            let has = kernel.symbols().is_some_and(|symbols| {
                symbols.resolve_function("sys_bpf").is_ok_and(|name| name.starts_with("__"))
            });
            Some(u8::from(has).to_string())
        }
        name => kernel.config().and_then(|config| config.get(name).cloned()),
    };
    match value {
        Some(value) => store(ty, &value, place).map_err(bad),
        None if item.is_weak => Ok(()),
        None => Err(missing(item)),
    }
}

/// Stores `y`, `m`, `n`, a quoted string or a number. Source: `set_kcfg_value_*`, libbpf 1.0.
fn store(ty: ConfigType, value: &str, place: &mut [u8]) -> Result<(), String> {
    let mismatch = || format!("the kernel has {value}, which does not fit the type");
    let number: i128 = if let Some(text) = value.strip_prefix('"') {
        if ty != ConfigType::String {
            return Err(mismatch());
        }
        let text = text.strip_suffix('"').unwrap_or(text).replace("\\\"", "\"");
        let room = place.len().saturating_sub(1);
        for (to, from) in place.iter_mut().zip(text.bytes()).take(room) {
            *to = from;
        }
        return Ok(());
    } else if let "y" | "m" | "n" = value {
        match (ty, value) {
            (ConfigType::Char, _) => value.as_bytes()[0].into(),
            (ConfigType::Tristate, "m") => 2,
            (ConfigType::Bool, "m") => return Err(mismatch()),
            (ConfigType::Bool | ConfigType::Tristate, _) => i128::from(value == "y"),
            (ConfigType::Int { .. } | ConfigType::String, _) => return Err(mismatch()),
        }
    } else {
        let parsed = match value.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16),
            None => value.parse(),
        };
        parsed.map_err(|_| mismatch())?
    };
    let n_bits = place.len() as u32 * 8;
    let (least, most) = match ty {
        ConfigType::String => return Err(mismatch()),
        ConfigType::Bool => (0, 1),
        ConfigType::Tristate => (0, 2),
        ConfigType::Char => (-128, 255),
        ConfigType::Int { is_signed: true } => (-(1 << (n_bits - 1)), (1 << (n_bits - 1)) - 1),
        ConfigType::Int { is_signed: false } => (0, (1 << n_bits) - 1),
    };
    if !(least..=most).contains(&number) {
        return Err(mismatch());
    }
    let bytes = number.to_ne_bytes();
    let skip = if cfg!(target_endian = "big") { 16 - place.len() } else { 0 };
    place.copy_from_slice(&bytes[skip..][..place.len()]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_configuration_values() {
        let int = ConfigType::Int { is_signed: false };
        let stored = |ty, value: &str, n: usize| {
            let mut place = vec![0xff; n];
            if ty == ConfigType::String {
                place.fill(0);
            }
            store(ty, value, &mut place).map(|()| place)
        };
        assert_eq!(stored(ConfigType::Bool, "y", 1), Ok(vec![1]));
        assert_eq!(stored(ConfigType::Tristate, "m", 4).unwrap()[0], 2);
        assert_eq!(stored(ConfigType::Char, "n", 1), Ok(vec![b'n']));
        assert_eq!(stored(int, "0x1000", 4), Ok(0x1000_u32.to_ne_bytes().into()));
        assert_eq!(stored(int, "250", 8), Ok(250_u64.to_ne_bytes().into()));
        assert_eq!(stored(ConfigType::String, "\"ab\"", 4), Ok(b"ab\0\0".to_vec()));
        assert_eq!(stored(ConfigType::String, "\"abcdef\"", 4), Ok(b"abc\0".to_vec()));
        assert!(stored(ConfigType::Bool, "m", 1).is_err());
        assert!(stored(int, "y", 4).is_err());
        assert!(stored(int, "70000", 2).is_err());
        assert!(stored(ConfigType::Bool, "\"x\"", 1).is_err());
        assert!(stored(ConfigType::Int { is_signed: true }, "-1", 2).is_ok());
    }
}
