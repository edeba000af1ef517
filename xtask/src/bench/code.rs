//! `cargo xtask bench code`: the code of bpfc beside that of clang at -O2 and -Os, over the
//! examples and the programs of other projects. Writes `docs/code-quality.md`.

use super::kernel::{self, Measured};
use super::{Result, clang_version, code_report, dump_vmlinux, path, read, release_build};
use bpfc_testkit::corpus::CORPORA;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What one compiler made of a program.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// Instruction slots of all functions.
    pub n_slots: u32,
    /// What the kernel says, program by program.
    pub programs: Vec<Measured>,
}

/// A source that all three took.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Where it comes from.
    pub corpus: &'static str,
    /// Its path there.
    pub name: String,
    pub ours: Code,
    /// For size.
    pub ours_os: Code,
    pub o2: Code,
    pub os: Code,
}

/// A source, and what clang needs to read it.
pub struct Source {
    pub corpus: &'static str,
    pub name: String,
    pub path: PathBuf,
    pub includes: Vec<PathBuf>,
}

/// Measures all, or those whose path contains the only argument; all are written to the page.
pub fn run(args: &[String]) -> Result<()> {
    let root = bpfc_testkit::workspace_root().ok_or("run this in the workspace")?;
    let folder = root.join("target/bench");
    std::fs::create_dir_all(folder.join("code"))?;
    let bpfc = release_build(&root)?;
    dump_vmlinux(&folder)?;
    let packets = kernel::packets(&root.join("examples/mixed.pcap"))?;
    let filter = args.first();
    let mut samples = Vec::new();
    let mut left_out = Vec::new();
    for source in sources(&root)? {
        if filter.is_some_and(|filter| !source.name.contains(filter.as_str())) {
            continue;
        }
        match measure(&source, &folder, &bpfc, &packets) {
            Ok(sample) => {
                println!("{}", code_report::line(&sample));
                samples.push(sample);
            }
            Err(reason) => {
                println!("{}/{}: left out: {reason}", source.corpus, source.name);
                left_out.push((format!("{}/{}", source.corpus, source.name), reason.to_string()));
            }
        }
    }
    let text = code_report::text(&samples, &left_out, &clang_version()?);
    match filter {
        Some(_) => print!("{}", code_report::means(&samples)),
        None => std::fs::write(root.join("docs/code-quality.md"), text)?,
    }
    Ok(())
}

/// The examples that both compilers read, and the corpora.
pub fn sources(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for name in super::EXAMPLES {
        let path = root.join("examples").join(format!("{name}.c"));
        sources.push(Source {
            corpus: "examples",
            name: format!("{name}.c"),
            path,
            includes: vec![],
        });
    }
    for corpus in &CORPORA {
        let checkout = match corpus.sources(&root.join("target")) {
            Ok(checkout) => checkout,
            Err(reason) => {
                println!("skipped {}: {reason}", corpus.name);
                continue;
            }
        };
        for path in corpus.programs(&checkout)? {
            let name = path.strip_prefix(&checkout).unwrap_or(&path).to_string_lossy().into_owned();
            sources.push(Source {
                corpus: corpus.name,
                name,
                path,
                includes: corpus.include_folders(&checkout),
            });
        }
    }
    Ok(sources)
}

fn measure(source: &Source, folder: &Path, bpfc: &Path, packets: &[Vec<u8>]) -> Result<Sample> {
    let out = |kind: &str| folder.join("code").join(format!("{kind}.o"));
    for (level, kind) in [("-O2", "ours"), ("-Os", "ours-os")] {
        let mut ours = vec![path(bpfc)];
        let options = ["build", "--target-arch", "x86_64", "-w", level, "--cpu", "v3"];
        ours.extend(options.map(str::to_owned));
        for include in &source.includes {
            ours.extend(["-I".into(), path(include)]);
        }
        ours.extend([path(&source.path), "-o".into(), path(&out(kind))]);
        succeed("bpfc", &ours)?;
    }
    for (level, kind) in [("-O2", "o2"), ("-Os", "os")] {
        let mut theirs = super::clang_command(folder, &source.path, &out(kind));
        theirs[1] = level.into();
        for include in &source.includes {
            theirs.extend(["-I".into(), path(include)]);
        }
        succeed("clang", &theirs)?;
    }
    let mut objects = Vec::new();
    for kind in ["ours", "ours-os", "o2", "os"] {
        objects.push(read(&out(kind))?);
    }
    let measured = kernel::measure(&objects, packets);
    let mut codes = objects.iter().zip(measured).map(|(object, programs)| Code {
        n_slots: object.functions.iter().map(|function| function.n_slots()).sum(),
        programs,
    });
    let mut next = || codes.next().unwrap_or_default();
    Ok(Sample {
        corpus: source.corpus,
        name: source.name.clone(),
        ours: next(),
        ours_os: next(),
        o2: next(),
        os: next(),
    })
}

pub fn succeed(who: &str, command: &[String]) -> Result<()> {
    let output = Command::new(&command[0]).args(&command[1..]).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = errors.lines().find(|line| line.contains("error")).unwrap_or("no error is shown");
    // Without the place, which differs between machines.
    let message = first.split_once("error").map_or(first, |(_, rest)| rest);
    Err(format!("{who} fails: error{message}").into())
}
