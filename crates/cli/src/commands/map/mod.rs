//! `bpfc map`: maps that are in the kernel, whoever made them.

mod content;
mod find;

use crate::args::{MapAction, MapArgs};
use crate::exit::Exit;
use crate::terminal::{Terminal, print_out};
use bpfc::show::{Table, Value};
use bpfc_base::{Diagnostic, codes};
use bpfc_kabi::UpdateFlag;
use bpfc_loader::{Errno, Kernel, LoadError, Map};
use content::Content;
use serde_json::json;

/// Shows or changes maps.
pub fn run(args: &MapArgs, terminal: &mut Terminal) -> Exit {
    match act(args) {
        Ok(()) => Exit::Fine,
        Err(Problem { diagnostic, exit }) => {
            terminal.fail(diagnostic);
            terminal.print_summary();
            exit
        }
    }
}

/// Why a command cannot go on.
struct Problem {
    diagnostic: Diagnostic,
    exit: Exit,
}

impl Problem {
    fn new(code: codes::Code, message: String, exit: Exit) -> Problem {
        Problem { diagnostic: Diagnostic::without_span(code, message), exit }
    }

    /// A value that is not one of the type.
    fn value(message: String) -> Problem {
        Problem::new(codes::load::E0920, message, Exit::Usage)
    }

    /// The map has no such element, or does not let it be changed.
    fn element(message: String) -> Problem {
        Problem::new(codes::load::E0922, message, Exit::Diagnostics)
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Problem {
        let diagnostic = error.to_diagnostic();
        let exit = Exit::of(std::slice::from_ref(&diagnostic)).max(Exit::Diagnostics);
        Problem { diagnostic, exit }
    }
}

fn act(args: &MapArgs) -> Result<(), Problem> {
    let kernel = Kernel::new();
    match &args.action {
        MapAction::Show { map } => show(map.as_deref(), args.json, &kernel),
        MapAction::Dump { map } => {
            let map = find::one(map, &kernel)?;
            if !map.is_listable() {
                let message =
                    format!("the kernel does not list what is in a map of type {}", kind(&map));
                return Err(Problem::element(message));
            }
            let content = Content::of(&map, &kernel)?;
            print_out(&content.all(args.json)?);
            Ok(())
        }
        MapAction::Get { map, key } => {
            let map = find::one(map, &kernel)?;
            print_out(&Content::of(&map, &kernel)?.one(key, args.json)?);
            Ok(())
        }
        MapAction::Set { map, key, value, new, existing } => {
            let map = find::one(map, &kernel)?;
            let flag = match (new, existing) {
                (true, _) => UpdateFlag::NoExist,
                (_, true) => UpdateFlag::Exist,
                _ => UpdateFlag::Any,
            };
            Content::of(&map, &kernel)?.set(key, value, flag)
        }
        MapAction::Delete { map, key } => {
            let map = find::one(map, &kernel)?;
            let content = Content::of(&map, &kernel)?;
            let bytes = content.key(key)?;
            match map.delete(&bytes).map_err(|error| refused(&map, error))? {
                true => Ok(()),
                false => Err(missing(&map, key)),
            }
        }
        MapAction::Push { map, value } => {
            let map = find::one(map, &kernel)?;
            let bytes = Content::of(&map, &kernel)?.value(value, None)?;
            map.push(&bytes).map_err(|error| refused(&map, error))
        }
        MapAction::Pop { map } => {
            let map = find::one(map, &kernel)?;
            let popped = map.pop().map_err(|error| refused(&map, error))?;
            let bytes =
                popped.ok_or_else(|| Problem::element(format!("map `{}` is empty", map.name())))?;
            print_out(&Content::of(&map, &kernel)?.popped(&bytes, args.json));
            Ok(())
        }
        MapAction::Pin { map, path } => Ok(find::one(map, &kernel)?.pin(path)?),
        MapAction::Freeze { map } => {
            let map = find::one(map, &kernel)?;
            map.freeze().map_err(|error| refused(&map, error))
        }
    }
}

fn missing(map: &Map, key: &str) -> Problem {
    Problem::element(format!("map `{}` has no element `{key}`", map.name()))
}

/// What an error number of an element's operation means.
fn refused(map: &Map, error: LoadError) -> Problem {
    let name = map.name();
    let kind = map.kind().map_or("its type", |kind| kind.name());
    let message = match error.errno() {
        Some(Errno::E2BIG) => {
            format!("map `{name}` is full: it has room for {} elements", map.max_entries())
        }
        Some(Errno::EEXIST) => format!("map `{name}` has this element already"),
        Some(Errno::ENOENT) => format!("map `{name}` does not have this element"),
        Some(Errno::EPERM | Errno::EACCES) => {
            format!("map `{name}` cannot be changed: it is frozen or read-only")
        }
        Some(errno) if errno.is_unsupported() || errno == Errno::EINVAL => {
            format!(
                "a map of type {kind} has no such operation, or the element cannot be changed like this"
            )
        }
        _ => return error.into(),
    };
    Problem::element(message)
}

fn show(map: Option<&str>, is_json: bool, kernel: &Kernel) -> Result<(), Problem> {
    let maps = match map {
        Some(map) => vec![find::one(map, kernel)?],
        None => find::all(kernel)?,
    };
    if is_json {
        let all: Vec<_> = maps
            .iter()
            .map(|map| {
                json!({
                    "id": map.id(),
                    "name": map.name(),
                    "type": kind(map),
                    "key_bytes": map.key_size_bytes(),
                    "value_bytes": map.value_size_bytes(),
                    "max_entries": map.max_entries(),
                    "flags": map.flags(),
                    "has_types": map.types().is_some(),
                })
            })
            .collect();
        print_out(&format!("{}\n", json!({ "maps": all })));
        return Ok(());
    }
    let mut table = Table::default();
    let number = |name: &str, number: u32| (name.to_owned(), Value::Int(number.into()));
    let text = |name: &str, text: &str| (name.to_owned(), Value::Text(text.into()));
    for map in &maps {
        table.push(&[
            number("id", map.id()),
            text("name", map.name()),
            text("type", &kind(map)),
            number("key", map.key_size_bytes()),
            number("value", map.value_size_bytes()),
            number("max", map.max_entries()),
            text("flags", &format!("{:#x}", map.flags())),
        ]);
    }
    print_out(&table.to_string());
    Ok(())
}

/// Its type as people write it: `hash`, `percpu_array`.
fn kind(map: &Map) -> String {
    match map.kind() {
        Some(kind) => kind.name().trim_start_matches("BPF_MAP_TYPE_").to_lowercase(),
        None => map.map_type().to_string(),
    }
}
