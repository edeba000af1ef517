//! `bpfc prog`: programs that are in the kernel, where they are attached, and who holds them.

use crate::args::{ProgAction, ProgArgs};
use crate::exit::Exit;
use crate::terminal::{Terminal, print_out};
use bpfc::show::{Table, Value};
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, codes};
use bpfc_loader::{
    Holder, Kernel, KernelLink, KernelProgram, LoadError, ObjectKind, Pinned, holders, pinned, pins,
};
use serde_json::{Value as Json, json};
use std::path::Path;

/// Where pins are looked for.
const BPFFS: &str = "/sys/fs/bpf";

/// Shows programs and links, or detaches one.
pub fn run(args: &ProgArgs, terminal: &mut Terminal) -> Exit {
    let outcome = match &args.action {
        ProgAction::Show { program } => show(program.as_deref(), args.json),
        ProgAction::Links => links(args.json),
        ProgAction::Detach { link } => detach(link),
    };
    match outcome {
        Ok(()) => Exit::Fine,
        Err(problem) => {
            let (diagnostic, exit) = *problem;
            terminal.fail(diagnostic);
            terminal.print_summary();
            exit
        }
    }
}

/// Why a command cannot go on.
type Problem = Box<(Diagnostic, Exit)>;

fn failed(error: LoadError) -> Problem {
    let diagnostic = error.to_diagnostic();
    let exit = Exit::of(std::slice::from_ref(&diagnostic)).max(Exit::Diagnostics);
    Box::new((diagnostic, exit))
}

/// Everything about a program that has a number elsewhere.
struct Surroundings {
    kernel: Kernel,
    links: Vec<KernelLink>,
    holders: Vec<Holder>,
    pins: Vec<Pinned>,
}

impl Surroundings {
    fn look() -> Result<Surroundings, Problem> {
        let kernel = Kernel::new();
        let mut links = Vec::new();
        // Before 5.8 there are none.
        for id in ObjectKind::Link.ids().unwrap_or_default() {
            // It may be gone since it was listed.
            links.extend(KernelLink::open(id, &kernel).map_err(failed)?);
        }
        Ok(Surroundings { kernel, links, holders: holders(), pins: pins(Path::new(BPFFS)) })
    }

    fn links_of(&self, program: u32) -> impl Iterator<Item = &KernelLink> {
        self.links.iter().filter(move |link| link.program_id == program)
    }

    /// `bpfc[1234]`, each once.
    fn processes(&self, is_it: impl Fn(ObjectKind, u32) -> bool) -> Vec<&Holder> {
        let mut found: Vec<&Holder> =
            self.holders.iter().filter(|holder| is_it(holder.kind, holder.id)).collect();
        found.sort_by_key(|holder| holder.pid);
        found.dedup_by_key(|holder| holder.pid);
        found
    }

    fn paths(&self, is_it: impl Fn(ObjectKind, u32) -> bool) -> Vec<String> {
        let found = self.pins.iter().filter(|pin| is_it(pin.kind, pin.id));
        found.map(|pin| pin.path.display().to_string()).collect()
    }

    /// Whether something is the program, or a link of it.
    fn belongs(&self, program: u32) -> impl Fn(ObjectKind, u32) -> bool {
        move |kind, id| match kind {
            ObjectKind::Program => id == program,
            ObjectKind::Link => self.links_of(program).any(|link| link.id == id),
            ObjectKind::Map | ObjectKind::Types => false,
        }
    }
}

