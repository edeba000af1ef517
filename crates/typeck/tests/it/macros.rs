//! Macros of the headers that bpfc carries are the same whether they are read at their definitions or when they are used.

use bpfc_base::Session;
use bpfc_kabi::{Arch, headers, load_header};
use bpfc_parser::{Deferral, FileProvider, IncludeRequest, LoadedFile, PpOptions, preprocess};
use std::fmt::Write;

/// The headers, with all constants of the kernel's user API.
struct Carried;

impl FileProvider for Carried {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        let header = load_header(request.name, Arch::X86_64)?;
        Some(LoadedFile {
            name: format!("<built-in>/{}", header.path).into(),
            text: (&*header.text).into(),
            is_user: false,
            directory: 0,
        })
    }
}

/// Stands in front of what is compared.
const MARK: &str = "__behind_the_header";

/// What the preprocessor makes of `text` behind the mark, and what it reports.
fn read(text: &str, deferral: Deferral) -> (Vec<String>, Vec<String>) {
    let mut session = Session::default();
    let file = session.sources.add("test.c", text, true).expect("there is room");
    let options = PpOptions { deferral, ..PpOptions::default() };
    let stream = preprocess(&mut session, file, &options, &mut Carried);
    let spelled = stream.tokens.iter().map(|token| token.spelling(&session.names).to_owned());
    let tokens = spelled.skip_while(|token| token != MARK).collect();
    (tokens, session.diagnostics.iter().map(|report| report.message.clone()).collect())
}

/// Every macro that `header` defines, used.
fn uses(header: &str) -> String {
    let mut uses = String::new();
    let definitions = header.lines().filter_map(|line| line.trim().strip_prefix("#define "));
    for definition in definitions {
        let end = definition.find([' ', '(']).unwrap_or(definition.len());
        let (name, rest) = definition.split_at(end);
        let params = rest.strip_prefix('(').and_then(|rest| rest.split(')').next());
        // What the macros themselves use may be there or not.
        let _ = match params {
            Some(params) => writeln!(uses, "#ifdef {name}\n{name}({params}) ;\n#endif"),
            None => writeln!(uses, "#ifdef {name}\n{name} ;\n#endif"),
        };
    }
    uses
}

#[test]
fn are_the_same_when_they_are_read_later() {
    let mut n_tokens = 0;
    for header in headers() {
        let loaded = load_header(header.path, Arch::X86_64).unwrap();
        let text = format!("#include <{}>\n{MARK}\n{}", header.path, uses(&loaded.text));
        let at_once = read(&text, Deferral::None);
        n_tokens += at_once.0.len();
        assert!(at_once == read(&text, Deferral::Headers), "{} differs", header.path);
    }
    assert!(n_tokens > 10_000, "{n_tokens} tokens are too few to say anything");
}

#[test]
fn what_is_there_already_stays_or_is_told() {
    for program in [
        // Constants have guards; what is written by hand does not.
        "#define O_RDWR 7\n#include <fcntl.h>\n__behind_the_header O_RDWR\n",
        "#define TASK_COMM_LEN 32\n#include <bpfc/kernel.h>\n__behind_the_header TASK_COMM_LEN\n",
        "#include <bpfc/kernel.h>\n#define TASK_COMM_LEN 32\n__behind_the_header TASK_COMM_LEN\n",
        "#include <bpfc/kernel.h>\n#define TASK_COMM_LEN 16\n__behind_the_header TASK_COMM_LEN\n",
        "#include <bpfc/kernel.h>\n#undef TASK_COMM_LEN\n__behind_the_header TASK_COMM_LEN\n",
        "#include <bpfc/kernel.h>\n__behind_the_header\n#ifdef TASK_COMM_LEN\nyes\n#endif\n",
        "#include <bpfc/kernel.h>\n__behind_the_header container_of(1)\n",
        "#include <bpfc/kernel.h>\n__behind_the_header likely\n(1)\n",
    ] {
        let at_once = read(program, Deferral::None);
        assert!(at_once.0.len() > 1 || !at_once.1.is_empty(), "{program}");
        assert_eq!(at_once, read(program, Deferral::Headers), "{program}");
    }
}
