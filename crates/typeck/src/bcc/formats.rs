//! The contexts of tracepoints as tracefs describes them, for those that the kernel's types and the tables here do not know.
//!
//! Source: `events/CATEGORY/EVENT/format`, as `kernel/trace/trace_events.c` prints it (Linux 6.12).

use crate::checker::Checker;
use crate::hir::{IntKind, Member, RecordBody, Type, TypeId};
use bpfc_base::Span;

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field<'t> {
    /// Its type as in C, without the bounds of an array.
    ty: &'t str,
    name: &'t str,
    offset_bytes: u64,
    size_bytes: u64,
    is_signed: bool,
    is_array: bool,
}

/// A line: `field:char comm[16]; offset:8; size:16; signed:0;`, with tabs between.
fn field(line: &str) -> Option<Field<'_>> {
    let rest = line.trim().strip_prefix("field:")?;
    let mut parts = rest.split(';').map(str::trim);
    let declaration = parts.next()?;
    let mut number =
        |key: &str| parts.next()?.strip_prefix(key)?.strip_prefix(':')?.parse::<u64>().ok();
    let (offset_bytes, size_bytes) = (number("offset")?, number("size")?);
    let is_signed = number("signed").unwrap_or(0) != 0;
    let (declaration, is_array) = match declaration.split_once('[') {
        // `__data_loc char[] name` has its bounds in front.
        Some((before, after)) => match after.split_once(']')?.1.trim() {
            "" => (before, true),
            name => {
                let ty = before.trim();
                return Some(Field {
                    ty,
                    name,
                    offset_bytes,
                    size_bytes,
                    is_signed,
                    is_array: true,
                });
            }
        },
        None => (declaration, false),
    };
    let at = declaration.rfind([' ', '*'])? + 1;
    let (ty, name) = (declaration[..at].trim(), declaration[at..].trim());
    Some(Field { ty, name, offset_bytes, size_bytes, is_signed, is_array })
}

impl Checker<'_> {
    /// The members of a record, in the place where BCC has them: what all records begin with is one member, the place of a
    /// text of variable length is `data_loc_NAME`.
    pub(super) fn format_body(&mut self, format: &str) -> Option<RecordBody> {
        let common = self.int_type(IntKind::ULongLong);
        let mut members = vec![self.context_member("__do_not_use__", common, 0)];
        let mut end = 8;
        for field in format.lines().filter_map(field) {
            if field.name.starts_with("common_") {
                continue;
            }
            if field.offset_bytes < end || field.size_bytes > 4096 {
                return None;
            }
            members.push(self.format_member(&field)?);
            end = field.offset_bytes + field.size_bytes;
        }
        Some(RecordBody { members, size: end.next_multiple_of(8), align: 8, is_packed: false })
    }

    fn format_member(&mut self, field: &Field<'_>) -> Option<Member> {
        if field.ty.starts_with("__data_loc") {
            let name = format!("data_loc_{}", field.name);
            return Some(self.context_member(&name, self.common.int, field.offset_bytes));
        }
        let words = || field.ty.split_ascii_whitespace().filter(|word| *word != "const");
        let is_char = words().eq(["char"]);
        let ty = if let Some(target) = field.ty.strip_suffix('*').filter(|_| !field.is_array) {
            self.format_pointer(target.trim())
        } else if field.is_array {
            // Of arrays, only the size of the whole is told.
            let each = match words().next_back() {
                Some("char" | "u8" | "__u8" | "uint8_t") => 1,
                Some("u16" | "__u16" | "uint16_t" | "short") => 2,
                Some("long" | "u64" | "__u64" | "uint64_t") => 8,
                Some("int" | "u32" | "__u32" | "uint32_t") => 4,
                _ => 1,
            };
            let elem = if is_char { IntKind::Char } else { int_kind(each, field.is_signed)? };
            let elem = crate::hir::QualType::plain(self.int_type(elem));
            self.array_of(elem, Some(field.size_bytes / each), Span::NONE)
        } else {
            let kind =
                if is_char { IntKind::Char } else { int_kind(field.size_bytes, field.is_signed)? };
            self.int_type(kind)
        };
        Some(self.context_member(field.name, ty, field.offset_bytes))
    }

    fn format_pointer(&mut self, target: &str) -> TypeId {
        let name = target.trim_start_matches("const ").trim();
        if name == "char" {
            let ty = self.int_type(IntKind::Char);
            return self.const_pointer(ty);
        }
        let ty = match name.strip_prefix("struct ").filter(|name| !name.contains([' ', '*'])) {
            Some(name) => {
                let name = self.session.intern(name);
                self.struct_by_name(name)
            }
            None => self.common.void,
        };
        self.derive(Type::Ptr(crate::hir::QualType::plain(ty)), Span::NONE)
    }
}

fn int_kind(size_bytes: u64, is_signed: bool) -> Option<IntKind> {
    Some(match (size_bytes, is_signed) {
        (1, true) => IntKind::SChar,
        (1, false) => IntKind::UChar,
        (2, true) => IntKind::Short,
        (2, false) => IntKind::UShort,
        (4, true) => IntKind::Int,
        (4, false) => IntKind::UInt,
        (8, true) => IntKind::LongLong,
        (8, false) => IntKind::ULongLong,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read() {
        let found = field("\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;").unwrap();
        assert_eq!(
            (found.ty, found.name, found.offset_bytes, found.size_bytes),
            ("char", "prev_comm", 8, 16)
        );
        assert!(found.is_array);
        let found =
            field("\tfield:__data_loc char[] name;\toffset:16;\tsize:4;\tsigned:1;").unwrap();
        assert_eq!((found.ty, found.name), ("__data_loc char", "name"));
        let found =
            field("\tfield:const char * filename;\toffset:16;\tsize:8;\tsigned:0;").unwrap();
        assert_eq!((found.ty, found.name, found.is_array), ("const char *", "filename", false));
        let found = field("field:unsigned long nr_pages;\toffset:24;\tsize:8;\tsigned:0;").unwrap();
        assert_eq!((found.ty, found.name), ("unsigned long", "nr_pages"));
        assert_eq!(field("print fmt: \"x\""), None);
        assert_eq!(field("\tfield:;\toffset:x;"), None);
    }
}
