//! Time of programs in the running kernel, on the packets of a capture.

use super::Result;
use bpfc_loader::{Kernel, LoadOptions, Loaded, ProgKind, Program, TestInput, load};
use bpfc_object::Object;
use std::path::Path;

/// How often the kernel repeats a run.
const REPEAT: u32 = 50_000;
/// Of so many measurements the fastest counts: whatever disturbs only ever adds.
const N_TRIES: usize = 5;

/// The packets of a pcap file of little-endian machines.
pub fn packets(path: &Path) -> Result<Vec<Vec<u8>>> {
    let bytes = std::fs::read(path)?;
    if bytes.get(..4) != Some(&[0xd4, 0xc3, 0xb2, 0xa1]) {
        return Err("not a little-endian pcap file".into());
    }
    let mut rest = bytes.get(24..).ok_or("a capture without its header")?;
    let mut packets = Vec::new();
    while let Some((header, data)) = rest.split_at_checked(16) {
        let length = [header[8], header[9], header[10], header[11]];
        let length = u32::from_le_bytes(length) as usize;
        let (packet, next) = data.split_at_checked(length).ok_or("a cut capture")?;
        packets.push(packet.to_vec());
        rest = next;
    }
    Ok(packets)
}

/// What the kernel says of one program.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// Instructions that the verifier went through.
    pub n_verified: Option<u32>,
    /// Mean nanoseconds of a run on the packets, where it can be run on packets.
    pub run_ns: Option<f64>,
    /// Why the kernel does not take it.
    pub complaint: Option<String>,
}

/// Where maps that are pinned by name go, and are removed again.
const PIN_FOLDER: &str = "/sys/fs/bpf/bpfc-bench";

/// Loads and runs the programs of objects made of one source. Runs take turns, so that all see
/// the same machine.
pub fn measure(objects: &[Object], packets: &[Vec<u8>]) -> Vec<Vec<Measured>> {
    let mut measured = Vec::new();
    let mut loaded = Vec::new();
    for object in objects {
        let (figures, programs) = load_each(object);
        measured.push(figures);
        loaded.push(programs);
    }
    for _ in 0..N_TRIES {
        for (figures, programs) in measured.iter_mut().zip(&loaded) {
            for (figure, loaded) in figures.iter_mut().zip(programs) {
                let program = loaded.as_ref().and_then(|loaded| loaded.programs.first());
                let time = program.filter(|p| takes_packets(p)).and_then(|p| one_try(p, packets));
                figure.run_ns = match (figure.run_ns, time) {
                    (Some(old), Some(new)) => Some(old.min(new)),
                    (old, new) => old.or(new),
                };
            }
        }
    }
    measured
}

/// Loads each program by itself, so that one which is refused does not hide the others, and keeps
/// those that can be run on packets.
fn load_each(object: &Object) -> (Vec<Measured>, Vec<Option<Loaded>>) {
    let kernel = Kernel::new();
    let mut figures = Vec::new();
    let mut programs = Vec::new();
    for func in object.functions.ids() {
        let function = &object.functions[func];
        if ProgKind::of(function).is_none() {
            continue;
        }
        // Without the folder, pinning fails and says so.
        let _ = std::fs::create_dir(PIN_FOLDER);
        let options = LoadOptions {
            programs: Some(vec![func]),
            pin_folder: PIN_FOLDER.into(),
            ..LoadOptions::default()
        };
        let outcome = load(object, &kernel, &options);
        let _ = std::fs::remove_dir_all(PIN_FOLDER);
        let mut figure = Measured { name: function.name.clone(), ..Measured::default() };
        match outcome {
            Ok(loaded) => {
                let program = loaded.programs.first();
                figure.n_verified = program.and_then(|program| program.n_verified().ok()?);
                // Others give their maps back, which take a lot of memory in some projects.
                programs.push(Some(loaded).filter(|l| l.programs.iter().any(takes_packets)));
            }
            Err(error) => {
                figure.complaint = Some(error.to_diagnostic().message);
                programs.push(None);
            }
        }
        figures.push(figure);
    }
    (figures, programs)
}

fn takes_packets(program: &Program) -> bool {
    use bpfc_kabi::ProgType::*;
    matches!(program.kind().prog_type, Xdp | SchedCls | SchedAct | SocketFilter)
}

/// Mean nanoseconds of a run of the object's first program; `None` where it cannot be run.
pub fn run_ns(object: &Object, packets: &[Vec<u8>]) -> Option<f64> {
    let loaded = load(object, &Kernel::new(), &LoadOptions::default()).ok()?;
    let program = loaded.programs.first()?;
    let tries = (0..N_TRIES).filter_map(|_| one_try(program, packets));
    tries.min_by(f64::total_cmp)
}

fn one_try(program: &Program, packets: &[Vec<u8>]) -> Option<f64> {
    let mut total = 0.0;
    let mut n_packets = 0;
    for packet in packets {
        let input = TestInput { data: packet, ctx: &[], repeat: REPEAT };
        // The kernel refuses some packets for some program types.
        if let Ok(output) = program.test_run(&input) {
            total += f64::from(output.duration_ns);
            n_packets += 1;
        }
    }
    (n_packets > 0).then(|| total / f64::from(n_packets))
}
