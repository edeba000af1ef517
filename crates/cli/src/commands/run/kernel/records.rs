//! `--send`: records for programs.

use super::{Problem, usage};
use bpfc_loader::{Loaded, UserRing};
use bpfc_object::Object;

/// A map's name and a record for it.
pub(super) type Record<'a> = (&'a str, Vec<u8>);

/// `--send`, understood.
pub(super) fn records<'a>(
    object: &Object,
    texts: &'a [String],
) -> Result<Vec<Record<'a>>, Problem> {
    let record = |text: &'a String| {
        let bad = |problem: String| usage(format!("`--send {text}`: {problem}"));
        let (name, record) =
            text.split_once('=').ok_or_else(|| bad("it is not MAP=RECORD".to_owned()))?;
        if !object.maps.iter().any(|map| map.name == name) {
            return Err(bad(format!("there is no map `{name}`")));
        }
        Ok((name, bpfc::record(object, record).map_err(bad)?))
    };
    texts.iter().map(record).collect()
}

/// Puts records into user ring buffers.
pub(super) fn send(loaded: &Loaded, records: &[Record<'_>]) -> Result<(), Problem> {
    let mut rings: Vec<(&str, UserRing)> = Vec::new();
    for (name, bytes) in records {
        let at = match rings.iter().position(|(other, _)| other == name) {
            Some(at) => at,
            None => {
                rings.extend(
                    loaded.map(name).map(UserRing::new).transpose()?.map(|ring| (*name, ring)),
                );
                rings.len() - 1
            }
        };
        if !rings[at].1.send(bytes)? {
            return Err(usage(format!("`--send`: map `{name}` is full")));
        }
    }
    Ok(())
}
