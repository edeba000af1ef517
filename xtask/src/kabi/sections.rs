//! The `SEC("…")` table from libbpf's `section_defs`.

use std::fmt::Write;

use super::Result;
use super::c_source::{braced, camel_case, without_comments};
use super::enums::banner;

struct Row {
    name: String,
    takes_target: bool,
    prog: String,
    attach: String,
    flags: String,
}

/// `tables/section.rs`.
pub fn table(libbpf: &str) -> Result<String> {
    let mut rows = rows(libbpf)?;
    rows.sort_by(|left, right| left.name.cmp(&right.name));
    let mut out = banner("The `SEC(…)` names of libbpf.");
    out += "use crate::prog::{AttachType, ProgType};\n";
    out += "use crate::section::{SectionDef, SectionFlags, TargetRule};\n\n";
    out +=
        "const NO_FLAGS: SectionFlags = SectionFlags { is_sleepable: false, has_xdp_frags: false,
        is_attach_optional: false, is_btf_target: false, is_usdt: false };\n\n";
    write!(
        out,
        "#[rustfmt::skip]\npub(crate) static SECTIONS: [SectionDef; {}] = [\n",
        rows.len()
    )?;
    for row in &rows {
        let is_btf = row.flags.contains("SEC_ATTACH_BTF");
        let target = match (row.takes_target, is_btf) {
            (false, _) => "Forbidden",
            (true, false) => "Optional",
            (true, true) => "Required",
        };
        let attach = match row.attach.as_str() {
            "0" => "None".to_owned(),
            name => format!(
                "Some(AttachType::{})",
                camel_case(name.strip_prefix("BPF_").unwrap_or(name))
            ),
        };
        writeln!(
            out,
            "    SectionDef {{ name: \"{}\", prog: ProgType::{}, attach: {attach}, target: TargetRule::{target}, flags: {} }},",
            row.name,
            camel_case(&row.prog),
            flags(&row.flags),
        )?;
    }
    out += "];\n";
    Ok(out)
}

fn flags(text: &str) -> String {
    let names = [
        ("SEC_SLEEPABLE", "is_sleepable"),
        ("SEC_XDP_FRAGS", "has_xdp_frags"),
        ("SEC_ATTACHABLE_OPT", "is_attach_optional"),
        ("SEC_ATTACH_BTF", "is_btf_target"),
        ("SEC_USDT", "is_usdt"),
    ];
    let words: Vec<&str> = text.split('|').map(str::trim).collect();
    let set: Vec<&str> =
        names.iter().filter(|(c, _)| words.contains(c)).map(|(_, rust)| *rust).collect();
    match set.as_slice() {
        [] => "NO_FLAGS".to_owned(),
        set => format!("SectionFlags {{ {}: true, ..NO_FLAGS }}", set.join(": true, ")),
    }
}

fn rows(libbpf: &str) -> Result<Vec<Row>> {
    let text = without_comments(libbpf);
    let at = text.find("bpf_sec_def section_defs[]").ok_or("no section_defs")?;
    let body = braced(&text, at).ok_or("section_defs does not end")?;
    let mut rows = Vec::new();
    for entry in body.split("SEC_DEF(").skip(1) {
        let entry = entry.split(')').next().unwrap_or_default();
        let fields: Vec<&str> = entry.split(',').map(str::trim).collect();
        let [name, prog, attach, flags, ..] = fields.as_slice() else {
            return Err(format!("an odd row: {entry}").into());
        };
        let name = name.trim_matches('"');
        rows.push(Row {
            name: name.trim_end_matches('+').to_owned(),
            takes_target: name.ends_with('+'),
            prog: (*prog).to_owned(),
            attach: (*attach).to_owned(),
            flags: (*flags).to_owned(),
        });
    }
    Ok(rows)
}
