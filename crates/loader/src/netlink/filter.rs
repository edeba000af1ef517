//! Filters of tc: `include/uapi/linux/pkt_sched.h`, `pkt_cls.h`.

use super::{
    Message, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_ECHO, NLM_F_EXCL, Netlink, Refusal,
    attributes, word,
};
use crate::Errno;

const RTM_NEWQDISC: u16 = 36;
const RTM_DELQDISC: u16 = 37;
const RTM_GETQDISC: u16 = 38;
const RTM_NEWTFILTER: u16 = 44;
const RTM_DELTFILTER: u16 = 45;
const RTM_GETTFILTER: u16 = 46;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_BPF_FD: u16 = 6;
const TCA_BPF_NAME: u16 = 7;
const TCA_BPF_FLAGS: u16 = 8;
const TCA_BPF_ID: u16 = 11;
/// `TCA_BPF_FLAG_ACT_DIRECT`: the program's result is the verdict.
const ACT_DIRECT: u32 = 1;
/// `TC_H_CLSACT`.
const CLSACT: u32 = 0xffff_fff1;
const CLSACT_HANDLE: u32 = 0xffff_0000;
const TCMSG_BYTES: usize = 20;

/// Which of the two hooks of `clsact`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Hook {
    Ingress = 0xffff_fff2,
    Egress = 0xffff_fff3,
}

/// A filter that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub ifindex: u32,
    pub hook: Hook,
    pub handle: u32,
    /// Priority and protocol.
    pub info: u32,
}

/// `struct tcmsg`.
fn tcmsg(ifindex: u32, handle: u32, parent: u32, info: u32) -> [u8; 20] {
    let mut body = [0; 20];
    for (word, at) in [(ifindex, 4), (handle, 8), (parent, 12), (info, 16)] {
        body[at..at + 4].copy_from_slice(&word.to_ne_bytes());
    }
    body
}

impl Netlink {
    /// Adds the queueing discipline `clsact` to an interface; false if it was there.
    pub(crate) fn add_clsact(&mut self, ifindex: u32) -> Result<bool, Refusal> {
        let body = tcmsg(ifindex, CLSACT_HANDLE, CLSACT, 0);
        let flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
        let mut message = Message::new(RTM_NEWQDISC, flags, &body);
        message.attribute(TCA_KIND, b"clsact\0");
        match self.request(message, |_, _| {}) {
            Ok(()) => Ok(true),
            Err(refusal) if refusal.errno == Errno::EEXIST => Ok(false),
            Err(refusal) => Err(refusal),
        }
    }

    /// Removes `clsact` and all its filters.
    pub(crate) fn remove_clsact(&mut self, ifindex: u32) -> Result<(), Refusal> {
        let body = tcmsg(ifindex, CLSACT_HANDLE, CLSACT, 0);
        let mut message = Message::new(RTM_DELQDISC, NLM_F_ACK, &body);
        message.attribute(TCA_KIND, b"clsact\0");
        self.request(message, |_, _| {})
    }

    /// Adds a program as a filter for all protocols, with a priority and a handle or, for those
    /// that are 0, what the kernel chooses.
    pub(crate) fn add_filter(
        &mut self,
        ifindex: u32,
        hook: Hook,
        (priority, handle): (u16, u32),
        (prog, name): (i32, &str),
    ) -> Result<Filter, Refusal> {
        let all = u32::from((libc::ETH_P_ALL as u16).to_be()) | u32::from(priority) << 16;
        let body = tcmsg(ifindex, handle, hook as u32, all);
        let flags = NLM_F_ACK | NLM_F_ECHO | NLM_F_CREATE | NLM_F_EXCL;
        let mut message = Message::new(RTM_NEWTFILTER, flags, &body);
        message.attribute(TCA_KIND, b"bpf\0");
        message.nested(TCA_OPTIONS, |options| {
            options.attribute(TCA_BPF_FD, &prog.to_ne_bytes());
            options.attribute(TCA_BPF_NAME, format!("{name}\0").as_bytes());
            options.attribute(TCA_BPF_FLAGS, &ACT_DIRECT.to_ne_bytes());
        });
        let mut filter = None;
        self.request(message, |ty, body| {
            if let (RTM_NEWTFILTER, Some(handle), Some(info)) = (ty, word(body, 8), word(body, 16))
            {
                filter = Some(Filter { ifindex, hook, handle, info });
            }
        })?;
        filter.ok_or(Errno::EINVAL.into())
    }

    /// Removes a filter.
    pub(crate) fn remove_filter(&mut self, filter: &Filter) -> Result<(), Refusal> {
        let body = tcmsg(filter.ifindex, filter.handle, filter.hook as u32, filter.info);
        let mut message = Message::new(RTM_DELTFILTER, NLM_F_ACK, &body);
        message.attribute(TCA_KIND, b"bpf\0");
        self.request(message, |_, _| {})
    }

    /// Whether an interface has the queueing discipline `clsact`.
    pub(crate) fn has_clsact(&mut self, ifindex: u32) -> Result<bool, Refusal> {
        let message = Message::new(RTM_GETQDISC, NLM_F_DUMP, &tcmsg(ifindex, 0, 0, 0));
        let mut has = false;
        self.request(message, |ty, body| {
            let is_there = word(body, 4) == Some(ifindex) && word(body, 12) == Some(CLSACT);
            let mut kinds = attributes(body.get(TCMSG_BYTES..).unwrap_or(&[]));
            let is_clsact = kinds.any(|(ty, value)| ty == TCA_KIND && value == b"clsact\0");
            has |= ty == RTM_NEWQDISC && is_there && is_clsact;
        })?;
        Ok(has)
    }

    /// The filters at a hook that are programs, each with the program's id.
    pub(crate) fn filters(
        &mut self,
        ifindex: u32,
        hook: Hook,
    ) -> Result<Vec<(Filter, u32)>, Refusal> {
        let message = Message::new(RTM_GETTFILTER, NLM_F_DUMP, &tcmsg(ifindex, 0, hook as u32, 0));
        let mut found = Vec::new();
        self.request(message, |ty, body| {
            let options = attributes(body.get(TCMSG_BYTES..).unwrap_or(&[]));
            let mut options = options.filter(|(ty, _)| *ty == TCA_OPTIONS);
            let id = options.find_map(|(_, options)| {
                let mut ids = attributes(options).filter(|(ty, _)| *ty == TCA_BPF_ID);
                ids.find_map(|(_, value)| word(value, 0))
            });
            if let (RTM_NEWTFILTER, Some(id), Some(handle), Some(info)) =
                (ty, id, word(body, 8), word(body, 16))
            {
                found.push((Filter { ifindex, hook, handle, info }, id));
            }
        })?;
        Ok(found)
    }

    /// Whether an interface has filters at either hook.
    pub(crate) fn has_filters(&mut self, ifindex: u32) -> Result<bool, Refusal> {
        let mut has = false;
        for hook in [Hook::Ingress, Hook::Egress] {
            let body = tcmsg(ifindex, 0, hook as u32, 0);
            let message = Message::new(RTM_GETTFILTER, NLM_F_DUMP, &body);
            self.request(message, |ty, _| has |= ty == RTM_NEWTFILTER)?;
        }
        Ok(has)
    }
}
