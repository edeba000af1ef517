"""As in BCC."""

from bpfc.perf import *  # noqa: F403
