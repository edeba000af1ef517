//! Markers in programs and libraries (USDT): a probe at each place of the marker, and for
//! `bpf_usdt_arg` a description of the place's arguments in a map of the program.
//!
//! The maps are an interface of libbpf's `usdt.bpf.h`: `__bpf_usdt_specs` holds descriptions by
//! number, and the number comes with the probe as its cookie, or before Linux 5.15 from
//! `__bpf_usdt_ip_to_spec_id` by the address of the place.

use super::{Attaching, elf, files, uprobe};
use crate::attach::ProbePoint;
use crate::attach::link::{Held, Link};
use crate::kernel::read;
use crate::map::Map;
use crate::sys::{bpf, ids};
use crate::{Errno, LoadError};
use bpfc_base::similar::most_similar;
use bpfc_kabi::{KernelVersion, UpdateFlag};
use bpfc_object::{UsdtArgument, UsdtNote, UsdtOperand, usdt_arguments, usdt_notes};
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// As the kernel has them, cut to 15 bytes.
const SPECS: &[u8] = b"__bpf_usdt_spec";
const IP_TO_SPEC: &[u8] = b"__bpf_usdt_ip_t";
const MAX_ARGUMENTS: usize = 12;

/// Attaches to all places of a marker.
pub(super) fn usdt(
    attaching: &Attaching<'_>,
    path: &Path,
    provider: &str,
    name: &str,
) -> Result<Link, LoadError> {
    let path = files::find(path, attaching.options.pid)?;
    let file = read(&path)?;
    let notes = usdt_notes(&file).map_err(|error| LoadError::MalformedFile {
        path: path.clone(),
        what: error.to_string(),
    })?;
    let is_wanted =
        |note: &&UsdtNote| note.name == name && (provider.is_empty() || note.provider == provider);
    let places: Vec<&UsdtNote> = notes.iter().filter(is_wanted).collect();
    if places.is_empty() {
        return Err(no_marker(&notes, &path, provider, name));
    }
    let mut specs = Specs::of(attaching)?;
    let mut held = Vec::new();
    for place in &places {
        let offset = |address| {
            elf::file_offset(&file, address).ok_or_else(|| LoadError::MalformedFile {
                path: path.clone(),
                what: format!("the marker `{name}` is in no part that is loaded"),
            })
        };
        let counter = match place.semaphore {
            0 => 0,
            address => offset(address)?,
        };
        let cookie = match &mut specs {
            Some(specs) => specs.add(attaching, place, (&path, &file))?,
            None => attaching.options.cookie,
        };
        let at = offset(place.address)?;
        let started = uprobe::by_source(attaching, &path, at, counter, ProbePoint::Entry, cookie);
        let started = started.map_err(|errno| match errno {
            Errno::EOPNOTSUPP if counter != 0 => attaching
                .refuse("the marker has a counter of its watchers, which needs Linux 4.20", errno),
            errno => attaching.refuse(uprobe::reason(errno), errno),
        })?;
        held.push(started);
    }
    let n = held.len();
    let numbers = specs.map(|specs| specs.numbers);
    Ok(attaching.link(Held::Markers { _events: held, _numbers: numbers }).with_places(n, 0))
}

fn no_marker(notes: &[UsdtNote], path: &Path, provider: &str, name: &str) -> LoadError {
    let names: Vec<String> =
        notes.iter().map(|note| format!("{}:{}", note.provider, note.name)).collect();
    let wanted = format!("{provider}:{name}");
    // The provider may be what is wrong.
    let elsewhere = notes.iter().position(|note| note.name == name).map(|at| names[at].as_str());
    let candidate = elsewhere.or_else(|| most_similar(&wanted, names.iter().map(String::as_str)));
    LoadError::NoTarget {
        kind: if notes.is_empty() { "USDT marker at all in" } else { "USDT marker" },
        name: if notes.is_empty() { path.display().to_string() } else { wanted },
        candidate: candidate.map(str::to_owned),
    }
}

/// Where a program finds its arguments.
struct Specs {
    map: Map,
    addresses: Option<Map>,
    numbers: Numbers,
}

impl Specs {
    /// The maps of a program; none if it does not ask for arguments.
    fn of(attaching: &Attaching<'_>) -> Result<Option<Specs>, LoadError> {
        let program = attaching.program;
        let mut found = (None, None);
        for id in ids::maps_of(program.as_fd()).unwrap_or_default() {
            let Ok(fd) = ids::map(id) else { continue };
            let Ok(info) = bpf::map_info(&fd) else { continue };
            let name = &info.name[..15];
            if name == SPECS {
                found.0 =
                    Some((id, Map::from_fd("__bpf_usdt_specs".into(), fd, attaching.kernel)?));
            } else if name == IP_TO_SPEC {
                let name = "__bpf_usdt_ip_to_spec_id".into();
                found.1 = Some(Map::from_fd(name, fd, attaching.kernel)?);
            }
        }
        let Some((id, map)) = found.0 else { return Ok(None) };
        let has_cookies =
            attaching.kernel.version().is_none_or(|version| version >= KernelVersion::new(5, 15));
        // Where there are cookies the other map stays empty.
        let addresses = found.1.filter(|_| !has_cookies);
        if !has_cookies && addresses.is_none() {
            return Err(attaching.refuse("reading arguments like this needs Linux 5.15", None));
        }
        let numbers = Numbers { map_id: id, taken: BTreeSet::new() };
        Ok(Some(Specs { map, addresses, numbers }))
    }

