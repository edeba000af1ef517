//! Where stacks are in keys, values and events: found by the names and types of members.

use bpfc_btf::{Btf, Composite, Member, Type, TypeId};
use bpfc_symbols::BuildIdEntry;

/// Nested types that are followed.
const MAX_DEPTH: u32 = 8;
/// Best first.
const COMM_NAMES: [&str; 6] = ["comm", "name", "task", "command", "process", "task_comm"];
/// Best first.
const COUNT_NAMES: [&str; 10] =
    ["count", "counts", "cnt", "n", "hits", "samples", "total", "delta", "bytes", "size"];
/// Of members that hold the address of a function.
const FUNCTION_NAMES: [&str; 2] = ["func", "function"];
/// Best first: `pid` is a thread's where there is a `tgid` beside it.
const PID_NAMES: [&str; 4] = ["tgid", "pid", "process_id", "tid"];

/// Where stacks are in a struct, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackLayout {
    /// The members that hold stacks.
    pub stacks: Vec<StackMember>,
    /// The number of the process.
    pub pid: Option<IntMember>,
    /// What it calls itself.
    pub comm: Option<TextMember>,
}

/// A member that holds a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackMember {
    /// Its name; `outer.inner` in a struct that is a member.
    pub name: String,
    /// Whose stack it is, if the name says it; else the addresses tell.
    pub side: Option<Side>,
    /// It holds a function's address rather than a stack, and stands for its name.
    pub is_function: bool,
    pub(super) form: Form,
    pub(super) offset: usize,
    /// How many bytes `bpf_get_stack` said there are.
    pub(super) size: Option<IntMember>,
}

/// Whose stack it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The process's.
    User,
    /// The kernel's.
    Kernel,
}

/// How a stack is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By its number in a map of stacks, an integer of so many bytes.
    Id(usize),
    /// By so many bytes of addresses.
    Addresses(usize),
    /// By so many bytes of build ids.
    BuildIds(usize),
}

/// An integer in a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntMember {
    offset: usize,
    n_bytes: usize,
}

/// An array of `char` in a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextMember {
    offset: usize,
    n_bytes: usize,
}

impl IntMember {
    /// The count in a value: the value itself if it is an integer; of a struct the member that is called so, else the first
    /// integer.
    pub fn count_in(btf: &Btf, ty: TypeId) -> Option<IntMember> {
        let whole = Leaf { name: String::new(), ty, offset: 0 };
        let first = || {
            let members = integers(btf, ty);
            members.first().and_then(|leaf| leaf.as_int(btf))
        };
        whole.as_int(btf).or_else(|| Self::named_count_in(btf, ty)).or_else(first)
    }

    /// The member of a struct that is called as counts are.
    pub fn named_count_in(btf: &Btf, ty: TypeId) -> Option<IntMember> {
        first(&integers(btf, ty), &COUNT_NAMES, |leaf| leaf.as_int(btf))
    }

    /// Its value in `bytes`, in the byte order of this machine; with its sign.
    pub fn read(self, bytes: &[u8]) -> Option<i64> {
        let bytes = bytes.get(self.offset..self.offset + self.n_bytes)?;
        Some(match *bytes {
            [a, b, c, d] => i64::from(i32::from_ne_bytes([a, b, c, d])),
            [a, b] => i64::from(u16::from_ne_bytes([a, b])),
            [a] => i64::from(a),
            _ => i64::from_ne_bytes(bytes.try_into().ok()?),
        })
    }
}

impl TextMember {
    /// Its text in `bytes`, up to the first zero.
    pub fn read(self, bytes: &[u8]) -> Option<String> {
        let bytes = bytes.get(self.offset..self.offset + self.n_bytes)?;
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }
}

impl StackLayout {
    /// The process whose stacks are in `bytes`, if they say it.
    pub fn process(&self, bytes: &[u8]) -> Option<u32> {
        self.pid?.read(bytes).and_then(|pid| u32::try_from(pid).ok())
    }

    /// The stacks in a struct `ty`; none if there are none. Integers are taken for numbers of stacks only if
    /// the object has a map of stacks to look them up in.
    pub fn of(btf: &Btf, ty: TypeId, has_stack_map: bool) -> Option<StackLayout> {
        let mut members = Vec::new();
        flatten(btf, ty, 0, "", 0, &mut members);
        let stacks = members.iter().filter_map(|leaf| {
            let form = leaf.form(btf, has_stack_map)?;
            let size = members.iter().find(|other| is_size_of(&other.name, &leaf.name));
            let size = size.and_then(|size| size.as_int(btf));
            let side = side_of(last_part(&leaf.name));
            let is_function = FUNCTION_NAMES.contains(&last_part(&leaf.name));
            let name = leaf.name.clone();
            Some(StackMember { name, side, is_function, form, offset: leaf.offset, size })
        });
        let stacks: Vec<StackMember> = stacks.collect();
        if stacks.is_empty() {
            return None;
        }
        let pid = first(&members, &PID_NAMES, |leaf| leaf.as_int(btf));
        let comm = first(&members, &COMM_NAMES, |leaf| leaf.as_text(btf));
        Some(StackLayout { stacks, pid, comm })
    }
}

/// The integers in a struct that are neither stacks nor functions nor processes.
fn integers(btf: &Btf, ty: TypeId) -> Vec<Leaf> {
    let mut members = Vec::new();
    flatten(btf, ty, 0, "", 0, &mut members);
    members.retain(|leaf| {
        let name = last_part(&leaf.name);
        let is_other =
            is_stack_name(name) || FUNCTION_NAMES.contains(&name) || PID_NAMES.contains(&name);
        leaf.as_int(btf).is_some() && !is_other
    });
    members
}

