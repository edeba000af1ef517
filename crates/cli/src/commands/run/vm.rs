//! `bpfc run` in the virtual machine.

use super::printer::Printer;
use super::{Ready, packets, profile, verdict};
use crate::args::{EngineChoice, Run};
use crate::exit::Exit;
use crate::terminal::{Terminal, print_err};
use bpfc::show::Element;
use bpfc_base::Diagnostic;
use bpfc_kabi::{MapType, ProgType};
use bpfc_object::FuncId;
use bpfc_vm::{ArgValue, Effect, Input, Options, Outcome, Vm};
use serde_json::json;
use std::collections::BTreeMap;

/// Runs the programs of an object and prints what they did and left behind.
pub fn run(ready: &Ready, args: &Run, terminal: &mut Terminal) -> Exit {
    if args.profile && args.engine == EngineChoice::Rbpf {
        print_err(
            "error: `--profile` counts what the reference interpreter executes: use `--engine reference` or `both`\n",
        );
        return Exit::Usage;
    }
    match run_all(ready, args) {
        Ok(()) => Exit::Fine,
        Err(diagnostic) => {
            let exit = Exit::of(std::slice::from_ref(&diagnostic));
            terminal.print(&ready.session, &[diagnostic]);
            exit
        }
    }
}

fn run_all(ready: &Ready, args: &Run) -> Result<(), Diagnostic> {
    let object = &ready.object;
    let engine = match args.engine {
        EngineChoice::Both => bpfc_vm::EngineChoice::Both,
        EngineChoice::Rbpf => bpfc_vm::EngineChoice::Rbpf,
        EngineChoice::Reference => bpfc_vm::EngineChoice::Reference,
    };
    let programs = ready.programs(args)?;
    let packets = packets::load(args.packet.as_deref())?;
    let options = Options { engine, counts: args.profile, ..Options::default() };
    let mut vm = Vm::new(object, options).map_err(|error| error.to_diagnostic())?;
    let mut printer = Printer::new(object, args.output());
    let mut result = Ok(());
    for program in programs {
        result = Runs::new(ready, program, args.repeat).run(&mut vm, &packets, &mut printer);
        if result.is_err() {
            break;
        }
    }
    // What a failed run left behind helps to see why.
    print_maps(ready, &vm, &mut printer);
    if args.profile {
        profile::print(object, &vm.counts(), &mut printer);
    }
    result
}

/// The runs of one program.
struct Runs<'a> {
    ready: &'a Ready,
    program: FuncId,
    kind: Option<ProgType>,
    repeat: u32,
    /// How often each result came.
    results: BTreeMap<String, usize>,
    n_changed: usize,
}

impl<'a> Runs<'a> {
    fn new(ready: &'a Ready, program: FuncId, repeat: u32) -> Self {
        let section = &ready.object.functions[program].section;
        let kind = bpfc_kabi::guess_section(section).map(|section| section.def.prog);
        Self { ready, program, kind, repeat, results: BTreeMap::new(), n_changed: 0 }
    }

    fn run(
        mut self,
        vm: &mut Vm,
        packets: &[Vec<u8>],
        printer: &mut Printer<'_>,
    ) -> Result<(), Diagnostic> {
        let inputs: Vec<Input> = match takes_packets(self.kind) {
            true => packets.iter().map(|packet| packet_input(packet)).collect(),
            false => vec![traced_input()],
        };
        for (number, input) in (1..).zip(&inputs) {
            for _ in 0..self.repeat {
                let outcome = vm.run(self.program, input).map_err(|error| error.to_diagnostic())?;
                self.record(number, input, &outcome, printer);
            }
        }
        self.print(inputs.len() * self.repeat as usize, printer);
        Ok(())
    }