    /// Describes a place; the cookie that goes with it.
    fn add(
        &mut self,
        attaching: &Attaching<'_>,
        place: &UsdtNote,
        (path, file): (&Path, &[u8]),
    ) -> Result<Option<u64>, LoadError> {
        let n_max = self.map.max_entries();
        let number = self.numbers.take(n_max).ok_or_else(|| {
            let reason = format!(
                "the program's `__bpf_usdt_specs` has room for {n_max} places: define \
                 BPF_USDT_MAX_SPEC_CNT before the header is included"
            );
            attaching.refuse(reason, None)
        })?;
        let value = describe(place, attaching.options.cookie, self.map.value_size_bytes())
            .map_err(|what| {
                attaching.refuse(format!("its argument `{what}` cannot be read by programs"), None)
            })?;
        self.map.update(&number.to_ne_bytes(), &value, UpdateFlag::Any)?;
        let Some(addresses) = &self.addresses else {
            return Ok(Some(number.into()));
        };
        let loaded = || {
            let offset = elf::file_offset(file, place.address)?;
            address_in(attaching.options.pid?, path, offset)
        };
        let address = if elf::is_fixed(file) { Some(place.address) } else { loaded() };
        let address = address.ok_or_else(|| {
            let reason = "before Linux 5.15 arguments of markers in files that are loaded anywhere \
                          are known for one process that has the file loaded: add `,pid=PID`";
            attaching.refuse(reason, None)
        })?;
        addresses.update(&address.to_ne_bytes(), &number.to_ne_bytes(), UpdateFlag::Any)?;
        Ok(None)
    }
}

/// Where a process has the byte at `offset` of a file, in what it runs.
fn address_in(pid: u32, path: &Path, offset: u64) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    let inode = std::fs::metadata(path).ok()?.ino();
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    maps.lines().find_map(|line| {
        // `start-end rwxp offset device inode path`
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let is_code = words.next()?.contains('x');
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        let (start, end, from) = (hex(start)?, hex(end)?, hex(words.next()?)?);
        let is_file = words.nth(1)?.parse() == Ok(inode);
        let into = offset.checked_sub(from)?;
        (is_code && is_file && into < end - start).then(|| start + into)
    })
}

/// Numbers of descriptions that a link uses. Given back when it goes.
#[derive(Debug)]
pub(in crate::attach) struct Numbers {
    map_id: u32,
    taken: BTreeSet<u32>,
}

/// Of each map, the numbers in use: several links may share one.
static IN_USE: Mutex<BTreeMap<u32, BTreeSet<u32>>> = Mutex::new(BTreeMap::new());

impl Numbers {
    fn take(&mut self, n_max: u32) -> Option<u32> {
        let mut all = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let of_map = all.entry(self.map_id).or_default();
        let number = (0..n_max).find(|number| !of_map.contains(number))?;
        of_map.insert(number);
        self.taken.insert(number);
        Some(number)
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        let mut all = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_map) = all.get_mut(&self.map_id) {
            of_map.retain(|number| !self.taken.contains(number));
            if of_map.is_empty() {
                all.remove(&self.map_id);
            }
        }
    }
}

/// `struct __bpf_usdt_spec` of `usdt.bpf.h`, in one of two sizes: an argument takes 16 bytes, or
/// 24 since libbpf 1.7. Fails with an argument that cannot be described.
fn describe(place: &UsdtNote, cookie: Option<u64>, n_bytes: u32) -> Result<Vec<u8>, String> {
    let n_bytes = n_bytes as usize;
    let argument_bytes = n_bytes.saturating_sub(16) / MAX_ARGUMENTS;
    let mut value = vec![0; n_bytes];
    if !matches!(argument_bytes, 16 | 24) {
        return Err(format!("a description of {n_bytes} bytes"));
    }
    let arguments = usdt_arguments(&place.arguments)?;
    for (argument, at) in arguments.iter().zip((0..).step_by(argument_bytes)).take(MAX_ARGUMENTS) {
        let bytes = &mut value[at..at + argument_bytes];
        describe_argument(argument, bytes).ok_or_else(|| place.arguments.clone())?;
    }
    let tail = &mut value[MAX_ARGUMENTS * argument_bytes..];
    tail[..8].copy_from_slice(&cookie.unwrap_or(0).to_ne_bytes());
    let n = arguments.len().min(MAX_ARGUMENTS) as i16;
    tail[8..10].copy_from_slice(&n.to_ne_bytes());
    Ok(value)
}

