//! Declarators (inside out, as C reads) and the bodies of structs, unions and enumerations.

use std::collections::HashSet;

use super::names::{Names, Space};
use crate::error::BtfError;
use crate::format::{FwdKind, TypeId};
use crate::query::Budget;
use crate::reader::Btf;
use crate::types::{Enumeration, FuncProto, Type};

/// How to print a type without a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anonymous {
    Body,
    Short,
}

/// Prints declarations of one BTF.
pub(super) struct Printer<'a> {
    btf: &'a Btf,
    anonymous: Anonymous,
    names: Names,
    /// Anonymous enumerations whose enumerators were printed: they may not be declared twice.
    enumerations: HashSet<TypeId>,
    budget: Budget,
}

impl<'a> Printer<'a> {
    pub(super) fn new(btf: &'a Btf, root: TypeId, anonymous: Anonymous) -> Self {
        let (names, enumerations) = (Names::default(), HashSet::new());
        Printer { btf, anonymous, names, enumerations, budget: super::budget(root) }
    }

    pub(super) fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    /// The definition of one type, or nothing.
    pub(super) fn definition(&mut self, id: TypeId) -> Result<String, BtfError> {
        let text = match self.btf.ty(id)? {
            Type::Struct(_) | Type::Union(_) => self.head(id)? + &self.composite_body(id, 0)?,
            Type::Enum(enumeration) | Type::Enum64(enumeration) => {
                self.enumerations.insert(id);
                self.head(id)? + &self.enumeration_body(id, &enumeration, 0)
            }
            Type::Fwd { .. } => return self.forward(id),
            // Compilers know this one, and it cannot be declared.
            Type::Typedef { name: "__builtin_va_list", .. } => return Ok(String::new()),
            Type::Typedef { name, target } => {
                let name = self.names.give(Space::Ordinary, id, None, name);
                format!("typedef {}", self.declaration(target, &name, 0)?)
            }
            Type::Func { name, proto, .. } => {
                format!("extern {}", self.declaration(proto, name, 0)?)
            }
            Type::Var { name, ty, .. } => format!("extern {}", self.declaration(ty, name, 0)?),
            _ => return Ok(String::new()),
        };
        Ok(text + ";\n\n")
    }

    /// `struct x;`
    pub(super) fn forward(&mut self, id: TypeId) -> Result<String, BtfError> {
        Ok(self.head(id)? + ";\n\n")
    }

    /// Keyword and tag.
    fn head(&mut self, id: TypeId) -> Result<String, BtfError> {
        let ty = self.btf.ty(id)?;
        let keyword = match ty {
            Type::Struct(_) | Type::Fwd { fwd_kind: FwdKind::Struct, .. } => "struct",
            Type::Union(_) | Type::Fwd { fwd_kind: FwdKind::Union, .. } => "union",
            _ => "enum",
        };
        Ok(match ty {
            _ if ty.name().is_empty() => keyword.to_owned(),
            // A forward never needs another name: it means whatever has this one.
            Type::Fwd { name, .. } => format!("{keyword} {name}"),
            _ => format!("{keyword} {}", self.names.give(Space::Tag, id, None, ty.name())),
        })
    }

    /// Declares `declarator` with type `id`; bodies of anonymous types are indented by `depth`.
    pub(super) fn declaration(
        &mut self,
        id: TypeId,
        declarator: &str,
        depth: u32,
    ) -> Result<String, BtfError> {
        let mut inner = declarator.to_owned();
        // Qualifiers seen on the way that belong to the next type.
        let mut qualifiers = String::new();
        let mut is_after_pointer = false;
        let mut at = id;
        for step in 0.. {
            self.budget.spend(step)?;
            match self.btf.ty(at)? {
                Type::Const { target } => {
                    qualifiers.push_str("const ");
                    at = target;
                }
                Type::Volatile { target } => {
                    qualifiers.push_str("volatile ");
                    at = target;
                }
                Type::Restrict { target } => {
                    qualifiers.push_str("restrict ");
                    at = target;
                }
                Type::TypeTag { name, target, is_attribute } => {
                    let attribute = if is_attribute {
                        format!("__attribute__(({name})) ")
                    } else {
                        format!("__attribute__((btf_type_tag(\"{}\"))) ", name.escape_default())
                    };
                    qualifiers.push_str(&attribute);
                    at = target;
                }
                Type::Ptr { target } => {
                    inner = format!("*{qualifiers}{inner}");
                    qualifiers.clear();
                    is_after_pointer = true;
                    at = target;
                }
                Type::Array { element, n_elements, .. } => {
                    let name = if is_after_pointer { format!("({inner})") } else { inner };
                    inner = format!("{name}[{n_elements}]");
                    is_after_pointer = false;
                    at = element;
                }
                Type::FuncProto(proto) => {
                    let name = if is_after_pointer { format!("({inner})") } else { inner };
                    inner = format!("{name}({})", self.params(&proto, depth)?);
                    // Qualified function types mean nothing (C11 6.7.3p9).
                    qualifiers.clear();
                    is_after_pointer = false;
                    at = proto.ret();
                }
                _ => break,
            }
        }
        let base = self.base(at, depth)?;
        let space = if inner.is_empty() { "" } else { " " };
        Ok(format!("{qualifiers}{base}{space}{inner}").trim_end().to_owned())
    }

