//! Loads `types.c` through its skeleton, which is beside this file.

#[path = "types.skel.rs"]
mod skel;

use libbpf_rs::skel::{OpenSkel, Skel, SkelBuilder};
use libbpf_rs::{MapCore, MapFlags, ProgramInput, RingBufferBuilder};
use skel::TypesSkelBuilder;
use skel::types::{Plain, event, match__key, wide};

fn main() {
    let mut storage = std::mem::MaybeUninit::uninit();
    let mut open = TypesSkelBuilder::default().open(&mut storage).unwrap();
    let rodata = open.maps.rodata_data.as_deref_mut().unwrap();
    rodata.wanted.points[1][0].x = 42;
    rodata.wanted.time = 1234;
    let mut skel = open.load().unwrap();
    let input = ProgramInput { data_in: Some(&[0; 64]), ..Default::default() };
    println!("{}", skel.progs.r#move.test_run(input).unwrap().return_value);
    let data = skel.maps.data_data.as_deref().unwrap();
    let bss = skel.maps.bss_data.as_deref().unwrap();
    let flags = data.flags;
    let (a, b, c, k) = (flags.a(), flags.b(), flags.c(), flags.k());
    println!("{} {a} {b} {c} {k} {}", bss.counter, flags.tail);
    let mut builder = RingBufferBuilder::new();
    let show = |bytes: &[u8]| {
        let e = event::from_bytes(bytes).unwrap();
        let (packed, high) = (e.packed.b, unsafe { e.__anon_1.halves.high });
        println!("{} {} {packed} {high} {}", e.time, e.flags.b(), e.points[1][2].y);
        assert_eq!(e.wide, wide::HUGE_ONE);
        0
    };
    builder.add(&skel.maps.events, show).unwrap();
    builder.build().unwrap().consume().unwrap();
    let mut value = event { time: 77, ..event::default() };
    value.flags.set_b(-16);
    value.flags.set_c(5);
    let key = match__key { x: 1, y: 2 };
    skel.maps.r#match.update(key.as_bytes(), value.as_bytes(), MapFlags::ANY).unwrap();
    let back = skel.maps.r#match.lookup(key.as_bytes(), MapFlags::ANY).unwrap().unwrap();
    let back = event::from_bytes(&back).unwrap();
    let flags = back.flags;
    let (a, b, c) = (flags.a(), flags.b(), flags.c());
    println!("{} {} {} {a} {b} {c}", key.x, key.y, back.time);
    let packed = data.packed.c;
    assert!(packed == 4 && bss.anonymous[2].b == 7);
    assert!(format!("{flags:?}").contains("b: -16"));
    skel.attach().unwrap();
    assert!(skel.links.r#move.is_none());
}
