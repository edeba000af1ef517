//! How C spells a type: typedefs are kept, so a message shows what the user wrote.

use crate::hir::{FloatKind, IntKind, QualType, Quals, Record, RecordKind, Type, TypeId, Types};
use bpfc_base::Interner;

/// `ty` as a C type name, for instance `const u32 *` or `int (*)(void *)`.
pub(crate) fn show(types: &Types, names: &Interner, ty: QualType) -> String {
    declare(types, names, ty, String::new())
}

/// `ty` as the declaration of `name`, for instance `int (*name)[4]`.
pub(crate) fn declare(types: &Types, names: &Interner, ty: QualType, name: String) -> String {
    match types.get(ty.ty) {
        Type::Ptr(to) => {
            let quals = spell_quals(ty.quals);
            let space = if quals.is_empty() || name.is_empty() { "" } else { " " };
            let inner = format!("*{}{space}{name}", quals.trim_end());
            let is_wrapped = matches!(types.get(to.ty), Type::Array { .. } | Type::Func(_));
            let inner = if is_wrapped { format!("({inner})") } else { inner };
            declare(types, names, *to, inner)
        }
        Type::Array { elem, len } => {
            let len = len.map_or(String::new(), |n| n.to_string());
            declare(types, names, *elem, format!("{name}[{len}]"))
        }
        Type::Func(func) => {
            let mut params: Vec<String> =
                func.params.iter().map(|param| show(types, names, *param)).collect();
            if func.is_variadic {
                params.push("...".to_owned());
            } else if params.is_empty() && !func.is_unprototyped {
                params.push("void".to_owned());
            }
            declare(types, names, func.ret, format!("{name}({})", params.join(", ")))
        }
        Type::Tagged { inner, .. } => {
            declare(types, names, QualType { ty: *inner, quals: ty.quals }, name)
        }
        _ => {
            let base = base_name(types, names, ty.ty);
            let space = if name.is_empty() || name.starts_with('[') { "" } else { " " };
            format!("{}{base}{space}{name}", spell_quals(ty.quals))
        }
    }
}

fn base_name(types: &Types, names: &Interner, ty: TypeId) -> String {
    match types.get(ty) {
        Type::Void => "void".to_owned(),
        Type::Bool => "_Bool".to_owned(),
        Type::Int(kind) => int_name(*kind).to_owned(),
        Type::Float(FloatKind::Float) => "float".to_owned(),
        Type::Float(FloatKind::Double) => "double".to_owned(),
        Type::Float(FloatKind::LongDouble) => "long double".to_owned(),
        Type::Record(id) => record_name(&types.records[*id], names),
        Type::Enum(id) => match types.enums[*id].name {
            Some(name) => format!("enum {}", names.resolve(name)),
            None => "enum <anonymous>".to_owned(),
        },
        Type::Typedef(id) => names.resolve(types.typedefs[*id].name).to_owned(),
        Type::Error => "<error>".to_owned(),
        Type::Ptr(_) | Type::Array { .. } | Type::Func(_) | Type::Tagged { .. } => {
            unreachable!("`declare` takes derived types apart")
        }
    }
}

/// `struct name`, or `struct <anonymous>`.
pub(crate) fn record_name(record: &Record, names: &Interner) -> String {
    let keyword = match record.kind {
        RecordKind::Struct => "struct",
        RecordKind::Union => "union",
    };
    match record.name {
        Some(name) => format!("{keyword} {}", names.resolve(name)),
        None => format!("{keyword} <anonymous>"),
    }
}

/// The C name of an integer type.
pub(crate) fn int_name(kind: IntKind) -> &'static str {
    match kind {
        IntKind::Char => "char",
        IntKind::SChar => "signed char",
        IntKind::UChar => "unsigned char",
        IntKind::Short => "short",
        IntKind::UShort => "unsigned short",
        IntKind::Int => "int",
        IntKind::UInt => "unsigned int",
        IntKind::Long => "long",
        IntKind::ULong => "unsigned long",
        IntKind::LongLong => "long long",
        IntKind::ULongLong => "unsigned long long",
        IntKind::Int128 => "__int128",
        IntKind::UInt128 => "unsigned __int128",
    }
}

fn spell_quals(quals: Quals) -> String {
    let words = [
        (quals.is_const, "const "),
        (quals.is_volatile, "volatile "),
        (quals.is_restrict, "restrict "),
        (quals.is_atomic, "_Atomic "),
    ];
    words.iter().filter(|(is_there, _)| *is_there).map(|(_, word)| *word).collect()
}
