//! `cargo xtask install --prefix DIR`: the C library where compilers and linkers look for it.

use crate::header;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

type Error = Box<dyn std::error::Error>;

/// As in `crates/capi/build.rs`.
const SONAME: &str = "libbpfc.so.0";

/// Where things go.
struct Places {
    /// As programs see it later.
    prefix: PathBuf,
    /// In front of it, for those who make packages.
    destdir: PathBuf,
    library: Option<PathBuf>,
}

/// Builds and copies.
pub fn run(args: &[String]) -> Result<(), Error> {
    let places = parse(args)?;
    let library = match &places.library {
        Some(library) => library.clone(),
        None => build()?,
    };
    for file in copy(&places, &library)? {
        println!("{}", file.display());
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<Places, Error> {
    let prefix = PathBuf::from("/usr/local");
    let mut places = Places { prefix, destdir: PathBuf::new(), library: None };
    let mut args = args.iter();
    while let Some(option) = args.next() {
        let mut value = || args.next().map(PathBuf::from).ok_or(format!("{option} what?"));
        match option.as_str() {
            "--prefix" => places.prefix = value()?,
            "--destdir" => places.destdir = value()?,
            "--library" => places.library = Some(value()?),
            other => {
                return Err(format!("`{other}` is none of --prefix, --destdir, --library").into());
            }
        }
    }
    if !places.prefix.is_absolute() {
        return Err("--prefix must be absolute".into());
    }
    Ok(places)
}

fn build() -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // Alone it can be optimised as a whole.
    command.args(["rustc", "-p", "bpfc-capi", "--lib", "--release", "--crate-type", "cdylib"]);
    command.args(["--message-format", "json-render-diagnostics"]);
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("the library cannot be built".into());
    }
    let files = String::from_utf8_lossy(&output.stdout).into_owned();
    let files = files.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let files = message["filenames"].as_array()?.clone();
        files.into_iter().find_map(|file| Some(PathBuf::from(file.as_str()?)))
    });
    let mut files = files.filter(|file| file.ends_with("libbpfc_capi.so"));
    files.next().ok_or_else(|| "cargo made no library".into())
}

/// What was written, as programs see it later.
fn copy(places: &Places, library: &Path) -> Result<Vec<PathBuf>, Error> {
    let Places { prefix, destdir, .. } = places;
    let real = |path: &Path| match destdir.as_os_str().is_empty() {
        true => path.to_owned(),
        false => destdir.join(path.strip_prefix("/").unwrap_or(path)),
    };
    let version = env!("CARGO_PKG_VERSION");
    let versioned = format!("libbpfc.so.{version}");
    let folders = ["lib", "include", "lib/pkgconfig"].map(|folder| prefix.join(folder));
    for folder in &folders {
        fs::create_dir_all(real(folder))?;
    }
    let [lib, include, pkgconfig] = folders;
    let target = lib.join(&versioned);
    // A program that uses the old one goes on with it.
    replace(&real(&target), |path| fs::copy(library, path).map(|_| ()))?;
    let mut written = vec![target];
    for name in [SONAME, "libbpfc.so"] {
        let link = lib.join(name);
        replace(&real(&link), |path| symlink(&versioned, path))?;
        written.push(link);
    }
    let target = include.join("bpfc.h");
    fs::copy(header::path(), real(&target))?;
    written.push(target);
    let template = fs::read_to_string(header::folder().join("bpfc.pc.in"))?;
    let text = template.replace("@PREFIX@", &prefix.to_string_lossy());
    let target = pkgconfig.join("bpfc.pc");
    fs::write(real(&target), text.replace("@VERSION@", version))?;
    written.push(target);
    Ok(written)
}

/// Makes a file beside and gives it its name at once.
fn replace(path: &Path, make: impl Fn(&Path) -> std::io::Result<()>) -> Result<(), Error> {
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    make(&beside)?;
    Ok(fs::rename(&beside, path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_where_it_is_looked_for() {
        let destdir = std::env::temp_dir().join(format!("bpfc-install-{}", std::process::id()));
        fs::create_dir_all(&destdir).expect("a folder");
        let library = destdir.join("library");
        fs::write(&library, "ELF").expect("a file");
        let text = |path: &str| fs::read_to_string(destdir.join(path)).expect(path);
        let args = ["--prefix", "/opt/bpfc", "--destdir", destdir.to_str().expect("UTF-8")];
        let args = args.into_iter().chain(["--library", library.to_str().expect("UTF-8")]);
        let args: Vec<String> = args.map(str::to_owned).collect();
        // Twice: over what is there.
        run(&args).expect("installed");
        run(&args).expect("installed again");
        assert_eq!(text("opt/bpfc/lib/libbpfc.so"), "ELF");
        assert_eq!(text("opt/bpfc/lib/libbpfc.so.0"), "ELF");
        assert!(text("opt/bpfc/include/bpfc.h").contains("bpfc_compile"));
        let pc = text("opt/bpfc/lib/pkgconfig/bpfc.pc");
        assert!(pc.contains("prefix=/opt/bpfc\n") && !pc.contains('@'));
        let mut pkg_config = Command::new("pkg-config");
        pkg_config.args(["--libs", "bpfc"]);
        pkg_config.env("PKG_CONFIG_PATH", destdir.join("opt/bpfc/lib/pkgconfig"));
        if let Ok(output) = pkg_config.output() {
            let flags = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(flags.contains("-L/opt/bpfc/lib -lbpfc"), "{flags}");
        }
        assert!(run(&["--prefix".to_owned(), "here".to_owned()]).is_err());
        assert!(run(&["--prefix".to_owned()]).is_err());
        fs::remove_dir_all(&destdir).expect("removed");
    }
}
