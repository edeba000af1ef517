//! The text form of the HIR: C-like, for people. Conversions, sizes of steps and relocatable
//! accesses are written out, since that is what one looks for in it.
//!
//! It prints what the module uses: records and enumerations that functions and globals
//! mention by name are not spelled out.

mod body;

use crate::hir::{
    Func, Global, GlobalInit, GlobalKind, InitTarget, Inline, Linkage, MapRole, MapSpec, Module,
    QualType, Type,
};
use crate::types::{declare, show};
use bpfc_base::Interner;
use std::fmt::Write;

/// Prints `module`.
pub fn print(module: &Module, names: &Interner) -> String {
    let mut printer = Printer { module, names, out: String::new() };
    for global in module.globals.iter() {
        printer.global(global);
    }
    for func in module.funcs.iter() {
        printer.func(func);
    }
    printer.out
}

struct Printer<'m> {
    module: &'m Module,
    names: &'m Interner,
    out: String,
}

impl Printer<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        for _ in 0..depth {
            self.out.push('\t');
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn declared(&self, ty: QualType, name: &str) -> String {
        declare(&self.module.types, self.names, ty, name.to_owned())
    }

    fn shown(&self, ty: crate::hir::TypeId) -> String {
        show(&self.module.types, self.names, QualType::plain(ty))
    }

    fn global(&mut self, global: &Global) {
        let name = self.names.resolve(global.name);
        let mut text = linkage_prefix(global.linkage).to_owned();
        if let GlobalKind::Map(spec) = &global.kind {
            let _ = write!(text, "map {name} = {}", self.map_spec(spec));
            self.line(0, &text);
            return;
        }
        text.push_str(&self.declared(global.ty, name));
        match global.kind {
            GlobalKind::Ksym => text.push_str(" __ksym"),
            GlobalKind::Kconfig => text.push_str(" __kconfig"),
            _ => {}
        }
        if let Some(section) = global.section {
            let _ = write!(text, " section({:?})", self.names.resolve(section));
        }
        match &global.init {
            GlobalInit::None => {}
            GlobalInit::Zero => text.push_str(" = zero"),
            GlobalInit::Data { bytes, relocs } => {
                let _ = write!(text, " = {}", bytes_text(bytes));
                for reloc in relocs {
                    let target = self.target(reloc.target);
                    let _ = write!(text, " +{}: &{target} + {}", reloc.offset, reloc.addend);
                }
            }
        }
        text.push(';');
        self.line(0, &text);
    }

    fn target(&self, target: InitTarget) -> &str {
        self.names.resolve(match target {
            InitTarget::Global(global) => self.module.globals[global].name,
            InitTarget::Func(func) => self.module.funcs[func].name,
        })
    }

    fn map_spec(&self, spec: &MapSpec) -> String {
        let ty = bpfc_kabi::MapType::from_number(spec.map_type);
        let mut parts = vec![match ty {
            Some(ty) => format!("type {}", ty.name()),
            None => format!("type {}", spec.map_type),
        }];
        let sized = |name: &str, size: u32, ty: Option<crate::hir::TypeId>| match ty {
            Some(ty) => format!("{name} {} ({size} bytes)", self.shown(ty)),
            None => format!("{name} {size} bytes"),
        };
        if spec.key_size != 0 {
            parts.push(sized("key", spec.key_size, spec.key));
        }
        if spec.value_size != 0 {
            parts.push(sized("value", spec.value_size, spec.value));
        }
        parts.push(format!("max_entries {}", spec.max_entries));
        if spec.map_flags != 0 {
            parts.push(format!("flags {:#x}", spec.map_flags));
        }
        if spec.map_extra != 0 {
            parts.push(format!("extra {}", spec.map_extra));
        }
        if spec.is_pinned_by_name {
            parts.push("pinned by name".to_owned());
        }
        if let Some(path) = &spec.pin_path {
            parts.push(format!("pinned at {path}"));
        }
        match spec.role {
            MapRole::Own => {}
            MapRole::Public => parts.push("public".to_owned()),
            MapRole::Shared => parts.push("shared".to_owned()),
            MapRole::Extern => parts.push("extern".to_owned()),
        }
        if let Some(inner) = &spec.inner {
            parts.push(format!("inner {}", self.map_spec(inner)));
        }
        for (index, target) in &spec.values {
            parts.push(format!("[{index}] = &{}", self.target(*target)));
        }
        format!("{{ {} }}", parts.join(", "))
    }

    fn func(&mut self, func: &Func) {
        let Type::Func(ty) = self.module.types.resolve(func.ty).clone() else {
            return;
        };
        let mut head = linkage_prefix(func.linkage).to_owned();
        head.push_str(match func.inline {
            Inline::Default => "",
            Inline::Hint => "inline ",
            Inline::Always => "always_inline ",
            Inline::Never => "noinline ",
        });
        let params: Vec<String> = match &func.body {
            Some(body) => body
                .locals
                .iter_enumerated()
                .take(body.n_params)
                .map(|(id, local)| self.declared(local.ty, &body::local_name(body, id, self.names)))
                .collect(),
            None => ty.params.iter().map(|param| self.declared(*param, "")).collect(),
        };
        let mut params = params.join(", ");
        if ty.is_variadic {
            params.push_str(", ...");
        } else if params.is_empty() {
            params.push_str("void");
        }
        let name = self.names.resolve(func.name);
        head.push_str(&self.declared(ty.ret, &format!("{name}({params})")));
        if let Some(section) = func.section {
            let _ = write!(head, " section({:?})", self.names.resolve(section));
        }
        let Some(body) = &func.body else {
            self.line(0, &format!("{head};"));
            return;
        };
        self.line(0, &format!("{head} {{"));
        self.body(body);
        self.line(0, "}");
    }
}

fn linkage_prefix(linkage: Linkage) -> &'static str {
    match linkage {
        Linkage::Static => "static ",
        Linkage::Global => "",
        Linkage::Weak => "weak ",
        Linkage::Extern => "extern ",
        Linkage::ExternWeak => "extern weak ",
    }
}

/// Bytes as a string if they are text, as hexadecimal otherwise.
pub(crate) fn bytes_text(bytes: &[u8]) -> String {
    let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let is_text = !text.is_empty()
        && text.len() < bytes.len()
        && text.iter().all(|byte| (0x20..0x7f).contains(byte) || matches!(byte, b'\n' | b'\t'));
    if is_text {
        return format!("{:?}", String::from_utf8_lossy(text));
    }
    let shown: Vec<String> = bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > 64 { " …" } else { "" };
    format!("{{{}{more}}}", shown.join(" "))
}
