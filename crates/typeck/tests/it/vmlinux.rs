//! A dumped `vmlinux.h`, read as a file: it has no mistakes, and every struct, union,
//! enumeration and typedef in it is laid out as the BTF says that it was dumped from. Left
//! out is what the dump has lost, and what contains that.

#![allow(clippy::unwrap_used, reason = "a test")]

use crate::front::{self, Checked, Headers};
use bpfc_btf::{Btf, TypeId as BtfId};
use bpfc_parser::NoTypeNames;
use bpfc_typeck::Dialect;
use bpfc_typeck::hir::{self, Type, TypeId};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// Types of one kind and name, each as text that says all of its layout: `struct list_head`
/// is `["16 next@0:ptr prev@64:ptr"]`.
type Layouts = BTreeMap<String, Vec<String>>;

/// What a program can see of the BTF.
fn layouts_of_btf(btf: &Btf) -> (Layouts, HashSet<String>) {
    let mut layouts = Layouts::new();
    let (mut lost, mut lost_names) = (HashMap::new(), HashSet::new());
    for id in btf.ids() {
        let ty = btf.ty(id).unwrap();
        let name = match &ty {
            bpfc_btf::Type::Struct(c) if !c.name().is_empty() => format!("struct {}", c.name()),
            bpfc_btf::Type::Union(c) if !c.name().is_empty() => format!("union {}", c.name()),
            bpfc_btf::Type::Enum(e) | bpfc_btf::Type::Enum64(e) if !e.name().is_empty() => {
                format!("enum {}", e.name())
            }
            bpfc_btf::Type::Typedef { name, .. } if *name != "__builtin_va_list" => {
                format!("typedef {name}")
            }
            _ => continue,
        };
        if is_lost(btf, id, &mut lost) {
            lost_names.insert(name);
        } else {
            layouts.entry(name).or_default().push(btf_type(btf, id, true));
        }
    }
    (layouts, lost_names)
}

/// A type in text. Named records are their size, unless it is their own content that is asked.
fn btf_type(btf: &Btf, id: BtfId, is_content: bool) -> String {
    let (id, ty) = btf.resolved(id).unwrap();
    match ty {
        bpfc_btf::Type::Int(int) => self::int(int.size_bytes, int.encoding.is_signed()),
        bpfc_btf::Type::Ptr { .. } => "ptr".into(),
        bpfc_btf::Type::Array { element, n_elements, .. } => {
            format!("[{n_elements}]{}", btf_type(btf, element, false))
        }
        bpfc_btf::Type::Struct(c) | bpfc_btf::Type::Union(c) => {
            let mut text = format!("{}", c.size_bytes());
            if !is_content && !c.name().is_empty() {
                return text;
            }
            for member in c.members() {
                let (offset, bits) = btf.member_bits(&c, &member).unwrap();
                let ty = match bits {
                    Some(bits) => format!("{bits}"),
                    None => btf_type(btf, member.ty, false),
                };
                write!(text, " {}@{offset}:({ty})", member.name).unwrap();
            }
            text
        }
        bpfc_btf::Type::Enum(e) | bpfc_btf::Type::Enum64(e) => {
            let mut text = format!("enum{}", e.size_bytes());
            if is_content || e.name().is_empty() {
                for enumerator in e.enumerators() {
                    let bits = enumerator.value as u64;
                    let bits = if e.size_bytes() < 8 { bits & 0xffff_ffff } else { bits };
                    write!(text, " {}={bits}", plain(enumerator.name)).unwrap();
                }
            }
            text
        }
        bpfc_btf::Type::Float { size_bytes, .. } => format!("float{size_bytes}"),
        bpfc_btf::Type::Fwd { .. } => "incomplete".into(),
        bpfc_btf::Type::FuncProto(_) => "function".into(),
        bpfc_btf::Type::Void => "void".into(),
        _ => format!("{id:?}"),
    }
}

/// An integer in text. BTF does not say whether a `char` is signed.
fn int(n_bytes: u32, is_signed: bool) -> String {
    match (n_bytes, is_signed) {
        (1, _) => "int1".into(),
        (_, true) => format!("int{n_bytes}s"),
        (_, false) => format!("int{n_bytes}u"),
    }
}

/// Whether bpftool's C text does not say how large this type is: it knows no enumerations of
/// less than four bytes, nor unions whose members BTF leaves out.
fn is_lost(btf: &Btf, id: BtfId, lost: &mut HashMap<BtfId, bool>) -> bool {
    let (id, ty) = btf.resolved(id).unwrap();
    if let Some(&known) = lost.get(&id) {
        return known;
    }
    let is_lost = match ty {
        bpfc_btf::Type::Enum(e) => e.size_bytes() < 4,
        bpfc_btf::Type::Array { element, .. } => is_lost(btf, element, lost),
        bpfc_btf::Type::Struct(c) | bpfc_btf::Type::Union(c) => {
            c.name() == "__va_list_tag"
                || c.n_members() == 0 && c.size_bytes() > 0
                || c.members().any(|member| is_lost(btf, member.ty, lost))
        }
        _ => false,
    };
    lost.insert(id, is_lost);
    is_lost
}

/// A name without the suffix by which bpftool tells types of the same name apart.
fn plain(name: &str) -> &str {
    match name.rfind("___") {
        Some(at) if at > 0 && name[at + 3..].bytes().all(|b| b.is_ascii_digit()) => &name[..at],
        _ => name,
    }
}

