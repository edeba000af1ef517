//! Global variables set before a program is loaded.

#![allow(clippy::unwrap_used)] // Also outside `#[test]` functions: a failed step is a failed test.

use bpfc::show::{Decoder, Value};
use bpfc::{NoHost, Object, Options, set_variable};
use bpfc_base::Session;
use bpfc_btf::Type;

const SOURCE: &str = r#"
enum mode { OFF, ON = 5 };
struct opts {
	char comm[8];
	enum mode mode;
	unsigned short ports[3];
	_Bool verbose;
	union { int level; unsigned int mask; };
	int low : 3;
	unsigned int high : 5;
};
const volatile int target_pid = -1;
const volatile struct opts opts;
unsigned long long total;
signed char small = 1;
__attribute__((section("socket"))) int f(void *ctx)
{
	total += opts.comm[0] + opts.high;
	return target_pid + small;
}
"#;

fn object() -> Object {
    let mut session = Session::default();
    let file = bpfc::add_source(&mut session, "f.c", SOURCE.as_bytes()).unwrap();
    let object = bpfc::compile(&mut session, file, &Options::default(), &mut NoHost);
    object.unwrap_or_else(|| panic!("{:?}", session.diagnostics))
}

/// The value of a variable, as people see it.
fn shown(object: &Object, name: &str) -> String {
    let btf = object.open_btf().unwrap();
    let variables = object.data.iter().flat_map(|section| {
        section.variables.iter().map(move |variable| (section.content(), variable))
    });
    let (content, variable) = variables.into_iter().find(|(_, other)| other.name == name).unwrap();
    let Ok(Type::Var { ty, .. }) = btf.ty(variable.btf.unwrap()) else { panic!("a variable") };
    let from = variable.offset as usize;
    let bytes = &content[from..from + variable.size_bytes as usize];
    match Decoder::new(&btf).decode(ty, bytes) {
        Value::Text(text) => String::from_utf8(text).unwrap(),
        value => value.to_string(),
    }
}

#[test]
fn variables_take_values_of_their_types() {
    let mut object = object();
    for (assignment, name, expected) in [
        ("target_pid=42", "target_pid", "42"),
        ("target_pid = -0x10", "target_pid", "-16"),
        ("total=0xffffffffffffffff", "total", "18446744073709551615"),
        ("total=1e6", "total", "1000000"),
        ("small=-128", "small", "-128"),
    ] {
        set_variable(&mut object, assignment).unwrap();
        assert_eq!(shown(&object, name), expected, "{assignment}");
    }
}

#[test]
fn members_and_elements_are_set_alone() {
    let mut object = object();
    for assignment in [
        "opts.comm=\"nginx\"",
        "opts.mode=ON",
        "opts.ports[1]=8080",
        "opts.verbose=true",
        "opts.mask=0xffffffff",
        "opts.low=-4",
        "opts.high=31",
    ] {
        set_variable(&mut object, assignment)
            .unwrap_or_else(|error| panic!("{assignment}: {error}"));
    }
    let shown_now = shown(&object, "opts");
    assert_eq!(
        shown_now,
        "{comm = nginx, mode = ON, ports = [0, 8080, 0], verbose = true, level = -1, \
         mask = 4294967295, low = -4, high = 31}"
    );
    set_variable(&mut object, r#"opts={"comm": "a", "ports": [1, 2, 3], "mode": "OFF"}"#).unwrap();
    assert!(
        shown(&object, "opts")
            .starts_with("{comm = a, mode = OFF, ports = [1, 2, 3], verbose = true")
    );
    set_variable(&mut object, "opts.comm=ssh").unwrap();
    assert!(shown(&object, "opts").starts_with("{comm = ssh,"));
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut object = object();
    let before: Vec<Vec<u8>> = object.data.iter().map(|section| section.content()).collect();
    for (assignment, problem) in [
        ("target_pid", "is not NAME=VALUE"),
        ("target_pd=1", "there is no variable `target_pd`; did you mean `target_pid`?"),
        ("target_pid=many", "expected a number, found `\"many\"`"),
        ("target_pid=3000000000", "3000000000 is not in -2147483648..=2147483647"),
        ("small=128", "128 is not in -128..=127"),
        ("total=-1", "-1 is not in 0..=18446744073709551615"),
        ("total=1.5", "expected a number"),
        ("opts.com=\"a\"", "no member `com`; did you mean `comm`?"),
        ("opts.comm=\"12345678\"", "the text has 8 bytes, there is room for 7"),
        ("opts.mode=ONN", "`ONN` is no value of the enumeration; did you mean `ON`?"),
        ("opts.ports[3]=1", "there are 3 elements, and none with index 3"),
        ("opts.ports[x]=1", "`x` is no index"),
        ("opts.ports[1=1", "`[` without `]`"),
        ("opts.ports=[1,2]", "2 elements for an array of 3"),
        ("opts.low=4", "4 is not in -4..=3"),
        ("opts.verbose=2", "2 is not in 0..=1"),
        ("opts=5", "expected an object"),
        ("target_pid.x=5", "`.x` of what has no members"),
        (r#"opts={"mode": 1, "nope": 2}"#, "no member `nope`"),
    ] {
        let error = set_variable(&mut object, assignment).expect_err(assignment);
        assert!(error.contains(problem), "{assignment}: {error}");
    }
    let after: Vec<Vec<u8>> = object.data.iter().map(|section| section.content()).collect();
    assert_eq!(before, after);
}
