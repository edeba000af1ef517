//! The engines: the virtual machine and the running kernel.

use crate::scenario::{Engine, Gave, Given};
use bpfc::Object;
use bpfc_loader::{
    Kernel, LoadOptions, Loaded, PerfBuffer, PerfEvent, RingBuffer, TestInput, load,
};
use bpfc_object::{FuncId, MapId};
use bpfc_testkit::Failure;
use bpfc_vm::{Effect, EngineChoice, Input, Vm};
use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

/// The packet of runs that give none, as the virtual machine has it.
const DEFAULT_PACKET: [u8; 64] = [0; 64];

/// The virtual machine.
pub struct Machine {
    vm: Vm,
    events: BTreeMap<MapId, VecDeque<Vec<u8>>>,
    printed: VecDeque<String>,
}

impl Machine {
    pub fn new(object: &Object, engine: EngineChoice) -> Result<Self, String> {
        let options = bpfc_vm::Options { engine, ..bpfc_vm::Options::default() };
        Ok(Self {
            vm: Vm::new(object, options).map_err(|e| e.to_string())?,
            events: BTreeMap::new(),
            printed: VecDeque::new(),
        })
    }
}

impl Engine for Machine {
    fn run(&mut self, program: FuncId, given: &Given) -> Result<Gave, String> {
        let input = Input {
            packet: Some(given.packet.clone().unwrap_or(DEFAULT_PACKET.to_vec())),
            context: (!given.context.is_empty()).then(|| given.context.clone()),
            ..Input::default()
        };
        let outcome = self.vm.run(program, &input).map_err(|error| {
            let code = error.to_diagnostic().code;
            format!("{code}: {error}")
        })?;
        for effect in outcome.effects {
            match effect {
                Effect::Printk(line) => self.printed.push_back(line),
                Effect::Ringbuf { map, bytes } | Effect::PerfEvent { map, bytes, .. } => {
                    self.events.entry(map).or_default().push_back(bytes);
                }
                _ => {}
            }
        }
        Ok(Gave { result: outcome.ret as u32, packet: outcome.packet })
    }

    fn lookup(&mut self, map: MapId, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, String> {
        Ok(self.vm.map_lookup(map, key).map(|entry| entry.values))
    }

    fn event(&mut self, map: MapId) -> Option<Vec<u8>> {
        self.events.get_mut(&map)?.pop_front()
    }

    fn printk(&mut self) -> Result<Option<String>, ()> {
        Ok(self.printed.pop_front())
    }
}

/// The kernel that runs the tests.
pub struct Real {
    loaded: Loaded,
    rings: BTreeMap<MapId, RingBuffer>,
    perfs: BTreeMap<MapId, PerfBuffer>,
    events: BTreeMap<MapId, VecDeque<Vec<u8>>>,
    /// Socket filters are tested without the Ethernet header that they see when attached.
    sees_no_ethernet: BTreeMap<FuncId, bool>,
}

impl Real {
    /// Loads `object`.
    pub fn new(object: &Object) -> Result<Self, Failure> {
        let kernel = Kernel::new();
        let loaded = load(object, &kernel, &LoadOptions::default()).map_err(|error| {
            let is_denied = error.errno().is_some_and(|errno| errno.is_permission());
            let text = error.to_diagnostic().message;
            match is_denied && !is_root() {
                true => Failure::NeedsKernel(text),
                false => Failure::Failed(describe(&error)),
            }
        })?;
        let mut rings = BTreeMap::new();
        let mut perfs = BTreeMap::new();
        for (id, map) in loaded.maps.iter_enumerated() {
            let failed = |e: bpfc_loader::LoadError| Failure::Failed(e.to_string());
            match map.kind() {
                Some(bpfc_kabi::MapType::Ringbuf) => {
                    rings.insert(id, RingBuffer::new(map).map_err(failed)?);
                }
                Some(bpfc_kabi::MapType::PerfEventArray) => {
                    perfs.insert(id, PerfBuffer::new(map, &kernel, 8).map_err(failed)?);
                }
                _ => {}
            }
        }
        let sees_no_ethernet = object.programs().map(|(id, function)| {
            let section = bpfc_kabi::parse_section(&function.section);
            let kind = section.map(|section| section.def.prog);
            (id, kind == Some(bpfc_kabi::ProgType::SocketFilter))
        });
        Ok(Self {
            sees_no_ethernet: sees_no_ethernet.collect(),
            loaded,
            rings,
            perfs,
            events: BTreeMap::new(),
        })
    }
}

/// The message and the notes of an error, which for a rejection hold the verifier's words.
fn describe(error: &bpfc_loader::LoadError) -> String {
    let diagnostic = error.to_diagnostic();
    let notes = diagnostic.notes.iter().map(|note| note.text.as_str());
    let lines: Vec<&str> = std::iter::once(diagnostic.message.as_str()).chain(notes).collect();
    lines.join("\n    ")
}

/// True if the tests run as root, who may do everything that the kernel allows at all.
pub fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uid.and_then(|uids| uids.split_whitespace().nth(1)) == Some("0")
}

impl Engine for Real {
    fn run(&mut self, program: FuncId, given: &Given) -> Result<Gave, String> {
        let mut packet = given.packet.clone().unwrap_or(DEFAULT_PACKET.to_vec());
        let is_cut = self.sees_no_ethernet.get(&program) == Some(&true);
        if is_cut {
            packet.splice(0..0, [0; 14]);
        }
        let mut programs = self.loaded.programs.iter();
        let found = programs.find(|p| p.func() == program);
        let found = found.ok_or("the program is not loaded")?;
        let input = TestInput { data: &packet, ctx: &given.context, repeat: 1 };
        let output = found.test_run(&input).map_err(|e| e.to_string())?;
        let mut packet = output.data;
        if is_cut && packet.len() >= 14 {
            packet.drain(..14);
        }
        Ok(Gave { result: output.retval, packet: Some(packet) })
    }

    fn lookup(&mut self, map: MapId, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, String> {
        self.loaded.maps[map].lookup(key).map_err(|e| e.to_string())
    }

    fn event(&mut self, map: MapId) -> Option<Vec<u8>> {
        let events = self.events.entry(map).or_default();
        if let Some(ring) = self.rings.get_mut(&map) {
            ring.consume(|bytes| {
                events.push_back(bytes.to_vec());
                ControlFlow::Continue(())
            });
        }
        if let Some(perf) = self.perfs.get_mut(&map) {
            let _ = perf.consume(|event| {
                if let PerfEvent::Sample { data, .. } = event {
                    events.push_back(data.to_vec());
                }
                ControlFlow::Continue(())
            });
        }
        events.pop_front()
    }

    fn printk(&mut self) -> Result<Option<String>, ()> {
        Err(())
    }
}
