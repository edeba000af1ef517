//! Kinds of types that an older kernel does not know, and what stands in for them.

use super::types::try_load;
use bpfc_btf::{
    BtfBuilder, EnumeratorDef, IntEncoding, Linkage, MemberDef, SecVarDef, TypeDef, TypeId,
};

/// Which kinds a kernel knows, of those that came after BTF itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds {
    /// FUNC and FUNC_PROTO (4.20).
    pub func: bool,
    /// FUNC with linkage (5.6).
    pub global_func: bool,
    /// VAR and DATASEC (5.2).
    pub datasec: bool,
    /// FLOAT (5.13).
    pub float: bool,
    /// DECL_TAG (5.16).
    pub decl_tag: bool,
    /// TYPE_TAG (5.17).
    pub type_tag: bool,
    /// ENUM64 (6.0).
    pub enum64: bool,
}

impl Kinds {
    /// What a kernel of today knows.
    pub(crate) const ALL: Kinds = Kinds {
        func: true,
        global_func: true,
        datasec: true,
        float: true,
        decl_tag: true,
        type_tag: true,
        enum64: true,
    };

    /// Asks the kernel about each kind by loading a blob with one type of it.
    pub(crate) fn probe() -> Kinds {
        Kinds {
            func: knows(|builder, int| {
                function(builder, int, Linkage::Static);
            }),
            global_func: knows(|builder, int| {
                function(builder, int, Linkage::Global);
            }),
            datasec: knows(section),
            float: knows(|builder, _| {
                builder.push(TypeDef::Float { name: "float".into(), size_bytes: 4 });
            }),
            decl_tag: knows(|builder, int| {
                let target = variable(builder, int);
                builder.push(TypeDef::DeclTag {
                    name: "t".into(),
                    target,
                    component_idx: None,
                    is_attribute: false,
                });
            }),
            type_tag: knows(type_tag),
            enum64: knows(enum64),
        }
    }
}

fn knows(make: impl Fn(&mut BtfBuilder, TypeId)) -> bool {
    let mut builder = BtfBuilder::new();
    let int = builder.push(TypeDef::int("int", 4, IntEncoding::Signed));
    make(&mut builder, int);
    try_load(&builder).is_ok()
}

fn function(builder: &mut BtfBuilder, int: TypeId, linkage: Linkage) -> TypeId {
    let proto =
        builder.push(TypeDef::FuncProto { ret: int, params: Vec::new(), is_variadic: false });
    builder.push(TypeDef::Func { name: "f".into(), proto, linkage })
}

fn variable(builder: &mut BtfBuilder, int: TypeId) -> TypeId {
    builder.push(TypeDef::Var { name: "x".into(), ty: int, linkage: Linkage::Static })
}

fn section(builder: &mut BtfBuilder, int: TypeId) {
    let var = variable(builder, int);
    builder.push(TypeDef::DataSec {
        name: ".x".into(),
        size_bytes: 4,
        vars: vec![SecVarDef { var, offset_bytes: 0, size_bytes: 4 }],
    });
}

fn type_tag(builder: &mut BtfBuilder, int: TypeId) {
    let target =
        builder.push(TypeDef::TypeTag { name: "t".into(), target: int, is_attribute: false });
    builder.push(TypeDef::Ptr { target });
}

fn enum64(builder: &mut BtfBuilder, _: TypeId) {
    builder.push(TypeDef::Enum64 {
        name: String::new(),
        size_bytes: 8,
        is_signed: false,
        enumerators: vec![EnumeratorDef { name: "x".into(), value: 1 }],
    });
}

/// Replaces what the kernel does not know by older kinds of the same size.
pub(super) fn replace(builder: &mut BtfBuilder, kinds: Kinds) {
    let byte = TypeDef::int("__bpfc_tag", 1, IntEncoding::Unsigned);
    for id in (1..=builder.n_types()).map(TypeId) {
        let Some(def) = builder.get(id).cloned() else {
            continue;
        };
        let new = match def {
            TypeDef::DeclTag { .. } if !kinds.decl_tag => byte.clone(),
            TypeDef::Var { .. } if !kinds.datasec => byte.clone(),
            TypeDef::DataSec { .. } if !kinds.datasec => byte.clone(),
            TypeDef::Float { name, size_bytes } if !kinds.float => {
                TypeDef::Struct { name, size_bytes, members: Vec::new() }
            }
            TypeDef::TypeTag { target, .. } if !kinds.type_tag => TypeDef::Const { target },
            TypeDef::FuncProto { .. } if !kinds.func => TypeDef::Enum {
                name: String::new(),
                size_bytes: 4,
                is_signed: false,
                enumerators: vec![EnumeratorDef {
                    name: format!("__bpfc_proto{}", id.0),
                    value: 0,
                }],
            },
            TypeDef::Func { name, proto, .. } if !kinds.func => {
                TypeDef::Typedef { name, target: proto }
            }
            TypeDef::Func { name, proto, .. } if !kinds.global_func => {
                TypeDef::Func { name, proto, linkage: Linkage::Static }
            }
            TypeDef::Enum64 { .. } if !kinds.enum64 => as_union(builder, def),
            _ => continue,
        };
        builder.define(id, new);
    }
}

/// An enumeration of 64-bit values as a union with a member for each enumerator.
fn as_union(builder: &mut BtfBuilder, def: TypeDef) -> TypeDef {
    let TypeDef::Enum64 { name, size_bytes, is_signed, enumerators } = def else {
        return def;
    };
    let encoding = if is_signed { IntEncoding::Signed } else { IntEncoding::Unsigned };
    let ty = builder.intern(TypeDef::int("__bpfc_enum64", size_bytes, encoding));
    let member = |enumerator: EnumeratorDef| MemberDef {
        name: enumerator.name,
        ty,
        bit_offset: 0,
        bitfield_bits: None,
    };
    TypeDef::Union { name, size_bytes, members: enumerators.into_iter().map(member).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfc_btf::{Btf, Endian, Kind};

    const NONE: Kinds = Kinds {
        func: false,
        global_func: false,
        datasec: false,
        float: false,
        decl_tag: false,
        type_tag: false,
        enum64: false,
    };

    fn all_kinds() -> BtfBuilder {
        let mut builder = BtfBuilder::new();
        let int = builder.push(TypeDef::int("int", 4, IntEncoding::Signed));
        function(&mut builder, int, Linkage::Global);
        section(&mut builder, int);
        type_tag(&mut builder, int);
        enum64(&mut builder, int);
        builder.push(TypeDef::Float { name: "double".into(), size_bytes: 8 });
        builder.push(TypeDef::DeclTag {
            name: "t".into(),
            target: TypeId(3),
            component_idx: None,
            is_attribute: false,
        });
        builder
    }

    #[test]
    fn nothing_new_is_left() {
        let mut builder = all_kinds();
        replace(&mut builder, NONE);
        let btf = Btf::parse(builder.to_bytes(Endian::Little).unwrap()).unwrap();
        for id in btf.ids() {
            let kind = btf.kind(id).unwrap();
            assert!(kind < Kind::Func, "{id} is {kind}");
            if matches!(kind, Kind::Struct | Kind::Union) {
                assert_eq!(btf.size_of(id), Ok(8));
            }
        }
    }

    #[test]
    fn nothing_known_is_changed() {
        let mut builder = all_kinds();
        replace(&mut builder, Kinds::ALL);
        assert_eq!(builder, all_kinds());
    }
}
