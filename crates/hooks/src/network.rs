//! Packets, sockets, control groups.

use crate::{Hook, Problem, Stage};
use std::net::UdpSocket;

pub const HOOKS: &[Hook] = &[Hook {
    name: "socket filter",
    source: include_str!("../../../examples/hooks/socket.c"),
    attempt: socket_filter,
}];

fn socket_filter(stage: &Stage) -> Result<(), Problem> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let to = socket.local_addr()?;
    stage.by_section(|| Ok(socket.send_to(b"seen?", to).map(|_| ())?))
}
