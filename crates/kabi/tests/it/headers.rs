//! The virtual headers are valid C, and agree with the headers of the system where those are installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use bpfc_kabi::{Arch, Constant, constant, constants, header, headers, load_header};

/// All virtual headers as files, for other compilers; the folder.
fn written_headers() -> &'static str {
    static FOLDER: LazyLock<String> = LazyLock::new(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        // Tests are processes of their own, and must not see half of a file.
        let folder = target.join(format!("headers-{}", std::process::id()));
        let mut pending: Vec<String> = headers().iter().map(|row| row.path.to_owned()).collect();
        let mut known = BTreeSet::new();
        while let Some(path) = pending.pop() {
            if !known.insert(path.clone()) {
                continue;
            }
            let header = load_header(&path, Arch::X86_64).unwrap_or_else(|| panic!("no {path}"));
            let file = folder.join(&path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            if header.path != path {
                std::fs::write(file, format!("#include <{}>\n", header.path)).unwrap();
                pending.push(header.path.into_owned());
                continue;
            }
            std::fs::write(file, &*header.text).unwrap();
            let includes = header.text.lines().filter_map(|line| line.strip_prefix("#include <"));
            pending.extend(includes.map(|rest| rest.split('>').next().unwrap().to_owned()));
        }
        folder.to_string_lossy().into_owned()
    });
    &FOLDER
}

