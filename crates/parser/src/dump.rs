//! The syntax tree as text: `--emit ast` and snapshot tests.
//!
//! One declaration or statement per line, indented by nesting; expressions as
//! S-expressions; types in reading order: `f : function(a : int) pointer char` is
//! `char *f(int a)`.

use crate::ast::*;
use bpfc_base::{Session, Symbol};
use std::fmt::Write;

/// The text of `unit`.
pub fn dump(session: &Session, unit: &TranslationUnit) -> String {
    let mut dumper = Dumper { session, unit, text: String::new(), depth: 0 };
    for item in &unit.items {
        dumper.item(item);
    }
    dumper.text
}

struct Dumper<'a> {
    session: &'a Session,
    unit: &'a TranslationUnit,
    text: String,
    depth: usize,
}

impl Dumper<'_> {
    fn name(&self, name: Symbol) -> &str {
        self.session.name(name)
    }

    fn line(&mut self, line: &str) {
        let indent = self.depth * 2;
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    fn nested(&mut self, body: impl FnOnce(&mut Self)) {
        self.depth += 1;
        body(self);
        self.depth -= 1;
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Function(function) => {
                self.tag_body(&function.specs);
                let head = self.declared(&function.specs, &function.declarator);
                let attrs = self.attrs(&function.attrs);
                self.line(&format!("function {head}{attrs}"));
                self.nested(|d| d.stmt(function.body));
            }
            Item::Declaration(declaration) => self.declaration(declaration),
            Item::Asm(_) => self.line("asm"),
            Item::Deferred(items) => self.line(&format!("deferred {}", items.len())),
            Item::Error(_) => self.line("error"),
        }
    }

    fn declaration(&mut self, declaration: &Declaration) {
        match declaration {
            Declaration::StaticAssert { cond, message, .. } => {
                self.static_assert(*cond, message.as_ref());
            }
            Declaration::Names { specs, declarators, .. } => {
                self.tag_body(specs);
                if declarators.is_empty() {
                    let specs = self.specs(specs);
                    self.line(&format!("declare {specs}"));
                }
                for item in declarators {
                    let mut line = match specs.storage {
                        Some((Storage::Typedef, _)) => "typedef ".to_owned(),
                        _ => "declare ".to_owned(),
                    };
                    line += &self.declared(specs, &item.declarator);
                    line += &self.attrs(&item.attrs);
                    if let Some(label) = &item.asm_label {
                        line += &format!(" asm {}", string(label));
                    }
                    if let Some(init) = &item.init {
                        line += &format!(" = {}", self.initializer(init));
                    }
                    self.line(&line);
                }
            }
        }
    }

    fn static_assert(&mut self, cond: ExprId, message: Option<&StrLit>) {
        let cond = self.expr(cond);
        let message = message.map_or(String::new(), |message| format!(" {}", string(message)));
        self.line(&format!("static_assert {cond}{message}"));
    }

    /// The members of a struct, union or enum that `specs` defines.
    fn tag_body(&mut self, specs: &DeclSpecs) {
        let TypeSpec::Tag(id) = specs.ty else {
            return;
        };
        let unit = self.unit;
        let tag = &unit.tag_specs[id];
        let Some(body) = &tag.body else {
            return;
        };
        let pack = tag.pack.map_or(String::new(), |pack| format!(" pack={pack}"));
        let attrs = self.attrs(&tag.attrs);
        let head = self.tag(id);
        self.line(&format!("{head}{pack}{attrs}"));
        self.nested(|d| match body {
            TagBody::Enumerators(list) => {
                for item in list {
                    let value = item.value.map(|value| format!(" = {}", d.expr(value)));
                    let name = d.name(item.name).to_owned();
                    d.line(&format!("{name}{}", value.unwrap_or_default()));
                }
            }
            TagBody::Members(list) => list.iter().for_each(|member| d.member(member)),
        });
    }

    fn member(&mut self, member: &MemberDecl) {
        match member {
            MemberDecl::StaticAssert { cond, message, .. } => {
                self.static_assert(*cond, message.as_ref());
            }
            MemberDecl::Members { specs, declarators, .. } => {
                self.tag_body(specs);
                if declarators.is_empty() {
                    let specs = self.specs(specs);
                    self.line(&format!("member {specs}"));
                }
                for item in declarators {
                    let declared = self.declared(specs, &item.declarator);
                    let bits = item.bits.map(|bits| format!(" bits={}", self.expr(bits)));
                    let attrs = self.attrs(&item.attrs);
                    let bits = bits.unwrap_or_default();
                    self.line(&format!("member {declared}{bits}{attrs}"));
                }
            }
        }
    }

    // ---- Types ----

    fn declared(&self, specs: &DeclSpecs, declarator: &Declarator) -> String {
        let name = declarator.name.map_or("_", |(name, _)| self.name(name));
        let derived = self.derived(declarator);
        let attrs = self.attrs(&declarator.attrs);
        format!("{name} : {derived}{}{attrs}", self.specs(specs))
    }

    fn specs(&self, specs: &DeclSpecs) -> String {
        let mut words: Vec<String> = Vec::new();
        if let Some((storage, _)) = specs.storage
            && storage != Storage::Typedef
        {
            words.push(format!("{storage:?}").to_lowercase());
        }
        for (is_set, word) in [
            (specs.is_inline, "inline"),
            (specs.is_noreturn, "_Noreturn"),
            (specs.is_thread_local, "_Thread_local"),
        ] {
            if is_set {
                words.push(word.to_owned());
            }
        }
        for alignas in &specs.alignas {
            words.push(match *alignas {
                Alignas::Type(ty) => format!("_Alignas({})", self.type_name(ty)),
                Alignas::Expr(value) => format!("_Alignas({})", self.expr(value)),
            });
        }
        words.extend(quals(specs.quals));
        words.push(self.type_spec(&specs.ty));
        format!("{}{}", words.join(" "), self.attrs(&specs.attrs))
    }

    fn type_spec(&self, ty: &TypeSpec) -> String {
        match ty {
            TypeSpec::Void => "void".into(),
            TypeSpec::Bool => "_Bool".into(),
            TypeSpec::Char => "char".into(),
            TypeSpec::SChar => "signed char".into(),
            TypeSpec::UChar => "unsigned char".into(),
            TypeSpec::Short => "short".into(),
            TypeSpec::UShort => "unsigned short".into(),
            TypeSpec::Int => "int".into(),
            TypeSpec::UInt => "unsigned int".into(),
            TypeSpec::Long => "long".into(),
            TypeSpec::ULong => "unsigned long".into(),
            TypeSpec::LongLong => "long long".into(),
            TypeSpec::ULongLong => "unsigned long long".into(),
            TypeSpec::Int128 => "__int128".into(),
            TypeSpec::UInt128 => "unsigned __int128".into(),
            TypeSpec::Float => "float".into(),
            TypeSpec::Double => "double".into(),
            TypeSpec::LongDouble => "long double".into(),
            TypeSpec::Tag(id) => self.tag(*id),
            TypeSpec::Typedef(name, _) => self.name(*name).into(),
            TypeSpec::TypeofExpr(value) => format!("typeof({})", self.expr(*value)),
            TypeSpec::TypeofType(ty) => format!("typeof({})", self.type_name(*ty)),
            TypeSpec::TypeofUnqualExpr(value) => format!("typeof_unqual({})", self.expr(*value)),
            TypeSpec::TypeofUnqualType(ty) => format!("typeof_unqual({})", self.type_name(*ty)),
            TypeSpec::AutoType => "__auto_type".into(),
            TypeSpec::VaList => "__builtin_va_list".into(),
            TypeSpec::Error => "<error>".into(),
        }
    }

    fn tag(&self, id: TagSpecId) -> String {
        let tag = &self.unit.tag_specs[id];
        let kind = match tag.kind {
            TagKind::Struct => "struct",
            TagKind::Union => "union",
            TagKind::Enum => "enum",
        };
        match tag.name {
            Some((name, _)) => format!("{kind} {}", self.name(name)),
            None => format!("{kind} <{id}>"),
        }
    }

    /// The derivations of a declarator, each followed by a space.
    fn derived(&self, declarator: &Declarator) -> String {
        let mut text = String::new();
        for derived in &declarator.derived {
            match derived {
                Derivation::Pointer { quals: q, attrs } => {
                    for qual in quals(*q) {
                        text += &format!("{qual} ");
                    }
                    text += &format!("pointer{} ", self.attrs(attrs));
                }
                Derivation::Array { size, .. } => {
                    let size = size.map_or(String::new(), |size| self.expr(size));
                    text += &format!("array[{size}] ");
                }
                Derivation::Function { params, is_variadic, is_unprototyped, .. } => {
                    let mut list: Vec<String> = params
                        .iter()
                        .map(|param| {
                            let attrs = self.attrs(&param.attrs);
                            self.declared(&param.specs, &param.declarator) + &attrs
                        })
                        .collect();
                    if *is_variadic {
                        list.push("...".into());
                    }
                    if *is_unprototyped {
                        list.push("?".into());
                    }
                    text += &format!("function({}) ", list.join(", "));
                }
            }
        }
        text
    }

    fn type_name(&self, id: TypeNameId) -> String {
        let name = &self.unit.type_names[id];
        let derived = self.derived(&name.declarator);
        format!("{derived}{}", self.specs(&name.specs))
    }

    fn attrs(&self, attrs: &[Attribute]) -> String {
        let texts = attrs.iter().map(|attr| {
            let name = self.name(attr.name);
            let args: Vec<String> = attr.args.iter().map(|arg| self.arg(arg)).collect();
            match args.is_empty() {
                true => format!(" [[{name}]]"),
                false => format!(" [[{name}({})]]", args.join(", ")),
            }
        });
        texts.collect()
    }

    fn arg(&self, arg: &AttrArg) -> String {
        match *arg {
            AttrArg::Expr(value) => self.expr(value),
            AttrArg::Type(ty) => format!("<{}>", self.type_name(ty)),
        }
    }

    // ---- Initializers and expressions ----

    fn initializer(&self, init: &Initializer) -> String {
        match init {
            Initializer::Expr(value) => self.expr(*value),
            Initializer::List(list) => self.list(list),
        }
    }

    fn list(&self, list: &InitList) -> String {
        let items = list.items.iter().map(|item| {
            let path = self.designators(&item.designators);
            let init = self.initializer(&item.init);
            match path.is_empty() {
                true => init,
                false => format!("{path}={init}"),
            }
        });
        format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
    }

    fn designators(&self, path: &[Designator]) -> String {
        let texts = path.iter().map(|designator| match *designator {
            Designator::Member(name, _) => format!(".{}", self.name(name)),
            Designator::Index(index) => format!("[{}]", self.expr(index)),
            Designator::Range(a, b) => format!("[{} ... {}]", self.expr(a), self.expr(b)),
        });
        texts.collect()
    }

    fn expr(&self, id: ExprId) -> String {
        use ExprKind::*;
        let list = |head: &str, parts: &[ExprId]| {
            let mut text = format!("({head}");
            for &part in parts {
                text += &format!(" {}", self.expr(part));
            }
            text + ")"
        };
        match &self.unit.exprs[id].kind {
            Name(name) => self.name(*name).into(),
            Int(int) => {
                let suffix = if int.is_unsigned { "u" } else { "" };
                let long = "l".repeat(usize::from(int.n_long));
                format!("{}{suffix}{long}", int.value)
            }
            Float(value) => format!("{value:?}"),
            Char { value, prefix } => format!("{}'{value}'", prefix_text(*prefix)),
            Str(literal) => string(literal),
            Paren(inner) => list("paren", &[*inner]),
            Generic { control, assocs } => {
                let mut text = format!("(_Generic {}", self.expr(*control));
                for (ty, value) in assocs {
                    let ty = ty.map_or("default".into(), |ty| self.type_name(ty));
                    text += &format!(" <{ty}>: {}", self.expr(*value));
                }
                text + ")"
            }
            StmtExpr(body) => {
                let mut inner = Dumper {
                    session: self.session,
                    unit: self.unit,
                    text: String::new(),
                    depth: 0,
                };
                inner.stmt(*body);
                let lines: Vec<&str> = inner.text.lines().map(str::trim).collect();
                format!("({{ {} }})", lines.join("; "))
            }
            Index(base, index) => list("index", &[*base, *index]),
            Call(callee, args) => {
                let parts: Vec<ExprId> = std::iter::once(callee).chain(args).copied().collect();
                list("call", &parts)
            }
            Member { base, member, .. } => list(&format!(".{}", self.name(*member)), &[*base]),
            Arrow { base, member, .. } => list(&format!("->{}", self.name(*member)), &[*base]),
            CompoundLiteral(ty, items) => {
                format!("(literal <{}> {})", self.type_name(*ty), self.list(items))
            }
            Unary(op, inner) => list(unary_text(*op), &[*inner]),
            PostInc(inner) => list("post++", &[*inner]),
            PostDec(inner) => list("post--", &[*inner]),
            SizeofExpr(inner) => list("sizeof", &[*inner]),
            SizeofType(ty) => format!("(sizeof <{}>)", self.type_name(*ty)),
            AlignofExpr(inner) => list("_Alignof", &[*inner]),
            AlignofType(ty) => format!("(_Alignof <{}>)", self.type_name(*ty)),
            Cast(ty, inner) => format!("(cast <{}> {})", self.type_name(*ty), self.expr(*inner)),
            Binary(op, left, right) => list(binary_text(*op), &[*left, *right]),
            Conditional(cond, Some(then), other) => list("?:", &[*cond, *then, *other]),
            Conditional(cond, None, other) => list("?:", &[*cond, *other]),
            Assign(op, left, right) => {
                let op = op.map_or("", binary_text);
                list(&format!("{op}="), &[*left, *right])
            }
            Comma(left, right) => list(",", &[*left, *right]),
            LabelAddr(name) => format!("(&& {})", self.name(*name)),
            Offsetof(ty, path) => {
                format!("(offsetof <{}> {})", self.type_name(*ty), self.designators(path))
            }
            TypesCompatible(a, b) => {
                format!("(types_compatible <{}> <{}>)", self.type_name(*a), self.type_name(*b))
            }
            VaArg(list, ty) => format!("(va_arg {} <{}>)", self.expr(*list), self.type_name(*ty)),
            BuiltinWithTypes(name, args) => {
                let args: Vec<String> = args.iter().map(|arg| self.arg(arg)).collect();
                format!("({} {})", self.name(*name), args.join(" "))
            }
            Error => "<error>".into(),
        }
    }

    // ---- Statements ----

    fn stmt(&mut self, id: StmtId) {
        let unit = self.unit;
        let opt = |d: &Self, expr: &Option<ExprId>| match expr {
            Some(expr) => format!(" {}", d.expr(*expr)),
            None => String::new(),
        };
        match &unit.stmts[id].kind {
            StmtKind::Compound(items) => {
                self.line("block");
                self.nested(|d| items.iter().for_each(|&item| d.stmt(item)));
            }
            StmtKind::Declaration(declaration) => self.declaration(declaration),
            StmtKind::Expr(None) => self.line("empty"),
            StmtKind::Expr(Some(value)) => {
                let value = self.expr(*value);
                self.line(&value);
            }
            StmtKind::If { cond, then, otherwise } => {
                let cond = self.expr(*cond);
                self.line(&format!("if {cond}"));
                self.nested(|d| d.stmt(*then));
                if let Some(otherwise) = otherwise {
                    self.line("else");
                    self.nested(|d| d.stmt(*otherwise));
                }
            }
            StmtKind::While { cond, body, unroll } => {
                let cond = self.expr(*cond);
                self.line(&format!("while {cond}{}", unroll_text(*unroll)));
                self.nested(|d| d.stmt(*body));
            }
            StmtKind::DoWhile { body, cond, unroll } => {
                let cond = self.expr(*cond);
                self.line(&format!("do-while {cond}{}", unroll_text(*unroll)));
                self.nested(|d| d.stmt(*body));
            }
            StmtKind::For { init, cond, step, body, unroll } => {
                let cond = opt(self, cond);
                let step = opt(self, step);
                self.line(&format!("for;{cond};{step}{}", unroll_text(*unroll)));
                self.nested(|d| {
                    init.iter().for_each(|&init| d.stmt(init));
                    d.stmt(*body);
                });
            }
            StmtKind::Switch { value, body } => {
                let value = self.expr(*value);
                self.line(&format!("switch {value}"));
                self.nested(|d| d.stmt(*body));
            }
            StmtKind::Case { low, high, body } => {
                let low = self.expr(*low);
                let high = high.map_or(String::new(), |high| format!(" ... {}", self.expr(high)));
                self.line(&format!("case {low}{high}"));
                self.nested(|d| d.stmt(*body));
            }
            StmtKind::Default(body) => {
                self.line("default");
                self.nested(|d| d.stmt(*body));
            }
            StmtKind::Label { name, body, .. } => {
                let name = self.name(*name).to_owned();
                self.line(&format!("label {name}"));
                self.nested(|d| d.stmt(*body));
            }
            StmtKind::Goto(name, _) => {
                let name = self.name(*name).to_owned();
                self.line(&format!("goto {name}"));
            }
            StmtKind::GotoIndirect(target) => {
                let target = self.expr(*target);
                self.line(&format!("goto * {target}"));
            }
            StmtKind::Continue => self.line("continue"),
            StmtKind::Break => self.line("break"),
            StmtKind::Return(value) => {
                let value = opt(self, value);
                self.line(&format!("return{value}"));
            }
            StmtKind::Asm(asm) => self.asm(asm),
            StmtKind::Attributed(attrs, body) => {
                let attrs = self.attrs(attrs);
                self.line(&format!("attributed{attrs}"));
                self.nested(|d| d.stmt(*body));
            }
            StmtKind::LocalLabels(names) => {
                let names = names.iter().map(|(name, _)| self.name(*name));
                let names = names.collect::<Vec<_>>().join(", ");
                self.line(&format!("labels {names}"));
            }
            StmtKind::Error => self.line("error"),
        }
    }

    fn asm(&mut self, asm: &Asm) {
        let mut line = format!("asm {}", string(&asm.template));
        for (is_set, word) in [(asm.is_volatile, " volatile"), (asm.is_goto, " goto")] {
            if is_set {
                line += word;
            }
        }
        for (what, operands) in [("out", &asm.outputs), ("in", &asm.inputs)] {
            for operand in operands {
                let name = operand.name.map_or("_", |name| self.name(name));
                let constraint = string(&operand.constraint);
                line += &format!(" {what}({name} {constraint} {})", self.expr(operand.expr));
            }
        }
        for clobber in &asm.clobbers {
            line += &format!(" clobber({})", string(clobber));
        }
        for (label, _) in &asm.labels {
            line += &format!(" label({})", self.name(*label));
        }
        self.line(&line);
    }
}

