//! Registers of each architecture: libbpf's header, where it is installed, gives the same code as the built-in one.

use bpfc::{Arch, Btf, Emit, FileProvider, Host, IncludeForm, IncludeRequest, LoadedFile, Options};
use bpfc_base::Session;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Debian's libbpf-dev.
const INSTALLED: &str = "/usr/include/bpf/bpf_tracing.h";

/// Serves libbpf's headers, and no others, from where they are installed.
struct Libbpf {
    is_real: bool,
}

impl FileProvider for Libbpf {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        let beside = Path::new(request.includer).parent();
        let path = match (request.form, request.name.starts_with("bpf/")) {
            (_, true) if self.is_real => Path::new("/usr/include").join(request.name),
            (IncludeForm::Quoted, _) => beside?.join(request.name),
            _ => return None,
        };
        let text = std::fs::read_to_string(&path).ok()?;
        let name = Arc::from(path.to_string_lossy().as_ref());
        Some(LoadedFile { name, text: Arc::from(text), is_user: false, directory: 1 })
    }
}

impl Host for Libbpf {
    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        None
    }
}

/// How many arguments of functions and of system calls are in registers.
fn n_registers(arch: Arch) -> (u32, u32) {
    match arch {
        Arch::X86_64 => (6, 6),
        Arch::Arm => (4, 7),
        Arch::S390x => (5, 6),
        _ => (8, 6),
    }
}

