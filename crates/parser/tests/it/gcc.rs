//! The preprocessor against GCC's, token by token.

use crate::support::{Disk, session};
use bpfc_parser::{PpOptions, preprocess};
use std::io::Write;
use std::process::{Command, Stdio};

/// The tokens of `text` after GCC's preprocessor; `None` if there is no GCC.
fn gcc(text: &str) -> Option<String> {
    let mut child = Command::new("gcc")
        .args(["-E", "-P", "-undef", "-std=gnu11", "-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    String::from_utf8(output.stdout).ok()
}

/// The tokens of `text` after our preprocessor, a space between each two.
fn ours(text: &str) -> String {
    let (mut session, file) = session("<stdin>", text);
    let options = PpOptions::default();
    let stream = preprocess(&mut session, file, &options, &mut Disk::default());
    let tokens = stream.tokens.iter();
    let spellings = tokens.map(|token| token.spelling(&session.names));
    spellings.collect::<Vec<_>>().join(" ")
}

/// The tokens of text that needs no preprocessing.
fn tokens(text: &str) -> Vec<String> {
    let (mut session, file) = session("<stdin>", text);
    let options = PpOptions {
        undefines: vec!["__LINE__".into(), "__COUNTER__".into()],
        ..PpOptions::default()
    };
    let stream = preprocess(&mut session, file, &options, &mut Disk::default());
    let tokens = stream.tokens.iter();
    tokens.map(|token| token.spelling(&session.names).to_owned()).collect()
}

fn compare(text: &str) {
    let Some(theirs) = gcc(text) else {
        bpfc_testkit::skipped("gcc is not installed");
        return;
    };
    let theirs = tokens(&theirs).join(" ");
    let ours = tokens(&ours(text)).join(" ");
    assert_eq!(ours, theirs, "in:\n{text}");
}

/// Macro definitions, then calls, one comparison per line of calls.
fn compare_lines(definitions: &str, calls: &str) {
    for line in calls.lines().filter(|line| !line.trim().is_empty()) {
        compare(&format!("{definitions}\n{line}\n"));
    }
}

#[test]
fn examples_of_the_standard() {
    // C11 6.10.3.5, examples 3 to 7.
    compare_lines(
        "#define x 3\n#define f(a) f(x * (a))\n#undef x\n#define x 2\n#define g f\n\
         #define z z[0]\n#define h g(~\n#define m(a) a(w)\n#define w 0,1\n#define t(a) a\n\
         #define p() int\n#define q(x) x\n#define r(x,y) x ## y\n#define str(x) # x",
        "f(y+1) + f(f(z)) % t(t(g)(0) + t)(1);\n\
         g(x+(3,4)-w) | h 5) & m(f)^m(m);\n\
         p() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) };\n\
         char c[2][6] = { str(hello), str() };",
    );
    compare_lines(
        "#define str(s) # s\n#define xstr(s) str(s)\n\
         #define debug(s, t) printf(\"x\" # s \"= %d, x\" # t \"= %s\", x ## s, x ## t)\n\
         #define INCFILE(n) vers ## n\n#define glue(a, b) a ## b\n\
         #define xglue(a, b) glue(a, b)\n#define HIGHLOW \"hello\"\n#define LOW LOW \", world\"",
        "debug(1, 2);\n\
         fputs(str(strncmp(\"abc\\0d\", \"abc\", '\\4') == 0) str(: @\\n), s);\n\
         xstr(INCFILE(2).h)\n\
         glue(HIGH, LOW); xglue(HIGH, LOW)",
    );
    compare_lines(
        "#define hash_hash # ## #\n#define mkstr(a) # a\n#define in_between(a) mkstr(a)\n\
         #define join(c, d) in_between(c hash_hash d)\n#define t(x,y,z) x ## y ## z",
        "char p[] = join(x, y);\n\
         int j[] = { t(1,2,3), t(,4,5), t(6,,7), t(8,9,), t(10,,), t(,11,), t(,,12), t(,,) };",
    );
}

#[test]
fn variadic_macros() {
    compare_lines(
        "#define e1(fmt, ...) pr(fmt, ##__VA_ARGS__)\n#define e2(fmt, args...) pr(fmt, ##args)\n\
         #define e3(...) pr(a, ##__VA_ARGS__)\n#define e4(fmt, args...) pr(fmt, args)\n\
         #define e5(...) #__VA_ARGS__\n#define e6(a, ...) #__VA_ARGS__ a\n#define x 7\n\
         #define V1(x, ...) f(x __VA_OPT__(,) __VA_ARGS__)\n\
         #define V2(x, ...) x __VA_OPT__(a ## x) ## b\n\
         #define V3(x, ...) x ## __VA_OPT__(q r) s\n\
         #define N(...) N_(__VA_ARGS__, 3, 2, 1, 0)\n#define N_(a, b, c, n, ...) n\n\
         #define narg(...) nth(_, ##__VA_ARGS__, 3, 2, 1, 0)\n#define nth(a, b, c, d, n, ...) n",
        "e1(a) | e1(a,) | e1(a,b) | e1(a,b,c) | e1() | e1(,) | e1(x, x)\n\
         e2(a) | e2(a,) | e2(a,b) | e2(x,x,x)\n\
         e3() | e3(x) | e3(x,y) | e3(,)\n\
         e4(a,b) | e4(a,b,c) | e4(a)\n\
         e5() | e5(a) | e5( a , b ,c) | e6(1) | e6(1, 2, \"3\")\n\
         V1(1) | V1(1,) | V1(1,2) | V1() | V1(1,2,3)\n\
         V2(q) | V2(q, r) | V3(q) | V3(q, r) | V3(,) | V3(,1)\n\
         N(a) N(a, b) N(a, b, c) narg() narg(a) narg(a, b)",
    );
}

#[test]
fn recursion_and_rescanning() {
    compare_lines(
        "#define foo() bar\n#define bar foo\n#define EMPTY\n#define AA BB\n#define BB AA\n\
         #define rec(x) x rec\n#define EXPAND(x) EXPAND1(EXPAND1(EXPAND1(x)))\n\
         #define EXPAND1(x) x\n#define DEFER(id) id EMPTY_()\n#define EMPTY_()\n\
         #define REPEAT_() REPEAT\n#define REPEAT(n) n DEFER(REPEAT_)()(n)\n\
         #define f(a) a*g\n#define g(a) f(a)\n#define LP (\n#define RP )\n#define NIL(xxx) xxx\n\
         #define G_0(arg) NIL(G_1)(arg)\n#define G_1(arg) NIL(arg)\n\
         #define CAT(a, ...) a ## __VA_ARGS__\n#define IIF(c) CAT(IIF_, c)\n\
         #define IIF_0(t, ...) __VA_ARGS__\n#define IIF_1(t, ...) t\n\
         #define CHECK_N(x, n, ...) n\n#define CHECK(...) CHECK_N(__VA_ARGS__, 0,)\n\
         #define NOT(x) CHECK(CAT(NOT_, x))\n#define NOT_0 ~, 1,\n\
         #define h(x) x LP\n#define two(a, b) b a\n#define obj two(obj, two)",
        "foo()() bar() () foo EMPTY () foo\n\
         AA BB\n\
         rec(1)(2)(3)\n\
         EXPAND(REPEAT(1))\n\
         f(2)(9)\n\
         G_0(42)\n\
         NOT(0) NOT(1) IIF(1)(a, b) IIF(0)(a,b)\n\
         two LP 1, 2 RP EXPAND(NIL LP 1 RP)\n\
         obj two(obj, (a, b))\n\
         f f (1) (f)(1) f\n\
         two((1,2), two(3, 4))",
    );
}

#[test]
fn stringizing_and_pasting() {
    compare_lines(
        "#define s(x) #x\n#define xs(x) s(x)\n#define c(a, b) a ## b\n#define xc(a, b) c(a, b)\n\
         #define ab 1\n#define EMPTY\n#define pre(x) L ## #x\n#define num(a, b, d) a ## b ## d",
        "s( a  \"b\\n\" 'c\\'' L\"x\" ) s(a/**/b) s(a /* */ b) s(\"\\\\\") s('\"') s(\\n) s()\n\
         s(%: <:) %: [ <: :> <% %> s(@ $ `)\n\
         c(a, b) xc(c(a, ), c(, b)) c(+, +) c(<, <=) c(-, >) c(., 5) c(1, e+5) c(x, 1)\n\
         pre(abc) num(1, ., 5) num(0, x, ff)\n\
         xs(c(a, b)) xs(EMPTY) xs(EMPTY a EMPTY b EMPTY)",
    );
    compare("#define s(x) #x\ns(a\\\n) s(a\n  b)\n");
}

#[test]
fn conditions() {
    let conditions = [
        "1 ? 2 : (1/0)",
        "-1 > 0u",
        "0x8000000000000000 < 0",
        "~0u == 0xffffffffffffffff",
        "(-1)/2 == 0",
        "-1>>1 == -1",
        "2||1/0",
        "0 && 1/0",
        "'a' == 97",
        "'\\377' < 0",
        "defined X && !defined(Y)",
        "X + 1 == 3",
        "UNKNOWN == 0",
        "(2 - 3) % 2 == -1",
        "1 << 63 < 0",
        "3 > 2 > 1",
        "1 == 1 == 1",
        "5 & 3 == 3",
        "1 ? 0 ? 1 : 0 : 1",
        "18446744073709551615 == -1",
        "0b101 == 5",
        "010 == 8",
        "-9223372036854775807 - 1 < 0",
        "1 , 2",
        "!defined X || 7 / 2 == 3",
        "(1 ? -1 : 0u) > 0",
        "0 == 0 ? 1 : 0",
        "~0 & 0xF0 >> 4 ^ 2 | 1",
    ];
    let mut text = String::from("#define X 2\n");
    for (at, condition) in conditions.iter().enumerate() {
        text += &format!("#if {condition}\nyes{at}\n#else\nno{at}\n#endif\n");
    }
    compare(&text);
}

#[test]
fn lines_splices_and_comments() {
    compare("a\\\nb c\\\n d /* x\n y */ e // f \\\n g\nh \"i\\\nj\" 1\\\n2 +\\\n+ k\n");
    compare("#define A 1 // c\n#define B /* x */ 2 /* y\n z */ 3\nA B\n");
    compare("/**/#/**/define/**/X/**/1\nX # \n");
    compare("#define f(a,b) [a|b]\nf(1,\n2) f(\n#define g 3\ng, (4,\n5))\nf\n(1,2)\nf\n");
    compare("#if 0\ndon't \"x\n/* #endif */ '/*'\n#else\nyes\n#endif\n");
    compare(".. ... ....5 1.e+5.x+-+--+ 0x1p-3 a->b<<=c>>=d ### <::> %:%: 1..2 .5.e-\n");
    compare(
        "__LINE__ \\\n__LINE__\n__LINE__\n#line 77\n__LINE__ __FILE__\n#line 5 \"x.c\"\n__LINE__ __FILE__\n",
    );
    compare("__COUNTER__ __COUNTER__ __INCLUDE_LEVEL__\n");
}
