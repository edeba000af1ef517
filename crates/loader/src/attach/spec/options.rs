//! What may follow an attach point that watches: `,cookie=42,pid=1234`.

use std::fmt;

/// Which part of what it names a program watches, and what it is told. Written behind the place,
/// each with a comma: `uprobe:c:malloc,pid=1234,cookie=7`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TraceOptions {
    /// `cookie`: what `bpf_get_attach_cookie` gives the program.
    pub cookie: Option<u64>,
    /// `pid`: only in this process.
    pub pid: Option<u32>,
    /// `tid`: only this thread, for an iterator over tasks.
    pub tid: Option<u32>,
    /// `cpu`: only on this CPU.
    pub cpu: Option<u32>,
    /// `limit`: at most so many places, for a pattern.
    pub limit: Option<u32>,
    /// `map`: the map that an iterator goes over: a pin's path, a number or a name.
    pub map: Option<String>,
    /// `cgroup`: the folder of the control group at which an iterator starts.
    pub cgroup: Option<String>,
    /// `order`: how an iterator over control groups goes.
    pub order: Option<Order>,
}

/// `enum bpf_cgroup_iter_order` (6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Only the one.
    SelfOnly,
    /// A group before those in it.
    DescendantsPre,
    /// A group after those in it.
    DescendantsPost,
    /// The group, then what it is in.
    AncestorsUp,
}

const ORDERS: [(&str, Order); 4] = [
    ("self", Order::SelfOnly),
    ("pre", Order::DescendantsPre),
    ("post", Order::DescendantsPost),
    ("up", Order::AncestorsUp),
];

impl Order {
    /// Its number in the uapi.
    pub(crate) fn number(self) -> u32 {
        match self {
            Order::SelfOnly => 1,
            Order::DescendantsPre => 2,
            Order::DescendantsPost => 3,
            Order::AncestorsUp => 4,
        }
    }
}

/// A number as C writes it.
pub(super) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Takes the options off the end of a text.
pub(super) fn split(text: &str) -> Result<(&str, TraceOptions), String> {
    let mut place = text;
    let mut options = TraceOptions::default();
    while let Some((before, last)) = place.rsplit_once(',') {
        let Some((key, value)) = last.split_once('=') else { break };
        read(&mut options, key, value)?;
        place = before;
    }
    Ok((place, options))
}

fn read(options: &mut TraceOptions, key: &str, value: &str) -> Result<(), String> {
    let bad = || format!("`{value}` is no {key}");
    let small = || number(value).and_then(|n| u32::try_from(n).ok()).ok_or_else(bad);
    match key {
        "cookie" => options.cookie = Some(number(value).ok_or_else(bad)?),
        "pid" => options.pid = Some(small()?),
        "tid" => options.tid = Some(small()?),
        "cpu" => options.cpu = Some(small()?),
        "limit" => options.limit = Some(small()?),
        "map" => options.map = Some(value.to_owned()),
        "cgroup" => options.cgroup = Some(value.to_owned()),
        "order" => {
            let found = ORDERS.iter().find(|(name, _)| *name == value);
            let (_, order) = found
                .ok_or_else(|| format!("`{value}` is no order: there is self, pre, post and up"))?;
            options.order = Some(*order);
        }
        key => {
            return Err(format!(
                "`{key}` is no option: there is cookie, pid, tid, cpu, limit, map, cgroup and order"
            ));
        }
    }
    Ok(())
}

impl TraceOptions {
    /// The names of those that are given.
    pub(super) fn given(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("cookie", self.cookie.is_some()),
            ("pid", self.pid.is_some()),
            ("tid", self.tid.is_some()),
            ("cpu", self.cpu.is_some()),
            ("limit", self.limit.is_some()),
            ("map", self.map.is_some()),
            ("cgroup", self.cgroup.is_some()),
            ("order", self.order.is_some()),
        ];
        all.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name)
    }
}

impl fmt::Display for TraceOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers =
            [("pid", self.pid), ("tid", self.tid), ("cpu", self.cpu), ("limit", self.limit)];
        if let Some(cookie) = self.cookie {
            write!(f, ",cookie={cookie:#x}")?;
        }
        for (name, value) in numbers {
            if let Some(value) = value {
                write!(f, ",{name}={value}")?;
            }
        }
        for (name, value) in [("map", &self.map), ("cgroup", &self.cgroup)] {
            if let Some(value) = value {
                write!(f, ",{name}={value}")?;
            }
        }
        if let Some(order) = self.order {
            let name = ORDERS.iter().find(|(_, other)| *other == order);
            write!(f, ",order={}", name.map_or("self", |(name, _)| name))?;
        }
        Ok(())
    }
}
