//! What must hold for any input, and what an input shows.

use bpfc_base::render::{Color, Format, render};
use bpfc_base::{Diagnostic, Session};
use bpfc_btf::{Btf, BtfExt};
use bpfc_object::{
    CoreTarget, FuncId, JoinInput, ListingOptions, Object, join, link, list_linked, list_object,
    read, usdt_notes, write,
};
use bpfc_verifier::VerifyOptions;
use bpfc_vm::{EngineChoice, Input, Vm};
use std::collections::HashSet;
use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Inputs are checked in one of so many ways, by their number.
pub const N_WAYS: u64 = 8;
/// Instructions that the verifier looks at, and that a run may take.
const MAX_INSNS: u32 = 400;
/// Programs of an object that are verified and run.
const MAX_PROGRAMS: usize = 2;
/// A listing may have so many bytes for one of the input: lines of source are repeated.
const LISTING_PER_BYTE: usize = 1 << 12;

/// What an input showed.
pub struct Seen {
    /// How far it came.
    pub stage: &'static str,
    /// What it showed, as hashes.
    pub features: HashSet<u64>,
}

/// An object that inputs are joined with.
pub struct Partner {
    pub object: Object,
    pub btf: Btf,
}

/// Does everything with `input` that is done with objects.
pub fn check(input: &[u8], partner: &Partner, at: u64) -> Result<Seen, String> {
    let mut seen = Seen { stage: "not read", features: HashSet::new() };
    if at & 1 == 1 {
        types(input, &mut seen)?;
        let _ = usdt_notes(input);
    }
    let object = match read(input) {
        Ok(object) => object,
        Err(error) => {
            seen.error("read", &error);
            return says_where(&error).map(|()| seen);
        }
    };
    seen.stage = "read";
    seen.count("functions", object.functions.len());
    seen.count("maps", object.maps.len());
    seen.count("data", object.data.len());
    let options = ListingOptions { with_source: at & 1 == 0, with_bytes: at & 1 == 1 };
    let listing = list_object(&object, options);
    if listing.len() > LISTING_PER_BYTE * (input.len() + 1024) {
        return Err(format!("a listing of {} bytes", listing.len()));
    }
    written(&object, &mut seen)?;
    joined(&object, partner, at, &mut seen)?;
    for (idx, (program, _)) in object.programs().enumerate().take(MAX_PROGRAMS) {
        linked(&object, program, partner, idx, &mut seen)?;
    }
    run(&object, at, &mut seen)?;
    Ok(seen)
}

/// The sections of types, by themselves.
fn types(input: &[u8], seen: &mut Seen) -> Result<(), String> {
    let Some(blob) = bpfc_object::find_btf_section(input) else { return Ok(()) };
    match Btf::parse(blob.to_vec()) {
        Ok(btf) => {
            let text = bpfc_btf::dump_raw(&btf);
            if text.len() > LISTING_PER_BYTE * (input.len() + 1024) {
                return Err(format!("a dump of {} bytes", text.len()));
            }
            for id in btf.ids().take(16) {
                if let Err(error) = bpfc_btf::c::definition(&btf, id) {
                    seen.error("definition", &error);
                }
                let _ = (btf.size_of(id), btf.resolved(id));
            }
        }
        Err(error) => {
            seen.error("btf", &error);
            says_where(&error)?;
        }
    }
    if let Err(error) = BtfExt::parse(blob) {
        seen.error("ext", &error);
    }
    Ok(())
}

/// What was read can be written, and read again.
fn written(object: &Object, seen: &mut Seen) -> Result<(), String> {
    match write(object) {
        Ok(bytes) => {
            let again = read(&bytes);
            again.map(|_| ()).map_err(|error| format!("cannot be read again: {error}"))
        }
        Err(error) => {
            seen.error("write", &error);
            Ok(())
        }
    }
}

