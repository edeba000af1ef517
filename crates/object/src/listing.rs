//! Objects and linked programs as text for people: maps, data, and instructions with the names of
//! what they refer to, between the source lines they come from.

use crate::MapRole;
use crate::core::describe_core;
use crate::{
    CoreReloc, DataKind, ExternKind, Line, Linkage, Linked, Map, Object, Pinning, Reference, Reloc,
};
use bpfc_btf::Btf;
use bpfc_isa::{Callee, Insn, SlotMap, Syntax, encode};
use bpfc_kabi::helper_by_id;
use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::sync::Arc;

/// What a listing shows besides instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingOptions {
    /// Source lines between the instructions, where known.
    pub with_source: bool,
    /// The bytes of each instruction.
    pub with_bytes: bool,
}

/// One instruction with what hangs on it.
struct Row<'a> {
    insn: Insn,
    symbol: Option<String>,
    core: Option<&'a CoreReloc>,
    line: Option<&'a Arc<Line>>,
}

/// The whole object: license, maps, data, kernel symbols, functions by section.
pub fn list_object(object: &Object, options: ListingOptions) -> String {
    let mut out = String::new();
    write_object(&mut out, object, options).expect("writing to a string does not fail");
    out
}

/// A linked program, function by function. `object` is the one it was linked from.
pub fn list_linked(object: &Object, linked: &Linked, options: ListingOptions) -> String {
    let mut out = String::new();
    write_linked(&mut out, object, linked, options).expect("writing to a string does not fail");
    out
}

fn write_object(out: &mut String, object: &Object, options: ListingOptions) -> fmt::Result {
    if let Some(license) = &object.license {
        writeln!(out, "; license {license:?}")?;
    }
    for map in &object.maps {
        writeln!(out, "; map {}: {}", map.name, describe_map(map))?;
    }
    write_data(out, object)?;
    for item in &object.externs {
        let kind = match item.kind {
            ExternKind::Kconfig { .. } => "kernel configuration",
            ExternKind::Ksym => "kernel symbol",
            ExternKind::Kfunc => "kernel function",
            ExternKind::Func => "undefined function",
            ExternKind::Variable => "undefined variable",
            ExternKind::Map => "undefined map",
        };
        let weak = if item.is_weak { "weak " } else { "" };
        writeln!(out, "; {weak}{kind} {}", item.name)?;
    }
    let local = object.open_btf().ok();
    let mut section = None;
    for function in &object.functions {
        if section != Some(&function.section) {
            writeln!(out, "\nsection {}", function.section)?;
            section = Some(&function.section);
        }
        let linkage = match function.linkage {
            Linkage::Static => "static ",
            Linkage::Global => "",
            Linkage::Weak => "weak ",
        };
        writeln!(out, "\n{linkage}{}:", function.name)?;
        let rows = function.insns.iter().map(|insn| Row {
            insn: insn.insn,
            symbol: insn.reloc.map(|reloc| reloc_name(object, reloc)),
            core: insn.core.as_ref(),
            line: insn.line.as_ref(),
        });
        write_rows(out, object, local.as_ref(), &rows.collect::<Vec<_>>(), 0, options)?;
    }
    Ok(())
}

fn write_linked(
    out: &mut String,
    object: &Object,
    linked: &Linked,
    options: ListingOptions,
) -> fmt::Result {
    let local = object.open_btf().ok();
    let slots = SlotMap::new(&linked.plain_insns());
    for subprog in &linked.subprogs {
        let start = slots.slot(subprog.start).unwrap_or_default();
        writeln!(out, "{}:", subprog.name)?;
        let range = subprog.start as usize..(subprog.start + subprog.n_insns) as usize;
        let rows = linked.insns.get(range).unwrap_or_default().iter();
        let rows = rows.zip(subprog.start..).map(|(insn, idx)| {
            let called = || {
                let target = slots.target(idx, &insn.insn)?;
                insn.insn.function_offset()?;
                Some(linked.subprog_at(target)?.name.clone())
            };
            let symbol = match insn.reference {
                Some(Reference::Map(map)) => Some(reloc_name(object, Reloc::Map(map))),
                Some(Reference::Data { section, offset }) => {
                    Some(reloc_name(object, Reloc::Data { section, offset }))
                }
                Some(Reference::Extern(id)) => Some(reloc_name(object, Reloc::Extern(id))),
                None => called(),
            };
            Row { insn: insn.insn, symbol, core: insn.core.as_ref(), line: insn.line.as_ref() }
        });
        write_rows(out, object, local.as_ref(), &rows.collect::<Vec<_>>(), start, options)?;
    }
    Ok(())
}

