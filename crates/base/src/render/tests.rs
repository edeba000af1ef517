//! Exact output of every renderer.

use super::*;
use crate::codes::{bpf, lex, parse, types, verifier};
use crate::{Edit, Expansion, ExpnId, FileId, Span};
use serde_json::Value;

/// The span of the `nth` (from 0) occurrence of `needle` in `file`.
fn nth(session: &Session, file: FileId, needle: &str, nth: usize) -> Span {
    let file = session.sources.file(file);
    let (at, _) = file.text.match_indices(needle).nth(nth).unwrap();
    let lo = file.start + at as u32;
    Span::new(lo, lo + needle.len() as u32)
}

fn one(text: &str) -> (Session, FileId) {
    let mut session = Session::default();
    let file = session.sources.add("count.c", text, true).unwrap();
    (session, file)
}

fn plain(session: &Session, diagnostic: &Diagnostic) -> String {
    human(session, diagnostic, Color::Never)
}

fn at(span: Span) -> Diagnostic {
    Diagnostic::new(parse::E0201, span, "message")
}

#[track_caller]
fn assert_text(actual: &str, expected: &str) {
    assert_eq!(actual, expected.trim_start_matches('\n'), "\nactual:\n{actual}");
}

#[test]
fn labels_notes_and_helps() {
    let (session, file) = one(
        "int f(void) {\n  long *v = bpf_map_lookup_elem(&hits, &k);\n  (*v)++;\n  return 0;\n}\n",
    );
    let v = nth(&session, file, "*v", 1);
    let call = nth(&session, file, "bpf_map_lookup_elem(&hits, &k)", 0);
    let insert = nth(&session, file, "(*v)++", 0).start();
    let diagnostic = Diagnostic::new(verifier::E0703, v, "`v` may be null here")
        .with_label("dereferenced without a check")
        .with_secondary(nth(&session, file, "v", 1), "declared here")
        .with_note_at(call, "`v` is null when the key is absent")
        .with_note("a note without a place")
        .with_edit(
            "guard the access with `if (v)`",
            vec![Edit { span: insert, replacement: "if (v) ".into() }],
        );
    assert_text(
        &plain(&session, &diagnostic),
        "
error[E0703]: `v` may be null here
  --> count.c:3:4
  |
2 |   long *v = bpf_map_lookup_elem(&hits, &k);
  |         - declared here
3 |   (*v)++;
  |    ^^ dereferenced without a check
note: `v` is null when the key is absent
  --> count.c:2:13
  |
2 |   long *v = bpf_map_lookup_elem(&hits, &k);
  |             ------------------------------
note: a note without a place
help: guard the access with `if (v)`
  |
3 -   (*v)++;
3 +   if (v) (*v)++;
",
    );
    assert_eq!(short(&session, &diagnostic), "count.c:3:4: error[E0703]: `v` may be null here");
}

#[test]
fn tabs_and_wide_characters() {
    let (session, file) = one("\tint\tx = \"日本\" + é;\n");
    let diagnostic = at(nth(&session, file, "é", 0))
        .with_secondary(nth(&session, file, "\"日本\"", 0), "a string");
    assert_text(
        &plain(&session, &diagnostic),
        "
error[E0201]: message
  --> count.c:1:17
  |
1 |         int     x = \"日本\" + é;
  |                     ------   ^
  |                     |
  |                     a string
",
    );
    // Bytes in the middle of a character widen to it.
    let lo = nth(&session, file, "日", 0).lo;
    let text = plain(&session, &at(Span::new(lo + 1, lo + 2)));
    assert!(text.ends_with("|                      ^^\n"), "{text}");
}

#[test]
fn ends_of_files_and_empty_files() {
    let (session, file) = one("int x");
    let end = session.sources.file(file).start + 5;
    assert_text(
        &plain(&session, &at(Span::new(end, end))),
        "
error[E0201]: message
  --> count.c:1:6
  |
1 | int x
  |      ^
",
    );
    let (session, file) = one("int x\r\n");
    let end = session.sources.file(file).start + 7;
    assert_text(
        &plain(&session, &at(Span::new(end, end))),
        "
error[E0201]: message
  --> count.c:2:1
  |
2 |
  | ^
",
    );
    // The line break itself is shown at the end of its line.
    assert_text(
        &plain(&session, &at(Span::new(end - 1, end))),
        "
error[E0201]: message
  --> count.c:1:6
  |
1 | int x
  |      ^
",
    );
    let (session, file) = one("");
    let start = session.sources.file(file).start;
    let empty = at(Span::new(start, start));
    assert_text(
        &plain(&session, &empty),
        "
error[E0201]: message
  --> count.c:1:1
  |
1 |
  | ^
",
    );
    assert_eq!(short(&session, &empty), "count.c:1:1: error[E0201]: message");
}

