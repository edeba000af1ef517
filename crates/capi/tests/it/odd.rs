//! Every function with NULL and odd values: none crashes, each says that the call was wrong.

use crate::support::{Stage, folder, has_kernel, succeeds};
use std::fmt::Write;

/// A function of the header.
struct Function {
    result: String,
    name: String,
    /// Types and names.
    parameters: Vec<(String, String)>,
}

fn functions() -> Vec<Function> {
    let header = std::fs::read_to_string(folder().join("include/bpfc.h")).unwrap();
    let code: Vec<&str> =
        header.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join(" ");
    let (_, code) = code.split_once("extern \"C\" {").unwrap();
    let (_, code) = code.split_once("__cplusplus").unwrap();
    let declarations = code.split(';').filter_map(|declaration| {
        let (head, parameters) = declaration.trim().strip_suffix(')')?.split_once('(')?;
        let split = |text: &str| {
            let at = text.rfind([' ', '*']).map_or(0, |at| at + 1);
            (text[..at].trim().to_owned(), text[at..].to_owned())
        };
        let (result, name) = split(head.trim_start_matches('/').trim());
        let parameters = parameters.split(',').map(|parameter| split(parameter.trim()));
        let parameters = parameters.filter(|(ty, _)| !ty.is_empty()).collect();
        Some(Function { result, name, parameters })
    });
    declarations.collect()
}

/// A value for a parameter in one round.
fn value(ty: &str, name: &str, round: usize) -> String {
    let pick = |values: &[&str]| values[round % values.len()].to_owned();
    match ty {
        "struct bpfc_error **" => "&error".into(),
        // A packet may be run often, and a wait may be long.
        _ if matches!(name, "repeat" | "timeout_ms") => "0".into(),
        // As much as there is, and what cannot be: who says that there is more is believed.
        "size_t" => pick(&["0", "1", "4", "8", "60", "SIZE_MAX"]),
        "int" => pick(&["0", "1", "2", "-1", "INT_MAX", "INT_MIN"]),
        "uint32_t" => pick(&["0", "1"]),
        "const char *" => pick(&["NULL", "empty", "bad", "word", "long_text", "json", "count"]),
        "bpfc_event_fn" => pick(&["NULL", "on_event"]),
        "bpfc_element_fn" => pick(&["NULL", "on_element"]),
        "const void *" => pick(&["NULL", "room"]),
        "void *" => pick(&["room", "NULL", "room"]),
        "char **" => pick(&["&text", "NULL"]),
        "size_t *" => pick(&["&size", "NULL"]),
        "struct bpfc_report **" => "NULL".into(),
        object => {
            let object = object.trim_start_matches("const ").trim_end_matches(" *");
            let object = object.trim_start_matches("struct ").to_owned();
            // NULL in every second round.
            if round.is_multiple_of(2) { "NULL".into() } else { format!("the_{object}") }
        }
    }
}

const HEAD: &str = r##"
#include <bpfc.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty[128], bad[128] = "\xff\xfe", word[128] = "x", json[128] = "{\"a\": [1, null, 1e999, -5]}", count[128] = "count";
static char long_text[128] = "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((";
static char room[1 << 20], *text;
static size_t size;
static struct bpfc_error *error;
static int on_event(void *user, const struct bpfc_event *event) { (void)user; (void)event; return 0; }
static int on_element(void *user, const void *k, size_t n, const void *v, size_t m)
{
    (void)user; (void)k; (void)n; (void)v; (void)m;
    return 0;
}
static const char source[] =
    "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n"
    "struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } count SEC(\".maps\");\n"
    "struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } x SEC(\".maps\");\n"
    "SEC(\"raw_tp/sys_enter\") int on_enter(void *ctx) { __u32 k = 0; bpf_map_lookup_elem(&count, &k); bpf_ringbuf_output(&x, &k, 4, 0); return 0; }\n"
    "char LICENSE[] SEC(\"license\") = \"GPL\";\n";
/* After a call: a failure has a text and a status, which is that of the result. */
static void after(const char *name, int has_failed, int status)
{
    if (!error && has_failed) { printf("%s failed without an error\n", name); exit(1); }
    if (error && (bpfc_error_status(error) >= 0 || !strlen(bpfc_error_text(error)))) { printf("%s: no status\n", name); exit(1); }
    if (error && status < 0 && status != bpfc_error_status(error)) { printf("%s: another status\n", name); exit(1); }
    if (error && bpfc_error_status(error) == BPFC_ERROR_BUG) { printf("%s: %s\n", name, bpfc_error_text(error)); exit(1); }
    if (error && error != the_bpfc_error) bpfc_error_free(error);
    error = NULL;
}
"##;

