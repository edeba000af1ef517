//! Programs of interfaces: XDP, tc, netkit.

use super::world::{Frames, World};
use crate::{Hook, Problem, Stage};
use bpfc_loader::Link;

const XDP: &str = include_str!("../../../../examples/hooks/xdp.c");
const TC: &str = include_str!("../../../../examples/hooks/tc.c");
const TCX: &str = include_str!("../../../../examples/hooks/tcx.c");
const NETKIT: &str = include_str!("../../../../examples/hooks/netkit.c");

pub const HOOKS: &[Hook] = &[
    Hook { name: "XDP, native", source: XDP, attempt: |stage| arriving(stage, "xdp:far:native") },
    Hook { name: "XDP, generic", source: XDP, attempt: |stage| arriving(stage, "xdp:far:generic") },
    Hook { name: "XDP, one for each interface", source: XDP, attempt: taken },
    Hook {
        name: "XDP, several parts",
        source: include_str!("../../../../examples/hooks/xdp_frags.c"),
        attempt: |stage| arriving(stage, "xdp:far:native"),
    },
    Hook {
        name: "XDP, devmap",
        source: include_str!("../../../../examples/hooks/xdp_devmap.c"),
        attempt: |stage| redirected(stage, "devmap:ports,key=0,dev=near"),
    },
    Hook {
        name: "XDP, cpumap",
        source: include_str!("../../../../examples/hooks/xdp_cpumap.c"),
        attempt: |stage| redirected(stage, "cpumap:cpus,key=0"),
    },
    Hook {
        name: "tc, clsact ingress",
        source: TC,
        attempt: |stage| arriving(stage, "clsact:far:ingress"),
    },
    Hook {
        name: "tc, clsact egress",
        source: TC,
        attempt: |stage| arriving(stage, "clsact:near:egress"),
    },
    Hook { name: "tc, clsact with priority", source: TC, attempt: priority },
    Hook { name: "tcx ingress", source: TCX, attempt: |stage| arriving(stage, "tcx:far:ingress") },
    Hook { name: "tcx egress", source: TCX, attempt: |stage| arriving(stage, "tcx:near:egress") },
    Hook { name: "tcx, in order", source: TCX, attempt: order },
    Hook { name: "netkit", source: NETKIT, attempt: netkit },
    Hook { name: "interface gone while attached", source: XDP, attempt: gone },
];

/// A frame of the ethertype for experiments, from `near` to `far`.
fn arriving(stage: &Stage, spec: &str) -> Result<(), Problem> {
    let _world = World::with_veth()?;
    let frames = Frames::of("near")?;
    stage.at(spec, || frames.send(0x88b5, b"a frame"))
}

/// The second program is told who the first is, and may come when that has gone.
fn taken(stage: &Stage) -> Result<(), Problem> {
    let _world = World::with_veth()?;
    let (first, second) = (stage.load()?, stage.load()?);
    let link = stage.attach(&first, "xdp:far:native")?;
    let there = format!("program {} (`on_frame`)", first.programs[0].id()?);
    for spec in ["xdp:far", "xdp:far:native", "xdp:far:generic"] {
        match stage.attach(&second, spec) {
            Err(Problem::Lacking(text)) if text.contains(&there) => {}
            Err(problem) => return Err(Problem::Wrong(format!("{spec}: {problem:?}"))),
            Ok(_) => return Err(Problem::Wrong(format!("{spec}: two programs"))),
        }
    }
    link.detach()?;
    Ok(stage.attach(&second, "xdp:far:generic")?.detach()?)
}

fn redirected(stage: &Stage, spec: &str) -> Result<(), Problem> {
    stage.needs(5, 10)?;
    let _world = World::with_veth()?;
    let frames = Frames::of("near")?;
    let loaded = stage.load()?;
    let mapped = stage.attach_named(&loaded, "on_redirected", spec)?;
    let link = stage.attach_named(&loaded, "redirect", "xdp:far:native")?;
    stage.sees(&loaded, || frames.send(0x88b5, b"a frame"))?;
    link.detach()?;
    Ok(mapped.detach()?)
}

fn priority(stage: &Stage) -> Result<(), Problem> {
    let _world = World::with_veth()?;
    let frames = Frames::of("near")?;
    let loaded = stage.load()?;
    let link = stage.attach(&loaded, "clsact:far:ingress,prio=10,handle=3")?;
    match stage.attach(&loaded, "clsact:far:ingress,prio=10,handle=3") {
        Err(Problem::Lacking(text)) if text.contains("priority 10 and handle 0x3") => {}
        other => return Err(Problem::Wrong(format!("twice at one place: {other:?}"))),
    }
    stage.sees(&loaded, || frames.send(0x88b5, b"a frame"))?;
    Ok(link.detach()?)
}

fn order(stage: &Stage) -> Result<(), Problem> {
    let _world = World::with_veth()?;
    let frames = Frames::of("near")?;
    let all = [stage.load()?, stage.load()?, stage.load()?];
    let id = all[0].programs[0].id()?;
    let links = [
        stage.attach(&all[0], "tcx:far:ingress")?,
        stage.attach(&all[1], &format!("tcx:far:ingress,before={id}"))?,
        stage.attach(&all[2], "tcx:far:ingress,first=1")?,
    ];
    match stage.attach(&stage.load()?, "tcx:far:ingress,after=4000000000") {
        Err(Problem::Lacking(text)) if text.contains("4000000000 is not there") => {}
        other => return Err(Problem::Wrong(format!("after nobody: {other:?}"))),
    }
    for loaded in &all {
        stage.sees(loaded, || frames.send(0x88b5, b"a frame"))?;
    }
    Ok(links.into_iter().try_for_each(Link::detach)?)
}

fn netkit(stage: &Stage) -> Result<(), Problem> {
    let _world = World::with_netkit()?;
    let (near, far) = (Frames::of("near")?, Frames::of("far")?);
    for (program, from) in [("on_primary", &near), ("on_peer", &far)] {
        let loaded = stage.load()?;
        let link = stage.attach_named(&loaded, program, "netkit:near")?;
        stage.sees(&loaded, || from.send(0x88b5, b"a frame"))?;
        link.detach()?;
    }
    Ok(())
}

fn gone(stage: &Stage) -> Result<(), Problem> {
    let mut world = World::with_veth()?;
    let loaded = stage.load()?;
    let link = stage.attach(&loaded, "xdp:far")?;
    world.remove("near")?;
    link.detach()?;
    match stage.attach(&loaded, "xdp:far") {
        Err(Problem::Lacking(text)) if text.contains("no network interface `far`") => Ok(()),
        other => Err(Problem::Wrong(format!("no interface: {other:?}"))),
    }
}
