"""As in BCC."""

from bpfc.syscall import *  # noqa: F403
