//! The virtual machine as an engine.

use super::{DEFAULT_PACKET, Engine, Fact, Fault, Gave, Given, Printed, Redirect};
use bpfc_object::{DataId, FuncId, MapId, Object};
use bpfc_vm::{ArgValue, Effect, EngineChoice, Input, RedirectTarget, Vm, errno_name};
use std::collections::{BTreeMap, VecDeque};

/// The virtual machine.
pub struct Machine {
    vm: Vm,
    events: BTreeMap<MapId, VecDeque<Vec<u8>>>,
    printed: VecDeque<String>,
}

impl Machine {
    /// A machine with the maps of `object`.
    ///
    /// # Errors
    /// Why its maps cannot be made.
    pub fn new(object: &Object, engine: EngineChoice) -> Result<Self, String> {
        let options = bpfc_vm::Options { engine, ..bpfc_vm::Options::default() };
        Ok(Self::with(Vm::new(object, options).map_err(|e| e.to_string())?))
    }

    /// This machine, as it is now.
    pub fn with(vm: Vm) -> Self {
        Self { vm, events: BTreeMap::new(), printed: VecDeque::new() }
    }

    /// The machine as runs have left it.
    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    fn give(&mut self, name: &str, fact: &Fact) -> Result<(), String> {
        let mut environment = self.vm.environment().clone();
        let narrow =
            |number: &u64| u32::try_from(*number).map_err(|_| format!("{number} is too large"));
        match (name, fact) {
            ("time", Fact::Number(ns)) => environment.time_ns = *ns,
            // A process of one thread.
            ("pid", Fact::Number(id)) => {
                environment.pid = narrow(id)?;
                environment.tgid = environment.pid;
            }
            ("tid", Fact::Number(id)) => environment.pid = narrow(id)?,
            ("uid", Fact::Number(id)) => environment.uid = narrow(id)?,
            ("gid", Fact::Number(id)) => environment.gid = narrow(id)?,
            ("cgroup", Fact::Number(id)) => environment.cgroup_id = *id,
            ("comm", Fact::Text(comm)) => environment.comm.clone_from(comm),
            ("cpu", Fact::Number(cpu)) if *cpu < u64::from(environment.n_cpus) => {
                environment.cpu = *cpu as u32;
            }
            ("cpu", Fact::Number(cpu)) => {
                return Err(format!(
                    "there is no CPU {cpu}: the machine has {}",
                    environment.n_cpus
                ));
            }
            ("time" | "pid" | "tid" | "uid" | "gid" | "cgroup" | "cpu", Fact::Text(_)) => {
                return Err(format!("`{name}` is a number"));
            }
            ("comm", Fact::Number(_)) => return Err("`comm` is a text".to_owned()),
            _ => {
                let known = "time, pid, tid, uid, gid, comm, cpu and cgroup";
                return Err(format!("`{name}` cannot be given: only {known}"));
            }
        }
        self.vm.change_environment(|old| *old = environment.clone());
        Ok(())
    }
}

impl Engine for Machine {
    fn run(&mut self, program: FuncId, given: &Given) -> Result<Gave, Fault> {
        let input = Input {
            packet: Some(given.packet.clone().unwrap_or(DEFAULT_PACKET.to_vec())),
            context: (!given.context.is_empty()).then(|| given.context.clone()),
            args: given.args.iter().copied().map(ArgValue::Number).collect(),
            return_value: given.return_value,
            ..Input::default()
        };
        let outcome = self.vm.run(program, &input).map_err(|error| {
            let diagnostic = error.to_diagnostic();
            let text = format!("{}: {error}", diagnostic.code);
            Fault { text, is_unsupported: false, diagnostic: Some(Box::new(diagnostic)) }
        })?;
        let mut redirect = Redirect::Nowhere;
        for effect in outcome.effects {
            match effect {
                Effect::Printk(line) => self.printed.push_back(line),
                Effect::Ringbuf { map, bytes } | Effect::PerfEvent { map, bytes, .. } => {
                    self.events.entry(map).or_default().push_back(bytes);
                }
                Effect::Redirect { to, .. } => redirect = Redirect::To(target(to)),
                _ => {}
            }
        }
        Ok(Gave {
            result: outcome.ret as u32,
            packet: outcome.packet,
            context: outcome.context,
            redirect,
        })
    }

    fn lookup(&mut self, map: MapId, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, String> {
        Ok(self.vm.map_lookup(map, key).map(|entry| entry.values))
    }

    fn update(&mut self, map: MapId, key: &[u8], value: &[u8]) -> Result<(), String> {
        self.vm.map_update(map, key, value, 0).map_err(refused)
    }

    fn delete(&mut self, map: MapId, key: &[u8]) -> Result<(), String> {
        self.vm.map_delete(map, key).map_err(refused)
    }

    fn data(&mut self, section: DataId) -> Result<Vec<u8>, String> {
        Ok(self.vm.data(section))
    }

    fn set_data(&mut self, section: DataId, offset: usize, bytes: &[u8]) -> Result<(), String> {
        self.vm.set_data(section, offset, bytes).map_err(refused)
    }

    fn set_fact(&mut self, name: &str, fact: &Fact) -> Result<(), Fault> {
        Ok(self.give(name, fact)?)
    }

    fn mock(&mut self, helper: u32, returns: &[u64]) -> Result<(), Fault> {
        self.vm.mock_helper(helper, returns);
        Ok(())
    }

    fn event(&mut self, map: MapId) -> Option<Vec<u8>> {
        self.events.get_mut(&map)?.pop_front()
    }

    fn printk(&mut self) -> Printed {
        self.printed.pop_front().map_or(Printed::Nothing, Printed::Line)
    }
}

fn refused(errno: i64) -> String {
    match errno_name(errno) {
        Some(name) => format!("the map refuses it: {name}"),
        None => format!("the map refuses it: error {errno}"),
    }
}

fn target(to: RedirectTarget) -> u64 {
    match to {
        RedirectTarget::Interface(ifindex)
        | RedirectTarget::Peer(ifindex)
        | RedirectTarget::Neighbour(ifindex) => u64::from(ifindex),
        RedirectTarget::Map { key, .. } => key,
    }
}
