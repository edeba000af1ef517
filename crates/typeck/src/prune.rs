//! Leaves out of a module what nothing refers to: declarations that headers bring along,
//! static objects and functions, string literals that were only measured.

use crate::hir::{
    Body, Callee, ExprKind, Func, FuncId, Global, GlobalId, GlobalInit, GlobalKind, InitTarget,
    Inline, Linkage, MapSpec, Module, PlaceKind, StmtKind,
};
use crate::walk::{Node, walk};
use bpfc_base::codes::types::{E0322, E0326};
use bpfc_base::{Code, Idx, IndexVec, Session, Span, Symbol};
use rustc_hash::{FxHashMap, FxHashSet};

/// What stays though nothing refers to it.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    pub globals: FxHashSet<GlobalId>,
    pub funcs: FxHashSet<FuncId>,
    /// The text of each function, from its first specifier to its closing brace.
    pub extents: FxHashMap<FuncId, Span>,
}

/// What a module refers to.
#[derive(Debug)]
pub(crate) struct Used(Marks);

impl Used {
    /// Follows references from `roots`.
    pub fn of(module: &Module, roots: &Roots) -> Self {
        Self(marks(module, roots))
    }

    pub fn has_func(&self, func: FuncId) -> bool {
        self.0.funcs[func]
    }
}

/// A new number for each item that stays.
struct Renumbering<I> {
    map: Vec<Option<I>>,
}

impl<I: Idx> Renumbering<I> {
    fn of(kept: &IndexVec<I, bool>) -> Self {
        let mut n_kept = 0;
        let number = |is_kept: &bool| {
            is_kept.then(|| {
                n_kept += 1;
                I::new(n_kept - 1)
            })
        };
        Self { map: kept.iter().map(number).collect() }
    }

    fn get(&self, id: I) -> I {
        self.map[id.index()].expect("what is referred to stays")
    }
}

#[derive(Debug)]
struct Marks {
    /// What names in assembly mean.
    named: FxHashMap<Symbol, Vec<InitTarget>>,
    globals: IndexVec<GlobalId, bool>,
    funcs: IndexVec<FuncId, bool>,
    work: Vec<InitTarget>,
}

impl Marks {
    fn mark(&mut self, target: InitTarget) {
        let flag = match target {
            InitTarget::Global(global) => &mut self.globals[global],
            InitTarget::Func(func) => &mut self.funcs[func],
        };
        if !*flag {
            *flag = true;
            self.work.push(target);
        }
    }
}

/// Removes what is not used, and renumbers the rest. What was said of BPF's limits in functions
/// that nobody calls is taken back.
///
/// Ensures: order is kept; every remaining reference is to an item that stays.
pub(crate) fn prune(session: &mut Session, module: &mut Module, used: &Used, roots: &Roots) {
    forget_reports(session, module, &used.0, &roots.extents);
    renumber(module, &used.0);
}

/// Compilers do not translate static and inline functions that nobody calls, so what BPF cannot
/// do may stand there; headers are full of it. Mistakes of C are mistakes anywhere.
fn forget_reports(
    session: &mut Session,
    module: &Module,
    marks: &Marks,
    extents: &FxHashMap<FuncId, Span>,
) {
    let unused: Vec<(u32, u32)> = module
        .funcs
        .iter_enumerated()
        .filter(|&(id, func)| {
            !marks.funcs[id] && (func.linkage == Linkage::Static || func.inline != Inline::Default)
        })
        .filter_map(|(id, _)| extents.get(&id))
        .map(|extent| (extent.lo, extent.hi))
        .collect();
    if unused.is_empty() || !session.diagnostics.has_errors() {
        return;
    }
    let sources = &session.sources;
    session.diagnostics.retain(|diagnostic| {
        let at = sources.root(diagnostic.span()).lo;
        let is_unused = unused.iter().any(|&(start, end)| start <= at && at <= end);
        !(is_unused && is_of_bpf(diagnostic.code))
    });
}

/// Whether a code is about what BPF lacks.
fn is_of_bpf(code: Code) -> bool {
    code.name().starts_with("E04") || [E0322, E0326].contains(&code)
}

fn marks(module: &Module, roots: &Roots) -> Marks {
    let mut marks = Marks {
        named: named(module),
        globals: IndexVec::from_elem(false, module.globals.len()),
        funcs: IndexVec::from_elem(false, module.funcs.len()),
        work: Vec::new(),
    };
    for (id, global) in module.globals.iter_enumerated() {
        if roots.globals.contains(&id) || is_global_root(global) {
            marks.mark(InitTarget::Global(id));
        }
    }
    for (id, func) in module.funcs.iter_enumerated() {
        if roots.funcs.contains(&id) || is_func_root(func) {
            marks.mark(InitTarget::Func(id));
        }
    }
    while let Some(target) = marks.work.pop() {
        match target {
            InitTarget::Global(global) => mark_global(&module.globals[global], &mut marks),
            InitTarget::Func(func) => {
                if let Some(body) = &module.funcs[func].body {
                    mark_body(body, &mut marks);
                }
            }
        }
    }
    marks
}

