//! Programs of other projects: which of them compile, compared with a list in the repository.
//!
//! Nothing of those projects is in the repository. Their sources come from a folder that the caller names, or from their
//! own repositories at a commit that is written down here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long one fetch may take.
const FETCH_LIMIT: Duration = Duration::from_secs(60);

/// Where checked-out corpora are, each in a folder of its name, instead of fetching them.
pub const FOLDER_VARIABLE: &str = "BPFC_CORPORA";

/// A project with BPF programs.
#[derive(Clone, Copy, Debug)]
pub struct Corpus {
    /// Its name here, and of its list in `tests/corpus`.
    pub name: &'static str,
    /// Where its repository is.
    pub url: &'static str,
    /// The commit that the list describes.
    pub commit: &'static str,
    /// Folders in which its programs are.
    folders: &'static [&'static str],
    /// What the names of programs end with; a file that ends so and has no section is a part of one.
    suffix: &'static str,
    /// Folders to look for included files in.
    includes: &'static [&'static str],
}

/// The projects that are watched.
pub const CORPORA: [Corpus; 3] = [
    Corpus {
        name: "libbpf-bootstrap",
        url: "https://github.com/libbpf/libbpf-bootstrap",
        commit: "80334a221459f196123d54a7264f42b6767a04d3",
        folders: &["examples"],
        suffix: ".bpf.c",
        includes: &[],
    },
    Corpus {
        name: "libbpf-tools",
        url: "https://github.com/iovisor/bcc",
        commit: "6d0a964c2cda4f8c61106a11c53d8eadd5a16097",
        folders: &["libbpf-tools"],
        suffix: ".bpf.c",
        includes: &["libbpf-tools"],
    },
    Corpus {
        name: "xdp-tutorial",
        url: "https://github.com/xdp-project/xdp-tutorial",
        commit: "cc5e32b0e285c3d17203e879f56981b574e85f53",
        folders: &["."],
        suffix: ".c",
        includes: &[],
    },
];

/// What became of each program, by its path.
pub type Outcomes = BTreeMap<String, String>;

impl Corpus {
    /// The one of this name.
    pub fn find(name: &str) -> Option<&'static Corpus> {
        CORPORA.iter().find(|corpus| corpus.name == name)
    }

    /// The checked-out sources, as [`checkout`] gives them.
    ///
    /// # Errors
    /// Why there are none.
    pub fn sources(&self, target: &Path) -> Result<PathBuf, String> {
        checkout(self.name, self.url, self.commit, target)
    }

    /// The programs below `root`, by path.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn programs(&self, root: &Path) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for folder in self.folders {
            collect(&root.join(folder), self.suffix, &mut found)?;
        }
        found.sort();
        Ok(found)
    }

    /// The folders below `root` to look for included files in.
    pub fn include_folders(&self, root: &Path) -> Vec<PathBuf> {
        self.includes.iter().map(|folder| root.join(folder)).collect()
    }

    /// Builds each program below `root` with the command `bpfc`.
    ///
    /// # Errors
    /// What cannot be read, or started.
    pub fn build(&self, root: &Path, bpfc: &Path) -> io::Result<Outcomes> {
        let programs = self.programs(root)?;
        let n_threads = thread::available_parallelism().map_or(1, |number| number.get());
        let chunks = programs.chunks(programs.len().div_ceil(n_threads).max(1));
        thread::scope(|scope| {
            let workers: Vec<_> = chunks
                .map(|chunk| {
                    scope.spawn(move || {
                        chunk
                            .iter()
                            .map(|program| self.build_one(root, bpfc, program))
                            .collect::<io::Result<Vec<_>>>()
                    })
                })
                .collect();
            let mut outcomes = Outcomes::new();
            for worker in workers {
                let part = worker.join().map_err(|_| io::Error::other("a worker panicked"))?;
                outcomes.extend(part?);
            }
            Ok(outcomes)
        })
    }

    fn build_one(&self, root: &Path, bpfc: &Path, program: &Path) -> io::Result<(String, String)> {
        let mut command = Command::new(bpfc);
        command.args(["build", "--target-arch", "x86_64", "--format", "short", "-w", "-o"]);
        command.arg("/dev/null").arg(program);
        for folder in self.includes {
            command.arg("-I").arg(root.join(folder));
        }
        let output = command.stdin(Stdio::null()).output()?;
        let name = program.strip_prefix(root).unwrap_or(program).to_string_lossy().into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        Ok((name, if output.status.success() { "builds".into() } else { reason(&errors) }))
    }
}

