//! Reads attach points of the network.

use super::super::Words;
use super::options::Options;
use super::{
    CgroupMode, Direction, Family, HOOKS, NetworkSpec, OWN_NETNS, Position, QUEUE_SIZE,
    RedirectValue, TcPlace, XdpMode,
};
use std::net::IpAddr;

/// Reads a spec; none if the kind is not one of these.
pub(in super::super) fn parse(words: Words<'_>) -> Result<Option<NetworkSpec>, String> {
    let (place, mut options) = Options::split(words.rest);
    let words = Words { kind: words.kind, rest: place };
    let mut known = "";
    let spec = match words.kind {
        "xdp" => xdp(words)?,
        "tc" | "tcx" | "clsact" => {
            known = match words.kind {
                "tcx" => "first, before and after",
                "clsact" => "prio and handle",
                _ => "prio and handle for filters, first, before and after for links",
            };
            tc(words, &mut options)?
        }
        "netkit" => {
            known = "first, before and after";
            netkit(words, &mut options)?
        }
        "socket" => NetworkSpec::Socket {
            interface: Some(place.to_owned()).filter(|name| !name.is_empty()),
        },
        "reuseport" => reuseport(words)?,
        "cgroup" => {
            known = "hook and mode";
            cgroup(words, &mut options)?
        }
        "netns" => {
            NetworkSpec::Netns { path: if place.is_empty() { OWN_NETNS } else { place }.into() }
        }
        "sockmap" => {
            NetworkSpec::Sockmap { map: Some(place.to_owned()).filter(|name| !name.is_empty()) }
        }
        "devmap" | "cpumap" => {
            known = if words.kind == "devmap" { "key and dev" } else { "key and size" };
            redirect(words, &mut options)?
        }
        "netfilter" => {
            known = "prio and defrag";
            netfilter(words, &mut options)?
        }
        "route" => {
            known = "dev, via and table";
            route(words, &mut options)?
        }
        "struct_ops" if place.is_empty() => NetworkSpec::StructOps,
        "freplace" => freplace(words)?,
        "run" if place.is_empty() => NetworkSpec::Run,
        _ => return Ok(None),
    };
    options.end(known)?;
    Ok(Some(spec))
}

fn xdp(words: Words<'_>) -> Result<NetworkSpec, String> {
    let rest = words.some("an interface")?;
    let (interface, mode) = match rest.rsplit_once(':') {
        Some((interface, "native" | "driver")) => (interface, XdpMode::Native),
        Some((interface, "generic" | "skb")) => (interface, XdpMode::Generic),
        Some((interface, "offload")) => (interface, XdpMode::Offload),
        Some((interface, "auto")) => (interface, XdpMode::Auto),
        Some((_, mode)) => return Err(format!("`{mode}` is neither native nor generic")),
        None => (rest, XdpMode::Auto),
    };
    Ok(NetworkSpec::Xdp { interface: interface.to_owned(), mode })
}

fn direction(text: &str) -> Result<Direction, String> {
    match text {
        "ingress" => Ok(Direction::Ingress),
        "egress" => Ok(Direction::Egress),
        other => Err(format!("`{other}` is neither ingress nor egress")),
    }
}

fn tc(words: Words<'_>, options: &mut Options<'_>) -> Result<NetworkSpec, String> {
    let rest = words.some("an interface")?;
    let (interface, way) = rest.rsplit_once(':').unwrap_or((rest, "ingress"));
    let (interface, direction) = (interface.to_owned(), direction(way)?);
    let (mut position, mut filter) = (Position::Last, (None, None));
    if words.kind != "clsact" {
        position = self::position(options)?;
    }
    if words.kind != "tcx" {
        filter = (options.number("prio")?, options.number("handle")?);
    }
    let is_filter = words.kind == "clsact" || filter != (None, None);
    let is_link = words.kind == "tcx" || position != Position::Last;
    let place = match (is_filter, is_link) {
        (true, true) => return Err("filters have priorities, links an order: not both".into()),
        (true, false) => {
            let (priority, handle) = (filter.0.unwrap_or(0), filter.1.unwrap_or(0));
            TcPlace::Filter { priority, handle }
        }
        (false, true) => TcPlace::Link(position),
        (false, false) => TcPlace::Any,
    };
    Ok(NetworkSpec::Tc { interface, direction, place })
}

fn position(options: &mut Options<'_>) -> Result<Position, String> {
    let given =
        (options.flag("first")?, options.number("before")?, options.number::<u32>("after")?);
    match given {
        (false, None, None) => Ok(Position::Last),
        (true, None, None) => Ok(Position::First),
        (false, Some(id), None) => Ok(Position::Before(id)),
        (false, None, Some(id)) => Ok(Position::After(id)),
        _ => Err("only one of first, before and after can be true".into()),
    }
}

fn netkit(words: Words<'_>, options: &mut Options<'_>) -> Result<NetworkSpec, String> {
    let rest = words.some("an interface")?;
    let (interface, is_peer) = match rest.rsplit_once(':') {
        Some((interface, "primary")) => (interface, Some(false)),
        Some((interface, "peer")) => (interface, Some(true)),
        Some((_, other)) => return Err(format!("`{other}` is neither primary nor peer")),
        None => (rest, None),
    };
    let position = position(options)?;
    Ok(NetworkSpec::Netkit { interface: interface.to_owned(), is_peer, position })
}

