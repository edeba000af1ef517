//! `--exit-on`: what must be true for the run to end.

use super::snapshot::Eyes;
use bpfc::show::{Row, Value};
use bpfc_base::similar::most_similar;
use bpfc_btf::Type;
use bpfc_kabi::MapType;
use bpfc_loader::LoadError;
use bpfc_object::{MapId, Object};
use std::cell::Cell;

/// How far the run is.
#[derive(Debug, Default)]
pub struct Progress {
    /// Records of ring and perf buffers, and printed lines.
    pub n_events: Cell<u64>,
    /// Records that perf buffers lost.
    pub n_perf_lost: Cell<u64>,
    /// Records that ring buffers had no room for, as far as that is known.
    pub n_ring_lost: Cell<u64>,
}

impl Progress {
    /// Records that were lost.
    pub fn n_lost(&self) -> u64 {
        self.n_perf_lost.get() + self.n_ring_lost.get()
    }
}

/// A comparison: `map hits[0] > 100`, `hits["curl"].bytes >= 1e6`, `hits.len == 10`, `total > 5`, `events >= 10`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    what: What,
    operator: Operator,
    number: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Events,
    Lost,
    /// How many elements a map has.
    Len(MapId),
    /// A number in an element.
    Element {
        map: MapId,
        key: String,
        field: Option<String>,
    },
    Variable(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

/// Longer spellings first: `>=` begins with `>`.
const OPERATORS: [(&str, Operator); 6] = [
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Condition {
    /// Reads a condition on what `object` defines.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, object: &Object) -> Result<Condition, String> {
        let (left, operator, right) = split(text)
            .ok_or_else(|| format!("`{text}` compares nothing: write `map NAME[KEY] > NUMBER`"))?;
        let number = number(right).ok_or_else(|| format!("`{right}` is no number"))?;
        Ok(Condition { what: What::parse(left, object)?, operator, number })
    }

    /// Whether it is true now. What does not exist (yet) compares as false.
    pub fn holds(&self, eyes: &Eyes<'_>, progress: &Progress) -> Result<bool, LoadError> {
        let value = match &self.what {
            What::Events => Some(progress.n_events.get() as f64),
            What::Lost => Some(progress.n_lost() as f64),
            What::Len(map) => Some(eyes.rows(*map)?.len() as f64),
            What::Variable(name) => eyes.variable(name)?.and_then(|value| as_number(&value)),
            What::Element { map, key, field } => {
                let rows = eyes.rows(*map)?;
                let row = rows.iter().find(|row| has_key(row, key));
                row.and_then(|row| field_of(row, field.as_deref()))
            }
        };
        Ok(value.is_some_and(|value| match self.operator {
            Operator::Less => value < self.number,
            Operator::LessOrEqual => value <= self.number,
            Operator::Equal => value == self.number,
            Operator::NotEqual => value != self.number,
            Operator::GreaterOrEqual => value >= self.number,
            Operator::Greater => value > self.number,
        }))
    }
}

impl What {
    fn parse(text: &str, object: &Object) -> Result<What, String> {
        let (text, is_map) = match text.strip_prefix("map ") {
            Some(rest) => (rest.trim(), true),
            None => (text, false),
        };
        match text {
            "events" if !is_map => return Ok(What::Events),
            "lost" if !is_map => return Ok(What::Lost),
            _ => {}
        }
        if let Some((name, rest)) = text.split_once('[') {
            let (key, rest) = rest.rsplit_once(']').ok_or("`[` without `]`")?;
            let field = match rest.trim() {
                "" => None,
                rest => {
                    let field =
                        rest.strip_prefix('.').ok_or_else(|| format!("`{rest}` after `]`"))?;
                    Some(field.to_owned())
                }
            };
            let key = key.trim();
            let bare = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
            let map = map(name.trim(), object)?;
            check_key(object, map, bare)?;
            if let Some(field) = &field {
                check_field(object, map, field)?;
            }
            return Ok(What::Element { map, key: bare.to_owned(), field });
        }
        if let Some(name) = text.strip_suffix(".len") {
            return Ok(What::Len(map(name, object)?));
        }
        let variables = || object.data.iter().flat_map(|section| &section.variables);
        if !is_map && variables().any(|variable| variable.name == text) {
            return Ok(What::Variable(text.to_owned()));
        }
        if object.map(text).is_some() {
            return Err(format!("say what of map `{text}`: `{text}[KEY]` or `{text}.len`"));
        }
        let names = variables().map(|variable| variable.name.as_str());
        let names = names.chain(object.maps.iter().map(|map| map.name.as_str()));
        Err(missing("variable or map", text, most_similar(text, names)))
    }
}

/// Whether there can be such a key: a mistake in it would be waited for without end.
fn check_key(object: &Object, map: MapId, key: &str) -> Result<(), String> {
    let map = &object.maps[map];
    if key.is_empty() && map.key_size_bytes > 0 {
        return Err(format!("say which element of `{}`: `{0}[KEY]`", map.name));
    }
    let is_array = matches!(map.kind(), Some(MapType::Array | MapType::PercpuArray));
    let index = number(key).filter(|_| is_array);
    if index.is_some_and(|index| !(0.0..f64::from(map.max_entries)).contains(&index)) {
        return Err(format!(
            "`{}` has {} elements: there is no `{key}`",
            map.name, map.max_entries
        ));
    }
    let (Ok(btf), Some(ty)) = (object.open_btf(), map.key_type) else { return Ok(()) };
    let Ok((_, Type::Enum(of) | Type::Enum64(of))) = btf.resolved(ty) else { return Ok(()) };
    let names = || of.enumerators().map(|enumerator| enumerator.name);
    match number(key).is_some() || names().any(|name| name == key) {
        true => Ok(()),
        false => Err(missing("enumerator", key, most_similar(key, names()))),
    }
}

/// Whether values have such a member.
fn check_field(object: &Object, map: MapId, field: &str) -> Result<(), String> {
    let map = &object.maps[map];
    let (Ok(btf), Some(ty)) = (object.open_btf(), map.value_type) else { return Ok(()) };
    match btf.resolved(ty) {
        Ok((id, Type::Struct(of) | Type::Union(of))) => match btf.find_field(id, field) {
            Ok(None) => {
                let names = of.members().map(|member| member.name);
                Err(missing("member", field, most_similar(field, names)))
            }
            _ => Ok(()),
        },
        _ => Err(format!("values of `{}` have no members", map.name)),
    }
}

fn map(name: &str, object: &Object) -> Result<MapId, String> {
    object.map(name).ok_or_else(|| {
        let names = object.maps.iter().map(|map| map.name.as_str());
        missing("map", name, most_similar(name, names))
    })
}

fn missing(what: &str, name: &str, similar: Option<&str>) -> String {
    match similar {
        Some(similar) => format!("there is no {what} `{name}`; did you mean `{similar}`?"),
        None => format!("there is no {what} `{name}`"),
    }
}

/// The first operator outside of brackets and quotes.
fn split(text: &str) -> Option<(&str, Operator, &str)> {
    let (mut depth, mut is_quoted) = (0_u32, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted => depth += 1,
            ']' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > 0 || is_quoted {
            continue;
        }
        let found = OPERATORS.iter().find(|(spelling, _)| text[at..].starts_with(spelling));
        if let Some((spelling, operator)) = found {
            return Some((text[..at].trim(), *operator, text[at + spelling.len()..].trim()));
        }
    }
    None
}

fn number(text: &str) -> Option<f64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(|n| n as f64),
        None => text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(_) | Value::Duration(_) | Value::Timestamp(_) => {
            value.as_int().map(|n| n as f64)
        }
        Value::Bool(is_set) => Some(f64::from(u8::from(*is_set))),
        Value::Char(c) => Some(f64::from(*c)),
        _ => None,
    }
}