#[test]
fn spans_over_lines() {
    let (session, file) = one("a = f(\n  1,\n  2\n);\nb;\n");
    let span = nth(&session, file, "f(\n  1,\n  2\n)", 0);
    assert_text(
        &plain(&session, &at(span).with_label("this call")),
        "
error[E0201]: message
  --> count.c:1:5
  |
1 |   a = f(
  | /-----^
2 | |   1,
3 | |   2
4 | | );
  | \\-^ this call
",
    );
    // A whole line is one line, though its line break belongs to it.
    let line = nth(&session, file, "b;\n", 0);
    assert!(plain(&session, &at(line)).ends_with("5 | b;\n  | ^^\n"));
}

#[test]
fn no_place_and_long_lines() {
    let (session, file) = one(&format!("x{};\n", " ".repeat(2_000)));
    let nowhere = Diagnostic::without_span(bpf::E0411, "no program in `a.c`");
    assert_eq!(plain(&session, &nowhere), "error[E0411]: no program in `a.c`\n");
    assert_eq!(short(&session, &nowhere), "error[E0411]: no program in `a.c`");
    assert_text(
        &plain(&session, &at(nth(&session, file, ";", 0))),
        "
error[E0201]: message
  --> count.c:1:2002
",
    );
}

/// `#define INNER(x) x + nosuch`, `#define OUTER INNER(1)`, and a use of `OUTER`.
fn macros() -> (Session, Span) {
    let text = "#define INNER(x) x + nosuch\n#define OUTER INNER(1)\nint y = OUTER;\n";
    let (mut session, file) = one(text);
    let outer_name = session.intern("OUTER");
    let outer = session.sources.add_expansion(Expansion {
        name: outer_name,
        call_site: nth(&session, file, "OUTER", 1),
        def_site: nth(&session, file, "OUTER", 0),
    });
    let inner_name = session.intern("INNER");
    let inner = session.sources.add_expansion(Expansion {
        name: inner_name,
        call_site: Span { expn: outer, ..nth(&session, file, "INNER(1)", 0) },
        def_site: nth(&session, file, "INNER", 0),
    });
    let span = Span { expn: inner, ..nth(&session, file, "nosuch", 0) };
    (session, span)
}

#[test]
fn macro_chains() {
    let (session, span) = macros();
    let beside = Span { lo: span.lo - 4, hi: span.lo - 3, ..span };
    let diagnostic = Diagnostic::new(types::E0301, span, "`nosuch` is not declared")
        .with_label("unknown")
        .with_secondary(beside, "the other operand");
    assert_text(
        &plain(&session, &diagnostic),
        "
error[E0301]: `nosuch` is not declared
  --> count.c:3:9
  |
3 | int y = OUTER;
  |         ^^^^^ unknown
note: in expansion of macro `OUTER`
  --> count.c:2:15
  |
2 | #define OUTER INNER(1)
  |               --------
note: in expansion of macro `INNER`
  --> count.c:1:22
  |
1 | #define INNER(x) x + nosuch
  |                      ------
note: the other operand
  --> count.c:1:18
  |
1 | #define INNER(x) x + nosuch
  |                  -
",
    );
    assert_eq!(short(&session, &diagnostic), "count.c:3:9: error[E0301]: `nosuch` is not declared");
}

#[test]
fn long_macro_chains_are_cut() {
    let text = "#define M M\nM\n";
    let (mut session, file) = one(text);
    let name = session.intern("M");
    let mut call_site = nth(&session, file, "M", 2);
    for _ in 0..9 {
        let expn = session.sources.add_expansion(Expansion {
            name,
            call_site,
            def_site: nth(&session, file, "M", 0),
        });
        call_site = Span { expn, ..nth(&session, file, "M", 1) };
    }
    let text = plain(&session, &at(call_site));
    assert_eq!(text.matches("in expansion of macro `M`").count(), 4);
    assert_eq!(text.matches("note: 5 more macro expansions here\n").count(), 1);
}

#[test]
fn terminal_escapes_do_not_pass() {
    let mut session = Session::default();
    let file = session.sources.add("a\x1b[2J.c", "x\x1b]0;t\x07;\n", true).unwrap();
    let span = nth(&session, file, ";", 1);
    let diagnostic = Diagnostic::new(lex::E0102, span, "unknown `\x1b`\nnext line");
    assert_text(
        &plain(&session, &diagnostic),
        "
error[E0102]: unknown `?`
next line
  --> a?[2J.c:1:8
  |
1 | x?]0;t?;
  |        ^
",
    );
    assert_eq!(short(&session, &diagnostic), "a?[2J.c:1:8: error[E0102]: unknown `?` next line");
}

