//! Sending packets elsewhere: recorded, not done.

use super::skb::require;
use super::{Args, bad_argument, size};
use crate::errno;
use crate::fault::Trap;
use crate::machine::Machine;
use crate::maps::Storage;
use crate::outcome::{Effect, RedirectTarget};
use bpfc_kabi::{MapType, ProgType};

/// `BPF_F_INGRESS` (Linux 4.2 `include/uapi/linux/bpf.h`).
const INGRESS: u64 = 1;
/// `TC_ACT_SHOT`, `TC_ACT_REDIRECT`.
const TC_SHOT: u64 = 2;
const TC_REDIRECT: u64 = 7;
/// `XDP_ABORTED`, `XDP_REDIRECT`.
const XDP_ABORTED: u64 = 0;
const XDP_REDIRECT: u64 = 4;
/// `BPF_FIB_LKUP_RET_NOT_FWDED` (Linux 4.18).
const NOT_FORWARDED: u64 = 4;

/// `bpf_redirect(ifindex, flags)`.
pub fn redirect(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [ifindex, flags, ..] = args;
    let is_xdp = machine.run.prog_type == Some(ProgType::Xdp);
    let (done, refused, allowed) =
        if is_xdp { (XDP_REDIRECT, XDP_ABORTED, 0) } else { (TC_REDIRECT, TC_SHOT, INGRESS) };
    if flags & !allowed != 0 {
        return Ok(refused);
    }
    let to = RedirectTarget::Interface(ifindex as u32);
    machine.effect(Effect::Redirect { to, flags })?;
    Ok(done)
}

/// `bpf_redirect_peer(ifindex, flags)`.
pub fn redirect_peer(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [ifindex, flags, ..] = args;
    if flags != 0 {
        return Ok(TC_SHOT);
    }
    let to = RedirectTarget::Peer(ifindex as u32);
    machine.effect(Effect::Redirect { to, flags })?;
    Ok(TC_REDIRECT)
}

/// `bpf_redirect_neigh(ifindex, params, plen, flags)`.
pub fn redirect_neigh(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    /// `sizeof(struct bpf_redir_neigh)`.
    const PARAMS_BYTES: u64 = 20;
    let [ifindex, params, params_bytes, flags, _] = args;
    machine.memory.read(params, size(params_bytes))?;
    if flags != 0 || (params_bytes != 0 && params_bytes < PARAMS_BYTES) {
        return Ok(TC_SHOT);
    }
    let to = RedirectTarget::Neighbour(ifindex as u32);
    machine.effect(Effect::Redirect { to, flags })?;
    Ok(TC_REDIRECT)
}

/// `bpf_redirect_map(map, key, flags)`: without an element the low bits of `flags`
/// (`__bpf_xdp_redirect_map`, Linux 6.12 `include/linux/filter.h`).
pub fn redirect_map(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    /// `XDP_ABORTED`, `XDP_DROP`, `XDP_PASS` and `XDP_TX`.
    const ACTIONS: u64 = 3;
    /// `BPF_F_BROADCAST` and `BPF_F_EXCLUDE_INGRESS`.
    const BROADCAST: u64 = 1 << 3;
    const EXCLUDE_INGRESS: u64 = 1 << 4;
    let [handle, key, flags, ..] = args;
    let helper = "bpf_redirect_map";
    let idx = machine.maps.argument(handle, helper, 1)?;
    let map = machine.maps.get(idx);
    let id = map.id;
    let allowed = match map.map_type {
        MapType::Devmap | MapType::DevmapHash => ACTIONS | BROADCAST | EXCLUDE_INGRESS,
        MapType::Cpumap | MapType::Xskmap => ACTIONS,
        _ => {
            let problem = format!("is map `{}`, which cannot be redirected to", map.name);
            return Err(bad_argument(helper, 1, problem));
        }
    };
    if flags & !allowed != 0 {
        return Ok(XDP_ABORTED);
    }
    let bytes = machine.memory.endian.u32_bytes(key as u32);
    let exists = match map.storage {
        Storage::Slots => machine.maps.slots(&machine.memory, idx).contains(&(key as u32)),
        _ => machine.maps.lookup(&machine.memory, idx, &bytes) != 0,
    };
    if !exists && flags & BROADCAST == 0 {
        return Ok(flags & ACTIONS);
    }
    if let Some(map) = id {
        let key = u64::from(key as u32);
        let to = RedirectTarget::Map { map, key };
        machine.effect(Effect::Redirect { to, flags })?;
    }
    Ok(XDP_REDIRECT)
}

/// `bpf_clone_redirect(skb, ifindex, flags)`.
pub fn clone_redirect(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    let [_, ifindex, flags, ..] = args;
    require(machine, "bpf_clone_redirect")?;
    if flags & !INGRESS != 0 {
        return Ok(errno::EINVAL as u64);
    }
    let packet = &machine.run.packet;
    let bytes = packet.bytes(&machine.memory, packet.data..packet.end);
    let packet = bytes.to_vec();
    let ifindex = ifindex as u32;
    machine.effect(Effect::CloneRedirect { ifindex, flags, packet })?;
    Ok(0)
}

/// `bpf_fib_lookup(ctx, params, plen, flags)`: there are no routes.
pub fn fib_lookup(machine: &mut Machine, args: Args) -> Result<u64, Trap> {
    /// `sizeof(struct bpf_fib_lookup)`.
    const PARAMS_BYTES: u64 = 64;
    let [_, params, params_bytes, ..] = args;
    machine.memory.read(params, size(params_bytes))?;
    if params_bytes < PARAMS_BYTES {
        return Ok(errno::EINVAL as u64);
    }
    Ok(NOT_FORWARDED)
}
