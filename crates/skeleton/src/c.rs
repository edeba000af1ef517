//! A header for C and C++ on libbpf, with the interface of `bpftool gen skeleton`: structs, functions and their names
//! are the same, so that one can be put in the place of the other.
//!
//! What bpftool does not have: the definitions of types, where `NAME__TYPES` is defined before the header is included.

use crate::error::SkeletonError;
use crate::model::{Access, Field, MapItem, MapOrigin, Model, Section};
use crate::text::{Text, octal_lines};
use bpfc_btf::c::{Declarations, Pointees, definitions_beside};
use bpfc_btf::{BtfError, Type, TypeId};

mod operations;

/// Types that `<bpf/libbpf.h>` brings along (`include/uapi/linux/bpf.h`, Linux 6.12), as far as values of maps hold
/// them.
const UAPI: &[&str] = &[
    "__sk_buff",
    "bool",
    "bpf_cgroup_storage_key",
    "bpf_dynptr",
    "bpf_fib_lookup",
    "bpf_iter_num",
    "bpf_list_head",
    "bpf_list_node",
    "bpf_lpm_trie_key",
    "bpf_lpm_trie_key_hdr",
    "bpf_lpm_trie_key_u8",
    "bpf_perf_event_value",
    "bpf_pidns_info",
    "bpf_rb_node",
    "bpf_rb_root",
    "bpf_redir_neigh",
    "bpf_refcount",
    "bpf_sock_tuple",
    "bpf_spin_lock",
    "bpf_sysctl",
    "bpf_tcp_sock",
    "bpf_timer",
    "bpf_tunnel_key",
    "bpf_wq",
    "bpf_xfrm_state",
    "xdp_md",
];

/// The header.
pub(crate) fn skeleton(model: &Model<'_>) -> Result<String, SkeletonError> {
    let mut text = Text::new("\t");
    let name = &model.name;
    let guard = format!("__{}_SKEL_H__", name.to_ascii_uppercase());
    text.lines(format!(
        "/* The skeleton of {name}, made by bpfc. Changes are lost when it is made again. */"
    ));
    text.lines(format!("#ifndef {guard}\n#define {guard}\n"));
    text.lines(
        "#include <errno.h>\n#include <stddef.h>\n#include <stdlib.h>\n#include <bpf/libbpf.h>",
    );
    text.blank();
    types(&mut text, model)?;
    structure(&mut text, model)?;
    functions(&mut text, model);
    create(&mut text, model);
    object(&mut text, model);
    methods(&mut text, name);
    assertions(&mut text, model)?;
    text.blank();
    text.lines(format!("#endif /* {guard} */"));
    Ok(text.finish())
}

/// Types of keys, values, events and variables, on demand.
fn types(text: &mut Text, model: &Model<'_>) -> Result<(), SkeletonError> {
    let roots = model.root_types();
    let types = definitions_beside(&model.btf, &roots, Pointees::Declare, UAPI)?;
    if types.is_empty() {
        return Ok(());
    }
    let name = &model.name;
    text.lines(format!(
        "/* Types of map keys, map values, events and variables: for those who have no header of their own for them. */\n\
         #ifdef {name}__TYPES"
    ));
    text.lines(types.trim_end());
    for root in roots {
        // Sizes of named types, which must be the same here and there.
        let ty = model.btf.ty(root)?;
        let keyword = match ty {
            Type::Struct(_) => "struct ",
            Type::Union(_) => "union ",
            Type::Typedef { .. } => "",
            _ => continue,
        };
        let is_own = !ty.name().is_empty() && !UAPI.contains(&ty.name());
        if let (true, Ok(size)) = (is_own, model.btf.size_of(root)) {
            let (id, ty) = (root.0, ty.name());
            text.lines(format!(
                "typedef char {name}__size_of_{id}[sizeof({keyword}{ty}) == {size} ? 1 : -1];"
            ));
        }
    }
    text.lines("#endif");
    text.blank();
    Ok(())
}

