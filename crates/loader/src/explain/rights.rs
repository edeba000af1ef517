//! Why the kernel answers `EPERM` or `EACCES`: the first thing found to be in the way, and what removes it.

use super::Explanation;
use crate::probe::facts::{Capability, Facts, Lockdown};
use bpfc_kabi::{Feature, ProgType};

/// What was not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Creating a map.
    Map,
    /// Loading a program.
    Load(ProgType),
    /// Attaching one that reads or watches the kernel.
    Watch,
    /// Attaching another.
    Attach,
    /// Something in a file system.
    File,
}

/// Explains a refusal of something that needs all of `needs`.
pub(super) fn denied(act: Act, needs: &[Capability], facts: &Facts) -> Explanation {
    missing_capabilities(act, needs, facts)
        .or_else(|| nested_namespace(act, needs, facts))
        .or_else(|| lockdown(act, facts))
        .or_else(|| locked_memory(act, facts))
        .or_else(|| seccomp(facts))
        .or_else(|| security_module(facts))
        .or_else(|| integrity(facts))
        .unwrap_or_default()
}

/// The capabilities that loading a program of this type needs (`is_net_admin_prog_type` and `is_perfmon_prog_type`,
/// `kernel/bpf/syscall.c`, 6.12).
pub(crate) const fn of_program(ty: ProgType) -> &'static [Capability] {
    use Capability::{Bpf, NetAdmin, Perfmon};
    use ProgType as P;
    match ty {
        P::Kprobe
        | P::Tracepoint
        | P::PerfEvent
        | P::RawTracepoint
        | P::RawTracepointWritable
        | P::Tracing
        | P::Lsm
        | P::StructOps => &[Bpf, Perfmon],
        P::Ext => &[Bpf, Perfmon, NetAdmin],
        P::SocketFilter | P::CgroupSkb | P::SkReuseport | P::SkLookup | P::Syscall => &[Bpf],
        P::LircMode2 => &[Bpf],
        _ => &[Bpf, NetAdmin],
    }
}

fn names(capabilities: &[Capability]) -> String {
    let names: Vec<&str> = capabilities.iter().map(|capability| capability.name()).collect();
    match names.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        names => names.concat(),
    }
}

fn missing_capabilities(act: Act, needs: &[Capability], facts: &Facts) -> Option<Explanation> {
    let is_old = facts.version.is_some_and(|version| version < Feature::CapBpf.since());
    let needs = if is_old { &[Capability::SysAdmin][..] } else { needs };
    let missing: Vec<Capability> = needs.iter().copied().filter(|cap| !facts.has(*cap)).collect();
    if missing.is_empty() {
        return None;
    }
    let sysctl = match (act, facts.unprivileged_bpf_disabled) {
        (Act::Map | Act::Load(ProgType::SocketFilter | ProgType::CgroupSkb), Some(1 | 2)) => {
            ", as kernel.unprivileged_bpf_disabled is set"
        }
        _ => "",
    };
    let who = if facts.is_root {
        "this process does not have, although it is root"
    } else {
        "this user does not have"
    };
    let reason = format!("it needs {}, which {who}{sysctl}", names(&missing));
    // A file has the rights that were set last, so those that are there already belong into the list; and who loads programs
    // that watch needs the second in the next step.
    let usual = [Capability::Bpf, Capability::Perfmon, Capability::NetAdmin, Capability::SysAdmin];
    let is_listed = |cap: &Capability| {
        let is_next =
            *cap == Capability::Perfmon && missing == [Capability::Bpf] && act == Act::Map;
        needs.contains(cap) || facts.has(*cap) || is_next
    };
    let list: Vec<String> =
        usual.iter().filter(|cap| is_listed(cap)).map(|cap| cap.name().to_lowercase()).collect();
    let mut helps = Vec::new();
    if facts.is_root {
        let list: Vec<&str> = missing.iter().map(|cap| &cap.name()["CAP_".len()..]).collect();
        helps.push(format!(
            "start the container or service with them: --cap-add={}",
            list.join(",")
        ));
    } else {
        helps.push("run it as root".to_owned());
        helps.push(format!(
            "or give the file the right once: setcap {}+ep $(command -v bpfc)",
            list.join(",")
        ));
    }
    Some(Explanation { reason: Some(reason), helps })
}

fn nested_namespace(act: Act, needs: &[Capability], facts: &Facts) -> Option<Explanation> {
    let is_nested =
        facts.is_initial_namespace == Some(false) && act != Act::File && !needs.is_empty();
    let reason = "the capabilities of a user namespace do not count here, only those outside of it";
    is_nested.then(|| Explanation {
        reason: Some(reason.to_owned()),
        helps: vec!["run it outside of the container or of `unshare --user`".to_owned()],
    })
}

fn lockdown(act: Act, facts: &Facts) -> Option<Explanation> {
    let is_watching = match act {
        Act::Watch => true,
        Act::Load(ty) => of_program(ty).contains(&Capability::Perfmon),
        Act::Map | Act::Attach | Act::File => false,
    };
    let is_closed = is_watching && facts.lockdown == Some(Lockdown::Confidentiality);
    is_closed.then(|| Explanation {
        reason: Some(
            "the kernel is locked down for confidentiality, so nothing may read it".into(),
        ),
        helps: vec![
            "boot with `lockdown=integrity` or without `lockdown`, or turn off Secure Boot".into(),
        ],
    })
}

