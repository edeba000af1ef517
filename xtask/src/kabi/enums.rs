//! Program types, attach types, map types and map flags as Rust enums and tables.

use std::fmt::Write;

use super::Result;
use super::c_source::{camel_case, enum_members};
use super::versions::Versions;

/// The first lines of every generated file.
pub fn banner(what: &str) -> String {
    format!("//! {what} Written by `cargo xtask kabi generate`; do not edit.\n\n")
}

/// `tables/prog.rs`.
pub fn prog_table(uapi: &str, versions: &Versions) -> Result<String> {
    let mut out = banner("Program types and attach types.");
    out += "use crate::prog::{AttachTypeInfo, ProgTypeInfo};\nuse crate::version::KernelVersion;\n";
    let progs = members(uapi, "bpf_prog_type", "BPF_PROG_TYPE_")?;
    emit(
        &mut out,
        "ProgType",
        "PROG_TYPES",
        "A program type (`enum bpf_prog_type`).",
        &progs,
        versions,
    )?;
    let attaches = members(uapi, "bpf_attach_type", "BPF_")?;
    emit(
        &mut out,
        "AttachType",
        "ATTACH_TYPES",
        "An attach type (`enum bpf_attach_type`).",
        &attaches,
        versions,
    )?;
    Ok(out)
}

/// `tables/map.rs`.
pub fn map_table(uapi: &str, versions: &Versions) -> Result<String> {
    let mut out = banner("Map types and map flags.");
    out += "use crate::map::{MapFlag, MapTypeInfo};\nuse crate::version::KernelVersion;\n";
    let maps = members(uapi, "bpf_map_type", "BPF_MAP_TYPE_")?;
    emit(&mut out, "MapType", "MAP_TYPES", "A map type (`enum bpf_map_type`).", &maps, versions)?;
    let flags = map_flags(uapi)?;
    write!(
        out,
        "\n#[rustfmt::skip]\npub(crate) static MAP_FLAGS: [MapFlag; {}] = [\n",
        flags.len()
    )?;
    for (name, value) in flags {
        let since = versions.since(&name)?;
        writeln!(out, "    MapFlag {{ name: \"{name}\", value: {value:#x}, since: {since} }},")?;
    }
    out += "];\n";
    Ok(out)
}

/// Name, value and Rust variant of each member that stands for a type; deprecated aliases are left out.
fn members(uapi: &str, name: &str, prefix: &str) -> Result<Vec<(String, i64, String)>> {
    let mut rows: Vec<(String, i64, String)> = Vec::new();
    for (member, value) in enum_members(uapi, name).ok_or(format!("no enum {name}"))? {
        if member.starts_with("__MAX") || member.ends_with("_UNSPEC") {
            continue;
        }
        // `X_DEPRECATED` is the number's own name since 6.3, `X` an alias; the plain name reads better.
        let member = member.strip_suffix("_DEPRECATED").unwrap_or(&member).to_owned();
        if rows.iter().any(|row| row.1 == value) {
            continue;
        }
        let variant = camel_case(member.strip_prefix(prefix).unwrap_or(&member));
        rows.push((member, value, variant));
    }
    Ok(rows)
}

fn emit(
    out: &mut String,
    ty: &str,
    table: &str,
    doc: &str,
    rows: &[(String, i64, String)],
    versions: &Versions,
) -> Result<()> {
    write!(
        out,
        "\n/// {doc}\n#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n"
    )?;
    write!(out, "#[repr(u32)]\npub enum {ty} {{\n")?;
    for (name, value, variant) in rows {
        writeln!(out, "/// `{name}`.\n{variant} = {value},")?;
    }
    write!(
        out,
        "}}\n\n#[rustfmt::skip]\npub(crate) static {table}: [{ty}Info; {}] = [\n",
        rows.len()
    )?;
    for (name, _, variant) in rows {
        let since = versions.since(name)?;
        writeln!(out, "    {ty}Info {{ ty: {ty}::{variant}, name: \"{name}\", since: {since} }},")?;
    }
    *out += "];\n";
    Ok(())
}

/// The unnamed enum that starts with `BPF_F_NO_PREALLOC`.
fn map_flags(uapi: &str) -> Result<Vec<(String, i64)>> {
    let at = uapi.find("BPF_F_NO_PREALLOC\t=").ok_or("no map flags")?;
    let start = uapi[..at].rfind("enum {").ok_or("no enum before the map flags")?;
    let text = format!("enum map_flags {{{}", &uapi[start + "enum {".len()..]);
    let mut flags = enum_members(&text, "map_flags").ok_or("unreadable map flags")?;
    flags.sort_by_key(|(_, value)| *value);
    Ok(flags)
}
