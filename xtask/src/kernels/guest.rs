//! What runs inside the virtual machine: loads each program of each object, alone, and attaches it where its section
//! says where. One line on the console for each.

use super::Result;
use bpfc_loader::{AttachSpec, Kernel, LoadOptions, attach, load};
use bpfc_object::{FuncId, Object};
use std::fs;
use std::path::Path;

/// What lines for the host begin with.
pub const MARK: &str = "@verdict";

/// Loads every object in `folder`.
pub fn run(folder: &Path) -> Result<()> {
    let mut paths: Vec<_> = fs::read_dir(folder)?.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    let kernel = Kernel::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let object = bpfc_object::read(&fs::read(&path)?).map_err(|error| error.to_string())?;
        let programs = object.programs().filter(|(_, function)| !function.section.starts_with('?'));
        for (program, function) in programs {
            let verdict = verdict(&object, program, &kernel);
            println!("{MARK} {name} {} {verdict}", function.name);
        }
    }
    Ok(())
}

/// `attaches`, `loads`, or `refused` with the reason.
fn verdict(object: &Object, program: FuncId, kernel: &Kernel) -> String {
    let refused = |error: &bpfc_loader::LoadError| {
        let text = error.to_string();
        format!("refused {}", text.lines().next().unwrap_or_default())
    };
    let options = LoadOptions { programs: Some(vec![program]), ..LoadOptions::default() };
    let loaded = match load(object, kernel, &options) {
        Ok(loaded) => loaded,
        Err(error) => return refused(&error),
    };
    let Some(program) = loaded.programs.first() else {
        return "refused nothing was loaded".to_owned();
    };
    match AttachSpec::of(program.name(), program.kind()) {
        Ok(spec) => match attach(program, &spec, kernel) {
            Ok(_) => "attaches".to_owned(),
            Err(error) => format!("loads but {error}"),
        },
        Err(_) => "loads".to_owned(),
    }
}
