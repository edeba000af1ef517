//! What bytes are shown as: by type, and by name where the type says little.

#![allow(clippy::unwrap_used, reason = "a test")]

use bpfc::show::{Cells, Columns, Decoder, Encoder};
use bpfc::{NoHost, Options, add_source, compile};
use bpfc_base::Session;
use bpfc_btf::{Btf, TypeId};
use serde_json::json;

const SOURCE: &str = r#"
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
typedef u16 __be16; typedef u32 __be32;
enum kind { QUIET = -1, LOUD = 7 };
struct in6_addr { u8 bytes[16]; };
struct record {
    __be32 remote_ip; u32 saddr; u32 number; struct in6_addr six; u8 daddr6[16];
    __be16 dport; __be32 seq; u8 smac[6]; u64 delta_ns; u64 start_ns; u64 ts; u64 size;
    enum kind kind; char text[8]; struct { short a; struct { _Bool b; } deep; } in;
    union { int x; char y; }; unsigned low : 3, : 2, high : 4; int list[2]; void *where; long long less;
};
struct record one;
__attribute__((section("socket"))) int f(void *ctx) { return one.number; }
"#;

fn types() -> (Btf, TypeId) {
    let mut session = Session::default();
    let file = add_source(&mut session, "f.c", SOURCE.as_bytes()).unwrap();
    let object = compile(&mut session, file, &Options::default(), &mut NoHost).unwrap();
    let btf = object.open_btf().unwrap();
    let ty = btf.find_by_name("record", bpfc_btf::KindSet::STRUCT).unwrap();
    (btf, ty)
}

fn example() -> serde_json::Value {
    json!({
        "remote_ip": "10.0.0.1", "saddr": "192.168.1.2", "number": 5, "six": "fe80::1",
        "daddr6": "::1", "dport": 443, "seq": 16, "smac": "02:00:00:00:00:0a",
        "delta_ns": 1_234_567, "start_ns": 5_000_001_000_u64, "ts": 1_000, "size": 9,
        "kind": "QUIET", "text": "a,\"b", "in": { "a": -3, "deep": { "b": true } },
        "x": -9, "low": 5, "high": 9, "list": [1, -2], "where": "0x10", "less": -1,
    })
}

#[test]
fn what_is_written_is_shown_again() {
    let (btf, ty) = types();
    let mut bytes = vec![0; btf.size_of(ty).unwrap() as usize];
    Encoder::new(&btf).encode(ty, &example(), &mut bytes).unwrap();
    assert_eq!(&bytes[..8], [10, 0, 0, 1, 192, 168, 1, 2]);
    let mut shown = Decoder::new(&btf).decode(ty, &bytes).to_json();
    // The other member of the union.
    assert_eq!(shown.as_object_mut().unwrap().remove("y"), Some(json!(247)));
    assert_eq!(shown, example());
}

#[test]
fn cells_say_the_same_as_values() {
    let (btf, ty) = types();
    let mut bytes = vec![0; btf.size_of(ty).unwrap() as usize];
    Encoder::new(&btf).encode(ty, &example(), &mut bytes).unwrap();
    let columns = Columns::of(&btf, "event", Some(ty));
    let cells = |cells: Cells, bytes: &[u8]| -> Vec<String> {
        let each = (0..columns.len()).map(|at| {
            let mut cell = Vec::new();
            columns.write(&btf, at, bytes, cells, &mut cell);
            String::from_utf8(cell).unwrap()
        });
        each.collect()
    };
    let names: Vec<&str> = columns.names().collect();
    let shown: Vec<(&str, String)> = names.into_iter().zip(cells(Cells::Shown, &bytes)).collect();
    let expected = [
        ("remote_ip", "10.0.0.1"),
        ("saddr", "192.168.1.2"),
        ("number", "5"),
        ("six", "fe80::1"),
        ("daddr6", "::1"),
        ("dport", "443"),
        ("seq", "16"),
        ("smac", "02:00:00:00:00:0a"),
        ("delta_ns", "1.234 ms"),
        ("start_ns", "5.000001"),
        ("ts", "0.000001"),
        ("size", "9"),
        ("kind", "QUIET"),
        ("text", "a,\"b"),
        ("in.a", "-3"),
        ("in.deep.b", "true"),
        ("x", "-9"),
        ("y", "247"),
        ("low", "5"),
        ("high", "9"),
        ("list", "[1, -2]"),
        ("where", "0x10"),
        ("less", "-1"),
    ];
    assert_eq!(shown, expected.map(|(name, cell)| (name, cell.to_owned())));
    let plain = cells(Cells::Plain, &bytes);
    assert_eq!(plain[8..11], ["1234567", "5000001000", "1000"]);
    // A record that ends early has the cells that it has.
    let short = cells(Cells::Plain, &bytes[..10]);
    assert_eq!((short[1].as_str(), short[2].as_str()), ("192.168.1.2", ""));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (btf, ty) = types();
    let mut bytes = vec![0; btf.size_of(ty).unwrap() as usize];
    let mut refused = |value| Encoder::new(&btf).encode(ty, &value, &mut bytes).unwrap_err();
    assert!(refused(json!({ "saddr": "10.0.0" })).contains("is not an IPv4 address"));
    assert!(refused(json!({ "six": "10.0.0.1" })).contains("is not an IPv6 address"));
    assert!(refused(json!({ "smac": "02:00" })).contains("is not an Ethernet address"));
    assert!(refused(json!({ "dport": 65536 })).contains("65536 is not in 0..=65535"));
}
