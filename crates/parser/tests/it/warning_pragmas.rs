//! `#pragma GCC diagnostic`: what is in force where.

use crate::support::{Disk, reports, session};
use bpfc_base::Span;
use bpfc_parser::{NoTypeNames, PpOptions, WarningLevel, parse};

/// The settings at each place in `text` that the word `here` marks, in order of the
/// tokens, as `+name` (warning), `-name` (ignored) and `!name` (error).
fn settings(text: &str) -> Vec<String> {
    let (mut session, file) = session("test.c", text);
    let mut disk = Disk::default();
    let options = PpOptions::default();
    let stream = bpfc_parser::preprocess(&mut session, file, &options, &mut disk);
    let here = session.intern("here");
    let places: Vec<Span> =
        stream.tokens.iter().filter(|token| token.is_ident(here)).map(|token| token.span).collect();
    let show = |span: &Span| {
        let settings = stream.warning_pragmas.at(&session.sources, *span);
        let texts = settings.iter().map(|setting| {
            let mark = match setting.level {
                WarningLevel::Ignored => '-',
                WarningLevel::Warning => '+',
                WarningLevel::Error => '!',
            };
            format!("{mark}{}", setting.name)
        });
        texts.collect::<Vec<_>>().join(" ")
    };
    places.iter().map(show).collect()
}

#[test]
fn settings_hold_from_the_pragma_on() {
    let text = "here\n#pragma GCC diagnostic ignored \"-Wunused\"\nhere\n\
                #pragma clang diagnostic error \"-Wshadow\"\nhere\n\
                #pragma GCC diagnostic warning \"-Wunused\"\nhere\n";
    assert_eq!(settings(text), ["", "-unused", "-unused !shadow", "!shadow +unused"]);
}

#[test]
fn push_and_pop() {
    let text = "#pragma GCC diagnostic ignored \"-Wa\"\nhere\n\
                #pragma GCC diagnostic push\n#pragma GCC diagnostic fatal \"-Wb\"\nhere\n\
                #pragma GCC diagnostic pop\nhere\n";
    assert_eq!(settings(text), ["-a", "-a !b", "-a"]);
}

#[test]
fn pragmas_of_a_macro_hold_inside_of_it_and_behind() {
    let text = "#define QUIET(x) _Pragma(\"GCC diagnostic push\") \
                _Pragma(\"GCC diagnostic ignored \\\"-Wa\\\"\") here inner(x) \
                _Pragma(\"GCC diagnostic pop\") here\n\
                #define inner(x) here x\n\
                #define OFF _Pragma(\"GCC diagnostic ignored \\\"-Wb\\\"\")\n\
                here QUIET(here) here OFF here\nhere\n";
    assert_eq!(settings(text), ["", "-a", "-a", "", "", "", "-b", "-b"]);
}

#[test]
fn mistakes_are_warnings() {
    let text = "#pragma GCC diagnostic\n#pragma GCC diagnostic off \"-Wa\"\n\
                #pragma GCC diagnostic ignored -Wa\n#pragma GCC diagnostic pop\n\
                #pragma GCC warning \"careful\"\n_Pragma(\"GCC error \\\"stop\\\"\")\n";
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
            "test.c:5:1: W0103: careful".to_owned(),
            "test.c:6:1: E0110: stop".to_owned(),
        ]
    );
}
