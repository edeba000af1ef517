//! The examples that take packets: ours and clang's objects, in the virtual machine and on the
//! kernel, give the same results for the same packets and leave the same maps behind.

use crate::compilers::clang_object;
use crate::support::{compile, options};
use bpfc::{Cpu, Object, OptLevel};
use bpfc_tester::{Engine, Given};
use bpfc_tester::{Machine, Real};
use bpfc_testkit::Failure;
use bpfc_vm::EngineChoice;
use std::path::PathBuf;

/// The examples, each with one program.
const EXAMPLES: [&str; 4] = ["xdp_count", "xdp_firewall", "tc_rewrite", "socket_http"];
/// Keys of their maps are smaller than this.
const MAX_KEY: u32 = 64;

/// What an engine made of all packets: results and packets, then maps.
#[derive(Debug, PartialEq, Eq)]
struct Observed {
    runs: Vec<(u32, Option<Vec<u8>>)>,
    maps: Vec<(String, u32, Vec<Vec<u8>>)>,
}

#[test]
fn all_objects_and_engines_agree_on_the_capture() {
    let packets = packets();
    assert_eq!(packets.len(), 15, "the capture was read");
    for name in EXAMPLES {
        let ours = ours(name, OptLevel::O2);
        let mut vm = Machine::new(&ours, EngineChoice::Both).expect("a machine");
        let expected = observe(&ours, &mut vm, &packets);
        assert!(!expected.maps.is_empty(), "{name} leaves something in its maps");
        let unoptimised = ours_on_vm(name, OptLevel::O0, &packets);
        assert_eq!(unoptimised, expected, "{name} at -O0");
        let mut objects = vec![("ours", ours)];
        match clang_object(&source(name), &[]) {
            Ok(theirs) => {
                let mut vm = Machine::new(&theirs, EngineChoice::Both).expect("a machine");
                assert_eq!(observe(&theirs, &mut vm, &packets), expected, "{name} by clang");
                objects.push(("clang's", theirs));
            }
            Err(reason) => bpfc_testkit::skipped(format!("{name} by clang: {}", words(&reason))),
        }
        for (whose, object) in objects {
            match Real::new(&object) {
                Ok(mut kernel) => {
                    let observed = observe(&object, &mut kernel, &packets);
                    assert_eq!(observed, expected, "{name}, {whose} object on the kernel");
                }
                Err(Failure::NeedsKernel(reason))
                    if std::env::var_os("BPFC_REQUIRE_KERNEL").is_none() =>
                {
                    bpfc_testkit::skipped(format!("{name} on the kernel: {reason}"));
                }
                Err(failure) => panic!("{name}, {whose} object on the kernel: {}", words(&failure)),
            }
        }
    }
}

fn words(failure: &Failure) -> &str {
    match failure {
        Failure::Failed(text) | Failure::Skipped(text) | Failure::NeedsKernel(text) => text,
    }
}

fn source(name: &str) -> PathBuf {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    root.join("examples").join(format!("{name}.c"))
}

fn ours(name: &str, level: OptLevel) -> Object {
    let path = source(name);
    let text = std::fs::read(&path).expect("the example is there");
    let compiled = compile(&path.to_string_lossy(), &text, &options(level, Cpu::V3));
    let messages = compiled.messages();
    compiled.object.unwrap_or_else(|| panic!("{name}: {messages}"))
}

fn ours_on_vm(name: &str, level: OptLevel, packets: &[Vec<u8>]) -> Observed {
    let object = ours(name, level);
    let mut vm = Machine::new(&object, EngineChoice::Both).expect("a machine");
    observe(&object, &mut vm, packets)
}

fn observe(object: &Object, engine: &mut dyn Engine, packets: &[Vec<u8>]) -> Observed {
    let (program, _) = object.programs().next().expect("one program");
    let runs = packets.iter().map(|packet| {
        let given = Given { packet: Some(packet.clone()), ..Given::default() };
        let gave = engine.run(program, &given).expect("no fault");
        (gave.result, gave.packet)
    });
    let runs = runs.collect();
    let mut maps = Vec::new();
    for (id, map) in object.maps.iter_enumerated() {
        for key in 0..MAX_KEY {
            let bytes = &key.to_le_bytes()[..map.key_size_bytes as usize];
            let values = engine.lookup(id, bytes).expect("a map to look into");
            maps.extend(values.map(|values| (map.name.clone(), key, values)));
        }
    }
    Observed { runs, maps }
}

/// The packets of `examples/mixed.pcap`: a header of 24 bytes, then records with one of 16.
fn packets() -> Vec<Vec<u8>> {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let capture = std::fs::read(root.join("examples/mixed.pcap")).expect("the capture is there");
    let mut rest = &capture[24..];
    let mut packets = Vec::new();
    while let Some((header, behind)) = rest.split_first_chunk::<16>() {
        let length = u32::from_le_bytes(*header[8..12].first_chunk().expect("four bytes"));
        let (packet, behind) = behind.split_at(length as usize);
        packets.push(packet.to_vec());
        rest = behind;
    }
    packets
}
