//! What addresses are called.

use crate::programs::{Running, build};
use bpfc_symbols::{BuildId, BuildIdEntry, Frame, FrameKind, Note, Symbolizer};

const C: &str = r#"
#include <stdio.h>
#include <time.h>
volatile unsigned long where;
#define HERE() ({ unsigned long at; __asm__ volatile("lea 0(%%rip), %0" : "=r"(at)); at; })
static inline __attribute__((always_inline)) void inner_inlined(void) { where = HERE(); }
static inline __attribute__((always_inline)) void middle_inlined(void) { inner_inlined(); }
__attribute__((noinline)) void outer_function(void) { middle_inlined(); }
int main(void) {
    outer_function();
    printf("%lx %p %p\n", where, (void *)outer_function, (void *)main);
    fflush(stdout);
    getchar();
    return 0;
}
"#;

fn names(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| &*frame.name).collect()
}

#[test]
fn inlined_functions_are_frames_with_places() {
    let Some(program) = build("gcc", "inlined", C, &["-O2", "-g"]) else { return };
    let running = Running::start(&program);
    let mut symbols = Symbolizer::new();
    let frames = symbols.user(running.pid(), &running.addresses[..1]);
    assert_eq!(names(&frames), ["inner_inlined", "middle_inlined", "outer_function"]);
    assert_eq!(frames.iter().map(|f| f.is_inlined).collect::<Vec<_>>(), [true, true, false]);
    let lines: Vec<u32> = frames.iter().map(|f| f.place.as_ref().unwrap().line).collect();
    assert_eq!(lines, [6, 7, 8]);
    assert_eq!(frames[2].module_name(), Some("inlined"));
    assert!(frames[0].place.as_ref().unwrap().file.ends_with("inlined.c"));
    assert_eq!(symbols.notes(), []);
    assert_eq!(symbols.comm(running.pid()), Some("inlined"));
}

#[test]
fn only_return_addresses_are_looked_up_one_byte_before() {
    let Some(program) = build("gcc", "returns", C, &["-O1"]) else { return };
    let running = Running::start(&program);
    let start = running.addresses[1];
    let frames = Symbolizer::new().user(running.pid(), &[start, start]);
    assert_eq!((&*frames[0].name, frames[0].offset), ("outer_function", 0));
    assert_ne!(&*frames[1].name, "outer_function");
}

