//! Maps of the running kernel: create, read, write, list, pin.

mod batch;
mod command;
mod create;
mod dump;

use crate::inspect::ObjectKind;
use crate::kernel::Kernel;
use crate::sys::bpf;
use crate::sys::ids::text;
use crate::sys::map::{Create, MapFd};
use crate::sys::memory;
use crate::{Errno, LoadError};
use bpfc_base::Span;
use bpfc_kabi::{MapType, UpdateFlag};
use bpfc_object::Map as Definition;
pub use command::ElementCommand;
pub(crate) use create::request;
use create::{create_error, create_once, place_arena};
pub use dump::Keys;
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A map of the kernel. It lives as long as anything holds it: this handle, a program, a pin.
#[derive(Debug)]
pub struct Map {
    name: String,
    fd: MapFd,
    n_values: u32,
}

/// One element: its key, and a value for each possible CPU in a per-CPU map, otherwise one.
pub type Element = (Vec<u8>, Vec<Vec<u8>>);

/// BTF for a new map: the blob, the type of the key, the type of the value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapTypes<'a> {
    pub btf: BorrowedFd<'a>,
    pub key: u32,
    pub value: u32,
    /// Those of the map that each element is, for a map of maps.
    pub inner: Option<(u32, u32)>,
}

impl Map {
    /// Creates a map as defined. Numbers that depend on the machine are filled in: the entries of
    /// a perf event array that has none (one for each possible CPU), the size of a ring buffer
    /// (rounded up to a power of two and to pages).
    ///
    /// # Errors
    /// [`LoadError::Map`].
    pub fn create(definition: &Definition, kernel: &Kernel) -> Result<Map, LoadError> {
        Self::create_with(definition, kernel, None)
    }

    /// As [`Map::create`], with types where the kernel takes them.
    pub(crate) fn create_with(
        definition: &Definition,
        kernel: &Kernel,
        types: Option<MapTypes<'_>>,
    ) -> Result<Map, LoadError> {
        let inner = match &definition.inner {
            Some(inner) => {
                // An element must have the types of its template (`btf_record_equal`).
                let types = types.as_ref().and_then(|types| {
                    let (key, value) = types.inner?;
                    Some(MapTypes { btf: types.btf, key, value, inner: None })
                });
                Some(Self::create_with(inner, kernel, types)?)
            }
            None => None,
        };
        let mut request = request(definition, kernel)?;
        request.inner = inner.as_ref().map(|inner| inner.fd.as_fd());
        // Types of 0 are none: a map of maps has only those of its elements.
        request.btf =
            types.filter(|types| types.value != 0).map(|types| (types.btf, types.key, types.value));
        let mut outcome = create_once(&request);
        if outcome.is_err() && request.btf.is_some() {
            // Many map types and old kernels take no types.
            let untyped = Create { btf: None, ..request };
            if let Ok(fd) = create_once(&untyped) {
                outcome = Ok(fd);
            }
        }
        let fd = outcome.map_err(|errno| create_error(definition, kernel, errno))?;
        if definition.kind() == Some(MapType::Arena) {
            place_arena(&fd, definition);
        }
        Self::from_fd(definition.name.clone(), fd, kernel)
    }

    pub(crate) fn from_fd(name: String, fd: OwnedFd, kernel: &Kernel) -> Result<Map, LoadError> {
        let n_cpus = kernel.n_possible_cpus()?;
        let fd = MapFd::new(fd, n_cpus).map_err(|errno| LoadError::Map {
            name: name.clone(),
            what: "opened",
            errno,
            reason: None,
            helps: Vec::new(),
            span: Span::NONE,
        })?;
        let is_per_cpu = MapType::from_number(fd.info().map_type).is_some_and(MapType::is_per_cpu);
        let n_values = if is_per_cpu { n_cpus } else { 1 };
        Ok(Map { name, fd, n_values })
    }

