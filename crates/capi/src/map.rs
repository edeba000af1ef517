//! Maps of the kernel and of virtual machines.

use crate::error::{bpfc_error, bpfc_status, of_loader};
use crate::ffi::{
    Outcome, allocated_text, ask, bytes, c_string, copy_to, file_path, free, given, guard_int,
    guard_memory, guard_new, guard_status, text,
};
use crate::machine::{Shared, lock, refused};
use bpfc::loader::{Element, LoadError};
use bpfc::{Map, UpdateFlag};
use serde_json::{Value as Json, json};
use std::ffi::{CString, c_char, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

/// A map: of the kernel, or of a virtual machine.
///
/// Where elements have a value for each possible CPU, the values are one behind the other without gaps, `n_values` of them.
/// Queues, stacks and bloom filters have no keys: there, a key is NULL with a size of 0, and as JSON it is `null`.
pub struct bpfc_map {
    name: CString,
    place: Place,
    key_size: usize,
    value_size: usize,
    n_values: usize,
    map_type: u32,
    max_entries: u32,
}

enum Place {
    Kernel(Box<Map>),
    Machine(Shared),
}

/// When an element is written.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum bpfc_update {
    /// In any case.
    BPFC_UPDATE_ANY = 0,
    /// If the key is not there.
    BPFC_UPDATE_NEW = 1,
    /// If the key is there.
    BPFC_UPDATE_EXISTING = 2,
}

/// Is given each element. Any result but 0 ends the call that gave it.
pub type bpfc_element_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        key: *const c_void,
        key_size: usize,
        value: *const c_void,
        value_size: usize,
    ) -> c_int,
>;

fn using(error: &LoadError) -> bpfc_error {
    of_loader(bpfc_status::BPFC_ERROR_USE, error)
}

fn update_flag(flag: c_int) -> Outcome<UpdateFlag> {
    match flag {
        0 => Ok(UpdateFlag::Any),
        1 => Ok(UpdateFlag::NoExist),
        2 => Ok(UpdateFlag::Exist),
        _ => Err(bpfc_error::argument("there is no such kind of update")),
    }
}

/// JSON, or a word that is none and stands for itself.
fn json_of(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
}

impl bpfc_map {
    pub(crate) fn of_kernel(map: Map) -> bpfc_map {
        let raw = map.raw();
        bpfc_map {
            name: c_string(raw.name()),
            key_size: raw.key_size_bytes() as usize,
            value_size: raw.value_size_bytes() as usize,
            n_values: raw.n_values() as usize,
            map_type: raw.map_type(),
            max_entries: raw.max_entries(),
            place: Place::Kernel(Box::new(map)),
        }
    }

    pub(crate) fn of_machine(machine: &Shared, name: &str) -> Outcome<bpfc_map> {
        let locked = lock(machine);
        // It says what is wrong with the name.
        locked.entries(name)?;
        let maps = &locked.object().maps;
        let map = maps.iter().find(|map| map.name == name);
        let map = map.ok_or_else(|| bpfc_error::argument("there is no such map"))?;
        Ok(bpfc_map {
            name: c_string(name),
            key_size: map.key_size_bytes as usize,
            value_size: map.value_size_bytes as usize,
            // The machine has one CPU.
            n_values: 1,
            map_type: map.map_type,
            max_entries: map.max_entries,
            place: Place::Machine(Shared::clone(machine)),
        })
    }

    fn name(&self) -> &str {
        self.name.to_str().unwrap_or_default()
    }

    fn check_key(&self, key: &[u8]) -> Outcome<()> {
        if key.len() == self.key_size {
            return Ok(());
        }
        let problem = format!("the key has {} bytes instead of {}", key.len(), self.key_size);
        Err(bpfc_error::argument(&problem))
    }

    /// The values of all CPUs, of which the caller may give one.
    fn split(&self, value: &[u8]) -> Outcome<Vec<Vec<u8>>> {
        let size = self.value_size;
        if value.len() == size {
            return Ok(vec![value.to_vec(); self.n_values]);
        }
        if value.len() == size * self.n_values && size > 0 {
            return Ok(value.chunks(size).map(<[u8]>::to_vec).collect());
        }
        let problem = format!("the value has {} bytes instead of {size}", value.len());
        Err(bpfc_error::argument(&problem))
    }

