//! Programs on the way of packets through the stack: dissector, netfilter, routes.

use super::world::{Frames, World};
use crate::{Hook, Problem, Stage};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

const NETFILTER: &str = include_str!("../../../../examples/hooks/netfilter.c");

pub const HOOKS: &[Hook] = &[
    Hook {
        name: "flow_dissector",
        source: include_str!("../../../../examples/hooks/flow_dissector.c"),
        attempt: dissector,
    },
    Hook {
        name: "netfilter, IPv4",
        source: NETFILTER,
        attempt: |stage| netfilter(stage, "ipv4", "127.0.0.1:0"),
    },
    Hook {
        name: "netfilter, IPv6",
        source: NETFILTER,
        attempt: |stage| netfilter(stage, "ipv6", "[::1]:0"),
    },
    Hook {
        name: "lwt_in",
        source: include_str!("../../../../examples/hooks/lwt_in.c"),
        attempt: route_in,
    },
    Hook {
        name: "lwt_out",
        source: include_str!("../../../../examples/hooks/lwt_out.c"),
        attempt: route_out,
    },
    Hook {
        name: "lwt_xmit",
        source: include_str!("../../../../examples/hooks/lwt_xmit.c"),
        attempt: route_out,
    },
    Hook {
        name: "lwt_seg6local",
        source: include_str!("../../../../examples/hooks/lwt_seg6local.c"),
        attempt: segment,
    },
];

/// The kernel dissects what a raw socket sends.
fn dissector(stage: &Stage) -> Result<(), Problem> {
    let _world = World::with_veth()?;
    let frames = Frames::of("near")?;
    stage.by_section(|| frames.send(0x0800, &packet4([10, 1, 0, 9], [10, 1, 0, 1])))
}

fn netfilter(stage: &Stage, family: &str, address: &str) -> Result<(), Problem> {
    stage.needs(6, 4)?;
    let _world = World::enter()?;
    let socket = UdpSocket::bind(address)?;
    let spec = format!("netfilter:{family}:local_in,prio=-50");
    let loaded = stage.load_for(&spec)?;
    let link = stage.attach(&loaded, &spec)?;
    match stage.attach(&loaded, &spec) {
        Err(Problem::Lacking(text)) if text.contains("the priority -50") => {}
        other => return Err(Problem::Wrong(format!("attached twice: {other:?}"))),
    }
    stage.sees(&loaded, || {
        socket.send_to(b"seen?", socket.local_addr()?)?;
        Ok(())
    })?;
    Ok(link.detach()?)
}

/// A packet of UDP, with a checksum of its header.
fn packet4(from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
    packet.extend(from);
    packet.extend(to);
    let sum: u32 = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend([0x10, 0, 0x20, 0, 0, 8, 0, 0]);
    packet
}

/// Packets that this machine would forward.
fn route_in(stage: &Stage) -> Result<(), Problem> {
    let mut world = World::with_veth()?;
    world.address("far", IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)), 24)?;
    for (name, value) in
        [("ip_forward", "1"), ("conf/all/rp_filter", "0"), ("conf/far/rp_filter", "0")]
    {
        std::fs::write(format!("/proc/sys/net/ipv4/{name}"), value)?;
    }
    let frames = Frames::of("near")?;
    let packet = packet4([10, 1, 0, 9], [10, 9, 0, 1]);
    stage.at("route:10.9.0.0/16,dev=far", || frames.send(0x0800, &packet))
}

/// Packets of this machine. A second route to the same destination is refused.
fn route_out(stage: &Stage) -> Result<(), Problem> {
    let mut world = World::with_veth()?;
    world.address("near", IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)), 24)?;
    let socket = UdpSocket::bind("10.1.0.1:0")?;
    let spec = "route:10.9.0.0/16,dev=near";
    let loaded = stage.load_for(spec)?;
    let link = stage.attach(&loaded, spec)?;
    match stage.attach(&loaded, spec) {
        Err(Problem::Lacking(text)) if text.contains("such a route already") => {}
        other => return Err(Problem::Wrong(format!("attached twice: {other:?}"))),
    }
    stage.sees(&loaded, || Ok(socket.send_to(b"seen?", "10.9.0.1:9").map(|_| ())?))?;
    Ok(link.detach()?)
}

/// A packet of IPv6 whose next segment is the route's destination.
fn segment(stage: &Stage) -> Result<(), Problem> {
    let _world = World::with_veth()?;
    let frames = Frames::of("near")?;
    let address = |last: u8| {
        let mut address = [0; 16];
        (address[0], address[15]) = (0xfd, last);
        address
    };
    // Version, length of what follows, routing header, hop limit.
    let mut packet = vec![0x60, 0, 0, 0, 0, 40, 43, 64];
    packet.extend(address(9));
    packet.extend(address(1));
    // Nothing follows; four more units of 8 bytes; segment routing; one segment left, of two.
    packet.extend([59, 4, 4, 1, 1, 0, 0, 0]);
    packet.extend(address(2));
    packet.extend(address(1));
    stage.at("route:fd00::1/128,dev=far", || frames.send(0x86dd, &packet))
}
