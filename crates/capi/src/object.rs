//! Objects in memory: compiled, or read from a file.

use crate::error::{bpfc_error, bpfc_status};
use crate::ffi::{
    Outcome, allocated, ask, bytes, bytes_of, c_string, file_path, free, given, guard_memory,
    guard_new, guard_status, store, text, with_stack,
};
use crate::files::{Files, read};
use crate::loaded::bpfc_loaded;
use crate::machine::bpfc_machine;
use crate::options::bpfc_options;
use crate::report::bpfc_report;
use bpfc::loader::LoadOptions;
use bpfc::{Compiled, Program};
use std::ffi::{CString, c_char, c_int, c_void};
use std::path::PathBuf;
use std::ptr;

/// An object in memory: programs, maps and variables, compiled or read from a file.
pub struct bpfc_object {
    compiled: Compiled,
    programs: Vec<(CString, CString)>,
    maps: Vec<CString>,
    pin_folder: Option<PathBuf>,
}

impl bpfc_object {
    fn new(compiled: Compiled) -> bpfc_object {
        let programs = compiled.object().programs();
        let programs =
            programs.map(|(_, program)| (c_string(&program.name), c_string(&program.section)));
        let programs = programs.collect();
        let maps = compiled.object().maps.iter().map(|map| c_string(&map.name)).collect();
        bpfc_object { compiled, programs, maps, pin_folder: None }
    }
}

fn compile(options: Option<&bpfc_options>, name: &str, source: &str) -> Outcome<bpfc_object> {
    let plain = bpfc_options::default();
    let options = options.unwrap_or(&plain);
    let source = options.apply(Program::source(source).name(name));
    let mut files = Files::clone(&options.files);
    let compiled = with_stack(|| source.compile_with(&mut files))??;
    Ok(bpfc_object::new(compiled))
}

fn read_file(path: &std::path::Path) -> Outcome<Vec<u8>> {
    let what = format!("read `{}`", path.display());
    read(path).map_err(|error| bpfc_error::of_errno(bpfc_status::BPFC_ERROR_SYSTEM, &what, &error))
}

/// Compiles a text of so many bytes (or `BPFC_NUL_TERMINATED`). `name` is for messages, and `#include "…"` looks beside it.
/// `options` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_compile(
    name: *const c_char,
    source: *const c_char,
    size: usize,
    options: Option<&bpfc_options>,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_object {
    guard_new(error, || {
        let source = match size {
            usize::MAX => text!(source)?,
            size => std::str::from_utf8(bytes_of(source.cast(), size, "source")?)
                .map_err(|_| bpfc_error::argument("`source` is not UTF-8"))?,
        };
        compile(options, text!(name)?, source)
    })
}

/// Compiles a file. `options` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_compile_file(
    file: *const c_char,
    options: Option<&bpfc_options>,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_object {
    guard_new(error, || {
        let source = read_file(&file_path!(file)?)?;
        let source = std::str::from_utf8(&source).map_err(|_| {
            let status = bpfc_status::BPFC_ERROR_COMPILE;
            bpfc_error::new(status, "the file is not UTF-8 text")
        })?;
        compile(options, text!(file)?, source)
    })
}

/// Takes the bytes of an ELF object, of bpfc or of clang; `name` is for messages. The bytes are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_open(
    name: *const c_char,
    data: *const c_void,
    size: usize,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_object {
    guard_new(error, || {
        Ok(bpfc_object::new(Program::from_object(text!(name)?, bytes!(data, size)?)?))
    })
}

/// Takes an ELF object from a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_open_file(
    file: *const c_char,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_object {
    guard_new(error, || {
        let data = read_file(&file_path!(file)?)?;
        Ok(bpfc_object::new(Program::from_object(text!(file)?, &data)?))
    })
}

/// Gives an object back; what was loaded from it stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_free(object: *mut bpfc_object) {
    free(object);
}

/// The warnings of compiling; never NULL on success. The report is given back with `bpfc_report_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_report(
    object: Option<&bpfc_object>,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_report {
    guard_new(error, || Ok(bpfc_report::new(given!(object)?.compiled.report())))
}

/// The number of programs.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_object_n_programs(object: Option<&bpfc_object>) -> usize {
    ask(object, 0, |object| object.programs.len())
}