/// The first of `names` that such a member has.
fn first<T>(leaves: &[Leaf], names: &[&str], what: impl Fn(&Leaf) -> Option<T>) -> Option<T> {
    names.iter().find_map(|name| {
        leaves.iter().filter(|leaf| last_part(&leaf.name) == *name).find_map(&what)
    })
}

/// A member that is no struct.
struct Leaf {
    name: String,
    ty: TypeId,
    offset: usize,
}

impl Leaf {
    fn form(&self, btf: &Btf, has_stack_map: bool) -> Option<Form> {
        if FUNCTION_NAMES.contains(&last_part(&self.name)) {
            let is_address = self.as_int(btf).is_some_and(|member| member.n_bytes == 8);
            return is_address.then_some(Form::Addresses(8));
        }
        if !is_stack_name(last_part(&self.name)) {
            return None;
        }
        match btf.resolved(self.ty).ok()?.1 {
            Type::Int(int) if has_stack_map && matches!(int.size_bytes, 4 | 8) => {
                Some(Form::Id(int.size_bytes as usize))
            }
            Type::Array { element, n_elements, .. } => match btf.resolved(element).ok()?.1 {
                Type::Int(int) if int.size_bytes == 8 => {
                    Some(Form::Addresses(n_elements as usize * 8))
                }
                Type::Struct(of) if of.name() == "bpf_stack_build_id" => {
                    Some(Form::BuildIds(n_elements as usize * BuildIdEntry::BYTES))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn as_int(&self, btf: &Btf) -> Option<IntMember> {
        match btf.resolved(self.ty).ok()?.1 {
            Type::Int(int) if matches!(int.size_bytes, 1 | 2 | 4 | 8) => {
                Some(IntMember { offset: self.offset, n_bytes: int.size_bytes as usize })
            }
            _ => None,
        }
    }

    fn as_text(&self, btf: &Btf) -> Option<TextMember> {
        let Type::Array { element, n_elements, .. } = btf.resolved(self.ty).ok()?.1 else {
            return None;
        };
        let is_char =
            matches!(btf.resolved(element), Ok((_, Type::Int(int))) if int.size_bytes == 1);
        is_char.then_some(TextMember { offset: self.offset, n_bytes: n_elements as usize })
    }
}

fn flatten(btf: &Btf, ty: TypeId, at: usize, path: &str, depth: u32, leaves: &mut Vec<Leaf>) {
    let Ok((_, Type::Struct(of) | Type::Union(of))) = btf.resolved(ty) else {
        return;
    };
    let of: Composite<'_> = of;
    for member in of.members() {
        let member: Member<'_> = member;
        if member.bitfield_bits.is_some() || depth > MAX_DEPTH {
            continue;
        }
        let offset = at + (member.bit_offset / 8) as usize;
        let name = match (path, member.name) {
            ("", name) => name.to_owned(),
            (path, "") => path.to_owned(),
            (path, name) => format!("{path}.{name}"),
        };
        match btf.resolved(member.ty) {
            Ok((_, Type::Struct(_) | Type::Union(_))) => {
                flatten(btf, member.ty, offset, &name, depth + 1, leaves);
            }
            _ => leaves.push(Leaf { name, ty: member.ty, offset }),
        }
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether a member of that name holds a stack: it ends in `stack`, perhaps with `id` or `trace` behind.
fn is_stack_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut stem = name.as_str();
    for suffix in ["id", "_", "trace", "_"] {
        stem = stem.strip_suffix(suffix).unwrap_or(stem);
    }
    stem.ends_with("stack")
}

/// Whether `name` tells how large the stack `of` is: `kstack_sz` that of `kstack`.
fn is_size_of(name: &str, of: &str) -> bool {
    let rest = name.strip_prefix(of);
    matches!(rest, Some("_sz" | "_size" | "_len" | "_bytes"))
}

/// What the name says: `ustack`, `user_stack_id`, `stack_user`; `kstack`, `kern_stack`, `w_k_stack_id`.
pub(super) fn side_of(name: &str) -> Option<Side> {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str], prefix: &str| {
        words.iter().any(|word| name.contains(word))
            || name.starts_with(prefix)
            || name
                .split('_')
                .any(|part| part == prefix || part.starts_with(&format!("{prefix}stack")))
    };
    match (has(&["user"], "u"), has(&["kern"], "k")) {
        (true, false) => Some(Side::User),
        (false, true) => Some(Side::Kernel),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_known_by_their_names() {
        let yes = [
            "stack",
            "stack_id",
            "stackid",
            "kstack",
            "ustack_id",
            "kernel_stack_id",
            "user_stack",
            "stacktrace",
            "stack_trace_id",
            "kstackid",
            "kern_stack_id",
            "w_k_stack_id",
            "StackId",
        ];
        for name in yes {
            assert!(is_stack_name(name), "{name}");
        }
        for name in ["kstack_sz", "stacked", "stack_depth", "pid", "id", "trace_id", "stacks_lost"]
        {
            assert!(!is_stack_name(name), "{name}");
        }
    }

    #[test]
    fn names_say_whose_stack_it_is() {
        for (name, side) in [
            ("ustack", Some(Side::User)),
            ("user_stack_id", Some(Side::User)),
            ("w_u_stack_id", Some(Side::User)),
            ("kern_stack", Some(Side::Kernel)),
            ("kernel_stack_id", Some(Side::Kernel)),
            ("t_k_stack_id", Some(Side::Kernel)),
            ("stack_id", None),
            ("stack", None),
        ] {
            assert_eq!(side_of(name), side, "{name}");
        }
    }
}
