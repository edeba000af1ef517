//! Stacks of what runs: looked at while it runs, named when they are shown; `--user-stack`, `--kernel-stack` and `--svg`
//! count them, and fold and draw them when the run has ended.

use super::printer::object_btf;
use crate::args::{Output, Run};
use crate::files;
use crate::terminal::{print_err, print_out};
use bpfc::show::{Bars, Element, MapView};
use bpfc::stacks::{Profile, Sides, Stacks};
use bpfc::svg::{self, Histogram};
use bpfc::symbols::{Folded, Shade};
use bpfc_base::{Diagnostic, codes};
use bpfc_loader::{LoadError, Loaded};
use bpfc_object::{MapId, Object};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How often processes are looked at, before they end.
const INTERVAL: Duration = Duration::from_millis(100);
/// The share of the time that this may take.
const COST: u32 = 20;

/// What is counted.
pub struct Counting<'a> {
    object: &'a Object,
    loaded: &'a Loaded,
    args: &'a Run,
    profile: RefCell<Profile<'a>>,
    next: Cell<Instant>,
}

/// Whether folded stacks stand in place of what is printed otherwise.
pub fn is_folding(args: &Run) -> bool {
    args.user_stack || args.kernel_stack
}

impl<'a> Counting<'a> {
    /// What there is to name and to count; nothing if the object has no stacks and the command line asks for no picture.
    ///
    /// # Errors
    /// There is nothing to count or draw, or the picture cannot be written; in front of that, the kernel's.
    pub fn open(
        object: &'a Object,
        loaded: &'a Loaded,
        args: &'a Run,
    ) -> Result<Result<Option<Counting<'a>>, Diagnostic>, LoadError> {
        let profile = Profile::new(object, Some(&object_btf(object)), |id| &loaded.maps[id])?;
        if !is_folding(args) && args.svg.is_none() {
            let has_stacks = !profile.is_empty() || profile.stacks().borrow().has_map();
            let new = || Counting::new(object, loaded, args, profile);
            return Ok(Ok(has_stacks.then(new)));
        }
        let has_histogram = object.maps.iter().any(|map| map.is_histogram);
        let option = if is_folding(args) { "--user-stack or --kernel-stack" } else { "--svg" };
        if profile.is_empty() && (is_folding(args) || !has_histogram) {
            let message =
                format!("there is nothing for {option}: no event and no map holds stacks");
            let mut diagnostic = Diagnostic::without_span(codes::load::E0906, message).with_note(
                "a member holds a stack if its name ends in `stack` or `stack_id` and it is an array of `__u64`, or the \
                 number of a stack in a map of type BPF_MAP_TYPE_STACK_TRACE",
            );
            if !is_folding(args) {
                diagnostic = diagnostic.with_note("and no map is a histogram");
            }
            return Ok(Err(diagnostic));
        }
        if let Some(path) = &args.svg {
            // Better to know now than when all has been counted.
            if let Err(diagnostic) = files::write(path, b"") {
                return Ok(Err(diagnostic));
            }
        }
        Ok(Ok(Some(Counting::new(object, loaded, args, profile))))
    }

    fn new(
        object: &'a Object,
        loaded: &'a Loaded,
        args: &'a Run,
        profile: Profile<'a>,
    ) -> Counting<'a> {
        let next = Cell::new(Instant::now());
        Counting { object, loaded, args, profile: RefCell::new(profile), next }
    }

    /// What names stacks.
    pub fn stacks(&self) -> Rc<RefCell<Stacks>> {
        self.profile.borrow().stacks()
    }

    /// Counts an event. Whether that is all that is to be done with it.
    pub fn event(&self, map: MapId, bytes: &[u8]) -> bool {
        if self.is_folding() || self.args.svg.is_some() {
            self.profile.borrow_mut().event(map, bytes);
        }
        self.is_folding()
    }

    /// Whether folded stacks stand in place of what is printed otherwise.
    pub fn is_folding(&self) -> bool {
        is_folding(self.args)
    }

    /// When to call [`Counting::tick`], if at all.
    pub fn next(&self) -> Option<Instant> {
        self.profile.borrow().is_watching().then(|| self.next.get())
    }

    /// Looks at processes before they end.
    pub fn tick(&self) {
        let start = Instant::now();
        if start >= self.next.get() {
            self.profile.borrow_mut().watch();
            let end = Instant::now();
            self.next.set(end + INTERVAL.max((end - start) * COST));
        }
    }

    /// Prints and draws what was counted.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn finish(&self) -> Result<Result<(), Diagnostic>, LoadError> {
        let profile = self.profile.borrow();
        let mut written = Ok(());
        if self.is_folding() || self.args.svg.is_some() {
            let sides = match self.is_folding() {
                true => Sides { user: self.args.user_stack, kernel: self.args.kernel_stack },
                false => Sides { user: true, kernel: true },
            };
            let folded = profile.folded(sides)?;
            match (self.is_folding(), self.args.output() == Output::Json) {
                (false, _) => {}
                (true, false) => print_out(&folded.to_string()),
                (true, true) => print_out(&to_json(&folded)),
            }
            if let Some(path) = &self.args.svg {
                written = files::write(path, self.picture(&profile, &folded)?.as_bytes());
            }
        }
        for note in profile.notes() {
            print_err(&format!("note: {note}\n"));
        }
        Ok(written)
    }

    fn picture(&self, profile: &Profile<'_>, folded: &Folded) -> Result<String, LoadError> {
        if !profile.is_empty() {
            return Ok(svg::flame_graph(&files::shown(&self.args.file), folded));
        }
        let btf = object_btf(self.object);
        let mut pictures = Vec::new();
        for (id, map) in self.object.maps.iter_enumerated().filter(|(_, map)| map.is_histogram) {
            let elements = self.loaded.maps[id].dump()?.into_iter();
            let elements = elements.map(|(key, values)| Element { key, values }).collect();
            for Bars { of, rows } in
                MapView::new(map, &btf, elements).histogram_rows().unwrap_or_default()
            {
                let title =
                    if of.is_empty() { map.name.clone() } else { format!("{}: {of}", map.name) };
                pictures.push(Histogram { title, bars: rows });
            }
        }
        Ok(svg::histograms(&pictures))
    }
}

/// An object for each stack, outermost function first.
fn to_json(folded: &Folded) -> String {
    let lines = folded.iter().map(|(frames, count)| {
        let kind = |shade| match shade {
            Shade::Process => "process",
            Shade::User => "user",
            Shade::Inlined => "inlined",
            Shade::Jit => "jit",
            Shade::Kernel => "kernel",
            Shade::Unknown => "unknown",
        };
        let stack = frames.iter().skip(1);
        let stack: Vec<_> =
            stack.map(|frame| json!({ "name": &*frame.name, "kind": kind(frame.shade) })).collect();
        let process = frames.first().map(|frame| &*frame.name);
        format!("{}\n", json!({ "process": process, "stack": stack, "count": count }))
    });
    lines.collect()
}
