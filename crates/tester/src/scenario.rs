//! Plays the scenario of a test file on an engine.

use crate::engine::{Engine, Fact, Fault, Given, Printed, Redirect};
use crate::names::{Assignment, Names, unknown};
use crate::packets::PacketLanguage;
use crate::values;
use bpfc_base::Diagnostic;
use bpfc_btf::Btf;
use bpfc_object::{FuncId, Object};
use bpfc_testkit::{Access, Expect, Run, Step, StepKind, Value};
use bpfc_vm::Packets;

/// What went wrong with a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its line, from 1; 0 if it is no step's.
    pub line: u32,
    /// In words.
    pub text: String,
    /// What stopped a program, with its place.
    pub fault: Option<Box<Diagnostic>>,
    /// Whether the engine cannot do it at all.
    pub is_unsupported: bool,
}

/// Plays all steps; what went wrong.
pub fn play(object: &Object, steps: &[Step], engine: &mut dyn Engine) -> Vec<Problem> {
    let btf = match object.open_btf() {
        Ok(btf) => btf,
        Err(error) => {
            let text = format!("the object's BTF: {error}");
            return vec![Problem { line: 0, text, fault: None, is_unsupported: false }];
        }
    };
    let mut player =
        Player { names: Names { object, btf }, engine, packet: None, redirect: Redirect::Nowhere };
    let mut problems = Vec::new();
    for step in steps {
        if let Err(fault) = player.step(&step.kind) {
            let Fault { text, is_unsupported, diagnostic } = fault;
            let text = match &diagnostic {
                Some(_) => "the run was stopped".to_owned(),
                None => text,
            };
            problems.push(Problem { line: step.line, text, fault: diagnostic, is_unsupported });
            if is_unsupported {
                break;
            }
        }
    }
    problems
}

struct Player<'a> {
    names: Names<'a>,
    engine: &'a mut dyn Engine,
    /// The packet as the last run left it.
    packet: Option<Vec<u8>>,
    /// Where it went.
    redirect: Redirect,
}

