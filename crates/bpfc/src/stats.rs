//! What it took to verify a program: for people who want it to take less.

use crate::verify::Verified;
use bpfc_base::{LineCol, SourceMap};
use bpfc_kabi::KernelVersion;
use bpfc_object::LinkedInsn;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What verifying one program took.
#[derive(Clone, Debug)]
pub struct ProgramStats {
    /// The program.
    pub name: String,
    /// Its section.
    pub section: String,
    /// The kernel whose rules were applied; none for the rules of all.
    pub kernel: Option<KernelVersion>,
    /// Whether it was accepted.
    pub is_accepted: bool,
    /// Its instructions.
    pub n_program_insns: u32,
    /// Instructions looked at along all paths.
    pub n_insns: u32,
    /// States kept in total.
    pub n_states: u32,
    /// States kept at a time, at most.
    pub n_peak_states: u32,
    /// Bytes of memory for states and for paths that wait, at most; an estimate.
    pub peak_bytes: u64,
    /// How long it took.
    pub time: Duration,
    /// Its functions with the bytes of stack that each needs, the program itself first.
    pub functions: Vec<(String, u32)>,
    /// Its source lines, those first that were looked at most often.
    pub lines: Vec<LineCost>,
}

/// How often the instructions of one source line were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineCost {
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// Its text without indentation.
    pub text: String,
    /// Instructions looked at.
    pub n_visits: u64,
}

impl ProgramStats {
    /// The figures of one program, whose source is in `sources` if it was compiled in this session.
    pub fn of(verified: &Verified<'_>, sources: &SourceMap) -> ProgramStats {
        let Verified { linked, report, .. } = verified;
        let names = linked.subprogs.iter().map(|subprog| subprog.name.clone());
        ProgramStats {
            name: linked.name.clone(),
            section: linked.section.clone(),
            kernel: verified.kernel,
            is_accepted: report.verdict == bpfc_verifier::Verdict::Accepted,
            n_program_insns: linked.insns.len() as u32,
            n_insns: report.n_insns,
            n_states: report.n_states,
            n_peak_states: report.n_peak_states,
            peak_bytes: report.peak_bytes,
            time: verified.time,
            functions: names.zip(report.stack_bytes.iter().copied()).collect(),
            lines: lines(verified, sources),
        }
    }
}

fn lines(verified: &Verified<'_>, sources: &SourceMap) -> Vec<LineCost> {
    let mut costs: BTreeMap<(Arc<str>, u32), (String, u64)> = BTreeMap::new();
    let mut current = None;
    for (insn, visits) in verified.linked.insns.iter().zip(&verified.report.visits) {
        // An instruction without a line belongs to the one before, as in `.BTF.ext`.
        current = place(insn, sources).or(current.filter(|_| insn.insn_idx > 0));
        if let (Some((file, line, text)), 1..) = (&current, *visits) {
            let cost = costs.entry((file.clone(), *line)).or_insert_with(|| (text.clone(), 0));
            cost.1 += u64::from(*visits);
        }
    }
    let lines = costs.into_iter();
    let lines =
        lines.map(|((file, line), (text, n_visits))| LineCost { file, line, text, n_visits });
    let mut lines: Vec<LineCost> = lines.collect();
    lines.sort_by_key(|cost| std::cmp::Reverse(cost.n_visits));
    lines
}

fn place(insn: &LinkedInsn, sources: &SourceMap) -> Option<(Arc<str>, u32, String)> {
    if let Some((id, LineCol { line, .. })) = sources.line_col(sources.root(insn.span)) {
        let file = sources.file(id);
        return Some((file.name.clone(), line, file.line_text(line).trim().to_owned()));
    }
    let line = insn.line.as_ref()?;
    Some((line.file.clone(), line.line, line.text.trim().to_owned()))
}