/// Before 5.11 a limit that is used up is a matter of rights: `bpf_map_charge_memlock` (5.10).
fn locked_memory(act: Act, facts: &Facts) -> Option<Explanation> {
    let is_counted = facts.version.is_none_or(|version| version < Feature::MemcgAccounting.since());
    let limit = facts.locked_memory_limit?;
    (is_counted && matches!(act, Act::Map | Act::Load(_))).then(|| Explanation {
        reason: Some(format!("RLIMIT_MEMLOCK of {limit} bytes is used up")),
        helps: vec![
            "raise it: `ulimit -l unlimited`, or give CAP_SYS_RESOURCE, with which bpfc raises it"
                .into(),
        ],
    })
}

fn seccomp(facts: &Facts) -> Option<Explanation> {
    (facts.seccomp == Some(2)).then(|| Explanation {
        reason: Some("a filter of system calls (seccomp) is in place, which may forbid it".into()),
        helps: vec![
            "run it outside of the container or service, or with `--security-opt seccomp=unconfined`"
                .into(),
        ],
    })
}

fn security_module(facts: &Facts) -> Option<Explanation> {
    const STRICT: [&str; 4] = ["selinux", "apparmor", "smack", "tomoyo"];
    let modules = facts.security_modules.as_ref()?;
    let module = modules.iter().find(|name| STRICT.contains(&name.as_str()))?;
    Some(Explanation {
        reason: Some(format!("the security module `{module}` may forbid it")),
        helps: vec!["`dmesg` or the audit log shows what it denied".into()],
    })
}

/// Linux itself forbids no programs in this mode but those that write to user memory; some vendors' kernels do.
fn integrity(facts: &Facts) -> Option<Explanation> {
    let is_closed = facts.lockdown.is_some_and(|mode| mode >= Lockdown::Integrity);
    is_closed.then(|| Explanation {
        reason: Some("every right is there; the kernel is locked down, which may forbid it".into()),
        helps: vec!["boot without `lockdown`, or turn off Secure Boot".into()],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfc_kabi::KernelVersion;

    const ALL: u64 = u64::MAX;

    fn facts() -> Facts {
        Facts {
            version: Some(KernelVersion::new(6, 1)),
            capabilities: Some(ALL),
            is_root: true,
            is_initial_namespace: Some(true),
            seccomp: Some(0),
            lockdown: Some(Lockdown::None),
            ..Facts::default()
        }
    }

    fn reason(act: Act, facts: &Facts) -> String {
        let needs = match act {
            Act::Load(ty) => of_program(ty),
            _ => &[Capability::Bpf],
        };
        denied(act, needs, facts).reason.unwrap_or_default()
    }

    #[test]
    fn names_what_is_missing() {
        let nobody = Facts { capabilities: Some(0), is_root: false, ..facts() };
        let load = Act::Load(ProgType::Kprobe);
        assert_eq!(
            reason(load, &nobody),
            "it needs CAP_BPF and CAP_PERFMON, which this user does not have"
        );
        let old = Facts { version: Some(KernelVersion::new(5, 4)), ..nobody.clone() };
        assert_eq!(reason(load, &old), "it needs CAP_SYS_ADMIN, which this user does not have");
        let closed = Facts { unprivileged_bpf_disabled: Some(2), ..nobody };
        let filter = Act::Load(ProgType::SocketFilter);
        assert_eq!(
            reason(filter, &closed),
            "it needs CAP_BPF, which this user does not have, as kernel.unprivileged_bpf_disabled is set"
        );
    }

    #[test]
    fn containers_are_told_apart_from_users() {
        let without = Facts { capabilities: Some(1 << 12), ..facts() };
        let needs = of_program(ProgType::Xdp);
        let explanation = denied(Act::Load(ProgType::Xdp), needs, &without);
        assert_eq!(
            explanation.reason.as_deref(),
            Some("it needs CAP_BPF, which this process does not have, although it is root")
        );
        assert_eq!(explanation.helps, ["start the container or service with them: --cap-add=BPF"]);
        let nested = Facts { is_initial_namespace: Some(false), ..facts() };
        assert!(reason(Act::Map, &nested).contains("user namespace"));
    }

    #[test]
    fn what_forbids_is_found_in_order() {
        let locked = Facts { lockdown: Some(Lockdown::Confidentiality), ..facts() };
        assert!(reason(Act::Load(ProgType::Kprobe), &locked).contains("locked down"));
        assert!(reason(Act::Load(ProgType::Xdp), &locked).contains("may forbid it"));
        let filtered = Facts { seccomp: Some(2), ..facts() };
        assert!(reason(Act::Map, &filtered).contains("seccomp"));
        let modules = Some(vec!["capability".to_owned(), "selinux".to_owned()]);
        let labelled = Facts { security_modules: modules, ..facts() };
        assert!(reason(Act::Map, &labelled).contains("`selinux`"));
    }

    #[test]
    fn locked_memory_counts_before_5_11() {
        let limited = Facts { locked_memory_limit: Some(65536), ..facts() };
        assert_eq!(reason(Act::Map, &limited), "");
        let old = Facts { version: Some(KernelVersion::new(5, 10)), ..limited };
        assert_eq!(reason(Act::Map, &old), "RLIMIT_MEMLOCK of 65536 bytes is used up");
    }
}
