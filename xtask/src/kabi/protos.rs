//! Verifier contracts (`struct bpf_func_proto`) and who may call what (`*_func_proto` functions) from Linux source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::c_source::{braced, without_comments, words};
use super::{Result, read};

/// Folders of the kernel in which protos are defined or handed out.
const FOLDERS: [&str; 8] = [
    "kernel/bpf",
    "kernel/trace",
    "net/core",
    "net/ipv4",
    "net/netfilter",
    "net/bpf",
    "drivers/media/rc",
    "kernel/sched",
];

/// Protos that are returned by a function call instead of by address.
const RETURNED: [(&str, &str); 3] = [
    ("bpf_get_trace_printk_proto", "bpf_trace_printk_proto"),
    ("bpf_get_trace_vprintk_proto", "bpf_trace_vprintk_proto"),
    ("bpf_get_probe_write_proto", "bpf_probe_write_user_proto"),
];

/// Program types whose `get_func_proto` is not in a `*_verifier_ops` of their own name: struct_ops asks the
/// kernel structure, of which TCP congestion control is one.
const INDIRECT: [(&str, &str); 1] = [("BPF_PROG_TYPE_STRUCT_OPS", "bpf_tcp_ca_get_func_proto")];

/// What a program type is denied whatever its attach type: of `cgroup_common_func_proto` only a `switch` over attach
/// types says so. Helper, program type.
const DENIED: [(&str, &str); 4] = [
    ("get_retval", "BPF_PROG_TYPE_CGROUP_SKB"),
    ("get_retval", "BPF_PROG_TYPE_SOCK_OPS"),
    ("set_retval", "BPF_PROG_TYPE_CGROUP_SKB"),
    ("set_retval", "BPF_PROG_TYPE_SOCK_OPS"),
];

/// Corrections, as proto, field and value: 6.12 says that the buffer which the helper fills is only read.
const CORRECTIONS: [(&str, &str, &str); 1] =
    [("bpf_get_stack_proto_raw_tp", "arg2_type", "ARG_PTR_TO_UNINIT_MEM")];

/// The fields of one `struct bpf_func_proto`, with single spaces.
pub type Fields = BTreeMap<String, String>;

/// What was read of the kernel.
pub struct Protos {
    /// Fields by proto name.
    pub protos: BTreeMap<String, Fields>,
    /// Proto name by program type (C name) and helper (without `bpf_`).
    pub allowed: BTreeMap<String, BTreeMap<String, String>>,
}

/// One thing that matters in a `*_func_proto` function.
enum Event {
    Case(String),
    Proto(String),
    Call(String),
}

impl Protos {
    /// Reads `linux`.
    pub fn read(linux: &Path) -> Result<Self> {
        let mut text = String::new();
        for folder in FOLDERS {
            append_sources(&mut text, &linux.join(folder))?;
        }
        let text = without_comments(&text);
        let mut protos = protos(&text)?;
        for (proto, field, value) in CORRECTIONS {
            protos.entry(proto.to_owned()).or_default().insert(field.to_owned(), value.to_owned());
        }
        let functions = functions(&text, &protos);
        let types = read(&linux.join("include/linux/bpf_types.h"))?;
        let mut allowed = BTreeMap::new();
        for (prog, function) in entry_functions(&text, &types) {
            let mut found = BTreeMap::new();
            resolve(&functions, &function, &mut found, &mut BTreeSet::new());
            allowed.insert(prog, found);
        }
        for (helper, prog) in DENIED {
            let found: &mut BTreeMap<String, String> = allowed.entry(prog.to_owned()).or_default();
            found.remove(helper);
        }
        Ok(Self { protos, allowed })
    }
}

fn append_sources(text: &mut String, dir: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Ok(());
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ext| ext == "c")) {
        let source = read(path)?;
        if source.contains("func_proto") {
            text.push_str(&source);
            text.push('\n');
        }
    }
    Ok(())
}