    fn lookup(&self, key: &[u8]) -> Outcome<Option<Vec<u8>>> {
        self.check_key(key)?;
        let found = match &self.place {
            Place::Kernel(map) => map.raw().lookup(key).map_err(|error| using(&error))?,
            Place::Machine(machine) => lock(machine).lookup(self.name(), key)?,
        };
        Ok(found.map(|values| values.concat()))
    }

    fn update(&self, key: &[u8], value: &[u8], flag: UpdateFlag) -> Outcome<()> {
        self.check_key(key)?;
        let values = self.split(value)?;
        match &self.place {
            Place::Kernel(map) => {
                map.raw().update_values(key, &values, flag).map_err(|error| using(&error))
            }
            Place::Machine(machine) => {
                let updated = lock(machine).update_with(self.name(), key, value, flag)?;
                updated.map_err(|errno| refused(self.name(), errno))
            }
        }
    }

    fn delete(&self, key: &[u8]) -> Outcome<bool> {
        self.check_key(key)?;
        match &self.place {
            Place::Kernel(map) => map.raw().delete(key).map_err(|error| using(&error)),
            Place::Machine(machine) => {
                let mut machine = lock(machine);
                if machine.lookup(self.name(), key)?.is_none() {
                    return Ok(false);
                }
                Ok(machine.delete(self.name(), key).map(|()| true)?)
            }
        }
    }

    fn elements(&self) -> Outcome<Vec<Element>> {
        match &self.place {
            Place::Kernel(map) => map.raw().dump().map_err(|error| using(&error)),
            Place::Machine(machine) => Ok(lock(machine).elements(self.name())?),
        }
    }

    fn next_key(&self, previous: Option<&[u8]>) -> Outcome<Option<Vec<u8>>> {
        match &self.place {
            Place::Kernel(map) => map.raw().next_key(previous).map_err(|error| using(&error)),
            Place::Machine(_) => {
                let keys = self.elements()?.into_iter().map(|(key, _)| key);
                let keys: Vec<Vec<u8>> = keys.collect();
                // As in the kernel, the walk starts over behind a key that is gone.
                let at = previous.and_then(|previous| keys.iter().position(|key| key == previous));
                Ok(keys.into_iter().nth(at.map_or(0, |at| at + 1)))
            }
        }
    }

    fn kernel(&self) -> Outcome<&Map> {
        match &self.place {
            Place::Kernel(map) => Ok(map),
            Place::Machine(_) => Err(bpfc_error::argument("the map is not in the kernel")),
        }
    }
}

/// Opens a map that is pinned in a bpffs, whoever made it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_open(
    file: *const c_char,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_map {
    guard_new(error, || Ok(bpfc_map::of_kernel(Map::open_pinned(file_path!(file)?)?)))
}

/// Gives a map back; it stays as long as something else uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_free(map: *mut bpfc_map) {
    free(map);
}

/// Its name in the object; NULL of NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_map_name(map: Option<&bpfc_map>) -> *const c_char {
    ask(map, ptr::null(), |map| map.name.as_ptr())
}

/// Its type, one of the kernel's `enum bpf_map_type`.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_map_type(map: Option<&bpfc_map>) -> u32 {
    ask(map, 0, |map| map.map_type)
}

/// Bytes of a key.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_map_key_size(map: Option<&bpfc_map>) -> usize {
    ask(map, 0, |map| map.key_size)
}

/// Bytes of a value, of one CPU.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_map_value_size(map: Option<&bpfc_map>) -> usize {
    ask(map, 0, |map| map.value_size)
}

/// Values of an element: the number of possible CPUs of a per-CPU map, otherwise 1.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_map_n_values(map: Option<&bpfc_map>) -> usize {
    ask(map, 0, |map| map.n_values)
}

/// How many elements it has room for; bytes of a ring buffer.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_map_max_entries(map: Option<&bpfc_map>) -> u32 {
    ask(map, 0, |map| map.max_entries)
}

/// Its file descriptor, which belongs to it; -1 of NULL and in a virtual machine.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_map_fd(map: Option<&bpfc_map>) -> c_int {
    ask(map, -1, |map| map.kernel().map_or(-1, |map| map.raw().as_fd().as_raw_fd()))
}

/// Reads the value of a key: 1, or 0 if there is no such key, or a negative status. There must be room for `value_size` times
/// `n_values` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_lookup(
    map: Option<&bpfc_map>,
    key: *const c_void,
    key_size: usize,
    value: *mut c_void,
    value_size: usize,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || {
        let map = given!(map)?;
        match map.lookup(bytes!(key, key_size)?)? {
            Some(found) => copy_to(value, value_size, &found).map(|()| 1),
            None => Ok(0),
        }
    })
}

