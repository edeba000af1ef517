//! Attachments.

use crate::error::{bpfc_error, bpfc_status, of_loader};
use crate::ffi::{
    Outcome, allocated, ask, c_string, file_path, free, given, guard_memory, guard_status, store,
};
use bpfc::loader::Link;
use std::ffi::{CString, c_char, c_int, c_void};
use std::io::Read;
use std::ptr;

/// Most bytes that are read from an iterator.
const MAX_OUTPUT_BYTES: u64 = 1 << 30;

/// A program at its place, or at several.
pub struct bpfc_link {
    links: Vec<Link>,
    spec: CString,
}

impl bpfc_link {
    pub(crate) fn new(links: Vec<Link>) -> bpfc_link {
        let specs: Vec<&str> = links.iter().map(Link::spec).collect();
        let spec = c_string(&specs.join(" "));
        bpfc_link { links, spec }
    }
}

/// Detaches all of them: the first that fails.
pub(crate) fn detach(links: Vec<Link>) -> Outcome<()> {
    let mut first = Ok(());
    for link in links {
        if let (Err(error), true) = (link.detach(), first.is_ok()) {
            first = Err(attaching(&error));
        }
    }
    first
}

fn attaching(error: &bpfc::loader::LoadError) -> bpfc_error {
    of_loader(bpfc_status::BPFC_ERROR_ATTACH, error)
}

/// Where it is attached, with names resolved, such as "kprobe:__x64_sys_clone"; several are separated by a blank.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_link_spec(link: Option<&bpfc_link>) -> *const c_char {
    ask(link, ptr::null(), |link| link.spec.as_ptr())
}

/// At how many places: functions that a pattern names, CPUs that are sampled.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_link_n_places(link: Option<&bpfc_link>) -> usize {
    ask(link, 0, |link| link.links.iter().map(Link::n_places).sum())
}

/// Gives it a name in a mounted bpffs, under which the program stays attached when the process ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_link_pin(
    link: Option<&mut bpfc_link>,
    file: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let (link, path) = (given!(link)?, file_path!(file)?);
        match link.links.as_mut_slice() {
            [one] => one.pin(&path).map_err(|error| attaching(&error)),
            _ => Err(bpfc_error::argument("several attachments cannot have one name")),
        }
    })
}

/// Runs an iterator once: what it writes, with a zero behind it, which is given back with `bpfc_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_link_iterate(
    link: Option<&bpfc_link>,
    size: *mut usize,
    error: *mut *mut bpfc_error,
) -> *mut c_void {
    guard_memory(error, || {
        let [link] = given!(link)?.links.as_slice() else {
            return Err(bpfc_error::argument("it is no iterator"));
        };
        let file =
            link.iterate().map_err(|error| of_loader(bpfc_status::BPFC_ERROR_USE, &error))?;
        let mut output = Vec::new();
        file.take(MAX_OUTPUT_BYTES).read_to_end(&mut output).map_err(|error| {
            bpfc_error::of_errno(bpfc_status::BPFC_ERROR_USE, "read an iterator", &error)
        })?;
        let memory = allocated(&output)?;
        store(size, output.len());
        Ok(memory.cast())
    })
}

/// Detaches, and says if that failed. The link still has to be given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_link_detach(
    link: Option<&mut bpfc_link>,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || detach(std::mem::take(&mut given!(link)?.links)))
}

/// Detaches, if that has not been done, and gives the link back. What is pinned stays attached.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_link_free(link: *mut bpfc_link) {
    free(link);
}
