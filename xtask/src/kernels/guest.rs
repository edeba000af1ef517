//! What runs inside the virtual machine: loads each program of each object, alone, and attaches it where its section
//! says where. One line on the console for each.

use super::Result;
use bpfc_loader::{AttachSpec, Kernel, LoadError, LoadOptions, attach, load};
use bpfc_object::{FuncId, Object};
use std::collections::BTreeMap;
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

/// Around a log on the console.
const LOG: &str = "@log ";
const END: &str = "@end";

/// What the kernel's verifier says of each object in `folder`, by its name.
pub fn logs(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut paths: Vec<_> = fs::read_dir(folder)?.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    let kernel = Kernel::new();
    let mut logs = BTreeMap::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let object = bpfc_object::read(&fs::read(&path)?).map_err(|error| error.to_string())?;
        let log = match load(&object, &kernel, &LoadOptions::default()) {
            Ok(_) => "the program is loaded\n".to_owned(),
            Err(LoadError::Rejected(rejection)) => rejection.log,
            Err(error) => format!("{error}\n"),
        };
        logs.insert(name, log);
    }
    Ok(logs)
}

/// Prints the logs.
pub fn print_logs(folder: &Path) -> Result<()> {
    for (name, log) in logs(folder)? {
        println!("{LOG}{name}\n{log}\n{END}");
    }
    Ok(())
}

/// Reads the logs from a console.
pub fn logs_in(console: &str) -> BTreeMap<String, String> {
    let blocks = console.split(LOG).skip(1);
    let logs = blocks.filter_map(|block| {
        let (name, rest) = block.split_once('\n')?;
        let log = rest.split(END).next()?.replace('\r', "");
        Some((name.trim().to_owned(), log))
    });
    logs.collect()
}