/// `struct NAME`
fn structure(text: &mut Text, model: &Model<'_>) -> Result<(), SkeletonError> {
    let name = &model.name;
    text.open(format!("struct {name} {{"));
    text.lines("struct bpf_object_skeleton *skeleton;\nstruct bpf_object *obj;");
    if !model.maps.is_empty() {
        text.open("struct {");
        for map in &model.maps {
            text.lines(format!("struct bpf_map *{};", map.ident));
        }
        text.close("} maps;");
    }
    operations::shadows(text, model)?;
    if !model.programs.is_empty() {
        text.open("struct {");
        for program in &model.programs {
            text.lines(format!("struct bpf_program *{};", program.name));
        }
        text.close("} progs;");
    }
    if !model.programs.is_empty() || links(model).next().is_some() {
        text.open("struct {");
        for program in &model.programs {
            text.lines(format!("struct bpf_link *{};", program.name));
        }
        for map in links(model) {
            text.lines(format!("struct bpf_link *{};", map.ident));
        }
        text.close("} links;");
    }
    let mut declarations = Declarations::new(&model.btf);
    for section in &model.sections {
        variables(text, model, section, &mut declarations)?;
    }
    text.blank();
    text.raw("#ifdef __cplusplus\n");
    text.lines(format!(
        "static inline struct {name} *open(const struct bpf_object_open_opts *opts = nullptr);\n\
         static inline struct {name} *open_and_load();\n\
         static inline int load(struct {name} *skel);\n\
         static inline int attach(struct {name} *skel);\n\
         static inline void detach(struct {name} *skel);\n\
         static inline void destroy(struct {name} *skel);\n\
         static inline const void *elf_bytes(size_t *sz);"
    ));
    text.raw("#endif\n");
    text.close("};");
    text.blank();
    Ok(())
}

/// Maps that are registered by a link.
fn links<'a>(model: &'a Model<'_>) -> impl Iterator<Item = &'a MapItem> {
    model.maps.iter().filter(|map| matches!(map.origin, MapOrigin::StructOps(_)))
}

/// `struct NAME__bss { … } *bss;`
fn variables(
    text: &mut Text,
    model: &Model<'_>,
    section: &Section,
    declarations: &mut Declarations<'_>,
) -> Result<(), SkeletonError> {
    text.open(format!("struct {}__{} {{", model.name, section.ident));
    let (mut end, mut n_pads) = (0u32, 0);
    for variable in &section.variables {
        let offset = variable.offset;
        let align = model.btf.align_of(variable.ty).unwrap_or(1);
        // Machines with pointers of 32 bits align to 4 bytes at most.
        if end < offset && end.checked_next_multiple_of(align.clamp(1, 4)) != Some(offset) {
            text.lines(format!("char __pad{n_pads}[{}];", offset - end));
            n_pads += 1;
        }
        let declaration = match section.access {
            // Nobody writes it, so that it may stay `const`.
            Access::Never => declarations.declare(variable.ty, &variable.name, 0)?,
            Access::Write | Access::BeforeLoad => declare(model, variable, declarations)?,
        };
        text.lines(declaration + ";");
        end = variable.offset.saturating_add(variable.size_bytes);
    }
    text.close(format!("}} *{};", section.ident));
    Ok(())
}

/// A variable without `const` and `volatile`: the loader sets and reads it.
fn declare(
    model: &Model<'_>,
    variable: &Field,
    declarations: &mut Declarations<'_>,
) -> Result<String, BtfError> {
    let mut declarator = variable.name.clone();
    let mut at = model.btf.strip_modifiers(variable.ty)?;
    while let Type::Array { element, n_elements, .. } = model.btf.ty(at)? {
        declarator += &format!("[{n_elements}]");
        at = model.btf.strip_modifiers(element)?;
    }
    declarations.declare(at, &declarator, 0)
}

/// `NAME__open` and the like, but for what follows.
fn functions(text: &mut Text, model: &Model<'_>) {
    let name = &model.name;
    let shadows = operations::initial_values(model);
    let body = include_str!("c/functions.h");
    text.lines(body.replace("NAME", name).replace("\tSHADOWS\n", &shadows));
    text.blank();
}

