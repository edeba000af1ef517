//! Virtual headers: what `#include <…>` finds when no real header does.
//!
//! The texts are our own, under `headers/`; they hold interface facts (macros, uapi structs) and no helper
//! prototypes, since helpers are known to the type checker from [`crate::helpers`]. Kernel-internal headers are
//! accepted by name: their types come from BTF, their macros from `bpfc/kernel.h`.
//!
//! Declarations of types have no macros in them where that can be: those need not be parsed before they are used.

use crate::tables::header::KERNEL_HEADERS;
use crate::{Arch, lines, uapi};
use std::borrow::Cow;

/// What stands behind an `#include`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderKind {
    /// Everything is in the text.
    Text,
    /// A kernel-internal header: macros are in the text, types come from BTF.
    Kernel,
    /// `vmlinux.h`: all types come from BTF.
    Vmlinux,
}

/// A virtual header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The path under which its text is stored; two includes of one path are one header.
    pub path: &'static str,
    /// What stands behind it.
    pub kind: HeaderKind,
    /// Its C text.
    pub text: &'static str,
}

macro_rules! header_table {
    ($($kind:ident $path:literal,)*) => {
        &[$(Header {
            path: $path,
            kind: HeaderKind::$kind,
            text: include_str!(concat!("../headers/", $path)),
        }),*]
    };
}

/// Headers with a text of their own, by ascending path.
static HEADERS: &[Header] = header_table![
    Text "arpa/inet.h",
    Text "asm/byteorder.h",
    Kernel "asm/page.h",
    Text "asm/ptrace.h",
    Text "asm/types.h",
    Text "assert.h",
    Text "bcc/proto.h",
    Text "bpf/bpf_core_read.h",
    Text "bpf/bpf_endian.h",
    Text "bpf/bpf_helpers.h",
    Text "bpf/bpf_tracing.h",
    Text "bpf/usdt.bpf.h",
    Kernel "bpfc/bcc.h",
    Kernel "bpfc/kernel.h",
    Text "bpfc/kernel_types.h",
    Text "bpfc/pt_regs.h",
    Text "bpfc/target.h",
    Text "bpfc/test.h",
    Text "byteswap.h",
    Text "endian.h",
    Text "errno.h",
    Text "fcntl.h",
    Text "features.h",
    Text "gnu/stubs-32.h",
    Text "inttypes.h",
    Text "limits.h",
    Text "linux/bpf.h",
    Text "linux/bpf_common.h",
    Text "linux/bpf_perf_event.h",
    Text "linux/fcntl.h",
    Text "linux/icmp.h",
    Text "linux/icmpv6.h",
    Text "linux/if.h",
    Text "linux/if_arp.h",
    Text "linux/if_ether.h",
    Text "linux/if_packet.h",
    Text "linux/if_tunnel.h",
    Text "linux/if_vlan.h",
    Text "linux/in.h",
    Text "linux/in6.h",
    Text "linux/ip.h",
    Text "linux/ipv6.h",
    Text "linux/limits.h",
    Text "linux/lirc.h",
    Text "linux/mpls.h",
    Text "linux/net.h",
    Text "linux/perf_event.h",
    Text "linux/pkt_cls.h",
    Text "linux/ptrace.h",
    Text "linux/socket.h",
    Text "linux/stat.h",
    Text "linux/tcp.h",
    Text "linux/types.h",
    Text "linux/udp.h",
    Text "linux/version.h",
    Text "net/ethernet.h",
    Text "net/if.h",
    Text "net/if_arp.h",
    Kernel "net/inet_connection_sock.h",
    Kernel "net/inet_sock.h",
    Kernel "net/sock.h",
    Kernel "net/tcp.h",
    Text "net/tcp_states.h",
    Text "netinet/if_ether.h",
    Text "netinet/in.h",
    Text "netinet/ip.h",
    Text "netinet/ip6.h",
    Text "netinet/tcp.h",
    Text "netinet/udp.h",
    Text "sched.h",
    Text "signal.h",
    Text "stdalign.h",
    Text "stdarg.h",
    Text "stdbool.h",
    Text "stddef.h",
    Text "stdint.h",
    Text "stdio.h",
    Text "stdlib.h",
    Text "stdnoreturn.h",
    Text "string.h",
    Text "sys/cdefs.h",
    Text "sys/epoll.h",
    Text "sys/ioctl.h",
    Text "sys/mman.h",
    Text "sys/socket.h",
    Text "sys/stat.h",
    Text "sys/syscall.h",
    Text "sys/time.h",
    Text "sys/types.h",
    Text "sys/un.h",
    Text "syscall.h",
    Text "time.h",
    Text "unistd.h",
    Vmlinux "vmlinux.h",
];