impl Player<'_> {
    fn step(&mut self, step: &StepKind) -> Result<(), Fault> {
        match step {
            StepKind::Run(run) => return self.run(run),
            StepKind::Map { name, path, expect } => self.map(name, path, expect.as_ref()),
            StepKind::Event { name, expect } => self.event(name, expect),
            StepKind::Printk(expected) => self.printk(expected),
            StepKind::Packet(expected) => self.packet(expected),
            StepKind::Redirect(expected) => self.redirect(expected),
            StepKind::Set { name, path, value } => self.set(name, path, value),
            StepKind::Delete { name, key } => self.delete(name, key),
            StepKind::Variable { name, path, expect } => self.variable(name, path, expect),
            StepKind::Mock { helper, returns } => {
                let names = bpfc_kabi::helper_names();
                let found = bpfc_kabi::helper(helper);
                let found = found.ok_or_else(|| unknown("helper", helper, names))?;
                let returns = arguments(&self.names.btf, returns)?;
                return self.engine.mock(found.id, &returns);
            }
            StepKind::Given(facts) => {
                return facts.iter().try_for_each(|(name, value)| self.given(name, value));
            }
        }?;
        Ok(())
    }

    fn run(&mut self, run: &Run) -> Result<(), Fault> {
        let program = self.names.program(run.program.as_deref())?;
        for given in self.inputs(&run.inputs)? {
            self.run_with(program, &given, &run.expect)?;
        }
        Ok(())
    }

    /// What runs are given; several if the description of a packet is of several.
    fn inputs(&self, inputs: &[(String, Value)]) -> Result<Vec<Given>, String> {
        let mut given = Given::default();
        let mut packets = Vec::new();
        for (key, value) in inputs {
            match (key.as_str(), key.split_once('.')) {
                (_, Some(("ctx", field))) => self.set_context(&mut given.context, field, value)?,
                ("packet", _) => packets = self::packets(value)?,
                ("args", _) => given.args = arguments(&self.names.btf, value)?,
                ("ret", _) => given.return_value = values::number(&self.names.btf, value)? as u64,
                _ => {
                    return Err(format!(
                        "unknown input `{key}`: only packet, args, ret and ctx.FIELD"
                    ));
                }
            }
        }
        if packets.is_empty() {
            return Ok(vec![given]);
        }
        let with = |packet| Given { packet: Some(packet), ..given.clone() };
        Ok(packets.into_iter().map(with).collect())
    }

    fn run_with(&mut self, program: FuncId, given: &Given, expect: &Expect) -> Result<(), Fault> {
        let outcome = self.engine.run(program, given);
        let gave = match (expect, outcome) {
            (Expect::Fault(Some(code)), Err(fault)) if !fault.text.contains(code.as_str()) => {
                return Err(fault);
            }
            (Expect::Fault(_), Err(_)) => return Ok(()),
            (Expect::Fault(_), Ok(gave)) => {
                return Err(format!("no fault, but {}", gave.result).into());
            }
            (_, Err(fault)) => return Err(fault),
            (_, Ok(gave)) => gave,
        };
        self.packet = gave.packet;
        self.redirect = gave.redirect;
        let Expect::Value(value) = expect else { return Ok(()) };
        let expected = values::number(&self.names.btf, value)? as u32;
        match expected == gave.result {
            true => Ok(()),
            false => {
                Err(format!("expected {}, got {}", shown(value, expected), gave.result).into())
            }
        }
    }

    /// Sets a field of `struct __sk_buff`, the only context that runs are given.
    fn set_context(&self, context: &mut Vec<u8>, field: &str, value: &Value) -> Result<(), String> {
        let ty = self.names.btf.find_by_name("__sk_buff", bpfc_btf::KindSet::STRUCT);
        let ty = ty.ok_or("the object has no `struct __sk_buff`")?;
        let (offset, ty) = values::member(&self.names.btf, ty, field)
            .ok_or_else(|| format!("no field `{field}`"))?;
        let (bytes, _) = values::encode(&self.names.btf, Some(ty), None, value)?;
        let end = offset + bytes.len();
        if context.len() < end {
            context.resize(end, 0);
        }
        context[offset..end].copy_from_slice(&bytes);
        Ok(())
    }

    fn map(&mut self, name: &str, path: &[Access], expect: Option<&Value>) -> Result<(), String> {
        let (id, key, path) = self.names.element(name, path)?;
        let map = &self.names.object.maps[id];
        let part =
            values::part(&self.names.btf, map.value_type, map.value_size_bytes as usize, path)?;
        let found = self.engine.lookup(id, &key)?;
        match (found, expect) {
            (None, None) => Ok(()),
            (Some(_), None) => Err("the key is there".into()),
            (None, Some(_)) => Err("the key is absent".into()),
            (Some(values), Some(expect)) => {
                let actual = values::over_cpus(&self.names.btf, &values, part)?;
                let expected = values::encode(&self.names.btf, part.ty, Some(part.size), expect)?;
                values::difference(&self.names.btf, part.ty, &expected, &actual).map_or(Ok(()), Err)
            }
        }
    }

    fn set(&mut self, name: &str, path: &[Access], value: &Value) -> Result<(), String> {
        if self.names.object.map(name).is_none() {
            let Assignment { section, offset, bytes } = self.names.assignment(name, path, value)?;
            return self.engine.set_data(section, offset, &bytes);
        }
        let (id, key, path) = self.names.element(name, path)?;
        let map = &self.names.object.maps[id];
        let size = map.value_size_bytes as usize;
        let part = values::part(&self.names.btf, map.value_type, size, path)?;
        let (bytes, _) = values::encode(&self.names.btf, part.ty, Some(part.size), value)?;
        // What is not set stays as it was.
        let old = self.engine.lookup(id, &key)?.and_then(|values| values.into_iter().next());
        let mut content = old.unwrap_or_default();
        content.resize(size, 0);
        content[part.offset..part.offset + part.size].copy_from_slice(&bytes);
        self.engine.update(id, &key, &content)
    }

    fn delete(&mut self, name: &str, key: &Value) -> Result<(), String> {
        let path = [Access::Index(key.clone())];
        let (id, key, _) = self.names.element(name, &path)?;
        self.engine.delete(id, &key)
    }

    fn variable(&mut self, name: &str, path: &[Access], expect: &Value) -> Result<(), String> {
        let (section, variable) = self.names.find_variable(name)?;
        let part = self.names.variable_part(&variable, path)?;
        let content = self.engine.data(section)?;
        let start = variable.offset as usize + part.offset;
        let actual = content.get(start..start + part.size).ok_or("outside of its section")?;
        let expected = values::encode(&self.names.btf, part.ty, Some(part.size), expect)?;
        values::difference(&self.names.btf, part.ty, &expected, actual).map_or(Ok(()), Err)
    }

    fn given(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        let fact = match value {
            Value::Text(text) => Fact::Text(String::from_utf8_lossy(text).into_owned()),
            value => Fact::Number(
                u64::try_from(values::number(&self.names.btf, value)?)
                    .map_err(|_| format!("`{name}` is no negative number"))?,
            ),
        };
        self.engine.set_fact(name, &fact)
    }

    fn packet(&mut self, expected: &Value) -> Result<(), String> {
        let actual = self.packet.as_ref().ok_or("there is no packet")?;
        let [expected] = <[Vec<u8>; 1]>::try_from(packets(expected)?)
            .map_err(|_| "a packet is compared with one packet")?;
        match PacketLanguage.difference(&expected, actual) {
            Some(difference) => Err(format!("the packet is another one\n{difference}")),
            None => Ok(()),
        }
    }

    fn redirect(&mut self, expected: &Value) -> Result<(), String> {
        let expected = values::number(&self.names.btf, expected)?;
        match self.redirect {
            Redirect::Unknown => Ok(()),
            Redirect::To(to) if i128::from(to) == expected => Ok(()),
            Redirect::To(to) => Err(format!("expected {expected}, redirected to {to}")),
            Redirect::Nowhere => Err("nothing was redirected".into()),
        }
    }

    fn event(&mut self, name: &str, expect: &Value) -> Result<(), String> {
        let id = self.names.map_id(name)?;
        let event = self.engine.event(id).ok_or("there is no further event")?;
        let expected = expect.to_bytes(None)?;
        let n_bytes = expected.len();
        let actual = event.get(..n_bytes).unwrap_or(&event);
        let padding = event.get(n_bytes..).unwrap_or_default();
        if padding.len() > 7 {
            return Err(format!("a record of {} bytes", event.len()));
        }
        let said = vec![true; n_bytes];
        values::difference(&self.names.btf, None, &(expected, said), actual).map_or(Ok(()), Err)
    }

    fn printk(&mut self, expected: &[u8]) -> Result<(), String> {
        let expected = String::from_utf8_lossy(expected);
        match self.engine.printk() {
            Printed::Unknown => Ok(()),
            Printed::Line(line) if line == expected => Ok(()),
            Printed::Line(line) => Err(format!("printed \"{line}\"")),
            Printed::Nothing => Err("nothing further was printed".into()),
        }
    }
}

/// The packets that a value describes.
fn packets(value: &Value) -> Result<Vec<Vec<u8>>, String> {
    match value {
        Value::Text(text) => PacketLanguage.expand(&String::from_utf8_lossy(text)),
        value => Ok(vec![value.to_bytes(None)?]),
    }
}

fn arguments(btf: &Btf, value: &Value) -> Result<Vec<u64>, String> {
    let number = |value: &Value| values::number(btf, value).map(|number| number as u64);
    match value {
        Value::Array(items) => items.iter().map(number).collect(),
        value => number(value).map(|number| vec![number]),
    }
}

/// A constant by its name and its value.
fn shown(value: &Value, number: u32) -> String {
    match value {
        Value::Name(name) => format!("{name} ({number})"),
        _ => number.to_string(),
    }
}
