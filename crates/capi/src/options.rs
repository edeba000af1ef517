//! How a source is compiled.

use crate::error::{bpfc_error, bpfc_status};
use crate::ffi::{Outcome, file_path, free, given, guard_new, guard_status, text};
use crate::files::{Files, read};
use bpfc::{Btf, Cpu, Dialect, KernelVersion, OptLevel, Options, Source, TargetKernel};
use std::ffi::{c_char, c_int};
use std::path::Path;
use std::sync::Arc;

/// How a source is compiled: made once, used for any number of sources.
#[derive(Clone, Default)]
pub struct bpfc_options {
    pub(crate) options: Options,
    pub(crate) files: Files,
    targets: Vec<TargetKernel>,
    types: Option<Arc<Btf>>,
}

/// Dialects of C.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum bpfc_dialect {
    /// The source tells.
    BPFC_DIALECT_AUTO = 0,
    /// C with the conventions of libbpf.
    BPFC_DIALECT_C = 1,
    /// That of BCC.
    BPFC_DIALECT_BCC = 2,
}

impl bpfc_options {
    pub(crate) fn apply(&self, source: Source) -> Source {
        let mut options = self.options.clone();
        let online = || bpfc::loader::Kernel::new().online_cpus().ok()?.len().try_into().ok();
        options.n_cpus = options.n_cpus.or_else(online);
        let mut source = source.options(options);
        if let Some(types) = &self.types {
            source = source.types(Arc::clone(types));
        }
        let has_types = Path::new("/sys/kernel/btf/vmlinux").exists();
        let newest = bpfc_kernels::versions().last().copied();
        if let (false, Some(types)) = (has_types, newest.and_then(bpfc_kernels::open)) {
            source = source.other_types(types);
        }
        self.targets.iter().fold(source, |source, target| source.target(target.clone()))
    }
}

fn unknown(what: &str) -> bpfc_error {
    bpfc_error::argument(&format!("there is no such {what}"))
}

/// A kernel by its name.
fn kernel(name: &str) -> Outcome<TargetKernel> {
    let running = bpfc::loader::Kernel::new();
    let (version, btf) = match name {
        "running" => (running.version(), running.btf().cloned()),
        name => {
            let version = KernelVersion::parse(name);
            (version, version.and_then(bpfc_kernels::open))
        }
    };
    let version = version.ok_or_else(|| unknown("kernel"))?;
    Ok(TargetKernel { version, btf, unprivileged: false })
}

/// Options that are what `bpfc build` does without any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_new(error: *mut *mut bpfc_error) -> *mut bpfc_options {
    guard_new(error, || Ok(bpfc_options::default()))
}

/// Gives options back. Objects that were compiled with them stay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_free(options: *mut bpfc_options) {
    free(options);
}

/// As `-D`: `NAME` or `NAME=VALUE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_define(
    options: Option<&mut bpfc_options>,
    define: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let define = text!(define)?.to_owned();
        given!(options)?.options.defines.push(define);
        Ok(())
    })
}

/// As `-I`: a folder where included files are looked for. It need not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_include_dir(
    options: Option<&mut bpfc_options>,
    folder: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let folder = file_path!(folder)?;
        given!(options)?.files.folders.push(folder);
        Ok(())
    })
}

/// As `-include`: a file that is read before the source.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_include(
    options: Option<&mut bpfc_options>,
    file: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let file = text!(file)?.to_owned();
        given!(options)?.options.includes.push(file);
        Ok(())
    })
}

/// A header in memory: `#include` of this name reads this text. It is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_header(
    options: Option<&mut bpfc_options>,
    name: *const c_char,
    content: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let (name, content) = (text!(name)?.to_owned(), Arc::from(text!(content)?));
        given!(options)?.files.headers.insert(name, content);
        Ok(())
    })
}

/// The dialect: one of `enum bpfc_dialect`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_dialect(
    options: Option<&mut bpfc_options>,
    dialect: c_int,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let dialect = match dialect {
            0 => None,
            1 => Some(Dialect::C),
            2 => Some(Dialect::Bcc),
            _ => return Err(unknown("dialect")),
        };
        given!(options)?.options.dialect = dialect;
        Ok(())
    })
}

/// As `-O`: "0", "2" (the default) or "s".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_opt_level(
    options: Option<&mut bpfc_options>,
    level: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let level = match text!(level)? {
            "0" => OptLevel::O0,
            "1" | "2" | "3" => OptLevel::O2,
            "s" | "z" => OptLevel::Os,
            _ => return Err(unknown("level")),
        };
        given!(options)?.options.opt_level = level;
        Ok(())
    })
}

/// The instruction set: "v1" to "v4"; "v3" is the default.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_cpu(
    options: Option<&mut bpfc_options>,
    cpu: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let cpu = match text!(cpu)? {
            "v1" => Cpu::V1,
            "v2" => Cpu::V2,
            "v3" => Cpu::V3,
            "v4" => Cpu::V4,
            _ => return Err(unknown("instruction set")),
        };
        given!(options)?.options.cpu = cpu;
        Ok(())
    })
}

/// A kernel that programs are for, in place of the running one: "5.10", "6.1", "6.12", or "running". They are compiled with its
/// types, and `bpfc_object_verify` asks what its verifier would say. It can be said several times; the types are then those of the
/// newest. Of other releases, features are known and types are not. Loading takes the running kernel all the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_kernel(
    options: Option<&mut bpfc_options>,
    name: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let kernel = kernel(text!(name)?)?;
        given!(options)?.targets.push(kernel);
        Ok(())
    })
}

/// Takes the kernel's types from this file of BTF, in place of the running kernel's; for the relocations of loading, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_options_btf(
    options: Option<&mut bpfc_options>,
    file: *const c_char,
    error: *mut *mut bpfc_error,
) -> c_int {
    guard_status(error, || {
        let file = file_path!(file)?;
        let what = format!("read `{}`", file.display());
        let system = bpfc_status::BPFC_ERROR_SYSTEM;
        let bytes = read(&file).map_err(|error| bpfc_error::of_errno(system, &what, &error))?;
        let btf = bpfc::parse_btf(bytes)
            .map_err(|error| bpfc_error::new(system, &format!("cannot {what}: {error}")))?;
        given!(options)?.types = Some(Arc::new(btf));
        Ok(())
    })
}
