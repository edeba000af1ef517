//! Objects in the kernel.

use crate::error::{bpfc_error, bpfc_status, of_loader};
use crate::events::bpfc_events;
use crate::ffi::{
    allocated_text, bytes, file_path, free, given, guard_int, guard_memory, guard_new,
    guard_status, text,
};
use crate::link::bpfc_link;
use crate::machine::bpfc_run;
use crate::map::bpfc_map;
use bpfc::Loaded;
use bpfc::loader::{Link, TestInput};
use std::ffi::{c_char, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd};

/// Maps and programs in the kernel, and what `bpfc_loaded_attach` attached.
pub struct bpfc_loaded {
    // Before what was loaded: detached first.
    links: Vec<Link>,
    loaded: Loaded,
}

impl bpfc_loaded {
    pub(crate) fn new(loaded: Loaded) -> bpfc_loaded {
        bpfc_loaded { links: Vec::new(), loaded }
    }
}

/// Detaches what `bpfc_loaded_attach` attached, and gives maps and programs back. Links, maps and events that were taken from it
/// stay until they are given back, and what is pinned stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_free(loaded: *mut bpfc_loaded) {
    free(loaded);
}

/// Attaches every program where it was told to or where its section says; what can only be called by other programs or run by hand
/// is left. If it fails, nothing stays attached by this call. They are detached by `bpfc_loaded_detach`, `bpfc_loaded_free` and the
/// end of the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_attach(
    loaded: Option<&mut bpfc_loaded>,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let loaded = given!(loaded)?;
        loaded.links.extend(loaded.loaded.attach_all()?);
        Ok(())
    })
}

/// Attaches one program where `spec` says ("xdp:eth0", "kprobe:tcp_*", …; see `docs/attaching.md`), or where its section says if
/// `spec` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_attach_program(
    loaded: Option<&bpfc_loaded>,
    program: *const c_char,
    spec: *const c_char,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_link {
    guard_new(error, || {
        let (loaded, program) = (&given!(loaded)?.loaded, text!(program)?);
        let links = match spec.is_null() {
            true => loaded.attach_program(program)?,
            false => vec![loaded.attach_one(program, text!(spec)?)?],
        };
        if links.is_empty() {
            let status = bpfc_status::BPFC_ERROR_ATTACH;
            let problem = format!("`{program}` is attached nowhere: it is called or run by hand");
            return Err(bpfc_error::new(status, &problem));
        }
        Ok(bpfc_link::new(links))
    })
}

/// Detaches what `bpfc_loaded_attach` attached. Maps can still be read, and programs attached again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_detach(
    loaded: Option<&mut bpfc_loaded>,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let links = std::mem::take(&mut given!(loaded)?.links);
        crate::link::detach(links)
    })
}

/// A map by its name. It is given back with `bpfc_map_free`, and may outlive `loaded`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_map(
    loaded: Option<&bpfc_loaded>,
    name: *const c_char,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_map {
    guard_new(error, || Ok(bpfc_map::of_kernel(given!(loaded)?.loaded.map(text!(name)?)?)))
}

/// A reader of the events of a ring buffer or a perf event array. There should be one for each map. It is given back with
/// `bpfc_events_free`, and may outlive `loaded`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_events(
    loaded: Option<&bpfc_loaded>,
    map: *const c_char,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_events {
    guard_new(error, || bpfc_events::open(&given!(loaded)?.loaded, text!(map)?))
}

/// The file descriptor of a program, which lives as long as `loaded`; a negative status on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_program_fd(
    loaded: Option<&bpfc_loaded>,
    program: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_int(error, || Ok(given!(loaded)?.loaded.program(text!(program)?)?.as_fd().as_raw_fd()))
}

/// Gives a program a name in a mounted bpffs, under which it outlives the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_pin_program(
    loaded: Option<&bpfc_loaded>,
    program: *const c_char,
    file: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let outcome = given!(loaded)?.loaded.program(text!(program)?)?.pin(&file_path!(file)?);
        outcome.map_err(|error| of_loader(bpfc_status::BPFC_ERROR_USE, &error))
    })
}

/// Pins all maps and programs, and what `bpfc_loaded_attach` attached, below a folder of a mounted bpffs, which is made if need be:
/// `maps/NAME`, `programs/NAME`, `links/PROGRAM`. They stay when the process ends. If it fails, nothing is pinned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_pin(
    loaded: Option<&mut bpfc_loaded>,
    folder: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let (loaded, folder) = (given!(loaded)?, file_path!(folder)?);
        Ok(loaded.loaded.pin_with(&mut loaded.links, &folder)?)
    })
}

/// The value of a global variable now, or of a part of it (`NAME`, `NAME.MEMBER`, `NAME[2]`), as JSON, which is given back with
/// `bpfc_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_variable(
    loaded: Option<&bpfc_loaded>,
    place: *const c_char,
    error: *mut *mut bpfc_error,
) -> *mut c_char {
    guard_memory(error, || {
        let value = given!(loaded)?.loaded.variable(text!(place)?)?;
        allocated_text(&value.to_json().to_string())
    })
}

/// Sets a global variable that is not constant, or a part of it, as `bpfc_object_set` does. Programs may change other variables at
/// the same moment; before Linux 5.5, what they change in the same section may be lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_set(
    loaded: Option<&bpfc_loaded>,
    assignment: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || Ok(given!(loaded)?.loaded.set_variable(text!(assignment)?)?))
}

/// Runs a program in the kernel `repeat` times (0 counts as 1) on a packet and a context, either of which may be NULL with a size of
/// 0. Programs that take packets want at least 14 bytes of one. What came of it is given back with `bpfc_run_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_loaded_test_run(
    loaded: Option<&bpfc_loaded>,
    program: *const c_char,
    packet: *const c_void,
    packet_size: usize,
    context: *const c_void,
    context_size: usize,
    repeat: u32,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_run {
    guard_new(error, || {
        let (data, ctx) = (bytes!(packet, packet_size)?, bytes!(context, context_size)?);
        let input = TestInput { data, ctx, repeat };
        Ok(bpfc_run::of_kernel(given!(loaded)?.loaded.test_run(text!(program)?, &input)?))
    })
}
