#!/usr/bin/env python3
"""A histogram of how much is asked for by reads, for so many seconds.

usage: sizes.py [SECONDS]
"""

import sys
import time

from bpfc import BPF

TEXT = """
BPF_HISTOGRAM(bytes);

TRACEPOINT_PROBE(syscalls, sys_enter_read)
{
    bytes.increment(bpf_log2l(args->count));
    return 0;
}
"""


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with BPF(text=TEXT) as b:
        time.sleep(seconds)
        b["bytes"].print_log2_hist("bytes")


if __name__ == "__main__":
    main()
