//! `--send`: records for programs.

use super::{Problem, usage};
use bpfc_kabi::MapType;
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
        match object.maps.iter().find(|map| map.name == name) {
            None => return Err(bad(format!("there is no map `{name}`"))),
            Some(map) if map.map_type != MapType::UserRingbuf.number() => {
                return Err(bad(format!(
                    "map `{name}` is no user ring buffer (BPF_MAP_TYPE_USER_RINGBUF)"
                )));
            }
            Some(_) => {}
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