/// The name of a program by its number, from 0, or NULL if there are not so many.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_object_program(object: Option<&bpfc_object>, idx: usize) -> *const c_char {
    let name = |object: &bpfc_object| Some(object.programs.get(idx)?.0.as_ptr());
    ask(object, ptr::null(), |object| name(object).unwrap_or(ptr::null()))
}

/// The section of a program by its number, such as "xdp", or NULL if there are not so many.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_object_section(object: Option<&bpfc_object>, idx: usize) -> *const c_char {
    let name = |object: &bpfc_object| Some(object.programs.get(idx)?.1.as_ptr());
    ask(object, ptr::null(), |object| name(object).unwrap_or(ptr::null()))
}

/// The number of maps, without those of variables.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_object_n_maps(object: Option<&bpfc_object>) -> usize {
    ask(object, 0, |object| object.maps.len())
}

/// The name of a map by its number, from 0, or NULL if there are not so many.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_object_map(object: Option<&bpfc_object>, idx: usize) -> *const c_char {
    let name = |object: &bpfc_object| Some(object.maps.get(idx)?.as_ptr());
    ask(object, ptr::null(), |object| name(object).unwrap_or(ptr::null()))
}

/// The object as an ELF file that other loaders take, with variables as they were set. The bytes are given back with `bpfc_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_elf(
    object: Option<&bpfc_object>,
    size: *mut usize,
    error: *mut *mut bpfc_error,
) -> *mut c_void {
    guard_memory(error, || {
        let elf = given!(object)?.compiled.to_elf()?;
        let memory = allocated(&elf)?;
        store(size, elf.len());
        Ok(memory.cast())
    })
}

/// Gives a global variable, or a part of it, another first value: `NAME=VALUE`, `NAME.MEMBER=VALUE`, `NAME[2]=VALUE`. The value is
/// JSON, or a word that stands for itself: the name of an enumerator, a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_set(
    object: Option<&mut bpfc_object>,
    assignment: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let assignment = text!(assignment)?;
        Ok(given!(object)?.compiled.set_variable(assignment)?)
    })
}

/// Attaches a program where `spec` says, such as "xdp:eth0" or "kprobe:do_unlinkat", in place of where its section says; it is
/// loaded for that place. It can be said several times, before the object is loaded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_attach_to(
    object: Option<&mut bpfc_object>,
    program: *const c_char,
    spec: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let (program, spec) = (text!(program)?, text!(spec)?);
        Ok(given!(object)?.compiled.add_place(program, spec)?)
    })
}

/// Loads this program, and others that this is said of, and no further ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_select(
    object: Option<&mut bpfc_object>,
    program: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let program = text!(program)?;
        Ok(given!(object)?.compiled.select(program)?)
    })
}

/// Where maps are that are pinned by name, in place of `/sys/fs/bpf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_pin_folder(
    object: Option<&mut bpfc_object>,
    folder: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let folder = file_path!(folder)?;
        given!(object)?.pin_folder = Some(folder);
        Ok(())
    })
}

/// Says what the kernel's verifier would reject: of the running kernel, or of those of `bpfc_options_kernel`. The mistakes are
/// in the error. If `warnings` is not NULL, further warnings are stored there on success, to be given back with `bpfc_report_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_verify(
    object: Option<&bpfc_object>,
    warnings: *mut *mut bpfc_report,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let compiled = &given!(object)?.compiled;
        let report = with_stack(|| compiled.verify())??;
        if !warnings.is_null() {
            warnings.write(Box::into_raw(Box::new(bpfc_report::new(report))));
        }
        Ok(())
    })
}

/// Loads maps and programs into the kernel, whose verifier judges them. The object stays, and can be loaded again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_load(
    object: Option<&bpfc_object>,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_loaded {
    guard_new(error, || {
        let object = given!(object)?;
        let mut options = LoadOptions::default();
        if let Some(folder) = &object.pin_folder {
            options.pin_folder.clone_from(folder);
        }
        let checked = object.compiled.clone().unchecked();
        Ok(bpfc_loaded::new(with_stack(|| checked.load_with(options))??))
    })
}

/// A virtual machine with the maps and programs of the object, and its variables as they are now; it needs no rights. Each
/// call makes another one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_object_machine(
    object: Option<&bpfc_object>,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_machine {
    guard_new(error, || Ok(bpfc_machine::new(given!(object)?.compiled.machine()?)))
}
