//! The types of an object, read once.

use super::map::Types;
use crate::Object;
use crate::show::{Codec, Field, Value};
use bpfc_btf::{Btf, TypeId};
use std::sync::{Arc, OnceLock};

/// The types of an object, from when they are first asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct ObjectTypes {
    btf: OnceLock<Option<Arc<Btf>>>,
}

impl ObjectTypes {
    /// None if it has none.
    pub fn btf(&self, object: &Object) -> Option<&Arc<Btf>> {
        let read = || (object.btf.n_types() > 0).then(|| object.open_btf().ok()).flatten();
        self.btf.get_or_init(|| read().map(Arc::new)).as_ref()
    }

    /// Those of a map.
    pub fn of_map(&self, object: &Object, name: &str) -> Types {
        let definition = object.maps.iter().find(|definition| definition.name == name);
        Types {
            btf: self.btf(object).cloned(),
            key: definition.and_then(|definition| definition.key_type),
            value: definition.and_then(|definition| definition.value_type),
        }
    }
}

/// How the events of one map are read.
#[derive(Clone, Debug)]
pub struct EventTypes {
    pub(super) btf: Option<Arc<Btf>>,
    pub(super) ty: Option<TypeId>,
}

impl EventTypes {
    /// The event as columns: a struct's members, or the whole as `event`.
    pub fn columns(&self, event: &[u8]) -> Vec<Field> {
        let codec = Codec { btf: self.btf.as_deref(), ty: self.ty, n_bytes: event.len() };
        match codec.decode(event) {
            Value::Struct(members) if !members.is_empty() => members,
            value => vec![("event".to_owned(), value)],
        }
    }

    /// The event as a JSON object.
    pub fn json(&self, event: &[u8]) -> serde_json::Value {
        self.columns(event).into_iter().map(|(name, value)| (name, value.to_json())).collect()
    }
}