/// Runs a compiler over `source`; `None` where it is not installed, else standard output or standard error.
fn compile(compiler: &str, args: &[&str], source: &str) -> Option<Result<String, String>> {
    let mut child = Command::new(compiler)
        .args(args)
        .args(["-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some(if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) })
}

fn clang() -> Option<&'static str> {
    ["clang-19", "clang"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
}

#[test]
fn every_header_alone_and_all_together_are_valid_c() {
    let Some(clang) = clang() else {
        bpfc_testkit::skipped("no clang");
        return;
    };
    let include = format!("-I{}", written_headers());
    let args = [
        "-target",
        "bpf",
        "-fsyntax-only",
        "-nostdinc",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused",
        &include,
    ];
    // The header for user-space probes has functions, and helpers have no prototypes for other compilers.
    let mut all = String::from(
        "static long (*bpf_get_attach_cookie)(void *);\n\
         static void *(*bpf_map_lookup_elem)(void *, const void *);\n\
         static long (*bpf_probe_read_kernel)(void *, unsigned, const void *);\n\
         static long (*bpf_probe_read_user)(void *, unsigned, const void *);\n",
    );
    let mut source = String::new();
    for row in headers() {
        writeln!(all, "#include <{}>", row.path).unwrap();
    }
    // One run per header costs 10 ms each; the groups that programs include first are enough.
    for path in [
        "linux/bpf.h",
        "bpf/bpf_helpers.h",
        "bpf/bpf_tracing.h",
        "bpf/bpf_core_read.h",
        "linux/in.h",
    ] {
        let first = format!("#include <{path}>\n{all}");
        assert_eq!(compile(clang, &args, &first).unwrap(), Ok(String::new()), "{path}");
    }
    source.push_str(&all);
    source.push_str(&all);
    assert_eq!(compile(clang, &args, &source).unwrap(), Ok(String::new()));
}

#[test]
fn macros_of_libbpf_expand_to_valid_programs() {
    let Some(clang) = clang() else {
        bpfc_testkit::skipped("no clang");
        return;
    };
    let source = include_str!("../data/macros.c");
    let include = format!("-I{}", written_headers());
    let args = [
        "-target",
        "bpf",
        "-mcpu=v3",
        "-O2",
        "-g",
        "-c",
        "-o",
        "/dev/null",
        "-nostdinc",
        "-Wall",
        "-Werror",
    ];
    let args: Vec<&str> = args.into_iter().chain([include.as_str()]).collect();
    assert_eq!(compile(clang, &args, source).unwrap(), Ok(String::new()));
}

#[test]
fn constants_are_sorted_and_name_headers() {
    assert!(constants().is_sorted_by(|left, right| left.name < right.name));
    for row in constants() {
        assert!(
            header(row.header).is_some_and(|header| header.path == row.header),
            "{}",
            row.header
        );
        assert!(i64::try_from(row.value).is_ok() || u64::try_from(row.value).is_ok());
    }
    let value = |name: &str| constant(name).map(|row| row.value);
    assert_eq!(value("BPF_MAP_TYPE_HASH"), Some(1));
    assert_eq!(value("XDP_PASS"), Some(2));
    assert_eq!(value("ETH_P_IP"), Some(0x800));
    assert_eq!(value("IPPROTO_TCP"), Some(6));
    assert_eq!(value("AF_INET6"), Some(10));
    assert_eq!(value("O_CREAT"), Some(0o100));
    assert_eq!(value("BPF_F_CURRENT_CPU"), Some(0xffff_ffff));
    assert_eq!(value("TC_ACT_UNSPEC"), Some(-1));
    assert_eq!(value("PAGE_SIZE"), Some(4096));
    assert_eq!(value("TASK_COMM_LEN"), Some(16));
    assert_eq!(value("NULL"), None);
}

#[test]
fn constants_agree_with_the_compiler() {
    let by_header =
        |path: &str| constants().iter().filter(|row| row.header == path).collect::<Vec<_>>();
    let include = format!("-I{}", written_headers());
    for row in headers() {
        let rows = by_header(row.path);
        if rows.is_empty() {
            continue;
        }
        if let Some(found) =
            values(&rows, &format!("#include <{}>", row.path), &["-nostdinc", &include])
        {
            compare(&rows, &found);
        }
    }
}

#[test]
fn constants_agree_with_installed_headers() {
    if !Path::new("/usr/include/linux/bpf.h").exists() {
        bpfc_testkit::skipped("no kernel headers under /usr/include/linux");
        return;
    }
    let mut n_compared = 0;
    let headers: BTreeSet<&str> = constants().iter().map(|row| row.header).collect();
    for path in headers.into_iter().filter(|path| path.starts_with("linux/")) {
        let include = match path {
            "linux/socket.h" | "linux/net.h" => "#define _GNU_SOURCE\n#include <sys/socket.h>",
            "linux/signal.h" => "#include <linux/signal.h>\n#include <asm-generic/signal-defs.h>",
            other => &format!("#include <{other}>"),
        };
        let Some(Ok(macros)) = compile("gcc", &["-E", "-dD"], include) else {
            bpfc_testkit::skipped(format!("gcc or {path} is missing"));
            continue;
        };
        let known: BTreeSet<&str> =
            macros.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        let rows: Vec<&Constant> = constants()
            .iter()
            .filter(|row| row.header == path && known.contains(row.name) && !counts(row.name))
            .collect();
        let Some(found) = values(&rows, include, &[]) else {
            continue;
        };
        compare(&rows, &found);
        n_compared += found.len();
    }
    assert!(n_compared > 1000, "only {n_compared} constants were compared");
}

/// Names whose value depends on the version, as it grows.
fn counts(name: &str) -> bool {
    name.starts_with("__MAX_")
        || name.contains("MAX_BPF_")
        || name.ends_with("_MAX_STATES")
        || name.starts_with("__BPF_FUNC_MAX")
        || matches!(
            name,
            "SIGRTMAX"
                | "_NSIG"
                | "SOMAXCONN"
                | "BPF_F_REDIRECT_FLAGS"
                | "BPF_SOCK_OPS_ALL_CB_FLAGS"
                | "SO_TXREHASH"
        )
}

/// The values of these names as gcc computes them.
fn values(rows: &[&Constant], include: &str, args: &[&str]) -> Option<BTreeMap<String, i128>> {
    let mut source = format!("{include}\n");
    for row in rows {
        // The assembler listing is the output: no program needs to run, no C library is needed.
        writeln!(source, "const long long bpfc_value_{} = (long long)({});", row.name, row.name)
            .unwrap();
    }
    let args: Vec<&str> = args.iter().copied().chain(["-w", "-S", "-o", "-"]).collect();
    let listing =
        compile("gcc", &args, &source)?.unwrap_or_else(|error| panic!("{include}: {error}"));
    let mut found = BTreeMap::new();
    let mut name = None;
    for line in listing.lines() {
        if let Some(label) = line.strip_suffix(':') {
            name = label.strip_prefix("bpfc_value_");
        } else if let (Some(name), Some(quad)) = (name, line.trim().strip_prefix(".quad")) {
            found.insert(name.to_owned(), quad.trim().parse().unwrap());
        } else if let (Some(name), Some(_)) = (name, line.trim().strip_prefix(".zero")) {
            found.insert(name.to_owned(), 0);
        }
    }
    Some(found)
}

fn compare(rows: &[&Constant], found: &BTreeMap<String, i128>) {
    let differing: Vec<String> = rows
        .iter()
        .filter(|row| found.get(row.name).map(|value| *value as u64) != Some(row.value as u64))
        .map(|row| {
            format!(
                "{} of {}: {} here, {:?} there",
                row.name,
                row.header,
                row.value,
                found.get(row.name)
            )
        })
        .collect();
    assert!(differing.is_empty(), "{differing:#?}");
}

/// Structs of the virtual headers with their plain members.
fn structs(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("struct ").and_then(|rest| rest.strip_suffix(" {"))
        else {
            continue;
        };
        let mut members = Vec::new();
        for line in lines.by_ref().take_while(|line| !line.starts_with('}')) {
            let Some(member) =
                line.strip_suffix(';').filter(|line| !line.contains([':', '}', '(', ',']))
            else {
                continue;
            };
            // Nested members have names of their own only if their struct has none; those are indented deeper.
            if member.starts_with("    ") && !member.starts_with("     ") {
                let declarator = member.rsplit([' ', '*']).next().unwrap();
                members.push(declarator.split('[').next().unwrap().to_owned());
            }
        }
        found.push((name.to_owned(), members));
    }
    found
}

#[test]
fn layouts_agree_with_installed_headers() {
    if !Path::new("/usr/include/linux/bpf.h").exists() {
        bpfc_testkit::skipped("no kernel headers under /usr/include/linux");
        return;
    }
    let include = format!("-I{}", written_headers());
    let mut n_compared = 0;
    for row in headers().iter().filter(|row| row.path.starts_with("linux/")) {
        let Ok(installed) = std::fs::read_to_string(format!("/usr/include/{}", row.path)) else {
            continue;
        };
        let words: BTreeSet<&str> =
            installed.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        let mut source = format!("#include <{}>\n", row.path);
        for (name, members) in structs(row.text) {
            if !installed.contains(&format!("struct {name} {{")) {
                continue;
            }
            if row.path != "linux/bpf.h" {
                writeln!(source, "const long bpfc_size_{name} = sizeof(struct {name});").unwrap();
            }
            for member in members.iter().filter(|member| words.contains(member.as_str())) {
                let place = format!("__builtin_offsetof(struct {name}, {member})");
                writeln!(source, "const long bpfc_{name}_{member} = {place};").unwrap();
            }
        }
        let Some(ours) = compile("gcc", &["-w", "-S", "-o", "-", "-nostdinc", &include], &source)
        else {
            bpfc_testkit::skipped("no gcc");
            return;
        };
        let theirs = compile("gcc", &["-w", "-S", "-o", "-"], &source).unwrap();
        assert_eq!(ours, theirs, "{}", row.path);
        n_compared += source.lines().count();
    }
    assert!(n_compared > 300, "only {n_compared} layout facts were compared");
}

/// What another version of the kernel may count further.
fn grows(name: &str) -> bool {
    let flags = ["PTP_EXTTS_VALID_FLAGS", "UFFD_API_FEATURES", "UFFD_API_RANGE_IOCTLS"];
    ["MAX", "LAST", "NUM", "COUNT", "ALL", "MASK", "SIZE", "_END", "VERSION", "SUPPORTED", "CNT"]
        .iter()
        .any(|part| name.contains(part))
        || flags.iter().any(|flags| name.starts_with(flags))
}

#[test]
fn all_constants_of_the_user_api_agree_with_installed_headers() {
    let folder = Path::new("/usr/include/linux");
    if !folder.exists() || clang().is_none() || !cfg!(target_arch = "x86_64") {
        bpfc_testkit::skipped("no headers or no clang, or not x86-64");
        return;
    }
    let (mut n_headers, mut n_compared) = (0, 0);
    let mut differing = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("linux/{name}");
        let Some(ours) = load_header(&format!("uapi/{path}"), Arch::X86_64) else {
            continue;
        };
        let include = format!("#include <linux/types.h>\n#include <{path}>\n");
        let rows: Vec<(&str, &str)> = ours
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("#define ")?.split_once(' '))
            .filter(|(name, _)| !grows(name))
            .collect();
        let mut source = include;
        for (name, value) in &rows {
            writeln!(
                source,
                "#ifdef {name}\n_Static_assert(({name}) == ({value}), \"{name}\");\n#endif"
            )
            .unwrap();
        }
        let Some(result) = compile("gcc", &["-fsyntax-only", "-w"], &source) else {
            return;
        };
        n_headers += 1;
        n_compared += rows.len();
        let failed = result.err().unwrap_or_default();
        let failed = failed.lines().filter_map(|line| line.split_once("assertion failed: "));
        differing.extend(failed.map(|(_, name)| format!("{path}: {name}")));
    }
    eprintln!("{n_compared} constants of {n_headers} headers were compared");
    assert!(n_compared > 8000 || n_headers < 300, "only {n_compared} constants were compared");
    assert!(differing.is_empty(), "{differing:#?}");
}
