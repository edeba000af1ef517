//! What a program is to the kernel: its type, where it may be attached, flags.

use bpfc_kabi::{AttachType, ProgType, guess_section, parse_bcc_name, parse_section};
use bpfc_object::Function;

/// Section prefix of BCC's own objects.
const BCC_SECTION: &str = ".bpf.fn.";

/// What a program is loaded as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgKind {
    /// Its type.
    pub prog_type: ProgType,
    /// `expected_attach_type`, where the kernel wants one.
    pub attach_type: Option<AttachType>,
    /// The name of its section without the target, such as `kprobe` or `uretprobe`; empty if the
    /// type was given otherwise.
    pub section: &'static str,
    /// What follows the `/` of its section: a function, a tracepoint, ….
    pub target: String,
    /// `BPF_F_SLEEPABLE` (5.10).
    pub is_sleepable: bool,
    /// `BPF_F_XDP_HAS_FRAGS` (5.18).
    pub has_xdp_frags: bool,
    /// An old kernel may be told nothing of the attach type.
    pub is_attach_optional: bool,
    /// The target is looked up in BTF when the program is loaded.
    pub is_btf_target: bool,
    /// Loaded unless asked for others: false for `SEC("?…")`.
    pub is_autoload: bool,
}

impl ProgKind {
    /// A program of this type, without anything special.
    pub fn new(prog_type: ProgType) -> ProgKind {
        ProgKind {
            prog_type,
            attach_type: None,
            section: "",
            target: String::new(),
            is_sleepable: false,
            has_xdp_frags: false,
            is_attach_optional: false,
            is_btf_target: false,
            is_autoload: true,
        }
    }

    /// What the section says, or in BCC's dialect the function's name; none if neither says
    /// anything.
    pub fn of(function: &Function) -> Option<ProgKind> {
        if let Some(matched) = guess_section(&function.section) {
            let flags = matched.def.flags;
            return Some(ProgKind {
                prog_type: matched.def.prog,
                attach_type: matched.def.attach,
                section: matched.def.name,
                target: matched.target.to_owned(),
                is_sleepable: flags.is_sleepable,
                has_xdp_frags: flags.has_xdp_frags,
                is_attach_optional: flags.is_attach_optional,
                is_btf_target: flags.is_btf_target,
                is_autoload: matched.is_autoload,
            });
        }
        let name = function.section.strip_prefix(BCC_SECTION);
        let (prefix, target) = parse_bcc_name(name.unwrap_or(&function.name))?;
        let def = parse_section(prefix.section)?.def;
        let target = match prefix.section {
            "tracepoint" => target.replacen("__", "/", 1),
            // `kfunc__MODULE__FUNCTION`; `vmlinux` is the kernel itself.
            "fentry" | "fexit" | "fmod_ret" => match target.split_once("__") {
                Some(("vmlinux", function)) => function.to_owned(),
                Some((module, function)) if !module.is_empty() => format!("{module}:{function}"),
                _ => target.to_owned(),
            },
            _ => target.to_owned(),
        };
        Some(ProgKind {
            attach_type: def.attach,
            section: def.name,
            target,
            is_btf_target: def.flags.is_btf_target,
            ..ProgKind::new(def.prog)
        })
    }

    /// `prog_flags` of the load.
    pub(crate) fn flags(&self) -> u32 {
        let sleepable = if self.is_sleepable { 1 << 4 } else { 0 };
        let frags = if self.has_xdp_frags { 1 << 5 } else { 0 };
        sleepable | frags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(section: &str, name: &str) -> Option<ProgKind> {
        ProgKind::of(&Function {
            name: name.into(),
            section: section.into(),
            ..Function::default()
        })
    }

    #[test]
    fn reads_sections_and_names() {
        let xdp = kind("xdp", "f").unwrap();
        assert_eq!((xdp.prog_type, xdp.flags()), (ProgType::Xdp, 0));
        assert_eq!(kind("xdp.frags", "f").unwrap().flags(), 1 << 5);
        assert_eq!(kind("kprobe/do_x", "f").unwrap().target, "do_x");
        assert!(!kind("?tc", "f").unwrap().is_autoload);
        assert_eq!(kind("mystery", "f"), None);
    }

    #[test]
    fn reads_bcc_names() {
        let probe = kind("anything", "kprobe__sys_clone").unwrap();
        assert_eq!((probe.prog_type, &*probe.target), (ProgType::Kprobe, "sys_clone"));
        let point = kind(".bpf.fn.tracepoint__sched__sched_switch", "x").unwrap();
        assert_eq!(point.target, "sched/sched_switch");
        assert_eq!(point.prog_type, ProgType::Tracepoint);
        let raw = kind(".text", "raw_tracepoint__sched_switch").unwrap();
        assert_eq!(raw.prog_type, ProgType::RawTracepoint);
        assert!(kind(".text", "kfunc__do_x").unwrap().is_btf_target);
    }
}
