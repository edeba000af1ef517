//! What the running kernel says of itself: version, CPUs, types, symbols, configuration.
//!
//! Everything is read when first asked for and kept. Nothing here changes the kernel.

use crate::symbols::Symbols;
use crate::{Errno, LoadError, View};
use bpfc_btf::{Btf, Bytes};
use bpfc_kabi::KernelVersion;
use flate2::bufread::GzDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

const BTF_FOLDER: &str = "/sys/kernel/btf";
/// More than any kernel's BTF or configuration.
const MAX_CONFIG_BYTES: u64 = 16 << 20;

/// The running kernel.
#[derive(Debug, Default)]
pub struct Kernel {
    btf: OnceLock<Option<Arc<Btf>>>,
    modules: OnceLock<Vec<(String, Btf)>>,
    symbols: OnceLock<Option<Symbols>>,
    config: OnceLock<Option<BTreeMap<String, String>>>,
    n_possible_cpus: OnceLock<u32>,
    has_kprobe_multi: OnceLock<bool>,
    has_uprobe_multi: OnceLock<bool>,
}

/// Reads a file of the system.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, LoadError> {
    let path = path.as_ref();
    std::fs::read(path)
        .map_err(|error| LoadError::File { path: path.to_owned(), errno: Errno::from(&error) })
}

