//! A little of everything.

use crate::common::{Builder, result, run, vm};
use bpfc_kabi::MapType;
use bpfc_object::DataKind;
use bpfc_vm::Input;

#[test]
fn arithmetic_and_calls() {
    assert_eq!(result("r0 = 40\nr0 += 2\nexit"), 42);
    let object = Builder::new()
        .func("prog", "xdp", "r6 = 5\nr1 = 7\ncall twice\nr0 += r6\nexit")
        .func("twice", ".text", "r6 = r1\nr0 = r1\nr0 += r6\nexit")
        .build();
    assert_eq!(run(&mut vm(&object), &object, &Input::default()).unwrap().ret, 19);
}

#[test]
fn packets_are_seen_through_the_context() {
    let text = "
        r2 = *(u32 *)(r1 + 0)
        r3 = *(u32 *)(r1 + 4)
        r4 = r2
        r4 += 14
        if r4 > r3 goto short
        r0 = *(u16 *)(r2 + 12)
        r0 = be16 r0
        *(u8 *)(r2 + 0) = 7
        exit
        short: r0 = 1
        exit";
    let object = Builder::new().func("prog", "xdp", text).build();
    let mut packet = vec![0; 60];
    packet[12..14].copy_from_slice(&[0x86, 0xdd]);
    let input = Input { packet: Some(packet.clone()), ..Input::default() };
    let outcome = run(&mut vm(&object), &object, &input).unwrap();
    assert_eq!(outcome.ret, 0x86dd);
    packet[0] = 7;
    assert_eq!(outcome.packet, Some(packet));
}

#[test]
fn counting_in_a_map_and_in_data() {
    let text = "
        *(u32 *)(r10 - 4) = 3
        r1 = hits ll
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
        if r0 == 0 goto out
        r1 = 1
        lock *(u64 *)(r0 + 0) += r1
        r2 = .data ll
        r1 = *(u32 *)(r2 + 0)
        r1 += 1
        *(u32 *)(r2 + 0) = r1
        out: r0 = 2
        exit";
    let object = Builder::new()
        .map("hits", MapType::Array, 4, 8, 8)
        .data(".data", DataKind::Data, &40u32.to_le_bytes())
        .func("prog", "xdp", text)
        .build();
    let mut vm = vm(&object);
    for _ in 0..2 {
        assert_eq!(run(&mut vm, &object, &Input::default()).unwrap().ret, 2);
    }
    let hits = vm.map(object.map("hits").unwrap());
    assert_eq!(hits.entries[3].values, [2u64.to_le_bytes().to_vec()]);
    let data = vm.data(object.data_section(".data").unwrap());
    assert_eq!(data, 42u32.to_le_bytes());
}
