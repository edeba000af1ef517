"""As in BCC."""

from bpfc.tcp import *  # noqa: F403