/// Sets the value of a key; `when` is one of `enum bpfc_update`. `value` is one value, which all CPUs get, or `n_values` of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_update(
    map: Option<&bpfc_map>,
    key: *const c_void,
    key_size: usize,
    value: *const c_void,
    value_size: usize,
    when: c_int,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let (key, value) = (bytes!(key, key_size)?, bytes!(value, value_size)?);
        given!(map)?.update(key, value, update_flag(when)?)
    })
}

/// Deletes a key: 1, or 0 if there is no such key, or a negative status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_delete(
    map: Option<&bpfc_map>,
    key: *const c_void,
    key_size: usize,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || given!(map)?.delete(bytes!(key, key_size)?).map(c_int::from))
}

/// Writes the key after `previous` to `next`, or the first if `previous` is NULL: 1, or 0 behind the last, or a negative status. Both
/// have `key_size` bytes. If `previous` was deleted meanwhile, the walk starts over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_next_key(
    map: Option<&bpfc_map>,
    previous: *const c_void,
    next: *mut c_void,
    key_size: usize,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || {
        let map = given!(map)?;
        let previous = match previous.is_null() {
            true => None,
            false => Some(bytes!(previous, key_size)?),
        };
        previous.map_or(Ok(()), |previous| map.check_key(previous))?;
        match map.next_key(previous)? {
            Some(found) => copy_to(next, key_size, &found).map(|()| 1),
            None => Ok(0),
        }
    })
}

/// Hands every element to `take`, with the values of all CPUs: how many, or a negative status. They are read in batches where the
/// kernel can, before the first is handed out; so `take` may change the map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_each(
    map: Option<&bpfc_map>,
    take: bpfc_element_fn,
    user: *mut c_void,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || {
        let take = given!(take)?;
        let mut n_taken: c_int = 0;
        for (key, values) in given!(map)?.elements()? {
            let value = values.concat();
            n_taken = n_taken.saturating_add(1);
            let (key_at, value_at) = (key.as_ptr().cast(), value.as_ptr().cast());
            if take(user, key_at, key.len(), value_at, value.len()) != 0 {
                break;
            }
        }
        Ok(n_taken)
    })
}

/// The sizes of so many keys or values.
fn times(n: usize, size: usize) -> Outcome<usize> {
    n.checked_mul(size).ok_or_else(|| bpfc_error::argument("a size is larger than the memory"))
}

/// Sets many elements, by few system calls where the kernel can. `keys` are `n` keys one behind the other, `values` as many values, each
/// `n_values` times `value_size` bytes. If it fails, the elements before the one that fails are set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_update_batch(
    map: Option<&bpfc_map>,
    keys: *const c_void,
    values: *const c_void,
    n: usize,
    when: c_int,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let (map, flag) = (given!(map)?, update_flag(when)?);
        let value_size = map.value_size * map.n_values;
        if map.key_size + value_size == 0 {
            return Err(bpfc_error::argument("elements of this map cannot be set"));
        }
        let keys = bytes!(keys, times(n, map.key_size)?)?;
        let values = bytes!(values, times(n, value_size)?)?;
        let key = |idx: usize| &keys[idx * map.key_size..(idx + 1) * map.key_size];
        let value = |idx: usize| &values[idx * value_size..(idx + 1) * value_size];
        match &map.place {
            Place::Kernel(kernel) => {
                let element = |idx| Ok((key(idx).to_vec(), map.split(value(idx))?));
                let elements = (0..n).map(element).collect::<Outcome<Vec<Element>>>()?;
                kernel.raw().update_batch(&elements, flag).map_err(|error| using(&error))
            }
            Place::Machine(_) => (0..n).try_for_each(|idx| map.update(key(idx), value(idx), flag)),
        }
    })
}

/// Deletes many keys, by few system calls where the kernel can: how many were there, or a negative status. `keys` are `n` keys one
/// behind the other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_delete_batch(
    map: Option<&bpfc_map>,
    keys: *const c_void,
    n: usize,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || {
        let map = given!(map)?;
        let keys = bytes!(keys, times(n, map.key_size)?)?;
        let keys: Vec<&[u8]> = keys.chunks(map.key_size.max(1)).collect();
        let n_deleted = match &map.place {
            Place::Kernel(kernel) => {
                kernel.raw().delete_batch(&keys).map_err(|error| using(&error))?
            }
            Place::Machine(_) => {
                let mut n_deleted = 0;
                for key in keys {
                    n_deleted += usize::from(map.delete(key)?);
                }
                n_deleted
            }
        };
        Ok(c_int::try_from(n_deleted).unwrap_or(c_int::MAX))
    })
}

