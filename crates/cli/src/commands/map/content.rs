//! Keys and values of a map, by the types that it was made with.

use super::{Problem, find, missing, refused};
use bpfc::Btf;
use bpfc::show::{Decoder, Element, Encoder, MapView, Table, Value};
use bpfc::stacks::Stacks;
use bpfc_btf::{SecVar, Type, TypeId};
use bpfc_kabi::UpdateFlag;
use bpfc_loader::{Kernel, Map, Types};
use bpfc_object::Map as Definition;
use serde_json::{Value as Json, json};
use std::cell::RefCell;

/// The only key of the map of a data section.
const SECTION_KEY: [u8; 4] = [0; 4];

/// A map and what its bytes mean.
pub struct Content<'m> {
    map: &'m Map,
    types: Types,
    /// Those that elements have numbers of.
    stacks: RefCell<Stacks>,
}

impl<'m> Content<'m> {
    /// Without types, 4 and 8 bytes are numbers and others are written in hexadecimal.
    pub fn of(map: &'m Map, kernel: &Kernel) -> Result<Content<'m>, Problem> {
        let untyped = || Types { btf: super::super::run::empty_btf(), key: None, value: None };
        let stacks = RefCell::new(Stacks::new(&find::beside(map, kernel))?);
        Ok(Content { map, types: map.types().unwrap_or_else(untyped), stacks })
    }

    fn btf(&self) -> &Btf {
        &self.types.btf
    }

    /// The map as the views take it.
    fn definition(&self) -> Definition {
        Definition {
            name: self.map.name().to_owned(),
            map_type: self.map.map_type(),
            key_size_bytes: self.map.key_size_bytes(),
            value_size_bytes: self.map.value_size_bytes(),
            max_entries: self.map.max_entries(),
            map_flags: self.map.flags(),
            key_type: self.types.key,
            value_type: self.types.value,
            ..Definition::default()
        }
    }

    /// The variables, if the map is a data section.
    fn variables(&self) -> Option<Vec<SecVar>> {
        match self.btf().ty(self.types.value?).ok()? {
            Type::DataSec(section) => Some(section.vars().collect()),
            _ => None,
        }
    }

    /// All elements, or all variables.
    pub fn all(&self, is_json: bool) -> Result<String, Problem> {
        let elements = self.map.dump().map_err(|error| refused(self.map, error))?;
        if let (Some(variables), [(_, values)]) = (self.variables(), elements.as_slice()) {
            return Ok(self.section(&variables, &values.concat(), is_json));
        }
        let elements = elements.into_iter().map(|(key, values)| Element { key, values });
        Ok(self.shown(elements.collect(), is_json))
    }

    fn shown(&self, elements: Vec<Element>, is_json: bool) -> String {
        let definition = self.definition();
        let view = MapView::new(&definition, self.btf(), elements).with_stacks(&self.stacks);
        match is_json {
            true => format!("{}\n", view.to_json()),
            false => view.to_text(),
        }
    }

    fn section(&self, variables: &[SecVar], bytes: &[u8], is_json: bool) -> String {
        let fields: Vec<(String, Value)> =
            variables.iter().filter_map(|variable| self.variable(variable, bytes)).collect();
        if is_json {
            let all: serde_json::Map<String, Json> =
                fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect();
            return format!("{}\n", json!({ "map": self.map.name(), "variables": all }));
        }
        let mut table = Table::default();
        for (name, value) in fields {
            let name = Value::Text(name.into_bytes());
            table.push(&[("variable".to_owned(), name), ("value".to_owned(), value)]);
        }
        format!("{}\n{table}", self.map.name())
    }

    fn variable(&self, variable: &SecVar, bytes: &[u8]) -> Option<(String, Value)> {
        let (ty, from) = (self.type_of(variable)?, variable.offset_bytes as usize);
        let bytes = bytes.get(from..from + variable.size_bytes as usize)?;
        let name = self.btf().name(variable.var).to_owned();
        let value = Decoder::new(self.btf()).variable(&name, ty, bytes);
        Some((name, value))
    }

    fn type_of(&self, variable: &SecVar) -> Option<TypeId> {
        match self.btf().ty(variable.var).ok()? {
            Type::Var { ty, .. } => Some(ty),
            _ => None,
        }
    }

    /// One element, or one variable.
    pub fn one(&self, key: &str, is_json: bool) -> Result<String, Problem> {
        if let Some(variables) = self.variables() {
            let variable = self.named(&variables, key)?;
            let bytes = self.lookup(&SECTION_KEY, key)?.concat();
            return Ok(self.section(&[variable], &bytes, is_json));
        }
        let bytes = self.key(key)?;
        let values = self.lookup(&bytes, key)?;
        match is_json {
            true => Ok(self.shown(vec![Element { key: bytes, values }], true)),
            false => {
                let definition = self.definition();
                // An array's view leaves out what is zero; who asks for an element sees it.
                let elements = vec![Element { key: bytes, values }];
                let view = MapView::of_one(&definition, self.btf(), elements);
                Ok(view.with_stacks(&self.stacks).to_text())
            }
        }
    }

    fn named(&self, variables: &[SecVar], name: &str) -> Result<SecVar, Problem> {
        let found = variables.iter().find(|variable| self.btf().name(variable.var) == name);
        let names = || variables.iter().map(|variable| self.btf().name(variable.var));
        found.copied().ok_or_else(|| {
            Problem::value(match bpfc_base::similar::most_similar(name, names()) {
                Some(similar) => {
                    format!("there is no variable `{name}`; did you mean `{similar}`?")
                }
                None => format!("there is no variable `{name}`"),
            })
        })
    }

    fn lookup(&self, bytes: &[u8], key: &str) -> Result<Vec<Vec<u8>>, Problem> {
        let found = self.map.lookup(bytes).map_err(|error| refused(self.map, error))?;
        found.ok_or_else(|| missing(self.map, key))
    }

    /// Changes an element, or a variable or a part of one.
    pub fn set(&self, key: &str, value: &str, flag: UpdateFlag) -> Result<(), Problem> {
        let changed = |error| refused(self.map, error);
        if let Some(variables) = self.variables() {
            let end = key.find(['.', '[']).unwrap_or(key.len());
            let variable = self.named(&variables, &key[..end])?;
            let mut bytes = self.lookup(&SECTION_KEY, key)?.concat();
            let encoder = Encoder::new(self.btf());
            let from = variable.offset_bytes as usize;
            let place = bytes.get_mut(from..from + variable.size_bytes as usize);
            let ty = self.type_of(&variable).zip(place);
            let (ty, place) =
                ty.ok_or_else(|| Problem::value(format!("the type of `{key}` is not known")))?;
            let part = encoder.part(&key[..end], ty, &key[end..]);
            let outcome = part.and_then(|part| {
                encoder.encode_part(part, &json_of(value), place)?;
                encoder.range(part)
            });
            let part = outcome.map_err(|problem| Problem::value(format!("`{key}`: {problem}")))?;
            let part = from + part.start..from + part.end;
            // Programs may change what is beside it.
            let is_written = flag != UpdateFlag::NoExist
                && self.map.write_part(part.start, &bytes[part]).map_err(changed)?;
            return match is_written {
                true => Ok(()),
                false => self.map.update(&SECTION_KEY, &bytes, flag).map_err(changed),
            };
        }
        let bytes = self.key(key)?;
        // Members that are not mentioned stay as they are.
        let old =
            self.map.lookup(&bytes).ok().flatten().and_then(|values| values.into_iter().next());
        let value = self.value(value, old)?;
        self.map.update(&bytes, &value, flag).map_err(changed)
    }

    /// The bytes of a key.
    pub fn key(&self, text: &str) -> Result<Vec<u8>, Problem> {
        let zeros = vec![0; self.map.key_size_bytes() as usize];
        self.bytes("key", text, self.types.key, zeros)
    }

    /// The bytes of a value; what is not mentioned is as in `old`, or zero.
    pub fn value(&self, text: &str, old: Option<Vec<u8>>) -> Result<Vec<u8>, Problem> {
        let zeros = || vec![0; self.map.value_size_bytes() as usize];
        self.bytes("value", text, self.types.value, old.unwrap_or_else(zeros))
    }

    fn bytes(
        &self,
        what: &str,
        text: &str,
        ty: Option<TypeId>,
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>, Problem> {
        let bad = |problem: String| Problem::value(format!("the {what} `{text}`: {problem}"));
        if let Some(digits) = text.strip_prefix("hex:") {
            let given = from_hex(digits).ok_or_else(|| bad("it is not hexadecimal".into()))?;
            return match given.len() == bytes.len() {
                true => Ok(given),
                false => Err(bad(format!("{} bytes, it has {}", given.len(), bytes.len()))),
            };
        }
        if let Some(ty) = ty {
            let outcome = Encoder::new(self.btf()).encode(ty, &json_of(text), &mut bytes);
            return outcome.map(|()| bytes).map_err(bad);
        }
        let n_bytes = bytes.len();
        let number = match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => text.parse().ok().or(text.parse::<i64>().ok().map(|number| number as u64)),
        };
        match number {
            Some(number) if n_bytes == 8 => Ok(number.to_ne_bytes().to_vec()),
            Some(number) if n_bytes == 4 => match u32::try_from(number) {
                Ok(number) => Ok(number.to_ne_bytes().to_vec()),
                Err(_) => Err(bad("it does not fit into 4 bytes".into())),
            },
            _ => Err(bad(format!("the map has no types: write `hex:` and {n_bytes} bytes"))),
        }
    }

    /// A value that was taken out of a queue or stack.
    pub fn popped(&self, bytes: &[u8], is_json: bool) -> String {
        let value = match self.types.value {
            Some(ty) => Decoder::new(self.btf()).decode(ty, bytes),
            None => Value::Bytes(bytes.to_vec()),
        };
        match is_json {
            true => format!("{}\n", json!({ "map": self.map.name(), "value": value.to_json() })),
            false => format!("{value}\n"),
        }
    }
}

/// JSON, or a word that is none and stands for itself.
fn json_of(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
}

/// Pairs of digits; blanks and colons may separate bytes.
fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        digits.bytes().filter(|byte| !matches!(byte, b' ' | b':' | b'_')).collect();
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}
