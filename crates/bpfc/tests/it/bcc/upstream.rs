//! The programs of BCC's repository: tools, examples, and what its Python tests compile. Where its sources are is said by
//! `BPFC_BCC`, or they are the folder `bcc` in `BPFC_CORPORA`; nothing of them is here.
//!
//! `tests/corpus/bcc.txt` says what becomes of each text, `FILE#TEST ARGUMENT… => OUTCOME`, and how the scripts are called.
//! `BPFC_BLESS=1` writes it.

use super::list::{Entry, Outcome};
use super::{are_trampolines_forbidden, dialect, extract, is_forbidden, kinds, list};
use crate::support::{compile, scratch};
use bpfc_loader::{Kernel, LoadError, LoadOptions};
use bpfc_object::{FuncId, MapRole, Object};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const N_WORKERS: usize = 2;
/// The list.
const LIST: &str = "bcc.txt";
/// Folders with scripts.
const FOLDERS: [&str; 3] = ["tools", "examples", "tests/python"];
/// Scripts that only start others, or test something else than programs.
const LEFT_OUT: [&str; 5] = [
    "simulation.py",
    "test_tools_smoke.py",
    "test_tools_memleak.py",
    "python/utils.py",
    "test_disassembler.py",
];

/// What became of a text, and of how many functions.
struct Found {
    name: String,
    outcome: Outcome,
    n_functions: usize,
    n_loaded: usize,
}

#[test]
fn programs_do_what_the_list_says() {
    let Some(root) = sources() else {
        bpfc_testkit::skipped("BCC's repository: BPFC_BCC does not say where it is");
        return;
    };
    let Some(facts) = extract::kernel_facts(&scratch("bcc-upstream")) else {
        bpfc_testkit::skipped("BCC's repository: the kernel has no BTF");
        return;
    };
    let known = read_list();
    let calls = calls(&root, &known);
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..N_WORKERS {
            scope.spawn(|| {
                while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcomes = play(&root, call, &facts);
                    found.lock().expect("no worker panics").extend(outcomes);
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no worker panics");
    found.sort_by(|a, b| a.name.cmp(&b.name));
    judge(&known, &found);
}

fn sources() -> Option<PathBuf> {
    let named = std::env::var_os("BPFC_BCC").map(PathBuf::from);
    let corpora = || Some(PathBuf::from(std::env::var_os("BPFC_CORPORA")?).join("bcc"));
    named.or_else(corpora).filter(|path| path.join("tools").is_dir())
}

/// Lines of the list: what a program is called, and what becomes of it.
fn read_list() -> BTreeMap<String, String> {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let text = std::fs::read_to_string(root.join("tests/corpus").join(LIST)).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(" => "));
    pairs.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())).collect()
}

/// The scripts to call, and how: as the list has it, and those that it does not have without arguments.
fn calls(root: &Path, known: &BTreeMap<String, String>) -> Vec<Entry> {
    let mut calls = BTreeSet::new();
    for name in known.keys() {
        let (file, rest) = name.split_once(' ').unwrap_or((name, ""));
        let file = file.split('#').next().unwrap_or(file);
        calls.insert(format!("{file} {rest}").trim().to_owned());
    }
    let mut files = Vec::new();
    FOLDERS.iter().for_each(|folder| collect(&root.join(folder), &mut files));
    for file in files {
        let Ok(file) = file.strip_prefix(root) else { continue };
        let file = file.to_string_lossy().into_owned();
        let is_left_out = LEFT_OUT.iter().any(|name| file.ends_with(name));
        if !is_left_out && !calls.iter().any(|call| call.split(' ').next() == Some(&file)) {
            calls.insert(file);
        }
    }
    let calls = calls.iter().enumerate();
    calls.map(|(line, call)| list::entry(line, &format!("{call} => loads"))).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            files.push(path);
        }
    }
}