/// Joins with itself, alone, and with another object on either side.
fn joined(object: &Object, partner: &Partner, at: u64, seen: &mut Seen) -> Result<(), String> {
    let input = JoinInput { name: "input.o", object };
    let other = JoinInput { name: "other.o", object: &partner.object };
    let inputs = match at & 3 {
        0 => vec![input],
        1 => vec![input, other],
        2 => vec![other, input],
        _ => vec![input, JoinInput { name: "again.o", object }],
    };
    match join(&inputs) {
        Ok(joined) => {
            seen.stage = "joined";
            // Half of them, as it takes as long as all the rest.
            if at & 4 == 0 { written(&joined, seen) } else { Ok(()) }
        }
        Err(errors) => {
            for error in &errors {
                seen.error("join", error);
                let text = error.to_string();
                if !text.contains(".o`") && !text.contains("section `") {
                    return Err(format!("an error names no file: {text}"));
                }
            }
            Ok(())
        }
    }
}

fn linked(
    object: &Object,
    program: FuncId,
    partner: &Partner,
    idx: usize,
    seen: &mut Seen,
) -> Result<(), String> {
    let mut linked = match link(object, program) {
        Ok(linked) => linked,
        Err(error) => {
            seen.error("link", &error);
            return Ok(());
        }
    };
    let options = VerifyOptions { max_insns: Some(MAX_INSNS), ..VerifyOptions::default() };
    let mut session = Session::default();
    let report = bpfc_verifier::verify(object, &linked, &options, &session.sources);
    seen.stage = "verified";
    for diagnostic in &report.diagnostics {
        seen.report(diagnostic);
    }
    if idx == 0 {
        report.diagnostics.into_iter().for_each(|diagnostic| session.report(diagnostic));
        let diagnostics = session.diagnostics.take();
        if !diagnostics.is_empty() {
            render(&session, &diagnostics, Format::Human(Color::Never));
        }
        let options = ListingOptions { with_source: false, with_bytes: false };
        list_linked(object, &linked, options);
        if let Ok(local) = object.open_btf()
            && let Err(error) =
                CoreTarget::new(&local, vec![&partner.btf, &local]).apply(&mut linked)
        {
            seen.error("core", &error);
        }
    }
    Ok(())
}

/// Runs programs with little time and memory.
fn run(object: &Object, at: u64, seen: &mut Seen) -> Result<(), String> {
    let engine = match at & 3 {
        0 => EngineChoice::Both,
        _ => EngineChoice::Reference,
    };
    let options = bpfc_vm::Options {
        engine,
        fuel: MAX_INSNS.into(),
        map_bytes: 1 << 20,
        ..bpfc_vm::Options::default()
    };
    let mut vm = match Vm::new(object, options) {
        Ok(vm) => vm,
        Err(error) => {
            seen.error("setup", &error);
            return Ok(());
        }
    };
    let input = Input { packet: Some(vec![0; 64]), ..Input::default() };
    for (program, _) in object.programs().take(MAX_PROGRAMS) {
        match vm.run(program, &input) {
            Ok(_) => seen.stage = "ran",
            Err(error) => {
                seen.report(&error.to_diagnostic());
                if error.to_string().contains("engines") {
                    return Err(format!("the engines differ: {error}"));
                }
            }
        }
    }
    Ok(())
}

/// An error names an offset, a section or a symbol, or what there is too much of.
fn says_where(error: &impl Display) -> Result<(), String> {
    let text = error.to_string();
    let known = ["0x", "`", "too many", "bad magic", "type ", "version"];
    match known.iter().any(|part| text.contains(part)) {
        true => Ok(()),
        false => Err(format!("an error does not say where: {text}")),
    }
}

impl Seen {
    /// An error, without its numbers and names.
    fn error(&mut self, stage: &str, error: &impl Display) {
        let text = error.to_string();
        let mut plain = String::with_capacity(text.len());
        let mut is_name = false;
        for c in text.chars() {
            match c {
                '`' => is_name = !is_name,
                _ if is_name || c.is_ascii_hexdigit() => {}
                _ => plain.push(c),
            }
        }
        self.feature((stage, plain));
    }

    fn report(&mut self, diagnostic: &Diagnostic) {
        let code = diagnostic.code.name();
        self.error(code, &diagnostic.message);
    }

    fn count(&mut self, what: &str, n: usize) {
        self.feature((what, n.min(8)));
    }

    fn feature(&mut self, value: impl Hash) {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        self.features.insert(hasher.finish());
    }
}