fn reuseport(words: Words<'_>) -> Result<NetworkSpec, String> {
    let rest = words.some("a socket")?;
    let bad = || format!("`{rest}` is not PID:FD");
    let (pid, fd) = rest.split_once(':').ok_or_else(bad)?;
    let pid = match pid {
        "self" => None,
        pid => Some(pid.parse().map_err(|_| bad())?),
    };
    Ok(NetworkSpec::Reuseport { pid, fd: fd.parse().map_err(|_| bad())? })
}

fn cgroup(words: Words<'_>, options: &mut Options<'_>) -> Result<NetworkSpec, String> {
    let path = words.some("a folder")?.into();
    let direction = options.text("hook").map(direction).transpose()?;
    let mode = match options.text("mode") {
        None => None,
        Some("multi") => Some(CgroupMode::Multi),
        Some("override") => Some(CgroupMode::Override),
        Some("exclusive") => Some(CgroupMode::Exclusive),
        Some(mode) => {
            return Err(format!("`{mode}` is no mode: there is multi, override and exclusive"));
        }
    };
    Ok(NetworkSpec::Cgroup { path, direction, mode })
}

fn redirect(words: Words<'_>, options: &mut Options<'_>) -> Result<NetworkSpec, String> {
    let map = words.some("a map")?.to_owned();
    let kind = words.kind;
    let key = options.number("key")?;
    let key = key.ok_or_else(|| format!("say which element: `{kind}:{map},key=0,…`"))?;
    let value = match kind {
        "devmap" => {
            let name = options.text("dev");
            let name = name.ok_or_else(|| {
                format!("say by which interface packets leave: `{kind}:{map},key={key},dev=IFACE`")
            })?;
            RedirectValue::Interface(name.to_owned())
        }
        _ => RedirectValue::QueueSize(options.number("size")?.unwrap_or(QUEUE_SIZE)),
    };
    Ok(NetworkSpec::RedirectMap { map, key, value })
}

fn netfilter(words: Words<'_>, options: &mut Options<'_>) -> Result<NetworkSpec, String> {
    let rest = words.some("a family and a hook")?;
    let (family, hook) =
        rest.split_once(':').ok_or_else(|| format!("`{rest}` is not FAMILY:HOOK"))?;
    // The priority may also follow a colon.
    let (hook, colon) = hook.split_once(':').map_or((hook, None), |(hook, n)| (hook, Some(n)));
    let family = match family {
        "ipv4" | "ip" => Family::Ipv4,
        "ipv6" | "ip6" => Family::Ipv6,
        other => return Err(format!("`{other}` is neither ipv4 nor ipv6")),
    };
    let found = HOOKS.iter().find(|(name, _)| *name == hook);
    let (_, hook) = found.ok_or_else(|| {
        let names: Vec<&str> = HOOKS.iter().map(|(name, _)| *name).collect();
        format!("`{hook}` is no hook of netfilter: there is {}", names.join(", "))
    })?;
    let text = options.text("prio").or(colon).unwrap_or("0");
    let priority = text.parse().map_err(|_| format!("`{text}` is no prio"))?;
    let is_defrag = options.flag("defrag")?;
    Ok(NetworkSpec::Netfilter { family, hook: *hook, priority, is_defrag })
}

fn route(words: Words<'_>, options: &mut Options<'_>) -> Result<NetworkSpec, String> {
    let rest = words.some("a destination")?;
    let bad = || format!("`{rest}` is not ADDRESS/BITS");
    let (address, n_bits) = match rest.split_once('/') {
        Some((address, n_bits)) => (address, Some(n_bits.parse().map_err(|_| bad())?)),
        None => (rest, None),
    };
    let prefix: IpAddr = address.parse().map_err(|_| bad())?;
    let most = if prefix.is_ipv4() { 32 } else { 128 };
    let n_bits = n_bits.unwrap_or(most);
    if n_bits > most {
        return Err(bad());
    }
    let interface = options.text("dev");
    let interface =
        interface.ok_or_else(|| format!("say by which interface: `route:{rest},dev=IFACE`"))?;
    let address = |text: &str| text.parse().map_err(|_| format!("`{text}` is no address"));
    let via: Option<IpAddr> = options.text("via").map(address).transpose()?;
    if via.is_some_and(|via| via.is_ipv4() != prefix.is_ipv4()) {
        return Err("destination and next hop are of different families".into());
    }
    let table = options.number("table")?;
    Ok(NetworkSpec::Route { prefix, n_bits, interface: interface.to_owned(), via, table })
}

fn freplace(words: Words<'_>) -> Result<NetworkSpec, String> {
    let rest = words.some("the id of a program and its function")?;
    let parts = rest.split_once(':').and_then(|(id, name)| Some((id.parse().ok()?, name)));
    match parts {
        Some((prog_id, function)) if !function.is_empty() => {
            Ok(NetworkSpec::Freplace { prog_id, function: function.to_owned() })
        }
        _ => Err(format!("`{rest}` is not PROGRAM_ID:FUNCTION")),
    }
}
