//! The constants of the kernel's user API, as compilers see them: `crates/kabi/data/uapi.deflate`.
//!
//! Input: for each architecture the headers that `make headers` of Linux writes. clang evaluates every macro and every
//! enumerator, so nothing is copied and nothing is guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, thread};

use bpfc_kabi::Arch;

use super::c_source::words;
use super::{Result, kabi_dir};

/// The folders of the user API that programs for the kernel include.
const FOLDERS: [&str; 3] = ["asm", "asm-generic", "linux"];

/// Starts of the paths behind the folder that are left out: interfaces of devices that BPF programs do not meet, and of 32-bit
/// programs.
const LEFT_OUT: [&str; 58] = [
    "a.out",
    "adb",
    "agpgart",
    "apm",
    "atm",
    "auto_",
    "byteorder/",
    "caif/",
    "cciss",
    "cdrom",
    "cec",
    "coda",
    "comedi",
    "cyclades",
    "dvb/",
    "elf-fdpic",
    "fb.h",
    "fd.h",
    "fdreg",
    "firewire",
    "fsl_",
    "genwqe",
    "gfs2",
    "hdlc",
    "hdreg",
    "hsi/",
    "hyperv",
    "i2o",
    "i8k",
    "idxd",
    "isdn",
    "isst",
    "ivtv",
    "kfd_",
    "kvm",
    "lp.h",
    "matroxfb",
    "media",
    "mmc/",
    "mtio",
    "nubus",
    "omap",
    "parport",
    "ppdev",
    "raid/",
    "rkisp1",
    "soundcard",
    "sonypi",
    "svm.h",
    "synclink",
    "unistd_32",
    "unistd_n32",
    "unistd_o32",
    "unistd_x32",
    "uvcvideo",
    "v4l2",
    "vbox",
    "zorro",
];

/// Raw bytes of a chunk: what the use of one header has to unpack.
const CHUNK_BYTES: usize = 48 * 1024;

/// What the built-in header of BCC's dialect includes: in a chunk of its own, so that most programs unpack one.
const FIRST: &str = include_str!("first_headers.txt");

/// A number that is no constant's value, so that an assertion with it fails and tells the value.
const NO_VALUE: &str = "0x5bd1e9955bd1e995";

/// What a header says.
#[derive(Default, PartialEq, Eq)]
struct Header {
    includes: Vec<String>,
    macros: Vec<(String, String)>,
    enums: Vec<(String, Vec<(String, String)>)>,
}

/// One architecture's headers.
struct Tree {
    arch: Arch,
    root: PathBuf,
}

/// Rewrites the data from `dir`, which has `ARCH/usr/include` for each architecture by its name in Linux.
pub fn write(dir: &Path) -> Result<()> {
    let trees: Vec<Tree> = Arch::all()
        .map(|arch| Tree { arch, root: dir.join(arch.define()).join("usr/include") })
        .collect();
    let base = read_tree(&trees[0], &FOLDERS)?;
    let mut sections: Vec<(String, String)> =
        base.iter().map(|(path, header)| (path.clone(), text(header))).collect();
    for tree in &trees[1..] {
        for (path, header) in read_tree(tree, &["asm"])? {
            if base.get(&path) != Some(&header) {
                sections.push((format!("{}:{path}", tree.arch.define()), text(&header)));
            }
        }
    }
    let data = pack(&sections);
    println!("{} headers, {} bytes", sections.len(), data.len());
    let folder = kabi_dir().join("data");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("uapi.deflate"), data)?;
    Ok(())
}

fn read_tree(tree: &Tree, folders: &[&str]) -> Result<BTreeMap<String, Header>> {
    let mut paths = Vec::new();
    for folder in folders {
        list(&tree.root, folder, &mut paths)?;
    }
    paths.sort();
    let mut all = Vec::new();
    for folder in FOLDERS {
        list(&tree.root, folder, &mut all)?;
    }
    let known: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    let n_threads = thread::available_parallelism().map_or(1, |number| number.get());
    let read = |path: &String| -> std::result::Result<(String, Header), String> {
        let header = read_header(tree, path, &known).map_err(|error| format!("{path}: {error}"))?;
        Ok((path.clone(), header))
    };
    let chunks = paths.chunks(paths.len().div_ceil(n_threads).max(1));
    thread::scope(|scope| {
        let workers: Vec<_> = chunks
            .map(|chunk| scope.spawn(move || chunk.iter().map(read).collect::<Vec<_>>()))
            .collect();
        let mut found = BTreeMap::new();
        for worker in workers {
            for header in worker.join().map_err(|_| "a worker panicked")? {
                let (path, header) = header?;
                found.insert(path, header);
            }
        }
        Ok(found)
    })
}

fn list(root: &Path, folder: &str, paths: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(root, &path, paths)?;
        } else if path.ends_with(".h")
            && !LEFT_OUT.iter().any(|out| path[path.find('/').unwrap_or(0) + 1..].starts_with(out))
        {
            paths.push(path);
        }
    }
    Ok(())
}

