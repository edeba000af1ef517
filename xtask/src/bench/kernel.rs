//! Time of programs in the running kernel, on the packets of a capture.

use super::Result;
use bpfc_loader::{Kernel, LoadOptions, Program, TestInput, load};
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
