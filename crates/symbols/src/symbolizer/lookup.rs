//! Single addresses to frames: in the kernel, in a file, in the object that the kernel maps into processes.

use super::{KernelSource, Symbolizer};
use crate::files::FileIdx;
use crate::frame::{Frame, FrameKind, Place};
use crate::kernel::{self, Hidden, Modules};
use blazesym::symbolize::source::{Elf, Kernel, Process as ProcessSource, Source};
use blazesym::symbolize::{CodeInfo, Input, Sym, Symbolized};
use blazesym::{MaybeDefault, Pid};
use std::rc::Rc;
use std::sync::Arc;

impl Symbolizer {
    pub(super) fn kernel_at(&mut self, address: u64) -> Rc<[Frame]> {
        let KernelSource { source, hidden, modules } =
            self.kernel.get_or_insert_with(|| KernelSource {
                source: Source::Kernel(Kernel::default()),
                hidden: kernel::hidden(),
                modules: Modules::read(),
            });
        let unknown = || Rc::new([Frame::unknown(FrameKind::Kernel, address)]);
        if *hidden == Some(Hidden::Missing) {
            return unknown();
        }
        let mut outcome = self.inner.symbolize_single(source, Input::AbsAddr(address));
        if outcome.is_err() {
            // A vmlinux that cannot be read, or of which it is not known where it runs.
            let kallsyms = Kernel { vmlinux: MaybeDefault::None, ..Kernel::default() };
            *source = Source::Kernel(kallsyms);
            outcome = self.inner.symbolize_single(source, Input::AbsAddr(address));
        }
        match outcome {
            Ok(Symbolized::Sym(sym)) => {
                let sym = sym.into_owned();
                let module = match modules.find(address) {
                    Some(module) => module,
                    None if sym.name.starts_with("bpf_prog_") => self.text("[bpf]"),
                    None => self.text("[kernel]"),
                };
                self.frames_of(&sym, FrameKind::Kernel, Some(module))
            }
            Ok(Symbolized::Unknown(_)) | Err(_) => unknown(),
        }
    }

    pub(super) fn in_file(&mut self, idx: FileIdx, offset: u64) -> Rc<[Frame]> {
        let file = self.files.get(idx);
        if let Some(known) = file.frames.get(&offset) {
            return Rc::clone(known);
        }
        let (name, path) = (Arc::clone(&file.name), file.path.clone());
        let sym = path.and_then(|path| {
            let look = |debug_syms| {
                let mut elf = Elf::new(path.clone());
                elf.debug_syms = debug_syms;
                self.inner.symbolize_single(&Source::Elf(elf), Input::FileOffset(offset)).ok()
            };
            // Debug information that is malformed does not make symbols worse.
            let found = look(true).or_else(|| look(false))?;
            let mut sym = found.into_sym()?.into_owned();
            if is_bare(&sym)
                && let Some(Symbolized::Sym(qualified)) = look(false)
                && qualified.name.contains("::")
            {
                sym.name = qualified.into_owned().name;
            }
            Some(sym)
        });
        let frames = match sym {
            Some(sym) => self.frames_of(&sym, FrameKind::User, Some(name)),
            None => {
                let short = name.rsplit('/').next().unwrap_or(&name);
                let label = self.text(&format!("[{short}]"));
                let unknown = Frame::unknown(FrameKind::User, offset);
                Rc::new([Frame { name: label, module: Some(name), ..unknown }])
            }
        };
        self.n_cached += frames.len();
        self.files.get(idx).frames.insert(offset, Rc::clone(&frames));
        frames
    }

    /// The kernel maps the same object into every process: it is looked up in our own.
    pub(super) fn in_vdso(&mut self, offset: u64) -> Rc<[Frame]> {
        if let Some(known) = self.vdso_frames.get(&offset) {
            return Rc::clone(known);
        }
        let module = self.text("[vdso]");
        let start = *self.own_vdso.get_or_insert_with(|| own_vdso().unwrap_or(0));
        let source = Source::Process(ProcessSource::new(Pid::Slf));
        let found =
            self.inner.symbolize_single(&source, Input::AbsAddr(start.saturating_add(offset)));
        let frames = match found.ok().filter(|_| start != 0).and_then(Symbolized::into_sym) {
            Some(sym) => {
                let sym = sym.into_owned();
                self.frames_of(&sym, FrameKind::User, Some(module))
            }
            None => {
                let unknown = Frame::unknown(FrameKind::User, offset);
                Rc::new([Frame { name: Arc::clone(&module), module: Some(module), ..unknown }])
            }
        };
        self.vdso_frames.insert(offset, Rc::clone(&frames));
        frames
    }

    /// A symbol and what was inlined there, innermost first.
    fn frames_of(
        &mut self,
        sym: &Sym<'_>,
        kind: FrameKind,
        module: Option<Arc<str>>,
    ) -> Rc<[Frame]> {
        let mut frames = Vec::with_capacity(1 + sym.inlined.len());
        for inlined in sym.inlined.iter().rev() {
            let place = inlined.code_info.as_ref().map(|info| self.place(info));
            frames.push((&inlined.name, place, true));
        }
        let place = sym.code_info.as_ref().map(|info| self.place(info));
        frames.push((&sym.name, place, false));
        let frames = frames.into_iter().map(|(name, place, is_inlined)| Frame {
            name: self.text(name),
            kind,
            is_known: true,
            is_inlined,
            address: 0,
            offset: sym.offset as u64,
            module: module.clone(),
            place,
        });
        frames.collect()
    }

    fn place(&mut self, info: &CodeInfo<'_>) -> Place {
        let file = self.text(&info.to_path().to_string_lossy());
        Place { file, line: info.line.unwrap_or(0) }
    }
}

/// Whether debug information names a function without its path, as short debug information does for languages that have
/// paths. Its symbol then says more.
fn is_bare(sym: &Sym<'_>) -> bool {
    let file = sym.code_info.as_ref().map(|info| info.file.to_string_lossy());
    let extension = file.as_deref().and_then(|file| file.rsplit_once('.'));
    let has_paths = extension.is_some_and(|(_, extension)| {
        matches!(extension, "rs" | "cc" | "cpp" | "cxx" | "C" | "hpp" | "hh" | "h")
    });
    has_paths && !sym.name.contains("::")
}

fn own_vdso() -> Option<u64> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("[vdso]"))?;
    u64::from_str_radix(line.split('-').next()?, 16).ok()
}
