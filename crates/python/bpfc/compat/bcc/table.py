"""As in BCC."""

from bpfc.table import *  # noqa: F403
