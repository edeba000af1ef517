//! Listings for people.

use crate::sample;
use bpfc_object::*;

const PLAIN: ListingOptions = ListingOptions { with_source: true, with_bytes: false };

#[test]
fn objects_are_listed_with_names_and_lines() {
    let text = list_object(&sample::full(), PLAIN);
    let start = text.find("section .text").unwrap();
    assert_eq!(
        &text[..start],
        "\
; license \"GPL\"
; map hits: hash, key 4 bytes, value 8 bytes, max_entries 64, flags 0x1, pinned at /sys/fs/bpf/elsewhere, public
; map one: array, key 4 bytes, value 8 bytes, max_entries 1
; map table: array_of_maps, key 4 bytes, value 4 bytes, max_entries 4, of (array, key 4 bytes, value 8 bytes, max_entries 1)
; map events: perf_event_array, key 4 bytes, value 4 bytes, max_entries 0
; data .rodata: read-only, 12 bytes
;   0x8: limit, 4 bytes
; data .data: initialised, 8 bytes
;   0x4: base, 4 bytes
; data .bss: zero, 4 bytes
;   0x0: total, 4 bytes

"
    );
    let start = text.find("section xdp").unwrap();
    let end = text.find("section raw_tp").unwrap();
    assert_eq!(
        &text[start..end],
        "\
section xdp

prog:
; sample.c:40: line 40;
     0:\tr1 = 0x0
     1:\t*(u32 *)(r10 - 0x4) = w1
; sample.c:41: line 41;
     2:\tr2 = r10
     3:\tr2 += -0x4
; sample.c:42: line 42;
     4:\tr1 = hits ll
     6:\tcall bpf_map_lookup_elem
; sample.c:43: line 43;
     7:\tif r0 != 0x0 goto .L10
     8:\tr1 = total ll
.L10:
; sample.c:44: line 44;
    10:\tr1 = 0x2
    11:\tr2 = callback ll
; sample.c:45: line 45;
    13:\tr3 = 0x0
    14:\tr4 = 0x0
; sample.c:46: line 46;
    15:\tcall bpf_loop
    16:\tcall get_limit
; sample.c:47: line 47;
    17:\tr1 = r0
    18:\tcall sum
; sample.c:48: line 48;
    19:\texit

"
    );
}

#[test]
fn linked_programs_are_listed_function_by_function() {
    let object = sample::full();
    let linked = link(&object, object.function("prog").unwrap()).unwrap();
    let options = ListingOptions { with_source: false, with_bytes: true };
    let text = list_linked(&object, &linked, options);
    let names = ["prog:", "callback:", "get_limit:", "sum:"];
    let places: Vec<_> = names.iter().map(|name| text.find(name).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains("b7 01 00 00 00 00 00 00\tr1 = 0x0\n"), "{text}");
    assert!(text.contains("\tcall get_limit\n"), "{text}");
    assert!(text.contains("\tr2 = limit ll\n"), "{text}");
}
