//! What the kernel's types describe.

use super::of_getpgid;
use crate::{Hook, Problem, Stage};
use nix::mount::{MsFlags, mount, umount};
use std::net::UdpSocket;

pub const HOOKS: &[Hook] = &[
    Hook {
        name: "fentry",
        source: include_str!("../../../../examples/hooks/fentry.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "fexit",
        source: include_str!("../../../../examples/hooks/fexit.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "fmod_ret",
        source: include_str!("../../../../examples/hooks/fmod_ret.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "LSM",
        source: include_str!("../../../../examples/hooks/lsm.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "LSM of a control group",
        source: include_str!("../../../../examples/hooks/lsm_cgroup.c"),
        attempt: cgroup,
    },
];

/// A program for all control groups, in a file system mounted for it.
fn cgroup(stage: &Stage) -> Result<(), Problem> {
    stage.needs(6, 0)?;
    let folder = std::env::temp_dir().join(format!("bpfc-hooks-cgroup-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mounted = mount(Some("none"), &folder, Some("cgroup2"), MsFlags::empty(), None::<&str>);
    let outcome = match mounted {
        Ok(()) => stage.at(&format!("cgroup:{}", folder.display()), || {
            Ok(UdpSocket::bind("127.0.0.1:0").map(|_| ())?)
        }),
        Err(errno) => Err(Problem::Lacking(format!("no cgroup v2 file system: {errno}"))),
    };
    // What is left over harms nobody.
    let _ = umount(&folder);
    let _ = std::fs::remove_dir(&folder);
    outcome
}