/// `NAME__create_skeleton`
fn create(text: &mut Text, model: &Model<'_>) {
    let name = &model.name;
    text.lines(format!("static inline int\n{name}__create_skeleton(struct {name} *obj)"));
    text.open("{");
    text.lines("struct bpf_object_skeleton *s;");
    if !model.maps.is_empty() {
        text.lines("struct bpf_map_skeleton *map __attribute__((unused));");
    }
    if !model.programs.is_empty() {
        text.lines("struct bpf_prog_skeleton *prog __attribute__((unused));");
    }
    text.blank();
    text.lines("s = (struct bpf_object_skeleton *)calloc(1, sizeof(*s));\nif (!s)\n\treturn -ENOMEM;\nobj->skeleton = s;");
    text.lines(format!("s->sz = sizeof(*s);\ns->name = \"{name}\";\ns->obj = &obj->obj;"));
    text.lines(format!("s->data = (void *){name}__elf_bytes(&s->data_sz);"));
    for (what, kind, n) in
        [("map", "map", model.maps.len()), ("prog", "prog", model.programs.len())]
    {
        if n > 0 {
            text.blank();
            text.lines(format!(
                "s->{what}_skel_sz = sizeof(struct bpf_{kind}_skeleton);\n\
                 s->{what}s = (struct bpf_{kind}_skeleton *)calloc({n}, s->{what}_skel_sz);\n\
                 if (!s->{what}s)\n\treturn -ENOMEM;\n\
                 s->{what}_cnt = {n};"
            ));
        }
    }
    for (idx, map) in model.maps.iter().enumerate() {
        text.blank();
        let ident = &map.ident;
        text.lines(format!(
            "map = &s->maps[{idx}];\nmap->name = \"{}\";\nmap->map = &obj->maps.{ident};",
            map.name
        ));
        if model.sections.iter().any(|section| section.map == idx) {
            text.lines(format!("map->mmaped = (void **)&obj->{ident};"));
        }
        if matches!(map.origin, MapOrigin::StructOps(_)) {
            text.raw(operations::IF_LINKS);
            text.lines(format!("map->link = &obj->links.{ident};"));
            text.raw("#endif\n");
        }
    }
    for (idx, program) in model.programs.iter().enumerate() {
        text.blank();
        let name = &program.name;
        text.lines(format!(
            "prog = &s->progs[{idx}];\nprog->name = \"{name}\";\nprog->prog = &obj->progs.{name};\n\
             prog->link = &obj->links.{name};"
        ));
    }
    text.lines("\nreturn 0;");
    text.close("}");
    text.blank();
}

/// `NAME__elf_bytes`
fn object(text: &mut Text, model: &Model<'_>) {
    text.lines(format!("static inline const void *{}__elf_bytes(size_t *sz)", model.name));
    text.open("{");
    text.lines("static const char data[] __attribute__((aligned(8))) =");
    for line in octal_lines(model.bytes) {
        text.raw(&format!("{line}\n"));
    }
    text.lines(";\n\n*sz = sizeof(data) - 1;\nreturn data;");
    text.close("}");
    text.blank();
}

/// The functions as members for C++.
fn methods(text: &mut Text, name: &str) {
    let body = "#ifdef __cplusplus
struct NAME *NAME::open(const struct bpf_object_open_opts *opts) { return NAME__open_opts(opts); }
struct NAME *NAME::open_and_load() { return NAME__open_and_load(); }
int NAME::load(struct NAME *skel) { return NAME__load(skel); }
int NAME::attach(struct NAME *skel) { return NAME__attach(skel); }
void NAME::detach(struct NAME *skel) { NAME__detach(skel); }
void NAME::destroy(struct NAME *skel) { NAME__destroy(skel); }
const void *NAME::elf_bytes(size_t *sz) { return NAME__elf_bytes(sz); }
#endif
";
    text.lines(body.replace("NAME", name));
    text.blank();
}

/// `NAME__assert`: the variables are here as long as there, and where they are there.
fn assertions(text: &mut Text, model: &Model<'_>) -> Result<(), SkeletonError> {
    let name = &model.name;
    text.lines(format!(
        "__attribute__((unused)) static void\n{name}__assert(struct {name} *s __attribute__((unused)))"
    ));
    text.open("{");
    text.raw("#ifdef __cplusplus\n#define _Static_assert static_assert\n#endif\n");
    for section in &model.sections {
        let ident = &section.ident;
        for Field { name: variable, size_bytes, offset, ty } in &section.variables {
            text.lines(format!(
                "_Static_assert(sizeof(s->{ident}->{variable}) == {size_bytes}, \"unexpected size of '{variable}'\");"
            ));
            if is_named_composite(model, *ty)? {
                // Its header may say more of its alignment than the types of the object.
                text.lines(format!(
                    "_Static_assert(__builtin_offsetof(__typeof__(*s->{ident}), {variable}) == {offset}, \"unexpected \
                     offset of '{variable}'\");"
                ));
            }
        }
    }
    operations::assertions(text, model)?;
    text.raw("#ifdef __cplusplus\n#undef _Static_assert\n#endif\n");
    text.close("}");
    Ok(())
}

fn is_named_composite(model: &Model<'_>, ty: TypeId) -> Result<bool, BtfError> {
    let mut at = ty;
    loop {
        match model.btf.resolved(at)?.1 {
            Type::Array { element, .. } => at = element,
            ty => return Ok(ty.composite().is_some()),
        }
    }
}
