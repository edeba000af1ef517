//! `bpfc run --profile`: what runs spent their instructions on.

use super::printer::Printer;
use bpfc_isa::{Callee, Insn};
use bpfc_object::{Function, Object};
use bpfc_vm::{Count, Counts};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A source line: file and number.
type Place<'a> = (&'a str, u32);

/// What was spent on a line.
#[derive(Default)]
struct Spent<'a> {
    text: &'a str,
    /// How often it was come to.
    n_times: u64,
    n_insns: u64,
    /// Helpers that were called there, and how often.
    helpers: BTreeMap<&'static str, u64>,
}

/// Prints what all runs spent, by line, and which way most of them went.
pub fn print(object: &Object, counts: &Counts, printer: &mut Printer<'_>) {
    let total: u64 = counts.values().map(|count| count.executed).sum();
    if total == 0 {
        return;
    }
    let mut lines: BTreeMap<Place<'_>, Spent<'_>> = BTreeMap::new();
    let mut hot = BTreeSet::new();
    for (id, function) in object.functions.iter_enumerated() {
        let count_of = |idx: usize| counts.get(&(id, idx as u32)).copied().unwrap_or_default();
        if count_of(0).executed == 0 {
            continue;
        }
        spend(function, &count_of, &mut lines);
        hot.extend(hot_path(function, &count_of));
    }
    printer.line(&format!("profile: {total} instructions"), || json!({ "profile": total }));
    let mut last_file = None;
    for (place @ (file, line), spent) in &lines {
        if last_file != Some(*file) {
            last_file = Some(*file);
            printer.line(&format!("  {file}"), || json!({ "file": file }));
        }
        let percent = spent.n_insns as f64 * 100.0 / total as f64;
        let mark = if hot.contains(place) { '>' } else { ' ' };
        let text = spent.text.trim_end().replace('\t', "    ");
        let row = format!(
            "{mark} {line:5} {:8} {:8} {percent:5.1} %  {text}",
            spent.n_times, spent.n_insns
        );
        printer.line(row.trim_end(), || {
            json!({
                "file": file,
                "line": line,
                "times": spent.n_times,
                "instructions": spent.n_insns,
                "percent": percent,
                "is_hot": hot.contains(place),
                "helpers": spent.helpers,
            })
        });
    }
    print_helpers(&lines, printer);
}

fn print_helpers(lines: &BTreeMap<Place<'_>, Spent<'_>>, printer: &mut Printer<'_>) {
    let mut helpers: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, n) in lines.values().flat_map(|spent| &spent.helpers) {
        *helpers.entry(name).or_default() += n;
    }
    for (name, n) in helpers {
        let plural = if n == 1 { "" } else { "s" };
        printer.line(
            &format!("  {n} call{plural} of {name}"),
            || json!({ "helper": name, "calls": n }),
        );
    }
}

fn spend<'a>(
    function: &'a Function,
    count_of: &dyn Fn(usize) -> Count,
    lines: &mut BTreeMap<Place<'a>, Spent<'a>>,
) {
    let mut before = None;
    for (idx, insn) in function.insns.iter().enumerate() {
        let Some(line) = &insn.line else { continue };
        let place = (&*line.file, line.line);
        let count = count_of(idx).executed;
        let spent = lines.entry(place).or_default();
        spent.text = &line.text;
        spent.n_insns += count;
        // Instructions in a row are one time.
        if before != Some(place) {
            spent.n_times = spent.n_times.max(count);
        }
        before = Some(place);
        if let Insn::Call(Callee::Helper(id)) = insn.insn
            && let Some(helper) = bpfc_kabi::helper_by_id(id)
        {
            *spent.helpers.entry(helper.name).or_default() += count;
        }
    }
}

/// The lines that a run goes through which at each branch takes the way that most runs took.
fn hot_path<'a>(function: &'a Function, count_of: &dyn Fn(usize) -> Count) -> BTreeSet<Place<'a>> {
    let mut starts = Vec::new();
    let mut n_slots = 0_i64;
    for insn in &function.insns {
        starts.push(n_slots);
        n_slots += i64::from(insn.insn.slots());
    }
    let mut places = BTreeSet::new();
    let mut is_seen = vec![false; function.insns.len()];
    let mut at = 0;
    while let (Some(insn), Some(false)) = (function.insns.get(at), is_seen.get(at)) {
        is_seen[at] = true;
        places.extend(insn.line.as_ref().map(|line| (&*line.file, line.line)));
        let behind = starts[at] + i64::from(insn.insn.slots());
        let to = |off: i64| starts.iter().position(|&start| start == behind + off);
        let count = count_of(at);
        let next = match insn.insn {
            Insn::Exit => None,
            Insn::Jump { off } => to(off.into()),
            Insn::JumpLong { off } => to(off.into()),
            Insn::JumpIf { off, .. } if count.taken * 2 > count.executed => to(off.into()),
            _ => Some(at + 1),
        };
        let Some(next) = next else { break };
        at = next;
    }
    places
}
