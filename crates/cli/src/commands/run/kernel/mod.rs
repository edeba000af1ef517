//! `bpfc run --kernel`: load, attach, print what comes, detach, print the maps.

mod lost;
mod places;
mod records;
mod running;

use super::live::{Condition, Live};
use super::printer::{Printer, prints_of};
use super::stacks::{Counting, is_folding};
use super::vm::{has_elements, takes_packets};
use super::{Ready, packets, verdict};
use crate::args::Run;
use crate::exit::Exit;
use crate::files;
use crate::terminal::{Terminal, print_err};
use bpfc::show::Element;
use bpfc_base::{Diagnostic, codes};
use bpfc_loader::{
    Errno, Fault, Kernel, Link, LoadError, LoadOptions, Loaded, ProgKind, StopFlag, TestInput,
    TracePipe, load,
};
use bpfc_object::Object;
use lost::Lost;
use places::{attach_all, overrides};
use records::{records, send};
use running::{Running, Until};
use serde_json::json;
use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::time::Duration;

/// Shortest time between two looks, in seconds.
const MIN_INTERVAL: f64 = 0.01;
/// Longest time that `--duration` takes, in seconds: ten years.
const MAX_DURATION: f64 = 10.0 * 366.0 * 86_400.0;

/// Why a command cannot go on.
enum Problem {
    Load(LoadError),
    Usage(Diagnostic),
    Other(Diagnostic),
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        Problem::Load(error)
    }
}

/// Runs the programs of an object in the kernel.
pub fn run(ready: &Ready, args: &Run, terminal: &mut Terminal) -> Exit {
    let problem = match run_all(ready, args) {
        Ok(()) => return Exit::Fine,
        Err(problem) => problem,
    };
    let (diagnostic, exit) = match problem {
        Problem::Load(error) => {
            let exit = match error.fault() {
                Fault::Program => Exit::Diagnostics,
                Fault::Usage => Exit::Usage,
                Fault::Environment => Exit::Environment,
            };
            (error.to_diagnostic(), exit)
        }
        Problem::Usage(diagnostic) => (diagnostic, Exit::Usage),
        Problem::Other(diagnostic) => {
            let exit = Exit::of(std::slice::from_ref(&diagnostic));
            (diagnostic, exit)
        }
    };
    terminal.print(&ready.session, &[diagnostic]);
    exit
}

fn run_all(ready: &Ready, args: &Run) -> Result<(), Problem> {
    let programs = ready.programs(args).map_err(Problem::Other)?;
    let duration = seconds(args.duration, 0.0)?;
    seconds(args.watch, MIN_INTERVAL)?;
    let conditions = args.exit_on.iter().map(|text| {
        let bad = |problem| usage(format!("`--exit-on`: {problem}"));
        Condition::parse(text, &ready.object).map_err(bad)
    });
    let conditions = conditions.collect::<Result<Vec<Condition>, Problem>>()?;
    let records = records(&ready.object, &args.send)?;
    let overrides = overrides(ready, args, &programs)?;
    let kinds = overrides.iter().filter_map(|(id, spec)| {
        let declared = ProgKind::of(&ready.object.functions[*id]);
        Some((*id, spec.as_ref().ok()?.kind(declared.as_ref())))
    });
    let prints = prints_of(&ready.object, &programs);
    let options =
        LoadOptions { kinds: kinds.collect(), programs: Some(programs), ..LoadOptions::default() };
    let kernel = Kernel::new();
    // Caught from here on: whatever ends the wait, everything is detached.
    let stop = StopFlag::on_signals()?;
    let loaded = load(&ready.object, &kernel, &options)?;
    let printer = RefCell::new(Printer::new(&ready.object, args.output()));
    let links = RefCell::new(Vec::new());
    let counting = Counting::open(&ready.object, &loaded, args)?.map_err(Problem::Usage)?;
    if let Some(counting) = &counting {
        printer.borrow_mut().name_stacks(counting.stacks());
    }
    if args.packet.is_some() {
        test_run(&loaded, args, &printer)?;
    } else {
        let pipe = prints.then(fresh_pipe).transpose()?;
        let mut attached = attach_all(&loaded, overrides, &kernel)?;
        if let Some(folder) = &args.pin {
            loaded.pin(&mut attached, folder)?;
            print_err(&format!("pinned below {}\n", files::shown(folder)));
        }
        send(&loaded, &records)?;
        print_iterators(&attached, &printer)?;
        let live = Live::open(&ready.object, &loaded, args, &conditions);
        let live = live.map_err(|error| usage(format!("the terminal cannot be used: {error}")))?;
        let counting = counting.as_ref();
        let lost = Lost::of(&ready.object, &loaded);
        links.replace(attached);
        let running = Running {
            lost,
            object: &ready.object,
            loaded: &loaded,
            kernel: &kernel,
            counting,
            links: &links,
        };
        let until = Until { duration, count: args.count, stop: &stop };
        // Iterators have ended, and there may be nothing else.
        let waits = {
            let links = links.borrow();
            links.is_empty() || !links.iter().all(Link::is_iterator)
        };
        let detach = || match args.pin {
            Some(_) => {
                links.take().clear();
                Ok(())
            }
            None => links.take().into_iter().try_for_each(Link::detach),
        };
        match waits {
            true => running.stream(&printer, live, &until, pipe, detach)?,
            false => detach()?,
        }
    }
    if !is_folding(args) {
        print_maps(&ready.object, &loaded, &mut printer.borrow_mut())?;
    }
    match &counting {
        Some(counting) => counting.finish()?.map_err(Problem::Other),
        None => Ok(()),
    }
}

