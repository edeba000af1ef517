//! The kernel as an engine, by `BPF_PROG_TEST_RUN`.

use super::{DEFAULT_PACKET, Engine, Fact, Fault, Gave, Given, Printed, Redirect};
use bpfc_kabi::UpdateFlag;
use bpfc_loader::{
    Kernel, LoadError, LoadOptions, Loaded, PerfBuffer, PerfEvent, RingBuffer, TestInput, load,
};
use bpfc_object::{DataId, FuncId, MapId, Object};
use bpfc_testkit::Failure;
use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

/// What kernels say to test runs of program types that cannot be run like this; user space has no name for it.
const ENOTSUPP: i32 = 524;

/// The kernel that runs the tests.
pub struct Real {
    pub(super) loaded: Loaded,
    rings: BTreeMap<MapId, RingBuffer>,
    perfs: BTreeMap<MapId, PerfBuffer>,
    events: BTreeMap<MapId, VecDeque<Vec<u8>>>,
    /// Socket filters are tested without the Ethernet header that they see when attached.
    sees_no_ethernet: BTreeMap<FuncId, bool>,
}

impl Real {
    /// Loads `object`; where that is not allowed, the test that asks for it is left out.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn new(object: &Object) -> Result<Self, Failure> {
        Self::load(object).map_err(|error| {
            let is_denied = error.errno().is_some_and(|errno| errno.is_permission());
            match is_denied && !is_root() {
                true => Failure::NeedsKernel(error.to_diagnostic().message),
                false => Failure::Failed(describe(&error)),
            }
        })
    }

    /// Loads the programs of `object`, but for test functions.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn load(object: &Object) -> Result<Self, LoadError> {
        let kernel = Kernel::new();
        let object = &crate::plan::without_tests(object);
        let loaded = load(object, &kernel, &LoadOptions::default())?;
        let mut rings = BTreeMap::new();
        let mut perfs = BTreeMap::new();
        for (id, map) in loaded.maps.iter_enumerated() {
            match map.kind() {
                Some(bpfc_kabi::MapType::Ringbuf) => {
                    rings.insert(id, RingBuffer::new(map)?);
                }
                Some(bpfc_kabi::MapType::PerfEventArray) => {
                    perfs.insert(id, PerfBuffer::new(map, &kernel, 8)?);
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
fn describe(error: &LoadError) -> String {
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
    fn run(&mut self, program: FuncId, given: &Given) -> Result<Gave, Fault> {
        if !given.args.is_empty() {
            return Err(Fault::unsupported("the kernel passes arguments of its own"));
        }
        let mut packet = given.packet.clone().unwrap_or(DEFAULT_PACKET.to_vec());
        let is_cut = self.sees_no_ethernet.get(&program) == Some(&true);
        if is_cut {
            packet.splice(0..0, [0; 14]);
        }
        let mut programs = self.loaded.programs.iter();
        let found = programs.find(|p| p.func() == program);
        let found = found.ok_or("the program is not loaded".to_owned())?;
        let input = TestInput { data: &packet, ctx: &given.context, repeat: 1 };
        let output = found.test_run(&input).map_err(|error| {
            let is_unsupported = error.errno().is_some_and(|errno| errno.0 == ENOTSUPP);
            Fault { text: error.to_string(), is_unsupported, diagnostic: None }
        })?;
        let mut packet = output.data;
        if is_cut && packet.len() >= 14 {
            packet.drain(..14);
        }
        Ok(Gave {
            result: output.retval,
            packet: Some(packet),
            context: output.ctx,
            redirect: Redirect::Unknown,
        })
    }

    fn lookup(&mut self, map: MapId, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, String> {
        self.loaded.maps[map].lookup(key).map_err(|e| e.to_string())
    }

    fn update(&mut self, map: MapId, key: &[u8], value: &[u8]) -> Result<(), String> {
        let map = &self.loaded.maps[map];
        let result = map.update(key, value, UpdateFlag::Any);
        result.map_err(|e| e.to_string())
    }

    fn delete(&mut self, map: MapId, key: &[u8]) -> Result<(), String> {
        match self.loaded.maps[map].delete(key) {
            Ok(true) => Ok(()),
            Ok(false) => Err("the map refuses it: ENOENT".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn data(&mut self, section: DataId) -> Result<Vec<u8>, String> {
        let map = self.loaded.data[section].as_ref().ok_or("the section is empty")?;
        let found = map.lookup(&[0; 4]).map_err(|e| e.to_string())?;
        found.and_then(|values| values.into_iter().next()).ok_or_else(|| "no content".to_owned())
    }

    fn set_data(&mut self, section: DataId, offset: usize, bytes: &[u8]) -> Result<(), String> {
        let mut content = self.data(section)?;
        let part = content.get_mut(offset..offset + bytes.len());
        part.ok_or("outside of the section")?.copy_from_slice(bytes);
        let map = self.loaded.data[section].as_ref().ok_or("the section is empty")?;
        map.update(&[0; 4], &content, UpdateFlag::Any).map_err(|e| e.to_string())
    }

    fn set_fact(&mut self, name: &str, _: &Fact) -> Result<(), Fault> {
        Err(Fault::unsupported(&format!("`{name}` cannot be given to a kernel, which has its own")))
    }

    fn mock(&mut self, _: u32, _: &[u64]) -> Result<(), Fault> {
        Err(Fault::unsupported("a kernel has its own helpers"))
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

    fn printk(&mut self) -> Printed {
        Printed::Unknown
    }
}
