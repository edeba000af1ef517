//! Attach points of packets, sockets and control groups.

mod options;
mod parse;

pub(super) use parse::parse;

use super::{Default, declared_by, fitting};
use crate::attach::AttachSpec;
use crate::load::kind::ProgKind;
use bpfc_kabi::{AttachType, ProgType};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// Where to attach a program that works on packets, sockets or control groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkSpec {
    /// `xdp:IFACE[:native|generic|offload]`: packets as they arrive.
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
        /// How, and where among others.
        place: TcPlace,
    },
    /// `netkit:IFACE[:primary|peer]`: packets that leave one end of a netkit pair.
    Netkit {
        /// The primary end.
        interface: String,
        /// Which end sends; as the section says if it is not given.
        is_peer: Option<bool>,
        /// Where among others.
        position: Position,
    },
    /// `socket[:IFACE]`: a raw socket that sees the packets of one or all interfaces.
    Socket {
        /// The interface.
        interface: Option<String>,
    },
    /// `reuseport:PID:FD`: the sockets that share the port of this one.
    Reuseport {
        /// Whose it is: a process, or this one.
        pid: Option<u32>,
        /// Its number there.
        fd: u32,
    },
    /// `cgroup:PATH[,hook=HOOK][,mode=multi|override|exclusive]`: the processes of a control group.
    Cgroup {
        /// Its folder in a cgroup v2 file system.
        path: PathBuf,
        /// Packets that leave or arrive, for programs whose section does not say it.
        direction: Option<Direction>,
        /// Beside which other programs; a link, which is like `multi`, if it is not given.
        mode: Option<CgroupMode>,
    },
    /// `netns[:PATH]`: a network namespace, this process's own if none is given.
    Netns {
        /// A file that stands for it.
        path: PathBuf,
    },
    /// `sockmap[:MAP]`: the sockets in a map.
    Sockmap {
        /// Its name in the object, or the path of its pin; the only one if it is not given.
        map: Option<String>,
    },
    /// `devmap:MAP,key=KEY,dev=IFACE` and `cpumap:MAP,key=CPU[,size=N]`: packets that were
    /// redirected through a map.
    RedirectMap {
        /// Its name in the object, or the path of its pin.
        map: String,
        /// The element.
        key: u32,
        /// What else the element says.
        value: RedirectValue,
    },
    /// `netfilter:ipv4|ipv6:HOOK[,prio=N][,defrag=1]`: a hook of netfilter.
    Netfilter {
        /// `NFPROTO_IPV4` or `NFPROTO_IPV6`.
        family: Family,
        /// `NF_INET_*`.
        hook: NetfilterHook,
        /// Those with lower numbers run first.
        priority: i32,
        /// Whether fragments are put together first (6.6).
        is_defrag: bool,
    },
    /// `route:PREFIX,dev=IFACE[,via=ADDRESS][,table=N]`: packets that take a new route.
    Route {
        /// The destination.
        prefix: IpAddr,
        /// How many bits of it count.
        n_bits: u8,
        /// The interface.
        interface: String,
        /// The next hop.
        via: Option<IpAddr>,
        /// The routing table: the main one if it is not given.
        table: Option<u32>,
    },
    /// `struct_ops[:MAP]`: the struct of operations that names the program.
    StructOps,
    /// `freplace:PROGRAM:FUNCTION`: instead of a function of a loaded program.
    Freplace {
        /// The id of the program.
        prog_id: u32,
        /// Its function.
        function: String,
    },
    /// `run`: nowhere; the program runs once.
    Run,
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
    /// In the device.
    Offload,
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

/// How a tc program is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TcPlace {
    /// By a link if the kernel has them (6.6), else as a filter.
    #[default]
    Any,
    /// `tcx:`: by a link.
    Link(Position),
    /// `clsact:…[,prio=N][,handle=N]`: as a filter.
    Filter {
        /// Those with lower numbers run first; 0 for the kernel to choose.
        priority: u16,
        /// The filter's number within its priority; 0 for the kernel to choose.
        handle: u32,
    },
}

/// Where among the programs at a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Position {
    /// After all that are there.
    #[default]
    Last,
    /// `first=1`: before all.
    First,
    /// `before=ID`: before this program.
    Before(u32),
    /// `after=ID`: after this program.
    After(u32),
}

/// Beside which other programs a program is attached to a control group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CgroupMode {
    /// Beside others, all of which run.
    Multi,
    /// Alone, until a group inside replaces it.
    Override,
    /// Alone, and in all groups inside.
    Exclusive,
}

/// What an element of a map for redirected packets says beside its program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RedirectValue {
    /// The interface by which they leave.
    Interface(String),
    /// How many may wait for the CPU.
    QueueSize(u32),
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Version 4.
    Ipv4,
    /// Version 6.
    Ipv6,
}

/// A hook of netfilter (`enum nf_inet_hooks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum NetfilterHook {
    /// All that arrive.
    PreRouting = 0,
    /// Those for this machine.
    LocalIn = 1,
    /// Those for others.
    Forward = 2,
    /// Those of this machine.
    LocalOut = 3,
    /// All that leave.
    PostRouting = 4,
}