/// Reads every register by every macro; those that an older libbpf lacks only where they exist.
fn program(arch: Arch, registers: &str) -> String {
    let (n_args, n_syscall_args) = n_registers(arch);
    let mut names: Vec<String> = (1..=n_args).map(|number| format!("PARM{number}")).collect();
    names.extend(["RC", "SP", "IP"].map(str::to_owned));
    if arch != Arch::Ppc64 {
        names.extend(["RET", "FP"].map(str::to_owned));
    }
    let mut text = format!(
        "{registers}\n#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_core_read.h>\n\
         #include <bpf/bpf_tracing.h>\nlong sink;\nchar license[] SEC(\"license\") = \"GPL\";\n"
    );
    let mut function = |name: &str, macros: Vec<String>| {
        writeln!(text, "SEC(\"kprobe/f\") int {name}(struct pt_regs *ctx)\n{{").expect("memory");
        for name in macros {
            writeln!(text, "#ifdef {name}\n*(volatile long *)&sink = {name}(ctx);\n#endif")
                .expect("memory");
        }
        writeln!(text, "return 0;\n}}").expect("memory");
    };
    function("plain", names.iter().map(|name| format!("PT_REGS_{name}")).collect());
    names.retain(|name| name != "RET");
    function("core", names.iter().map(|name| format!("PT_REGS_{name}_CORE")).collect());
    let syscall = |suffix: &str| {
        (1..=n_syscall_args).map(|number| format!("PT_REGS_PARM{number}_{suffix}")).collect()
    };
    function("syscall", syscall("SYSCALL"));
    function("core_syscall", syscall("CORE_SYSCALL"));
    text + "SEC(\"kprobe/f\") int BPF_KPROBE(call, int a, char *b, long c, short d) { return a + b[0] + c + d; }
        SEC(\"kretprobe/f\") int BPF_KRETPROBE(result, int a) { return a; }
        SEC(\"ksyscall/f\") int BPF_KSYSCALL(entry, int a, char *b, long c, short d) { return a + b[0] + c + d; }
        SEC(\"kprobe/f\") int address(struct pt_regs *ctx) { long a; BPF_KPROBE_READ_RET_IP(a, ctx); return a == (long)PT_REGS_SYSCALL_REGS(ctx); }"
}

fn messages(session: &Session) -> String {
    let diagnostics = session.diagnostics.iter();
    diagnostics.map(|d| format!("{}: {}\n", d.code.name(), d.message)).collect()
}

/// The instructions that the program becomes.
fn assembly(arch: Arch, text: &str, is_real: bool) -> Vec<String> {
    let mut session = Session::default();
    let file = bpfc::add_source(&mut session, "registers.c", text.as_bytes()).expect("it is text");
    let options = Options { arch: Some(arch), ..Options::default() };
    let mut host = Libbpf { is_real };
    let listing = bpfc::emit(&mut session, file, &options, &mut host, Emit::Asm);
    let messages = messages(&session);
    let listing = listing.unwrap_or_else(|| panic!("{arch:?}, real: {is_real}\n{messages}"));
    assert_eq!(messages, "", "{arch:?}, real: {is_real}");
    // Comments name the registers, which have two names on x86-64.
    let code = listing.lines().map(|line| line.split(';').next().unwrap_or("").trim_end());
    code.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_architecture_has_all_macros() {
    for arch in Arch::all() {
        let with_uapi = assembly(arch, &program(arch, "#include <linux/ptrace.h>"), false);
        let with_kernel = assembly(arch, &program(arch, "#include <vmlinux.h>"), false);
        assert!(with_uapi.len() > 100, "{arch:?}");
        assert!(with_kernel.len() > 100, "{arch:?}");
    }
}

/// `text` without what the installed header lacks, or does in another way.
fn as_old_as_the_installed(text: &str) -> String {
    let real = std::fs::read_to_string(INSTALLED).expect("the header is readable");
    // In older versions the first argument of a system call is relocated whether asked for or not, or is
    // where the first argument of a function is.
    let relocates = real.contains("PT_REGS_PARM1_SYSCALL(x) PT_REGS_PARM1_CORE_SYSCALL(x)");
    let lacks = |name: &str| {
        (relocates && ["PT_REGS_PARM1_SYSCALL", "PT_REGS_PARM1_CORE_SYSCALL"].contains(&name))
            || !real.contains(&format!("{name}("))
    };
    let is_new = |line: &str| line.contains("BPF_KSYSCALL(") || line.contains("READ_RET_IP(");
    let lines = text.lines().filter(|line| !(relocates && is_new(line)));
    let lines = lines.map(|line| match line.strip_prefix("#ifdef ") {
        Some(name) if lacks(name) => "#if 0",
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn installed_headers_give_the_same_code() {
    if !Path::new(INSTALLED).exists() {
        bpfc_testkit::skipped(format!("no {INSTALLED}"));
        return;
    }
    let real = std::fs::read_to_string(INSTALLED).expect("the header is readable");
    // libbpf 1.1 lacks LoongArch, and misspells registers of the others.
    let unsound = [Arch::S390x, Arch::Ppc64, Arch::Loongarch64];
    let is_sound = |arch: &Arch| !unsound.contains(arch) || !real.contains("grps[");
    for arch in Arch::all().filter(is_sound) {
        for registers in ["#include <linux/ptrace.h>", "#include <vmlinux.h>"] {
            let text = program(arch, registers);
            let text = as_old_as_the_installed(&text);
            let (ours, theirs) = (assembly(arch, &text, false), assembly(arch, &text, true));
            let differing = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
            assert_eq!(differing, None, "{arch:?} {registers}");
            assert_eq!(ours.len(), theirs.len(), "{arch:?} {registers}");
        }
    }
}

#[test]
fn defines_choose_the_architecture() {
    let text = "#include <linux/ptrace.h>\n#include <bpf/bpf_tracing.h>
        int size = sizeof(struct pt_regs);
        #if defined(__TARGET_ARCH_x86) || !defined(__TARGET_ARCH_s390)
        #error another
        #endif";
    let mut session = Session::default();
    let file = bpfc::add_source(&mut session, "a.c", text.as_bytes()).expect("it is text");
    let options = Options { defines: vec!["__TARGET_ARCH_s390".to_owned()], ..Options::default() };
    bpfc::compile(&mut session, file, &options, &mut Libbpf { is_real: false });
    assert_eq!(messages(&session), "");
}