const OBJECTS: [&str; 10] =
    ["error", "report", "options", "object", "machine", "run", "loaded", "link", "map", "events"];

const SETUP: &str = r#"
    the_bpfc_options = bpfc_options_new(NULL);
    the_bpfc_object = bpfc_compile("odd.c", source, BPFC_NUL_TERMINATED, NULL, NULL);
    if (!the_bpfc_object) return 1;
    bpfc_compile("wrong.c", "int x = y;", BPFC_NUL_TERMINATED, NULL, &the_bpfc_error);
    the_bpfc_report = bpfc_object_report(the_bpfc_object, NULL);
    the_bpfc_machine = bpfc_object_machine(the_bpfc_object, NULL);
    the_bpfc_run = bpfc_machine_run(the_bpfc_machine, "on_enter", NULL, 0, NULL, 0, NULL);
    the_bpfc_map = bpfc_machine_map(the_bpfc_machine, "count", NULL);
    if (argc > 1) {
        the_bpfc_loaded = bpfc_object_load(the_bpfc_object, NULL);
        the_bpfc_link = bpfc_loaded_attach_program(the_bpfc_loaded, "on_enter", NULL, NULL);
        the_bpfc_map = bpfc_loaded_map(the_bpfc_loaded, argc > 2 ? "x" : "count", NULL);
        the_bpfc_events = bpfc_loaded_events(the_bpfc_loaded, "x", NULL);
        if (!the_bpfc_loaded || !the_bpfc_link || !the_bpfc_map || !the_bpfc_events) return 2;
    }
"#;

/// Rounds of odd values: enough for each value beside many others.
const N_ROUNDS: usize = 210;

fn program() -> String {
    let mut code = String::new();
    let objects =
        OBJECTS.map(|object| format!("static struct bpfc_{object} *the_bpfc_{object};\n"));
    code.push_str(&HEAD.replace("/* After", &format!("{}/* After", objects.concat())));
    let functions = functions();
    assert_eq!(functions.len(), crate::symbols::declared().len());
    for function in &functions {
        let name = &function.name;
        let is_free = name.ends_with("_free");
        let parameters = &function.parameters;
        let has_error = parameters.iter().any(|(ty, _)| ty == "struct bpfc_error **");
        writeln!(code, "static void odd_{name}(void)\n{{").unwrap();
        let mut calls = std::collections::BTreeSet::new();
        for round in 0..N_ROUNDS {
            let value = |(idx, (ty, name)): (usize, &(String, String))| match is_free {
                true => "NULL".to_owned(),
                // All parameters change against each other.
                false => value(ty, name, round / (1 + 2 * idx) + idx * (round / 7)),
            };
            let values: Vec<String> = parameters.iter().enumerate().map(value).collect();
            let call = format!("{name}({})", values.join(", "));
            calls.insert(call);
        }
        for call in calls {
            match (function.result.as_str(), has_error) {
                ("void", _) => writeln!(code, "    {call};"),
                ("int", true) => {
                    writeln!(code, "    {{ int r = {call}; after(\"{name}\", r < 0, r); }}")
                }
                (result, true) if result.ends_with('*') => {
                    writeln!(code, "    {{ {result} r = {call}; after(\"{name}\", !r, 0); }}")
                }
                _ => writeln!(code, "    (void){call};"),
            }
            .unwrap();
        }
        code.push_str("}\n");
    }
    code.push_str("int main(int argc, char **argv)\n{\n    (void)argv;\n");
    code.push_str(SETUP);
    for function in &functions {
        writeln!(code, "    odd_{}();", function.name).unwrap();
    }
    code.push_str("    puts(\"survived\");\n    return 0;\n}\n");
    code
}

#[test]
fn odd_values_are_errors() {
    let stage = Stage::new("odd");
    let source = stage.path().join("odd.c");
    std::fs::write(&source, program()).unwrap();
    let Some(program) = stage.compile(&["gcc", "-std=c11", "-O0", "-w"], &source) else { return };
    assert!(succeeds(&stage.command(&program).output().unwrap()).contains("survived"));
    if has_kernel() {
        for args in [&["kernel"][..], &["kernel", "ring"]] {
            let output = stage.command(&program).args(args).output().unwrap();
            assert!(succeeds(&output).contains("survived"));
        }
    }
}
