//! Maps that are in the kernel already, whoever made them.

use crate::kernel::Kernel;
use crate::map::Map;
use crate::sys::attr::Command;
use crate::sys::bpf;
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

/// The ids of all maps, in ascending order. Needs CAP_SYS_ADMIN.
///
/// # Errors
/// [`LoadError::System`].
pub fn map_ids() -> Result<Vec<u32>, LoadError> {
    let mut ids = Vec::new();
    let mut id = 0;
    let failed = |errno| LoadError::System { operation: "list", subject: "maps".into(), errno };
    while let Some(next) = bpf::next_id(Command::MapNextId, id).map_err(failed)? {
        ids.push(next);
        id = next;
    }
    Ok(ids)
}

impl Map {
    /// Opens a map by its id; `None` if there is none (any more). Needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn open_id(id: u32, kernel: &Kernel) -> Result<Option<Map>, LoadError> {
        match bpf::fd_by_id(Command::MapFdById, id) {
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
        let fd = bpf::fd_by_id(Command::BtfFdById, info.btf_id).ok()?;
        let btf = Btf::parse(bpf::btf_bytes(&fd).ok()?).ok()?;
        let ty = |id: u32| (id != 0).then_some(TypeId(id));
        Some(Types { btf, key: ty(info.btf_key_type_id), value: ty(info.btf_value_type_id) })
    }
}
