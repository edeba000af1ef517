//! Programs that choose sockets, and such that see what goes through them.

use super::world::World;
use crate::{Hook, Problem, Stage};
use bpfc_loader::Loaded;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, setsockopt, socket, sockopt,
};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

pub const HOOKS: &[Hook] = &[
    Hook {
        name: "socket filter",
        source: include_str!("../../../../examples/hooks/socket.c"),
        attempt: socket_filter,
    },
    Hook {
        name: "reuseport, by filter",
        source: include_str!("../../../../examples/hooks/reuseport_filter.c"),
        attempt: |stage| reuseport(stage, false),
    },
    Hook {
        name: "reuseport, by map",
        source: include_str!("../../../../examples/hooks/sk_reuseport.c"),
        attempt: |stage| reuseport(stage, true),
    },
    Hook {
        name: "sk_lookup",
        source: include_str!("../../../../examples/hooks/sk_lookup.c"),
        attempt: lookup,
    },
    Hook {
        name: "sk_msg",
        source: include_str!("../../../../examples/hooks/sk_msg.c"),
        attempt: message,
    },
    Hook {
        name: "sk_skb, parser and verdict",
        source: include_str!("../../../../examples/hooks/sk_skb.c"),
        attempt: stream,
    },
    Hook {
        name: "sk_skb, verdict",
        source: include_str!("../../../../examples/hooks/sk_skb_verdict.c"),
        attempt: stream,
    },
];

fn socket_filter(stage: &Stage) -> Result<(), Problem> {
    let _world = World::enter()?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let to = socket.local_addr()?;
    stage.by_section(|| Ok(socket.send_to(b"seen?", to).map(|_| ())?))
}

/// Two sockets on one port: the program always chooses the first.
fn reuseport(stage: &Stage, has_map: bool) -> Result<(), Problem> {
    let _world = World::enter()?;
    let open = |port| -> Result<UdpSocket, Problem> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let fd = socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
        setsockopt(&fd, sockopt::ReusePort, &true)?;
        bind(fd.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, port))?;
        Ok(fd.into())
    };
    let first = open(0)?;
    let second = open(first.local_addr()?.port())?;
    first.set_read_timeout(Some(Duration::from_secs(1)))?;
    let spec = format!("reuseport:self:{}", first.as_raw_fd());
    let loaded = stage.load_for(&spec)?;
    if has_map {
        let map = loaded.map("chosen").ok_or_else(|| Problem::Wrong("no map".to_owned()))?;
        map.insert(&0_u32.to_ne_bytes(), first.as_fd())?;
    }
    let link = stage.attach(&loaded, &spec)?;
    let sender = UdpSocket::bind("127.0.0.1:0")?;
    stage.sees(&loaded, || {
        for _ in 0..8 {
            sender.send_to(b"seen?", second.local_addr()?)?;
            first.recv(&mut [0; 8])?;
        }
        Ok(())
    })?;
    Ok(link.detach()?)
}

/// Connections to a port at which nobody listens.
fn lookup(stage: &Stage) -> Result<(), Problem> {
    let _world = World::enter()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let loaded = stage.load()?;
    let map = loaded.map("listener").ok_or_else(|| Problem::Wrong("no map".to_owned()))?;
    map.insert(&0_u32.to_ne_bytes(), listener.as_fd())?;
    let links = stage.attach_all(&loaded)?;
    stage.sees(&loaded, || {
        TcpStream::connect("127.0.0.1:7777")?;
        listener.accept()?;
        Ok(())
    })?;
    links.into_iter().try_for_each(bpfc_loader::Link::detach)?;
    match TcpStream::connect("127.0.0.1:7777") {
        Err(_) => Ok(()),
        Ok(_) => Err(Problem::Wrong("still attached".to_owned())),
    }
}

/// A connection, with its ends in the map `socks`.
fn connected(loaded: &Loaded) -> Result<(TcpStream, TcpStream), Problem> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    server.set_read_timeout(Some(Duration::from_secs(1)))?;
    let map = loaded.map("socks").ok_or_else(|| Problem::Wrong("no map".to_owned()))?;
    for (key, socket) in [(0_u32, &client), (1, &server)] {
        map.insert(&key.to_ne_bytes(), socket.as_fd())?;
    }
    Ok((client, server))
}

fn message(stage: &Stage) -> Result<(), Problem> {
    let _world = World::enter()?;
    let loaded = stage.load()?;
    let links = stage.attach_all(&loaded)?;
    let (mut client, mut server) = connected(&loaded)?;
    stage.sees(&loaded, || {
        client.write_all(b"seen?")?;
        Ok(server.read_exact(&mut [0; 5])?)
    })?;
    Ok(links.into_iter().try_for_each(bpfc_loader::Link::detach)?)
}

fn stream(stage: &Stage) -> Result<(), Problem> {
    let _world = World::enter()?;
    let loaded = stage.load()?;
    let links = stage.attach_all(&loaded)?;
    let (mut client, mut server) = connected(&loaded)?;
    stage.sees(&loaded, || {
        client.write_all(b"seen?")?;
        Ok(server.read_exact(&mut [0; 5])?)
    })?;
    // A second of the same kind is refused; before 5.18 the kernel does not tell that there is one.
    if stage.needs(5, 18).is_err() {
        return Ok(links.into_iter().try_for_each(bpfc_loader::Link::detach)?);
    }
    let name = loaded.programs[loaded.programs.len() - 1].name();
    match stage.attach_named(&loaded, name, "sockmap:socks") {
        Err(Problem::Lacking(text)) if text.contains("the map has") => {}
        other => return Err(Problem::Wrong(format!("attached twice: {other:?}"))),
    }
    Ok(links.into_iter().try_for_each(bpfc_loader::Link::detach)?)
}
