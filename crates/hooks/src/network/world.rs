//! A network of its own for each attempt: `lo`, and a pair of interfaces, made by netlink since a virtual machine may
//! have no `ip`.

use crate::{Problem, Stage};
use bpfc_loader::{Link, Loaded};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send,
    socket,
};
use std::net::IpAddr;
use std::os::fd::AsRawFd;

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const REQUEST_ACK: u16 = 1 | 4;
const CREATE_EXCL: u16 = 0x400 | 0x200;
const IFF_UP: u32 = 1;

/// The address of the interface `far`.
pub const FAR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
const NEAR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

/// A network namespace of the calling thread.
pub struct World {
    sequence: u32,
}

fn attribute(bytes: &mut Vec<u8>, ty: u16, value: &[u8]) {
    bytes.extend((4 + value.len() as u16).to_ne_bytes());
    bytes.extend(ty.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn nest(fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    fill(&mut bytes);
    bytes
}

/// `struct ifinfomsg`.
fn ifinfo(ifindex: u32, flags: u32) -> Vec<u8> {
    let mut body = vec![0; 16];
    body[4..8].copy_from_slice(&ifindex.to_ne_bytes());
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    body[12..16].copy_from_slice(&flags.to_ne_bytes());
    body
}

impl World {
    /// Enters a new namespace, in which `lo` is up.
    pub fn enter() -> Result<World, Problem> {
        unshare(CloneFlags::CLONE_NEWNET)
            .map_err(|errno| Problem::Lacking(format!("no network namespace: {errno}")))?;
        let mut world = World { sequence: 0 };
        world.up("lo")?;
        Ok(world)
    }

    /// As [`World::enter`], with the pair `near` and `far` of `veth` interfaces.
    pub fn with_veth() -> Result<World, Problem> {
        let mut world = World::enter()?;
        let peer = nest(|peer| {
            peer.extend(ifinfo(0, 0));
            attribute(peer, 1, &FAR_MAC);
            attribute(peer, 3, b"far\0");
        });
        world.pair("veth", Some(NEAR_MAC), &nest(|data| attribute(data, 1, &peer)))?;
        Ok(world)
    }

    /// As [`World::enter`], with the pair `near` and `far` of `netkit` interfaces.
    pub fn with_netkit() -> Result<World, Problem> {
        let mut world = World::enter()?;
        let peer = nest(|peer| {
            peer.extend(ifinfo(0, 0));
            attribute(peer, 3, b"far\0");
        });
        let data = nest(|data| {
            attribute(data, 1, &peer);
            // `NETKIT_L2`.
            attribute(data, 5, &0_u32.to_ne_bytes());
        });
        world.pair("netkit", None, &data)?;
        Ok(world)
    }

    fn pair(&mut self, kind: &str, mac: Option<[u8; 6]>, data: &[u8]) -> Result<(), Problem> {
        let mut body = ifinfo(0, 0);
        if let Some(mac) = mac {
            attribute(&mut body, 1, &mac);
        }
        attribute(&mut body, 3, b"near\0");
        let info = nest(|info| {
            attribute(info, 1, kind.as_bytes());
            attribute(info, 2, data);
        });
        attribute(&mut body, 18, &info);
        self.request(RTM_NEWLINK, CREATE_EXCL, &body)
            .map_err(|errno| Problem::Lacking(format!("no {kind} interfaces: {errno}")))?;
        self.up("near")?;
        self.up("far")
    }

    fn up(&mut self, name: &str) -> Result<(), Problem> {
        let ifindex = nix::net::if_::if_nametoindex(name)?;
        Ok(self.request(RTM_NEWLINK, 0, &ifinfo(ifindex, IFF_UP))?)
    }

    /// Removes an interface.
    pub fn remove(&mut self, name: &str) -> Result<(), Problem> {
        let ifindex = nix::net::if_::if_nametoindex(name)?;
        Ok(self.request(RTM_DELLINK, 0, &ifinfo(ifindex, 0))?)
    }

    /// Gives an interface an address.
    pub fn address(&mut self, name: &str, address: IpAddr, n_bits: u8) -> Result<(), Problem> {
        let ifindex = nix::net::if_::if_nametoindex(name)?;
        let (family, octets) = match address {
            IpAddr::V4(address) => (2, address.octets().to_vec()),
            IpAddr::V6(address) => (10, address.octets().to_vec()),
        };
        // `struct ifaddrmsg`; IFA_F_NODAD for the second version.
        let mut body = vec![family, n_bits, 2, 0];
        body.extend(ifindex.to_ne_bytes());
        attribute(&mut body, 1, &octets);
        attribute(&mut body, 2, &octets);
        Ok(self.request(RTM_NEWADDR, CREATE_EXCL, &body)?)
    }

    fn request(&mut self, ty: u16, flags: u16, body: &[u8]) -> nix::Result<()> {
        let route = SockProtocol::NetlinkRoute;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, route)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        self.sequence += 1;
        let mut bytes = (16 + body.len() as u32).to_ne_bytes().to_vec();
        bytes.extend(ty.to_ne_bytes());
        bytes.extend((flags | REQUEST_ACK).to_ne_bytes());
        bytes.extend(self.sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(body);
        send(socket.as_raw_fd(), &bytes, MsgFlags::empty())?;
        let mut answer = [0; 4096];
        let n_bytes = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
        let code: [u8; 4] = answer[..n_bytes][16..20].try_into().expect("four bytes");
        match i32::from_ne_bytes(code) {
            0 => Ok(()),
            code => Err(nix::errno::Errno::from_raw(-code)),
        }
    }
}

/// A raw socket on an interface, to send frames.
pub struct Frames {
    _loaded: Loaded,
    link: Link,
}

impl Frames {
    /// Opens it.
    pub fn of(interface: &str) -> Result<Frames, Problem> {
        let stage = Stage::open(include_str!("../../../../examples/hooks/socket.c"))?;
        let loaded = stage.load()?;
        let link = stage.attach(&loaded, &format!("socket:{interface}"))?;
        Ok(Frames { _loaded: loaded, link })
    }

    /// Sends an Ethernet frame to `far`.
    pub fn send(&self, ethertype: u16, payload: &[u8]) -> Result<(), Problem> {
        let mut frame = [FAR_MAC, NEAR_MAC].concat();
        frame.extend(ethertype.to_be_bytes());
        frame.extend(payload);
        frame.resize(frame.len().max(60), 0);
        let socket = self.link.socket().expect("a socket filter");
        nix::unistd::write(socket, &frame)?;
        Ok(())
    }
}
