//! `#pragma GCC diagnostic`: what is in force where.

use crate::support::{Disk, reports, session};
use bpfc_base::Span;
use bpfc_base::warnings::{Flag, Level};
use bpfc_parser::{NoTypeNames, PpOptions, parse};

/// The levels of some flags at each place in `text` that the word `here` marks, in order of
/// the tokens: `+name` (warning), `-name` (ignored) and `!name` (error), where they are not
/// those of the command line.
fn settings(text: &str) -> Vec<String> {
    let (mut session, file) = session("test.c", text);
    let mut disk = Disk::default();
    let options = PpOptions::default();
    let stream = bpfc_parser::preprocess(&mut session, file, &options, &mut disk);
    let here = session.intern("here");
    let places: Vec<Span> =
        stream.tokens.iter().filter(|token| token.is_ident(here)).map(|token| token.span).collect();
    let show = |span: &Span| {
        let shown = ["cpp", "constant-conversion", "undef"].iter().filter_map(|name| {
            let flag = Flag::find(name).expect("a flag of ours");
            let level = session.level_at(flag, *span);
            let mark = match level {
                Level::Off => '-',
                Level::Warning => '+',
                Level::Error(_) => '!',
            };
            (level != session.warnings.of_command_line().level(flag))
                .then(|| format!("{mark}{name}"))
        });
        shown.collect::<Vec<_>>().join(" ")
    };
    places.iter().map(show).collect()
}

#[test]
fn settings_hold_from_the_pragma_on() {
    let text = "here\n#pragma GCC diagnostic ignored \"-Wcpp\"\nhere\n\
                #pragma clang diagnostic error \"-Wundef\"\nhere\n\
                #pragma GCC diagnostic warning \"-Wcpp\"\nhere\n";
    assert_eq!(settings(text), ["", "-cpp", "-cpp !undef", "!undef"]);
}

#[test]
fn push_and_pop() {
    let text = "#pragma GCC diagnostic ignored \"-Wcpp\"\nhere\n\
                #pragma GCC diagnostic push\n#pragma GCC diagnostic fatal \"-Wundef\"\nhere\n\
                #pragma GCC diagnostic pop\nhere\n";
    assert_eq!(settings(text), ["-cpp", "-cpp !undef", "-cpp"]);
}

#[test]
fn pragmas_of_a_macro_hold_inside_of_it_and_behind() {
    let text = "#define QUIET(x) _Pragma(\"GCC diagnostic push\") \
                _Pragma(\"GCC diagnostic ignored \\\"-Wcpp\\\"\") here inner(x) \
                _Pragma(\"GCC diagnostic pop\") here\n\
                #define inner(x) here x\n\
                #define ON _Pragma(\"GCC diagnostic warning \\\"-Wundef\\\"\")\n\
                here QUIET(here) here ON here\nhere\n";
    assert_eq!(settings(text), ["", "-cpp", "-cpp", "-cpp", "", "", "+undef", "+undef"]);
}

#[test]
fn mistakes_are_warnings() {
    let text = "#pragma GCC diagnostic\n#pragma GCC diagnostic off \"-Wa\"\n\
                #pragma GCC diagnostic ignored -Wa\n#pragma GCC diagnostic pop\n\
                #pragma GCC diagnostic ignored \"-Wundfe\"\n#pragma GCC warning \"careful\"\n_Pragma(\"GCC error \\\"stop\\\"\")\n";
    let (mut session, file) = session("test.c", text);
    let options = PpOptions::default();
    parse(&mut session, file, &options, &mut Disk::default(), &mut NoTypeNames);
    let expected = "expected `push`, `pop`, or `ignored`, `warning` or `error` with a string \
                    `\"-W…\"`";
    assert_eq!(
        reports(&session),
        [
            format!("test.c:1:1: W0102: {expected}"),
            format!("test.c:2:24: W0102: {expected}"),
            format!("test.c:3:32: W0102: {expected}"),
            "test.c:4:1: W0102: `diagnostic pop` without `diagnostic push`".to_owned(),
            "test.c:5:32: W0105: unknown warning `-Wundfe`: ignored".to_owned(),
            "test.c:6:1: W0103: careful".to_owned(),
            "test.c:7:1: E0110: stop".to_owned(),
        ]
    );
}
