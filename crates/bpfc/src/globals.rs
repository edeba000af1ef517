//! Global variables set before a program is loaded: `target_pid=42`, `opts.comm="nginx"`, `ports[1]=0x50`.

use crate::show::{Decoder, Encoder, Value};
use bpfc_base::similar::most_similar;
use bpfc_btf::{Btf, Kind, KindSet, Type, TypeId};
use bpfc_codegen::lower::LOST;
use bpfc_object::{DataId, Object, Variable};
use serde_json::Value as Json;
use std::ops::Range;

/// Gives a global variable, or a part of it, another first value. What programs may change can be changed again later,
/// through the map of the section; constants become what the verifier knows of them.
///
/// The value is JSON, or a word that stands for itself: the name of an enumerator, a text; numbers may be hexadecimal.
///
/// # Errors
/// What is wrong, in words: no such variable or member, a value that does not fit its type.
///
/// ```
/// use bpfc::{NoHost, Options, add_source, compile, set_variable};
/// # use bpfc_base::Session;
/// let source = b"const volatile int target_pid; \
///     __attribute__((section(\"socket\"))) int f(void *ctx) { return target_pid; }";
/// let mut session = Session::default();
/// let file = add_source(&mut session, "f.c", source).unwrap();
/// let mut object = compile(&mut session, file, &Options::default(), &mut NoHost).unwrap();
/// set_variable(&mut object, "target_pid=42").unwrap();
/// assert!(set_variable(&mut object, "target_pd=42").unwrap_err().contains("did you mean"));
/// ```
pub fn set_variable(object: &mut Object, assignment: &str) -> Result<(), String> {
    let btf = object.open_btf().map_err(|error| error.to_string())?;
    let content = |id: DataId| Ok::<_, String>(object.data[id].content());
    let (id, content, _) = assign(object, &btf, assignment, content)?;
    object.data[id].bytes = content;
    Ok(())
}

/// The section of the variable that `assignment` is about, what is in it afterwards, if it was `content` before, and which bytes of
/// it were assigned. `E` is why that cannot be known.
pub(crate) fn assign<E: From<String>>(
    object: &Object,
    btf: &Btf,
    assignment: &str,
    content: impl FnOnce(DataId) -> Result<Vec<u8>, E>,
) -> Result<(DataId, Vec<u8>, Range<usize>), E> {
    let (place, value) =
        assignment.split_once('=').ok_or_else(|| format!("`{assignment}` is not NAME=VALUE"))?;
    let (place, value) = (place.trim(), json(value.trim()));
    let (name, path) = split(place);
    let (id, variable) = find(object, name)?;
    let mut content = content(id)?;
    let (from, size) = (variable.offset as usize, variable.size_bytes as usize);
    let bytes = content.get_mut(from..from + size).ok_or_else(|| OUTSIDE.to_owned())?;
    let part = write(btf, &variable, path, &value, bytes)
        .map_err(|problem| format!("`{place}`: {problem}"))?;
    Ok((id, content, from + part.start..from + part.end))
}

/// The value of a global variable, or of a part of it, in a section that holds `content`. `E` is why that cannot be known.
pub(crate) fn read_variable<E: From<String>>(
    object: &Object,
    btf: &Btf,
    place: &str,
    content: impl FnOnce(DataId) -> Result<Vec<u8>, E>,
) -> Result<Value, E> {
    let (name, path) = split(place.trim());
    let (id, variable) = find(object, name)?;
    let content = content(id)?;
    let (from, size) = (variable.offset as usize, variable.size_bytes as usize);
    let bytes = content.get(from..from + size).ok_or_else(|| OUTSIDE.to_owned())?;
    let ty = type_of(btf, &variable)?;
    // It tells what is wrong with the path.
    Encoder::new(btf).part(name, ty, path).map_err(|problem| format!("`{place}`: {problem}"))?;
    let whole = Decoder::new(btf).variable(name, ty, bytes);
    follow(whole, path).ok_or_else(|| format!("`{place}` cannot be read").into())
}

const OUTSIDE: &str = "the variable is outside of its section";

