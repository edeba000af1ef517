//! Where programs attach: functions, tracepoints and hooks, which BTF knows by name.
//!
//! - `fentry/x` and its kin: a function `x`; `lsm/x`: a function `bpf_lsm_x`; `iter/x`: a function `bpf_iter_x`.
//! - `tp_btf/x`, `raw_tp/x` and `tp/category/x`: a type `btf_trace_x`; system calls are made of functions.
//! - `kprobe/x`: a function, but not all functions are in BTF, so that this is a warning.
//!
//! A name that no kernel knows may be of a module, whose types are not at hand: a warning.

use super::facts::Facts;
use super::findings::{Findings, Lack};
use bpfc_base::codes;
use bpfc_btf::{Btf, KindSet};
use bpfc_kabi::{guess_section, parse_bcc_name, parse_section};
use bpfc_object::Function;

/// What is looked for.
struct Hook<'a> {
    what: &'static str,
    target: &'a str,
    /// Names in BTF, one of which must be there.
    names: Vec<String>,
    kinds: KindSet,
    /// Whether a kernel whose BTF does not have it surely does not have it.
    is_certain: bool,
}

/// Checks where `function` attaches. `all` are the kernels that were asked about.
pub fn check(function: &Function, facts: &Facts<'_>, all: &[Facts<'_>], findings: &mut Findings) {
    let Some(hook) = hook(function) else {
        return;
    };
    let has =
        |btf: &Btf| hook.names.iter().any(|name| btf.find_by_name(name, hook.kinds).is_some());
    if facts.btf().is_none_or(has) {
        return;
    }
    let is_known_elsewhere = all.iter().filter_map(Facts::btf).any(has);
    let (code, of, help) = match (hook.is_certain, is_known_elsewhere) {
        (true, true) => {
            (codes::btf::E0611, "", "mark a program that is not for every kernel: `SEC(\"?…\")`")
        }
        (true, false) => (
            codes::btf::W0611,
            "BTF of ",
            "if it is of a module: the types of modules are not at hand",
        ),
        (false, true) => (
            codes::btf::W0611,
            "BTF of ",
            "it may be there all the same: not all functions are in BTF",
        ),
        // Written in assembly, of a module, inlined: nobody knows.
        (false, false) => return,
    };
    let what = format!("{of}{} `{}`", hook.what, hook.target);
    let help = Some(help.to_owned());
    findings.lack(Lack { code, span: function.span, what, since: None, help });
}

fn hook(function: &Function) -> Option<Hook<'_>> {
    let (section, target) = match guess_section(&function.section) {
        Some(found) => (found.def.name, found.target),
        None => {
            let (prefix, target) = parse_bcc_name(&function.name)?;
            (parse_section(prefix.section)?.def.name, target)
        }
    };
    // `module:function` names the module; an offset may follow the function of a probe.
    if target.is_empty() || target.contains([':', '*', '?']) {
        return None;
    }
    let kind = section.split('.').next().unwrap_or(section);
    let function = |name: String, is_certain| Hook {
        what: "function",
        target,
        names: vec![name],
        kinds: KindSet::FUNC,
        is_certain,
    };
    let tracepoint = |name: &str| Hook {
        what: "tracepoint",
        target,
        names: vec![format!("btf_trace_{name}")],
        kinds: KindSet::TYPEDEF,
        is_certain: true,
    };
    Some(match kind {
        "fentry" | "fexit" | "fmod_ret" | "fsession" => function(target.to_owned(), true),
        "lsm" | "lsm_cgroup" => {
            Hook { what: "LSM hook", ..function(format!("bpf_lsm_{target}"), true) }
        }
        "iter" => Hook { what: "iterator", ..function(format!("bpf_iter_{target}"), true) },
        "tp_btf" | "raw_tp" | "raw_tracepoint" => tracepoint(target),
        "tp" | "tracepoint" => match target.split(['/', '_']).next() {
            Some("syscalls") => {
                let event = target.rsplit('/').next()?;
                let call = event.strip_prefix("sys_enter_").or(event.strip_prefix("sys_exit_"))?;
                let prefixes =
                    ["__x64_sys_", "__arm64_sys_", "__riscv_sys_", "__s390x_sys_", "sys_"];
                let names = prefixes.iter().map(|prefix| format!("{prefix}{call}")).collect();
                Hook { names, kinds: KindSet::FUNC, ..tracepoint("") }
            }
            _ => tracepoint(target.split_once('/')?.1),
        },
        "kprobe" | "kretprobe" => function(target.split('+').next()?.to_owned(), false),
        _ => return None,
    })
}
