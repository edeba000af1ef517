//! The headers, as tables of their fields.

/// A field of a header, in the order of its bits.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub n_bits: u32,
    pub kind: Kind,
    pub default: u128,
}

/// How a field is written, and what it is if nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Number,
    /// A number, written in hexadecimal.
    Hex,
    /// One bit, written as its name.
    Flag,
    Mac,
    Ipv4,
    Ipv6,
    /// What is inside: an EtherType.
    EtherType,
    /// What is inside: a protocol of IP.
    Protocol,
    /// The port that what is inside has, or the default.
    Port,
    /// Bytes of the header and of what is inside.
    TotalLength,
    /// Bytes of what is inside.
    PayloadLength,
    /// Words of 32 bits of the header.
    HeaderWords,
    /// The Internet checksum: of the header, or with a pseudo header of all.
    Checksum,
    /// 1 if no label follows.
    Bottom,
    /// Nobody writes these bits.
    Reserved,
}

/// A header.
#[derive(Debug)]
pub struct Layout {
    pub name: &'static str,
    pub fields: &'static [Field],
    /// As an EtherType says it.
    pub ether_type: Option<u16>,
    /// As IP says it.
    pub protocol: Option<u8>,
    /// Options may follow the fields.
    pub has_options: bool,
    pub sum: Sum,
}

/// What a checksum is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    None,
    Header,
    All,
    /// All, and addresses, length and protocol of IP in front.
    Pseudo,
}

const fn field(name: &'static str, n_bits: u32, kind: Kind, default: u128) -> Field {
    Field { name, n_bits, kind, default }
}

const PLAIN: Layout = Layout {
    name: "",
    fields: &[],
    ether_type: None,
    protocol: None,
    has_options: false,
    sum: Sum::None,
};

/// The default addresses are those that RFC 5737 and RFC 3849 keep for documentation.
const MAC_SRC: u128 = 0x0200_0000_0001;
const MAC_DST: u128 = 0x0200_0000_0002;
const IPV4_SRC: u128 = 0xc000_0201;
const IPV4_DST: u128 = 0xc000_0202;
const IPV6_SRC: u128 = 0x2001_0db8_0000_0000_0000_0000_0000_0001;
const IPV6_DST: u128 = 0x2001_0db8_0000_0000_0000_0000_0000_0002;

const TAG: &[Field] = &[
    field("prio", 3, Kind::Number, 0),
    field("dei", 1, Kind::Flag, 0),
    field("id", 12, Kind::Number, 1),
    field("type", 16, Kind::EtherType, 0),
];

