//! Maps by the types of their program: JSON in and out, or plain Rust types.

mod plain;
mod typed;

pub use plain::Plain;
pub use typed::TypedMap;

use super::{Error, Stage};
use crate::show::Codec;
use bpfc_base::codes::load::E0920;
use bpfc_base::{Diagnostic, Session};
use bpfc_btf::{Btf, TypeId};
use bpfc_kabi::UpdateFlag;
use bpfc_loader::{Kernel, LoadError};
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;

/// A map of the kernel: elements as JSON by the types of the program, as plain Rust types ([`Map::typed`]), or as bytes
/// ([`Map::raw`]). It needs no longer live than what it was taken from, and threads may share it.
///
/// Numbers, texts, enumerators by name, structs as objects, arrays as arrays; an element of a per-CPU map has an array
/// with a value for each possible CPU. Queues, stacks and bloom filters have no keys: there, a key is `null`.
///
/// ```no_run
/// use serde_json::json;
/// # fn f(attached: bpfc::Attached) -> Result<(), bpfc::Error> {
/// let flows = attached.map("flows")?;
/// flows.set(json!({"port": 80, "protocol": "TCP"}), json!({"packets": 0}))?;
/// let packets = flows.get(json!({"port": 80, "protocol": "TCP"}))?.map(|flow| flow["packets"].clone());
/// for (key, value) in flows.entries()? {
///     println!("{key}: {value}");
/// }
///
/// let counters = attached.map("counters")?;
/// let counters = counters.typed::<u32, u64>()?;
/// counters.set(&7, &0)?;
/// assert_eq!(counters.get(&7)?, Some(0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Map {
    raw: bpfc_loader::Map,
    types: Types,
    session: Arc<Session>,
}

/// What keys and values are.
#[derive(Clone, Debug, Default)]
pub(super) struct Types {
    pub btf: Option<Arc<Btf>>,
    pub key: Option<TypeId>,
    pub value: Option<TypeId>,
}

impl Map {
    pub(super) fn new(raw: bpfc_loader::Map, types: Types, session: &Arc<Session>) -> Map {
        Map { raw, types, session: Arc::clone(session) }
    }

    /// A map that is pinned in a bpffs, with the types that it was made with.
    ///
    /// # Errors
    /// There is none, or it is no map.
    pub fn open_pinned(path: impl AsRef<Path>) -> Result<Map, Error> {
        let session = Arc::new(Session::default());
        let raw = bpfc_loader::Map::open_pinned(path.as_ref(), &Kernel::new())
            .map_err(|error| Error::loading(Stage::Use, &session, error))?;
        let types = raw.types().map_or_else(Types::default, |types| Types {
            key: types.key,
            value: types.value,
            btf: Some(Arc::new(types.btf)),
        });
        Ok(Map { raw, types, session })
    }

    /// Its name in the object.
    pub fn name(&self) -> &str {
        self.raw.name()
    }

    /// The map as bytes: its sizes, pins, file descriptor, elements that are maps or programs.
    pub fn raw(&self) -> &bpfc_loader::Map {
        &self.raw
    }

    /// Whether elements have a value for each possible CPU.
    pub fn is_per_cpu(&self) -> bool {
        self.raw.kind().is_some_and(bpfc_kabi::MapType::is_per_cpu)
    }