/// `struct __bpf_usdt_arg_spec`: a number, what it is to be taken for, a register, sign and width.
fn describe_argument(argument: &UsdtArgument, bytes: &mut [u8]) -> Option<()> {
    const CONST: u32 = 0;
    const REG: u32 = 1;
    const REG_DEREF: u32 = 2;
    /// Ours, in 16 bytes: the second register and how far it is shifted are where the kind's
    /// upper bytes are otherwise.
    const INDEXED: u8 = 3;
    let (number, kind, register) = match &argument.operand {
        UsdtOperand::Number(number) => (*number, CONST, 0),
        UsdtOperand::Register(name) => (0, REG, register(name)?),
        UsdtOperand::Memory { base, index: None, offset } => (*offset, REG_DEREF, register(base)?),
        UsdtOperand::Memory { base, index: Some((index, scale)), offset } => {
            if bytes.len() != 16 || !matches!(scale, 1 | 2 | 4 | 8) {
                return None;
            }
            let [low, high] = register(index)?.to_le_bytes();
            let shift = scale.trailing_zeros() as u8;
            (*offset, u32::from_le_bytes([INDEXED, shift, low, high]), register(base)?)
        }
    };
    // Behind the kind, 24 bytes have one more number.
    let (register_at, sign_at) = if bytes.len() == 16 { (12, 14) } else { (14, 16) };
    bytes[..8].copy_from_slice(&number.to_ne_bytes());
    bytes[8..12].copy_from_slice(&kind.to_ne_bytes());
    bytes[register_at..register_at + 2].copy_from_slice(&register.to_ne_bytes());
    bytes[sign_at] = argument.is_signed.into();
    bytes[sign_at + 1] = (64 - 8 * argument.size_bytes) as u8;
    Some(())
}

/// The offset of a register in `struct pt_regs` of this machine (`arch/x86/include/asm/ptrace.h`,
/// `arch/arm64/include/uapi/asm/ptrace.h`, 6.12).
fn register(name: &str) -> Option<i16> {
    const X86: [&str; 21] = [
        "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si",
        "di", "orig_ax", "ip", "cs", "flags", "sp", "ss",
    ];
    let place = if cfg!(target_arch = "x86_64") {
        X86.iter().position(|other| *other == name)?
    } else if name == "sp" {
        31
    } else {
        name.strip_prefix("regs[")?.strip_suffix(']')?.parse().ok()?
    };
    i16::try_from(place * 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(arguments: &str) -> UsdtNote {
        UsdtNote {
            provider: "p".into(),
            name: "n".into(),
            address: 0,
            semaphore: 0,
            arguments: arguments.into(),
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn arguments_are_described() {
        let value =
            describe(&note("-4@%edi 8@-8(%rbp) 2@$7 8@4(%r10,%rbx,8)"), Some(9), 208).unwrap();
        let number = |at: usize| i64::from_ne_bytes(value[at..at + 8].try_into().unwrap());
        assert_eq!(&value[8..16], [1, 0, 0, 0, 112, 0, 1, 32]);
        assert_eq!((number(16), &value[24..32]), (-8, &[2, 0, 0, 0, 32, 0, 0, 0][..]));
        assert_eq!((number(32), &value[40..48]), (7, &[0, 0, 0, 0, 0, 0, 0, 48][..]));
        assert_eq!((number(48), &value[56..64]), (4, &[3, 3, 40, 0, 56, 0, 0, 0][..]));
        assert_eq!((number(192), value[200]), (9, 4));
        assert!(describe(&note("8@%xmm0"), None, 208).is_err());
        assert!(describe(&note("8@(%r10,%rbx,8)"), None, 304).is_err());
        let wide = describe(&note("-4@%edi"), None, 304).unwrap();
        assert_eq!(&wide[8..18], [1, 0, 0, 0, 0, 0, 112, 0, 1, 32]);
    }

    #[test]
    fn code_of_a_process_has_addresses() {
        let path = std::env::current_exe().unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let code = maps
            .lines()
            .find(|line| line.contains(" r-xp ") && line.ends_with(path.to_str().unwrap()));
        let Some(code) = code else { return };
        let start = u64::from_str_radix(code.split('-').next().unwrap(), 16).unwrap();
        let offset = u64::from_str_radix(code.split_whitespace().nth(2).unwrap(), 16).unwrap();
        assert_eq!(address_in(std::process::id(), &path, offset + 7), Some(start + 7));
        assert_eq!(address_in(std::process::id(), &path, u64::MAX), None);
    }

    #[test]
    fn numbers_are_not_used_twice() {
        let mut first = Numbers { map_id: u32::MAX, taken: BTreeSet::new() };
        let mut second = Numbers { map_id: u32::MAX, taken: BTreeSet::new() };
        assert_eq!((first.take(2), second.take(2), first.take(2)), (Some(0), Some(1), None));
        drop(first);
        assert_eq!(second.take(2), Some(0));
    }
}
