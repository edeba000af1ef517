//! Names in a bpffs for all of what was loaded and attached, so that it outlives the process.

use crate::attach::Link;
use crate::load::Loaded;
use crate::map::Map;
use crate::{Errno, LoadError};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Names that are being made. They go away again unless all could be.
#[derive(Default)]
struct Made {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    is_whole: bool,
}

impl Drop for Made {
    fn drop(&mut self) {
        if self.is_whole {
            return;
        }
        // Who removed them before wanted the same.
        for file in &self.files {
            drop(fs::remove_file(file));
        }
        for folder in self.folders.iter().rev() {
            drop(fs::remove_dir(folder));
        }
    }
}

impl Made {
    /// Makes a folder, unless it is there.
    fn folder(&mut self, path: &Path) -> Result<(), LoadError> {
        match fs::create_dir(path) {
            Ok(()) => self.folders.push(path.to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let subject = format!("anything below `{}`", path.display());
                return Err(LoadError::System {
                    operation: "pin",
                    subject,
                    errno: Errno::from(&error),
                });
            }
        }
        Ok(())
    }
}

impl Loaded {
    /// Pins all of it in a folder of a mounted bpffs, which is made if need be: maps as `maps/NAME`, data sections as
    /// `maps/bss` and the like, programs as `programs/NAME`, attachments as `links/PROGRAM`, with `_2` and so on for
    /// further ones of the same program. Attachments stay when `links` are dropped, until their names are removed
    /// or [`Link::detach`] is called.
    ///
    /// # Errors
    /// [`LoadError::System`]: a name is taken, there is no bpffs, or an attachment is not held by a link; nothing is pinned
    /// then.
    pub fn pin(&self, links: &mut [Link], folder: &Path) -> Result<(), LoadError> {
        let mut made = Made::default();
        made.folder(folder)?;
        let places = ["maps", "programs", "links"].map(|name| folder.join(name));
        let [maps, programs, attached] = &places;
        for place in &places {
            made.folder(place)?;
        }
        let all = self.maps.iter().map(|map| (map.name().to_owned(), map));
        let sections = self.data.iter().flatten().map(|map| (section_name(map), map));
        for (name, map) in all.chain(sections) {
            let path = maps.join(name);
            map.pin(&path)?;
            made.files.push(path);
        }
        for program in &self.programs {
            let path = programs.join(program.name());
            program.pin(&path)?;
            made.files.push(path);
        }
        let mut n_of = BTreeMap::<String, usize>::new();
        for link in links.iter_mut() {
            let n = n_of.entry(link.program().to_owned()).or_default();
            let n_before = *n;
            *n += link.n_handles();
            let names = (n_before + 1..=*n).map(|number| match number {
                1 => attached.join(link.program()),
                number => attached.join(format!("{}_{number}", link.program())),
            });
            link.pin_at(&names.collect::<Vec<_>>(), &mut made.files)?;
        }
        links.iter_mut().for_each(Link::leave);
        made.is_whole = true;
        Ok(())
    }
}

/// A name in a bpffs has no dots (`bpf_lookup`, `kernel/bpf/inode.c`, 6.12): `bss`, `data_counters`.
fn section_name(map: &Map) -> String {
    map.name().trim_start_matches('.').replace('.', "_")
}