/// Calls a script: what becomes of each of its texts.
fn play(root: &Path, call: &Entry, facts: &Path) -> Vec<Found> {
    let mut told = call.clone();
    told.words.push("upstream".to_owned());
    if call.tool.contains("/test_") {
        told.words.push("tests".to_owned());
    }
    let out = scratch("bcc-upstream").join(format!("{}.json", call.line));
    let programs = match extract::run_script(&root.join(&call.tool), &told, facts, &out) {
        Ok(programs) => programs,
        Err(why) => {
            println!("  {} has no program: {why}", call.name());
            let outcome = Outcome::HasNone("it needs more than a recorder".into());
            return vec![Found { name: call.name(), outcome, n_functions: 0, n_loaded: 0 }];
        }
    };
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let is_single = programs.len() == 1 && programs[0].name.is_empty();
    let each = programs.iter().map(|program| {
        let n = names.entry(program.name.clone()).or_default();
        *n += 1;
        let number = if *n > 1 { format!(".{n}") } else { String::new() };
        let suffix = if is_single { String::new() } else { format!("#{}{number}", program.name) };
        let named = Entry { tool: format!("{}{suffix}", call.tool), ..call.clone() };
        judge_program(named.name(), program)
    });
    each.collect()
}

fn judge_program(name: String, program: &extract::Program) -> Found {
    let compiled = compile(&name, program.text.as_bytes(), &dialect(program));
    let Some(mut object) = compiled.object else {
        let messages = compiled.messages();
        let outcome = Outcome::Fails(messages.lines().next().unwrap_or("silently").into());
        return Found { name, outcome, n_functions: 0, n_loaded: 0 };
    };
    // Nothing is left behind, or needed.
    for map in object.maps.iter_mut() {
        map.pin_path = None;
        map.role = MapRole::Own;
    }
    let functions: Vec<FuncId> = object.programs().map(|(id, _)| id).collect();
    let refused: Vec<String> =
        functions.iter().filter_map(|&id| refusal(&object, id, program)).collect();
    let (n_functions, n_loaded) = (functions.len(), functions.len() - refused.len());
    let outcome = match refused.first() {
        None => Outcome::Loads,
        Some(why) => Outcome::Compiles(format!("{n_loaded} of {n_functions}, {why}")),
    };
    Found { name, outcome, n_functions, n_loaded }
}

/// Why the kernel does not take a function.
fn refusal(object: &Object, id: FuncId, program: &extract::Program) -> Option<String> {
    let (kinds, programs) = (kinds(object, program), Some(vec![id]));
    let options = LoadOptions { kinds, programs, ..LoadOptions::default() };
    let reason = match bpfc_loader::load(object, &Kernel::new(), &options) {
        Ok(_) => return None,
        Err(LoadError::Rejected(rejection)) => rejection.message.clone(),
        Err(error) if is_forbidden(&error) && are_trampolines_forbidden() => return None,
        Err(error) => error.to_diagnostic().message,
    };
    Some(format!("{}: {reason}", object.functions[id].name))
}

/// Compares with the list, or writes it.
fn judge(known: &BTreeMap<String, String>, found: &[Found]) {
    let texts = found.iter().filter(|it| !matches!(it.outcome, Outcome::HasNone(_)));
    let texts: Vec<&Found> = texts.collect();
    let compiling = texts.iter().filter(|it| !matches!(it.outcome, Outcome::Fails(_)));
    let n_functions: usize = found.iter().map(|it| it.n_functions).sum();
    let n_loaded: usize = found.iter().map(|it| it.n_loaded).sum();
    println!(
        "  {} of {} texts compile; the kernel takes {n_loaded} of {n_functions} functions",
        compiling.count(),
        texts.len()
    );
    if std::env::var_os("BPFC_BLESS").is_some() {
        let mut text =
            "# What becomes of the programs of BCC's repository, on Linux 6.18.\n".to_owned();
        for it in found {
            text += &format!("{} => {}\n", it.name, it.outcome);
        }
        let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
        std::fs::write(root.join("tests/corpus").join(LIST), text).expect("the list is written");
        return;
    }
    let mut wrong = String::new();
    for it in found {
        match known.get(&it.name) {
            Some(said) if *said == it.outcome.to_string() => {}
            Some(said) => wrong += &format!("{} => {said}\n    but it {}\n", it.name, it.outcome),
            None => wrong += &format!("{} is not in the list: it {}\n", it.name, it.outcome),
        }
    }
    assert!(wrong.is_empty(), "tests/corpus/{LIST} is not what happens:\n{wrong}");
}
