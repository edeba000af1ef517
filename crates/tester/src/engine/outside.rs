//! Test functions whose programs run in the kernel: what maps and variables hold is carried there before each run, and back
//! afterwards.

use super::kernel::Real;
use super::{Engine, Given};
use bpfc_kabi::{MapType, UpdateFlag};
use bpfc_object::{DataKind, MapId, Object};
use bpfc_vm::{Contents, Effect, Elsewhere, Input, MapEntry, Outcome, Refusal};
use std::collections::BTreeMap;
use std::fmt;

/// The kernel behind test functions.
pub struct Outside {
    object: Object,
    real: Real,
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outside")
    }
}

impl Outside {
    /// The programs of `object`, loaded.
    pub fn new(object: &Object, real: Real) -> Outside {
        Outside { object: object.clone(), real }
    }

    /// The maps whose elements are carried.
    fn carried(&self) -> Vec<(MapId, bool)> {
        let maps = self.object.maps.iter_enumerated();
        maps.filter_map(|(id, map)| carriage(map.kind()?).map(|has_keys| (id, has_keys))).collect()
    }

    fn to_kernel(&self, contents: &Contents<'_>) -> Result<(), String> {
        for (id, may_shrink) in self.carried() {
            let map = &self.real.loaded.maps[id];
            let ours = by_key(contents.map(id).entries);
            let theirs = map.dump().map_err(|error| error.to_string())?;
            let theirs: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = theirs.into_iter().collect();
            for key in theirs.keys().filter(|key| may_shrink && !ours.contains_key(*key)) {
                map.delete(key).map_err(|error| error.to_string())?;
            }
            for (key, values) in
                ours.iter().filter(|(key, values)| theirs.get(*key) != Some(values))
            {
                let result = map.update_values(key, values, UpdateFlag::Any);
                result.map_err(|error| error.to_string())?;
            }
        }
        for (id, section) in self.object.data.iter_enumerated() {
            let (Some(map), true) =
                (&self.real.loaded.data[id], section.kind != DataKind::ReadOnly)
            else {
                continue;
            };
            let result = map.update(&[0; 4], &contents.data(id), UpdateFlag::Any);
            result.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn back_from_kernel(&mut self, contents: &mut Contents<'_>) -> Result<(), String> {
        for (id, may_shrink) in self.carried() {
            let theirs = self.real.loaded.maps[id].dump().map_err(|error| error.to_string())?;
            let theirs: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = theirs.into_iter().collect();
            let ours = by_key(contents.map(id).entries);
            for key in ours.keys().filter(|key| may_shrink && !theirs.contains_key(*key)) {
                contents.map_delete(id, key).map_err(refused)?;
            }
            for (key, values) in
                theirs.iter().filter(|(key, values)| ours.get(*key) != Some(values))
            {
                contents.map_put(id, key, values).map_err(refused)?;
            }
        }
        for (id, section) in self.object.data.iter_enumerated() {
            if self.real.loaded.data[id].is_some() && section.kind != DataKind::ReadOnly {
                contents.set_data(id, &self.real.data(id)?).map_err(refused)?;
            }
        }
        Ok(())
    }

    /// What programs sent since the last call.
    fn events(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let maps: Vec<(MapId, Option<MapType>)> =
            self.object.maps.iter_enumerated().map(|(id, map)| (id, map.kind())).collect();
        for (map, kind) in maps {
            let is_ring = match kind {
                Some(MapType::Ringbuf) => true,
                Some(MapType::PerfEventArray) => false,
                _ => continue,
            };
            while let Some(bytes) = self.real.event(map) {
                effects.push(match is_ring {
                    true => Effect::Ringbuf { map, bytes },
                    false => Effect::PerfEvent { map, index: 0, bytes },
                });
            }
        }
        effects
    }
}

impl Elsewhere for Outside {
    fn run(
        &mut self,
        program: &str,
        input: &Input,
        contents: &mut Contents<'_>,
    ) -> Result<Outcome, Refusal> {
        let found = self.object.programs().find(|(_, function)| function.name == program);
        let Some((id, _)) = found else {
            return Err(Refusal::Failed("no such program is in the kernel".to_owned()));
        };
        let is_apart = |map: &bpfc_object::Map| {
            matches!(map.kind(), Some(MapType::Queue | MapType::Stack | MapType::BloomFilter))
        };
        if let Some(map) = self.object.maps.iter().find(|map| is_apart(map)) {
            let why = format!("what is in `{}` cannot be carried to the kernel", map.name);
            return Err(Refusal::Unsupported(why));
        }
        self.to_kernel(contents).map_err(Refusal::Failed)?;
        let given = Given {
            packet: input.packet.clone(),
            context: input.context.clone().unwrap_or_default(),
            ..Given::default()
        };
        let gave = self.real.run(id, &given).map_err(|fault| match fault.is_unsupported {
            true => Refusal::Unsupported(fault.text),
            false => Refusal::Failed(fault.text),
        })?;
        self.back_from_kernel(contents).map_err(Refusal::Failed)?;
        Ok(Outcome {
            ret: u64::from(gave.result),
            packet: gave.packet,
            metadata: Vec::new(),
            context: gave.context,
            effects: self.events(),
            n_insns: 0,
            engines: vec!["kernel"],
            unsupported: None,
        })
    }
}

/// Whether elements of such a map are carried, and whether they can be removed.
fn carriage(kind: MapType) -> Option<bool> {
    use MapType::*;
    match kind {
        Hash | PercpuHash | LruHash | LruPercpuHash | LpmTrie => Some(true),
        Array | PercpuArray => Some(false),
        _ => None,
    }
}

fn by_key(entries: Vec<MapEntry>) -> BTreeMap<Vec<u8>, Vec<Vec<u8>>> {
    entries.into_iter().map(|entry| (entry.key, entry.values)).collect()
}

fn refused(errno: i64) -> String {
    format!("what the kernel has does not fit the machine's map: error {errno}")
}
