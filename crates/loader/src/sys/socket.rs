//! Sockets with programs: packet sockets that are filtered, groups of sockets on one port.

use super::errno::Errno;
use super::{Result, owned, retry};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

fn check(returned: libc::c_int) -> Result<libc::c_int> {
    if returned < 0 { Err(Errno::last()) } else { Ok(returned) }
}

/// A raw packet socket that sees all protocols on one interface, or on all of them.
pub(crate) fn packet_socket(ifindex: Option<u32>) -> Result<OwnedFd> {
    let all = (libc::ETH_P_ALL as u16).to_be();
    let flags = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no pointers.
    let fd = check(unsafe { libc::socket(libc::AF_PACKET, flags, i32::from(all)) })?;
    // SAFETY: the kernel just made this file descriptor.
    let socket = unsafe { owned(fd.into()) };
    if let Some(ifindex) = ifindex {
        // SAFETY: an address made of integers, for which zeros are a value.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = all;
        address.sll_ifindex = i32::try_from(ifindex).map_err(|_| Errno::ENODEV)?;
        let n_bytes = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the address is readable for the length given.
        check(unsafe {
            libc::bind(socket.as_raw_fd(), std::ptr::from_ref(&address).cast(), n_bytes)
        })?;
    }
    Ok(socket)
}

/// Makes a program the filter of a socket.
pub(crate) fn attach_filter(socket: BorrowedFd<'_>, prog: BorrowedFd<'_>) -> Result<()> {
    set_int(socket, libc::SOL_SOCKET, libc::SO_ATTACH_BPF, prog.as_raw_fd())
}

/// Lets a program choose among the sockets that share the port of this one (4.5).
pub(crate) fn attach_reuseport(socket: BorrowedFd<'_>, prog: BorrowedFd<'_>) -> Result<()> {
    set_int(socket, libc::SOL_SOCKET, libc::SO_ATTACH_REUSEPORT_EBPF, prog.as_raw_fd())
}

/// Gives the choice back to the kernel (5.3).
pub(crate) fn detach_reuseport(socket: BorrowedFd<'_>) -> Result<()> {
    set_int(socket, libc::SOL_SOCKET, libc::SO_DETACH_REUSEPORT_BPF, 0)
}

/// A copy of another process's file descriptor (5.6), which needs the right to trace it.
pub(crate) fn of_process(pid: u32, fd: u32) -> Result<OwnedFd> {
    // SAFETY: no pointers.
    let process = retry(|| unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the kernel just made this file descriptor.
    let process = unsafe { owned(process) };
    // SAFETY: no pointers.
    let copy =
        retry(|| unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) })?;
    // SAFETY: the kernel just made this file descriptor.
    Ok(unsafe { owned(copy) })
}

fn set_int(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> Result<()> {
    // SAFETY: the option's value is an int, readable for its size.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(&value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    })
    .map(|_| ())
}

/// `NETLINK_EXT_ACK`.
const NETLINK_EXT_ACK: libc::c_int = 11;

/// Asks for words with errors on a netlink socket (4.12).
pub(crate) fn want_error_texts(socket: BorrowedFd<'_>) -> Result<()> {
    set_int(socket, libc::SOL_NETLINK, NETLINK_EXT_ACK, 1)
}
