//! What a "no" of the kernel means here: from what was asked, its answer, and what is known of the machine and the user
//! to a reason and to what helps. Every failed load, attachment and creation comes through here.
//!
//! Nothing is asked of the kernel unless something failed.

mod attaching;
mod rights;

use crate::Errno;
use crate::kernel::Kernel;
use crate::load::kind::ProgKind;
use crate::mechanism::Mechanism;
use crate::probe::facts::{Capability, Facts};
use bpfc_kabi::{Feature, KernelVersion, MapType, ProgType, map_flags};
use bpfc_object::Map as Definition;
use rights::Act;

/// Why something failed, and what helps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Explanation {
    /// In half a sentence; none if nothing is known.
    pub reason: Option<String>,
    /// What to do, the best first.
    pub helps: Vec<String>,
}

impl Explanation {
    fn because(reason: impl Into<String>) -> Explanation {
        Explanation { reason: Some(reason.into()), helps: Vec::new() }
    }

    fn with_help(mut self, help: impl Into<String>) -> Explanation {
        self.helps.push(help.into());
        self
    }

    fn is_empty(&self) -> bool {
        self.reason.is_none() && self.helps.is_empty()
    }

    fn or_else(self, other: impl FnOnce() -> Explanation) -> Explanation {
        if self.is_empty() { other() } else { self }
    }
}

/// Explains why a program of this kind is not attached by `mechanism`, or by the usual one.
pub(crate) fn attaching(
    kind: &ProgKind,
    mechanism: Option<Mechanism>,
    errno: Errno,
) -> Explanation {
    let kernel = Kernel::new();
    let Some(mechanism) = mechanism.or_else(|| Mechanism::of(kind)) else {
        return of_any(errno, &kernel);
    };
    attaching::explain(mechanism, errno, &Facts::read(&kernel), &kernel)
        .or_else(|| of_any(errno, &kernel))
}

/// Why attaching a program of this kind would have no effect, although the kernel does it.
pub(crate) fn without_effect(kind: &ProgKind, kernel: &Kernel) -> Option<Explanation> {
    if kind.prog_type != ProgType::Lsm {
        return None;
    }
    inactive_hooks(&Facts::read(kernel))
}

/// Security hooks call programs only if the module `bpf` is among those that were chosen at boot.
pub(crate) fn inactive_hooks(facts: &Facts) -> Option<Explanation> {
    let modules = facts.security_modules.as_ref()?;
    if modules.iter().any(|name| name == "bpf") {
        return None;
    }
    // `capability` is always there and must not be named (`security/security.c`, 6.12).
    let named: Vec<&str> =
        modules.iter().map(String::as_str).filter(|name| *name != "capability").collect();
    let reason =
        "`bpf` is not among the active security modules, so security hooks never call programs";
    Some(Explanation::because(reason).with_help(format!("boot with `lsm={},bpf`", named.join(","))))
}

/// Explains why a program of this kind is not loaded, although the verifier does not complain.
pub(crate) fn loading(kind: &ProgKind, errno: Errno, kernel: &Kernel) -> Explanation {
    let ty = kind.prog_type;
    if let Some(explanation) = too_old(ty.name(), ty.since(), kernel) {
        return explanation;
    }
    match errno {
        Errno::EPERM | Errno::EACCES => {
            rights::denied(Act::Load(ty), rights::of_program(ty), &Facts::read(kernel))
        }
        Errno::EINVAL | Errno::E2BIG | Errno::EOPNOTSUPP => unknown_kind(kind, kernel),
        // `bpf_prog_select_runtime`, `kernel/bpf/core.c` (6.12).
        Errno::ENOTSUPP => Explanation::because(
            "the program must be compiled by the kernel's JIT, which is off or cannot do it",
        )
        .with_help("turn it on: `sysctl net.core.bpf_jit_enable=1`"),
        errno => of_any(errno, kernel),
    }
}