    /// How keys are read and written.
    pub fn key_codec(&self) -> Codec<'_> {
        let n_bytes = self.raw.key_size_bytes() as usize;
        Codec { btf: self.types.btf.as_deref(), ty: self.types.key, n_bytes }
    }

    /// How values are read and written.
    pub fn value_codec(&self) -> Codec<'_> {
        let n_bytes = self.raw.value_size_bytes() as usize;
        Codec { btf: self.types.btf.as_deref(), ty: self.types.value, n_bytes }
    }

    /// The value of a key, if there is one.
    ///
    /// # Errors
    /// The key does not fit, or the kernel does not tell.
    pub fn get(&self, key: impl Into<Json>) -> Result<Option<Json>, Error> {
        let key = self.key(&key.into())?;
        let found = self.raw.lookup(&key).map_err(|error| self.error(error))?;
        Ok(found.map(|values| self.shown(&values)))
    }

    /// Sets the value of a key. Members of a struct that are not mentioned stay as they are, or become zero. A per-CPU map
    /// takes one value for all CPUs, or an array with one for each.
    ///
    /// # Errors
    /// Key or value do not fit, or the kernel does not take them.
    pub fn set(&self, key: impl Into<Json>, value: impl Into<Json>) -> Result<(), Error> {
        self.set_with(key, value, UpdateFlag::Any)
    }

    /// As [`Map::set`], only if the key is there, or only if it is not.
    ///
    /// # Errors
    /// As [`Map::set`].
    pub fn set_with(
        &self,
        key: impl Into<Json>,
        value: impl Into<Json>,
        flag: UpdateFlag,
    ) -> Result<(), Error> {
        let key = self.key(&key.into())?;
        // Queues have nothing to keep, and others may not be readable.
        let old = if key.is_empty() { None } else { self.raw.lookup(&key).ok().flatten() };
        let values = self.values(&value.into(), old.as_deref())?;
        self.raw.update_values(&key, &values, flag).map_err(|error| self.error(error))
    }

    /// Sets many elements, by few system calls where the kernel can. Members that are not mentioned become zero.
    ///
    /// # Errors
    /// As [`Map::set`], of the first that cannot be set. Nothing is set if one does not fit; otherwise those before it are.
    pub fn set_all(&self, elements: impl IntoIterator<Item = (Json, Json)>) -> Result<(), Error> {
        let each = elements.into_iter();
        let each = each.map(|(key, value)| Ok((self.key(&key)?, self.values(&value, None)?)));
        let elements = each.collect::<Result<Vec<_>, Error>>()?;
        self.raw.update_batch(&elements, UpdateFlag::Any).map_err(|error| self.error(error))
    }

    /// Deletes a key: whether it was there.
    ///
    /// # Errors
    /// The key does not fit, or keys of such a map cannot be deleted.
    pub fn delete(&self, key: impl Into<Json>) -> Result<bool, Error> {
        let key = self.key(&key.into())?;
        self.raw.delete(&key).map_err(|error| self.error(error))
    }

    /// Deletes many keys, by few system calls where the kernel can: how many were there.
    ///
    /// # Errors
    /// As [`Map::delete`].
    pub fn delete_all(&self, keys: impl IntoIterator<Item = Json>) -> Result<usize, Error> {
        let keys = keys.into_iter().map(|key| self.key(&key)).collect::<Result<Vec<_>, Error>>()?;
        self.raw.delete_batch(&keys).map_err(|error| self.error(error))
    }

    /// All elements, in the order of the kernel.
    ///
    /// # Errors
    /// The kernel does not list them.
    pub fn entries(&self) -> Result<impl Iterator<Item = (Json, Json)> + '_, Error> {
        let elements = self.raw.dump().map_err(|error| self.error(error))?;
        let key = |key: &[u8]| self.key_codec().decode(key).to_json();
        Ok(elements.into_iter().map(move |(bytes, values)| (key(&bytes), self.shown(&values))))
    }

    /// Puts a value into a queue, a stack or a bloom filter.
    ///
    /// # Errors
    /// As [`Map::set`].
    pub fn push(&self, value: impl Into<Json>) -> Result<(), Error> {
        self.set(Json::Null, value)
    }

    /// Takes a value out of a queue or a stack.
    ///
    /// # Errors
    /// It is neither.
    pub fn pop(&self) -> Result<Option<Json>, Error> {
        let found = self.raw.pop().map_err(|error| self.error(error))?;
        Ok(found.map(|bytes| self.value_codec().decode(&bytes).to_json()))
    }

    /// The map with keys and values that are plain Rust types.
    ///
    /// # Errors
    /// They have other sizes than those of the map.
    pub fn typed<K: Plain, V: Plain>(&self) -> Result<TypedMap<'_, K, V>, Error> {
        TypedMap::new(self)
    }

    /// The bytes of a key.
    ///
    /// # Errors
    /// It does not fit.
    pub fn key(&self, key: &Json) -> Result<Vec<u8>, Error> {
        let bytes = self.key_codec().encode(key, None);
        bytes.map_err(|problem| self.misfit(&format!("the key `{key}`: {problem}")))
    }

    /// The bytes of one value for each possible CPU, or of one. What is not mentioned is as in `old`.
    ///
    /// # Errors
    /// It does not fit.
    pub fn values(&self, value: &Json, old: Option<&[Vec<u8>]>) -> Result<Vec<Vec<u8>>, Error> {
        let n_values = self.raw.n_values() as usize;
        let one = |cpu: usize, value: &Json| {
            let old = old.and_then(|old| old.get(cpu)).map(Vec::as_slice);
            self.value_codec()
                .encode(value, old)
                .map_err(|problem| self.misfit(&format!("the value `{value}`: {problem}")))
        };
        match value {
            Json::Array(each) if self.has_each_cpu(each) => {
                each.iter().enumerate().map(|(cpu, value)| one(cpu, value)).collect()
            }
            value => (0..n_values).map(|cpu| one(cpu, value)).collect(),
        }
    }

    /// Whether these are the values of all CPUs, and not one value that is an array.
    fn has_each_cpu(&self, values: &[Json]) -> bool {
        let of_array = || {
            let (btf, ty) = self.types.btf.as_deref().zip(self.types.value)?;
            Some(matches!(btf.resolved(ty).ok()?.1, bpfc_btf::Type::Array { .. }))
        };
        let is_nested = || values.iter().all(|value| value.is_array() || value.is_string());
        self.is_per_cpu()
            && values.len() == self.raw.n_values() as usize
            && (!of_array().unwrap_or(false) || is_nested())
    }

    /// The values of an element, as [`Map::get`] gives them.
    fn shown(&self, values: &[Vec<u8>]) -> Json {
        let one = |bytes: &Vec<u8>| self.value_codec().decode(bytes).to_json();
        match values {
            [value] if !self.is_per_cpu() => one(value),
            values => values.iter().map(one).collect(),
        }
    }

    fn error(&self, error: LoadError) -> Error {
        Error::loading(Stage::Use, &self.session, error)
    }

    fn misfit(&self, problem: &str) -> Error {
        let message = format!("map `{}`: {problem}", self.name());
        Error::of(Stage::Use, &self.session, Diagnostic::without_span(E0920, message))
    }
}
