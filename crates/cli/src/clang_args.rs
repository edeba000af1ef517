//! Command lines of clang and GCC, as Makefiles have them, in terms of bpfc's own options.
//!
//! `bpfc cc` takes nothing else and is content with options that it does not know; the other
//! commands that compile take the same spellings, and leave what is unknown to clap.

use crate::exit::Exit;
use crate::terminal::{print_err, print_out};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Response files within response files that are read.
const MAX_RESPONSE_DEPTH: u32 = 16;

/// A command line that clap understands.
pub struct CommandLine {
    /// Program name and arguments.
    pub args: Vec<OsString>,
    /// Options that were left out, to be reported as warnings.
    pub notes: Vec<String>,
}

/// Commands whose options may be spelled as for other compilers.
const COMPILING: &[&str] = &["build", "check", "run"];

/// The arguments of the process.
///
/// # Errors
/// How the command ends, where there is nothing to compile; everything has been printed.
pub fn from_env() -> Result<CommandLine, Exit> {
    let mut args: Vec<OsString> = std::env::args_os().collect();
    let command = args.iter().skip(1).position(|arg| !is_option(arg)).map(|at| at + 1);
    let Some(at) = command else {
        return Ok(CommandLine { args, notes: Vec::new() });
    };
    let name = args[at].to_string_lossy().into_owned();
    let is_cc = name == "cc";
    if !is_cc && !COMPILING.contains(&name.as_str()) {
        return Ok(CommandLine { args, notes: Vec::new() });
    }
    let rest = expand(args.split_off(at + 1), 0)?;
    let mut translation = Translation { is_cc, is_run: name == "run", ..Translation::default() };
    translation.all(rest)?;
    args.pop();
    translation.finish(args, if is_cc { "build" } else { &name })
}

fn is_option(arg: &OsStr) -> bool {
    arg.as_encoded_bytes().first() == Some(&b'-')
}

/// Replaces `@FILE` by the words in it.
fn expand(args: Vec<OsString>, depth: u32) -> Result<Vec<OsString>, Exit> {
    let mut all = Vec::new();
    for arg in args {
        let text = arg.to_str().and_then(|text| text.strip_prefix('@'));
        let Some(file) = text.filter(|file| !file.is_empty()) else {
            all.push(arg);
            continue;
        };
        let Ok(content) = std::fs::read_to_string(file) else {
            // As in GCC: what is no file is an argument.
            all.push(arg);
            continue;
        };
        if depth >= MAX_RESPONSE_DEPTH {
            print_err(&format!("error: response files nest deeper than {MAX_RESPONSE_DEPTH}\n"));
            return Err(Exit::Usage);
        }
        let words = words(&content).into_iter().map(OsString::from).collect();
        all.extend(expand(words, depth + 1)?);
    }
    Ok(all)
}

/// The words of a response file: blanks part them, quotes and backslashes keep them together.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => word.get_or_insert_default().extend(chars.next()),
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Options that mean nothing here and take a word of their own.
const IGNORED_WITH_VALUE: &[&str] = &[
    "-Xclang",
    "-Xlinker",
    "-Xassembler",
    "-Xpreprocessor",
    "-mllvm",
    "-isysroot",
    "--sysroot",
    "-iprefix",
    "-iwithprefix",
    "-L",
    "-l",
    "-T",
    "-u",
    "-z",
    "--param",
    "-resource-dir",
    "-working-directory",
    "-MJ",
    "-arch",
];

/// Options that mean nothing here, or what is always so.
const IGNORED: &[&str] = &[
    "-c",
    "-ansi",
    "-pipe",
    "-pthread",
    "-nostdinc",
    "-nostdlib",
    "-nostdlibinc",
    "-nobuiltininc",
    "-undef",
    "-no-canonical-prefixes",
    "-static",
    "-shared",
    "-rdynamic",
    "-s",
    "-r",
    "-P",
    "-C",
    "-CC",
    "-H",
    "-MG",
    "-MV",
    "-mlittle-endian",
    "-Qunused-arguments",
    "-save-temps",
    "--verbose",
    "-integrated-as",
    "-no-integrated-as",
    "-fintegrated-as",
];

