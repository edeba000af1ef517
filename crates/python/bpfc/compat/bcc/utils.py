"""As in BCC."""

from bpfc.utils import *  # noqa: F403
