//! The HIR as C in libbpf's style: what a program of BCC's dialect means, for people and for other compilers.
//!
//! The text stands for itself: helpers are declared as they are called, structs of the kernel have the members that are
//! used and `preserve_access_index`, so that loaders find them wherever they are.

mod body;
mod types;

use crate::hir::{
    Callee, ExprKind, Func, FuncId, GlobalId, GlobalInit, GlobalKind, Linkage, MapSpec, Module,
    PlaceKind, Type, TypeId,
};
use crate::walk::{Node, walk};
use bpfc_base::Interner;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What the text begins with.
const HEAD: &str = "#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int (*name)[value]
#define __type(name, value) __typeof__(value) *name
#define __array(name, value) __typeof__(value) *name[]
";

/// The helper that takes a format and any values.
const TRACE_PRINTK: u32 = 6;

/// Writes `module`.
///
/// # Errors
/// What has no form in C, or none here.
pub fn c_text(module: &Module, names: &Interner) -> Result<String, String> {
    let mut writer = Writer {
        module,
        names,
        problem: None,
        types: types::Needs::default(),
        helpers: BTreeMap::new(),
    };
    let funcs = writer.reachable();
    let globals = writer.find_needs(&funcs);
    let mut body = String::new();
    for &id in &globals {
        body.push_str(&writer.global(id));
    }
    let mut functions = String::new();
    for &id in &funcs {
        let head = writer.head(&module.funcs[id]);
        if module.funcs[id].linkage == Linkage::Static {
            let _ = writeln!(functions, "{head};");
        }
    }
    for &id in &funcs {
        functions.push_str(&writer.func(&module.funcs[id]));
    }
    let license = module.license(names).map(|(text, _)| text);
    let mut out = HEAD.to_owned();
    out.push_str(&writer.definitions());
    for helper in writer.helpers.values() {
        out.push_str(helper);
    }
    out.push_str(&body);
    out.push_str(&functions);
    if let Some(license) = license {
        let _ = write!(out, "\nchar LICENSE[] SEC(\"license\") = {license:?};\n");
    }
    writer.problem.map_or(Ok(out), Err)
}

struct Writer<'m> {
    module: &'m Module,
    names: &'m Interner,
    /// What cannot be written.
    problem: Option<String>,
    types: types::Needs,
    /// Declarations of helpers, by number.
    helpers: BTreeMap<u32, String>,
}