    /// Opens a pinned map.
    ///
    /// # Errors
    /// [`LoadError::System`] if there is none, or it is no map.
    pub fn open_pinned(path: &Path, kernel: &Kernel) -> Result<Map, LoadError> {
        let fd = bpf::obj_get(&c_path(path)?).map_err(|errno| LoadError::System {
            operation: "open",
            subject: format!("the pinned map `{}`", path.display()),
            errno,
        })?;
        // The kernel opens a pin of any kind, and asked about a program it answers, with other numbers.
        if let Some(found) = crate::inspect::kind_of(&fd)
            && found != ObjectKind::Map
        {
            return Err(LoadError::Unsupported {
                subject: format!("`{}` as a map", path.display()),
                what: format!("a {} is pinned there", found.name()),
                span: Span::NONE,
            });
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Self::from_fd(name.unwrap_or_default(), fd, kernel)
    }

    /// Another handle of the same map.
    ///
    /// # Errors
    /// [`LoadError::Map`]: this process has no descriptors left.
    pub fn try_clone(&self) -> Result<Map, LoadError> {
        let fd = self.fd.try_clone().map_err(|errno| self.error("opened", errno))?;
        Ok(Map { name: self.name.clone(), fd, n_values: self.n_values })
    }

    pub(crate) fn info(&self) -> &crate::sys::attr::MapInfo {
        self.fd.info()
    }

    /// Its name in the kernel: 15 bytes at most.
    pub(crate) fn kernel_name(&self) -> String {
        text(&self.info().name)
    }

    pub(crate) fn named(self, name: String) -> Map {
        Map { name, ..self }
    }

    /// Its name in the object, not shortened.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its type, if it is a known one.
    pub fn kind(&self) -> Option<MapType> {
        MapType::from_number(self.map_type())
    }

    /// The number of its type.
    pub fn map_type(&self) -> u32 {
        self.fd.info().map_type
    }

    /// Size of a key; 0 for queues, stacks, ring buffers.
    pub fn key_size_bytes(&self) -> u32 {
        self.fd.info().key_size
    }

    /// Size of a value of one CPU.
    pub fn value_size_bytes(&self) -> u32 {
        self.fd.info().value_size
    }

    /// Number of entries it has room for; bytes of a ring buffer.
    pub fn max_entries(&self) -> u32 {
        self.fd.info().max_entries
    }

    /// `BPF_F_*` as created.
    pub fn flags(&self) -> u32 {
        self.fd.info().map_flags
    }

    /// The kernel's number for it.
    pub fn id(&self) -> u32 {
        self.fd.info().id
    }

    /// Values in an element: the possible CPUs of a per-CPU map, otherwise 1.
    pub fn n_values(&self) -> u32 {
        self.n_values
    }

    fn is_per_cpu(&self) -> bool {
        self.kind().is_some_and(MapType::is_per_cpu)
    }

    fn error(&self, what: &'static str, errno: Errno) -> LoadError {
        LoadError::Map {
            name: self.name.clone(),
            what,
            errno,
            reason: crate::explain::element(self.kind(), self.max_entries(), errno),
            helps: Vec::new(),
            span: Span::NONE,
        }
    }

    fn check_size(&self, what: &str, found: usize, expected: usize) -> Result<(), LoadError> {
        if found == expected {
            return Ok(());
        }
        Err(LoadError::Map {
            name: self.name.clone(),
            what: "accessed",
            errno: Errno::EINVAL,
            reason: Some(format!("the {what} has {found} bytes instead of {expected}")),
            helps: Vec::new(),
            span: Span::NONE,
        })
    }

    fn check_key(&self, key: &[u8]) -> Result<(), LoadError> {
        self.check_size("key", key.len(), self.key_size_bytes() as usize)
    }

    /// Takes the values of all CPUs apart.
    fn split(&self, transferred: &[u8]) -> Vec<Vec<u8>> {
        let n_bytes = self.value_size_bytes() as usize;
        if self.n_values == 1 {
            // On a machine with one CPU, the value may be followed by its padding.
            let n_bytes = if self.is_per_cpu() { n_bytes } else { transferred.len() };
            return vec![transferred[..n_bytes].to_vec()];
        }
        let stride = n_bytes.next_multiple_of(8).max(1);
        let values = transferred.chunks(stride);
        values.map(|value| value[..n_bytes].to_vec()).collect()
    }

    /// Appends the values of all CPUs as the kernel takes them.
    fn join(&self, values: &[Vec<u8>], transferred: &mut Vec<u8>) -> Result<(), LoadError> {
        let n_bytes = self.value_size_bytes() as usize;
        let stride =
            if self.n_values == 1 { self.fd.transfer_bytes() } else { n_bytes.next_multiple_of(8) };
        let before = transferred.len();
        for value in values {
            self.check_size("value", value.len(), n_bytes)?;
            transferred.extend_from_slice(value);
            let n_written = transferred.len() - before;
            transferred.resize(before + n_written.next_multiple_of(stride.max(1)), 0);
        }
        let n_written = transferred.len() - before;
        self.check_size("values of all CPUs", n_written, self.fd.transfer_bytes())
    }

    /// The values of `key`: one, or one for each possible CPU. `None` if the key is absent.
    ///
    /// # Errors
    /// [`LoadError::Map`].
    pub fn lookup(&self, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, LoadError> {
        self.check_key(key)?;
        let mut value = vec![0; self.fd.transfer_bytes()];
        match self.fd.lookup(key, &mut value, 0) {
            Ok(()) => Ok(Some(self.split(&value))),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(self.error("read", errno)),
        }
    }

    /// Writes one value; to a per-CPU map, for all CPUs.
    ///
    /// # Errors
    /// [`LoadError::Map`]: full, frozen, or a key that `flag` does not allow.
    pub fn update(&self, key: &[u8], value: &[u8], flag: UpdateFlag) -> Result<(), LoadError> {
        let values = vec![value.to_vec(); self.n_values as usize];
        self.update_values(key, &values, flag)
    }

    /// Writes the values of all possible CPUs.
    ///
    /// # Errors
    /// As [`Map::update`].
    pub fn update_values(
        &self,
        key: &[u8],
        values: &[Vec<u8>],
        flag: UpdateFlag,
    ) -> Result<(), LoadError> {
        self.check_key(key)?;
        let mut transferred = Vec::with_capacity(self.fd.transfer_bytes());
        self.join(values, &mut transferred)?;
        let outcome = self.fd.update(key, &transferred, flag as u64);
        outcome.map_err(|errno| self.error("written", errno))
    }

    /// Writes a part of the first value of an array that can be mapped (5.5), and nothing beside it, so that programs may change
    /// the rest at the same moment: false if the map cannot be mapped.
    ///
    /// # Errors
    /// [`LoadError::Map`]: the part is not inside.
    pub fn write_part(&self, offset_bytes: usize, bytes: &[u8]) -> Result<bool, LoadError> {
        let n_bytes = self.value_size_bytes() as usize;
        if offset_bytes.checked_add(bytes.len()).is_none_or(|end| end > n_bytes) {
            return Err(self.error("written", Errno::EINVAL));
        }
        let is_array = self.kind() == Some(MapType::Array);
        if !is_array || self.flags() & create::MMAPABLE == 0 || n_bytes == 0 {
            return Ok(false);
        }
        let n_bytes = n_bytes.next_multiple_of(memory::page_bytes());
        match memory::Mapping::new(self.as_fd(), 0, n_bytes, memory::Access::ReadWrite) {
            Ok(mapping) => {
                mapping.store(offset_bytes, bytes);
                Ok(true)
            }
            // Frozen, or constant for user space.
            Err(_) => Ok(false),
        }
    }

    /// Puts a map, program, perf event, or socket into a map that holds such.
    ///
    /// # Errors
    /// [`LoadError::Map`]: it does not fit the map.
    pub fn insert(&self, key: &[u8], object: BorrowedFd<'_>) -> Result<(), LoadError> {
        self.check_key(key)?;
        let outcome = self.fd.update_fd(key, object, UpdateFlag::Any as u64);
        outcome.map_err(|errno| self.error("filled", errno))
    }

    /// Removes a key; false if it was absent.
    ///
    /// # Errors
    /// [`LoadError::Map`], for instance for arrays, which cannot shrink.
    pub fn delete(&self, key: &[u8]) -> Result<bool, LoadError> {
        self.check_key(key)?;
        match self.fd.delete(key) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(self.error("changed", errno)),
        }
    }

    /// Takes the next value out of a queue or stack.
    ///
    /// # Errors
    /// [`LoadError::Map`].
    pub fn pop(&self) -> Result<Option<Vec<u8>>, LoadError> {
        let mut value = vec![0; self.fd.transfer_bytes()];
        self.check_key(&[])?;
        match self.fd.take(&[], &mut value, 0) {
            Ok(()) => Ok(Some(value)),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(self.error("read", errno)),
        }
    }

    /// Whether a bloom filter may hold `value`; false if it surely does not.
    ///
    /// # Errors
    /// [`LoadError::Map`], for instance for maps of other types.
    pub fn may_contain(&self, value: &[u8]) -> Result<bool, LoadError> {
        self.check_key(&[])?;
        self.check_size("value", value.len(), self.fd.transfer_bytes())?;
        if self.kind() != Some(MapType::BloomFilter) {
            return Err(self.error("asked for a value", Errno::EOPNOTSUPP));
        }
        match self.fd.lookup(&[], &mut value.to_vec(), 0) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(self.error("read", errno)),
        }
    }

    /// Puts a value into a queue, stack or bloom filter.
    ///
    /// # Errors
    /// [`LoadError::Map`].
    pub fn push(&self, value: &[u8]) -> Result<(), LoadError> {
        self.update(&[], value, UpdateFlag::Any)
    }

    /// Forbids changes from user space; programs of a read-only map then see constants.
    ///
    /// # Errors
    /// [`LoadError::Map`].
    pub fn freeze(&self) -> Result<(), LoadError> {
        self.fd.freeze().map_err(|errno| self.error("frozen", errno))
    }

    /// Gives it a name in a mounted bpffs, under which it outlives this process.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn pin(&self, path: &Path) -> Result<(), LoadError> {
        let outcome = bpf::obj_pin(self.as_fd(), &c_path(path)?);
        outcome.map_err(|errno| LoadError::System {
            operation: "pin",
            subject: format!("map `{}` at `{}`", self.name, path.display()),
            errno,
        })
    }
}

impl AsFd for Map {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A path for the kernel.
pub(crate) fn c_path(path: &Path) -> Result<CString, LoadError> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| LoadError::File { path: path.to_owned(), errno: Errno::EINVAL })
}
