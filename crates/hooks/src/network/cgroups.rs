//! Programs of control groups: attached to the one that this process is in, where they only count.

use super::world::World;
use crate::{Hook, Problem, Stage};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{getsockopt, setsockopt, sockopt};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

const SKB: &str = include_str!("../../../../examples/hooks/cgroup_skb.c");
const SOCK: &str = include_str!("../../../../examples/hooks/cgroup_sock.c");
const ADDR: &str = include_str!("../../../../examples/hooks/cgroup_addr.c");
const UNIX: &str = include_str!("../../../../examples/hooks/cgroup_unix.c");
const OPTION: &str = include_str!("../../../../examples/hooks/cgroup_sockopt.c");

macro_rules! hooks {
    ($($name:literal, $source:expr, $program:literal, $event:expr;)*) => {
        &[$(Hook {
            name: $name,
            source: $source,
            attempt: |stage| counted(stage, $program, "", $event),
        },)*]
    };
}

const DEVICE: &str = include_str!("../../../../examples/hooks/cgroup_device.c");
const SYSCTL: &str = include_str!("../../../../examples/hooks/cgroup_sysctl.c");
const SOCKOPS: &str = include_str!("../../../../examples/hooks/sockops.c");

#[rustfmt::skip]
pub const HOOKS: &[Hook] = hooks![
    "cgroup, packets in", SKB, "on_ingress", udp4;
    "cgroup, packets out", SKB, "on_egress", udp4;
    "cgroup, sock_create", SOCK, "sock_create", udp4;
    "cgroup, sock_release", SOCK, "sock_release", udp4;
    "cgroup, post_bind4", SOCK, "post_bind4", udp4;
    "cgroup, post_bind6", SOCK, "post_bind6", udp6;
    "cgroup, bind4", ADDR, "bind4", udp4;
    "cgroup, bind6", ADDR, "bind6", udp6;
    "cgroup, connect4", ADDR, "connect4", || tcp("127.0.0.1:0");
    "cgroup, connect6", ADDR, "connect6", || tcp("[::1]:0");
    "cgroup, getpeername4", ADDR, "getpeername4", || tcp("127.0.0.1:0");
    "cgroup, getpeername6", ADDR, "getpeername6", || tcp("[::1]:0");
    "cgroup, getsockname4", ADDR, "getsockname4", udp4;
    "cgroup, getsockname6", ADDR, "getsockname6", udp6;
    "cgroup, sendmsg4", ADDR, "sendmsg4", udp4;
    "cgroup, sendmsg6", ADDR, "sendmsg6", udp6;
    "cgroup, recvmsg4", ADDR, "recvmsg4", udp4;
    "cgroup, recvmsg6", ADDR, "recvmsg6", udp6;
    "cgroup, connect_unix", UNIX, "connect_unix", unix;
    "cgroup, getpeername_unix", UNIX, "getpeername_unix", unix;
    "cgroup, getsockname_unix", UNIX, "getsockname_unix", unix;
    "cgroup, sendmsg_unix", UNIX, "sendmsg_unix", unix;
    "cgroup, recvmsg_unix", UNIX, "recvmsg_unix", unix;
    "cgroup, devices", DEVICE, "on_device", device;
    "cgroup, sysctls", SYSCTL, "on_sysctl", sysctl;
    "cgroup, getsockopt", OPTION, "getsockopt", option;
    "cgroup, setsockopt", OPTION, "setsockopt", option;
    "cgroup, sock_ops", SOCKOPS, "on_event", || tcp("127.0.0.1:0");
    "cgroup, without a link", SKB, "on_egress_attached", udp4;
];

/// Attaches one program, and waits until it has counted the event.
fn counted(
    stage: &Stage,
    program: &str,
    options: &str,
    event: fn() -> Result<(), Problem>,
) -> Result<(), Problem> {
    if program == "on_egress_attached" {
        return counted(stage, "on_egress", ",mode=multi", event);
    }
    let _world = World::enter()?;
    let path = own_group()?;
    let loaded = stage.load_named(program)?;
    let link = stage.attach(&loaded, &format!("cgroup:{}{options}", path.display()))?;
    stage.sees(&loaded, event)?;
    Ok(link.detach()?)
}

/// The folder of the control group that this process is in; cgroup v2 is mounted for this thread
/// where it is not.
pub fn own_group() -> Result<PathBuf, Problem> {
    let text = std::fs::read_to_string("/proc/self/cgroup")?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"));
    // No line before cgroup v2 is mounted for the first time.
    let own = own.unwrap_or_default();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
    let mounted = mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut words = before.split(' ').skip(3);
        let (root, place) = (words.next()?, words.next()?);
        (after.starts_with("cgroup2 ") && root == "/").then_some(place)
    });
    if let Some(place) = mounted {
        return Ok(PathBuf::from(place).join(own));
    }
    unshare(CloneFlags::CLONE_NEWNS)?;
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    let place = std::env::temp_dir().join(format!("bpfc-cgroup-{}", std::process::id()));
    std::fs::create_dir_all(&place)?;
    mount(Some("none"), &place, Some("cgroup2"), MsFlags::empty(), none)
        .map_err(|errno| Problem::Lacking(format!("cgroup v2 cannot be mounted: {errno}")))?;
    Ok(place.join(own))
}

fn udp4() -> Result<(), Problem> {
    udp("127.0.0.1:0")
}

fn udp6() -> Result<(), Problem> {
    udp("[::1]:0")
}

/// Bound, asked for its address, sent, received.
fn udp(address: &str) -> Result<(), Problem> {
    let socket = UdpSocket::bind(address)?;
    socket.set_read_timeout(Some(std::time::Duration::from_secs(1)))?;
    socket.send_to(b"seen?", socket.local_addr()?)?;
    let mut buffer = [0; 8];
    socket.recv_from(&mut buffer)?;
    Ok(())
}

fn tcp(address: &str) -> Result<(), Problem> {
    let listener = TcpListener::bind(address)?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    client.peer_addr()?;
    let (mut server, _) = listener.accept()?;
    client.write_all(b"seen?")?;
    Ok(server.read_exact(&mut [0; 5])?)
}

fn unix() -> Result<(), Problem> {
    let number = std::process::id();
    let paths = ["a", "b"].map(|end| std::env::temp_dir().join(format!("bpfc-{number}-{end}")));
    for path in &paths {
        let _ = std::fs::remove_file(path);
    }
    let outcome = (|| {
        let (first, second) = (UnixDatagram::bind(&paths[0])?, UnixDatagram::bind(&paths[1])?);
        first.send_to(b"seen?", &paths[1])?;
        second.recv_from(&mut [0; 8])?;
        first.connect(&paths[1])?;
        first.local_addr()?;
        first.peer_addr()
    })();
    for path in &paths {
        let _ = std::fs::remove_file(path);
    }
    outcome.map(|_| ()).map_err(Problem::from)
}

fn device() -> Result<(), Problem> {
    std::fs::File::open("/dev/null")?;
    Ok(())
}

fn sysctl() -> Result<(), Problem> {
    std::fs::read_to_string("/proc/sys/kernel/ostype")?;
    Ok(())
}

fn option() -> Result<(), Problem> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    setsockopt(&socket, sockopt::Broadcast, &true)?;
    getsockopt(&socket, sockopt::Broadcast)?;
    Ok(())
}