/// The kernel knows the type of program, but not all that is asked of it.
fn unknown_kind(kind: &ProgKind, kernel: &Kernel) -> Explanation {
    let ty = kind.prog_type;
    if let Some(attach) = kind.attach_type
        && let Some(explanation) = too_old(attach.name(), attach.since(), kernel)
    {
        return explanation;
    }
    let flags = [(kind.is_sleepable, Feature::Sleepable), (kind.has_xdp_frags, Feature::XdpFrags)];
    let newer = flags.iter().filter(|(is_used, _)| *is_used);
    for (_, feature) in newer {
        if let Some(explanation) = too_old(feature.name(), feature.since(), kernel) {
            return explanation;
        }
    }
    if let Some(mechanism) = Mechanism::of(kind)
        && let Some(explanation) = attaching::left_out(mechanism, kernel)
    {
        return explanation;
    }
    Explanation::because(format!("the kernel does not know {} in this form", ty.name()))
        .with_help("`bpfc features` shows what this kernel has")
}

/// Explains why a map is not created.
pub(crate) fn creating(definition: &Definition, errno: Errno, kernel: &Kernel) -> Explanation {
    let kind = definition.kind();
    if let Some(kind) = kind
        && let Some(explanation) = too_old(kind.name(), kind.since(), kernel)
    {
        return explanation;
    }
    match errno {
        Errno::EPERM | Errno::EACCES => {
            let needs = kind.map_or(&[Capability::Bpf][..], of_map);
            rights::denied(Act::Map, needs, &Facts::read(kernel))
        }
        Errno::ENOMEM => too_large(definition),
        Errno::E2BIG | Errno::EINVAL => wrong_shape(definition, kernel),
        errno => of_any(errno, kernel),
    }
}

fn too_large(definition: &Definition) -> Explanation {
    let (key, value) = (definition.key_size_bytes, definition.value_size_bytes);
    let entries = definition.max_entries;
    Explanation::because(format!("{entries} entries of {key} + {value} bytes are too much memory"))
        .with_help(
            "lower `max_entries`; a hash with BPF_F_NO_PREALLOC takes memory only for what is in it",
        )
        .with_help("the memory limit of this process's cgroup counts, too")
}

/// The kernel knows the type of map, but not with these numbers.
fn wrong_shape(definition: &Definition, kernel: &Kernel) -> Explanation {
    let unknown_flag = map_flags().iter().find_map(|flag| {
        let is_set = definition.map_flags & flag.value != 0;
        if is_set { too_old(flag.name, flag.since, kernel) } else { None }
    });
    if let Some(explanation) = unknown_flag {
        return explanation;
    }
    let (key, value) = (definition.key_size_bytes, definition.value_size_bytes);
    match definition.kind() {
        Some(kind) if left_out_map(kind, kernel).is_some() => {
            left_out_map(kind, kernel).unwrap_or_default()
        }
        _ if definition.max_entries == 0 && needs_entries(definition.kind()) => {
            Explanation::because("`max_entries` is 0")
                .with_help("say how many: `__uint(max_entries, 1024)`")
        }
        Some(kind) => Explanation::because(format!(
            "{} with keys of {key} bytes, values of {value} bytes, {} entries, flags {:#x}",
            kind.name(),
            definition.max_entries,
            definition.map_flags
        )),
        None => Explanation::because(format!("map type {} is unknown", definition.map_type))
            .with_help("`bpfc features maps` lists those of this kernel"),
    }
}

/// Local storages grow with what they belong to.
fn needs_entries(kind: Option<MapType>) -> bool {
    !kind.is_some_and(|kind| {
        kind.is_local_storage()
            || matches!(kind, MapType::CgroupStorage | MapType::PercpuCgroupStorage)
    })
}