/// A kernel-internal header without macros of its own.
static PLAIN_KERNEL_HEADER: Header = Header {
    path: "bpfc/kernel.h",
    kind: HeaderKind::Kernel,
    text: include_str!("../headers/bpfc/kernel.h"),
};

/// The folder of the user API in Linux's source.
const UAPI: &str = "uapi/";

/// All headers with a text of their own, by ascending path.
pub fn headers() -> &'static [Header] {
    HEADERS
}

/// The header that `#include <path>` or `#include "path"` means; `None` where none is known.
///
/// `uapi/x.h` means `x.h`.
pub fn header(path: &str) -> Option<&'static Header> {
    let path = path.strip_prefix(UAPI).unwrap_or(path);
    if let Ok(idx) = HEADERS.binary_search_by(|row| row.path.cmp(path)) {
        return Some(&HEADERS[idx]);
    }
    if path.ends_with("/vmlinux.h") {
        return header("vmlinux.h");
    }
    is_kernel_header(path).then_some(&PLAIN_KERNEL_HEADER)
}

/// A header's text for one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedHeader {
    /// As [`Header::path`].
    pub path: Cow<'static, str>,
    /// As [`Header::kind`].
    pub kind: HeaderKind,
    /// Its C text: what is written by hand, then the constants of the user API that this does not have.
    pub text: Cow<'static, str>,
}

/// [`header`], with all constants that Linux's own header of that name has for user space.
///
/// Behind a name of the kernel's own headers stand `bpfc/kernel.h` and the constants; those alone are at `uapi/…`, which is
/// what headers of the user API include of each other.
pub fn load_header(path: &str, arch: Arch) -> Option<LoadedHeader> {
    let name = path.strip_prefix(UAPI).unwrap_or(path);
    let own = header(name);
    let written = own.filter(|own| own.path == name);
    let constants = uapi::text(name, arch, written.map_or("", |own| own.text));
    let loaded = |path: String, text: String| LoadedHeader {
        path: path.into(),
        kind: own.map_or(HeaderKind::Text, |own| own.kind),
        text: text.into(),
    };
    Some(match (written, constants) {
        (Some(own), Some(constants)) => loaded(name.to_owned(), format!("{}{constants}", own.text)),
        (None, Some(constants)) if path != name => {
            let text = format!("#pragma once\n#include <linux/types.h>\n{constants}");
            loaded(path.to_owned(), text)
        }
        (None, Some(_)) => {
            let kernel = if own.is_some() { "#include <bpfc/kernel.h>\n" } else { "" };
            loaded(name.to_owned(), format!("#pragma once\n{kernel}#include <uapi/{name}>\n"))
        }
        (_, None) => {
            let own = own?;
            LoadedHeader { path: own.path.into(), kind: own.kind, text: own.text.into() }
        }
    })
}

/// Whether [`load_header`] finds it.
pub fn has_header(path: &str, arch: Arch) -> bool {
    let path = path.strip_prefix(UAPI).unwrap_or(path);
    header(path).is_some() || uapi::has(path, arch)
}

/// The C text of [`header`].
pub fn header_text(path: &str) -> Option<&'static str> {
    header(path).map(|header| header.text)
}

/// Whether Linux has a header of this name, so that an `#include` of it is no mistake.
fn is_kernel_header(path: &str) -> bool {
    path.strip_suffix(".h")
        .is_some_and(|name| lines::find(KERNEL_HEADERS.as_bytes(), name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_headers_by_all_their_names() {
        assert!(headers().is_sorted_by(|left, right| left.path < right.path));
        assert!(header_text("linux/ip.h").unwrap().contains("struct iphdr"));
        assert_eq!(header("uapi/linux/ip.h"), header("linux/ip.h"));
        assert_eq!(header("linux/sched.h").unwrap().kind, HeaderKind::Kernel);
        assert_eq!(header("vmlinux.h").unwrap().kind, HeaderKind::Vmlinux);
        assert_eq!(header("../vmlinux.h").unwrap().kind, HeaderKind::Vmlinux);
        assert_eq!(header("linux/no_such_thing.h"), None);
        assert_eq!(header("linux/ip"), None);
    }

    #[test]
    fn includes_of_virtual_headers_are_virtual_headers() {
        for row in headers() {
            for line in row.text.lines().filter(|line| line.starts_with("#include")) {
                let path = line.split(['<', '>']).nth(1).unwrap();
                assert!(has_header(path, Arch::X86_64), "{} includes {path}", row.path);
            }
        }
    }
}
