//! Objects to ask about.

use super::Result;
use crate::bench;
use bpfc::{Btf, FileProvider, Host, IncludeRequest, LoadedFile, OptLevel, Options};
use bpfc_base::{Session, SourceMap};
use bpfc_btf::TypeDef;
use bpfc_loader::Kernel;
use bpfc_object::{FuncId, Function, Object, read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Where programs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corpus {
    /// Linux' own tests of its verifier, `progs/verifier_*.c` of 6.12, compiled by clang.
    Selftests,
    /// The other programs of Linux' tests of BPF.
    Progs,
    /// The programs of other projects, compiled by clang.
    Public,
    /// The examples of this repository, compiled by bpfc.
    Examples,
    /// The tests of this repository, compiled by bpfc.
    Tests,
    /// Programs of the generator that the differential tests use, compiled by bpfc.
    Generated,
    /// Programs of the others but the selftests, each with one thing changed.
    Mutations,
}

impl Corpus {
    /// All of them, in the order in which they are asked about.
    pub const ALL: [Corpus; 7] = [
        Corpus::Selftests,
        Corpus::Progs,
        Corpus::Public,
        Corpus::Examples,
        Corpus::Tests,
        Corpus::Generated,
        Corpus::Mutations,
    ];

    /// Its name on the command line and in the table.
    pub fn name(self) -> &'static str {
        match self {
            Corpus::Selftests => "selftests",
            Corpus::Progs => "progs",
            Corpus::Public => "public",
            Corpus::Examples => "examples",
            Corpus::Tests => "tests",
            Corpus::Generated => "generated",
            Corpus::Mutations => "mutations",
        }
    }
}

/// An object to ask about.
pub struct Source {
    /// The file it was made of, from the root of its corpus.
    pub name: String,
    /// The object.
    pub object: Object,
    /// The source of its spans, if it was compiled here.
    pub sources: SourceMap,
    /// The only program to ask about; all if there is none.
    pub only: Option<FuncId>,
}

impl Source {
    /// An object that clang made.
    pub fn read(name: &str, path: &Path) -> Result<Source> {
        let object = read(&std::fs::read(path)?)?;
        Ok(Source { name: name.to_owned(), object, sources: SourceMap::default(), only: None })
    }

    /// The programs to ask about.
    pub fn programs(&self) -> impl Iterator<Item = (FuncId, &Function)> {
        self.object.programs().filter(|(func, _)| self.only.is_none_or(|only| only == *func))
    }

    /// The flags that a selftest wants its program to be loaded with.
    pub fn prog_flags(&self, func: FuncId) -> u32 {
        let Some(ty) = self.object.functions[func].btf else { return 0 };
        let mut flags = 0;
        for id in (1..=self.object.btf.n_types()).map(bpfc_btf::TypeId) {
            if let Some(TypeDef::DeclTag { name, target, .. }) = self.object.btf.get(id)
                && *target == ty
                && let Some(flag) = name.strip_prefix("comment:test_prog_flags=")
            {
                flags |= match flag {
                    "BPF_F_STRICT_ALIGNMENT" => 1,
                    "BPF_F_ANY_ALIGNMENT" => 1 << 1,
                    "BPF_F_TEST_RND_HI32" => 1 << 2,
                    "BPF_F_TEST_STATE_FREQ" => 1 << 3,
                    "BPF_F_SLEEPABLE" => 1 << 4,
                    "BPF_F_XDP_HAS_FRAGS" => 1 << 5,
                    number => number.parse().unwrap_or(0),
                };
            }
        }
        flags
    }
}

/// Runs a compiler; its first error if it fails.
pub fn compile(command: &[String]) -> Result<()> {
    let output = Command::new(&command[0]).args(&command[1..]).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = errors.lines().find(|line| line.contains("error")).unwrap_or("no error is shown");
    Err(first.to_owned().into())
}

/// The programs of other projects, of those that clang can compile here.
pub fn public(root: &Path, folder: &Path) -> Result<Vec<Source>> {
    bench::dump_vmlinux(folder)?;
    let mut found = Vec::new();
    for corpus in &bpfc_testkit::corpus::CORPORA {
        let checkout = match corpus.sources(&root.join("target")) {
            Ok(checkout) => checkout,
            Err(reason) => {
                println!("skipped {}: {reason}", corpus.name);
                continue;
            }
        };
        for path in corpus.programs(&checkout)? {
            let name = path.strip_prefix(&checkout).unwrap_or(&path).display().to_string();
            let object = folder.join("public.o");
            let mut command = bench::clang_command(folder, &path, &object);
            for include in corpus.include_folders(&checkout) {
                command.extend(["-I".into(), include.display().to_string()]);
            }
            let name = format!("{}/{name}", corpus.name);
            match compile(&command).and_then(|()| Source::read(&name, &object)) {
                Ok(source) => found.push(source),
                Err(reason) => println!("left out: {name}: {reason}"),
            }
        }
    }
    Ok(found)
}

/// The examples, as bpfc compiles them.
pub fn examples(root: &Path) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for path in files(&root.join("examples"), &["c"])? {
        ours(&path, root, &mut found);
    }
    Ok(found)
}

/// The tests whose programs compile, as bpfc compiles them.
pub fn tests(root: &Path) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for folder in ["tests/run", "tests/ui/verifier", "tests/ui/mistakes", "tests/mini"] {
        if root.join(folder).is_dir() {
            for path in files(&root.join(folder), &["c"])? {
                ours(&path, root, &mut found);
            }
        }
    }
    Ok(found)
}

/// Generated programs, each without optimisation and with it; the same for the same seed.
pub fn generated(n: usize, seed: u64) -> Vec<Source> {
    let mut found = Vec::new();
    for seed in (seed..).take(n.div_ceil(2)) {
        let text = bpfc_testkit::generate::program(seed);
        for (level, suffix) in [(OptLevel::O0, "O0"), (OptLevel::O2, "O2")] {
            let options = Options { opt_level: level, ..Options::default() };
            found.extend(build(&format!("own-{seed}-{suffix}"), text.as_bytes(), &options));
        }
    }
    found
}

/// Compiles a file with bpfc; nothing if it does not compile.
fn ours(path: &Path, root: &Path, found: &mut Vec<Source>) {
    let Ok(text) = std::fs::read(path) else { return };
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    found.extend(build(&name, &text, &Options::default()));
}

/// Compiles a text with bpfc; nothing if it does not compile.
pub fn build(name: &str, text: &[u8], options: &Options) -> Option<Source> {
    let mut session = Session::default();
    let file = bpfc::add_source(&mut session, name, text)?;
    let object = bpfc::compile(&mut session, file, options, &mut ThisMachine::default())?;
    Some(Source { name: name.to_owned(), object, sources: session.sources, only: None })
}

/// No files but those that bpfc carries; the types of the kernel here.
#[derive(Default)]
struct ThisMachine {
    kernel: Kernel,
}

impl FileProvider for ThisMachine {
    fn load(&mut self, _: &IncludeRequest<'_>) -> Option<LoadedFile> {
        None
    }

    fn exists(&mut self, _: &IncludeRequest<'_>) -> bool {
        false
    }
}

impl Host for ThisMachine {
    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        self.kernel.btf().cloned()
    }
}

fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| extensions.iter().any(|e| ext == *e)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
