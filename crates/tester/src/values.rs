//! Values of scenarios as bytes of a BTF type, and the way into one.

use bpfc_btf::{Btf, Type, TypeId};
use bpfc_testkit::{Access, Value};
use std::ops::Range;

/// Lines about one value that differs.
const MAX_LINES: usize = 16;

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
            let number = constant(btf, name)?;
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

/// The type of a variable, whose BTF may be of the variable itself.
pub fn type_of_variable(btf: &Btf, ty: Option<TypeId>) -> Option<TypeId> {
    let ty = ty?;
    match btf.ty(ty).ok()? {
        Type::Var { ty, .. } => Some(ty),
        _ => Some(ty),
    }
}

/// The part of a value that is one for each CPU: numbers are added; other parts must be the same on all CPUs that have one, zeros
/// being none.
pub fn over_cpus(btf: &Btf, values: &[Vec<u8>], part: Part) -> Result<Vec<u8>, String> {
    let of = |value: &Vec<u8>| {
        let bytes = value.get(part.offset..part.offset + part.size);
        bytes.map(<[u8]>::to_vec).ok_or("the value is too short")
    };
    let parts = values.iter().map(of).collect::<Result<Vec<Vec<u8>>, _>>()?;
    let is_number = match part.ty.map(|ty| btf.resolved(ty)) {
        Some(Ok((_, ty))) => matches!(ty, Type::Int { .. }),
        _ => matches!(part.size, 1 | 2 | 4 | 8),
    };
    let mut set = parts.iter().filter(|bytes| bytes.iter().any(|&byte| byte != 0));
    match (set.next(), parts.first()) {
        (None, Some(zeros)) => Ok(zeros.clone()),
        (None, None) => Err("no value".to_owned()),
        (Some(_), _) if is_number && part.size <= 8 => {
            let number = |bytes: &Vec<u8>| {
                let mut wide = [0; 8];
                wide[..part.size].copy_from_slice(bytes);
                u64::from_le_bytes(wide)
            };
            let sum = parts.iter().map(number).fold(0, u64::wrapping_add);
            Ok(sum.to_le_bytes()[..part.size].to_vec())
        }
        (Some(first), _) => match set.all(|other| other == first) {
            true => Ok(first.clone()),
            false => Err("CPUs have different values".to_owned()),
        },
    }
}

/// A number, or the value of a constant: of the kernel's interface, or an enumerator of the program.
pub fn number(btf: &Btf, value: &Value) -> Result<i128, String> {
    match value {
        Value::Int(number, _) => Ok(*number),
        Value::Name(name) => constant(btf, name),
        _ => Err("not a number".into()),
    }
}

fn constant(btf: &Btf, name: &str) -> Result<i128, String> {
    if let Some(constant) = bpfc_kabi::constant(name) {
        return Ok(constant.value);
    }
    let enumerators = btf.ids().filter_map(|id| match btf.ty(id) {
        Ok(Type::Enum(all) | Type::Enum64(all)) => Some(all.enumerators()),
        _ => None,
    });
    let found = enumerators.flatten().find(|enumerator| enumerator.name == name);
    found.map(|found| found.value).ok_or_else(|| format!("`{name}` is no constant"))
}

/// What differs between bytes of a type and what is said of them, a line for each part.
pub fn difference(
    btf: &Btf,
    ty: Option<TypeId>,
    expected: &(Vec<u8>, Vec<bool>),
    actual: &[u8],
) -> Option<String> {
    if expected.0.len() != actual.len() {
        let n_bytes = (expected.0.len(), actual.len());
        return Some(format!("expected {} bytes, found {}", n_bytes.0, n_bytes.1));
    }
    let mut lines = Vec::new();
    let sides = Sides { btf, expected: &expected.0, is_said: &expected.1, actual };
    sides.compare(ty, 0..actual.len(), "", &mut lines);
    if lines.is_empty() {
        // What differs is between members.
        sides.compare(None, 0..actual.len(), "", &mut lines);
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What is expected, and what is there.
struct Sides<'a> {
    btf: &'a Btf,
    expected: &'a [u8],
    is_said: &'a [bool],
    actual: &'a [u8],
}

impl Sides<'_> {
    /// Appends what differs in a range, which is of type `ty`.
    fn compare(
        &self,
        ty: Option<TypeId>,
        range: Range<usize>,
        path: &str,
        lines: &mut Vec<String>,
    ) {
        let is_equal =
            range.clone().all(|at| !self.is_said[at] || self.expected[at] == self.actual[at]);
        if is_equal {
            return;
        }
        match ty.and_then(|ty| self.btf.resolved(ty).ok()) {
            Some((_, Type::Struct(composite))) => {
                for member in composite.members() {
                    let start = range.start + member.bit_offset as usize / 8;
                    let path = match member.name {
                        "" => path.to_owned(),
                        name => format!("{path}.{name}"),
                    };
                    self.part(member.ty, start, &range, &path, lines);
                }
            }
            Some((_, Type::Array { element, n_elements, .. })) if !self.is_char(element) => {
                let each = self.btf.size_of(element).unwrap_or(0) as usize;
                for idx in 0..n_elements as usize {
                    let path = format!("{path}[{idx}]");
                    self.part(element, range.start + idx * each, &range, &path, lines);
                }
            }
            resolved => {
                let is_signed =
                    matches!(&resolved, Some((_, Type::Int(int))) if int.encoding.is_signed());
                let is_number = matches!(&resolved, Some((_, Type::Int(_))));
                let show = |bytes: &[u8]| shown(bytes, is_number, is_signed);
                let (expected, actual) =
                    (show(&self.expected[range.clone()]), show(&self.actual[range]));
                let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
                lines.push(format!("{path}expected {expected}, found {actual}"));
            }
        }
    }

    /// A part that begins at `start` and is inside of `whole`.
    fn part(
        &self,
        ty: TypeId,
        start: usize,
        whole: &Range<usize>,
        path: &str,
        lines: &mut Vec<String>,
    ) {
        let end = start + self.btf.size_of(ty).unwrap_or(0) as usize;
        if end <= whole.end && lines.len() < MAX_LINES {
            self.compare(Some(ty), start..end, path, lines);
        }
    }

    fn is_char(&self, ty: TypeId) -> bool {
        self.btf.size_of(ty) == Ok(1)
    }
}

/// Bytes as people read them: a number, or else hexadecimal digits, and a text if they look like one.
fn shown(bytes: &[u8], is_number: bool, is_signed: bool) -> String {
    if is_number && bytes.len() <= 8 {
        let is_negative = is_signed && bytes.last().is_some_and(|&byte| byte >= 0x80);
        let mut wide = if is_negative { [0xff; 8] } else { [0; 8] };
        wide[..bytes.len()].copy_from_slice(bytes);
        return match is_negative {
            true => i64::from_le_bytes(wide).to_string(),
            false => u64::from_le_bytes(wide).to_string(),
        };
    }
    let text = &bytes[..bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len())];
    match !text.is_empty() && text.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        true => format!("{} \"{}\"", hex(bytes), text.escape_ascii()),
        false => hex(bytes),
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown() {
        assert_eq!(shown(&[2, 1], true, false), "258");
        assert_eq!(shown(&[0xfe], true, true), "-2");
        assert_eq!(shown(&[0xfe], true, false), "254");
        assert_eq!(shown(b"sh\0\0", false, false), "73680000 \"sh\"");
        assert_eq!(shown(&[1, 2], false, false), "0102");
    }
}
