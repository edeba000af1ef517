//! Programs by the names of their functions: `kprobe__NAME` and its relatives. Further
//! parameters of a probe are the arguments of the probed function, read from registers.

use super::Memory;
use crate::checker::Checker;
use crate::decl::NewName;
use crate::hir::{
    ExprId, ExprKind, FuncId, FuncType, Global, GlobalInit, GlobalKind, InitItem, InitValue,
    Inline, Linkage, PlaceKind, QualType, StmtId, StmtKind,
};
use crate::specs::ParamInfo;
use bpfc_base::codes::bcc::{E0503, E0504};
use bpfc_base::{Diagnostic, Idx, Span, Symbol};
use bpfc_parser::ast::TagKind;

/// The x86-64 registers that carry the arguments of a kernel function, in order.
const REGISTERS: &[&str] = &["di", "si", "dx", "cx", "r8", "r9"];

impl Checker<'_> {
    /// Gives a function of the source the section that its name, or its context, stands for.
    pub fn name_program(&mut self, new: &mut NewName<'_>, params: &[ParamInfo]) {
        let is_static = new.storage == Some(bpfc_parser::ast::Storage::Static) || new.is_inline;
        if !self.is_bcc() || self.is_builtin(new.span) || new.attrs.section.is_some() {
            return;
        }
        if is_static {
            // BCC has no calls between BPF functions.
            if new.attrs.inline == Inline::Default {
                new.attrs.inline = Inline::Always;
            }
            return;
        }
        let name = self.name(new.name);
        let section = match bpfc_kabi::parse_bcc_name(&name) {
            Some((row, target)) => {
                let target = match row.section {
                    "tracepoint" => target.replacen("__", "/", 1),
                    // `kfunc__MODULE__FUNCTION`
                    "fentry" | "fexit" => target
                        .split_once("__")
                        .map_or(target, |(_, name)| name)
                        .to_owned(),
                    _ => target.to_owned(),
                };
                format!("{}/{target}", row.section)
            }
            None if name.starts_with("syscall__") => "kprobe".to_owned(),
            None => match self.section_of_context(params) {
                Some(section) => section.to_owned(),
                None => return,
            },
        };
        new.attrs.section = Some((self.session.intern(&section), new.span));
        if let Some(ctx) = params.first()
            && !self.is_pointer(ctx.ty.ty)
            && !self.is_error(ctx.ty.ty)
        {
            let shown = self.show_qual(ctx.ty);
            self.report(
                Diagnostic::new(
                    E0503,
                    ctx.type_span,
                    format!("the first parameter of a program is its context, found `{shown}`"),
                )
                .with_help("take `struct pt_regs *ctx` first"),
            );
        }
    }

    /// The kind of program that takes this context.
    fn section_of_context(&self, params: &[ParamInfo]) -> Option<&'static str> {
        let to = self.pointee(params.first()?.ty.ty)?;
        let record = self.record_of(to.ty)?;
        let name = self.module.types.records[record].name?;
        Some(match self.session.name(name) {
            "pt_regs" => "kprobe",
            "xdp_md" => "xdp",
            "__sk_buff" => "tc",
            "bpf_perf_event_data" => "perf_event",
            "bpf_raw_tracepoint_args" => "raw_tracepoint",
            name if name.starts_with("tracepoint__") => "tracepoint",
            _ => return None,
        })
    }

    /// True for a probe whose parameters behind the context are arguments of the function
    /// that it is attached to.
    pub fn has_probed_params(&self, new: &NewName<'_>, params: &[ParamInfo]) -> bool {
        let section = new
            .attrs
            .section
            .map(|(section, _)| self.session.name(section));
        self.is_bcc()
            && params.len() > 1
            && section.is_some_and(|section| {
                section.starts_with("kprobe") || section.starts_with("uprobe")
            })
    }

    /// The type of a function that takes the context alone.
    pub fn context_only(&mut self, ty: QualType, params: &[ParamInfo], span: Span) -> QualType {
        let (Some(ctx), Some(func)) = (params.first(), self.as_func(ty.ty)) else {
            return ty;
        };
        let func = FuncType {
            ret: func.ret,
            params: vec![QualType::plain(ctx.ty.ty)],
            is_variadic: false,
        };
        QualType::plain(self.func_type(func, span))
    }

    /// Locals for the parameters behind the context, filled from its registers.
    pub fn define_probed_params(
        &mut self,
        params: &[ParamInfo],
        is_syscall: bool,
        out: &mut Vec<StmtId>,
    ) {
        if params.len() > REGISTERS.len() + 1 {
            let span = params[REGISTERS.len() + 1].span;
            let message = "only the first 6 arguments of a function are in registers";
            self.error(E0503, span, message);
            return;
        }
        let Some((ctx, rest)) = params.split_first() else {
            return;
        };
        let name = self.session.intern("pt_regs");
        let regs = self.struct_by_name(name);
        let regs_ptr = self.ptr_to(QualType::plain(regs), ctx.span);
        let ctx_local = crate::hir::LocalId::new(0);
        let mut base = self.local_value(ctx_local, ctx.span);
        base = self.cast(base, regs_ptr, ctx.span);
        if is_syscall {
            // The entry of a system call gets its arguments in registers of its own, which
            // its only argument points to (`CONFIG_ARCH_HAS_SYSCALL_WRAPPER`, 4.17).
            let inner = self.register(base, "di", ctx.span);
            let inner = self.cast(inner, regs_ptr, ctx.span);
            let local = self.keep(inner, out);
            base = self.local_value(local, ctx.span);
            self.bcc.memory.insert(local, Memory::Kernel);
        }
        for (param, register) in rest.iter().zip(REGISTERS) {
            let register = if is_syscall && *register == "cx" {
                "r10"
            } else {
                register
            };
            let value = self.register(base, register, param.span);
            self.define_probed_param(param, value, out);
        }
    }

    fn define_probed_param(&mut self, param: &ParamInfo, value: ExprId, out: &mut Vec<StmtId>) {
        let Some((name, span)) = param.name else {
            self.error(E0503, param.span, "a parameter of a probe needs a name");
            return;
        };
        if !self.is_scalar(param.ty.ty) {
            if !self.is_error(param.ty.ty) {
                let shown = self.show_qual(param.ty);
                let message =
                    format!("an argument in a register is a number or pointer, found `{shown}`");
                self.error(E0503, param.type_span, message);
            }
            self.scopes.declare(name, crate::scope::Entity::Error, span);
            return;
        }
        let ty = QualType::plain(param.ty.ty);
        let value = self.cast(value, ty.ty, span);
        let local = self.new_local(Some(name), ty, None, span);
        self.scopes
            .declare(name, crate::scope::Entity::Local(local), span);
        if self.is_pointer(ty.ty) {
            self.bcc.memory.insert(local, Memory::Kernel);
        }
        let item = InitItem {
            offset_bits: 0,
            bits: None,
            value: InitValue::Expr(value),
        };
        let init = crate::hir::Init {
            zero_rest: false,
            items: vec![item],
        };
        out.push(self.statement(StmtKind::Init(local, init), span));
    }

    /// The register `name` of the registers that `base` points to.
    fn register(&mut self, base: ExprId, name: &str, span: Span) -> ExprId {
        let place = self.deref(base, span);
        let name = self.session.intern(name);
        let place = self.member_place(place, name, span, span);
        self.load(place)
    }

    /// `struct tracepoint__CATEGORY__EVENT` is the kernel's `struct trace_event_raw_EVENT`.
    pub fn import_tracepoint(&mut self, name: Symbol, span: Span) -> Option<crate::scope::Tag> {
        let text = self.name(name);
        let (category, event) = text.strip_prefix("tracepoint__")?.split_once("__")?;
        if !self.is_bcc() {
            return None;
        }
        let class = match (category, event) {
            ("syscalls", event) if event.starts_with("sys_enter_") => "sys_enter",
            ("syscalls", event) if event.starts_with("sys_exit_") => "sys_exit",
            ("sched", "sched_wakeup" | "sched_wakeup_new" | "sched_waking") => {
                "sched_wakeup_template"
            }
            ("sched", "sched_process_exit" | "sched_process_free") => "sched_process_template",
            (_, event) => event,
        };
        let raw = self.session.intern(&format!("trace_event_raw_{class}"));
        let tag = self.import_tag(raw, TagKind::Struct);
        if tag.is_none() {
            let message = format!("the kernel's types know no tracepoint `{category}:{event}`");
            let mut diagnostic = Diagnostic::new(E0504, span, message);
            if self.kernel.is_none() {
                diagnostic = diagnostic.with_note("there are no types of a kernel to look in");
            }
            self.report(diagnostic);
        }
        tag
    }

    /// BCC's programs are under the GPL unless they say otherwise.
    pub fn add_implicit_license(&mut self) {
        if !self.is_bcc() || self.module.license(&self.session.names).is_some() {
            return;
        }
        let elem = QualType::plain(self.common.char);
        let ty = QualType::plain(self.array_of(elem, Some(4), Span::NONE));
        let global = Global {
            name: self.session.intern("_license"),
            ty,
            kind: GlobalKind::Data,
            linkage: Linkage::Global,
            init: GlobalInit::Data {
                bytes: b"GPL\0".to_vec(),
                relocs: Vec::new(),
            },
            section: Some(self.session.intern("license")),
            align: 1,
            decl_tags: Vec::new(),
            span: Span::NONE,
        };
        self.module.globals.push(global);
    }

    /// Whether kernel memory can be read directly in `func`: the verifier knows the types of
    /// the pointers that these programs get (5.5).
    pub fn reads_kernel_directly(&self, func: FuncId) -> bool {
        let node = &self.module.funcs[func];
        let section = node.section.map(|section| self.session.name(section));
        let name = self.session.name(node.name);
        // `BPF_PROG(name, …)` puts the body into `____name`.
        let inner = name
            .strip_prefix("____")
            .and_then(bpfc_kabi::parse_bcc_name);
        let section = section.or(inner.map(|(row, _)| row.section)).unwrap_or("");
        let kind = section.split('/').next().unwrap_or("");
        matches!(
            kind,
            "fentry" | "fexit" | "fmod_ret" | "lsm" | "iter" | "tp_btf" | "xdp" | "tc"
        )
    }

    /// Whether the first parameter's pointer `expr` is the context.
    pub(super) fn is_context(&self, expr: ExprId) -> bool {
        match self.body.exprs[expr].kind {
            ExprKind::Load(place) => matches!(
                self.body.places[place].kind,
                PlaceKind::Local(local) if self.bcc.memory.get(&local) == Some(&Memory::Own)
            ),
            _ => false,
        }
    }
}
