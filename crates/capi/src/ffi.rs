//! The border: pointers to slices and texts, panics and errors to what C understands.

use crate::error::{bpfc_error, bpfc_status};
use std::any::Any;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Once;

/// What a function of the library comes to.
pub(crate) type Outcome<T> = Result<T, bpfc_error>;

/// Room for the deepest source that is not refused.
const STACK_BYTES: usize = 64 << 20;

thread_local! {
    /// Whether this thread is inside of the library, whose panics are the caller's to report.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Text for C; zeros inside are left out.
pub(crate) fn c_string(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().filter(|&byte| byte != 0).collect();
    CString::new(bytes).unwrap_or_default()
}

/// Runs `work` so that its panics end here and are not printed.
fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !IS_INSIDE.get() {
                before(info);
            }
        }));
    });
    let was_inside = IS_INSIDE.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    IS_INSIDE.set(was_inside);
    outcome.map_err(|payload| in_words(&*payload))
}

fn in_words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Runs `work`; what goes wrong in it is stored in `error`, and `failed` makes the result of its status.
///
/// # Safety
/// `error` is null or can be written.
pub(crate) unsafe fn guard<T>(
    error: *mut *mut bpfc_error,
    failed: impl FnOnce(c_int) -> T,
    work: impl FnOnce() -> Outcome<T>,
) -> T {
    let problem = match catch(work) {
        Ok(Ok(value)) => return value,
        Ok(Err(problem)) => problem,
        Err(words) => bpfc_error::bug(&words),
    };
    let status = problem.status() as c_int;
    if !error.is_null() {
        error.write(Box::into_raw(Box::new(problem)));
    }
    failed(status)
}

/// An object, or NULL.
///
/// # Safety
/// As [`guard`].
pub(crate) unsafe fn guard_new<T>(
    error: *mut *mut bpfc_error,
    work: impl FnOnce() -> Outcome<T>,
) -> *mut T {
    guard(error, |_| ptr::null_mut(), || Ok(Box::into_raw(Box::new(work()?))))
}

/// Memory of the caller's, or NULL.
///
/// # Safety
/// As [`guard`].
pub(crate) unsafe fn guard_memory<T>(
    error: *mut *mut bpfc_error,
    work: impl FnOnce() -> Outcome<*mut T>,
) -> *mut T {
    guard(error, |_| ptr::null_mut(), work)
}

/// 0 or a number, or a negative status.
///
/// # Safety
/// As [`guard`].
pub(crate) unsafe fn guard_int(
    error: *mut *mut bpfc_error,
    work: impl FnOnce() -> Outcome<c_int>,
) -> c_int {
    guard(error, |status| status, work)
}

/// 0, or a negative status.
///
/// # Safety
/// As [`guard`].
pub(crate) unsafe fn guard_status(
    error: *mut *mut bpfc_error,
    work: impl FnOnce() -> Outcome<()>,
) -> c_int {
    guard_int(error, || work().map(|()| 0))
}

/// What a function that cannot fail tells of an object.
pub(crate) fn ask<T, R>(object: Option<&T>, otherwise: R, ask: impl FnOnce(&T) -> R) -> R {
    let Some(object) = object else { return otherwise };
    catch(|| ask(object)).unwrap_or(otherwise)
}

/// Runs `work` where there is room for deep recursion, whatever stack the caller has.
pub(crate) fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Outcome<T> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("bpfc".to_owned()).stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, || catch(work)).map_err(|error| {
            bpfc_error::of_errno(bpfc_status::BPFC_ERROR_SYSTEM, "start a thread", &error)
        })?;
        match thread.join() {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(words)) => Err(bpfc_error::bug(&words)),
            Err(payload) => Err(bpfc_error::bug(&in_words(&*payload))),
        }
    })
}

/// An argument that must be there, by its name.
macro_rules! given {
    ($argument:ident) => {
        $argument
            .ok_or_else(|| bpfc_error::argument(concat!("`", stringify!($argument), "` is NULL")))
    };
}
pub(crate) use given;

/// # Safety
/// Null, or text with a zero at its end.
pub(crate) unsafe fn text_of<'a>(pointer: *const c_char, name: &str) -> Outcome<&'a str> {
    if pointer.is_null() {
        return Err(bpfc_error::argument(&format!("`{name}` is NULL")));
    }
    let text = CStr::from_ptr(pointer).to_str();
    text.map_err(|_| bpfc_error::argument(&format!("`{name}` is not UTF-8")))
}

/// An argument that is a text, by its name.
macro_rules! text {
    ($argument:ident) => {
        crate::ffi::text_of($argument, stringify!($argument))
    };
}
pub(crate) use text;

/// An argument that is a path, by its name.
macro_rules! file_path {
    ($argument:ident) => {
        crate::ffi::text_of($argument, stringify!($argument)).map(std::path::PathBuf::from)
    };
}
pub(crate) use file_path;

/// An argument that is bytes, by its name.
macro_rules! bytes {
    ($argument:ident, $n_bytes:expr) => {
        crate::ffi::bytes_of($argument, $n_bytes, stringify!($argument))
    };
}
pub(crate) use bytes;