fn protos(text: &str) -> Result<BTreeMap<String, Fields>> {
    let mut found = BTreeMap::new();
    for (at, _) in text.match_indices("struct bpf_func_proto ") {
        let head = &text[at + "struct bpf_func_proto ".len()..];
        let Some(open) =
            head.find(['{', ';', '(', '*']).filter(|open| head[*open..].starts_with('{'))
        else {
            continue;
        };
        let name = head[..open].split_whitespace().next().unwrap_or_default();
        let body = braced(head, 0).ok_or("an open brace")?;
        let mut fields = Fields::new();
        for field in body.split(',').map(str::trim) {
            if let Some((key, value)) = field.trim_start_matches('.').split_once('=') {
                let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
                fields.insert(key.trim().to_owned(), value);
            }
        }
        // Of two definitions under different configurations the fuller one counts.
        let more = found.get(name).is_none_or(|old: &Fields| old.len() < fields.len());
        if more {
            found.insert(name.to_owned(), fields);
        }
    }
    Ok(found)
}

/// The events of every function whose name ends in `func_proto`.
fn functions(text: &str, protos: &BTreeMap<String, Fields>) -> BTreeMap<String, Vec<Event>> {
    let mut found = BTreeMap::new();
    for (at, name) in words(text) {
        let rest = &text[at + name.len()..];
        let is_function = name.ends_with("func_proto") && rest.starts_with("(enum bpf_func_id");
        let Some(open) =
            rest.find(['{', ';']).filter(|open| is_function && rest[*open..].starts_with('{'))
        else {
            continue;
        };
        if let Some(body) = braced(rest, open) {
            // Fallbacks for a kernel without the feature do less than the real function.
            let events = events(body, protos);
            let is_more = found.get(name).is_none_or(|old: &Vec<Event>| old.len() < events.len());
            if is_more {
                found.insert(name.to_owned(), events);
            }
        }
    }
    found
}

fn events(body: &str, protos: &BTreeMap<String, Fields>) -> Vec<Event> {
    let mut found = Vec::new();
    for (at, word) in words(body) {
        let returned = RETURNED.iter().find(|(call, _)| *call == word);
        if let Some(helper) = word.strip_prefix("BPF_FUNC_") {
            found.push(Event::Case(helper.to_owned()));
        } else if let Some((_, proto)) = returned {
            found.push(Event::Proto((*proto).to_owned()));
        } else if body[..at].ends_with('&') && protos.contains_key(word) {
            found.push(Event::Proto(word.to_owned()));
        } else if word.ends_with("func_proto") && body[at + word.len()..].starts_with("(func_id") {
            found.push(Event::Call(word.to_owned()));
        }
    }
    found
}

/// Helpers that `function` hands out. The first proto of a helper wins, as the first `return` does.
fn resolve(
    functions: &BTreeMap<String, Vec<Event>>,
    function: &str,
    found: &mut BTreeMap<String, String>,
    seen: &mut BTreeSet<String>,
) {
    if !seen.insert(function.to_owned()) {
        return;
    }
    let mut labels: Vec<&str> = Vec::new();
    let mut is_label_open = false;
    for event in functions.get(function).into_iter().flatten() {
        match event {
            Event::Case(helper) => {
                if !is_label_open {
                    labels.clear();
                }
                labels.push(helper);
                is_label_open = true;
            }
            Event::Proto(proto) => {
                for helper in &labels {
                    found.entry((*helper).to_owned()).or_insert_with(|| proto.clone());
                }
                is_label_open = false;
            }
            Event::Call(callee) => {
                resolve(functions, callee, found, seen);
                is_label_open = false;
            }
        }
    }
}

/// The `get_func_proto` of each program type.
fn entry_functions(text: &str, types: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for row in types.split("\nBPF_PROG_TYPE(").skip(1) {
        let mut names = words(row).map(|(_, word)| word);
        let (Some(prog), Some(short)) = (names.next(), names.next()) else {
            continue;
        };
        let ops = text.find(&format!("struct bpf_verifier_ops {short}_verifier_ops = "));
        let function = ops
            .and_then(|at| braced(text, at))
            .and_then(|body| words(body).skip_while(|(_, word)| *word != "get_func_proto").nth(1))
            .map(|(_, word)| word);
        let indirect =
            INDIRECT.iter().find(|(name, _)| *name == prog).map(|(_, function)| *function);
        if let Some(function) = function.or(indirect) {
            found.push((prog.to_owned(), function.to_owned()));
        }
    }
    found
}