/// Whether the columns of the key, joined by commas, read like `key`.
fn has_key(row: &Row, key: &str) -> bool {
    let columns: Vec<String> = row.key.iter().map(|(_, value)| value.to_string()).collect();
    let wanted = key.split(',').map(str::trim);
    columns.join(",") == key
        || columns.len() == wanted.clone().count()
            && wanted.zip(&row.key).all(|(wanted, (_, value))| {
                *wanted == value.to_string()
                    || as_number(value).is_some_and(|n| number(wanted) == Some(n))
            })
}

fn field_of(row: &Row, field: Option<&str>) -> Option<f64> {
    let mut value = row.value.iter().filter(|(name, _)| field.is_none_or(|field| field == name));
    value.find_map(|(_, value)| as_number(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfc_object::Map;

    fn object() -> Object {
        let map = Map { name: "hits".into(), ..Map::default() };
        Object { maps: [map].into_iter().collect(), ..Object::default() }
    }

    fn parse(text: &str) -> Result<Condition, String> {
        Condition::parse(text, &object())
    }

    #[test]
    fn conditions_are_read() {
        let condition = parse("map hits[0] > 100").unwrap();
        assert_eq!((condition.operator, condition.number), (Operator::Greater, 100.0));
        assert_eq!(condition, parse("hits[0]>1e2").unwrap());
        let Ok(Condition { what: What::Element { key, field, .. }, operator, .. }) =
            parse("hits[\"a>b\"].bytes<=0x10")
        else {
            panic!("an element");
        };
        assert_eq!((key.as_str(), field.as_deref()), ("a>b", Some("bytes")));
        assert_eq!(operator, Operator::LessOrEqual);
        assert!(matches!(parse("hits.len == 3").unwrap().what, What::Len(_)));
        assert_eq!(parse("events >= 10").unwrap().what, What::Events);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, problem) in [
            ("hits[0]", "compares nothing"),
            ("hits[0] > many", "`many` is no number"),
            ("hist[0] > 1", "no map `hist`; did you mean `hits`?"),
            ("hits > 1", "`hits[KEY]` or `hits.len`"),
            ("total > 1", "no variable or map `total`"),
            ("hits[0 > 1", "compares nothing"),
            ("hits[0]x > 1", "`x` after `]`"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn keys_are_compared_by_what_they_mean() {
        let row = |key: Vec<Value>| Row {
            key: key.into_iter().map(|value| (String::new(), value)).collect(),
            value: vec![("packets".into(), Value::Int(3)), ("bytes".into(), Value::Int(7))],
        };
        let one = row(vec![Value::Int(16)]);
        assert!(has_key(&one, "16") && has_key(&one, "0x10") && !has_key(&one, "1"));
        let two = row(vec![Value::Text(b"curl".to_vec()), Value::Int(80)]);
        assert!(has_key(&two, "curl, 80") && !has_key(&two, "curl"));
        assert_eq!(field_of(&two, None), Some(3.0));
        assert_eq!(field_of(&two, Some("bytes")), Some(7.0));
        assert_eq!(field_of(&two, Some("drops")), None);
    }
}