/// # Safety
/// Null with no bytes, or so many bytes.
pub(crate) unsafe fn bytes_of<'a>(
    pointer: *const c_void,
    n_bytes: usize,
    name: &str,
) -> Outcome<&'a [u8]> {
    match (pointer.is_null(), isize::try_from(n_bytes)) {
        (_, Ok(0)) => Ok(&[]),
        (true, _) => Err(bpfc_error::argument(&format!("`{name}` is NULL"))),
        (_, Err(_)) => Err(bpfc_error::argument("a size is larger than the memory")),
        (false, Ok(_)) => Ok(std::slice::from_raw_parts(pointer.cast(), n_bytes)),
    }
}

/// Copies `from` to room of the caller's.
///
/// # Safety
/// Null with no bytes, or room for so many bytes.
pub(crate) unsafe fn copy_to(room: *mut c_void, n_bytes: usize, from: &[u8]) -> Outcome<()> {
    if n_bytes != from.len() {
        let problem = format!("there is room for {n_bytes} bytes, where {} are needed", from.len());
        return Err(bpfc_error::argument(&problem));
    }
    if room.is_null() && n_bytes > 0 {
        return Err(bpfc_error::argument("room for bytes is NULL"));
    }
    if n_bytes > 0 {
        ptr::copy_nonoverlapping(from.as_ptr(), room.cast(), n_bytes);
    }
    Ok(())
}

/// Stores a number for the caller, who may not want it.
///
/// # Safety
/// Null, or it can be written.
pub(crate) unsafe fn store<T>(place: *mut T, value: T) {
    if !place.is_null() {
        place.write(value);
    }
}

/// Bytes that the caller gives back with `bpfc_free`, with a zero behind them.
pub(crate) fn allocated(bytes: &[u8]) -> Outcome<*mut c_char> {
    // SAFETY: one byte more than there are is allocated, and all of them are written.
    unsafe {
        let memory: *mut u8 = libc::malloc(bytes.len() + 1).cast();
        if memory.is_null() {
            return Err(bpfc_error::argument("there is no memory left"));
        }
        ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len());
        memory.add(bytes.len()).write(0);
        Ok(memory.cast())
    }
}

/// Text that the caller gives back with `bpfc_free`.
pub(crate) fn allocated_text(text: &str) -> Outcome<*mut c_char> {
    allocated(c_string(text).as_bytes())
}

/// Gives back texts and bytes that the library returned without `const`. It takes NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_free(memory: *mut c_void) {
    libc::free(memory);
}

/// Gives an object back.
///
/// # Safety
/// Null, or an object of [`guard_new`] that nobody uses any more.
pub(crate) unsafe fn free<T>(pointer: *mut T) {
    if !pointer.is_null() {
        let object = Box::from_raw(pointer);
        // There is nobody to tell of a panic while it is given back.
        let _ = catch(|| drop(object));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bpfc_error_free, bpfc_error_status, bpfc_error_text};

    fn said(error: *mut bpfc_error) -> (c_int, String) {
        let status = bpfc_error_status(unsafe { error.as_ref() });
        let text = unsafe { CStr::from_ptr(bpfc_error_text(error.as_ref())) };
        let text = text.to_string_lossy().into_owned();
        unsafe { bpfc_error_free(error) };
        (status, text)
    }

    #[test]
    fn panics_end_at_the_border() {
        let mut error = ptr::null_mut();
        let status = unsafe { guard_int(&mut error, || panic!("what {}", "happened")) };
        assert_eq!(status, bpfc_status::BPFC_ERROR_BUG as c_int);
        let (status, text) = said(error);
        assert!(status == -2 && text.contains("what happened"), "{text}");
        let mut error = ptr::null_mut();
        let work = || with_stack(|| -> i32 { panic!("in a thread") });
        assert_eq!(unsafe { guard_int(&mut error, work) }, -2);
        assert!(said(error).1.contains("in a thread"));
        // Who does not want to know gets the status all the same.
        assert_eq!(unsafe { guard_int(ptr::null_mut(), || panic!("again")) }, -2);
        assert_eq!(ask(Some(&1), 7, |_| panic!("as well")), 7);
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("while it is given back");
            }
        }
        unsafe { free(Box::into_raw(Box::new(Bad))) };
    }

    #[test]
    fn deep_recursion_has_room() {
        fn depth(n: u32) -> u32 {
            let room = [n; 1024];
            if n == 0 { 0 } else { 1 + depth(std::hint::black_box(room)[5] - 1) }
        }
        let caller = std::thread::Builder::new().stack_size(128 << 10);
        let caller = caller.spawn(|| with_stack(|| depth(2000)).ok()).unwrap();
        assert_eq!(caller.join().unwrap(), Some(2000));
    }

    #[test]
    fn objects_move_and_maps_are_shared() {
        fn moves<T: Send>() {}
        fn is_shared<T: Send + Sync>() {}
        moves::<crate::bpfc_options>();
        moves::<crate::bpfc_object>();
        moves::<crate::bpfc_machine>();
        moves::<crate::bpfc_loaded>();
        moves::<crate::bpfc_link>();
        moves::<crate::bpfc_events>();
        is_shared::<crate::bpfc_map>();
    }
}
