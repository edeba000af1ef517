"""Numbers of TCP as names."""

from __future__ import annotations

#: `enum` of states, `include/net/tcp_states.h` (6.12).
tcpstate = {
    1: "ESTABLISHED",
    2: "SYN_SENT",
    3: "SYN_RECV",
    4: "FIN_WAIT1",
    5: "FIN_WAIT2",
    6: "TIME_WAIT",
    7: "CLOSE",
    8: "CLOSE_WAIT",
    9: "LAST_ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "NEW_SYN_RECV",
}

_FLAGS = {0x01: "FIN", 0x02: "SYN", 0x04: "RST", 0x08: "PSH", 0x10: "ACK", 0x20: "URG", 0x40: "ECE", 0x80: "CWR"}


def state2str(state: int) -> str:
    """The name of a state, or its number."""
    return tcpstate.get(state, str(state))


def flags2str(flags: int) -> str:
    """The names of the flags of a header."""
    return "|".join(name for bit, name in _FLAGS.items() if flags & bit)


tcpstate2str = state2str