fn read_header(
    tree: &Tree,
    path: &str,
    known: &BTreeSet<&str>,
) -> std::result::Result<Header, String> {
    // The parts of `asm/unistd.h` count from a number that it defines.
    let before = if path.starts_with("asm/unistd") { "#include <asm/unistd.h>\n" } else { "" };
    let include = format!("#include <linux/types.h>\n{before}#include <{path}>\n");
    let preprocessed = clang(tree, &["-E", "-dD"], &include)?.0;
    let own = tree.root.join(path);
    let includes = includes(&preprocessed, &own.to_string_lossy());
    let root = format!("{}/", tree.root.display());
    let includes = includes.into_iter().filter_map(|file| file.strip_prefix(&root));
    let includes = includes.filter(|name| known.contains(name)).map(str::to_owned);
    let (names, enums) = scan(&preprocessed, &own.to_string_lossy());
    let all: Vec<&String> = names.iter().chain(enums.iter().flat_map(|(_, names)| names)).collect();
    let values = evaluate(tree, &include, &all)?;
    let value = |name: &String| Some((name.clone(), values.get(name)?.clone()));
    let enums: Vec<_> = enums
        .iter()
        .map(|(tag, names)| (tag.clone(), names.iter().filter_map(value).collect::<Vec<_>>()))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let enumerators: BTreeSet<&String> =
        enums.iter().flat_map(|(_, rows)| rows.iter().map(|(name, _)| name)).collect();
    let macros = names.iter().filter(|name| !enumerators.contains(name)).filter_map(value);
    Ok(Header { includes: includes.collect(), macros: macros.collect(), enums })
}

/// The files that `own` itself includes, by the line markers of preprocessed text.
fn includes<'t>(text: &'t str, own: &str) -> BTreeSet<&'t str> {
    let mut found = BTreeSet::new();
    let mut open = Vec::new();
    for marker in text.lines().filter_map(|line| line.strip_prefix("# ")) {
        let mut parts = marker.split('"');
        let (Some(file), Some(flags)) = (parts.nth(1), parts.next()) else { continue };
        if flags.split(' ').any(|flag| flag == "1") {
            if open.last() == Some(&own) {
                found.insert(file);
            }
            open.push(file);
        } else if flags.split(' ').any(|flag| flag == "2") {
            open.pop();
        }
    }
    found
}

/// The object-like macros with a body, and the enumerations, of the file `own` in preprocessed text.
fn scan(text: &str, own: &str) -> (Vec<String>, Vec<(String, Vec<String>)>) {
    let mut macros = Vec::new();
    let mut code = String::new();
    let mut is_own = false;
    for line in text.lines() {
        if let Some(marker) = line.strip_prefix("# ") {
            is_own = marker.split('"').nth(1) == Some(own);
        } else if !is_own {
        } else if let Some(define) = line.strip_prefix("#define ") {
            let name = words(define).next().map_or("", |(_, word)| word);
            let body = &define[name.len()..];
            if body.starts_with(' ')
                && !body.trim().is_empty()
                && !macros.contains(&name.to_owned())
            {
                macros.push(name.to_owned());
            }
        } else if let Some(name) = line.strip_prefix("#undef ") {
            macros.retain(|known| known != name.trim());
        } else {
            code += line;
            code += "\n";
        }
    }
    (macros, enumerations(&code))
}

fn enumerations(code: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let all: Vec<(usize, &str)> = words(code).collect();
    for (idx, (at, word)) in all.iter().enumerate() {
        if *word != "enum" {
            continue;
        }
        let Some(open) = code[*at..].find(['{', ';', ')', ',', '(']) else { continue };
        let open = at + open;
        if !code[open..].starts_with('{') {
            continue;
        }
        let Some(close) = code[open..].find('}') else { continue };
        let tag = all.get(idx + 1).filter(|(next, _)| *next < open).map_or("", |(_, tag)| tag);
        let body = &code[open + 1..open + close];
        let mut depth = 0;
        let mut names = Vec::new();
        let mut is_start = true;
        for (place, character) in body.char_indices() {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth == 0 => is_start = true,
                c if is_start && (c.is_ascii_alphabetic() || c == '_') => {
                    let name: String = body[place..]
                        .chars()
                        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                        .collect();
                    names.push(name);
                    is_start = false;
                }
                _ => {}
            }
        }
        found.push((tag.to_owned(), names));
    }
    found
}

