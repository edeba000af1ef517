//! BTF: that of the kernel and its modules, and which kinds of types the kernel takes from programs.

use super::programs::{load, trivial};
use super::verdict::{Finding, Group, Needs, Prober, Verdict};
use crate::Errno;
use crate::explain::of_program;
use crate::load::kinds::Kinds;
use crate::sys::bpf::{self, FuncInfo, LineInfo, ProgLoad, btf_load, prog_load};
use bpfc_btf::{BtfBuilder, Endian, IntEncoding, Linkage, TypeDef};
use bpfc_isa::encode_program;
use bpfc_kabi::{Feature, KernelVersion, ProgType};
use std::os::fd::AsFd;
use std::path::Path;

/// The kernel's types cannot be read.
pub(super) fn no_types() -> Verdict {
    if Path::new("/sys/kernel").exists() {
        Verdict::no(
            "there is no `/sys/kernel/btf/vmlinux`",
            "use a kernel that is built with CONFIG_DEBUG_INFO_BTF, or give its types: `--btf FILE`",
        )
    } else {
        Verdict::no("sysfs is not mounted", "mount it: `mount -t sysfs sysfs /sys`")
    }
}

/// Everything about types.
pub(super) fn probe(prober: &Prober<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |name: &str, title, verdict, since| {
        let name = name.to_owned();
        findings.push(Finding { group: Group::Btf, name, title, verdict, since });
    };
    let (vmlinux, modules) = of_kernel(prober);
    add("vmlinux", Some("types of the kernel"), vmlinux, Some(KernelVersion::new(5, 4)));
    add("modules", Some("types of modules"), modules, Some(Feature::ModuleBtf.since()));
    let taken = btf_load(&simple(false), &mut []);
    let permission = taken.as_ref().err().copied().filter(|errno| *errno == Errno::EPERM);
    let verdict = |is_known: bool, since: KernelVersion| {
        let needs = Needs { since: Some(since), capabilities: BPF, options: &[] };
        match (permission, is_known) {
            (Some(errno), _) => prober.refused(errno, needs),
            (None, true) => Verdict::Yes,
            (None, false) => prober.absent(needs, "the kernel does not take it"),
        }
    };
    add(
        "programs",
        Some("types of programs and maps"),
        verdict(taken.is_ok(), Feature::Btf.since()),
        Some(Feature::Btf.since()),
    );
    let kinds = if permission.is_none() { Kinds::probe() } else { Kinds::ALL };
    let v = KernelVersion::new;
    for (name, title, is_known, since) in [
        ("func", "functions", kinds.func, v(4, 20)),
        ("datasec", "variables and sections", kinds.datasec, v(5, 2)),
        ("global_func", "functions with linkage", kinds.global_func, v(5, 6)),
        ("float", "floating-point numbers", kinds.float, v(5, 13)),
        ("decl_tag", "tags of declarations", kinds.decl_tag, Feature::DeclTags.since()),
        ("type_tag", "tags of types", kinds.type_tag, Feature::TypeTags.since()),
        ("enum64", "enumerations of 64 bits", kinds.enum64, Feature::Enum64.since()),
    ] {
        add(name, Some(title), verdict(is_known, since), Some(since));
    }
    for (name, title, feature, has_lines) in [
        ("func_info", "types of a program's functions", Feature::FuncInfo, false),
        ("line_info", "source lines of a program", Feature::LineInfo, true),
    ] {
        let is_known = permission.is_none() && with_info(has_lines).is_ok();
        add(name, Some(title), verdict(is_known, feature.since()), Some(feature.since()));
    }
    findings
}

const BPF: &[super::facts::Capability] = of_program(ProgType::SocketFilter);

fn of_kernel(prober: &Prober<'_>) -> (Verdict, Verdict) {
    let Some(btf) = prober.kernel.btf() else {
        return (no_types(), Verdict::unknown("the types of the kernel are missing"));
    };
    let vmlinux = Verdict::value(format!("{} types", btf.end_id()));
    let needs = Needs {
        since: Some(Feature::ModuleBtf.since()),
        options: &["CONFIG_DEBUG_INFO_BTF_MODULES", "CONFIG_MODULES"],
        capabilities: &[],
    };
    let modules = match prober.kernel.modules() {
        [] => prober.absent(needs, "no module is loaded that has types"),
        modules => Verdict::value(format!("of {} modules", modules.len())),
    };
    (vmlinux, modules)
}

fn endian() -> Endian {
    match bpfc_isa::Endian::NATIVE {
        bpfc_isa::Endian::Little => Endian::Little,
        bpfc_isa::Endian::Big => Endian::Big,
    }
}

/// An integer, and perhaps a function with one line.
fn simple(has_function: bool) -> Vec<u8> {
    let mut builder = BtfBuilder::new();
    let int = builder.push(TypeDef::int("int", 4, IntEncoding::Signed));
    if has_function {
        let proto =
            builder.push(TypeDef::FuncProto { ret: int, params: Vec::new(), is_variadic: false });
        builder.push(TypeDef::Func { name: "f".into(), proto, linkage: Linkage::Static });
    }
    match builder.to_bytes(endian()) {
        Ok(bytes) => bytes,
        Err(error) => unreachable!("an integer and a function can be written: {error}"),
    }
}

/// A program with a record of its function, and perhaps of its line.
fn with_info(has_lines: bool) -> Result<(), Errno> {
    const FUNC: u32 = 3;
    let btf = btf_load(&simple(true), &mut [])?;
    let bytes = encode_program(&trivial(), bpfc_isa::Endian::NATIVE);
    let functions = [FuncInfo { insn_off: 0, type_id: FUNC }];
    // File and text may be any strings: the name of the function.
    let lines = [LineInfo { insn_off: 0, file_name_off: 1, line_off: 1, line_col: 1 << 10 }];
    let request = ProgLoad {
        prog_type: ProgType::SocketFilter.number(),
        insns: &bytes,
        license: Some(c"GPL"),
        btf: Some(btf.as_fd()),
        func_info: &functions,
        line_info: if has_lines { &lines } else { &[] },
        ..ProgLoad::default()
    };
    prog_load(&request, 0, &mut []).map(|_| ())
}

/// Whether a loaded program is machine code.
pub(super) fn is_compiled(prober: &Prober<'_>) -> Result<bool, Errno> {
    let program = load(prober.kernel, ProgType::SocketFilter, &trivial(), &mut [])?;
    bpf::prog_info(&program).map(|info| info.jited_prog_len > 0)
}
