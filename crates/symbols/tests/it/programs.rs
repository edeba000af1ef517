//! Programs with known functions, built by the compilers of this machine.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A program that prints addresses of its functions and waits.
pub struct Running {
    child: Child,
    pub addresses: Vec<u64>,
}

impl Running {
    /// Starts it and reads the addresses.
    pub fn start(program: &Path) -> Running {
        Running::of(&mut Command::new(program))
    }

    /// The same for a command that becomes the program.
    pub fn of(command: &mut Command) -> Running {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a program that was just built");
        let mut line = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let addresses = line.split_whitespace().map(|word| {
            u64::from_str_radix(word.trim_start_matches("0x"), 16).expect("an address")
        });
        Running { addresses: addresses.collect(), child }
    }

    /// Lets it take its next step.
    pub fn go_on(&mut self) {
        let input = self.child.stdin.as_mut().expect("a pipe");
        input.write_all(b"\n").expect("it reads");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds `source` to a file of that name; none if there is no such compiler.
pub fn build(compiler: &str, name: &str, source: &str, options: &[&str]) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let extension = match compiler {
        "g++" => "cpp",
        "rustc" => "rs",
        _ => "c",
    };
    let (text, program) = (folder.join(format!("{name}.{extension}")), folder.join(name));
    std::fs::write(&text, source).expect("a folder to write to");
    // What still runs of an earlier test keeps its file.
    let _ = std::fs::remove_file(&program);
    let status = Command::new(compiler).args(options).arg("-o").arg(&program).arg(&text).status();
    match status {
        Ok(status) => {
            assert!(status.success(), "{compiler} {name}");
            Some(program)
        }
        Err(_) => {
            println!("  skipped: there is no {compiler}");
            None
        }
    }
}
