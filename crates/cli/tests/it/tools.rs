//! The tools of `examples/tools`: each sees, on the kernel of this machine, what the test does.

use crate::kernel::may_load;
use crate::shell::Shell;
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A tool that runs, attached.
struct Tool {
    child: Child,
}

/// Whatever fails, no tool stays.
impl Drop for Tool {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Tool {
    fn start(name: &str, args: &[&str]) -> Tool {
        let shell = Shell::new();
        let path = format!("{}/../../examples/tools/{name}.c", env!("CARGO_MANIFEST_DIR"));
        let mut command: Command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        command.args(["run", "--kernel", "--output", "json", &path]).args(args);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bpfc starts");
        let mut said = String::new();
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        // It says this when all is attached.
        while !said.contains("Ctrl-C ends") {
            let line = lines.next().unwrap_or_else(|| panic!("{name} ended: {said}"));
            said += &(line.expect("text") + "\n");
        }
        std::thread::spawn(move || lines.for_each(drop));
        Tool { child }
    }

    /// Does something again and again until the tool shows a record of it.
    fn sees(mut self, mut act: impl FnMut(), is_it: impl Fn(&Json) -> bool + Send + 'static) {
        let lines = BufReader::new(self.child.stdout.take().expect("piped")).lines();
        let reader = std::thread::spawn(move || {
            let records = lines.map_while(Result::ok);
            let mut records = records.filter_map(|line| serde_json::from_str(&line).ok());
            records.any(|record: Json| is_it(&record))
        });
        let begin = Instant::now();
        while !reader.is_finished() && begin.elapsed() < Duration::from_secs(20) {
            act();
            std::thread::sleep(Duration::from_millis(50));
        }
        let seen = reader.is_finished();
        drop(self.child.kill());
        drop(self.child.wait());
        assert!(reader.join().expect("no panic") && seen, "nothing was seen");
    }
}

/// A member of a record, wherever in it that is.
fn find<'j>(record: &'j Json, name: &str) -> Option<&'j Json> {
    match record {
        Json::Object(members) => {
            members.get(name).or_else(|| members.values().find_map(|value| find(value, name)))
        }
        _ => None,
    }
}

#[test]
fn opensnoop_sees_a_file_that_is_not_there() {
    if !may_load() {
        return;
    }
    let tool = Tool::start("opensnoop", &["--set", "only_failed=true"]);
    let open = || drop(std::fs::File::open("/no/such/file/of/ours"));
    tool.sees(open, |record| {
        find(record, "path") == Some(&"/no/such/file/of/ours".into())
            && find(record, "result").and_then(Json::as_i64) == Some(-2)
    });
}

#[test]
fn killsnoop_sees_a_signal() {
    if !may_load() {
        return;
    }
    let tool = Tool::start("killsnoop", &["--set", "signal=9"]);
    let kill = || {
        let mut victim = Command::new("sleep").arg("60").spawn().expect("sleep is there");
        victim.kill().expect("ours");
        victim.wait().expect("ended");
    };
    let own = std::process::id();
    tool.sees(kill, move |record| {
        find(record, "pid").and_then(Json::as_u64) == Some(own.into())
            && find(record, "signal").and_then(Json::as_i64) == Some(9)
    });
}

#[test]
fn tcplife_sees_a_connection() {
    if !may_load() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is up");
    let address = listener.local_addr().expect("bound");
    let tool = Tool::start("tcplife", &[]);
    let connect = move || {
        let mut client = TcpStream::connect(address).expect("listening");
        let (server, _) = listener.accept().expect("connected");
        client.write_all(&[0; 1000]).expect("connected");
        drop(server);
        drop(client);
    };
    let port = address.port();
    tool.sees(connect, move |record| {
        find(record, "remote_port").and_then(Json::as_u64) == Some(port.into())
            && find(record, "duration_ns").is_some()
    });
}

