//! Global variables set before a program is loaded: `target_pid=42`, `opts.comm="nginx"`, `ports[1]=0x50`.

use crate::show::Encoder;
use bpfc_base::similar::most_similar;
use bpfc_btf::{Btf, Type};
use bpfc_object::{DataId, Object, Variable};
use serde_json::Value as Json;

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
    let (place, value) =
        assignment.split_once('=').ok_or_else(|| format!("`{assignment}` is not NAME=VALUE"))?;
    let (place, value) = (place.trim(), json(value.trim()));
    let end = place.find(['.', '[']).unwrap_or(place.len());
    let (name, path) = place.split_at(end);
    let (id, variable) = find(object, name)?;
    let btf = object.open_btf().map_err(|error| error.to_string())?;
    let section = &mut object.data[id];
    let (from, size) = (variable.offset as usize, variable.size_bytes as usize);
    let mut content = section.content();
    let bytes =
        content.get_mut(from..from + size).ok_or("the variable is outside of its section")?;
    write(&btf, &variable, path, &value, bytes)
        .map_err(|problem| format!("`{place}`: {problem}"))?;
    section.bytes = content;
    Ok(())
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
    let names: Vec<&str> = variables.map(|variable| variable.name.as_str()).collect();
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
) -> Result<(), String> {
    let ty = variable.btf.and_then(|id| match btf.ty(id).ok()? {
        Type::Var { ty, .. } => Some(ty),
        _ => None,
    });
    let ty = ty.ok_or("its type is not known")?;
    let encoder = Encoder::new(btf);
    let part = encoder.part(ty, path)?;
    encoder.encode_part(part, value, bytes)
}

/// JSON, or a word that is none.
fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
}
