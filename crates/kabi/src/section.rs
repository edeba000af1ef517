//! `SEC("…")` names: which program type, attach type and load flags a section stands for.
//!
//! Source: `section_defs` and `sec_def_matches`, `libbpf.c` (libbpf 1.8). BCC prefixes: `bcc_prog_load_xattr` and
//! `BPF._trace_autoload` (BCC 0.35).

use crate::prog::{AttachType, ProgType};
use crate::tables::section::SECTIONS;

/// One row of the section table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionDef {
    /// The section name without a target, such as `kprobe` or `cgroup/connect4`.
    pub name: &'static str,
    /// The program type.
    pub prog: ProgType,
    /// The expected attach type; `None` where the kernel expects none (0).
    pub attach: Option<AttachType>,
    /// Whether `/target` may follow the name.
    pub target: TargetRule,
    /// Load flags.
    pub flags: SectionFlags,
}

/// Whether `/target` may follow a section name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetRule {
    /// The name stands alone.
    Forbidden,
    /// A target may follow; without one the program is loaded but not attached automatically.
    Optional,
    /// A target must follow, as the verifier needs it at load (a BTF id), unless the loader is told otherwise.
    Required,
}

/// Load flags of a section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SectionFlags {
    /// The program may sleep (`BPF_F_SLEEPABLE`).
    pub is_sleepable: bool,
    /// The program takes multi-buffer packets (`BPF_F_XDP_HAS_FRAGS`).
    pub has_xdp_frags: bool,
    /// The attach type may be left out on kernels that do not know it.
    pub is_attach_optional: bool,
    /// The target is a function, tracepoint or hook found in BTF.
    pub is_btf_target: bool,
    /// The program is a USDT probe.
    pub is_usdt: bool,
}

/// A section name taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionMatch<'a> {
    /// The row.
    pub def: &'static SectionDef,
    /// What follows the `/`, or nothing.
    pub target: &'a str,
    /// Whether the program is loaded by default: false after a leading `?`.
    pub is_autoload: bool,
}

/// All rows by ascending name.
pub fn sections() -> &'static [SectionDef] {
    &SECTIONS
}

/// Takes a program's section name apart; `None` where the name stands for no program type.
pub fn parse_section(name: &str) -> Option<SectionMatch<'_>> {
    let (is_autoload, name) = match name.strip_prefix('?') {
        Some(rest) => (false, rest),
        None => (true, name),
    };
    if let Some(def) = find(name) {
        return Some(SectionMatch { def, target: "", is_autoload });
    }
    let (head, target) = name.split_once('/')?;
    let def = find(head).filter(|def| def.target != TargetRule::Forbidden)?;
    Some(SectionMatch { def, target, is_autoload })
}

/// [`parse_section`], or what libbpf took the name for before 1.0, when names could go on behind a known one:
/// `xdp_drop`, `sk_msg1`, `classifier/ingress`.
pub fn guess_section(name: &str) -> Option<SectionMatch<'_>> {
    if let Some(found) = parse_section(name) {
        return Some(found);
    }
    let (is_autoload, bare) = match name.strip_prefix('?') {
        Some(rest) => (false, rest),
        None => (true, name),
    };
    let def = SECTIONS.iter().filter(|def| continues(bare, def.name));
    // Of two rows that `name` continues, the longer says more.
    let def = def.max_by_key(|def| def.name.len())?;
    Some(SectionMatch { def, target: "", is_autoload })
}

/// Whether `name` is `known` and something that looks like another part.
fn continues(name: &str, known: &str) -> bool {
    let rest = name.strip_prefix(known);
    rest.is_some_and(|rest| rest.starts_with(['/', '_', '.', '-']) || is_number(rest))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn find(name: &str) -> Option<&'static SectionDef> {
    SECTIONS.binary_search_by(|def| def.name.cmp(name)).ok().map(|idx| &SECTIONS[idx])
}

/// Section names that `name` may have been meant to be, the likeliest first, at most three.
///
/// A candidate differs by at most two edits, or `name` continues it (`xdp_prog`, `xdp/drop`).
pub fn section_candidates(name: &str) -> Vec<&'static str> {
    let name = name.strip_prefix('?').unwrap_or(name);
    let head = name.split_once('/').map_or(name, |(head, _)| head);
    let mut found: Vec<(usize, &'static str)> = Vec::new();
    for def in &SECTIONS {
        let distance = edit_distance(name, def.name).min(edit_distance(head, def.name));
        if continues(name, def.name) {
            found.push((0, def.name));
        } else if distance <= 2 && distance * 2 <= def.name.len() + 1 {
            found.push((distance, def.name));
        }
    }
    // Of two rows that `name` continues, the longer says more.
    found.sort_by_key(|(distance, name)| (*distance, std::cmp::Reverse(name.len()), *name));
    found.truncate(3);
    found.into_iter().map(|(_, name)| name).collect()
}

