//! Stacks in keys, values and events, read and named.
//!
//! A member of a struct holds a stack if its name ends in `stack`, perhaps with `id` or `trace` behind
//! (`stack_id`, `kernel_stack_id`, `ustack`), and it is
//!
//! - an integer of 4 or 8 bytes, in an object with a map of type `STACK_TRACE`: the number of a stack there;
//! - an array of integers of 8 bytes, or of `struct bpf_stack_build_id`: what `bpf_get_stack` wrote. It ends with a zero, or as
//!   a member beside it says: `ustack_sz` for `ustack` (or `_size`, `_len`, `_bytes`).
//!
//! The name also says whose stack it is (`kstack`, `user_stack_id`); else the addresses do. The process is the one that a
//! member `tgid` says, else `pid`; what it calls itself is in `comm` (or `name`, `task`).

mod layout;
mod profile;
mod show;

pub use layout::{IntMember, Side, StackLayout, StackMember, TextMember};
pub use profile::{Profile, Sides};
pub(crate) use show::to_json;
pub use show::{NamedStack, folded, put};

use bpfc_kabi::MapType;
use bpfc_loader::{LoadError, Map};
use bpfc_symbols::{BuildIdEntry, Frame, FrameKind, Note, Symbolizer};
use layout::Form;

/// `BPF_F_STACK_BUILD_ID`, `include/uapi/linux/bpf.h` (6.12).
const STACK_BUILD_ID: u32 = 1 << 5;
/// What `bpf_get_stackid` gives where there is no such stack: a kernel thread has none of a process, code of a process none
/// of the kernel (`kernel/bpf/stackmap.c`, 6.12).
const EFAULT: i64 = -14;

/// A stack as a program saved it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trace {
    /// There is none: kernel threads have no user stack, user code has no kernel stack.
    #[default]
    None,
    /// It could not be saved, as the map of stacks is full or too many stacks shared its place there; or it was overwritten.
    Lost,
    /// Addresses, innermost first.
    Addresses(Vec<u64>),
    /// Files and offsets, innermost first.
    BuildIds(Vec<BuildIdEntry>),
}

impl Trace {
    /// The stack that an element of a map of stacks is; `flags` are the map's.
    pub fn of_element(value: &[u8], flags: u32) -> Trace {
        match flags & STACK_BUILD_ID {
            0 => addresses(value),
            _ => build_ids(value),
        }
    }

    /// Whose stack it is, as the addresses tell.
    pub fn side(&self) -> Side {
        match self {
            // The kernel is in the upper half of the addresses, processes are in the lower one.
            Trace::Addresses(addresses) if addresses.iter().all(|address| address >> 63 == 1) => {
                Side::Kernel
            }
            _ => Side::User,
        }
    }
}

/// Reads stacks out of maps and memory, and names what is on them.
#[derive(Debug)]
pub struct Stacks {
    maps: Vec<Map>,
    symbols: Symbolizer,
    n_lost: u64,
}

