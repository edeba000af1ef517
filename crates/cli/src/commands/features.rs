//! `bpfc features`

use crate::args::Features;
use crate::exit::Exit;
use crate::kernels;
use crate::terminal::{Terminal, print_out};
use bpfc_loader::{Finding, Group, Kernel, Verdict, probe};
use serde_json::json;

/// Shows what the running kernel and this user can do, found by trying it.
pub fn run(args: &Features, _terminal: &mut Terminal) -> Exit {
    let findings = probe(&Kernel::new());
    print_out(&if args.json { to_json(&findings) } else { to_text(&findings) });
    Exit::Fine
}

fn to_text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut group: Option<Group> = None;
    for finding in findings {
        if group != Some(finding.group) {
            let blank = if group.is_some() { "\n" } else { "" };
            text += &format!("{blank}{}\n", finding.group.title());
            group = Some(finding.group);
        }
        let name = &finding.name;
        let line = match &finding.verdict {
            Verdict::Yes => format!("  {name:<width$}  yes"),
            Verdict::No { reason } => {
                let since = finding.since.map_or(String::new(), |v| format!(" (Linux {v})"));
                format!("  {name:<width$}  no{since}: {reason}")
            }
            Verdict::Unknown { reason } => format!("  {name:<width$}  unknown: {reason}"),
            Verdict::Value(value) => format!("  {name:<width$}  {value}"),
        };
        text += &(line + "\n");
    }
    let (default, bundled) = (kernels::default_name(), kernels::bundled_names());
    text += &format!("\nTypes of kernels\n  {:<width$}  {default}\n", "without --kernel and --btf");
    text + &format!("  {:<width$}  {bundled}\n", "for --kernel")
}

fn to_json(findings: &[Finding]) -> String {
    let all: Vec<_> = findings
        .iter()
        .map(|finding| {
            let (verdict, detail) = match &finding.verdict {
                Verdict::Yes => ("yes", None),
                Verdict::No { reason } => ("no", Some(reason)),
                Verdict::Unknown { reason } => ("unknown", Some(reason)),
                Verdict::Value(value) => ("value", Some(value)),
            };
            json!({
                "group": finding.group.title(),
                "name": finding.name,
                "verdict": verdict,
                "detail": detail,
                "since": finding.since.map(|version| version.to_string()),
            })
        })
        .collect();
    let types = json!({
        "default": kernels::default_name(),
        "bundled": bpfc_kernels::bundled().kernels().iter().map(|k| k.release).collect::<Vec<_>>(),
    });
    format!("{}\n", json!({ "features": all, "types": types }))
}
