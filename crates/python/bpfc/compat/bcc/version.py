"""As in BCC."""

from bpfc.version import __version__  # noqa: F401