#[test]
fn names_of_cpp_and_rust_are_as_in_their_source() {
    let cpp = r#"
#include <cstdio>
namespace space { template <typename T> struct Box { __attribute__((noinline)) int get(int n) { return n + sizeof(T); } }; }
int main() {
    space::Box<long> box;
    int (space::Box<long>::*get)(int) = &space::Box<long>::get;
    std::printf("%lx\n", *(unsigned long *)&get + 1);
    std::fflush(stdout);
    std::getchar();
    return box.get(1);
}
"#;
    let rust = r#"
mod shapes { pub struct Square; impl Square { #[inline(never)] pub fn area(side: u64) -> u64 { side * side } } }
fn main() {
    println!("{:x}", shapes::Square::area as fn(u64) -> u64 as usize as u64 + 1);
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
}
"#;
    for (compiler, name, source, expected) in [
        ("g++", "mangled_cpp", cpp, "space::Box<long>::get(int)"),
        ("rustc", "mangled_rust", rust, "mangled_rust::shapes::Square::area"),
        (
            "rustc -Cdebuginfo=line-tables-only",
            "mangled_lines",
            rust,
            "mangled_lines::shapes::Square::area",
        ),
        ("rustc -Cdebuginfo=2", "mangled_debug", rust, "mangled_debug::shapes::Square::area"),
        ("g++ -g1", "mangled_cpp_lines", cpp, "space::Box<long>::get(int)"),
        ("g++ -g", "mangled_cpp_debug", cpp, "space::Box<long>::get(int)"),
    ] {
        let mut words = compiler.split(' ');
        let (compiler, options) = (words.next().unwrap(), words.collect::<Vec<_>>());
        let Some(program) = build(compiler, name, source, &options) else { continue };
        let running = Running::start(&program);
        let frames = Symbolizer::new().user(running.pid(), &running.addresses);
        assert_eq!(names(&frames), [expected]);
    }
}

#[test]
fn stripped_programs_are_named_by_their_file() {
    let Some(program) = build("gcc", "stripped", C, &["-O2", "-s"]) else { return };
    let running = Running::start(&program);
    let frames = Symbolizer::new().user(running.pid(), &running.addresses[1..2]);
    assert_eq!(names(&frames), ["[stripped]"]);
    assert!(!frames[0].is_known);
}

#[test]
fn a_deleted_program_keeps_its_names_and_so_does_one_that_ended() {
    let Some(program) = build("gcc", "deleted", C, &["-O2", "-g"]) else { return };
    let running = Running::start(&program);
    std::fs::remove_file(&program).unwrap();
    std::fs::write(&program, "another file by the same name").unwrap();
    let pid = running.pid();
    let address = running.addresses[0];
    let mut symbols = Symbolizer::new();
    symbols.remember(pid);
    drop(running);
    assert_eq!(names(&symbols.user(pid, &[address]))[0], "inner_inlined");
    assert_eq!(symbols.notes(), []);
}

#[test]
fn what_ended_before_is_unknown_and_noted() {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let mut symbols = Symbolizer::new();
    let frames = symbols.user(child.id(), &[0x1234, 0x5678]);
    assert_eq!(names(&frames), ["[unknown]", "[unknown]"]);
    assert_eq!(symbols.notes(), [Note::Ended(1)]);
    assert_eq!(symbols.user(child.id(), &[]), []);
}

#[test]
fn libraries_loaded_later_are_seen() {
    let source = r#"
#include <dlfcn.h>
#include <stdio.h>
int main(void) {
    printf("%p\n", (void *)main);
    fflush(stdout);
    getchar();
    void *m = dlopen("libm.so.6", RTLD_NOW);
    printf("%p\n", dlsym(m, "cbrt"));
    fflush(stdout);
    getchar();
    return 0;
}
"#;
    let Some(program) = build("gcc", "later", source, &["-ldl"]) else { return };
    let mut child = std::process::Command::new(&program)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::{BufRead, Write};
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next =
        || u64::from_str_radix(lines.next().unwrap().unwrap().trim_start_matches("0x"), 16);
    let mut symbols = Symbolizer::new();
    let first = next().unwrap();
    assert_eq!(names(&symbols.user(child.id(), &[first])), ["main"]);
    std::thread::sleep(std::time::Duration::from_millis(60));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"\n").unwrap();
    let second = next().unwrap();
    let frames = symbols.user(child.id(), &[second]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(frames[0].name.contains("cbrt"), "{frames:?}");
    assert_eq!(frames[0].module_name(), Some("libm.so.6"));
}

#[test]
fn build_ids_lead_to_files() {
    let options = ["-O2", "-g", "-Wl,--build-id=sha1", "-no-pie"];
    let Some(program) = build("gcc", "with_build_id", C, &options) else { return };
    let running = Running::start(&program);
    let id = BuildId::of_file(&program).unwrap();
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", running.pid())).unwrap();
    let text = maps.lines().find(|line| line.contains("r-xp") && line.contains("with_build_id"));
    let mut words = text.unwrap().split_whitespace();
    let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let start = number(words.next().unwrap().split('-').next().unwrap());
    let offset = running.addresses[0] - start + number(words.nth(1).unwrap());
    let entries =
        [BuildIdEntry::Offset(id, offset), BuildIdEntry::Address(running.addresses[2] + 1)];
    // By its process, and by looking at all that run.
    for pid in [Some(running.pid()), None] {
        let frames = Symbolizer::new().by_build_id(pid, &entries);
        let expected = if pid.is_some() { "main" } else { "[unknown]" };
        assert_eq!(names(&frames), ["inner_inlined", "middle_inlined", "outer_function", expected]);
    }
    let other = [BuildIdEntry::Offset(BuildId::new(&[0xab; 20]).unwrap(), 5)];
    let frames = Symbolizer::new().by_build_id(None, &other);
    assert_eq!(names(&frames), ["[unknown]"]);
    assert!(frames[0].module.as_ref().unwrap().contains("abab"));
}

#[test]
fn the_object_that_the_kernel_maps_has_names() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let Some(line) = maps.lines().find(|line| line.ends_with("[vdso]")) else { return };
    let range = line.split(' ').next().unwrap().split_once('-').unwrap();
    let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let mut symbols = Symbolizer::new();
    let addresses = (number(range.0)..number(range.1)).step_by(64);
    let frames: Vec<Frame> =
        addresses.flat_map(|address| symbols.user(std::process::id(), &[address])).collect();
    assert!(frames.iter().any(|frame| frame.name.contains("clock_gettime")), "{frames:?}");
    assert!(frames.iter().all(|frame| frame.module_name() == Some("[vdso]")));
}

#[test]
fn just_in_time_compilers_tell_names() {
    let source = r#"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    char *code = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char path[64];
    sprintf(path, "/tmp/perf-%d.map", getpid());
    FILE *map = fopen(path, "w");
    fprintf(map, "%lx 40 made at run time\n", (unsigned long)code);
    fclose(map);
    printf("%lx %lx\n", (unsigned long)code + 4, (unsigned long)code + 0x80);
    fflush(stdout);
    getchar();
    map = fopen(path, "a");
    fprintf(map, "%lx 40 made later\n", (unsigned long)code + 0x80);
    fclose(map);
    getchar();
    return 0;
}
"#;
    let Some(program) = build("gcc", "jit", source, &[]) else { return };
    let mut running = Running::start(&program);
    let (pid, addresses) = (running.pid(), running.addresses.clone());
    let mut symbols = Symbolizer::new();
    let mut look = || -> Vec<Frame> {
        addresses.iter().flat_map(|address| symbols.user(pid, &[*address])).collect()
    };
    let frames = look();
    running.go_on();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while look()[1].name.as_ref() != "made later" {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::fs::remove_file(format!("/tmp/perf-{pid}.map")).unwrap();
    assert_eq!(names(&frames), ["made at run time", "[unknown]"]);
    assert_eq!((frames[0].kind, frames[0].offset), (FrameKind::Jit, 4));
}

#[test]
fn kernel_functions_have_names_or_a_note_says_why() {
    let text = std::fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let symbol = text.lines().find(|line| line.split(' ').nth(2) == Some("vfs_read"));
    let address =
        symbol.map_or(0, |line| u64::from_str_radix(line.split(' ').next().unwrap(), 16).unwrap());
    let mut symbols = Symbolizer::new();
    let frames = symbols.kernel(&[address + 4, address + 5, 1]);
    match address {
        0 => {
            assert_eq!(names(&frames), ["[unknown]"; 3]);
            assert!(matches!(symbols.notes()[0], Note::KernelHidden | Note::KernelUnlisted));
        }
        _ => {
            assert_eq!(names(&frames), ["vfs_read", "vfs_read", "[unknown]"]);
            assert_eq!((frames[0].offset, frames[1].offset), (4, 5));
            assert_eq!(frames[0].kind, FrameKind::Kernel);
            assert_eq!(symbols.notes(), []);
        }
    }
}

#[test]
fn a_program_in_another_mount_namespace_has_names() {
    let Some(program) = build("gcc", "contained", C, &["-O2", "-g"]) else { return };
    let script = "mount -t tmpfs none /mnt && cp \"$0\" /mnt/only_here && exec /mnt/only_here";
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(&program);
    let is_root = std::fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0\t");
    if !is_root {
        return println!("  skipped: mounting needs root");
    }
    let running = Running::of(&mut command);
    let frames = Symbolizer::new().user(running.pid(), &running.addresses[..1]);
    assert_eq!(names(&frames), ["inner_inlined", "middle_inlined", "outer_function"]);
    assert_eq!(frames[0].module.as_deref(), Some("/mnt/only_here"));
}

/// Maps each file that it is given, to be executed, and says where.
const MAPPER: &str = r#"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct stat about;
        int fd = open(argv[i], O_RDONLY);
        fstat(fd, &about);
        printf("%p ", mmap(0, about.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
    }
    printf("\n");
    fflush(stdout);
    getchar();
    return 0;
}
"#;

#[test]
fn malformed_files_do_no_harm() {
    let (Some(mapper), Some(program)) =
        (build("gcc", "mapper", MAPPER, &[]), build("gcc", "broken", C, &["-O2", "-g", "-no-pie"]))
    else {
        return;
    };
    let good = std::fs::read(&program).unwrap();
    let folder = program.parent().unwrap().join("malformed");
    std::fs::create_dir_all(&folder).unwrap();
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut files = Vec::new();
    for number in 0..200 {
        let mut bytes = good.clone();
        match number % 4 {
            // Anywhere, in the headers, shortened, and a header alone.
            0 => (0..64).for_each(|_| bytes[random(good.len())] = random(256) as u8),
            1 => (0..4).for_each(|_| bytes[random(1024)] = random(256) as u8),
            2 => bytes.truncate(64 + random(good.len() - 64)),
            _ => {
                let tail = good.len() - 4096;
                (0..16).for_each(|_| bytes[tail + random(4096)] = random(256) as u8);
            }
        }
        let path = folder.join(format!("{number}"));
        std::fs::write(&path, bytes).unwrap();
        files.push(path);
    }
    let running = Running::of(std::process::Command::new(&mapper).args(&files));
    assert_eq!(running.addresses.len(), files.len());
    let mut symbols = Symbolizer::new();
    let mut n_known = 0;
    for start in &running.addresses {
        let addresses: Vec<u64> =
            (0..good.len() as u64).step_by(512).map(|at| start + at).collect();
        n_known +=
            symbols.user(running.pid(), &addresses).iter().filter(|frame| frame.is_known).count();
    }
    assert!(n_known > 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn who_may_not_know_addresses_of_the_kernel_is_told_why() {
    let Ok(test) = std::env::current_exe() else { return };
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--clear-groups"]).arg(test);
    command.args(["--exact", "symbolize::kernel_functions_have_names_or_a_note_says_why"]);
    match command.output() {
        // The folder of the tests may be closed to others, and only root becomes another.
        Ok(output) if output.stdout.is_empty() => println!("  skipped: setpriv: {output:?}"),
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(_) => println!("  skipped: there is no setpriv"),
    }
}