const HOOKS: [(&str, NetfilterHook); 5] = [
    ("pre_routing", NetfilterHook::PreRouting),
    ("local_in", NetfilterHook::LocalIn),
    ("forward", NetfilterHook::Forward),
    ("local_out", NetfilterHook::LocalOut),
    ("post_routing", NetfilterHook::PostRouting),
];

const OWN_NETNS: &str = "/proc/self/ns/net";

/// Packets that wait for a CPU if nothing else is said.
const QUEUE_SIZE: u32 = 192;

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Last => Ok(()),
            Position::First => write!(f, ",first=1"),
            Position::Before(id) => write!(f, ",before={id}"),
            Position::After(id) => write!(f, ",after={id}"),
        }
    }
}

impl fmt::Display for NetworkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetworkSpec::Xdp { interface, mode } => match mode {
                XdpMode::Auto => write!(f, "xdp:{interface}"),
                XdpMode::Native => write!(f, "xdp:{interface}:native"),
                XdpMode::Generic => write!(f, "xdp:{interface}:generic"),
                XdpMode::Offload => write!(f, "xdp:{interface}:offload"),
            },
            NetworkSpec::Tc { interface, direction, place } => {
                let way = way(*direction);
                match place {
                    TcPlace::Any => write!(f, "tc:{interface}:{way}"),
                    TcPlace::Link(position) => write!(f, "tcx:{interface}:{way}{position}"),
                    TcPlace::Filter { priority: 0, handle: 0 } => {
                        write!(f, "clsact:{interface}:{way}")
                    }
                    TcPlace::Filter { priority, handle } => {
                        write!(f, "clsact:{interface}:{way},prio={priority},handle={handle:#x}")
                    }
                }
            }
            NetworkSpec::Netkit { interface, is_peer, position } => {
                let end = is_peer.map_or("", |is_peer| if is_peer { ":peer" } else { ":primary" });
                write!(f, "netkit:{interface}{end}{position}")
            }
            NetworkSpec::Socket { interface: None } => write!(f, "socket"),
            NetworkSpec::Socket { interface: Some(name) } => write!(f, "socket:{name}"),
            NetworkSpec::Reuseport { pid: Some(pid), fd } => write!(f, "reuseport:{pid}:{fd}"),
            NetworkSpec::Reuseport { pid: None, fd } => write!(f, "reuseport:self:{fd}"),
            NetworkSpec::Cgroup { path, direction, mode } => {
                write!(f, "cgroup:{}", path.display())?;
                if let Some(direction) = direction {
                    write!(f, ",hook={}", way(*direction))?;
                }
                match mode {
                    None => Ok(()),
                    Some(CgroupMode::Multi) => write!(f, ",mode=multi"),
                    Some(CgroupMode::Override) => write!(f, ",mode=override"),
                    Some(CgroupMode::Exclusive) => write!(f, ",mode=exclusive"),
                }
            }
            NetworkSpec::Netns { path } => write!(f, "netns:{}", path.display()),
            NetworkSpec::Sockmap { map: None } => write!(f, "sockmap"),
            NetworkSpec::Sockmap { map: Some(map) } => write!(f, "sockmap:{map}"),
            NetworkSpec::RedirectMap { map, key, value } => match value {
                RedirectValue::Interface(name) => write!(f, "devmap:{map},key={key},dev={name}"),
                RedirectValue::QueueSize(size) => write!(f, "cpumap:{map},key={key},size={size}"),
            },
            NetworkSpec::Netfilter { family, hook, priority, is_defrag } => {
                let family = if *family == Family::Ipv4 { "ipv4" } else { "ipv6" };
                let name = HOOKS.iter().find(|(_, other)| other == hook);
                let name = name.map_or("", |(name, _)| name);
                let defrag = if *is_defrag { ",defrag=1" } else { "" };
                write!(f, "netfilter:{family}:{name},prio={priority}{defrag}")
            }
            NetworkSpec::Route { prefix, n_bits, interface, via, table } => {
                write!(f, "route:{prefix}/{n_bits},dev={interface}")?;
                if let Some(via) = via {
                    write!(f, ",via={via}")?;
                }
                table.map_or(Ok(()), |table| write!(f, ",table={table}"))
            }
            NetworkSpec::StructOps => write!(f, "struct_ops"),
            NetworkSpec::Freplace { prog_id, function } => {
                write!(f, "freplace:{prog_id}:{function}")
            }
            NetworkSpec::Run => write!(f, "run"),
        }
    }
}

