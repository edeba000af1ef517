//! XDP programs of interfaces: `include/uapi/linux/if_link.h`.

use super::{Message, NLM_F_ACK, Netlink, Refusal, attributes, word};

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_SETLINK: u16 = 19;
const IFLA_XDP: u16 = 43;
const IFLA_XDP_FD: u16 = 1;
const IFLA_XDP_FLAGS: u16 = 3;
const IFLA_XDP_PROG_ID: u16 = 4;
const IFLA_XDP_DRV_PROG_ID: u16 = 5;
const IFLA_XDP_SKB_PROG_ID: u16 = 6;
const IFLA_XDP_HW_PROG_ID: u16 = 7;
const IFINFO_BYTES: usize = 16;

fn ifinfo(ifindex: u32) -> [u8; IFINFO_BYTES] {
    let mut body = [0; IFINFO_BYTES];
    body[4..8].copy_from_slice(&ifindex.to_ne_bytes());
    body
}

impl Netlink {
    /// Makes `prog` the XDP program of an interface, or removes it.
    pub(crate) fn set_xdp(
        &mut self,
        ifindex: u32,
        prog: Option<i32>,
        flags: u32,
    ) -> Result<(), Refusal> {
        let mut message = Message::new(RTM_SETLINK, NLM_F_ACK, &ifinfo(ifindex));
        message.nested(IFLA_XDP, |xdp| {
            xdp.attribute(IFLA_XDP_FD, &prog.unwrap_or(-1).to_ne_bytes());
            xdp.attribute(IFLA_XDP_FLAGS, &flags.to_ne_bytes());
        });
        self.request(message, |_, _| {})
    }

    /// The ids of the XDP programs of an interface with how they run: `native`, `generic`,
    /// `offload`.
    pub(crate) fn xdp(&mut self, ifindex: u32) -> Result<Vec<(u32, &'static str)>, Refusal> {
        let message = Message::new(RTM_GETLINK, NLM_F_ACK, &ifinfo(ifindex));
        let mut found = Vec::new();
        let mut only = None;
        self.request(message, |ty, body| {
            if ty != RTM_NEWLINK {
                return;
            }
            let link = attributes(body.get(IFINFO_BYTES..).unwrap_or(&[]));
            for (_, xdp) in link.filter(|(ty, _)| *ty == IFLA_XDP) {
                for (ty, value) in attributes(xdp) {
                    let mode = match ty {
                        IFLA_XDP_DRV_PROG_ID => "native",
                        IFLA_XDP_SKB_PROG_ID => "generic",
                        IFLA_XDP_HW_PROG_ID => "offload",
                        IFLA_XDP_PROG_ID => {
                            only = word(value, 0);
                            continue;
                        }
                        _ => continue,
                    };
                    found.extend(word(value, 0).map(|id| (id, mode)));
                }
            }
        })?;
        // Before 4.19 there is one at most, without its kind.
        if found.is_empty() {
            found.extend(only.filter(|id| *id != 0).map(|id| (id, "native")));
        }
        Ok(found)
    }
}