/// Printed lines from here on: what others printed, or runs before this one, is no event of this one.
fn fresh_pipe() -> Result<TracePipe, LoadError> {
    let mut pipe = TracePipe::open()?;
    pipe.discard()?;
    Ok(pipe)
}

fn usage(message: String) -> Problem {
    Problem::Usage(Diagnostic::without_span(codes::load::E0906, message))
}

/// A time from the command line.
fn seconds(given: Option<f64>, least: f64) -> Result<Option<Duration>, Problem> {
    match given {
        None => Ok(None),
        Some(seconds) if (least..=MAX_DURATION).contains(&seconds) => {
            Ok(Some(Duration::from_secs_f64(seconds)))
        }
        Some(seconds) => Err(usage(format!("`{seconds}` is no duration in seconds"))),
    }
}

/// `--packet`: runs each program once on each packet, through `BPF_PROG_TEST_RUN`.
fn test_run(loaded: &Loaded, args: &Run, printer: &RefCell<Printer<'_>>) -> Result<(), Problem> {
    let packets = packets::load(args.packet.as_deref()).map_err(Problem::Other)?;
    for program in &loaded.programs {
        let kind = program.kind().prog_type;
        if !takes_packets(Some(kind)) {
            continue;
        }
        for (number, packet) in (1..).zip(&packets) {
            let repeat = args.repeat;
            let output =
                program.test_run(&TestInput { data: packet, repeat, ..TestInput::default() })?;
            let verdict = verdict::name(Some(kind), u64::from(output.retval));
            let ns = output.duration_ns;
            let text = format!("{}: packet {number}: {verdict} in {ns} ns", program.name());
            printer.borrow_mut().line(&text, || {
                json!({
                    "program": program.name(),
                    "packet": number,
                    "return": output.retval as i32,
                    "verdict": verdict,
                    "ns": ns,
                })
            });
        }
    }
    Ok(())
}

/// Prints what iterators write, a line at a time.
fn print_iterators(links: &[Link], printer: &RefCell<Printer<'_>>) -> Result<(), LoadError> {
    for link in links.iter().filter(|link| link.is_iterator()) {
        for line in BufReader::new(link.iterate()?).split(b'\n') {
            let line = line.map_err(|error| LoadError::System {
                operation: "read",
                subject: format!("`{}` at {}", link.program(), link.spec()),
                errno: Errno::from(&error),
            })?;
            let text = String::from_utf8_lossy(&line);
            printer
                .borrow_mut()
                .line(&text, || json!({ "program": link.program(), "line": text.as_ref() }));
        }
    }
    Ok(())
}

fn print_maps(
    object: &Object,
    loaded: &Loaded,
    printer: &mut Printer<'_>,
) -> Result<(), LoadError> {
    for (id, map) in object.maps.iter_enumerated() {
        if has_elements(map.kind()) {
            let elements = loaded.maps[id].dump()?.into_iter();
            let elements = elements.map(|(key, values)| Element { key, values });
            printer.map(map, elements.collect());
        }
    }
    for (id, section) in object.data.iter_enumerated() {
        let Some(map) = &loaded.data[id] else {
            continue;
        };
        let content = map.lookup(&0_u32.to_ne_bytes())?;
        if let Some(content) = content.and_then(|values| values.into_iter().next()) {
            printer.variables(section, &content);
        }
    }
    Ok(())
}
