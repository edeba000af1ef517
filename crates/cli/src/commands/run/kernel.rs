//! `bpfc run --kernel`: load, attach, print what comes, detach, print the maps.

use super::live::{Condition, Live, Progress};
use super::printer::{Printer, prints};
use super::stacks::{Counting, is_folding};
use super::vm::{has_elements, takes_packets};
use super::{Ready, packets, verdict};
use crate::args::Run;
use crate::exit::Exit;
use crate::files;
use crate::terminal::{Terminal, print_err};
use bpfc::show::Element;
use bpfc_base::{Diagnostic, codes};
use bpfc_kabi::MapType;
use bpfc_loader::{
    AttachSpec, Ended, Errno, EventLoop, Fault, Kernel, Link, LoadError, LoadOptions, Loaded,
    PerfBuffer, PerfEvent, ProgKind, Program, RingBuffer, StopFlag, Streams, TestInput, TracePipe,
    UserRing, load,
};
use bpfc_object::{FuncId, Object};
use serde_json::json;
use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Pages of a perf buffer on each CPU.
const PERF_PAGES: u32 = 64;
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
    let overrides = overrides(ready, args, &programs)?;
    let kinds = overrides.iter().filter_map(|(id, spec)| {
        let declared = ProgKind::of(&ready.object.functions[*id]);
        Some((*id, spec.as_ref().ok()?.kind(declared.as_ref())))
    });
    let options =
        LoadOptions { kinds: kinds.collect(), programs: Some(programs), ..LoadOptions::default() };
    let kernel = Kernel::new();
    // Caught from here on: whatever ends the wait, everything is detached.
    let stop = StopFlag::on_signals()?;
    let loaded = load(&ready.object, &kernel, &options)?;
    let printer = RefCell::new(Printer::new(&ready.object, args.output()));
    let counting = Counting::open(&ready.object, &loaded, args)?.map_err(Problem::Usage)?;
    if let Some(counting) = &counting {
        printer.borrow_mut().name_stacks(counting.stacks());
    }
    if args.packet.is_some() {
        test_run(&loaded, args, &printer)?;
    } else {
        let mut links = attach_all(&loaded, overrides, &kernel)?;
        if let Some(folder) = &args.pin {
            loaded.pin(&mut links, folder)?;
            print_err(&format!("pinned below {}\n", files::shown(folder)));
        }
        send(ready, &loaded, args)?;
        print_iterators(&links, &printer)?;
        let live = Live::open(&ready.object, &loaded, args, &conditions);
        let live = live.map_err(|error| usage(format!("the terminal cannot be used: {error}")))?;
        let counting = counting.as_ref();
        let running = Running { object: &ready.object, loaded: &loaded, kernel: &kernel, counting };
        let until = Until { duration, count: args.count, stop: &stop };
        // Iterators have ended, and there may be nothing else.
        let waits = links.is_empty() || !links.iter().all(Link::is_iterator);
        let ended = if waits { running.stream(&printer, live, &until) } else { Ok(()) };
        match args.pin {
            Some(_) => drop(links),
            None => links.into_iter().try_for_each(Link::detach)?,
        }
        ended?;
    }
    if !is_folding(args) {
        print_maps(&ready.object, &loaded, &mut printer.borrow_mut())?;
    }
    match &counting {
        Some(counting) => counting.finish()?.map_err(Problem::Other),
        None => Ok(()),
    }
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

/// Where each program goes; an error where nothing says it.
type Specs = Vec<(FuncId, Result<AttachSpec, bpfc_loader::NoDefault>)>;