/// Objects that other objects or the loader may want.
fn is_global_root(global: &Global) -> bool {
    match global.linkage {
        Linkage::Extern | Linkage::ExternWeak => false,
        Linkage::Static => {
            global.section.is_some() && !matches!(global.kind, GlobalKind::StringLiteral)
        }
        Linkage::Global | Linkage::Weak => true,
    }
}

fn is_func_root(func: &Func) -> bool {
    let is_static = func.linkage == Linkage::Static;
    func.body.is_some() && (!is_static || func.section.is_some())
}

fn mark_global(global: &Global, marks: &mut Marks) {
    if let GlobalInit::Data { relocs, .. } = &global.init {
        for reloc in relocs {
            marks.mark(reloc.target);
        }
    }
    if let GlobalKind::Map(spec) = &global.kind {
        for (_, target) in &spec.values {
            marks.mark(*target);
        }
    }
}

fn mark_body(body: &Body, marks: &mut Marks) {
    walk(body, |node| match node {
        Node::Expr(id) => match &body.exprs[id].kind {
            ExprKind::FuncAddr(func) | ExprKind::Call { callee: Callee::Func(func), .. } => {
                marks.mark(InitTarget::Func(*func));
            }
            _ => {}
        },
        Node::Place(id) => {
            if let PlaceKind::Global(global) = body.places[id].kind {
                marks.mark(InitTarget::Global(global));
            }
        }
        Node::Stmt(id) => {
            if let StmtKind::Asm(asm) = &body.stmts[id].kind {
                for name in &asm.mentions {
                    for target in marks.named.get(name).cloned().unwrap_or_default() {
                        marks.mark(target);
                    }
                }
            }
        }
    });
}

/// Functions and objects that assembly can name.
fn named(module: &Module) -> FxHashMap<Symbol, Vec<InitTarget>> {
    let stmts = module.funcs.iter().filter_map(|func| func.body.as_ref()).flat_map(|b| &b.stmts);
    let mut named: FxHashMap<Symbol, Vec<InitTarget>> = FxHashMap::default();
    for stmt in stmts {
        if let StmtKind::Asm(asm) = &stmt.kind {
            named.extend(asm.mentions.iter().map(|name| (*name, Vec::new())));
        }
    }
    if named.is_empty() {
        return named;
    }
    for (id, func) in module.funcs.iter_enumerated() {
        named.entry(func.name).and_modify(|targets| targets.push(InitTarget::Func(id)));
    }
    for (id, global) in module.globals.iter_enumerated() {
        named.entry(global.name).and_modify(|targets| targets.push(InitTarget::Global(id)));
    }
    named
}

fn renumber(module: &mut Module, marks: &Marks) {
    let globals = Renumbering::of(&marks.globals);
    let funcs = Renumbering::of(&marks.funcs);
    let keep = |target: &mut InitTarget| match target {
        InitTarget::Global(global) => *global = globals.get(*global),
        InitTarget::Func(func) => *func = funcs.get(*func),
    };
    let mut all = std::mem::take(&mut module.globals);
    for (idx, global) in all.iter_mut().enumerate() {
        if !marks.globals[GlobalId::new(idx)] {
            continue;
        }
        let mut init = std::mem::replace(&mut global.init, GlobalInit::None);
        if let GlobalInit::Data { relocs, .. } = &mut init {
            relocs.iter_mut().for_each(|reloc| keep(&mut reloc.target));
        }
        let mut global = Global { init, ..global.clone() };
        if let GlobalKind::Map(MapSpec { values, .. }) = &mut global.kind {
            values.iter_mut().for_each(|(_, target)| keep(target));
        }
        module.globals.push(global);
    }
    let mut all = std::mem::take(&mut module.funcs);
    for (idx, func) in all.iter_mut().enumerate() {
        if !marks.funcs[FuncId::new(idx)] {
            continue;
        }
        let mut body = func.body.take();
        if let Some(body) = &mut body {
            renumber_body(body, &globals, &funcs);
        }
        module.funcs.push(Func { body, ..func.clone() });
    }
}

/// Nodes that are not in use may refer to what is gone: they become errors that nobody sees.
fn renumber_body(body: &mut Body, globals: &Renumbering<GlobalId>, funcs: &Renumbering<FuncId>) {
    for expr in body.exprs.iter_mut() {
        let is_gone = match &mut expr.kind {
            ExprKind::FuncAddr(func) | ExprKind::Call { callee: Callee::Func(func), .. } => {
                match funcs.map[func.index()] {
                    Some(new) => {
                        *func = new;
                        false
                    }
                    None => true,
                }
            }
            _ => false,
        };
        if is_gone {
            expr.kind = ExprKind::Error;
        }
    }
    for place in body.places.iter_mut() {
        if let PlaceKind::Global(global) = place.kind {
            place.kind = match globals.map[global.index()] {
                Some(new) => PlaceKind::Global(new),
                None => PlaceKind::Error,
            };
        }
    }
}