impl Writer<'_> {
    fn fail(&mut self, what: &str) -> String {
        self.problem.get_or_insert_with(|| what.to_owned());
        "0".to_owned()
    }

    /// Programs, and what they call.
    fn reachable(&self) -> Vec<FuncId> {
        let funcs = self.module.funcs.iter_enumerated();
        let programs = funcs.filter(|(_, func)| func.section.is_some() && func.body.is_some());
        let mut work: Vec<FuncId> = programs.map(|(id, _)| id).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = work.pop() {
            let Some(body) = self.module.funcs[id].body.as_ref() else { continue };
            if !seen.insert(id) {
                continue;
            }
            walk(body, |node| {
                if let Node::Expr(expr) = node {
                    match body.exprs[expr].kind {
                        ExprKind::Call { callee: Callee::Func(callee), .. }
                        | ExprKind::FuncAddr(callee) => work.push(callee),
                        _ => {}
                    }
                }
            });
        }
        seen.into_iter().collect()
    }

    /// Notes the types, members and helpers that functions use; the objects among them.
    fn find_needs(&mut self, funcs: &[FuncId]) -> Vec<GlobalId> {
        let module = self.module;
        let mut globals: BTreeSet<GlobalId> = BTreeSet::new();
        for (id, global) in module.globals.iter_enumerated() {
            if matches!(global.kind, GlobalKind::Map(_)) {
                globals.insert(id);
            }
        }
        for &id in funcs {
            let Some(body) = module.funcs[id].body.as_ref() else { continue };
            walk(body, |node| match node {
                Node::Place(place) => match body.places[place].kind {
                    PlaceKind::Member { base, member, .. } => {
                        if let Some(record) = module.types.record_of(body.places[base].ty.ty) {
                            self.types.use_member(record, member);
                        }
                    }
                    PlaceKind::Global(global) => {
                        globals.insert(global);
                    }
                    _ => {}
                },
                Node::Expr(expr) => match &body.exprs[expr].kind {
                    ExprKind::Core(query) => self.use_path(query.ty, &query.path),
                    ExprKind::Load(place) => self.use_whole(body.places[*place].ty.ty),
                    ExprKind::Call { callee: Callee::Helper(id), args } => {
                        let args = args.iter().map(|&arg| body.exprs[arg].ty).collect();
                        self.declare_helper(*id, body.exprs[expr].ty, args);
                    }
                    _ => {}
                },
                Node::Stmt(_) => {}
            });
            for local in body.locals.iter() {
                self.use_whole(local.ty.ty);
            }
        }
        globals.into_iter().collect()
    }

    fn declare_helper(&mut self, id: u32, ret: TypeId, args: Vec<TypeId>) {
        if self.helpers.contains_key(&id) {
            return;
        }
        let name = bpfc_kabi::helper_by_id(id).map_or("", |helper| helper.name);
        let text = if id == TRACE_PRINTK {
            format!("static long (*{name})(const char *, unsigned int, ...) = (void *){id};\n")
        } else {
            let args: Vec<String> = args.into_iter().map(|ty| self.plain(ty)).collect();
            let args = if args.is_empty() { "void".to_owned() } else { args.join(", ") };
            let ret = self.plain(ret);
            format!("static {ret} (*{name})({args}) = (void *){id};\n")
        };
        self.helpers.insert(id, text);
    }

    fn global(&mut self, id: GlobalId) -> String {
        let module = self.module;
        let global = &module.globals[id];
        let name = self.names.resolve(global.name);
        match (&global.kind, &global.init) {
            (GlobalKind::Map(spec), _) => {
                let members = self.map_members(spec, 1);
                format!("\nstruct {{\n{members}}} {name} SEC(\".maps\");\n")
            }
            (GlobalKind::StringLiteral, _) => String::new(),
            (GlobalKind::Data, GlobalInit::Zero) => {
                self.use_whole(global.ty.ty);
                let declared = self.declared(global.ty, name);
                format!("\nstatic {declared};\n")
            }
            _ => self.fail(&format!("the object `{name}`")),
        }
    }

    fn map_members(&mut self, spec: &MapSpec, depth: usize) -> String {
        let tabs = "\t".repeat(depth);
        let mut text = format!("{tabs}__uint(type, {});", spec.map_type);
        if let Some(ty) = bpfc_kabi::MapType::from_number(spec.map_type) {
            let _ = write!(text, " /* {} */", ty.name());
        }
        text.push('\n');
        let mut add = |name: &str, ty: Option<String>, size: u32| match ty {
            Some(ty) => {
                let _ = writeln!(text, "{tabs}__type({name}, {ty});");
            }
            None if size != 0 => {
                let _ = writeln!(text, "{tabs}__uint({name}_size, {size});");
            }
            None => {}
        };
        for ty in spec.key.into_iter().chain(spec.value) {
            self.use_whole(ty);
        }
        let (key, value) = (spec.key.map(|ty| self.plain(ty)), spec.value.map(|ty| self.plain(ty)));
        add("key", key, spec.key_size);
        let value = value.filter(|_| spec.inner.is_none());
        add("value", value, if spec.inner.is_some() { 0 } else { spec.value_size });
        for (name, number) in [
            ("max_entries", u64::from(spec.max_entries)),
            ("map_flags", u64::from(spec.map_flags)),
            ("map_extra", spec.map_extra),
            ("pinning", u64::from(spec.is_pinned_by_name)),
        ] {
            if number != 0 {
                let _ = writeln!(text, "{tabs}__uint({name}, {number});");
            }
        }
        if let Some(path) = &spec.pin_path {
            let _ = writeln!(text, "{tabs}/* pinned at {path} */");
        }
        if let Some(inner) = &spec.inner {
            let members = self.map_members(inner, depth + 1);
            let _ = write!(text, "{tabs}__array(values, struct {{\n{members}{tabs}}});\n");
        }
        text
    }

    fn head(&mut self, func: &Func) -> String {
        let Type::Func(ty) = self.module.types.resolve(func.ty).clone() else {
            return String::new();
        };
        let mut params: Vec<String> = Vec::new();
        if let Some(body) = &func.body {
            for (id, local) in body.locals.iter_enumerated().take(body.n_params) {
                params.push(self.declared(local.ty, &self.local_name(body, id)));
            }
        }
        let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
        let name = self.names.resolve(func.name);
        let declared = self.declared(ty.ret, &format!("{name}({params})"));
        match func.linkage {
            Linkage::Static => format!("static __attribute__((always_inline)) {declared}"),
            _ => declared,
        }
    }

    fn func(&mut self, func: &Func) -> String {
        let Some(body) = &func.body else { return String::new() };
        let section =
            func.section.map(|section| format!("SEC({:?})\n", self.names.resolve(section)));
        let head = self.head(func);
        let text = self.body(body);
        format!("\n{}{head}\n{{\n{text}}}\n", section.unwrap_or_default())
    }
}