fn show(wanted: Option<&str>, is_json: bool) -> Result<(), Problem> {
    let mut programs = Vec::new();
    for id in ObjectKind::Program.ids().map_err(failed)? {
        programs.extend(KernelProgram::open(id).map_err(failed)?);
    }
    let around = Surroundings::look()?;
    if let Some(wanted) = wanted {
        programs = chosen(programs, wanted, &around)?;
    }
    if is_json {
        let all: Vec<Json> =
            programs.iter().map(|program| program_json(program, &around)).collect();
        print_out(&format!("{}\n", json!({ "programs": all })));
        return Ok(());
    }
    if wanted.is_some() {
        programs.iter().for_each(|program| print_out(&details(program, &around)));
        return Ok(());
    }
    let mut table = Table::default();
    for program in &programs {
        let places: Vec<&str> =
            around.links_of(program.id).map(|link| link.place.as_str()).collect();
        let held = around.processes(around.belongs(program.id));
        let held: Vec<String> =
            held.iter().map(|holder| format!("{}[{}]", holder.command, holder.pid)).collect();
        let is_pinned = !around.paths(around.belongs(program.id)).is_empty();
        let held = if is_pinned { [held, vec!["pin".into()]].concat() } else { held };
        table.push(&[
            number("id", program.id.into()),
            text("name", &program.name),
            text("type", &kind(program)),
            text("attached", &places.join(" ")),
            text("held by", &held.join(" ")),
        ]);
    }
    print_out(&table.to_string());
    Ok(())
}

fn number(name: &str, number: u64) -> (String, Value) {
    (name.to_owned(), Value::Int(number.into()))
}

fn text(name: &str, text: &str) -> (String, Value) {
    (name.to_owned(), Value::Text(text.into()))
}

/// Its type as people write it: `sched_cls`, `raw_tracepoint`.
fn kind(program: &KernelProgram) -> String {
    match program.kind() {
        Some(kind) => kind.name().trim_start_matches("BPF_PROG_TYPE_").to_lowercase(),
        None => program.prog_type.to_string(),
    }
}

/// The programs that `wanted` names: `id:12`, `tag:f00f…`, a path, a name.
fn chosen(
    programs: Vec<KernelProgram>,
    wanted: &str,
    around: &Surroundings,
) -> Result<Vec<KernelProgram>, Problem> {
    let is_it = |program: &KernelProgram| {
        if let Some(id) = wanted.strip_prefix("id:") {
            return id.parse() == Ok(program.id);
        }
        if let Some(tag) = wanted.strip_prefix("tag:") {
            return program.tag == tag;
        }
        if wanted.contains('/') {
            return around.paths(around.belongs(program.id)).iter().any(|path| path == wanted);
        }
        program.name == wanted
    };
    let names: Vec<String> = programs.iter().map(|program| program.name.clone()).collect();
    let found: Vec<KernelProgram> = programs.into_iter().filter(is_it).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let message = match most_similar(wanted, names.iter().map(String::as_str)) {
        Some(similar) => {
            format!("there is no program `{wanted}` in the kernel; did you mean `{similar}`?")
        }
        None => format!("there is no program `{wanted}` in the kernel"),
    };
    Err(Box::new((Diagnostic::without_span(codes::load::E0923, message), Exit::Diagnostics)))
}

fn program_json(program: &KernelProgram, around: &Surroundings) -> Json {
    let links: Vec<Json> = around
        .links_of(program.id)
        .map(|link| json!({ "id": link.id, "place": link.place }))
        .collect();
    let held = around.processes(around.belongs(program.id));
    let held: Vec<Json> =
        held.iter().map(|holder| json!({ "pid": holder.pid, "command": holder.command })).collect();
    json!({
        "id": program.id,
        "name": program.name,
        "type": kind(program),
        "tag": program.tag,
        "loaded_ns": program.loaded_ns,
        "uid": program.uid,
        "gpl": program.is_gpl,
        "maps": program.map_ids,
        "types": program.btf_id,
        "verified_instructions": program.n_verified,
        "instruction_bytes": program.insns_bytes,
        "machine_code_bytes": program.machine_code_bytes,
        "memory_bytes": program.memory_bytes,
        "runs": program.n_runs,
        "run_ns": program.run_ns,
        "missed": program.n_missed,
        "links": links,
        "held_by": held,
        "pins": around.paths(around.belongs(program.id)),
    })
}

