//! Which map is meant: `id:12`, `/sys/fs/bpf/counts`, `counts`.

use super::Problem;
use crate::exit::Exit;
use bpfc_base::codes;
use bpfc_base::similar::most_similar;
use bpfc_kabi::MapType;
use bpfc_loader::{Errno, Kernel, KernelProgram, Map, ObjectKind};
use std::collections::BTreeSet;
use std::path::Path;

/// Bytes of a name that the kernel keeps.
const NAME_BYTES: usize = 15;

/// All maps, by id.
pub fn all(kernel: &Kernel) -> Result<Vec<Map>, Problem> {
    let mut maps = Vec::new();
    for id in ObjectKind::Map.ids()? {
        // It may be gone since it was listed.
        maps.extend(Map::open_id(id, kernel)?);
    }
    Ok(maps)
}

/// The maps of stacks that programs use together with `map`; none where we may not ask for programs.
pub fn beside(map: &Map, kernel: &Kernel) -> Vec<Map> {
    let programs = ObjectKind::Program.ids().unwrap_or_default();
    let programs = programs.into_iter().filter_map(|id| KernelProgram::open(id).ok().flatten());
    let users = programs.filter(|program| program.map_ids.contains(&map.id()));
    let ids: BTreeSet<u32> = users.flat_map(|program| program.map_ids).collect();
    let others = ids.into_iter().filter_map(|id| Map::open_id(id, kernel).ok().flatten());
    others.filter(|other| other.kind() == Some(MapType::StackTrace)).collect()
}

/// The map that `text` names.
pub fn one(text: &str, kernel: &Kernel) -> Result<Map, Problem> {
    let none = |message: String| Problem::new(codes::load::E0921, message, Exit::Diagnostics);
    if text.contains('/') {
        return Map::open_pinned(Path::new(text), kernel).map_err(|error| match error.errno() {
            Some(Errno::ENOENT) => none(format!("nothing is pinned at `{text}`")),
            Some(Errno::EINVAL) => none(format!("`{text}` is no map that is pinned")),
            _ => error.into(),
        });
    }
    if let Some(id) = text.strip_prefix("id:") {
        let id: u32 = id.parse().map_err(|_| none(format!("`{id}` is no number of a map")))?;
        return Map::open_id(id, kernel)?
            .ok_or_else(|| none(format!("there is no map with id {id}")));
    }
    let mut maps = all(kernel)?;
    let short = text.get(..NAME_BYTES).unwrap_or(text);
    let mut found: Vec<usize> = (0..maps.len()).filter(|&at| maps[at].name() == short).collect();
    // Sections of variables are called by the object's name in front of theirs.
    if found.is_empty() && text.starts_with('.') {
        found = (0..maps.len()).filter(|&at| maps[at].name().ends_with(text)).collect();
    }
    match found.as_slice() {
        [] => {
            let message = match most_similar(text, maps.iter().map(Map::name)) {
                Some(similar) => format!("there is no map `{text}`; did you mean `{similar}`?"),
                None => format!("there is no map `{text}`"),
            };
            Err(none(message))
        }
        [at] => Ok(maps.swap_remove(*at)),
        several => {
            let ids: Vec<String> =
                several.iter().map(|at| format!("id:{}", maps[*at].id())).collect();
            Err(none(format!("there are {} maps `{text}`: {}", several.len(), ids.join(", "))))
        }
    }
}