/// Where the section puts a program; none if its type is not one of these.
pub(super) fn default(kind: &ProgKind) -> Option<Default> {
    let spec = |spec| Default::Spec(AttachSpec::Network(spec));
    Some(match (kind.prog_type, kind.attach_type) {
        (ProgType::Xdp, Some(AttachType::XdpDevmap)) => {
            Default::Needs("devmap:MAP,key=KEY,dev=IFACE")
        }
        (ProgType::Xdp, Some(AttachType::XdpCpumap)) => Default::Needs("cpumap:MAP,key=CPU"),
        (ProgType::Xdp, _) => Default::Needs("xdp:IFACE"),
        (ProgType::SchedCls, Some(AttachType::NetkitPrimary | AttachType::NetkitPeer)) => {
            Default::Needs("netkit:IFACE")
        }
        (ProgType::SchedCls, _) => Default::Needs("tc:IFACE:ingress|egress"),
        (ProgType::SocketFilter, _) => spec(NetworkSpec::Socket { interface: None }),
        (ProgType::SkReuseport, _) => Default::Needs("reuseport:PID:FD"),
        (ProgType::SkLookup | ProgType::FlowDissector, _) => {
            spec(NetworkSpec::Netns { path: OWN_NETNS.into() })
        }
        (ProgType::SkSkb | ProgType::SkMsg, _) => spec(NetworkSpec::Sockmap { map: None }),
        (ProgType::Netfilter, _) => Default::Needs("netfilter:ipv4|ipv6:HOOK,prio=N"),
        (ProgType::LwtIn | ProgType::LwtOut | ProgType::LwtXmit | ProgType::LwtSeg6local, _) => {
            Default::Needs("route:PREFIX,dev=IFACE")
        }
        (ProgType::StructOps, _) => spec(NetworkSpec::StructOps),
        (ProgType::Ext, _) => Default::Needs("freplace:PROGRAM_ID:FUNCTION"),
        (ProgType::Syscall, _) => spec(NetworkSpec::Run),
        (ProgType::SchedAct, _) => Default::Nowhere(
            "actions of filters are for `tc`: a classifier (`SEC(\"tc\")`) decides by itself"
                .into(),
        ),
        (ProgType::LircMode2, _) => Default::Nowhere(
            "decoders of infrared devices are not attached: `ir-keytable` does that".into(),
        ),
        // Security hooks for a control group; others are bound when they are loaded.
        (ProgType::Lsm, _) => Default::Needs("cgroup:PATH"),
        (ProgType::CgroupSkb, None) => Default::Needs("cgroup:PATH,hook=ingress|egress"),
        (ty, _) if is_cgroup(ty) => Default::Needs("cgroup:PATH"),
        _ => return None,
    })
}

impl NetworkSpec {
    /// What a program has to be loaded as to go there.
    pub(super) fn kind(&self, declared: Option<&ProgKind>) -> ProgKind {
        let (types, section): (&[ProgType], &str) = match self {
            NetworkSpec::Xdp { .. } => (&[ProgType::Xdp], "xdp"),
            NetworkSpec::RedirectMap { value: RedirectValue::Interface(_), .. } => {
                return mapped(declared, AttachType::XdpDevmap, "xdp/devmap");
            }
            NetworkSpec::RedirectMap { .. } => {
                return mapped(declared, AttachType::XdpCpumap, "xdp/cpumap");
            }
            NetworkSpec::Tc { .. } => (&[ProgType::SchedCls, ProgType::SchedAct], "tc"),
            NetworkSpec::Netkit { .. } => (&[ProgType::SchedCls], "netkit/primary"),
            NetworkSpec::Socket { .. } => (&[ProgType::SocketFilter], "socket"),
            NetworkSpec::Reuseport { .. } => {
                (&[ProgType::SkReuseport, ProgType::SocketFilter], "sk_reuseport")
            }
            NetworkSpec::Cgroup { .. } => {
                let is_hook = |kind: &ProgKind| kind.attach_type == Some(AttachType::LsmCgroup);
                let fits = declared.filter(|kind| is_cgroup(kind.prog_type) || is_hook(kind));
                return fits.cloned().unwrap_or_else(|| declared_by("cgroup/skb"));
            }
            NetworkSpec::Netns { .. } => {
                (&[ProgType::SkLookup, ProgType::FlowDissector], "sk_lookup")
            }
            NetworkSpec::Sockmap { .. } => (&[ProgType::SkSkb, ProgType::SkMsg], "sk_skb"),
            NetworkSpec::Netfilter { .. } => (&[ProgType::Netfilter], "netfilter"),
            NetworkSpec::Route { .. } => (
                &[ProgType::LwtIn, ProgType::LwtOut, ProgType::LwtXmit, ProgType::LwtSeg6local],
                "lwt_out",
            ),
            NetworkSpec::StructOps => (&[ProgType::StructOps], "struct_ops"),
            NetworkSpec::Freplace { prog_id, function } => {
                return ProgKind {
                    section: "freplace",
                    target: format!("{prog_id}:{function}"),
                    is_btf_target: true,
                    ..ProgKind::new(ProgType::Ext)
                };
            }
            NetworkSpec::Run => (&[ProgType::Syscall], "syscall"),
        };
        fitting(declared, types, section)
    }
}

/// An XDP program for elements of a map, with what its section says of fragments.
fn mapped(declared: Option<&ProgKind>, attach: AttachType, section: &str) -> ProgKind {
    match declared {
        Some(kind) if kind.attach_type == Some(attach) => kind.clone(),
        _ => declared_by(section),
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