/// How ignored options begin that have their value in them.
const IGNORED_PREFIXES: &[&str] = &[
    "-std=",
    "--std=",
    "-g",
    "-l",
    "-L",
    "-Wl,",
    "-Wa,",
    "--sysroot=",
    "--gcc-toolchain=",
    "-resource-dir=",
    "-save-temps=",
    "-stdlib=",
    "-march=",
    "-mtune=",
    "-mattr=",
    "-mabi=",
    "-mcmodel=",
    "-mno-",
    "-msoft-float",
];

/// `-f…` that are taken without a word, with and without `no-`: what they ask for is always
/// so, or is about something that BPF does not have.
const KNOWN_F: &[&str] = &[
    "asm",
    "asynchronous-unwind-tables",
    "builtin",
    "color-diagnostics",
    "common",
    "data-sections",
    "debug-info-for-profiling",
    "debug-types-section",
    "delete-null-pointer-checks",
    "diagnostics-color",
    "diagnostics-show-option",
    "discard-value-names",
    "exceptions",
    "fast-math",
    "finite-loops",
    "freestanding",
    "function-sections",
    "gnu89-inline",
    "hosted",
    "inline",
    "inline-functions",
    "integrated-as",
    "jump-tables",
    "lto",
    "merge-all-constants",
    "ms-extensions",
    "omit-frame-pointer",
    "optimize-sibling-calls",
    "PIC",
    "pic",
    "PIE",
    "pie",
    "plt",
    "rtti",
    "short-enums",
    "show-column",
    "signed-char",
    "slp-vectorize",
    "stack-protector",
    "stack-protector-all",
    "stack-protector-strong",
    "standalone-debug",
    "strict-aliasing",
    "strict-overflow",
    "unroll-loops",
    "unsigned-char",
    "unwind-tables",
    "use-cxa-atexit",
    "vectorize",
    "visibility-inlines-hidden",
    "wrapv",
    "zero-initialized-in-bss",
];

/// `-f…=…` that are taken without a word.
const KNOWN_F_VALUES: &[&str] = &[
    "cf-protection",
    "debug-compilation-dir",
    "debug-prefix-map",
    "diagnostics-format",
    "file-prefix-map",
    "lto",
    "macro-backtrace-limit",
    "macro-prefix-map",
    "message-length",
    "sanitize",
    "stack-protector",
    "tabstop",
    "template-backtrace-limit",
    "trivial-auto-var-init",
    "use-ld",
    "visibility",
];

#[derive(Default)]
struct Translation {
    is_cc: bool,
    /// `--output` says how results are printed.
    is_run: bool,
    out: Vec<OsString>,
    inputs: Vec<OsString>,
    notes: Vec<String>,
    output: Option<OsString>,
    /// `-S`, `-E`, `-fsyntax-only`
    mode: Mode,
    /// `-MD` and the like were given; perhaps with a file.
    has_deps: bool,
    dep_file: Option<OsString>,
    /// `-###`: print, do not run.
    is_dry: bool,
    /// `-v`
    is_verbose: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Object,
    Assembly,
    Preprocess,
    SyntaxOnly,
}