#[test]
fn bashreadline_sees_a_line() {
    if !may_load() || !Path::new("/bin/bash").exists() {
        return;
    }
    let tool = Tool::start("bashreadline", &[]);
    let type_line = || {
        let mut shell = Command::new("/bin/bash");
        shell.args(["--norc", "--noprofile", "-i"]);
        let shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = shell.spawn().expect("bash is there");
        shell.stdin.take().expect("piped").write_all(b"true of-ours\nexit\n").expect("reading");
        shell.wait().expect("ended");
    };
    tool.sees(type_line, |record| find(record, "text") == Some(&"true of-ours".into()));
}

/// Counts that are printed at the end.
#[test]
fn syscount_and_hardirqs_count() {
    if !may_load() {
        return;
    }
    let shell = Shell::new();
    for (name, map) in [("syscount", "calls"), ("hardirqs", "interrupts")] {
        let path = format!("{}/../../examples/tools/{name}.c", env!("CARGO_MANIFEST_DIR"));
        let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        command.args(["run", "--kernel", "--duration", "1", "--output", "json", &path]);
        let output = command.output().expect("bpfc starts");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        let maps: Vec<Json> = lines.filter(|line| line["map"] == map).collect();
        assert_eq!(maps.len(), 1, "{text}");
        // A machine may have no interrupts that have handlers.
        let is_filled = maps[0]["elements"].as_array().is_some_and(|elements| !elements.is_empty());
        assert!(is_filled || name == "hardirqs", "{text}");
    }
}

#[test]
fn tcpconnect_sees_who_connects_to_where() {
    if !may_load() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    let tool = Tool::start("tcpconnect", &["--set", &format!("port={port}")]);
    let own = u64::from(std::process::id());
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
        drop((listener.accept().expect("it came"), stream));
    };
    tool.sees(connect, move |record| {
        let is = |name: &str, value: &Json| find(record, name) == Some(value);
        is("pid", &own.into())
            && is("remote_port", &port.into())
            && is("remote", &"::ffff:127.0.0.1".into())
    });
}

/// What a tool prints in a second in which something is done again and again.
fn output_of(name: &str, args: &[&str], mut act: impl FnMut()) -> String {
    let shell = Shell::new();
    let path = format!("{}/../../examples/tools/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel", "--duration", "1.5", &path]).args(args);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bpfc starts");
    let reader = std::thread::spawn(|| child.wait_with_output().expect("it ends"));
    while !reader.is_finished() {
        act();
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = reader.join().expect("no panic");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Looks up something in the environment, by the C library.
fn list() {
    Command::new("ls").stdout(Stdio::null()).status().expect("ls is there");
}

#[test]
fn functions_are_counted_by_name() {
    if !may_load() {
        return;
    }
    let output = output_of("funccount", &["--attach", "on_call=uprobe:c:getenv"], list);
    assert!(output.contains("getenv "), "{output}");
}

#[test]
fn arguments_and_results_are_distributed() {
    if !may_load() {
        return;
    }
    let arguments = ["--program", "on_call", "--attach", "uprobe:c:malloc"];
    let output = output_of("argdist", &arguments, list);
    assert!(output.contains("values\n") && output.contains("4 -> 7 : "), "{output}");
    let results = ["--program", "on_return", "--attach", "uretprobe:c:malloc"];
    assert!(output_of("argdist", &results, list).contains("errors"));
}

#[test]
fn stackcount_goes_to_any_place() {
    if !may_load() {
        return;
    }
    for place in ["raw_tp:sched_switch", "tp:sched:sched_switch"] {
        let output = output_of("stackcount", &["--attach", place], list);
        assert!(output.contains("schedule"), "{place}: {output}");
    }
}

#[test]
fn biolatency_sees_what_is_written_to_disk() {
    if !may_load() {
        return;
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("biolatency");
    let mut n_synced = 0;
    let output = output_of("biolatency", &[], || {
        let mut file = std::fs::File::create(&file).expect("it can be written");
        file.write_all(&[1; 8192]).expect("there is room");
        n_synced += u32::from(file.sync_all().is_ok());
    });
    drop(std::fs::remove_file(&file));
    // What is in memory only has no device.
    if output.contains("latency_us: empty") {
        return bpfc_testkit::skipped(format!("no block device answered {n_synced} times"));
    }
    assert!(output.contains("direction = writes"), "{output}");
}