/// A variable's name, and the way to a part of it.
fn split(place: &str) -> (&str, &str) {
    place.split_at(place.find(['.', '[']).unwrap_or(place.len()))
}

/// The part of a value that a path leads to which is known to be right.
fn follow(mut value: Value, path: &str) -> Option<Value> {
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        value = match (value, step.strip_suffix(']')) {
            (Value::Struct(members), None) => members.into_iter().find(|(name, _)| name == step)?.1,
            (Value::Array(elements), Some(idx)) => {
                elements.into_iter().nth(idx.trim().parse().ok()?)?
            }
            (Value::Text(bytes), Some(idx)) => {
                // What follows the end of the text is not kept.
                Value::Char(bytes.get(idx.trim().parse::<usize>().ok()?).copied().unwrap_or(0))
            }
            _ => return None,
        };
    }
    Some(value)
}

fn find(object: &Object, name: &str) -> Result<(DataId, Variable), String> {
    for (id, section) in object.data.iter_enumerated() {
        if let Some(variable) = section.variables.iter().find(|variable| variable.name == name) {
            return Ok((id, variable.clone()));
        }
    }
    if object.externs.iter().any(|item| item.name == name) {
        return Err(format!("`{name}` is defined elsewhere, and cannot be set"));
    }
    let variables = object.data.iter().flat_map(|section| &section.variables);
    let names = variables.map(|variable| variable.name.as_str());
    // Nobody wrote that one.
    let names: Vec<&str> = names.filter(|name| *name != LOST).collect();
    Err(match (most_similar(name, names.iter().copied()), names.is_empty()) {
        (Some(similar), _) => format!("there is no variable `{name}`; did you mean `{similar}`?"),
        (None, true) => format!("there is no variable `{name}`: the program has none"),
        (None, false) => format!("there is no variable `{name}`; there is {}", names.join(", ")),
    })
}

fn write(
    btf: &Btf,
    variable: &Variable,
    path: &str,
    value: &Json,
    bytes: &mut [u8],
) -> Result<Range<usize>, String> {
    let ty = type_of(btf, variable)?;
    let encoder = Encoder::new(btf);
    let part = encoder.part(&variable.name, ty, path)?;
    encoder.encode_part(part, value, bytes)?;
    let range = encoder.range(part)?;
    Ok(range.start..range.end.min(bytes.len()))
}

fn type_of(btf: &Btf, variable: &Variable) -> Result<TypeId, String> {
    let ty = variable.btf.and_then(|id| match btf.ty(id).ok()? {
        Type::Var { ty, .. } => Some(ty),
        _ => None,
    });
    ty.ok_or_else(|| "its type is not known".to_owned())
}

/// The bytes of a record that is sent to programs: `hex:…`, or a type of the object and JSON, `struct request:{"pid": 7}`. Members
/// that are not mentioned are zero.
///
/// # Errors
/// What is wrong with it, in words.
pub fn record(object: &Object, text: &str) -> Result<Vec<u8>, String> {
    if text.starts_with("hex:") {
        let bytes = crate::show::from_hex(text);
        return bytes.ok_or_else(|| "it is not hexadecimal".to_owned());
    }
    let (name, value) = text.split_once(':').ok_or("write `hex:` and bytes, or TYPE:JSON")?;
    let name = name.trim();
    let btf = object.open_btf().map_err(|error| error.to_string())?;
    let kinds = KindSet::of(&[Kind::Struct, Kind::Union, Kind::Typedef, Kind::Int, Kind::Enum]);
    let short = name.strip_prefix("struct ").or(name.strip_prefix("union ")).unwrap_or(name);
    let found = btf.find_by_name(short.trim(), kinds);
    let ty = found.ok_or_else(|| format!("the program has no type `{name}`"))?;
    let n_bytes = btf.size_of(ty).map_err(|error| error.to_string())? as usize;
    let mut bytes = vec![0; n_bytes];
    Encoder::new(&btf).encode(ty, &json(value.trim()), &mut bytes)?;
    Ok(bytes)
}

/// JSON, or a word that is none.
fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
}
