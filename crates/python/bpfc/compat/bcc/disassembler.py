"""As in BCC."""

from bpfc.disassembler import *  # noqa: F403
