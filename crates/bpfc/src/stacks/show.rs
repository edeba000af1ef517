//! Stacks in what is shown of keys, values and events.

use super::{StackLayout, Stacks};
use crate::show::{Field, Value};
use bpfc_symbols::Frame;
use serde_json::json;

/// A member that holds a stack, and the functions on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedStack {
    /// The member's name; `outer.inner` in a struct that is a member.
    pub name: String,
    /// Innermost first.
    pub frames: Vec<Frame>,
    /// It is one function, and no stack.
    pub is_function: bool,
}

impl NamedStack {
    /// What is shown in place of the number or the addresses.
    pub fn value(&self) -> Value {
        match self.frames.as_slice() {
            [.., outermost] if self.is_function => {
                let known = outermost.is_known.then(|| outermost.name.to_string());
                let text = known.unwrap_or_else(|| format!("{:#x}", outermost.address));
                Value::Text(text.into_bytes())
            }
            frames => Value::Stack(frames.to_vec()),
        }
    }
}

impl Stacks {
    /// The functions on all stacks in some bytes. `pid` is whose they are where nothing beside them says it.
    pub fn named(
        &mut self,
        layout: &StackLayout,
        bytes: &[u8],
        pid: Option<u32>,
    ) -> Vec<NamedStack> {
        let pid = layout.process(bytes).or(pid);
        let each = layout.stacks.iter().map(|member| {
            let (side, trace) = self.trace(member, bytes);
            let (name, is_function) = (member.name.clone(), member.is_function);
            NamedStack { name, frames: self.frames(side, pid, &trace), is_function }
        });
        each.collect()
    }
}

/// Puts stacks in the place of the numbers or addresses that they were saved as.
pub fn put(fields: &mut [Field], stacks: &[NamedStack]) {
    for stack in stacks {
        if let Some(value) = find(fields, &stack.name) {
            *value = stack.value();
        }
    }
}

/// The field that a path leads to.
fn find<'f>(fields: &'f mut [Field], path: &str) -> Option<&'f mut Value> {
    let (first, rest) =
        path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (_, value) = fields.iter_mut().find(|(name, _)| name == first)?;
    match (rest, value) {
        (None, value) => Some(value),
        (Some(rest), Value::Struct(members)) => find(members, rest),
        (Some(_), _) => None,
    }
}

/// A stack in a line: functions from the outermost on.
pub fn folded(frames: &[Frame]) -> String {
    let names: Vec<&str> = frames.iter().rev().map(|frame| &*frame.name).collect();
    names.join(";").replace(char::is_control, "\u{fffd}")
}

/// A frame as a JSON object.
pub(crate) fn to_json(frame: &Frame) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    let mut put = |name: &str, value: serde_json::Value| object.insert(name.to_owned(), value);
    put("function", json!(&*frame.name));
    put("address", json!(format!("{:#x}", frame.address)));
    if frame.is_known {
        put("offset", json!(frame.offset));
    }
    if frame.is_inlined {
        put("inlined", json!(true));
    }
    if let Some(module) = &frame.module {
        put("module", json!(&**module));
    }
    if let Some(place) = &frame.place {
        put("file", json!(&*place.file));
        put("line", json!(place.line));
    }
    serde_json::Value::Object(object)
}