/// Reads a file of the system as text.
pub(crate) fn read_text(path: impl AsRef<Path>) -> Result<String, LoadError> {
    read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

impl Kernel {
    /// Nothing read yet.
    pub fn new() -> Kernel {
        Kernel::default()
    }

    /// With `btf` for the kernel's types instead of `/sys/kernel/btf/vmlinux`.
    pub fn with_btf(btf: Arc<Btf>) -> Kernel {
        let kernel = Kernel::default();
        // Just made, so empty.
        let _ = kernel.btf.set(Some(btf));
        let _ = kernel.modules.set(Vec::new());
        kernel
    }

    /// `uname -r`.
    pub fn release(&self) -> String {
        nix::sys::utsname::uname()
            .map_or_else(|_| String::new(), |uname| uname.release().to_string_lossy().into_owned())
    }

    /// Its version, a hint only: distributions backport.
    pub fn version(&self) -> Option<KernelVersion> {
        KernelVersion::parse(&self.release())
    }

    /// `LINUX_VERSION_CODE` as a kprobe program needs it before 5.0: the exact patch level, which
    /// Debian and Ubuntu keep elsewhere than in the release.
    pub fn version_code(&self) -> u32 {
        let uname = nix::sys::utsname::uname().ok();
        let notes = uname.map(|uname| uname.version().to_string_lossy().into_owned());
        let debian = notes.as_deref().and_then(|notes| {
            let (_, rest) = notes.split_once("Debian ")?;
            version_code(rest)
        });
        let ubuntu = std::fs::read_to_string("/proc/version_signature").ok();
        let ubuntu = ubuntu.as_deref().and_then(|text| {
            let last = text.split_whitespace().last()?;
            version_code(last)
        });
        ubuntu.or(debian).or_else(|| version_code(&self.release())).unwrap_or(0)
    }

    /// Its types; none without `CONFIG_DEBUG_INFO_BTF`.
    pub fn btf(&self) -> Option<&Arc<Btf>> {
        let load = || {
            let bytes = match View::of_kernel_types() {
                Ok(view) => Bytes::shared(view),
                Err(_) => std::fs::read(Path::new(BTF_FOLDER).join("vmlinux")).ok()?.into(),
            };
            // The kernel checked them when it started.
            Btf::trust(bytes).ok().map(Arc::new)
        };
        self.btf.get_or_init(load).as_ref()
    }

    /// The types of loaded modules, by name.
    pub fn modules(&self) -> &[(String, Btf)] {
        let load = || {
            let Some(base) = self.btf() else {
                return Vec::new();
            };
            let Ok(entries) = std::fs::read_dir(BTF_FOLDER) else {
                return Vec::new();
            };
            let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            let mut names: Vec<String> = names.filter(|name| name != "vmlinux").collect();
            names.sort();
            let open = |name: String| {
                let bytes = std::fs::read(Path::new(BTF_FOLDER).join(&name)).ok()?;
                let btf = Btf::parse_split(bytes, Arc::clone(base)).ok()?;
                Some((name, btf))
            };
            names.into_iter().filter_map(open).collect()
        };
        self.modules.get_or_init(load)
    }

    /// Its symbols; none where `/proc/kallsyms` cannot be read.
    pub fn symbols(&self) -> Option<&Symbols> {
        let load = || {
            let bytes = std::fs::read("/proc/kallsyms").ok()?;
            Some(Symbols::new(String::from_utf8_lossy(&bytes).into_owned()))
        };
        self.symbols.get_or_init(load).as_ref()
    }

    /// Its configuration, `CONFIG_X` to `y`, `m`, `n`, a number or a quoted string; none where it
    /// was not built in and is not in `/boot`.
    pub fn config(&self) -> Option<&BTreeMap<String, String>> {
        let load = || {
            let text = match std::fs::read("/proc/config.gz") {
                Ok(bytes) => gunzip(&bytes),
                Err(_) => {
                    let path = format!("/boot/config-{}", self.release());
                    std::fs::read(path).ok()
                }
            };
            text.map(|text| parse_config(&String::from_utf8_lossy(&text)))
        };
        self.config.get_or_init(load).as_ref()
    }

    /// The value of one configuration option; `Some("n")` if it is known to be unset.
    pub fn config_value(&self, name: &str) -> Option<&str> {
        let config = self.config()?;
        Some(config.get(name).map_or("n", String::as_str))
    }

    /// The number of CPUs that may ever be there: the values in an element of a per-CPU map.
    pub fn n_possible_cpus(&self) -> Result<u32, LoadError> {
        if let Some(n) = self.n_possible_cpus.get() {
            return Ok(*n);
        }
        let cpus = cpus("/sys/devices/system/cpu/possible")?;
        let n = cpus.last().map_or(0, |last| last + 1);
        Ok(*self.n_possible_cpus.get_or_init(|| n))
    }

    /// Whether one link can hold a program to many kernel functions (5.18, `CONFIG_FPROBE`).
    pub(crate) fn has_kprobe_multi(&self) -> bool {
        *self.has_kprobe_multi.get_or_init(crate::attach::has_kprobe_multi)
    }

    /// Whether one link can hold a program to many functions of a file (6.6).
    pub(crate) fn has_uprobe_multi(&self) -> bool {
        *self.has_uprobe_multi.get_or_init(crate::attach::has_uprobe_multi)
    }

    /// The CPUs that are there now.
    pub fn online_cpus(&self) -> Result<Vec<u32>, LoadError> {
        cpus("/sys/devices/system/cpu/online")
    }
}

/// Reads a list of CPUs such as `0-3,8`.
fn cpus(path: &str) -> Result<Vec<u32>, LoadError> {
    let text = read_text(path)?;
    parse_cpus(text.trim()).ok_or_else(|| LoadError::MalformedFile {
        path: PathBuf::from(path),
        what: format!("`{}` is no list of CPUs", text.trim()),
    })
}

fn parse_cpus(text: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if last < first || last > 1 << 16 {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

/// `KERNEL_VERSION(a, b, c)` of `a.b.c…`; the last part saturates at 255.
pub(crate) fn version_code(text: &str) -> Option<u32> {
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    let major: u32 = parts.next()?.parse().ok()?;
    let minor: u32 = parts.next()?.parse().ok()?;
    let patch: u32 = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    Some((major & 0xff) << 16 | (minor & 0xff) << 8 | patch.min(255))
}

/// Unpacks one gzip member (RFC 1952).
fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes).take(MAX_CONFIG_BYTES).read_to_end(&mut unpacked).ok()?;
    Some(unpacked)
}

fn parse_config(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        let is_option = name.starts_with("CONFIG_");
        is_option.then(|| (name.to_owned(), value.to_owned()))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::bufread::GzEncoder;

    #[test]
    fn reads_cpu_lists() {
        assert_eq!(parse_cpus("0"), Some(vec![0]));
        assert_eq!(parse_cpus("0-2,5,7-8"), Some(vec![0, 1, 2, 5, 7, 8]));
        assert_eq!(parse_cpus(""), None);
        assert_eq!(parse_cpus("3-1"), None);
    }

    #[test]
    fn computes_version_codes() {
        assert_eq!(version_code("5.4.3-foo"), Some(0x05_0403));
        assert_eq!(version_code("4.19.300"), Some(0x04_13ff));
        assert_eq!(version_code("6.18"), Some(0x06_1200));
        assert_eq!(version_code("next"), None);
    }

    #[test]
    fn reads_configurations() {
        let config = parse_config("# c\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"x=y\"\n");
        assert_eq!(config["CONFIG_A"], "y");
        assert_eq!(config["CONFIG_C"], "\"x=y\"");
        assert_eq!(config.len(), 2);
    }

    #[test]
    fn unpacks_gzip() {
        let mut packed = Vec::new();
        let config = b"CONFIG_X=y\n".as_slice();
        GzEncoder::new(config, Compression::best()).read_to_end(&mut packed).unwrap();
        assert_eq!(gunzip(&packed).unwrap(), config);
        assert_eq!(gunzip(b"junk"), None);
    }
}
