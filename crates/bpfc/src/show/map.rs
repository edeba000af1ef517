//! The content of a map, as a table, a histogram or JSON.

use super::{Decoder, Field, Table, Value, histogram};
use crate::stacks::{self, StackLayout, Stacks, Trace};
use bpfc_btf::Btf;
use bpfc_kabi::MapType;
use bpfc_object::Map;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;

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
    stacks: Option<NamedBy<'a>>,
}

/// What names the stacks of elements, and where they are.
#[derive(Clone, Debug)]
struct NamedBy<'a> {
    stacks: &'a RefCell<Stacks>,
    key: Option<StackLayout>,
    value: Option<StackLayout>,
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
        Self::of_one(map, btf, elements)
    }

    /// A view of these elements, as they are.
    pub fn of_one(map: &'a Map, btf: &'a Btf, elements: Vec<Element>) -> Self {
        Self { map, btf, elements, stacks: None }
    }

    /// With stacks in place of their numbers.
    #[must_use]
    pub fn with_stacks(mut self, stacks: &'a RefCell<Stacks>) -> Self {
        let has_map = stacks.borrow().has_map();
        let layout = |ty: Option<_>| StackLayout::of(self.btf, ty?, has_map);
        let (key, value) = (layout(self.map.key_type), layout(self.map.value_type));
        self.stacks = Some(NamedBy { stacks, key, value });
        self
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
                let value = |bytes: &Vec<u8>| {
                    let mut value = whole(&decoder, self.map.value_type, bytes);
                    self.name_value(element, bytes, &mut value);
                    value.to_json()
                };
                let mut key = whole(&decoder, self.map.key_type, &element.key);
                self.name_key(element, &mut key);
                let key = key.to_json();
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
        let mut row = Row { key, value: self.value_columns(&decoder, element) };
        if self.stacks.is_some() {
            row.key = self.named(row.key, |value| self.name_key(element, value));
            if let [bytes] = element.values.as_slice() {
                row.value = self.named(row.value, |value| self.name_value(element, bytes, value));
            }
        }
        row
    }

    fn named(&self, columns: Vec<Field>, name: impl Fn(&mut Value)) -> Vec<Field> {
        let mut whole = Value::Struct(columns);
        name(&mut whole);
        match whole {
            Value::Struct(columns) => columns,
            stack => vec![("stack".to_owned(), stack)],
        }
    }

    fn name_key(&self, element: &Element, value: &mut Value) {
        if let (Some(NamedBy { stacks, key: Some(layout), .. }), Value::Struct(members)) =
            (&self.stacks, value)
        {
            stacks::put(members, &stacks.borrow_mut().named(layout, &element.key, None));
        }
    }

    fn name_value(&self, element: &Element, bytes: &[u8], value: &mut Value) {
        let Some(by) = &self.stacks else { return };
        if self.map.kind() == Some(MapType::StackTrace) {
            let trace = Trace::of_element(bytes, self.map.map_flags);
            *value = Value::Stack(by.stacks.borrow_mut().frames(trace.side(), None, &trace));
        } else if let (Some(layout), Value::Struct(members)) = (&by.value, value) {
            let pid = by.key.as_ref().and_then(|key| key.process(&element.key));
            stacks::put(members, &by.stacks.borrow_mut().named(layout, bytes, pid));
        }
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

    /// The bars, if every key ends in a slot and every value is a count: under the rest of the key where there is any.
    pub fn histogram(&self) -> Option<String> {
        let mut text = String::new();
        for Slots { of, slots } in self.slots()? {
            if !of.is_empty() {
                text += &format!("  {of}\n");
            }
            text += &histogram::bars(self.map.style, &slots);
        }
        Some(text)
    }

    /// Ranges and counts of histograms with what they are of, if every key ends in a slot and every value is a count.
    pub fn histogram_rows(&self) -> Option<Vec<Bars>> {
        let rows = |Slots { of, slots }| Bars { of, rows: histogram::rows(self.map.style, &slots) };
        Some(self.slots()?.into_iter().map(rows).collect())
    }

    /// One list for each key without its slot, in the order of their text.
    fn slots(&self) -> Option<Vec<Slots>> {
        let mut all: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
        for Row { mut key, value } in self.rows() {
            let Some((name, Value::Int(slot))) = key.pop() else {
                return None;
            };
            let [(_, Value::Int(count))] = value.as_slice() else {
                return None;
            };
            if !key.is_empty() && name != SLOT {
                return None;
            }
            let of: Vec<String> =
                key.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            let slots = all.entry(of.join(", ")).or_default();
            slots.push((u64::try_from(slot).ok()?, u64::try_from(*count).ok()?));
        }
        Some(all.into_iter().map(|(of, slots)| Slots { of, slots }).collect())
    }
}

/// What the last member of a histogram's key is called if there are others.
const SLOT: &str = "slot";

/// A histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    /// What it is of: the key without the slot; empty for the only one of a map.
    pub of: String,
    /// Ranges and counts.
    pub rows: Vec<(String, u64)>,
}

/// Slots and counts of one histogram.
struct Slots {
    /// The rest of the key.
    of: String,
    slots: Vec<(u64, u64)>,
}

fn whole(decoder: &Decoder<'_>, ty: Option<bpfc_btf::TypeId>, bytes: &[u8]) -> Value {
    let mut columns = decoder.columns("", ty, bytes);
    match columns.as_mut_slice() {
        [(name, value)] if name.is_empty() => std::mem::replace(value, Value::Bool(false)),
        _ => Value::Struct(columns),
    }
}