/// The values of those names that are integer constants, as C spells a number of their type.
fn evaluate(
    tree: &Tree,
    include: &str,
    names: &[&String],
) -> std::result::Result<BTreeMap<String, String>, String> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut source = include.to_owned();
    let first = source.lines().count() + 1;
    for name in names {
        // The value, and what its type is: 1 signed, 2 eight bytes, 4 `long long`.
        let ty = format!("__typeof__(({name}) + 0)");
        let _ = writeln!(
            source,
            "_Static_assert((1 ? ({name}) : 0) == {NO_VALUE}, \"\");\n\
             _Static_assert(((({ty})-1 < 0) | (sizeof({ty}) > 4) * 2 | \
             (__builtin_types_compatible_p({ty}, long long) || \
             __builtin_types_compatible_p({ty}, unsigned long long)) * 4) == 77, \"\");",
        );
    }
    let (_, messages) = clang(tree, &["-fsyntax-only", "-ferror-limit=0"], &source)?;
    let mut found: BTreeMap<String, (Option<String>, Option<u8>)> = BTreeMap::new();
    for line in messages.lines() {
        let Some(rest) = line.strip_prefix("<stdin>:") else { continue };
        let Some((number, text)) = rest.split_once(':') else { continue };
        let Some(row) = number.parse::<usize>().ok().and_then(|n| n.checked_sub(first)) else {
            continue;
        };
        let Some((_, shown)) = text.split_once("expression evaluates to '") else { continue };
        let shown = shown.split(" == ").next().unwrap_or("");
        let entry = found.entry((*names[row / 2]).clone()).or_default();
        match row % 2 {
            0 => entry.0 = Some(shown.to_owned()),
            _ => entry.1 = shown.parse().ok(),
        }
    }
    let spell = |(name, (value, ty)): (String, (Option<String>, Option<u8>))| {
        let suffix = ["U", "", "UL", "L", "U", "", "ULL", "LL"][usize::from(ty?)];
        Some((name, number(&value?)? + suffix))
    };
    Ok(found.into_iter().filter_map(spell).collect())
}

/// A value as clang shows it, as a number: `'a' (0x61, 97)` and `true` are numbers too.
fn number(shown: &str) -> Option<String> {
    let plain = match shown.rsplit_once(", ") {
        Some((_, last)) => last.trim_end_matches(')'),
        None => shown,
    };
    let value: i128 = plain.parse().ok()?;
    Some(if value == i128::from(i64::MIN) {
        "(-9223372036854775807 - 1)".to_owned()
    } else if value < 0 {
        format!("({value})")
    } else {
        value.to_string()
    })
}

/// Standard output and standard error of clang for the architecture of `tree`.
fn clang(
    tree: &Tree,
    args: &[&str],
    source: &str,
) -> std::result::Result<(String, String), String> {
    let target = match tree.arch {
        Arch::X86_64 => "x86_64-linux-gnu",
        Arch::Arm64 => "aarch64-linux-gnu",
        Arch::Arm => "arm-linux-gnueabihf",
        Arch::Riscv64 => "riscv64-linux-gnu",
        Arch::S390x => "s390x-linux-gnu",
        Arch::Ppc64 => "powerpc64le-linux-gnu",
        Arch::Loongarch64 => "loongarch64-linux-gnu",
        Arch::Mips64 => "mips64el-linux-gnuabi64",
    };
    let mut command = Command::new("clang-19");
    command.args(["-target", target, "-w", "-x", "c", "-nostdlibinc", "-I"]).arg(&tree.root);
    command.args(args).arg("-");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("clang-19: {error}"))?;
    let mut input = child.stdin.take().ok_or("clang takes no input")?;
    let source = source.to_owned();
    let writer = thread::spawn(move || input.write_all(source.as_bytes()));
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    writer.join().map_err(|_| "the writer panicked")?.map_err(|error| error.to_string())?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((text(output.stdout), text(output.stderr)))
}

/// The form in which `bpfc_kabi::load_header` reads it: `<include`, `{tag`, `name value` and `}`.
fn text(header: &Header) -> String {
    let mut out = String::new();
    for name in &header.includes {
        let _ = writeln!(out, "<{name}");
    }
    for (tag, rows) in &header.enums {
        let _ = writeln!(out, "{{{tag}");
        for (name, value) in rows {
            let _ = writeln!(out, "{name} {value}");
        }
        out += "}\n";
    }
    for (name, value) in &header.macros {
        let _ = writeln!(out, "{name} {value}");
    }
    out
}

/// Packs the sections into chunks behind a directory: a chunk is its length in four bytes, then its DEFLATE stream.
fn pack(sections: &[(String, String)]) -> Vec<u8> {
    let (mut chunks, mut directory) = (vec![String::new()], Vec::new());
    let is_first = |path: &str| FIRST.lines().any(|first| first == path);
    let (first, rest): (Vec<_>, Vec<_>) = sections.iter().partition(|(path, _)| is_first(path));
    for (at, (path, text)) in first.iter().chain(&rest).enumerate() {
        if at == first.len() || chunks[chunks.len() - 1].len() > CHUNK_BYTES {
            chunks.push(String::new());
        }
        let number = chunks.len() - 1;
        let chunk = &mut chunks[number];
        directory.push((path, format!("{path} {number} {} {}\n", chunk.len(), text.len())));
        *chunk += text;
    }
    directory.sort();
    let directory: String = directory.into_iter().map(|(_, line)| line).collect();
    let pack = |chunk: &String| miniz_oxide::deflate::compress_to_vec(chunk.as_bytes(), 10);
    let mut out = Vec::new();
    for block in std::iter::once(directory.into_bytes()).chain(chunks.iter().map(pack)) {
        out.extend((block.len() as u32).to_le_bytes());
        out.extend(block);
    }
    out
}