/// The value of a key, both as JSON by the types of the program: numbers, texts, enumerators by name, structs as objects; of a per-CPU
/// map an array with a value for each CPU. 1, or 0 if there is no such key, or a negative status. The value is given back with
/// `bpfc_free`; it is NULL if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_get_json(
    map: Option<&bpfc_map>,
    key: *const c_char,
    value: *mut *mut c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || {
        if value.is_null() {
            return Err(bpfc_error::argument("room for the value is NULL"));
        }
        value.write(ptr::null_mut());
        let (map, key) = (given!(map)?, json_of(text!(key)?));
        let found = match &map.place {
            Place::Kernel(map) => map.get(key)?,
            Place::Machine(machine) => lock(machine).get(map.name(), key)?,
        };
        let Some(found) = found else { return Ok(0) };
        value.write(allocated_text(&found.to_string())?);
        Ok(1)
    })
}

/// Sets the value of a key, both as JSON. Members of a struct that are not mentioned stay as they are, or become zero. `when` is one of
/// `enum bpfc_update`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_set_json(
    map: Option<&bpfc_map>,
    key: *const c_char,
    value: *const c_char,
    when: c_int,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let (map, flag) = (given!(map)?, update_flag(when)?);
        let (key, value) = (json_of(text!(key)?), json_of(text!(value)?));
        match &map.place {
            Place::Kernel(map) => Ok(map.set_with(key, value, flag)?),
            Place::Machine(machine) => {
                let mut machine = lock(machine);
                let is_there = machine.get(map.name(), key.clone())?.is_some();
                match (flag, is_there) {
                    (UpdateFlag::NoExist, true) => Err(refused(map.name(), -17)),
                    (UpdateFlag::Exist, false) => Err(refused(map.name(), -2)),
                    _ => Ok(machine.set(map.name(), key, value)?),
                }
            }
        }
    })
}

/// Deletes a key that is JSON: 1, or 0 if there is no such key, or a negative status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_delete_json(
    map: Option<&bpfc_map>,
    key: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || {
        let (map, key) = (given!(map)?, json_of(text!(key)?));
        let was_there = match &map.place {
            Place::Kernel(map) => map.delete(key)?,
            Place::Machine(machine) => {
                let mut machine = lock(machine);
                let is_there = machine.get(map.name(), key.clone())?.is_some();
                if is_there {
                    machine.delete_key(map.name(), key)?;
                }
                is_there
            }
        };
        Ok(c_int::from(was_there))
    })
}

/// All elements as JSON: an array of objects with `key` and `value`. It is given back with `bpfc_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_dump_json(
    map: Option<&bpfc_map>,
    error: *mut *mut bpfc_error,
) -> *mut c_char {
    guard_memory(error, || {
        let map = given!(map)?;
        let entries: Vec<(Json, Json)> = match &map.place {
            Place::Kernel(map) => map.entries()?.collect(),
            Place::Machine(machine) => lock(machine).entries(map.name())?,
        };
        let entries = entries.into_iter().map(|(key, value)| json!({"key": key, "value": value}));
        allocated_text(&entries.collect::<Json>().to_string())
    })
}

/// Takes the next value out of a queue or a stack of the kernel: 1, or 0 if it is empty, or a negative status. Values are put in with
/// `bpfc_map_update` and a key that is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_pop(
    map: Option<&bpfc_map>,
    value: *mut c_void,
    value_size: usize,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || {
        let map = given!(map)?;
        if value.is_null() || value_size != map.value_size {
            let problem = format!("there must be room for {} bytes", map.value_size);
            return Err(bpfc_error::argument(&problem));
        }
        match map.kernel()?.raw().pop().map_err(|error| using(&error))? {
            Some(found) => copy_to(value, value_size, &found).map(|()| 1),
            None => Ok(0),
        }
    })
}

/// Forbids changes of a map of the kernel from user space, for good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_freeze(
    map: Option<&bpfc_map>,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || given!(map)?.kernel()?.raw().freeze().map_err(|error| using(&error)))
}

/// Gives a map of the kernel a name in a mounted bpffs, under which it outlives the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_map_pin(
    map: Option<&bpfc_map>,
    file: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let path = file_path!(file)?;
        given!(map)?.kernel()?.raw().pin(&path).map_err(|error| using(&error))
    })
}