#[test]
fn colours_only_add_escapes() {
    let (session, span) = macros();
    let diagnostic =
        Diagnostic::new(types::W0303, span, "unknown attribute `x`").with_help("remove it");
    let colored = human(&session, &diagnostic, Color::Always);
    assert!(colored.starts_with("\x1b[0;1;33mwarning[W0303]\x1b[0;1m: unknown"));
    let mut stripped = String::new();
    for (idx, part) in colored.split('\x1b').enumerate() {
        let from = if idx == 0 { 0 } else { part.find('m').unwrap() + 1 };
        stripped.push_str(&part[from..]);
    }
    let lines: Vec<&str> = stripped.lines().map(str::trim_end).collect();
    assert_eq!(lines.join("\n") + "\n", plain(&session, &diagnostic));
}

#[test]
fn patches() {
    let (session, file) = one("#include <a.h>\nint f() {\n\tx;\n}\n");
    let edit = |span, text: &str| Edit { span, replacement: text.into() };
    let show = |edits| {
        let diagnostic = Diagnostic::without_span(types::E0301, "m").with_edit("do it", edits);
        plain(&session, &diagnostic)
            .strip_prefix("error[E0301]: m\nhelp: do it\n")
            .unwrap()
            .to_owned()
    };
    let line = nth(&session, file, "int f() {\n", 0);
    assert_text(&show(vec![edit(line.start(), "int y;\n")]), "  |\n2 + int y;\n");
    assert_text(&show(vec![edit(line, "")]), "  |\n2 - int f() {\n");
    assert_text(
        &show(vec![
            edit(nth(&session, file, "}", 0), "\treturn 0;\n}"),
            edit(nth(&session, file, "()", 0), "(void)"),
        ]),
        "
  |
2 - int f() {
3 -         x;
2 + int f(void) {
3 +         x;
4 +         return 0;
",
    );
    // Edits that overlap are not shown.
    assert_text(&show(vec![edit(line, "a"), edit(line, "b")]), "");
}

#[test]
fn json_fields() {
    let (session, span) = macros();
    let file = session.sources.file_at(span.lo).unwrap();
    let edit = Edit { span: nth(&session, file, "OUTER", 1), replacement: "0".into() };
    let diagnostic = Diagnostic::new(types::E0301, span, "`nosuch` is not declared")
        .with_label("unknown")
        .with_note("a note")
        .with_edit("use 0", vec![edit]);
    let line = json(&session, &diagnostic);
    assert!(!line.contains('\n'));
    let place = |line: u32, col: u32, start: u32, len: u32| {
        serde_json::json!({
            "file": "count.c", "line": line, "col": col, "end_line": line,
            "end_col": col + len, "start_byte": start, "end_byte": start + len,
        })
    };
    let mut span = place(3, 9, 59, 5);
    span["primary"] = true.into();
    span["label"] = "unknown".into();
    span["text"] = "OUTER".into();
    span["expansion"] = serde_json::json!([
        { "macro": "OUTER", "call": place(3, 9, 59, 5),
          "definition": place(2, 9, 36, 5), "spelled": place(2, 15, 42, 8) },
        { "macro": "INNER", "call": place(2, 15, 42, 8),
          "definition": place(1, 9, 8, 5), "spelled": place(1, 22, 21, 6) },
    ]);
    let mut edit = place(3, 9, 59, 5);
    edit["replacement"] = "0".into();
    let expected = serde_json::json!({
        "code": "E0301", "title": "undeclared name", "severity": "error", "flag": null,
        "message": "`nosuch` is not declared", "spans": [span],
        "notes": [{ "text": "a note", "span": null }],
        "helps": [{ "text": "use 0", "edits": [edit] }],
        "targets": [],
    });
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
}

#[test]
fn sarif_document() {
    let (session, span) = macros();
    let diagnostics = [
        Diagnostic::new(types::E0301, span, "`nosuch` is not declared")
            .with_note("why")
            .with_note_at(Span::new(1, 2), "where"),
        Diagnostic::without_span(bpf::E0411, "no program"),
    ];
    let mut log = SarifLog::default();
    log.add(&session, &diagnostics[..1]);
    log.add(&session, &diagnostics[1..]);
    let document = log.document(|_| Some("# title\n\nA\nsentence.\n\nMore.\n"));
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["runs"].as_array().unwrap().len(), 1);
    let run = &document["runs"][0];
    assert_eq!(run["results"][1]["ruleIndex"], 1);
    assert_eq!(run["tool"]["driver"]["rules"][1]["id"], "E0411");
    assert_eq!(run["tool"]["driver"]["rules"][1]["fullDescription"]["text"], "A sentence.");
    let result = &run["results"][0];
    assert_eq!(result["message"]["text"], "`nosuch` is not declared\nnote: why");
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&3.into(), &9.into()));
    assert_eq!(result["relatedLocations"][0]["message"]["text"], "where");
    assert_eq!(run["results"][1]["locations"], serde_json::json!([]));
}

