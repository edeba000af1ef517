//! Skeletons of good and of damaged objects.

use crate::support::compile;
use bpfc::{Language, Options, SkeletonOptions, object_name, skeleton};

const LANGUAGES: [Language; 4] = [Language::C, Language::Rust, Language::Python, Language::Go];

fn all(bytes: &[u8]) -> Vec<Result<String, String>> {
    let text = |language| {
        let options = SkeletonOptions { language, name: "types", package: "main" };
        skeleton("types.o", bytes, &options).map_err(|error| error.message)
    };
    LANGUAGES.map(text).to_vec()
}

fn object(text: &[u8]) -> Vec<u8> {
    let compiled = compile("types.c", text, &Options::default());
    let messages = compiled.messages();
    bpfc_object::write(&compiled.object.unwrap_or_else(|| panic!("{messages}")))
        .expect("an object that can be written")
}

const TYPES: &[u8] = include_bytes!("../../../loaders/tests/programs/types.c");

#[test]
fn skeletons_are_the_same_each_time() {
    let bytes = object(TYPES);
    let first = all(&bytes);
    assert!(first.iter().all(Result::is_ok), "{first:?}");
    assert_eq!(first, all(&bytes));
}

#[test]
fn skeletons_keep_to_the_layout_of_big_endian_objects() {
    let options = Options { endian: bpfc::Endian::Big, ..Options::default() };
    let compiled = compile("types.c", TYPES, &options);
    let bytes = bpfc_object::write(&compiled.object.unwrap()).unwrap();
    let [_, rust, python, go] = all(&bytes).try_into().unwrap();
    assert!(rust.unwrap().contains("7 - at % 8"));
    assert!(python.unwrap().contains("\"big\""));
    assert!(go.unwrap().contains("//go:build armbe"));
}

#[test]
fn objects_without_types_have_no_skeleton() {
    let error = skeleton(
        "a.o",
        b"\x7fELF",
        &SkeletonOptions { language: Language::C, name: &object_name("a.o"), package: "main" },
    );
    assert_eq!(error.unwrap_err().code.to_string(), "E0801");
}

/// What is wrong with a file is an error, or nothing that matters; never a panic, and no text without bounds.
#[test]
fn damaged_objects_are_survived() {
    let good = object(TYPES);
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % n
    };
    let btf = good.windows(4).position(|bytes| bytes == [0x9f, 0xeb, 1, 0]).unwrap();
    let mut n_good = 0;
    for round in 0..400 {
        let mut bytes = good.clone();
        for _ in 0..1 + random(4) {
            let at = if round % 4 == 0 { random(bytes.len()) } else { btf + 24 + random(2000) };
            let at = at.min(bytes.len() - 1);
            bytes[at] = if random(2) == 0 { random(256) as u8 } else { bytes[at] ^ 1 << random(8) };
        }
        for text in all(&bytes) {
            n_good += usize::from(text.as_ref().is_ok_and(|text| text.len() < 1 << 22));
        }
    }
    assert!(n_good > 100, "{n_good}");
}