fn quals(quals: Quals) -> impl Iterator<Item = String> {
    let words = [
        (quals.is_const, "const"),
        (quals.is_volatile, "volatile"),
        (quals.is_restrict, "restrict"),
        (quals.is_atomic, "_Atomic"),
    ];
    let set = words.into_iter().filter(|(is_set, _)| *is_set);
    set.map(|(_, word)| word.to_owned())
}

fn prefix_text(prefix: StrPrefix) -> &'static str {
    match prefix {
        StrPrefix::None => "",
        StrPrefix::Utf8 => "u8",
        StrPrefix::Char16 => "u",
        StrPrefix::Char32 => "U",
        StrPrefix::Wide => "L",
    }
}

fn string(literal: &StrLit) -> String {
    let mut text = format!("{}\"", prefix_text(literal.prefix));
    for &unit in &literal.units {
        match char::from_u32(unit) {
            Some(c) if c.is_ascii() => text.extend(c.escape_default()),
            _ => {
                let _ = write!(text, "\\x{unit:x}");
            }
        }
    }
    text + "\""
}

fn unroll_text(unroll: Unroll) -> String {
    match unroll {
        Unroll::Default => String::new(),
        Unroll::Full => " unroll=full".into(),
        Unroll::Count(count) => format!(" unroll={count}"),
        Unroll::Disable => " unroll=no".into(),
    }
}

fn unary_text(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::AddrOf => "&",
        UnaryOp::Deref => "*",
        UnaryOp::Plus => "+",
        UnaryOp::Neg => "-",
        UnaryOp::BitNot => "~",
        UnaryOp::Not => "!",
        UnaryOp::PreInc => "++",
        UnaryOp::PreDec => "--",
    }
}

fn binary_text(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Lt => "<",
        BinaryOp::Gt => ">",
        BinaryOp::Le => "<=",
        BinaryOp::Ge => ">=",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::And => "&",
        BinaryOp::Xor => "^",
        BinaryOp::Or => "|",
        BinaryOp::LogAnd => "&&",
        BinaryOp::LogOr => "||",
    }
}
