//! The front end alone: a small program, and all of a dumped `vmlinux.h`, beside the
//! compilers that parse fastest.

use super::measure::{Cost, cost};
use super::{N_RUNS, Result, path};
use std::path::Path;
use std::process::{Command, Stdio};

/// A small program as people write them first.
const SMALL: &str = "\
#include \"vmlinux.h\"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
} counts SEC(\".maps\");

SEC(\"tp/sched/sched_process_exec\")
int count(struct trace_event_raw_sched_process_exec *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 one = 1, *n = bpf_map_lookup_elem(&counts, &pid);

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&counts, &pid, &one, BPF_ANY);
	return 0;
}
char LICENSE[] SEC(\"license\") = \"GPL\";
";

/// What one compiler took for one source.
pub struct Front {
    /// The source in words.
    pub source: &'static str,
    /// The command in words.
    pub compiler: &'static str,
    pub cost: Cost,
}

/// Measures each compiler that is installed; `folder` holds a dumped `vmlinux.h`.
pub fn measure(folder: &Path, bpfc: &Path) -> Result<Vec<Front>> {
    let small = folder.join("small.c");
    std::fs::write(&small, SMALL)?;
    // Compilers go by the ending; tcc has no 128-bit integers.
    let header = folder.join("vmlinux.h");
    let as_c = folder.join("all_of_vmlinux.c");
    std::fs::write(&as_c, "#include \"vmlinux.h\"\nint nothing;\n")?;
    let object = folder.join("front.o");
    let ours = |arguments: &[&str], source: &Path| {
        let mut command = vec![path(bpfc), "check".to_owned()];
        command.extend(arguments.iter().map(|&argument| argument.to_owned()));
        command.push(path(source));
        command
    };
    let folder = path(folder);
    // What stands beside a source wins over what bpfc carries: the small program must not see it.
    let alone = Path::new(&folder).join("alone");
    std::fs::create_dir_all(&alone)?;
    let small_alone = alone.join("small.c");
    std::fs::copy(&small, &small_alone)?;
    let tcc = ["tcc", "-D__int128=long long", "-I", &folder, "-c", "-o"].map(str::to_owned);
    let clang = ["clang-19", "-target", "bpf", "-w", "-fsyntax-only", "-I", &folder];
    let clang = clang.map(str::to_owned);
    let with = |command: &[String], more: &[&Path]| {
        let mut command = command.to_vec();
        command.extend(more.iter().map(|more| path(more)));
        command
    };
    let small_name = "20 lines, kernel types from BTF";
    let all_name = "`vmlinux.h` included";
    let plan = [
        (small_name, "bpfc check", ours(&[], &small_alone)),
        ("20 lines and a dumped `vmlinux.h`", "bpfc check", ours(&[], &small)),
        (all_name, "bpfc check", ours(&[], &as_c)),
        ("`vmlinux.h` itself", "bpfc check", ours(&[], &header)),
        (all_name, "tcc -c", with(&tcc, &[&object, &as_c])),
        (all_name, "clang-19 -fsyntax-only", with(&clang, &[&as_c])),
    ];
    let mut fronts = Vec::new();
    for (source, compiler, command) in plan {
        let is_there = Command::new(&command[0]).arg("-v").stdin(Stdio::null()).output().is_ok();
        if !is_there {
            println!("{compiler}: not installed");
            continue;
        }
        println!("{source}: {compiler}");
        let costs: Result<Vec<Cost>> = (0..N_RUNS).map(|_| cost(&command)).collect();
        fronts.push(Front { source, compiler, cost: Cost::median(costs?) });
    }
    Ok(fronts)
}
