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

/// The newest kernel, whose image is in a package of its own.
const NEWEST: (KernelVersion, &str, &str) =
    (KernelVersion::new(7, 3), "linux-binary-7.3.", "+deb13-cloud-amd64");

/// The newest packages, unpacked into `folder`.
pub fn download(folder: &Path) -> Result<Vec<Downloaded>> {
    let apt = Apt::new(folder)?;
    apt.run("apt-get", &["update", "-q"])?;
    PACKAGES.iter().map(|(version, start, end)| apt.newest(*version, start, end)).collect()
}

/// The newest kernel that explains in reports: Linux 7.3.
pub fn download_newest(folder: &Path) -> Result<Downloaded> {
    download_one(folder, NEWEST.0)
}

/// The newest kernel of a release, unpacked into `folder`. What was unpacked there before is taken without asking for a newer one.
pub fn download_one(folder: &Path, version: KernelVersion) -> Result<Downloaded> {
    let known = PACKAGES.iter().chain([&NEWEST]).find(|(other, ..)| *other == version);
    let (version, start, end) = known.ok_or_else(|| format!("no package of Linux {version}"))?;
    let apt = Apt::new(folder)?;
    if let Some(build) = apt.unpacked(start, end)? {
        return apt.open(*version, &format!("{start}{build}{end}"));
    }
    apt.run("apt-get", &["update", "-q"])?;
    apt.newest(*version, start, end)
}

/// The newest package of this name, unopened, into `folder`.
pub fn download_package(folder: &Path, package: &str) -> Result<PathBuf> {
    let apt = Apt::new(folder)?;
    apt.run("apt-get", &["update", "-q"])?;
    apt.download(package)
}

/// A package of this very name, unpacked into a folder of its own.
pub fn unpack_package(folder: &Path, package: &str) -> Result<PathBuf> {
    let apt = Apt::new(folder)?;
    let root = apt.folder.join(package);
    if !root.join(WHOLE).exists() {
        apt.run("apt-get", &["update", "-q"])?;
        apt.unpack(package, &root)?;
        fs::write(root.join(WHOLE), "")?;
    }
    Ok(root)
}

/// Marks the folder of a package that is unpacked to the end.
const WHOLE: &str = ".whole";

/// What counts builds in the name of a package.
fn build(name: &str, start: &str, end: &str) -> Option<u32> {
    name.strip_prefix(start)?.strip_suffix(end)?.parse().ok()
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

    /// The newest package of this name that the servers have.
    fn newest(&self, version: KernelVersion, start: &str, end: &str) -> Result<Downloaded> {
        let all = self.run("apt-cache", &["pkgnames", start])?;
        let builds = all.lines().filter_map(|name| build(name, start, end));
        let build = builds.max().ok_or_else(|| format!("no package {start}*{end}"))?;
        self.open(version, &format!("{start}{build}{end}"))
    }

    /// The newest build of a package that was unpacked before.
    fn unpacked(&self, start: &str, end: &str) -> Result<Option<u32>> {
        let mut builds = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_whole = path.join(WHOLE).exists();
            builds.extend(build(&name, start, end).filter(|_| is_whole));
        }
        Ok(builds.into_iter().max())
    }

    /// A kernel's package, which is downloaded and unpacked unless it was before.
    fn open(&self, version: KernelVersion, package: &str) -> Result<Downloaded> {
        let root = self.folder.join(package);
        let release =
            package.trim_start_matches("linux-image-").trim_start_matches("linux-binary-");
        if !root.join(WHOLE).exists() {
            self.unpack(package, &root)?;
            // Since 7.3 modules have a package of their own.
            let modules = package.replace("linux-binary-", "linux-modules-");
            if modules != package && self.run("apt-cache", &["show", &modules]).is_ok() {
                self.unpack(&modules, &root)?;
            }
            fs::write(root.join(WHOLE), "")?;
        }
        let images =
            [format!("boot/vmlinuz-{release}"), format!("usr/lib/modules/{release}/vmlinuz")];
        let mut images = images.iter().map(|path| root.join(path)).filter(|path| path.exists());
        let vmlinuz = images.next().ok_or_else(|| format!("{package} has no image"))?;
        let folders = ["lib/modules", "usr/lib/modules"].map(|path| root.join(path));
        let modules = folders.into_iter().find(|path| path.exists()).unwrap_or(root);
        Ok(Downloaded { version, release: release.to_owned(), vmlinuz, modules })
    }

    fn unpack(&self, package: &str, root: &Path) -> Result<()> {
        let deb = self.download(package)?;
        self.run("dpkg", &["-x", &deb.display().to_string(), &root.display().to_string()])?;
        Ok(fs::remove_file(deb)?)
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
