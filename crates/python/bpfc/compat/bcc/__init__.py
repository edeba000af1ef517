"""BCC's package, by bpfc: for scripts that are run as they are (`bpfc py SCRIPT`, `python3 -m bpfc SCRIPT`)."""

from bpfc import *  # noqa: F403
from bpfc import BPF, __version__  # noqa: F401
from bpfc.table import *  # noqa: F403
from bpfc.usdt import USDTProbe, USDTProbeArgument, USDTProbeLocation  # noqa: F401
from bpfc.utils import printb  # noqa: F401

from . import utils  # noqa: F401
from .libbcc import lib  # noqa: F401