/// Why an element of an open map cannot be read or changed.
pub(crate) fn element(kind: Option<MapType>, max_entries: u32, errno: Errno) -> Option<String> {
    let is_hash = kind.is_some_and(|kind| {
        matches!(
            kind,
            MapType::Hash
                | MapType::PercpuHash
                | MapType::HashOfMaps
                | MapType::LpmTrie
                | MapType::Queue
                | MapType::Stack
                | MapType::DevmapHash
                | MapType::Sockhash
        )
    });
    let reason = match errno {
        Errno::E2BIG | Errno::ENOSPC if is_hash => {
            format!("it is full: it has room for {max_entries} elements")
        }
        Errno::E2BIG => format!("the key is past the end: there are {max_entries} elements"),
        Errno::EEXIST => "the key is there already".into(),
        Errno::ENOENT => "the key is not there".into(),
        Errno::EPERM => "it is frozen, or was opened without the right to".into(),
        Errno::EBUSY => "another program holds the element at this moment".into(),
        Errno::ENOTSUPP | Errno::EOPNOTSUPP => {
            let name = kind.map_or("maps of this type", |kind| kind.name());
            format!("{name} cannot do that")
        }
        Errno::EINVAL => {
            let name = kind.map_or("the map", |kind| kind.name());
            format!("{name} does not take this")
        }
        _ => return None,
    };
    Some(reason)
}

/// The capabilities that creating a map of a type needs (`map_create`, `kernel/bpf/syscall.c`, 6.12).
pub(crate) fn of_map(kind: MapType) -> &'static [Capability] {
    match kind {
        MapType::Sockmap
        | MapType::Sockhash
        | MapType::Devmap
        | MapType::DevmapHash
        | MapType::Xskmap => &[Capability::Bpf, Capability::NetAdmin],
        _ => &[Capability::Bpf],
    }
}

/// The options without which the kernel does not have a type of map.
pub(crate) fn map_options(kind: MapType) -> &'static [&'static str] {
    match kind {
        MapType::Xskmap => &["CONFIG_XDP_SOCKETS"],
        MapType::Sockmap | MapType::Sockhash => &["CONFIG_NET"],
        MapType::CgroupStorage | MapType::PercpuCgroupStorage | MapType::CgrpStorage => {
            &["CONFIG_CGROUP_BPF"]
        }
        MapType::CgroupArray => &["CONFIG_CGROUPS"],
        MapType::InodeStorage => &["CONFIG_BPF_LSM"],
        MapType::StackTrace | MapType::PerfEventArray => &["CONFIG_PERF_EVENTS"],
        MapType::StructOps => &["CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF"],
        MapType::Cpumap | MapType::Devmap | MapType::DevmapHash => &["CONFIG_NET"],
        MapType::ReuseportSockarray => &["CONFIG_INET"],
        _ => &[],
    }
}

fn left_out_map(kind: MapType, kernel: &Kernel) -> Option<Explanation> {
    map_options(kind).iter().find_map(|option| built_without(option, kernel))
}

/// The kernel's configuration says that an option is not set.
fn built_without(option: &str, kernel: &Kernel) -> Option<Explanation> {
    (kernel.config_value(option) == Some("n")).then(|| {
        Explanation::because(format!("this kernel is built without {option}"))
            .with_help("use a kernel that is built with it")
    })
}

/// Something newer than the running kernel.
fn too_old(what: &str, since: KernelVersion, kernel: &Kernel) -> Option<Explanation> {
    let version = kernel.version()?;
    (since > version).then(|| {
        Explanation::because(format!("{what} appeared in Linux {since}, this is {version}"))
    })
}