/// The same of what the source declared.
fn layouts_of_source(checked: &Checked) -> Layouts {
    let types = &checked.module.types;
    let name_of = |symbol| plain(checked.session.name(symbol)).to_owned();
    let mut layouts = Layouts::new();
    let mut add = |name: String, text: String| layouts.entry(name).or_default().push(text);
    for record in types.records.iter() {
        if let (Some(name), Some(_)) = (record.name, &record.body) {
            let keyword = match record.kind {
                hir::RecordKind::Struct => "struct",
                hir::RecordKind::Union => "union",
            };
            add(format!("{keyword} {}", name_of(name)), source_record(checked, record, true));
        }
    }
    for one in types.enums.iter() {
        if let (Some(name), Some(_)) = (one.name, one.repr) {
            add(format!("enum {}", name_of(name)), source_enum(checked, one, true));
        }
    }
    for typedef in types.typedefs.iter() {
        let name = name_of(typedef.name);
        add(format!("typedef {name}"), source_type(checked, typedef.ty.ty, true));
    }
    layouts
}

fn source_type(checked: &Checked, ty: TypeId, is_content: bool) -> String {
    let types = &checked.module.types;
    match types.resolve(ty) {
        Type::Bool => int(1, false),
        Type::Int(kind) => int(kind.bits() / 8, kind.is_signed()),
        Type::Float(_) => format!("float{}", types.size_of(ty).unwrap()),
        Type::Ptr(_) => "ptr".into(),
        Type::Array { elem, len } => {
            format!("[{}]{}", len.unwrap_or(0), source_type(checked, elem.ty, false))
        }
        Type::Record(id) => source_record(checked, &types.records[*id], is_content),
        Type::Enum(id) => source_enum(checked, &types.enums[*id], is_content),
        Type::Func(_) => "function".into(),
        Type::Void => "void".into(),
        other => format!("{other:?}"),
    }
}

fn source_record(checked: &Checked, record: &hir::Record, is_content: bool) -> String {
    let Some(body) = &record.body else {
        return "incomplete".into();
    };
    let mut text = format!("{}", body.size);
    if !is_content && record.name.is_some() {
        return text;
    }
    for member in &body.members {
        let name = member.name.map_or("", |name| checked.session.name(name));
        let ty = match member.bits {
            Some(bits) => format!("{bits}"),
            None => source_type(checked, member.ty.ty, false),
        };
        write!(text, " {name}@{}:({ty})", member.offset_bits).unwrap();
    }
    text
}

fn source_enum(checked: &Checked, one: &hir::Enum, is_content: bool) -> String {
    let Some(repr) = one.repr else {
        return "incomplete".into();
    };
    let mut text = format!("enum{}", repr.bits() / 8);
    if is_content || one.name.is_none() {
        for (name, value) in &one.enumerators {
            let bits = *value as u64;
            let bits = if repr.bits() < 64 { bits & 0xffff_ffff } else { bits };
            write!(text, " {}={bits}", plain(checked.session.name(*name))).unwrap();
        }
    }
    text
}

/// Dumps the kernel's types; `None`, and a word why, where that cannot be.
fn dump() -> Option<(Btf, PathBuf)> {
    let Ok(bytes) = std::fs::read(VMLINUX) else {
        bpfc_testkit::skipped(format!("there is no {VMLINUX}"));
        return None;
    };
    let mut bpftool = Command::new("bpftool");
    bpftool.args(["btf", "dump", "file", VMLINUX, "format", "c"]);
    let header = match bpftool.output() {
        Ok(output) if output.status.success() => output.stdout,
        Ok(output) => {
            bpfc_testkit::skipped(format!("bpftool: {}", String::from_utf8_lossy(&output.stderr)));
            return None;
        }
        Err(_) => {
            bpfc_testkit::skipped("bpftool is not installed");
            return None;
        }
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("vmlinux");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("vmlinux.h"), header).unwrap();
    Some((Btf::parse(bytes).unwrap(), folder))
}

#[test]
fn dumped_header_is_laid_out_as_the_kernel_is() {
    let Some((btf, folder)) = dump() else {
        return;
    };
    let (expected, lost) = layouts_of_btf(&btf);
    // Whatever is read only when it is needed, is needed here.
    let mut text = String::from("#include \"vmlinux.h\"\n");
    for line in std::fs::read_to_string(folder.join("vmlinux.h")).unwrap().lines() {
        let is_record = line.starts_with("struct ") || line.starts_with("union ");
        if let Some(name) = line.strip_suffix(" {").filter(|_| is_record) {
            writeln!(text, "_Static_assert(sizeof({name}) != -1, \"{name}\");").unwrap();
        }
    }
    let headers = Headers(vec![folder]);
    let checked = front::check_in(&text, &mut NoTypeNames, None, headers, Dialect::C);
    assert_eq!(checked.messages(), Vec::<String>::new());
    let found = layouts_of_source(&checked);
    let mut n_types = 0;
    let mut differences = String::new();
    for (name, layouts) in &expected {
        let (mut layouts, mut ours) =
            (layouts.clone(), found.get(name).cloned().unwrap_or_default());
        for list in [&mut layouts, &mut ours] {
            list.sort();
            list.dedup();
        }
        n_types += layouts.len();
        // Of several types of one name, the dump may have lost one.
        ours.retain(|one| !lost.contains(name) || layouts.contains(one));
        if layouts != ours {
            writeln!(differences, "{name}\n  BTF    {layouts:?}\n  source {ours:?}").unwrap();
        }
    }
    println!("{n_types} types compared, {} lost in the dump", lost.len());
    assert!(differences.is_empty(), "{differences}");
    assert!(n_types > 5_000, "{n_types} types only");
    assert!(lost.len() * 20 < n_types, "{lost:?}");
}
