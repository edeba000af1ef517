//! Descriptions against packets that others made, and against themselves.

use bpfc_packet::{describe, difference, expand, from_capture, is_description, packet};

/// A TCP SYN with checksums by hand: from 192.0.2.1 to port 80 of 192.0.2.2.
const TCP_SYN: [u8; 60] = [
    0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00, // Ethernet
    0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0xb6, 0xcb, 192, 0, 2, 1, 192, 0, 2, 2, // IPv4
    0x9c, 0x40, 0, 80, 0, 0, 3, 0xe8, 0, 0, 0, 0, 0x50, 0x02, 0xfa, 0xf0, 0x90, 0x75, 0,
    0, // TCP
    0, 0, 0, 0, 0, 0, // padding
];

const DESCRIPTIONS: [&str; 24] = [
    "eth",
    "eth/ipv4/tcp(syn)",
    "eth(dst=ff:ff:ff:ff:ff:ff)/arp(op=2,tpa=10.0.0.9)",
    "eth/vlan(id=7,prio=3)/ipv4/udp(dport=5000)/\"hello\"",
    "eth/qinq(id=2)/vlan(id=3)/ipv6/icmpv6",
    "eth/ipv6(src=fd00::1,hops=1)/tcp(dport=443,ack,psh,ack_seq=77)/\"GET /\"",
    "eth/ipv4(ttl=1,df,dscp=46)/icmp(seq=9)/zeros(32)",
    "eth/ipv4(checksum=0xdead)/udp(checksum=0x0)/\"x\"",
    "eth/ipv4(mf,id=9)/udp/zeros(8)",
    "eth/ipv4(id=9,offset=2,proto=17)/hex(0102)",
    "eth/ipv4/udp/vxlan(vni=42)/eth/ipv4(src=10.1.1.1)/tcp(dport=22)",
    "eth/ipv4/gre/ipv6/udp/\"inner\"",
    "eth/ipv4/gre/eth/arp",
    "eth/mpls(label=100)/mpls(label=200)/ipv4/udp",
    "eth/ipv4/ipv4(src=172.16.0.1)/udp",
    "eth/ipv4/ipv6/tcp(rst)",
    "eth/ipv4(options=0x01010101)/tcp(syn,options=0x020405b4)",
    "eth/ipv4/tcp(syn)/pad(6)",
    "eth/ipv4(len=9)/udp",
    "eth/ipv6(len=3,next=59)/\"x\"",
    "eth/\"who knows\"",
    "eth(type=0x1234)/hex(00ff00)",
    "eth/ipv4(ihl=15)/udp",
    "eth/ipv4/tcp(hlen=2)",
];

#[test]
fn headers_are_as_others_make_them() {
    let ours = packet("eth/ipv4(id=1,df)/tcp(syn,seq=1000)/pad(6)").unwrap();
    assert_eq!(difference(&TCP_SYN, &ours), None);
    assert_eq!(describe(&TCP_SYN), "eth/ipv4(id=1,df)/tcp(seq=1000,syn)/pad(6)");
}

#[test]
fn captures_are_described() {
    let capture = include_bytes!("../../../../examples/mixed.pcap");
    for bytes in from_capture(capture).unwrap() {
        let text = describe(&bytes);
        assert_eq!(packet(&text).unwrap(), bytes, "{text}");
        // The script that made them computed their sums by itself.
        assert!(!text.contains("checksum=0x") || text.contains("checksum=0x0"), "{text}");
    }
}

