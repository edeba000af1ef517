"""As in BCC."""

from bpfc.usdt import *  # noqa: F403