/// All headers. Layouts: IEEE 802.3 and 802.1Q, RFC 826, 791, 8200, 9293, 768, 792, 4443, 2784, 7348, 3032.
pub const LAYOUTS: &[Layout] = &[
    Layout {
        name: "eth",
        fields: &[
            field("dst", 48, Kind::Mac, MAC_DST),
            field("src", 48, Kind::Mac, MAC_SRC),
            field("type", 16, Kind::EtherType, 0),
        ],
        ether_type: Some(0x6558),
        ..PLAIN
    },
    Layout { name: "vlan", fields: TAG, ether_type: Some(0x8100), ..PLAIN },
    Layout { name: "qinq", fields: TAG, ether_type: Some(0x88a8), ..PLAIN },
    Layout {
        name: "mpls",
        fields: &[
            field("label", 20, Kind::Number, 16),
            field("tc", 3, Kind::Number, 0),
            field("bottom", 1, Kind::Bottom, 0),
            field("ttl", 8, Kind::Number, 64),
        ],
        ether_type: Some(0x8847),
        protocol: Some(137),
        ..PLAIN
    },
    Layout {
        name: "arp",
        fields: &[
            field("htype", 16, Kind::Number, 1),
            field("ptype", 16, Kind::Hex, 0x0800),
            field("hlen", 8, Kind::Number, 6),
            field("plen", 8, Kind::Number, 4),
            field("op", 16, Kind::Number, 1),
            field("sha", 48, Kind::Mac, MAC_SRC),
            field("spa", 32, Kind::Ipv4, IPV4_SRC),
            field("tha", 48, Kind::Mac, 0),
            field("tpa", 32, Kind::Ipv4, IPV4_DST),
        ],
        ether_type: Some(0x0806),
        ..PLAIN
    },
    Layout {
        name: "ipv4",
        fields: &[
            field("version", 4, Kind::Number, 4),
            field("ihl", 4, Kind::HeaderWords, 0),
            field("dscp", 6, Kind::Number, 0),
            field("ecn", 2, Kind::Number, 0),
            field("len", 16, Kind::TotalLength, 0),
            field("id", 16, Kind::Number, 0),
            field("evil", 1, Kind::Flag, 0),
            field("df", 1, Kind::Flag, 0),
            field("mf", 1, Kind::Flag, 0),
            field("offset", 13, Kind::Number, 0),
            field("ttl", 8, Kind::Number, 64),
            field("proto", 8, Kind::Protocol, 0),
            field("checksum", 16, Kind::Checksum, 0),
            field("src", 32, Kind::Ipv4, IPV4_SRC),
            field("dst", 32, Kind::Ipv4, IPV4_DST),
        ],
        ether_type: Some(0x0800),
        protocol: Some(4),
        has_options: true,
        sum: Sum::Header,
    },
    Layout {
        name: "ipv6",
        fields: &[
            field("version", 4, Kind::Number, 6),
            field("dscp", 6, Kind::Number, 0),
            field("ecn", 2, Kind::Number, 0),
            field("flow", 20, Kind::Hex, 0),
            field("len", 16, Kind::PayloadLength, 0),
            field("next", 8, Kind::Protocol, 0),
            field("hops", 8, Kind::Number, 64),
            field("src", 128, Kind::Ipv6, IPV6_SRC),
            field("dst", 128, Kind::Ipv6, IPV6_DST),
        ],
        ether_type: Some(0x86dd),
        protocol: Some(41),
        ..PLAIN
    },
    Layout {
        name: "tcp",
        fields: &[
            field("sport", 16, Kind::Number, 40_000),
            field("dport", 16, Kind::Number, 80),
            field("seq", 32, Kind::Number, 1),
            field("ack_seq", 32, Kind::Number, 0),
            field("hlen", 4, Kind::HeaderWords, 0),
            field("reserved", 4, Kind::Reserved, 0),
            field("cwr", 1, Kind::Flag, 0),
            field("ece", 1, Kind::Flag, 0),
            field("urg", 1, Kind::Flag, 0),
            field("ack", 1, Kind::Flag, 0),
            field("psh", 1, Kind::Flag, 0),
            field("rst", 1, Kind::Flag, 0),
            field("syn", 1, Kind::Flag, 0),
            field("fin", 1, Kind::Flag, 0),
            field("window", 16, Kind::Number, 64_240),
            field("checksum", 16, Kind::Checksum, 0),
            field("urgent", 16, Kind::Number, 0),
        ],
        protocol: Some(6),
        has_options: true,
        sum: Sum::Pseudo,
        ..PLAIN
    },
    Layout {
        name: "udp",
        fields: &[
            field("sport", 16, Kind::Number, 40_000),
            field("dport", 16, Kind::Port, 53),
            field("len", 16, Kind::TotalLength, 0),
            field("checksum", 16, Kind::Checksum, 0),
        ],
        protocol: Some(17),
        sum: Sum::Pseudo,
        ..PLAIN
    },
    Layout { name: "icmp", fields: ECHO, protocol: Some(1), sum: Sum::All, ..PLAIN },
    Layout { name: "icmpv6", fields: ECHO_V6, protocol: Some(58), sum: Sum::Pseudo, ..PLAIN },
    Layout {
        name: "gre",
        fields: &[
            field("flags", 13, Kind::Hex, 0),
            field("version", 3, Kind::Number, 0),
            field("type", 16, Kind::EtherType, 0),
        ],
        protocol: Some(47),
        ..PLAIN
    },
    Layout {
        name: "vxlan",
        fields: &[
            field("flags", 8, Kind::Hex, 8),
            field("reserved", 24, Kind::Reserved, 0),
            field("vni", 24, Kind::Number, 1),
            field("reserved2", 8, Kind::Reserved, 0),
        ],
        ..PLAIN
    },
];

const ECHO: &[Field] = &[
    field("type", 8, Kind::Number, 8),
    field("code", 8, Kind::Number, 0),
    field("checksum", 16, Kind::Checksum, 0),
    field("id", 16, Kind::Number, 1),
    field("seq", 16, Kind::Number, 1),
];
const ECHO_V6: &[Field] = &[
    field("type", 8, Kind::Number, 128),
    field("code", 8, Kind::Number, 0),
    field("checksum", 16, Kind::Checksum, 0),
    field("id", 16, Kind::Number, 1),
    field("seq", 16, Kind::Number, 1),
];

/// The port of VXLAN (RFC 7348).
pub const VXLAN_PORT: u128 = 4789;
/// What frames with nothing known inside say: for experiments (IEEE 802).
pub const EXPERIMENTAL_ETHER_TYPE: u128 = 0x88b5;
/// What IP with nothing known inside says: for experiments (RFC 3692).
pub const EXPERIMENTAL_PROTOCOL: u128 = 253;

/// The header of this name.
pub fn find(name: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.name == name)
}

impl Layout {
    /// Bytes of its fields.
    pub fn n_bytes(&self) -> usize {
        self.fields.iter().map(|field| field.n_bits as usize).sum::<usize>() / 8
    }
}

/// One part of a packet.
#[derive(Clone, Debug)]
pub enum Layer {
    /// A header: what is said of its fields by position, and its options.
    Header { layout: &'static Layout, values: Vec<Option<u128>>, options: Vec<u8> },
    /// Bytes.
    Payload(Vec<u8>),
    /// Zeros behind the packet, which no length counts.
    Pad(usize),
}

impl Layer {
    /// A header of which nothing is said.
    pub fn header(layout: &'static Layout) -> Layer {
        Layer::Header { layout, values: vec![None; layout.fields.len()], options: Vec::new() }
    }

    /// The name of a header.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Layer::Header { layout, .. } => Some(layout.name),
            _ => None,
        }
    }
}
