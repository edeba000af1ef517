//! The raw text form: one record a line, elements indented, as `bpftool btf dump` prints it.

use std::fmt::Write;

use crate::error::BtfError;
use crate::format::{FwdKind, IntEncoding, Linkage, TypeId};
use crate::reader::Btf;
use crate::types::Type;

/// Every own type of `btf` (not its base's), in order.
pub fn dump_raw(btf: &Btf) -> String {
    let mut out = String::new();
    for id in btf.ids() {
        // Own ids exist, and writing to a string cannot fail.
        let _ = write_type(&mut out, btf, id);
    }
    out
}

/// One type: a line, and a line for each of its elements.
///
/// # Errors
/// [`BtfError::NoSuchType`].
pub fn dump_raw_type(btf: &Btf, id: TypeId) -> Result<String, BtfError> {
    btf.ty(id)?;
    let mut out = String::new();
    let _ = write_type(&mut out, btf, id);
    Ok(out)
}

fn write_type(out: &mut String, btf: &Btf, id: TypeId) -> std::fmt::Result {
    let Ok(ty) = btf.ty(id) else { return Ok(()) };
    write!(out, "{id} {} '{}'", ty.kind(), quoted(ty.name()))?;
    match ty {
        Type::Void => {}
        Type::Int(int) => write!(
            out,
            " size={} bits_offset={} nr_bits={} encoding={}",
            int.size_bytes,
            int.bit_offset,
            int.n_bits,
            encoding(int.encoding)
        )?,
        Type::Ptr { target }
        | Type::Typedef { target, .. }
        | Type::Volatile { target }
        | Type::Const { target }
        | Type::Restrict { target }
        | Type::TypeTag { target, .. } => write!(out, " type_id={}", target.0)?,
        Type::Array { element, index, n_elements } => {
            write!(out, " type_id={} index_type_id={} nr_elems={n_elements}", element.0, index.0)?
        }
        Type::Struct(composite) | Type::Union(composite) => {
            write!(out, " size={} vlen={}", composite.size_bytes(), composite.n_members())?;
            for member in composite.members() {
                let (name, ty, offset) = (quoted(member.name), member.ty.0, member.bit_offset);
                write!(out, "\n\t'{name}' type_id={ty} bits_offset={offset}")?;
                if let Some(bits) = member.bitfield_bits {
                    write!(out, " bitfield_size={bits}")?;
                }
            }
        }
        Type::Enum(enumeration) | Type::Enum64(enumeration) => {
            let encoding = if enumeration.is_signed() { "SIGNED" } else { "UNSIGNED" };
            let (size, vlen) = (enumeration.size_bytes(), enumeration.n_enumerators());
            write!(out, " encoding={encoding} size={size} vlen={vlen}")?;
            let suffix = match (ty, enumeration.is_signed()) {
                (Type::Enum(_), _) => "",
                (_, true) => "LL",
                (_, false) => "ULL",
            };
            for enumerator in enumeration.enumerators() {
                let (name, value) = (quoted(enumerator.name), enumerator.value);
                write!(out, "\n\t'{name}' val={value}{suffix}")?;
            }
        }
        Type::Fwd { fwd_kind, .. } => {
            let word = if fwd_kind == FwdKind::Union { "union" } else { "struct" };
            write!(out, " fwd_kind={word}")?;
        }
        Type::Func { proto, linkage: link, .. } => {
            write!(out, " type_id={} linkage={}", proto.0, linkage(link))?;
        }
        Type::FuncProto(proto) => {
            let vlen = proto.n_params() + u32::from(proto.is_variadic());
            write!(out, " ret_type_id={} vlen={vlen}", proto.ret().0)?;
            for param in proto.params() {
                write!(out, "\n\t'{}' type_id={}", quoted(param.name), param.ty.0)?;
            }
            if proto.is_variadic() {
                write!(out, "\n\t'(anon)' type_id=0")?;
            }
        }
        Type::Var { ty, linkage: link, .. } => {
            write!(out, " type_id={}, linkage={}", ty.0, linkage(link))?;
        }
        Type::DataSec(section) => {
            write!(out, " size={} vlen={}", section.size_bytes(), section.vars().len())?;
            for var in section.vars() {
                let (id, offset, size) = (var.var.0, var.offset_bytes, var.size_bytes);
                write!(out, "\n\ttype_id={id} offset={offset} size={size}")?;
                if let Ok(ty) = btf.ty(var.var) {
                    write!(out, " ({} '{}')", ty.kind(), quoted(ty.name()))?;
                }
            }
        }
        Type::Float { size_bytes, .. } => write!(out, " size={size_bytes}")?,
        Type::DeclTag { target, component_idx, .. } => {
            let idx = component_idx.map_or(-1, i64::from);
            write!(out, " type_id={} component_idx={idx}", target.0)?;
        }
        Type::Unknown { kind_number, .. } => write!(out, " kind={kind_number}")?,
    }
    out.push('\n');
    Ok(())
}

fn quoted(name: &str) -> &str {
    if name.is_empty() { "(anon)" } else { name }
}

fn encoding(encoding: IntEncoding) -> &'static str {
    match encoding {
        IntEncoding::Unsigned => "(none)",
        IntEncoding::Signed => "SIGNED",
        IntEncoding::Char => "CHAR",
        IntEncoding::Bool => "BOOL",
        IntEncoding::Other(_) => "UNKN",
    }
}

fn linkage(linkage: Linkage) -> &'static str {
    match linkage {
        Linkage::Static => "static",
        Linkage::Global => "global",
        Linkage::Extern => "extern",
        Linkage::Other(_) => "(unknown)",
    }
}
