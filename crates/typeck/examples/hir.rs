//! `cargo run -p bpfc-typeck --example hir FILE.c`: prints the HIR and the diagnostics.

#[path = "../tests/it/front.rs"]
#[allow(dead_code)]
mod front;

fn main() {
    let path = std::env::args().nth(1).expect("a file");
    let text = std::fs::read_to_string(path).expect("readable");
    let btf = std::fs::read("/sys/kernel/btf/vmlinux").ok();
    let btf = btf.and_then(|bytes| bpfc_btf::Btf::parse(bytes).ok());
    let start = std::time::Instant::now();
    let checked = front::check_with(&text, btf.as_ref());
    let elapsed = start.elapsed();
    print!("{}", checked.hir());
    for d in checked.session.diagnostics.iter() {
        let at = checked
            .session
            .sources
            .line_col(checked.session.sources.root(d.span()));
        let at = at.map_or("-".to_owned(), |(file, at)| {
            format!(
                "{}:{}:{}",
                checked.session.sources.file(file).name,
                at.line,
                at.col
            )
        });
        println!("{at}: {}: {}", d.code, d.message);
        for note in &d.notes {
            println!("    note: {}", note.text);
        }
        for help in &d.helps {
            println!("    help: {}", help.text);
        }
    }
    eprintln!("{elapsed:?}");
}