impl Translation {
    fn all(&mut self, args: Vec<OsString>) -> Result<(), Exit> {
        let mut args = args.into_iter();
        let mut is_plain = false;
        while let Some(arg) = args.next() {
            if is_plain || !is_option(&arg) || arg == "-" {
                // Where options of bpfc itself may be, this may be the value of one.
                let list = if self.is_cc { &mut self.inputs } else { &mut self.out };
                list.push(arg);
            } else if arg == "--" && !self.is_cc {
                is_plain = true;
                self.out.push(arg);
            } else if arg == "--" {
                is_plain = true;
            } else {
                self.option(arg, &mut args)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, option: impl Into<OsString>) {
        self.out.push(option.into());
    }

    /// `option` with the word behind it.
    fn push_with(
        &mut self,
        option: &str,
        name: &str,
        value: &str,
        args: &mut dyn Iterator<Item = OsString>,
    ) -> Result<(), Exit> {
        let value = match value.is_empty() {
            false => OsString::from(value),
            true => self.value(option, args)?,
        };
        self.push(name);
        self.push(value);
        Ok(())
    }

    fn value(
        &self,
        option: &str,
        args: &mut dyn Iterator<Item = OsString>,
    ) -> Result<OsString, Exit> {
        args.next().ok_or_else(|| {
            print_err(&format!("error: a value is missing behind `{option}`\n"));
            Exit::Usage
        })
    }

    fn option(
        &mut self,
        arg: OsString,
        args: &mut dyn Iterator<Item = OsString>,
    ) -> Result<(), Exit> {
        let Some(text) = arg.to_str().map(str::to_owned) else {
            self.push(arg);
            return Ok(());
        };
        let text = text.as_str();
        match text {
            "-S" => self.mode = Mode::Assembly,
            "-E" => self.mode = Mode::Preprocess,
            "-fsyntax-only" => self.mode = Mode::SyntaxOnly,
            "-###" => self.is_dry = true,
            "-v" => self.is_verbose = true,
            "-emit-llvm" => {
                print_err(
                    "error: bpfc makes BPF objects without LLVM: there is no bitcode\n\
                     help: leave out `-emit-llvm`, and `llc` behind it: `-c` makes the object\n",
                );
                return Err(Exit::Usage);
            }
            "-pedantic" => self.push("-Wpedantic"),
            "-pedantic-errors" => self.push("-Werror=pedantic"),
            "-O" => self.push("-O1"),
            "-mbig-endian" => self.target("bpfeb")?,
            "-MD" | "-MMD" | "-M" | "-MM" => self.dependencies(text),
            "-MP" => self.push("--dep-phony"),
            "-MF" => {
                self.has_deps = true;
                self.dep_file = Some(self.value(text, args)?);
            }
            "-MT" | "-MQ" => self.push_with(text, "--dep-target", "", args)?,
            "-target" | "--target" => {
                let target = self.value(text, args)?;
                self.target(&target.to_string_lossy())?;
            }
            "-mcpu" => {
                let cpu = self.value(text, args)?;
                self.cpu(&cpu.to_string_lossy());
            }
            "-x" => {
                let language = self.value(text, args)?;
                self.language(&language.to_string_lossy())?;
            }
            "--output" if self.is_run => self.push(arg),
            "-o" | "--output" => self.output = Some(self.value(text, args)?),
            "-include" | "-imacros" => self.push_with(text, "--include", "", args)?,
            "--version" if self.is_cc => {
                print_out(&format!("bpfc version {}\nTarget: bpf\n", env!("CARGO_PKG_VERSION")));
                return Err(Exit::Fine);
            }
            "-dumpversion" | "-dumpmachine" if self.is_cc => {
                let answer = if text == "-dumpmachine" { "bpf" } else { env!("CARGO_PKG_VERSION") };
                print_out(&format!("{answer}\n"));
                return Err(Exit::Fine);
            }
            _ => return self.long_option(text, args),
        }
        Ok(())
    }

    /// Options with their value behind `=` or in the same word.
    fn long_option(
        &mut self,
        text: &str,
        args: &mut dyn Iterator<Item = OsString>,
    ) -> Result<(), Exit> {
        for (option, name) in
            [("-isystem", "--isystem"), ("-iquote", "--iquote"), ("-idirafter", "--idirafter")]
        {
            if let Some(value) = text.strip_prefix(option) {
                return self.push_with(option, name, value.trim_start_matches('='), args);
            }
        }
        for option in ["-I", "-D", "-U"] {
            if let Some(value) = text.strip_prefix(option) {
                return self.push_with(option, option, value, args);
            }
        }
        let value_of = |options: &[&str]| {
            options.iter().find_map(|option| text.strip_prefix(option)).map(str::to_owned)
        };
        if let Some(target) = value_of(&["-target=", "--target="]) {
            return self.target(&target);
        }
        if let Some(cpu) = value_of(&["-mcpu="]) {
            self.cpu(&cpu);
        } else if let Some(limit) = value_of(&["-ferror-limit=", "-fmax-errors="]) {
            self.push(format!("--error-limit={limit}"));
        } else if let Some(when) = value_of(&["-fdiagnostics-color=", "-fcolor-diagnostics="]) {
            self.push(format!("--color={when}"));
        } else if let Some(language) = value_of(&["-x"]) {
            return self.language(&language);
        } else if let Some(file) = text.strip_prefix("-o").filter(|_| self.is_cc) {
            self.output = Some(file.into());
        } else if let Some(rest) = value_of(&["-Wp,"]) {
            self.preprocessor_options(&rest);
        } else if text == "-fcolor-diagnostics" {
            self.push("--color=always");
        } else if text == "-fno-color-diagnostics" {
            self.push("--color=never");
        } else if text.starts_with("-W")
            || text.starts_with("-Rpass")
            || text == "-w"
            || text.starts_with("-O")
        {
            self.push(text);
        } else if let Some(flag) = text.strip_prefix("-f") {
            self.machine_option(text, flag);
        } else if IGNORED_WITH_VALUE.contains(&text) && text != "-l" {
            self.value(text, args)?;
        } else if self.is_ignored(text) {
            // What it asks for is always so.
        } else if self.is_cc && !text.starts_with("--") {
            self.notes.push(text.to_owned());
        } else {
            self.push(text);
        }
        Ok(())
    }

    fn is_ignored(&self, text: &str) -> bool {
        // `bpfc run` and others have options of one letter of their own.
        IGNORED.contains(&text) || IGNORED_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
    }

    /// `-fflag`
    fn machine_option(&mut self, text: &str, flag: &str) {
        let name = flag.strip_prefix("no-").unwrap_or(flag);
        let is_known = match name.split_once('=') {
            Some((name, _)) => KNOWN_F_VALUES.contains(&name),
            None => KNOWN_F.contains(&name),
        };
        if !is_known {
            self.notes.push(text.to_owned());
        }
    }

    /// `-Wp,-MMD,FILE`, as the build of Linux has it.
    fn preprocessor_options(&mut self, rest: &str) {
        let mut parts = rest.split(',');
        while let Some(part) = parts.next() {
            match part {
                "-MD" | "-MMD" => {
                    self.dependencies(part);
                    self.dep_file = parts.next().map(OsString::from);
                }
                "-MT" | "-MQ" => {
                    if let Some(target) = parts.next() {
                        self.push("--dep-target");
                        self.push(target);
                    }
                }
                _ if part.starts_with("-D") || part.starts_with("-U") => self.push(part),
                _ => {}
            }
        }
    }

    fn dependencies(&mut self, option: &str) {
        self.has_deps = true;
        if option.starts_with("-MM") {
            self.push("--dep-user-only");
        }
        if !option.ends_with('D') {
            self.push("--dep-only");
        }
    }

    fn target(&mut self, target: &str) -> Result<(), Exit> {
        match target.split('-').next().unwrap_or(target) {
            "bpf" | "bpfel" => Ok(()),
            "bpfeb" => {
                self.push("--endian=big");
                Ok(())
            }
            _ => {
                print_err(&format!(
                    "error: bpfc compiles for BPF, not for `{target}`\n\
                     help: say `-target bpf`, or nothing\n"
                ));
                Err(Exit::Usage)
            }
        }
    }

    fn cpu(&mut self, cpu: &str) {
        // `generic` is the default.
        if cpu != "generic" {
            self.push(format!("--cpu={cpu}"));
        }
    }

    fn language(&self, language: &str) -> Result<(), Exit> {
        if matches!(language, "c" | "none" | "cpp-output") {
            return Ok(());
        }
        print_err(&format!("error: bpfc compiles C, not `{language}`\n"));
        Err(Exit::Usage)
    }

    /// The whole command line, `head` in front.
    fn finish(mut self, mut head: Vec<OsString>, command: &str) -> Result<CommandLine, Exit> {
        if self.is_verbose {
            print_err(&format!(
                "bpfc version {}\n#include <...> search starts here:\nEnd of search list.\n",
                env!("CARGO_PKG_VERSION")
            ));
        }
        if self.is_cc && self.inputs.is_empty() && self.is_verbose {
            return Err(Exit::Fine);
        }
        let command = match self.mode {
            Mode::SyntaxOnly if self.is_cc => "check",
            Mode::SyntaxOnly => command,
            Mode::Preprocess => {
                self.push("-E");
                command
            }
            Mode::Assembly => {
                self.push("--emit=asm");
                if self.output.is_none()
                    && self.is_cc
                    && let [input] = self.inputs.as_slice()
                    && input != "-"
                {
                    let name = Path::new(input).file_name().unwrap_or(input);
                    self.output = Some(Path::new(name).with_extension("s").into());
                }
                command
            }
            Mode::Object => command,
        };
        let is_build = command == "build";
        if let Some(output) = self.output.take().filter(|_| is_build || !self.is_cc) {
            self.push("-o");
            self.push(output);
        }
        if self.has_deps && is_build {
            let mut option = OsString::from("--depfile");
            if let Some(file) = self.dep_file.take() {
                option.push("=");
                option.push(file);
            }
            self.push(option);
        }
        if !is_build {
            self.out.retain(|arg| !arg.to_string_lossy().starts_with("--dep-"));
        }
        if self.is_cc && self.inputs.len() > 1 && is_build {
            print_err(
                "error: bpfc compiles one file at a time\n\
                 help: call it once for each, and join the objects with `bpftool gen object`\n",
            );
            return Err(Exit::Usage);
        }
        head.push(command.into());
        head.append(&mut self.out);
        if self.inputs.iter().any(|input| is_option(input) && input != "-") {
            head.push("--".into());
        }
        head.append(&mut self.inputs);
        if self.is_dry {
            let words: Vec<String> =
                head.iter().map(|word| format!("{:?}", word.to_string_lossy())).collect();
            print_err(&format!(" {}\n", words.join(" ")));
            return Err(Exit::Fine);
        }
        Ok(CommandLine { args: head, notes: self.notes })
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Translation, words};
    use std::ffi::OsString;

    fn translate(text: &str) -> (Vec<String>, Vec<String>) {
        let mut translation = Translation { is_cc: true, ..Translation::default() };
        let args = text.split(' ').map(OsString::from).collect();
        assert!(translation.all(args).is_ok());
        let line = translation.finish(vec!["bpfc".into()], "build");
        let Ok(line) = line else { panic!("{text} compiles something") };
        let args = line.args.iter().map(|arg| arg.to_string_lossy().into_owned());
        (args.collect(), line.notes)
    }

    #[test]
    fn makefiles() {
        let (args, notes) = translate(
            "-g -O2 -target bpf -D__TARGET_ARCH_x86 -I.output -idirafter /usr/include \
             -fno-stack-protector -Wno-unused -mcpu=v3 -c a.bpf.c -o a.o -MMD -MF a.d -MP -MT a.o",
        );
        assert_eq!(
            args.join(" "),
            "bpfc build -O2 -D __TARGET_ARCH_x86 -I .output --idirafter /usr/include -Wno-unused \
             --cpu=v3 --dep-user-only --dep-phony --dep-target a.o -o a.o --depfile=a.d a.bpf.c"
        );
        assert!(notes.is_empty());
        let (args, notes) = translate("-fsyntax-only -x c -Xclang -disable-O0 -fodd -Wall -");
        assert_eq!(args.join(" "), "bpfc check -Wall -");
        assert_eq!(notes, ["-fodd"]);
        let (args, _) = translate("-S -Wp,-MD,a.d a.c");
        assert_eq!(args.join(" "), "bpfc build --emit=asm -o a.s --depfile=a.d a.c");
    }

    #[test]
    fn response_files() {
        assert_eq!(words("-DA=\"b c\" 'd e'\\ f\n\n-g"), ["-DA=b c", "d e f", "-g"]);
        assert_eq!(Mode::default(), Mode::Object);
    }
}
