"""As in BCC."""

from bpfc.containers import *  # noqa: F403