impl Stacks {
    /// Stacks whose numbers are of those of `maps` that hold stacks. They stay open.
    ///
    /// # Errors
    /// This process has no descriptors left.
    pub fn new<'a>(maps: impl IntoIterator<Item = &'a Map>) -> Result<Stacks, LoadError> {
        let is_of_stacks = |map: &&Map| map.kind() == Some(MapType::StackTrace);
        let maps = maps.into_iter().filter(is_of_stacks).map(Map::try_clone);
        let maps = maps.collect::<Result<Vec<Map>, LoadError>>()?;
        Ok(Stacks { maps, symbols: Symbolizer::new(), n_lost: 0 })
    }

    /// Whether there is a map to look numbers up in.
    pub fn has_map(&self) -> bool {
        !self.maps.is_empty()
    }

    /// What gives names.
    pub fn symbols(&mut self) -> &mut Symbolizer {
        &mut self.symbols
    }

    /// How many stacks were asked for and lost.
    pub fn n_lost(&self) -> u64 {
        self.n_lost
    }

    /// What people should know of stacks that are lost or have no names.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.symbols.notes().iter().map(Note::to_string).collect();
        match self.n_lost {
            0 => {}
            n => notes.push(format!(
                "{n} stack{} lost: the map of stacks is too small (`max_entries`), or different stacks came to share a place in it",
                if n == 1 { " was" } else { "s were" }
            )),
        }
        notes
    }

    /// The stack that a member holds, and whose it is.
    pub fn trace(&mut self, member: &StackMember, bytes: &[u8]) -> (Side, Trace) {
        let rest = bytes.get(member.offset..).unwrap_or(&[]);
        let trace = match member.form {
            Form::Id(n_bytes) => self.by_id(member, rest, n_bytes),
            Form::Addresses(n) => addresses(used(member, bytes, &rest[..n.min(rest.len())])),
            Form::BuildIds(n) => build_ids(used(member, bytes, &rest[..n.min(rest.len())])),
        };
        if trace == Trace::Lost {
            self.n_lost += 1;
        }
        let side = member.side.unwrap_or_else(|| trace.side());
        (side, trace)
    }

    fn by_id(&self, member: &StackMember, bytes: &[u8], n_bytes: usize) -> Trace {
        let whole = bytes.get(..n_bytes);
        let id = match whole.map(|bytes| (bytes.first_chunk::<4>(), bytes.first_chunk::<8>())) {
            Some((_, Some(eight))) => i64::from_ne_bytes(*eight),
            Some((Some(four), None)) => i64::from(i32::from_ne_bytes(*four)),
            _ => return Trace::None,
        };
        // A number of 4 bytes that was stored in 8 without its sign.
        let id = if (1 << 31..1 << 32).contains(&id) { id - (1 << 32) } else { id };
        if id == EFAULT {
            return Trace::None;
        }
        let Ok(id) = u32::try_from(id) else {
            return Trace::Lost;
        };
        // Of several maps, one whose name is for this side comes first.
        let fits = |map: &&Map| layout::side_of(map.name()) == member.side;
        let (first, second): (Vec<&Map>, Vec<&Map>) = self.maps.iter().partition(fits);
        let found = first.into_iter().chain(second).find_map(|map| {
            let value = map.lookup(&id.to_ne_bytes()).ok()??.concat();
            Some(Trace::of_element(&value, map.flags()))
        });
        found.unwrap_or(Trace::Lost)
    }

    /// The functions on a stack, innermost first. One that was lost is a frame that says so.
    pub fn frames(&mut self, side: Side, pid: Option<u32>, trace: &Trace) -> Vec<Frame> {
        match (side, trace) {
            (_, Trace::None) => Vec::new(),
            (side, Trace::Lost) => {
                let (name, kind) = match side {
                    Side::User => ("[lost user stack]", FrameKind::User),
                    Side::Kernel => ("[lost kernel stack]", FrameKind::Kernel),
                };
                vec![Frame { name: name.into(), ..Frame::unknown(kind, 0) }]
            }
            (Side::Kernel, Trace::Addresses(addresses)) => self.symbols.kernel(addresses),
            (Side::User, Trace::Addresses(addresses)) => match pid {
                Some(pid) => self.symbols.user(pid, addresses),
                None => addresses
                    .iter()
                    .map(|address| Frame::unknown(FrameKind::User, *address))
                    .collect(),
            },
            (_, Trace::BuildIds(entries)) => self.symbols.by_build_id(pid, entries),
        }
    }
}

/// The part of an array that `bpf_get_stack` filled, if a member says how much it is.
fn used<'b>(member: &StackMember, whole: &[u8], stack: &'b [u8]) -> &'b [u8] {
    match member.size.and_then(|size| size.read(whole)) {
        Some(n_bytes) => &stack[..usize::try_from(n_bytes).unwrap_or(0).min(stack.len())],
        None => stack,
    }
}

fn addresses(bytes: &[u8]) -> Trace {
    let words =
        bytes.chunks_exact(8).filter_map(|word| Some(u64::from_ne_bytes(*word.first_chunk()?)));
    let found: Vec<u64> = words.take_while(|address| *address != 0).collect();
    if found.is_empty() { Trace::None } else { Trace::Addresses(found) }
}

fn build_ids(bytes: &[u8]) -> Trace {
    let found = BuildIdEntry::read_all(bytes);
    if found.is_empty() { Trace::None } else { Trace::BuildIds(found) }
}
