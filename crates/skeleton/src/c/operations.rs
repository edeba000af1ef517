//! `struct_ops` in C: what a loader may change before the struct is loaded.

use crate::error::SkeletonError;
use crate::model::{MapOrigin, Model};
use crate::text::Text;
use bpfc_btf::c::Declarations;
use bpfc_btf::{BtfError, Type, TypeId};

/// `bpf_map_skeleton` has links since libbpf 1.5.
pub(super) const IF_LINKS: &str = "#if LIBBPF_MAJOR_VERSION > 1 || \
    (LIBBPF_MAJOR_VERSION == 1 && LIBBPF_MINOR_VERSION >= 5)\n";

/// A member that a loader may set.
struct Member<'a> {
    name: &'a str,
    offset: u32,
    size_bytes: u32,
    kind: Kind,
}

/// A struct of operations.
struct Operations<'a> {
    /// What the variable is called.
    ident: &'a str,
    /// The tag of its type.
    tag: &'a str,
    size_bytes: u32,
    members: Vec<Member<'a>>,
}

enum Kind {
    /// A number.
    Value(TypeId),
    /// A function: one of the programs.
    Program,
}

/// The structs of operations.
fn operations<'a>(model: &'a Model<'_>) -> impl Iterator<Item = Result<Operations<'a>, BtfError>> {
    model.maps.iter().filter_map(|map| match map.origin {
        MapOrigin::StructOps(operations) => of_type(model, &map.ident, operations.ty).transpose(),
        MapOrigin::Map(_) | MapOrigin::Section => None,
    })
}

fn of_type<'a>(
    model: &'a Model<'_>,
    ident: &'a str,
    ty: TypeId,
) -> Result<Option<Operations<'a>>, BtfError> {
    let btf = &model.btf;
    let (_, ty) = btf.resolved(ty)?;
    let Some(composite) = ty.composite() else { return Ok(None) };
    let mut members = Vec::new();
    for member in composite.members() {
        let (bit_offset, bits) = btf.member_bits(&composite, &member)?;
        if member.name.is_empty() || bits.is_some() {
            continue;
        }
        let (_, resolved) = btf.resolved(member.ty)?;
        let kind = match resolved {
            Type::Int(_) | Type::Enum(_) | Type::Enum64(_) => Kind::Value(member.ty),
            Type::Ptr { target } => match btf.resolved(target)?.1 {
                Type::FuncProto(_) => Kind::Program,
                _ => continue,
            },
            _ => continue,
        };
        let size_bytes = btf.size_of(member.ty)?;
        members.push(Member { name: member.name, offset: bit_offset / 8, size_bytes, kind });
    }
    Ok(Some(Operations { ident, tag: ty.name(), size_bytes: composite.size_bytes(), members }))
}

/// The member `struct_ops`: structs like those of the kernel, with programs as the functions.
pub(super) fn shadows(text: &mut Text, model: &Model<'_>) -> Result<(), SkeletonError> {
    let mut is_open = false;
    let mut declarations = Declarations::new(&model.btf);
    for operations in operations(model) {
        let Operations { ident, tag, size_bytes, members } = operations?;
        if !is_open {
            text.open("struct {");
            is_open = true;
        }
        text.open(format!("struct {}__{ident}__{tag} {{", model.name));
        let mut end = 0;
        for member in &members {
            if member.offset > end {
                text.lines(format!("char __padding_{end}[{}];", member.offset - end));
            }
            let declaration = match member.kind {
                Kind::Value(ty) => {
                    let ty = model.btf.strip_modifiers(ty)?;
                    declarations.declare(ty, member.name, 0)?
                }
                Kind::Program => format!("struct bpf_program *{}", member.name),
            };
            text.lines(declaration + ";");
            end = member.offset.saturating_add(member.size_bytes);
        }
        if size_bytes > end {
            text.lines(format!("char __padding_{end}[{}];", size_bytes - end));
        }
        text.close(format!("}} *{ident};"));
    }
    if is_open {
        text.close("} struct_ops;");
    }
    Ok(())
}

/// Lines that let the structs be set after opening.
pub(super) fn initial_values(model: &Model<'_>) -> String {
    let mut lines = String::new();
    for Operations { ident, .. } in operations(model).flatten() {
        lines += &format!(
            "\tobj->struct_ops.{ident} = (__typeof__(obj->struct_ops.{ident}))\n\
             \t\tbpf_map__initial_value(obj->maps.{ident}, NULL);\n"
        );
    }
    lines
}

/// The structs have the kernel's layout, where pointers are as long as in BPF.
pub(super) fn assertions(text: &mut Text, model: &Model<'_>) -> Result<(), SkeletonError> {
    for operations in operations(model) {
        let Operations { ident, members, .. } = operations?;
        text.raw("#if __SIZEOF_POINTER__ == 8\n");
        for Member { name, offset, .. } in members {
            text.lines(format!(
                "_Static_assert(__builtin_offsetof(__typeof__(*s->struct_ops.{ident}), {name}) == {offset}, \"unexpected \
                 offset of '{name}'\");"
            ));
        }
        text.raw("#endif\n");
    }
    Ok(())
}