    fn params(&mut self, proto: &FuncProto<'_>, depth: u32) -> Result<String, BtfError> {
        let mut params = Vec::new();
        for param in proto.params() {
            self.budget.spend(depth)?;
            params.push(self.declaration(param.ty, param.name, depth + 1)?);
        }
        if proto.is_variadic() && !params.is_empty() {
            params.push("...".to_owned());
        } else if params.is_empty() && !proto.is_variadic() {
            params.push("void".to_owned());
        }
        Ok(params.join(", "))
    }

    /// The type at the core of a declarator.
    fn base(&mut self, id: TypeId, depth: u32) -> Result<String, BtfError> {
        let ty = self.btf.ty(id)?;
        Ok(match ty {
            Type::Void => "void".to_owned(),
            Type::Int(int) => int.name.to_owned(),
            Type::Float { name, .. } => name.to_owned(),
            Type::Typedef { name, .. } => self.names.give(Space::Ordinary, id, None, name),
            Type::Struct(composite) | Type::Union(composite) => {
                let head = self.head(id)?;
                match self.anonymous {
                    _ if !composite.name().is_empty() => head,
                    Anonymous::Short => head + " { ... }",
                    Anonymous::Body => head + &self.composite_body(id, depth)?,
                }
            }
            Type::Enum(enumeration) | Type::Enum64(enumeration) => {
                let head = self.head(id)?;
                match self.anonymous {
                    _ if !enumeration.name().is_empty() => head,
                    Anonymous::Short => head + " { ... }",
                    Anonymous::Body if self.enumerations.insert(id) => {
                        head + &self.enumeration_body(id, &enumeration, depth)
                    }
                    Anonymous::Body => integer_like(&enumeration).to_owned(),
                }
            }
            Type::Fwd { .. } => self.head(id)?,
            // Functions, variables and sections are no types; their names say what is meant.
            _ => ty.name().to_owned(),
        })
    }

    /// ` {`, the members with padding where C would not put it, `}` and attributes.
    fn composite_body(&mut self, id: TypeId, depth: u32) -> Result<String, BtfError> {
        let ty = self.btf.ty(id)?;
        let Some(composite) = ty.composite() else {
            return Ok(String::new());
        };
        let is_union = matches!(ty, Type::Union(_));
        let indent = "\t".repeat(depth as usize);
        let is_packed = self.btf.is_packed(&composite)?;
        let mut layout = Layout { at: 0, align: 1, is_packed };
        let mut text = String::from(" {\n");
        for member in composite.members() {
            self.budget.spend(depth)?;
            let (bit_offset, bits) = self.btf.member_bits(&composite, &member)?;
            let align = if is_packed { 1 } else { self.btf.align_of(member.ty)? };
            let size = self.btf.size_of(member.ty)?;
            if !is_union {
                layout.pad_to(bit_offset, size, align, bits, &indent, &mut text);
            }
            let declaration = self.declaration(member.ty, member.name, depth + 1)?;
            let width = bits.map_or(String::new(), |bits| format!(": {bits}"));
            text.push_str(&format!("{indent}\t{declaration}{width};\n"));
            let n_bits = bits.map_or(size.saturating_mul(8), u32::from);
            let end = bit_offset.saturating_add(n_bits);
            layout.at = if is_union { layout.at.max(end) } else { end };
            layout.align = layout.align.max(align);
        }
        layout.pad_end(composite.size_bytes(), is_union, &indent, &mut text);
        text.push_str(&format!("{indent}}}"));
        if is_packed {
            text.push_str(" __attribute__((packed))");
        }
        Ok(text)
    }

