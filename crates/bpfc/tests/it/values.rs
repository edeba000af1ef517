//! Values of scenarios as bytes of a BTF type, and the way into one.

use bpfc::Btf;
use bpfc_btf::{Type, TypeId};
use bpfc_testkit::{Access, Value};

/// A part of some bytes: its offset, its size, its type if it has one.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub offset: usize,
    pub size: usize,
    pub ty: Option<TypeId>,
}

/// The part of a value of type `ty` that `path` leads to.
pub fn part(btf: &Btf, ty: Option<TypeId>, size: usize, path: &[Access]) -> Result<Part, String> {
    let mut part = Part { offset: 0, size, ty };
    for access in path {
        let ty = part.ty.ok_or("there is no type to find members in")?;
        let (_, resolved) = btf.resolved(ty).map_err(|e| e.to_string())?;
        match (access, resolved) {
            (Access::Field(name), Type::Struct(composite) | Type::Union(composite)) => {
                let (offset, ty) =
                    member(btf, ty, name).ok_or_else(|| format!("no member `{name}`"))?;
                let _ = composite;
                part.offset += offset;
                part.ty = Some(ty);
            }
            (Access::Index(Value::Int(idx, _)), Type::Array { element, .. }) => {
                let each = btf.size_of(element).map_err(|e| e.to_string())? as usize;
                part.offset += each * *idx as usize;
                part.ty = Some(element);
            }
            _ => return Err(format!("{access:?} does not fit the type")),
        }
        let ty = part.ty.ok_or("no type")?;
        part.size = btf.size_of(ty).map_err(|e| e.to_string())? as usize;
    }
    if part.offset + part.size > size {
        return Err("outside of the value".into());
    }
    Ok(part)
}

/// Offset and type of a member, also of anonymous members.
pub fn member(btf: &Btf, ty: TypeId, name: &str) -> Option<(usize, TypeId)> {
    let (_, resolved) = btf.resolved(ty).ok()?;
    let (Type::Struct(composite) | Type::Union(composite)) = resolved else {
        return None;
    };
    composite.members().find_map(|member| {
        let offset = member.bit_offset as usize / 8;
        if member.name == name {
            return Some((offset, member.ty));
        }
        if !member.name.is_empty() {
            return None;
        }
        let (inner, ty) = self::member(btf, member.ty, name)?;
        Some((offset + inner, ty))
    })
}

/// The bytes of `value`, and which of them it says something about: padding it does not.
pub fn encode(
    btf: &Btf,
    ty: Option<TypeId>,
    size: Option<usize>,
    value: &Value,
) -> Result<(Vec<u8>, Vec<bool>), String> {
    let plain = || -> Result<_, String> {
        let bytes = value.to_bytes(size)?;
        let all = vec![true; bytes.len()];
        Ok((bytes, all))
    };
    let Some(ty) = ty else { return plain() };
    let size = btf.size_of(ty).map_err(|e| e.to_string())? as usize;
    let (_, resolved) = btf.resolved(ty).map_err(|e| e.to_string())?;
    let (mut bytes, mut said) = (vec![0; size], vec![false; size]);
    let mut put = |offset: usize, part: (Vec<u8>, Vec<bool>)| {
        let range = offset..offset + part.0.len();
        if range.end > size {
            return Err("outside of the type".to_owned());
        }
        bytes[range.clone()].copy_from_slice(&part.0);
        said[range].copy_from_slice(&part.1);
        Ok(())
    };
    match (value, resolved) {
        (Value::Struct(fields), Type::Struct(_) | Type::Union(_)) => {
            for (name, value) in fields {
                let (offset, ty) =
                    member(btf, ty, name).ok_or_else(|| format!("no member `{name}`"))?;
                put(offset, encode(btf, Some(ty), None, value)?)?;
            }
        }
        (Value::Array(items), Type::Array { element, .. }) => {
            let each = btf.size_of(element).map_err(|e| e.to_string())? as usize;
            for (idx, item) in items.iter().enumerate() {
                put(idx * each, encode(btf, Some(element), None, item)?)?;
            }
        }
        (Value::Name(name), _) => {
            let number = constant(name)?;
            put(0, (number.to_le_bytes()[..size.min(16)].to_vec(), vec![true; size]))?;
        }
        _ => {
            let bytes = value.to_bytes(Some(size))?;
            let all = vec![true; bytes.len()];
            return Ok((bytes, all));
        }
    }
    Ok((bytes, said))
}

/// A number, or the value of a constant.
pub fn number(value: &Value) -> Result<i128, String> {
    match value {
        Value::Int(number, _) => Ok(*number),
        Value::Name(name) => constant(name),
        _ => Err("not a number".into()),
    }
}

fn constant(name: &str) -> Result<i128, String> {
    let constant = bpfc_kabi::constant(name);
    constant.map(|c| c.value).ok_or_else(|| format!("`{name}` is no constant"))
}

/// What differs between bytes and what is said of them.
pub fn difference(expected: &(Vec<u8>, Vec<bool>), actual: &[u8]) -> Option<String> {
    let is_equal = expected.0.len() == actual.len()
        && (expected.0.iter().zip(&expected.1))
            .zip(actual)
            .all(|((expected, is_said), actual)| !is_said || expected == actual);
    (!is_equal).then(|| format!("expected {}, found {}", hex(&expected.0), hex(actual)))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
