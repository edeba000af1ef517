"""The version of the package, which is that of `bpfc`."""

__version__ = "0.1.0"
