//! How values are kept, by their types.

use bpfc::Btf;
use bpfc_btf::{IntEncoding, Type, TypeId, c};

/// Where the name stands in a declaration.
const NAME: &str = "$";
/// Types of types that are followed.
const MAX_QUALIFIERS: usize = 32;

/// How a value is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As it is; the declaration in C.
    Number(String),
    /// As an address; the declaration in C.
    Pointer(String),
    /// A copy of the text that it points to; the declaration in C of the pointer.
    Text(String),
    /// A copy of all its bytes; the declaration in C.
    Object(String),
}

impl Shape {
    /// By a type; none for what has no name, or no size.
    pub fn of(btf: &Btf, ty: TypeId) -> Option<Shape> {
        let ty = unqualified(btf, ty)?;
        let (id, resolved) = btf.resolved(ty).ok()?;
        let declaration = c::type_name(btf, ty, NAME).ok()?;
        match resolved {
            Type::Int(_) | Type::Enum(_) | Type::Enum64(_) => {
                // An enumeration without a name cannot be declared again.
                let is_nameless = btf.name(id).is_empty() && id == ty;
                Some(Shape::Number(if is_nameless { format!("int {NAME}") } else { declaration }))
            }
            Type::Ptr { target } if is_char(btf, target) => Some(Shape::Text(declaration)),
            // What it points to may have no name.
            Type::Ptr { .. } if declaration.contains('{') => {
                Some(Shape::Pointer(format!("void *{NAME}")))
            }
            Type::Ptr { .. } => Some(Shape::Pointer(declaration)),
            Type::Array { n_elements: 1.., .. } if !declaration.contains('{') => {
                Some(Shape::Object(declaration))
            }
            Type::Struct(of) | Type::Union(of)
                if of.size_bytes() > 0 && !declaration.contains('{') =>
            {
                Some(Shape::Object(declaration))
            }
            _ => None,
        }
    }

    /// Whether one can be kept as the other.
    pub fn is_like(&self, other: &Shape) -> bool {
        match (self, other) {
            (Shape::Object(own), Shape::Object(other)) => own == other,
            (Shape::Object(_), _) | (_, Shape::Object(_)) => false,
            _ => true,
        }
    }

    /// What fits into a register.
    pub fn word() -> Shape {
        Shape::Number(format!("unsigned long {NAME}"))
    }

    /// The declaration in C of something that is of the type.
    pub fn declare(&self, name: &str) -> String {
        let (Shape::Number(text) | Shape::Pointer(text) | Shape::Text(text) | Shape::Object(text)) =
            self;
        text.replacen(NAME, name, 1)
    }

    /// The type in C.
    pub fn ty(&self) -> String {
        self.declare("").trim_end().to_owned()
    }
}

fn unqualified(btf: &Btf, mut ty: TypeId) -> Option<TypeId> {
    for _ in 0..MAX_QUALIFIERS {
        match btf.ty(ty).ok()? {
            Type::Const { target } | Type::Volatile { target } | Type::TypeTag { target, .. } => {
                ty = target
            }
            _ => return Some(ty),
        }
    }
    None
}

fn is_char(btf: &Btf, target: TypeId) -> bool {
    match btf.resolved(target) {
        Ok((_, Type::Int(int))) => {
            int.size_bytes == 1 && int.name == "char" && int.encoding != IntEncoding::Bool
        }
        _ => false,
    }
}
