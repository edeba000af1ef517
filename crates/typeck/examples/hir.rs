//! `cargo run -p bpfc-typeck --example hir -- [--bcc] [-I DIR]… FILE.c…`: the HIR and the
//! diagnostics of one file, or the diagnostics of many.

#[path = "../tests/it/front.rs"]
#[allow(dead_code)]
mod front;

use bpfc_parser::NoTypeNames;
use bpfc_typeck::BtfTypes;

fn main() {
    let (mut dirs, mut files) = (Vec::new(), Vec::new());
    let mut dialect = bpfc_typeck::Dialect::C;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--bcc" => dialect = bpfc_typeck::Dialect::Bcc,
            "-I" => dirs.extend(args.next().map(std::path::PathBuf::from)),
            _ => files.push(arg),
        }
    }
    let btf = std::fs::read("/sys/kernel/btf/vmlinux").ok();
    let btf = btf.and_then(|bytes| bpfc_btf::Btf::parse(bytes).ok());
    for path in &files {
        let text = std::fs::read(path).expect("a readable file");
        let text = String::from_utf8_lossy(&text);
        let headers = front::Headers(dirs.clone());
        let checked = match &btf {
            Some(btf) => {
                let mut types = BtfTypes::new(btf);
                let mut names = |name: &str| BtfTypes::new(btf).is_typedef(name);
                front::check_in(&text, &mut names, Some(&mut types), headers, dialect)
            }
            None => front::check_in(&text, &mut NoTypeNames, None, headers, dialect),
        };
        if files.len() == 1 {
            print!("{}", checked.hir());
        }
        for d in checked.session.diagnostics.iter() {
            let sources = &checked.session.sources;
            let at = sources.line_col(sources.root(d.span()));
            let at = at.map_or("-".to_owned(), |(file, at)| {
                let name = &sources.file(file).name;
                let name = if &**name == "test.c" { path } else { &**name };
                format!("{name}:{}:{}", at.line, at.col)
            });
            println!("{at}: {}: {}", d.code, d.message);
        }
    }
}
