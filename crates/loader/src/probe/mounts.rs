//! File systems that programs and their loaders use.

use super::verdict::{Finding, Group, Prober, Verdict};
use crate::tracefs::Tracefs;
use std::path::Path;

/// One line of `/proc/self/mountinfo`.
#[derive(Debug, PartialEq, Eq)]
struct Mount<'a> {
    place: String,
    fs_type: &'a str,
    is_read_only: bool,
    options: &'a str,
}

/// The lines of `/proc/self/mountinfo` (`Documentation/filesystems/proc.rst`, 3.5). Later mounts hide earlier ones at
/// the same place, which are left out.
fn mounts(text: &str) -> Vec<Mount<'_>> {
    let mut mounts: Vec<Mount<'_>> = Vec::new();
    for line in text.lines() {
        let Some((first, second)) = line.split_once(" - ") else { continue };
        let fields: Vec<&str> = first.split(' ').collect();
        let mut rest = second.split(' ');
        let (Some(place), Some(own), Some(fs_type)) = (fields.get(4), fields.get(5), rest.next())
        else {
            continue;
        };
        let of_device = rest.nth(1).unwrap_or_default();
        let is_set = |options: &str| options.split(',').any(|option| option == "ro");
        let place = unescape(place);
        mounts.retain(|mount| mount.place != place);
        mounts.push(Mount {
            place,
            fs_type,
            is_read_only: is_set(own) || is_set(of_device),
            options: of_device,
        });
    }
    mounts
}

/// Spaces and the like are octal.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// Name, what it is for, the type in the list, what to do.
const WANTED: [(&str, &str, &str, &str); 6] = [
    ("bpffs", "pins", "bpf", "mount -t bpf bpf /sys/fs/bpf"),
    (
        "tracefs",
        "tracepoints, trace_pipe",
        "tracefs",
        "mount -t tracefs tracefs /sys/kernel/tracing",
    ),
    ("debugfs", "what may not be probed", "debugfs", "mount -t debugfs debugfs /sys/kernel/debug"),
    ("cgroup2", "programs of cgroups", "cgroup2", "mount -t cgroup2 none /sys/fs/cgroup"),
    (
        "securityfs",
        "lockdown, security modules",
        "securityfs",
        "mount -t securityfs securityfs /sys/kernel/security",
    ),
    ("sysfs", "types of the kernel", "sysfs", "mount -t sysfs sysfs /sys"),
];

/// Where each file system is.
pub(super) fn probe(prober: &Prober<'_>) -> Vec<Finding> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").ok();
    let mounts = text.as_deref().map(mounts);
    let add = |name: &str, title, verdict| Finding {
        group: Group::Mounts,
        name: name.to_owned(),
        title: Some(title),
        verdict,
        since: None,
    };
    let mut findings = vec![add("proc", "processes, settings, symbols", proc_verdict())];
    for (name, title, fs_type, command) in WANTED {
        let found = mounts.iter().flatten().filter(|mount| mount.fs_type == fs_type);
        let places: Vec<String> = found
            .map(|mount| match (mount.is_read_only, mount.options.contains("delegate_cmds")) {
                (true, _) => format!("{} (read-only)", mount.place),
                (false, true) => format!("{} (with tokens)", mount.place),
                (false, false) => mount.place.clone(),
            })
            .collect();
        let verdict = match (&mounts, places.as_slice()) {
            (None, _) if name == "sysfs" && Path::new("/sys/kernel").exists() => {
                Verdict::value("/sys")
            }
            (None, _) => Verdict::unknown("`/proc` is not mounted, so mounts are not known"),
            (Some(_), []) => absent(prober, name, command),
            (Some(_), places) => Verdict::value(places.join(", ")),
        };
        findings.push(add(name, title, verdict));
    }
    findings
}

fn proc_verdict() -> Verdict {
    match Path::new("/proc/self").exists() {
        true => Verdict::value("/proc"),
        false => Verdict::no("it is not mounted", "mount -t proc proc /proc"),
    }
}

fn absent(prober: &Prober<'_>, name: &str, command: &'static str) -> Verdict {
    let options: &[&str] = match name {
        "tracefs" => &["CONFIG_TRACING"],
        "debugfs" => &["CONFIG_DEBUG_FS"],
        "securityfs" => &["CONFIG_SECURITYFS"],
        "cgroup2" => &["CONFIG_CGROUPS"],
        _ => &[],
    };
    let is_own = name == "tracefs" && Tracefs::open().is_ok();
    prober.left_out(options).unwrap_or_else(|| match is_own {
        true => Verdict::no("it is not mounted; bpfc mounts it for itself alone", command),
        false => Verdict::no("it is not mounted", command),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_mounts() {
        let text = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n\
            30 22 0:26 / /sys/fs/bpf rw - bpf bpf rw,mode=700\n\
            31 30 0:27 / /sys/fs/bpf ro,nosuid shared:4 - bpf bpf rw\n\
            32 22 0:28 / /a\\040b rw - tracefs none ro\ngarbage\n";
        let found = mounts(text);
        let bpf: Vec<_> = found.iter().filter(|mount| mount.fs_type == "bpf").collect();
        assert_eq!(bpf.len(), 1);
        assert!(bpf[0].is_read_only);
        assert_eq!(found.last().map(|mount| mount.place.as_str()), Some("/a b"));
        assert!(found.last().is_some_and(|mount| mount.is_read_only));
    }
}
