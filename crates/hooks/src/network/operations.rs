//! Programs in the place of functions, and such that only run.

use super::world::World;
use crate::{Hook, Problem, Stage};
use bpfc_loader::{Link, LoadOptions, ProgKind, load};
use nix::sys::socket::{getsockopt, setsockopt, sockopt};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

pub const HOOKS: &[Hook] = &[
    Hook {
        name: "struct_ops",
        source: include_str!("../../../../examples/hooks/struct_ops.c"),
        attempt: |stage| congestion(stage, "bpfc_fixed"),
    },
    Hook {
        name: "struct_ops, by link",
        source: include_str!("../../../../examples/hooks/struct_ops_link.c"),
        attempt: |stage| congestion(stage, "bpfc_fixed2"),
    },
    Hook {
        name: "syscall",
        source: include_str!("../../../../examples/hooks/syscall.c"),
        attempt: syscall,
    },
    Hook {
        name: "freplace",
        source: include_str!("../../../../examples/hooks/freplace.c"),
        attempt: freplace,
    },
];

/// A connection whose speed the program decides.
fn congestion(stage: &Stage, name: &str) -> Result<(), Problem> {
    let loaded = stage.load()?;
    let links = stage.attach_all(&loaded)?;
    // Registered for the first network of the machine.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    let name = OsString::from(name);
    setsockopt(&client, sockopt::TcpCongestion, &name)?;
    if getsockopt(&client, sockopt::TcpCongestion)? != name {
        return Err(Problem::Wrong("another congestion control".to_owned()));
    }
    stage.sees(&loaded, || {
        client.write_all(&[7; 4096])?;
        Ok(server.read_exact(&mut [0; 4096])?)
    })?;
    drop((client, server));
    Ok(links.into_iter().try_for_each(Link::detach)?)
}

fn syscall(stage: &Stage) -> Result<(), Problem> {
    let loaded = stage.load()?;
    let links = stage.attach_all(&loaded)?;
    if links[0].spec() != "run (returned 7)" {
        return Err(Problem::Wrong(links[0].spec().to_owned()));
    }
    stage.sees(&loaded, || Ok(()))
}

fn freplace(stage: &Stage) -> Result<(), Problem> {
    let _world = World::with_veth()?;
    let target = stage.load_named("on_packet")?;
    let spec = format!("freplace:{}:weigh", target.programs[0].id()?);
    let mut functions = stage.object.functions.iter_enumerated();
    let found = functions.find(|(_, function)| function.name == "weigh_again");
    let (func, function) = found.ok_or_else(|| Problem::Wrong("no program".to_owned()))?;
    let parsed: bpfc_loader::AttachSpec = spec.parse()?;
    let kind = parsed.kind(ProgKind::of(function).as_ref());
    let options = LoadOptions {
        kinds: vec![(func, kind)],
        programs: Some(vec![func]),
        ..LoadOptions::default()
    };
    let loaded = load(&stage.object, &stage.kernel, &options)?;
    let link = stage.attach(&loaded, &spec)?;
    let data = [0; 64];
    stage.sees(&loaded, || {
        let input = bpfc_loader::TestInput { data: &data, ..Default::default() };
        match target.programs[0].test_run(&input)?.retval {
            42 => Ok(()),
            other => Err(Problem::Wrong(format!("not replaced: {other}"))),
        }
    })?;
    Ok(link.detach()?)
}