/// Levenshtein distance over bytes; long inputs count as far away.
fn edit_distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len().abs_diff(right.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (left_idx, left_byte) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = left_idx + 1;
        for (right_idx, right_byte) in right.iter().enumerate() {
            let replace = diagonal + usize::from(left_byte != right_byte);
            diagonal = row[right_idx + 1];
            row[right_idx + 1] = replace.min(diagonal + 1).min(row[right_idx] + 1);
        }
    }
    row[right.len()]
}

/// A function-name prefix by which BCC attaches a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BccPrefix {
    /// The prefix, such as `kprobe__`.
    pub prefix: &'static str,
    /// The section that means the same, such as `kprobe`. What follows the prefix is its target; in
    /// `tracepoint__category__event` the first `__` stands for the `/` between category and event, and in
    /// `kfunc__module__function` the module comes first, `vmlinux` for the kernel itself.
    pub section: &'static str,
    /// Whether BCC attaches such a function without being asked.
    pub is_auto_attached: bool,
}

/// The prefixes in alphabetical order. No prefix is a prefix of another.
///
/// `syscall__` is not one of them: it marks the arguments of a syscall entry and attaches nothing.
pub static BCC_PREFIXES: [BccPrefix; 9] = [
    BccPrefix { prefix: "bpf_iter__", section: "iter", is_auto_attached: false },
    BccPrefix { prefix: "kfunc__", section: "fentry", is_auto_attached: true },
    BccPrefix { prefix: "kmod_ret__", section: "fmod_ret", is_auto_attached: false },
    BccPrefix { prefix: "kprobe__", section: "kprobe", is_auto_attached: true },
    BccPrefix { prefix: "kretfunc__", section: "fexit", is_auto_attached: true },
    BccPrefix { prefix: "kretprobe__", section: "kretprobe", is_auto_attached: true },
    BccPrefix { prefix: "lsm__", section: "lsm", is_auto_attached: true },
    BccPrefix { prefix: "raw_tracepoint__", section: "raw_tracepoint", is_auto_attached: true },
    BccPrefix { prefix: "tracepoint__", section: "tracepoint", is_auto_attached: true },
];

/// The section and target that BCC reads out of a function name.
pub fn parse_bcc_name(function: &str) -> Option<(&'static BccPrefix, &str)> {
    BCC_PREFIXES.iter().find_map(|row| Some((row, function.strip_prefix(row.prefix)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_exact_names_before_prefixes() {
        let section = parse_section("kprobe/do_unlinkat").unwrap();
        assert_eq!((section.def.prog, section.target), (ProgType::Kprobe, "do_unlinkat"));
        assert_eq!(parse_section("tp/sched/sched_switch").unwrap().target, "sched/sched_switch");
        assert_eq!(parse_section("tc/ingress").unwrap().def.attach, Some(AttachType::TcxIngress));
        assert_eq!(parse_section("xdp").unwrap().def.attach, Some(AttachType::Xdp));
        assert!(!parse_section("?xdp").unwrap().is_autoload);
        assert!(parse_section("fentry.s/foo").unwrap().def.flags.is_sleepable);
        assert_eq!(parse_section("xdp/drop"), None);
        assert_eq!(parse_section("kprobes/x"), None);
        assert_eq!(parse_section(""), None);
    }

    #[test]
    fn guesses_names_that_go_on() {
        let guess = |name| guess_section(name).map(|found| found.def.name);
        assert_eq!(guess("xdp"), Some("xdp"));
        assert_eq!(guess("xdp_drop"), Some("xdp"));
        assert_eq!(guess("sk_msg1"), Some("sk_msg"));
        assert_eq!(guess("classifier/egress/drop"), Some("classifier"));
        assert_eq!(guess("xdp/devmap_egress"), Some("xdp/devmap"));
        assert!(!guess_section("?xdp_drop").unwrap().is_autoload);
        assert_eq!(guess("xdpwall"), None);
        assert_eq!(guess("abc/whatever"), None);
    }

    #[test]
    fn suggests_near_names() {
        assert_eq!(section_candidates("kprobes/do_unlinkat")[0], "kprobe");
        assert_eq!(section_candidates("xdp_prog")[0], "xdp");
        assert_eq!(section_candidates("xpd")[0], "xdp");
        assert_eq!(section_candidates("cgroup/conect4")[0], "cgroup/connect4");
        assert_eq!(section_candidates("tracepont/a/b")[0], "tracepoint");
        assert!(section_candidates("something_else").is_empty());
    }

    #[test]
    fn bcc_prefixes_name_real_sections() {
        for row in &BCC_PREFIXES {
            assert!(find(row.section).is_some(), "{}", row.section);
        }
        let (row, target) = parse_bcc_name("kretprobe__vfs_read").unwrap();
        assert_eq!((row.section, target), ("kretprobe", "vfs_read"));
        assert_eq!(parse_bcc_name("syscall__execve"), None);
    }
}
