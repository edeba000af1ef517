//! How programs fail.

use crate::common::failure;
use bpfc_vm::{Access, FaultKind, Place};

#[test]
fn every_kind_of_bad_access() {
    let fault = failure("r1 = 0\nr0 = *(u8 *)(r1 + 5)\nexit");
    assert_eq!(fault.insn_idx, 1);
    assert!(matches!(fault.kind, FaultKind::Null { address: 5, .. }));
    let fault = failure("r0 = 0\n*(u64 *)(r10 - 516) = r0\nexit");
    let place = Place::Stack { depth: 0 };
    assert_eq!(
        fault.kind,
        FaultKind::OutOfBounds { access: Access::Write, place, offset: -4, size: 8, limit: 512 }
    );
    let fault = failure("r0 = *(u32 *)(r10 - 2)\nexit");
    assert!(matches!(fault.kind, FaultKind::OutOfBounds { offset: 510, .. }));
    let fault = failure("r2 = *(u32 *)(r1 + 0)\nr0 = *(u64 *)(r2 + 53)\nexit");
    assert!(matches!(
        fault.kind,
        FaultKind::OutOfBounds { place: Place::Packet, offset: 53, limit: 60, .. }
    ));
    let fault = failure("*(u32 *)(r1 + 0) = 1\nexit");
    assert!(matches!(fault.kind, FaultKind::ReadOnly { place: Place::Context, .. }));
    let fault = failure("r2 = 0x7000000000 ll\nr0 = *(u8 *)(r2 + 0)\nexit");
    assert!(matches!(fault.kind, FaultKind::BadAddress { .. }));
}

#[test]
fn endless_programs_run_out_of_fuel() {
    for text in ["again: goto again", "r0 = 0\nagain: r0 += 1\nif r0 != 0 goto again\nexit"] {
        let fault = failure(text);
        assert!(matches!(fault.kind, FaultKind::OutOfFuel { .. }), "{fault}");
    }
}

#[test]
fn what_is_unknown_is_named() {
    let fault = failure("call bpf_sys_bpf\nexit");
    assert!(fault.to_string().contains("`bpf_sys_bpf`"), "{fault}");
    assert_eq!(failure("call 9999\nexit").kind, FaultKind::UnknownHelper { id: 9999 });
    assert!(matches!(failure("r0 = 0").kind, FaultKind::BadInstruction { .. }));
    assert!(matches!(failure("r10 = 1\nexit").kind, FaultKind::BadInstruction { .. }));
}
