//! What `check`, `build` and `run` share: a source file and the options it is compiled with.

use crate::args::{Compile, DialectChoice, EndianChoice};
use crate::btf_file;
use crate::bug;
use crate::exit::Exit;
use crate::files;
use crate::host::{ThisMachine, online_cpus};
use crate::remarks;
use crate::terminal::Terminal;
use bpfc::{Btf, Dialect, Endian, Object, OptLevel, Options, UsdtLocation, UsdtProbe};
use bpfc_base::{Diagnostic, FileId, Session, codes, warnings};
use std::path::Path;
use std::sync::Arc;

/// One source, ready to be compiled.
pub struct Compilation {
    /// Where it reports to.
    pub session: Session,
    /// The source.
    pub file: FileId,
    /// How it is compiled.
    pub options: Options,
    /// Where its headers and kernel types come from.
    pub host: ThisMachine,
}

/// Why a source is not compiled.
pub struct Refused {
    /// What diagnostics refer to.
    pub session: Session,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Compilation {
    /// Opens the source, to be compiled with the types of `--btf` or of this machine.
    ///
    /// # Errors
    /// How the command ends; why was printed.
    pub fn open(path: &Path, args: &Compile, terminal: &mut Terminal) -> Result<Self, Exit> {
        let types = btf_file::open(&args.btf).map_err(|error| terminal.fail_with(error))?;
        Self::open_with(path, args, types, terminal)
    }

    /// Opens the source, to be compiled with these types of the kernel; without any, with those of this machine.
    ///
    /// # Errors
    /// How the command ends; why was printed.
    pub fn open_with(
        path: &Path,
        args: &Compile,
        types: Option<Arc<Btf>>,
        terminal: &mut Terminal,
    ) -> Result<Self, Exit> {
        let bytes = files::read(path).map_err(|error| terminal.fail_with(error))?;
        Self::of_bytes(&files::shown(path), &bytes, args, types, terminal)
    }

    /// As [`Compilation::open_with`], of a source that was read already.
    ///
    /// # Errors
    /// How the command ends; why was printed.
    pub fn of_bytes(
        name: &str,
        bytes: &[u8],
        args: &Compile,
        types: Option<Arc<Btf>>,
        terminal: &mut Terminal,
    ) -> Result<Self, Exit> {
        let remarks = remarks::wanted(&args.remarks)?;
        let unused_options = terminal.take_unused_options();
        match Self::quietly(name, bytes, args, types, &unused_options) {
            Ok(mut compilation) => {
                compilation.options.remarks = remarks;
                Ok(compilation)
            }
            Err(refused) => {
                terminal.print(&refused.session, &refused.diagnostics);
                Err(Exit::of(&refused.diagnostics))
            }
        }
    }

    /// As [`Compilation::of_bytes`], but nothing is printed.
    ///
    /// # Errors
    /// What is wrong with the text or the options.
    pub fn quietly(
        name: &str,
        bytes: &[u8],
        args: &Compile,
        types: Option<Arc<Btf>>,
        unused_options: &[String],
    ) -> Result<Self, Box<Refused>> {
        let host = ThisMachine::new(&args.search_path, types);
        let mut session = Session::default();
        configure_warnings(&mut session, args);
        for option in unused_options {
            let message = format!("the option `{option}` is unknown, and left out");
            session.report(Diagnostic::without_span(codes::lex::W0106, message));
        }
        let Some(file) = bpfc::add_source(&mut session, name, bytes) else {
            let diagnostics = session.diagnostics.take();
            return Err(Box::new(Refused { session, diagnostics }));
        };
        let usdt = args.usdt.iter().map(|probe| usdt_probe(probe));
        match usdt.collect::<Result<Vec<UsdtProbe>, Diagnostic>>() {
            Ok(usdt) => Ok(Self { session, file, options: options(args, usdt), host }),
            Err(error) => Err(Box::new(Refused { session, diagnostics: vec![error] })),
        }
    }

    /// Compiles the source. A file without anything to compile is an error, but for headers.
    pub fn compile(&mut self) -> Option<Object> {
        let object = bpfc::compile(&mut self.session, self.file, &self.options, &mut self.host)?;
        let is_empty =
            object.functions.is_empty() && object.maps.is_empty() && object.data.is_empty();
        let name = &self.session.sources.file(self.file).name;
        if is_empty && !name.ends_with(".h") {
            let message = format!("there is nothing to compile in `{name}`");
            let help = "mark a function as a program with `SEC(\"xdp\")` or the like";
            self.session
                .report(Diagnostic::without_span(codes::bpf::E0411, message).with_help(help));
            return None;
        }
        Some(object)
    }

    /// Verifies what was compiled, and warns where its code is refused although the source is right.
    pub fn prove(&mut self, object: &Object) {
        let Self { session, file, options, host } = self;
        for bug in bpfc::prove(session, *file, object, options, host) {
            session.report(bug::keep(bug.as_warning()));
        }
    }

    /// Compiles the source to a part of a program, free of places in this source.
    ///
    /// # Errors
    /// How the command ends; why was printed.
    pub fn part(mut self, terminal: &mut Terminal) -> Result<Object, Exit> {
        let object = self.compile();
        if let Some(object) = &object {
            self.prove(object);
        }
        let bytes = object.and_then(|object| bpfc::write_object(&mut self.session, &object));
        let name = self.session.sources.file(self.file).name.clone();
        match (bytes, self.report(terminal)) {
            // Files do not keep places.
            (Some(bytes), Exit::Fine) => {
                bpfc::read_object(&name, &bytes).map_err(|error| terminal.fail_with(error))
            }
            (_, exit) => Err(exit),
        }
    }

    /// Prints what was reported since the last time; how the command ends by that.
    pub fn report(&mut self, terminal: &mut Terminal) -> Exit {
        let diagnostics = self.session.diagnostics.take();
        terminal.print(&self.session, &diagnostics);
        Exit::of(&diagnostics)
    }
}

fn configure_warnings(session: &mut Session, args: &Compile) {
    let flags: Vec<String> = args.warnings.iter().map(|name| format!("-W{name}")).collect();
    let quiet = args.no_warnings.then_some("-w");
    warnings::configure(session, flags.iter().map(String::as_str).chain(quiet));
}

/// Reads `FUNCTION=BINARY:PROVIDER:NAME`, and where the binary has that marker.
fn usdt_probe(text: &str) -> Result<UsdtProbe, Diagnostic> {
    let parts = text.split_once('=').and_then(|(function, rest)| {
        let (rest, name) = rest.rsplit_once(':')?;
        let (binary, provider) = rest.rsplit_once(':')?;
        Some((function, binary, provider, name))
    });
    let Some((function, binary, provider, name)) = parts else {
        let message = format!("`{text}` is not `FUNCTION=BINARY:PROVIDER:NAME`");
        return Err(Diagnostic::without_span(codes::bcc::E0506, message));
    };
    let notes = bpfc::usdt_notes(binary, &files::read(Path::new(binary))?)?;
    let of_provider = notes.iter().filter(|note| note.provider == provider || provider.is_empty());
    let found = of_provider.clone().filter(|note| note.name == name);
    let locations: Vec<UsdtLocation> = found
        .map(|note| UsdtLocation { address: note.address, arguments: note.arguments.clone() })
        .collect();
    if locations.is_empty() {
        let message = format!("`{binary}` has no USDT probe `{provider}:{name}`");
        let diagnostic = Diagnostic::without_span(codes::bcc::E0506, message);
        let names = of_provider.map(|note| note.name.as_str());
        return Err(match bpfc_base::similar::most_similar(name, names) {
            Some(similar) => diagnostic.with_help(format!("did you mean `{provider}:{similar}`?")),
            None => diagnostic,
        });
    }
    Ok(UsdtProbe { function: function.to_owned(), locations })
}

fn options(args: &Compile, usdt: Vec<UsdtProbe>) -> Options {
    Options {
        defines: args.defines.clone(),
        undefines: args.undefines.clone(),
        includes: args.includes.clone(),
        dialect: match args.dialect {
            DialectChoice::Auto => None,
            DialectChoice::Bcc => Some(Dialect::Bcc),
            DialectChoice::Libbpf => Some(Dialect::C),
        },
        cpu: args.cpu.cpu(),
        endian: match args.endian {
            EndianChoice::Little => Endian::Little,
            EndianChoice::Big => Endian::Big,
        },
        usdt,
        n_cpus: args.num_cpus.or_else(online_cpus),
        arch: args.target_arch,
        opt_level: match args.opt_level.as_str() {
            "0" => OptLevel::O0,
            "s" | "z" => OptLevel::Os,
            _ => OptLevel::O2,
        },
        ..Options::default()
    }
}
