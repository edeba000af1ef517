//! What ring buffers had no room for, as the programs count it.

use bpfc::LOST;
use bpfc_loader::{LoadError, Loaded};
use bpfc_object::{DataId, Object};

/// Where it is counted; nowhere in objects that were compiled by others.
pub(super) struct Lost<'a> {
    loaded: &'a Loaded,
    /// Sections, and the first byte in each.
    places: Vec<(DataId, usize)>,
}

impl<'a> Lost<'a> {
    pub(super) fn of(object: &Object, loaded: &'a Loaded) -> Lost<'a> {
        let sections = object.data.iter_enumerated();
        let places = sections.flat_map(|(id, section)| {
            let found = section.variables.iter().filter(|variable| variable.name == LOST);
            found.map(move |variable| (id, variable.offset as usize))
        });
        Lost { loaded, places: places.collect() }
    }

    /// How many records there were; none if that is not known.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub(super) fn count(&self) -> Result<Option<u64>, LoadError> {
        let mut sum = None;
        for (id, from) in &self.places {
            let Some(map) = &self.loaded.data[*id] else { continue };
            let content = map.lookup(&0_u32.to_ne_bytes())?.unwrap_or_default().concat();
            if let Some(Ok(bytes)) = content.get(*from..from + 8).map(TryInto::try_into) {
                sum = Some(sum.unwrap_or(0) + u64::from_ne_bytes(bytes));
            }
        }
        Ok(sum)
    }
}
