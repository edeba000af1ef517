//! Maps by their ids, and their types.

use crate::kernel::Kernel;
use crate::map::Map;
use crate::sys::ids;
use crate::{Errno, LoadError};
use bpfc_btf::{Btf, TypeId};

/// The types of a map.
#[derive(Debug)]
pub struct Types {
    /// Where they are defined.
    pub btf: Btf,
    /// Of the key; none for data sections.
    pub key: Option<TypeId>,
    /// Of the value; a `DATASEC` for data sections.
    pub value: Option<TypeId>,
}

impl Map {
    /// Opens a map by its id; `None` if there is none (any more). Needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn open_id(id: u32, kernel: &Kernel) -> Result<Option<Map>, LoadError> {
        match ids::open(ids::Kind::Map, id) {
            Ok(fd) => {
                let map = Map::from_fd(String::new(), fd, kernel)?;
                let name = map.kernel_name();
                Ok(Some(map.named(name)))
            }
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(LoadError::System {
                operation: "open",
                subject: format!("the map with id {id}"),
                errno,
            }),
        }
    }

    /// The types that it was made with, if it was, and if they can be read.
    pub fn types(&self) -> Option<Types> {
        let info = self.info();
        if info.btf_id == 0 {
            return None;
        }
        let btf = Btf::parse(ids::btf_of(info.btf_id).ok()?).ok()?;
        let ty = |id: u32| (id != 0).then_some(TypeId(id));
        Some(Types { btf, key: ty(info.btf_key_type_id), value: ty(info.btf_value_type_id) })
    }
}
