//! `cargo xtask tidy`: the repository's own rules, checked on its files.
//!
//! It reads the tracked files once and hands them to the checks; each check is a function
//! from the files to problems, one line each with path and, where there is one, line.

mod codes;
mod docs;
mod edges;
mod rust;
mod words;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files that the checks look at.
pub struct Tree {
    /// The workspace.
    pub root: PathBuf,
    /// Text files below it, sorted by path.
    pub files: Vec<File>,
}

/// One text file.
pub struct File {
    /// Below the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Tree {
    /// Reads every tracked text file.
    fn read() -> Result<Self, Box<dyn Error>> {
        let root = bpfc_testkit::workspace_root().ok_or("not inside the workspace")?;
        let mut files = Vec::new();
        for path in list(&root)? {
            // Binary files have no rules; a file that git lists may just have been deleted.
            if let Ok(text) = std::fs::read_to_string(root.join(&path)) {
                files.push(File { path, text });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root, files })
    }

    /// The text of `path`, empty if there is no such file.
    pub fn text(&self, path: &str) -> &str {
        let found = self.files.iter().find(|file| file.path == path);
        found.map_or("", |file| file.text.as_str())
    }

    /// Names of the folders below `crates`.
    pub fn crates(&self) -> Vec<&str> {
        let manifest = |file: &'_ File| file.path.strip_suffix("/Cargo.toml").map(str::len);
        let names = self.files.iter().filter_map(|file| {
            let name = file.path[..manifest(file)?].strip_prefix("crates/")?;
            (!name.contains('/')).then_some(name)
        });
        names.collect()
    }
}

/// Files that git knows or would know; without git, all but build output.
fn list(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let git = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    if let Ok(output) = git
        && output.status.success()
    {
        let text = String::from_utf8(output.stdout)?;
        return Ok(text.lines().map(str::to_owned).collect());
    }
    let mut all = Vec::new();
    walk(root, root, &mut all)?;
    Ok(all)
}

fn walk(root: &Path, dir: &Path, all: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && name != ".git" {
            walk(root, &path, all)?;
        } else if path.is_file() {
            all.push(path.strip_prefix(root)?.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

/// Every problem, in a stable order.
fn problems() -> Result<Vec<String>, Box<dyn Error>> {
    let tree = Tree::read()?;
    let mut problems = Vec::new();
    edges::check(&tree, &mut problems)?;
    codes::check(&tree, &mut problems);
    rust::check(&tree, &mut problems);
    words::check(&tree, &mut problems);
    docs::check(&tree, &mut problems);
    Ok(problems)
}

/// Prints every problem; an error if there is one.
pub fn run() -> Result<(), Box<dyn Error>> {
    let problems = problems()?;
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(()),
        n => Err(format!("tidy: {n} problems").into()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let problems = super::problems().unwrap();
        assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    }
}