    fn enumeration_body(
        &mut self,
        id: TypeId,
        enumeration: &Enumeration<'_>,
        depth: u32,
    ) -> String {
        if enumeration.n_enumerators() == 0 {
            return String::new();
        }
        let indent = "\t".repeat(depth as usize);
        let mut text = String::from(" {\n");
        let mut fits_int = true;
        for (idx, enumerator) in enumeration.enumerators().enumerate() {
            let name = Some(idx as u32);
            let name = self.names.give(Space::Ordinary, id, name, enumerator.name);
            let value = enumerator.value;
            let is_short = i128::from(i32::MIN) <= value && value <= i128::from(u32::MAX);
            fits_int &= is_short;
            let suffix = match (is_short, enumeration.is_signed()) {
                (true, _) => "",
                (false, true) => "LL",
                (false, false) => "ULL",
            };
            text.push_str(&format!("{indent}\t{name} = {value}{suffix},\n"));
        }
        let mode = match enumeration.size_bytes() {
            1 => " __attribute__((mode(QI)))",
            2 => " __attribute__((mode(HI)))",
            8 if fits_int => " __attribute__((mode(DI)))",
            _ => "",
        };
        text + &indent + "}" + mode
    }
}

/// An integer of the same size and sign.
fn integer_like(enumeration: &Enumeration<'_>) -> &'static str {
    match (enumeration.size_bytes(), enumeration.is_signed()) {
        (1, true) => "signed char",
        (1, false) => "unsigned char",
        (2, true) => "short",
        (2, false) => "unsigned short",
        (8, true) => "long long",
        (8, false) => "unsigned long long",
        (_, true) => "int",
        (_, false) => "unsigned int",
    }
}

/// Where a C compiler would put the next member (the rules of the System V ABI, which BPF shares).
struct Layout {
    /// Bits used so far.
    at: u32,
    /// Largest alignment of a member so far, in bytes.
    align: u32,
    is_packed: bool,
}

impl Layout {
    /// Prints unnamed bit-fields until the next member falls on `wanted`.
    fn pad_to(
        &mut self,
        wanted: u32,
        size_bytes: u32,
        align: u32,
        bits: Option<u8>,
        indent: &str,
        text: &mut String,
    ) {
        let natural = match bits {
            None => self.at.checked_next_multiple_of(align.max(1) * 8).unwrap_or(u32::MAX),
            Some(_) if self.is_packed => self.at,
            Some(bits) => {
                let unit = size_bytes.max(1).saturating_mul(8);
                let last = self.at.saturating_add(u32::from(bits).max(1) - 1);
                if self.at / unit == last / unit { self.at } else { last / unit * unit }
            }
        };
        if natural < wanted {
            self.pad(wanted, indent, text);
        }
    }

    /// Prints padding up to the end, unless alignment alone gets there.
    fn pad_end(&mut self, size_bytes: u32, is_union: bool, indent: &str, text: &mut String) {
        let size_bits = size_bytes.saturating_mul(8);
        let natural = self.at.checked_next_multiple_of(self.align * 8).unwrap_or(u32::MAX);
        if natural >= size_bits {
            return;
        }
        if is_union {
            text.push_str(&format!("{indent}\tchar __padding[{size_bytes}];\n"));
        } else {
            self.pad(size_bits, indent, text);
        }
    }

    fn pad(&mut self, wanted: u32, indent: &str, text: &mut String) {
        // Long gaps of old or hostile input: one array says it.
        if wanted - self.at > 64 * 64 {
            self.at = self.at.next_multiple_of(8);
            let n_bytes = (wanted - self.at) / 8;
            text.push_str(&format!("{indent}\tchar __padding_{}[{n_bytes}];\n", self.at / 8));
            self.at += n_bytes * 8;
        }
        while self.at < wanted {
            let left = wanted - self.at;
            let units = [("long", 64), ("int", 32), ("short", 16), ("char", 8)];
            let unit = units.into_iter().find(|&(_, n)| self.at.is_multiple_of(n) && left >= n);
            let (name, n_bits) = unit.unwrap_or(("char", left.min(8 - self.at % 8)));
            text.push_str(&format!("{indent}\t{name}: {n_bits};\n"));
            self.at += n_bits;
        }
    }
}
