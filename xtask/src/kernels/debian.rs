//! Kernel packages of Debian, through an apt of our own that touches nothing of the system's.

use super::{Downloaded, Result};
use bpfc_kabi::KernelVersion;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the packages are.
const SOURCES: &str = "\
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-backports main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bullseye main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian-security bullseye-security main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie-backports main
";

/// Start and end of the names of packages, around what counts builds.
const PACKAGES: [(KernelVersion, &str, &str); 3] = [
    (KernelVersion::new(5, 10), "linux-image-5.10.0-", "-amd64"),
    (KernelVersion::new(6, 1), "linux-image-6.1.0-", "-amd64"),
    (KernelVersion::new(6, 12), "linux-image-6.12.", "+deb12-amd64"),
];

/// The newest packages, unpacked into `folder`.
pub fn download(folder: &Path) -> Result<Vec<Downloaded>> {
    let apt = Apt::new(folder)?;
    apt.run("apt-get", &["update", "-q"])?;
    let all = apt.run("apt-cache", &["pkgnames", "linux-image-"])?;
    PACKAGES
        .iter()
        .map(|(version, start, end)| {
            let builds = all.lines().filter_map(|name| {
                let build = name.strip_prefix(start)?.strip_suffix(end)?;
                build.parse::<u32>().ok()
            });
            let build = builds.max().ok_or_else(|| format!("no package {start}*{end}"))?;
            let package = format!("{start}{build}{end}");
            let release = package.trim_start_matches("linux-image-").to_owned();
            let vmlinuz = apt.vmlinuz(&package, &release)?;
            Ok(Downloaded { version: *version, release, vmlinuz })
        })
        .collect()
}

/// The newest kernel that explains in reports: Linux 7.3.
pub fn download_newest(folder: &Path) -> Result<Downloaded> {
    let version = KernelVersion::new(7, 3);
    let (start, end) = (format!("linux-binary-{version}."), "+deb13-cloud-amd64");
    let apt = Apt::new(folder)?;
    apt.run("apt-get", &["update", "-q"])?;
    let all = apt.run("apt-cache", &["pkgnames", &start])?;
    let builds = all.lines().filter_map(|name| {
        let build = name.strip_prefix(&start)?.strip_suffix(end)?;
        build.parse::<u32>().ok()
    });
    let build = builds.max().ok_or_else(|| format!("no package {start}*{end}"))?;
    let package = format!("{start}{build}{end}");
    let release = package.trim_start_matches("linux-binary-").to_owned();
    let vmlinuz = apt.image(&package, &format!("usr/lib/modules/{release}/vmlinuz"))?;
    Ok(Downloaded { version, release, vmlinuz })
}

/// The newest package of this name, unopened, into `folder`.
pub fn download_package(folder: &Path, package: &str) -> Result<PathBuf> {
    let apt = Apt::new(folder)?;
    apt.run("apt-get", &["update", "-q"])?;
    apt.download(package)
}

struct Apt {
    folder: PathBuf,
    config: PathBuf,
}

impl Apt {
    fn new(folder: &Path) -> Result<Apt> {
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let root = folder.join("apt");
        fs::create_dir_all(root.join("lists/partial"))?;
        fs::create_dir_all(root.join("cache/archives/partial"))?;
        fs::write(root.join("sources.list"), SOURCES)?;
        let root = root.display();
        let text = format!(
            "Dir::Etc::sourcelist \"{root}/sources.list\";\n\
             Dir::Etc::sourceparts \"/dev/null\";\n\
             Dir::State::lists \"{root}/lists\";\n\
             Dir::Cache \"{root}/cache\";\n\
             APT::Sandbox::User \"root\";\n"
        );
        let config = folder.join("apt/config");
        fs::write(&config, text)?;
        Ok(Apt { folder, config })
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<String> {
        let mut command = Command::new(program);
        command.args(args).env("APT_CONFIG", &self.config).current_dir(&self.folder);
        let output = command.output().map_err(|error| format!("{program}: {error}"))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("{program} {}: {complaint}", args.join(" ")).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The compressed image in a package, which is downloaded unless it was before.
    fn vmlinuz(&self, package: &str, release: &str) -> Result<PathBuf> {
        self.image(package, &format!("boot/vmlinuz-{release}"))
    }

    fn image(&self, package: &str, path: &str) -> Result<PathBuf> {
        let root = self.folder.join(package);
        let vmlinuz = root.join(path);
        if !vmlinuz.exists() {
            let deb = self.download(package)?;
            let (deb, root) = (deb.display().to_string(), root.display().to_string());
            self.run("dpkg", &["-x", &deb, &root])?;
            fs::remove_file(deb)?;
        }
        Ok(vmlinuz)
    }

    /// A package, as a file.
    fn download(&self, package: &str) -> Result<PathBuf> {
        self.run("apt-get", &["download", "-q", package])?;
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(&format!("{package}_")) && name.ends_with(".deb")
        };
        let mut files = fs::read_dir(&self.folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        Ok(files.find(is_it).ok_or("apt-get downloaded nothing")?)
    }
}