    fn record(&mut self, number: u32, input: &Input, outcome: &Outcome, printer: &mut Printer<'_>) {
        let verdict = verdict::name(self.kind, outcome.ret);
        let name = &self.ready.object.functions[self.program].name;
        let is_changed = input.packet.is_some() && outcome.packet != input.packet;
        self.n_changed += usize::from(is_changed);
        for effect in &outcome.effects {
            print_effect(effect, printer);
        }
        printer.run_of_one(|| {
            let packet = outcome.packet.as_ref().filter(|_| is_changed);
            json!({
                "program": name,
                "packet": input.packet.as_ref().map(|_| number),
                "return": outcome.ret as u32 as i32,
                "verdict": verdict,
                "instructions": outcome.n_insns,
                "engines": outcome.engines,
                "unsupported": outcome.unsupported,
                "packet_after": packet.map(|bytes| hex(bytes)),
            })
        });
        *self.results.entry(verdict).or_default() += 1;
    }

    fn print(&self, n_runs: usize, printer: &mut Printer<'_>) {
        let name = &self.ready.object.functions[self.program].name;
        let what = if takes_packets(self.kind) { "packet" } else { "run" };
        let plural = if n_runs == 1 { "" } else { "s" };
        let results: Vec<String> =
            self.results
                .iter()
                .map(|(verdict, n)| {
                    if self.results.len() > 1 { format!("{n} {verdict}") } else { verdict.clone() }
                })
                .collect();
        let changed = match self.n_changed {
            0 => String::new(),
            n => format!(", {n} changed"),
        };
        let results = results.join(", ");
        printer.summary(&format!("{name}: {n_runs} {what}{plural}: {results}{changed}"));
    }
}

fn packet_input(packet: &[u8]) -> Input {
    Input { packet: Some(packet.to_vec()), ..Input::default() }
}

/// Traced functions get a task for every argument: what pointers to anything else read is
/// zero, as from memory that holds nothing.
fn traced_input() -> Input {
    Input { args: vec![ArgValue::Task; 5], ..Input::default() }
}

/// Whether programs of this type run once for each packet.
pub fn takes_packets(kind: Option<ProgType>) -> bool {
    use ProgType::*;
    matches!(
        kind,
        Some(
            Xdp | SchedCls
                | SchedAct
                | SocketFilter
                | CgroupSkb
                | LwtIn
                | LwtOut
                | LwtXmit
                | LwtSeg6local
                | SkSkb
                | FlowDissector
                | SkReuseport
                | Netfilter
        )
    )
}

fn print_effect(effect: &Effect, printer: &mut Printer<'_>) {
    match effect {
        Effect::Printk(line) => printer.printk(line),
        Effect::Ringbuf { map, bytes } | Effect::PerfEvent { map, bytes, .. } => {
            printer.event(*map, bytes);
        }
        Effect::Redirect { to, .. } => {
            let to = format!("{to:?}").to_lowercase();
            printer.line(&format!("redirect to {to}"), || json!({ "redirect": to }));
        }
        Effect::CloneRedirect { ifindex, packet, .. } => {
            let text = format!("copy of {} bytes to interface {ifindex}", packet.len());
            printer.line(&text, || json!({ "clone_redirect": ifindex, "packet": hex(packet) }));
        }
        Effect::TailCall(name) => {
            printer.line(&format!("tail call of {name}"), || json!({ "tail_call": name }));
        }
        Effect::Signal(number) => {
            printer.line(&format!("signal {number}"), || json!({ "signal": number }));
        }
    }
}

fn print_maps(ready: &Ready, vm: &Vm, printer: &mut Printer<'_>) {
    for (id, map) in ready.object.maps.iter_enumerated() {
        if has_elements(map.kind()) {
            let entries = vm.map(id).entries.into_iter();
            let elements = entries.map(|entry| Element { key: entry.key, values: entry.values });
            printer.map(map, elements.collect());
        }
    }
    for (id, section) in ready.object.data.iter_enumerated() {
        printer.variables(section, &vm.data(id));
    }
}

/// False for maps that only carry events or refer to programs, maps and devices.
pub fn has_elements(kind: Option<MapType>) -> bool {
    use MapType::*;
    !matches!(
        kind,
        Some(
            Ringbuf
                | UserRingbuf
                | PerfEventArray
                | ProgArray
                | CgroupArray
                | ArrayOfMaps
                | HashOfMaps
        )
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
