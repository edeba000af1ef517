//! A map with keys and values of two Rust types.

use super::{Map, Plain};
use crate::program::Error;
use bpfc_kabi::UpdateFlag;
use std::marker::PhantomData;

/// A map whose keys are `K` and whose values are `V`; see [`Map::typed`].
#[derive(Clone, Copy, Debug)]
pub struct TypedMap<'m, K, V> {
    map: &'m Map,
    types: PhantomData<fn(K) -> V>,
}

fn bytes<T: Plain>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(T::N_BYTES);
    value.put(&mut bytes);
    bytes
}

impl<'m, K: Plain, V: Plain> TypedMap<'m, K, V> {
    pub(super) fn new(map: &'m Map) -> Result<Self, Error> {
        let check = |what: &str, given: usize, wanted: u32| match given == wanted as usize {
            true => Ok(()),
            false => Err(map.misfit(&format!("{what} have {wanted} bytes, not {given}"))),
        };
        check("keys", K::N_BYTES, map.raw.key_size_bytes())?;
        check("values", V::N_BYTES, map.raw.value_size_bytes())?;
        Ok(TypedMap { map, types: PhantomData })
    }

    /// The value of a key, if there is one; of a per-CPU map, that of the first CPU.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub fn get(&self, key: &K) -> Result<Option<V>, Error> {
        Ok(self.get_per_cpu(key)?.and_then(|values| values.into_iter().next()))
    }

    /// The values of all possible CPUs; one, if the map is no per-CPU map.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub fn get_per_cpu(&self, key: &K) -> Result<Option<Vec<V>>, Error> {
        let found = self.map.raw.lookup(&bytes(key)).map_err(|error| self.map.error(error))?;
        Ok(found.map(|values| values.iter().map(|value| V::take(value)).collect()))
    }

    /// Sets the value of a key, on all CPUs.
    ///
    /// # Errors
    /// The kernel does not take it.
    pub fn set(&self, key: &K, value: &V) -> Result<(), Error> {
        let outcome = self.map.raw.update(&bytes(key), &bytes(value), UpdateFlag::Any);
        outcome.map_err(|error| self.map.error(error))
    }

    /// Sets many elements, by few system calls where the kernel can.
    ///
    /// # Errors
    /// The first that the kernel does not take; those before it are set.
    pub fn set_all(&self, elements: &[(K, V)]) -> Result<(), Error> {
        let n_values = self.map.raw.n_values() as usize;
        let one = |(key, value): &(K, V)| (bytes(key), vec![bytes(value); n_values]);
        let elements: Vec<_> = elements.iter().map(one).collect();
        let outcome = self.map.raw.update_batch(&elements, UpdateFlag::Any);
        outcome.map_err(|error| self.map.error(error))
    }

    /// Deletes a key: whether it was there.
    ///
    /// # Errors
    /// Keys of such a map cannot be deleted.
    pub fn delete(&self, key: &K) -> Result<bool, Error> {
        self.map.raw.delete(&bytes(key)).map_err(|error| self.map.error(error))
    }

    /// Deletes many keys, by few system calls where the kernel can: how many were there.
    ///
    /// # Errors
    /// As [`TypedMap::delete`].
    pub fn delete_all(&self, keys: &[K]) -> Result<usize, Error> {
        let keys: Vec<_> = keys.iter().map(bytes).collect();
        self.map.raw.delete_batch(&keys).map_err(|error| self.map.error(error))
    }

    /// All elements, in the order of the kernel; of a per-CPU map, with the value of the first CPU.
    ///
    /// # Errors
    /// The kernel does not list them.
    pub fn entries(&self) -> Result<impl Iterator<Item = (K, V)> + use<K, V>, Error> {
        let elements = self.map.raw.dump().map_err(|error| self.map.error(error))?;
        let of =
            |(key, values): bpfc_loader::Element| Some((K::take(&key), V::take(values.first()?)));
        Ok(elements.into_iter().filter_map(of))
    }
}
