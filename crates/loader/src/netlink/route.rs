//! Routes whose packets go through programs: `include/uapi/linux/rtnetlink.h`, `lwtunnel.h`, `seg6_local.h`.

use super::{
    Message, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, Netlink, Refusal, attributes,
};
use std::net::IpAddr;

const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_GETROUTE: u16 = 26;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_TABLE: u16 = 15;
const RTA_ENCAP_TYPE: u16 = 21;
const RTA_ENCAP: u16 = 22;
const LWTUNNEL_ENCAP_SEG6_LOCAL: u16 = 7;
const LWTUNNEL_ENCAP_BPF: u16 = 6;
const LWT_BPF_PROG_FD: u16 = 1;
const LWT_BPF_PROG_NAME: u16 = 2;
const SEG6_LOCAL_ACTION: u16 = 1;
const SEG6_LOCAL_BPF: u16 = 8;
const SEG6_LOCAL_BPF_PROG: u16 = 1;
const SEG6_LOCAL_BPF_PROG_NAME: u16 = 2;
/// `SEG6_LOCAL_ACTION_END_BPF`.
const END_BPF: u32 = 15;
const RTPROT_STATIC: u8 = 4;
const RT_SCOPE_LINK: u8 = 253;
const RTN_UNICAST: u8 = 1;
const RT_TABLE_MAIN: u32 = 254;

/// Where a program sees packets of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encap {
    /// `LWT_BPF_IN`, `LWT_BPF_OUT`, `LWT_BPF_XMIT`: by their numbers.
    Lwt(u16),
    /// At a segment of IPv6.
    Seg6Local,
}

/// A route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub prefix: IpAddr,
    pub n_bits: u8,
    pub ifindex: u32,
    pub via: Option<IpAddr>,
    pub table: Option<u32>,
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

impl Route {
    fn message(&self, ty: u16, flags: u16) -> Message {
        let table = self.table.unwrap_or(RT_TABLE_MAIN);
        let family = if self.prefix.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        // `struct rtmsg`: family, lengths of destination and source, type of service, table,
        // protocol, scope, type, flags.
        let is_direct = self.prefix.is_ipv4() && self.via.is_none();
        let scope = if is_direct { RT_SCOPE_LINK } else { 0 };
        let short_table = u8::try_from(table).unwrap_or(0);
        let mut body = [0; 12];
        body[0] = family as u8;
        body[1] = self.n_bits;
        body[4..8].copy_from_slice(&[short_table, RTPROT_STATIC, scope, RTN_UNICAST]);
        let mut message = Message::new(ty, flags, &body);
        message.attribute(RTA_DST, &octets(self.prefix));
        message.attribute(RTA_OIF, &self.ifindex.to_ne_bytes());
        message.attribute(RTA_TABLE, &table.to_ne_bytes());
        if let Some(via) = self.via {
            message.attribute(RTA_GATEWAY, &octets(via));
        }
        message
    }
}

impl Netlink {
    /// Adds a route through a program; one that is there already is not touched.
    pub(crate) fn add_route(
        &mut self,
        route: &Route,
        encap: Encap,
        prog: i32,
        name: &str,
    ) -> Result<(), Refusal> {
        let mut message = route.message(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        let (fd, name) = (prog.to_ne_bytes(), format!("{name}\0"));
        let (ty, encap) = match encap {
            Encap::Lwt(hook) => (
                LWTUNNEL_ENCAP_BPF,
                Message::nest(|encap| {
                    encap.nested(hook, |prog| {
                        prog.attribute(LWT_BPF_PROG_FD, &fd);
                        prog.attribute(LWT_BPF_PROG_NAME, name.as_bytes());
                    });
                }),
            ),
            Encap::Seg6Local => (
                LWTUNNEL_ENCAP_SEG6_LOCAL,
                Message::nest(|encap| {
                    encap.attribute(SEG6_LOCAL_ACTION, &END_BPF.to_ne_bytes());
                    encap.nested(SEG6_LOCAL_BPF, |prog| {
                        prog.attribute(SEG6_LOCAL_BPF_PROG, &fd);
                        prog.attribute(SEG6_LOCAL_BPF_PROG_NAME, name.as_bytes());
                    });
                }),
            ),
        };
        message.attribute(RTA_ENCAP_TYPE, &ty.to_ne_bytes());
        message.attribute(RTA_ENCAP | super::NLA_F_NESTED, &encap);
        self.request(message, |_, _| {})
    }

    /// Whether there is a route to exactly this destination (4.20).
    pub(crate) fn has_route(&mut self, route: &Route) -> Result<bool, Refusal> {
        let mut has = false;
        self.request(route.message(RTM_GETROUTE, NLM_F_DUMP), |ty, body| {
            let attributes = attributes(body.get(12..).unwrap_or(&[]));
            let mut targets = attributes.filter(|(ty, _)| *ty == RTA_DST);
            let is_same = targets.any(|(_, value)| value == octets(route.prefix));
            let is_encap = super::attributes(body.get(12..).unwrap_or(&[]))
                .any(|(ty, _)| ty == RTA_ENCAP_TYPE);
            has |= ty == RTM_NEWROUTE && body.get(1) == Some(&route.n_bits) && is_same && is_encap;
        })?;
        Ok(has)
    }

    /// Removes a route.
    pub(crate) fn remove_route(&mut self, route: &Route) -> Result<(), Refusal> {
        self.request(route.message(RTM_DELROUTE, NLM_F_ACK), |_, _| {})
    }
}
