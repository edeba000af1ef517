//! Where programs are attached: as `--attach` says, else as their sections say.

use super::{Problem, usage};
use crate::args::Run;
use crate::commands::run::Ready;
use crate::terminal::print_err;
use bpfc_base::{Diagnostic, codes};
use bpfc_loader::{AttachSpec, Kernel, Link, Loaded, ProgKind, Program};
use bpfc_object::FuncId;

/// Where each program goes; an error where nothing says it.
pub(super) type Specs = Vec<(FuncId, Result<AttachSpec, bpfc_loader::NoDefault>)>;

/// Where each program goes: as `--attach` says, else as its section says.
pub(super) fn overrides(ready: &Ready, args: &Run, programs: &[FuncId]) -> Result<Specs, Problem> {
    let name = |id: FuncId| ready.object.functions[id].name.as_str();
    let mut specs: Specs = Vec::new();
    for text in &args.attach {
        // Options of a place have the sign as well: `kprobe:tcp_*,limit=9`.
        let named = text.split_once('=').filter(|(program, _)| !program.contains(':'));
        let (id, place) = match (named, programs) {
            (Some((program, place)), _) => {
                let id = programs.iter().copied().find(|id| name(*id) == program);
                let names: Vec<&str> = programs.iter().map(|id| name(*id)).collect();
                let missing = || {
                    usage(format!(
                        "no program is called `{program}`; there is {}",
                        names.join(", ")
                    ))
                };
                (id.ok_or_else(missing)?, place)
            }
            (None, [only]) => (*only, text.as_str()),
            (None, _) => {
                let message = format!("`{text}` does not say which program: write NAME={text}");
                return Err(usage(message));
            }
        };
        specs.push((id, Ok(place.parse::<AttachSpec>()?)));
    }
    for id in programs {
        if specs.iter().any(|(given, _)| given == id) {
            continue;
        }
        // `--usdt FUNCTION=FILE:PROVIDER:NAME` says where as well.
        let markers = args.compile.usdt.iter().filter_map(|text| text.split_once('='));
        let mut markers = markers.filter(|(function, _)| *function == name(*id)).peekable();
        if markers.peek().is_some() {
            for (_, marker) in markers {
                specs.push((*id, Ok(format!("usdt:{marker}").parse::<AttachSpec>()?)));
            }
        } else if let Some(kind) = ProgKind::of(&ready.object.functions[*id]) {
            specs.push((*id, AttachSpec::of(name(*id), &kind)));
        }
    }
    Ok(specs)
}

pub(super) fn attach_all(
    loaded: &Loaded,
    specs: Specs,
    kernel: &Kernel,
) -> Result<Vec<Link>, Problem> {
    let mut links = Vec::new();
    for (func, spec) in specs {
        let program = loaded.programs.iter().find(|program| program.func() == func);
        let Some(program): Option<&Program> = program else {
            continue;
        };
        let spec = spec.map_err(|why| {
            Problem::Usage(Diagnostic::without_span(codes::load::E0906, why.to_string()))
        })?;
        let link = loaded.attach(program, &spec, kernel)?;
        print_err(&format!("{}: attached to {}{}\n", link.program(), link.spec(), places(&link)));
        links.push(link);
    }
    Ok(links)
}

/// ` (12 places)`, where there is more than one.
fn places(link: &Link) -> String {
    match (link.n_places(), link.n_refused()) {
        (1, 0) => String::new(),
        (n, 0) => format!(" ({n} places)"),
        (n, refused) => format!(" ({n} of {} places; the others cannot be probed)", n + refused),
    }
}