/// The sources of a project: those in the folder that [`FOLDER_VARIABLE`] names, or the commit, fetched into `target`,
/// which takes at most a minute.
///
/// # Errors
/// Why there are none.
pub fn checkout(name: &str, url: &str, commit: &str, target: &Path) -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
        let path = Path::new(&folder).join(name);
        return if path.is_dir() { Ok(path) } else { Err(format!("no {}", path.display())) };
    }
    let path = target.join("corpus").join(name);
    // Written last, so that a fetch that broke off does not count.
    let done = path.join(".git/bpfc-fetched");
    if fs::read_to_string(&done).is_ok_and(|fetched| fetched == commit) {
        return Ok(path);
    }
    fs::create_dir_all(&path).map_err(|error| error.to_string())?;
    git(&path, &["init", "-q"])?;
    git(&path, &["fetch", "-q", "--depth", "1", url, commit])?;
    git(&path, &["checkout", "-q", "-f", "FETCH_HEAD"])?;
    fs::write(&done, commit).map_err(|error| error.to_string())?;
    Ok(path)
}

/// The first error without its place, which says more of the project than of bpfc.
fn reason(errors: &str) -> String {
    let line = errors.lines().find(|line| line.contains("error")).unwrap_or("no error is shown");
    let at = line.find("error").unwrap_or(0);
    format!("fails: {}", &line[at..])
}

fn collect(folder: &Path, suffix: &str, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with(".git") {
                collect(&path, suffix, found)?;
            }
        } else if path.to_string_lossy().ends_with(suffix) {
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            if text.lines().any(|line| line.starts_with("SEC(") || line.contains(" SEC(\"")) {
                // `./a.c` is `a.c`.
                found.push(path.components().collect());
            }
        }
    }
    Ok(())
}

/// Runs git, and ends it when it takes too long.
fn git(folder: &Path, args: &[&str]) -> Result<(), String> {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_TERMINAL_PROMPT", "0").args(args);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("git: {error}"))?;
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => return Err(format!("git {} failed", args[0])),
            Ok(None) if start.elapsed() < FETCH_LIMIT => thread::sleep(Duration::from_millis(50)),
            Ok(None) | Err(_) => {
                child.kill().ok();
                child.wait().ok();
                return Err(format!("git {} took too long", args[0]));
            }
        }
    }
}

/// The text of a list: one line for each program.
pub fn list(corpus: &Corpus, outcomes: &Outcomes) -> String {
    let mut text =
        format!("# What becomes of the programs of {}\n# at {}.\n", corpus.url, corpus.commit);
    for (name, outcome) in outcomes {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name} => {outcome}");
    }
    text
}

/// How `outcomes` differ from a list's text, one line each: what got worse first.
pub fn differences(list: &str, outcomes: &Outcomes) -> Vec<String> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let known: Outcomes = lines
        .filter_map(|line| line.split_once(" => "))
        .map(|(name, outcome)| (name.to_owned(), outcome.to_owned()))
        .collect();
    let mut found = Vec::new();
    for (name, outcome) in outcomes {
        match known.get(name) {
            Some(before) if before == outcome => {}
            Some(before) => {
                let kind = match (before.as_str(), outcome.as_str()) {
                    ("builds", _) => "worse",
                    (_, "builds") => "better",
                    _ => "other",
                };
                found.push(format!("{kind}: {name}: {before} => {outcome}"));
            }
            None => found.push(format!("new: {name}: {outcome}")),
        }
    }
    let missing = known.keys().filter(|name| !outcomes.contains_key(*name));
    found.extend(missing.map(|name| format!("missing: {name}")));
    found.sort_by_key(|line| !line.starts_with("worse"));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_what_changed() {
        let outcomes = |pairs: &[(&str, &str)]| -> Outcomes {
            pairs.iter().map(|(name, out)| ((*name).to_owned(), (*out).to_owned())).collect()
        };
        let before = outcomes(&[("a.c", "builds"), ("b.c", "fails: x"), ("c.c", "builds")]);
        let text = list(&CORPORA[0], &before);
        assert_eq!(differences(&text, &before), Vec::<String>::new());
        let after = outcomes(&[("a.c", "fails: y"), ("b.c", "builds"), ("d.c", "builds")]);
        let found = differences(&text, &after);
        let expected = [
            "worse: a.c: builds => fails: y",
            "better: b.c: fails: x => builds",
            "new: d.c: builds",
            "missing: c.c",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn reasons_have_no_places() {
        assert_eq!(reason("a.c:1:2: error[E0104]: no `x.h`\n"), "fails: error[E0104]: no `x.h`");
    }
}