/// Explains a failure in a file system: a pin, a mount, a control file.
pub(crate) fn in_file(operation: &str, subject: &str, errno: Errno) -> Explanation {
    let kernel = Kernel::new();
    match (operation, errno) {
        ("pin", Errno::ENOENT | Errno(libc::ENOTDIR)) => {
            Explanation::because("its folder does not exist")
                .with_help("make it: `mkdir -p` below `/sys/fs/bpf`")
        }
        ("pin", Errno(libc::EROFS)) => {
            Explanation::because("the file system is mounted read-only")
                .with_help("`mount -o remount,rw /sys/fs/bpf`, or pin below another bpffs: `mount -t bpf bpf FOLDER`")
        }
        ("pin", Errno::EOPNOTSUPP) => Explanation::because("what holds it there ends with the process: it is no link")
            .with_help("`bpfc features attach` shows what this kernel attaches by links"),
        ("detach", Errno::EOPNOTSUPP) => Explanation::because("links of this kind end when nobody has them open or pinned any more")
            .with_help("`bpfc prog links` shows who has it: end those processes, remove those pins"),
        ("pin", Errno::EEXIST) => Explanation::because("the name is taken")
            .with_help("remove the old pin, or choose another name; `bpfc cleanup --pins FOLDER` removes all of a folder"),
        // `bpf_lookup`, `kernel/bpf/inode.c` (6.12).
        ("pin", Errno::EPERM) if has_dotted_name(subject) => Explanation::because("a bpffs takes no names with a dot")
            .with_help("choose a name without"),
        // `bpf_obj_do_pin`, `kernel/bpf/inode.c` (6.12): EPERM where the folder is in no bpffs.
        ("pin", Errno::EPERM) => Explanation::because("only a bpffs holds pins")
            .with_help("mount one: `mount -t bpf bpf /sys/fs/bpf`"),
        // `open_pipe_on_cpu`, `kernel/trace/trace.c` (6.12).
        ("read", Errno::EBUSY) if subject.ends_with("trace_pipe") => {
            Explanation::because("another process reads it, and each line goes to one reader only")
                .with_help("end that one, or send records through a ring buffer in place of `bpf_printk`")
        }
        (_, Errno::ENOENT) => missing_mount(subject),
        ("open", Errno::EACCES) if is_folder(subject) => {
            Explanation::because("it is a folder")
                .with_help("say which pin in it: `ls` lists them")
        }
        // `bpf_inode_type`, `kernel/bpf/inode.c` (6.12): EACCES for what is no pin.
        ("open", Errno::EACCES) if is_in_other_file_system(subject) => {
            Explanation::because("what is there is no pin: it is in no bpffs")
                .with_help("pins are below `/sys/fs/bpf`, or where else a bpffs is mounted")
        }
        ("mount", Errno::ENODEV) => Explanation::because("this kernel does not have that file system"),
        ("mount", Errno::EPERM | Errno::EACCES) if subject.starts_with("tracefs") => {
            let needs = &[Capability::SysAdmin];
            let mut explanation = rights::denied(Act::File, needs, &Facts::read(&kernel));
            let help = "once mounted by root, it needs none: `mount -t tracefs tracefs /sys/kernel/tracing`";
            explanation.helps.insert(0, help.to_owned());
            explanation
        }
        (_, Errno::EPERM | Errno::EACCES) => {
            let needs: &[Capability] = match operation {
                "mount" => &[Capability::SysAdmin],
                // `bpf_obj_get_next_id` and `bpf_*_get_fd_by_id`, `kernel/bpf/syscall.c` (6.12).
                "list" => &[Capability::SysAdmin],
                "open" if subject.contains("with id ") => &[Capability::SysAdmin],
                _ if subject.contains("map") || subject.contains("program") => &[Capability::Bpf],
                _ => &[],
            };
            rights::denied(Act::File, needs, &Facts::read(&kernel))
        }
        _ => of_any(errno, &kernel),
    }
}

/// A file of the system is missing because all of them are.
fn missing_mount(subject: &str) -> Explanation {
    let is_missing = |marker: &str| !std::path::Path::new(marker).exists();
    if subject.starts_with("/sys/") && is_missing("/sys/kernel") {
        Explanation::because("sysfs is not mounted").with_help("`mount -t sysfs sysfs /sys`")
    } else if is_missing("/proc/self")
        && (subject.starts_with("/proc/") || subject.starts_with("tracefs"))
    {
        Explanation::because("`/proc` is not mounted").with_help("`mount -t proc proc /proc`")
    } else {
        Explanation::default()
    }
}

/// The path in `subject`, which is in backticks: the last, as a name may stand before it.
fn path_in(subject: &str) -> &std::path::Path {
    std::path::Path::new(subject.rsplit('`').nth(1).unwrap_or_default())
}

fn is_folder(subject: &str) -> bool {
    path_in(subject).is_dir()
}

