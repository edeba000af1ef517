//! Programs that belong to a map: of its sockets, or of packets that are redirected through it.

use super::super::link::{Held, Link};
use super::super::{NetworkSpec, REFUSES, RedirectValue, refused, refused_by};
use super::{Surroundings, ifindex, named};
use crate::map::Map;
use crate::mechanism::Mechanism;
use crate::program::Program;
use crate::sys::place::{Extra, link_create, prog_attach, programs_at_file};
use crate::{Errno, LoadError};
use bpfc_base::similar::most_similar;
use bpfc_kabi::{AttachType, MapType, ProgType, UpdateFlag};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// A second handle of the map with this name in the object, or pinned at this path; of the only
/// one of these types if there is no name.
fn find(
    name: Option<&str>,
    types: &[MapType],
    around: Surroundings<'_>,
) -> Result<(String, OwnedFd), LoadError> {
    let again = |map: &Map| {
        let fd = map.as_fd().try_clone_to_owned();
        fd.map(|fd| (map.name().to_owned(), fd)).map_err(|error| LoadError::System {
            operation: "open",
            subject: format!("map `{}`", map.name()),
            errno: Errno::from(&error),
        })
    };
    if let Some(path) = name.filter(|name| name.contains('/')) {
        return again(&Map::open_pinned(Path::new(path), around.kernel)?);
    }
    let maps = around.loaded.iter().flat_map(|loaded| loaded.maps.iter());
    let fitting: Vec<&Map> =
        maps.filter(|map| map.kind().is_some_and(|kind| types.contains(&kind))).collect();
    let kind = "fitting map in this object with the name";
    match (name, &fitting[..]) {
        (None, [only]) => again(only),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|map| map.name()).collect();
            let problem = match names.is_empty() {
                true => "the object has no map of sockets".to_owned(),
                false => format!("say which map: {}", names.join(", ")),
            };
            Err(LoadError::BadSpec { text: "sockmap".into(), problem })
        }
        (Some(name), _) => match fitting.iter().find(|map| map.name() == name) {
            Some(map) => again(map),
            None => {
                let names = fitting.iter().map(|map| map.name());
                let candidate = most_similar(name, names).map(str::to_owned);
                Err(LoadError::NoTarget { kind, name: name.into(), candidate })
            }
        },
    }
}

/// Attaches a program to the sockets in a map: by a link (6.10), else by `BPF_PROG_ATTACH`.
pub(super) fn sockmap(
    program: &Program,
    spec: &NetworkSpec,
    map: Option<&str>,
    around: Surroundings<'_>,
) -> Result<Link, LoadError> {
    let (name, map) = find(map, &[MapType::Sockmap, MapType::Sockhash], around)?;
    let text = match spec {
        NetworkSpec::Sockmap { map: None } => format!("sockmap:{name}"),
        spec => spec.to_string(),
    };
    let hook = program.kind().attach_type.unwrap_or(match program.kind().prog_type {
        ProgType::SkMsg => AttachType::SkMsgVerdict,
        // Known everywhere; sk_skb/verdict came later (5.13).
        _ => AttachType::SkSkbStreamVerdict,
    });
    let hook = hook.number();
    let target = map.as_raw_fd().cast_unsigned();
    let by_link = link_create(program.as_fd(), target, hook, 0, Extra::Nothing);
    let errno = match by_link {
        Ok(link) => return Ok(Link::new(program.name(), text, Held::Link(link))),
        Err(errno) if errno.is_unsupported() => {
            let there = programs_at_file(map.as_fd(), hook).unwrap_or_default();
            // `BPF_PROG_ATTACH` would replace it.
            let attached = match there.is_empty() {
                true => prog_attach(program.as_fd(), map.as_fd(), hook, 0),
                false => Err(Errno::EBUSY),
            };
            match attached.and_then(|()| {
                let fd = program.as_fd().try_clone_to_owned();
                fd.map_err(|error| Errno::from(&error))
            }) {
                Ok(program_fd) => {
                    let record = None;
                    let held = Held::Attached { program: program_fd, target: map, hook, record };
                    return Ok(Link::new(program.name(), text, held));
                }
                Err(errno) => errno,
            }
        }
        Err(errno) => errno,
    };
    let there = programs_at_file(map.as_fd(), hook).unwrap_or_default();
    let reason = match errno {
        Errno::EBUSY | Errno::EEXIST if there.is_empty() => {
            "the map has such a program, or one that excludes it, already".into()
        }
        Errno::EBUSY | Errno::EEXIST => format!("the map has {}", named(&there)),
        _ if is_older(program, around) => {
            let since = program.kind().attach_type.map(AttachType::since);
            since.map_or_else(|| REFUSES.into(), |since| format!("it needs Linux {since}"))
        }
        _ => REFUSES.into(),
    };
    Err(refused_by(program, &text, Some(Mechanism::SockmapAttach), reason, errno))
}

/// Whether the kernel is older than what the program is made for.
fn is_older(program: &Program, around: Surroundings<'_>) -> bool {
    let since = program.kind().attach_type.map(AttachType::since);
    since.zip(around.kernel.version()).is_some_and(|(since, version)| version < since)
}

/// Makes a program the one of an element of a map through which packets are redirected.
pub(super) fn redirect(
    program: &Program,
    spec: &NetworkSpec,
    (map, key, value): (&str, u32, &RedirectValue),
    around: Surroundings<'_>,
) -> Result<Link, LoadError> {
    let text = spec.to_string();
    let (types, first): (&[MapType], u32) = match value {
        RedirectValue::Interface(name) => (&[MapType::Devmap, MapType::DevmapHash], ifindex(name)?),
        RedirectValue::QueueSize(size) => (&[MapType::Cpumap], *size),
    };
    let (name, fd) = find(Some(map), types, around)?;
    let map = Map::from_fd(name, fd, around.kernel)?;
    if map.value_size_bytes() != 8 {
        let reason = "elements have no room for a program: its values must be `struct bpf_devmap_val` or `struct bpf_cpumap_val`";
        return Err(refused(program, &text, reason, None));
    }
    let program_fd = program.as_fd().as_raw_fd().cast_unsigned();
    let bytes = [first.to_ne_bytes(), program_fd.to_ne_bytes()].concat();
    let key = key.to_ne_bytes();
    map.update(&key, &bytes, UpdateFlag::Any).map_err(|error| {
        let errno = error.errno();
        let reason = match errno {
            Some(Errno::E2BIG) => "the map has no such element".to_owned(),
            Some(Errno::EINVAL) => "the map does not take the program: it must be made for it, and of frames in several parts if the map's others are".to_owned(),
            _ => error.to_string(),
        };
        refused(program, &text, reason, errno)
    })?;
    Ok(Link::new(program.name(), text, Held::Element { map, key }))
}
