//! `bpfc check FILE…`

mod fix;
mod stats;

use super::compilation::Compilation;
use super::link;
use crate::args::{Check, MessageFormat};
use crate::btf_file;
use crate::bug;
use crate::exit::Exit;
use crate::files;
use crate::kernels;
use crate::terminal::{Terminal, print_err};
use bpfc::{Btf, Object, ProgramStats, TargetKernel, VerifyOptions};
use bpfc_base::fix::Texts;
use bpfc_base::{Diagnostic, Session};
use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

/// Reports what is wrong with each file.
pub fn run(args: &Check, terminal: &mut Terminal) -> Exit {
    let is_for_people = matches!(terminal.format(), MessageFormat::Human | MessageFormat::Short);
    let prints_texts = args.dry_run || args.fix && args.files.iter().any(|file| is_stdin(file));
    if prints_texts && !is_for_people {
        print_err(
            "error: texts and patches go to standard output: use `--format human` or `short`\n",
        );
        return Exit::Usage;
    }
    let exit = match Checker::new(args, terminal) {
        Ok(checker) => check_all(checker, terminal),
        Err(exit) => exit,
    };
    terminal.print_summary();
    exit
}

fn check_all(mut checker: Checker<'_>, terminal: &mut Terminal) -> Exit {
    let args = checker.args;
    let exit = match args.fix {
        true => fix::run(&mut checker, terminal),
        false => {
            let each = args.files.iter().map(|file| checker.check(file, terminal));
            each.fold(Exit::Fine, Exit::max)
        }
    };
    if args.stats {
        stats::print(&checker.stats, terminal.format());
    }
    exit
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// What one look at a file found.
struct Look {
    session: Session,
    diagnostics: Vec<Diagnostic>,
    stats: Vec<ProgramStats>,
}

/// What all files have in common.
struct Checker<'a> {
    args: &'a Check,
    /// The kernels that were asked for, if any.
    kernels: Vec<TargetKernel>,
    /// The types of `--btf`, where no kernels were asked for.
    types: Option<Arc<Btf>>,
    /// The types of this machine's kernel, once a program needs them.
    default_types: OnceCell<Option<Arc<Btf>>>,
    stats: Vec<ProgramStats>,
}

impl<'a> Checker<'a> {
    fn new(args: &'a Check, terminal: &mut Terminal) -> Result<Self, Exit> {
        let (mut kernels, types) = match args.kernel.is_empty() {
            true => {
                let types = btf_file::open(&args.compile.btf);
                (Vec::new(), types.map_err(|error| terminal.fail_with(error))?)
            }
            false => (kernels::select(&args.kernel, &args.compile.btf, terminal)?, None),
        };
        for kernel in &mut kernels {
            kernel.unprivileged = args.unprivileged;
        }
        Ok(Self { args, kernels, types, default_types: OnceCell::new(), stats: Vec::new() })
    }

    /// Prints what is wrong with a file.
    fn check(&mut self, file: &Path, terminal: &mut Terminal) -> Exit {
        let look = match files::read(file) {
            Ok(bytes) => self.look(file, &bytes, &Texts::new(), terminal),
            Err(error) => Err(terminal.fail_with(error)),
        };
        match look {
            Ok(look) => {
                terminal.print(&look.session, &look.diagnostics);
                self.stats.extend(look.stats);
                Exit::of(&look.diagnostics)
            }
            Err(exit) => exit,
        }
    }

    /// What is wrong with a file whose content is `bytes`. `texts` are those of headers that have changed since
    /// they were written.
    ///
    /// # Errors
    /// How the command ends; why was printed.
    fn look(
        &self,
        file: &Path,
        bytes: &[u8],
        texts: &Texts,
        terminal: &mut Terminal,
    ) -> Result<Look, Exit> {
        let mut stats = Vec::new();
        if link::is_object(file) {
            let object = link::parse(file, bytes).map_err(|error| terminal.fail_with(error))?;
            let mut session = Session::default();
            self.verify(&mut session, &object, &mut stats);
            let diagnostics = session.diagnostics.take();
            return Ok(Look { session, diagnostics, stats });
        }
        let (mut compilation, object) = self.compile(file, bytes, texts, terminal)?;
        if let Some(object) = object {
            let refused = self.verify(&mut compilation.session, &object, &mut stats);
            self.blame(&mut compilation, &object, &refused);
        }
        let mut session = compilation.session;
        let diagnostics = session.diagnostics.take();
        Ok(Look { session, diagnostics, stats })
    }

