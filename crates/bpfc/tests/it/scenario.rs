//! Plays the scenario of a test file on an engine.

use crate::values;
use bpfc::{Btf, Object};
use bpfc_object::{FuncId, MapId};
use bpfc_testkit::{Access, Expect, Run, Step, StepKind, Value};

/// What runs programs.
pub trait Engine {
    /// Runs a program once. An error is a fault, in words.
    fn run(&mut self, program: FuncId, input: &Given) -> Result<Gave, String>;
    /// The values of a key: one, or one for each CPU.
    fn lookup(&mut self, map: MapId, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, String>;
    /// The next record of a ring buffer or perf event array.
    fn event(&mut self, map: MapId) -> Option<Vec<u8>>;
    /// The next line that a program printed; `Err` if this engine cannot know.
    fn printk(&mut self) -> Result<Option<String>, ()>;
}

/// What a run is given.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The packet, from its Ethernet header on.
    pub packet: Option<Vec<u8>>,
    /// The first bytes of the context.
    pub context: Vec<u8>,
}

/// What a run gave.
#[derive(Clone, Debug, Default)]
pub struct Gave {
    pub result: u32,
    pub packet: Option<Vec<u8>>,
}

/// Plays all steps; what went wrong, each with its line.
pub fn play(object: &Object, steps: &[Step], engine: &mut dyn Engine) -> Vec<(u32, String)> {
    let btf = match object.open_btf() {
        Ok(btf) => btf,
        Err(error) => return vec![(0, format!("the object's BTF: {error}"))],
    };
    let mut player = Player { object, btf, engine, packet: None };
    let mut problems = Vec::new();
    for step in steps {
        if let Err(problem) = player.step(&step.kind) {
            problems.push((step.line, problem));
        }
    }
    problems
}

struct Player<'a> {
    object: &'a Object,
    btf: Btf,
    engine: &'a mut dyn Engine,
    /// The packet as the last run left it.
    packet: Option<Vec<u8>>,
}

impl Player<'_> {
    fn step(&mut self, step: &StepKind) -> Result<(), String> {
        match step {
            StepKind::Run(run) => self.run(run),
            StepKind::Map { name, path, expect } => self.map(name, path, expect.as_ref()),
            StepKind::Event { name, expect } => self.event(name, expect),
            StepKind::Printk(expected) => self.printk(expected),
            StepKind::Packet(expected) => {
                let packet = self.packet.as_ref().ok_or("there is no packet")?;
                let expected = expected.to_bytes(None)?;
                let said = vec![true; expected.len()];
                match values::difference(&(expected, said), packet) {
                    Some(difference) => Err(format!("packet: {difference}")),
                    None => Ok(()),
                }
            }
        }
    }

    fn run(&mut self, run: &Run) -> Result<(), String> {
        let program = self.program(run.program.as_deref())?;
        let mut given = Given::default();
        for (key, value) in &run.inputs {
            match key.split_once('.') {
                Some(("ctx", field)) => self.set_context(&mut given.context, field, value)?,
                None if key == "packet" => given.packet = Some(value.to_bytes(None)?),
                _ => return Err(format!("unknown input `{key}`")),
            }
        }
        let outcome = self.engine.run(program, &given);
        match (&run.expect, outcome) {
            (Expect::Fault(code), Err(fault)) => match code {
                Some(code) if !fault.contains(code.as_str()) => Err(fault),
                _ => Ok(()),
            },
            (Expect::Fault(_), Ok(gave)) => Err(format!("no fault, but {}", gave.result)),
            (_, Err(fault)) => Err(fault),
            (expect, Ok(gave)) => {
                self.packet = gave.packet;
                let Expect::Value(value) = expect else {
                    return Ok(());
                };
                let expected = values::number(value)? as u32;
                match expected == gave.result {
                    true => Ok(()),
                    false => Err(format!("expected {expected}, got {}", gave.result)),
                }
            }
        }
    }

    fn program(&self, name: Option<&str>) -> Result<FuncId, String> {
        let mut programs = self.object.programs();
        match name {
            Some(name) => programs
                .find(|(_, function)| function.name == name)
                .map(|(id, _)| id)
                .ok_or_else(|| format!("no program `{name}`")),
            None => match (programs.next(), programs.next()) {
                (Some((id, _)), None) => Ok(id),
                _ => Err("`run` needs a name where there are several programs".into()),
            },
        }
    }

    /// Sets a field of `struct __sk_buff`, the only context that runs are given.
    fn set_context(&self, context: &mut Vec<u8>, field: &str, value: &Value) -> Result<(), String> {
        let ty = self.btf.find_by_name("__sk_buff", bpfc_btf::KindSet::STRUCT);
        let ty = ty.ok_or("the object has no `struct __sk_buff`")?;
        let (offset, ty) =
            values::member(&self.btf, ty, field).ok_or_else(|| format!("no field `{field}`"))?;
        let (bytes, _) = values::encode(&self.btf, Some(ty), None, value)?;
        let end = offset + bytes.len();
        if context.len() < end {
            context.resize(end, 0);
        }
        context[offset..end].copy_from_slice(&bytes);
        Ok(())
    }

    fn map_id(&self, name: &str) -> Result<MapId, String> {
        self.object.map(name).ok_or_else(|| format!("no map `{name}`"))
    }

    fn map(&mut self, name: &str, path: &[Access], expect: Option<&Value>) -> Result<(), String> {
        let id = self.map_id(name)?;
        let map = &self.object.maps[id];
        let (key_size, value_size) = (map.key_size_bytes as usize, map.value_size_bytes as usize);
        let Some((Access::Index(key), path)) = path.split_first() else {
            return Err("a map needs a key first".into());
        };
        let (key, _) = values::encode(&self.btf, map.key_type, Some(key_size), key)?;
        let part = values::part(&self.btf, map.value_type, value_size, path)?;
        let found = self.engine.lookup(id, &key)?;
        match (found, expect) {
            (None, None) => Ok(()),
            (Some(_), None) => Err("the key is there".into()),
            (None, Some(_)) => Err("the key is absent".into()),
            (Some(values), Some(expect)) => {
                let value = values.first().ok_or("no value")?;
                let actual = value
                    .get(part.offset..part.offset + part.size)
                    .ok_or("the value is too short")?;
                let expected = values::encode(&self.btf, part.ty, Some(part.size), expect)?;
                values::difference(&expected, actual).map_or(Ok(()), Err)
            }
        }
    }

    fn event(&mut self, name: &str, expect: &Value) -> Result<(), String> {
        let id = self.map_id(name)?;
        let event = self.engine.event(id).ok_or("there is no further event")?;
        let expected = expect.to_bytes(None)?;
        let n_bytes = expected.len();
        let actual = event.get(..n_bytes).unwrap_or(&event);
        let padding = event.get(n_bytes..).unwrap_or_default();
        if padding.len() > 7 {
            return Err(format!("a record of {} bytes", event.len()));
        }
        let said = vec![true; n_bytes];
        values::difference(&(expected, said), actual).map_or(Ok(()), Err)
    }

    fn printk(&mut self, expected: &[u8]) -> Result<(), String> {
        let expected = String::from_utf8_lossy(expected);
        match self.engine.printk() {
            Err(()) => Ok(()),
            Ok(Some(line)) if line == expected => Ok(()),
            Ok(Some(line)) => Err(format!("printed \"{line}\"")),
            Ok(None) => Err("nothing further was printed".into()),
        }
    }
}
