//! Programs with known functions, built by the compilers of this machine.

use std::io::{BufRead, BufReader};
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
        let mut child = Command::new(program)
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