    /// Verifies all programs; what is refused, with the programs' names.
    fn verify(
        &self,
        session: &mut Session,
        object: &Object,
        stats: &mut Vec<ProgramStats>,
    ) -> Vec<(String, Diagnostic)> {
        let mut refused = Vec::new();
        let mut observer = |session: &Session, verified: &bpfc::Verified<'_>| {
            let diagnostics = verified.report.diagnostics.iter();
            refused.extend(diagnostics.map(|found| (verified.linked.name.clone(), found.clone())));
            if self.args.stats {
                stats.push(ProgramStats::of(verified, &session.sources));
            }
        };
        match self.kernels.is_empty() {
            true => {
                let options = self.verify_options(object);
                bpfc::verify_observed(session, object, &options, &mut observer);
            }
            false => {
                bpfc::check_kernels_observed(session, object, &self.kernels, &mut observer);
            }
        }
        refused
    }

    /// How programs are verified where no kernels were asked for.
    fn verify_options(&self, object: &Object) -> VerifyOptions {
        VerifyOptions {
            kernel_btf: self.kernel_types(object),
            unprivileged: self.args.unprivileged,
            ..VerifyOptions::default()
        }
    }

    /// The kernel's types for the verifier: those that the program is compiled with.
    fn kernel_types(&self, object: &Object) -> Option<Arc<Btf>> {
        let arch = self.args.compile.target_arch;
        let is_other = arch.is_some_and(|arch| arch != kernels::default_arch());
        match &self.types {
            Some(types) => Some(Arc::clone(types)),
            None if is_other => None,
            None if !kernels::wants_types(object) => None,
            None => self.default_types.get_or_init(kernels::default_types).clone(),
        }
    }

    /// Says so where what is refused is bpfc's mistake. Reports for several kernels are left alone.
    fn blame(
        &self,
        compilation: &mut Compilation,
        object: &Object,
        refused: &[(String, Diagnostic)],
    ) {
        if !self.kernels.is_empty() || refused.is_empty() {
            return;
        }
        let Compilation { session, file, options, host } = compilation;
        let verify = self.verify_options(object);
        let bugs = bpfc::blame(session, *file, refused, options, &verify, host);
        for ((_, diagnostic), bug) in refused.iter().zip(bugs) {
            if let Some(bug) = bug {
                session.diagnostics.retain(|other| other != diagnostic);
                session.report(bug::keep(bug));
            }
        }
    }

    /// Compiles with the types of the newest kernel with which it compiles, so that what only an older one has is there;
    /// then with those of kernels that were not asked about, so that the report tells what is lacking. If it compiles with
    /// none, the newest of the kernels says what is wrong. Without kernels, it is `--btf` or this machine.
    fn compile(
        &self,
        file: &Path,
        bytes: &[u8],
        texts: &Texts,
        terminal: &mut Terminal,
    ) -> Result<(Compilation, Option<Object>), Exit> {
        let name = files::shown(file);
        let mut compile = |types: Option<Arc<Btf>>| {
            let args = &self.args.compile;
            let mut compilation = Compilation::of_bytes(&name, bytes, args, types, terminal)?;
            compilation.host.change_files(texts);
            let object = compilation.compile();
            Ok((compilation, object))
        };
        if self.kernels.is_empty() {
            return compile(self.types.clone());
        }
        let asked = self.kernels.iter().rev().filter_map(|kernel| kernel.btf.clone());
        let others = bpfc_kernels::versions().into_iter().rev();
        let is_other = |version: &bpfc::KernelVersion| {
            self.kernels.iter().all(|kernel| kernel.version != *version)
        };
        let others = others.filter(is_other).filter_map(bpfc_kernels::open);
        let mut first = None;
        for types in asked.chain(others) {
            let next = compile(Some(types))?;
            if next.1.is_some() {
                return Ok(next);
            }
            first.get_or_insert(next);
        }
        Ok(first.expect("bpfc carries kernels"))
    }
}
