//! The content of a map, as a table, a histogram or JSON.

use super::{Decoder, Field, Table, Value, histogram};
use bpfc_btf::Btf;
use bpfc_object::Map;
use serde_json::json;

/// An element of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The key; empty for queues and stacks.
    pub key: Vec<u8>,
    /// One value, or one for each CPU.
    pub values: Vec<Vec<u8>>,
}

/// A decoded element: columns of its key, none for queues and stacks, and of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: Vec<Field>,
    /// The value; numbers of several CPUs added up.
    pub value: Vec<Field>,
}

/// A map and what it held.
#[derive(Clone, Debug)]
pub struct MapView<'a> {
    /// Its definition.
    pub map: &'a Map,
    /// The types of its object.
    pub btf: &'a Btf,
    /// Its elements, in any order.
    pub elements: Vec<Element>,
}

impl<'a> MapView<'a> {
    /// A view with the elements in the order of their keys. Elements of arrays that are all
    /// zero are left out: nobody wrote them.
    pub fn new(map: &'a Map, btf: &'a Btf, mut elements: Vec<Element>) -> Self {
        if map.kind().is_some_and(|kind| kind.name().contains("ARRAY")) {
            elements.retain(|e| e.values.iter().flatten().any(|&byte| byte != 0));
        }
        // Little-endian keys compare from their last byte.
        elements.sort_by(|a, b| a.key.iter().rev().cmp(b.key.iter().rev()));
        Self { map, btf, elements }
    }

    /// The map's name and content for people; a histogram as bars.
    pub fn to_text(&self) -> String {
        let name = &self.map.name;
        if self.elements.is_empty() {
            return format!("{name}: empty\n");
        }
        if self.map.is_histogram
            && let Some(bars) = self.histogram()
        {
            return format!("{name}\n{bars}");
        }
        let mut table = Table::default();
        for Row { mut key, value } in self.rows() {
            key.extend(value);
            table.push(&key);
        }
        format!("{name}\n{table}")
    }

    /// The elements, decoded.
    pub fn rows(&self) -> Vec<Row> {
        self.elements.iter().map(|element| self.row(element)).collect()
    }

    /// The map's name and content for machines.
    pub fn to_json(&self) -> serde_json::Value {
        let elements: Vec<_> = self
            .elements
            .iter()
            .map(|element| {
                let decoder = Decoder::new(self.btf);
                let value = |bytes: &Vec<u8>| whole(&decoder, self.map.value_type, bytes).to_json();
                let key = whole(&decoder, self.map.key_type, &element.key).to_json();
                match element.values.as_slice() {
                    [one] => json!({ "key": key, "value": value(one) }),
                    each => {
                        let each: Vec<_> = each.iter().map(value).collect();
                        json!({ "key": key, "value_per_cpu": each })
                    }
                }
            })
            .collect();
        json!({ "map": self.map.name, "elements": elements })
    }

    fn row(&self, element: &Element) -> Row {
        let decoder = Decoder::new(self.btf);
        let key = match element.key.is_empty() {
            true => Vec::new(),
            false => self.key_columns(&decoder, element),
        };
        Row { key, value: self.value_columns(&decoder, element) }
    }

    fn key_columns(&self, decoder: &Decoder<'_>, element: &Element) -> Vec<Field> {
        let name = self.type_name(self.map.key_type).unwrap_or_else(|| "key".into());
        decoder.columns(&name, self.map.key_type, &element.key)
    }

    /// A column heading for a scalar: the name of its enumeration says more than "key".
    fn type_name(&self, ty: Option<bpfc_btf::TypeId>) -> Option<String> {
        let (id, resolved) = self.btf.resolved(ty?).ok()?;
        let is_enum = matches!(resolved, bpfc_btf::Type::Enum(_) | bpfc_btf::Type::Enum64(_));
        Some(self.btf.name(id).to_owned()).filter(|name| is_enum && !name.is_empty())
    }

    /// Values of several CPUs are added up where they are numbers.
    fn value_columns(&self, decoder: &Decoder<'_>, element: &Element) -> Vec<Field> {
        let each = element.values.iter();
        let mut each = each.map(|bytes| decoder.columns("value", self.map.value_type, bytes));
        let mut sum = each.next().unwrap_or_default();
        for columns in each {
            for ((_, total), (_, value)) in sum.iter_mut().zip(columns) {
                match (&mut *total, value) {
                    (Value::Int(total), Value::Int(n)) => *total = total.wrapping_add(n),
                    (Value::Duration(total), Value::Duration(n)) => *total = total.wrapping_add(n),
                    (Value::Array(list), value) => list.push(value),
                    (_, value) => {
                        let first = std::mem::replace(total, Value::Array(Vec::new()));
                        *total = Value::Array(vec![first, value]);
                    }
                }
            }
        }
        sum
    }

    /// The bars, if every key is a slot and every value a count.
    pub fn histogram(&self) -> Option<String> {
        Some(histogram::bars(self.map.style, &self.slots()?))
    }

    /// Ranges and counts of a histogram, if every key is a slot and every value a count.
    pub fn histogram_rows(&self) -> Option<Vec<(String, u64)>> {
        Some(histogram::rows(self.map.style, &self.slots()?))
    }

    fn slots(&self) -> Option<Vec<(u64, u64)>> {
        let decoder = Decoder::new(self.btf);
        let mut slots = Vec::new();
        for element in &self.elements {
            let key = decoder.columns("key", self.map.key_type, &element.key);
            let [(_, Value::Int(slot))] = key.as_slice() else {
                return None;
            };
            let value = self.value_columns(&decoder, element);
            let [(_, Value::Int(count))] = value.as_slice() else {
                return None;
            };
            slots.push((u64::try_from(*slot).ok()?, u64::try_from(*count).ok()?));
        }
        Some(slots)
    }
}

fn whole(decoder: &Decoder<'_>, ty: Option<bpfc_btf::TypeId>, bytes: &[u8]) -> Value {
    let mut columns = decoder.columns("", ty, bytes);
    match columns.as_mut_slice() {
        [(name, value)] if name.is_empty() => std::mem::replace(value, Value::Bool(false)),
        _ => Value::Struct(columns),
    }
}