/// All about one program, a line each.
fn details(program: &KernelProgram, around: &Surroundings) -> String {
    let mut lines = format!("{} (id {})\n", program.name, program.id);
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push_str(&format!("  {name:<14}{value}\n"));
        }
    };
    line("type", kind(program));
    line("tag", program.tag.clone());
    line("uid", program.uid.to_string());
    line("licence", if program.is_gpl { "GPL-compatible" } else { "not GPL-compatible" }.into());
    line("instructions", (program.insns_bytes / 8).to_string());
    line("verified", program.n_verified.map(|n| format!("{n} instructions")).unwrap_or_default());
    line("machine code", format!("{} bytes", program.machine_code_bytes));
    line("memory", program.memory_bytes.map(|n| format!("{n} bytes")).unwrap_or_default());
    if let Some(mean) = program.run_ns.checked_div(program.n_runs) {
        line("runs", format!("{}, {mean} ns each", program.n_runs));
    }
    if program.n_missed > 0 {
        line("missed", program.n_missed.to_string());
    }
    for id in &program.map_ids {
        let name = bpfc_loader::Map::open_id(*id, &around.kernel).ok().flatten();
        line(
            "map",
            format!("{} (id {id})", name.map(|map| map.name().to_owned()).unwrap_or_default()),
        );
    }
    for link in around.links_of(program.id) {
        line("attached", format!("{} (link {})", link.place, link.id));
    }
    for holder in around.processes(around.belongs(program.id)) {
        line("held by", format!("{}[{}]", holder.command, holder.pid));
    }
    for path in around.paths(around.belongs(program.id)) {
        line("pinned", path);
    }
    lines
}

fn links(is_json: bool) -> Result<(), Problem> {
    // Says what is missing, which `look` does not.
    ObjectKind::Link.ids().map_err(failed)?;
    let around = Surroundings::look()?;
    let name = |id: u32| {
        KernelProgram::open(id).ok().flatten().map(|program| program.name).unwrap_or_default()
    };
    let is = |link: &KernelLink| {
        let id = link.id;
        move |kind: ObjectKind, other: u32| kind == ObjectKind::Link && other == id
    };
    if is_json {
        let all: Vec<Json> = around
            .links
            .iter()
            .map(|link| {
                let held = around.processes(is(link));
                let held: Vec<Json> = held
                    .iter()
                    .map(|holder| json!({ "pid": holder.pid, "command": holder.command }))
                    .collect();
                json!({
                    "id": link.id,
                    "program": link.program_id,
                    "name": name(link.program_id),
                    "place": link.place,
                    "held_by": held,
                    "pins": around.paths(is(link)),
                })
            })
            .collect();
        print_out(&format!("{}\n", json!({ "links": all })));
        return Ok(());
    }
    let mut table = Table::default();
    for link in &around.links {
        let held = around.processes(is(link));
        let mut held: Vec<String> =
            held.iter().map(|holder| format!("{}[{}]", holder.command, holder.pid)).collect();
        held.extend(around.paths(is(link)));
        table.push(&[
            number("link", link.id.into()),
            text("attached", &link.place),
            number("program", link.program_id.into()),
            text("name", &name(link.program_id)),
            text("held by", &held.join(" ")),
        ]);
    }
    print_out(&table.to_string());
    Ok(())
}

fn detach(link: &str) -> Result<(), Problem> {
    let number = link.strip_prefix("id:").unwrap_or(link);
    if link.contains('/')
        && let Some(found) = pinned(link.into()).filter(|found| found.kind == ObjectKind::Link)
    {
        return KernelLink::detach(found.id).map_err(failed);
    }
    let id = number.parse().map_err(|_| {
        let message = format!("`{link}` is neither the number nor the pin of a link");
        let diagnostic = Diagnostic::without_span(codes::load::E0906, message);
        Box::new((diagnostic.with_help("`bpfc prog links` lists them"), Exit::Usage))
    })?;
    KernelLink::detach(id).map_err(failed)
}
