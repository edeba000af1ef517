//! Input that nobody would write: no panic, no hang, bounded memory.

use crate::front::{Checked, check};
use std::fmt::Write;

fn codes(checked: &Checked) -> Vec<&'static str> {
    checked.session.diagnostics.iter().map(|d| d.code.name()).collect()
}

#[test]
fn long_chains() {
    let sum = vec!["x"; 20_000].join(" + ");
    check(&format!("int f(int x) {{ return {sum}; }}"));
    let chain = "if (x == 1) return 1; else ".repeat(5_000);
    check(&format!("int f(int x) {{ {chain} return 0; }}"));
    let commas = vec!["x++"; 20_000].join(", ");
    check(&format!("int f(int x) {{ {commas}; return x; }}"));
    let labels: String = (0..5_000).map(|i| format!("case {i}: ")).collect();
    check(&format!("int f(int x) {{ switch (x) {{ {labels} return 1; }} return 0; }}"));
}

#[test]
fn deep_types() {
    let mut text = String::from("typedef int t0;\n");
    for i in 1..3_000 {
        let _ = writeln!(text, "typedef t{} *t{i};", i - 1);
    }
    assert!(codes(&check(&text)).contains(&"E0320"));
    let mut text = String::from("typedef int t0;\n");
    for i in 1..3_000 {
        let _ = writeln!(text, "typedef t{} t{i}[1];", i - 1);
    }
    text.push_str("int f(void) { return sizeof(t2999); }");
    assert!(codes(&check(&text)).contains(&"E0320"));
    let mut text = String::from("struct s0 { int a; };\n");
    for i in 1..3_000 {
        let _ = writeln!(text, "struct s{i} {{ struct s{} a; }};", i - 1);
    }
    text.push_str("struct s2999 x = { 1 };");
    assert!(codes(&check(&text)).contains(&"E0320"));
    let mut text = String::from("typedef int t0;\n");
    for i in 1..3_000 {
        let _ = writeln!(text, "typedef t{} t{i};", i - 1);
    }
    check(&text);
}

#[test]
fn giants() {
    let huge = check("int a[1ul << 61]; int b[1ul << 38] = { 1 }; struct { int a[1 << 30]; } s;");
    assert_eq!(codes(&huge), ["E0311", "E0311", "E0311"]);
    let many = check("int a[] = { [0 ... 99999999] = 1 };");
    assert_eq!(codes(&many), ["E0310"]);
    check("int a[] = { [0xffffffffffffffff] = 1 };");
    check("struct { int a : 99999999999; } s;");
    check("enum { A = 0xffffffffffffffff, B };");
    check("int x = 1 / 0; int y = 1 << 200; long z = -9223372036854775807 - 1; long w = z / -1;");
}

#[test]
fn knots() {
    check("struct s { struct s a; }; struct s x;");
    check("struct a; struct b { struct a *p; }; struct a { struct b q; struct a *self; };");
    check("typedef t t; t x; int t;");
    check("int x = x; int f(void) { int y = y; return f() + sizeof(f()); }");
    check("int f(int f) { int f; { int f; } goto f; f: return f; }");
    check("int a() { return b(); } int b() { return a(); }");
    check("extern int a[]; int a[3]; int a[4]; int f(void) { return sizeof(a); }");
    check("enum e; enum e x; enum e { A = sizeof(enum e) };");
    check("void f(void) { ({ break; }); while (({ continue; 1; })) ; ({ }); }");
    check("int f(void) { return ({ __auto_type x = x; x; }); }");
    check("int f(struct { int a; } x) { return x.a.b.c->d[1](2); }");
}

/// Prefixes of a program that uses most of the language are programs to survive.
#[test]
fn truncated() {
    let text = include_str!("sample.c");
    assert_eq!(check(text).messages(), [] as [&str; 0]);
    for end in (0..text.len()).step_by(7) {
        check(&text[..end]);
    }
}

/// So is the program with a character missing.
#[test]
fn gnawed() {
    let text = include_str!("sample.c");
    for at in (3..text.len()).step_by(11) {
        check(&format!("{}{}", &text[..at], &text[at + 1..]));
    }
}