/// Whether a part of the path has a dot that is in a bpffs, or would be.
fn has_dotted_name(subject: &str) -> bool {
    let in_bpffs = path_in(subject).strip_prefix("/sys/fs/bpf");
    in_bpffs.is_ok_and(|rest| rest.to_string_lossy().contains('.'))
}

/// Whether the path in `subject` is there, but in no bpffs.
fn is_in_other_file_system(subject: &str) -> bool {
    let path = subject.split('`').nth(1).unwrap_or_default();
    let found = nix::sys::statfs::statfs(path);
    found.is_ok_and(|found| found.filesystem_type() != nix::sys::statfs::BPF_FS_MAGIC)
}

/// What an error number means whatever was asked.
fn of_any(errno: Errno, kernel: &Kernel) -> Explanation {
    let limit = || Facts::read(kernel).open_files_limit;
    match errno {
        Errno(libc::EMFILE) => {
            let limit = limit().map_or(String::new(), |limit| format!(" ({limit})"));
            Explanation::because(format!("this process may not open more files{limit}"))
                .with_help("raise RLIMIT_NOFILE: `ulimit -n 65536`")
        }
        Errno(libc::ENFILE) => Explanation::because("the machine has too many files open")
            .with_help("raise `sysctl fs.file-max`"),
        Errno::ENOMEM => Explanation::because("memory is short")
            .with_help("the memory limit of this process's cgroup counts, too"),
        Errno::ENOSYS => Explanation::because(
            "there is no such system call: the kernel is built without CONFIG_BPF_SYSCALL, or a filter (seccomp) hides it",
        )
        .with_help("run it outside of the container, or with `--security-opt seccomp=unconfined`"),
        Errno(libc::EROFS) => Explanation::because("the file system is mounted read-only"),
        Errno(libc::EDQUOT | libc::ENOSPC) => Explanation::because("there is no space left"),
        Errno::EPERM | Errno::EACCES => {
            rights::denied(Act::File, &[], &Facts::read(kernel))
        }
        _ => Explanation::default(),
    }
}

/// Explains why something could not even be tried.
pub(crate) fn probing(needs: &[Capability], errno: Errno, facts: &Facts) -> Explanation {
    match errno {
        Errno::EPERM if needs == [Capability::Bpf] => rights::denied(Act::Map, needs, facts),
        Errno::EPERM if needs.contains(&Capability::Perfmon) => {
            rights::denied(Act::Watch, needs, facts)
        }
        Errno::EPERM => rights::denied(Act::Attach, needs, facts),
        _ => of_any(errno, &Kernel::new()),
    }
}

/// The capabilities that loading a program of a type needs.
pub(crate) use rights::of_program;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_hooks_need_their_module() {
        let with = |names: &[&str]| Facts {
            security_modules: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            ..Facts::default()
        };
        assert_eq!(inactive_hooks(&Facts::default()), None);
        assert_eq!(inactive_hooks(&with(&["capability", "bpf"])), None);
        let found = inactive_hooks(&with(&["lockdown", "capability", "yama"])).unwrap();
        assert_eq!(found.helps, ["boot with `lsm=lockdown,yama,bpf`"]);
    }

    #[test]
    fn maps_are_explained_by_their_shape() {
        let kernel = Kernel::new();
        let map = |ty: MapType, max_entries| Definition {
            map_type: ty.number(),
            key_size_bytes: 4,
            value_size_bytes: 8,
            max_entries,
            ..Definition::default()
        };
        let reason = |definition: &Definition, errno| {
            creating(definition, errno, &kernel).reason.unwrap_or_default()
        };
        assert_eq!(reason(&map(MapType::Hash, 0), Errno::EINVAL), "`max_entries` is 0");
        let large = reason(&map(MapType::Array, 1 << 30), Errno::ENOMEM);
        assert_eq!(large, "1073741824 entries of 4 + 8 bytes are too much memory");
        assert!(reason(&map(MapType::Array, 1), Errno(libc::EMFILE)).contains("open more files"));
    }
}