/// Where each program goes: as `--attach` says, else as its section says.
fn overrides(ready: &Ready, args: &Run, programs: &[FuncId]) -> Result<Specs, Problem> {
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

fn attach_all(loaded: &Loaded, specs: Specs, kernel: &Kernel) -> Result<Vec<Link>, Problem> {
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

/// `--send`: puts records into user ring buffers.
fn send(ready: &Ready, loaded: &Loaded, args: &Run) -> Result<(), Problem> {
    let mut rings: Vec<(&str, UserRing)> = Vec::new();
    for text in &args.send {
        let bad = |problem: String| usage(format!("`--send {text}`: {problem}"));
        let (name, record) =
            text.split_once('=').ok_or_else(|| bad("it is not MAP=RECORD".to_owned()))?;
        let bytes = bpfc::record(&ready.object, record).map_err(bad)?;
        let at = match rings.iter().position(|(other, _)| *other == name) {
            Some(at) => at,
            None => {
                let map = loaded.map(name);
                let map = map.ok_or_else(|| bad(format!("there is no map `{name}`")))?;
                rings.push((name, UserRing::new(map)?));
                rings.len() - 1
            }
        };
        if !rings[at].1.send(&bytes)? {
            return Err(bad(format!("map `{name}` is full")));
        }
    }
    Ok(())
}

/// ` (12 places)`, where there is more than one.
fn places(link: &Link) -> String {
    match (link.n_places(), link.n_refused()) {
        (1, 0) => String::new(),
        (n, 0) => format!(" ({n} places)"),
        (n, refused) => format!(" ({n} of {} places; the others cannot be probed)", n + refused),
    }
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

/// What ends the wait for events.
struct Until<'a> {
    duration: Option<Duration>,
    count: Option<u64>,
    stop: &'a StopFlag,
}

/// Programs at work.
struct Running<'a> {
    object: &'a Object,
    loaded: &'a Loaded,
    kernel: &'a Kernel,
    counting: Option<&'a Counting<'a>>,
}

impl Running<'_> {
    /// Prints events until the wait ends.
    fn stream(
        &self,
        printer: &RefCell<Printer<'_>>,
        live: Live<'_>,
        until: &Until<'_>,
    ) -> Result<(), LoadError> {
        let progress = Progress::default();
        let counted = || {
            let n_events = progress.n_events.get() + 1;
            progress.n_events.set(n_events);
            match until.count.is_some_and(|count| n_events >= count) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let show = |id, bytes: &[u8]| match self.counting {
            Some(counting) if counting.event(id, bytes) => {}
            _ => printer.borrow_mut().event(id, bytes),
        };
        let show = &show;
        let mut events = EventLoop::new();
        events.on_idle(|| printer.borrow_mut().flush());
        for (id, map) in self.object.maps.iter_enumerated() {
            let loaded = &self.loaded.maps[id];
            match map.kind() {
                Some(MapType::Ringbuf) => events.ring(RingBuffer::new(loaded)?, move |bytes| {
                    show(id, bytes);
                    counted()
                }),
                Some(MapType::PerfEventArray) => {
                    let buffer = PerfBuffer::new(loaded, self.kernel, PERF_PAGES)?;
                    let progress = &progress;
                    events.perf(buffer, move |event| match event {
                        PerfEvent::Sample { data, .. } => {
                            show(id, data);
                            counted()
                        }
                        PerfEvent::Lost { n_samples, .. } => {
                            progress.n_lost.set(progress.n_lost.get() + n_samples);
                            ControlFlow::Continue(())
                        }
                    });
                }
                _ => {}
            }
        }
        if prints(self.object) {
            events.trace(TracePipe::open()?, |line| {
                // The kernel ends each message with a line break, a program often with another.
                match line.trim() {
                    "" => ControlFlow::Continue(()),
                    text => {
                        match self.counting.is_some_and(Counting::is_folding) {
                            true => print_err(&format!("{text}\n")),
                            false => printer.borrow_mut().printk(text),
                        }
                        counted()
                    }
                }
            });
        }
        for program in &self.loaded.programs {
            let Some(streams) = Streams::open(program)? else { break };
            events.streams(streams, |line| {
                printer.borrow_mut().stream(line);
                counted()
            });
        }
        let ended = wait(&mut events, live, self.counting, until, &progress, printer);
        events.finish();
        drop(events);
        if until.duration != Some(Duration::ZERO)
            && !self.counting.is_some_and(Counting::is_folding)
        {
            self.tell(&progress, &mut printer.borrow_mut());
        }
        ended
    }

    /// Says how many events came, and how many were lost where the kernel tells.
    fn tell(&self, progress: &Progress, printer: &mut Printer<'_>) {
        let kinds = || self.object.maps.iter().filter_map(|map| map.kind());
        let has_perf = kinds().any(|kind| kind == MapType::PerfEventArray);
        if !has_perf && !kinds().any(|kind| kind == MapType::Ringbuf) {
            return;
        }
        let n_events = progress.n_events.get();
        let n_lost = has_perf.then(|| progress.n_lost.get());
        let plural = if n_events == 1 { "" } else { "s" };
        let lost = n_lost.map_or_else(String::new, |n| format!(", {}", losses(n)));
        printer.flush();
        match printer.is_json() {
            true => printer.run_of_one(|| json!({ "events": n_events, "lost": n_lost })),
            false => print_err(&format!("{n_events} event{plural}{lost}\n")),
        }
    }
}

/// What a perf buffer or ring buffer lost, in words.
fn losses(n_lost: u64) -> String {
    match n_lost {
        0 => "0 lost".to_owned(),
        n => format!("{n} lost: they came too fast"),
    }
}

/// Hands out events, and looks at maps in between.
fn wait(
    events: &mut EventLoop<'_>,
    mut live: Live<'_>,
    counting: Option<&Counting<'_>>,
    until: &Until<'_>,
    progress: &Progress,
    printer: &RefCell<Printer<'_>>,
) -> Result<(), LoadError> {
    if until.count == Some(0) {
        return Ok(());
    }
    let deadline = until.duration.and_then(|duration| Instant::now().checked_add(duration));
    let is_endless = deadline.is_none() && until.count.is_none();
    if is_endless && !live.has_screen() {
        print_err("Ctrl-C ends\n");
    }
    loop {
        let next = live.next();
        let wake = [deadline, next, counting.and_then(Counting::next)].into_iter().flatten().min();
        match events.run(wake, until.stop)? {
            Ended::Deadline if deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                if let Some(counting) = counting {
                    counting.tick();
                }
                if live.tick(progress, printer)?.is_break() {
                    return Ok(());
                }
            }
            Ended::Deadline | Ended::Stopped | Ended::Broken => return Ok(()),
        }
    }
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
