//! `cargo xtask tools [--beside] [VERSION…]`: runs the tools of Debian's bpfcc-tools as they are on bpfc's Python package, on several
//! kernels in virtual machines, and writes `docs/bcc-parity.md`. `--beside` runs BCC itself for those that did not run or print. What was
//! found is kept under `target/kernels`, so that kernels can be asked one by one, and a run that was broken off goes on where it was.
//!
//! It needs what `cargo xtask vm` needs, and the packages bpfcc-tools, python3 and e2fsprogs; `--beside` python3-bpfcc.

mod page;
mod root;

use super::vm::{self, VERSIONS};
use super::{Result, work_dir};
use bpfc_kabi::KernelVersion;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{error, fs};

const PAGE: &str = "docs/bcc-parity.md";

/// What came of the tools on a kernel, by name.
type Column = BTreeMap<String, Json>;

/// What answers `import bcc`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Module {
    Bpfc,
    Bcc,
}

impl Module {
    fn name(self) -> &'static str {
        match self {
            Module::Bpfc => "bpfc",
            Module::Bcc => "bcc",
        }
    }

    /// Tools that one machine runs: it is given a quarter of an hour.
    fn per_boot(self) -> usize {
        match self {
            Module::Bpfc => 34,
            Module::Bcc => 16,
        }
    }

    /// Tools that run at once in a machine; most of them wait.
    fn jobs(self) -> usize {
        match self {
            Module::Bpfc => 4,
            Module::Bcc => 2,
        }
    }

    /// Seconds for which a tool may print nothing in a machine that is emulated.
    fn seconds(self) -> u32 {
        match self {
            Module::Bpfc => 60,
            Module::Bcc => 100,
        }
    }

    /// The machine's memory in MiB: half of it may be files.
    fn memory(self) -> u32 {
        match self {
            Module::Bpfc => 1024,
            Module::Bcc => 4096,
        }
    }
}

/// Runs, and writes the page of all that is known.
pub fn run(args: &[String]) -> Result<()> {
    let tools = tools()?;
    let module = match args.iter().any(|arg| arg == "--beside") {
        true => Module::Bcc,
        false => Module::Bpfc,
    };
    for version in VERSIONS.into_iter().filter(|version| args.contains(&version.to_string())) {
        let wanted: Vec<String> = match module {
            Module::Bpfc => tools.clone(),
            Module::Bcc => {
                let column = read(&fs::read_to_string(cache(Module::Bpfc, version))?);
                let is_seen = |tool: &&String| column.get(*tool).is_some_and(page::is_seen);
                tools.iter().filter(|tool| !is_seen(tool)).cloned().collect()
            }
        };
        run_on(version, module, &wanted)?;
    }
    let (mut columns, mut beside) = (BTreeMap::new(), BTreeMap::new());
    for version in VERSIONS {
        let known = |module| fs::read_to_string(cache(module, version)).map(|text| read(&text));
        if let Ok(column) = known(Module::Bpfc) {
            let n = column.values().filter(|outcome| page::is_seen(outcome)).count();
            println!("Linux {version}: {n} of {} tools run and print", column.len());
            columns.insert(version, column);
            beside.insert(version, known(Module::Bcc).unwrap_or_default());
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE);
    fs::write(path, page::page(&tools, &columns, &beside)?)?;
    Ok(())
}

/// Runs tools on a kernel; what a run that was broken off has found is not asked again.
fn run_on(version: KernelVersion, module: Module, tools: &[String]) -> Result<()> {
    let root = root::python(&work_dir(), module, version)?;
    let mut found = fs::read_to_string(cache(module, version)).unwrap_or_default();
    let known = read(&found);
    let left: Vec<String> =
        tools.iter().filter(|tool| !known.contains_key(*tool)).cloned().collect();
    let asked = if left.is_empty() { tools } else { &left };
    if left.is_empty() {
        found.clear();
    }
    for group in asked.chunks(module.per_boot()) {
        for line in run_group(version, module, &root, group)? {
            found += &format!("{line}\n");
        }
        fs::write(cache(module, version), &found)?;
    }
    Ok(())
}

fn cache(module: Module, version: KernelVersion) -> PathBuf {
    work_dir().join(format!("tools-{}-{version}.json", module.name()))
}

/// The names of the tools.
fn tools() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir("/usr/sbin")? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name.and_then(|name| Some(name.strip_suffix("-bpfcc")?.to_owned())) else {
            continue;
        };
        // Others are shell scripts that call these.
        let head = fs::read(&path)?;
        if String::from_utf8_lossy(&head[..head.len().min(64)]).contains("python") {
            names.push(name);
        }
    }
    names.sort();
    match names.is_empty() {
        true => Err("there are no tools: install bpfcc-tools".into()),
        false => Ok(names),
    }
}

fn run_group(
    version: KernelVersion,
    module: Module,
    root: &Path,
    tools: &[String],
) -> Result<Vec<String>> {
    let runner = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/bcc-tools/run.py");
    let command = format!(
        "mount -t debugfs none /sys/kernel/debug\n\
         mkdir -p /dev/pts && mount -t devpts none /dev/pts\n\
         cp -a python/* /\n\
         rm -rf python\n\
         export PATH=/usr/bin:/usr/sbin:/bin PYTHONHOME=/usr PYTHONPATH=/usr/lib/python3/dist-packages TERM=xterm OWN_MACHINE=1\n\
         python3 run.py --module {} --seconds {} --jobs {} {}",
        module.name(),
        module.seconds(),
        module.jobs(),
        tools.join(" ")
    );
    let with = [root.to_owned(), runner];
    let done = vm::execute_alone(version, &command, &with, module.memory())?;
    let lines = done.output.lines().filter(|line| line.starts_with('{'));
    Ok(lines.map(str::to_owned).collect())
}

fn read(text: &str) -> Column {
    let line = |line: &str| -> std::result::Result<(String, Json), Box<dyn error::Error>> {
        let outcome: Json = serde_json::from_str(line)?;
        Ok((outcome["tool"].as_str().ok_or("no name")?.to_owned(), outcome))
    };
    text.lines().filter_map(|text| line(text).ok()).collect()
}