#[test]
fn descriptions_come_back() {
    for text in DESCRIPTIONS {
        let bytes = packet(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let again = describe(&bytes);
        assert_eq!(packet(&again).as_ref(), Ok(&bytes), "{text} is {again}");
        assert!(difference(&bytes, &bytes).is_none());
    }
}

#[test]
fn any_bytes_are_described() {
    let mut state = 0x9e37_79b9_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    for round in 0..2_000 {
        let text = DESCRIPTIONS[round % DESCRIPTIONS.len()];
        let mut bytes = packet(text).unwrap();
        for _ in 0..1 + random() % 4 {
            let at = random() as usize % bytes.len();
            bytes[at] = random() as u8;
        }
        bytes.truncate(bytes.len() - random() as usize % 4);
        let again = describe(&bytes);
        assert_eq!(packet(&again).as_ref(), Ok(&bytes), "{again}");
    }
}

#[test]
fn sets_are_of_several_packets() {
    let all = expand("eth/ipv4/tcp(dport={80,443},ttl=1)").unwrap_err();
    assert!(all.message.contains("`tcp` has no field `ttl`"), "{all}");
    let all = expand("eth/ipv4(ttl={1..3})/udp(dport={80,443})/\"{x}\"").unwrap();
    assert_eq!(all.len(), 6);
    assert_eq!(all[1].0, "eth/ipv4(ttl=1)/udp(dport=443)/\"{x}\"");
    assert!(packet("eth/ipv4(ttl={1,2})").is_err());
    assert!(expand("eth/ipv4(id={0..9999})/udp(dport={1,2})").is_err());
}

#[test]
fn mistakes_are_pointed_at() {
    let wrong = [
        ("eth/ipv5", 4..8, "did you mean `ipv4`?"),
        ("eth/ipv4(scr=1.2.3.4)", 9..12, "did you mean `src`?"),
        ("eth/ipv4(src=1.2.3)", 13..18, "no address of IPv4"),
        ("eth/ipv4(ttl=256)", 13..16, "at most 255"),
        ("eth/ipv4(ttl=1,ttl=2)", 15..18, "given twice"),
        ("eth/ipv4(ttl)", 9..12, "needs a value"),
        ("eth/ipv4(ttl=1", 14..14, "expected `)`, found the end"),
        ("eth/ipv4 tcp", 9..10, "expected `/`"),
        ("eth/\"abc", 4..8, "no closing quote"),
        ("eth//udp", 4..4, "expected a header"),
        ("eth/zeros(70000)", 10..15, "up to 65535"),
        ("eth/hex(0)", 8..9, "within a byte"),
        ("eth/ipv4(options=0x01)", 17..21, "whole words"),
        ("", 0..0, "expected a header"),
    ];
    for (text, range, message) in wrong {
        let error = packet(text).unwrap_err();
        assert!(error.message.contains(message), "{text}: {error}");
        assert_eq!(error.range, range, "{text}: {error}");
    }
}

#[test]
fn nothing_crashes_it() {
    let mut state = 7_u32;
    let pieces = [
        "eth", "/", "ipv4", "(", ")", "=", ",", "{", "}", "..", "\"", "\\x", "ü", "hex(", "0",
        "src", "tcp", "9",
    ];
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text += pieces[(state >> 16) as usize % pieces.len()];
        }
        for error in [packet(&text).err(), expand(&text).err()].into_iter().flatten() {
            assert!(text.get(error.range.clone()).is_some(), "{text}: {error:?}");
        }
    }
}

#[test]
fn differences_are_named() {
    let expected = packet("eth/ipv4(ttl=63)/udp/\"a\"").unwrap();
    let actual = packet("eth/ipv4/udp/\"a\"").unwrap();
    let text = difference(&expected, &actual).unwrap();
    assert!(
        text.starts_with("ipv4.ttl: expected 63, found 64\nipv4.checksum: expected 0x"),
        "{text}"
    );
    assert!(text.contains("0010  expected  "), "{text}");
    let shorter = difference(&expected, &actual[..20]).unwrap();
    assert!(shorter.starts_with("expected 43 bytes, found 20\n"), "{shorter}");
}

#[test]
fn files_are_not_descriptions() {
    for text in ["eth/ipv4", "hex:00", "ipv4(", "\"x\"", "zeros(3)", "tcp"] {
        assert!(is_description(text), "{text}");
    }
    for text in ["mixed.pcap", "ethernet.pcap", "./eth", "hex", "zeros.pcap", ""] {
        assert!(!is_description(text), "{text}");
    }
}
