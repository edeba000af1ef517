//! Route netlink, as much as it takes to attach XDP and tc programs to old kernels, and programs to routes.
//!
//! The messages are few and fixed, so they are written by hand: `include/uapi/linux/netlink.h`,
//! `rtnetlink.h`, `if_link.h`, `pkt_sched.h`, `pkt_cls.h`.

mod filter;
mod route;
mod xdp;

pub(crate) use filter::{Filter, Hook};
pub(crate) use route::{Encap, Route};

use crate::Errno;
use crate::sys::socket::want_error_texts;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send,
    socket,
};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_ECHO: u16 = 8;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSGERR_ATTR_MSG: u16 = 1;
const NLA_F_NESTED: u16 = 0x8000;
const HEADER_BYTES: usize = 16;

/// What the kernel answers to a refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub errno: Errno,
    /// Its reason in words, if it gives one.
    pub words: Option<String>,
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Refusal {
        Refusal { errno, words: None }
    }
}

impl From<nix::errno::Errno> for Refusal {
    fn from(errno: nix::errno::Errno) -> Refusal {
        Errno::from(errno).into()
    }
}

/// A socket to the kernel's routing side, in the network namespace in which it was opened.
#[derive(Debug)]
pub(crate) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

/// A request under construction.
struct Message(Vec<u8>);

impl Message {
    fn new(ty: u16, flags: u16, body: &[u8]) -> Message {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[4..6].copy_from_slice(&ty.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | NLM_F_REQUEST).to_ne_bytes());
        bytes.extend_from_slice(body);
        Message(bytes)
    }

    fn attribute(&mut self, ty: u16, value: &[u8]) {
        let n_bytes = 4 + value.len();
        self.0.extend((n_bytes as u16).to_ne_bytes());
        self.0.extend(ty.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn nested(&mut self, ty: u16, fill: impl FnOnce(&mut Message)) {
        self.attribute(ty | NLA_F_NESTED, &Message::nest(fill));
    }

    /// Attributes that are the value of another.
    fn nest(fill: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut inner = Message(Vec::new());
        fill(&mut inner);
        inner.0
    }

    fn finish(mut self, sequence: u32) -> Vec<u8> {
        let n_bytes = self.0.len() as u32;
        self.0[..4].copy_from_slice(&n_bytes.to_ne_bytes());
        self.0[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.0
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_ne_bytes(word))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let half = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_ne_bytes(half))
}

impl Netlink {
    /// Opens a socket.
    pub(crate) fn open() -> Result<Netlink, Errno> {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkRoute,
        )?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        // Old kernels (before 4.12) have no words.
        let _ = want_error_texts(socket.as_fd());
        Ok(Netlink { socket, sequence: 0 })
    }

    /// Sends a request and reads answers up to its acknowledgement or the end of a dump. `each`
    /// sees the type and body of every other message.
    fn request(
        &mut self,
        message: Message,
        mut each: impl FnMut(u16, &[u8]),
    ) -> Result<(), Refusal> {
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = message.finish(self.sequence);
        send(self.socket.as_raw_fd(), &bytes, MsgFlags::empty())?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let n_bytes = match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Err(nix::errno::Errno::EINTR) => continue,
                outcome => outcome?,
            };
            let mut rest = &buffer[..n_bytes];
            while let Some(length) = word(rest, 0).map(|length| length as usize) {
                if length < HEADER_BYTES || length > rest.len() {
                    break;
                }
                let (answer, after) = rest.split_at(length);
                rest = after.get(length.next_multiple_of(4) - length..).unwrap_or(&[]);
                if word(answer, 8) != Some(self.sequence) {
                    continue;
                }
                let body = &answer[HEADER_BYTES..];
                match half(answer, 4) {
                    Some(NLMSG_ERROR) => return outcome(answer),
                    Some(NLMSG_DONE) => return Ok(()),
                    Some(ty) => each(ty, body),
                    None => {}
                }
            }
        }
    }
}

/// What an error message says; 0 is the acknowledgement.
fn outcome(answer: &[u8]) -> Result<(), Refusal> {
    let errno = word(answer, HEADER_BYTES).map_or(libc::EIO, |code| -(code as i32));
    if errno == 0 {
        return Ok(());
    }
    Err(Refusal { errno: Errno(errno), words: error_text(answer) })
}

/// The kernel's words in an extended acknowledgement (4.12).
fn error_text(answer: &[u8]) -> Option<String> {
    let flags = half(answer, 6)?;
    if flags & NLM_F_ACK_TLVS == 0 {
        return None;
    }
    // The error number, then the request: its header alone, or all of it.
    let request = HEADER_BYTES + 4;
    let n_request =
        if flags & NLM_F_CAPPED != 0 { HEADER_BYTES } else { word(answer, request)? as usize };
    let mut rest = answer.get(request.checked_add(n_request)?.next_multiple_of(4)..)?;
    while let (Some(length), Some(ty)) = (half(rest, 0), half(rest, 2)) {
        let length = usize::from(length);
        let value = rest.get(4..length)?;
        if ty & 0x3fff == NLMSGERR_ATTR_MSG {
            let text = String::from_utf8_lossy(value);
            return Some(text.trim_end_matches('\0').to_owned());
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

/// The attributes of a message, from where they begin: kind without flags, and value.
fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (length, ty) = (usize::from(half(rest, 0)?), half(rest, 2)?);
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((ty & 0x3fff, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTM_SETLINK: u16 = 19;
    const IFLA_XDP: u16 = 43;
    const TCA_KIND: u16 = 1;

    #[test]
    fn writes_nested_attributes() {
        let mut message = Message::new(RTM_SETLINK, NLM_F_ACK, &[0; 16]);
        message.nested(IFLA_XDP, |xdp| xdp.attribute(1, &5_u32.to_ne_bytes()));
        message.attribute(TCA_KIND, b"bpf\0x");
        let bytes = message.finish(7);
        assert_eq!(bytes.len(), 16 + 16 + 12 + 12);
        assert_eq!(word(&bytes, 0), Some(bytes.len() as u32));
        assert_eq!(half(&bytes, 32), Some(12));
        assert_eq!(half(&bytes, 34), Some(IFLA_XDP | NLA_F_NESTED));
        assert_eq!(half(&bytes, 44), Some(9));
    }

    #[test]
    fn reads_errors_and_survives_garbage() {
        let mut answer = Message::new(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &[]);
        answer.0.extend((-22_i32).to_ne_bytes());
        answer.0.extend([0; HEADER_BYTES]);
        answer.attribute(NLMSGERR_ATTR_MSG, b"no such thing\0");
        let answer = answer.finish(1);
        let refusal = outcome(&answer).unwrap_err();
        assert_eq!(refusal.errno, Errno::EINVAL);
        assert_eq!(refusal.words.as_deref(), Some("no such thing"));
        for end in 0..answer.len() {
            let _ = outcome(&answer[..end]);
        }
    }
}