#[test]
fn sarif_flows_and_paths() {
    let (session, span) = macros();
    let first = Span::new(1, 2);
    let diagnostic = Diagnostic::new(crate::codes::verifier::E0703, span, "it may be null")
        .with_note_at(first, "it comes from here");
    let document: Value = serde_json::from_str(&sarif(&session, &[diagnostic])).unwrap();
    let flow = &document["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"];
    let texts: Vec<&Value> =
        flow.as_array().unwrap().iter().map(|step| &step["location"]["message"]["text"]).collect();
    assert_eq!(texts, ["it comes from here", "it may be null"]);
}

#[test]
fn annotations() {
    let mut session = Session::default();
    let file = session.sources.add("./a,b:1%.c", "one\ntwo\n", true).unwrap();
    let span = nth(&session, file, "two", 0);
    let start = nth(&session, file, "one", 0);
    let diagnostic = Diagnostic::new(types::E0301, span, "100% `two`\r\nno: so, really")
        .with_note_at(start, "here")
        .with_help("do it");
    assert_eq!(
        github(&session, &diagnostic),
        "::error file=a%2Cb%3A1%25.c,line=2,endLine=2,col=1,endColumn=3,\
         title=E0301%3A undeclared name::100%25 `two`%0D%0Ano: so, really%0A\
         note: a,b:1%.c:1: here%0Ahelp: do it"
            .replace("a,b:1%.c:1", "a,b:1%25.c:1")
    );
    let lines = session.sources.join(start, span);
    let warning = Diagnostic::new(lex::W0101, lines, "again");
    assert_eq!(
        github(&session, &warning),
        "::warning file=a%2Cb%3A1%25.c,line=1,endLine=2,col=1,title=W0101%3A macro redefined::again [-Wmacro-redefined]"
    );
    let nowhere = Diagnostic::without_span(bpf::E0411, "no program");
    assert!(github(&session, &nowhere).starts_with("::error title=E0411%3A "));
}

#[test]
fn summaries_and_lists() {
    assert_eq!(summary_of(0, 0), None);
    assert_eq!(summary_of(2, 1).unwrap(), "2 errors, 1 warning");
    assert_eq!(summary_of(0, 3).unwrap(), "3 warnings");
    let (session, file) = one("x\n");
    let span = nth(&session, file, "x", 0);
    let list = [at(span), Diagnostic::new(lex::W0101, span, "again").with_help("h")];
    assert_eq!(summary(&list).unwrap(), "1 error, 1 warning");
    assert_text(
        &render(&session, &list, Format::Human(Color::Never)),
        "
error[E0201]: message
  --> count.c:1:1
  |
1 | x
  | ^

warning[W0101]: again [-Wmacro-redefined]
  --> count.c:1:1
  |
1 | x
  | ^
help: h
",
    );
    assert_text(
        &render(&session, &list, Format::Short),
        "
count.c:1:1: error[E0201]: message
count.c:1:1: warning[W0101]: again [-Wmacro-redefined]
",
    );
    assert_eq!(render(&session, &list, Format::Json).lines().count(), 2);
}

#[test]
fn hostile_spans_do_not_panic() {
    let (mut session, file) = one("日\r\nb\n\n");
    let name = session.intern("M");
    let expn = session.sources.add_expansion(Expansion {
        name,
        call_site: Span::NONE,
        def_site: Span::NONE,
    });
    let start = session.sources.file(file).start;
    for lo in 0..start + 12 {
        for hi in 0..start + 12 {
            for expn in [ExpnId::ROOT, expn] {
                let span = Span { lo, hi, expn };
                let diagnostic = at(span)
                    .with_secondary(Span::new(hi, lo), "x")
                    .with_note_at(span, "n")
                    .with_edit("e", vec![Edit { span, replacement: "é\n".into() }]);
                for format in [
                    Format::Human(Color::Always),
                    Format::Short,
                    Format::Json,
                    Format::Sarif,
                    Format::Github,
                ] {
                    let text = render(&session, std::slice::from_ref(&diagnostic), format);
                    assert!(text.contains("E0201"));
                }
            }
        }
    }
}
