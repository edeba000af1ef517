//! Which tests a file has.

use bpfc_kabi::bench::{SETUP_SECTION, TEST_SECTION};
use bpfc_object::{FuncId, Object};
use bpfc_testkit::{Step, TestFile};

/// The word that begins a scenario of its own: `//~ test NAME`.
pub const TEST_VERB: &str = "test";
/// The word that says that the verifier must refuse a program: `//~ rejected CODE`.
pub const REJECTED_VERB: &str = "rejected";

/// The name of a scenario that has none.
const SCENARIO: &str = "scenario";

/// A scenario of a file, played on a machine of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What `//~ test` says.
    pub name: String,
    /// Where it begins, from 1.
    pub line: u32,
    /// What is done.
    pub steps: Vec<Step>,
}

/// The test functions of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Functions {
    /// What runs before each.
    pub setups: Vec<FuncId>,
    /// Their names and numbers, in the order of the source.
    pub tests: Vec<(String, FuncId)>,
}

/// The scenarios of a file. What is in front of the first `//~ test` is one too, if it does anything.
pub fn parts(file: &TestFile) -> Vec<Part> {
    let mut parts = vec![Part { name: SCENARIO.to_owned(), line: 0, steps: Vec::new() }];
    let begins = file.verbs.iter().filter(|verb| verb.name == TEST_VERB);
    parts.extend(begins.map(|verb| Part {
        name: verb.rest.clone(),
        line: verb.line,
        steps: Vec::new(),
    }));
    for step in &file.steps {
        let of_step = parts.iter_mut().rev().find(|part| part.line < step.line);
        if let Some(part) = of_step {
            part.line = if part.line == 0 { step.line - 1 } else { part.line };
            part.steps.push(step.clone());
        }
    }
    if parts[0].steps.is_empty() {
        parts.remove(0);
    }
    parts
}

/// The test functions of an object.
pub fn functions(object: &Object) -> Functions {
    let mut functions = Functions::default();
    for (id, function) in object.functions.iter_enumerated() {
        match function.section.as_str() {
            SETUP_SECTION => functions.setups.push(id),
            TEST_SECTION => functions.tests.push((function.name.clone(), id)),
            _ => {}
        }
    }
    functions
}

/// Whether a function of this section is a test or belongs to one.
pub fn is_of_test(section: &str) -> bool {
    matches!(section, SETUP_SECTION | TEST_SECTION)
}

/// The object with its test functions as functions that nobody calls: numbers of what it holds stay as they are.
pub fn without_tests(object: &Object) -> Object {
    let mut object = object.clone();
    for function in object.functions.iter_mut().filter(|function| is_of_test(&function.section)) {
        function.section = ".text".to_owned();
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_begin_where_they_are_named() {
        let verbs = [TEST_VERB.to_owned()];
        let text =
            "//~ run == 1\nint x;\n//~ test second\n//~ run == 2\n//~ run == 3\n//~ test empty\n";
        let file = TestFile::parse(text, "//", &[], &verbs).unwrap();
        let found: Vec<(String, u32, usize)> =
            parts(&file).into_iter().map(|part| (part.name, part.line, part.steps.len())).collect();
        let expected = [("scenario", 0, 1), ("second", 3, 2), ("empty", 6, 0)];
        assert_eq!(found, expected.map(|(name, line, n)| (name.to_owned(), line, n)));
        let file = TestFile::parse("//~ test only\n//~ run\n", "//", &[], &verbs).unwrap();
        assert_eq!(parts(&file).len(), 1);
    }
}