/// The instructions of one function, whose first slot is `start`.
fn write_rows(
    out: &mut String,
    object: &Object,
    local: Option<&Btf>,
    rows: &[Row<'_>],
    start: u32,
    options: ListingOptions,
) -> fmt::Result {
    let insns: Vec<Insn> = rows.iter().map(|row| row.insn).collect();
    let slots = SlotMap::new(&insns);
    let jump_target = |idx: usize| {
        insns[idx].jump_offset()?;
        slots.target(idx as u32, &insns[idx])
    };
    let targets: BTreeSet<u32> = (0..insns.len()).filter_map(jump_target).collect();
    let label = |idx: u32| format!(".L{}", start + slots.slot(idx).unwrap_or_default());
    let mut current = None;
    for (idx, row) in rows.iter().enumerate() {
        if targets.contains(&(idx as u32)) {
            writeln!(out, "{}:", label(idx as u32))?;
        }
        if let Some(line) = row.line.filter(|&line| options.with_source && current != Some(line)) {
            writeln!(out, "; {}:{}: {}", line.file, line.line, line.text.trim())?;
        }
        current = row.line;
        let slot = start + slots.slot(idx as u32).unwrap_or_default();
        write!(out, "{slot:6}:\t")?;
        let bytes = encode(&row.insn, object.endian);
        let (first, second) = bytes.split_at(8);
        if options.with_bytes {
            write!(out, "{}\t", hex(first))?;
        }
        let symbol = match row.insn {
            _ if row.symbol.is_some() => row.symbol.clone(),
            Insn::Call(Callee::Helper(id)) => helper_by_id(id).map(|helper| helper.name.to_owned()),
            _ => jump_target(idx).map(label),
        };
        let text = row.insn.text(Syntax::Plain);
        write!(out, "{}", text.with_symbol(symbol.as_deref()))?;
        match (row.core, local) {
            (Some(core), Some(local)) => writeln!(out, "\t; CO-RE {}", describe_core(local, core))?,
            (Some(core), None) => writeln!(out, "\t; CO-RE {}", core.access)?,
            (None, _) => writeln!(out)?,
        }
        if options.with_bytes && !second.is_empty() {
            writeln!(out, "\t{}", hex(second))?;
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

/// The name of what a relocation refers to; its id if the object does not have it.
fn reloc_name(object: &Object, reloc: Reloc) -> String {
    let named = match reloc {
        Reloc::Map(map) => object.maps.get(map).map(|map| map.name.clone()),
        Reloc::FuncAddr(func) | Reloc::Call(func) => {
            let function = object.functions.get(func);
            function.map(|function| function.name.clone())
        }
        Reloc::Extern(id) => object.externs.get(id).map(|item| item.name.clone()),
        Reloc::Data { section, offset } => object.data.get(section).map(|data| {
            let inside = |start: u32, size: u32| start <= offset && offset - start < size;
            let variable = data.variables.iter();
            let mut variable = variable.filter(|var| inside(var.offset, var.size_bytes));
            let (name, start) = match variable.next() {
                Some(variable) => (&variable.name, variable.offset),
                None => (&data.name, 0),
            };
            match offset - start {
                0 => name.clone(),
                inside => format!("{name}+{inside:#x}"),
            }
        }),
    };
    named.unwrap_or_else(|| match reloc {
        Reloc::Map(map) => map.to_string(),
        Reloc::FuncAddr(func) | Reloc::Call(func) => func.to_string(),
        Reloc::Extern(id) => id.to_string(),
        Reloc::Data { section, offset } => format!("{section}+{offset:#x}"),
    })
}

fn describe_map(map: &Map) -> String {
    let kind = match map.kind() {
        Some(kind) => {
            let name = kind.name();
            let short = name.strip_prefix("BPF_MAP_TYPE_").unwrap_or(name);
            short.to_ascii_lowercase()
        }
        None => format!("type {}", map.map_type),
    };
    let mut text = format!(
        "{kind}, key {} bytes, value {} bytes, max_entries {}",
        map.key_size_bytes, map.value_size_bytes, map.max_entries
    );
    if map.map_flags != 0 {
        text += &format!(", flags {:#x}", map.map_flags);
    }
    if map.pinning == Pinning::ByName {
        text += ", pinned by name";
    }
    if let Some(path) = &map.pin_path {
        text += &format!(", pinned at {path}");
    }
    if map.role != MapRole::Own {
        text += &format!(", {}", map.role.name());
    }
    if let Some(inner) = &map.inner {
        text += &format!(", of ({})", describe_map(inner));
    }
    text
}

fn write_data(out: &mut String, object: &Object) -> fmt::Result {
    for data in &object.data {
        let kind = match data.kind {
            DataKind::ReadOnly => "read-only",
            DataKind::Data => "initialised",
            DataKind::Bss => "zero",
        };
        writeln!(out, "; data {}: {kind}, {} bytes", data.name, data.size_bytes)?;
        for variable in &data.variables {
            let (offset, size) = (variable.offset, variable.size_bytes);
            writeln!(out, ";   {offset:#x}: {}, {size} bytes", variable.name)?;
        }
    }
    Ok(())
}
