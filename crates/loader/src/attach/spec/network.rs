//! Attach points of packets, sockets and control groups.

use super::{Default, Words, declared_by, fitting};
use crate::attach::AttachSpec;
use crate::load::kind::ProgKind;
use bpfc_kabi::{AttachType, ProgType};
use std::fmt;
use std::path::PathBuf;

/// Where to attach a program that works on packets, sockets or control groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NetworkSpec {
    /// `xdp:IFACE[:native|generic]`: packets as they arrive.
    Xdp {
        /// The interface.
        interface: String,
        /// Where in the path of the packet.
        mode: XdpMode,
    },
    /// `tc:IFACE[:ingress|egress]`: packets before or after the network stack.
    Tc {
        /// The interface.
        interface: String,
        /// Which way.
        direction: Direction,
    },
    /// `socket[:IFACE]`: a raw socket that sees the packets of one or all interfaces.
    Socket {
        /// The interface.
        interface: Option<String>,
    },
    /// `cgroup:PATH`: the processes of a control group, at the hook that the program is made for.
    Cgroup {
        /// Its folder in a cgroup v2 file system.
        path: PathBuf,
    },
    /// `netns[:PATH]`: a network namespace, this process's own if none is given.
    Netns {
        /// A file that stands for it.
        path: PathBuf,
    },
}

/// Where in the path of a packet an XDP program runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum XdpMode {
    /// In the driver if it can, else generic.
    #[default]
    Auto,
    /// In the driver.
    Native,
    /// In the network stack, for any driver.
    Generic,
}

/// Which packets of an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Those that arrive.
    #[default]
    Ingress,
    /// Those that leave.
    Egress,
}

const OWN_NETNS: &str = "/proc/self/ns/net";

/// Reads a spec; none if the kind is not one of these.
pub(super) fn parse(words: Words<'_>) -> Result<Option<NetworkSpec>, String> {
    Ok(Some(match words.kind {
        "xdp" => {
            let rest = words.some("an interface")?;
            let (interface, mode) = match rest.rsplit_once(':') {
                Some((interface, "native" | "driver")) => (interface, XdpMode::Native),
                Some((interface, "generic" | "skb")) => (interface, XdpMode::Generic),
                Some((interface, "auto")) => (interface, XdpMode::Auto),
                Some((_, mode)) => return Err(format!("`{mode}` is neither native nor generic")),
                None => (rest, XdpMode::Auto),
            };
            let interface = interface.to_owned();
            NetworkSpec::Xdp { interface, mode }
        }
        "tc" | "tcx" => {
            let rest = words.some("an interface")?;
            let (interface, direction) = match rest.rsplit_once(':') {
                Some((interface, "ingress")) => (interface, Direction::Ingress),
                Some((interface, "egress")) => (interface, Direction::Egress),
                Some((_, other)) => return Err(format!("`{other}` is neither ingress nor egress")),
                None => (rest, Direction::Ingress),
            };
            let interface = interface.to_owned();
            NetworkSpec::Tc { interface, direction }
        }
        "socket" => NetworkSpec::Socket {
            interface: Some(words.rest.to_owned()).filter(|name| !name.is_empty()),
        },
        "cgroup" => NetworkSpec::Cgroup { path: words.some("a folder")?.into() },
        "netns" => NetworkSpec::Netns {
            path: if words.rest.is_empty() { OWN_NETNS } else { words.rest }.into(),
        },
        _ => return Ok(None),
    }))
}

impl fmt::Display for NetworkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetworkSpec::Xdp { interface, mode } => match mode {
                XdpMode::Auto => write!(f, "xdp:{interface}"),
                XdpMode::Native => write!(f, "xdp:{interface}:native"),
                XdpMode::Generic => write!(f, "xdp:{interface}:generic"),
            },
            NetworkSpec::Tc { interface, direction } => match direction {
                Direction::Ingress => write!(f, "tc:{interface}:ingress"),
                Direction::Egress => write!(f, "tc:{interface}:egress"),
            },
            NetworkSpec::Socket { interface: None } => write!(f, "socket"),
            NetworkSpec::Socket { interface: Some(name) } => write!(f, "socket:{name}"),
            NetworkSpec::Cgroup { path } => write!(f, "cgroup:{}", path.display()),
            NetworkSpec::Netns { path } => write!(f, "netns:{}", path.display()),
        }
    }
}

/// Where the section puts a program; none if its type is not one of these.
pub(super) fn default(kind: &ProgKind) -> Option<Default> {
    let spec = |spec| Default::Spec(AttachSpec::Network(spec));
    Some(match kind.prog_type {
        ProgType::Xdp if kind.attach_type == Some(AttachType::Xdp) => Default::Needs("xdp:IFACE"),
        ProgType::SchedCls => Default::Needs("tc:IFACE:ingress|egress"),
        ProgType::SocketFilter => spec(NetworkSpec::Socket { interface: None }),
        ProgType::SkLookup | ProgType::FlowDissector => {
            spec(NetworkSpec::Netns { path: OWN_NETNS.into() })
        }
        // Security hooks for a control group; others are bound when they are loaded.
        ProgType::Lsm => Default::Needs("cgroup:PATH"),
        ty if is_cgroup(ty) => Default::Needs("cgroup:PATH"),
        _ => return None,
    })
}

impl NetworkSpec {
    /// What a program has to be loaded as to go there.
    pub(super) fn kind(&self, declared: Option<&ProgKind>) -> ProgKind {
        let (types, section): (&[ProgType], &str) = match self {
            NetworkSpec::Xdp { .. } => (&[ProgType::Xdp], "xdp"),
            NetworkSpec::Tc { .. } => (&[ProgType::SchedCls, ProgType::SchedAct], "tc"),
            NetworkSpec::Socket { .. } => (&[ProgType::SocketFilter], "socket"),
            NetworkSpec::Cgroup { .. } => {
                let is_hook = |kind: &ProgKind| kind.attach_type == Some(AttachType::LsmCgroup);
                let fits = declared.filter(|kind| is_cgroup(kind.prog_type) || is_hook(kind));
                return fits.cloned().unwrap_or_else(|| declared_by("cgroup/skb"));
            }
            NetworkSpec::Netns { .. } => {
                (&[ProgType::SkLookup, ProgType::FlowDissector], "sk_lookup")
            }
        };
        fitting(declared, types, section)
    }
}

fn is_cgroup(ty: ProgType) -> bool {
    matches!(
        ty,
        ProgType::CgroupSkb
            | ProgType::CgroupSock
            | ProgType::CgroupSockAddr
            | ProgType::CgroupSockopt
            | ProgType::CgroupSysctl
            | ProgType::CgroupDevice
            | ProgType::SockOps
    )
}
